//! The search for the ARMA part with the highest likelihood.
//!
//! In: prepared data, perhaps the coefficients of an earlier fit. Out: the best coefficients found.
//! Source: Hannan and Rissanen, Biometrika 1982 (first guess by two regressions); [`crate::optimize`].
//! Departures: every start is first improved on the conditional likelihood, which costs a tenth; all are then ranked
//! by the exact one and the best four distinct places searched exactly, the winner again with central differences.
//! A single start stops at local optima on real series (statsmodels on Lake Huron: −102.17, the optimum is −92.14).
//! Cost: some 100 to 300 exact evaluations. Checked against: `llf_exact_best_known` of the fixtures.

use super::arma::{Arma, Coefficients};
use super::conditional::improve;
use super::likelihood::Data;
use super::orders::Orders;
use crate::ForecastError;
use crate::linear_algebra::{dot, least_squares};
use crate::optimize::{Limits, Minimum, Objective, lbfgs};

/// How the search of an exact likelihood ends.
const EXACT: Limits =
    Limits { iterations_max: 200, gradient_tolerance: 1e-4, value_tolerance: 1e-7 };
/// Places searched exactly.
const EXACT_STARTS: usize = 4;
/// Two starts nearer than this are one.
const DISTINCT: f64 = 0.02;

/// Minus the log likelihood by unconstrained numbers.
pub(super) struct Likelihood<'a> {
    pub(super) data: &'a Data,
    /// Whether slopes are taken from both sides.
    pub(super) central: bool,
    pub(super) evaluations: u32,
}

impl<'a> Likelihood<'a> {
    pub(super) fn new(data: &'a Data) -> Self {
        Self { data, central: false, evaluations: 0 }
    }
}

impl Objective for Likelihood<'_> {
    fn value(&mut self, u: &[f64]) -> f64 {
        self.evaluations += 1;
        let orders = &self.data.orders;
        let arma = Arma::new(&Coefficients::from_unconstrained(orders, u), orders.season);
        self.data.profiled(&arma).unwrap_or(f64::INFINITY)
    }

    fn gradient(&mut self, u: &[f64], value: f64, gradient: &mut [f64]) {
        let mut moved = u.to_vec();
        for i in 0..u.len() {
            let step = if self.central { 1e-5 } else { 1e-6 } * u[i].abs().max(1.0);
            moved[i] = u[i] + step;
            let above = self.value(&moved);
            moved[i] = u[i] - step;
            gradient[i] = if self.central {
                (above - self.value(&moved)) / (2.0 * step)
            } else if above.is_finite() {
                (above - value) / step
            } else {
                (value - self.value(&moved)) / step
            };
            if !gradient[i].is_finite() {
                gradient[i] = 0.0;
            }
            moved[i] = u[i];
        }
    }
}

/// What a search found.
pub(super) struct Found {
    pub(super) coefficients: Coefficients,
    pub(super) evaluations: u32,
}

/// The best coefficients, from several starts or from those of an earlier fit.
pub(super) fn search(data: &Data, earlier: Option<&Coefficients>) -> Result<Found, ForecastError> {
    let mut exact = Likelihood::new(data);
    let warm = earlier.and_then(Coefficients::unconstrained);
    let mut ranked = match warm {
        Some(u) => vec![u],
        None => starts(data),
    }
    .into_iter()
    .map(|u| (exact.value(&u), u))
    .filter(|(value, _)| value.is_finite())
    .collect::<Vec<_>>();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut kept: Vec<Vec<f64>> = Vec::new();
    for (_, u) in ranked {
        let apart = |other: &Vec<f64>| distance(&u, other) > DISTINCT;
        if kept.len() < EXACT_STARTS && kept.iter().all(apart) {
            kept.push(u);
        }
    }
    let mut best: Option<Minimum> = None;
    for start in &kept {
        let found = lbfgs(&mut exact, start, &EXACT);
        if best.as_ref().is_none_or(|best| found.value < best.value) {
            best = Some(found);
        }
    }
    let failed = ForecastError::NotConverged { method: "sarimax", iterations: exact.evaluations };
    let best = best.ok_or(failed)?;
    exact.central = true;
    let best = lbfgs(&mut exact, &best.x, &Limits { value_tolerance: 1e-9, ..EXACT });
    let coefficients = Coefficients::from_unconstrained(&data.orders, &best.x);
    Ok(Found { coefficients, evaluations: exact.evaluations })
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    // In partial autocorrelations: far out, u moves much and the model little.
    let partial = |u: f64| u / (1.0 + u * u).sqrt();
    a.iter().zip(b).fold(0.0, |far, (a, b)| f64::max(far, (partial(*a) - partial(*b)).abs()))
}

