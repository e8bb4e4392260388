//! A forecast to be asked while it is young: steps with their times, quantiles, what was measured, and how often its bounds
//! held what came.
//!
//! In: a series and what is wanted of it. Out: [`LiveForecast`]. Where the method fails, the last season again stands in for it,
//! and the answer says so and why: a reader that scales by it must not be left with nothing, or with a guess.
//! Checked against: `predict` (`tests/it/forecasts.rs`).

use forecast::planning::level_of_quantile;
use forecast::{Health, Tracking, TrackingLimits, reading};
use serde::Serialize;

use super::answers::ForecastAnswer;
use super::baseline::{PredictOptions, predict};
use super::methods::MethodName;
use super::predict::FitOptions;
use super::series::LoadedSeries;
use crate::Error;

/// Measured values that are kept beside a forecast.
const MEASURED_MAX: usize = 5_000;
/// Forecasts a horizon that are held against what comes.
const FOLLOWED: usize = 24;

/// What is wanted of a live forecast.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveOptions {
    /// The method.
    pub method: MethodName,
    /// Steps ahead; if not given, those of the file, else two seasons.
    pub horizon: Option<usize>,
    /// Quantiles, `0.0..1.0`; 0.5 is the expected value.
    pub quantiles: Vec<f64>,
}

/// One quantile of every step ahead.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuantilePath {
    /// Which one.
    pub quantile: f64,
    /// A value a step.
    pub values: Vec<f64>,
}

/// A forecast with the times of its steps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LiveForecast {
    /// The forecast and what it rests on.
    #[serde(flatten)]
    pub answer: ForecastAnswer,
    /// Why the method that was asked for did not make it; none where it did.
    pub fallback: Option<String>,
    /// Time of the last value, seconds since 1970 UTC.
    pub origin_s: i64,
    /// Time of each step ahead.
    pub times_s: Vec<i64>,
    /// In the order asked for.
    pub quantiles: Vec<QuantilePath>,
    /// Times and values that were measured, the latest, oldest first; missing ones are left out.
    #[serde(skip)]
    pub measured: Vec<(i64, f64)>,
}

/// When a forecast reaches a capacity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reach {
    /// Time of the first step that does.
    pub at_s: i64,
    /// Seconds from the last value to it.
    pub lead_s: i64,
    /// The value there.
    pub value: f64,
    /// The capacity there.
    pub capacity: f64,
    /// The largest value of the path.
    pub peak: f64,
    /// Which quantile does.
    pub quantile: f64,
}

/// Forecasts a series for readers that come later.
///
/// # Errors
/// A series without times, a quantile out of range, or one that not even the last season forecasts.
pub fn live_forecast(series: &LoadedSeries, options: &LiveOptions) -> Result<LiveForecast, Error> {
    if !series.has_times {
        return Err(Error::Question {
            what: format!("{}: the series has no times", series.id),
            hint: Some("give \"start\" and \"freq\" beside \"y\", or a column of times".to_owned()),
        });
    }
    let fit = FitOptions { method: options.method, orders: None, horizon: options.horizon };
    let asked = PredictOptions {
        fit,
        // By their bounds a live forecast is judged.
        levels: levels(&options.quantiles)?,
        quantiles: options.quantiles.clone(),
        late: None,
        strict: false,
    };
    let mut answer = predict(series, &asked, None)?;
    let fallback = answer.instead_of.as_ref().map(|instead| instead.reason.clone());
    let values = &series.series.values;
    let n = values.len();
    let time = |index: usize| {
        reading::time_of(&series.series, index).ok_or_else(|| Error::Question {
            what: format!("{}: its steps go beyond the calendar", series.id),
            hint: Some("forecast fewer steps".to_owned()),
        })
    };
    let times_s = (0..answer.horizon).map(|step| time(n + step)).collect::<Result<_, _>>()?;
    let quantiles = std::mem::take(&mut answer.quantiles);
    let from = n.saturating_sub(MEASURED_MAX);
    let known = (from..n).filter(|index| !values[*index].is_nan());
    let measured =
        known.map(|index| Ok((time(index)?, values[index]))).collect::<Result<_, Error>>()?;
    Ok(LiveForecast {
        origin_s: time(n.saturating_sub(1))?,
        times_s,
        quantiles,
        measured,
        fallback,
        answer,
    })
}

