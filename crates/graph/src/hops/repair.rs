//! Hop distance under change: the column is repaired where a change reaches, and nowhere else.
//!
//! In: what was added and what was taken away (edges, sources, blocked nodes), and the rows as they are after it.
//! Out: the column that `hop_distance` would give for the graph as it is now, to the byte.
//! Source: Ramalingam, Reps, "An incremental algorithm for a generalization of the shortest-path problem", Journal of
//! Algorithms 1996, on unit lengths, where its heap is one bucket a level (Even, Shiloach, JACM 1981).
//! Departures: a batch is one change, however it is mixed. First the nodes that lost their last neighbor one hop
//! nearer lose their hops, level by level; what is left is reachable in the new graph, so it can only be too large.
//! Then hops fall, level by level, from the lost nodes' neighbors, the new edges and the new sources.
//! Nothing but hops is kept: counting each node's nearer neighbors would save a row a lost candidate and cost 4
//! bytes a node and a write an edge.
//! Cost: one look at both ends an edge; beyond it O(nodes that change and their rows), both ways for a loss. One
//! byte and one bit a node.
//! Checked against: relaxation over all edges after every batch, any cut, and back again (`tests/it/hops.rs`).

use super::{HopColumn, HopOptions, UNREACHED, hop_distance, path_back};
use crate::bfs::bits;
use crate::csr::{CsrView, check_below};
use crate::error::{GraphError, same_length};
use crate::{Direction, Limit};

/// The two ends of each of a batch of edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EdgeEnds<'a> {
    /// Where each edge leaves.
    pub source: &'a [u32],
    /// Where it arrives, one an edge.
    pub target: &'a [u32],
}

/// What is different since the last call. The rows passed beside it are the truth: an edge said to be added must be
/// in them; an edge said to be removed may still be (one of several between the same nodes, or in both lists).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HopChanges<'a> {
    /// How many nodes there are now; fewer than before change nothing.
    pub n_nodes: u32,
    /// Edges that are new.
    pub edges_added: EdgeEnds<'a>,
    /// Edges that are gone.
    pub edges_removed: EdgeEnds<'a>,
    /// Nodes that are sources now. A node in both lists ends as a source.
    pub sources_added: &'a [u32],
    /// Nodes that no longer are.
    pub sources_removed: &'a [u32],
    /// Nodes that are no longer passed. A node in both lists ends as blocked.
    pub blocked_added: &'a [u32],
    /// Nodes that are passed again.
    pub blocked_removed: &'a [u32],
}

/// Hops of every node, kept up to date.
#[derive(Debug, Clone)]
pub struct HopDistance {
    direction: Direction,
    hops_max: u8,
    hops: Vec<u8>,
    blocked: Vec<u64>,
    /// Nodes to look at, by level; empty between calls.
    buckets: Vec<Vec<u32>>,
    /// Nodes that lost their hops in this call.
    lost: Vec<u32>,
}

impl HopDistance {
    /// `n_nodes` nodes without edges or sources. `hops_max` is at most 254.
    pub fn new(n_nodes: u32, direction: Direction, hops_max: u8) -> Self {
        let hops_max = hops_max.min(UNREACHED - 1);
        Self {
            direction,
            hops_max,
            hops: vec![UNREACHED; n_nodes as usize],
            blocked: vec![0; bits::words(n_nodes)],
            buckets: vec![Vec::new(); usize::from(hops_max) + 1],
            lost: Vec::new(),
        }
    }

    /// Starts from a whole graph, by [`hop_distance`].
    ///
    /// # Errors
    /// As [`hop_distance`].
    pub fn from_rows(
        out: CsrView<'_>,
        in_: CsrView<'_>,
        sources: &[u32],
        direction: Direction,
        options: &HopOptions<'_>,
    ) -> Result<Self, GraphError> {
        let HopColumn { hops, .. } = hop_distance(out, in_, sources, direction, options)?;
        let blocked = (0..out.n_rows())
            .filter(|&node| options.blocked.is_some_and(|blocked| blocked.holds(node)));
        Self::from_column(hops, direction, options.hops_max, blocked)
    }

    /// Continues from a stored column; its sources are the nodes with 0 hops. `blocked` are the nodes that are not
    /// passed. That the column belongs to the graph is not checked; a column that does not stays wrong where no
    /// change reaches.
    ///
    /// # Errors
    /// A number of hops is between `hops_max` and 255, or a blocked node is not a node.
    pub fn from_column(
        hops: Vec<u8>,
        direction: Direction,
        hops_max: u8,
        blocked: impl IntoIterator<Item = u32>,
    ) -> Result<Self, GraphError> {
        let mut distance = Self::new(0, direction, hops_max);
        crate::csr::check_count("hops", hops.len())?;
        let too_large = |&hops: &u8| hops > distance.hops_max && hops != UNREACHED;
        if let Some(index) = hops.iter().position(too_large) {
            let (found, limit) = (u32::from(hops[index]), u32::from(distance.hops_max) + 1);
            return Err(GraphError::OutOfRange { what: "hops", index, found, limit });
        }
        distance.hops = hops;
        let n_nodes = distance.n_nodes();
        distance.blocked = vec![0; bits::words(n_nodes)];
        for (index, found) in blocked.into_iter().enumerate() {
            if found >= n_nodes {
                let what = "blocked";
                return Err(GraphError::OutOfRange { what, index, found, limit: n_nodes });
            }
            bits::insert(&mut distance.blocked, found);
        }
        Ok(distance)
    }

