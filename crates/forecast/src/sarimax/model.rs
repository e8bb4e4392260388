//! The model as a method: what is fitted, and what a fit knows.

use serde::{Deserialize, Serialize};

use super::arma::{Arma, Coefficients, difference};
use super::likelihood::{Data, Profile, trend_columns};
use super::orders::{Harmonics, Orders, Trend};
use super::search::{Comparison, search, search_once};
use crate::{Fitted, Forecast, ForecastError, Indicators, Method, Series, checked, normal};

/// Seasonal ARIMA with regressors, by exact maximum likelihood.
///
/// The series less its regression on the indicators is an ARIMA process: ∇ᵈ∇ₛᴰ(y − xβ) follows the ARMA equation
/// with the trend added. Missing values are integrated out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Sarimax {
    /// (p, d, q)(P, D, Q)s.
    pub orders: Orders,
    /// What is added to the ARMA equation.
    pub trend: Trend,
    /// Regressors for long seasons (dynamic harmonic regression); for a season of 48 steps and more they cost less
    /// than seasonal orders and forecast no worse.
    pub harmonics: Vec<Harmonics>,
    /// Whether bounds also hold the uncertainty of the trend and of the regression.
    pub parameter_uncertainty: bool,
}

/// A fitted model with the series it was fitted to; bytes in, same bytes out.
#[derive(Debug, Clone, PartialEq)]
pub struct SarimaxFit {
    pub(super) model: Sarimax,
    /// Names of the indicators.
    pub(super) indicators: Vec<String>,
    /// NaN where missing.
    pub(super) values: Vec<f64>,
    /// Indicators, then harmonics.
    pub(super) regressors: Vec<Vec<f64>>,
    pub(super) trend: Vec<f64>,
    pub(super) regression: Vec<f64>,
    pub(super) coefficients: Coefficients,
    pub(super) variance: f64,
    pub(super) log_likelihood: f64,
    /// Differenced values that count.
    pub(super) count: usize,
    pub(super) evaluations: u32,
}

impl Sarimax {
    /// A model without regressors.
    pub fn new(orders: Orders, trend: Trend) -> Self {
        Self { orders, trend, ..Self::default() }
    }

