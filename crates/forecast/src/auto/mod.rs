//! The default forecast: several methods, combined, with bounds that past errors earn.
//!
//! In: a series, its seasons. Out: means ahead and bounds; which members took part with which weight, which failed.
//! Source: Bates and Granger, The combination of forecasts, 1969; weights by past error (Stock and Watson 2004); logarithms
//! beside the values, as medians of heavy tails lie there; bounds by rolling conformal (`conformal`).
//! Departures: what a member searches for (its form, shares and coefficients) is found once on the whole history and kept at
//! past origins, which makes past errors a little too small; trees and quantile regressions, which remember, are fitted
//! at three times, and past origins see only what came before. The rank of the bounds counts origins, which makes up for it.
//! Cost: one search a member, one run a member and past origin. Checked against: series with a known answer
//! (`tests/it/auto.rs`); measured on a panel (`examples/panel.rs`, `bench/forecast_panel.py`).

mod combine;
mod members;
mod profile;
mod tune;

use combine::Together;
use members::Member;

use crate::conformal::{self, PastPath, past_origins};
use crate::{Fitted, Forecast, ForecastError, Indicators, Method, Series, Step, checked};

/// The default forecast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auto {
    /// Seasons in steps, ascending. The shortest takes part from one cycle of data on, the others from two.
    pub seasons: Vec<usize>,
    /// Steps ahead that are calibrated, and forecast at most.
    pub horizon: usize,
    /// Past origins that weigh the members and calibrate the bounds.
    pub origins: usize,
    /// Values of the history that are used, the latest: older ones cost time and rarely help.
    pub history_max: usize,
}

/// A member and what it got.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberWeight {
    /// The member.
    pub name: String,
    /// Its weight; all sum to 1.
    pub weight: f64,
    /// Its mean absolute error at past origins; `None` without past origins.
    pub error: Option<f64>,
}

/// A member that could not forecast now, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// The member.
    pub name: String,
    /// What it said.
    pub reason: String,
}

/// A fit of the default forecast, open to inspection.
#[derive(Debug, Clone)]
pub struct AutoFit {
    /// Members and weights.
    pub members: Vec<MemberWeight>,
    /// Members that failed when last asked; the others stand in for them.
    pub left_out: Vec<LeftOut>,
    /// As tuned, one a member.
    tuned: Vec<Member>,
    now: Together,
    history: Vec<f64>,
    season: usize,
    horizon: usize,
    past: Vec<PastPath>,
    /// Forecasts made since the fit whose horizon has not come whole: values before each, and what it said.
    waiting: Vec<(usize, Together)>,
    /// Values taken on since the fit.
    appended: usize,
    non_negative: bool,
}

impl Auto {
    /// Seasons, origins and history as the step and the horizon suggest: a day and a week of hours, a week of days, a year
    /// of months.
    pub fn for_step(step: Step, horizon: usize) -> Self {
        let seasons = seasons_of(step);
        let history_max = seasons.last().map_or(1_000, |long| (8 * long).max(1_000));
        Self { seasons, horizon, origins: 40, history_max }
    }

    /// Fits, and shows what came out.
    ///
    /// # Errors
    /// Fewer than four measured values, an infinite value, a horizon of 0.
    pub fn inspect(&self, series: &Series) -> Result<AutoFit, ForecastError> {
        checked::seasons(&self.seasons)?;
        checked::series("auto", series, 4)?;
        if self.horizon == 0 || self.history_max < 8 {
            return Err(ForecastError::Argument {
                what: "auto",
                found: format!("horizon {}, history {}", self.horizon, self.history_max),
                expected: "a horizon of at least 1 and a history of at least 8",
            });
        }
        let all = &series.values;
        let history = all[all.len().saturating_sub(self.history_max)..].to_vec();
        let seasons = held(&self.seasons, &history);
        let season = seasons.first().copied().unwrap_or(1);
        let tuned = tune::tune(&history, &seasons, self.horizon);
        let origins = self.past_origins(history.len(), season);
        let Ran { runs, mut tuned, left_out } = run(tuned, &history, &origins, self.horizon)?;
        tuned.iter_mut().for_each(Member::settle);
        let end = |origin: usize| history.len().min(origin + self.horizon);
        let actual: Vec<Vec<f64>> = origins.iter().map(|o| history[*o..end(*o)].to_vec()).collect();
        let combined = combine::combine(&runs, &actual);
        let non_negative = all.iter().all(|y| y.is_nan() || *y >= 0.0);
        let past = origins
            .iter()
            .zip(combined.past)
            .map(|(origin, path)| past_path(*origin, floored(path, non_negative), &history));
        Ok(AutoFit {
            members: combined.members,
            left_out,
            tuned,
            now: floored(combined.now, non_negative),
            past: past.collect(),
            season,
            horizon: self.horizon,
            waiting: Vec::new(),
            appended: 0,
            non_negative,
            history,
        })
    }

