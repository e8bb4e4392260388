use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_learn::linear::{
    CoefficientOf, LambdaChoice, LinearModel, LinearOptions, NumberCoding,
};
use tracehound_learn::metrics::{mean_loss, probabilities};
use tracehound_learn::{FeatureKind, LearnError, Matrix, Task, Training};

use crate::sample::{self, near, training};

const THREE: Task = Task::Multiclass { n_classes: 3 };

fn exact() -> LinearOptions {
    LinearOptions { tolerance: 1e-9, ..LinearOptions::default() }
}

/// scikit-learn 1.9.1: `ElasticNet(alpha, l1_ratio, tol=1e-14)`, `LogisticRegression(C=1/(alpha * w.sum()), l1_ratio,
/// solver='saga', tol=1e-13)` on standardized numbers (missing: median and an indicator) and one column a level, with
/// `sample_weight=w`; predictions (probabilities for three classes) of the first rows, and coefficients above 0.
#[track_caller]
fn check(task: Task, lambda: f64, l1_share: f64, n_coefficients: usize, expected: &[f64]) {
    let choice = LambdaChoice::Fixed { lambda, l1_share };
    let model = LinearModel::fit(&training(task), &exact(), choice).unwrap();
    assert_eq!(model.coefficients().len(), n_coefficients);
    let margins = model.margins(&sample::features()).unwrap();
    let found = if task == THREE { probabilities(task, &margins) } else { margins };
    near(&found[..expected.len()], expected, 1e-7);
}

#[test]
fn the_optimum_is_that_of_scikit_learn() {
    let task = Task::Regression;
    check(task, 0.3, 0.5, 5, &[5.7549716959, 8.8242371452, 6.3296619467, 8.2643984578]);
    check(task, 0.02, 0.0, 8, &[5.3143808244, 8.1659068324, 5.6428249079, 7.6909478117]);
    check(task, 0.5, 1.0, 1, &[5.4758687300, 8.7977351037, 6.6430109694, 8.1692738979]);
    let task = Task::Binary;
    check(task, 0.03, 0.5, 6, &[0.7849345623, -0.4004609978, -0.6053784177, -0.0008627389]);
    check(task, 0.01, 0.0, 8, &[0.7873157696, -0.8691182360, -0.6679310376, -0.0704085945]);
    check(task, 0.05, 1.0, 3, &[0.9522118229, -0.1879862576, -0.4508487691, 0.0560364815]);
    let rows = [0.2871999189, 0.3266485129, 0.3861515683, 0.1603711745, 0.3397327157, 0.4998961098];
    check(THREE, 0.03, 0.5, 8, &rows);
    // SciPy 1.17.1, `minimize(method='BFGS', gtol=1e-13)` of the same objective: `saga` does not get there.
    let rows = [0.2957344601, 0.2899910919, 0.4142744480, 0.0920922009, 0.3483051919, 0.5596026072];
    check(THREE, 0.01, 0.0, 24, &rows);
}

#[test]
fn a_penalty_is_chosen_on_rows_held_out() {
    for task in [Task::Regression, Task::Binary, THREE] {
        let training = training(task);
        let choice = LambdaChoice::Folds { n_folds: 4, seed: 7 };
        let model = LinearModel::fit(&training, &LinearOptions::default(), choice).unwrap();
        let least = model.steps.iter().map(|step| step.loss).fold(f64::INFINITY, f64::min);
        let chosen = |step: &&tracehound_learn::linear::PathStep| {
            (step.lambda, step.l1_share) == (model.lambda, model.l1_share)
        };
        assert_eq!(model.steps.iter().find(chosen).unwrap().loss, least);
        // Held against the rows of the training itself, the weakest penalty cannot lose to the strongest.
        let choice = LambdaChoice::Validation(&training);
        let model = LinearModel::fit(&training, &LinearOptions::default(), choice).unwrap();
        assert!(model.lambda < model.steps[0].lambda / 10.0);
    }
}

