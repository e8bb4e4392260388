//! Exponential smoothing with the form chosen by data.
//!
//! In: a series, a season, a form or none. Out: means ahead and bounds. Source: Hyndman, Koehler, Snyder, Grose, A state space
//! framework for automatic forecasting using exponential smoothing methods, 2002; the choice is by AICc as in R's `ets`.
//! Departures: trends are additive only (R's default too); bounds of multiplicative forms by 2,000 simulated paths of a
//! fixed seed, of additive ones by their closed variance (Hyndman et al. 2008, table 6.1).
//! Cost: see `fit`, a form each. Checked against: statsmodels (`tests/it/smoothing.rs`).

use super::fit;
use super::model::{EtsForm, EtsParameters, EtsScore, SeasonKind, TrendKind, ets_score, mean_of};
use crate::draws::{Draws, sample_quantile};
use crate::smoothing::ErrorKind;
use crate::{Bounds, Fitted, Forecast, ForecastError, Indicators, Method, Series, checked, normal};

/// Exponential smoothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ets {
    /// Length of the season in steps; 1: none.
    pub season: usize,
    /// The form; none: the one with the smallest AICc.
    pub form: Option<EtsForm>,
}

/// A fit of exponential smoothing, open to inspection.
#[derive(Debug, Clone, PartialEq)]
pub struct EtsFit {
    /// The form.
    pub form: EtsForm,
    /// Shares, and states before the first value.
    pub start: EtsParameters,
    /// Likelihood, variance, states at the end.
    pub score: EtsScore,
    /// Akaike's criterion, corrected for short series.
    pub aicc: f64,
}

const PATHS: usize = 2_000;

impl Ets {
    /// Fits, and shows what came out.
    ///
    /// # Errors
    /// A series too short; a multiplicative form on values that are not all above 0; an infinite value.
    pub fn inspect(&self, series: &Series) -> Result<EtsFit, ForecastError> {
        let season = self.season.max(1);
        checked::series("ets", series, 4)?;
        let values = &series.values;
        let positive = values.iter().all(|value| value.is_nan() || *value > 0.0);
        let seasonal = season > 1 && values.len() >= 2 * season;
        if let Some(form) = self.form {
            self.check_form(form, positive, values.len())?;
            return Ok(fit_form(values, form, season, None));
        }
        let mut best: Option<EtsFit> = None;
        for form in fit::forms(seasonal, positive) {
            let fitted = fit_form(values, form, season, None);
            if best.as_ref().is_none_or(|best| fitted.aicc < best.aicc) {
                best = Some(fitted);
            }
        }
        Ok(best.expect("the form without trend and season is always tried"))
    }

    fn check_form(&self, form: EtsForm, positive: bool, n: usize) -> Result<(), ForecastError> {
        if form.needs_positive() && !positive {
            return Err(ForecastError::Argument {
                what: "ets form",
                found: form.letters(),
                expected: "an additive one: the series has values that are not above 0",
            });
        }
        if form.season != SeasonKind::None {
            if self.season < 2 {
                return Err(ForecastError::Argument {
                    what: "season",
                    found: self.season.to_string(),
                    expected: "at least 2 steps for a seasonal form",
                });
            }
            if n < 2 * self.season {
                let needed = 2 * self.season;
                return Err(ForecastError::TooShort { method: "ets", needed, found: n });
            }
        }
        Ok(())
    }
}

/// Fits one form, from an earlier fit if there is one.
pub(crate) fn fit_form(
    values: &[f64],
    form: EtsForm,
    m: usize,
    warm: Option<&EtsParameters>,
) -> EtsFit {
    let start = fit::fit(values, form, m, warm);
    let score = ets_score(values, form, &start);
    let k = fit::free_numbers(form, m) as f64;
    let n = score.n as f64;
    let aicc = if n > k + 1.0 {
        -2.0 * score.log_likelihood + 2.0 * k * n / (n - k - 1.0)
    } else {
        f64::INFINITY
    };
    EtsFit { form, start, score, aicc }
}

