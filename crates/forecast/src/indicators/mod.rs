//! Indicators: series from outside that may move before the load does, each with when its values were known.
//!
//! In: candles of a market, blocks of a chain, times. Out: [`Indicator`]s, aligned with a load by what was known at each of
//! its times: a candle counts from its close. Sources: `market`, `congestion`, `calendar`.
//! Departures: an old value stands only for so long as the caller allows; then it is missing, never carried on.
//! Cost: O(n) each. Checked against: figures by hand and NumPy (`tests/it/indicators.rs`).

mod calendar;
mod congestion;
mod market;

use serde::{Deserialize, Serialize};

use crate::ForecastError;

pub use calendar::calendar;
pub use congestion::{BlockLoad, congestion};
pub use market::{Bars, VolatilityKind, har, market, moves, run_up_and_drawdown, volatility};

/// What the numbers of an indicator are, and so how they compare with what is usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Sizes above 0, such as a volatility: compared by their ratio.
    Size,
    /// Numbers of both signs, such as a return: compared by their difference.
    Change,
    /// A place on a calendar: compared with nothing.
    Clock,
}

/// A series from outside, on equal steps of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Indicator {
    /// Its name: `volatility 15 min`.
    pub name: String,
    /// What it is counted in.
    pub unit: String,
    /// What its numbers are.
    pub form: Form,
    /// When its first value was known, seconds since 1970 UTC.
    pub known_from_s: i64,
    /// Seconds between values, at least 1.
    pub step_s: u32,
    /// A value a step; NaN where none was measured.
    pub values: Vec<f64>,
}

impl Indicator {
    /// The last value known at a time and its age in seconds, no older than `age_max_s`.
    pub fn known_at(&self, time_s: i64, age_max_s: u32) -> Option<(f64, u32)> {
        let since = time_s.checked_sub(self.known_from_s).filter(|since| *since >= 0)?;
        let step = i64::from(self.step_s.max(1));
        let last = usize::try_from(since / step).ok()?.min(self.values.len().checked_sub(1)?);
        let mut place = last;
        loop {
            let known = i64::try_from(place).ok()? * step;
            let age = u32::try_from(since - known).ok().filter(|age| *age <= age_max_s)?;
            if !self.values[place].is_nan() {
                return Some((self.values[place], age));
            }
            place = place.checked_sub(1)?;
        }
    }

    /// Its values as known at each of `times` (seconds since 1970 UTC), NaN where none was.
    pub fn over(&self, times: &[i64], age_max_s: u32) -> Vec<f64> {
        let value =
            |time: &i64| self.known_at(*time, age_max_s).map_or(f64::NAN, |(value, _)| value);
        times.iter().map(value).collect()
    }

    /// Refuses what is infinite, and sizes that are below 0.
    ///
    /// # Errors
    /// The first such value.
    pub fn check(&self) -> Result<(), ForecastError> {
        let what = format!("indicator `{}`", self.name);
        crate::checked::finite(&what, &self.values)?;
        let below = |value: &f64| self.form == Form::Size && *value < 0.0;
        match self.values.iter().position(below) {
            Some(index) => Err(ForecastError::Value { what, index, value: self.values[index] }),
            None => Ok(()),
        }
    }
}

/// Seconds in words: `15 min`, `6 h`, `7 d`.
pub(crate) fn span_words(seconds: u64) -> String {
    match seconds {
        s if s < 60 => format!("{s} s"),
        s if s % 86_400 == 0 && s > 86_400 => format!("{} d", s / 86_400),
        s if s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}
