//! Several seasons taken out one after the other, the rest forecast by smoothing, the seasons by their last cycle.
//!
//! In: a series, seasons in steps. Out: a decomposition; means ahead and bounds.
//! Source: Bandara, Hyndman, Bergmeir, MSTL: a seasonal-trend decomposition algorithm for time series with multiple seasonal
//! patterns, 2021. Windows 11, 15, … a season, two rounds, as R's `mstl`.
//! Departures: a season with fewer than two cycles of data is left out of the fit (the fit says which it used); lines are
//! fitted at a tenth of the places. A decomposition smooths each place of a season by lines, as statsmodels does; a
//! forecast by means, as R and statsforecast do: with two or three cycles a line runs away from both. A decomposition follows
//! its own series too closely for its rests to be a scale of errors ahead: bounds are widened by what forecasts from six past
//! origins missed by, in units of the bounds they had. Cost: fourteen STL a season. Checked against: statsmodels `MSTL` (`tests/it/mstl.rs`).

use crate::smoothing::{Ets, EtsFit, fit_form};
use crate::stl::{Stl, check_places};
use crate::{Fitted, Forecast, ForecastError, Indicators, Method, Series, checked};

/// Several seasons by STL, the rest by exponential smoothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mstl {
    /// Seasons in steps, ascending; one with fewer than two cycles of data is left out.
    pub seasons: Vec<usize>,
    /// Whether outliers are weighed down.
    pub robust: bool,
    /// Whether every place gets its own line; a tenth of them is as good for forecasts, and ten times cheaper.
    pub every_place: bool,
}

/// Seasons, trend and rest.
#[derive(Debug, Clone, PartialEq)]
pub struct MstlDecomposition {
    /// Seasons that were used, in steps.
    pub seasons: Vec<usize>,
    /// One series a season.
    pub seasonal: Vec<Vec<f64>>,
    /// The trend.
    pub trend: Vec<f64>,
    /// What is left; NaN where the value is missing.
    pub rest: Vec<f64>,
}

struct SeasonsAndTrend {
    /// The last cycle of each season, the next step's place first.
    cycles: Vec<Vec<f64>>,
    trend: EtsFit,
    /// Factor on half-widths, at least 1.
    widening: f64,
}

/// Past origins that widen the bounds.
const ORIGINS: usize = 6;
/// The level of a normal interval of one standard error to each side.
const ONE_SIGMA: f64 = 0.682_689_492_137_086;

impl Mstl {
    /// Decomposes a series.
    ///
    /// # Errors
    /// No season with two cycles of data, or a place of one without values.
    pub fn decompose(&self, series: &Series) -> Result<MstlDecomposition, ForecastError> {
        self.parts(series, 1)
    }

    /// The same with each place of a season smoothed by means, as its forecast goes on.
    pub(crate) fn decompose_ahead(
        &self,
        series: &Series,
    ) -> Result<MstlDecomposition, ForecastError> {
        self.parts(series, 0)
    }

    fn parts(
        &self,
        series: &Series,
        seasonal_degree: u8,
    ) -> Result<MstlDecomposition, ForecastError> {
        checked::seasons(&self.seasons)?;
        checked::series("mstl", series, 4)?;
        let y = &series.values;
        let used: Vec<usize> =
            self.seasons.iter().copied().filter(|season| 2 * season <= y.len()).collect();
        let Some(first) = self.seasons.first() else {
            return Err(ForecastError::Argument {
                what: "seasons",
                found: "none".to_owned(),
                expected: "one at least that fits twice into the series: without a season ets or theta do",
            });
        };
        if used.is_empty() {
            let needed = 2 * first;
            return Err(ForecastError::TooShort { method: "mstl", needed, found: y.len() });
        }
        for season in &used {
            check_places("mstl", y, *season)?;
        }
        Ok(self.split(y, used, seasonal_degree))
    }

    /// Decomposes values that were checked by seasons that fit.
    fn split(&self, y: &[f64], seasons: Vec<usize>, seasonal_degree: u8) -> MstlDecomposition {
        let n = y.len();
        let mut seasonal = vec![vec![0.0; n]; seasons.len()];
        let mut adjusted = y.to_vec();
        let mut trend = Vec::new();
        let rounds = if seasons.len() > 1 { 2 } else { 1 };
        for _ in 0..rounds {
            for (index, season) in seasons.iter().enumerate() {
                for (value, state) in adjusted.iter_mut().zip(&seasonal[index]) {
                    *value += state;
                }
                let windows = Stl { seasonal_degree, ..self.windows(*season, index) };
                let parts = windows.split(&adjusted);
                for (value, state) in adjusted.iter_mut().zip(&parts.seasonal) {
                    *value -= state;
                }
                seasonal[index] = parts.seasonal;
                trend = parts.trend;
            }
        }
        let rest = adjusted.iter().zip(&trend).map(|(value, trend)| value - trend).collect();
        MstlDecomposition { seasons, seasonal, trend, rest }
    }

