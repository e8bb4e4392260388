//! What boosting may do, as one plain struct with the field's usual defaults.

use serde::{Deserialize, Serialize};

use crate::{FeatureKind, LearnError, Matrix, Task};

/// What is minimized where the target is a number.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegressionLoss {
    /// Squared error; predicts the mean.
    #[default]
    Squared,
    /// Absolute error; predicts the median.
    Absolute,
    /// Pinball loss; predicts the quantile of this level.
    Quantile {
        /// Share of targets below the prediction, in `0.0..1.0`, both excluded.
        level: f64,
    },
    /// Squared up to `delta`, then absolute: outliers pull with a bounded force.
    Huber {
        /// Where it turns, in units of the target.
        delta: f64,
    },
}

/// How the prediction must move with a feature, all else equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Monotone {
    /// As the data say.
    #[default]
    Free,
    /// Never down where the feature goes up.
    Rising,
    /// Never up where the feature goes up.
    Falling,
}

/// How levels of a category are parted (the names of LightGBM in brackets).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CategorySplits {
    /// With at most so many bins one level is split off at a time (`max_cat_to_onehot`).
    pub one_level_bins_max: u32,
    /// Levels with fewer rows in a node go with the rest; also added to the hessian in the order (`cat_smooth`).
    pub smooth: f64,
    /// Added to `l2` where several levels are parted at once (`cat_l2`).
    pub l2: f64,
    /// Rows that must come together between two cuts that are tried (`min_data_per_group`).
    pub group_rows_min: u32,
    /// Most levels on one side (`max_cat_threshold`).
    pub levels_max: u32,
}

impl Default for CategorySplits {
    fn default() -> Self {
        Self { one_level_bins_max: 4, smooth: 10.0, l2: 10.0, group_rows_min: 100, levels_max: 32 }
    }
}

/// Options of [`boost`](super::boost); defaults are those of LightGBM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BoostOptions {
    /// Rounds; each grows one tree, or one a class.
    pub iterations: u32,
    /// Share of a tree's step that is taken, above 0 and at most 1.
    pub learning_rate: f64,
    /// The loss of [`Task::Regression`]; classes have the log loss.
    pub regression_loss: RegressionLoss,
    /// Leaves of a tree, at least 2.
    pub leaves_max: u32,
    /// Splits between root and leaf; `None` for no limit.
    pub depth_max: Option<u32>,
    /// Rows of a leaf, at least 1.
    pub leaf_rows_min: u32,
    /// Sum of second derivatives of a leaf.
    pub leaf_hessian_min: f64,
    /// Pulls leaf gradients to 0 by this much.
    pub l1: f64,
    /// Added to the hessian of each leaf.
    pub l2: f64,
    /// A split must gain more than this.
    pub gain_min: f64,
    /// Share of features that a tree may use, above 0 and at most 1.
    pub feature_fraction: f64,
    /// Share of the tree's features that a node may use.
    pub node_feature_fraction: f64,
    /// Chance of a row to be in the bag.
    pub bagging_fraction: f64,
    /// Rounds that share a bag.
    pub bagging_every: u32,
    /// One a feature, or empty.
    pub monotone: Vec<Monotone>,
    /// Bins of a feature, the bin of missing values included: 3 to 255.
    pub bins_max: u32,
    /// Rows a bin must hold before the next one begins, at least 1.
    pub bin_rows_min: u32,
    /// How categories are split.
    pub categories: CategorySplits,
    /// A leaf of `n` rows leans to its parent by `path_smoothing / (n + path_smoothing)`.
    pub path_smoothing: f64,
    /// One random threshold a feature and node instead of the best (extremely randomized trees).
    pub random_thresholds: bool,
    /// Factor on the weights of class 1 of [`Task::Binary`].
    pub positive_weight: f64,
    /// Rounds without a better validation loss before it stops; 0 never stops early.
    pub patience: u32,
    /// Of every draw.
    pub seed: u64,
}

impl Default for BoostOptions {
    fn default() -> Self {
        Self {
            iterations: 100,
            learning_rate: 0.1,
            regression_loss: RegressionLoss::Squared,
            leaves_max: 31,
            depth_max: None,
            leaf_rows_min: 20,
            leaf_hessian_min: 1e-3,
            l1: 0.0,
            l2: 0.0,
            gain_min: 0.0,
            feature_fraction: 1.0,
            node_feature_fraction: 1.0,
            bagging_fraction: 1.0,
            bagging_every: 1,
            monotone: Vec::new(),
            bins_max: 255,
            bin_rows_min: 3,
            categories: CategorySplits::default(),
            path_smoothing: 0.0,
            random_thresholds: false,
            positive_weight: 1.0,
            patience: 0,
            seed: 0,
        }
    }
}

