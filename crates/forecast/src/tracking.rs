//! Whether a kept model still forecasts as well as its backtest said.
//!
//! In: forecasts as they are made, values as they come. Out: a [`Health`]: error and coverage lately beside what the
//! backtest promised and what repeating the last season would have missed by; healthy, degraded with the reason, or unknown.
//! Source: Trigg 1964 (tracking a forecast's errors); ratios instead of his signal, as users read them.
//! Departures: a forecast is judged once its whole horizon has come, so that each counts as much as the backtest's; with
//! fewer than `judged_min` of them nothing is said. Cost: O(horizon) a forecast and value.
//! Checked against: errors by hand (`tests/it/tracking.rs`).

use std::collections::VecDeque;

use crate::{Forecast, ForecastError, accuracy};

/// When a model counts as degraded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackingLimits {
    /// Forecasts that are looked back on, the latest.
    pub window: usize,
    /// Forecasts below which nothing is said.
    pub judged_min: usize,
    /// Mean error against the backtest's from which it is degraded.
    pub ratio_max: f64,
    /// Mean error against that of repeating the last season from which it is degraded.
    pub naive_ratio_max: f64,
    /// By how much coverage may fall short of its level, as a share.
    pub shortfall_max: f64,
}

impl Default for TrackingLimits {
    /// 24 forecasts looked back on, 8 at least; half as much again as the backtest; a tenth more than repeating the
    /// season; 15 points of coverage.
    fn default() -> Self {
        Self {
            window: 24,
            judged_min: 8,
            ratio_max: 1.5,
            naive_ratio_max: 1.1,
            shortfall_max: 0.15,
        }
    }
}

/// Why a model is degraded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Degraded {
    /// Its errors are larger than the backtest's, by this factor.
    Backtest(f64),
    /// Its errors are larger than those of repeating the last season, by this factor.
    Naive(f64),
    /// Values lie outside its bounds too often.
    Coverage {
        /// The level of the bounds.
        level: f64,
        /// Share of values within them.
        found: f64,
    },
}

impl std::fmt::Display for Degraded {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Backtest(ratio) => write!(out, "errors are {ratio:.2} times the backtest's"),
            Self::Naive(ratio) => {
                write!(out, "errors are {ratio:.2} times those of repeating the last season")
            }
            Self::Coverage { level, found } => write!(
                out,
                "bounds of {:.0} % held {:.0} % of the values",
                100.0 * level,
                100.0 * found
            ),
        }
    }
}

/// What is known of a model's accuracy lately.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Health {
    /// Forecasts that were judged, at most the window.
    pub judged: usize,
    /// Their mean absolute error; `None` without any.
    pub error: Option<f64>,
    /// The same of repeating the last season.
    pub naive_error: Option<f64>,
    /// What the backtest promised; `None` where there was none.
    pub expected_error: Option<f64>,
    /// Level and share of values within, for each pair of bounds.
    pub coverage: Vec<(f64, f64)>,
    /// Whether enough was judged to say anything.
    pub known: bool,
    /// Why it is degraded; empty where it is not, or nothing is known.
    pub degraded: Vec<Degraded>,
}

impl Health {
    /// Whether the model should be fitted again.
    pub fn refit(&self) -> bool {
        !self.degraded.is_empty()
    }
}

/// A forecast whose horizon has not come whole.
#[derive(Debug, Clone)]
struct Waiting {
    forecast: Forecast,
    naive: Vec<f64>,
    /// Values that came since.
    actual: Vec<f64>,
}

/// One judged forecast.
#[derive(Debug, Clone)]
struct Judged {
    error: Option<f64>,
    naive: Option<f64>,
    coverage: Vec<(f64, Option<f64>)>,
}

/// Follows one model.
#[derive(Debug, Clone)]
pub struct Tracking {
    season: usize,
    expected_error: Option<f64>,
    limits: TrackingLimits,
    /// The last season of values.
    recent: VecDeque<f64>,
    waiting: VecDeque<Waiting>,
    judged: VecDeque<Judged>,
}

