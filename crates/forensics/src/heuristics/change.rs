//! Change: which output went back to the sender. A number and a name; the links are made by [`crate::change`], which
//! needs what spends the outputs later.
//!
//! Confidence 0.999 stands for "at most one in a thousand is wrong", which the model's threshold is chosen for; every
//! link carries its own.

use super::Heuristic;

pub(super) const CHANGE: Heuristic = Heuristic {
    number: 4,
    name: "change",
    confidence: 0.999,
    about: "one address paid and the other one got the change, by the weight of many signs",
    method_page: "docs/methods/change.md",
    links: |_, _| {},
};