    /// Past origins with a whole horizon after them; where the series is too short for a few of those, ones whose horizon
    /// is cut by its end, from the half of it on or from where a season can be repeated.
    fn past_origins(&self, n: usize, season: usize) -> Vec<usize> {
        let first = (2 * season + 2).max(n / 4).max(8);
        let whole = past_origins(n, first, self.horizon, season, self.origins);
        if whole.len() >= self.origins.min(ORIGINS_FEW) {
            return whole;
        }
        let first = (season + 2).max(n / 2).max(4).min(n - 1);
        let horizon = self.horizon.min((n - first) / 4).max(1);
        past_origins(n, first, horizon, season, self.origins)
    }
}

/// Seasons that `history` holds: the shortest from one cycle and a value on if each place of it was measured, so that it can
/// be repeated, the others from two cycles on.
fn held(seasons: &[usize], history: &[f64]) -> Vec<usize> {
    let n = history.len();
    let is_measured = |season: usize| {
        let at = |place: usize| history.iter().skip(place).step_by(season);
        (0..season).all(|place| at(place).any(|y| !y.is_nan()))
    };
    let shortest = |season: usize| n > season && is_measured(season);
    let is_held = |(index, season): &(usize, &usize)| {
        n >= 2 * **season + 2 || (*index == 0 && shortest(**season))
    };
    seasons.iter().enumerate().filter(is_held).map(|(_, season)| *season).collect()
}

/// Past origins with a whole horizon that are enough not to cut horizons.
const ORIGINS_FEW: usize = 5;

/// A path that stays at or above 0 where the history does.
fn floored(mut path: Together, non_negative: bool) -> Together {
    if non_negative {
        path.mean.iter_mut().for_each(floor);
    }
    path
}

/// Raises what is below 0. (`max` would make a 0 of what is not a number, and hide that sums overflowed.)
fn floor(value: &mut f64) {
    if *value < 0.0 {
        *value = 0.0;
    }
}

/// What a path missed by.
fn past_path(origin: usize, path: Together, history: &[f64]) -> PastPath {
    let errors = history[origin..].iter().zip(&path.mean).map(|(y, f)| y - f).collect();
    PastPath { origin, errors, spread: path.spread }
}

/// What one member said: now, and at each past origin (empty where it could not).
pub(crate) struct Run {
    pub(crate) name: String,
    pub(crate) now: Vec<f64>,
    pub(crate) past: Vec<Vec<f64>>,
}

/// Members that can forecast, and what they said.
struct Ran {
    runs: Vec<Run>,
    tuned: Vec<Member>,
    left_out: Vec<LeftOut>,
}

/// Runs members now and at past origins; one that fails now is left out, and all failing is an error.
fn run(
    members: Vec<Member>,
    history: &[f64],
    origins: &[usize],
    horizon: usize,
) -> Result<Ran, ForecastError> {
    let mut ran = Ran { runs: Vec::new(), tuned: Vec::new(), left_out: Vec::new() };
    let ends: Vec<usize> = origins.iter().copied().chain([history.len()]).collect();
    let mut failed = None;
    for member in members {
        let name = member.name();
        let mut paths = member.paths(history, &ends, horizon);
        match paths.pop().unwrap_or(Ok(Vec::new())).and_then(finite) {
            Ok(now) => {
                let past = paths.into_iter().map(|path| path.and_then(finite).unwrap_or_default());
                let past = past.collect();
                ran.runs.push(Run { name, now, past });
                ran.tuned.push(member);
            }
            Err(error) => {
                ran.left_out.push(LeftOut { name, reason: error.to_string() });
                failed = Some(error);
            }
        }
    }
    match failed {
        Some(error) if ran.runs.is_empty() => Err(error),
        _ => Ok(ran),
    }
}

/// A path without values that are infinite or not numbers.
fn finite(path: Vec<f64>) -> Result<Vec<f64>, ForecastError> {
    match path.iter().position(|value| !value.is_finite()) {
        None => Ok(path),
        Some(index) => Err(ForecastError::Value {
            what: "a path of a member".to_owned(),
            index,
            value: path[index],
        }),
    }
}

