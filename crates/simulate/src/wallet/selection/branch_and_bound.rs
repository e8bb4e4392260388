//! A set of coins that needs no change, sought depth first; single random draw where there is none.
//!
//! Source: Mark Erhardt, "An Evaluation of Coin Selection Strategies" (2016), as in Bitcoin Core's `SelectCoinsBnB`.
//! Departures: at most 1,000 steps over the 60 largest coins that fit instead of 100,000 over all; the first set found
//! is taken, not the least wasteful.

use super::{Candidate, Need, falling, random_draw};
use crate::dice::Dice;

pub(crate) const TRIES_MAX: u32 = 1_000;
const COINS_MAX: usize = 60;

pub(super) fn choose(candidates: &[Candidate], need: &Need, dice: &mut Dice) -> Option<Vec<usize>> {
    exact(candidates, need).or_else(|| random_draw::choose(candidates, need, dice))
}

/// Places of coins that sum to `exact_sat ..= exact_sat + waste_max_sat`.
fn exact(candidates: &[Candidate], need: &Need) -> Option<Vec<usize>> {
    let most_sat = need.exact_sat + need.waste_max_sat;
    let mut coins = falling(candidates);
    coins.retain(|coin| coin.effective_sat <= most_sat);
    coins.truncate(COINS_MAX);
    let mut left_sat: u64 = coins.iter().map(|coin| coin.effective_sat).sum();
    let (mut taken, mut sum_sat, mut at) = (Vec::new(), 0_u64, 0);
    for _ in 0..TRIES_MAX {
        if (need.exact_sat..=most_sat).contains(&sum_sat) {
            return Some(taken.iter().map(|place: &usize| coins[*place].place).collect());
        }
        if sum_sat > most_sat || sum_sat + left_sat < need.exact_sat || at == coins.len() {
            // Back to the last coin taken, and on without it.
            let last = taken.pop()?;
            sum_sat -= coins[last].effective_sat;
            left_sat = coins[last + 1..].iter().map(|coin| coin.effective_sat).sum();
            at = last + 1;
            continue;
        }
        left_sat -= coins[at].effective_sat;
        sum_sat += coins[at].effective_sat;
        taken.push(at);
        at += 1;
    }
    None
}
