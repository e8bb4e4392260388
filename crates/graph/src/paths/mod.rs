//! Paths of a directed graph: fewest hops, smallest length, largest bottleneck, the k best, and the whole graph.
//!
//! In: a [`crate::GraphView`], sources and targets (node ids, in any order, repeats allowed), [`PathOptions`]. Out: a
//! [`Path`] with the bound that may have hidden a better one, or one number for every node.
//! Source: named by each module.
//! Departures: **ties**. Among equally good paths the one with the fewest hops is taken, then the one whose nodes,
//! read from the target back, are smallest. So an answer is a property of the graph and the question: not of the
//! side from which it was searched, nor of the number of threads. A node that may not be passed ends every path
//! that reaches it, unless the path starts there.
//! Cost: a question about two nodes reads only what it reaches, from both ends; no memory of the size of the graph.
//! Checked against: enumeration of all simple paths, Bellman-Ford, and Yen over it (`tests/it/paths_*.rs`).

mod ends;
mod k_shortest;
mod labels;
mod lengths;
mod rounds;
mod shortest;
mod stepping;
mod trace;
mod walk;
mod weighted;
mod wheel;
mod widest;

pub use k_shortest::{PathsAnswer, k_shortest_paths};
pub use lengths::{
    NodeLengths, NodeWidths, UNREACHED, predecessors, shortest_path_lengths, widest_path_widths,
};
pub use shortest::shortest_path;
pub use walk::PathOptions;
pub use widest::widest_path;

use crate::Limit;

/// A path from a source to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Edge ids, from the source on; empty if the source is a target itself.
    pub edges: Vec<u32>,
    /// Nodes from source to target; one more than there are edges.
    pub nodes: Vec<u32>,
    /// How many edges it has.
    pub hops: u32,
    /// The sum of [`PathOptions::lengths`] along it; without them the hops.
    pub length: u64,
    /// The smallest weight along it; `u64::MAX` if it is empty.
    pub width: u64,
}

/// What a search found, and whether it is the whole truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathAnswer {
    /// The best path found.
    pub path: Option<Path>,
    /// How many edges were looked at.
    pub edges_visited: u64,
    /// The bound that may have hidden a better path. `None`: the answer is complete, "no path" included. Where
    /// several did, the first of `Cancelled`, `EdgesVisited`, `Degree`, `Length`, `Hops`.
    pub truncated_by: Option<Limit>,
}
