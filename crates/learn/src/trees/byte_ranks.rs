//! [`Ranks`](super::ranks::Ranks) of one byte, for scoring alone.
//!
//! `value <= thresholds[i]` says the same as `rank <= i`, for every value of every row. Sixteen ranks fit a register of any
//! 64-bit processor, and each threshold is looked at once a value instead of once a tree. Fits have at most 254 thresholds a feature.

use super::binning::NO_BIN;
use super::model::{TreeModel, bin_of};
use super::ranks::thresholds;
use crate::Matrix;

/// Rows that are handled side by side.
pub(super) const LANES: usize = 64;
/// The bin of a missing category.
pub(super) const MISSING_LEVEL: usize = NO_BIN as usize;

/// A count of thresholds, or a bin, less 128: processors compare signed bytes only.
pub(super) type Rank = i8;

fn rank(count: u8) -> Rank {
    (count ^ 0x80).cast_signed()
}

/// The bin of a category.
pub(super) fn bin_of_rank(rank: Rank) -> usize {
    usize::from(rank.cast_unsigned() ^ 0x80)
}

/// The same as [`super::ranks::Ranks`], where each feature has so few thresholds that a byte counts them.
pub(super) struct ByteRanks {
    thresholds: Vec<Vec<f64>>,
}

impl ByteRanks {
    /// `None` where a feature has so many thresholds that counts of them fit no byte.
    pub(super) fn new(model: &TreeModel) -> Option<Self> {
        let thresholds = thresholds(model);
        let fits = thresholds.iter().all(|thresholds| u8::try_from(thresholds.len()).is_ok());
        fits.then_some(Self { thresholds })
    }

    /// The place of one of the model's thresholds.
    pub(super) fn of_threshold(&self, feature: usize, threshold: f64) -> Rank {
        let below = self.thresholds[feature].partition_point(|one| *one < threshold);
        rank(u8::try_from(below).expect("checked to fit"))
    }

    /// Ranks of one feature for the rows from `begin` on; lanes beyond the last row repeat it. Missing numbers are below all
    /// thresholds in the first, and above them in the second.
    pub(super) fn lanes(
        &self,
        model: &TreeModel,
        features: &Matrix,
        feature: usize,
        begin: usize,
    ) -> [[Rank; LANES]; 2] {
        let column = features.column(feature);
        let last = column.len() - 1;
        let level_bins = &model.level_bins[feature];
        let thresholds = &self.thresholds[feature];
        let most = rank(u8::try_from(thresholds.len()).expect("checked to fit"));
        let mut ranks = [[0; LANES]; 2];
        for lane in 0..LANES {
            let value = column[(begin + lane).min(last)];
            let below = if level_bins.is_empty() {
                // NaN is below nothing.
                let below = thresholds.partition_point(|threshold| *threshold < value);
                #[expect(clippy::cast_possible_truncation, reason = "checked to fit")]
                let below = below as u8;
                rank(below)
            } else {
                rank(bin_of(level_bins, value))
            };
            ranks[0][lane] = below;
            ranks[1][lane] = if value.is_nan() && level_bins.is_empty() { most } else { below };
        }
        ranks
    }
}
