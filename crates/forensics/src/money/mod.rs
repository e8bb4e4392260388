//! Money: what a coin was worth at a time, by what was known at that time, and whether its price was restless then.
//!
//! In: [`Price`] rows of one asset in one currency, in any order, of one interval or several. Out: [`Prices`]: price in
//! millionths of the currency at a time, [`Value`] of an amount, realised volatility, and the mark of a period of high
//! volatility. `None` wherever the rows do not tell: a gap is never filled.
//! Source: our own convention, see `docs/methods/prices.md` and `docs/methods/volatility.md`.
//! Departures: a candle is known by its close, at the end of its interval, and by nothing before that: open, high and
//! low of the candle that holds the time were turned down, because they are known only afterwards (an open, once
//! somebody has traded). So an answer of today is what it would have been on the day. A close older than
//! [`PriceOptions::age_max_s`] says nothing. Where candles of several intervals end at one time, the shortest counts.
//! Cost: O(rows log rows) to make, 29 bytes a row, one binary search a question.
//! Checked against: a plain recount over all rows (`tests/it/money.rs`), NumPy for volatility and its quantile.

mod rank;
mod volatility;

use ledger::{Price, Timestamp, Value};

pub use volatility::VolatilityOptions;

/// A price beyond a million millions of the currency is a mistake, and no price.
const PRICE_MAX: f64 = 1e12;
const MICROS: f64 = 1e6;
const HOUR_S: i64 = 3_600;
const YEAR_S: f64 = 31_536_000.0;

/// How prices are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PriceOptions {
    /// A close so many seconds old still counts; `None`: two intervals of its candle, and at least an hour.
    pub age_max_s: Option<i64>,
    /// What a period of high volatility is.
    pub volatility: VolatilityOptions,
}

/// What is known of the price at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PriceMark {
    /// Millionths of the currency a whole coin; `None` in a gap.
    pub price_micros: Option<u64>,
    /// Whether the price had been restless; `None` in a gap, and while there is too little past to compare with.
    pub is_high_volatility: Option<bool>,
}

/// The prices of one asset in one currency over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    known_at: Vec<i64>,
    until: Vec<i64>,
    price_micros: Vec<u64>,
    volatility: Vec<f32>,
    marks: Vec<u8>,
}

/// The columns of [`Prices`], which may lie in a mapped file: one row a close, by time, each time once.
#[derive(Clone, Copy, Debug)]
pub struct PricesView<'a> {
    /// When it became known, in Unix seconds.
    pub known_at: &'a [i64],
    /// Until when it counts.
    pub until: &'a [i64],
    /// Millionths of the currency a whole coin.
    pub price_micros: &'a [u64],
    /// A year's standard deviation of log returns over the window before; negative where it is not known.
    pub volatility: &'a [f32],
    /// 0 unknown, 1 calm, 2 high.
    pub marks: &'a [u8],
}

const CALM: u8 = 1;
const HIGH: u8 = 2;
const VOLATILITY_UNKNOWN: f32 = -1.0;

/// The end of a candle.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Close {
    known_at: i64,
    until: i64,
    price_micros: u64,
    volatility: f32,
    mark: u8,
}

impl Prices {
    /// From rows of one asset in one currency. Rows without a usable close (not finite, not positive, beyond 10^12) are
    /// left out; two rows of one time and interval are one, the later in `rows`.
    ///
    /// # Panics
    /// If rows are of several assets or currencies: whoever reads the table chooses one.
    pub fn new(mut rows: Vec<Price>, options: PriceOptions) -> Self {
        let one = rows
            .iter()
            .all(|row| (&row.asset, &row.currency) == (&rows[0].asset, &rows[0].currency));
        assert!(one, "prices of several assets or currencies");
        rows.retain(|row| micros(row.close).is_some());
        // Stable, so that the later of two equal ones comes last.
        rows.sort_by_key(|row| (row.interval_s, row.time));
        rows.reverse();
        rows.dedup_by_key(|row| (row.interval_s, row.time));
        rows.reverse();
        let mut closes = Vec::with_capacity(rows.len());
        for series in rows.chunk_by(|a, b| a.interval_s == b.interval_s) {
            closes.append(&mut closes_of(series, &options));
        }
        // By interval before: of one time the shortest comes first and stays.
        closes.sort_by_key(|close| close.known_at);
        closes.dedup_by_key(|close| close.known_at);
        Self {
            known_at: closes.iter().map(|close| close.known_at).collect(),
            until: closes.iter().map(|close| close.until).collect(),
            price_micros: closes.iter().map(|close| close.price_micros).collect(),
            volatility: closes.iter().map(|close| close.volatility).collect(),
            marks: closes.iter().map(|close| close.mark).collect(),
        }
    }

