//! The most probable trend, seasons and noise together.
//!
//! In: a series, options. Out: a fit. Source: the Stan model of prophet 1.5.0 (`prophet.stan`), its priors and its scaling.
//! Departures: the noise has a closed optimum for given residuals, coefficients one for a given noise; they take turns.
//! Shares of the trend make the mean bilinear: trend and shares take turns too. Cost: a Gram matrix, once if all is additive.
//! Checked against: Prophet 1.5.0 (`tests/it/prophet.rs`).

use super::solve::Problem;
use super::{Growth, Prophet, ProphetFit, design, logistic};
use crate::gram::Gram;
use crate::{ForecastError, Indicators, Series};

/// Scaled data.
pub(super) struct Data {
    pub(super) y: Vec<f64>,
    /// Slope (if it grows), level, one column a changepoint; of the exponent where growth saturates.
    pub(super) trend: Vec<Vec<f64>>,
    pub(super) columns: Vec<Vec<f64>>,
    pub(super) multiplicative: Vec<bool>,
    /// Where growth ends, in units above the floor.
    pub(super) cap: Option<f64>,
}

/// What is fitted.
pub(super) struct Parameters {
    pub(super) trend: Vec<f64>,
    pub(super) effects: Vec<f64>,
    pub(super) variance: f64,
}

pub(crate) fn fit(
    options: &Prophet,
    series: &Series,
    indicators: &Indicators,
) -> Result<ProphetFit, ForecastError> {
    let all = design::times(series, 0, series.values.len())?;
    let rows: Vec<usize> = (0..all.len()).filter(|t| !series.values[*t].is_nan()).collect();
    let times: Vec<i64> = rows.iter().map(|row| all[*row]).collect();
    let start_s = times[0];
    let span_s = (times[times.len() - 1] - start_s) as f64;
    let scaled: Vec<f64> = times.iter().map(|time| (time - start_s) as f64 / span_s).collect();
    let (floor, cap) = match options.growth {
        Growth::Logistic { floor, cap } => (floor, Some(cap)),
        Growth::Linear | Growth::Flat => (0.0, None),
    };
    let unit = rows.iter().map(|row| (series.values[*row] - floor).abs()).fold(0.0, f64::max);
    let unit = if unit > 0.0 { unit } else { 1.0 };
    let seasons = options.seasons.clone().unwrap_or_else(|| design::usual_seasons(&times, options));
    let columns = design::columns(options, &seasons, indicators, &rows);
    let places = design::changepoints(options, &scaled);
    let value = |column| {
        let one = |(row, time): (&usize, &i64)| design::value(column, *time, indicators, *row);
        rows.iter().zip(&times).map(one).collect::<Vec<f64>>()
    };
    let mut trend = Vec::new();
    if options.growth != Growth::Flat {
        trend.push(scaled.clone());
    }
    trend.push(vec![1.0; scaled.len()]);
    trend.extend(places.iter().map(|place| scaled.iter().map(|t| (t - place).max(0.0)).collect()));
    let data = Data {
        y: rows.iter().map(|row| (series.values[*row] - floor) / unit).collect(),
        cap: cap.map(|cap| (cap - floor) / unit),
        trend,
        columns: columns.iter().map(value).collect(),
        multiplicative: columns.iter().map(|column| column.multiplicative).collect(),
    };
    let scales: Vec<f64> = columns.iter().map(|column| column.scale).collect();
    let found = match data.cap {
        Some(_) => logistic::optimum(&data, &scales, options),
        None => optimum(&data, &scales, options),
    };
    let grows = usize::from(options.growth != Growth::Flat);
    Ok(ProphetFit {
        log_posterior: log_posterior(&data, &scales, options, &found),
        options: options.clone(),
        series: series.clone(),
        indicators: indicators.clone(),
        start_s,
        span_s,
        unit,
        floor,
        cap: data.cap,
        slope: if grows == 1 { found.trend[0] } else { 0.0 },
        level: found.trend[grows],
        bends: places.into_iter().zip(found.trend[grows + 1..].iter().copied()).collect(),
        columns,
        effects: found.effects,
        sigma: found.variance.sqrt(),
    })
}

/// Turns of coefficients and noise until the log posterior stands.
fn optimum(data: &Data, scales: &[f64], options: &Prophet) -> Parameters {
    let mean = data.y.iter().sum::<f64>() / data.y.len() as f64;
    let mut found = Parameters {
        trend: vec![0.0; data.trend.len()],
        effects: vec![0.0; data.columns.len()],
        variance: 0.01,
    };
    let grows = usize::from(options.growth != Growth::Flat);
    found.trend[grows] = mean;
    let shares = data.multiplicative.contains(&true);
    let gram = if shares { None } else { Some(additive_gram(data)) };
    let mut before = f64::NEG_INFINITY;
    let rounds = if shares { 400 } else { 60 };
    for _ in 0..rounds {
        match &gram {
            Some(gram) => additive_turn(gram, scales, options, &mut found),
            None => {
                trend_turn(data, scales, options, &mut found);
                share_turn(data, scales, &mut found);
            }
        }
        found.variance = noise(data, &found);
        let now = log_posterior(data, scales, options, &found);
        if now - before < 1e-8 * (1.0 + now.abs()) {
            break;
        }
        before = now;
    }
    found
}

/// Normal prior of slope and level, Laplace prior of the bends.
fn trend_priors(options: &Prophet, n: usize) -> (Vec<f64>, Vec<f64>) {
    let grows = usize::from(options.growth != Growth::Flat);
    let free = grows + 1;
    let ridge = (0..n).map(|j| if j < free { 1.0 / 25.0 } else { 0.0 }).collect();
    let lasso =
        (0..n).map(|j| if j < free { 0.0 } else { 1.0 / options.changepoint_scale }).collect();
    (ridge, lasso)
}

