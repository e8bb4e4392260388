//! What an indicator gains out of sample: the test that decides.
//!
//! In: logs or values of the load, changes of load and indicator. Out: mean absolute errors of forecasts of the change over
//! the horizon, without and with the indicator, each made from data before it; the test of their difference.
//! Source: Diebold and Mariano, Comparing predictive accuracy, 1995; Harvey, Leybourne and Newbold 1997 (correction, t).
//! Departures: forecasts overlap by the horizon, so the variance is Newey and West's with Bartlett weights over at least
//! `horizon` lags, which cannot be negative. Lags of the indicator are chosen by BIC within the first training window and
//! stay (of the load all count, and its level: an echo of the load must not seem to lead); coefficients are fitted anew at
//! each twentieth of the rest. One-sided: only a gain counts. Nested models bias the test against the
//! indicator (Clark and West 2007): meant so, who asks for data must pay for them.
//! Cost: O(n · k² + 26 k³) for k terms. Checked against: simulations (`tests/it/lead.rs`).

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::LeadOptions;
use super::granger::pairs;
use super::tails::t_tail;
use crate::gram::Gram;

/// Refits over the second part of the history.
const REFITS: usize = 20;
/// Relative to the sum of squares of a column: only keeps dependent columns solvable.
const RIDGE: f64 = 1e-6;

/// What an indicator gains out of sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Gain {
    /// Forecasts that were compared.
    pub n: usize,
    /// Lags of the indicator.
    pub lags: usize,
    /// Mean absolute error without it, in units of the (logged) load.
    pub mae_without: f64,
    /// With it.
    pub mae_with: f64,
    /// Share of the error that it takes away; below 0 it adds.
    pub gain: f64,
    /// The statistic of Diebold and Mariano, corrected.
    pub statistic: f64,
    /// Probability of so large a gain by chance.
    pub p: f64,
}

struct Design<'a> {
    level: &'a [f64],
    dy: &'a [f64],
    dx: &'a [f64],
    seasons: Vec<(usize, usize)>,
    horizon: usize,
    lags_max: usize,
}

impl Design<'_> {
    /// Terms without the indicator.
    fn own_width(&self) -> usize {
        2 + 2 * self.seasons.len() + self.lags_max
    }

    /// Terms known at `at`, those of the indicator last; `None` where one is missing.
    fn row(&self, at: usize, row: &mut Vec<f64>) -> Option<()> {
        row.clear();
        // The level pulls back where the load does; without it, whatever repeats the level would seem to lead.
        row.extend([1.0, self.level[at]]);
        for (season, pair) in &self.seasons {
            let angle = TAU * (pair * (at % season)) as f64 / *season as f64;
            row.extend([angle.sin(), angle.cos()]);
        }
        row.extend((0..self.lags_max).map(|lag| self.dy[at - lag]));
        row.extend((0..self.lags_max).map(|lag| self.dx[at - lag]));
        row.iter().all(|value| !value.is_nan()).then_some(())
    }

    fn target(&self, at: usize) -> f64 {
        self.level[at + self.horizon] - self.level[at]
    }

    /// Rows at which everything is known whatever the lags are, so that all choices see the same.
    fn rows(&self) -> Vec<usize> {
        let mut row = Vec::new();
        let whole = |at: &usize| self.row(*at, &mut row).is_some() && !self.target(*at).is_nan();
        (self.lags_max..self.level.len().saturating_sub(self.horizon)).filter(whole).collect()
    }

    fn add(&self, sums: &mut Sums, rows: &[usize]) {
        let mut row = Vec::new();
        for at in rows {
            if self.row(*at, &mut row).is_some() {
                let target = self.target(*at);
                sums.gram.add(&row, target, 1.0);
                sums.squares += target * target;
                sums.n += 1.0;
            }
        }
    }

    /// Lags of the indicator with the least BIC, at least one.
    fn lags(&self, sums: &Sums) -> Option<usize> {
        let bic = |lags: usize| {
            let width = self.own_width() + lags;
            let coefficients = sums.solved(width)?;
            let explained: f64 = product(&coefficients, &sums.gram.right()[..width]);
            let rest = (sums.squares - explained).max(f64::MIN_POSITIVE);
            Some((sums.n * (rest / sums.n).ln() + width as f64 * sums.n.ln(), lags))
        };
        let choices = (1..=self.lags_max).filter_map(bic);
        choices.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, lags)| lags)
    }
}

