//! Indicators of a market from its candles: volatility by five estimators, moves, volume, run-up and drawdown.
//!
//! In: [`Bars`] at equal steps, NaN where there is none. Out: [`Indicator`]s known at the close of their last candle; sizes
//! are shares of the price over the whole window (not a year). Source: Parkinson 1980; Garman and Klass 1980; Rogers and
//! Satchell 1991; Corsi, A simple approximate long-memory model of realized volatility, 2009 (HAR).
//! Departures: Garman-Klass terms below 0 (an open beyond its own range, as feeds have it) count 0. A window with a missing
//! candle is missing. Cost: O(bars × window). Checked against: figures by hand and NumPy (`tests/it/indicators.rs`).

use super::{Form, Indicator, span_words};
use crate::ForecastError;

/// Spans of the largest move of late, seconds.
const QUARTER_S: u64 = 900;
const HOUR_S: u64 = 3_600;

/// Candles at equal steps.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bars {
    /// When the first candle opens, seconds since 1970 UTC.
    pub start_s: i64,
    /// Seconds of a candle.
    pub step_s: u32,
    /// First prices, above 0, NaN where there is no candle.
    pub open: Vec<f64>,
    /// Highest prices.
    pub high: Vec<f64>,
    /// Lowest prices.
    pub low: Vec<f64>,
    /// Last prices.
    pub close: Vec<f64>,
    /// Volumes, not below 0; empty where they are not known.
    pub volume: Vec<f64>,
}

impl Bars {
    /// Refuses arrays of unequal length, prices that are not above 0, and candles whose range does not hold their ends.
    ///
    /// # Errors
    /// The first of these.
    pub fn check(&self) -> Result<(), ForecastError> {
        let n = self.close.len();
        if self.step_s == 0 {
            return Err(ForecastError::Argument {
                what: "step of the candles",
                found: "0 s".to_owned(),
                expected: "at least a second",
            });
        }
        let columns = [
            ("open", &self.open),
            ("high", &self.high),
            ("low", &self.low),
            ("close", &self.close),
        ];
        for (name, column) in columns {
            if column.len() != n {
                let what = format!("{name} prices");
                return Err(ForecastError::Length { what, expected: n, found: column.len() });
            }
            // NaN compares false: a missing candle passes.
            if let Some(index) = column.iter().position(|p| *p <= 0.0 || p.is_infinite()) {
                let what = format!("{name} prices");
                return Err(ForecastError::Value { what, index, value: column[index] });
            }
        }
        if !self.volume.is_empty() && self.volume.len() != n {
            let (what, found) = ("volumes".to_owned(), self.volume.len());
            return Err(ForecastError::Length { what, expected: n, found });
        }
        if let Some(index) = self.volume.iter().position(|v| *v < 0.0 || v.is_infinite()) {
            let what = "volumes".to_owned();
            return Err(ForecastError::Value { what, index, value: self.volume[index] });
        }
        let outside = |at: &usize| {
            self.high[*at] < self.open[*at].max(self.close[*at])
                || self.low[*at] > self.open[*at].min(self.close[*at])
        };
        match (0..n).find(outside) {
            Some(index) => {
                let what = "highest and lowest prices (open or close lie outside)".to_owned();
                Err(ForecastError::Value { what, index, value: self.high[index] })
            }
            None => Ok(()),
        }
    }

    /// Log returns from close to close; the first is missing.
    pub fn returns(&self) -> Vec<f64> {
        moves(self, 1)
    }

    fn indicator(&self, name: String, unit: &str, form: Form, values: Vec<f64>) -> Indicator {
        Indicator {
            name,
            unit: unit.to_owned(),
            form,
            known_from_s: self.start_s + i64::from(self.step_s),
            step_s: self.step_s,
            values,
        }
    }

