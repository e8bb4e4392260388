//! Temporal simple cycles: what leaves a node and comes back to it, through nodes met once, in order of time.
//!
//! In: edges in order of time. Out: every cycle `v0 -> v1 -> ... -> v0` of 2 to `length_max` edges within `window`, once,
//! when its last edge arrives; and the edges whose cycles were not all found because of the bound on the work.
//! Source: Kumar, Calders, "2SCENT: an efficient algorithm to enumerate all simple temporal cycles", VLDB 2018;
//! Hajdu, Krész, "Temporal network analytics for fraud detection in the banking sector", 2020; the pruned search
//! of Blanuša, Atasu, Ienne, "Fast parallel algorithms for enumeration of simple, temporal and hop-constrained
//! cycles", ACM TOPC 2022.
//! Departures: searched from the edge that closes a cycle and not from the one that opens it, since a stream knows
//! the past. One pass back from the closing edge marks from where, until when and within how many hops its source
//! can be reached; the search forward walks along the marks only. The order of edges is strict (see [`EdgeOrder`]),
//! so that a cycle has one last edge and is found once. No cycle bundles: parallel edges are cycles of their own.
//! Cost: O(1) to put an edge in the window; the marks look at each edge of the window around a closing edge
//! `length_max` times at most; the search is exponential in `length_max` in the worst case, and bounded. 40 bytes an
//! edge of the window, 100 to 130 a node of it.
//! Checked against: enumeration of all sequences of edges (`tests/it/patterns_cycles.rs`).

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use super::check_batch;
use super::keys::NodeSlab;
use crate::error::GraphError;
use crate::temporal::TemporalEdges;

/// When an edge may follow another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EdgeOrder {
    /// At a later time. Edges of equal time may then stand in any order.
    Strict,
    /// At a later time, or at the same time and later in the stream. For streams whose order within a time means
    /// something, as that of transactions in a block does.
    Stream,
}

/// Which cycles are wanted, and how much work an edge may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleOptions {
    /// The most edges of a cycle.
    pub length_max: u8,
    /// The longest time from the first edge of a cycle to its last.
    pub window: u32,
    /// When an edge may follow another.
    pub order: EdgeOrder,
    /// Only edges of at least this weight count.
    pub weight_min: u64,
    /// The weight of each edge but the first, in millionths of the weight of the edge before it, lies in this range.
    pub weight_ratio_ppm: Option<RangeInclusive<u32>>,
    /// Bound: how many edges are looked at for one closing edge.
    pub edges_visited_max: u64,
}

/// A cycle; edge `i` leads from node `i` to the next, the last back to the first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cycle {
    /// The numbers of the edges, in order of time.
    pub edges: Vec<u64>,
    /// Where each of them starts.
    pub nodes: Vec<u32>,
    /// The time of the first edge.
    pub first_time: u32,
    /// From the first edge to the last.
    pub duration: u32,
}

/// What a batch closed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cycles {
    /// By closing edge; of one closing edge the cycle with the later first edge first, then second edge, and so on.
    pub cycles: Vec<Cycle>,
    /// The edges that may close more cycles than are listed: `edges_visited_max` cut their search.
    pub truncated: Vec<u64>,
    /// How many edges were looked at.
    pub edges_visited: u64,
}

/// Cycles of a stream. A loop is no cycle and on no cycle.
#[derive(Debug, Clone)]
pub struct CycleStream {
    options: CycleOptions,
    n_edges: u64,
    last_time: u32,
    pub(super) window: Window,
}

impl CycleStream {
    /// A stream with nothing in its window.
    pub fn new(options: CycleOptions) -> Self {
        Self { options, n_edges: 0, last_time: 0, window: Window::new() }
    }

    /// The stream as it was behind `edges`, the first of which has the number `first_edge`. They must hold every edge
    /// up to `window` older than the last one; more do no harm.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn resume(
        options: CycleOptions,
        first_edge: u64,
        edges: TemporalEdges<'_>,
        blocked: impl Fn(u32) -> bool,
    ) -> Result<Self, GraphError> {
        let mut stream = Self { n_edges: first_edge, ..Self::new(options) };
        stream.take(edges, blocked, |_, _, _| ())?;
        Ok(stream)
    }

    /// How many edges have come, which is the number of the next.
    pub fn n_edges(&self) -> u64 {
        self.n_edges
    }

    /// How many edges are in the window.
    pub fn n_window(&self) -> usize {
        self.window.edges.len()
    }

    /// Takes the next edges; those from or to a `blocked` node are on no cycle.
    ///
    /// # Errors
    /// Columns of different length, times that fall, within the batch or behind the one before it, or an end that is
    /// [`crate::NONE`]. Nothing has changed then.
    pub fn push(
        &mut self,
        edges: TemporalEdges<'_>,
        blocked: impl Fn(u32) -> bool,
    ) -> Result<Cycles, GraphError> {
        let mut found = Cycles::default();
        self.take(edges, blocked, |window, options, edge| window.close(options, edge, &mut found))?;
        Ok(found)
    }

    fn take(
        &mut self,
        edges: TemporalEdges<'_>,
        blocked: impl Fn(u32) -> bool,
        mut close: impl FnMut(&mut Window, &CycleOptions, &Arrival),
    ) -> Result<(), GraphError> {
        edges.check_lengths()?;
        check_batch(&edges, self.last_time)?;
        let ends = edges.source.iter().zip(edges.target);
        for ((&time, &weight), (&source, &target)) in edges.time.iter().zip(edges.weight).zip(ends)
        {
            self.window.expire(time, self.options.window);
            let counts = source != target && weight >= self.options.weight_min;
            if counts && !blocked(source) && !blocked(target) {
                let edge = Arrival { edge: self.n_edges, source, target, time, weight };
                close(&mut self.window, &self.options, &edge);
                self.window.add(&edge);
            }
            self.n_edges += 1;
        }
        self.last_time = edges.time.last().copied().unwrap_or(self.last_time);
        Ok(())
    }
}

