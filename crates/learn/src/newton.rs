//! The penalized logistic likelihood and its optimum.
//!
//! In: rows of features (row-major, any unit), a target in `0.0..=1.0` for each (a share is allowed: Platt's targets
//! are), weights. Out: intercept and coefficients in the units of the features.
//! Minimizes `Σ weight · (softplus(m) - target · m) + ridge / 2 · Σ b²` with `m = b₀ + Σ b · (x - mean) / deviation`:
//! the ridge acts on standardized columns, so it does not depend on units, and leaves the intercept alone.
//! Source: Newton's method (iteratively reweighted least squares), Hastie, Tibshirani and Friedman, The Elements of
//! Statistical Learning, section 4.4.1; steps are halved until they gain enough (Armijo).
//! Departures: constant columns are left out and get 0. Sums are made in blocks of rows and then added: fixed order,
//! and a rounding error that grows with the blocks, not the rows.
//! Cost: O(rows × columns²) an iteration, mostly under ten of them. Checked against: `tests/it/logistic.rs`.

use crate::cholesky;
use crate::error::{LearnError, same_length};

/// Largest size of a feature, margin or weight: squares of it are finite.
const SIZE_MAX: f64 = 1e150;
/// A column that varies by less than this share of its size holds rounding, not information.
const VARIATION_MIN: f64 = 1e-12;
/// Rows whose terms are added before they go into the sum.
const BLOCK_ROWS: usize = 256;
/// A step may be halved this often before rounding is all that is left of it.
const HALVINGS_MAX: u32 = 40;
/// Share of the gain promised by the gradient that a step must make (Armijo's constant, as usual).
const GAIN_MIN: f64 = 1e-4;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop {
    pub(crate) iterations_max: u32,
    /// Largest component of the gradient, per unit of weight, that counts as 0.
    pub(crate) tolerance: f64,
}

/// A likelihood to maximize.
pub(crate) struct Likelihood<'a> {
    rows: &'a [f64],
    n_columns: usize,
    targets: &'a [f64],
    weights: Option<&'a [f64]>,
    ridge: f64,
    total_weight: f64,
    /// The columns that vary.
    columns: Vec<Column>,
}

/// How a column is standardized.
struct Column {
    index: usize,
    mean: f64,
    deviation: f64,
}

/// Intercept and coefficients in the units of the features.
pub(crate) struct Optimum {
    pub(crate) intercept: f64,
    pub(crate) coefficients: Vec<f64>,
}

/// First and second derivatives of the penalized loss; the matrix as lower triangle.
struct Derivatives {
    gradient: Vec<f64>,
    hessian: Vec<f64>,
}

impl<'a> Likelihood<'a> {
    /// Checks everything that can be wrong with the input.
    ///
    /// # Errors
    /// Names the first thing that is.
    pub(crate) fn new(
        rows: &'a [f64],
        n_columns: usize,
        targets: &'a [f64],
        weights: Option<&'a [f64]>,
        ridge: f64,
    ) -> Result<Self, LearnError> {
        same_length("rows", targets.len().saturating_mul(n_columns), rows.len())?;
        for (at, &value) in rows.iter().enumerate() {
            if !(-SIZE_MAX..=SIZE_MAX).contains(&value) {
                let (row, column) = (at / n_columns, at % n_columns);
                return Err(LearnError::Feature { row, column, value });
            }
        }
        if let Some(weights) = weights {
            same_length("weights", targets.len(), weights.len())?;
            for (row, &value) in weights.iter().enumerate() {
                if !(0.0..=SIZE_MAX).contains(&value) {
                    return Err(LearnError::Weight { row, value });
                }
            }
        }
        let mut new =
            Self { rows, n_columns, targets, weights, ridge, total_weight: 0.0, columns: vec![] };
        new.total_weight = new.sum(|_, weight| weight);
        if new.total_weight <= 0.0 {
            return Err(LearnError::NoRows);
        }
        new.columns = (0..n_columns).filter_map(|index| new.standardized(index)).collect();
        Ok(new)
    }

