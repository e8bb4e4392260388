//! Coins by chance until they suffice with some change to spare.
//!
//! Source: Bitcoin Core's `SelectCoinsSRD`, whose change is at least 50,000 satoshi so that it is worth spending.

use super::{Candidate, Need, accumulate};
use crate::dice::Dice;

/// Bitcoin Core's `CHANGE_LOWER`.
const CHANGE_LEAST_SAT: u64 = 50_000;

pub(super) fn choose(candidates: &[Candidate], need: &Need, dice: &mut Dice) -> Option<Vec<usize>> {
    let mut order = candidates.to_vec();
    dice.shuffle(&mut order);
    accumulate(order.iter(), need.with_change_sat + CHANGE_LEAST_SAT)
        .or_else(|| accumulate(order.iter(), need.with_change_sat))
}
