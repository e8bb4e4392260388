//! Raw values to small whole numbers that a model's tests compare: the number of its thresholds below them.
//!
//! `value <= thresholds[i]` says the same as `rank <= i`, for every value of every row. Ranks fit the registers of the
//! processor four at a time, and each threshold is looked at once a value instead of once a tree.

use super::binning::NO_BIN;
use super::model::{TreeModel, bin_of};
use crate::Matrix;

/// Rows that are handled side by side.
pub(super) const LANES: usize = 16;
/// The rank of a missing number; other ranks are 0 or more.
pub(super) const MISSING: i32 = -1;
/// The rank of a missing category.
pub(super) const MISSING_LEVEL: i32 = NO_BIN as i32;

/// The thresholds of a model, a feature each, ascending and each once; none for a category.
pub(super) fn thresholds(model: &TreeModel) -> Vec<Vec<f64>> {
    let mut all = vec![Vec::new(); model.n_features()];
    let nodes = model.trees.iter().flat_map(|tree| &tree.nodes);
    for node in nodes.filter(|node| node.set.is_none()) {
        all[node.feature as usize].push(node.threshold);
    }
    for thresholds in &mut all {
        thresholds.sort_unstable_by(f64::total_cmp);
        // By value: -0 and 0 are the same threshold.
        thresholds.dedup_by(|a, b| a == b);
    }
    all
}

/// Places of numbers among the thresholds of a model.
pub(super) struct Ranks {
    thresholds: Vec<Vec<f64>>,
}

impl Ranks {
    pub(super) fn new(model: &TreeModel) -> Self {
        Self { thresholds: thresholds(model) }
    }

    /// The place of one of the model's thresholds.
    pub(super) fn of_threshold(&self, feature: usize, threshold: f64) -> i32 {
        let below = self.thresholds[feature].partition_point(|one| *one < threshold);
        i32::try_from(below).expect("nodes of a model are fewer than 2^31")
    }

    /// The rank of a value; `MISSING` for NaN.
    #[inline]
    fn of_number(&self, feature: usize, value: f64) -> i32 {
        if value.is_nan() {
            return MISSING;
        }
        let below = self.thresholds[feature].partition_point(|threshold| *threshold < value);
        #[expect(clippy::cast_possible_truncation, reason = "as many as nodes, checked to fit")]
        let rank = below as i32;
        rank
    }

    /// Ranks of one feature for the rows from `begin` on; lanes beyond the last row repeat it.
    pub(super) fn lanes<const N: usize>(
        &self,
        model: &TreeModel,
        features: &Matrix,
        feature: usize,
        begin: usize,
    ) -> [i32; N] {
        let column = features.column(feature);
        let last = column.len() - 1;
        let mut ranks = [0; N];
        let level_bins = &model.level_bins[feature];
        for (lane, rank) in ranks.iter_mut().enumerate() {
            let value = column[(begin + lane).min(last)];
            *rank = if level_bins.is_empty() {
                self.of_number(feature, value)
            } else {
                i32::from(bin_of(level_bins, value))
            };
        }
        ranks
    }
}
