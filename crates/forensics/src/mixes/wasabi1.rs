//! Wasabi 1: at least ten equal outputs of about 0.1 BTC, change, a coordinator's fee; since 1.1 doublings as well.
//!
//! Rule: no data; all scripts native witness (P2WPKH), output scripts distinct, at most a tenth of the outputs paying a
//! script of the inputs, at least 6 input scripts in 10 distinct; the most frequent amount d within 0.02 BTC of 0.1 BTC
//! occurs n ≥ 10 times, not more often than there are known input scripts; at least two outputs are of other amounts;
//! those that are neither d nor on a level number at most 3 n / 2 + 3 (each participant has one change).
//! Levels are equal outputs within 5 % of 2^i × d: three on one, or two on each of two, make the variant 1.1.
//! Before November 2018 (*beta*, when 1.0 came out): n ≥ 6, d from 0.005 to 0.125 BTC, n ≤ input scripts, other outputs
//! 2 to n + 2.
//! Source: ZeroLink as Wasabi did it; Dumplings (nopara73) for d and n, GraphSense for levels and the share of scripts.
//! Departures: Dumplings' "two amounts occur once" and GraphSense's "mixed outputs are half of all" become one bound on
//! the outputs that are not mixed. The beta's rounds had other denominations; at that time no other protocol mixed
//! native witness outputs (JoinMarket did so from 2020 on), so the shape is enough.
//! Exchange: payouts of ten times 0.1 BTC exist; an input of a tagged exchange vetoes the label.
//! Confidence: 0.98; 0.8 where d is a multiple of 0.001 BTC, as payouts are (the client subtracts fees, so its
//! amounts are odd); beta 0.9. 152 of 152 labelled rounds of 2018 are found, and no other transaction of our sets.
//! Checked against: `tests/it/mixes.rs`, `mix_sets.rs`.

use ledger::Timestamp;

use super::outline::{EqualOutputs, Outline, ScriptTypes};
use super::{MixLabel, MixRule, count};

pub(super) const WASABI1_ROUND: MixRule = MixRule {
    number: 3,
    name: "wasabi1",
    about: "a Wasabi 1 round: ten or more equal outputs of about 0.1 BTC, change, a coordinator's fee",
    method_page: "docs/methods/mix-wasabi1.md",
    collaborative: true,
    variants: &["1.0", "1.1", "beta"],
    exchange_vetoes: true,
    find,
};

/// Variant: one level.
pub const WASABI1_0: u8 = 1;
/// Variant: doublings of the base level, too.
pub const WASABI1_1: u8 = 2;
/// Variant: before version 1.0, with other denominations.
pub const WASABI1_BETA: u8 = 3;

const BASE_SAT: u64 = 10_000_000;
const BASE_TOLERANCE_SAT: u64 = 2_000_000;
const EQUAL_OUTPUTS_MIN: usize = 10;
const OTHERS_MIN: usize = 2;
/// A level may be off by one part in this many: 5 %.
const LEVEL_TOLERANCE_PART: u64 = 20;
const LEVELS: u32 = 14;
/// 1 November 2018, 00:00 UTC: version 1.0 had come out the day before.
const BETA_END_S: i64 = 1_541_030_400;
const BETA_EQUAL_OUTPUTS_MIN: usize = 6;
const BETA_AMOUNTS_SAT: std::ops::RangeInclusive<u64> = 500_000..=12_500_000;
/// A payout's amounts are multiples of this.
const ROUND_SAT: u64 = 100_000;

const CONFIDENCE: f32 = 0.98;
const CONFIDENCE_ROUND: f32 = 0.8;
const CONFIDENCE_BETA: f32 = 0.9;

fn find(outline: &Outline) -> Option<MixLabel> {
    let plausible = outline.n_inputs >= BETA_EQUAL_OUTPUTS_MIN
        && !outline.has_data()
        && outline.outputs_distinct()
        && 10 * outline.n_reused <= outline.outputs.len()
        && 10 * outline.n_input_scripts >= 6 * outline.inputs.len()
        && outline.input_types.is_within(ScriptTypes::P2WPKH)
        && outline.output_types.is_within(ScriptTypes::P2WPKH);
    if !plausible {
        return None;
    }
    let (base, variant) =
        round(&outline.groups, outline.outputs.len(), outline.n_input_scripts, outline.time)?;
    Some(MixLabel {
        protocol: WASABI1_ROUND.number,
        variant,
        confidence: match variant {
            WASABI1_BETA => CONFIDENCE_BETA,
            _ if base.amount_sat.is_multiple_of(ROUND_SAT) => CONFIDENCE_ROUND,
            _ => CONFIDENCE,
        },
        n_participants: count(base.count),
        n_equal_outputs: count(outline.n_repeated()),
        denomination_sat: base.amount_sat,
    })
}

/// The equal outputs of a round and its variant, by amounts alone; the exclusion asks for the same.
pub(crate) fn round(
    groups: &[EqualOutputs],
    n_outputs: usize,
    n_input_scripts: usize,
    time: Timestamp,
) -> Option<(EqualOutputs, u8)> {
    let round = released(groups, n_outputs).or_else(|| beta(groups, n_outputs, time));
    round.filter(|(base, _)| base.count <= n_input_scripts)
}

fn mode(groups: &[EqualOutputs], is_base: impl Fn(u64) -> bool) -> Option<EqualOutputs> {
    let groups = groups.iter().filter(|group| is_base(group.amount_sat));
    groups.max_by_key(|group| group.count).copied()
}

/// Versions 1.0 and 1.1.
fn released(groups: &[EqualOutputs], n_outputs: usize) -> Option<(EqualOutputs, u8)> {
    let base = mode(groups, |amount| amount.abs_diff(BASE_SAT) <= BASE_TOLERANCE_SAT)?;
    if base.count < EQUAL_OUTPUTS_MIN {
        return None;
    }
    let levels = levels(groups, base);
    let n_others = n_outputs - base.count;
    let n_unmixed = n_others - levels.iter().sum::<usize>();
    let n_levels = levels.iter().filter(|count| **count >= 2).count();
    let has_levels = n_levels >= 2 || levels.iter().any(|count| *count >= 3);
    let holds = n_others >= OTHERS_MIN && 2 * n_unmixed <= 3 * base.count + 6;
    holds.then_some((base, if has_levels { WASABI1_1 } else { WASABI1_0 }))
}

/// How many equal outputs are on each level above the base; levels are too far apart to share one.
fn levels(groups: &[EqualOutputs], base: EqualOutputs) -> Vec<usize> {
    let on = |level: u64| {
        let near = groups.iter().filter(move |group| {
            group.count >= 2 && group.amount_sat.abs_diff(level) <= level / LEVEL_TOLERANCE_PART
        });
        near.map(|group| group.count).max().unwrap_or(0)
    };
    (1..=LEVELS).map(|i| on(base.amount_sat << i)).collect()
}

/// Before 1.0.
fn beta(groups: &[EqualOutputs], n_outputs: usize, time: Timestamp) -> Option<(EqualOutputs, u8)> {
    if time.get() >= BETA_END_S {
        return None;
    }
    let base = mode(groups, |amount| BETA_AMOUNTS_SAT.contains(&amount))?;
    let n_others = n_outputs - base.count;
    let holds =
        base.count >= BETA_EQUAL_OUTPUTS_MIN && (OTHERS_MIN..=base.count + 2).contains(&n_others);
    holds.then_some((base, WASABI1_BETA))
}
