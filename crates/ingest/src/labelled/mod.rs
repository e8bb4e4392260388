//! Labelled data: mixes whose protocol is known, and wallets whose owner is known, for measuring what we find.
//!
//! In: a folder. Out: labelled sets (files of transactions of one protocol, or of none) and emulated wallets (a chain with
//! the owner of its addresses), each as rows of the ledger with ids of its own.
//! Source: the line format of Dumplings' scanner (`txid:::block:::index:::time:::inputs:::outputs`); the files of EmuCoinJoin
//! and of coinjoin-analysis (crocs-muni), as their sources write them; `docs/reference/evaluate.md` lists every file.
//! Departures: a row that cannot be read is left out and counted with a reason and its first place ([`Skipped`]); only a
//! file in which nothing can be read is an error. Scripts are read as the decoder of blocks reads them.
//! Cost: one pass, everything in memory: this is for sets that a person can hold, not for a chain.
//! Checked against: the same blocks taken in by the engine (`crates/engine/tests/it/evaluate.rs`), files written by hand
//! in every form (`tests/it/labelled.rs`).

mod blocks;
mod error;
mod find;
mod gzip;
mod json;
mod lines;
mod memory;
mod owners;
mod rounds;
mod wallets;

pub use error::{LabelledError, Skipped};
pub use find::{Found, MixFile, SetLabel, find, label_of};
pub use lines::read_lines;
pub use memory::MemoryLedger;
pub use owners::{Owners, address_of};
pub use wallets::{EmulatedWallets, Experiment};

/// A set of transactions with one label.
#[derive(Clone, Debug)]
pub struct LabelledSet {
    /// The file, below the folder that was searched.
    pub name: String,
    /// What its transactions are said to be.
    pub label: SetLabel,
    /// The transactions.
    pub ledger: MemoryLedger,
    /// What could not be read.
    pub skipped: Vec<Skipped>,
}
