//! How busy a chain is, from its own blocks.
//!
//! In: a [`BlockLoad`] a block in order of height, a grid of times. Out: transactions, weight, fee rate and blocks of the last
//! hour, and the time since the last block, as known at each time.
//! Source: block header times; fees are inputs less outputs where all inputs are known.
//! Departures: a block counts from the largest block time up to it: header times may lie before their parent's, never the
//! knowledge. A fee rate without any known fee is missing, never 0. Cost: O(blocks + times).
//! Checked against: blocks by hand and a double loop (`tests/it/indicators.rs`).

use super::{Form, Indicator};

/// What one block carried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockLoad {
    /// Its header's time, seconds since 1970 UTC.
    pub time_s: i64,
    /// Transactions, the coinbase left out.
    pub transactions: u64,
    /// Weight units (4 a byte without witness).
    pub weight: u64,
    /// Sum of the fees that are known, in the smallest unit.
    pub fees: u64,
    /// Weight of the transactions whose fees are known.
    pub fees_weight: u64,
}

/// Weight of a virtual byte.
const WEIGHT_PER_VBYTE: f64 = 4.0;

/// Congestion at `start_s + i · step_s`, over the `window_s` before.
pub fn congestion(
    blocks: &[BlockLoad],
    start_s: i64,
    step_s: u32,
    n: usize,
    window_s: u32,
) -> Vec<Indicator> {
    let mut known = i64::MIN;
    let known_at: Vec<i64> = blocks
        .iter()
        .map(|block| {
            known = known.max(block.time_s);
            known
        })
        .collect();
    let names = [
        ("blocks", "blocks"),
        ("transactions", "transactions"),
        ("weight", "weight units"),
        ("fee rate", "smallest units a virtual byte"),
        ("time since block", "seconds"),
    ];
    let words = super::span_words(u64::from(window_s));
    let mut set: Vec<Indicator> = names
        .iter()
        .map(|(name, unit)| Indicator {
            name: match *name {
                "time since block" => (*name).to_owned(),
                name => format!("{name} {words}"),
            },
            unit: (*unit).to_owned(),
            form: Form::Size,
            known_from_s: start_s,
            step_s,
            values: Vec::with_capacity(n),
        })
        .collect();
    for time in (0_i64..).take(n).map(|i| start_s + i * i64::from(step_s)) {
        let to = known_at.partition_point(|known| *known <= time);
        let from = known_at.partition_point(|known| *known <= time - i64::from(window_s));
        let row = figures(blocks, known_at[..to].last().map(|last| time - last), from..to);
        // Before a whole window of the chain is known, its sums say nothing.
        let covered = known_at.first().is_some_and(|first| *first <= time - i64::from(window_s));
        for (indicator, value) in set.iter_mut().zip(row) {
            indicator.values.push(if covered { value } else { f64::NAN });
        }
    }
    set
}

fn figures(blocks: &[BlockLoad], since: Option<i64>, own: std::ops::Range<usize>) -> [f64; 5] {
    let own = &blocks[own];
    let sum = |of: fn(&BlockLoad) -> u64| own.iter().map(|block| of(block) as f64).sum::<f64>();
    let fees_weight = sum(|block| block.fees_weight);
    let rate = match fees_weight > 0.0 {
        true => sum(|block| block.fees) / (fees_weight / WEIGHT_PER_VBYTE),
        false => f64::NAN,
    };
    [
        own.len() as f64,
        sum(|block| block.transactions),
        sum(|block| block.weight),
        rate,
        since.map_or(f64::NAN, |since| since as f64),
    ]
}
