//! The regression baseline: calendar terms, trend, indicators and lags, under a ridge penalty.
//!
//! In: a series, indicators over its steps. Out: means ahead, bounds, a coefficient for each named term.
//! Source: Hoerl and Kennard, Ridge regression, 1970; seasons as Fourier terms, Young, Pedregal, Tych 1999 (dynamic
//! harmonic regression). Departures: columns are standardized first, so one penalty suits all; the intercept is free. With
//! lags the means are fed back step by step. Rows with a missing value (or lag) are left out of the fit.
//! Cost: `terms² n / 2`. Checked against: the gradient of the penalized sum of squares (`tests/it/regression.rs`).

use std::f64::consts::TAU;

use crate::gram::{self, Gram};
use crate::{Fitted, Forecast, ForecastError, Indicators, Method, Series, checked, normal};

/// Linear regression on time, seasons, indicators and the series' own past.
#[derive(Debug, Clone, PartialEq)]
pub struct Regression {
    /// Seasons in steps, ascending, each with its number of sine and cosine pairs.
    pub seasons: Vec<(usize, usize)>,
    /// Whether there is a straight trend.
    pub trend: bool,
    /// Own values so many steps back; empty: none.
    pub lags: Vec<usize>,
    /// Penalty, as if so many values had said that every term does nothing.
    pub ridge: f64,
}

/// A term and its effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// `intercept`, `trend`, `sin(2π·2t/24)`, `lag 24`, or an indicator's name.
    pub name: String,
    /// Change of the series for one unit of the term.
    pub coefficient: f64,
}

/// A fitted regression, open to inspection.
#[derive(Debug, Clone)]
pub struct RegressionFit {
    options: Regression,
    /// Intercept, then the terms in the order of the design.
    coefficients: Vec<f64>,
    names: Vec<String>,
    /// The series, for its lags.
    values: Vec<f64>,
    sigma: f64,
    /// Means of the columns, their scales, and the factor of the penalized Gram matrix of the standardized ones.
    means: Vec<f64>,
    scales: Vec<f64>,
    factor: Vec<f64>,
    rows: f64,
}

impl Regression {
    /// Pairs of the seasons without those that a shorter season has already: (season, harmonic).
    fn harmonics(&self) -> Vec<(usize, usize)> {
        let mut kept: Vec<(usize, usize)> = Vec::new();
        for (season, orders) in &self.seasons {
            for order in 1..=(*orders).min(season / 2) {
                // order / season is a frequency: equal ones are one term.
                if !kept.iter().any(|(other, k)| k * season == order * other) {
                    kept.push((*season, order));
                }
            }
        }
        kept
    }

    /// Adds the terms at step `t` (from 0) that do not hang on the past.
    fn fill(&self, harmonics: &[(usize, usize)], t: usize, row: &mut Vec<f64>) {
        row.clear();
        if self.trend {
            row.push(t as f64);
        }
        for (season, order) in harmonics {
            let angle = TAU * ((t * order) % season) as f64 / *season as f64;
            // The sine of the highest harmonic of an even season is 0 everywhere.
            if 2 * order != *season {
                row.push(angle.sin());
            }
            row.push(angle.cos());
        }
    }

    fn names(&self, indicators: &Indicators) -> Vec<String> {
        let mut names = Vec::new();
        if self.trend {
            names.push("trend".to_owned());
        }
        for (season, order) in self.harmonics() {
            if 2 * order != season {
                names.push(format!("sin(2π·{order}t/{season})"));
            }
            names.push(format!("cos(2π·{order}t/{season})"));
        }
        names.extend(indicators.names.iter().cloned());
        names.extend(self.lags.iter().map(|lag| format!("lag {lag}")));
        names
    }

    fn check(&self) -> Result<(), ForecastError> {
        let seasons: Vec<usize> = self.seasons.iter().map(|(season, _)| *season).collect();
        checked::seasons(&seasons)?;
        if !(self.ridge >= 0.0 && self.ridge.is_finite()) {
            return Err(ForecastError::Argument {
                what: "ridge",
                found: self.ridge.to_string(),
                expected: "a finite number, at least 0",
            });
        }
        if self.lags.contains(&0) {
            return Err(ForecastError::Argument {
                what: "lags",
                found: format!("{:?}", self.lags),
                expected: "at least 1 step each",
            });
        }
        Ok(())
    }

