//! Losses, early stopping, prediction and storage of boosted trees.

use tracehound_learn::trees::{
    BoostOptions, ForestOptions, RegressionLoss, StoppedBy, TreeModel, boost, boost_on, grow_forest,
};
use tracehound_learn::{FeatureKind, LearnError, Matrix, Task, Training, auc};

use super::{Random, Recipe, rows};

fn recipe(seed: u64, n_rows: usize, task: Task) -> Recipe {
    Recipe { seed, n_rows, numbers: 4, categories: 2, missing: 0.1, task }
}

fn fit(training: &Training, options: &BoostOptions) -> TreeModel {
    boost(training, options, None, &mut |_| true).unwrap().model
}

/// A batch gives the bytes of its rows, also with missing values where training had none, and at the edges.
#[track_caller]
fn check_rows(model: &TreeModel, features: &Matrix) {
    let all = model.margins(features).unwrap();
    let mut row = Vec::new();
    for at in 0..features.n_rows() {
        features.row_into(at, &mut row);
        let one = model.margin_row(&row).unwrap();
        assert_eq!(one, all[at * one.len()..(at + 1) * one.len()], "row {at}");
        assert!(one.iter().all(|margin| margin.is_finite()));
    }
}

#[test]
fn a_batch_gives_the_bytes_of_its_rows() {
    let tasks = [Task::Regression, Task::Binary, Task::Multiclass { n_classes: 4 }];
    for (seed, task) in (1..).zip(tasks) {
        for leaves_max in [2, 20, 50, 120] {
            let whole =
                Recipe { missing: if seed == 1 { 0.0 } else { 0.1 }, ..recipe(seed, 700, task) };
            let training = rows(&whole);
            let options =
                BoostOptions { iterations: 7, leaves_max, leaf_rows_min: 2, ..Default::default() };
            let model = fit(&training, &options);
            check_rows(&model, &training.features);
            check_rows(&model, &rows(&recipe(seed + 50, 333, task)).features);
        }
        let forest = grow_forest(
            &rows(&recipe(seed, 400, task)),
            &ForestOptions { trees: 5, ..Default::default() },
            &mut |_| true,
        );
        check_rows(&forest.unwrap().model, &rows(&recipe(seed + 60, 100, task)).features);
    }
}

#[test]
fn a_stored_model_is_the_same_model_or_an_error() {
    let training = rows(&recipe(2, 500, Task::Binary));
    let model = fit(&training, &BoostOptions { iterations: 3, ..Default::default() });
    let stored = serde_json::to_value(&model).unwrap();
    assert_eq!(serde_json::from_value::<TreeModel>(stored.clone()).unwrap(), model);
    let damages: [(&str, serde_json::Value); 9] = [
        ("/trees/0/nodes/0/left", 0.into()),
        ("/trees/0/nodes/0/left", 4000.into()),
        ("/trees/0/nodes/0/right", (-4000).into()),
        ("/trees/0/nodes/0/feature", 77.into()),
        ("/trees/0/covers/0", 0.0.into()),
        ("/trees/0/first_output", 1.into()),
        ("/trees/0/values", Vec::<f64>::new().into()),
        ("/start", vec![0.0, 0.0].into()),
        ("/level_bins/4/0", 254.into()),
    ];
    for (place, value) in damages {
        let mut damaged = stored.clone();
        *damaged.pointer_mut(place).unwrap() = value;
        assert!(serde_json::from_value::<TreeModel>(damaged).is_err(), "{place}");
    }
}

#[test]
fn losses_find_what_they_promise() {
    // Targets of mean 1, median ln 2 and a 0.9 quantile of ln 10 (exponential), the same for every row.
    let n_rows = 4000;
    let mut random = Random(77);
    let targets: Vec<f64> = (0..n_rows).map(|_| -(1.0 - random.unit()).ln()).collect();
    let column = (0..n_rows).map(|row| (row % 10) as f64).collect();
    let mut features = Matrix::new(n_rows);
    features.push("x", FeatureKind::Number, column).unwrap();
    let training =
        Training { task: Task::Regression, features, targets, weights: vec![1.0; n_rows] };
    for (regression_loss, expected) in [
        (RegressionLoss::Squared, 1.0),
        (RegressionLoss::Absolute, 2.0_f64.ln()),
        (RegressionLoss::Quantile { level: 0.9 }, 10.0_f64.ln()),
        // Beyond this delta the loss is all but absolute.
        (RegressionLoss::Huber { delta: 0.01 }, 2.0_f64.ln()),
    ] {
        let options = BoostOptions { iterations: 20, regression_loss, ..Default::default() };
        let found = fit(&training, &options).margins(&training.features).unwrap();
        let mean = found.iter().sum::<f64>() / found.len() as f64;
        assert!((mean - expected).abs() < 0.08, "{regression_loss:?}: {mean} {expected}");
    }
}