/// Guesses, each as it is and improved on the conditional likelihood.
fn starts(data: &Data) -> Vec<Vec<f64>> {
    let orders = &data.orders;
    let count = orders.coefficients();
    let mut starts = vec![vec![0.0; count]];
    if count == 0 {
        return starts;
    }
    starts.extend(hannan_rissanen(data));
    // A lasting level, one that noise hides, a cycle.
    for (ar, ma) in [([0.8, 0.0], -0.4), ([0.3, 0.0], -1.2), ([1.5, -1.5], -0.5)] {
        let ar_part = |count| ar.into_iter().chain(std::iter::repeat(0.0)).take(count);
        let ma_part = |count| std::iter::once(ma).chain(std::iter::repeat(0.0)).take(count);
        let plain = ar_part(orders.ar).chain(ma_part(orders.ma));
        let seasonal = ar_part(orders.seasonal_ar).chain(ma_part(orders.seasonal_ma));
        starts.push(plain.chain(seasonal).collect());
    }
    let improved: Vec<Vec<f64>> =
        starts.iter().filter_map(|start| Some(improve(data, start.clone())?.0)).collect();
    starts.extend(improved);
    starts
}

/// How candidates are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// By the likelihood, searched from one start.
    Exact,
    /// By the conditional likelihood.
    Conditional,
}

/// What one search finds: unconstrained numbers, and minus the log likelihood there, in units of the data's scale and
/// as if every differenced value counted.
pub(super) fn search_once(
    data: &Data,
    comparison: Comparison,
    near: Option<(&Orders, &[f64])>,
) -> Option<(Vec<f64>, f64)> {
    let near = near.map(|(orders, u)| resized(orders, u, &data.orders));
    // Where evaluations are costly one good start has to do.
    let alone = near.is_some() && comparison == Comparison::Conditional;
    let mut starts: Vec<Vec<f64>> = near.into_iter().collect();
    if !alone {
        starts.extend(hannan_rissanen(data));
        starts.push(vec![0.1; data.orders.coefficients()]);
    }
    let mut found: Vec<(Vec<f64>, f64)> =
        starts.into_iter().filter_map(|start| improve(data, start)).collect();
    found.sort_by(|a, b| a.1.total_cmp(&b.1));
    if comparison == Comparison::Conditional {
        let (u, value) = found.into_iter().next()?;
        let lost = data.orders.ar + data.orders.seasonal_ar * data.orders.season;
        let counted = data.count.checked_sub(lost).filter(|counted| *counted > 0)?;
        return Some((u, value * data.count as f64 / counted as f64));
    }
    // The highest optimum may lie next to the unit circle while a sound one is nearby: both are looked for.
    let mut exact = Likelihood::new(data);
    let limits = Limits { gradient_tolerance: 1e-2, value_tolerance: 1e-3, ..EXACT };
    let mut best: Option<(bool, Minimum)> = None;
    let mut entered: Vec<Vec<f64>> = Vec::new();
    for (u, _) in found {
        if entered.iter().any(|other| distance(&u, other) <= DISTINCT) {
            continue;
        }
        let end = lbfgs(&mut exact, &u, &limits);
        entered.push(u);
        let sound = Coefficients::from_unconstrained(&data.orders, &end.x).is_sound();
        let better = |(other, at): &(bool, Minimum)| {
            (sound && !other) || (sound == *other && end.value < at.value)
        };
        if end.value.is_finite() && best.as_ref().is_none_or(better) {
            best = Some((sound, end));
        }
    }
    best.map(|(_, end)| (end.x, end.value))
}

