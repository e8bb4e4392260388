//! The likelihood with everything linear profiled out: only p + q + P + Q numbers are left to search.
//!
//! In: a series with its regressors, orders, coefficients of the ARMA part. Out: the best variance and regression
//! coefficients given them, and the log likelihood there.
//! Source: Brockwell and Davis 5.2 (Gaussian likelihood); Gómez and Maravall, Estimation, prediction and interpolation
//! for nonstationary series with the Kalman filter, JASA 1994 (missing values as regressors); Kohn and Ansley 1986.
//! Departures: conditioning on the first d + D s values stands for their diffuse start, as in R's `arima`: the log
//! likelihood is the density of the differenced series. A missing value is a regressor that is 1 there, integrated
//! out (flat prior), which is the exact density of what was observed; where that costs more, the Kalman filter runs. Regressors are orthonormalized after differencing and taken off once, so that no digit is lost to
//! their scale. Cost: one pass over the columns an evaluation, and columns² × n.
//! Checked against: a dense multivariate normal (`tests/it/sarimax.rs`), statsmodels.

use super::arma::{Arma, Term, difference, difference_terms, integrate};
use super::innovations::{conditional, whiten};
use super::kalman;
use super::orders::{Orders, Trend};
use crate::ForecastError;
use crate::linear_algebra::{dot, eliminate, least_squares, orthonormalize, solve};

/// A series and its regressors, differenced and scaled, ready to be evaluated many times.
pub(super) struct Data {
    pub(super) orders: Orders,
    pub(super) trend: Trend,
    pub(super) terms: Vec<Term>,
    /// Which steps are observed; by the original series.
    pub(super) observed: Vec<bool>,
    /// Values of the differenced series that count: differenced steps less missing values.
    pub(super) count: usize,
    /// A differenced column for each missing value, where they are few.
    dummies: Vec<Vec<f64>>,
    /// Whether missing values are left to the Kalman filter.
    by_kalman: bool,
    /// Orthonormal basis of the constant (if any) and the differenced regressors.
    basis: Vec<Vec<f64>>,
    /// What makes the columns of the basis.
    triangle: Vec<f64>,
    /// Coefficients of the basis taken off the series.
    taken: Vec<f64>,
    /// What is left of the differenced series, in units of `scale`.
    pub(super) rest: Vec<f64>,
    pub(super) scale: f64,
}

/// Sums of products of whitened columns, missing values integrated out.
pub(super) struct Reduced {
    /// `size × size`, lower triangle; the last row belongs to the series.
    pub(super) products: Vec<f64>,
    pub(super) size: usize,
    pub(super) log_determinant: f64,
    pub(super) count: usize,
}

/// The linear part and the variance, in the units of the series.
pub(super) struct Profile {
    /// c, then b, as far as the trend has them.
    pub(super) trend: Vec<f64>,
    /// A coefficient a regressor.
    pub(super) regression: Vec<f64>,
    /// Variance of the innovations.
    pub(super) variance: f64,
}

impl Data {
    /// Values are NaN where missing; `regressors` are finite and as long.
    pub(super) fn new(
        orders: &Orders,
        trend: Trend,
        values: &[f64],
        regressors: &[Vec<f64>],
    ) -> Result<Self, ForecastError> {
        let terms = difference_terms(orders);
        let observed: Vec<bool> = values.iter().map(|value| !value.is_nan()).collect();
        let missing: Vec<usize> = (0..values.len()).filter(|t| !observed[*t]).collect();
        let found = values.len() - missing.len();
        // A degree of freedom has to be left when everything is estimated.
        let needed = orders.lost() + orders.coefficients() + trend.count() + regressors.len() + 2;
        if found < needed {
            return Err(ForecastError::TooShort { method: "sarimax", needed, found });
        }
        let mut rest = difference(&filled(values), &terms);
        let n = rest.len();
        let by_kalman = kalman_is_cheaper(orders, missing.len(), regressors.len() + 2);
        let dummy = |t: &usize| {
            let mut column = vec![0.0; values.len()];
            column[*t] = 1.0;
            difference(&column, &terms)
        };
        let dummies = if by_kalman { Vec::new() } else { missing.iter().map(dummy).collect() };
        let mut basis: Vec<Vec<f64>> = Vec::new();
        basis.extend(trend.has_constant().then(|| vec![1.0; n]));
        basis.extend(regressors.iter().map(|column| difference(column, &terms)));
        let constants = usize::from(trend.has_constant());
        let triangle = orthonormalize(&mut basis).map_err(|column| ForecastError::Singular {
            regressor: column.saturating_sub(constants),
        })?;
        let taken: Vec<f64> = basis.iter().map(|column| dot(column, &rest)).collect();
        for (column, taken) in basis.iter().zip(&taken) {
            rest.iter_mut().zip(column).for_each(|(rest, entry)| *rest -= taken * entry);
        }
        let size = values.iter().filter(|v| !v.is_nan()).fold(0.0_f64, |size, v| size.max(v.abs()));
        let scale = (dot(&rest, &rest) / n as f64).sqrt();
        if scale.is_nan() || scale <= 1e-12 * size {
            return Err(ForecastError::Constant { method: "sarimax" });
        }
        rest.iter_mut().for_each(|rest| *rest /= scale);
        let (orders, count) = (*orders, n - missing.len());
        Ok(Self {
            orders,
            trend,
            terms,
            observed,
            count,
            dummies,
            by_kalman,
            basis,
            triangle,
            taken,
            rest,
            scale,
        })
    }

