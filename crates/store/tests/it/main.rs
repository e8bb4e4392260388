//! The store's tests: one plain in-memory model (`model`) is the oracle of all of them.
#![allow(clippy::unwrap_used)]

mod columns;
mod crash;
mod dictionary;
mod kill;
mod laws;
mod mapped;
mod model;
mod readers;
mod rot;
mod tables;