    /// How many nodes there are.
    pub fn n_nodes(&self) -> u32 {
        u32::try_from(self.hops.len()).expect("every way to add nodes counts them in 32 bits")
    }

    /// Hops of each node; [`UNREACHED`] = none within `hops_max`, 0 = source.
    pub fn hops(&self) -> &[u8] {
        &self.hops
    }

    /// The largest number of hops looked for.
    pub fn hops_max(&self) -> u8 {
        self.hops_max
    }

    /// The column, to be stored.
    pub fn into_hops(self) -> Vec<u8> {
        self.hops
    }

    /// A shortest path of `node`, see [`super::hop_path`]; `neighbors` are those nearer the sources.
    ///
    /// # Errors
    /// As [`super::hop_path`].
    pub fn path<I: Iterator<Item = u32>>(
        &self,
        node: u32,
        neighbors: impl Fn(u32) -> I,
    ) -> Result<Option<Vec<u32>>, GraphError> {
        let passes = |node| !bits::holds(&self.blocked, node);
        path_back(&self.hops, node, self.direction, passes, neighbors)
    }

    /// Takes in new edges; new nodes come with them by [`Self::ensure_nodes`]. `next` gives the neighbors farther
    /// from the sources, the new ones included: forward the targets of a node, backward its sources.
    ///
    /// # Errors
    /// The ends differ in length, or an end is not a node; nothing is changed then.
    pub fn add_edges<I: Iterator<Item = u32>>(
        &mut self,
        edges: EdgeEnds<'_>,
        next: impl Fn(u32) -> I,
    ) -> Result<(), GraphError> {
        self.check_edges(edges)?;
        self.relax_edges(edges);
        self.settle(next);
        Ok(())
    }

    /// Adds nodes without edges until there are `n_nodes`; does nothing if there are already.
    pub fn ensure_nodes(&mut self, n_nodes: u32) {
        let n_nodes = n_nodes.max(self.n_nodes());
        self.hops.resize(n_nodes as usize, UNREACHED);
        self.blocked.resize(bits::words(n_nodes), 0);
    }

    /// Takes in any changes at once. `next` is as for [`Self::add_edges`]; `previous` gives the neighbors nearer
    /// the sources.
    ///
    /// # Errors
    /// Ends differ in length, or something named is not a node; only nodes have been added then.
    pub fn apply<I: Iterator<Item = u32>, J: Iterator<Item = u32>>(
        &mut self,
        changes: &HopChanges<'_>,
        next: impl Fn(u32) -> I,
        previous: impl Fn(u32) -> J,
    ) -> Result<(), GraphError> {
        self.ensure_nodes(changes.n_nodes);
        self.check_edges(changes.edges_added)?;
        self.check_edges(changes.edges_removed)?;
        let n_nodes = self.n_nodes();
        check_below("sources_added", changes.sources_added, n_nodes)?;
        check_below("sources_removed", changes.sources_removed, n_nodes)?;
        check_below("blocked_added", changes.blocked_added, n_nodes)?;
        check_below("blocked_removed", changes.blocked_removed, n_nodes)?;
        self.lose(changes, &next, &previous);
        self.regain(changes, &next, &previous);
        self.relax_edges(changes.edges_added);
        self.settle(next);
        Ok(())
    }

    fn check_edges(&self, edges: EdgeEnds<'_>) -> Result<(), GraphError> {
        same_length("target", edges.source.len(), edges.target.len())?;
        check_below("source", edges.source, self.n_nodes())?;
        check_below("target", edges.target, self.n_nodes())
    }

