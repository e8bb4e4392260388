//! The fitted model: trees over raw values, needing no bins.

use serde::{Deserialize, Serialize};

use super::binning::{NO_BIN, check_levels, level};
use super::split::{BinSet, holds};
use super::stored::Stored;
use crate::error::same_length;
use crate::{FeatureKind, LearnError, Matrix, Task};

/// What margins mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Link {
    /// Log-odds of boosted classes.
    Logit,
    /// Numbers, or means of leaf probabilities.
    Identity,
}

/// An inner node. A child of 0 or more is a node, below 0 the leaf `!child`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Node {
    /// At most this goes left. 0 for a category.
    pub(super) threshold: f64,
    /// Loss that the split took away, twice.
    pub(super) gain: f64,
    /// Weight of training rows.
    pub(super) cover: f64,
    pub(super) feature: u32,
    /// Category: the bins in `Tree::sets[set]` go left.
    pub(super) set: Option<u32>,
    pub(super) left: i32,
    pub(super) right: i32,
    pub(super) missing_left: bool,
}

/// One tree; the root is node 0, or leaf 0 where there is no node. Children come after their parent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Tree {
    /// The first output it adds to.
    pub(super) first_output: u32,
    /// Outputs it adds to.
    pub(super) n_outputs: u32,
    pub(super) nodes: Vec<Node>,
    pub(super) sets: Vec<BinSet>,
    /// What a leaf adds: `n_outputs` numbers a leaf.
    pub(super) values: Vec<f64>,
    /// Weight of training rows, a leaf each.
    pub(super) covers: Vec<f64>,
}

impl Tree {
    pub(super) fn n_leaves(&self) -> usize {
        self.covers.len()
    }

    pub(super) fn cover(&self, child: i32) -> f64 {
        match usize::try_from(child) {
            Ok(node) => self.nodes[node].cover,
            Err(_) => self.covers[leaf_of(child)],
        }
    }

    /// The leaf of a row; `value` gives its raw value of a feature.
    pub(super) fn leaf(&self, level_bins: &[Vec<u8>], value: impl Fn(usize) -> f64) -> usize {
        self.walk(level_bins, value, |_, _| {})
    }

    /// The leaf of a row; `step` is told each node on the way and the child that the row goes to.
    #[inline]
    pub(super) fn walk(
        &self,
        level_bins: &[Vec<u8>],
        value: impl Fn(usize) -> f64,
        mut step: impl FnMut(usize, i32),
    ) -> usize {
        if self.nodes.is_empty() {
            return 0;
        }
        let mut at = 0;
        loop {
            let node = &self.nodes[at];
            let feature = node.feature as usize;
            let value = value(feature);
            let goes_left = match node.set {
                None if value.is_nan() => node.missing_left,
                None => value <= node.threshold,
                Some(set) => match bin_of(&level_bins[feature], value) {
                    NO_BIN => node.missing_left,
                    bin => holds(&self.sets[set as usize], usize::from(bin)),
                },
            };
            let child = if goes_left { node.left } else { node.right };
            step(at, child);
            match usize::try_from(child) {
                Ok(node) => at = node,
                Err(_) => return leaf_of(child),
            }
        }
    }

    /// What a leaf adds, an output each.
    pub(super) fn leaf_values(&self, leaf: usize) -> &[f64] {
        let n_outputs = self.n_outputs as usize;
        &self.values[leaf * n_outputs..(leaf + 1) * n_outputs]
    }
}

/// The leaf that a child below 0 names.
pub(super) fn leaf_of(child: i32) -> usize {
    usize::try_from(!child).expect("only called for leaves")
}

/// The child that names a leaf.
pub(super) fn child_of_leaf(leaf: usize) -> i32 {
    !i32::try_from(leaf).expect("rows, and so leaves, are u32; checked to fit at the start")
}

/// The bin of a checked level, `NO_BIN` where missing or without a training row.
pub(super) fn bin_of(level_bins: &[u8], value: f64) -> u8 {
    if value.is_nan() { NO_BIN } else { level_bins[level(value)] }
}

/// What a feature did for a model.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct FeatureImportance {
    /// Loss that its splits took away, summed (twice the loss, as the field prints it).
    pub gain: f64,
    /// Splits on it.
    pub n_splits: u32,
}

