//! Values ahead: their mean, their variance, and whole paths drawn at random.
//!
//! In: a fit, a horizon, the indicators over it. Out: mean and variance by step, in the units of the series.
//! Source: Brockwell and Davis 5.3.22 (mean squared error of exact finite-sample predictors); Durbin and Koopman 4.14.
//! Departures: no missing value, then the gains of the fast recursions go on past the end, and nothing is
//! approximated by an infinite past; else the Kalman filter does. Uncertainty of the regression is that of
//! generalized least squares (universal kriging); that of φ and θ is left out, as everywhere.
//! Cost: one pass over the history, O(horizon² (p + q)) at most. Checked against: statsmodels, simulated paths.

use super::arma::{Arma, difference, integrate};
use super::innovations;
use super::kalman;
use super::likelihood::{Data, trend_columns};
use super::model::SarimaxFit;
use crate::draws::Draws;
use crate::linear_algebra::{dot, eliminate, solve};
use crate::{ForecastError, Indicators, checked};

/// Mean and variance by step ahead.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Expected values.
    pub mean: Vec<f64>,
    /// Variance of the error of each.
    pub variance: Vec<f64>,
}

/// Forecasts of columns from their own past, by column, and variances for innovations of variance 1.
struct Ahead {
    means: Vec<Vec<f64>>,
    variances: Vec<f64>,
}

impl SarimaxFit {
    /// Mean and variance of the next `horizon` values.
    ///
    /// # Errors
    /// Indicators with other names, missing values, or another length than the horizon.
    pub fn predict(
        &self,
        horizon: usize,
        indicators: &Indicators,
    ) -> Result<Prediction, ForecastError> {
        checked::same_names(&self.indicators, indicators)?;
        checked::indicators(indicators, horizon)?;
        let data = self.data()?;
        let arma = self.arma();
        let future = self.future(indicators, horizon);
        let linear = self.linear(&data, &arma, horizon, &future);
        let coefficients = [&self.trend[..], &self.regression].concat();
        let n = self.values.len();
        let explained = |t: usize| -> f64 {
            linear.iter().zip(&coefficients).map(|(column, c)| column[t] * c).sum()
        };
        let left: Vec<f64> = (0..n).map(|t| self.values[t] - explained(t)).collect();
        let mut columns: Vec<&[f64]> = vec![&left];
        if self.model.parameter_uncertainty {
            columns.extend(linear.iter().map(|column| &column[..n]));
        }
        let failed = ForecastError::NotConverged { method: "sarimax", iterations: 0 };
        let ahead = extrapolate(&data, &arma, &columns, horizon).ok_or(failed.clone())?;
        let mean = (0..horizon).map(|h| ahead.means[0][h] + explained(n + h)).collect();
        let mut variance: Vec<f64> = ahead.variances.iter().map(|v| v * self.variance).collect();
        if self.model.parameter_uncertainty && !linear.is_empty() {
            let products = self.linear_products(&data, &arma).ok_or(failed)?;
            for (h, variance) in variance.iter_mut().enumerate() {
                let missed = linear.iter().zip(&ahead.means[1..]);
                let missed: Vec<f64> = missed.map(|(x, expected)| x[n + h] - expected[h]).collect();
                let mut solved = missed.clone();
                solve(&products, missed.len(), &mut solved);
                *variance += self.variance * dot(&missed, &solved);
            }
        }
        Ok(Prediction { mean, variance })
    }

    /// Indicators and harmonics over the horizon.
    fn future(&self, indicators: &Indicators, horizon: usize) -> Vec<Vec<f64>> {
        let n = self.values.len();
        self.model.with_harmonics(&indicators.columns, n, n + horizon)
    }

    /// Columns of the linear part over history and horizon, on the scale of the series: trend, then regressors.
    fn linear(
        &self,
        data: &Data,
        arma: &Arma,
        horizon: usize,
        future: &[Vec<f64>],
    ) -> Vec<Vec<f64>> {
        let lost = self.model.orders.lost();
        let before = vec![0.0; lost];
        let trend = trend_columns(self.model.trend, arma, self.values.len() + horizon - lost);
        let trend = trend.iter().map(|column| {
            // Where an integrated trend starts is absorbed by the values the series starts from.
            [before.clone(), integrate(column, &data.terms, &before)].concat()
        });
        let regressors = self.regressors.iter().zip(future);
        trend.chain(regressors.map(|(past, future)| [&past[..], future].concat())).collect()
    }

    /// Factor of the products of the linear part's whitened columns.
    fn linear_products(&self, data: &Data, arma: &Arma) -> Option<Vec<f64>> {
        let n = self.values.len() - self.model.orders.lost();
        let mut columns = trend_columns(self.model.trend, arma, n);
        columns.extend(self.regressors.iter().map(|column| difference(column, &data.terms)));
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let mut reduced = data.reduce(arma, &columns)?;
        eliminate(&mut reduced.products, reduced.size, reduced.size).ok()?;
        Some(reduced.products)
    }

