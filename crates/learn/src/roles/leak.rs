//! How well one column alone tells the target: a column that tells it almost perfectly was written after it.
//!
//! In: a column as codes (levels, or 64 bins of equal count) and the target. Out: the area under the curve of the
//! target's mean a code, learned on four of five parts and asked on the fifth; for several classes that of the class
//! which is told worst; for a regression the share of variance told, or the squared rank correlation of numbers.
//! Source: none; AutoML systems check the like on the training rows, where a unique code always looks perfect.
//! Cost: O(n log n) a column, at most 50,000 rows evenly taken. Checked against: columns by hand (`tests/it/roles.rs`).

use std::collections::BTreeMap;

use super::target::Targets;
use crate::Task;

/// Rows looked at.
const ROWS_MAX: usize = 50_000;
pub(super) const FOLDS: usize = 5;
const BINS: usize = 64;
/// Rows of each class below which nothing is said.
const ROWS_PER_CLASS: usize = 10;

/// How well the codes tell the target out of fold, 0 to 1; `None` where there is too little to say.
pub(super) fn told(codes: &[u32], targets: &Targets) -> Option<f64> {
    let rows = sampled(codes.len());
    let n_codes =
        codes.iter().filter(|code| **code != u32::MAX).max().map_or(0, |max| *max as usize + 1);
    // Missing values are a code of their own.
    let codes: Vec<usize> = rows.iter().map(|&row| (codes[row] as usize).min(n_codes)).collect();
    let values: Vec<f64> = rows.iter().map(|&row| targets.values[row]).collect();
    let one = |class: f64| {
        let is: Vec<bool> = values.iter().map(|value| *value == class).collect();
        let n_true = is.iter().filter(|is| **is).count();
        if n_true < ROWS_PER_CLASS || is.len() - n_true < ROWS_PER_CLASS {
            return None;
        }
        let numbers: Vec<f64> = is.iter().map(|is| f64::from(u8::from(*is))).collect();
        crate::auc(&out_of_fold(&codes, n_codes + 1, &numbers), &is)
    };
    match targets.task {
        Task::Binary => one(1.0),
        Task::Multiclass { n_classes } => {
            let told = (0..n_classes).filter_map(|class| one(f64::from(class)));
            told.fold(None, |worst: Option<f64>, auc| {
                Some(worst.map_or(auc, |worst| worst.min(auc)))
            })
        }
        Task::Regression if values.len() < 2 * ROWS_PER_CLASS => None,
        Task::Regression => variance_told(&out_of_fold(&codes, n_codes + 1, &values), &values),
    }
}

/// Whether each value of the column goes with one class only, and there are no more values than classes: the class under another
/// name. Rare classes show it, too. `None` counts as a value.
pub(super) fn mirrors(codes: &[u32], targets: &Targets) -> bool {
    let n_classes = targets.classes.len();
    if n_classes < 2 || codes.len() < 5 * ROWS_PER_CLASS {
        return false;
    }
    let mut class_of: BTreeMap<u32, f64> = BTreeMap::new();
    let one_each = codes.iter().zip(&targets.values).all(|(code, class)| {
        class_of.len() <= n_classes && *class_of.entry(*code).or_insert(*class) == *class
    });
    one_each && class_of.len() <= n_classes
}

/// Square of the rank correlation of two columns of numbers over rows that know both; `None` for fewer than 20.
pub(super) fn rank_agreement(numbers: &[f64], targets: &[f64]) -> Option<f64> {
    let rows = sampled(numbers.len());
    let known: Vec<usize> = rows.into_iter().filter(|row| !numbers[*row].is_nan()).collect();
    if known.len() < 2 * ROWS_PER_CLASS {
        return None;
    }
    let of = |values: &[f64]| ranks(&known.iter().map(|&row| values[row]).collect::<Vec<_>>());
    squared_correlation(&of(numbers), &of(targets))
}

/// Standard deviations below what no order gives that chance reaches once in a hundred, and once in 30,000.
pub(super) const ONCE_IN_A_HUNDRED: f64 = 2.33;
pub(super) const NEVER_BY_CHANCE: f64 = 4.0;

