//! The default forecast: several methods, combined, with bounds that past errors earn.
//!
//! In: a series, its seasons. Out: means ahead and bounds; which members took part with which weight.
//! Source: Bates and Granger, The combination of forecasts, 1969; weights by recent error, shrunk to equal ones (Stock and
//! Watson 2004); bounds by rolling conformal (`conformal`).
//! Departures: what a member searches for (its form and shares) is found once on the whole history and kept at past origins,
//! which makes past errors a little too small; the rank of the bounds counts origins, which makes up for more than that.
//! Cost: one search a member, one run a member and past origin. Checked against: series with a known answer
//! (`tests/it/auto.rs`); measured on a panel (`examples/panel.rs`).

mod combine;
mod members;
mod profile;

use members::Member;

use crate::conformal::{self, PastPath, past_origins};
use crate::{Fitted, Forecast, ForecastError, Indicators, Method, Series, Step, checked};

/// The default forecast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auto {
    /// Seasons in steps, ascending. One with fewer than two cycles of data is left out.
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
    pub name: &'static str,
    /// Its weight; all sum to 1.
    pub weight: f64,
    /// Its mean absolute error at past origins; `None` without past origins.
    pub error: Option<f64>,
}

/// A fit of the default forecast, open to inspection.
pub struct AutoFit {
    /// Members and weights.
    pub members: Vec<MemberWeight>,
    mean: Vec<f64>,
    history: Vec<f64>,
    season: usize,
    past: Vec<PastPath>,
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
        let seasons: Vec<usize> =
            self.seasons.iter().copied().filter(|s| 2 * s + 2 <= history.len()).collect();
        let season = seasons.first().copied().unwrap_or(1);
        let members = members::tune(&history, &seasons, self.horizon);
        let first = (2 * season + 2).max(history.len() / 4).max(8);
        let origins = past_origins(history.len(), first, self.horizon, season, self.origins);
        let runs = runs(&members, &history, &origins, self.horizon)?;
        let combined = combine::combine(&runs);
        let non_negative = all.iter().all(|y| y.is_nan() || *y >= 0.0);
        let floor = |path: &mut Vec<f64>| {
            path.iter_mut().for_each(|y| *y = if non_negative { y.max(0.0) } else { *y });
        };
        let mut mean = combined.now;
        floor(&mut mean);
        let past = origins
            .iter()
            .zip(combined.past)
            .map(|(origin, mut path)| {
                floor(&mut path);
                let errors = history[*origin..].iter().zip(&path).map(|(y, f)| y - f).collect();
                PastPath { origin: *origin, errors }
            })
            .collect();
        Ok(AutoFit { members: combined.members, mean, history, season, past, non_negative })
    }
}

/// What one member said: now, and at each past origin (empty where it could not).
pub(crate) struct Run {
    pub(crate) name: &'static str,
    pub(crate) now: Vec<f64>,
    pub(crate) past: Vec<Vec<f64>>,
    /// Actual values at each past origin.
    pub(crate) actual: Vec<Vec<f64>>,
}

/// Runs members now and at past origins; one that fails now is left out, and all failing is an error.
fn runs(
    members: &[Member],
    history: &[f64],
    origins: &[usize],
    horizon: usize,
) -> Result<Vec<Run>, ForecastError> {
    let actual: Vec<Vec<f64>> =
        origins.iter().map(|o| history[*o..*o + horizon].to_vec()).collect();
    let mut runs = Vec::new();
    let mut failed = None;
    for member in members {
        let finite = |path: &Vec<f64>| path.iter().all(|value| value.is_finite());
        match member.path(history, horizon) {
            Ok(now) if finite(&now) => {
                let path = |o: &usize| {
                    member.path(&history[..*o], horizon).ok().filter(finite).unwrap_or_default()
                };
                let past = origins.iter().map(path).collect();
                runs.push(Run { name: member.name(), now, past, actual: actual.clone() });
            }
            Ok(_) => {}
            Err(error) => failed = Some(error),
        }
    }
    if runs.is_empty() {
        let found = history.len();
        return Err(failed.unwrap_or(ForecastError::TooShort { method: "auto", needed: 4, found }));
    }
    Ok(runs)
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
        if horizon > self.mean.len() {
            return Err(ForecastError::Argument {
                what: "horizon",
                found: horizon.to_string(),
                expected: "at most the horizon that was calibrated",
            });
        }
        let mean = self.mean[..horizon].to_vec();
        if levels.is_empty() {
            return Ok(Forecast { mean, bounds: Vec::new() });
        }
        let mut bounds = conformal::bounds(&self.history, self.season, &self.past, &mean, levels)?;
        if self.non_negative {
            for value in bounds.iter_mut().flat_map(|b| b.lower.iter_mut().chain(&mut b.upper)) {
                *value = value.max(0.0);
            }
        }
        checked::forecast(Forecast { mean, bounds })
    }
}
