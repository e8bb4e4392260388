//! What each feature did to each margin.
//!
//! In: a fitted model and rows. Out: a contribution a row, output and feature, in units of the margin, and a base; for
//! every row and output `base + Σ contributions = margin`. The margins of a blend are a weighted sum of those of its
//! parts, so its contributions are the same weighted sum of theirs (`Blend::contributions`).

use serde::{Deserialize, Serialize};

/// Contributions of features to margins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contributions {
    /// How many rows.
    pub n_rows: usize,
    /// How many features.
    pub n_features: usize,
    /// The margin before any feature is known, one an output.
    pub base: Vec<f64>,
    /// Row after row; in a row output after output; in an output a number a feature.
    pub values: Vec<f64>,
}

impl Contributions {
    /// How many outputs: one, or one a class.
    pub fn n_outputs(&self) -> usize {
        self.base.len()
    }

    /// What every feature did to one output of one row.
    pub fn of(&self, row: usize, output: usize) -> &[f64] {
        let start = (row * self.n_outputs() + output) * self.n_features;
        &self.values[start..start + self.n_features]
    }

    /// The margin they add up to.
    pub fn margin(&self, row: usize, output: usize) -> f64 {
        self.base[output] + self.of(row, output).iter().sum::<f64>()
    }

    /// Mean size of the contributions of each feature, over all rows and outputs: importance in units of the margin.
    pub fn importance(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.n_features];
        for part in self.values.chunks(self.n_features.max(1)) {
            sums.iter_mut().zip(part).for_each(|(sum, value)| *sum += value.abs());
        }
        let n = (self.n_rows * self.n_outputs()).max(1) as f64;
        sums.iter().map(|sum| sum / n).collect()
    }
}
