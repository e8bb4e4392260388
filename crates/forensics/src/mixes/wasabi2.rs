//! Wasabi 2 (WabiSabi), of any coordinator: outputs of standard denominations, everything in falling order.
//!
//! Rule: at least 5 inputs and 5 outputs, no data; inputs and outputs each in falling order of amount; at least half of
//! the outputs are standard denominations (2^k, 3^k, 2 × 3^k, 10^k, 2 × 10^k, 5 × 10^k satoshi, 5,000 or more), at least
//! a fifth and two of them *telling* ones: powers of 2 and 3, which no person types. Inputs are P2WPKH or taproot, of
//! at least 6 scripts in 10; at least 9 outputs in 10 have a script of their own.
//! A round of at least 20 inputs and outputs may be out of order if three fifths of its outputs are standard and two
//! fifths telling.
//! Source: denominations and order of the Wasabi 2 client, as in Dumplings (nopara73), which asks for 50 inputs and
//! four fifths.
//! Departures: the low floor, for small coordinators; telling denominations, because round payments in falling order
//! are a batch payout; distinct scripts, because one script that signs all inputs is one owner. That last veto takes
//! one of the 12 labelled rounds out (128 inputs of one script; the scanner's label is wrong).
//! Unknown inputs: a round of at least 20 inputs keeps its label by its outputs, if the known inputs are in order; a
//! smaller one needs all of them.
//! Confidence: 0.99 in order (by chance 5 inputs and 5 outputs are in order once in 14,400, and an amount is telling
//! once in about 10^5), 0.9 out of order, which was never seen.
//! Checked against: `tests/it/mixes.rs`, `mix_sets.rs`.

use super::outline::{Outline, ScriptTypes};
use super::{MixLabel, MixRule, count};

pub(super) const WASABI2_ROUND: MixRule = MixRule {
    number: 4,
    name: "wasabi2",
    about: "a WabiSabi round (Wasabi 2 or a client of its protocol): outputs of standard denominations",
    method_page: "docs/methods/mix-wasabi2.md",
    collaborative: true,
    variants: &[],
    exchange_vetoes: false,
    find,
};

const INPUTS_MIN: usize = 5;
const OUTPUTS_MIN: usize = 5;
const LARGE_MIN: usize = 20;
const TELLING_MIN: usize = 2;
const DENOMINATION_SAT_MIN: u64 = 5_000;
const SUPPLY_SAT: u64 = 2_100_000_000_000_000;

const CONFIDENCE: f32 = 0.99;
const CONFIDENCE_OUT_OF_ORDER: f32 = 0.9;

/// Whether the amount is `first * factor^k`.
fn is_power(amount_sat: u64, first: u64, factor: u64) -> bool {
    let powers = std::iter::successors(Some(first), |power| power.checked_mul(factor));
    powers.take_while(|power| *power <= SUPPLY_SAT).any(|power| power == amount_sat)
}

/// A denomination that no person types: a power of 2 or 3, or twice a power of 3.
fn is_telling(amount_sat: u64) -> bool {
    let series = [(1, 2), (1, 3), (2, 3)];
    amount_sat >= DENOMINATION_SAT_MIN && series.iter().any(|&(a, b)| is_power(amount_sat, a, b))
}

/// A denomination as people use them, too: 1, 2 or 5 and zeros.
fn is_round(amount_sat: u64) -> bool {
    amount_sat >= DENOMINATION_SAT_MIN && [1, 2, 5].iter().any(|&a| is_power(amount_sat, a, 10))
}

fn find(outline: &Outline) -> Option<MixLabel> {
    let (n_inputs, n_outputs) = (outline.n_inputs, outline.outputs.len());
    let is_large = n_inputs >= LARGE_MIN && n_outputs >= LARGE_MIN;
    let plausible = n_inputs >= INPUTS_MIN
        && n_outputs >= OUTPUTS_MIN
        && !outline.has_data()
        && (is_large || outline.all_inputs_known())
        && outline.input_types.is_within(ScriptTypes::P2WPKH_OR_P2TR)
        && 10 * outline.n_input_scripts >= 6 * outline.inputs.len()
        && 10 * outline.n_output_scripts >= 9 * n_outputs;
    if !plausible {
        return None;
    }
    let n_outputs_of = |is: fn(u64) -> bool| {
        let groups = outline.groups.iter().filter(|group| is(group.amount_sat));
        groups.map(|group| group.count).sum::<usize>()
    };
    let n_telling = n_outputs_of(is_telling);
    let n_standard = n_telling + n_outputs_of(is_round);
    let in_order = outline.inputs.is_sorted_by(|a, b| a >= b)
        && outline.outputs.is_sorted_by(|a, b| a.amount_sat >= b.amount_sat);
    let confidence = if in_order {
        let enough = n_telling >= TELLING_MIN && 5 * n_telling >= n_outputs;
        (enough && 2 * n_standard >= n_outputs).then_some(CONFIDENCE)
    } else {
        let enough = 5 * n_standard >= 3 * n_outputs && 5 * n_telling >= 2 * n_outputs;
        (enough && is_large).then_some(CONFIDENCE_OUT_OF_ORDER)
    }?;
    let standard =
        outline.groups.iter().filter(|g| is_telling(g.amount_sat) || is_round(g.amount_sat));
    let mode = standard.max_by_key(|group| (group.count, group.amount_sat));
    Some(MixLabel {
        protocol: WASABI2_ROUND.number,
        variant: 0,
        confidence,
        n_participants: 0,
        n_equal_outputs: count(outline.n_repeated()),
        denomination_sat: mode.map_or(0, |group| group.amount_sat),
    })
}
