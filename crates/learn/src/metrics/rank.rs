//! Measures that need the order of the scores only.

use serde::{Deserialize, Serialize};

use super::{assert_lengths, weight};

/// Weight of true and of false cases that score at least `score`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Above {
    pub(super) score: f64,
    pub(super) n_true: f64,
    pub(super) n_false: f64,
}

/// Sums at each score that occurs, from the highest down; `None` where a score is not a number.
pub(super) fn ranked(
    scores: &[f64],
    targets: &[f64],
    weights: Option<&[f64]>,
) -> Option<Vec<Above>> {
    assert_lengths(targets.len(), scores.len(), 1, weights);
    let rows = (0..scores.len()).filter(|row| weight(weights, *row) > 0.0);
    // Adding 0 turns -0 into 0, which is the same score.
    let mut cases: Vec<(f64, usize)> = rows.map(|row| (scores[row] + 0.0, row)).collect();
    if cases.iter().any(|case| case.0.is_nan()) {
        return None;
    }
    cases.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let (mut n_true, mut n_false) = (0.0, 0.0);
    let above = cases.chunk_by(|a, b| a.0 == b.0).map(|tied| {
        for (_, row) in tied {
            let of = if targets[*row] > 0.0 { &mut n_true } else { &mut n_false };
            *of += weight(weights, *row);
        }
        Above { score: tied[0].0, n_true, n_false }
    });
    Some(above.collect())
}

/// All true and all false cases, where both occur.
fn totals(above: &[Above]) -> Option<(f64, f64)> {
    let last = above.last()?;
    (last.n_true > 0.0 && last.n_false > 0.0).then_some((last.n_true, last.n_false))
}

/// Probability that a true case scores higher than a false one, ties half (`roc_auc_score`). Targets above 0 are true.
///
/// # Panics
/// If lengths differ.
pub fn auc(scores: &[f64], targets: &[f64], weights: Option<&[f64]>) -> Option<f64> {
    let above = ranked(scores, targets, weights)?;
    let (n_true, n_false) = totals(&above)?;
    let (mut wins, mut before) = (0.0, (0.0, 0.0));
    for at in &above {
        wins += (at.n_false - before.1) * (at.n_true + before.0) / 2.0;
        before = (at.n_true, at.n_false);
    }
    Some(wins / (n_true * n_false))
}

/// Mean over the classes that occur of the area for each class against the rest (`roc_auc_score(multi_class="ovr")`).
///
/// # Panics
/// If lengths differ.
pub fn auc_one_vs_rest(
    probabilities: &[f64],
    n_classes: usize,
    targets: &[f64],
    weights: Option<&[f64]>,
) -> Option<f64> {
    assert_lengths(targets.len(), probabilities.len(), n_classes, weights);
    if probabilities.iter().any(|p| p.is_nan()) {
        return None;
    }
    let areas: Vec<f64> = (0..n_classes)
        .filter_map(|class| {
            let scores: Vec<f64> =
                probabilities.iter().skip(class).step_by(n_classes).copied().collect();
            let is = |target: &f64| f64::from(u8::from(*target == class as f64));
            let targets: Vec<f64> = targets.iter().map(is).collect();
            auc(&scores, &targets, weights)
        })
        .collect();
    (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64)
}

/// Precision averaged over the recall it is reached at, by steps (`average_precision_score`).
///
/// # Panics
/// If lengths differ.
pub fn average_precision(scores: &[f64], targets: &[f64], weights: Option<&[f64]>) -> Option<f64> {
    let above = ranked(scores, targets, weights)?;
    let n_true = above.last().filter(|last| last.n_true > 0.0)?.n_true;
    let (mut sum, mut before) = (0.0, 0.0);
    for at in &above {
        sum += (at.n_true - before) / n_true * at.n_true / (at.n_true + at.n_false);
        before = at.n_true;
    }
    Some(sum)
}

/// A point of the receiver operating characteristic.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RocPoint {
    /// Cases that score at least this are taken.
    pub score: f64,
    /// Share of the false cases that are taken.
    pub false_positive_rate: f64,
    /// Share of the true cases that are taken.
    pub true_positive_rate: f64,
}

/// The receiver operating characteristic, a point a score that occurs, highest score first; (0, 0) is left out.
///
/// # Panics
/// If lengths differ.
pub fn roc_curve(
    scores: &[f64],
    targets: &[f64],
    weights: Option<&[f64]>,
) -> Option<Vec<RocPoint>> {
    let above = ranked(scores, targets, weights)?;
    let (n_true, n_false) = totals(&above)?;
    let point = |at: &Above| RocPoint {
        score: at.score,
        false_positive_rate: at.n_false / n_false,
        true_positive_rate: at.n_true / n_true,
    };
    Some(above.iter().map(point).collect())
}

/// A point of the curve of precision and recall.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrecisionPoint {
    /// Cases that score at least this are taken.
    pub score: f64,
    /// Share of the true cases that are taken.
    pub recall: f64,
    /// Share of the taken cases that are true.
    pub precision: f64,
}

/// Precision and recall, a point a score that occurs, highest score first.
///
/// # Panics
/// If lengths differ.
pub fn precision_recall_curve(
    scores: &[f64],
    targets: &[f64],
    weights: Option<&[f64]>,
) -> Option<Vec<PrecisionPoint>> {
    let above = ranked(scores, targets, weights)?;
    let n_true = above.last().filter(|last| last.n_true > 0.0)?.n_true;
    let point = |at: &Above| PrecisionPoint {
        score: at.score,
        recall: at.n_true / n_true,
        precision: at.n_true / (at.n_true + at.n_false),
    };
    Some(above.iter().map(point).collect())
}

/// A point of the curve of gain and lift.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GainPoint {
    /// Cases that score at least this are taken.
    pub score: f64,
    /// Share of all cases that are taken.
    pub share: f64,
    /// Share of the true cases that are taken.
    pub gain: f64,
    /// How many times more true cases than as many taken blindly: `gain / share`.
    pub lift: f64,
}

/// Gain and lift, a point a score that occurs, highest score first.
///
/// # Panics
/// If lengths differ.
pub fn gain_curve(
    scores: &[f64],
    targets: &[f64],
    weights: Option<&[f64]>,
) -> Option<Vec<GainPoint>> {
    let above = ranked(scores, targets, weights)?;
    let last = *above.last().filter(|last| last.n_true > 0.0)?;
    let total = last.n_true + last.n_false;
    let point = |at: &Above| {
        let (share, gain) = ((at.n_true + at.n_false) / total, at.n_true / last.n_true);
        GainPoint { score: at.score, share, gain, lift: gain / share }
    };
    Some(above.iter().map(point).collect())
}