/// An edge that arrives.
pub(super) struct Arrival {
    pub(super) edge: u64,
    pub(super) source: u32,
    pub(super) target: u32,
    pub(super) time: u32,
    pub(super) weight: u64,
}

/// The edges of the last window, chained by source and by target, newest first. A chain is never mended: it ends
/// where it leads out of the window.
#[derive(Debug, Clone)]
pub(super) struct Window {
    /// Oldest first. An edge is named by its position, counted from 1 and never reused.
    edges: VecDeque<WindowEdge>,
    /// The position of the oldest edge.
    start: u64,
    pub(super) nodes: NodeSlab<WindowNode>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct WindowEdge {
    pub(super) edge: u64,
    pub(super) weight: u64,
    pub(super) time: u32,
    /// Places in the slab.
    pub(super) source: u32,
    pub(super) target: u32,
    /// How many positions back the next older edge of the same source is; [`FAR`]: too far to be in a window.
    older_out: u32,
    older_in: u32,
}

impl WindowEdge {
    /// An edge that is not in the window yet.
    pub(super) fn closing(arrival: &Arrival, source: u32, target: u32) -> Self {
        let &Arrival { edge, weight, time, .. } = arrival;
        Self { edge, weight, time, source, target, older_out: FAR, older_in: FAR }
    }
}

const FAR: u32 = u32::MAX;

/// A node of the window. Positions are 0 if there is none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct WindowNode {
    pub(super) node: u32,
    newest_out: u64,
    newest_in: u64,
    pub(super) mark: super::cycle_search::Mark,
}

impl Window {
    fn new() -> Self {
        Self { edges: VecDeque::new(), start: 1, nodes: NodeSlab::new() }
    }

    /// The position of the edge that arrives next.
    pub(super) fn next_position(&self) -> u64 {
        self.start + self.edges.len() as u64
    }

    /// The edge at a position of the window.
    pub(super) fn edge(&self, position: u64) -> &WindowEdge {
        let at = usize::try_from(position - self.start).expect("a position inside the window");
        &self.edges[at]
    }

    /// The newest edge that leaves the node at a place.
    pub(super) fn newest_out(&self, place: u32) -> Option<u64> {
        self.inside(self.nodes[place].newest_out)
    }

    /// The newest edge that arrives at the node at a place.
    pub(super) fn newest_in(&self, place: u32) -> Option<u64> {
        self.inside(self.nodes[place].newest_in)
    }

    /// The next older edge of the same source.
    pub(super) fn older_out(&self, position: u64) -> Option<u64> {
        self.inside(position.saturating_sub(u64::from(self.edge(position).older_out)))
    }

    /// The next older edge of the same target.
    pub(super) fn older_in(&self, position: u64) -> Option<u64> {
        self.inside(position.saturating_sub(u64::from(self.edge(position).older_in)))
    }

    fn inside(&self, position: u64) -> Option<u64> {
        (position >= self.start).then_some(position)
    }

    fn add(&mut self, arrival: &Arrival) {
        let position = self.next_position();
        let (source, target) = (self.nodes.place(arrival.source), self.nodes.place(arrival.target));
        let back = |older: u64| u32::try_from(position - older).unwrap_or(FAR);
        self.nodes[source].node = arrival.source;
        self.nodes[target].node = arrival.target;
        let mut edge = WindowEdge::closing(arrival, source, target);
        edge.older_out = back(std::mem::replace(&mut self.nodes[source].newest_out, position));
        edge.older_in = back(std::mem::replace(&mut self.nodes[target].newest_in, position));
        self.edges.push_back(edge);
    }

    /// Drops what is out of the window at `time`.
    fn expire(&mut self, time: u32, window: u32) {
        while let Some(&old) = self.edges.front() {
            if time - old.time <= window {
                break;
            }
            self.edges.pop_front();
            for place in [old.source, old.target] {
                let known = &self.nodes[place];
                if known.newest_out.max(known.newest_in) == self.start {
                    let node = known.node;
                    self.nodes.remove(node);
                }
            }
            self.start += 1;
        }
    }
}