/// How large the steps of the mean target from value to next are, squared and relative to those in random order, where
/// that is smaller than chance allows, by so many standard deviations: near 1 for codes, near 0 for amounts that the target
/// follows (von Neumann's ratio, weighted by rows; its normal approximation). `None` for codes, and for fewer than 6 values.
pub(super) fn orderly_steps(numbers: &[f64], targets: &Targets, deviations: f64) -> Option<f64> {
    let values = one_output(targets);
    let mut rows: Vec<(f64, f64)> =
        numbers.iter().copied().zip(values).filter(|row| !row.0.is_nan()).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let levels = rows.chunk_by(|a, b| a.0 == b.0);
    let levels = levels.map(|rows| (rows.len() as f64, rows.iter().map(|row| row.1).sum::<f64>()));
    let levels: Vec<(f64, f64)> = levels.map(|(n, sum)| (n, sum / n)).collect();
    let n: f64 = levels.iter().map(|level| level.0).sum();
    let mean = levels.iter().map(|level| level.0 * level.1).sum::<f64>() / n;
    let spread = levels.iter().map(|level| level.0 * (level.1 - mean).powi(2)).sum::<f64>() / n;
    let (mut steps, mut weights) = (0.0, 0.0);
    for pair in levels.windows(2) {
        let weight = pair[0].0 * pair[1].0 / (pair[0].0 + pair[1].0);
        steps += weight * (pair[1].1 - pair[0].1).powi(2);
        weights += weight;
    }
    let k = levels.len() as f64;
    let limit = 1.0 - deviations * ((k - 2.0) / (k * k - 1.0)).sqrt();
    let ratio = steps / weights / (2.0 * spread);
    (levels.len() >= 6 && spread > 0.0 && ratio < limit).then_some(ratio)
}

/// The target as one number a row: of several classes, whether it is the most frequent.
pub(super) fn one_output(targets: &Targets) -> Vec<f64> {
    let Task::Multiclass { n_classes } = targets.task else { return targets.values.clone() };
    let count = |class: &u32| targets.values.iter().filter(|v| **v == f64::from(*class)).count();
    // The first of equally frequent ones, whatever the rows' order.
    let most = (0..n_classes).rev().max_by_key(count).map_or(0.0, f64::from);
    targets.values.iter().map(|value| f64::from(u8::from(*value == most))).collect()
}

/// Bins of equal count as codes; `u32::MAX` for NaN.
pub(super) fn binned(numbers: &[f64]) -> Vec<u32> {
    let mut known: Vec<f64> = numbers.iter().copied().filter(|value| !value.is_nan()).collect();
    known.sort_unstable_by(f64::total_cmp);
    let mut edges: Vec<f64> =
        (1..BINS).filter_map(|bin| known.get(bin * known.len() / BINS).copied()).collect();
    edges.dedup();
    let bin = |value: &f64| {
        let at = edges.partition_point(|edge| edge <= value);
        if value.is_nan() { u32::MAX } else { u32::try_from(at).expect("at most 64 bins") }
    };
    numbers.iter().map(bin).collect()
}

pub(super) fn sampled(n_rows: usize) -> Vec<usize> {
    let kept = n_rows.min(ROWS_MAX);
    (0..kept).map(|at| at * n_rows / kept.max(1)).collect()
}

/// The fold of a row, by a scrambled position, so that neither order nor period of the rows shows in the folds.
pub(super) fn fold(row: usize) -> usize {
    let mixed = (row as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from((mixed ^ (mixed >> 31)) % FOLDS as u64).expect("below 5")
}

/// Mean of the target over the other folds' rows of the same code, drawn a little to the mean of all.
fn out_of_fold(codes: &[usize], n_codes: usize, values: &[f64]) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let mut all = vec![(0.0, 0.0); n_codes];
    let mut folds = vec![vec![(0.0, 0.0); n_codes]; FOLDS];
    for (row, (&code, &value)) in codes.iter().zip(values).enumerate() {
        for sum in [&mut all[code], &mut folds[fold(row)][code]] {
            *sum = (sum.0 + value, sum.1 + 1.0);
        }
    }
    let told = |(row, &code): (usize, &usize)| {
        let (own, all) = (folds[fold(row)][code], all[code]);
        (all.0 - own.0 + 0.1 * mean) / (all.1 - own.1 + 0.1)
    };
    codes.iter().enumerate().map(told).collect()
}

fn variance_told(told: &[f64], values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let spread: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let left: f64 = values.iter().zip(told).map(|(value, told)| (value - told).powi(2)).sum();
    (spread > 0.0).then(|| (1.0 - left / spread).max(0.0))
}

/// Mean rank of each value, ties half.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for tied in order.chunk_by(|a, b| values[*a] == values[*b]) {
        tied.iter().for_each(|&row| ranks[row] = start as f64 + (tied.len() - 1) as f64 / 2.0);
        start += tied.len();
    }
    ranks
}

fn squared_correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let n = a.len() as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        (ab, aa, bb) = (ab + a * b, aa + a * a, bb + b * b);
    }
    (aa > 0.0 && bb > 0.0).then(|| ab * ab / (aa * bb))
}
