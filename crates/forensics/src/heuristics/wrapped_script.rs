//! Wrapped script: a script hash and the script, key or witness program that it wraps.
//!
//! Source: the ledger's aliases; BlockSci's `linkScripthashNested`.
//! Departures: a wrapped m-of-n links the two forms of the script, never the keys inside it.
//! Confidence 1: whoever can satisfy the inner script can spend both, and nobody else can.
//! Checked against: the aliases themselves (`tests/it/heuristics.rs`).

use ledger::{AliasKind, Link};

use super::{Heuristic, TransactionContext};

pub(super) const WRAPPED_SCRIPT: Heuristic = Heuristic {
    number: 3,
    name: "wrapped_script",
    confidence: 1.0,
    about: "one address is the hash of the script that the other one pays to",
    method_page: "docs/methods/same-key.md",
    links,
};

fn links(context: &TransactionContext<'_>, out: &mut Vec<Link>) {
    WRAPPED_SCRIPT.alias_links(context, AliasKind::WrappedScript, out);
}
