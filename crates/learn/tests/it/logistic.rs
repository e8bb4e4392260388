use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_learn::{LearnError, LogisticOptions, LogisticRegression};

const ROWS: [f64; 16] = [
    1.0, 200.0, 2.0, 180.0, 3.0, 260.0, 4.0, 150.0, 5.0, 300.0, 6.0, 210.0, 7.0, 190.0, 8.0, 305.0,
];
const TARGETS: [bool; 8] = [false, false, true, false, true, false, true, true];

fn options(ridge: f64) -> LogisticOptions {
    LogisticOptions { ridge, ..LogisticOptions::default() }
}

#[track_caller]
fn check(weights: Option<&[f64]>, ridge: f64, intercept: f64, coefficients: [f64; 2]) {
    let model = LogisticRegression::fit(&ROWS, 2, &TARGETS, weights, &options(ridge)).unwrap();
    let near = |a: f64, b: f64| (a - b).abs() < 1e-7 * b.abs();
    assert!(near(model.intercept, intercept), "{model:?}");
    let all = model.coefficients.iter().zip(coefficients).all(|(a, b)| near(*a, b));
    assert!(all, "{model:?}");
}

/// SciPy 1.17.1, on columns standardized by their weighted mean and deviation, put back into units:
/// `minimize(loss, zeros(3), jac=True, method='BFGS', options={'gtol': 1e-13})`.
#[test]
fn the_optimum_is_that_of_scipy() {
    check(None, 1.0, -5.298556511889461, [0.2672393971721665, 0.018530261988662342]);
    let weights = [1.0, 2.0, 1.0, 3.0, 1.0, 1.0, 2.0, 0.5];
    check(Some(&weights), 0.1, -13.431764109785453, [0.7820876044922339, 0.046187351789189986]);
}

/// The class is known without error from the column: only the ridge holds the coefficient.
#[test]
fn what_separates_stays_finite() {
    let rows = [0.0, 1.0, 2.0, 3.0];
    let targets = [false, false, true, true];
    let fit = |ridge| LogisticRegression::fit(&rows, 1, &targets, None, &options(ridge)).unwrap();
    let (loose, tight) = (fit(1e-6), fit(1.0));
    assert!(loose.coefficients[0] > tight.coefficients[0] && loose.coefficients[0] < 100.0);
    assert!((loose.probability(&[1.5]) - 0.5).abs() < 1e-9);
    assert!(loose.probability(&[0.0]) < 1e-6 && loose.probability(&[3.0]) > 1.0 - 1e-6);
}

#[test]
fn a_constant_column_says_nothing() {
    // 0.1 three times: its computed mean is not 0.1.
    let with = [0.1, 1.0, 0.1, 2.0, 0.1, 3.0];
    let targets = [false, true, true];
    let fit = |rows: &[f64], n| {
        LogisticRegression::fit(rows, n, &targets, None, &LogisticOptions::default()).unwrap()
    };
    let (with, without) = (fit(&with, 2), fit(&[1.0, 2.0, 3.0], 1));
    assert_eq!(with.coefficients, [0.0, without.coefficients[0]]);
    assert_eq!(with.intercept, without.intercept);
    let none = fit(&[], 0);
    assert!((none.probability(&[]) - 2.0 / 3.0).abs() < 1e-9);
}

#[test]
fn two_equal_columns_share_the_coefficient() {
    let rows = [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0];
    let targets = [false, true, false, true];
    let model =
        LogisticRegression::fit(&rows, 2, &targets, None, &LogisticOptions::default()).unwrap();
    assert!((model.coefficients[0] - model.coefficients[1]).abs() < 1e-12);
}

#[test]
fn a_weight_of_two_is_a_row_twice() {
    let twice = [&ROWS[..], &ROWS[4..6]].concat();
    let targets = [&TARGETS[..], &TARGETS[2..3]].concat();
    let default = LogisticOptions::default();
    let mut weights = [1.0; 8];
    weights[2] = 2.0;
    let one = LogisticRegression::fit(&ROWS, 2, &TARGETS, Some(&weights), &default).unwrap();
    let other = LogisticRegression::fit(&twice, 2, &targets, None, &default).unwrap();
    assert!((one.intercept - other.intercept).abs() < 1e-7);
    assert!((one.coefficients[0] - other.coefficients[0]).abs() < 1e-8);
}

#[track_caller]
fn refused(rows: &[f64], targets: &[bool], weights: Option<&[f64]>, ridge: f64, message: &str) {
    let error = LogisticRegression::fit(rows, 1, targets, weights, &options(ridge)).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert!(error.hint().is_some());
}

