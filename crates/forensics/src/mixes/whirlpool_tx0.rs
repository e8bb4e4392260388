//! Whirlpool Tx0: one owner splits coins into outputs of a pool's size plus the miner's fee, and pays the coordinator.
//!
//! Rule: exactly one data output; 1 to 70 equal outputs ("premix") of a pool size d plus 100 to 110,000 satoshi; one
//! output of half to three times the pool's fee, the coordinator's; at most two more, which are change; all native
//! witness (P2WPKH), all scripts distinct. Where the data script is known it holds 64 to 80 bytes. Inputs do not matter.
//! Not collaborative: the inputs are one owner's and keep their common-input links. The fee output is the coordinator's.
//! Source: Whirlpool's protocol; bounds of GraphSense.
//! Departures: GraphSense takes the most frequent amount for the premix, which is wrong where it occurs once; here any
//! amount that fits a pool will do, as long as the fee fits the same pool. Several fits: the exact fee is preferred,
//! then more premix outputs, then the larger pool.
//! Confidence: 0.98 with the exact fee or at least two premix outputs, else 0.8 (three or four outputs of no telling
//! number). 368 of 368 labelled ones are found, and none of 2,946 other transactions of our sets.
//! Two changes: the second is a decoy of the same owner, or (a variant that was planned) a second owner's. So they are
//! labelled, but [`is_single_owner`] does not speak for them.
//! Checked against: `tests/it/mixes.rs`, `mix_sets.rs`.

use ledger::TransactionView;

use super::outline::{EqualOutputs, Outline, ScriptTypes};
use super::whirlpool::{MINING_FEE_SAT_MAX, Pool, pools};
use super::{MixLabel, MixRule, count};

pub(super) const WHIRLPOOL_TX0: MixRule = MixRule {
    number: 2,
    name: "whirlpool_tx0",
    about: "one owner prepares coins for Whirlpool and pays the coordinator's fee",
    method_page: "docs/methods/mix-whirlpool.md",
    collaborative: false,
    variants: &[],
    exchange_vetoes: false,
    find,
};

const MINING_FEE_SAT_MIN: u64 = 100;
const PREMIX_MAX: usize = 70;
const CHANGES_MAX: usize = 2;
/// Script of an `OP_RETURN` with 64 to 80 bytes.
const DATA_SCRIPT_BYTES: std::ops::RangeInclusive<usize> = 66..=83;

const CONFIDENCE: f32 = 0.98;
const CONFIDENCE_FEW_OUTPUTS: f32 = 0.8;

/// One way to read a transaction as a Tx0.
#[derive(Clone, Copy, Debug)]
struct Reading {
    pool: Pool,
    premix: EqualOutputs,
    exact_fee: bool,
    n_changes: usize,
}

/// Whether the transaction is certainly one owner's Tx0, whatever its inputs are: it then is not collaborative,
/// though its equal outputs look like it.
pub(crate) fn is_single_owner(view: &TransactionView<'_>) -> bool {
    let has_data = view.outputs.iter().any(|output| output.address.is_none());
    let sure =
        |reading: Reading| reading.n_changes < CHANGES_MAX && reading.confidence() >= CONFIDENCE;
    has_data && Outline::of(view).and_then(|outline| read(&outline)).is_some_and(sure)
}

/// The position, among all outputs, of the coordinator's fee in a transaction that is labelled a Tx0; `None` where two
/// outputs could be it.
pub fn fee_output(view: &TransactionView<'_>) -> Option<u32> {
    let reading = read(&Outline::of(view)?)?;
    let is_fee = |amount: u64| match reading.exact_fee {
        true => amount == reading.pool.fee_sat,
        false => is_fee(amount, reading.pool),
    };
    let others = view.outputs.iter().filter(|output| {
        output.address.is_some()
            && output.amount_sat != reading.premix.amount_sat
            && is_fee(output.amount_sat)
    });
    let mut positions = others.map(|output| output.position);
    positions.next().filter(|_| positions.next().is_none())
}

impl Reading {
    fn confidence(self) -> f32 {
        if self.exact_fee || self.premix.count > 1 { CONFIDENCE } else { CONFIDENCE_FEW_OUTPUTS }
    }
}

fn is_fee(amount_sat: u64, pool: Pool) -> bool {
    (pool.fee_sat / 2..=3 * pool.fee_sat).contains(&amount_sat)
}

fn find(outline: &Outline) -> Option<MixLabel> {
    let reading = read(outline)?;
    Some(MixLabel {
        protocol: WHIRLPOOL_TX0.number,
        variant: 0,
        confidence: reading.confidence(),
        n_participants: 1,
        n_equal_outputs: count(reading.premix.count),
        denomination_sat: reading.pool.size_sat,
    })
}

fn read(outline: &Outline) -> Option<Reading> {
    let [data_bytes] = outline.data_script_bytes[..] else { return None };
    let plausible = (data_bytes == 0 || DATA_SCRIPT_BYTES.contains(&data_bytes))
        && outline.outputs_distinct()
        && outline.output_types.is_within(ScriptTypes::P2WPKH);
    if !plausible {
        return None;
    }
    let readings = pools().flat_map(|pool| outline.groups.iter().map(move |group| (pool, *group)));
    let readings = readings.filter_map(|(pool, premix)| reading(outline, pool, premix));
    readings.max_by_key(|r| (r.exact_fee, r.premix.count, r.pool.size_sat))
}

fn reading(outline: &Outline, pool: Pool, premix: EqualOutputs) -> Option<Reading> {
    let mining_fee_sat = premix.amount_sat.checked_sub(pool.size_sat)?;
    let others = || outline.groups.iter().filter(|group| group.amount_sat != premix.amount_sat);
    let has_fee = others().any(|group| is_fee(group.amount_sat, pool));
    let n_changes = outline.outputs.len().checked_sub(premix.count + 1)?;
    let holds = (MINING_FEE_SAT_MIN..=MINING_FEE_SAT_MAX).contains(&mining_fee_sat)
        && premix.count <= PREMIX_MAX
        && has_fee
        && n_changes <= CHANGES_MAX;
    let exact_fee = others().any(|group| group.amount_sat == pool.fee_sat);
    holds.then_some(Reading { pool, premix, exact_fee, n_changes })
}
