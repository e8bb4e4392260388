//! Learners of the caller's own in the blend: weighed on the same rows, explained by values that add up, in no file.

use std::sync::Arc;

use tracehound_learn::automl::{
    AutoOptions, Interrupt, Method, Model, OwnFit, OwnLearner, train_with,
};
use tracehound_learn::{LearnError, Matrix, Training};

use crate::automl::{frame, small, world};

/// Says a formula of the features, whatever it was fitted to.
struct Formula {
    name: &'static str,
    is_dense: bool,
    answer: fn(&Matrix, usize) -> f64,
}

impl OwnLearner for Formula {
    fn name(&self) -> &str {
        self.name
    }

    fn is_dense(&self) -> bool {
        self.is_dense
    }

    fn fit(&self, training: &Training) -> Result<Arc<dyn OwnFit>, String> {
        let is_gap = |column: usize| training.features.column(column).iter().any(|v| v.is_nan());
        if self.is_dense && (0..training.features.n_features()).any(is_gap) {
            return Err("got a missing value".to_owned());
        }
        Ok(Arc::new(Fitted(self.answer)))
    }
}

struct Fitted(fn(&Matrix, usize) -> f64);

impl OwnFit for Fitted {
    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, String> {
        Ok((0..features.n_rows()).map(|row| (self.0)(features, row)).collect())
    }
}

/// The true odds of the world.
fn truth(features: &Matrix, row: usize) -> f64 {
    let column = |name: &str| features.names().iter().position(|own| own == name).unwrap();
    let size = features.column(column("size"))[row];
    let monthly = features.column(column("plan"))[row];
    let margin = 2.0 * if size.is_nan() { 0.0 } else { size } - 1.0;
    // Levels are coded by how often they occur or by name: whichever, one of three.
    let margin = margin + if monthly == 0.0 { 0.5 } else { 0.2 };
    1.0 / (1.0 + (-margin).exp())
}

fn formula(name: &'static str, answer: fn(&Matrix, usize) -> f64) -> Arc<dyn OwnLearner> {
    Arc::new(Formula { name, is_dense: false, answer })
}

fn trained(own: &[Arc<dyn OwnLearner>], options: &AutoOptions) -> Result<Model, LearnError> {
    train_with(&frame(&world(500, 21)), options, own, &mut |_| true, Interrupt::NEVER)
}

#[test]
fn a_good_one_gets_weight_is_explained_and_is_in_no_file() {
    let options = AutoOptions { methods: vec![Method::Forest], ..small("left") };
    let model = trained(&[formula("Truth", truth), formula("Half", |_, _| 0.5)], &options).unwrap();
    assert_eq!(model.own_parts().first(), Some(&"Truth"), "{:?}", model.parts());
    let board = &model.report.leaderboard;
    assert!(board.iter().any(|row| row.name == "Truth" && row.auc > Some(0.75)), "{board:?}");
    assert!(board.iter().any(|row| row.name == "Half" && row.auc == Some(0.5)));
    let new = frame(&world(50, 22));
    let (prediction, explained) = model.predict_explained(&new).unwrap();
    for row in 0..50 {
        let sum = explained.contributions.margin(row, 0);
        assert!((sum - explained.margins[row]).abs() < 1e-6, "row {row}");
        assert!((0.0..=1.0).contains(&prediction.values[row]));
    }
    let noise = explained.sources.iter().position(|names| names[0] == "noise");
    assert!(noise.is_none_or(|at| explained.contributions.importance()[at] < 0.3));
    let error = model.to_bytes("m", "0").unwrap_err();
    assert!(error.to_string().contains("\"Truth\" is code of your own"), "{error}");
    assert_eq!(model.manifest("m", "0").target, "left");
    let again = trained(&[formula("Truth", truth), formula("Half", |_, _| 0.5)], &options).unwrap();
    assert_eq!(again.predict(&new).unwrap(), prediction, "the same again");
}

#[test]
fn one_that_knows_nothing_gets_no_weight_and_the_model_is_a_file() {
    let options = AutoOptions { methods: vec![Method::Linear], ..small("left") };
    let contrary = formula("Contrary", |features, row| 1.0 - truth(features, row));
    let model = trained(&[contrary], &options).unwrap();
    assert!(model.own_parts().is_empty(), "{:?}", model.parts());
    let bytes = model.to_bytes("m", "0").unwrap();
    assert!(Model::from_bytes(&bytes).is_ok());
}

#[test]
fn what_is_no_member_is_refused_with_its_name() {
    let options = AutoOptions { methods: vec![Method::Linear], ..small("left") };
    let check = |own: &[Arc<dyn OwnLearner>], options: &AutoOptions, expected: &str| {
        let error = trained(own, options).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.hint().is_some());
    };
    check(&[formula("linear", truth)], &options, "named like a learner of ours");
    check(&[formula("A", truth), formula("A", truth)], &options, "is there twice");
    check(
        &[formula("Two", |_, _| 2.0)],
        &options,
        "\"Two\" predicts 2 for row 1, expected a probability",
    );
    check(&[formula("NaN", |_, _| f64::NAN)], &options, "expected a probability");
    let monotone = [("size".to_owned(), tracehound_learn::trees::Monotone::Rising)].into();
    let bound = AutoOptions { monotone, methods: Vec::new(), ..small("left") };
    check(&[formula("A", truth)], &bound, "cannot promise monotone");
    let dense: Arc<dyn OwnLearner> =
        Arc::new(Formula { name: "Dense", is_dense: true, answer: |_, _| 0.5 });
    assert!(trained(&[dense], &options).is_ok(), "dense features have no gap");
}
