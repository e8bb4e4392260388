//! Dynamic optimized theta: a straight line that is refitted at each value, and a line that bends more than the series.
//!
//! In: a series, a season. Out: means ahead and bounds. Source: Fiorucci, Pellegrini, Louzada, Petropoulos, Koehler,
//! Models for optimising the theta method and their relationship to state space models, 2016 (DOTM); the season as in
//! Assimakopoulos and Nikolopoulos 2000: removed by factors if the autocorrelation at the season is significant at 90 %.
//! Departures: factors are medians of ratios to a centered moving average; with values at or below 0 they are deviations.
//! Bounds by the variance of simple smoothing, `σ² (1 + (j - 1) α²)`. A missing value leaves all states where they are.
//! Cost: 300 runs of 15 operations a value. Checked against: statsforecast `DynamicOptimizedTheta`, a straight
//! line (`tests/it/theta.rs`).

use crate::simplex;
use crate::{Fitted, Forecast, ForecastError, Indicators, Method, Series, checked, normal};

/// Dynamic optimized theta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theta {
    /// Length of the season in steps; 1: none.
    pub season: usize,
}

/// The numbers that are fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ThetaShares {
    level: f64,
    alpha: f64,
    theta: f64,
    /// Whether the season was found: a test over all values and lags, so a rerun takes it as known.
    is_seasonal: bool,
}

#[derive(Debug, Clone, Copy)]
struct States {
    level: f64,
    mean: f64,
    slope: f64,
    intercept: f64,
    /// Measured values so far.
    n: f64,
    /// `(1 - alpha)` to the power of `n`.
    fading: f64,
}

pub(crate) struct Fit {
    pub(crate) shares: ThetaShares,
    end: States,
    variance: f64,
    /// One state a place of the season, the next step's first; empty without one.
    season: Vec<f64>,
    factor: bool,
}

impl Method for Theta {
    fn name(&self) -> &'static str {
        "theta"
    }

    fn fit(
        &self,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<Box<dyn Fitted>, ForecastError> {
        checked::no_indicators(indicators)?;
        checked::series(self.name(), series, 5)?;
        Ok(Box::new(fit(&series.values, self.season.max(1), None)))
    }
}

impl Theta {
    /// Whether the season is used: only where two cycles of it show it beyond chance. The test has little power below four.
    pub fn uses_season(&self, values: &[f64]) -> bool {
        self.season > 1 && values.len() >= 2 * self.season && is_seasonal(values, self.season)
    }
}

/// Fits; with shares given, only runs.
pub(crate) fn fit(values: &[f64], m: usize, known: Option<ThetaShares>) -> Fit {
    let factor = values.iter().all(|y| y.is_nan() || *y > 0.0);
    let is_found = || known.map_or_else(|| is_seasonal(values, m), |shares| shares.is_seasonal);
    let seasonal = m > 1 && values.len() >= 2 * m && is_found();
    let season = if seasonal { seasonal_states(values, m, factor) } else { Vec::new() };
    let adjusted: Vec<f64> = values
        .iter()
        .enumerate()
        .map(|(t, y)| match season.get(t % m) {
            Some(state) if factor => y / state,
            Some(state) => y - state,
            None => *y,
        })
        .collect();
    let first = adjusted.iter().copied().find(|y| !y.is_nan()).unwrap_or(0.0);
    let shares = known.unwrap_or_else(|| {
        let scale = first.abs().max(1e-8);
        let objective = |x: &[f64]| {
            let shares = ThetaShares {
                level: x[0] * scale,
                alpha: x[1],
                theta: x[2],
                is_seasonal: seasonal,
            };
            if !(0.1..=0.99).contains(&shares.alpha) || shares.theta < 1.0 {
                return f64::INFINITY;
            }
            run(&adjusted, shares).1.ln()
        };
        let start = [first / scale / 2.0, 0.5, 2.0];
        let (x, _) = simplex::minimize(objective, &start, &[0.25, 0.2, 1.0], 300, 1e-8);
        let level = x[0] * scale;
        ThetaShares { level, alpha: x[1], theta: x[2], is_seasonal: seasonal }
    });
    let (end, squares, n) = run(&adjusted, shares);
    let turned = if season.is_empty() { 0 } else { values.len() % m };
    let mut season = season;
    season.rotate_left(turned);
    // A handful of errors is fitted away by three numbers: then half of the mean squared change, which is the variance of
    // noise about a level, is the least there is.
    let known: Vec<f64> = adjusted.iter().copied().filter(|y| !y.is_nan()).collect();
    let changes = known.windows(2).map(|pair| (pair[1] - pair[0]).powi(2) / 2.0);
    let least = if n < ERRORS_MIN { crate::accuracy::mean(changes).unwrap_or(0.0) } else { 0.0 };
    Fit { shares, end, variance: (squares / n).max(least), season, factor }
}

/// Errors from which on their own mean square is believed: three for each number that is fitted.
const ERRORS_MIN: f64 = 9.0;

