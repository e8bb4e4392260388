//! WabiSabi, by its own amounts and order.
//!
//! Rule: at least 5 inputs and 5 outputs; inputs and outputs each in falling order of amount; at least half of
//! the outputs are standard denominations: 2^k, 3^k, 2 × 3^k, 10^k, 2 × 10^k or 5 × 10^k satoshi, 5,000 or more. Out of
//! order: at least 20 inputs and 20 outputs, three fifths of them standard.
//! Source: the denominations and the order are those of the Wasabi 2 client, as in Dumplings (which asks for 50
//! inputs and four fifths); the low floors are ours, so that small rounds are found. Measured in
//! `docs/methods/collaborative-exclusion.md`.
//! Departures: script types of inputs are not looked at.
//! Unknown inputs: the order holds if that of the known ones does, since between two of them there is always an
//! amount that fits.

use super::Protocol;
use super::shape::{Shape, powers};

pub(super) const WABISABI: Protocol = Protocol {
    number: 4,
    name: "wabisabi",
    about: "inputs and outputs in falling order, half of the outputs of standard denominations",
    possible,
};

const INPUTS_MIN: usize = 5;
const OUTPUTS_MIN: usize = 5;
const LARGE_MIN: usize = 20;
const OUTPUT_SAT_MIN: u64 = 5_000;
/// First amount and factor of each series of denominations.
const SERIES: [(u64, u64); 6] = [(1, 2), (1, 3), (2, 3), (1, 10), (2, 10), (5, 10)];

fn possible(shape: &Shape) -> bool {
    let (n_inputs, n_outputs) = (shape.inputs.len(), shape.outputs.len());
    let n_standard = || shape.outputs.iter().filter(|amount| is_standard(**amount)).count();
    let in_order = || {
        shape.known_amounts().is_sorted_by(|a, b| a >= b)
            && shape.outputs.is_sorted_by(|a, b| a >= b)
            && 2 * n_standard() >= n_outputs
    };
    let out_of_order = || n_inputs.min(n_outputs) >= LARGE_MIN && 5 * n_standard() >= 3 * n_outputs;
    n_inputs >= INPUTS_MIN && n_outputs >= OUTPUTS_MIN && (in_order() || out_of_order())
}

fn is_standard(amount_sat: u64) -> bool {
    let is_in = |&(first, factor): &(u64, u64)| powers(first, factor).any(|d| d == amount_sat);
    amount_sat >= OUTPUT_SAT_MIN && SERIES.iter().any(is_in)
}
