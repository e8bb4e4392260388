//! Does an indicator lead the load? Three tests, and the one that decides.
//!
//! In: a load and indicators on its steps. Out: a [`LeadRow`] an indicator: the lagged correlation of changes, Granger's F
//! both ways, q-values over all of these tests, and the out-of-sample gain that decides whether it is used, in words.
//! Source: Granger 1969; Benjamini and Hochberg 1995; Diebold and Mariano 1995 with the correction of Harvey, Leybourne and
//! Newbold 1997. Departures: all tests see changes (of logs, where all values are above 0), because levels that wander
//! correlate by chance; correlation and F describe, only the gain decides: on data like ours half of all indicators
//! "cause" the load by F and improve nothing. Cost: O(n · lags²) an indicator.
//! Checked against: statsmodels (`tests/it/lead.rs`), 200 simulations of leading, lagging and unrelated series.

mod gain;
mod granger;
mod tails;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{ForecastError, checked};

pub use gain::Gain;
pub use granger::{Correlation, Granger};
pub use tails::{f_tail, t_tail};

/// Fewer changes than this decide nothing.
const CHANGES_MIN: usize = 100;

/// How indicators are judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeadOptions {
    /// Lags that are looked at, in steps.
    pub lags_max: usize,
    /// Steps ahead that an indicator must help with.
    pub horizon: usize,
    /// Seasons in steps; what both series share by the clock is no lead.
    pub seasons: Vec<usize>,
    /// Share of the history that the first fit sees, `0.0..1.0`.
    pub training_share: f64,
    /// An indicator is used from this gain on: share of the mean absolute error.
    pub gain_min: f64,
    /// And below this probability that the gain is chance.
    pub p_max: f64,
}

impl Default for LeadOptions {
    fn default() -> Self {
        Self {
            lags_max: 6,
            horizon: 1,
            seasons: Vec::new(),
            training_share: 0.5,
            gain_min: 0.01,
            p_max: 0.05,
        }
    }
}

/// What the tests say of one indicator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadRow {
    /// Its name.
    pub indicator: String,
    /// Changes that both series have.
    pub n: usize,
    /// The lag at which changes of the indicator go best with later changes of the load.
    pub correlation: Option<Correlation>,
    /// Whether past changes of the indicator tell of changes of the load.
    pub leads: Option<Granger>,
    /// The other way round.
    pub follows: Option<Granger>,
    /// What it gains out of sample.
    pub gain: Option<Gain>,
    /// Whether it is used.
    pub used: bool,
    /// Why, or why not.
    pub reason: String,
}

/// Judges each indicator, a name and values on the load's steps (NaN: not known).
///
/// # Errors
/// Lengths that differ, an infinite value, an option out of range, a load of too few values.
pub fn judge(
    load: &[f64],
    indicators: &[(String, Vec<f64>)],
    options: &LeadOptions,
) -> Result<Vec<LeadRow>, ForecastError> {
    check(load, indicators, options)?;
    let load = scaled(load);
    let mut rows: Vec<LeadRow> = indicators
        .par_iter()
        .map(|(name, values)| row(name, &load, &scaled(values), options))
        .collect();
    control(&mut rows);
    Ok(rows)
}

fn check(
    load: &[f64],
    indicators: &[(String, Vec<f64>)],
    options: &LeadOptions,
) -> Result<(), ForecastError> {
    checked::finite("the load", load)?;
    for (name, values) in indicators {
        let what = format!("indicator `{name}`");
        if values.len() != load.len() {
            let (expected, found) = (load.len(), values.len());
            return Err(ForecastError::Length { what, expected, found });
        }
        checked::finite(&what, values)?;
    }
    let refuse =
        |what, found: String, expected| Err(ForecastError::Argument { what, found, expected });
    if !(1..=100).contains(&options.lags_max) || !(1..=1_000).contains(&options.horizon) {
        let found = format!("{} lags, {} steps ahead", options.lags_max, options.horizon);
        return refuse("lags and horizon", found, "1 to 100 lags, 1 to 1000 steps");
    }
    if !(0.1..=0.9).contains(&options.training_share) {
        return refuse("training_share", options.training_share.to_string(), "0.1 to 0.9");
    }
    let needed = CHANGES_MIN + options.lags_max + options.horizon;
    let found = load.iter().filter(|value| !value.is_nan()).count();
    match found < needed {
        true => Err(ForecastError::TooShort { method: "a test of leading", needed, found }),
        false => Ok(()),
    }
}

