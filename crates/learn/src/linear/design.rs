//! Columns that coordinate descent moves along: dense numbers, sparse levels.

use serde::{Deserialize, Serialize};

use super::fit::NumberCoding;
use crate::schema::level;
use crate::work::{Step, Work};
use crate::{FeatureKind, Matrix, quantiles};

/// A column that varies by less than this share of its size holds rounding, not information.
const VARIATION_MIN: f64 = 1e-12;

/// How a feature becomes columns; fitted to training rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Coding {
    Number {
        /// Stands in for a missing value: the median.
        fill: f64,
        center: f64,
        /// 0 where the number itself is no column.
        scale: f64,
        /// Where bins after the first begin; empty where bins are no columns.
        starts: Vec<f64>,
    },
    Category {
        n_levels: u32,
    },
}

/// What a column says about a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Standardized number.
    Slope,
    /// Whether the number lies in this bin.
    Bin(u32),
    /// Whether the number is missing.
    Missing,
    /// Whether the category is this level.
    Level(u32),
}

/// One column.
pub(super) struct Column {
    pub(super) feature: usize,
    pub(super) part: Part,
    pub(super) entries: Entries,
}

pub(super) enum Entries {
    /// A number a row.
    Dense(Vec<f64>),
    /// Rows that hold 1, ascending; all others hold 0.
    Ones(Vec<u32>),
}

impl Entries {
    /// Counts so many passes over the entries.
    pub(super) fn count(&self, work: &mut Work, n_passes: usize) {
        match self {
            Self::Dense(x) => work.count(Step::Dense, n_passes * x.len()),
            Self::Ones(rows) => work.count(Step::Sparse, n_passes * rows.len()),
        }
    }

    /// `Σ x · values`.
    pub(super) fn dot(&self, values: &[f64]) -> f64 {
        match self {
            Self::Dense(x) => dot(x, values),
            Self::Ones(rows) => rows.iter().map(|row| values[*row as usize]).sum(),
        }
    }

    /// `values += factor · x`.
    pub(super) fn add_to(&self, factor: f64, values: &mut [f64]) {
        match self {
            Self::Dense(x) => values.iter_mut().zip(x).for_each(|(v, x)| *v += factor * x),
            Self::Ones(rows) => rows.iter().for_each(|row| values[*row as usize] += factor),
        }
    }

    /// `values += factor · x · weights`.
    pub(super) fn add_weighed_to(&self, factor: f64, weights: &[f64], values: &mut [f64]) {
        match self {
            Self::Dense(x) => {
                let rows = values.iter_mut().zip(x).zip(weights);
                rows.for_each(|((value, x), weight)| *value += factor * x * weight);
            }
            Self::Ones(rows) => {
                for row in rows {
                    values[*row as usize] += factor * weights[*row as usize];
                }
            }
        }
    }

    /// `Σ weight · x` and `Σ weight · x²`.
    pub(super) fn moments(&self, weights: &[f64]) -> (f64, f64) {
        let sum = self.dot(weights);
        match self {
            Self::Dense(x) => (sum, weighed_square(x, weights)),
            Self::Ones(_) => (sum, sum),
        }
    }
}

/// In eight strands: a fixed order that the compiler can keep in vectors.
fn strands(n: usize, term: impl Fn(usize) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    let whole = n / 8 * 8;
    for start in (0..whole).step_by(8) {
        for (strand, sum) in sums.iter_mut().enumerate() {
            *sum += term(start + strand);
        }
    }
    let rest: f64 = (whole..n).map(&term).sum();
    sums.iter().sum::<f64>() + rest
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (&a[..a.len()], &b[..a.len()]);
    strands(a.len(), |at| a[at] * b[at])
}

fn weighed_square(x: &[f64], weights: &[f64]) -> f64 {
    let weights = &weights[..x.len()];
    strands(x.len(), |at| weights[at] * x[at] * x[at])
}

/// All columns, a feature's together.
pub(super) struct Design {
    pub(super) n_rows: usize,
    pub(super) columns: Vec<Column>,
}

/// Fits the coding of every feature.
pub(super) fn codings(features: &Matrix, weights: &[f64], numbers: NumberCoding) -> Vec<Coding> {
    let of = |(feature, kind): (usize, &FeatureKind)| match *kind {
        FeatureKind::Category { n_levels } => Coding::Category { n_levels },
        FeatureKind::Number => number_coding(features.column(feature), weights, numbers),
    };
    features.kinds().iter().enumerate().map(of).collect()
}