/// Refuses a value outside `low..=high` (`low` itself only where `with_low`).
pub(super) fn within(
    what: &'static str,
    found: f64,
    (low, high, with_low): (f64, f64, bool),
    expected: &'static str,
) -> Result<(), LearnError> {
    let inside = found <= high && (found > low || with_low && found == low);
    if inside { Ok(()) } else { Err(LearnError::Argument { what, found, expected }) }
}

const SHARE: (f64, f64, bool) = (0.0, 1.0, false);
const SHARE_WORDS: &str = "above 0 and at most 1";
const POSITIVE: (f64, f64, bool) = (0.0, 1e300, false);
const NOT_NEGATIVE: (f64, f64, bool) = (0.0, 1e300, true);
const COUNT: (f64, f64, bool) = (1.0, 4_294_967_295.0, true);

impl BoostOptions {
    /// Refuses what has no meaning for these features.
    pub(super) fn check(&self, features: &Matrix, task: Task) -> Result<(), LearnError> {
        within("iterations", f64::from(self.iterations), COUNT, "at least 1")?;
        within("learning_rate", self.learning_rate, SHARE, SHARE_WORDS)?;
        within("leaves_max", f64::from(self.leaves_max), (2.0, 65_536.0, true), "2 to 65536")?;
        let depth = f64::from(self.depth_max.unwrap_or(1));
        within("depth_max", depth, COUNT, "at least 1, or none")?;
        within("leaf_rows_min", f64::from(self.leaf_rows_min), COUNT, "at least 1")?;
        let amounts = [
            ("leaf_hessian_min", self.leaf_hessian_min),
            ("l1", self.l1),
            ("l2", self.l2),
            ("gain_min", self.gain_min),
            ("path_smoothing", self.path_smoothing),
            ("categories.smooth", self.categories.smooth),
            ("categories.l2", self.categories.l2),
        ];
        for (what, found) in amounts {
            within(what, found, NOT_NEGATIVE, "a finite number, at least 0")?;
        }
        within(
            "categories.levels_max",
            f64::from(self.categories.levels_max),
            COUNT,
            "at least 1",
        )?;
        within("feature_fraction", self.feature_fraction, SHARE, SHARE_WORDS)?;
        within("node_feature_fraction", self.node_feature_fraction, SHARE, SHARE_WORDS)?;
        within("bagging_fraction", self.bagging_fraction, SHARE, SHARE_WORDS)?;
        within("bagging_every", f64::from(self.bagging_every), COUNT, "at least 1")?;
        within("positive_weight", self.positive_weight, (0.0, 1e9, false), "above 0, up to 1e9")?;
        check_bins(self.bins_max, self.bin_rows_min)?;
        self.check_loss(task)?;
        self.check_monotone(features)
    }

    fn check_loss(&self, task: Task) -> Result<(), LearnError> {
        match self.regression_loss {
            _ if task != Task::Regression => Ok(()),
            RegressionLoss::Quantile { level } => {
                within("the quantile's level", level, (0.0, 1.0 - 1e-9, false), "between 0 and 1")
            }
            RegressionLoss::Huber { delta } => {
                within("the Huber loss's delta", delta, POSITIVE, "a finite number above 0")
            }
            RegressionLoss::Squared | RegressionLoss::Absolute => Ok(()),
        }
    }

    fn check_monotone(&self, features: &Matrix) -> Result<(), LearnError> {
        if self.monotone.is_empty() {
            return Ok(());
        }
        crate::error::same_length("monotone", features.n_features(), self.monotone.len())?;
        let bound = |(direction, kind): (&Monotone, &FeatureKind)| {
            *direction != Monotone::Free && matches!(kind, FeatureKind::Category { .. })
        };
        match self.monotone.iter().zip(features.kinds()).position(bound) {
            None => Ok(()),
            Some(feature) => Err(LearnError::Argument {
                what: "the feature that `monotone` binds",
                found: feature as f64,
                expected: "a number: levels of a category have no order",
            }),
        }
    }
}

/// Refuses numbers of bins that do not fit the code.
pub(super) fn check_bins(bins_max: u32, bin_rows_min: u32) -> Result<(), LearnError> {
    within("bins_max", f64::from(bins_max), (3.0, 255.0, true), "3 to 255")?;
    within("bin_rows_min", f64::from(bin_rows_min), COUNT, "at least 1")
}