/// Sums over the rows that are known so far.
struct Sums {
    gram: Gram,
    squares: f64,
    n: f64,
}

impl Sums {
    /// Coefficients of the first terms.
    fn solved(&self, width: usize) -> Option<Vec<f64>> {
        let gram = self.gram.leading(width);
        let ridge: Vec<f64> = (0..width).map(|at| RIDGE * gram.entry(at, at)).collect();
        gram.solve(&ridge).ok()
    }
}

fn product(row: &[f64], coefficients: &[f64]) -> f64 {
    row.iter().zip(coefficients).map(|(a, b)| a * b).sum()
}

/// `None` where the indicator does not vary or too little is known.
pub(super) fn gain(level: &[f64], dy: &[f64], dx: &[f64], options: &LeadOptions) -> Option<Gain> {
    if dx.iter().all(|change| change.is_nan() || *change == 0.0) {
        return None;
    }
    let design = Design {
        level,
        dy,
        dx,
        seasons: pairs(&options.seasons).collect(),
        horizon: options.horizon,
        lags_max: options.lags_max,
    };
    let rows = design.rows();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count"
    )]
    let first = (rows.len() as f64 * options.training_share) as usize;
    // What is forecast at the last rows of a training window is known only a horizon later.
    let known =
        |until: usize| rows[..until].partition_point(|at| at + options.horizon <= rows[until]);
    if first >= rows.len() || known(first) < 3 * design.lags_max + 20 {
        return None;
    }
    let own = design.own_width();
    let mut sums = Sums { gram: Gram::new(own + design.lags_max), squares: 0.0, n: 0.0 };
    let mut added = known(first);
    design.add(&mut sums, &rows[..added]);
    let lags = design.lags(&sums)?;
    let mut errors = (Vec::new(), Vec::new());
    let block = (rows.len() - first).div_ceil(REFITS).max(1);
    let (mut from, mut row) = (first, Vec::new());
    while from < rows.len() {
        let to = (from + block).min(rows.len());
        design.add(&mut sums, &rows[added..known(from)]);
        added = known(from);
        for (width, errors) in [(own, &mut errors.0), (own + lags, &mut errors.1)] {
            let coefficients = sums.solved(width)?;
            for at in &rows[from..to] {
                design.row(*at, &mut row)?;
                errors.push((design.target(*at) - product(&row[..width], &coefficients)).abs());
            }
        }
        from = to;
    }
    compared(&errors.0, &errors.1, options.horizon, lags)
}

fn compared(without: &[f64], with: &[f64], horizon: usize, lags: usize) -> Option<Gain> {
    let n = without.len();
    let count = n as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let (mae_without, mae_with) = (mean(without), mean(with));
    let differences: Vec<f64> = without.iter().zip(with).map(|(a, b)| a - b).collect();
    let center = mean(&differences);
    let covariance = |lag: usize| {
        let pairs = differences[lag..].iter().zip(&differences);
        pairs.map(|(a, b)| (a - center) * (b - center)).sum::<f64>() / count
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a root of a count"
    )]
    let reach = horizon.max(count.cbrt() as usize).min(n - 1);
    let tail: f64 =
        (1..=reach).map(|lag| (1.0 - lag as f64 / (reach + 1) as f64) * covariance(lag)).sum();
    let variance = (covariance(0) + 2.0 * tail) / count;
    if !(variance > 0.0 && mae_without > 0.0) {
        return None;
    }
    let h = horizon as f64;
    let correction = ((count + 1.0 - 2.0 * h + h * (h - 1.0) / count) / count).max(0.0).sqrt();
    let statistic = center / variance.sqrt() * correction;
    Some(Gain {
        n,
        lags,
        mae_without,
        mae_with,
        gain: 1.0 - mae_with / mae_without,
        statistic,
        p: t_tail(statistic, count - 1.0),
    })
}
