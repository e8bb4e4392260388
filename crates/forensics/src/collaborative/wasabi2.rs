//! Wasabi 2, by repeated amounts: a large round whose outputs repeat a few amounts.
//!
//! Rule: at least 20 inputs; every output at least 5,000 satoshi and of a script of its own; at least three
//! amounts occur twice or more and make up half of the outputs (less the coordinator's one); at least one output
//! is of an amount of its own.
//! Source: GraphSense. Beside it stands [`super::wabisabi`], which knows the protocol's amounts and order and
//! finds small rounds.
//! Departures: no upper bound on inputs a participant, which would only narrow the rule. Inputs are counted, not
//! looked at, so unknown ones change nothing.

use super::Protocol;
use super::shape::Shape;

pub(super) const WASABI2: Protocol = Protocol {
    number: 3,
    name: "wasabi2",
    about: "a large round whose outputs repeat several amounts",
    possible,
};

const INPUTS_MIN: usize = 20;
const OUTPUT_SAT_MIN: u64 = 5_000;
const REPEATED_AMOUNTS_MIN: usize = 3;

fn possible(shape: &Shape) -> bool {
    let repeated = || shape.groups.iter().filter(|group| group.count >= 2);
    let n_in_repeated: usize = repeated().map(|group| group.count).sum();
    shape.inputs.len() >= INPUTS_MIN
        && shape.outputs_distinct
        && shape.outputs.iter().all(|amount| *amount >= OUTPUT_SAT_MIN)
        && repeated().count() >= REPEATED_AMOUNTS_MIN
        && 2 * n_in_repeated + 1 >= shape.outputs.len()
        && n_in_repeated < shape.outputs.len()
}
