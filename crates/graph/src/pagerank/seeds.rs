//! Personalization: where the walk starts, and where it starts again from a sink.
//!
//! In: nothing, or seeds with weights, in any order and with repeats. Out: equal parts for all nodes, or sorted
//! seeds whose weights sum to 1. Source: Page et al. 1999, section 6 (the vector E).
//! Cost: O(seeds log seeds); a start of few seeds is never spread over an array of nodes.
//! Checked against: the dense vector of the oracle (`tests/it/pagerank.rs`), and the same seeds in another order.

use super::TransitionMatrix;
use crate::GraphError;
use crate::csr::check_below;
use crate::error::same_length;

/// Where walks start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Personalization<'a> {
    /// At every node alike: plain PageRank.
    Uniform,
    /// At these nodes, in proportion to their weights; the weights of a repeated node add up.
    Seeds {
        /// The seeds.
        node: &'a [u32],
        /// The weight of each: finite, not negative, not all 0.
        weight: &'a [f64],
    },
}

/// A checked personalization: `base` for every node and `seeds` on top, ascending, without repeats; sums to 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Start {
    pub(super) base: f64,
    pub(super) seeds: Vec<(u32, f64)>,
}

impl Personalization<'_> {
    /// Checks and normalizes; equal seeds in another order give equal bits.
    pub(super) fn start(&self, n_nodes: u32) -> Result<Start, GraphError> {
        let Personalization::Seeds { node, weight } = *self else {
            return Ok(Start { base: 1.0 / f64::from(n_nodes.max(1)), seeds: Vec::new() });
        };
        same_length("seed weights", node.len(), weight.len())?;
        check_below("seeds", node, n_nodes)?;
        if let Some(bad) = weight.iter().find(|weight| !(weight.is_finite() && **weight >= 0.0)) {
            let (what, expected) = ("weight of a seed", "a finite number from 0");
            return Err(GraphError::Argument { what, found: bad.to_string(), expected });
        }
        let mut seeds: Vec<(u32, f64)> = node.iter().copied().zip(weight.iter().copied()).collect();
        seeds.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        seeds.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        let total: f64 = seeds.iter().map(|seed| seed.1).sum();
        if !(total > 0.0 && total.is_finite()) {
            let (what, expected) = ("sum of the seed weights", "a finite number above 0");
            return Err(GraphError::Argument { what, found: total.to_string(), expected });
        }
        for seed in &mut seeds {
            seed.1 /= total;
        }
        Ok(Start { base: 0.0, seeds })
    }
}

impl Start {
    /// The same start, by position in the matrix.
    pub(super) fn by_position(mut self, matrix: &TransitionMatrix) -> Self {
        for seed in &mut self.seeds {
            seed.0 = matrix.position_of(seed.0);
        }
        self.seeds.sort_unstable_by_key(|seed| seed.0);
        self
    }
}
