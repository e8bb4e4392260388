//! What every search has in common: which way it goes, and which bound cut it.
//!
//! A filter ("not through services") changes the question and is no limit; only a bound on the work can truncate
//! an answer, and the answer then names it.

/// Along the edges or against them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the source of an edge to its target.
    Forward,
    /// From the target of an edge to its source.
    Backward,
}

/// A bound that cut a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// `hops_max`: longer paths were not looked for.
    Hops,
    /// `degree_max`: a node with more edges was reached and not passed.
    Degree,
    /// `edges_visited_max`: the search stopped after so many edges.
    EdgesVisited,
    /// `nodes_max`: the search stopped after so many nodes.
    Nodes,
    /// `cancelled`: the caller called the search off.
    Cancelled,
    /// `length_max`: longer paths were not looked for, or a sum did not fit into 64 bits.
    Length,
}

impl Limit {
    /// The name of the option, for messages.
    pub fn option(self) -> &'static str {
        match self {
            Self::Hops => "hops_max",
            Self::Degree => "degree_max",
            Self::EdgesVisited => "edges_visited_max",
            Self::Nodes => "nodes_max",
            Self::Cancelled => "cancelled",
            Self::Length => "length_max",
        }
    }
}
