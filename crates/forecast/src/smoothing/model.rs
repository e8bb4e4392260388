//! The recursion of exponential smoothing in state-space form, and its likelihood.
//!
//! In: a series, a form (error, trend, season), parameters with the states before the first value. Out: one-step means,
//! errors, the states at the end, log likelihood.
//! Source: Hyndman, Koehler, Ord, Snyder, Forecasting with Exponential Smoothing, 2008, chapters 2 and 5.
//! Departures: a missing value leaves the states on their forecast course and adds nothing to the likelihood.
//! Cost: about ten operations a value. Checked against: statsmodels `ETSModel.loglike` (`tests/it/smoothing.rs`).

/// How the error enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Its size does not depend on the level.
    Additive,
    /// It is a share of the one-step forecast, which must be positive.
    Multiplicative,
}

/// How the level moves on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrendKind {
    /// It does not.
    None,
    /// By a slope.
    Additive,
    /// By a slope that fades.
    Damped,
}

/// How the season enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeasonKind {
    /// There is none.
    None,
    /// Added.
    Additive,
    /// As a factor.
    Multiplicative,
}

/// Which of the forms of exponential smoothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EtsForm {
    /// The error.
    pub error: ErrorKind,
    /// The trend.
    pub trend: TrendKind,
    /// The season.
    pub season: SeasonKind,
}

impl EtsForm {
    /// Three letters, `A` `M` `N`, the trend's with `d` if damped: `MAdM`.
    pub fn letters(self) -> String {
        let error = if self.error == ErrorKind::Additive { "A" } else { "M" };
        let trend = match self.trend {
            TrendKind::None => "N",
            TrendKind::Additive => "A",
            TrendKind::Damped => "Ad",
        };
        let season = match self.season {
            SeasonKind::None => "N",
            SeasonKind::Additive => "A",
            SeasonKind::Multiplicative => "M",
        };
        [error, trend, season].concat()
    }

    /// Whether a multiplicative part asks for values above 0.
    pub(crate) fn needs_positive(self) -> bool {
        self.error == ErrorKind::Multiplicative || self.season == SeasonKind::Multiplicative
    }
}

/// Smoothing shares and the states.
#[derive(Debug, Clone, PartialEq)]
pub struct EtsParameters {
    /// Share of an error that the level takes.
    pub alpha: f64,
    /// Share that the slope takes, at most `alpha`; 0 without a trend.
    pub beta: f64,
    /// Share that the season takes, at most `1 - alpha`; 0 without a season.
    pub gamma: f64,
    /// What is left of the slope after a step; 1 if not damped.
    pub phi: f64,
    /// Level.
    pub level: f64,
    /// Slope a step.
    pub slope: f64,
    /// State of each place of the season, the next step's first; empty without a season.
    pub season: Vec<f64>,
}

/// What a run of the recursion gives.
#[derive(Debug, Clone, PartialEq)]
pub struct EtsScore {
    /// Log likelihood with the variance at its optimum.
    pub log_likelihood: f64,
    /// Mean square of the errors (of relative errors if they are multiplicative).
    pub variance: f64,
    /// Measured values.
    pub n: usize,
    /// The states after the last value, the shares as given.
    pub end: EtsParameters,
}

/// Log likelihood of parameters whose states stand before the first value. Outside the domain of a multiplicative form
/// it is minus infinity.
pub fn ets_score(values: &[f64], form: EtsForm, start: &EtsParameters) -> EtsScore {
    let mut end = start.clone();
    let (squares, logs, n) = run(values, form, &mut end, |_, _| {});
    let count = n as f64;
    let variance = squares / count;
    let log_likelihood = -0.5 * count * ((2.0 * std::f64::consts::PI * variance).ln() + 1.0) - logs;
    let log_likelihood = if logs.is_finite() { log_likelihood } else { f64::NEG_INFINITY };
    // The state that serves the next step stands at `n % season`; turn it to the front.
    let turned = values.len() % end.season.len().max(1);
    end.season.rotate_left(turned);
    EtsScore { log_likelihood, variance, n, end }
}

/// Runs the recursion over the states in place (the season stays in its ring); calls `each(step, error)` at measured
/// values. Returns the sum of squared errors, the sum of logs of one-step means (0 for additive errors, infinite where
/// one is not positive) and the count of measured values.
pub(crate) fn run(
    values: &[f64],
    form: EtsForm,
    states: &mut EtsParameters,
    mut each: impl FnMut(usize, f64),
) -> (f64, f64, usize) {
    let (alpha, gamma, phi) = (states.alpha, states.gamma, states.phi);
    let share = if alpha > 0.0 { states.beta / alpha } else { 0.0 };
    let (mut level, mut slope) = (states.level, states.slope);
    let (mut squares, mut logs, mut n, mut place) = (0.0, 0.0, 0, 0);
    let m = states.season.len();
    let relative = form.error == ErrorKind::Multiplicative;
    let trended = form.trend != TrendKind::None;
    for (step, y) in values.iter().enumerate() {
        let base = if trended { level + phi * slope } else { level };
        let state = if m > 0 { states.season[place] } else { 0.0 };
        let mean = mean_of(form.season, base, state);
        if y.is_nan() {
            (level, slope) = (base, phi * slope);
        } else {
            let error = if relative { (y - mean) / mean } else { y - mean };
            if relative {
                logs += if mean > 0.0 { mean.ln() } else { f64::INFINITY };
            }
            squares += error * error;
            n += 1;
            each(step, error);
            let (seen, rest) = match form.season {
                SeasonKind::None => (*y, 0.0),
                SeasonKind::Additive => (y - state, y - base),
                SeasonKind::Multiplicative => (y / state, y / base),
            };
            level = base + alpha * (seen - base);
            slope = phi * slope + share * (level - base);
            if m > 0 {
                states.season[place] = state + gamma * (rest - state);
            }
        }
        place = if place + 1 >= m { 0 } else { place + 1 };
    }
    (states.level, states.slope) = (level, slope);
    (squares, logs, n)
}

/// One-step mean from the level moved on and the state of the season.
pub(crate) fn mean_of(season: SeasonKind, base: f64, state: f64) -> f64 {
    match season {
        SeasonKind::None => base,
        SeasonKind::Additive => base + state,
        SeasonKind::Multiplicative => base * state,
    }
}
