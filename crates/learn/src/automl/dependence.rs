//! What values of a column do to the margin.
//!
//! In: contributions of the rows that importance was measured on. Out: their mean by level, or by ten ranges of about equal
//! counts, for the five most important columns.
//! Source: Lundberg et al., From local explanations to global understanding, 2020 (SHAP dependence). Departures: means with
//! counts instead of a point a row, so that no row can be read out of a model file.
//! Cost: O(sample) a column. Checked against: means by hand (`tests/it/model_report.rs`).

use serde::{Deserialize, Serialize};

use super::assess::ColumnImportance;
use super::model::{Explanation, Model};
use super::views::{Measure, ValueBin, View};
use crate::{Frame, LearnError};

/// Columns that are told.
const COLUMNS: usize = 5;
/// Ranges of a column of numbers.
const RANGES: u32 = 10;
/// Levels with a mean of their own.
const LEVELS: usize = 12;

/// What values of one column do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dependence {
    /// The column.
    pub column: String,
    /// What its numbers measure.
    pub measure: Measure,
    /// By range or level.
    pub bins: Vec<DependenceBin>,
}

/// What some values do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DependenceBin {
    /// The values.
    pub bin: ValueBin,
    /// Mean contribution to the margin, one an output.
    pub contributions: Vec<f64>,
}

pub(super) fn dependence(
    model: &Model,
    frame: &Frame,
    rows: &[u32],
    (importance, explanation): (&[ColumnImportance], &Explanation),
) -> Result<Vec<Dependence>, LearnError> {
    let part = frame.take(rows);
    let mut found = Vec::new();
    for important in importance.iter().filter(|row| row.contribution > 0.0) {
        // Several columns together, as the time from one date to another, have no values of their own.
        let Some(role) = model.roles().iter().find(|role| role.column == important.column) else {
            continue;
        };
        let Some(at) = explanation.sources.iter().position(|own| own[..] == [role.column.clone()])
        else {
            continue;
        };
        let view = View::of(role, part.column(&role.column)?)?;
        let Some(cut) = view.cut(RANGES, LEVELS, rows.len()) else { continue };
        let n_outputs = explanation.contributions.n_outputs();
        let mut sums = vec![vec![0.0; n_outputs]; cut.bins.len()];
        for (row, bin) in cut.codes.iter().enumerate() {
            for (output, sum) in sums[*bin].iter_mut().enumerate() {
                *sum += explanation.contributions.of(row, output)[at];
            }
        }
        let mean = |(bin, sums): (ValueBin, Vec<f64>)| {
            let n = bin.count as f64;
            DependenceBin { bin, contributions: sums.into_iter().map(|sum| sum / n).collect() }
        };
        let bins = cut.bins.into_iter().zip(sums).map(mean).collect();
        found.push(Dependence { column: view.column, measure: view.measure, bins });
        if found.len() == COLUMNS {
            break;
        }
    }
    Ok(found)
}