    /// Fits, and shows what came out.
    ///
    /// # Errors
    /// Fewer measured rows than terms and two more; terms that depend on each other without a penalty; infinite values.
    pub fn inspect(
        &self,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<RegressionFit, ForecastError> {
        self.check()?;
        checked::indicators(indicators, series.values.len())?;
        checked::series("regression", series, 1)?;
        let names = self.names(indicators);
        let (rows, targets) = self.rows(&series.values, indicators);
        let needed = if self.ridge > 0.0 { 3 } else { names.len() + 2 };
        if targets.len() < needed {
            let found = targets.len();
            return Err(ForecastError::TooShort { method: "regression", needed, found });
        }
        self.solve(&series.values, &rows, &targets, names)
    }

    /// Rows whose target and lags are all measured, one after the other, with their targets.
    fn rows(&self, y: &[f64], indicators: &Indicators) -> (Vec<f64>, Vec<f64>) {
        let harmonics = self.harmonics();
        let first = self.lags.iter().copied().max().unwrap_or(0);
        let (mut rows, mut targets, mut row) = (Vec::new(), Vec::new(), Vec::new());
        for t in first..y.len() {
            self.fill(&harmonics, t, &mut row);
            row.extend(indicators.columns.iter().map(|column| column[t]));
            row.extend(self.lags.iter().map(|lag| y[t - lag]));
            if !y[t].is_nan() && row.iter().all(|value| !value.is_nan()) {
                rows.extend_from_slice(&row);
                targets.push(y[t]);
            }
        }
        (rows, targets)
    }

    fn solve(
        &self,
        values: &[f64],
        rows: &[f64],
        targets: &[f64],
        names: Vec<String>,
    ) -> Result<RegressionFit, ForecastError> {
        let (n, width) = (targets.len() as f64, names.len());
        let level = targets.iter().sum::<f64>() / n;
        let (means, scales) = moments(rows, width, n);
        let mut gram = Gram::new(width);
        let mut centered = vec![0.0; width];
        let mut standardized = rows.to_vec();
        for (row, target) in standardized.chunks_exact_mut(width.max(1)).zip(targets) {
            for (index, value) in row.iter_mut().enumerate() {
                *value = (*value - means[index]) / scales[index];
            }
            centered.copy_from_slice(row);
            gram.add(&centered, target - level, 1.0);
        }
        let penalty = vec![self.ridge; width];
        let coefficients =
            gram.solve(&penalty).map_err(|regressor| ForecastError::Singular { regressor })?;
        let mut squares = 0.0;
        for (index, target) in targets.iter().enumerate() {
            let row = &standardized[index * width..(index + 1) * width];
            let fitted: f64 = row.iter().zip(&coefficients).map(|(a, b)| a * b).sum();
            squares += (target - level - fitted).powi(2);
        }
        let mut factor = Vec::new();
        for row in 0..width {
            factor.extend((0..=row).map(|column| gram.entry(row, column)));
            factor[gram::at(row, row)] += self.ridge;
        }
        gram::factor(&mut factor, width)
            .map_err(|regressor| ForecastError::Singular { regressor })?;
        let raw: Vec<f64> = coefficients.iter().zip(&scales).map(|(b, s)| b / s).collect();
        let intercept = level - raw.iter().zip(&means).map(|(b, mean)| b * mean).sum::<f64>();
        let degrees = (n - width as f64 - 1.0).max(n / 2.0).max(1.0);
        Ok(RegressionFit {
            options: self.clone(),
            coefficients: std::iter::once(intercept).chain(raw).collect(),
            names,
            values: values.to_vec(),
            sigma: (squares / degrees).sqrt(),
            means,
            scales,
            factor,
            rows: n,
        })
    }
}

/// Mean and standard deviation of each column; a constant one has the scale 1.
fn moments(rows: &[f64], width: usize, n: f64) -> (Vec<f64>, Vec<f64>) {
    let mut means = vec![0.0; width];
    for row in rows.chunks_exact(width.max(1)) {
        for (sum, value) in means.iter_mut().zip(row) {
            *sum += value / n;
        }
    }
    let mut scales = vec![0.0; width];
    for row in rows.chunks_exact(width.max(1)) {
        for (index, value) in row.iter().enumerate() {
            scales[index] += (value - means[index]).powi(2) / n;
        }
    }
    for (scale, mean) in scales.iter_mut().zip(&means) {
        let tiny = (mean.abs() * 1e-12).powi(2);
        *scale = if *scale > tiny { scale.sqrt() } else { 1.0 };
    }
    (means, scales)
}

impl Method for Regression {
    fn name(&self) -> &'static str {
        "regression"
    }