    /// Its columns.
    pub fn view(&self) -> PricesView<'_> {
        PricesView {
            known_at: &self.known_at,
            until: &self.until,
            price_micros: &self.price_micros,
            volatility: &self.volatility,
            marks: &self.marks,
        }
    }

    /// Whether there is no price at all.
    pub fn is_empty(&self) -> bool {
        self.known_at.is_empty()
    }

    /// The times from the first known price to the last one; `None` if there is none.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let (first, last) = (*self.known_at.first()?, *self.known_at.last()?);
        Some((Timestamp::new(first), Timestamp::new(last)))
    }

    /// As [`PricesView::price_micros_at`].
    pub fn price_micros_at(&self, time: Timestamp) -> Option<u64> {
        self.view().price_micros_at(time)
    }

    /// As [`PricesView::value_of`].
    pub fn value_of(&self, amount_sat: u64, time: Timestamp) -> Option<Value> {
        self.view().value_of(amount_sat, time)
    }

    /// As [`PricesView::volatility_at`].
    pub fn volatility_at(&self, time: Timestamp) -> Option<f64> {
        self.view().volatility_at(time)
    }

    /// As [`PricesView::is_high_volatility_at`].
    pub fn is_high_volatility_at(&self, time: Timestamp) -> Option<bool> {
        self.view().is_high_volatility_at(time)
    }

    /// As [`PricesView::mark_at`].
    pub fn mark_at(&self, time: Timestamp) -> PriceMark {
        self.view().mark_at(time)
    }
}

impl PricesView<'_> {
    /// The price of a whole coin in millionths of the currency: the last close known by then; `None` in a gap.
    pub fn price_micros_at(&self, time: Timestamp) -> Option<u64> {
        self.at(time).and_then(|row| self.price_micros.get(row).copied())
    }

    /// What an amount was worth then; `None` in a gap.
    pub fn value_of(&self, amount_sat: u64, time: Timestamp) -> Option<Value> {
        Some(Value::of_satoshi(amount_sat, self.price_micros_at(time)?))
    }

    /// Realised volatility as known then: standard deviation of log returns over the window before, scaled to a year of
    /// 365 days.
    pub fn volatility_at(&self, time: Timestamp) -> Option<f64> {
        let found = *self.volatility.get(self.at(time)?)?;
        (found >= 0.0).then(|| f64::from(found))
    }

    /// Whether volatility then was above the quantile of its own past.
    pub fn is_high_volatility_at(&self, time: Timestamp) -> Option<bool> {
        match *self.marks.get(self.at(time)?)? {
            CALM => Some(false),
            HIGH => Some(true),
            _ => None,
        }
    }

    /// Price and mark.
    pub fn mark_at(&self, time: Timestamp) -> PriceMark {
        PriceMark {
            price_micros: self.price_micros_at(time),
            is_high_volatility: self.is_high_volatility_at(time),
        }
    }

    /// The row that counts then.
    fn at(&self, time: Timestamp) -> Option<usize> {
        let known = self.known_at.partition_point(|known_at| *known_at <= time.get());
        let row = known.checked_sub(1)?;
        (time.get() <= *self.until.get(row)?).then_some(row)
    }
}

/// A price in millionths of the currency; `None` for what is no price.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded before")]
fn micros(price: f64) -> Option<u64> {
    let rounded = (price * MICROS).round();
    (price.is_finite() && price <= PRICE_MAX && rounded >= 1.0).then_some(rounded as u64)
}

/// What candles of one interval, by time and each time once, say at their ends.
#[expect(clippy::cast_possible_truncation, reason = "a figure to look at")]
fn closes_of(series: &[Price], options: &PriceOptions) -> Vec<Close> {
    let Some(first) = series.first() else { return Vec::new() };
    let interval_s = i64::from(first.interval_s.max(1));
    let age_max_s = options.age_max_s.unwrap_or((2 * interval_s).max(HOUR_S));
    #[expect(clippy::cast_precision_loss, reason = "an interval is 32 bits")]
    let returns_a_year = YEAR_S / interval_s as f64;
    let known_at = |row: &Price| row.time.get().saturating_add(interval_s);
    let ends: Vec<(i64, f64)> = series.iter().map(|row| (known_at(row), row.close)).collect();
    let marks = volatility::marks(&ends, interval_s, &options.volatility);
    let close = |(row, mark): (&Price, volatility::Mark)| {
        let known_at = known_at(row);
        Close {
            known_at,
            until: known_at.saturating_add(age_max_s),
            price_micros: micros(row.close).expect("rows without a price were left out"),
            volatility: mark.variance.map_or(VOLATILITY_UNKNOWN, |variance| {
                (variance.to_f64() * returns_a_year).sqrt() as f32
            }),
            mark: mark.is_high.map_or(0, |is_high| if is_high { HIGH } else { CALM }),
        }
    };
    series.iter().zip(marks).map(close).collect()
}
