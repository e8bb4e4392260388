#![doc = include_str!("../README.md")]

mod as_of;
mod attribution;
pub mod change;
mod cluster_edges;
mod clusters;
pub mod collaborative;
pub mod decisions;
mod edge_money;
mod edge_table;
mod error;
pub mod evaluation;
mod explain;
pub mod exposure;
pub mod features;
mod flow;
mod guard;
pub mod heuristics;
pub mod mixes;
pub mod money;
mod owners;
pub mod ownership;
pub mod patterns;
mod payers;
pub mod proximity;
pub mod rank;
pub mod resolution;
pub mod risk_features;
pub mod score;
pub mod screening;
mod trace;
mod transfers;

pub use as_of::{ClustersAsOf, clusters_as_of};
pub use attribution::{Attribution, Claim};
pub use cluster_edges::{ClusterEdges, cluster_edges, moved_addresses};
pub use clusters::{Clusters, HEIGHTS_BACK, links_among};
pub use error::FlowError;
pub use explain::{ExplainOptions, Explanation, Prefer, Step, explain, explain_with};
pub use flow::{FlowBuilder, FlowEdges};
pub use guard::{
    ClusterRules, Guard, HeldLink, HeldReason, PendingMerge, held_by_pair, tied_by_held,
};
pub use heuristics::links;
pub use owners::Owners;
pub use payers::{AMOUNT_UNKNOWN, MIXING};
pub use trace::{FlowGraph, Hop, TraceAnswer, TraceLimits, TraceOptions, TracePath, WaysAnswer};
pub use transfers::{Transfer, transfers};
