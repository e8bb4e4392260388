//! The registry of heuristics: rules that make links.
//!
//! In: a batch of the ledger. Out: links in order of transaction, then heuristic, then addresses.
//! Adding one: a file in this folder, a line in [`HEURISTICS`], a page under `docs/methods`. The number is
//! stored in every link, so it is never reused and never changed.
//! Departures: a heuristic sees one transaction at a time. What needs the history (change outputs, say) reads a
//! table that an earlier stage made; so any cut of the chain into batches gives the same links.
//! Cost: one pass; a collaborative transaction is recognized once and the answer shared by all heuristics.
//! Checked against: every pair of inputs, by double loop (`tests/it/heuristics.rs`).

mod change;
mod common_input;
mod consolidation;
mod person;
mod same_key;
mod wrapped_script;

use ledger::{AddressId, Alias, AliasKind, LedgerBatch, Link, TransactionView};

use crate::collaborative::{Protocols, possible_protocols};

/// What a heuristic is told about a transaction.
#[derive(Clone, Copy, Debug)]
pub struct TransactionContext<'a> {
    /// The transaction with its inputs and outputs.
    pub view: TransactionView<'a>,
    /// The collaborative protocols that it may belong to.
    pub protocols: Protocols,
    /// The aliases that it revealed.
    pub aliases: &'a [Alias],
}

/// A rule that makes links.
#[derive(Clone, Copy, Debug)]
pub struct Heuristic {
    /// Stored in [`Link::heuristic`]; never renumbered.
    pub number: u8,
    /// The name used in tables and messages.
    pub name: &'static str,
    /// Probability that a link of it is right, 0 to 1; each file says where it is from.
    pub confidence: f32,
    /// What a link of it says, as a sentence for analysts.
    pub about: &'static str,
    /// The page with definition and failure modes.
    pub method_page: &'static str,
    /// Appends the links that the transaction shows.
    pub links: fn(&TransactionContext<'_>, &mut Vec<Link>),
}

/// Every heuristic, in order of its number.
pub const HEURISTICS: &[Heuristic] = &[
    common_input::COMMON_INPUT,
    same_key::SAME_KEY,
    wrapped_script::WRAPPED_SCRIPT,
    change::CHANGE,
    person::PERSON,
    consolidation::CONSOLIDATION,
];

/// The number of `common_input`, whose links of one transaction are one piece of evidence.
pub const COMMON_INPUT: u8 = common_input::COMMON_INPUT.number;
/// The number of `change`, whose links [`crate::change::ChangeState`] makes.
pub const CHANGE: u8 = change::CHANGE.number;
/// The number of `person`, whose links are decisions.
pub const PERSON: u8 = person::PERSON.number;
/// The number of `consolidation`, whose links [`crate::change::ChangeState`] makes, too.
pub const CONSOLIDATION: u8 = consolidation::CONSOLIDATION.number;

impl Heuristic {
    /// The heuristic of a stored number.
    pub fn from_number(number: u8) -> Option<&'static Self> {
        HEURISTICS.iter().find(|heuristic| heuristic.number == number)
    }

    fn link(&self, context: &TransactionContext<'_>, a: AddressId, b: AddressId) -> Link {
        let row = context.view.row;
        Link {
            tx: row.index,
            height: row.height,
            a: a.min(b),
            b: a.max(b),
            heuristic: self.number,
            confidence: self.confidence,
            source: 0,
        }
    }

    /// The links of aliases of one kind: each pair once, none of an address with itself.
    fn alias_links(&self, context: &TransactionContext<'_>, kind: AliasKind, out: &mut Vec<Link>) {
        let of_kind =
            context.aliases.iter().filter(|alias| alias.kind == kind && alias.a != alias.b);
        let mut pairs: Vec<_> =
            of_kind.map(|alias| (alias.a.min(alias.b), alias.a.max(alias.b))).collect();
        pairs.sort_unstable();
        pairs.dedup();
        out.extend(pairs.into_iter().map(|(a, b)| self.link(context, a, b)));
    }
}

/// The links that a batch shows, of every heuristic. Links of two batches behind each other are the links of
/// the batches appended.
pub fn links(batch: &LedgerBatch) -> Vec<Link> {
    let mut links = Vec::new();
    for context in contexts(batch) {
        for heuristic in HEURISTICS {
            (heuristic.links)(&context, &mut links);
        }
    }
    links
}

/// Every transaction of a batch as heuristics see it.
pub fn contexts(batch: &LedgerBatch) -> impl Iterator<Item = TransactionContext<'_>> {
    let mut aliases = batch.aliases.as_slice();
    batch.views().map(move |view| {
        let n_own = aliases.iter().take_while(|alias| alias.tx <= view.row.index).count();
        let (own, rest) = aliases.split_at(n_own);
        aliases = rest;
        TransactionContext { view, protocols: possible_protocols(&view), aliases: own }
    })
}
