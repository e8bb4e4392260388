//! Times and columns of Prophet: Fourier seasons, holidays, indicators, places where the trend may bend.
//!
//! In: a series (its times), options. Out: scaled times, columns, their priors. Source: Taylor and Letham, Forecasting at scale,
//! 2018; constants and order of prophet 1.5.0 (`forecaster.py`). Departures: none. Cost: O(n · columns).
//! Checked against: Prophet 1.5.0 (`tests/it/prophet.rs`).

use std::f64::consts::TAU;

use super::{Prophet, Seasonality};
use crate::{ForecastError, Indicators, Series, Step};

/// Seconds of a day.
const DAY_S: f64 = 86_400.0;

/// One column beside the trend.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    /// The component that it belongs to.
    pub(crate) component: String,
    pub(crate) kind: ColumnKind,
    pub(crate) scale: f64,
    pub(crate) multiplicative: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ColumnKind {
    Sine {
        period_days: f64,
        order: usize,
    },
    Cosine {
        period_days: f64,
        order: usize,
    },
    /// 1 on these days (since 1970), 0 on others.
    Days(Vec<i64>),
    /// An indicator by its place, standardized by a mean and a deviation.
    Indicator {
        index: usize,
        mean: f64,
        deviation: f64,
    },
}

/// Seconds since 1970 of `count` steps from step `from`.
pub(crate) fn times(series: &Series, from: usize, count: usize) -> Result<Vec<i64>, ForecastError> {
    let beyond = || ForecastError::Argument {
        what: "time of the series",
        found: series.start_s.to_string(),
        expected: "times within the years -9999 to 9999",
    };
    let one = |step: usize| -> Option<i64> {
        match series.step {
            Step::Seconds(seconds) => {
                let ahead = i64::try_from(step).ok()?.checked_mul(i64::from(seconds))?;
                series.start_s.checked_add(ahead)
            }
            Step::Months(months) => {
                let start = jiff::Timestamp::from_second(series.start_s).ok()?;
                let start = start.to_zoned(jiff::tz::TimeZone::UTC).datetime();
                let ahead = i32::try_from(step).ok()?.checked_mul(i32::try_from(months).ok()?)?;
                let time = start.checked_add(jiff::Span::new().try_months(ahead).ok()?).ok()?;
                Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
            }
        }
    };
    (from..from + count).map(|step| one(step).ok_or_else(beyond)).collect()
}

/// Seasonalities that prophet turns on by itself: a year from two years of data, a week from two weeks of steps below a
/// week, a day from two days of steps below a day.
pub(crate) fn usual_seasons(times: &[i64], options: &Prophet) -> Vec<Seasonality> {
    let span = (times[times.len() - 1] - times[0]) as f64 / DAY_S;
    let gap = times.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or(0) as f64 / DAY_S;
    let season = |name: &str, period_days: f64, order: usize| Seasonality {
        name: name.to_owned(),
        period_days,
        order,
        scale: options.season_scale,
        multiplicative: options.multiplicative,
    };
    let mut seasons = Vec::new();
    if span >= 730.0 {
        seasons.push(season("yearly", 365.25, 10));
    }
    if span >= 14.0 && gap < 7.0 {
        seasons.push(season("weekly", 7.0, 3));
    }
    if span >= 2.0 && gap < 1.0 {
        seasons.push(season("daily", 1.0, 4));
    }
    seasons
}

/// The columns for these options; `rows` are the measured steps, by whose values indicators are standardized.
pub(crate) fn columns(
    options: &Prophet,
    seasons: &[Seasonality],
    indicators: &Indicators,
    rows: &[usize],
) -> Vec<Column> {
    let mut columns = Vec::new();
    for season in seasons {
        for order in 1..=season.order {
            let period_days = season.period_days;
            for kind in
                [ColumnKind::Sine { period_days, order }, ColumnKind::Cosine { period_days, order }]
            {
                columns.push(Column {
                    component: season.name.clone(),
                    kind,
                    scale: season.scale,
                    multiplicative: season.multiplicative,
                });
            }
        }
    }
    for holiday in &options.holidays {
        columns.push(Column {
            component: holiday.name.clone(),
            kind: ColumnKind::Days(holiday.days.clone()),
            scale: options.holiday_scale,
            multiplicative: options.multiplicative,
        });
    }
    for (index, (name, values)) in indicators.names.iter().zip(&indicators.columns).enumerate() {
        let (mean, deviation) = standard(values, rows);
        columns.push(Column {
            component: name.clone(),
            kind: ColumnKind::Indicator { index, mean, deviation },
            scale: options.holiday_scale,
            multiplicative: options.multiplicative_indicators.contains(name),
        });
    }
    columns
}

/// Mean and deviation; (0, 1) for a column of zeros and ones or a constant, which prophet leaves as it is.
fn standard(values: &[f64], rows: &[usize]) -> (f64, f64) {
    let n = rows.len() as f64;
    let of = || rows.iter().map(|row| values[*row]);
    if of().all(|value| value == 0.0 || value == 1.0) {
        return (0.0, 1.0);
    }
    let mean = of().sum::<f64>() / n;
    let variance = of().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    if variance > 0.0 { (mean, variance.sqrt()) } else { (0.0, 1.0) }
}

/// The value of a column at a time; `row` is the place in the indicators.
pub(crate) fn value(column: &Column, time: i64, indicators: &Indicators, row: usize) -> f64 {
    let days = time as f64 / DAY_S;
    match &column.kind {
        ColumnKind::Sine { period_days, order } => (TAU * *order as f64 * days / period_days).sin(),
        ColumnKind::Cosine { period_days, order } => {
            (TAU * *order as f64 * days / period_days).cos()
        }
        ColumnKind::Days(days) => f64::from(u8::from(days.contains(&time.div_euclid(86_400)))),
        ColumnKind::Indicator { index, mean, deviation } => {
            (indicators.columns[*index][row] - mean) / deviation
        }
    }
}

/// Scaled times at which the trend may bend: evenly over the first part of the measured steps.
pub(crate) fn changepoints(options: &Prophet, scaled: &[f64]) -> Vec<f64> {
    if options.growth == super::Growth::Flat {
        return Vec::new();
    }
    #[expect(clippy::cast_possible_truncation, reason = "a share of a length")]
    let head = (scaled.len() as f64 * options.changepoint_range).floor() as usize;
    let count = options.changepoints.min(head.saturating_sub(1));
    let place = |k: usize| {
        // NumPy rounds halves to even.
        let place = ((head - 1) as f64 * k as f64 / count as f64).round_ties_even();
        #[expect(clippy::cast_possible_truncation, reason = "below a length")]
        let place = place as usize;
        scaled[place]
    };
    (1..=count).map(place).collect()
}
