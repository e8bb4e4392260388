//! Labels of mixes: which protocol made a transaction, precisely or not at all.
//!
//! In: one transaction. Out: at most one [`MixLabel`], with protocol, confidence 0 to 1, participants, denomination in
//! satoshi. Around it: [`Lineage`] (Tx0 → mix → remix, over the whole ledger, to rows of the table `mixes`) and
//! [`boltzmann`] (which input may have paid which output of a small mix).
//! Adding a protocol: a file in this folder, a line in [`MIX_RULES`], a page under `docs/methods`. Numbers are stored,
//! so they are never reused and never changed.
//! Source: each rule's own file.
//! Departures: [`collaborative`](crate::collaborative) and this are two thresholds of one question. What is left out of
//! clustering is the high-recall union there; a label says "mixer" to an analyst, so it asks for all marks of a
//! protocol and obeys vetoes that the union may never have:
//! - *Stonewall*, 3 or 4 outputs of which exactly one amount occurs twice, is one owner's spend in a mix's clothes: no
//!   label.
//! - A data output (`OP_RETURN`) belongs to a Tx0 and to no mix.
//! - *Reuse*: participants get fresh scripts. Outputs that share a script or pay one of the inputs' own, or inputs of
//!   few scripts, are one owner's.
//! - *Exchange*: with an input of a tagged exchange, Wasabi 1 and JoinMarket, whose shapes batch payouts can have, are
//!   not given ([`label_unless`]).
//!
//! Unknown inputs are never guessed: a rule that needs them gives no label until they are known.
//!
//! **Precedence.** The first rule of [`MIX_RULES`] that holds gives the label. Rules stand in order of how little else
//! has their shape: exact pool sizes and nothing else (Whirlpool); a data output beside pool sizes plus a mining fee
//! (Tx0); denominations that no person picks, in an order that no wallet writes (Wasabi 2); many equal outputs near one
//! known amount (Wasabi 1); equal outputs of any amount (JoinMarket), which the shapes before would meet, too.
//!
//! Cost: O(inputs log inputs + outputs log outputs), most transactions at once; JoinMarket's search is bounded.
//! Checked against: labelled rounds and their neighborhood on the main network, and hand-made rounds of every protocol
//! (`tests/it/mixes.rs`, `mix_sets.rs`).

pub mod boltzmann;
mod contributions;
mod joinmarket;
mod lineage;
mod outline;
pub(crate) mod wasabi1;
mod wasabi2;
pub(crate) mod whirlpool;
pub(crate) mod whirlpool_tx0;

use std::fmt;

use ledger::{AddressId, TransactionView};

pub use joinmarket::{JOINMARKET_SWEEP, JOINMARKET_TAKER_CHANGE};
pub use lineage::{Lineage, LineageBits};
use outline::Outline;
pub use wasabi1::{WASABI1_0, WASABI1_1, WASABI1_BETA};
pub use whirlpool_tx0::fee_output as tx0_fee_output;

/// A protocol's precise rule.
#[derive(Clone, Copy)]
pub struct MixRule {
    /// Stored in [`ledger::Mix::protocol`] and [`MixLabel::protocol`]; never renumbered, never 0.
    pub number: u8,
    /// The name used in tables and messages.
    pub name: &'static str,
    /// What a label of it says, as a sentence for analysts.
    pub about: &'static str,
    /// The page with definition and failure modes.
    pub method_page: &'static str,
    /// Whether several owners sign: their inputs tell nothing about common ownership.
    pub collaborative: bool,
    /// Names of [`MixLabel::variant`], by number less one.
    pub variants: &'static [&'static str],
    /// Whether a tagged exchange among the inputs speaks against it.
    exchange_vetoes: bool,
    find: fn(&Outline) -> Option<MixLabel>,
}

impl fmt::Debug for MixRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Every rule, in order of precedence.
pub const MIX_RULES: &[MixRule] = &[
    whirlpool::WHIRLPOOL_MIX,
    whirlpool_tx0::WHIRLPOOL_TX0,
    wasabi2::WASABI2_ROUND,
    wasabi1::WASABI1_ROUND,
    joinmarket::JOINMARKET_ROUND,
];

/// Number of Whirlpool mixes.
pub const WHIRLPOOL: u8 = whirlpool::WHIRLPOOL_MIX.number;
/// Number of Whirlpool's entry transactions.
pub const WHIRLPOOL_TX0: u8 = whirlpool_tx0::WHIRLPOOL_TX0.number;
/// Number of Wasabi 1 rounds.
pub const WASABI1: u8 = wasabi1::WASABI1_ROUND.number;
/// Number of Wasabi 2 rounds, of any coordinator.
pub const WASABI2: u8 = wasabi2::WASABI2_ROUND.number;
/// Number of JoinMarket rounds.
pub const JOINMARKET: u8 = joinmarket::JOINMARKET_ROUND.number;

impl MixRule {
    /// The rule of a stored number.
    pub fn from_number(number: u8) -> Option<&'static Self> {
        MIX_RULES.iter().find(|rule| rule.number == number)
    }

    /// The name of a stored variant; `None` where the protocol has none of that number.
    pub fn variant_name(&self, variant: u8) -> Option<&'static str> {
        self.variants.get(usize::from(variant).checked_sub(1)?).copied()
    }
}

/// What a rule says about one transaction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MixLabel {
    /// The rule's number; see [`MixRule::from_number`].
    pub protocol: u8,
    /// Which form of the protocol, from 1; 0 where there is but one. See [`MixRule::variant_name`].
    pub variant: u8,
    /// Probability that the label is right, 0 to 1, by the shape alone; each rule's page says where it is from.
    pub confidence: f32,
    /// How many take part; 0 where the shape does not tell (Wasabi 2).
    pub n_participants: u32,
    /// How many outputs share their amount with another, as far as the protocol mixes them (Tx0: premix outputs).
    pub n_equal_outputs: u32,
    /// The amount that makes them equal, satoshi: pool size, base level, round's amount; Wasabi 2: the most frequent
    /// denomination.
    pub denomination_sat: u64,
}

impl MixLabel {
    /// The rule that gave it.
    ///
    /// # Panics
    /// If the number was made up: every label of this crate has a rule's.
    pub fn rule(&self) -> &'static MixRule {
        MixRule::from_number(self.protocol).expect("labels carry numbers of rules")
    }
}

/// The label of a transaction, whoever owns its inputs.
pub fn label(view: &TransactionView<'_>) -> Option<MixLabel> {
    label_unless(view, |_| false)
}

/// The label of a transaction, where `is_exchange` tells the addresses of tagged exchanges: with one among the
/// inputs, protocols whose shape batch payouts can have are not given.
pub fn label_unless(
    view: &TransactionView<'_>,
    is_exchange: impl Fn(AddressId) -> bool,
) -> Option<MixLabel> {
    let outline = Outline::of(view)?;
    if outline.is_stonewall() {
        return None;
    }
    let label = MIX_RULES.iter().find_map(|rule| (rule.find)(&outline))?;
    let addresses = || view.inputs.iter().filter_map(|input| input.spent?.address);
    let vetoed = label.rule().exchange_vetoes && addresses().any(is_exchange);
    (!vetoed).then_some(label)
}

/// A count as the column holds it; more than 32 bits of outputs fit no transaction.
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
