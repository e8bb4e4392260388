//! Tag packs: what others say of addresses.
//!
//! In: GraphSense TagPacks and ActorPacks (YAML), or a CSV of tags. Out: [`ledger::Tag`] rows, actors, and an account of
//! every tag that was not taken over.
//! Source: GraphSense TagPack specification (README of graphsense-tagpack-tool) with its schema and confidence scale.
//! Departures: an address of a chain that we do not decode is kept under the hash of its text instead of being
//! refused, so that the exact text still finds it; `abuse` goes before `category` where a tag has both, because the
//! question asked of tags here is how dangerous an address is; `context` is not kept.
//! Cost: one pass; memory of the file and its tags. 524,170 public tags: see `docs/methods/tagpacks.md`.
//! Checked against: an independent count of the addresses in every public pack (`tests.rs`): tags read and tags refused
//! add up to the tags in the file, always.

mod actors;
mod confidence;
mod currency;
mod error;
mod pack;
mod read;
mod rows;
mod yaml;

pub use actors::{Actor, ActorPackReport, read_actor_pack};
pub use confidence::{CONFIDENCE_LEVELS, confidence_level};
pub use error::TagError;
pub use pack::{Refusal, RefusalReason, Remark, TagPackReport, read_tag_pack};
pub use read::{TagFile, TagFileContent, read_tag_bytes, read_tag_file, tag_files};
pub use rows::read_tag_csv;

#[cfg(test)]
mod tests;
