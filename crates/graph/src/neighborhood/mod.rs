//! The neighborhood of a set of nodes: what lies within N hops, with the heaviest edges only at hubs.
//!
//! In: a graph, roots (node ids), options. Out: nodes in the order they are reached (hops, true degrees, how many
//! edges of each were shown of how many), edges in the order they are walked, each once, and the bound that cut
//! the search with the place where it did.
//! Source: the ego network of Wasserman and Faust, "Social Network Analysis" (1994), section 2.3, with a radius as
//! `networkx.ego_graph`, found by breadth-first search; selection by Hoare's FIND, CACM 4(7), 1961.
//! Departures: an edge between two nodes of the last hop is not looked for (it would read the rows of all of
//! them), so this is what was walked and not the induced graph. Hops and `neighbors_max` are part of the question,
//! the latter answered with true counts; only `nodes_max`, `edges_visited_max` and `cancelled` truncate. A row
//! that does not fit into what is left of `edges_visited_max` is left unread and the search goes on: half a row has
//! no heaviest edges, and one hub must not hide its smaller siblings.
//! Cost: O(edges of the nodes walked) time, O(nodes + edges of the answer + `neighbors_max`) memory, nothing of the
//! size of the graph. Reading a hub of d edges for its top K is O(d), whatever K.
//! Checked against: relaxation of hops over the plain list of edges (`tests/it/neighborhood.rs`).

mod search;
mod top;

use std::ops::RangeInclusive;
use std::sync::atomic::AtomicBool;

use crate::graph::GraphView;
use crate::{Direction, Limit};

/// Which neighborhood is wanted, and how much work it may cost. The default is one hop both ways, all of it.
#[derive(Clone)]
pub struct NeighborhoodOptions<'a> {
    /// Along the edges, against them, or (`None`) both ways at every node.
    pub direction: Option<Direction>,
    /// How far nodes may be from the nearest root.
    pub hops_max: u32,
    /// Only edges of at least this weight are walked.
    pub weight_min: u64,
    /// Only edges whose first to last time overlaps this range are walked. A merged edge does not say when the
    /// edges between its first and last happened, so it may overlap with none of them inside.
    pub time_range: RangeInclusive<u32>,
    /// Only edges with all of these flags are walked.
    pub flags_required: u8,
    /// Only edges with none of these flags are walked.
    pub flags_excluded: u8,
    /// Nodes that are reached but not passed; roots are always passed.
    pub blocked: Option<&'a dyn Fn(u32) -> bool>,
    /// At each node and in each direction only so many edges, the heaviest, are walked (smaller edge id first
    /// among equals); how many there are in truth is in the answer.
    pub neighbors_max: usize,
    /// Bound: how many edges are looked at.
    pub edges_visited_max: u64,
    /// Bound: how many nodes the answer has, roots included.
    pub nodes_max: usize,
    /// Bound: set it to true from another thread to end the search with what it has.
    pub cancelled: Option<&'a AtomicBool>,
}

impl Default for NeighborhoodOptions<'_> {
    fn default() -> Self {
        Self {
            direction: None,
            hops_max: 1,
            weight_min: 0,
            time_range: 0..=u32::MAX,
            flags_required: 0,
            flags_excluded: 0,
            blocked: None,
            neighbors_max: usize::MAX,
            edges_visited_max: u64::MAX,
            nodes_max: usize::MAX,
            cancelled: None,
        }
    }
}

/// Whether the edges of a node were walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeState {
    /// They were, as far as [`Shown`] says.
    Walked,
    /// The node is `hops_max` from the roots.
    LastHop,
    /// The node is blocked.
    Blocked,
    /// A bound left them unread, in part or all.
    Unread,
}

/// How many edges of a node pass the filters in one direction, and how many of them were walked from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Shown {
    /// How many pass the filters; 0 if they were not looked at (see [`HoodNode::state`]).
    pub matching: u32,
    /// How many of them were walked: all, or `neighbors_max`. The rest may have been walked from their other end.
    pub taken: u32,
}

/// A node of a neighborhood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HoodNode {
    /// The node.
    pub node: u32,
    /// The fewest hops from a root, along edges that were walked.
    pub hops: u32,
    /// How many edges leave the node in the graph, filters aside.
    pub out_degree: u32,
    /// How many edges arrive at it.
    pub in_degree: u32,
    /// The edges that leave it.
    pub out: Shown,
    /// The edges that arrive at it.
    pub in_: Shown,
    /// Whether its edges were walked.
    pub state: NodeState,
}

/// An edge of a neighborhood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HoodEdge {
    /// Where it starts.
    pub source: u32,
    /// Where it leads.
    pub target: u32,
    /// Its id, the place in the columns of the graph.
    pub edge: u32,
}

/// Which bound cut a search first, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cut {
    /// The bound.
    pub limit: Limit,
    /// The first node whose edges were not walked to the end (of too many roots the first left out).
    pub node: u32,
    /// Its hops: everything nearer to the roots is complete.
    pub hops: u32,
}

/// A neighborhood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighborhood {
    /// Roots ascending, then by hops and in the order they were reached.
    pub nodes: Vec<HoodNode>,
    /// In the order they were walked, each once.
    pub edges: Vec<HoodEdge>,
    /// How many edges were looked at.
    pub edges_visited: u64,
    /// The first bound that hid something. `None`: the answer is complete.
    pub truncated_by: Option<Cut>,
}

/// What lies within [`NeighborhoodOptions::hops_max`] of the nearest of `roots`.
///
/// # Panics
/// A root is not a node.
pub fn neighborhood(
    graph: GraphView<'_>,
    roots: &[u32],
    options: &NeighborhoodOptions<'_>,
) -> Neighborhood {
    search::Search::new(graph, options).run(roots)
}

/// Roots in ascending order without repeats, so that their order of mention cannot matter.
pub(crate) fn distinct(roots: &[u32], n_nodes: u32) -> Vec<u32> {
    let mut roots = roots.to_vec();
    roots.sort_unstable();
    roots.dedup();
    assert!(roots.last().is_none_or(|&r| r < n_nodes), "a root is not one of {n_nodes} nodes");
    roots
}
