//! Every algorithm of the crate against an oracle that shares no code with it.
#![allow(clippy::unwrap_used)]

mod components;
mod csr;
mod evidence;
mod limits;
mod neighbors;
mod oracle;
mod paths;
mod paths_k;
mod paths_lengths;
mod paths_limits;
mod paths_static;
mod paths_world;
mod proximity;
mod world;
