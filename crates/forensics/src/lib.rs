#![doc = include_str!("../README.md")]

pub mod change;
mod cluster_edges;
mod clusters;
pub mod collaborative;
mod error;
pub mod evaluation;
mod explain;
pub mod features;
mod flow;
pub mod heuristics;
pub mod mixes;
pub mod ownership;
mod payers;
pub mod resolution;
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
