//! C6, fingerprint continuity: the wallet that made a transaction spends its change.
//!
//! Source: Möser and Narayanan 2022; Kappos et al., How to Peel a Million, USENIX Security 2022.
//! Departures: `For` and `Against` compare an output's spender with those of the other outputs; the log-odds use the
//! difference of agreement (and of disagreement) between them, so that a fingerprint that everybody has says nothing.
//! An unspent output gives no information: nothing is guessed of who has not spent.

use super::{Evidence, Rule};
use crate::change::fingerprint::Class;

const PAGE: &str = "docs/methods/change-c6-continuity.md";

const fn continuity(name: &'static str, about: &'static str, evidence: Evidence) -> Rule {
    let needs = "the spender of an output";
    Rule { name, family: "C6", about, needs, method_page: PAGE, in_model: true, evidence }
}

pub(super) const VERSION: Rule = continuity(
    "same_version",
    "its spender has the version of this transaction, spenders of others have not",
    Evidence::Continuity(|maker, spender, _| maker.same(spender, Class::Version, false)),
);

pub(super) const LOCK_TIME: Rule = continuity(
    "same_lock_time",
    "its spender sets the lock time alike (none, the height, other), spenders of others do not",
    Evidence::Continuity(|maker, spender, _| maker.same(spender, Class::LockTime, false)),
);

pub(super) const REPLACEABLE: Rule = continuity(
    "same_replaceable",
    "its spender signals replaceability alike, spenders of others do not",
    Evidence::Continuity(|maker, spender, _| maker.same(spender, Class::Replaceable, false)),
);

pub(super) const ORDER: Rule = continuity(
    "same_order",
    "its spender orders outputs by amount alike (BIP 69), spenders of others do not",
    Evidence::Continuity(|maker, spender, _| maker.same(spender, Class::Order, true)),
);

pub(super) const SIGNATURE_R: Rule = continuity(
    "same_signatures",
    "its spender grinds signatures to a low R alike, spenders of others do not",
    Evidence::Continuity(|maker, spender, _| maker.same_signatures(spender)),
);

pub(super) const KEY_FORM: Rule = continuity(
    "same_key_form",
    "its spender shows keys of the same form, spenders of others do not",
    Evidence::Continuity(|maker, spender, _| maker.same(spender, Class::Key, true)),
);

pub(super) const OUTPUTS: Rule = continuity(
    "same_outputs",
    "its spender has as many outputs (one, two, up to nine, more), spenders of others have not",
    Evidence::Continuity(|maker, spender, _| maker.same(spender, Class::Outputs, false)),
);

pub(super) const FEE_RATE: Rule = continuity(
    "same_fee_rate",
    "its spender pays the same fee rate, spenders of others do not",
    Evidence::Continuity(|maker, spender, gap| maker.same_fee_rate(spender, gap)),
);
