//! The best split of one feature in one node.
//!
//! In: sums a bin, the node's sums and output, bounds on outputs. Out: the split that gains most, or none that is
//! allowed. Gain is the fall of `Σ gradient · w + (hessian + l2) / 2 · w² + l1 · |w|` over the leaf outputs `w`, twice.
//! Source: Chen and Guestrin, XGBoost, 2016, section 2.2 and 3.4 (missing values go where they gain more); categories
//! by Fisher, On grouping for maximum homogeneity, 1958, as in LightGBM (`cat_smooth`, `cat_l2`,
//! `min_data_per_group`); bounds of monotone features as LightGBM's `basic`; path smoothing as LightGBM's.
//! Departures: the threshold lies in the middle of empty bins; a missing value is one more level of a category;
//! without missing rows in the node they go with the larger side.
//! Cost: O(bins), O(bins log bins) for categories. Checked against: a booster that tries every threshold
//! (`tests/it/trees/growth.rs`).

use super::binning::FeatureBins;
use super::draws::Draws;
use super::histogram::Sums;
use super::options::{BoostOptions, Monotone};

/// Keeps divisions defined where hessians vanish.
const HESSIAN_EPSILON: f64 = 1e-15;
/// Bins of values that a code can name.
pub(super) type BinSet = [u64; 4];

pub(super) fn holds(set: &BinSet, bin: usize) -> bool {
    set[bin / 64] >> (bin % 64) & 1 == 1
}

pub(super) fn insert(set: &mut BinSet, bin: usize) {
    set[bin / 64] |= 1 << (bin % 64);
}

/// Which bins go left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Test {
    /// Bins up to this one.
    AtMost(u8),
    /// These.
    In(BinSet),
}

/// A split and what it parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Split {
    pub(super) feature: usize,
    pub(super) gain: f64,
    pub(super) test: Test,
    pub(super) missing_left: bool,
    pub(super) left: Sums,
    pub(super) right: Sums,
    pub(super) left_output: f64,
    pub(super) right_output: f64,
}

/// A node that may be split.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    pub(super) sums: Sums,
    pub(super) output: f64,
    /// Least and greatest output that keeps the tree monotone.
    pub(super) bounds: (f64, f64),
}

/// Output of a leaf: the minimum of its loss, smoothed to its parent, within its bounds.
pub(super) fn output(
    options: &BoostOptions,
    sums: Sums,
    l2: f64,
    parent: f64,
    bounds: (f64, f64),
) -> f64 {
    let step = -soft(sums.gradient, options.l1) / (sums.hessian + l2 + HESSIAN_EPSILON);
    let smoothing = options.path_smoothing;
    let smoothed = if smoothing > 0.0 {
        let share = f64::from(sums.n_rows) / (f64::from(sums.n_rows) + smoothing);
        step * share + parent * (1.0 - share)
    } else {
        step
    };
    smoothed.max(bounds.0).min(bounds.1)
}

/// The gradient after the pull of `l1`.
fn soft(gradient: f64, l1: f64) -> f64 {
    if l1 == 0.0 { gradient } else { gradient.signum() * (gradient.abs() - l1).max(0.0) }
}

/// One feature in one node.
struct Search<'a> {
    options: &'a BoostOptions,
    feature: usize,
    direction: Monotone,
    site: &'a Site,
    /// Outputs are free: gain has a closed form.
    is_plain: bool,
    l2: f64,
    parent_gain: f64,
    best: Option<Split>,
}

