//! What the table holds, and how many rows each fold trains on.
//!
//! In: rows of the table, at most [`ROWS_MAX`], drawn by the seed. Out: a [`ColumnProfile`] a column.
//! Cost: O(n log n) a column. Checked against: counts by hand (`tests/it/model_report.rs`).

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::model::Model;
use super::views::{BinKind, Measure, ValueBin, View, Viewed, shown};
use crate::quantiles::{ascending, quantile};
use crate::roles::Kind;
use crate::split::Split;
use crate::{Frame, LearnError};

/// Rows that a report looks at.
pub(super) const ROWS_MAX: usize = 20_000;
/// Bars of a histogram.
const BARS: usize = 20;
/// Levels with a bar of their own.
const LEVELS_MAX: usize = 12;

/// What the table holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataProfile {
    /// Rows that were looked at: all of them, or a sample.
    pub n_rows: usize,
    /// In the order of the table.
    pub columns: Vec<ColumnProfile>,
}

/// What one column holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// Its name.
    pub column: String,
    /// What its numbers measure.
    pub measure: Measure,
    /// Rows without a value that can be read.
    pub n_missing: u64,
    /// Distinct values (of a text: lengths).
    pub n_distinct: u64,
    /// Smallest, first quartile, median, third quartile, largest; of numbers.
    pub quartiles: Option<[f64; 5]>,
    /// Twenty ranges of equal width, or the most frequent levels.
    pub bars: Vec<ValueBin>,
}

/// Rows of one fold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FoldSize {
    /// Rows that learners were fitted to.
    pub n_train: usize,
    /// Rows that were held out.
    pub n_held: usize,
    /// The former by class; empty for numbers.
    pub train_by_class: Vec<u64>,
    /// The latter by class.
    pub held_by_class: Vec<u64>,
}

/// So many of `0..n_rows` at most, ascending.
pub(super) fn sampled(n_rows: usize, n_max: usize, seed: u64) -> Vec<u32> {
    let mut rows: Vec<u32> =
        (0..n_rows).map(|row| u32::try_from(row).expect("rows are u32")).collect();
    if n_rows > n_max {
        rows.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        rows.truncate(n_max);
        rows.sort_unstable();
    }
    rows
}

/// All columns of some rows as they are shown, in the order of the roles.
pub(super) fn views(
    model: &Model,
    frame: &Frame,
    targets: &[f64],
    rows: &[u32],
) -> Result<Vec<View>, LearnError> {
    let part = frame.take(rows);
    let view = |role: &crate::Role| {
        if role.kind == Kind::Target {
            let own: Vec<f64> = rows.iter().map(|row| targets[*row as usize]).collect();
            return Ok(View::target(&model.targets, &own));
        }
        if role.kind == Kind::Unread {
            return Ok(View::unread(role, rows.len()));
        }
        View::of(role, part.column(&role.column)?)
    };
    model.roles().iter().map(view).collect()
}

pub(super) fn profile(
    model: &Model,
    frame: &Frame,
    targets: &[f64],
) -> Result<DataProfile, LearnError> {
    let rows = sampled(frame.n_rows(), ROWS_MAX, model.provenance.options.seed ^ 2);
    let views = views(model, frame, targets, &rows)?;
    Ok(DataProfile { n_rows: rows.len(), columns: views.iter().map(column).collect() })
}

fn column(view: &View) -> ColumnProfile {
    let mut found = ColumnProfile {
        column: view.column.clone(),
        measure: view.measure,
        ..ColumnProfile::default()
    };
    match &view.values {
        Viewed::Numbers(values) => {
            let sorted = ascending(values, &vec![1.0; values.len()]);
            found.n_missing = values.iter().filter(|value| value.is_nan()).count() as u64;
            found.n_distinct = sorted.len() as u64;
            if let (Some(first), Some(last)) = (sorted.first(), sorted.last()) {
                let [low, middle, high] = [0.25, 0.5, 0.75].map(|share| quantile(&sorted, share));
                found.quartiles = Some([first.0, low, middle, high, last.0]);
                found.bars = histogram(values, first.0, last.0, view.measure);
            }
        }
        Viewed::Levels { codes, .. } => {
            let mut seen: Vec<u32> = codes.iter().copied().filter(|c| *c != u32::MAX).collect();
            found.n_missing = (codes.len() - seen.len()) as u64;
            seen.sort_unstable();
            seen.dedup();
            found.n_distinct = seen.len() as u64;
            found.bars =
                view.cut(1, LEVELS_MAX, codes.len()).map(|cut| cut.bins).unwrap_or_default();
            found.bars.retain(|bar| bar.kind != BinKind::Missing);
        }
        Viewed::Hidden { n_distinct, missing } => {
            found.n_missing = missing.iter().filter(|missing| **missing).count() as u64;
            found.n_distinct = *n_distinct;
        }
    }
    found
}

/// Counts in ranges of equal width; the last holds its end.
pub(super) fn histogram(values: &[f64], min: f64, max: f64, measure: Measure) -> Vec<ValueBin> {
    let n_bars = if min < max { BARS } else { 1 };
    let mut counts = vec![0_u64; n_bars];
    // Halves, so that the width of the widest table is a number.
    let width = max / 2.0 - min / 2.0;
    for value in values.iter().filter(|value| !value.is_nan()) {
        let share = if width > 0.0 { (value / 2.0 - min / 2.0) / width } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, reason = "a share of the bars")]
        #[expect(clippy::cast_sign_loss, reason = "at least the smallest")]
        let at = (share * n_bars as f64) as usize;
        counts[at.min(n_bars - 1)] += 1;
    }
    let edge = |at: usize| {
        // Twice the half, one after the other: their sum alone may be beyond every number.
        let half = width * (at as f64 / n_bars as f64);
        if at == n_bars { max } else { min + half + half }
    };
    let bar = |(at, count): (usize, u64)| ValueBin {
        kind: BinKind::Range,
        label: format!("{} to {}", shown(edge(at), measure), shown(edge(at + 1), measure)),
        lower: Some(edge(at)),
        upper: Some(edge(at + 1)),
        count,
    };
    counts.into_iter().enumerate().map(bar).collect()
}

/// Rows of every fold, by class where there are `n_classes`.
pub(super) fn fold_sizes(splits: &[Split], targets: &[f64], n_classes: usize) -> Vec<FoldSize> {
    let by_class = |rows: &[u32]| {
        let mut counts = vec![0_u64; n_classes];
        if n_classes > 0 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "classes are small whole numbers"
            )]
            rows.iter().for_each(|row| counts[targets[*row as usize] as usize] += 1);
        }
        counts
    };
    let size = |split: &Split| FoldSize {
        n_train: split.train.len(),
        n_held: split.validation.len(),
        train_by_class: by_class(&split.train),
        held_by_class: by_class(&split.validation),
    };
    splits.iter().map(size).collect()
}
