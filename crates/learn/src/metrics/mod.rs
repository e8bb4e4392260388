//! How good predictions are, as one number or as a curve.
//!
//! In: predictions, targets as in a [`Training`](crate::Training) (a number, or a class as 0.0, 1.0, …), and weights
//! (how many cases a row stands for; `None`: one each). Out: `None` where a measure has no meaning: no weight at all,
//! one class only, a prediction that is not a number. Probabilities of several classes are row after row.
//! Source: the definitions of scikit-learn, with which figures compare; they are named at each function.
//! Departures: log loss clips nothing: a certainty that was wrong costs infinity, and says so.
//! Cost: O(n), O(n log n) where cases are ranked. Checked against: scikit-learn, all pairs (`tests/it/metrics.rs`).

mod decision;
mod loss;
mod rank;

pub use decision::{Confusion, Threshold, confusion_matrix, cost_threshold, threshold};
pub(crate) use loss::log_sum_exp;
pub use loss::{
    accuracy, brier, calibration_error, log_loss, losses, mae, mean_loss, pinball, probabilities,
    r2, rmse,
};
pub use rank::{
    GainPoint, PrecisionPoint, RocPoint, auc, auc_one_vs_rest, average_precision, gain_curve,
    precision_recall_curve, roc_curve,
};

/// The weight of a row.
fn weight(weights: Option<&[f64]>, row: usize) -> f64 {
    weights.map_or(1.0, |weights| weights[row])
}

/// Refuses arrays that do not belong together: a mistake of the program, not of its data.
fn assert_lengths(n_rows: usize, n_predictions: usize, n_outputs: usize, weights: Option<&[f64]>) {
    assert_eq!(n_predictions, n_rows * n_outputs, "one prediction a target and output");
    assert!(weights.is_none_or(|weights| weights.len() == n_rows), "one weight a target");
}

/// `Σ weight · term / Σ weight`.
fn mean(n_rows: usize, weights: Option<&[f64]>, term: impl Fn(usize) -> f64) -> Option<f64> {
    let (mut sum, mut total) = (0.0, 0.0);
    for row in (0..n_rows).filter(|row| weight(weights, *row) > 0.0) {
        sum += weight(weights, row) * term(row);
        total += weight(weights, row);
    }
    let mean = sum / total;
    (total > 0.0 && !mean.is_nan()).then_some(mean)
}