/// Logs where all values are above 0.
fn scaled(values: &[f64]) -> Vec<f64> {
    // NaN is not at or below 0.
    match values.iter().any(|value| *value <= 0.0) {
        true => values.to_vec(),
        false => values.iter().map(|value| value.ln()).collect(),
    }
}

/// Changes from one step to the next; the first is missing.
fn changes(values: &[f64]) -> Vec<f64> {
    let before = std::iter::once(f64::NAN).chain(values.iter().copied());
    values.iter().zip(before).map(|(value, before)| value - before).collect()
}

fn row(name: &str, load: &[f64], values: &[f64], options: &LeadOptions) -> LeadRow {
    let (dy, dx) = (changes(load), changes(values));
    let n = dy.iter().zip(&dx).filter(|(y, x)| !y.is_nan() && !x.is_nan()).count();
    let mut row = LeadRow {
        indicator: name.to_owned(),
        n,
        correlation: None,
        leads: None,
        follows: None,
        gain: None,
        used: false,
        reason: format!(
            "not used, because only {n} of its changes are known, fewer than {CHANGES_MIN}"
        ),
    };
    if n < CHANGES_MIN {
        return row;
    }
    row.correlation = granger::correlation(&dy, &dx, options.lags_max);
    row.leads = granger::granger(&dy, &dx, options);
    row.follows = granger::granger(&dx, &dy, options);
    row.gain = gain::gain(load, &dy, &dx, options);
    (row.used, row.reason) = decide(row.gain.as_ref(), options);
    row
}

fn decide(gain: Option<&Gain>, options: &LeadOptions) -> (bool, String) {
    let Some(gain) = gain else {
        return (false, "not used, because it does not vary, or follows from the load".to_owned());
    };
    let percent = 100.0 * gain.gain;
    let least = 100.0 * options.gain_min;
    if gain.gain < options.gain_min {
        let what = if percent < 0.0 {
            "it makes forecasts worse out of sample"
        } else {
            "its gain out of sample is too small"
        };
        return (
            false,
            format!("not used, because {what} ({percent:+.1} %, at least {least:.1} % are needed)"),
        );
    }
    if gain.p >= options.p_max {
        return (
            false,
            format!(
                "not used, because its gain of {percent:.1} % may be chance (p = {:.2})",
                gain.p
            ),
        );
    }
    (
        true,
        format!(
            "used: errors out of sample are {percent:.1} % smaller with it (p = {:.1e})",
            gain.p
        ),
    )
}

/// q-values over all correlations and both directions of all indicators.
fn control(rows: &mut [LeadRow]) {
    let mut tests: Vec<(&f64, &mut f64)> = Vec::new();
    for row in rows {
        if let Some(Correlation { p, q, .. }) = &mut row.correlation {
            tests.push((p, q));
        }
        for Granger { p, q, .. } in [&mut row.leads, &mut row.follows].into_iter().flatten() {
            tests.push((p, q));
        }
    }
    let p: Vec<f64> = tests.iter().map(|(p, _)| **p).collect();
    for ((_, q), adjusted) in tests.into_iter().zip(benjamini_hochberg(&p)) {
        *q = adjusted;
    }
}

/// The smallest share of false discoveries at which each test counts, for p-values in any order.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*b].total_cmp(&p[*a]).then(b.cmp(a)));
    let mut adjusted = vec![1.0; p.len()];
    let mut least = 1.0_f64;
    for (behind, place) in order.iter().enumerate() {
        let rank = p.len() - behind;
        least = least.min(p[*place] * p.len() as f64 / rank as f64);
        adjusted[*place] = least;
    }
    adjusted
}
