//! Whirlpool mixes: as many outputs as inputs, all of exactly a pool's size.
//!
//! Rule: 5 to 10 inputs and as many outputs, no data; every output is exactly one pool size d; every input is known,
//! from d to d + 110,000 satoshi, and at least one brings more than d (somebody pays the miner); all scripts are
//! distinct; inputs are native witness (P2WPKH), and so is at least half of the outputs.
//! Source: Whirlpool's protocol (Samourai Wallet, since 2025 Ashigaru); bounds of GraphSense and Dumplings.
//! Departures: outputs may go to other types of script: whoever takes a mix's output straight to a wallet of another kind
//! is asked for a destination by the client (197 of the 897 mixes in our sets pay one P2WSH). 0.025 and 0.25 BTC of Ashigaru are pools, too. Up to 10 participants as in Dumplings ("surge cycles"),
//! and any number of them new: the first mix of a pool has no remix.
//! Confidence: 0.99, and 0.9 without a remix. Each of the 897 transactions of this shape in our sets (700 labelled; 82
//! beside Tx0s and 115 among spends of mixes, whose neighbors they are) is a mix by its lineage or its label; the
//! figure is the lower end, with 95 % confidence, of what 897 of 897 shows, rounded down.
//! Checked against: `tests/it/mixes.rs`, `mix_sets.rs`.

use super::outline::{Outline, ScriptTypes};
use super::{MixLabel, MixRule, count};

pub(super) const WHIRLPOOL_MIX: MixRule = MixRule {
    number: 1,
    name: "whirlpool",
    about: "a Whirlpool mix: each participant put in a pool's size and got exactly that out",
    method_page: "docs/methods/mix-whirlpool.md",
    collaborative: true,
    variants: &[],
    exchange_vetoes: false,
    find,
};

/// A pool: size of its outputs and the coordinator's fee for entering, both satoshi.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pool {
    pub(super) size_sat: u64,
    /// The usual fee; earlier ones and discounts are within half and three times of it.
    pub(super) fee_sat: u64,
}

/// Every pool that has been. Fees of Samourai's are as published and as seen; of Ashigaru's, 5 %, as for small pools.
const POOLS: [Pool; 6] = [
    Pool { size_sat: 100_000, fee_sat: 5_000 },
    Pool { size_sat: 1_000_000, fee_sat: 50_000 },
    Pool { size_sat: 2_500_000, fee_sat: 125_000 },
    Pool { size_sat: 5_000_000, fee_sat: 175_000 },
    Pool { size_sat: 25_000_000, fee_sat: 1_250_000 },
    Pool { size_sat: 50_000_000, fee_sat: 1_750_000 },
];

/// What a new participant brings beyond the pool's size, for the miner.
pub(crate) const MINING_FEE_SAT_MAX: u64 = 110_000;
/// How many may take part.
pub(crate) const PARTICIPANTS_MIN: usize = 5;
pub(crate) const PARTICIPANTS_MAX: usize = 10;

const CONFIDENCE: f32 = 0.99;
const CONFIDENCE_ALL_NEW: f32 = 0.9;

pub(super) fn pools() -> impl Iterator<Item = Pool> {
    POOLS.into_iter()
}

/// Whether an amount is the size of a pool.
pub(crate) fn is_pool_size(amount_sat: u64) -> bool {
    POOLS.iter().any(|pool| pool.size_sat == amount_sat)
}

fn find(outline: &Outline) -> Option<MixLabel> {
    let [group] = outline.groups[..] else { return None };
    let pool_sat = group.amount_sat;
    let n = outline.n_inputs;
    let is_share = |amount: &u64| (pool_sat..=pool_sat + MINING_FEE_SAT_MAX).contains(amount);
    let holds = (PARTICIPANTS_MIN..=PARTICIPANTS_MAX).contains(&n)
        && group.count == n
        && is_pool_size(pool_sat)
        && !outline.has_data()
        && outline.all_inputs_known()
        && outline.inputs.iter().all(is_share)
        && outline.inputs.iter().any(|amount| *amount > pool_sat)
        && outline.n_input_scripts == n
        && outline.outputs_distinct()
        && outline.n_reused == 0
        && outline.input_types.is_within(ScriptTypes::P2WPKH)
        && 2 * outline.n_outputs_beside(ScriptTypes::P2WPKH) <= n;
    let has_remix = outline.inputs.contains(&pool_sat);
    holds.then_some(MixLabel {
        protocol: WHIRLPOOL_MIX.number,
        variant: 0,
        confidence: if has_remix { CONFIDENCE } else { CONFIDENCE_ALL_NEW },
        n_participants: count(n),
        n_equal_outputs: count(n),
        denomination_sat: pool_sat,
    })
}
