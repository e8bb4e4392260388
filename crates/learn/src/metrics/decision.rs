//! What comes of a threshold.

use serde::{Deserialize, Serialize};

use super::loss::class;
use super::rank::ranked;
use super::{assert_lengths, weight};

/// Weights of cases by what was decided and what came true.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Confusion {
    /// Taken and true.
    pub true_positives: f64,
    /// Taken and false.
    pub false_positives: f64,
    /// Left and true.
    pub false_negatives: f64,
    /// Left and false.
    pub true_negatives: f64,
}

impl Confusion {
    /// Takes the cases that score at least `threshold`. A score that is not a number is left.
    ///
    /// # Panics
    /// If lengths differ.
    pub fn at(threshold: f64, scores: &[f64], targets: &[f64], weights: Option<&[f64]>) -> Self {
        assert_lengths(targets.len(), scores.len(), 1, weights);
        let mut counts = Self::default();
        for (row, (score, target)) in scores.iter().zip(targets).enumerate() {
            *match (*score >= threshold, *target > 0.0) {
                (true, true) => &mut counts.true_positives,
                (true, false) => &mut counts.false_positives,
                (false, true) => &mut counts.false_negatives,
                (false, false) => &mut counts.true_negatives,
            } += weight(weights, row);
        }
        counts
    }

    /// Share of the taken that are true.
    pub fn precision(&self) -> Option<f64> {
        share(self.true_positives, self.false_positives)
    }

    /// Share of the true that are taken.
    pub fn recall(&self) -> Option<f64> {
        share(self.true_positives, self.false_negatives)
    }

    /// Share of the false that are taken.
    pub fn false_positive_rate(&self) -> Option<f64> {
        share(self.false_positives, self.true_negatives)
    }

    /// Share of decisions that were right.
    pub fn accuracy(&self) -> Option<f64> {
        let right = self.true_positives + self.true_negatives;
        share(right, self.false_positives + self.false_negatives)
    }

    /// Harmonic mean of precision and recall (`f1_score`); `None` where nothing is true and nothing taken.
    pub fn f1(&self) -> Option<f64> {
        share(2.0 * self.true_positives, self.false_positives + self.false_negatives)
    }
}

fn share(part: f64, rest: f64) -> Option<f64> {
    (part + rest > 0.0).then(|| part / (part + rest))
}

/// Weights by true class (rows) and likeliest class (columns), row after row (`confusion_matrix`).
///
/// # Panics
/// If lengths differ, or a class is not below `n_classes`.
pub fn confusion_matrix(
    predicted: &[f64],
    targets: &[f64],
    n_classes: usize,
    weights: Option<&[f64]>,
) -> Vec<f64> {
    assert_lengths(targets.len(), predicted.len(), 1, weights);
    let mut counts = vec![0.0; n_classes * n_classes];
    for (row, (predicted, target)) in predicted.iter().zip(targets).enumerate() {
        let (predicted, target) = (class(*predicted), class(*target));
        assert!(predicted < n_classes, "class {predicted} of {n_classes}");
        counts[target * n_classes + predicted] += weight(weights, row);
    }
    counts
}

/// A threshold and what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// Cases that score at least this are taken; just above every score where none shall be.
    pub score: f64,
    /// What it costs.
    pub cost: f64,
    /// What comes of it.
    pub confusion: Confusion,
}

/// The threshold of least cost, of all that differ on these cases; the highest where equal. For a best F1 pass
/// `|counts| -counts.f1().unwrap_or(0.0)`. `None` where there is no case or a score is not a number.
///
/// # Panics
/// If lengths differ.
pub fn threshold(
    scores: &[f64],
    targets: &[f64],
    weights: Option<&[f64]>,
    cost: impl Fn(&Confusion) -> f64,
) -> Option<Threshold> {
    let above = ranked(scores, targets, weights)?;
    let last = *above.last()?;
    let of = |score: f64, taken: (f64, f64)| {
        let confusion = Confusion {
            true_positives: taken.0,
            false_positives: taken.1,
            false_negatives: last.n_true - taken.0,
            true_negatives: last.n_false - taken.1,
        };
        Threshold { score, cost: cost(&confusion), confusion }
    };
    let none = of(above[0].score.next_up(), (0.0, 0.0));
    let all = above.iter().map(|at| of(at.score, (at.n_true, at.n_false)));
    Some(all.fold(none, |best, next| if next.cost < best.cost { next } else { best }))
}

/// The threshold of least cost where a false alarm and a missed case cost what is said.
///
/// # Panics
/// If lengths differ.
pub fn cost_threshold(
    scores: &[f64],
    targets: &[f64],
    weights: Option<&[f64]>,
    false_positive: f64,
    false_negative: f64,
) -> Option<Threshold> {
    threshold(scores, targets, weights, |counts| {
        false_positive * counts.false_positives + false_negative * counts.false_negatives
    })
}
