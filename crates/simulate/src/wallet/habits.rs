//! What an owner does: amounts, hours, addresses given out again.
//!
//! Departures: shares are assumptions of ours, chosen so that no habit identifies an owner by itself; a table in
//! `docs/methods/simulated-worlds.md` states them.

use crate::dice::Dice;

/// What an owner does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// Payments of a round number of coins, per mille.
    pub round_coin_per_mille: u32,
    /// Payments of a round amount of money at the price of the day, per mille. The others are odd.
    pub round_money_per_mille: u32,
    /// Payments received at the last address given out instead of a new one, per mille.
    pub reuse_per_mille: u32,
    /// The hour, UTC, at which the day begins.
    pub wakes_at_h: u32,
    /// Hours of the day; 24 for machines.
    pub awake_h: u32,
}

/// How people think of amounts: share of people in per cent, round coin and round money per mille.
const THINKING: [(u64, u32, u32); 3] = [(30, 800, 50), (40, 100, 700), (30, 100, 100)];

/// How often people give an address out again: share of people in per cent, per mille.
const REUSE: [(u64, u32); 4] = [(55, 0), (20, 50), (15, 300), (10, 1_000)];

/// When the day begins: share of people in per cent, hour UTC (America, Europe, Asia).
const WAKING: [(u64, u32); 3] = [(35, 13), (35, 6), (30, 23)];

impl Habits {
    pub(crate) const PLAIN: Self = Self {
        round_coin_per_mille: 500,
        round_money_per_mille: 0,
        reuse_per_mille: 0,
        wakes_at_h: 0,
        awake_h: 24,
    };

    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let (_, round_coin_per_mille, round_money_per_mille) =
            THINKING[weighted(dice, THINKING.iter().map(|row| row.0))];
        let (_, reuse_per_mille) = REUSE[weighted(dice, REUSE.iter().map(|row| row.0))];
        let (_, zone_h) = WAKING[weighted(dice, WAKING.iter().map(|row| row.0))];
        let jitter_h = u32::try_from(dice.below(5)).expect("below 5");
        Self {
            round_coin_per_mille,
            round_money_per_mille,
            reuse_per_mille,
            wakes_at_h: (zone_h + 22 + jitter_h) % 24, // two hours earlier to two later
            awake_h: u32::try_from(dice.between(13, 17)).expect("hours of a day"),
        }
    }

    /// Whether the owner is up at this time, in unix seconds.
    pub fn is_awake(&self, time_s: u32) -> bool {
        let hour = time_s / 3_600 % 24;
        (hour + 24 - self.wakes_at_h) % 24 < self.awake_h
    }
}

/// An index, by weights.
pub(crate) fn weighted(dice: &mut Dice, weights: impl Iterator<Item = u64> + Clone) -> usize {
    let mut at = dice.below(weights.clone().sum());
    for (place, weight) in weights.enumerate() {
        if at < weight {
            return place;
        }
        at -= weight;
    }
    0
}
