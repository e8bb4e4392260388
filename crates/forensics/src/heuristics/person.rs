//! Person: a link that somebody accepted, with a reason on record. A number and a name; the links are made from
//! decisions.

use super::Heuristic;

pub(super) const PERSON: Heuristic = Heuristic {
    number: 5,
    name: "person",
    confidence: 1.0,
    about: "a person accepted that both addresses have one owner, with a reason on record",
    method_page: "docs/methods/person.md",
    links: |_, _| {},
};
