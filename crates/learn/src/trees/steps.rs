//! Why a large forest answers as it does: what each step of the row's way down changes.
//!
//! In: a model, rows. Out: contributions that add up to the margin. A step from a node to its child moves the mean of the training
//! rows below; that change belongs to the feature that the node asks.
//! Source: Saabas, Interpreting random forests, 2014 (treeinterpreter).
//! Departures: none. Against Shapley values: a feature asked near the root is credited with less than one asked near the leaf, so single
//! trees mislead; over hundreds of trees that ask in different orders the two agree closely (`docs/methods/tree-shap.md`).
//! Cost: O(depth) a row and tree, where Shapley values cost O(leaves).
//! Checked against: sums, and Shapley values of trees of one feature each, where both are the same (`tests/it/trees/shap.rs`).

use rayon::prelude::*;

use super::model::{Tree, TreeModel, leaf_of};
use crate::{Contributions, LearnError, Matrix};

/// Rows a thread takes at a time.
const CHUNK_ROWS: usize = 256;

/// A model made ready to tell the steps of rows; holds no reference, so it can be kept beside the model.
pub struct StepExplainer {
    model: TreeModel,
    /// Means below the nodes of each tree, node after node, an output of the tree each.
    means: Vec<Vec<f64>>,
    expected: Vec<f64>,
}

impl StepExplainer {
    /// Takes the means below all nodes.
    pub fn new(model: &TreeModel) -> Self {
        let means: Vec<Vec<f64>> = model.trees.iter().map(means_below).collect();
        let mut expected = model.start.clone();
        for (tree, means) in model.trees.iter().zip(&means) {
            let root = if tree.nodes.is_empty() { tree.leaf_values(0) } else { means };
            let outputs = &mut expected[tree.first_output as usize..];
            outputs
                .iter_mut()
                .zip(root)
                .take(tree.n_outputs as usize)
                .for_each(|(sum, m)| *sum += m);
        }
        Self { model: model.clone(), means, expected }
    }

    /// Contributions of rows.
    ///
    /// # Errors
    /// The matrix has other features than the model, or a category is no known level.
    pub fn contributions(&self, features: &Matrix) -> Result<Contributions, LearnError> {
        self.model.check_features(features)?;
        let (n_rows, n_features) = (features.n_rows(), self.model.n_features());
        let width = n_features * self.expected.len();
        let mut values = vec![0.0; n_rows * width];
        let part = |(chunk, out): (usize, &mut [f64])| {
            for (tree, means) in self.model.trees.iter().zip(&self.means) {
                for (row, out) in out.chunks_exact_mut(width).enumerate() {
                    self.tell(tree, means, (features, chunk * CHUNK_ROWS + row), out);
                }
            }
        };
        if n_rows <= CHUNK_ROWS {
            part((0, &mut values));
        } else {
            values.par_chunks_mut(CHUNK_ROWS * width.max(1)).enumerate().for_each(part);
        }
        Ok(Contributions { n_rows, n_features, base: self.expected.clone(), values })
    }

    /// Adds the steps of one row down one tree.
    fn tell(&self, tree: &Tree, means: &[f64], (features, row): (&Matrix, usize), out: &mut [f64]) {
        let n_outputs = tree.n_outputs as usize;
        let n_features = self.model.n_features();
        let value = |feature: usize| features.column(feature)[row];
        tree.walk(&self.model.level_bins, value, |node, child| {
            let to = match usize::try_from(child) {
                Ok(child) => &means[child * n_outputs..(child + 1) * n_outputs],
                Err(_) => tree.leaf_values(leaf_of(child)),
            };
            let from = &means[node * n_outputs..(node + 1) * n_outputs];
            let feature = tree.nodes[node].feature as usize;
            for (output, (to, from)) in to.iter().zip(from).enumerate() {
                out[(tree.first_output as usize + output) * n_features + feature] += to - from;
            }
        });
    }
}

/// Means of leaf values below each node, weighed by training rows; children come after their parent.
fn means_below(tree: &Tree) -> Vec<f64> {
    let n_outputs = tree.n_outputs as usize;
    let mut means = vec![0.0; tree.nodes.len() * n_outputs];
    for (at, node) in tree.nodes.iter().enumerate().rev() {
        let covers = [tree.cover(node.left), tree.cover(node.right)];
        // Rows that weigh nothing make a node of two equal halves.
        let whole = covers[0] + covers[1];
        let shares = if whole > 0.0 { covers.map(|cover| cover / whole) } else { [0.5; 2] };
        for output in 0..n_outputs {
            let of = |child: i32| match usize::try_from(child) {
                Ok(child) => means[child * n_outputs + output],
                Err(_) => tree.leaf_values(leaf_of(child))[output],
            };
            means[at * n_outputs + output] = shares[0] * of(node.left) + shares[1] * of(node.right);
        }
    }
    means
}
