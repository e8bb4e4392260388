//! Growth that saturates: the most probable trend between a floor and a cap.
//!
//! In: scaled data whose trend columns make the exponent. Out: parameters at the optimum.
//! Source: the Stan model of prophet 1.5.0 (`logistic_trend`, `logistic_growth_init`). Its offsets keep the exponent
//! continuous, so that it is `k (t - m) + Σ δⱼ (t - sⱼ)₊`: linear in the columns of linear growth.
//! Departures: the noise is profiled out; |δ| is `√(δ² + ε²) - ε` with ε falling to 1e-5, so that L-BFGS sees no kink;
//! its gradient is exact. Cost: O(n · columns) an evaluation, some hundred of them.
//! Checked against: prophet 1.5.0 and random places around the optimum (`tests/it/prophet.rs`).

use super::Prophet;
use super::fit::{Data, Parameters, effect, log_posterior, noise, sigmoid, squares, trend_at};
use crate::optimize::{Limits, Objective, lbfgs};

/// The search at each smoothness.
const LIMITS: Limits =
    Limits { iterations_max: 400, gradient_tolerance: 1e-6, value_tolerance: 1e-9 };
const SMOOTHNESS: [f64; 3] = [1e-2, 1e-3, 1e-5];

/// Minus the log posterior by rate, offset, bends and effects.
struct Posterior<'a> {
    data: &'a Data,
    scales: &'a [f64],
    options: &'a Prophet,
    smooth: f64,
}

impl Posterior<'_> {
    /// The numbers of the search as parameters: the exponent at time 0 is `-k m`.
    fn parameters(&self, x: &[f64]) -> Parameters {
        let n_trend = self.data.trend.len();
        let mut trend = x[..n_trend].to_vec();
        trend[1] = -x[0] * x[1];
        let mut found = Parameters { trend, effects: x[n_trend..].to_vec(), variance: 1.0 };
        found.variance = noise(self.data, &found);
        found
    }

    fn smooth_size(&self, delta: f64) -> f64 {
        delta.hypot(self.smooth) - self.smooth
    }
}

impl Objective for Posterior<'_> {
    fn value(&mut self, x: &[f64]) -> f64 {
        let found = self.parameters(x);
        let (n, n_trend) = (self.data.y.len() as f64, self.data.trend.len());
        let mut sum = 0.5 * n * found.variance.ln()
            + squares(self.data, &found) / (2.0 * found.variance)
            + 2.0 * found.variance
            + (x[0] * x[0] + x[1] * x[1]) / 50.0;
        let lasso = 1.0 / self.options.changepoint_scale;
        sum += x[2..n_trend].iter().map(|delta| lasso * self.smooth_size(*delta)).sum::<f64>();
        let effects = x[n_trend..].iter().zip(self.scales);
        sum + effects.map(|(b, scale)| 0.5 * (b / scale).powi(2)).sum::<f64>()
    }

    fn gradient(&mut self, x: &[f64], _value: f64, gradient: &mut [f64]) {
        let found = self.parameters(x);
        let (data, n_trend) = (self.data, self.data.trend.len());
        let cap = data.cap.unwrap_or(1.0);
        gradient.fill(0.0);
        // The variance stands at its optimum, so its own slope is nothing.
        for (i, y) in data.y.iter().enumerate() {
            let (trend, factor) = (trend_at(data, &found, i), 1.0 + effect(data, &found, i, true));
            let error = y - trend * factor - effect(data, &found, i, false);
            let pull = -error / found.variance;
            let exponent = pull * factor * trend * (1.0 - trend / cap);
            gradient[0] += exponent * (data.trend[0][i] - x[1]);
            gradient[1] -= exponent * x[0];
            for (slot, column) in gradient[2..n_trend].iter_mut().zip(&data.trend[2..]) {
                *slot += exponent * column[i];
            }
            for (k, slot) in gradient[n_trend..].iter_mut().enumerate() {
                let unit = if data.multiplicative[k] { trend } else { 1.0 };
                *slot += pull * unit * data.columns[k][i];
            }
        }
        gradient[0] += x[0] / 25.0;
        gradient[1] += x[1] / 25.0;
        let lasso = 1.0 / self.options.changepoint_scale;
        for (slot, delta) in gradient[2..n_trend].iter_mut().zip(&x[2..n_trend]) {
            *slot += lasso * delta / delta.hypot(self.smooth);
        }
        for ((slot, b), scale) in gradient[n_trend..].iter_mut().zip(&x[n_trend..]).zip(self.scales)
        {
            *slot += b / (scale * scale);
        }
    }
}

