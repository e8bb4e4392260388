//! Haircut: every output and the fee hold every origin in proportion, to the satoshi.
//!
//! Rule: with a the amount of an origin, b that of an output, T all: the output gets ⌊ab / T⌋ of the origin. What is then
//! missing is filled in by the north-west-corner rule (origins in order, outputs in order, as much as both still lack), so that
//! outputs AND origins add up exactly. A cell is less than the origins + outputs of the transaction away from ab / T.
//! Departures: rounding to the nearest would need a search for a consistent matrix; largest remainders by
//! output conserve outputs but not origins.

use super::{Convention, Flow};
use crate::exposure::parts::{Part, merge};

pub(super) const HAIRCUT: Convention = Convention {
    name: "haircut",
    about: "every output holds every origin in proportion",
    conserves: true,
    split,
};

fn split(flow: &Flow<'_>) -> Vec<Vec<Part>> {
    let mut pool: Vec<Part> = flow.inputs.concat();
    merge(&mut pool);
    let targets = flow.targets();
    let mut cells = Vec::new();
    shares(&pool, &targets, &mut cells);
    let width = pool.len().max(1);
    let parts = |cells: &[u64]| {
        let cells = pool.iter().zip(cells).filter(|(_, amount)| **amount > 0);
        cells.map(|(part, amount)| Part::new(part.origin, *amount)).collect()
    };
    let mut outputs: Vec<Vec<Part>> = cells.chunks(width).map(parts).collect();
    outputs.resize(targets.len(), Vec::new());
    outputs
}

/// The matrix by target, then part: row sums are the targets, column sums the parts, which have one total.
pub(in crate::exposure) fn shares(pool: &[Part], targets: &[u64], cells: &mut Vec<u64>) {
    cells.clear();
    let total: u64 = pool.iter().map(|part| part.amount_sat).sum();
    debug_assert_eq!(total, targets.iter().sum::<u64>(), "what goes in comes out");
    if total == 0 {
        cells.resize(pool.len() * targets.len(), 0);
        return;
    }
    // What each part still has to give after the cells so far.
    let mut left: Vec<u64> = pool.iter().map(|part| part.amount_sat).collect();
    let mut lacking: Vec<u64> = Vec::with_capacity(targets.len());
    for &target in targets {
        let mut lacks = target;
        for (part, left) in pool.iter().zip(&mut left) {
            let cell = floor_share(part.amount_sat, target, total);
            cells.push(cell);
            *left -= cell;
            lacks -= cell;
        }
        lacking.push(lacks);
    }
    let mut at = 0;
    for (row, lacks) in cells.chunks_mut(pool.len()).zip(&mut lacking) {
        while *lacks > 0 {
            let amount = left[at].min(*lacks);
            row[at] += amount;
            left[at] -= amount;
            *lacks -= amount;
            at += usize::from(left[at] == 0 && *lacks > 0);
        }
    }
}

/// ⌊a b / total⌋ for b at most the total, and so never more than a.
pub(in crate::exposure) fn floor_share(a: u64, b: u64, total: u64) -> u64 {
    match a.checked_mul(b) {
        Some(product) => product / total,
        None => {
            let share = u128::from(a) * u128::from(b) / u128::from(total);
            u64::try_from(share).expect("at most a, because b is at most the total")
        }
    }
}
