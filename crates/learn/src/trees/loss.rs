//! What boosting minimizes: derivatives, where it starts, what a leaf answers, and how a validation set judges it.
//!
//! In: targets, weights, scores (one a row, or one a class and row: class after class). Out: derivatives a row.
//! Source: Friedman, Greedy function approximation, 2001 (absolute and Huber loss, medians of leaves); softmax with
//! hessian `K / (K - 1) · p (1 - p)` as LightGBM. Departures: a Huber model starts at the median, not the mean.
//! Cost: O(rows · outputs). Checked against: the slow booster's own formulas
//! (`tests/it/trees/growth.rs`), mean, median and quantile of a known distribution (`tests/it/trees/boost.rs`).

use rayon::prelude::*;

use super::histogram::Pair;
use super::options::RegressionLoss;
use crate::newton::sigmoid;
use crate::{Task, Training};

/// Rows a thread takes at a time; derivatives of a row depend on that row alone.
const CHUNK_ROWS: usize = 8192;
/// Least hessian of a row of weight 1: a sure row must not make a leaf's step infinite.
const HESSIAN_MIN: f64 = 1e-16;
/// Least probability that the log loss believes.
const PROBABILITY_MIN: f64 = 1e-15;

/// The loss of a task.
#[derive(Clone, Copy, Debug)]
pub(super) enum Loss {
    Logistic,
    Softmax { n_classes: usize },
    Regression(RegressionLoss),
}

impl Loss {
    pub(super) fn of(task: Task, regression: RegressionLoss) -> Self {
        match task {
            Task::Binary => Self::Logistic,
            Task::Multiclass { .. } => Self::Softmax { n_classes: task.n_outputs() },
            Task::Regression => Self::Regression(regression),
        }
    }

    /// Leaves answer a quantile of residuals of this level instead of a Newton step.
    pub(super) fn renewal_level(self) -> Option<f64> {
        match self {
            Self::Regression(RegressionLoss::Absolute) => Some(0.5),
            Self::Regression(RegressionLoss::Quantile { level }) => Some(level),
            _ => None,
        }
    }

    /// The best constant score, an output each.
    pub(super) fn start(self, training: &Training, weights: &[f64]) -> Vec<f64> {
        let targets = &training.targets;
        let total: f64 = weights.iter().sum();
        let share = |class: f64| {
            let of = targets.iter().zip(weights).filter(|(target, _)| **target == class);
            of.map(|(_, weight)| weight).sum::<f64>() / total
        };
        let quantile = |level| {
            let cases = targets.iter().copied().zip(weights.iter().copied());
            vec![quantile(&mut cases.filter(|case| case.1 > 0.0).collect::<Vec<_>>(), level)]
        };
        match self {
            Self::Logistic => {
                let share = share(1.0).clamp(PROBABILITY_MIN, 1.0 - PROBABILITY_MIN);
                vec![(share / (1.0 - share)).ln()]
            }
            Self::Softmax { n_classes } => {
                (0..n_classes).map(|class| share(class as f64).max(PROBABILITY_MIN).ln()).collect()
            }
            Self::Regression(RegressionLoss::Squared) => {
                let of = targets.iter().zip(weights).map(|(target, weight)| target * weight);
                vec![of.sum::<f64>() / total]
            }
            Self::Regression(RegressionLoss::Quantile { level }) => quantile(level),
            Self::Regression(RegressionLoss::Absolute | RegressionLoss::Huber { .. }) => {
                quantile(0.5)
            }
        }
    }

    /// Derivatives a row, an output after the other.
    pub(super) fn derivatives(
        self,
        targets: &[f64],
        weights: &[f64],
        scores: &[f64],
        pairs: &mut [Pair],
    ) {
        let n_rows = targets.len();
        if let Self::Softmax { n_classes } = self {
            softmax_derivatives(targets, weights, scores, pairs, n_classes);
            return;
        }
        let chunks = pairs.par_chunks_mut(CHUNK_ROWS).enumerate();
        chunks.for_each(|(chunk, pairs)| {
            let begin = chunk * CHUNK_ROWS;
            let rows = begin..(begin + pairs.len()).min(n_rows);
            for (row, pair) in rows.zip(pairs) {
                *pair = self.derivative(targets[row], weights[row], scores[row]);
            }
        });
    }

