//! The price of a coin in money, by block: the one of its days, walking by chance.

use ledger::Timestamp;

use crate::dice::Dice;

const FIRST_CENTS: u64 = 1_654_000; // of 2023-01-01
const LEAST_CENTS: u64 = 100_000;
const SAT_PER_COIN: u64 = 100_000_000;
const HOUR_S: i64 = 3_600;

/// Prices of one hour, in US dollar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candle {
    /// When the hour begins.
    pub time: Timestamp,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
}

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

    /// Hourly candles in US dollar from block times by height, one for every hour from block 1 on (the genesis block is years
    /// older): hours without a block stand still. A candle's prices are those of the blocks of its hour, and of the last block before.
    ///
    /// # Panics
    /// If there are fewer prices than times.
    pub fn candles(&self, times: &[Timestamp]) -> Vec<Candle> {
        let mut candles: Vec<Candle> = Vec::new();
        let hour_of = |time: &Timestamp| time.get().div_euclid(HOUR_S);
        let mut last = None;
        for (time, cents) in times.iter().zip(&self.cents).skip(1) {
            let hour = hour_of(time);
            let now = to_dollars(*cents);
            let (known, next) = last.unwrap_or((now, hour));
            candles.extend((next..=hour).map(|hour| still(hour, known)));
            if let Some(candle) = candles.last_mut() {
                candle.high = candle.high.max(now);
                candle.low = candle.low.min(now);
                candle.close = now;
            }
            last = Some((now, hour + 1));
        }
        assert!(times.len() <= self.cents.len(), "a price for every block");
        candles
    }

    /// What so much money buys at the block being made, in satoshi.
    pub(crate) fn sat_for_cents(&self, cents: u64) -> u64 {
        cents * SAT_PER_COIN / self.now_cents()
    }
}

/// Cents in dollars: exact enough for a candle, whose prices are floats.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn to_dollars(cents: u64) -> f64 {
    cents as f64 / 100.0
}

/// A candle of an hour in which nothing happens.
fn still(hour: i64, price: f64) -> Candle {
    let time = Timestamp::new(hour * HOUR_S);
    Candle { time, open: price, high: price, low: price, close: price }
}
