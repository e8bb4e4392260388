//! The store's tests: one plain in-memory model (`model`) is the oracle of all of them.
#![allow(clippy::unwrap_used)]

mod columns;
mod crash;
mod dictionary;
mod fuzzed;
mod kill;
mod laws;
mod mapped;
mod mapped_columns;
mod model;
mod pyarrow;
mod readers;
mod rot;
mod tables;
