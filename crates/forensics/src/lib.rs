#![doc = include_str!("../README.md")]

mod cluster_edges;
mod clusters;
pub mod collaborative;
mod error;
mod explain;
mod flow;
pub mod heuristics;
mod payers;
pub mod screening;
mod trace;

pub use cluster_edges::{ClusterEdges, cluster_edges, moved_addresses};
pub use clusters::Clusters;
pub use error::FlowError;
pub use explain::{Step, explain};
pub use flow::{FlowBuilder, FlowEdges};
pub use heuristics::links;
pub use payers::{AMOUNT_UNKNOWN, MIXING};
pub use trace::{FlowGraph, Hop, TraceAnswer, TraceLimits, TraceOptions, TracePath, WaysAnswer};