    /// The maximum of the likelihood.
    ///
    /// # Errors
    /// Orders no series can have, a series too short or without variation, an infinite value, an indicator with a
    /// missing value or of another length, regressors that determine each other.
    pub fn fit_series(
        &self,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<SarimaxFit, ForecastError> {
        self.maximize(series, indicators, None)
    }

    /// The same from the coefficients of an earlier fit with these orders: one search instead of several.
    ///
    /// # Errors
    /// As [`Sarimax::fit_series`]; a fit with other orders.
    pub fn fit_from(
        &self,
        earlier: &SarimaxFit,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<SarimaxFit, ForecastError> {
        if earlier.model.orders != self.orders {
            return Err(ForecastError::Argument {
                what: "orders of the earlier fit",
                found: earlier.model.orders.to_string(),
                expected: "the orders of this model",
            });
        }
        self.maximize(series, indicators, Some(&earlier.coefficients))
    }

    /// The same from unconstrained numbers.
    pub(crate) fn fit_near(
        &self,
        u: &[f64],
        series: &Series,
        indicators: &Indicators,
    ) -> Result<SarimaxFit, ForecastError> {
        let start = Coefficients::from_unconstrained(&self.orders, u);
        self.maximize(series, indicators, Some(&start))
    }

    fn maximize(
        &self,
        series: &Series,
        indicators: &Indicators,
        earlier: Option<&Coefficients>,
    ) -> Result<SarimaxFit, ForecastError> {
        let regressors = self.regressors(series, indicators)?;
        let data = Data::new(&self.orders, self.trend, &series.values, &regressors)?;
        let found = search(&data, earlier)?;
        let evaluations = found.evaluations;
        let arma = Arma::new(&found.coefficients, self.orders.season);
        let profile = data.profile(&arma);
        let failed = ForecastError::NotConverged { method: "sarimax", iterations: evaluations };
        let Profile { trend, regression, variance } = profile.ok_or(failed)?;
        let mut fit = SarimaxFit {
            model: self.clone(),
            indicators: indicators.names.clone(),
            values: series.values.clone(),
            regressors,
            trend,
            regression,
            coefficients: found.coefficients,
            variance,
            log_likelihood: 0.0,
            count: data.count,
            evaluations,
        };
        fit.log_likelihood = fit.evaluate(&data)?;
        Ok(fit)
    }

    /// The model with given parameters, in the order of [`SarimaxFit::names`]: nothing is searched.
    ///
    /// # Errors
    /// As [`Sarimax::fit_series`]; another number of parameters, an AR part that is not stationary.
    pub fn at(
        &self,
        series: &Series,
        indicators: &Indicators,
        parameters: &[f64],
    ) -> Result<SarimaxFit, ForecastError> {
        let regressors = self.regressors(series, indicators)?;
        let data = Data::new(&self.orders, self.trend, &series.values, &regressors)?;
        let expected = self.trend.count() + regressors.len() + self.orders.coefficients() + 1;
        if parameters.len() != expected {
            let (what, found) = ("parameters".to_owned(), parameters.len());
            return Err(ForecastError::Length { what, expected, found });
        }
        let (trend, rest) = parameters.split_at(self.trend.count());
        let (regression, rest) = rest.split_at(regressors.len());
        let (coefficients, variance) = rest.split_at(self.orders.coefficients());
        let mut fit = SarimaxFit {
            model: self.clone(),
            indicators: indicators.names.clone(),
            values: series.values.clone(),
            trend: trend.to_vec(),
            regression: regression.to_vec(),
            coefficients: Coefficients::from_flat(&self.orders, coefficients),
            variance: variance[0],
            log_likelihood: 0.0,
            count: data.count,
            evaluations: 1,
            regressors,
        };
        fit.log_likelihood = fit.evaluate(&data)?;
        Ok(fit)
    }

    /// The corrected criterion as far as one search finds it, infinite where the search fails or finds a root near
    /// the unit circle; and the unconstrained numbers it found. `near` are those of a model like it.
    pub(crate) fn criterion(
        &self,
        series: &Series,
        indicators: &Indicators,
        comparison: Comparison,
        near: Option<(&Orders, &[f64])>,
    ) -> Result<(f64, Vec<f64>), ForecastError> {
        let regressors = self.regressors(series, indicators)?;
        let data = Data::new(&self.orders, self.trend, &series.values, &regressors)?;
        let Some((u, value)) = search_once(&data, comparison, near) else {
            return Ok((f64::INFINITY, Vec::new()));
        };
        let n = data.count as f64;
        let linear = self.trend.count() + regressors.len();
        let k = (linear + self.orders.coefficients() + 1) as f64;
        let left = n - k - 1.0;
        let sound = Coefficients::from_unconstrained(&self.orders, &u).is_sound();
        let penalty = if left > 0.0 && sound { 2.0 * k * n / left } else { f64::INFINITY };
        Ok((2.0 * (value + n * data.scale.ln()) + penalty, u))
    }

    /// Indicators and harmonics over the history.
    pub(crate) fn regressors(
        &self,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<Vec<Vec<f64>>, ForecastError> {
        self.orders.check()?;
        self.harmonics.iter().try_for_each(Harmonics::check)?;
        checked::finite("the series", &series.values)?;
        checked::indicators(indicators, series.values.len())?;
        Ok(self.with_harmonics(&indicators.columns, 0, series.values.len()))
    }

    pub(super) fn with_harmonics(&self, of: &[Vec<f64>], from: usize, to: usize) -> Vec<Vec<f64>> {
        let harmonics = self.harmonics.iter().flat_map(|harmonics| harmonics.columns(from, to));
        of.iter().cloned().chain(harmonics).collect()
    }
}

impl Method for Sarimax {
    fn name(&self) -> &'static str {
        "sarimax"
    }

    fn fit(
        &self,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<Box<dyn Fitted>, ForecastError> {
        Ok(Box::new(self.fit_series(series, indicators)?))
    }
}

impl SarimaxFit {
    pub(super) fn data(&self) -> Result<Data, ForecastError> {
        Data::new(&self.model.orders, self.model.trend, &self.values, &self.regressors)
    }

    pub(super) fn arma(&self) -> Arma {
        Arma::new(&self.coefficients, self.model.orders.season)
    }

    /// The differenced series less regression and trend.
    pub(super) fn unexplained(&self, data: &Data, arma: &Arma) -> Vec<f64> {
        let filled = super::likelihood::filled(&self.values);
        let mut left = difference(&filled, &data.terms);
        let subtract = |left: &mut Vec<f64>, column: &[f64], times: f64| {
            left.iter_mut().zip(column).for_each(|(left, entry)| *left -= times * entry);
        };
        for (column, beta) in self.regressors.iter().zip(&self.regression) {
            subtract(&mut left, &difference(column, &data.terms), *beta);
        }
        let trend = trend_columns(self.model.trend, arma, left.len());
        for (column, coefficient) in trend.iter().zip(&self.trend) {
            subtract(&mut left, column, *coefficient);
        }
        left
    }

    /// The log likelihood at the parameters as they are.
    fn evaluate(&self, data: &Data) -> Result<f64, ForecastError> {
        let arma = self.arma();
        let left = self.unexplained(data, &arma);
        let reduced = data.reduce(&arma, &[&left]);
        let reduced = reduced.or_else(|| data.reduce_carefully(&arma, &[&left]));
        let valid = self.variance > 0.0 && self.variance.is_finite();
        let reduced = reduced.filter(|_| valid).ok_or_else(|| ForecastError::Argument {
            what: "parameters",
            found: format!("{:?}", self.parameters()),
            expected: "a stationary AR part and a positive variance",
        })?;
        let count = reduced.count as f64;
        let spread = count * (std::f64::consts::TAU * self.variance).ln();
        Ok(-0.5 * (spread + reduced.log_determinant + reduced.products[0] / self.variance))
    }

    /// Whether every factor of the ARMA part keeps its roots 1 % off the unit circle.
    pub(crate) fn is_sound(&self) -> bool {
        self.coefficients.is_sound()
    }

    /// The model.
    pub fn model(&self) -> &Sarimax {
        &self.model
    }

    /// Names of the parameters: trend, regressors, φ, θ, Φ, Θ, variance of the innovations.
    pub fn names(&self) -> Vec<String> {
        let Sarimax { orders, trend, harmonics, .. } = &self.model;
        let mut names = Vec::new();
        names.extend(trend.has_constant().then(|| "intercept".to_owned()));
        names.extend(trend.has_slope().then(|| "drift".to_owned()));
        names.extend(self.indicators.iter().cloned());
        names.extend(harmonics.iter().flat_map(Harmonics::names));
        let season = orders.season;
        let parts = [
            ("ar.L", orders.ar, 1),
            ("ma.L", orders.ma, 1),
            ("ar.S.L", orders.seasonal_ar, season),
            ("ma.S.L", orders.seasonal_ma, season),
        ];
        for (part, count, step) in parts {
            names.extend((1..=count).map(|i| format!("{part}{}", i * step)));
        }
        names.push("sigma2".to_owned());
        names
    }

    /// The parameters, in the order of [`SarimaxFit::names`].
    pub fn parameters(&self) -> Vec<f64> {
        let coefficients = self.coefficients.flat();
        [&self.trend[..], &self.regression, &coefficients, &[self.variance]].concat()
    }

    /// Log density of the differenced series, missing values integrated out.
    pub fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// The same with the exact diffuse start counted as a Kalman filter counts it: ½ log 2π less for each of the
    /// d + D s values that only tell where the series starts.
    pub fn log_likelihood_diffuse(&self) -> f64 {
        self.log_likelihood - 0.5 * self.model.orders.lost() as f64 * std::f64::consts::TAU.ln()
    }

    fn free(&self) -> f64 {
        self.parameters().len() as f64
    }

    /// Akaike's criterion.
    pub fn aic(&self) -> f64 {
        2.0 * (self.free() - self.log_likelihood)
    }

    /// Akaike's criterion corrected for short series; infinite where nothing is left to correct.
    pub fn aicc(&self) -> f64 {
        let (k, n) = (self.free(), self.count as f64);
        let left = n - k - 1.0;
        if left > 0.0 { self.aic() + 2.0 * k * (k + 1.0) / left } else { f64::INFINITY }
    }

    /// The Bayesian criterion.
    pub fn bic(&self) -> f64 {
        self.free() * (self.count as f64).ln() - 2.0 * self.log_likelihood
    }

    /// Hannan and Quinn's criterion.
    pub fn hqic(&self) -> f64 {
        2.0 * (self.free() * (self.count as f64).ln().ln() - self.log_likelihood)
    }

    /// Evaluations of the exact likelihood that the search made.
    pub fn evaluations(&self) -> u32 {
        self.evaluations
    }

    /// Takes on values that came after the history, and the indicators over them; parameters stay as they are. The
    /// next forecast starts from the new end, as if the filter had run over all values at once.
    ///
    /// # Errors
    /// An infinite value; indicators with other names, missing values or another length. Nothing is taken on then.
    pub fn append(&mut self, values: &[f64], indicators: &Indicators) -> Result<(), ForecastError> {
        checked::finite("the new values", values)?;
        checked::same_names(&self.indicators, indicators)?;
        checked::indicators(indicators, values.len())?;
        let from = self.values.len();
        let new = self.model.with_harmonics(&indicators.columns, from, from + values.len());
        self.values.extend(values);
        self.regressors.iter_mut().zip(new).for_each(|(column, new)| column.extend(new));
        Ok(())
    }
}

impl Fitted for SarimaxFit {
    fn forecast(
        &self,
        horizon: usize,
        indicators: &Indicators,
        levels: &[f64],
    ) -> Result<Forecast, ForecastError> {
        checked::levels(levels)?;
        let predicted = self.predict(horizon, indicators)?;
        let errors: Vec<f64> = predicted.variance.iter().map(|v| v.sqrt()).collect();
        let bounds = normal::bounds(&predicted.mean, &errors, levels);
        checked::forecast(Forecast { mean: predicted.mean, bounds })
    }
}
