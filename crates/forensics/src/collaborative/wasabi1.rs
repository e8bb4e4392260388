//! Wasabi 1: many equal outputs of about 0.1 BTC, later also of doublings of it.
//!
//! Rule, form one (1.0): at least 10 inputs of which no script has more than a tenth; all output scripts
//! distinct; the most frequent amount within 5 % of 0.1 BTC occurs n times, where 2 n is at least the outputs
//! less one (the coordinator's) and n at most the distinct input scripts.
//! Form two (1.1): the same with levels of 2^i × 0.1 BTC, each within 5 % and of at least two outputs; n is the
//! largest level, and all levels together hold the half.
//! Form three: the most frequent amount of all occurs at least 10 times and is within 0.02 BTC of 0.1 BTC; there
//! are at least as many inputs; at least two amounts occur once (change and coordinator).
//! Form four: amounts as the label asks for ([`crate::mixes`]), the beta of 2018 included, so that whatever is labelled
//! is excluded.
//! Source: forms one and two GraphSense (after Stockinger et al., "Pinpointing and measuring Wasabi and Samourai
//! CoinJoins"), form three Dumplings (nopara73).
//! Departures: any form is enough. The coordinator's two addresses of before block 610,000 are not needed.
//! GraphSense's way out for 1.1, "levels at least outputs - input scripts - 1", is left out: it holds for nearly
//! every transaction with more inputs than outputs and two outputs near 0.1 BTC. So are upper bounds on inputs
//! a participant, which only narrow the rule.

use super::Protocol;
use super::shape::{Shape, powers};
use crate::mixes::wasabi1::round;

pub(super) const WASABI1: Protocol = Protocol {
    number: 2,
    name: "wasabi1",
    about: "many equal outputs of about 0.1 BTC or doublings of it",
    possible,
};

const BASE_SAT: u64 = 10_000_000;
const INPUTS_MIN: usize = 10;
const SCRIPT_SHARE_MAX_PERCENT: usize = 10;
const BASE_TOLERANCE_PERCENT: u64 = 5;
const EQUAL_OUTPUTS_MIN: usize = 10;
const BASE_TOLERANCE_SAT: u64 = 2_000_000;
const UNIQUE_OUTPUTS_MIN: usize = 2;
const LEVEL_OUTPUTS_MIN: usize = 2;

fn possible(shape: &Shape) -> bool {
    let many_owners = shape.inputs.len() >= INPUTS_MIN
        && shape.n_top_input_script * 100 <= shape.inputs.len() * SCRIPT_SHARE_MAX_PERCENT
        && shape.outputs_distinct;
    let n_outputs = shape.outputs.len();
    (many_owners && (is_one_level(shape) || is_levels(shape)))
        || is_equal_at_base(shape)
        || round(&shape.groups, n_outputs, shape.n_input_scripts, shape.time).is_some()
}

fn is_near(amount_sat: u64, level_sat: u64) -> bool {
    amount_sat.abs_diff(level_sat) * 100 <= level_sat * BASE_TOLERANCE_PERCENT
}

fn is_majority(n_mixed: usize, shape: &Shape) -> bool {
    2 * n_mixed + 1 >= shape.outputs.len()
}

fn is_one_level(shape: &Shape) -> bool {
    let mode = shape.modes(|amount| is_near(amount, BASE_SAT)).next();
    mode.is_some_and(|g| is_majority(g.count, shape) && g.count <= shape.n_input_scripts)
}

fn is_levels(shape: &Shape) -> bool {
    let n_at = |level| shape.outputs.iter().filter(|&&amount| is_near(amount, level)).count();
    let levels = powers(BASE_SAT, 2).map(n_at).filter(|count| *count >= LEVEL_OUTPUTS_MIN);
    let (n_mixed, n_largest) = levels.fold((0, 0), |(sum, most), n| (sum + n, most.max(n)));
    n_mixed > 0 && is_majority(n_mixed, shape) && n_largest <= shape.n_input_scripts
}

fn is_equal_at_base(shape: &Shape) -> bool {
    let n_unique = shape.groups.iter().filter(|group| group.count == 1).count();
    n_unique >= UNIQUE_OUTPUTS_MIN
        && shape.modes(|_| true).any(|group| {
            group.count >= EQUAL_OUTPUTS_MIN
                && group.count <= shape.inputs.len()
                && group.amount_sat.abs_diff(BASE_SAT) <= BASE_TOLERANCE_SAT
        })
}