/// Numbers of other orders: partial autocorrelations that are new are near 0, so that little else changes.
fn resized(from: &Orders, u: &[f64], to: &Orders) -> Vec<f64> {
    let parts = |orders: &Orders| [orders.ar, orders.ma, orders.seasonal_ar, orders.seasonal_ma];
    let mut rest = u;
    let mut resized = Vec::with_capacity(to.coefficients());
    for (from, to) in parts(from).into_iter().zip(parts(to)) {
        let (part, after) = rest.split_at(from);
        rest = after;
        resized.extend(part.iter().copied().chain(std::iter::repeat(0.05)).take(to));
    }
    resized
}

/// Two regressions: a long autoregression stands in for the innovations, then the series on lags of both. The
/// seasonal part is found on what the plain part leaves.
fn hannan_rissanen(data: &Data) -> Option<Vec<f64>> {
    let orders = &data.orders;
    let (plain_ar, plain_ma, left) = two_regressions(&data.rest, orders.ar, orders.ma, 1)?;
    let (seasonal_ar, seasonal_ma, _) =
        two_regressions(&left, orders.seasonal_ar, orders.seasonal_ma, orders.season)?;
    let mut u = Vec::new();
    for (c, sign) in [(plain_ar, 1.0), (plain_ma, -1.0), (seasonal_ar, 1.0), (seasonal_ma, -1.0)] {
        u.extend(shrunk(&c, sign));
    }
    Some(u)
}

/// Coefficients as unconstrained numbers, made smaller until they are stationary.
fn shrunk(coefficients: &[f64], sign: f64) -> Vec<f64> {
    let mut scale: f64 = 1.0;
    for _ in 0..12 {
        let powers = (0..).map(|i| scale.powi(i + 1) * sign);
        let ar = coefficients.iter().zip(powers).map(|(c, power)| c * power).collect();
        let tried = Coefficients { ar, ..Coefficients::default() };
        // Partial autocorrelations near 1 make a start from which slopes do not lead.
        let u = tried.unconstrained().filter(|u| u.iter().all(|u| u.abs() < 4.0));
        if let Some(u) = u {
            return u;
        }
        scale *= 0.9;
    }
    vec![0.0; coefficients.len()]
}

/// AR and MA coefficients at multiples of `season`, and what they leave.
fn two_regressions(
    series: &[f64],
    ar: usize,
    ma: usize,
    season: usize,
) -> Option<(Vec<f64>, Vec<f64>, Vec<f64>)> {
    if ar + ma == 0 {
        return Some((Vec::new(), Vec::new(), series.to_vec()));
    }
    let n = series.len();
    let longest = (n / season / 4).min(2 * (ar + ma) + 6);
    let from = if ma > 0 { longest * season } else { 0 };
    let mut noise = series.to_vec();
    if ma > 0 {
        let fitted = regress(series, &lags(&[(series, longest)], season, from, n), from)?;
        noise[..from].fill(0.0);
        noise[from..].copy_from_slice(&fitted.1);
    }
    let from = from + ar.max(ma) * season;
    if from + 2 * (ar + ma) > n {
        return None;
    }
    let columns = lags(&[(series, ar), (&noise, ma)], season, from, n);
    let (coefficients, left) = regress(series, &columns, from)?;
    Some((coefficients[..ar].to_vec(), coefficients[ar..].to_vec(), left))
}

/// Columns of lags 1 to so many (times `season`) of each series, over steps `from..to`.
fn lags(of: &[(&[f64], usize)], season: usize, from: usize, to: usize) -> Vec<Vec<f64>> {
    let column = |series: &[f64], lag: usize| (from..to).map(|t| series[t - lag]).collect();
    of.iter().flat_map(|(s, count)| (1..=*count).map(|i| column(s, i * season))).collect()
}

/// Coefficients of the columns and what they leave, from step `from` on.
fn regress(series: &[f64], columns: &[Vec<f64>], from: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let mut left = series[from..].to_vec();
    if dot(&left, &left) == 0.0 {
        return None;
    }
    let coefficients = least_squares(columns, &left)?;
    for (column, c) in columns.iter().zip(&coefficients) {
        left.iter_mut().zip(column).for_each(|(left, entry)| *left -= c * entry);
    }
    Some((coefficients, left))
}
