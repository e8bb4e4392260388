//! Coordinate descent on penalized weighted squares.
//!
//! In: columns, working weights, residuals. Out: the coefficients that minimize
//! `Σ w (z - b₀ - Σ x b)² / 2 + lambda Σ (l1_share |b| + (1 - l1_share) / 2 b²)`, and the change of the intercept.
//! Each step moves the intercept along, as if the column were centered by the working weights; that part of the
//! residual is kept as one number, so that a step along a sparse column touches its own entries only.

use super::design::Design;
use crate::work::{Limit, Work};

/// What a coefficient costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Penalty {
    pub(super) lambda: f64,
    pub(super) l1_share: f64,
}

impl Penalty {
    /// A penalty for targets in units of `spread`, as it is for these in the units of the table: what it does to coefficients
    /// follows the units, so that amounts in cents are learned like amounts in millions.
    pub(super) fn of_units(lambda: f64, l1_share: f64, spread: f64) -> Self {
        let (l1, l2) = (lambda * l1_share * spread, lambda * (1.0 - l1_share));
        let lambda = l1 + l2;
        Self { lambda, l1_share: if lambda > 0.0 { l1 / lambda } else { l1_share } }
    }

    /// The lambda and the share that [`Self::of_units`] makes this penalty of.
    pub(super) fn in_units(self, spread: f64) -> (f64, f64) {
        let (l1, l2) = (self.l1() / spread, self.l2());
        let lambda = l1 + l2;
        (lambda, if lambda > 0.0 { l1 / lambda } else { self.l1_share })
    }

    pub(super) fn l1(self) -> f64 {
        self.lambda * self.l1_share
    }

    pub(super) fn l2(self) -> f64 {
        self.lambda * (1.0 - self.l1_share)
    }

    pub(super) fn of(self, coefficients: &[f64]) -> f64 {
        let cost = |b: &f64| self.l1() * b.abs() + self.l2() / 2.0 * b * b;
        coefficients.iter().map(cost).sum()
    }
}

/// Mean and variance of a column under the working weights, times their sum.
#[derive(Clone, Copy)]
struct Moments {
    mean: f64,
    square: f64,
}

pub(super) struct Descent<'a> {
    design: &'a Design,
    weights: Vec<f64>,
    total: f64,
    /// Working weight times distance, but for `offset · weight`.
    residual: Vec<f64>,
    offset: f64,
    moments: Vec<Option<Moments>>,
    pub(super) work: Work,
}

impl<'a> Descent<'a> {
    /// `residual` is working weight times (working target less margin).
    pub(super) fn new(design: &'a Design, weights: Vec<f64>, residual: Vec<f64>) -> Self {
        let total = weights.iter().sum();
        let moments = vec![None; design.columns.len()];
        Self { design, weights, total, residual, offset: 0.0, moments, work: Work::default() }
    }

    /// Solves for the coefficients of `candidates`; gives the change of the intercept and the sweeps made. Out of work it ends
    /// where it is: every sweep lowers the loss.
    pub(super) fn solve(
        &mut self,
        coefficients: &mut [f64],
        candidates: &[usize],
        penalty: Penalty,
        tolerance: f64,
        sweeps_max: u32,
        limit: Limit<'_>,
    ) -> (f64, u32) {
        let mut intercept = self.residual.iter().sum::<f64>() / self.total;
        self.offset = -intercept;
        let mut sweeps = 0;
        while sweeps < sweeps_max && limit.allows(self.work.seconds()) {
            sweeps += 1;
            if self.sweep(coefficients, candidates, penalty, &mut intercept) <= tolerance {
                break;
            }
            let active: Vec<usize> =
                candidates.iter().copied().filter(|column| coefficients[*column] != 0.0).collect();
            while sweeps < sweeps_max && limit.allows(self.work.seconds()) {
                sweeps += 1;
                if self.sweep(coefficients, &active, penalty, &mut intercept) <= tolerance {
                    break;
                }
            }
        }
        (intercept, sweeps)
    }

    /// One step along each column; gives the largest change of a margin, as a deviation over the rows.
    fn sweep(
        &mut self,
        coefficients: &mut [f64],
        columns: &[usize],
        penalty: Penalty,
        intercept: &mut f64,
    ) -> f64 {
        let mut largest = 0.0_f64;
        for &column in columns {
            let Moments { mean, square } = self.moments(column);
            let curvature = square + penalty.l2();
            if curvature <= 1e-12 * self.total {
                continue;
            }
            let entries = &self.design.columns[column].entries;
            entries.count(&mut self.work, 1);
            let gradient = entries.dot(&self.residual) + self.offset * self.total * mean;
            let before = coefficients[column];
            let after = soft(gradient + square * before, penalty.l1()) / curvature;
            let step = after - before;
            if step != 0.0 {
                entries.count(&mut self.work, 1);
                entries.add_weighed_to(-step, &self.weights, &mut self.residual);
                self.offset += step * mean;
                *intercept -= step * mean;
                coefficients[column] = after;
                largest = largest.max(step.abs() * (square / self.total).sqrt());
            }
        }
        largest
    }

    fn moments(&mut self, column: usize) -> Moments {
        if let Some(moments) = self.moments[column] {
            return moments;
        }
        let entries = &self.design.columns[column].entries;
        entries.count(&mut self.work, 1);
        let (sum, squares) = entries.moments(&self.weights);
        let mean = sum / self.total;
        let moments = Moments { mean, square: (squares - sum * mean).max(0.0) };
        self.moments[column] = Some(moments);
        moments
    }
}

/// Moves towards 0 by `by`, and not beyond.
fn soft(value: f64, by: f64) -> f64 {
    if value > by {
        value - by
    } else if value < -by {
        value + by
    } else {
        0.0
    }
}
