//! Consolidation: coins of many addresses gathered at one. A number and a name; the links are made by [`crate::change`],
//! which remembers a transaction until its output is spent.
//!
//! Confidence: the lower bound at 95 % of the share that was right on simulated worlds; see the page.

use super::Heuristic;

pub(super) const CONSOLIDATION: Heuristic = Heuristic {
    number: 6,
    name: "consolidation",
    confidence: 0.998,
    about: "one address gathered the coins of the other and more, and spends them as the same wallet",
    method_page: "docs/methods/consolidation.md",
    links: |_, _| {},
};
