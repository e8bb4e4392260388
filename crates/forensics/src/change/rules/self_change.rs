//! C0, self-change: the output pays an address that is among the inputs.
//!
//! Source: BlockSci `address_reuse`, GraphSense.
//! Departures: takes no part in the log-odds. Where it holds the change is known and already in the cluster, so there
//! is nothing to link; and truth by co-spending would call it right by definition, which would flatter every figure. A
//! transaction with self-change is therefore not judged at all.

use super::{Evidence, Rule};
use crate::change::verdict::Verdict;

pub(super) const SELF_CHANGE: Rule = Rule {
    name: "self_change",
    family: "C0",
    about: "pays an address that the inputs spend from",
    needs: "addresses of inputs",
    method_page: "docs/methods/change-c0-self.md",
    in_model: false,
    evidence: Evidence::Appearance(|subject, place| match subject.is_self(place) {
        true => Verdict::For,
        false if subject.has_self() => Verdict::Against,
        false => Verdict::NoInformation,
    }),
};
