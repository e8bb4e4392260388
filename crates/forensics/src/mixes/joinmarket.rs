//! JoinMarket: a taker and its makers, each with one output of the round's amount and nearly all with change.
//!
//! Rule: no data; n ≥ 3 outputs of one amount d above 2,730 satoshi, n at most the distinct input scripts; 1 to n other
//! outputs; output scripts distinct and none among the inputs'; inputs of one type of script, change of the same, and
//! at most one of the equal outputs (the taker's destination) of another. At most 100 inputs and outputs; from 50 inputs on at
//! most 20 inputs and at least 1.7 outputs a participant.
//! And the *contributions* must add up (`contributions.rs`): for each change c but one (the taker's) some inputs of its
//! own sum to d + c less a maker's fee, and those without change to d. What a maker earns is 0 to the larger of 0.5 % of
//! d and 10,000 satoshi; it may lose up to 200 satoshi to the miner.
//! Where two participants or more lack change, at most two inputs a participant: a payment of equal wages from many small
//! coins otherwise fits by chance (seen in a simulated world).
//! At most one input is of exactly d: several that pass through are one owner's coins of an earlier mix, moved in one go.
//! Of several amounts that occur three times or more, each is tried, most frequent first.
//! Source: JoinMarket's protocol. Shape as in GraphSense and crocs-muni's filter, which asks for 2 n or 2 n - 1 outputs
//! and for one group of equal outputs.
//! Departures: contributions are what tells a round from a payout of equal amounts, so that makers without change, equal
//! change and sweeps need no rules of their own. Where the search is given up (hundreds of inputs), only 2 n or 2 n - 1
//! outputs with n ≥ 5 are labelled, with less confidence.
//! Exchange: an input of a tagged exchange vetoes the label.
//! Confidence: 0.95 if contributions add up, at most one lacks change and inputs are at most 4 n (with more, some sum fits
//! by chance), 0.85 otherwise, 0.7 if the search was given up. Measured in `docs/methods/mix-joinmarket.md`.
//! Checked against: `tests/it/mixes.rs`, `mix_sets.rs`.

use super::contributions::{Contributions, Settled};
use super::outline::{EqualOutputs, Outline, Payment};
use super::{MixLabel, MixRule, count};

pub(super) const JOINMARKET_ROUND: MixRule = MixRule {
    number: 5,
    name: "joinmarket",
    about: "a JoinMarket round: a taker paid makers to join with equal outputs",
    method_page: "docs/methods/mix-joinmarket.md",
    collaborative: true,
    variants: &["with taker change", "sweep"],
    exchange_vetoes: true,
    find,
};

/// Variant: every participant has change.
pub const JOINMARKET_TAKER_CHANGE: u8 = 1;
/// Variant: somebody, as a rule the taker, has none.
pub const JOINMARKET_SWEEP: u8 = 2;

const DUST_SAT: u64 = 2_730;
const PARTICIPANTS_MIN: usize = 3;
/// Inputs of exactly the round's amount.
const PASSED_MAX: usize = 1;
const SIDE_MAX: usize = 100;
/// GraphSense's guard against consolidations, as in the exclusion: what is labelled is excluded.
const LARGE_INPUTS_MIN: usize = 50;
const INPUTS_A_PARTICIPANT_MAX: usize = 20;
/// Inputs a participant where several lack change.
const INPUTS_WITHOUT_CHANGE_MAX: usize = 2;
/// From so many participants on the shape alone is worth a label.
const SHAPE_PARTICIPANTS_MIN: usize = 5;

const CONFIDENCE: f32 = 0.95;
const CONFIDENCE_MANY_INPUTS: f32 = 0.85;
const CONFIDENCE_SHAPE: f32 = 0.7;

fn find(outline: &Outline) -> Option<MixLabel> {
    let plausible = outline.n_inputs >= PARTICIPANTS_MIN
        && outline.n_inputs.max(outline.outputs.len()) <= SIDE_MAX
        && !outline.has_data()
        && outline.all_inputs_known()
        && outline.outputs_distinct()
        && outline.n_reused == 0
        && outline.input_types.is_uniform();
    if !plausible {
        return None;
    }
    let mut rounds: Vec<EqualOutputs> = outline.groups.clone();
    rounds.retain(|group| group.count >= PARTICIPANTS_MIN && group.amount_sat > DUST_SAT);
    rounds.sort_by_key(|group| std::cmp::Reverse((group.count, group.amount_sat)));
    rounds.iter().find_map(|round| label(outline, *round))
}

fn label(outline: &Outline, round: EqualOutputs) -> Option<MixLabel> {
    let n = round.count;
    let (equal, change): (Vec<&Payment>, Vec<&Payment>) =
        outline.outputs.iter().partition(|paid| paid.amount_sat == round.amount_sat);
    let foreign = equal.iter().filter(|paid| !outline.input_types.allows(paid.script_type));
    let few_inputs = outline.n_inputs < LARGE_INPUTS_MIN
        || (outline.n_inputs <= INPUTS_A_PARTICIPANT_MAX * n
            && 10 * outline.outputs.len() >= 17 * n);
    let n_passed = outline.inputs.iter().filter(|amount| **amount == round.amount_sat).count();
    let holds = n <= outline.n_input_scripts
        && few_inputs
        && n_passed <= PASSED_MAX
        && (1..=n).contains(&change.len())
        && change.iter().all(|paid| outline.input_types.allows(paid.script_type))
        && foreign.count() <= 1;
    if !holds {
        return None;
    }
    let contributions = Contributions {
        inputs: outline.inputs.clone(),
        denomination_sat: round.amount_sat,
        n_participants: n,
        changes: change.iter().map(|paid| paid.amount_sat).collect(),
    };
    // Whoever has no change fits any few coins that sum to d: with many coins some do by chance.
    let few_lack_change = change.len() + 1 >= n;
    if !few_lack_change && outline.n_inputs > INPUTS_WITHOUT_CHANGE_MAX * n {
        return None;
    }
    let confidence = match contributions.settle() {
        Settled::Fits if few_lack_change && outline.n_inputs <= 4 * n => CONFIDENCE,
        Settled::Fits => CONFIDENCE_MANY_INPUTS,
        Settled::Unsettled if n >= SHAPE_PARTICIPANTS_MIN && few_lack_change => CONFIDENCE_SHAPE,
        Settled::Unsettled | Settled::Impossible => return None,
    };
    Some(MixLabel {
        protocol: JOINMARKET_ROUND.number,
        variant: if change.len() == n { JOINMARKET_TAKER_CHANGE } else { JOINMARKET_SWEEP },
        confidence,
        n_participants: count(n),
        n_equal_outputs: count(n),
        denomination_sat: round.amount_sat,
    })
}
