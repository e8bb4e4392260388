//! Integration tests of `tracehound-ingest`: one binary, a module a subject.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod broken_files;
mod contract;
mod decoding;
mod exports;
mod labelled;
mod marks;
mod node;
mod prices;
mod real_blocks;
mod served;
mod undo_data;
mod world;