    /// Candles of a window, if it is a whole number of them.
    fn bars_in(&self, window_s: u64) -> Option<usize> {
        let step = u64::from(self.step_s);
        (step > 0 && window_s >= step && window_s.is_multiple_of(step))
            .then(|| usize::try_from(window_s / step).ok())
            .flatten()
    }
}

/// How the variance of a candle is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolatilityKind {
    /// Squared return from close to close.
    CloseToClose,
    /// From the range: `ln(H/L)² / (4 ln 2)`.
    Parkinson,
    /// `½ ln(H/L)² - (2 ln 2 - 1) ln(C/O)²`.
    GarmanKlass,
    /// `ln(H/C) ln(H/O) + ln(L/C) ln(L/O)`: right under a trend too.
    RogersSatchell,
}

impl VolatilityKind {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::CloseToClose => "volatility",
            Self::Parkinson => "Parkinson volatility",
            Self::GarmanKlass => "Garman-Klass volatility",
            Self::RogersSatchell => "Rogers-Satchell volatility",
        }
    }

    fn variances(self, bars: &Bars) -> Vec<f64> {
        if self == Self::CloseToClose {
            return bars.returns().iter().map(|r| r * r).collect();
        }
        let ln2 = std::f64::consts::LN_2;
        let one = |at: usize| {
            let (o, h, l, c) = (bars.open[at], bars.high[at], bars.low[at], bars.close[at]);
            let range = (h / l).ln();
            match self {
                Self::Parkinson => range * range / (4.0 * ln2),
                Self::GarmanKlass => {
                    let own = (c / o).ln();
                    let variance = 0.5 * range * range - (2.0 * ln2 - 1.0) * own * own;
                    // `max` would make a 0 of NaN.
                    if variance < 0.0 { 0.0 } else { variance }
                }
                _ => (h / c).ln() * (h / o).ln() + (l / c).ln() * (l / o).ln(),
            }
        };
        (0..bars.close.len()).map(one).collect()
    }
}

/// Sums over the last `window` values; NaN where one is missing or there are fewer.
fn sums(values: &[f64], window: usize) -> Vec<f64> {
    let sum = |at: usize| match (at + 1).checked_sub(window) {
        Some(from) => values[from..=at].iter().sum(),
        None => f64::NAN,
    };
    (0..values.len()).map(sum).collect()
}

/// Realized volatility over a window of so many candles, as a share of the price.
pub fn volatility(bars: &Bars, kind: VolatilityKind, window: usize) -> Vec<f64> {
    sums(&kind.variances(bars), window.max(1)).into_iter().map(f64::sqrt).collect()
}

/// Returns over a window of so many candles.
pub fn moves(bars: &Bars, window: usize) -> Vec<f64> {
    let one = |at: usize| match at.checked_sub(window) {
        Some(from) => (bars.close[at] / bars.close[from]).ln(),
        None => f64::NAN,
    };
    (0..bars.close.len()).map(one).collect()
}

/// The largest move over `window` candles that ended within the last `reach`, whichever way. People come for an hour or two
/// after a price jumped; where it came back since, the move of the whole hour has forgotten it.
fn largest_moves(bars: &Bars, window: usize, reach: usize) -> Vec<f64> {
    let sizes: Vec<f64> = moves(bars, window).into_iter().map(f64::abs).collect();
    let largest = |at: usize| match (at + 1).checked_sub(reach) {
        Some(from) if !sizes[from..=at].iter().any(|size| size.is_nan()) => {
            sizes[from..=at].iter().copied().fold(0.0, f64::max)
        }
        _ => f64::NAN,
    };
    (0..sizes.len()).map(largest).collect()
}

