//! Values to at most 255 bins a feature.
//!
//! In: a matrix, the rows that weigh anything and their weights. Out: a code (`u8`) a row and feature, column by column;
//! the raw threshold between two neighboring bins; for a category the bin of each level. Missing values have the bin
//! after the last.
//! Source: LightGBM's `GreedyFindBin` (Ke et al., LightGBM, 2017): distinct values where few, else bins of about equal
//! weight, values heavier than a bin alone in theirs.
//! Departures: zero has no bin of its own; mass is counted in weights, not rows; thresholds come from at most
//! 200,000 drawn rows, levels from all. Levels beyond the bins are pooled into the last one, and a level without a
//! training row is missing.
//! Cost: O(n log n) a feature, features in parallel. Checked against: exhaustive split search
//! (`tests/it/trees/growth.rs`).

use rayon::prelude::*;

use super::draws::{Draws, Purpose};
use crate::{FeatureKind, LearnError, Matrix};

/// Rows that thresholds are taken from, as in LightGBM.
const SAMPLE_ROWS: usize = 200_000;
/// The bin of a level that no training row has.
pub(super) const NO_BIN: u8 = u8::MAX;

/// How one feature is coded.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FeatureBins {
    /// Number: `thresholds[i]` parts bin `i` (at most it) from `i + 1`.
    pub(super) thresholds: Vec<f64>,
    /// Category: the bin of each level, or `NO_BIN`. Empty for a number.
    pub(super) level_bins: Vec<u8>,
    pub(super) is_category: bool,
    /// Bins of values; the missing bin is the next.
    pub(super) n_values: usize,
}

/// A coded matrix.
pub(super) struct Binned {
    pub(super) features: Vec<FeatureBins>,
    /// A code a row, a feature each.
    pub(super) codes: Vec<Vec<u8>>,
}

/// What to bin by.
#[derive(Clone, Copy)]
pub(super) struct BinOptions {
    pub(super) bins_max: u32,
    pub(super) bin_rows_min: u32,
    pub(super) seed: u64,
}

impl Binned {
    /// Codes of `features`; thresholds from `rows`. Levels keep the bins of `known` where it has them.
    pub(super) fn new(
        features: &Matrix,
        rows: &[u32],
        weights: &[f64],
        options: BinOptions,
        known: Option<&[Vec<u8>]>,
    ) -> Result<Self, LearnError> {
        let sample = sample(rows, options.seed);
        let coded: Vec<(FeatureBins, Vec<u8>)> = (0..features.n_features())
            .into_par_iter()
            .map(|feature| {
                let column = features.column(feature);
                let bins = match features.kinds()[feature] {
                    FeatureKind::Number => {
                        check_finite(feature, column)?;
                        number_bins(column, &sample, weights, options)
                    }
                    FeatureKind::Category { n_levels } => {
                        check_levels(feature, n_levels, column)?;
                        match known {
                            Some(known) => FeatureBins::of_levels(known[feature].clone()),
                            None => category_bins(column, n_levels, rows, weights, options),
                        }
                    }
                };
                let codes = column.iter().map(|value| bins.code(*value)).collect();
                Ok((bins, codes))
            })
            .collect::<Result<_, LearnError>>()?;
        let (features, codes) = coded.into_iter().unzip();
        Ok(Self { features, codes })
    }
}

fn sample(rows: &[u32], seed: u64) -> Vec<u32> {
    if rows.len() <= SAMPLE_ROWS {
        return rows.to_vec();
    }
    let mut draws = Draws::new(seed, Purpose::BinSample, [0, 0]);
    draws.choose(rows.len(), SAMPLE_ROWS).into_iter().map(|at| rows[at]).collect()
}

/// Refuses infinities: a threshold beside one has no meaning.
fn check_finite(feature: usize, column: &[f64]) -> Result<(), LearnError> {
    match column.iter().position(|value| value.is_infinite()) {
        None => Ok(()),
        Some(row) => Err(LearnError::Feature { row, column: feature, value: column[row] }),
    }
}

/// Refuses what is no level: neither missing nor a whole number below `n_levels`.
pub(super) fn check_levels(
    feature: usize,
    n_levels: u32,
    column: &[f64],
) -> Result<(), LearnError> {
    let odd = |value: &f64| {
        !(value.is_nan() || value.fract() == 0.0 && (0.0..f64::from(n_levels)).contains(value))
    };
    match column.iter().position(odd) {
        None => Ok(()),
        Some(row) => Err(LearnError::Level { row, column: feature, value: column[row], n_levels }),
    }
}

/// A level as index; only for checked values.
pub(super) fn level(value: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked level")]
    let level = value as usize;
    level
}

impl FeatureBins {
    fn of_levels(level_bins: Vec<u8>) -> Self {
        let used = level_bins.iter().filter(|bin| **bin != NO_BIN).max();
        let n_values = used.map_or(0, |bin| usize::from(*bin) + 1);
        Self { thresholds: Vec::new(), level_bins, is_category: true, n_values }
    }

    /// The bin of missing values; there may be none of them.
    pub(super) fn missing_bin(&self) -> u8 {
        u8::try_from(self.n_values).expect("254 bins of values at most")
    }

