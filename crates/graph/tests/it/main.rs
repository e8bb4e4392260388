//! Every algorithm of the crate against an oracle that shares no code with it.
#![allow(clippy::unwrap_used)]

mod bfs;
mod build;
mod components;
mod components_concurrent;
mod components_reversible;
mod components_static;
mod components_tracked;
mod csr;
mod evidence;
mod external;
mod hops;
mod limits;
mod neighborhood;
mod neighbors;
mod oracle;
mod overlay;
mod pagerank;
mod paths;
mod paths_k;
mod paths_larger;
mod paths_lengths;
mod paths_limits;
mod paths_static;
mod paths_world;
mod patterns_cycles;
mod patterns_fans;
mod proximity;
mod snapshot;
mod walks;
mod world;