impl Tracking {
    /// For a model whose backtest missed by `expected_error` on average (`None`: it had none), fitted to `history`;
    /// `season` is that of the naive forecast, in steps.
    ///
    /// # Errors
    /// A season of 0, an error that is negative or not finite, a window without forecasts.
    pub fn new(
        history: &[f64],
        season: usize,
        expected_error: Option<f64>,
        limits: TrackingLimits,
    ) -> Result<Self, ForecastError> {
        let sound = season > 0 && expected_error.is_none_or(|e| e >= 0.0 && e.is_finite());
        if !sound || limits.judged_min == 0 || limits.window < limits.judged_min {
            return Err(ForecastError::Argument {
                what: "tracking",
                found: format!(
                    "season {season}, error {expected_error:?}, {} of {} forecasts",
                    limits.judged_min, limits.window
                ),
                expected: "a season of at least 1, an error of at least 0, 1 <= judged_min <= window",
            });
        }
        let recent = history[history.len().saturating_sub(season)..].iter().copied().collect();
        let (waiting, judged) = (VecDeque::new(), VecDeque::new());
        Ok(Self { season, expected_error, limits, recent, waiting, judged })
    }

    /// Takes a forecast made now: its first step is the next value.
    pub fn forecast(&mut self, forecast: &Forecast) {
        if forecast.mean.is_empty() {
            return;
        }
        let naive = |step: usize| {
            let back = self.recent.len().checked_sub(self.season);
            back.map_or(f64::NAN, |from| self.recent[from + step % self.season])
        };
        let naive = (0..forecast.mean.len()).map(naive).collect();
        let forecast = forecast.clone();
        self.waiting.push_back(Waiting { forecast, naive, actual: Vec::new() });
    }

    /// Takes the next value; NaN where none was measured.
    pub fn value(&mut self, value: f64) {
        self.recent.push_back(value);
        if self.recent.len() > self.season {
            self.recent.pop_front();
        }
        for waiting in &mut self.waiting {
            waiting.actual.push(value);
        }
        let whole = |waiting: &Waiting| waiting.actual.len() >= waiting.forecast.mean.len();
        let (done, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(whole);
        self.waiting = waiting;
        for one in Vec::from(done) {
            self.judged.push_back(judge(&one));
            if self.judged.len() > self.limits.window {
                self.judged.pop_front();
            }
        }
    }

    /// What the latest forecasts say.
    pub fn health(&self) -> Health {
        let mean = |of: &dyn Fn(&Judged) -> Option<f64>| {
            accuracy::mean(self.judged.iter().map(|judged| of(judged).unwrap_or(f64::NAN)))
        };
        let error = mean(&|judged| judged.error);
        let naive_error = mean(&|judged| judged.naive);
        let levels = self.judged.back().map_or(&[][..], |judged| &judged.coverage[..]);
        let share = |(level, _): &(f64, Option<f64>)| {
            let of = |judged: &Judged| {
                let own = judged.coverage.iter().find(|(other, _)| other == level);
                own.and_then(|(_, share)| *share)
            };
            mean(&of).map(|share| (*level, share))
        };
        let coverage: Vec<(f64, f64)> = levels.iter().filter_map(share).collect();
        let known = self.judged.iter().filter(|judged| judged.error.is_some()).count()
            >= self.limits.judged_min;
        let mut degraded = Vec::new();
        if let (true, Some(error)) = (known, error) {
            let promised = self.expected_error.and_then(|e| above(error, e, self.limits.ratio_max));
            degraded.extend(promised.map(Degraded::Backtest));
            let naive = naive_error.and_then(|n| above(error, n, self.limits.naive_ratio_max));
            degraded.extend(naive.map(Degraded::Naive));
            let short = |(level, found): &&(f64, f64)| level - found > self.limits.shortfall_max;
            let outside = coverage.iter().filter(short);
            degraded.extend(
                outside.map(|(level, found)| Degraded::Coverage { level: *level, found: *found }),
            );
        }
        let (judged, expected_error) = (self.judged.len(), self.expected_error);
        Health { judged, error, naive_error, expected_error, coverage, known, degraded }
    }
}

/// The ratio, where it is above its limit; of nothing it is infinite.
fn above(error: f64, reference: f64, limit: f64) -> Option<f64> {
    let ratio = if error > 0.0 { error / reference } else { 0.0 };
    (ratio > limit).then_some(ratio)
}

fn judge(one: &Waiting) -> Judged {
    let error = |path: &[f64]| accuracy::mase(&one.actual, path, 1.0);
    let coverage = one.forecast.bounds.iter();
    Judged {
        error: error(&one.forecast.mean),
        naive: error(&one.naive),
        coverage: coverage.map(|b| (b.level, accuracy::coverage(&one.actual, b))).collect(),
    }
}