#[test]
fn a_model_says_how_exact_it_is() {
    let choice = LambdaChoice::Fixed { lambda: 0.01, l1_share: 0.5 };
    let fit = |tolerance| {
        let options = LinearOptions { tolerance, sweeps_max: 300, ..LinearOptions::default() };
        LinearModel::fit(&training(Task::Binary), &options, choice).unwrap().tolerance
    };
    assert_eq!((fit(1e-6), fit(1e-300)), (1e-6, 1e-3));
    let options = LinearOptions { sweeps_max: 1, ..LinearOptions::default() };
    let error = LinearModel::fit(&training(Task::Binary), &options, choice).unwrap_err();
    assert!(matches!(error, LearnError::NotConverged { iterations: 1, .. }));
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let fit = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| {
            let choice = LambdaChoice::Folds { n_folds: 5, seed: 1 };
            LinearModel::fit(&training(Task::Binary), &LinearOptions::default(), choice).unwrap()
        })
    };
    assert_eq!(serde_json::to_string(&fit(1)).unwrap(), serde_json::to_string(&fit(3)).unwrap());
}

#[test]
fn bins_are_steps_of_the_number() {
    let options = LinearOptions { numbers: NumberCoding::Bins { n_bins: 4 }, ..exact() };
    let choice = LambdaChoice::Fixed { lambda: 1e-4, l1_share: 0.0 };
    let model = LinearModel::fit(&training(Task::Regression), &options, choice).unwrap();
    let of_number = model.coefficients().into_iter().filter(|c| c.feature == 0);
    let parts: Vec<CoefficientOf> = of_number.map(|c| c.of).collect();
    let bins = (0..4).map(CoefficientOf::Bin);
    assert_eq!(parts, bins.chain([CoefficientOf::Missing]).collect::<Vec<_>>());
    let at = |x: f64| model.margin_row(&[x, 1.0, 0.0]).unwrap()[0];
    assert_eq!(at(-1e9), at(0.0));
    assert_eq!(at(6.0), at(1e9));
}

/// What is neither in the training nor in its levels adds what the penalty leaves it: nothing.
#[test]
fn unknown_levels_add_nothing() {
    let mut training = training(Task::Binary);
    let mut features = Matrix::new(training.targets.len());
    let kind = FeatureKind::Category { n_levels: 9 };
    let column: Vec<f64> =
        training.features.column(2).iter().map(|v| if v.is_nan() { 0.0 } else { *v }).collect();
    features.push("level", kind, column).unwrap();
    training.features = features;
    let choice = LambdaChoice::Fixed { lambda: 0.001, l1_share: 0.5 };
    let model = LinearModel::fit(&training, &exact(), choice).unwrap();
    for unknown in [8.0, f64::NAN] {
        assert_eq!(model.margin_row(&[unknown]).unwrap(), model.intercepts());
    }
}

#[test]
fn what_cannot_be_fitted_or_asked_is_named() {
    let good = training(Task::Binary);
    let fixed = LambdaChoice::Fixed { lambda: 0.1, l1_share: 0.5 };
    let model = LinearModel::fit(&good, &LinearOptions::default(), fixed).unwrap();
    let refused = |row: &[f64], message: &str| {
        let error = model.margin_row(row).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(error.hint().is_some());
    };
    refused(&[1.0], "the row has 1 elements, expected 3");
    refused(&[1.0, 1.0, 4.0], "row 1, column 3 is 4, expected a level, a whole number below 4");
    let range = "expected a number within -1e150 to 1e150";
    refused(&[1.0, f64::INFINITY, 1.0], &format!("row 1, column 2 is inf, {range}"));
    let mut other = Matrix::new(1);
    for name in ["number", "other", "level"] {
        other.push(name, FeatureKind::Number, vec![0.0]).unwrap();
    }
    let error = model.margins(&other).unwrap_err();
    let message = "column 2 is other (Number), the model was fitted to skewed (Number)";
    assert_eq!(error.to_string(), message);

    let fit = |training: &Training, choice| {
        LinearModel::fit(training, &LinearOptions::default(), choice).unwrap_err()
    };
    let folds = LambdaChoice::Folds { n_folds: 30, seed: 0 };
    assert!(matches!(fit(&good, folds), LearnError::Split { asked: 30, found: 20, .. }));
    let mut one = good.clone();
    one.targets.fill(1.0);
    assert_eq!(fit(&one, fixed), LearnError::OneTarget { target: 1.0 });
    let fixed = LambdaChoice::Fixed { lambda: -1.0, l1_share: 0.5 };
    assert!(matches!(fit(&good, fixed), LearnError::Argument { what: "lambda", .. }));
    let none = LinearOptions { l1_shares: vec![], ..LinearOptions::default() };
    assert!(LinearModel::fit(&good, &none, folds).is_err());
}

