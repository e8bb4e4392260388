//! Forty rows by formula, so that a few lines of NumPy make the same ones:
//! `r = arange(40); x1 = where(r % 7 == 3, nan, (r * 37 % 61) / 10); x2 = exp((r * 17 % 29) / 10);`
//! `cat = where(r % 11 == 5, nan, r * 5 % 7 % 4); w = 1.0 + (r % 3)`.

use tracehound_learn::{FeatureKind, Matrix, Task, Training};

pub(crate) const N_ROWS: u32 = 40;

/// A column of `n` rows.
pub(crate) fn column(n: u32, of: impl Fn(u32) -> f64) -> Vec<f64> {
    (0..n).map(of).collect()
}

pub(crate) fn number(r: u32) -> f64 {
    if r % 7 == 3 { f64::NAN } else { f64::from(r * 37 % 61) / 10.0 }
}

/// The number, where it is missing its median by weight (NumPy: 3.0).
pub(crate) fn filled(r: u32) -> f64 {
    if r % 7 == 3 { MEDIAN } else { number(r) }
}

pub(crate) const MEDIAN: f64 = 3.0;

pub(crate) fn skewed(r: u32) -> f64 {
    (f64::from(r * 17 % 29) / 10.0).exp()
}

pub(crate) fn level(r: u32) -> f64 {
    if r % 11 == 5 { f64::NAN } else { f64::from(r * 5 % 7 % 4) }
}

pub(crate) fn weights() -> Vec<f64> {
    column(N_ROWS, |r| 1.0 + f64::from(r % 3))
}

pub(crate) fn numbers() -> Vec<f64> {
    column(N_ROWS, |r| f64::from(r * 23 % 41) / 4.0 + filled(r))
}

pub(crate) fn two_classes() -> Vec<f64> {
    column(N_ROWS, |r| f64::from(u8::from(r * 23 % 41 > 20)))
}

pub(crate) fn three_classes() -> Vec<f64> {
    column(N_ROWS, |r| f64::from((r * 23 % 41 + r / 10) % 3))
}

pub(crate) fn features() -> Matrix {
    let mut features = Matrix::new(N_ROWS as usize);
    features.push("number", FeatureKind::Number, column(N_ROWS, number)).unwrap();
    features.push("skewed", FeatureKind::Number, column(N_ROWS, skewed)).unwrap();
    let kind = FeatureKind::Category { n_levels: 4 };
    features.push("level", kind, column(N_ROWS, level)).unwrap();
    features
}

pub(crate) fn training(task: Task) -> Training {
    let targets = match task {
        Task::Regression => numbers(),
        Task::Binary => two_classes(),
        Task::Multiclass { .. } => three_classes(),
    };
    Training { task, features: features(), targets, weights: weights() }
}

#[track_caller]
pub(crate) fn near(found: &[f64], expected: &[f64], by: f64) {
    assert_eq!(found.len(), expected.len());
    let all = found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= by * (1.0 + b.abs()));
    assert!(all, "{found:?} for {expected:?}");
}