impl Search<'_> {
    /// Gain of a side that answers `output`.
    fn gain_at(&self, sums: Sums, l2: f64, output: f64) -> f64 {
        let gradient = soft(sums.gradient, self.options.l1);
        -(2.0 * gradient * output + (sums.hessian + l2) * output * output)
    }

    fn plain_gain(&self, sums: Sums, l2: f64) -> f64 {
        let gradient = soft(sums.gradient, self.options.l1);
        gradient * gradient / (sums.hessian + l2 + HESSIAN_EPSILON)
    }

    fn is_large(&self, sums: Sums) -> bool {
        sums.n_rows >= self.options.leaf_rows_min && sums.hessian >= self.options.leaf_hessian_min
    }

    /// Keeps a split if it is allowed and gains more than the best so far.
    fn offer(&mut self, left: Sums, test: impl FnOnce() -> Test, missing_left: Option<bool>) {
        let right = self.site.sums.minus(left);
        if !self.is_large(left) || !self.is_large(right) {
            return;
        }
        let gain = if self.is_plain {
            self.plain_gain(left, self.l2) + self.plain_gain(right, self.l2)
        } else {
            let (left_output, right_output) = self.outputs(left, right);
            match self.direction {
                Monotone::Rising if left_output > right_output => return,
                Monotone::Falling if left_output < right_output => return,
                _ => {}
            }
            self.gain_at(left, self.l2, left_output) + self.gain_at(right, self.l2, right_output)
        } - self.parent_gain;
        if gain <= self.options.gain_min || self.best.is_some_and(|best| gain <= best.gain) {
            return;
        }
        let (left_output, right_output) = self.outputs(left, right);
        self.best = Some(Split {
            feature: self.feature,
            gain,
            test: test(),
            missing_left: missing_left.unwrap_or(left.n_rows >= right.n_rows),
            left,
            right,
            left_output,
            right_output,
        });
    }

    fn outputs(&self, left: Sums, right: Sums) -> (f64, f64) {
        let of = |sums| output(self.options, sums, self.l2, self.site.output, self.site.bounds);
        (of(left), of(right))
    }

    /// All thresholds, missing values on either side.
    fn numbers(&mut self, sums: &[Sums], draws: Option<&mut Draws>) {
        let (values, missing) = (&sums[..sums.len() - 1], sums[sums.len() - 1]);
        let filled: Vec<usize> = (0..values.len()).filter(|&bin| values[bin].n_rows > 0).collect();
        // The last cut has all values on its left: it parts them from missing ones.
        let n_cuts = if missing.n_rows > 0 { filled.len() } else { filled.len().saturating_sub(1) };
        let only = draws.filter(|_| n_cuts > 0).map(|draws| draws.below(n_cuts));
        let mut left = Sums::default();
        for at in 0..n_cuts {
            left = left.plus(values[filled[at]]);
            if only.is_some_and(|only| only != at) {
                continue;
            }
            let next = filled.get(at + 1).copied();
            let cut = next.map_or(filled[at], |next| (filled[at] + next - 1) / 2);
            let cut = u8::try_from(cut).expect("bins are u8");
            let test = || Test::AtMost(cut);
            if missing.n_rows == 0 {
                self.offer(left, test, None);
                continue;
            }
            self.offer(left, test, Some(false));
            if next.is_some() {
                self.offer(left.plus(missing), test, Some(true));
            }
        }
    }

    /// One level against the rest.
    fn one_level(&mut self, sums: &[Sums], draws: Option<&mut Draws>) {
        let filled: Vec<usize> = (0..sums.len()).filter(|&bin| sums[bin].n_rows > 0).collect();
        let only = draws.filter(|_| !filled.is_empty()).map(|draws| draws.below(filled.len()));
        for (at, &bin) in filled.iter().enumerate() {
            if only.is_none_or(|only| only == at) {
                self.offer_levels(sums, sums[bin], &[bin]);
            }
        }
    }

    /// Several levels, in the order of the output they ask for, from both ends.
    fn many_levels(&mut self, sums: &[Sums], mut draws: Option<&mut Draws>) {
        let categories = self.options.categories;
        let many = |bin: &usize| {
            let n_rows = sums[*bin].n_rows;
            n_rows > 0 && f64::from(n_rows) >= categories.smooth
        };
        let mut order: Vec<usize> = (0..sums.len()).filter(many).collect();
        let ratio = |bin: usize| {
            sums[bin].gradient / (sums[bin].hessian + categories.smooth + HESSIAN_EPSILON)
        };
        order.sort_by(|&a, &b| ratio(a).total_cmp(&ratio(b)));
        let n_levels = order.len().div_ceil(2).min(categories.levels_max as usize);
        for _ in 0..2 {
            let only = draws.as_mut().filter(|_| n_levels > 0).map(|draws| draws.below(n_levels));
            let (mut left, mut group_rows) = (Sums::default(), 0);
            for at in 0..n_levels {
                left = left.plus(sums[order[at]]);
                group_rows += sums[order[at]].n_rows;
                let right_rows = self.site.sums.n_rows - left.n_rows;
                if right_rows < categories.group_rows_min {
                    break;
                }
                if !self.is_large(left) || group_rows < categories.group_rows_min {
                    continue;
                }
                group_rows = 0;
                if only.is_none_or(|only| only == at) {
                    self.offer_levels(sums, left, &order[..=at]);
                }
            }
            order.reverse();
        }
    }

    /// `bins` against the rest; the last of `sums` is the missing bin.
    fn offer_levels(&mut self, sums: &[Sums], left: Sums, bins: &[usize]) {
        let missing_bin = sums.len() - 1;
        let test = || {
            let mut set = BinSet::default();
            for &bin in bins.iter().filter(|bin| **bin != missing_bin) {
                insert(&mut set, bin);
            }
            Test::In(set)
        };
        let missing_left = (sums[missing_bin].n_rows > 0).then(|| bins.contains(&missing_bin));
        self.offer(left, test, missing_left);
    }
}

/// The best split of a feature, if any is allowed. `sums` ends with the missing bin; with `draws` thresholds are
/// random.
pub(super) fn best_split(
    options: &BoostOptions,
    (feature, bins): (usize, &FeatureBins),
    sums: &[Sums],
    site: &Site,
    draws: Option<&mut Draws>,
) -> Option<Split> {
    let direction = options.monotone.get(feature).copied().unwrap_or_default();
    let mut search = Search {
        options,
        feature,
        direction,
        site,
        is_plain: options.monotone.is_empty() && options.path_smoothing == 0.0,
        l2: options.l2,
        parent_gain: 0.0,
        best: None,
    };
    search.parent_gain = if search.is_plain {
        search.plain_gain(site.sums, options.l2)
    } else {
        search.gain_at(site.sums, options.l2, site.output)
    };
    if !bins.is_category {
        search.numbers(sums, draws);
    } else if sums.len() <= options.categories.one_level_bins_max as usize {
        search.one_level(sums, draws);
    } else {
        search.l2 += options.categories.l2;
        search.many_levels(sums, draws);
    }
    search.best
}