/// How far the close is above the lowest close of the window, and below the highest: shares, not below 0.
pub fn run_up_and_drawdown(bars: &Bars, window: usize) -> (Vec<f64>, Vec<f64>) {
    let end = |at: usize| {
        let Some(from) = (at + 1).checked_sub(window) else { return (f64::NAN, f64::NAN) };
        let own = &bars.close[from..=at];
        if own.iter().any(|close| close.is_nan()) {
            return (f64::NAN, f64::NAN);
        }
        let (low, high) =
            own.iter().fold((f64::INFINITY, 0.0_f64), |(l, h), c| (l.min(*c), h.max(*c)));
        ((bars.close[at] / low).ln(), (high / bars.close[at]).ln())
    };
    (0..bars.close.len()).map(end).unzip()
}

/// The terms of HAR: mean daily realized variance of the last day, week and 30 days, as volatilities a day.
pub fn har(bars: &Bars) -> Vec<Indicator> {
    let variances = VolatilityKind::CloseToClose.variances(bars);
    let day = |days: u64| {
        let window = bars.bars_in(days * 86_400).filter(|window| *window <= variances.len())?;
        let daily = |sum: f64| (sum / days as f64).sqrt();
        let values = sums(&variances, window).into_iter().map(daily).collect();
        let name = format!("HAR volatility {}", span_words(days * 86_400));
        Some(bars.indicator(name, "share a day", Form::Size, values))
    };
    [1, 7, 30].into_iter().filter_map(day).collect()
}

/// Windows of volatility and moves, in seconds.
const WINDOWS_S: [u64; 4] = [900, 3_600, 21_600, 86_400];

/// The set for warnings: volatility from closes and ranges at 15 min, 1 h, 6 h and 24 h, two more estimators at 1 h, sizes of
/// moves, run-up and drawdown of a day, volume; of windows that are whole numbers of candles.
///
/// # Errors
/// As [`Bars::check`].
pub fn market(bars: &Bars) -> Result<Vec<Indicator>, ForecastError> {
    bars.check()?;
    let mut set = Vec::new();
    let mut size = |name: String, unit: &str, values: Vec<f64>| {
        set.push(bars.indicator(name, unit, Form::Size, values));
    };
    let spans: Vec<(u64, usize)> =
        WINDOWS_S.into_iter().filter_map(|span| Some((span, bars.bars_in(span)?))).collect();
    let kinds = [
        (VolatilityKind::CloseToClose, 0),
        (VolatilityKind::Parkinson, 0),
        (VolatilityKind::GarmanKlass, 3_600),
        (VolatilityKind::RogersSatchell, 3_600),
    ];
    for (kind, only) in kinds {
        for (span, window) in spans.iter().filter(|(span, _)| only == 0 || *span == only) {
            let name = format!("{} {}", kind.name(), span_words(*span));
            size(name, "share", volatility(bars, kind, *window));
        }
    }
    let step = u64::from(bars.step_s);
    let short = spans.iter().copied().filter(|(span, _)| *span <= 3_600 && *span != step);
    for (span, window) in std::iter::once((step, 1)).chain(short) {
        let sizes = moves(bars, window).into_iter().map(f64::abs).collect();
        size(format!("move {}", span_words(span)), "share", sizes);
    }
    let quarter = bars.bars_in(QUARTER_S).unwrap_or(1);
    if let Some(hour) = bars.bars_in(HOUR_S).filter(|hour| *hour > quarter) {
        let span = u64::try_from(quarter).unwrap_or(1) * step;
        let name = format!("largest move {} in {}", span_words(span), span_words(HOUR_S));
        size(name, "share", largest_moves(bars, quarter, hour));
    }
    if let Some(day) = bars.bars_in(86_400) {
        let (up, down) = run_up_and_drawdown(bars, day);
        size("run-up 24 h".to_owned(), "share", up);
        size("drawdown 24 h".to_owned(), "share", down);
    }
    if !bars.volume.is_empty() {
        let short = spans.iter().copied().filter(|(span, _)| *span == 3_600 && *span != step);
        for (span, window) in std::iter::once((step, 1)).chain(short) {
            size(format!("volume {}", span_words(span)), "units", sums(&bars.volume, window));
        }
    }
    Ok(set)
}