/// Fitted trees. Stored, it is checked when it is read: a damaged one is an error, never a wrong answer or a loop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct TreeModel {
    pub(super) task: Task,
    pub(super) link: Link,
    pub(super) kinds: Vec<FeatureKind>,
    /// The bin of each level, a feature each; empty for numbers.
    pub(super) level_bins: Vec<Vec<u8>>,
    /// Margin before the first tree, an output each.
    pub(super) start: Vec<f64>,
    pub(super) trees: Vec<Tree>,
}

impl TreeModel {
    /// What is predicted.
    pub fn task(&self) -> Task {
        self.task
    }

    /// What each feature is.
    pub(crate) fn kinds(&self) -> &[FeatureKind] {
        &self.kinds
    }

    /// Features a row must have.
    pub fn n_features(&self) -> usize {
        self.kinds.len()
    }

    /// Trees, those of all classes together.
    pub fn n_trees(&self) -> usize {
        self.trees.len()
    }

    /// Margins a row: one, or one a class.
    pub fn n_outputs(&self) -> usize {
        self.start.len()
    }

    /// The same model after fewer rounds; all of them where there are no more than `rounds`.
    #[must_use]
    pub fn first_rounds(&self, rounds: u32) -> Self {
        let n_trees = (rounds as usize).saturating_mul(self.n_outputs()).min(self.trees.len());
        Self { trees: self.trees[..n_trees].to_vec(), ..self.clone() }
    }

    /// Leaves of all trees.
    pub fn n_leaves(&self) -> usize {
        self.trees.iter().map(Tree::n_leaves).sum()
    }

    /// Gain and splits, a feature each.
    pub fn importance(&self) -> Vec<FeatureImportance> {
        let mut of = vec![FeatureImportance::default(); self.kinds.len()];
        for node in self.trees.iter().flat_map(|tree| &tree.nodes) {
            let one = &mut of[node.feature as usize];
            one.gain += node.gain;
            one.n_splits += 1;
        }
        of
    }

    /// The margins of one row, an output each; the same bytes as [`TreeModel::margins`].
    ///
    /// # Errors
    /// `Length` where the row has another number of features; `Level` for a category that is no known level.
    pub fn margin_row(&self, row: &[f64]) -> Result<Vec<f64>, LearnError> {
        same_length("the row", self.kinds.len(), row.len())?;
        for (feature, kind) in self.kinds.iter().enumerate() {
            if let FeatureKind::Category { n_levels } = kind {
                check_levels(feature, *n_levels, &row[feature..=feature])?;
            }
        }
        let mut margins = self.start.clone();
        for tree in &self.trees {
            let leaf = tree.leaf(&self.level_bins, |feature| row[feature]);
            let outputs = &mut margins[tree.first_output as usize..];
            for (margin, value) in outputs.iter_mut().zip(tree.leaf_values(leaf)) {
                *margin += value;
            }
        }
        Ok(margins)
    }

    /// Predictions of many rows, row by row: the number, the probability of class 1, or one probability a class.
    ///
    /// # Errors
    /// As [`TreeModel::margins`].
    pub fn predictions(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        let mut margins = self.margins(features)?;
        self.predictions_of(&mut margins);
        Ok(margins)
    }

    /// Turns margins, row by row, into predictions in place.
    pub fn predictions_of(&self, margins: &mut [f64]) {
        match (self.link, self.task) {
            (_, Task::Regression) => {}
            (Link::Identity, _) => margins.iter_mut().for_each(|p| *p = p.clamp(0.0, 1.0)),
            (Link::Logit, Task::Binary) => {
                margins.iter_mut().for_each(|margin| *margin = crate::newton::sigmoid(*margin));
            }
            (Link::Logit, Task::Multiclass { .. }) => {
                margins.chunks_mut(self.n_outputs()).for_each(super::loss::softmax);
            }
        }
    }

    /// Refuses a matrix that is not made of the model's features.
    pub(super) fn check_features(&self, features: &Matrix) -> Result<(), LearnError> {
        same_length("the matrix (columns)", self.kinds.len(), features.n_features())?;
        for (feature, kind) in self.kinds.iter().enumerate() {
            if features.kinds()[feature] != *kind {
                return Err(LearnError::Kind {
                    column: feature,
                    found: features.kinds()[feature],
                    expected: *kind,
                });
            }
            if let FeatureKind::Category { n_levels } = kind {
                check_levels(feature, *n_levels, features.column(feature))?;
            }
        }
        Ok(())
    }
}
