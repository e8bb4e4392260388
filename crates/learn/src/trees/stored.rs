//! A model as it is stored, and the checks before it is believed.

use serde::{Deserialize, Serialize};

use super::binning::NO_BIN;
use super::model::{Link, Node, Tree, TreeModel, leaf_of};
use crate::{FeatureKind, Task};

/// Nodes above a node, at most: sixteen times the depth that a forest is held to.
const DEPTH_MAX: u32 = 16_384;

/// The fields of a [`TreeModel`], unchecked.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    task: Task,
    link: Link,
    kinds: Vec<FeatureKind>,
    level_bins: Vec<Vec<u8>>,
    start: Vec<f64>,
    trees: Vec<Tree>,
}

impl From<TreeModel> for Stored {
    fn from(model: TreeModel) -> Self {
        let TreeModel { task, link, kinds, level_bins, start, trees } = model;
        Self { task, link, kinds, level_bins, start, trees }
    }
}

impl TryFrom<Stored> for TreeModel {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        let Stored { task, link, kinds, level_bins, start, trees } = stored;
        let model = Self { task, link, kinds, level_bins, start, trees };
        if model.start.len() != task.n_outputs() || model.level_bins.len() != model.kinds.len() {
            return Err("outputs or features of the stored trees disagree".to_owned());
        }
        for (feature, (kind, bins)) in model.kinds.iter().zip(&model.level_bins).enumerate() {
            let n_levels = match kind {
                FeatureKind::Number => 0,
                FeatureKind::Category { n_levels } => *n_levels as usize,
            };
            if bins.len() != n_levels || bins.contains(&(NO_BIN - 1)) {
                return Err(format!("levels of stored feature {feature} have no sound bins"));
            }
        }
        if !model.start.iter().all(|start| start.is_finite()) {
            return Err("the start of the stored trees is not finite".to_owned());
        }
        for (number, tree) in model.trees.iter().enumerate() {
            check_tree(&model, tree).map_err(|why| format!("stored tree {number}: {why}"))?;
        }
        Ok(model)
    }
}

/// Refuses what could loop, miss an array or answer with what is no number.
fn check_tree(model: &TreeModel, tree: &Tree) -> Result<(), &'static str> {
    let (first, n_outputs) = (tree.first_output as usize, tree.n_outputs as usize);
    if n_outputs == 0 || first.checked_add(n_outputs).is_none_or(|end| end > model.start.len()) {
        return Err("it adds to outputs that do not exist");
    }
    let n_leaves = tree.covers.len();
    if n_leaves != tree.nodes.len() + 1 || tree.values.len() != n_leaves * n_outputs {
        return Err("its nodes and leaves do not make a tree");
    }
    let positive = |cover: &f64| cover.is_finite() && *cover > 0.0;
    if !tree.values.iter().all(|value| value.is_finite()) || !tree.covers.iter().all(positive) {
        return Err("a leaf has no finite value or no weight");
    }
    let mut has_parent = vec![false; tree.nodes.len() + n_leaves];
    let mut depths = vec![0_u32; tree.nodes.len()];
    for (at, node) in tree.nodes.iter().enumerate() {
        check_node(model, tree, node)?;
        for child in [node.left, node.right] {
            let place = match usize::try_from(child) {
                Ok(child) if child > at && child < tree.nodes.len() => {
                    depths[child] = depths[at] + 1;
                    child
                }
                Ok(_) => return Err("a node is before its parent or missing"),
                Err(_) if leaf_of(child) < n_leaves => tree.nodes.len() + leaf_of(child),
                Err(_) => return Err("a leaf is missing"),
            };
            if std::mem::replace(&mut has_parent[place], true) {
                return Err("a node has two parents");
            }
        }
    }
    // Explaining walks every leaf up to the root: a chain of a million nodes would take hours.
    if depths.into_iter().max().unwrap_or(0) > DEPTH_MAX {
        return Err("it is deeper than any tree that was grown");
    }
    Ok(())
}

fn check_node(model: &TreeModel, tree: &Tree, node: &Node) -> Result<(), &'static str> {
    let kind =
        model.kinds.get(node.feature as usize).ok_or("it tests a feature beyond the last")?;
    let is_category = matches!(kind, FeatureKind::Category { .. });
    if is_category != node.set.is_some() {
        return Err("it tests a number as a category or the other way round");
    }
    if node.set.is_some_and(|set| set as usize >= tree.sets.len()) {
        return Err("a set of levels is missing");
    }
    if !(node.threshold.is_finite() && node.gain.is_finite() && node.cover.is_finite()) {
        return Err("a threshold, gain or cover is not finite");
    }
    if node.cover > 0.0 { Ok(()) } else { Err("a node has no weight") }
}
