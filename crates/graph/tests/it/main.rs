//! Every algorithm of the crate against an oracle that shares no code with it.
#![allow(clippy::unwrap_used)]

mod bfs;
mod components;
mod csr;
mod evidence;
mod hops;
mod limits;
mod neighbors;
mod oracle;
mod paths;
mod proximity;
mod world;