    /// Paths the next values may take, each from its own innovations, by path and step; same seed, same paths.
    ///
    /// # Errors
    /// As [`SarimaxFit::predict`].
    pub fn simulate(
        &self,
        horizon: usize,
        indicators: &Indicators,
        paths: usize,
        seed: u64,
    ) -> Result<Vec<Vec<f64>>, ForecastError> {
        let center = self.predict(horizon, indicators)?;
        let data = self.data()?;
        let arma = self.arma();
        let complete = data.observed.iter().all(|observed| *observed);
        let weights = if complete {
            let left = self.unexplained(&data, &arma);
            innovations::weights(&arma, left.len(), &data.terms, horizon)
        } else {
            None
        };
        // With missing values near the end the errors have no short form: their joint covariance is factored.
        let weights = match weights {
            Some(weights) => weights,
            None => self.error_factor(&data, &arma, horizon)?,
        };
        let mut draws = Draws::new(seed);
        let scale = self.variance.sqrt();
        let path = |_| {
            let noise: Vec<f64> = (0..horizon).map(|_| draws.normal()).collect();
            let error = |h: usize| scale * dot(&weights[h], &noise[..=h]);
            (0..horizon).map(|h| center.mean[h] + error(h)).collect()
        };
        Ok((0..paths).map(path).collect())
    }

    /// Rows of the Cholesky factor of the forecast errors' covariance, innovations of variance 1, by the Kalman
    /// filter: the innovation of each future step, were it observed, moves the expectation of the later ones.
    fn error_factor(
        &self,
        data: &Data,
        arma: &Arma,
        horizon: usize,
    ) -> Result<Vec<Vec<f64>>, ForecastError> {
        let n = self.values.len();
        let mut observed = data.observed.clone();
        observed.resize(n + horizon, true);
        // Column h is 1 at step n + h only; its innovations are a column of the inverse of the factor.
        let unit = |h: usize| {
            let mut column = vec![0.0; n + horizon];
            column[n + h] = 1.0;
            column
        };
        let units: Vec<Vec<f64>> = (0..horizon).map(unit).collect();
        let units: Vec<&[f64]> = units.iter().map(Vec::as_slice).collect();
        let failed = ForecastError::NotConverged { method: "sarimax", iterations: 0 };
        let filtered =
            kalman::filter(arma, &data.terms, &units, &observed, n + horizon).ok_or(failed)?;
        let rows = filtered.columns.first().map_or(0, |column| column.len() - horizon);
        let inverse = |i: usize, j: usize| filtered.columns[j][rows + i];
        // Inverts the lower triangle, row after row.
        let mut factor: Vec<Vec<f64>> = Vec::with_capacity(horizon);
        for i in 0..horizon {
            let entry = |j: usize| -> f64 {
                let unit = f64::from(u8::from(i == j));
                let known = (j..i).map(|k| inverse(i, k) * factor[k][j]).sum::<f64>();
                (unit - known) / inverse(i, i)
            };
            let row = (0..=i).map(entry).collect();
            factor.push(row);
        }
        Ok(factor)
    }
}

/// What is expected of columns after their end, on the scale of the series.
fn extrapolate(data: &Data, arma: &Arma, columns: &[&[f64]], horizon: usize) -> Option<Ahead> {
    let n = data.observed.len();
    if data.observed.iter().all(|observed| *observed) {
        let differenced: Vec<Vec<f64>> =
            columns.iter().map(|column| difference(column, &data.terms)).collect();
        let slices: Vec<&[f64]> = differenced.iter().map(Vec::as_slice).collect();
        let ahead = innovations::ahead(arma, &slices, &data.terms, horizon)?;
        let lost = data.orders.lost();
        let integrated = columns.iter().zip(&ahead.means);
        let means =
            integrated.map(|(column, ahead)| integrate(ahead, &data.terms, &column[n - lost..]));
        return Some(Ahead { means: means.collect(), variances: ahead.variances });
    }
    let mut observed = data.observed.clone();
    observed.resize(n + horizon, false);
    let extended: Vec<Vec<f64>> =
        columns.iter().map(|column| [column, &vec![0.0; horizon][..]].concat()).collect();
    let slices: Vec<&[f64]> = extended.iter().map(Vec::as_slice).collect();
    let filtered = kalman::filter(arma, &data.terms, &slices, &observed, n)?;
    let column = |c: usize| filtered.expected.iter().map(|(means, _)| means[c]).collect();
    let means = (0..columns.len()).map(column).collect();
    Some(Ahead { means, variances: filtered.expected.iter().map(|(_, v)| *v).collect() })
}
