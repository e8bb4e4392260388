//! Whether whole numbers are codes: asked of the target, where frequencies cannot tell.
//!
//! In: a column of whole numbers and the target. Out: the shares of the target's variance that are told out of fold by the
//! value itself and by its place on the scale, where the first is larger beyond doubt.
//! By the value: its mean target in the other folds, drawn to the mean of all by as many rows as the features of a category
//! are. By the place: the better of 64 bins of equal count, and of the seven values around and with its own.
//! Source: none. Departures from a test of levels against a smooth curve: both sides answer for rows that they have not seen,
//! so that many codes of few rows gain nothing by their number.
//! Cost: O(n log n), at most 50,000 rows evenly taken. Checked against: columns by hand (`tests/it/roles.rs`).

use super::leak::{FOLDS, binned, fold, one_output, sampled};
use super::target::Targets;

/// Rows that the mean of all counts for, as in the features of a category.
const SMOOTHING: f64 = 10.0;
/// Values to either side that are near.
const NEAR: usize = 3;
/// Share of the target's variance that codes must tell more of to be worth the change.
const GAIN_MIN: f64 = 0.01;
/// Standard errors by which they must be better, row by row.
const ERRORS_MIN: f64 = 3.0;

/// Sum and number of targets, of one set of rows.
#[derive(Clone, Copy, Default)]
struct Total {
    sum: f64,
    n: f64,
}

impl Total {
    fn plus(self, other: Self) -> Self {
        Self { sum: self.sum + other.sum, n: self.n + other.n }
    }

    fn mean(self, prior: f64, rows: f64) -> f64 {
        (self.sum + rows * prior) / (self.n + rows)
    }
}

/// Shares of variance told by the value, and by its place on the scale.
pub(super) fn told_by_code(numbers: &[f64], targets: &Targets) -> Option<(f64, f64)> {
    let outputs = one_output(targets);
    let rows = sampled(numbers.len()).into_iter().filter(|row| !numbers[*row].is_nan());
    let (x, y): (Vec<f64>, Vec<f64>) = rows.map(|row| (numbers[row], outputs[row])).unzip();
    let mut values = x.clone();
    values.sort_unstable_by(f64::total_cmp);
    values.dedup();
    let place = |value: &f64| values.partition_point(|known| known < value);
    let by_value: Vec<usize> = x.iter().map(place).collect();
    let by_bin: Vec<usize> = binned(&x).into_iter().map(|bin| bin as usize).collect();
    let prior = y.iter().sum::<f64>() / y.len().max(1) as f64;
    let errors = |codes: &[usize], near: usize, rows: f64| -> Vec<f64> {
        let told = other_folds(codes, &y, near);
        told.iter().zip(&y).map(|(told, y)| (told.mean(prior, rows) - y).powi(2)).collect()
    };
    let by_code = errors(&by_value, 0, SMOOTHING);
    let by_order = [errors(&by_bin, 0, 1.0), errors(&by_value, NEAR, 1.0)];
    if !by_order.iter().all(|order| is_better(&by_code, order)) {
        return None;
    }
    let spread: f64 = y.iter().map(|y| (y - prior).powi(2)).sum();
    let share = |errors: &[f64]| 1.0 - errors.iter().sum::<f64>() / spread;
    let order = by_order.iter().map(|errors| share(errors)).fold(0.0, f64::max);
    let code = share(&by_code);
    (spread > 0.0 && code >= order + GAIN_MIN).then_some((code, order))
}

/// Of each row, the targets of the other folds whose code is within `near` of its own.
fn other_folds(codes: &[usize], targets: &[f64], near: usize) -> Vec<Total> {
    let n_codes = codes.iter().max().map_or(0, |max| max + 1);
    let mut totals = vec![[Total::default(); FOLDS]; n_codes];
    for (row, (&code, &sum)) in codes.iter().zip(targets).enumerate() {
        let own = &mut totals[code][fold(row)];
        *own = own.plus(Total { sum, n: 1.0 });
    }
    let others = |code: usize, own: usize| {
        let around = &totals[code.saturating_sub(near)..(code + near + 1).min(n_codes)];
        let apart = around.iter().flat_map(|folds| folds.iter().enumerate());
        let apart = apart.filter(|(fold, _)| *fold != own);
        apart.fold(Total::default(), |all, (_, total)| all.plus(*total))
    };
    codes.iter().enumerate().map(|(row, &code)| others(code, fold(row))).collect()
}

/// Whether errors are smaller than others of the same rows, by more than chance.
fn is_better(errors: &[f64], others: &[f64]) -> bool {
    let n = errors.len() as f64;
    let gains = || errors.iter().zip(others).map(|(error, other)| other - error);
    let mean = gains().sum::<f64>() / n;
    let variance = gains().map(|gain| (gain - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    mean > ERRORS_MIN * (variance / n).sqrt()
}
