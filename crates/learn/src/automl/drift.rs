//! Whether a table changes from its earlier to its later rows.
//!
//! In: two parts of the rows. Out: a population stability index a column, `Σ (after − before) · ln(after / before)` over ten
//! ranges of about equal counts before, or levels, or missing; the most changed column first.
//! Source: Siddiqi, Credit risk scorecards, 2006, chapter 9 (below 0.1 no change, from 0.25 a large one); Yurdakul,
//! Statistical properties of the population stability index, 2018: without change its mean is `(bins − 1)(1/n + 1/m)`.
//! Departures: half a row is added to every bin, so that an empty one gives a number.
//! Cost: O(n log n) a column. Checked against: an index by hand (`tests/it/model_report.rs`).

use serde::{Deserialize, Serialize};

use super::model::Model;
use super::profile::{ROWS_MAX, sampled, views};
use super::views::View;
use crate::split::Split;
use crate::{Frame, LearnError};

/// Ranges of a column of numbers.
const RANGES: u32 = 10;
/// Levels with a bin of their own.
const LEVELS: usize = 24;

/// How a table changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Which rows are compared, in words.
    pub sentence: String,
    /// Rows before that were looked at.
    pub n_before: usize,
    /// Rows after.
    pub n_after: usize,
    /// The most changed column first.
    pub columns: Vec<ColumnDrift>,
}

/// How one column changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnDrift {
    /// Its name.
    pub column: String,
    /// Population stability index.
    pub stability_index: f64,
    /// Its mean where nothing changes but the draw.
    pub by_chance: f64,
    /// The bin whose share moved most.
    pub moved: String,
    /// Its share before.
    pub share_before: f64,
    /// Its share after.
    pub share_after: f64,
}

/// Rows before and after: the last split where time or one split says so, else halves of the table.
pub(super) fn drift(
    model: &Model,
    frame: &Frame,
    targets: &[f64],
    (splits, is_by_time): (&[Split], bool),
) -> Result<Drift, LearnError> {
    let half = frame.n_rows() / 2;
    let (before, after, sentence) = match splits.last() {
        Some(last) if is_by_time || splits.len() == 1 => {
            let what = if is_by_time {
                "the earlier rows that the last fold trains on, and the later ones it holds out"
            } else {
                "rows that were trained on, and those held out"
            };
            (last.train.clone(), last.validation.clone(), what)
        }
        _ => {
            let all = sampled(frame.n_rows(), usize::MAX, 0);
            let (before, after) = all.split_at(half);
            (
                before.to_vec(),
                after.to_vec(),
                "the first and the second half of the table, in its order",
            )
        }
    };
    let seed = model.provenance.options.seed;
    let pick = |rows: &[u32], seed: u64| -> Vec<u32> {
        sampled(rows.len(), ROWS_MAX / 2, seed).iter().map(|at| rows[*at as usize]).collect()
    };
    let (mut rows, after) = (pick(&before, seed ^ 3), pick(&after, seed ^ 4));
    let n_before = rows.len();
    rows.extend(&after);
    let mut found = Drift {
        sentence: sentence.to_owned(),
        n_before,
        n_after: after.len(),
        columns: Vec::new(),
    };
    if n_before > 0 && !after.is_empty() {
        let views = views(model, frame, targets, &rows)?;
        found.columns = views.iter().filter_map(|view| column(view, n_before)).collect();
        found.columns.sort_by(|a, b| b.stability_index.total_cmp(&a.stability_index));
    }
    Ok(found)
}

fn column(view: &View, n_before: usize) -> Option<ColumnDrift> {
    let cut = view.cut(RANGES, LEVELS, n_before)?;
    let mut counts = vec![(0.0, 0.0); cut.bins.len()];
    for (row, bin) in cut.codes.iter().enumerate() {
        let (before, after) = &mut counts[*bin];
        *(if row < n_before { before } else { after }) += 1.0;
    }
    let (n, m) = (n_before as f64, (cut.codes.len() - n_before) as f64);
    let part = |(before, after): &(f64, f64)| {
        let half = 0.5 * counts.len() as f64;
        let (before, after) = ((before + 0.5) / (n + half), (after + 0.5) / (m + half));
        (after - before) * (after / before).ln()
    };
    let moved = |(before, after): &(f64, f64)| (after / m - before / n).abs();
    let most = (0..counts.len())
        .fold(0, |best, at| if moved(&counts[at]) > moved(&counts[best]) { at } else { best });
    Some(ColumnDrift {
        column: view.column.clone(),
        stability_index: counts.iter().map(part).sum(),
        by_chance: (counts.len() - 1) as f64 * (1.0 / n + 1.0 / m),
        moved: cut.bins[most].label.clone(),
        share_before: counts[most].0 / n,
        share_after: counts[most].1 / m,
    })
}
