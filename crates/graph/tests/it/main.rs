//! Every algorithm of the crate against an oracle that shares no code with it.
#![allow(clippy::unwrap_used)]

mod components;
mod csr;
mod evidence;
mod limits;
mod neighborhood;
mod neighbors;
mod oracle;
mod paths;
mod patterns_cycles;
mod patterns_fans;
mod proximity;
mod world;
