//! Components by height: links are applied at ascending heights, and the latest heights can be unwound.
//!
//! In: heights with their nodes and links. Out: [`TrackedComponents`]; after an unwind, what they were before.
//! Source: undoing unions from a log, Westbrook, Tarjan, "Amortized analysis of algorithms for set union with
//! backtracking", SIAM J. Comput. 1989.
//! Departures: they must give up path compression, or log it. Here paths are halved all the same: taking a union
//! back splits the circle of members, and all members of the half that lost are pointed at their root. Rebuilding
//! the touched components from their links was turned down: a block touches the largest component almost always, and
//! then all of its links are read, while what the block joined to it is small.
//! Cost: 8 bytes a union that can be taken back. Unwinding: O(unions + members of the parts that lost).
//! Checked against: components that never saw the heights (`tests/it/components_reversible.rs`).

use super::tracked::{ProposedUnion, TrackedComponents, Union};
use crate::error::GraphError;

/// Components with sizes, members and evidence, and the way back.
#[derive(Debug, Clone, Default)]
pub struct ReversibleComponents {
    components: TrackedComponents,
    unions: Vec<Union>,
    marks: Vec<Mark>,
    /// Heights below cannot be unwound, nor applied.
    height_min: u64,
}

/// What was there before a height.
#[derive(Debug, Clone, Copy)]
struct Mark {
    height: u64,
    n_unions: usize,
    n_nodes: u32,
    link_next: u32,
}

impl ReversibleComponents {
    /// Goes on from `components` at `height_min`, the first height that may be applied.
    pub fn new(components: TrackedComponents, height_min: u64) -> Self {
        Self { components, unions: Vec::new(), marks: Vec::new(), height_min }
    }

    /// The components as they are now.
    pub fn components(&self) -> &TrackedComponents {
        &self.components
    }

    /// Gives up the way back.
    pub fn into_components(self) -> TrackedComponents {
        self.components
    }

    /// The latest height applied and not unwound, if it can still be unwound.
    pub fn height(&self) -> Option<u64> {
        self.marks.last().map(|mark| mark.height)
    }

    /// The lowest height to which [`Self::unwind`] can go.
    pub fn height_min(&self) -> u64 {
        self.height_min
    }

    /// Applies the links `first_link + i` between `a[i]` and `b[i]` at `height`, after adding nodes up to `n_nodes`.
    /// A height may come in several calls, as long as none above it has come. Returns how many links joined two
    /// components.
    ///
    /// # Errors
    /// `height` is below the latest or below [`Self::height_min`], or as for [`TrackedComponents::link_batch`]. Nothing
    /// is changed then.
    pub fn apply(
        &mut self,
        height: u64,
        n_nodes: u32,
        first_link: u32,
        a: &[u32],
        b: &[u32],
    ) -> Result<usize, GraphError> {
        self.apply_where(height, n_nodes, first_link, (a, b), |_proposed| true)
    }

    /// As [`Self::apply`], but asks `admit` before each union; a link that is refused joins nothing.
    ///
    /// # Errors
    /// As for [`Self::apply`].
    pub fn apply_where(
        &mut self,
        height: u64,
        n_nodes: u32,
        first_link: u32,
        ends: (&[u32], &[u32]),
        admit: impl FnMut(&ProposedUnion<'_>) -> bool,
    ) -> Result<usize, GraphError> {
        let expected = self.height().unwrap_or(self.height_min);
        if height < expected {
            return Err(GraphError::HeightOrder { expected, found: height });
        }
        let mark = Mark {
            height,
            n_unions: self.unions.len(),
            n_nodes: self.components.n_nodes(),
            link_next: self.components.link_next(),
        };
        self.components.grow(n_nodes, first_link, ends, &mut self.unions, admit)?;
        if self.height() != Some(height) {
            self.marks.push(mark);
        }
        Ok(self.unions.len() - mark.n_unions)
    }

    /// Takes back everything applied at `height` and above: labels, sizes, members, evidence, nodes and link ids are as
    /// they were before.
    ///
    /// # Errors
    /// `height` is below [`Self::height_min`]. Nothing is changed then.
    pub fn unwind(&mut self, height: u64) -> Result<(), GraphError> {
        if height < self.height_min {
            return Err(GraphError::HeightOrder { expected: self.height_min, found: height });
        }
        let n_kept = self.marks.partition_point(|mark| mark.height < height);
        if let Some(mark) = self.marks.get(n_kept).copied() {
            let undone = self.unions.split_off(mark.n_unions);
            self.components.take_back(&undone, mark.n_nodes, mark.link_next);
            self.marks.truncate(n_kept);
        }
        Ok(())
    }

    /// Adds nodes, each a component of its own, until there are `n_nodes`. They belong to no height: an unwind leaves
    /// those that the height it goes back to found there.
    pub fn ensure_nodes(&mut self, n_nodes: u32) {
        self.components.ensure_nodes(n_nodes);
    }

    /// Takes away the nodes from `n_nodes` on, each a component of its own.
    ///
    /// # Errors
    /// As for [`TrackedComponents::truncate_nodes`].
    pub fn truncate_nodes(&mut self, n_nodes: u32) -> Result<(), GraphError> {
        self.components.truncate_nodes(n_nodes)
    }

    /// Gives up the way back below `height`, and the memory for it.
    pub fn forget_before(&mut self, height: u64) {
        let n_forgotten = self.marks.partition_point(|mark| mark.height < height);
        let first = self.marks.get(n_forgotten).map_or(self.unions.len(), |mark| mark.n_unions);
        self.unions.drain(..first);
        self.marks.drain(..n_forgotten);
        for mark in &mut self.marks {
            mark.n_unions -= first;
        }
        self.height_min = self.height_min.max(height);
    }

    /// As [`TrackedComponents::remove_links`]. If a component falls apart, the way back is given up: what is logged
    /// no longer fits it. A later unwind is then a removal of the links of those heights.
    ///
    /// # Errors
    /// As for [`TrackedComponents::remove_links`].
    pub fn remove_links(
        &mut self,
        removed: &[u32],
        ends_of: impl Fn(u32) -> (u32, u32),
        links_of: impl FnMut(u32, &mut Vec<u32>),
    ) -> Result<Vec<u32>, GraphError> {
        let roots = self.components.remove_links(removed, ends_of, links_of)?;
        if !roots.is_empty()
            && let Some(height) = self.height()
        {
            self.forget_before(height.saturating_add(1));
        }
        Ok(roots)
    }
}
