//! How sure the parameters are.
//!
//! In: a fit. Out: a standard error for each parameter, in the order of its names; NaN where the likelihood does not
//! bend downward (a parameter on its limit, or one that is not identified).
//! Source: Harvey, Forecasting, Structural Time Series Models and the Kalman Filter, 3.4 (observed information);
//! Berndt, Hall, Hall and Hausman 1974 (outer product of scores).
//! Departures: the bend in regression, trend and variance is known in closed form from the whitened columns, and only
//! φ and θ are differenced numerically. Cost: 2 k² evaluations for k = p + q + P + Q.
//! Checked against: statsmodels' `cov_params_approx` and `cov_params_opg`.

use super::arma::{Arma, Coefficients, difference};
use super::innovations::whiten;
use super::likelihood::{Data, filled, trend_columns};
use super::model::SarimaxFit;
use crate::ForecastError;
use crate::linear_algebra::{dot, inverse};

/// Which estimate of the information.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Information {
    /// Second derivatives of the log likelihood.
    Observed,
    /// Sum of outer products of the scores of each value.
    OuterProduct,
}

/// Log determinant and products of the whitened columns at one place.
struct Place {
    log_determinant: f64,
    products: Vec<f64>,
    size: usize,
}

impl Place {
    /// Product of the series with column `i`; with itself for the last.
    fn with_series(&self, i: usize) -> f64 {
        self.products[(self.size - 1) * self.size + i]
    }

    /// The log likelihood, but for a constant.
    fn height(&self, variance: f64) -> f64 {
        -0.5 * (self.log_determinant + self.with_series(self.size - 1) / variance)
    }
}

impl SarimaxFit {
    /// Standard errors in the order of [`SarimaxFit::names`].
    ///
    /// # Errors
    /// None for a fit that was made: only what [`crate::Sarimax::fit_series`] refuses.
    pub fn standard_errors(&self, information: Information) -> Result<Vec<f64>, ForecastError> {
        let data = self.data()?;
        let size = self.parameters().len();
        let matrix = match information {
            Information::Observed => self.observed_information(&data),
            Information::OuterProduct => self.outer_product(&data),
        };
        let covariance = matrix.and_then(|matrix| inverse(&matrix, size));
        let jacobian = self.jacobian(size);
        let error = |i: usize| {
            let Some(covariance) = &covariance else { return f64::NAN };
            let row = &jacobian[i * size..(i + 1) * size];
            let along = |j: usize| dot(&covariance[j * size..(j + 1) * size], row);
            (0..size).map(|j| row[j] * along(j)).sum::<f64>().sqrt()
        };
        Ok((0..size).map(error).collect())
    }

    /// Trend and regressors, differenced, then what the fit leaves of the series.
    ///
    /// The trend is held at what it adds to the series, c / φ(1), not to the equation: where φ moves, a series far
    /// from 0 would otherwise move as a whole and bury the bend in rounding.
    fn columns(&self, data: &Data, arma: &Arma) -> Vec<Vec<f64>> {
        let size = arma.phi_at_one();
        let mut columns = trend_columns(self.model.trend, arma, data.rest.len());
        columns.iter_mut().flatten().for_each(|entry| *entry *= size);
        columns.extend(self.regressors.iter().map(|column| difference(column, &data.terms)));
        let held = self.trend.iter().map(|c| c / self.arma().phi_at_one());
        let mut left = difference(&filled(&self.values), &data.terms);
        for (column, c) in columns.iter().zip(held.chain(self.regression.iter().copied())) {
            left.iter_mut().zip(column).for_each(|(left, entry)| *left -= c * entry);
        }
        columns.push(left);
        columns
    }

    /// Derivatives of the parameters by those that are held: the trend's move with φ(1) = φ (1) Φ (1).
    fn jacobian(&self, size: usize) -> Vec<f64> {
        let mut jacobian = vec![0.0; size * size];
        (0..size).for_each(|i| jacobian[i * size + i] = 1.0);
        let Coefficients { ar, seasonal_ar, ma, .. } = &self.coefficients;
        let plain = 1.0 - ar.iter().sum::<f64>();
        let seasonal = 1.0 - seasonal_ar.iter().sum::<f64>();
        let from = self.trend.len() + self.regression.len();
        for (i, c) in self.trend.iter().enumerate() {
            let row = &mut jacobian[i * size..(i + 1) * size];
            row[i] = plain * seasonal;
            row[from..from + ar.len()].fill(-c / plain);
            let from = from + ar.len() + ma.len();
            row[from..from + seasonal_ar.len()].fill(-c / seasonal);
        }
        jacobian
    }

    fn moved(&self, moves: &[(usize, f64)]) -> Arma {
        let mut flat = self.coefficients.flat();
        moves.iter().for_each(|(i, step)| flat[*i] += step);
        let coefficients = Coefficients::from_flat(&self.model.orders, &flat);
        Arma::new(&coefficients, self.model.orders.season)
    }

    fn place(&self, data: &Data, moves: &[(usize, f64)]) -> Option<Place> {
        let arma = self.moved(moves);
        let columns = self.columns(data, &arma);
        let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let reduced = data.reduce(&arma, &slices)?;
        let (log_determinant, size) = (reduced.log_determinant, reduced.size);
        Some(Place { log_determinant, products: reduced.products, size })
    }

