//! C7, peel chain: one input, two outputs, and again one input, two outputs: the rest is passed on.
//!
//! Source: BlockSci `peeling_chain`; Kappos et al. 2022.
//! Departures: before, the larger output is the rest that goes on. After, the spender's shape takes no part in the
//! log-odds: truth by co-spending is blind to it (a spender with one input reveals nothing), so a fit would take the
//! best sign of a peel chain for proof of the contrary. It is measured alone.

use super::{Evidence, Rule};
use crate::change::verdict::Verdict;

const PAGE: &str = "docs/methods/change-c7-peel.md";

pub(super) const PEEL_BEFORE: Rule = Rule {
    name: "peel_before",
    family: "C7",
    about: "is the larger output of a transaction of one input and two outputs that follows another such",
    needs: "the transaction that the input spends from",
    method_page: PAGE,
    in_model: true,
    evidence: Evidence::Appearance(|subject, place| {
        let is_peel = subject.view.inputs.len() == 1 && subject.outputs.len() == 2;
        if !is_peel || !subject.after_peel || subject.amount(0) == subject.amount(1) {
            return Verdict::NoInformation;
        }
        Verdict::agrees(subject.amount(place) > subject.amount(1 - place))
    }),
};

pub(super) const PEEL_AFTER: Rule = Rule {
    name: "peel_after",
    family: "C7",
    about: "of a transaction of one input and two outputs, the only output whose spender is such, too",
    needs: "the spenders of both outputs",
    method_page: PAGE,
    in_model: false,
    evidence: Evidence::PeelAfter,
};