/// Runs the recursion; states at the end, sum of squared errors, their count. The first three errors do not count:
/// the line is not one yet.
fn run(values: &[f64], shares: ThetaShares) -> (States, f64, f64) {
    let ThetaShares { level, alpha, theta, .. } = shares;
    let mut s = States { level, mean: 0.0, slope: 0.0, intercept: 0.0, n: 0.0, fading: 1.0 };
    let (mut squares, mut count) = (0.0, 0.0);
    for y in values.iter().filter(|y| !y.is_nan()) {
        if s.n == 0.0 {
            s.intercept = *y;
        }
        let error = y - next_mean(&s, alpha, theta);
        if s.n >= 3.0 {
            squares += error * error;
            count += 1.0;
        }
        s.level += alpha * (y - s.level);
        s.n += 1.0;
        let before = s.mean;
        s.mean += (y - before) / s.n;
        s.slope = ((s.n - 2.0) * s.slope + 6.0 / s.n * (y - before)) / (s.n + 1.0);
        if s.n < 2.0 {
            s.slope = 0.0;
        }
        s.intercept = s.mean - s.slope * (s.n + 1.0) / 2.0;
        s.fading *= 1.0 - alpha;
    }
    (s, squares.max(f64::MIN_POSITIVE), f64::max(count, 1.0))
}

fn next_mean(s: &States, alpha: f64, theta: f64) -> f64 {
    let bend = 1.0 - 1.0 / theta;
    s.level + bend * (s.fading * s.intercept + (1.0 - s.fading * (1.0 - alpha)) / alpha * s.slope)
}

/// Whether the autocorrelation at lag `m` is beyond its 90 % bound under Bartlett's formula.
fn is_seasonal(values: &[f64], m: usize) -> bool {
    let n = values.iter().filter(|y| !y.is_nan()).count() as f64;
    let mean = values.iter().filter(|y| !y.is_nan()).sum::<f64>() / n;
    let at = |lag: usize| -> f64 {
        let pairs = values.iter().zip(&values[lag..]);
        pairs.map(|(a, b)| (a - mean) * (b - mean)).filter(|p| !p.is_nan()).sum()
    };
    let whole = at(0);
    if whole <= 0.0 {
        return false;
    }
    let before: f64 = (1..m).map(|lag| (at(lag) / whole).powi(2)).sum();
    at(m) / whole > 1.644_853_6 * ((1.0 + 2.0 * before) / n).sqrt()
}

/// Median ratio (or deviation) of each place to a centered moving average over one season.
fn seasonal_states(values: &[f64], m: usize, factor: bool) -> Vec<f64> {
    let half = m / 2;
    let mut at: Vec<Vec<f64>> = vec![Vec::new(); m];
    for t in half..values.len().saturating_sub(half) {
        let window = &values[t - half..=t + half];
        let (mut sum, mut weight) = (0.0, 0.0);
        for (index, y) in window.iter().enumerate().filter(|(_, y)| !y.is_nan()) {
            let edge = m.is_multiple_of(2) && (index == 0 || index == 2 * half);
            let share = if edge { 0.5 } else { 1.0 };
            (sum, weight) = (sum + share * y, weight + share);
        }
        if weight > 0.0 && !values[t].is_nan() {
            let center = sum / weight;
            at[t % m].push(if factor { values[t] / center } else { values[t] - center });
        }
    }
    let neutral = if factor { 1.0 } else { 0.0 };
    let mut states: Vec<f64> = at
        .iter_mut()
        .map(|sample| {
            sample.sort_by(f64::total_cmp);
            if sample.is_empty() { neutral } else { crate::draws::sample_quantile(sample, 0.5) }
        })
        .collect();
    let center = states.iter().sum::<f64>() / m as f64;
    for state in &mut states {
        *state = if factor { (*state / center).max(0.01) } else { *state - center };
    }
    states
}

impl Fit {
    /// Point forecasts.
    pub(crate) fn means(&self, horizon: usize) -> Vec<f64> {
        let ThetaShares { alpha, theta, .. } = self.shares;
        let mut s = self.end;
        (0..horizon)
            .map(|step| {
                // On its mean path the level is fed with the mean itself.
                let mean = next_mean(&s, alpha, theta);
                s.level += alpha * (mean - s.level);
                s.n += 1.0;
                let before = s.mean;
                s.mean += (mean - before) / s.n;
                s.slope = ((s.n - 2.0) * s.slope + 6.0 / s.n * (mean - before)) / (s.n + 1.0);
                s.intercept = s.mean - s.slope * (s.n + 1.0) / 2.0;
                s.fading *= 1.0 - alpha;
                match self.season.get(step % self.season.len().max(1)) {
                    Some(state) if self.factor => mean * state,
                    Some(state) => mean + state,
                    None => mean,
                }
            })
            .collect()
    }
}

impl Fitted for Fit {
    fn parameters(&self) -> Vec<(&'static str, f64)> {
        let ThetaShares { level, alpha, theta, .. } = self.shares;
        vec![("level", level), ("alpha", alpha), ("theta", theta)]
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        vec![("sigma", self.variance.sqrt())]
    }

    fn forecast(
        &self,
        horizon: usize,
        indicators: &Indicators,
        levels: &[f64],
    ) -> Result<Forecast, ForecastError> {
        checked::no_indicators(indicators)?;
        checked::levels(levels)?;
        let mean = self.means(horizon);
        let alpha = self.shares.alpha;
        let error = |step: usize| {
            let state = match self.season.get(step % self.season.len().max(1)) {
                Some(state) if self.factor => *state,
                _ => 1.0,
            };
            state * (self.variance * (1.0 + step as f64 * alpha * alpha)).sqrt()
        };
        let errors: Vec<f64> = (0..horizon).map(error).collect();
        let bounds = normal::bounds(&mean, &errors, levels);
        checked::forecast(Forecast { mean, bounds })
    }
}
