#![doc = include_str!("../README.md")]

mod components;
mod csr;
mod error;
mod evidence;
mod neighborhood;
mod proximity;
mod sparse;
mod temporal;

pub use components::{Components, Members, components};
pub use csr::{Csr, CsrView};
pub use error::GraphError;
pub use evidence::link_path;
pub use neighborhood::{Neighbor, NeighborOptions, Neighbors, neighbors};
pub use proximity::{EdgeBatch, Labels, Proximity, ProximityParts, ProximityView, proximity};
pub use temporal::{
    Direction, Limit, Path, PathAnswer, SearchOptions, TemporalEdges, TemporalGraph, shortest_path,
    widest_path,
};

/// "No node, no edge, no label" in a `u32` column; ids are therefore below `u32::MAX`.
pub const NONE: u32 = u32::MAX;