    fn fit(
        &self,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<Box<dyn Fitted>, ForecastError> {
        Ok(Box::new(self.inspect(series, indicators)?))
    }
}

impl RegressionFit {
    /// The intercept and every term with its effect.
    pub fn terms(&self) -> Vec<Term> {
        let names = std::iter::once("intercept").chain(self.names.iter().map(String::as_str));
        let term = |(name, coefficient): (&str, &f64)| Term {
            name: name.to_owned(),
            coefficient: *coefficient,
        };
        names.zip(&self.coefficients).map(term).collect()
    }

    /// Standard deviation of what the regression leaves.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// Values that it was fitted to.
    pub(crate) fn n_values(&self) -> usize {
        self.values.len()
    }

    /// The same terms after other values, which begin with those it was fitted to.
    pub(crate) fn after(&self, values: &[f64]) -> Self {
        Self { values: values.to_vec(), ..self.clone() }
    }

    /// Means ahead and the leverage of each step.
    fn path(&self, horizon: usize, indicators: &Indicators) -> (Vec<f64>, Vec<f64>) {
        let options = &self.options;
        let harmonics = options.harmonics();
        let mut known = self.values.clone();
        let (mut row, mut leverages) = (Vec::new(), Vec::new());
        for step in 0..horizon {
            let t = self.values.len() + step;
            options.fill(&harmonics, t, &mut row);
            row.extend(indicators.columns.iter().map(|column| column[step]));
            // A lag that was never measured is taken at its mean: the least that can be said of it.
            for lag in &options.lags {
                let value = t.checked_sub(*lag).map_or(f64::NAN, |at| known[at]);
                let mean = self.means[row.len()];
                row.push(if value.is_nan() { mean } else { value });
            }
            let terms = row.iter().zip(&self.coefficients[1..]);
            known.push(self.coefficients[0] + terms.map(|(a, b)| a * b).sum::<f64>());
            let standardized: Vec<f64> = (0..row.len())
                .map(|index| (row[index] - self.means[index]) / self.scales[index])
                .collect();
            let half = gram::half_solve(&self.factor, &standardized);
            leverages.push(half.iter().map(|v| v * v).sum::<f64>() + 1.0 / self.rows);
        }
        (known.split_off(self.values.len()), leverages)
    }

    /// Share of the variance of one surprise that is in the error so many steps ahead.
    fn carried(&self, horizon: usize) -> Vec<f64> {
        let lags = &self.options.lags;
        let own = &self.coefficients[self.coefficients.len() - lags.len()..];
        let mut response: Vec<f64> = Vec::with_capacity(horizon);
        let (mut sum, mut carried) = (0.0, Vec::with_capacity(horizon));
        for step in 0..horizon {
            let value = if step == 0 {
                1.0
            } else {
                let back =
                    |(lag, b): (&usize, &f64)| step.checked_sub(*lag).map(|at| b * response[at]);
                lags.iter().zip(own).filter_map(back).sum()
            };
            response.push(value);
            sum += value * value;
            carried.push(sum);
        }
        carried
    }
}

impl Fitted for RegressionFit {
    fn forecast(
        &self,
        horizon: usize,
        indicators: &Indicators,
        levels: &[f64],
    ) -> Result<Forecast, ForecastError> {
        checked::levels(levels)?;
        checked::indicators(indicators, horizon_of(indicators, horizon))?;
        let lags = self.options.lags.len();
        let others = self.names.len() - lags;
        let calendar = Regression { lags: Vec::new(), ..self.options.clone() };
        let expected = &self.names[calendar.names(&Indicators::default()).len()..others];
        checked::same_names(expected, indicators)?;
        let (mean, leverages) = self.path(horizon, indicators);
        let errors: Vec<f64> = leverages
            .iter()
            .zip(self.carried(horizon))
            .map(|(leverage, carried)| self.sigma * (carried + leverage).sqrt())
            .collect();
        let bounds = normal::bounds(&mean, &errors, levels);
        checked::forecast(Forecast { mean, bounds })
    }
}

/// Indicators may reach beyond the horizon, never stop before it.
fn horizon_of(indicators: &Indicators, horizon: usize) -> usize {
    indicators.columns.first().map_or(horizon, |column| column.len().max(horizon))
}