/// Seasons that a step suggests.
fn seasons_of(step: Step) -> Vec<usize> {
    match step {
        Step::Months(months) if 12 % months == 0 && months < 12 => vec![12 / months as usize],
        Step::Months(_) => Vec::new(),
        Step::Seconds(86_400) => vec![7],
        Step::Seconds(seconds) if seconds > 0 && 86_400 % seconds == 0 && seconds < 86_400 => {
            let day = (86_400 / seconds) as usize;
            vec![day, 7 * day]
        }
        Step::Seconds(_) => Vec::new(),
    }
}

impl Method for Auto {
    fn name(&self) -> &'static str {
        "auto"
    }

    fn fit(
        &self,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<Box<dyn Fitted>, ForecastError> {
        checked::no_indicators(indicators)?;
        Ok(Box::new(self.inspect(series)?))
    }
}

impl Fitted for AutoFit {
    fn forecast(
        &self,
        horizon: usize,
        indicators: &Indicators,
        levels: &[f64],
    ) -> Result<Forecast, ForecastError> {
        checked::no_indicators(indicators)?;
        checked::levels(levels)?;
        if horizon > self.horizon {
            return Err(ForecastError::Argument {
                what: "horizon",
                found: horizon.to_string(),
                expected: "at most the horizon that was calibrated",
            });
        }
        let mean = self.now.mean[..horizon].to_vec();
        if levels.is_empty() {
            return Ok(Forecast { mean, bounds: Vec::new() });
        }
        let spread = &self.now.spread[..horizon];
        let (history, past) = (&self.history, &self.past);
        let mut bounds =
            conformal::bounds_by_spread(history, self.season, past, &mean, spread, levels)?;
        if self.non_negative {
            bounds.iter_mut().flat_map(|b| b.lower.iter_mut().chain(&mut b.upper)).for_each(floor);
        }
        checked::forecast(Forecast { mean, bounds })
    }
}

impl AutoFit {
    /// Takes on values that came after the history (NaN where none was measured). Members keep what they were tuned to and
    /// their weights; a forecast made before whose horizon has now come whole joins the past errors, the oldest leaves:
    /// bounds follow what happens. Fit anew after a season or two, or when [`crate::Tracking`] says so.
    ///
    /// # Errors
    /// An infinite value, or no member that can forecast; nothing is taken on then.
    pub fn append(&mut self, values: &[f64]) -> Result<(), ForecastError> {
        checked::finite("the new values", values)?;
        if values.is_empty() {
            return Ok(());
        }
        let before = self.history.len();
        self.history.extend(values);
        let (now, left_out) = match self.ask() {
            Ok(answer) => answer,
            Err(error) => {
                self.history.truncate(before);
                return Err(error);
            }
        };
        self.non_negative &= values.iter().all(|y| y.is_nan() || *y >= 0.0);
        self.left_out = left_out;
        self.appended += values.len();
        let earlier = std::mem::replace(&mut self.now, floored(now, self.non_negative));
        self.waiting.push((before, earlier));
        let n = self.history.len();
        let (done, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|(origin, _)| origin + self.horizon <= n);
        self.waiting = waiting;
        let kept = self.past.len().max(1);
        let new = done.into_iter().map(|(origin, path)| past_path(origin, path, &self.history));
        self.past.extend(new);
        self.past.drain(..self.past.len() - kept.min(self.past.len()));
        Ok(())
    }

    /// What the members say after the history as it is.
    fn ask(&self) -> Result<(Together, Vec<LeftOut>), ForecastError> {
        let (mut paths, mut weights, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        let mut failed = None;
        for (member, weight) in self.tuned.iter().zip(&self.members) {
            let path = member.paths(&self.history, &[self.history.len()], self.horizon).pop();
            match path.unwrap_or(Ok(Vec::new())).and_then(finite) {
                Ok(path) => {
                    paths.push(path);
                    weights.push(weight.weight);
                }
                Err(error) => {
                    left_out.push(LeftOut { name: member.name(), reason: error.to_string() });
                    failed = Some(error);
                }
            }
        }
        match failed {
            Some(error) if paths.is_empty() => Err(error),
            _ => {
                let paths: Vec<&[f64]> = paths.iter().map(Vec::as_slice).collect();
                Ok((combine::together(&paths, &weights), left_out))
            }
        }
    }

    /// Values that were taken on since the fit.
    pub fn appended(&self) -> usize {
        self.appended
    }

    /// Mean absolute error of the combination at past origins, as [`crate::Tracking`] takes it; `None` without any.
    pub fn past_error(&self) -> Option<f64> {
        let errors = self.past.iter().flat_map(|path| path.errors.iter().map(|error| error.abs()));
        crate::accuracy::mean(errors)
    }
}
