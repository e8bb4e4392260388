//! JoinMarket: equal outputs for a taker and its makers, with change for most.
//!
//! Rule: the most frequent amount above 2,730 satoshi occurs n times; n is at least half of the outputs and 3 to
//! the number of distinct input scripts; all output scripts are distinct; at least one output is change. From 50
//! inputs on, at most 20 inputs a participant and at least 1.7 outputs a participant.
//! Source: GraphSense; the last sentence is its guard against consolidations.
//! Departures: none. It also takes in most Wasabi 1 and look-alikes, which is right for leaving out and wrong for
//! a label.

use super::Protocol;
use super::shape::Shape;

pub(super) const JOINMARKET: Protocol = Protocol {
    number: 5,
    name: "joinmarket",
    about: "at least three equal outputs that are half of all, each with an input script",
    possible,
};

const DUST_SAT: u64 = 2_730;
const PARTICIPANTS_MIN: usize = 3;
const LARGE_INPUTS_MIN: usize = 50;
const INPUTS_A_PARTICIPANT_MAX: usize = 20;

fn possible(shape: &Shape) -> bool {
    let (n_inputs, n_outputs) = (shape.inputs.len(), shape.outputs.len());
    let Some(mode) = shape.modes(|amount| amount > DUST_SAT).next() else { return false };
    let n = mode.count;
    let is_plausible = n_inputs < LARGE_INPUTS_MIN
        || (n_inputs <= INPUTS_A_PARTICIPANT_MAX * n && 10 * n_outputs >= 17 * n);
    2 * n >= n_outputs
        && (PARTICIPANTS_MIN..=shape.n_input_scripts).contains(&n)
        && shape.outputs_distinct
        && n < n_outputs
        && is_plausible
}
