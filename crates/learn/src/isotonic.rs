//! The monotone steps that fit outcomes best.
//!
//! In: margins and outcomes. Out: knots of a non-decreasing, piecewise linear curve.
//! Source: Ayer, Brunk, Ewing, Reid and Silverman, An empirical distribution function for sampling with incomplete
//! information, 1955 (pool adjacent violators: the least-squares fit, and the likelihood's too).
//! Departures: cases of one margin are pooled first. Shares are compared as fractions, so no rounding decides what is
//! pooled. Joining lines and bounds: see `calibration`.
//! Cost: O(n log n). Checked against: the minimax formula and all partitions (`tests/it/calibration.rs`).

use crate::error::{LearnError, same_length};

/// Monotone steps as knots; see [`Calibration::isotonic`](crate::Calibration::isotonic).
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct IsotonicSteps {
    /// Ascending; the first and the last margin of every step, once where they are the same.
    margins: Vec<f64>,
    /// The probability at each of them, never falling.
    probabilities: Vec<f64>,
}

/// Cases that share a probability.
#[derive(Clone, Copy)]
struct Step {
    first: f64,
    last: f64,
    n_true: u64,
    n: u64,
}

impl Step {
    /// Whether the share of true cases is not above that of `next`.
    fn violates(&self, next: &Self) -> bool {
        u128::from(self.n_true) * u128::from(next.n) >= u128::from(next.n_true) * u128::from(self.n)
    }

    fn with(&self, next: &Self) -> Self {
        Self {
            first: self.first,
            last: next.last,
            n_true: self.n_true + next.n_true,
            n: self.n + next.n,
        }
    }
}

impl IsotonicSteps {
    pub(crate) fn fit(margins: &[f64], targets: &[bool]) -> Result<Self, LearnError> {
        same_length("margins", targets.len(), margins.len())?;
        if let Some(row) = margins.iter().position(|margin| !margin.is_finite()) {
            return Err(LearnError::Feature { row, column: 0, value: margins[row] });
        }
        if margins.is_empty() {
            return Err(LearnError::NoRows);
        }
        // Adding 0 turns -0 into 0, which is the same margin.
        let mut cases: Vec<(f64, bool)> =
            margins.iter().map(|margin| margin + 0.0).zip(targets.iter().copied()).collect();
        cases.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut steps: Vec<Step> = Vec::new();
        for tied in cases.chunk_by(|a, b| a.0 == b.0) {
            let n_true = tied.iter().filter(|case| case.1).count() as u64;
            let mut step = Step { first: tied[0].0, last: tied[0].0, n_true, n: tied.len() as u64 };
            while let Some(previous) = steps.pop_if(|previous| previous.violates(&step)) {
                step = previous.with(&step);
            }
            steps.push(step);
        }
        let least = 1.0 / (cases.len() as f64 + 2.0);
        let mut fitted = Self { margins: Vec::new(), probabilities: Vec::new() };
        for step in steps {
            let share = (step.n_true as f64 / step.n as f64).clamp(least, 1.0 - least);
            fitted.margins.push(step.first);
            fitted.probabilities.push(share);
            if step.last > step.first {
                fitted.margins.push(step.last);
                fitted.probabilities.push(share);
            }
        }
        Ok(fitted)
    }

    /// Whether knots that were read from a file make a curve.
    pub(crate) fn sound(&self) -> Result<(), &'static str> {
        if self.margins.is_empty() || self.margins.len() != self.probabilities.len() {
            return Err("a curve without knots, or with another number of probabilities");
        }
        let ascends = |values: &[f64]| values.windows(2).all(|pair| pair[0] <= pair[1]);
        let is_share = |value: &f64| (0.0..=1.0).contains(value);
        if !ascends(&self.margins) || !ascends(&self.probabilities) {
            return Err("a curve that falls");
        }
        if self.probabilities.iter().all(is_share) {
            Ok(())
        } else {
            Err("a curve with what is no probability")
        }
    }

    pub(crate) fn probability(&self, margin: f64) -> f64 {
        if margin.is_nan() {
            return margin;
        }
        let next = self.margins.partition_point(|knot| *knot <= margin);
        if next == 0 {
            return self.probabilities[0];
        }
        let (left, low) = (self.margins[next - 1], self.probabilities[next - 1]);
        let Some((right, high)) = self.margins.get(next).zip(self.probabilities.get(next)) else {
            return low;
        };
        // Halves, because the distance of two finite numbers may not be finite.
        let share = (margin / 2.0 - left / 2.0) / (right / 2.0 - left / 2.0);
        if *high > low { (low + share * (high - low)).clamp(low, *high) } else { low }
    }
}
