//! Integration tests of `forensics`: small ledgers by hand, random ones against oracles, labelled real rounds.

#![allow(clippy::unwrap_used, unreachable_pub)]

mod boltzmann;
mod change;
mod change_measured;
mod change_rules;
mod change_train;
mod cluster_edges;
mod clusters;
mod collaborative;
mod decisions;
mod evaluation;
mod evidence;
mod explain;
mod exposure;
mod exposure_conventions;
mod exposure_laws;
mod exposure_split;
mod exposure_worlds;
mod features;
mod fixtures;
mod flow;
mod guard;
mod heuristics;
mod lineage;
mod mix_sets;
mod mixes;
mod ownership;
mod resolution;
mod resolution_rules;
mod resolution_worlds;
mod trace;
mod transfers;
mod worlds;
