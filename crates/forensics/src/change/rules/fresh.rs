//! C1, fresh address: the only output to an address that never appeared before.
//!
//! Source: Meiklejohn et al., A Fistful of Bitcoins, IMC 2013, section 4.2 (heuristic 2).
//! Departures: their wait for later reuse is a rule of its own (`paid_again`); self-change is excluded for all rules.

use super::{Evidence, Rule};
use crate::change::verdict::Verdict;

pub(super) const FRESH: Rule = Rule {
    name: "fresh",
    family: "C1",
    about: "its address is new, and all others had been seen before",
    needs: "nothing beyond the transaction",
    method_page: "docs/methods/change-c1-fresh.md",
    in_model: true,
    // Only "for": that an output was seen before is `used_before`, and one fact must not count twice.
    evidence: Evidence::Appearance(|subject, place| {
        match subject.only(place, |other| subject.is_fresh(other)) {
            Verdict::For => Verdict::For,
            _ => Verdict::NoInformation,
        }
    }),
};
