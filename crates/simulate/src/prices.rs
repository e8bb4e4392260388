//! The price of a coin in money, by block: the one of its days, walking by chance.

use crate::dice::Dice;

const FIRST_CENTS: u64 = 1_654_000; // of 2023-01-01
const LEAST_CENTS: u64 = 100_000;
const SAT_PER_COIN: u64 = 100_000_000;

/// The price of one coin by height, in cents of US dollar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricePath {
    cents: Vec<u64>,
}

impl PricePath {
    pub(crate) fn new() -> Self {
        Self { cents: vec![FIRST_CENTS] }
    }

    /// The next block's price: at most 0.3 % away.
    pub(crate) fn step(&mut self, dice: &mut Dice) {
        let now = self.now_cents();
        let next = now * dice.between(99_700, 100_300) / 100_000;
        self.cents.push(next.max(LEAST_CENTS));
    }

    fn now_cents(&self) -> u64 {
        *self.cents.last().expect("a path has a beginning")
    }

    /// Cents for a coin at a block, or `None` beyond the last one.
    pub fn cents_at(&self, height: u32) -> Option<u64> {
        self.cents.get(height as usize).copied()
    }

    /// Cents for a coin, by height from 0 on.
    pub fn cents(&self) -> &[u64] {
        &self.cents
    }

    /// What so much money buys at the block being made, in satoshi.
    pub(crate) fn sat_for_cents(&self, cents: u64) -> u64 {
        cents * SAT_PER_COIN / self.now_cents()
    }
}