#[test]
fn weights_count_cases() {
    // A row of three times the weight is three rows; a row of weight 0 is none.
    let mut training = rows(&recipe(5, 200, Task::Binary));
    let list: Vec<u32> =
        (0..200).flat_map(|row| std::iter::repeat_n(row, row as usize % 4)).collect();
    let repeated = training.take(&list);
    for (row, weight) in (0_u8..200).zip(&mut training.weights) {
        *weight *= f64::from(row % 4);
    }
    let options = BoostOptions {
        iterations: 8,
        leaf_rows_min: 1,
        leaf_hessian_min: 2.0,
        bin_rows_min: 1,
        categories: tracehound_learn::trees::CategorySplits {
            one_level_bins_max: 99,
            ..Default::default()
        },
        ..Default::default()
    };
    let weighted = fit(&training, &options).margins(&training.features).unwrap();
    let repeated = fit(&repeated, &options).margins(&training.features).unwrap();
    for (row, (a, b)) in weighted.iter().zip(&repeated).enumerate() {
        assert!(row % 4 == 0 || (a - b).abs() < 1e-5, "row {row}: {a} {b}");
    }
    let doubled = BoostOptions { positive_weight: 3.0, ..options };
    let raised = fit(&training, &doubled).margins(&training.features).unwrap();
    assert!(raised.iter().sum::<f64>() > weighted.iter().sum::<f64>());
}

#[test]
fn it_stops_where_validation_rows_say() {
    let training = rows(&recipe(6, 600, Task::Binary));
    let validation = rows(&recipe(7, 400, Task::Binary));
    let options =
        BoostOptions { iterations: 2000, patience: 10, learning_rate: 0.3, ..Default::default() };
    let fitted = boost(&training, &options, Some(&validation), &mut |_| true).unwrap();
    assert_eq!(fitted.stopped_by, StoppedBy::Patience);
    let losses = &fitted.validation_losses;
    assert_eq!(losses.len(), fitted.iterations as usize + 10);
    let best = losses[fitted.iterations as usize - 1];
    assert!(losses.iter().all(|loss| *loss >= best));
    let shares = fitted.model.predictions(&validation.features).unwrap();
    let row_loss = |(share, row): (&f64, usize)| {
        let of_class = if validation.targets[row] == 1.0 { *share } else { 1.0 - share };
        -of_class.ln() * validation.weights[row]
    };
    let total: f64 = validation.weights.iter().sum();
    let loss = shares.iter().zip(0..).map(row_loss).sum::<f64>() / total;
    assert!((loss - best).abs() < 1e-9);
    // As many rounds without validation rows are the same model.
    let again = BoostOptions { iterations: fitted.iterations, ..options.clone() };
    assert_eq!(fit(&training, &again), fitted.model);
    // The caller may stop at any round.
    let stopped = boost(&training, &options, None, &mut |now| now.iteration < 4).unwrap();
    assert_eq!((stopped.iterations, stopped.stopped_by), (4, StoppedBy::Caller));
    assert_eq!(stopped.model.n_trees(), 4);
}

#[test]
fn boosting_goes_on_where_it_ended() {
    for task in [Task::Regression, Task::Multiclass { n_classes: 3 }] {
        let training = rows(&recipe(9, 500, task));
        let options = |iterations| BoostOptions { iterations, ..Default::default() };
        let first = fit(&training, &options(5));
        let on = boost_on(&first, &training, &options(5), None, &mut |_| true).unwrap().model;
        let whole = fit(&training, &options(10));
        assert_eq!(on.margins(&training.features), whole.margins(&training.features));
        assert!(
            boost_on(&first, &rows(&recipe(9, 500, Task::Binary)), &options(5), None, &mut |_| {
                true
            })
            .is_err()
        );
    }
}