    /// The ends of each edge, the one nearer the sources first.
    fn oriented<'e>(&self, edges: EdgeEnds<'e>) -> impl Iterator<Item = (u32, u32)> + use<'e> {
        let (from, to) = match self.direction {
            Direction::Forward => (edges.source, edges.target),
            Direction::Backward => (edges.target, edges.source),
        };
        from.iter().copied().zip(to.iter().copied())
    }

    fn passes(&self, node: u32) -> bool {
        self.hops[node as usize] == 0 || !bits::holds(&self.blocked, node)
    }

    /// Takes the hops of every node that no longer has a neighbor one hop nearer.
    fn lose<I: Iterator<Item = u32>, J: Iterator<Item = u32>>(
        &mut self,
        changes: &HopChanges<'_>,
        next: impl Fn(u32) -> I,
        previous: impl Fn(u32) -> J,
    ) {
        for &node in changes.blocked_removed {
            bits::remove(&mut self.blocked, node);
        }
        for &node in changes.blocked_added {
            // The nodes behind it have lost it, unless it is a source: then nothing changes until that ends.
            if bits::insert(&mut self.blocked, node) && self.hops[node as usize] != 0 {
                self.suspect_next(node, self.hops[node as usize], &next);
            }
        }
        for (from, to) in self.oriented(changes.edges_removed) {
            let (from, to_hops) = (self.hops[from as usize], self.hops[to as usize]);
            if to_hops != UNREACHED && to_hops != 0 && from == to_hops - 1 {
                self.buckets[usize::from(to_hops)].push(to);
            }
        }
        for &node in changes.sources_removed {
            if self.hops[node as usize] == 0 {
                self.hops[node as usize] = UNREACHED;
                self.lost.push(node);
                self.suspect_next(node, 0, &next);
            }
        }
        for level in 1..=self.hops_max {
            let mut suspects = std::mem::take(&mut self.buckets[usize::from(level)]);
            for node in suspects.drain(..) {
                // Nodes with fewer hops have lost them by now if they must, so what supports it will stay.
                let supports =
                    |from: u32| self.hops[from as usize] == level - 1 && self.passes(from);
                if self.hops[node as usize] == level && !previous(node).any(supports) {
                    self.hops[node as usize] = UNREACHED;
                    self.lost.push(node);
                    if !bits::holds(&self.blocked, node) {
                        self.suspect_next(node, level, &next);
                    }
                }
            }
            // Its memory serves the next call; nothing was pushed to this level meanwhile.
            self.buckets[usize::from(level)] = suspects;
        }
    }

    /// The neighbors of `node`, which had `hops`, may have lost their support.
    fn suspect_next<I: Iterator<Item = u32>>(
        &mut self,
        node: u32,
        hops: u8,
        next: impl Fn(u32) -> I,
    ) {
        if hops >= self.hops_max {
            return;
        }
        let bucket = &mut self.buckets[usize::from(hops) + 1];
        bucket.extend(next(node).filter(|&to| self.hops[to as usize] == hops + 1));
    }

    /// Gives lost nodes what their neighbors offer, and starts from new sources and nodes passed again.
    fn regain<I: Iterator<Item = u32>, J: Iterator<Item = u32>>(
        &mut self,
        changes: &HopChanges<'_>,
        next: impl Fn(u32) -> I,
        previous: impl Fn(u32) -> J,
    ) {
        for &node in changes.sources_added {
            self.relax(node, 0);
        }
        let lost = std::mem::take(&mut self.lost);
        for &node in &lost {
            let passing = previous(node).filter(|&from| self.passes(from));
            let nearest = passing.map(|from| self.hops[from as usize]).min();
            self.relax(node, nearest.unwrap_or(UNREACHED).saturating_add(1));
        }
        self.lost = lost;
        self.lost.clear();
        for &node in changes.blocked_removed {
            let hops = self.hops[node as usize];
            if self.passes(node) && hops != UNREACHED {
                next(node).for_each(|to| self.relax(to, hops + 1));
            }
        }
    }

    fn relax(&mut self, node: u32, hops: u8) {
        if hops < self.hops[node as usize] && hops <= self.hops_max {
            self.hops[node as usize] = hops;
            self.buckets[usize::from(hops)].push(node);
        }
    }

    fn relax_edges(&mut self, edges: EdgeEnds<'_>) {
        for (from, to) in self.oriented(edges) {
            let hops = self.hops[from as usize].saturating_add(1);
            if hops < self.hops[to as usize] && self.passes(from) {
                self.relax(to, hops);
            }
        }
    }

    /// Lets hops fall along the rows of the nodes in the buckets, level by level.
    fn settle<I: Iterator<Item = u32>>(&mut self, next: impl Fn(u32) -> I) {
        for level in 0..=self.hops_max {
            let mut improved = std::mem::take(&mut self.buckets[usize::from(level)]);
            for node in improved.drain(..) {
                // One that has improved again since was in a bucket before this one.
                if level < self.hops_max && self.hops[node as usize] == level && self.passes(node) {
                    let (hops, buckets) = (&mut self.hops, &mut self.buckets);
                    let bucket = &mut buckets[usize::from(level) + 1];
                    next(node).for_each(|to| {
                        let to_hops = &mut hops[to as usize];
                        if level + 1 < *to_hops {
                            *to_hops = level + 1;
                            bucket.push(to);
                        }
                    });
                }
            }
            self.buckets[usize::from(level)] = improved;
        }
    }

    /// [`Limit::Hops`] if `node` may have a path that is longer than `hops_max`: the column cannot tell it from none.
    pub fn truncated_by(&self, node: u32) -> Option<Limit> {
        (self.hops[node as usize] == UNREACHED).then_some(Limit::Hops)
    }
}
