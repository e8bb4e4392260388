//! Integration tests of `forensics`: small ledgers by hand, random ones against oracles, labelled real rounds.

#![allow(clippy::unwrap_used, unreachable_pub)]

mod cluster_edges;
mod clusters;
mod collaborative;
mod decisions;
mod evidence;
mod explain;
mod fixtures;
mod flow;
mod guard;
mod heuristics;
mod ownership;
mod trace;
mod worlds;