/// Rate and offset of the curve through the first and the last value, as prophet starts.
fn start(data: &Data) -> [f64; 2] {
    let cap = data.cap.unwrap_or(1.0);
    let last = data.y.len() - 1;
    let odds = |y: f64| {
        let ratio = (cap / y.clamp(0.01 * cap, 0.99 * cap)).clamp(1.01, 100.0);
        (ratio - 1.0).ln()
    };
    let (mut first_odds, last_odds) = (odds(data.y[0]), odds(data.y[last]));
    if (first_odds - last_odds).abs() <= 0.01 {
        first_odds = 1.05 * first_odds + 0.01;
    }
    let rate = first_odds - last_odds;
    [rate, first_odds / rate]
}

/// The optimum, from prophet's start and from a curve that stands at the middle of the values.
pub(super) fn optimum(data: &Data, scales: &[f64], options: &Prophet) -> Parameters {
    let n = data.trend.len() + scales.len();
    let starts = [start(data), [0.5, 0.5]];
    let tries = starts.map(|begin| {
        let mut x = vec![0.0; n];
        x[..2].copy_from_slice(&begin);
        let mut posterior = Posterior { data, scales, options, smooth: 1.0 };
        for smooth in SMOOTHNESS {
            posterior.smooth = smooth;
            x = lbfgs(&mut posterior, &x, &LIMITS).x;
        }
        posterior.parameters(&x)
    });
    let better = |found: &Parameters| log_posterior(data, scales, options, found);
    let best = tries.into_iter().max_by(|a, b| better(a).total_cmp(&better(b)));
    best.expect("there are two starts")
}

/// The trend of an exponent.
pub(super) fn saturating(cap: f64, exponent: f64) -> f64 {
    cap * sigmoid(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Draws;

    /// Sixty values under a cap with three bends, an added column and a share.
    fn data() -> Data {
        let times: Vec<f64> = (0..60).map(|t| f64::from(t) / 59.0).collect();
        let bend = |place: f64| times.iter().map(|t| (t - place).max(0.0)).collect::<Vec<f64>>();
        let wave = |k: f64| (0..60).map(|t| (k * f64::from(t)).sin()).collect::<Vec<f64>>();
        let trend = vec![times.clone(), vec![1.0; 60], bend(0.2), bend(0.4), bend(0.6)];
        let columns = vec![wave(0.9), wave(1.7)];
        let value = |t: usize| {
            let line = saturating(1.3, 6.0 * (times[t] - 0.4) + 8.0 * (times[t] - 0.6).max(0.0));
            line * (1.0 + 0.1 * columns[1][t]) + 0.05 * columns[0][t]
        };
        let y = (0..60).map(value).collect();
        Data { y, trend, columns, multiplicative: vec![false, true], cap: Some(1.3) }
    }

    #[test]
    fn the_gradient_is_that_of_differences() {
        let (data, options) = (data(), Prophet::default());
        let mut posterior =
            Posterior { data: &data, scales: &[10.0, 10.0], options: &options, smooth: 1e-2 };
        let x = [4.0, 0.5, 0.3, -0.2, 0.1, 0.04, 0.07];
        let mut gradient = [0.0; 7];
        posterior.gradient(&x, 0.0, &mut gradient);
        for i in 0..7 {
            let mut moved = x;
            moved[i] += 1e-6;
            let above = posterior.value(&moved);
            moved[i] -= 2e-6;
            let slope = (above - posterior.value(&moved)) / 2e-6;
            let close = (slope - gradient[i]).abs() < 1e-4 * (1.0 + slope.abs());
            assert!(close, "{i}: {slope} {}", gradient[i]);
        }
    }

    #[test]
    fn no_place_near_the_optimum_is_better() {
        let (data, options) = (data(), Prophet::default());
        let scales = [10.0, 10.0];
        let found = optimum(&data, &scales, &options);
        let best = log_posterior(&data, &scales, &options, &found);
        let mut draws = Draws::new(1);
        for round in 0..400 {
            let size = 10.0_f64.powi(-1 - round % 5);
            let mut moved = Parameters {
                trend: found.trend.iter().map(|b| b + size * draws.normal()).collect(),
                effects: found.effects.iter().map(|b| b + size * draws.normal()).collect(),
                variance: found.variance,
            };
            moved.variance = noise(&data, &moved);
            let near = log_posterior(&data, &scales, &options, &moved);
            assert!(near < best + 1e-3, "{round}: {near} {best}");
        }
    }
}