    /// Steps by coefficient, with the places on both sides. A step changes the log likelihood by about 1e-5: long
    /// enough for rounding, short enough to stay where the likelihood is a parabola, however steep it is.
    fn sides(&self, data: &Data, here: &Place) -> Option<Vec<(f64, Place, Place)>> {
        let variance = self.variance;
        let sides = |(i, c): (usize, &f64)| {
            let mut step = 1e-3 * c.abs().max(0.3);
            for _ in 0..12 {
                let both = (self.place(data, &[(i, step)]), self.place(data, &[(i, -step)]));
                let (Some(above), Some(below)) = both else {
                    step *= 0.25;
                    continue;
                };
                let bend =
                    above.height(variance) + below.height(variance) - 2.0 * here.height(variance);
                if bend.abs() < 4e-5 {
                    return Some((step, above, below));
                }
                step *= (1e-5 / bend.abs()).sqrt().max(0.05);
            }
            None
        };
        self.coefficients.flat().iter().enumerate().map(sides).collect()
    }

    /// Minus the second derivatives, all parameters.
    fn observed_information(&self, data: &Data) -> Option<Vec<f64>> {
        let here = self.place(data, &[])?;
        let sides = self.sides(data, &here)?;
        let (linear, k) = (here.size - 1, sides.len());
        let (size, variance) = (linear + k + 1, self.variance);
        let height =
            |place: &Place| -0.5 * (place.log_determinant + place.with_series(linear) / variance);
        let mut bend = vec![0.0; size * size];
        let mut set = |i: usize, j: usize, value: f64| {
            bend[i * size + j] = value;
            bend[j * size + i] = value;
        };
        for i in 0..linear {
            for j in 0..=i {
                set(i, j, here.products[i * here.size + j] / variance);
            }
            set(i, size - 1, here.with_series(i) / (variance * variance));
        }
        for (i, (step, above, below)) in sides.iter().enumerate() {
            let (at, twice) = (linear + i, 2.0 * step);
            for j in 0..linear {
                let change = (above.with_series(j) - below.with_series(j)) / twice;
                set(at, j, -change / variance);
            }
            let change = (above.with_series(linear) - below.with_series(linear)) / twice;
            set(at, size - 1, -0.5 * change / (variance * variance));
            set(at, at, -(height(above) - 2.0 * height(&here) + height(below)) / (step * step));
            for (j, (other, other_above, other_below)) in sides.iter().enumerate().take(i) {
                let both = height(&self.place(data, &[(i, *step), (j, *other)])?)
                    + height(&self.place(data, &[(i, -step), (j, -other)])?);
                let single =
                    height(above) + height(below) + height(other_above) + height(other_below);
                let mixed = (both - single + 2.0 * height(&here)) / (2.0 * step * other);
                set(at, linear + j, -mixed);
            }
        }
        let squares = here.with_series(linear);
        let last = squares / variance.powi(3) - 0.5 * self.count as f64 / (variance * variance);
        set(size - 1, size - 1, last);
        Some(bend)
    }

    /// Whitened columns and log variances, a value at a time.
    fn whitened(&self, data: &Data, arma: &Arma) -> Option<(Vec<Vec<f64>>, Vec<f64>)> {
        let columns = self.columns(data, arma);
        let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        if data.observed.iter().all(|observed| *observed) {
            let whitened = whiten(arma, &slices)?;
            return Some((whitened.columns, whitened.log_variances));
        }
        let filtered = data.filter(arma, &slices)?;
        Some((filtered.columns, filtered.log_variances))
    }

    /// Sum of the outer products of the scores.
    fn outer_product(&self, data: &Data) -> Option<Vec<f64>> {
        let (columns, _) = self.whitened(data, &self.arma())?;
        let (left, linear) = columns.split_last()?;
        let variance = self.variance;
        let product = |column: &Vec<f64>| {
            column.iter().zip(left).map(|(x, e)| x * e / variance).collect::<Vec<f64>>()
        };
        let mut scores: Vec<Vec<f64>> = linear.iter().map(product).collect();
        for (i, c) in self.coefficients.flat().iter().enumerate() {
            let step = 1e-5 * c.abs().max(0.1);
            let side = |step: f64| {
                let (columns, log_variances) = self.whitened(data, &self.moved(&[(i, step)]))?;
                let heights = columns.last()?.iter().zip(&log_variances);
                Some(heights.map(|(e, log)| -0.5 * (log + e * e / variance)).collect::<Vec<_>>())
            };
            let (above, below) = (side(step)?, side(-step)?);
            let slope =
                above.iter().zip(&below).map(|(above, below)| (above - below) / (2.0 * step));
            scores.push(slope.collect());
        }
        let slope = |e: &f64| 0.5 * (e * e / variance - 1.0) / variance;
        scores.push(left.iter().map(slope).collect());
        let products = scores.iter().flat_map(|a| scores.iter().map(|b| dot(a, b)));
        Some(products.collect())
    }

    /// Standardized innovations: what each value adds to what was expected, in standard errors. Those of the first
    /// d + D s values and of missing ones do not exist.
    ///
    /// # Errors
    /// None for a fit that was made: only what [`crate::Sarimax::fit_series`] refuses.
    pub fn residuals(&self) -> Result<Vec<f64>, ForecastError> {
        let data = self.data()?;
        let whitened = self.whitened(&data, &self.arma());
        let left = whitened.and_then(|(mut columns, _)| columns.pop());
        let failed = ForecastError::NotConverged { method: "sarimax", iterations: 0 };
        let scale = self.variance.sqrt();
        Ok(left.ok_or(failed)?.iter().map(|e| e / scale).collect())
    }
}