#[test]
fn a_model_is_stored_and_read_back() {
    let choice = LambdaChoice::Folds { n_folds: 3, seed: 0 };
    let options = LinearOptions {
        numbers: NumberCoding::LinearAndBins { n_bins: 3 },
        ..LinearOptions::default()
    };
    let model = LinearModel::fit(&training(THREE), &options, choice).unwrap();
    let text = serde_json::to_string(&model).unwrap();
    let read: LinearModel = serde_json::from_str(&text).unwrap();
    let margins = |model: &LinearModel| model.margins(&sample::features()).unwrap();
    // The reader of JSON may miss the last bit of a number.
    near(&margins(&read), &margins(&model), 1e-13);
}

/// Rows of two numbers with gaps and a category of five levels, with targets of every task.
fn cases() -> impl Strategy<Value = Training> {
    let value = || prop_oneof![5 => -3.0..3.0_f64, 1 => Just(f64::NAN)];
    let level = prop_oneof![5 => (0..5_u8).prop_map(f64::from), 1 => Just(f64::NAN)];
    let row = (value(), value(), level, 0..30_u8, 0..3_u8);
    (vec(row, 6..40), 0..3_u8).prop_map(|(rows, task)| {
        let task = [Task::Regression, Task::Binary, THREE][usize::from(task)];
        let mut features = Matrix::new(rows.len());
        features.push("a", FeatureKind::Number, rows.iter().map(|r| r.0).collect()).unwrap();
        features.push("b", FeatureKind::Number, rows.iter().map(|r| 1e4 * r.1).collect()).unwrap();
        let kind = FeatureKind::Category { n_levels: 5 };
        features.push("c", kind, rows.iter().map(|r| r.2).collect()).unwrap();
        let n_classes = if task == THREE { 3 } else { 2 };
        let mut targets: Vec<f64> = match task {
            Task::Regression => rows.iter().map(|r| f64::from(r.3)).collect(),
            _ => rows.iter().map(|r| f64::from(r.3 % n_classes)).collect(),
        };
        targets[0] = 0.0;
        targets[1] = 1.0;
        let mut weights: Vec<f64> = rows.iter().map(|r| f64::from(r.4)).collect();
        weights[0] = 1.0;
        weights[1] = 1.0;
        Training { task, features, targets, weights }
    })
}

/// The penalized objective by its definition, from margins and coefficients in the units of the model.
fn objective(training: &Training, margins: &[f64], penalized: &[f64], lambda: f64, l1: f64) -> f64 {
    let half = if training.task == Task::Regression { 0.5 } else { 1.0 };
    let loss = mean_loss(training.task, margins, &training.targets, Some(&training.weights));
    let cost = |b: &f64| l1 * b.abs() + (1.0 - l1) / 2.0 * b * b;
    half * loss.unwrap() + lambda * penalized.iter().map(cost).sum::<f64>()
}

