//! Lagged correlation and linear Granger causality.
//!
//! In: changes of a target and of a candidate, NaN where missing. Out: the best lag with its correlation; F of the
//! candidate's lags beside the target's own. Source: Granger 1969. Departures: season terms stand on both sides; rows with a
//! missing value are left out; the p-value of the best of several lags is multiplied by their number (Bonferroni).
//! Cost: O(n · lags²). Checked against: statsmodels' `grangercausalitytests` (`tests/it/lead.rs`).

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::LeadOptions;
use super::tails::{f_tail, t_tail};
use crate::linear_algebra::{dot, orthonormalize};

/// The best lagged correlation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// Steps by which the candidate is ahead.
    pub lag: usize,
    /// Correlation, `-1.0..=1.0`.
    pub r: f64,
    /// Probability of so large a correlation at one of the lags by chance.
    pub p: f64,
    /// The same among all tests of the table.
    pub q: f64,
}

/// Granger's test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Granger {
    /// F statistic.
    pub f: f64,
    /// Lags of the candidate.
    pub lags: usize,
    /// Rows that count.
    pub n: usize,
    /// Probability of so large an F by chance.
    pub p: f64,
    /// The same among all tests of the table.
    pub q: f64,
}

pub(super) fn correlation(dy: &[f64], dx: &[f64], lags_max: usize) -> Option<Correlation> {
    let at = |lag: usize| {
        let pairs: Vec<(f64, f64)> = dy[lag..]
            .iter()
            .zip(dx)
            .filter(|(y, x)| !y.is_nan() && !x.is_nan())
            .map(|(y, x)| (*y, *x))
            .collect();
        let n = pairs.len() as f64;
        let (y, x) = pairs.iter().fold((0.0, 0.0), |(a, b), (y, x)| (a + y / n, b + x / n));
        let sums = pairs.iter().fold((0.0, 0.0, 0.0), |(yy, xx, xy), pair| {
            let (dy, dx) = (pair.0 - y, pair.1 - x);
            (yy + dy * dy, xx + dx * dx, xy + dy * dx)
        });
        let r = sums.2 / (sums.0 * sums.1).sqrt();
        (n > 3.0 && r.is_finite()).then_some((lag, r.clamp(-1.0, 1.0), n))
    };
    let (lag, r, n) = (1..=lags_max)
        .filter_map(at)
        .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()).then(b.0.cmp(&a.0)))?;
    let t = r.abs() * ((n - 2.0) / (1.0 - r * r).max(f64::MIN_POSITIVE)).sqrt();
    let p = (2.0 * t_tail(t, n - 2.0) * lags_max as f64).min(1.0);
    Some(Correlation { lag, r, p, q: p })
}

/// F of `lags_max` lags of `dx` for `dy`; `None` where nothing varies.
pub(super) fn granger(dy: &[f64], dx: &[f64], options: &LeadOptions) -> Option<Granger> {
    let lags = options.lags_max;
    let whole = |at: &usize| {
        (at - lags..=*at).all(|i| !dy[i].is_nan()) && (at - lags..*at).all(|i| !dx[i].is_nan())
    };
    let rows: Vec<usize> = (lags..dy.len()).filter(whole).collect();
    let mut columns: Vec<Vec<f64>> = vec![vec![1.0; rows.len()]];
    for (season, pair) in pairs(&options.seasons) {
        let angle = |at: &usize| TAU * (pair * (at % season)) as f64 / season as f64;
        columns.push(rows.iter().map(|at| angle(at).sin()).collect());
        columns.push(rows.iter().map(|at| angle(at).cos()).collect());
    }
    for series in [dy, dx] {
        for lag in 1..=lags {
            columns.push(rows.iter().map(|at| series[at - lag]).collect());
        }
    }
    let own = columns.len() - lags;
    let n = rows.len();
    let freedom = n.checked_sub(columns.len()).filter(|freedom| *freedom >= 10)? as f64;
    orthonormalize(&mut columns).ok()?;
    let mut rest: Vec<f64> = rows.iter().map(|at| dy[*at]).collect();
    let total = dot(&rest, &rest);
    let mut without = 0.0;
    for (place, column) in columns.iter().enumerate() {
        if place == own {
            without = dot(&rest, &rest);
        }
        let along = dot(column, &rest);
        rest.iter_mut().zip(column).for_each(|(entry, basis)| *entry -= along * basis);
    }
    let with = dot(&rest, &rest);
    if with <= 1e-18 * total {
        return None;
    }
    let f = ((without - with) / lags as f64) / (with / freedom);
    let p = f_tail(f, lags as f64, freedom);
    Some(Granger { f, lags, n, p, q: p })
}

/// Two pairs of sines a season, one where it is short.
pub(super) fn pairs(seasons: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    let pairs = |season: &usize| {
        let season = *season;
        (1..=2_usize).filter(move |pair| 2 * pair < season).map(move |pair| (season, pair))
    };
    seasons.iter().flat_map(pairs)
}