    /// Sums of products of the columns, whitened. Columns are differenced.
    pub(super) fn reduce(&self, arma: &Arma, columns: &[&[f64]]) -> Option<Reduced> {
        if self.by_kalman {
            return self.reduce_carefully(arma, columns);
        }
        let dummies = self.dummies.iter().map(Vec::as_slice);
        let all: Vec<&[f64]> = dummies.chain(columns.iter().copied()).collect();
        let whitened = whiten(arma, &all)?;
        let dummies = self.dummies.len();
        sum_products(&whitened.columns, dummies, whitened.log_determinant, self.count)
    }

    /// The same by the Kalman filter, which loses fewer digits next to a unit root.
    pub(super) fn reduce_carefully(&self, arma: &Arma, columns: &[&[f64]]) -> Option<Reduced> {
        let filtered = self.filter(arma, columns)?;
        sum_products(&filtered.columns, 0, filtered.log_determinant, self.count)
    }

    /// The Kalman filter over differenced columns, integrated again: what differs is in the diffuse start.
    pub(super) fn filter(&self, arma: &Arma, columns: &[&[f64]]) -> Option<kalman::Filtered> {
        let before = vec![0.0; self.orders.lost()];
        let integrated: Vec<Vec<f64>> = columns
            .iter()
            .map(|column| [before.clone(), integrate(column, &self.terms, &before)].concat())
            .collect();
        let integrated: Vec<&[f64]> = integrated.iter().map(Vec::as_slice).collect();
        kalman::filter(arma, &self.terms, &integrated, &self.observed, self.observed.len())
    }

    /// Columns that are profiled out.
    fn reduce_profiled(&self, arma: &Arma) -> Option<Reduced> {
        let slope = self.slope(arma);
        let mut columns: Vec<&[f64]> = self.basis.iter().map(Vec::as_slice).collect();
        columns.extend(slope.as_deref());
        columns.push(&self.rest);
        self.reduce(arma, &columns)
    }

    /// The column of the slope, times φ(1) / n so that its size stays near 1.
    fn slope(&self, arma: &Arma) -> Option<Vec<f64>> {
        self.trend.has_slope().then(|| {
            let n = self.rest.len();
            let mut column = slope_column(arma, n);
            column.iter_mut().for_each(|entry| *entry /= n as f64);
            column
        })
    }

    /// − log likelihood at the best variance and linear part; of the series in units of `scale`.
    pub(super) fn profiled(&self, arma: &Arma) -> Option<f64> {
        let mut reduced = self.reduce_profiled(arma)?;
        let last = reduced.size - 1;
        eliminate(&mut reduced.products, reduced.size, last).ok()?;
        let squares = reduced.products[last * reduced.size + last];
        let count = reduced.count as f64;
        let variance = squares / count;
        let positive = variance > 1e-25 && reduced.count > last;
        let value = 0.5
            * (count * ((std::f64::consts::TAU * variance).ln() + 1.0) + reduced.log_determinant);
        (positive && value.is_finite()).then_some(value)
    }

    /// What the linear part leaves of the series, on the conditional likelihood.
    pub(super) fn conditional_residuals(&self, arma: &Arma) -> Option<Vec<f64>> {
        let slope = self.slope(arma);
        let dummies = self.dummies.iter().map(Vec::as_slice);
        let mut columns: Vec<&[f64]> = dummies.collect();
        columns.extend(self.basis.iter().map(Vec::as_slice));
        columns.extend(slope.as_deref());
        columns.push(&self.rest);
        let mut whitened = conditional(arma, &columns);
        let mut left = whitened.pop()?;
        let coefficients = least_squares(&whitened, &left)?;
        for (column, c) in whitened.iter().zip(&coefficients) {
            left.iter_mut().zip(column).for_each(|(left, entry)| *left -= c * entry);
        }
        Some(left)
    }