fn additive_gram(data: &Data) -> Gram {
    let all: Vec<&Vec<f64>> = data.trend.iter().chain(&data.columns).collect();
    let mut gram = Gram::new(all.len());
    let mut row = vec![0.0; all.len()];
    for (i, y) in data.y.iter().enumerate() {
        for (entry, column) in row.iter_mut().zip(&all) {
            *entry = column[i];
        }
        gram.add(&row, *y, 1.0);
    }
    gram
}

fn additive_turn(gram: &Gram, scales: &[f64], options: &Prophet, found: &mut Parameters) {
    let n_trend = found.trend.len();
    let (mut ridge, mut lasso) = trend_priors(options, n_trend);
    ridge.extend(scales.iter().map(|scale| 1.0 / (scale * scale)));
    lasso.resize(ridge.len(), 0.0);
    let problem = Problem { gram, ridge: &ridge, lasso: &lasso };
    let guess: Vec<f64> = found.trend.iter().chain(&found.effects).copied().collect();
    let x = problem.solve(found.variance, &guess);
    found.trend.copy_from_slice(&x[..n_trend]);
    found.effects.copy_from_slice(&x[n_trend..]);
}

/// The trend and added effects, with shares as they are.
fn trend_turn(data: &Data, scales: &[f64], options: &Prophet, found: &mut Parameters) {
    let added: Vec<usize> = (0..scales.len()).filter(|k| !data.multiplicative[*k]).collect();
    let n_trend = found.trend.len();
    let mut gram = Gram::new(n_trend + added.len());
    let mut row = vec![0.0; n_trend + added.len()];
    for (i, y) in data.y.iter().enumerate() {
        let factor = 1.0 + effect(data, found, i, true);
        for (entry, column) in row.iter_mut().zip(&data.trend) {
            *entry = factor * column[i];
        }
        for (entry, k) in row[n_trend..].iter_mut().zip(&added) {
            *entry = data.columns[*k][i];
        }
        gram.add(&row, *y, 1.0);
    }
    let (mut ridge, mut lasso) = trend_priors(options, n_trend);
    ridge.extend(added.iter().map(|k| 1.0 / (scales[*k] * scales[*k])));
    lasso.resize(ridge.len(), 0.0);
    let mut guess = found.trend.clone();
    guess.extend(added.iter().map(|k| found.effects[*k]));
    let problem = Problem { gram: &gram, ridge: &ridge, lasso: &lasso };
    let x = problem.solve(found.variance, &guess);
    found.trend.copy_from_slice(&x[..n_trend]);
    for (k, value) in added.iter().zip(&x[n_trend..]) {
        found.effects[*k] = *value;
    }
}

/// All effects, with the trend as it is.
fn share_turn(data: &Data, scales: &[f64], found: &mut Parameters) {
    let mut gram = Gram::new(scales.len());
    let mut row = vec![0.0; scales.len()];
    for (i, y) in data.y.iter().enumerate() {
        let trend = trend_at(data, found, i);
        for (k, entry) in row.iter_mut().enumerate() {
            *entry = data.columns[k][i] * if data.multiplicative[k] { trend } else { 1.0 };
        }
        gram.add(&row, y - trend, 1.0);
    }
    let ridge: Vec<f64> = scales.iter().map(|scale| 1.0 / (scale * scale)).collect();
    let problem = Problem { gram: &gram, ridge: &ridge, lasso: &vec![0.0; scales.len()] };
    found.effects = problem.solve(found.variance, &found.effects);
}

pub(super) fn trend_at(data: &Data, found: &Parameters, i: usize) -> f64 {
    let line = data.trend.iter().zip(&found.trend).map(|(column, b)| column[i] * b).sum();
    data.cap.map_or(line, |cap| logistic::saturating(cap, line))
}

pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Sum of shares, or of added effects.
pub(super) fn effect(data: &Data, found: &Parameters, i: usize, shares: bool) -> f64 {
    let of = |k: &usize| data.multiplicative[*k] == shares;
    (0..data.columns.len()).filter(of).map(|k| data.columns[k][i] * found.effects[k]).sum()
}

pub(super) fn squares(data: &Data, found: &Parameters) -> f64 {
    let one = |i: usize| {
        let factor = 1.0 + effect(data, found, i, true);
        (data.y[i] - trend_at(data, found, i) * factor - effect(data, found, i, false)).powi(2)
    };
    (0..data.y.len()).map(one).sum()
}

/// The most probable variance for these residuals under a half normal prior of scale 0.5.
pub(super) fn noise(data: &Data, found: &Parameters) -> f64 {
    let (n, squares) = (data.y.len() as f64, squares(data, found));
    // 2 · squares / (n + √…) is the same root without the cancellation.
    (2.0 * squares / (n + (n * n + 16.0 * squares).sqrt())).max(1e-12)
}

pub(super) fn log_posterior(
    data: &Data,
    scales: &[f64],
    options: &Prophet,
    found: &Parameters,
) -> f64 {
    let (ridge, lasso) = trend_priors(options, found.trend.len());
    let variance = found.variance;
    let mut sum = -0.5 * data.y.len() as f64 * variance.ln()
        - squares(data, found) / (2.0 * variance)
        - 2.0 * variance;
    for (j, b) in found.trend.iter().enumerate() {
        // Saturating growth has its prior on the offset, not on the exponent at time 0, which is minus rate times offset.
        let b = if data.cap.is_some() && j == 1 { b / found.trend[0] } else { *b };
        sum -= 0.5 * ridge[j] * b * b + lasso[j] * b.abs();
    }
    for (b, scale) in found.effects.iter().zip(scales) {
        sum -= 0.5 * (b / scale).powi(2);
    }
    sum
}
