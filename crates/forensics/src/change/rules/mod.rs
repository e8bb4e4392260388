//! The registry of rules: what speaks for and against an output being change.
//!
//! In: a transaction when it appears, or the fingerprint of it and of a spender. Out: a [`Verdict`] an output.
//! Adding one: a file in this folder (or a constant in one), a line in [`RULES`], a page in `docs/methods`. A model
//! names its columns, so one that was fitted to other rules is refused, never misread.
//! Source and departures: each rule's file. Checked against: cases by hand (`tests/it/change_rules.rs`).

mod continuity;
mod fresh;
mod optimal;
mod peel;
mod reuse;
mod round;
mod script_type;
mod self_change;

use super::fingerprint::Fingerprint;
use super::subject::Subject;
use super::verdict::Verdict;

/// When a rule knows, and how it says so.
#[derive(Clone, Copy)]
pub enum Evidence {
    /// Known when the transaction appears: the verdict on the output at a place.
    Appearance(fn(&Subject<'_>, usize) -> Verdict),
    /// Compares maker and spender, so many blocks apart: `For` if they look like one wallet.
    Continuity(fn(Fingerprint, Fingerprint, u32) -> Verdict),
    /// Whether the address was paid again by a later transaction: against.
    PaidAgain,
    /// Whether the spender has one input and two outputs: for.
    PeelAfter,
}

/// A rule.
#[derive(Clone, Copy)]
pub struct Rule {
    /// The name used in models, tables and messages; never changed.
    pub name: &'static str,
    /// The family, `C0` to `C7`.
    pub family: &'static str,
    /// What a verdict "for" says, as a sentence for analysts.
    pub about: &'static str,
    /// What must be known.
    pub needs: &'static str,
    /// The page with definition, failure modes and measured error.
    pub method_page: &'static str,
    /// Whether it takes part in the log-odds. The others are measured alone: their files say why.
    pub in_model: bool,
    /// How it knows.
    pub evidence: Evidence,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Every rule, in the order of the columns and of stored verdicts: only ever added to at the end.
pub const RULES: &[Rule] = &[
    self_change::SELF_CHANGE,
    fresh::FRESH,
    optimal::OPTIMAL,
    optimal::UNNECESSARY_INPUT,
    script_type::SCRIPT_TYPE,
    round::ROUND_COIN,
    round::ROUND_COIN_COARSE,
    round::ROUND_MONEY,
    reuse::USED_BEFORE,
    peel::PEEL_BEFORE,
    reuse::PAID_AGAIN,
    continuity::VERSION,
    continuity::LOCK_TIME,
    continuity::REPLACEABLE,
    continuity::ORDER,
    continuity::SIGNATURE_R,
    continuity::KEY_FORM,
    continuity::FEE_RATE,
    peel::PEEL_AFTER,
    continuity::OUTPUTS,
];

/// The rules that take part in the log-odds, with their places in [`RULES`].
pub(super) fn in_model() -> impl Iterator<Item = (usize, &'static Rule)> {
    RULES.iter().enumerate().filter(|(_, rule)| rule.in_model)
}
