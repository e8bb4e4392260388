//! Where a model is weak: parts of the held-out rows with a larger loss than the rest.
//!
//! In: columns of held-out rows and a loss a row. Out: the ten parts that are worst beyond doubt: by the error less that of the
//! rest less two standard errors. A part is a level, or one of five ranges of about equal counts, with at least 30 rows.
//! Source: Chung, Kraska, Polyzotis, Tae and Whang, Slice finder, 2019 (level by level, part against the rest, Welch's
//! standard error). Departures: single columns only; no p-values: with so many parts looked at, some exceed two standard errors by
//! chance, and the report says how many were looked at.
//! Cost: O(rows) a column. Checked against: a world with one broken level, sums by hand (`tests/it/model_report.rs`).

use serde::{Deserialize, Serialize};

use super::views::{ValueBin, View};
use crate::Task;
use crate::roles::Kind;

/// Rows that a part must have.
const ROWS_MIN: u64 = 30;
/// Parts that are told.
const WORST: usize = 10;
/// Ranges of a column of numbers.
const RANGES: u32 = 5;
/// Levels that are looked at.
const LEVELS: usize = 50;

/// Where a model is weak.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WeakSlices {
    /// Held-out rows that were looked at.
    pub n_rows: usize,
    /// Parts that were looked at.
    pub n_slices: usize,
    /// Mean log loss of all those rows, or root of the mean squared error.
    pub error: f64,
    /// The worst first; only such as are worse than the rest.
    pub worst: Vec<WeakSlice>,
}

/// Rows of one level or range of one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeakSlice {
    /// The column.
    pub column: String,
    /// Its values.
    pub bin: ValueBin,
    /// Mean log loss, or root of the mean squared error.
    pub error: f64,
    /// The same of all other rows.
    pub error_rest: f64,
    /// Standard error of the difference of the two.
    pub standard_error: f64,
    /// Mean prediction (two classes: of class 1); not for several classes.
    pub mean_predicted: Option<f64>,
    /// What came true, the same way.
    pub mean_observed: Option<f64>,
}

/// Held-out rows and how wrong the model was.
pub(super) struct Judged<'j> {
    pub(super) task: Task,
    pub(super) losses: &'j [f64],
    pub(super) predictions: &'j [f64],
    pub(super) targets: &'j [f64],
    pub(super) weights: &'j [f64],
}

/// Sums over rows, by weight.
#[derive(Clone, Copy, Default)]
struct Sums {
    weight: f64,
    loss: f64,
    predicted: f64,
    observed: f64,
    n_rows: u64,
}

pub(super) fn weak(views: &[View], judged: &Judged<'_>) -> WeakSlices {
    let all: Vec<usize> = (0..judged.losses.len()).collect();
    let whole = judged.sums(&all);
    let mut found = WeakSlices {
        n_rows: all.len(),
        error: if whole.weight > 0.0 { judged.error(whole.mean()).0 } else { 0.0 },
        ..WeakSlices::default()
    };
    if !found.error.is_finite() {
        // Squared errors beyond every number cannot be compared, nor kept in a file.
        return WeakSlices::default();
    }
    let looked_at = |view: &&View| view.kind.is_used() && view.kind != Kind::Target;
    for view in views.iter().filter(looked_at) {
        let Some(cut) = view.cut(RANGES, LEVELS, all.len()) else { continue };
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); cut.bins.len()];
        cut.codes.iter().enumerate().for_each(|(row, bin)| members[*bin].push(row));
        for (at, (bin, inside)) in cut.bins.into_iter().zip(&members).enumerate() {
            let outside: Vec<usize> =
                all.iter().copied().filter(|row| cut.codes[*row] != at).collect();
            let (own, rest) = (judged.sums(inside), judged.sums(&outside));
            // One row is no rest to compare with.
            if own.n_rows < ROWS_MIN || rest.n_rows < ROWS_MIN {
                continue;
            }
            found.n_slices += 1;
            found.worst.extend(judged.slice(view, bin, (own, inside), (rest, &outside)));
        }
    }
    let doubt = |slice: &WeakSlice| slice.error - slice.error_rest - 2.0 * slice.standard_error;
    found.worst.sort_by(|a, b| {
        let names = || (&a.column, &a.bin.label).cmp(&(&b.column, &b.bin.label));
        doubt(b).total_cmp(&doubt(a)).then_with(names)
    });
    found.worst.truncate(WORST);
    found
}

impl Sums {
    fn mean(&self) -> f64 {
        self.loss / self.weight
    }
}

impl Judged<'_> {
    fn sums(&self, rows: &[usize]) -> Sums {
        let mut sums = Sums::default();
        let one_number = self.task.n_outputs() == 1;
        for row in rows.iter().copied().filter(|row| self.weights[*row] > 0.0) {
            let weight = self.weights[row];
            sums.n_rows += 1;
            sums.weight += weight;
            sums.loss += weight * self.losses[row];
            sums.observed += weight * self.targets[row];
            if one_number {
                sums.predicted += weight * self.predictions[row];
            }
        }
        sums
    }

    /// The error that is told for a mean loss, and by how much it moves with that.
    fn error(&self, mean: f64) -> (f64, f64) {
        match self.task {
            // The derivative of the root; a part without error has none.
            Task::Regression if mean > 0.0 => (mean.sqrt(), 0.5 / mean.sqrt()),
            _ => (mean, 1.0),
        }
    }

    /// Variance of a weighted mean loss.
    fn variance(&self, sums: &Sums, rows: &[usize]) -> f64 {
        let mean = sums.mean();
        let part = |row: &usize| (self.weights[*row] * (self.losses[*row] - mean)).powi(2);
        rows.iter().map(part).sum::<f64>() / sums.weight.powi(2)
    }

    fn slice(
        &self,
        view: &View,
        bin: ValueBin,
        (own, inside): (Sums, &[usize]),
        (rest, outside): (Sums, &[usize]),
    ) -> Option<WeakSlice> {
        let (error, slope) = self.error(own.mean());
        let (error_rest, slope_rest) = self.error(rest.mean());
        let variance = slope.powi(2) * self.variance(&own, inside)
            + slope_rest.powi(2) * self.variance(&rest, outside);
        let standard_error = variance.sqrt();
        // Beyond every number: a file could not hold it.
        if !(error > error_rest && error.is_finite() && standard_error.is_finite()) {
            return None;
        }
        let is_one = self.task.n_outputs() == 1;
        Some(WeakSlice {
            column: view.column.clone(),
            bin,
            error,
            error_rest,
            standard_error,
            mean_predicted: is_one.then(|| own.predicted / own.weight),
            mean_observed: is_one.then(|| own.observed / own.weight),
        })
    }
}