#[test]
fn what_cannot_be_fitted_is_named() {
    let both = [false, true];
    let range = "expected a number within -1e150 to 1e150";
    refused(&[1.0, f64::NAN], &both, None, 1.0, &format!("row 2, column 1 is NaN, {range}"));
    let infinite = [f64::INFINITY, 1.0];
    refused(&infinite, &both, None, 1.0, &format!("row 1, column 1 is inf, {range}"));
    refused(&[1.0], &both, None, 1.0, "rows has 1 elements, expected 2");
    refused(&[1.0, 2.0], &both, Some(&[1.0]), 1.0, "weights has 1 elements, expected 2");
    let weight = "weight of row 2 is -1, expected a number within 0 to 1e150";
    refused(&[1.0, 2.0], &both, Some(&[1.0, -1.0]), 1.0, weight);
    refused(&[1.0, 2.0], &both, Some(&[0.0, 0.0]), 1.0, "no row has a weight");
    refused(&[], &[], None, 1.0, "no row has a weight");
    refused(&[1.0, 2.0], &[true, true], None, 1.0, "every target is true");
    refused(&[1.0, 2.0], &both, Some(&[1.0, 0.0]), 1.0, "every target is false");
    refused(&[1.0, 2.0], &both, None, 0.0, "ridge is 0, expected a number above 0");
    let few = LogisticOptions { iterations_max: 1, ..LogisticOptions::default() };
    let error = LogisticRegression::fit(&ROWS, 2, &TARGETS, None, &few).unwrap_err();
    assert!(matches!(error, LearnError::NotConverged { iterations: 1, .. }));
}

#[test]
fn a_model_is_stored_and_read_back() {
    let default = LogisticOptions::default();
    let model = LogisticRegression::fit(&ROWS, 2, &TARGETS, None, &default).unwrap();
    let text = serde_json::to_string(&model).unwrap();
    let read: LogisticRegression = serde_json::from_str(&text).unwrap();
    // The reader of JSON may miss the last bit of a number.
    assert!((read.margin(&ROWS[..2]) - model.margin(&ROWS[..2])).abs() < 1e-13);
}

/// The loss by its definition, in the units of the features.
fn loss(rows: &[f64], targets: &[bool], ridge: f64, intercept: f64, coefficients: &[f64]) -> f64 {
    let n_columns = coefficients.len();
    let n = targets.len() as f64;
    let mut total = 0.0;
    for (row, target) in rows.chunks(n_columns).zip(targets) {
        let margin: f64 = intercept + row.iter().zip(coefficients).map(|(x, b)| x * b).sum::<f64>();
        let signed = if *target { margin } else { -margin };
        total += (1.0 + (-signed).exp()).ln();
    }
    for (column, b) in coefficients.iter().enumerate() {
        let values = || rows.iter().skip(column).step_by(n_columns);
        let mean = values().sum::<f64>() / n;
        let variance = values().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
        total += ridge / 2.0 * b * b * variance;
    }
    total
}

/// Rows of three columns of very different units.
fn cases() -> impl Strategy<Value = (Vec<f64>, Vec<bool>)> {
    vec((-3.0..3.0_f64, 0..4_u8, 1e6..2e6_f64, any::<bool>()), 2..40).prop_map(|cases| {
        let rows = cases.iter().flat_map(|case| [case.0, f64::from(case.1), case.2]).collect();
        (rows, cases.iter().map(|case| case.3).collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// No direction leads down: the loss is convex, so this is the optimum.
    #[test]
    fn the_gradient_is_zero((rows, mut targets) in cases(), ridge in 0.01..5.0_f64) {
        targets[0] = true;
        targets[1] = false;
        let model = LogisticRegression::fit(&rows, 3, &targets, None, &options(ridge)).unwrap();
        let at = |intercept, coefficients: &[f64]| loss(&rows, &targets, ridge, intercept, coefficients);
        let best = at(model.intercept, &model.coefficients);
        for step in [-1e-3, 1e-3] {
            prop_assert!(best <= at(model.intercept + step, &model.coefficients) + 1e-12);
            for (column, unit) in [1.0, 1.0, 1e-6].into_iter().enumerate() {
                let mut moved = model.coefficients.clone();
                moved[column] += step * unit;
                // Turned around the middle of the column, or the intercept would have to follow.
                let middle = [0.0, 1.5, 1.5e6][column];
                prop_assert!(best <= at(model.intercept - step * unit * middle, &moved) + 1e-12);
            }
        }
        let residuals: f64 = rows.chunks(3).zip(&targets)
            .map(|(row, target)| model.probability(row) - f64::from(u8::from(*target))).sum();
        prop_assert!(residuals.abs() < 1e-6, "{}", residuals);
    }

    #[test]
    fn any_bytes_give_a_model_or_an_error(
        rows in vec(prop_oneof![any::<f64>(), -1.0..1.0_f64, Just(1e150), Just(-1e-150)], 0..24),
        targets in vec(any::<bool>(), 0..24),
        ridge in prop_oneof![any::<f64>(), 0.1..1.0_f64],
    ) {
        let n = rows.len().min(targets.len());
        if let Ok(model) = LogisticRegression::fit(&rows[..n], 1, &targets[..n], None, &options(ridge)) {
            prop_assert!(model.intercept.is_finite() && model.coefficients[0].is_finite());
        }
    }
}

/// One column and a grid around the optimum.
#[test]
fn no_point_of_a_grid_is_better() {
    let rows = [0.0, 1.0, 1.0, 2.0, 5.0, 7.0];
    let targets = [false, false, true, false, true, true];
    let model = LogisticRegression::fit(&rows, 1, &targets, None, &options(0.5)).unwrap();
    let best = loss(&rows, &targets, 0.5, model.intercept, &model.coefficients);
    for intercept in -300..300 {
        for coefficient in -100..300 {
            let (intercept, coefficient) =
                (f64::from(intercept) / 50.0, f64::from(coefficient) / 50.0);
            assert!(best <= loss(&rows, &targets, 0.5, intercept, &[coefficient]) + 1e-12);
        }
    }
}