    /// The code of a value.
    fn code(&self, value: f64) -> u8 {
        if value.is_nan() {
            return self.missing_bin();
        }
        if self.is_category {
            let bin = self.level_bins[level(value)];
            return if bin == NO_BIN { self.missing_bin() } else { bin };
        }
        let bin = self.thresholds.partition_point(|threshold| *threshold < value);
        u8::try_from(bin).expect("254 bins of values at most")
    }
}

/// A value that occurs, and what it weighs.
struct Distinct {
    value: f64,
    weight: f64,
    n_rows: u32,
}

fn number_bins(column: &[f64], rows: &[u32], weights: &[f64], options: BinOptions) -> FeatureBins {
    let mut values: Vec<(f64, f64)> = rows
        .iter()
        .map(|&row| (column[row as usize], weights[row as usize]))
        .filter(|(value, _)| !value.is_nan())
        .collect();
    // Stable: weights of equal values are then added in row order.
    values.sort_by(|a, b| (a.0 + 0.0).total_cmp(&(b.0 + 0.0)));
    let distinct: Vec<Distinct> = values
        .chunk_by(|a, b| a.0 == b.0)
        .map(|equal| Distinct {
            value: equal[0].0,
            weight: equal.iter().map(|one| one.1).sum(),
            n_rows: u32::try_from(equal.len()).expect("rows are u32"),
        })
        .collect();
    let n_max = options.bins_max as usize - 1;
    let cuts = if distinct.len() <= n_max {
        cuts_between_all(&distinct, options.bin_rows_min)
    } else {
        cuts_by_weight(&distinct, n_max, options.bin_rows_min)
    };
    let thresholds: Vec<f64> =
        cuts.iter().map(|&cut| between(distinct[cut].value, distinct[cut + 1].value)).collect();
    let n_values = if distinct.is_empty() { 0 } else { thresholds.len() + 1 };
    FeatureBins { thresholds, level_bins: Vec::new(), is_category: false, n_values }
}

/// The middle, but at least `low` and below `high` whatever the rounding.
fn between(low: f64, high: f64) -> f64 {
    let middle = low / 2.0 + high / 2.0;
    if middle >= low && middle < high { middle } else { low }
}

/// Cuts after values; a bin is closed once it holds enough rows.
fn cuts_between_all(distinct: &[Distinct], rows_min: u32) -> Vec<usize> {
    let (mut cuts, mut n_rows) = (Vec::new(), 0);
    for (at, one) in distinct.iter().enumerate().take(distinct.len().saturating_sub(1)) {
        n_rows += one.n_rows;
        if n_rows >= rows_min {
            cuts.push(at);
            n_rows = 0;
        }
    }
    cuts
}

/// Cuts such that bins weigh about the same.
fn cuts_by_weight(distinct: &[Distinct], n_max: usize, rows_min: u32) -> Vec<usize> {
    let total: f64 = distinct.iter().map(|one| one.weight).sum();
    let heavy: Vec<bool> = distinct.iter().map(|one| one.weight >= total / n_max as f64).collect();
    let light = |(one, heavy): (&Distinct, &bool)| if *heavy { 0.0 } else { one.weight };
    let mut rest: f64 = distinct.iter().zip(&heavy).map(light).sum();
    let mut rest_bins = n_max - heavy.iter().filter(|heavy| **heavy).count();
    let mut mean = rest / rest_bins.max(1) as f64;
    let (mut cuts, mut weight, mut n_rows) = (Vec::new(), 0.0, 0);
    for at in 0..distinct.len() - 1 {
        if !heavy[at] {
            rest -= distinct[at].weight;
        }
        weight += distinct[at].weight;
        n_rows += distinct[at].n_rows;
        let full = heavy[at] || weight >= mean || heavy[at + 1] && weight >= mean / 2.0;
        if !full || n_rows < rows_min {
            continue;
        }
        cuts.push(at);
        if cuts.len() + 1 >= n_max {
            break;
        }
        (weight, n_rows) = (0.0, 0);
        if !heavy[at] {
            rest_bins = rest_bins.saturating_sub(1);
            mean = rest / rest_bins.max(1) as f64;
        }
    }
    cuts
}

/// Levels by falling weight; those beyond the bins share the last.
fn category_bins(
    column: &[f64],
    n_levels: u32,
    rows: &[u32],
    weights: &[f64],
    options: BinOptions,
) -> FeatureBins {
    let mut heaviness = vec![0.0; n_levels as usize];
    for &row in rows {
        let value = column[row as usize];
        if !value.is_nan() {
            heaviness[level(value)] += weights[row as usize];
        }
    }
    let mut order: Vec<usize> = (0..heaviness.len()).filter(|&at| heaviness[at] > 0.0).collect();
    order.sort_by(|&a, &b| heaviness[b].total_cmp(&heaviness[a]));
    let last = options.bins_max as usize - 2;
    let mut level_bins = vec![NO_BIN; heaviness.len()];
    for (rank, level) in order.into_iter().enumerate() {
        level_bins[level] = u8::try_from(rank.min(last)).expect("bins_max is at most 255");
    }
    FeatureBins::of_levels(level_bins)
}
