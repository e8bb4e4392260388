//! The neighborhood of a set of main nodes: what [`super::neighbors()`] says of each, N hops far.
//!
//! In: a temporal graph, roots (main nodes), options. Out: main nodes in the order they are reached (hops, how many
//! neighbors of how many are shown), one row a pair of nodes that exchanged something, and the bound that cut the
//! search with the place where it did.
//! Source: as [`crate::neighborhood()`], over pairs of main nodes in place of edges.
//! Departures: a junction is passed within one hop and is not a node of the answer; the weight of a pair is the
//! **upper bound** of [`super::neighbors()`]. Times are not compared from hop to hop: this is who dealt with whom, not
//! how something travelled (for that, [`super::shortest_path`]). What a node exchanged with itself is no pair. A node
//! whose neighbors could not be read to the end shows none of them, since their sums would be too low.
//! Cost: that of `neighbors` for every node walked; with both directions O(log pairs) more a pair.
//! Checked against: repeated calls over the plain list of edges (`tests/it/neighborhood.rs`).

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Neighbor, NeighborOptions, TemporalGraph, neighbors};
use crate::neighborhood::{Cut, NodeState, distinct};
use crate::sparse::NodeMap;
use crate::{Direction, Limit};

/// Which neighborhood is wanted, and how much work it may cost. The default is one hop both ways, all of it.
#[derive(Clone)]
pub struct NeighborhoodOptions<'a> {
    /// Along the edges, against them, or (`None`) both ways at every node.
    pub direction: Option<Direction>,
    /// How far nodes may be from the nearest root.
    pub hops_max: u32,
    /// Only edges with a time in this range count.
    pub time_range: RangeInclusive<u32>,
    /// Only edges of at least this weight count.
    pub weight_min: u64,
    /// Nodes that are reached but not passed; roots are always passed.
    pub blocked: Option<&'a dyn Fn(u32) -> bool>,
    /// At each node and in each direction only so many neighbors, the heaviest, are shown; how many there are in
    /// truth is in the answer.
    pub neighbors_max: usize,
    /// Bound: how many edges are looked at.
    pub edges_visited_max: u64,
    /// Bound: how many nodes the answer has, roots included.
    pub nodes_max: usize,
    /// Bound: set it to true from another thread to end the search with what it has. Looked at once a node.
    pub cancelled: Option<&'a AtomicBool>,
}

impl Default for NeighborhoodOptions<'_> {
    fn default() -> Self {
        Self {
            direction: None,
            hops_max: 1,
            time_range: 0..=u32::MAX,
            weight_min: 0,
            blocked: None,
            neighbors_max: usize::MAX,
            edges_visited_max: u64::MAX,
            nodes_max: usize::MAX,
            cancelled: None,
        }
    }
}

/// How many neighbors a node has in one direction, and how many of them were shown from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rows {
    /// How many there are; 0 if they were not looked at (see [`Member::state`]).
    pub total: usize,
    /// How many were shown: all, or `neighbors_max`.
    pub taken: usize,
}

/// A main node of a neighborhood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Member {
    /// The node.
    pub node: u32,
    /// The fewest hops from a root, over pairs that are shown.
    pub hops: u32,
    /// Those it gave to.
    pub out: Rows,
    /// Those it took from.
    pub in_: Rows,
    /// Whether its neighbors were walked.
    pub state: NodeState,
}

/// What one main node gave to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pair {
    /// Who gave.
    pub from: u32,
    /// Who took.
    pub to: u32,
    /// From which of the two it was seen, which was the first to be walked: forward from `from`, backward from `to`.
    /// Through a junction the edges counted are those at the other end.
    pub seen: Direction,
    /// How many edges; see [`Neighbor::n_edges`].
    pub n_edges: u64,
    /// Their weight; through a junction an upper bound.
    pub weight_sum: u128,
    /// The time of the first of these edges.
    pub first_time: u32,
    /// The time of the last.
    pub last_time: u32,
}

/// A neighborhood over pairs of main nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighborhood {
    /// Roots ascending, then by hops and in the order they were reached.
    pub nodes: Vec<Member>,
    /// In the order they were walked, the heaviest of a node first; each pair once.
    pub pairs: Vec<Pair>,
    /// How many edges were looked at.
    pub edges_visited: u64,
    /// The first bound that hid something. `None`: the answer is complete.
    pub truncated_by: Option<Cut>,
}