    /// The best variance and linear part given the ARMA part.
    pub(super) fn profile(&self, arma: &Arma) -> Option<Profile> {
        let mut reduced = self.reduce_profiled(arma)?;
        let (size, last) = (reduced.size, reduced.size - 1);
        let mut found: Vec<f64> = reduced.products[last * size..last * size + last].to_vec();
        eliminate(&mut reduced.products, size, last).ok()?;
        let squares = reduced.products[last * size + last];
        solve(&reduced.products, size, &mut found);
        let variance = squares / reduced.count as f64 * self.scale * self.scale;
        let n = self.rest.len() as f64;
        let slope = self.trend.has_slope().then(|| found.remove(last - 1));
        let slope = slope.map(|slope| slope * self.scale * arma.phi_at_one() / n);
        let mut linear: Vec<f64> = found
            .iter()
            .zip(&self.taken)
            .map(|(found, taken)| taken + found * self.scale)
            .collect();
        let columns = linear.len();
        for i in (0..columns).rev() {
            let known: f64 =
                (i + 1..columns).map(|j| self.triangle[i * columns + j] * linear[j]).sum();
            linear[i] = (linear[i] - known) / self.triangle[i * columns + i];
        }
        let constant = self.trend.has_constant().then(|| linear.remove(0) * arma.phi_at_one());
        let trend = constant.into_iter().chain(slope).collect();
        Some(Profile { trend, regression: linear, variance })
    }
}

/// Whether the Kalman filter needs fewer operations a step than a regressor for each missing value.
fn kalman_is_cheaper(orders: &Orders, missing: usize, columns: usize) -> bool {
    let p = orders.ar + orders.seasonal_ar * orders.season;
    let q = orders.ma + orders.seasonal_ma * orders.season;
    let states = p.max(q + 1);
    let all = states + orders.lost();
    let filter = 6 * all * all + 8 * all * columns;
    let regressors = (missing / 2 + columns) * 3 * states + (missing + columns).pow(2) / 2;
    missing > 0 && filter < regressors
}

/// Lower triangle of the products of columns, the first `dummies` integrated out.
fn sum_products(
    whitened: &[Vec<f64>],
    dummies: usize,
    log_determinant: f64,
    count: usize,
) -> Option<Reduced> {
    let all = whitened.len();
    let mut products = vec![0.0; all * all];
    for i in 0..all {
        for j in 0..=i {
            products[i * all + j] = dot(&whitened[i], &whitened[j]);
        }
    }
    eliminate(&mut products, all, dummies).ok()?;
    let information = (0..dummies).map(|i| 2.0 * products[i * all + i].ln()).sum::<f64>();
    let size = all - dummies;
    let mut kept = vec![0.0; size * size];
    for i in 0..size {
        let from = (dummies + i) * all + dummies;
        kept[i * size..=i * size + i].copy_from_slice(&products[from..=from + i]);
    }
    let log_determinant = log_determinant + information;
    Some(Reduced { products: kept, size, log_determinant, count })
}

/// What a slope of φ(1) in the ARMA equation adds to the differenced series over `n` steps.
///
/// The equation at step t adds b (t − 1), and the start is as if it had always added what it adds at the second
/// step: the convention of statsmodels, so that figures can be compared.
pub(super) fn slope_column(arma: &Arma, n: usize) -> Vec<f64> {
    let by_step = arma.phi_at_one();
    let mut column: Vec<f64> = Vec::with_capacity(n);
    for t in 0..n {
        let before = |lag: usize| if lag <= t { column[t - lag] } else { 1.0 };
        let past = arma.phi_terms.iter().map(|(lag, c)| c * before(*lag)).sum::<f64>();
        column.push(if t == 0 { 1.0 } else { past + by_step * t as f64 });
    }
    column
}

/// Columns of the trend with coefficients 1: c, then b, as far as there are.
pub(super) fn trend_columns(trend: Trend, arma: &Arma, n: usize) -> Vec<Vec<f64>> {
    let inverse = 1.0 / arma.phi_at_one();
    let mut columns = Vec::new();
    columns.extend(trend.has_constant().then(|| vec![inverse; n]));
    columns.extend(trend.has_slope().then(|| {
        let mut column = slope_column(arma, n);
        column.iter_mut().for_each(|entry| *entry *= inverse);
        column
    }));
    columns
}

/// Straight lines over missing values; only a start for what is estimated in their place.
pub(crate) fn filled(values: &[f64]) -> Vec<f64> {
    let mut filled = values.to_vec();
    let known: Vec<usize> = (0..values.len()).filter(|t| !values[*t].is_nan()).collect();
    let (Some(first), Some(last)) = (known.first(), known.last()) else { return filled };
    filled[..*first].fill(values[*first]);
    filled[*last..].fill(values[*last]);
    for pair in known.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        for (t, entry) in filled.iter_mut().enumerate().take(to).skip(from + 1) {
            let share = (t - from) as f64 / (to - from) as f64;
            *entry = values[from] + share * (values[to] - values[from]);
        }
    }
    filled
}