fn number_coding(values: &[f64], weights: &[f64], numbers: NumberCoding) -> Coding {
    let ascending = quantiles::ascending(values, weights);
    let fill = quantiles::quantile(&ascending, 0.5);
    let (linear, n_bins) = match numbers {
        NumberCoding::Linear => (true, 0),
        NumberCoding::Bins { n_bins } => (false, n_bins),
        NumberCoding::LinearAndBins { n_bins } => (true, n_bins),
    };
    let starts = if n_bins > 1 { quantiles::bin_starts(&ascending, n_bins) } else { Vec::new() };
    let value = |row: usize| if values[row].is_nan() { fill } else { values[row] };
    let total: f64 = weights.iter().sum();
    let center = (0..values.len()).map(|row| weights[row] / total * value(row)).sum::<f64>();
    let square = |row: usize| weights[row] / total * (value(row) - center).powi(2);
    let deviation = (0..values.len()).map(square).sum::<f64>().sqrt();
    let size = ascending.first().map_or(0.0, |case| case.0.abs());
    let size = ascending.last().map_or(size, |case| size.max(case.0.abs()));
    let varies = deviation > size * VARIATION_MIN && deviation > 1e-150;
    Coding::Number { fill, center, scale: if linear && varies { deviation } else { 0.0 }, starts }
}

impl Design {
    /// The columns of these rows; a column that does not vary is left out.
    pub(super) fn new(features: &Matrix, codings: &[Coding]) -> Self {
        let n_rows = features.n_rows();
        let mut columns = Vec::new();
        for (feature, coding) in codings.iter().enumerate() {
            let values = features.column(feature);
            let parts: Vec<(Part, Entries)> = match coding {
                Coding::Category { n_levels } => {
                    let levels =
                        grouped(values, *n_levels + 1, |value| Some(level(value, *n_levels)));
                    levels.into_iter().map(|(at, rows)| (Part::Level(at), rows)).collect()
                }
                Coding::Number { fill, center, scale, starts } => {
                    number_columns(values, *fill, *center, *scale, starts)
                }
            };
            let varies = |entries: &Entries| match entries {
                Entries::Dense(_) => true,
                Entries::Ones(rows) => !rows.is_empty() && rows.len() < n_rows,
            };
            let parts = parts.into_iter().filter(|(_, entries)| varies(entries));
            columns.extend(parts.map(|(part, entries)| Column { feature, part, entries }));
        }
        Self { n_rows, columns }
    }
}

fn number_columns(
    values: &[f64],
    fill: f64,
    center: f64,
    scale: f64,
    starts: &[f64],
) -> Vec<(Part, Entries)> {
    let mut parts = Vec::new();
    if scale > 0.0 {
        let filled = values.iter().map(|value| if value.is_nan() { fill } else { *value });
        let dense = filled.map(|value| (value - center) / scale).collect();
        parts.push((Part::Slope, Entries::Dense(dense)));
    }
    if !starts.is_empty() {
        let n_bins = bin_count(starts);
        let bins = grouped(values, n_bins, |value| (!value.is_nan()).then(|| bin(starts, value)));
        parts.extend(bins.into_iter().map(|(at, rows)| (Part::Bin(at), rows)));
    }
    let missing = grouped(values, 1, |value| value.is_nan().then_some(0));
    parts.extend(missing.into_iter().map(|(_, rows)| (Part::Missing, rows)));
    parts
}

fn bin_count(starts: &[f64]) -> u32 {
    u32::try_from(starts.len() + 1).expect("the number of bins is asked for as u32")
}

/// The bin of a number.
pub(super) fn bin(starts: &[f64], value: f64) -> u32 {
    let at = starts.partition_point(|start| *start <= value);
    u32::try_from(at).expect("the number of bins is asked for as u32")
}

/// Rows by the group of their value, groups that occur.
fn grouped(
    values: &[f64],
    n_groups: u32,
    group: impl Fn(f64) -> Option<u32>,
) -> Vec<(u32, Entries)> {
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); n_groups as usize];
    for (row, value) in (0_u32..).zip(values) {
        if let Some(group) = group(*value) {
            rows[group as usize].push(row);
        }
    }
    let present = (0_u32..).zip(rows).filter(|(_, rows)| !rows.is_empty());
    present.map(|(group, rows)| (group, Entries::Ones(rows))).collect()
}
