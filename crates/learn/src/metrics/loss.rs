//! Measures that are means over rows.

use super::{assert_lengths, mean, weight};
use crate::Task;
use crate::newton::{sigmoid, softplus};

/// Losses of margins, one a row: squared error, or log loss in nats. Kept in margins, no certainty is ever rounded
/// to infinity.
///
/// # Panics
/// If lengths differ, or a target is no class of the task.
pub fn losses(task: Task, margins: &[f64], targets: &[f64]) -> Vec<f64> {
    let n_outputs = task.n_outputs();
    assert_lengths(targets.len(), margins.len(), n_outputs, None);
    let rows = margins.chunks(n_outputs).zip(targets);
    let loss = |(margins, target): (&[f64], &f64)| match task {
        Task::Regression => (target - margins[0]).powi(2),
        Task::Binary => softplus(margins[0]) - target * margins[0],
        Task::Multiclass { .. } => log_sum_exp(margins) - margins[class(*target)],
    };
    rows.map(loss).collect()
}

/// Weighted mean of [`losses`].
///
/// # Panics
/// As there.
pub fn mean_loss(
    task: Task,
    margins: &[f64],
    targets: &[f64],
    weights: Option<&[f64]>,
) -> Option<f64> {
    let losses = losses(task, margins, targets);
    assert_lengths(targets.len(), losses.len(), 1, weights);
    mean(targets.len(), weights, |row| losses[row])
}

/// The class a target names.
pub(super) fn class(target: f64) -> usize {
    assert!(target >= 0.0 && target.fract() == 0.0, "{target} is not a class");
    #[expect(clippy::cast_possible_truncation, reason = "a class is whole and small")]
    #[expect(clippy::cast_sign_loss, reason = "a class is not negative")]
    let class = target as usize;
    class
}

/// `ln Σ exp(margin)`, without overflow.
pub(crate) fn log_sum_exp(margins: &[f64]) -> f64 {
    let most = margins.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most + margins.iter().map(|margin| (margin - most).exp()).sum::<f64>().ln()
}

/// Probabilities of margins: of class 1, or one a class; a number stays as it is.
pub fn probabilities(task: Task, margins: &[f64]) -> Vec<f64> {
    match task {
        Task::Regression => margins.to_vec(),
        Task::Binary => margins.iter().map(|margin| sigmoid(*margin)).collect(),
        Task::Multiclass { n_classes } => margins
            .chunks(n_classes as usize)
            .flat_map(|row| {
                let log_sum = log_sum_exp(row);
                row.iter().map(move |margin| (margin - log_sum).exp())
            })
            .collect(),
    }
}

/// Mean of minus the logarithm of the probability of what came true, in nats (`log_loss`). `probabilities` are of
/// class 1 for two classes, one a class for more.
///
/// # Panics
/// If lengths differ, or a target is no class.
pub fn log_loss(
    probabilities: &[f64],
    n_classes: usize,
    targets: &[f64],
    weights: Option<&[f64]>,
) -> Option<f64> {
    assert_lengths(targets.len(), probabilities.len(), outputs(n_classes), weights);
    mean(targets.len(), weights, |row| {
        -of_class(probabilities, n_classes, row, class(targets[row])).ln()
    })
}

fn outputs(n_classes: usize) -> usize {
    if n_classes <= 2 { 1 } else { n_classes }
}

fn of_class(probabilities: &[f64], n_classes: usize, row: usize, class: usize) -> f64 {
    match (n_classes, class) {
        (0..=2, 1) => probabilities[row],
        (0..=2, _) => 1.0 - probabilities[row],
        _ => probabilities[row * n_classes + class],
    }
}

/// Mean squared distance of probability and outcome (`brier_score_loss`): for two classes of class 1 alone, for more
/// summed over the classes.
///
/// # Panics
/// If lengths differ.
pub fn brier(
    probabilities: &[f64],
    n_classes: usize,
    targets: &[f64],
    weights: Option<&[f64]>,
) -> Option<f64> {
    assert_lengths(targets.len(), probabilities.len(), outputs(n_classes), weights);
    mean(targets.len(), weights, |row| match n_classes {
        0..=2 => (probabilities[row] - targets[row]).powi(2),
        _ => (0..n_classes)
            .map(|of| {
                let came = f64::from(u8::from(class(targets[row]) == of));
                (probabilities[row * n_classes + of] - came).powi(2)
            })
            .sum(),
    })
}