/// Levels whose bounds are the quantiles, each once.
fn levels(quantiles: &[f64]) -> Result<Vec<f64>, Error> {
    let mut levels = Vec::new();
    for quantile in quantiles {
        if !(*quantile > 0.0 && *quantile < 1.0) {
            return Err(Error::Question {
                what: format!("quantile {quantile} is not between 0 and 1"),
                hint: Some("ask for quantiles such as 0.1, 0.5 and 0.9".to_owned()),
            });
        }
        let level = level_of_quantile(*quantile);
        if *quantile != 0.5 && !levels.contains(&level) {
            levels.push(level);
        }
    }
    Ok(levels)
}

impl LiveForecast {
    /// The path of a quantile that was asked for.
    pub fn path(&self, quantile: f64) -> Option<&[f64]> {
        let path = self.quantiles.iter().find(|path| path.quantile == quantile);
        path.map(|path| path.values.as_slice())
    }

    /// The first step at least `ahead_s` seconds after the last value; `None` beyond the horizon.
    pub fn step_at(&self, ahead_s: i64) -> Option<usize> {
        self.times_s.iter().position(|time| time - self.origin_s >= ahead_s)
    }

    /// The value of a quantile `ahead_s` seconds after the last value, and the largest up to there.
    pub fn ahead(&self, quantile: f64, ahead_s: i64) -> Option<(f64, f64)> {
        let (step, path) = (self.step_at(ahead_s)?, self.path(quantile)?);
        let peak = path[..=step].iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Some((path[step], peak))
    }

    /// When the path of a quantile reaches what is carried, `capacity` by step; `None` where it stays below, or was not asked
    /// for.
    pub fn reaches(&self, capacity: &[f64], quantile: f64) -> Option<Reach> {
        let path = self.path(quantile)?;
        let step = path.iter().zip(capacity).position(|(value, capacity)| value >= capacity)?;
        Some(Reach {
            at_s: self.times_s[step],
            lead_s: self.times_s[step] - self.origin_s,
            value: path[step],
            capacity: capacity[step],
            peak: path.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            quantile,
        })
    }
}

/// How a series' forecasts fare against what comes, from one reading to the next.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    tracking: Option<Tracking>,
    /// Time of the last value that was taken.
    taken_s: i64,
    /// Values that came since a forecast was followed.
    since_followed: usize,
}

impl Kept {
    /// Takes the next reading with its forecast: values that are new are held against earlier forecasts. Of many forecasts
    /// only some are followed, 24 a horizon, for each waits until its horizon has come whole.
    ///
    /// # Errors
    /// A season that cannot be.
    pub fn next(&mut self, series: &LoadedSeries, live: &LiveForecast) -> Result<(), Error> {
        let values = &series.series.values;
        let time = |index: usize| reading::time_of(&series.series, index);
        let seen = (0..values.len()).rev();
        let new = seen.take_while(|at| time(*at).is_some_and(|time| time > self.taken_s)).count();
        // Values older than the last one taken were revised, or another grid began: nothing follows from what was.
        let known = values.len().checked_sub(new + 1).and_then(time);
        let goes_on = new < values.len() && known == Some(self.taken_s);
        match &mut self.tracking {
            Some(tracking) if goes_on => {
                for value in &values[values.len() - new..] {
                    tracking.value(*value);
                }
                self.since_followed += new;
            }
            _ => {
                let season = live.answer.seasons.first().copied().unwrap_or(1).max(1);
                let (expected, limits) = (live.answer.error_bound(), TrackingLimits::default());
                self.tracking = Some(Tracking::new(values, season, expected, limits)?);
                self.since_followed = usize::MAX;
            }
        }
        self.taken_s = live.origin_s;
        if self.since_followed >= live.answer.horizon.div_ceil(FOLLOWED)
            && let Some(tracking) = &mut self.tracking
        {
            tracking.forecast(&live.answer.forecast());
            self.since_followed = 0;
        }
        Ok(())
    }

    /// Error, coverage by level, and whether and why forecasts are worse than was promised.
    pub fn health(&self) -> Health {
        self.tracking.as_ref().map(Tracking::health).unwrap_or_default()
    }
}

/// Time and value of the last measurement of a series; none where nothing was measured, or the series has no times.
pub fn latest_measured(series: &LoadedSeries) -> Option<(i64, f64)> {
    let index = series.series.values.iter().rposition(|value| !value.is_nan())?;
    let time = reading::time_of(&series.series, index).filter(|_| series.has_times)?;
    Some((time, series.series.values[index]))
}
