#![doc = include_str!("../README.md")]

mod components;
mod csr;
mod error;
mod evidence;
mod graph;
mod limit;
mod pagerank;
mod sparse;
pub mod temporal;

pub use components::{
    Components, ConcurrentComponents, Link, Members, ReversibleComponents, TrackedComponents,
    components, connected_components, connected_components_of_edges,
};
pub use csr::{Csr, CsrView};
pub use error::GraphError;
pub use evidence::link_path;
pub use graph::{EdgeColumns, EdgeColumnsBuf, Graph, GraphView};
pub use limit::{Direction, Limit};
pub use pagerank::{
    DynamicPageRank, EdgeChange, EdgeWeights, LocalOptions, LocalPageRank, PageRank,
    PageRankOptions, Personalization, RankUpdate, TransitionMatrix, local_pagerank, pagerank,
};

/// "No node, no edge, no label" in a `u32` column; ids are therefore below `u32::MAX`.
pub const NONE: u32 = u32::MAX;
