//! Possible collaborative transactions: those that several parties may have signed together.
//!
//! In: one transaction. Out: the set of protocols that it may belong to, empty for almost all.
//! Source: each protocol's own file; their union as measured in `docs/methods/collaborative-exclusion.md`.
//! Departures: this is the *high-recall* answer, for leaving transactions out of common-input ownership. It is
//! no label "mixer": that is [`crate::mixes`], with vetoes (Stonewall, exchange payouts) that may never be added
//! here. One exception: a Whirlpool Tx0 has equal outputs and one owner. What is certainly one, by its outputs alone, is
//! in no set, so that its inputs are linked. Script types of inputs are not looked at: sources without scripts count.
//!
//! **Unknown inputs.** An input whose previous output is unknown may turn out to be anything. A transaction is
//! in the set of a protocol if *any* way to fill in the unknown inputs would put it there: an unknown input has
//! a script of its own and the amount the rule wants. So learning an input can only take a protocol away,
//! never add one, and links can only be added by what is learnt later.
//!
//! Cost: O(inputs log inputs + outputs log outputs); transactions with fewer than two inputs or three spendable
//! outputs, most of them, are answered at once.
//! Checked against: labelled rounds of the main network (`tests/it/fixtures.rs`), rules by hand, and the law of
//! the paragraph before last on random transactions (`tests/it/collaborative.rs`).

mod equal_outputs;
mod joinmarket;
pub(crate) mod shape;
mod wabisabi;
mod wasabi1;
mod wasabi2;
mod whirlpool;

use std::fmt;

use ledger::TransactionView;

use crate::mixes::whirlpool_tx0::is_single_owner;
use shape::Shape;

/// A protocol by which strangers sign one transaction.
#[derive(Clone, Copy)]
pub struct Protocol {
    /// Its bit in [`Protocols::bits`]; stored, so never renumbered.
    pub number: u8,
    /// The name used in tables and messages.
    pub name: &'static str,
    /// What it is, as a sentence for analysts.
    pub about: &'static str,
    possible: fn(&Shape) -> bool,
}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Every protocol, in order of its number.
pub const PROTOCOLS: &[Protocol] = &[
    equal_outputs::EQUAL_OUTPUTS,
    whirlpool::WHIRLPOOL,
    wasabi1::WASABI1,
    wasabi2::WASABI2,
    wabisabi::WABISABI,
    joinmarket::JOINMARKET,
];

/// A set of protocols.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protocols(u16);

impl Protocols {
    /// Whether there is any protocol in the set: the transaction is possibly collaborative.
    pub fn any(self) -> bool {
        self.0 != 0
    }

    /// The set as bits, by [`Protocol::number`].
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Whether the protocol of that name is in the set.
    pub fn contains(self, name: &str) -> bool {
        self.iter().any(|protocol| protocol.name == name)
    }

    /// The protocols of the set, in order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = &'static Protocol> {
        PROTOCOLS.iter().filter(move |protocol| self.0 & 1 << protocol.number != 0)
    }
}

/// The protocols that a transaction may belong to, whatever its unknown inputs turn out to be.
pub fn possible_protocols(view: &TransactionView<'_>) -> Protocols {
    let Some(shape) = Shape::of(view) else { return Protocols::default() };
    let possible = PROTOCOLS.iter().filter(|protocol| (protocol.possible)(&shape));
    let possible = Protocols(possible.fold(0, |bits, protocol| bits | 1 << protocol.number));
    if possible.any() && is_single_owner(view) { Protocols::default() } else { possible }
}
