//! Logistic regression with a ridge.
//!
//! In: rows of features (row-major, any unit), targets, weights (each how many cases a row stands for).
//! Out: log-odds `intercept + Σ coefficient · feature`, in the units of the features.
//! Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, sections 4.4 and 3.4.1.
//! Departures: the ridge is on standardized columns and must be above 0: only then is there always exactly one
//! optimum, even where a column tells the classes apart without error. `ridge` is the inverse of `C` of scikit-learn.
//! Cost: see `newton`. Checked against: SciPy's optimizer, the gradient, a grid (`tests/it/logistic.rs`).

use crate::LearnError;
use crate::newton::{Likelihood, Stop, sigmoid};

/// How to fit a [`LogisticRegression`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogisticOptions {
    /// Weight of half the squared coefficients of standardized columns, against the sum over all cases; above 0.
    pub ridge: f64,
    /// Most Newton steps, at least 1.
    pub iterations_max: u32,
    /// Largest component of the gradient a unit of weight that counts as none; above 0.
    pub tolerance: f64,
}

/// One coefficient of 1 costs as much as half a case: little against hundreds of cases, enough where a column
/// tells all cases apart.
impl Default for LogisticOptions {
    fn default() -> Self {
        Self { ridge: 1.0, iterations_max: 100, tolerance: 1e-9 }
    }
}

impl LogisticOptions {
    fn check(&self) -> Result<(), LearnError> {
        let above_zero = |what, found: f64| {
            let expected = "a number above 0";
            let is = found > 0.0 && found.is_finite();
            if is { Ok(()) } else { Err(LearnError::Argument { what, found, expected }) }
        };
        above_zero("ridge", self.ridge)?;
        above_zero("tolerance", self.tolerance)?;
        above_zero("iterations_max", f64::from(self.iterations_max))
    }
}

/// A fitted logistic regression.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LogisticRegression {
    /// Log-odds where all features are 0.
    pub intercept: f64,
    /// Log-odds a unit of each feature, in the order of the columns; 0 for a column that was constant.
    pub coefficients: Vec<f64>,
}

impl LogisticRegression {
    /// Fits to `rows` (row-major, `n_columns` numbers a target).
    ///
    /// # Errors
    /// Lengths differ, a number is not finite (named by row and column), both outcomes do not occur, an option is
    /// out of range, or the optimum was not reached.
    pub fn fit(
        rows: &[f64],
        n_columns: usize,
        targets: &[bool],
        weights: Option<&[f64]>,
        options: &LogisticOptions,
    ) -> Result<Self, LearnError> {
        options.check()?;
        let shares: Vec<f64> = targets.iter().map(|target| f64::from(u8::from(*target))).collect();
        let likelihood = Likelihood::new(rows, n_columns, &shares, weights, options.ridge)?;
        let weighs = |row: usize| weights.is_none_or(|weights| weights[row] > 0.0);
        let occurs =
            |class| targets.iter().enumerate().any(|(row, target)| *target == class && weighs(row));
        for target in [false, true] {
            if !occurs(!target) {
                return Err(LearnError::OneClass { target });
            }
        }
        let LogisticOptions { iterations_max, tolerance, .. } = *options;
        let optimum = likelihood.maximize(Stop { iterations_max, tolerance })?;
        Ok(Self { intercept: optimum.intercept, coefficients: optimum.coefficients })
    }

    /// The log-odds of one case; not a number where a feature is none.
    ///
    /// # Panics
    /// If the number of features is not that of the columns fitted to.
    pub fn margin(&self, features: &[f64]) -> f64 {
        assert_eq!(features.len(), self.coefficients.len(), "features of one case");
        let terms = self.coefficients.iter().zip(features).map(|(b, x)| b * x);
        self.intercept + terms.sum::<f64>()
    }

    /// The probability of one case, `0.0..=1.0`.
    ///
    /// # Panics
    /// If the number of features is not that of the columns fitted to.
    pub fn probability(&self, features: &[f64]) -> f64 {
        sigmoid(self.margin(features))
    }
}
