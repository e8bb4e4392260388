//! Sanctions lists: publications of digital-currency addresses, read strictly, compared, and turned into listings.
//!
//! In: list files (OFAC `SDN_ADVANCED.XML`, `SDN.XML`, the CSV set, plain address lists, simple CSV). Out: a
//! [`ParsedList`], its difference to the list now live, and the [`ledger::Listing`] rows to append.
//! Source: OFAC data specification (CSV), `sdn.xsd`, Advanced Sanctions Data Model (ADVANCED); traps measured on real
//! copies, see `docs/methods/sanctions-lists.md`.
//! Departures: where other readers skip a row they cannot read, this one refuses the file: a sanctioned entity must
//! not vanish without a sign. What is odd but harmless is a [`ListWarning`]; an identifier that no decoder reads is kept
//! as [`UnmatchedEntry`] and listed by its exact text.
//! Cost: `SDN_ADVANCED.XML` streams; memory holds only the parties that have addresses.
//! Checked against: real copies with an independent count, synthetic XML, and 64 named mutations beside random damage,
//! none of which may pass in silence (`tests/`).

mod advanced;
mod error;
mod live;
mod plain;
mod publication;
mod read;
mod sdn_csv;
mod sdn_xml;
mod text_rows;
mod xml;

pub use error::{ListError, ListErrorKind, Place};
pub use live::{
    ListDiff, REMOVALS_MAX, Relabelled, diff, events_for, is_small_share, listings_as_of,
    not_older, removals_allowed,
};
pub(crate) use plain::without_comment;
pub use publication::{ListEntry, ListFormat, ListWarning, ParsedList, UnmatchedEntry};
pub use read::{ListFile, ReadOptions, read_list, read_list_files};
pub(crate) use text_rows::{Row, strict_rows};

#[cfg(test)]
mod tests;
