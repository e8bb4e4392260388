#![doc = include_str!("../README.md")]

mod bfs;
mod build;
mod components;
mod csr;
mod error;
pub mod events;
mod evidence;
mod graph;
mod hops;
mod limit;
mod neighborhood;
mod overlay;
mod pagerank;
pub mod paths;
pub mod patterns;
mod snapshot;
mod sparse;
pub mod temporal;

pub use bfs::{Bfs, Blocked, bfs, bfs_levels};
pub use build::{
    BuildError, BuildOptions, BuildSummary, EdgeBatch, ExternalBuilder, GraphBuilder, GraphChunk,
};
pub use components::{
    Components, ConcurrentComponents, Members, ProposedUnion, ReversibleComponents,
    TrackedComponents, components, connected_components, connected_components_of_edges,
};
pub use csr::{Csr, CsrView};
pub use error::GraphError;
pub use evidence::link_path;
pub use graph::{EdgeColumns, EdgeColumnsBuf, Graph, GraphView};
pub use hops::{
    AppendedRows, EdgeEnds, HopChanges, HopColumn, HopDistance, HopOptions, UNREACHED,
    WithinAnswer, WithinOptions, WithinScratch, hop_distance, hop_path, nearest_sources,
    reach_sets, within_hops,
};
pub use limit::{Direction, Limit};
pub use neighborhood::{
    Cut, HoodEdge, HoodNode, Neighborhood, NeighborhoodOptions, NodeState, Shown, neighborhood,
};
pub use overlay::{Base, DeltaEdge, DeltaGraph, EdgesOf, Overlay, OverlayReader};
pub use pagerank::{
    DynamicPageRank, EdgeChange, EdgeWeights, LocalOptions, LocalPageRank, PageRank,
    PageRankOptions, Personalization, RankUpdate, TransitionMatrix, local_pagerank, pagerank,
};
pub use snapshot::{MappedGraph, SnapshotFile};

/// "No node, no edge, no label" in a `u32` column; ids are therefore below `u32::MAX`.
pub const NONE: u32 = u32::MAX;