    fn derivative(self, target: f64, weight: f64, score: f64) -> Pair {
        let residual = score - target;
        let (gradient, hessian) = match self {
            Self::Logistic | Self::Softmax { .. } => {
                let share = sigmoid(score);
                (share - target, (share * (1.0 - share)).max(HESSIAN_MIN))
            }
            Self::Regression(RegressionLoss::Squared) => (residual, 1.0),
            Self::Regression(RegressionLoss::Absolute) => {
                (if residual == 0.0 { 0.0 } else { residual.signum() }, 1.0)
            }
            Self::Regression(RegressionLoss::Quantile { level }) => {
                (if residual >= 0.0 { 1.0 - level } else { -level }, 1.0)
            }
            Self::Regression(RegressionLoss::Huber { delta }) => {
                (residual.clamp(-delta, delta), 1.0)
            }
        };
        pair(gradient * weight, hessian * weight)
    }

    /// The weighted mean loss of a validation set: log loss, root of the mean square, or mean pinball (twice it, the
    /// absolute error, for the median).
    pub(super) fn validate(self, targets: &[f64], weights: &[f64], scores: &[f64]) -> f64 {
        let n_rows = targets.len();
        let total: f64 = weights.iter().sum();
        let mut row_scores = Vec::new();
        let of_row = |row: usize| match self {
            Self::Softmax { n_classes } => {
                row_scores.clear();
                row_scores.extend((0..n_classes).map(|class| scores[class * n_rows + row]));
                softmax(&mut row_scores);
                -row_scores[super::binning::level(targets[row])].max(PROBABILITY_MIN).ln()
            }
            _ => self.of_row(targets[row], scores[row]),
        };
        let losses = (0..n_rows).map(of_row).zip(weights);
        let mean = losses.map(|(loss, weight)| loss * weight).sum::<f64>() / total;
        let is_square = matches!(self, Self::Regression(RegressionLoss::Squared));
        if is_square { mean.sqrt() } else { mean }
    }

    fn of_row(self, target: f64, score: f64) -> f64 {
        let residual = target - score;
        match self {
            Self::Logistic | Self::Softmax { .. } => {
                let share = sigmoid(if target == 1.0 { score } else { -score });
                -share.max(PROBABILITY_MIN).ln()
            }
            Self::Regression(RegressionLoss::Squared) => residual * residual,
            Self::Regression(RegressionLoss::Absolute) => residual.abs(),
            Self::Regression(RegressionLoss::Quantile { level }) => {
                if residual >= 0.0 {
                    level * residual
                } else {
                    (level - 1.0) * residual
                }
            }
            Self::Regression(RegressionLoss::Huber { delta }) => {
                let size = residual.abs();
                if size <= delta { size * size / 2.0 } else { delta * (size - delta / 2.0) }
            }
        }
    }
}

fn pair(gradient: f64, hessian: f64) -> Pair {
    // Single precision halves what a histogram reads; its sums are double.
    #[expect(clippy::cast_possible_truncation, reason = "rounding is meant")]
    let pair = Pair { gradient: gradient as f32, hessian: hessian as f32 };
    pair
}

fn softmax_derivatives(
    targets: &[f64],
    weights: &[f64],
    scores: &[f64],
    pairs: &mut [Pair],
    n_classes: usize,
) {
    let n_rows = targets.len();
    let factor = n_classes as f64 / (n_classes as f64 - 1.0);
    let mut shares = vec![0.0; n_rows * n_classes];
    shares.par_chunks_mut(n_classes).enumerate().for_each(|(row, shares)| {
        for (class, share) in shares.iter_mut().enumerate() {
            *share = scores[class * n_rows + row];
        }
        softmax(shares);
    });
    pairs.par_chunks_mut(n_rows).enumerate().for_each(|(class, pairs)| {
        for (row, out) in pairs.iter_mut().enumerate() {
            let share = shares[row * n_classes + class];
            let target = if targets[row] == class as f64 { 1.0 } else { 0.0 };
            let hessian = (factor * share * (1.0 - share)).max(HESSIAN_MIN);
            *out = pair((share - target) * weights[row], hessian * weights[row]);
        }
    });
}

/// Margins of the classes of one row to probabilities, in place.
pub(super) fn softmax(margins: &mut [f64]) {
    let greatest = margins.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut total = 0.0;
    for margin in margins.iter_mut() {
        *margin = (*margin - greatest).exp();
        total += *margin;
    }
    for margin in margins {
        *margin /= total;
    }
}

/// The weighted quantile of `(value, weight)`: the least value that this share of the weight does not exceed; the
/// middle to the next one where the share ends exactly there.
pub(super) fn quantile(cases: &mut [(f64, f64)], level: f64) -> f64 {
    cases.sort_by(|a, b| a.0.total_cmp(&b.0));
    let asked = level * cases.iter().map(|case| case.1).sum::<f64>();
    let mut below = 0.0;
    for (at, (value, weight)) in cases.iter().enumerate() {
        below += weight;
        if below > asked || at + 1 == cases.len() {
            return *value;
        }
        if below == asked {
            return value / 2.0 + cases[at + 1].0 / 2.0;
        }
    }
    0.0
}