    /// `Σ term(row, weight)`, block after block.
    fn sum(&self, term: impl Fn(usize, f64) -> f64) -> f64 {
        let n_rows = self.targets.len();
        (0..n_rows)
            .step_by(BLOCK_ROWS)
            .map(|start| {
                let block = start..n_rows.min(start + BLOCK_ROWS);
                block.map(|row| term(row, self.weight(row))).sum::<f64>()
            })
            .sum()
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    /// Mean and deviation of a column over the rows that weigh anything; `None` where it is constant.
    fn standardized(&self, index: usize) -> Option<Column> {
        let value = |row: usize| self.rows[row * self.n_columns + index];
        let weighed = (0..self.targets.len()).filter(|row| self.weight(*row) > 0.0);
        let size = weighed.map(|row| value(row).abs()).fold(0.0, f64::max);
        let mean = self.sum(|row, weight| weight / self.total_weight * value(row));
        let variance =
            self.sum(|row, weight| weight / self.total_weight * (value(row) - mean).powi(2));
        let deviation = variance.sqrt();
        let varies = deviation > size * VARIATION_MIN && deviation > 1.0 / SIZE_MAX;
        varies.then_some(Column { index, mean, deviation })
    }

    /// Standardized features of one row, a 1 for the intercept first.
    fn standardize(&self, row: usize, into: &mut [f64]) {
        let features = &self.rows[row * self.n_columns..(row + 1) * self.n_columns];
        into[0] = 1.0;
        for (slot, column) in into[1..].iter_mut().zip(&self.columns) {
            *slot = (features[column.index] - column.mean) / column.deviation;
        }
    }

    fn margin(&self, row: usize, coefficients: &[f64]) -> f64 {
        let features = &self.rows[row * self.n_columns..(row + 1) * self.n_columns];
        let terms = self.columns.iter().zip(&coefficients[1..]).map(|(column, coefficient)| {
            coefficient * ((features[column.index] - column.mean) / column.deviation)
        });
        coefficients[0] + terms.sum::<f64>()
    }

    /// The penalized loss.
    fn loss(&self, coefficients: &[f64]) -> f64 {
        let loss = self.sum(|row, weight| {
            let margin = self.margin(row, coefficients);
            weight * (softplus(margin) - self.targets[row] * margin)
        });
        loss + self.ridge / 2.0 * coefficients[1..].iter().map(|b| b * b).sum::<f64>()
    }

    fn derivatives(&self, coefficients: &[f64]) -> Derivatives {
        let n = coefficients.len();
        let mut total = Derivatives { gradient: vec![0.0; n], hessian: vec![0.0; n * (n + 1) / 2] };
        let mut block = Derivatives { gradient: vec![0.0; n], hessian: vec![0.0; n * (n + 1) / 2] };
        let mut features = vec![0.0; n];
        for start in (0..self.targets.len()).step_by(BLOCK_ROWS) {
            block.gradient.fill(0.0);
            block.hessian.fill(0.0);
            for row in start..self.targets.len().min(start + BLOCK_ROWS) {
                self.standardize(row, &mut features);
                let margin: f64 = features.iter().zip(coefficients).map(|(x, b)| x * b).sum();
                let (weight, probability) = (self.weight(row), sigmoid(margin));
                // `p (1 - p)` without cancellation for a large margin.
                let curvature = weight * probability * sigmoid(-margin);
                block.add_row(&features, weight * (probability - self.targets[row]), curvature);
            }
            total.add(&block);
        }
        for (at, coefficient) in coefficients.iter().enumerate().skip(1) {
            total.gradient[at] += self.ridge * coefficient;
            total.hessian[cholesky::at(at, at)] += self.ridge;
        }
        total
    }

    /// The optimum.
    ///
    /// # Errors
    /// It was not reached, or the columns cannot be told apart.
    pub(crate) fn maximize(&self, stop: Stop) -> Result<Optimum, LearnError> {
        let share = self.sum(|row, weight| weight / self.total_weight * self.targets[row]);
        let mut coefficients = vec![0.0; self.columns.len() + 1];
        coefficients[0] = (share / (1.0 - share)).ln();
        let mut gradient_max = f64::INFINITY;
        for _ in 0..stop.iterations_max {
            let Derivatives { gradient, hessian } = self.derivatives(&coefficients);
            let largest = gradient.iter().map(|g| g.abs()).fold(0.0, f64::max);
            gradient_max = largest / self.total_weight;
            if gradient_max <= stop.tolerance {
                return Ok(self.in_units(&coefficients));
            }
            let step = cholesky::solve(hessian, &gradient)?;
            let gain: f64 = step.iter().zip(&gradient).map(|(s, g)| s * g).sum();
            let loss = self.loss(&coefficients);
            // No sum in double precision can show this gain: steps would go on for ever between neighboring numbers.
            if gain <= f64::EPSILON / 2.0 * loss.abs() {
                return Ok(self.in_units(&coefficients));
            }
            match self.shorten(&coefficients, &step, loss, gain) {
                Some(next) => coefficients = next,
                // The gain is below the rounding of the loss: this is the optimum as far as numbers tell.
                None if gain <= 1e-13 * (1.0 + loss.abs()) => {
                    return Ok(self.in_units(&coefficients));
                }
                None => break,
            }
        }
        let iterations = stop.iterations_max;
        Err(LearnError::NotConverged { iterations, gradient: gradient_max })
    }

    /// The step, halved until the loss falls by enough.
    fn shorten(&self, from: &[f64], step: &[f64], loss: f64, gain: f64) -> Option<Vec<f64>> {
        let mut share = 1.0;
        for _ in 0..HALVINGS_MAX {
            let next: Vec<f64> = from.iter().zip(step).map(|(b, s)| b - share * s).collect();
            if self.loss(&next) <= loss - GAIN_MIN * share * gain && next != from {
                return Some(next);
            }
            share /= 2.0;
        }
        None
    }

    fn in_units(&self, standardized: &[f64]) -> Optimum {
        let mut coefficients = vec![0.0; self.n_columns];
        let mut intercept = standardized[0];
        for (column, b) in self.columns.iter().zip(&standardized[1..]) {
            coefficients[column.index] = b / column.deviation;
            intercept -= b * (column.mean / column.deviation);
        }
        Optimum { intercept, coefficients }
    }
}

impl Derivatives {
    fn add_row(&mut self, features: &[f64], residual: f64, curvature: f64) {
        let mut at = 0;
        for (row, x) in features.iter().enumerate() {
            self.gradient[row] += residual * x;
            let scaled = curvature * x;
            for (entry, y) in self.hessian[at..].iter_mut().zip(&features[..=row]) {
                *entry += scaled * y;
            }
            at += row + 1;
        }
    }

    fn add(&mut self, block: &Self) {
        self.gradient.iter_mut().zip(&block.gradient).for_each(|(sum, term)| *sum += term);
        self.hessian.iter_mut().zip(&block.hessian).for_each(|(sum, term)| *sum += term);
    }
}

/// `1 / (1 + exp(-margin))`, without overflow on either side.
pub(crate) fn sigmoid(margin: f64) -> f64 {
    if margin >= 0.0 {
        1.0 / (1.0 + (-margin).exp())
    } else {
        let odds = margin.exp();
        odds / (1.0 + odds)
    }
}

/// `ln(1 + exp(margin))`, without overflow.
pub(crate) fn softplus(margin: f64) -> f64 {
    margin.max(0.0) + (-margin.abs()).exp().ln_1p()
}