/// Coefficient of a number times this is what is penalized: its deviation by weight, median for missing.
fn deviation(training: &Training, feature: usize) -> f64 {
    let rows = || training.features.column(feature).iter().zip(&training.weights);
    let mut known: Vec<(f64, f64)> =
        rows().filter(|r| !r.0.is_nan() && *r.1 > 0.0).map(|r| (*r.0, *r.1)).collect();
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut median) = (0.0, 0.0);
    let half = known.iter().map(|k| k.1).sum::<f64>() / 2.0;
    for (value, weight) in &known {
        if below < half {
            median = *value;
        }
        below += weight;
    }
    let total: f64 = training.weights.iter().sum();
    let value = |v: f64| if v.is_nan() { median } else { v };
    let mean: f64 = rows().map(|r| r.1 / total * value(*r.0)).sum();
    rows().map(|r| r.1 / total * (value(*r.0) - mean).powi(2)).sum::<f64>().sqrt()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The objective is convex, so where no coefficient alone can be moved to gain, nothing can (the penalty is
    /// separable): the optimality conditions, by finite steps from both sides.
    #[test]
    fn no_coefficient_can_be_moved_to_gain(
        training in cases(), lambda in 0.01..0.5_f64, l1 in prop_oneof![Just(0.0), Just(1.0), 0.1..0.9_f64],
    ) {
        let options = LinearOptions { tolerance: 1e-8, ..LinearOptions::default() };
        let choice = LambdaChoice::Fixed { lambda, l1_share: l1 };
        let model = LinearModel::fit(&training, &options, choice).unwrap();
        let margins = model.margins(&training.features).unwrap();
        let n_outputs = training.task.n_outputs();
        // The columns anew, with the coefficients that the model says they have.
        let mut columns: Vec<(usize, Vec<f64>, f64)> = Vec::new();
        for feature in 0..2 {
            let scale = deviation(&training, feature);
            let column = training.features.column(feature);
            let is_missing: Vec<f64> = column.iter().map(|v| f64::from(u8::from(v.is_nan()))).collect();
            // A missing number stands at the median: leave the indicator to take it up.
            if !is_missing.contains(&1.0) && scale > 1e-9 {
                columns.push((feature, column.iter().map(|v| v / scale).collect(), scale));
            }
            columns.push((feature, is_missing, 1.0));
        }
        for at in 0..5 {
            let is = |v: &f64| f64::from(u8::from(*v == f64::from(at)));
            columns.push((2, training.features.column(2).iter().map(is).collect(), 1.0));
        }
        let of = |feature: usize, output: usize, at: usize| {
            let found = model.coefficients().into_iter().find(|c| c.feature == feature && c.output == output && match c.of {
                CoefficientOf::Number => columns[at].2 != 1.0,
                CoefficientOf::Missing => feature < 2 && columns[at].2 == 1.0,
                CoefficientOf::Level(level) => {
                    let rows = training.features.column(2);
                    feature == 2 && rows.iter().zip(&columns[at].1).all(|(v, is)| (*v == f64::from(level)) == (*is == 1.0))
                }
                CoefficientOf::Bin(_) => false,
            });
            found.map_or(0.0, |c| c.value * columns[at].2)
        };
        let best = objective(&training, &margins, &[], 0.0, l1);
        let scale = 1.0 + best.abs();
        for (at, (feature, column, _)) in columns.iter().enumerate() {
            for output in 0..n_outputs {
                let b = of(*feature, output, at);
                for step in [-1e-3, 1e-3] {
                    let mut moved = margins.clone();
                    for (row, x) in column.iter().enumerate() {
                        moved[row * n_outputs + output] += step * x;
                    }
                    let before = best + objective(&training, &margins, &[b], lambda, l1) - best;
                    let after = objective(&training, &moved, &[b + step], lambda, l1);
                    prop_assert!(before <= after + 1e-8 * scale, "{} {}: {} > {}", feature, output, before, after);
                }
            }
        }
        for output in 0..n_outputs {
            for step in [-1e-3, 1e-3] {
                let mut moved = margins.clone();
                moved.iter_mut().skip(output).step_by(n_outputs).for_each(|m| *m += step);
                prop_assert!(best <= objective(&training, &moved, &[], 0.0, l1) + 1e-8 * scale);
            }
        }
    }

    /// Contributions add up, are 0 on average, and one row at a time says the same.
    #[test]
    fn contributions_add_up_to_the_margin(training in cases(), bins in 2..6_u32) {
        let options = LinearOptions {
            numbers: NumberCoding::LinearAndBins { n_bins: bins }, n_lambdas: 10, ..LinearOptions::default()
        };
        let choice = LambdaChoice::Fixed { lambda: 0.02, l1_share: 0.3 };
        let model = LinearModel::fit(&training, &options, choice).unwrap();
        let margins = model.margins(&training.features).unwrap();
        let parts = model.contributions(&training.features).unwrap();
        let n_outputs = training.task.n_outputs();
        let mut row = Vec::new();
        for at in 0..training.targets.len() {
            training.features.row_into(at, &mut row);
            prop_assert_eq!(&model.margin_row(&row).unwrap(), &margins[at * n_outputs..(at + 1) * n_outputs]);
            for output in 0..n_outputs {
                let margin = margins[at * n_outputs + output];
                prop_assert!((parts.margin(at, output) - margin).abs() < 1e-9 * (1.0 + margin.abs()));
            }
        }
        for feature in 0..3 {
            let sum: f64 = (0..training.targets.len())
                .map(|at| training.weights[at] * parts.of(at, 0)[feature]).sum();
            prop_assert!(sum.abs() < 1e-8, "{}", sum);
        }
    }
}