#[test]
fn it_learns_what_can_be_learned() {
    for (task, least) in [(Task::Binary, 0.85), (Task::Multiclass { n_classes: 3 }, 0.85)] {
        let all = rows(&recipe(21, 4000, task));
        let (training, test) =
            (all.take(&(0..3000).collect::<Vec<_>>()), all.take(&(3000..4000).collect::<Vec<_>>()));
        let model = fit(&training, &BoostOptions::default());
        let shares = model.predictions(&test.features).unwrap();
        let n = model.n_outputs();
        let of_first: Vec<f64> = shares.chunks(n).map(|row| row[0]).collect();
        let wanted = if n == 1 { 1.0 } else { 0.0 };
        let is_first: Vec<bool> = test.targets.iter().map(|target| *target == wanted).collect();
        let found = auc(&of_first, &is_first).unwrap();
        assert!(found > least, "{task:?}: {found}");
        if n > 1 {
            assert!(shares.chunks(n).all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-12));
        }
    }
}

#[test]
fn bad_input_is_named() {
    let training = rows(&recipe(1, 100, Task::Binary));
    let error = |training: &Training, options: &BoostOptions| {
        boost(training, options, None, &mut |_| true).unwrap_err()
    };
    let options = BoostOptions::default();
    for odd in [
        BoostOptions { iterations: 0, ..options.clone() },
        BoostOptions { learning_rate: f64::NAN, ..options.clone() },
        BoostOptions { leaves_max: 1, ..options.clone() },
        BoostOptions { bins_max: 256, ..options.clone() },
        BoostOptions { feature_fraction: 0.0, ..options.clone() },
        BoostOptions { l2: -1.0, ..options.clone() },
        BoostOptions { l2: f64::INFINITY, ..options.clone() },
        BoostOptions {
            monotone: vec![tracehound_learn::trees::Monotone::Rising; 6],
            ..options.clone()
        },
    ] {
        let found = error(&training, &odd);
        assert!(matches!(found, LearnError::Argument { .. }), "{found}");
    }
    let column = |kind, value| {
        let mut training = training.clone();
        let mut values = vec![1.0; 100];
        values[7] = value;
        training.features.push("odd", kind, values).unwrap();
        training
    };
    let infinite = error(&column(FeatureKind::Number, f64::INFINITY), &options);
    assert!(matches!(infinite, LearnError::Feature { row: 7, column: 6, .. }));
    let level = error(&column(FeatureKind::Category { n_levels: 2 }, 2.0), &options);
    assert!(matches!(level, LearnError::Level { row: 7, column: 6, .. }), "{level}");
    let model = fit(&training, &BoostOptions { iterations: 2, ..options });
    assert!(matches!(model.margins(&Matrix::new(3)), Err(LearnError::Length { .. })));
    assert!(matches!(model.margin_row(&[1.0]), Err(LearnError::Length { .. })));
}

#[test]
fn columns_that_say_nothing_do_no_harm() {
    let mut training = rows(&recipe(3, 300, Task::Binary));
    let plain = fit(&training, &BoostOptions::default());
    let n_rows = training.targets.len();
    for (name, value) in [("constant", 4.0), ("empty", f64::NAN)] {
        training.features.push(name, FeatureKind::Number, vec![value; n_rows]).unwrap();
        let kind = FeatureKind::Category { n_levels: 5 };
        training.features.push(format!("{name} level"), kind, vec![value; n_rows]).unwrap();
    }
    let model = fit(&training, &BoostOptions::default());
    assert!(model.importance()[6..].iter().all(|one| one.n_splits == 0));
    let margins = |model: &TreeModel, features| model.margins(features).unwrap();
    let before = rows(&recipe(3, 300, Task::Binary));
    assert_eq!(margins(&plain, &before.features), margins(&model, &training.features));
    check_rows(&model, &training.features);
    // No feature at all: the start.
    let none = Training { features: Matrix::new(n_rows), ..training };
    let model = fit(&none, &BoostOptions::default());
    assert_eq!((model.n_trees(), model.margins(&none.features).unwrap().len()), (0, n_rows));
}