impl Method for Ets {
    fn name(&self) -> &'static str {
        "ets"
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

impl Fitted for EtsFit {
    fn forecast(
        &self,
        horizon: usize,
        indicators: &Indicators,
        levels: &[f64],
    ) -> Result<Forecast, ForecastError> {
        checked::no_indicators(indicators)?;
        checked::levels(levels)?;
        let mean = self.means(horizon);
        let bounds = if levels.is_empty() {
            Vec::new()
        } else if self.form.error == ErrorKind::Additive {
            normal::bounds(&mean, &self.errors(horizon), levels)
        } else {
            self.simulated(horizon, levels)
        };
        checked::forecast(Forecast { mean, bounds })
    }
}

impl EtsFit {
    /// The same parameters and start on other values that begin with those it was fitted to, or with some of them.
    pub(crate) fn rerun(&self, values: &[f64]) -> Self {
        Self { score: ets_score(values, self.form, &self.start), ..self.clone() }
    }

    /// Point forecasts.
    pub(crate) fn means(&self, horizon: usize) -> Vec<f64> {
        let end = &self.score.end;
        let (mut level, mut slope) = (end.level, end.slope);
        let m = end.season.len().max(1);
        (0..horizon)
            .map(|step| {
                slope *= end.phi;
                if self.form.trend != TrendKind::None {
                    level += slope;
                }
                let state = end.season.get(step % m).copied().unwrap_or(0.0);
                mean_of(self.form.season, level, state)
            })
            .collect()
    }

    /// Standard errors of an additive form.
    pub(crate) fn errors(&self, horizon: usize) -> Vec<f64> {
        let p = &self.score.end;
        let m = p.season.len();
        let (mut sum, mut damping, mut power) = (1.0, 0.0, 1.0);
        let mut errors = Vec::with_capacity(horizon);
        for ahead in 1..=horizon {
            errors.push((self.score.variance * sum).sqrt());
            power *= p.phi;
            damping += power;
            let season = if m > 0 && ahead % m == 0 { p.gamma } else { 0.0 };
            let weight = p.alpha + p.beta * damping + season;
            sum += weight * weight;
        }
        errors
    }

    fn simulated(&self, horizon: usize, levels: &[f64]) -> Vec<Bounds> {
        let mut draws = Draws::new(1);
        let sigma = self.score.variance.sqrt();
        let mut at = vec![Vec::with_capacity(PATHS); horizon];
        for _ in 0..PATHS {
            let mut states = self.score.end.clone();
            for (step, sample) in at.iter_mut().enumerate() {
                sample.push(self.simulate_step(&mut states, step, sigma * draws.normal()));
            }
        }
        for sample in &mut at {
            sample.sort_by(f64::total_cmp);
        }
        let bounds = |level: &f64| Bounds {
            level: *level,
            lower: at.iter().map(|s| sample_quantile(s, 0.5 - level / 2.0)).collect(),
            upper: at.iter().map(|s| sample_quantile(s, 0.5 + level / 2.0)).collect(),
        };
        levels.iter().map(bounds).collect()
    }

    /// One value of a path with a relative error; moves the states on.
    fn simulate_step(&self, p: &mut EtsParameters, step: usize, error: f64) -> f64 {
        let trended = self.form.trend != TrendKind::None;
        let base = if trended { p.level + p.phi * p.slope } else { p.level };
        let place = step % p.season.len().max(1);
        let state = p.season.get(place).copied().unwrap_or(0.0);
        let mean = mean_of(self.form.season, base, state);
        let shock = mean * error;
        let unit = match self.form.season {
            SeasonKind::Multiplicative => base * error,
            SeasonKind::None | SeasonKind::Additive => shock,
        };
        p.level = base + p.alpha * unit;
        p.slope = p.phi * p.slope + p.beta * unit;
        match self.form.season {
            SeasonKind::None => {}
            SeasonKind::Additive => p.season[place] += p.gamma * shock,
            SeasonKind::Multiplicative => p.season[place] *= 1.0 + p.gamma * error,
        }
        mean + shock
    }
}
