//! From a score to a probability.
//!
//! In: margins (any score that grows with the odds) and what came true, of cases the model was not fitted to.
//! Out: the probability of a margin, strictly between 0 and 1: no finite number of cases makes anything certain.
//! Source: Platt, Probabilistic outputs for support vector machines, 1999, with the targets of its section 2.2;
//! Zadrozny and Elkan, Transforming classifier scores into accurate multiclass probability estimates, 2002 (isotonic).
//! Departures: Platt's sigmoid is found by the Newton method of this crate. Isotonic steps are joined by straight
//! lines between the last margin of one and the first of the next, and bounded by `1 / (n + 2)` and its complement
//! over `n` cases. Failure: an isotonic end step of few cases says more than they can; ask `proportion_bounds`.
//! Cost: O(n) an iteration; O(n log n). Checked against: SciPy, brute force (`tests/it/calibration.rs`).

use crate::error::{LearnError, same_length};
use crate::isotonic::IsotonicSteps;
use crate::newton::{Likelihood, Stop, sigmoid};

/// A fitted map from margins to probabilities.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Calibration {
    /// `1 / (1 + exp(-(intercept + slope · margin)))`. A slope below 0 says that the margins point the wrong way.
    Platt {
        /// Log-odds a unit of margin.
        slope: f64,
        /// Log-odds at margin 0.
        intercept: f64,
    },
    /// Monotone steps, joined by straight lines.
    Isotonic(IsotonicSteps),
}

impl Calibration {
    /// A sigmoid of two parameters: right where margins are log-odds but for scale and shift; needs few cases.
    ///
    /// # Errors
    /// Lengths differ, there are no cases, or a margin is not a number.
    pub fn platt(margins: &[f64], targets: &[bool]) -> Result<Self, LearnError> {
        same_length("margins", targets.len(), margins.len())?;
        let n_true = targets.iter().filter(|target| **target).count() as f64;
        let n_false = targets.len() as f64 - n_true;
        let (for_true, for_false) = ((n_true + 1.0) / (n_true + 2.0), 1.0 / (n_false + 2.0));
        let smoothed: Vec<f64> =
            targets.iter().map(|target| if *target { for_true } else { for_false }).collect();
        // No ridge: with these targets the optimum is finite whatever the margins are.
        let likelihood = Likelihood::new(margins, 1, &smoothed, None, 0.0)?;
        let optimum = likelihood.maximize(Stop { iterations_max: 200, tolerance: 1e-12 })?;
        Ok(Self::Platt { slope: optimum.coefficients[0], intercept: optimum.intercept })
    }

    /// Monotone steps (pool adjacent violators): right whatever the shape, if cases are many (over a thousand).
    ///
    /// # Errors
    /// Lengths differ, there are no cases, or a margin is not a number.
    pub fn isotonic(margins: &[f64], targets: &[bool]) -> Result<Self, LearnError> {
        IsotonicSteps::fit(margins, targets).map(Self::Isotonic)
    }

    /// The probability of a margin, `0.0..=1.0`; not a number where the margin is none.
    pub fn probability(&self, margin: f64) -> f64 {
        match self {
            Self::Platt { slope, intercept } => sigmoid(intercept + slope * margin),
            Self::Isotonic(steps) => steps.probability(margin),
        }
    }
}
