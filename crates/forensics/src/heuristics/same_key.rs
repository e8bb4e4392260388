//! Same key: one public key in two forms of address (P2PKH and P2WPKH, say).
//!
//! Source: the ledger's aliases, which are made where an input reveals the key (BlockSci links the same way,
//! `Equiv` addresses).
//! Departures: none; collaborative transactions are not left out, because the fact is one of hashing and holds
//! whoever spends.
//! Confidence 1: two keys with one hash would be a broken hash. Where a key has leaked to many, both addresses
//! have the same many owners, which is all that the link says.
//! Checked against: the aliases themselves (`tests/it/heuristics.rs`).

use ledger::{AliasKind, Link};

use super::{Heuristic, TransactionContext};

pub(super) const SAME_KEY: Heuristic = Heuristic {
    number: 2,
    name: "same_key",
    confidence: 1.0,
    about: "both addresses are forms of one public key",
    method_page: "docs/methods/same-key.md",
    links,
};

fn links(context: &TransactionContext<'_>, out: &mut Vec<Link>) {
    SAME_KEY.alias_links(context, AliasKind::SameKey, out);
}