/// Share of rows whose likeliest class came true (`accuracy_score`); the lower class where two are equal, class 1 at
/// a probability of one half.
///
/// # Panics
/// If lengths differ.
pub fn accuracy(
    probabilities: &[f64],
    n_classes: usize,
    targets: &[f64],
    weights: Option<&[f64]>,
) -> Option<f64> {
    assert_lengths(targets.len(), probabilities.len(), outputs(n_classes), weights);
    if probabilities.iter().any(|p| p.is_nan()) {
        return None;
    }
    mean(targets.len(), weights, |row| {
        let likeliest = match n_classes {
            0..=2 => usize::from(probabilities[row] >= 0.5),
            _ => {
                let of_row = &probabilities[row * n_classes..(row + 1) * n_classes];
                (0..n_classes).fold(0, |best, at| if of_row[at] > of_row[best] { at } else { best })
            }
        };
        f64::from(u8::from(likeliest == class(targets[row])))
    })
}

/// Weighted mean distance of stated probabilities and what came true, over bins of equal width; of class 1.
/// [`Reliability`](crate::Reliability) shows the bins.
///
/// # Panics
/// If lengths differ, `n_bins` is 0, or a probability is outside of `0.0..=1.0`.
pub fn calibration_error(
    probabilities: &[f64],
    targets: &[f64],
    weights: Option<&[f64]>,
    n_bins: usize,
) -> Option<f64> {
    assert_lengths(targets.len(), probabilities.len(), 1, weights);
    assert!(n_bins > 0, "at least one bin");
    let mut distances = vec![0.0; n_bins];
    let mut total = 0.0;
    for (row, (probability, target)) in probabilities.iter().zip(targets).enumerate() {
        assert!((0.0..=1.0).contains(probability), "{probability} is not a probability");
        let bin = class((probability * n_bins as f64).floor()).min(n_bins - 1);
        distances[bin] += weight(weights, row) * (probability - target);
        total += weight(weights, row);
    }
    (total > 0.0)
        .then(|| distances.iter().map(|distance: &f64| distance.abs()).sum::<f64>() / total)
}

/// Root of the mean squared error (`root_mean_squared_error`).
///
/// # Panics
/// If lengths differ.
pub fn rmse(predictions: &[f64], targets: &[f64], weights: Option<&[f64]>) -> Option<f64> {
    assert_lengths(targets.len(), predictions.len(), 1, weights);
    mean(targets.len(), weights, |row| (targets[row] - predictions[row]).powi(2)).map(f64::sqrt)
}

/// Mean size of the error (`mean_absolute_error`).
///
/// # Panics
/// If lengths differ.
pub fn mae(predictions: &[f64], targets: &[f64], weights: Option<&[f64]>) -> Option<f64> {
    assert_lengths(targets.len(), predictions.len(), 1, weights);
    mean(targets.len(), weights, |row| (targets[row] - predictions[row]).abs())
}

/// Share of the variance of the targets that is explained (`r2_score`); `None` where they have none.
///
/// # Panics
/// If lengths differ.
pub fn r2(predictions: &[f64], targets: &[f64], weights: Option<&[f64]>) -> Option<f64> {
    let error = rmse(predictions, targets, weights)?;
    let center = mean(targets.len(), weights, |row| targets[row])?;
    let variance = mean(targets.len(), weights, |row| (targets[row] - center).powi(2))?;
    (variance > 0.0).then(|| 1.0 - error * error / variance)
}

/// Mean pinball loss of a stated quantile (`mean_pinball_loss`): `level` a unit too low, `1 - level` a unit too high.
///
/// # Panics
/// If lengths differ, or the level is outside of `0.0..=1.0`.
pub fn pinball(
    predictions: &[f64],
    level: f64,
    targets: &[f64],
    weights: Option<&[f64]>,
) -> Option<f64> {
    assert_lengths(targets.len(), predictions.len(), 1, weights);
    assert!((0.0..=1.0).contains(&level), "level {level}");
    mean(targets.len(), weights, |row| {
        let above = targets[row] - predictions[row];
        (level * above).max((level - 1.0) * above)
    })
}