    fn windows(&self, season: usize, index: usize) -> Stl {
        let mut stl = Stl::with_seasonal_window(season, 11 + 4 * index);
        stl.inner = 2;
        if self.robust {
            stl = stl.robust();
        }
        if self.every_place { stl } else { stl.with_jumps() }
    }
}

impl MstlDecomposition {
    /// The series without its seasons; NaN where a value is missing.
    pub fn adjusted(&self) -> Vec<f64> {
        self.trend.iter().zip(&self.rest).map(|(trend, rest)| trend + rest).collect()
    }

    /// Sum of the seasons `horizon` steps on: each repeats its last cycle.
    pub(crate) fn seasons_ahead(&self, horizon: usize) -> Vec<f64> {
        let mut ahead = vec![0.0; horizon];
        for (season, states) in self.seasons.iter().zip(&self.seasonal) {
            let last = &states[states.len() - season..];
            for (step, sum) in ahead.iter_mut().enumerate() {
                *sum += last[step % season];
            }
        }
        ahead
    }
}

impl Method for Mstl {
    fn name(&self) -> &'static str {
        "mstl"
    }

    fn fit(
        &self,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<Box<dyn Fitted>, ForecastError> {
        checked::no_indicators(indicators)?;
        let parts = self.decompose_ahead(series)?;
        let adjusted = Series { values: parts.adjusted(), ..series.clone() };
        let trend = Ets { season: 1, form: None }.inspect(&adjusted)?;
        let cycle =
            |(season, states): (&usize, &Vec<f64>)| states[states.len() - season..].to_vec();
        let cycles = parts.seasons.iter().zip(&parts.seasonal).map(cycle).collect();
        let widening = self.widening(series, &parts.seasons, &trend);
        Ok(Box::new(SeasonsAndTrend { cycles, trend, widening }))
    }
}

impl Mstl {
    /// Root mean square of past errors in units of the standard errors promised, at least 1; where there is no place for past
    /// origins, what a mean of so few cycles would make of it.
    fn widening(&self, series: &Series, seasons: &[usize], fitted: &EtsFit) -> f64 {
        let n = series.values.len();
        let (short, long) = (seasons[0], seasons[seasons.len() - 1]);
        let first = (2 * long).max(2 * n / 3);
        let horizon = (2 * short).min(n.saturating_sub(first) / 2).max(1);
        let mut ratios = Vec::new();
        for origin in crate::conformal::past_origins(n, first, horizon, short, ORIGINS) {
            let before = Series { values: series.values[..origin].to_vec(), ..series.clone() };
            let method = Self { seasons: seasons.to_vec(), ..self.clone() };
            let Ok(parts) = method.decompose_ahead(&before) else { continue };
            let trend = fit_form(&parts.adjusted(), fitted.form, 1, Some(&fitted.start));
            let none = Indicators::default();
            let Ok(ahead) = trend.forecast(horizon, &none, &[ONE_SIGMA]) else { continue };
            let season = parts.seasons_ahead(horizon);
            let bounds = &ahead.bounds[0];
            ratios.extend((0..horizon).map(|step| {
                let sigma = (bounds.upper[step] - bounds.lower[step]) / 2.0;
                let error = series.values[origin + step] - ahead.mean[step] - season[step];
                if sigma > 0.0 { (error / sigma).powi(2) } else { f64::NAN }
            }));
        }
        // A mean of c values follows each of them by 1 / c, and misses a new one by as much again.
        let followed: f64 = seasons.iter().map(|season| (*season as f64 / n as f64).max(0.1)).sum();
        let by_cycles = || (1.0 + followed) / (1.0 - followed.min(0.8));
        let square = crate::accuracy::mean(ratios.into_iter()).filter(|mean| mean.is_finite());
        square.unwrap_or_else(by_cycles).max(1.0).sqrt()
    }
}

impl Fitted for SeasonsAndTrend {
    fn parameters(&self) -> Vec<(&'static str, f64)> {
        let start = &self.trend.start;
        vec![("alpha", start.alpha), ("beta", start.beta), ("phi", start.phi)]
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        vec![("variance", self.trend.score.variance), ("widening", self.widening)]
    }

    fn forecast(
        &self,
        horizon: usize,
        indicators: &Indicators,
        levels: &[f64],
    ) -> Result<Forecast, ForecastError> {
        let mut forecast = self.trend.forecast(horizon, indicators, levels)?;
        let trend_mean = forecast.mean.clone();
        let ahead: Vec<f64> = (0..horizon)
            .map(|step| self.cycles.iter().map(|cycle| cycle[step % cycle.len()]).sum())
            .collect();
        let add = |values: &mut Vec<f64>| {
            for (value, season) in values.iter_mut().zip(&ahead) {
                *value += season;
            }
        };
        add(&mut forecast.mean);
        for bounds in &mut forecast.bounds {
            for side in [&mut bounds.lower, &mut bounds.upper] {
                for (value, mean) in side.iter_mut().zip(&trend_mean) {
                    *value = mean + self.widening * (*value - mean);
                }
                add(side);
            }
        }
        checked::forecast(forecast)
    }
}