/// What lies within [`NeighborhoodOptions::hops_max`] of the nearest of `roots`.
///
/// # Panics
/// A root is not a main node.
pub fn neighborhood(
    graph: &TemporalGraph<'_>,
    roots: &[u32],
    options: &NeighborhoodOptions<'_>,
) -> Neighborhood {
    let mut search = Search {
        graph,
        options,
        index: NodeMap::new(),
        nodes: Vec::new(),
        pairs: Vec::new(),
        seen: BTreeSet::new(),
        edges_visited: 0,
        truncated_by: None,
    };
    for root in distinct(roots, graph.n_main()) {
        if !search.reach(root, 0) {
            search.cut(Limit::Nodes, root, 0);
            break;
        }
    }
    let mut at = 0;
    while at < search.nodes.len() && search.walk(at) {
        at += 1;
    }
    let Search { nodes, pairs, edges_visited, truncated_by, .. } = search;
    Neighborhood { nodes, pairs, edges_visited, truncated_by }
}

struct Search<'s, 'g, 'o> {
    graph: &'s TemporalGraph<'g>,
    options: &'s NeighborhoodOptions<'o>,
    /// The nodes reached, with no value: a set.
    index: NodeMap<()>,
    nodes: Vec<Member>,
    pairs: Vec<Pair>,
    /// The pairs shown, where two directions may meet one twice.
    seen: BTreeSet<(u32, u32)>,
    edges_visited: u64,
    truncated_by: Option<Cut>,
}

impl Search<'_, '_, '_> {
    /// Adds a node unless it is known; false if there are too many.
    fn reach(&mut self, node: u32, hops: u32) -> bool {
        if self.index.get(node).is_some() {
            return true;
        }
        if self.nodes.len() >= self.options.nodes_max {
            return false;
        }
        let last = hops >= self.options.hops_max;
        let state = if last { NodeState::LastHop } else { NodeState::Unread };
        self.index.insert(node, ());
        self.nodes.push(Member { node, hops, out: Rows::default(), in_: Rows::default(), state });
        true
    }

    /// Walks from the node at a place; false if the search is over.
    fn walk(&mut self, at: usize) -> bool {
        let Member { node, hops, state, .. } = self.nodes[at];
        if state == NodeState::LastHop {
            return false;
        }
        if self.options.cancelled.is_some_and(|cancelled| cancelled.load(Ordering::Relaxed)) {
            return self.cut(Limit::Cancelled, node, hops);
        }
        if hops > 0 && self.options.blocked.is_some_and(|blocked| blocked(node)) {
            self.nodes[at].state = NodeState::Blocked;
            return true;
        }
        for direction in [Direction::Forward, Direction::Backward] {
            let asked = self.options.direction.is_none_or(|asked| asked == direction);
            if asked && !self.walk_rows(at, direction) {
                return false;
            }
        }
        self.nodes[at].state = NodeState::Walked;
        true
    }

    /// Shows the neighbors of a node; false if the search is over.
    fn walk_rows(&mut self, at: usize, direction: Direction) -> bool {
        let Member { node, hops, .. } = self.nodes[at];
        let options = NeighborOptions {
            time_range: self.options.time_range.clone(),
            weight_min: self.options.weight_min,
            rows_max: self.options.neighbors_max,
            edges_visited_max: self.options.edges_visited_max - self.edges_visited,
        };
        let found = neighbors(self.graph, &[node], direction, None, &options);
        self.edges_visited += found.edges_visited;
        if let Some(limit) = found.truncated_by {
            return self.cut(limit, node, hops);
        }
        let taken = found.rows.iter().take_while(|row| self.take(node, hops, direction, row));
        let rows = Rows { total: found.total_count, taken: taken.count() };
        match direction {
            Direction::Forward => self.nodes[at].out = rows,
            Direction::Backward => self.nodes[at].in_ = rows,
        }
        rows.taken == found.rows.len() || self.cut(Limit::Nodes, node, hops)
    }

    /// Takes a pair, and the neighbor if it is new; false if there are too many nodes.
    fn take(&mut self, node: u32, hops: u32, seen: Direction, row: &Neighbor) -> bool {
        if !self.reach(row.node, hops + 1) {
            return false;
        }
        let (from, to) = match seen {
            Direction::Forward => (node, row.node),
            Direction::Backward => (row.node, node),
        };
        if self.options.direction.is_some() || self.seen.insert((from, to)) {
            let &Neighbor { n_edges, weight_sum, first_time, last_time, .. } = row;
            self.pairs.push(Pair { from, to, seen, n_edges, weight_sum, first_time, last_time });
        }
        true
    }

    /// Notes the first cut; false, for whoever ends the search with it.
    fn cut(&mut self, limit: Limit, node: u32, hops: u32) -> bool {
        self.truncated_by = self.truncated_by.or(Some(Cut { limit, node, hops }));
        false
    }
}
