//! Sampled Shapley values of a network.
//!
//! In: rows. Out: contributions that add up to the margin by construction, and how sure each is.
//! A feature's Shapley value is what it changes when it is added, over all orders in which features are. Here features
//! of a background row are replaced one by one by those of the row asked about, in a random order and in the reverse
//! one, for each background row; steps of a way add up to the difference of its ends.
//! Source: Štrumbelj and Kononenko, Explaining prediction models and individual predictions with feature
//! contributions, 2014; orders in pairs with their reverse: Mitchell et al., Sampling permutations for Shapley value
//! estimation, 2022. This is the interventional value: features are taken as independent.
//! Departures: the base is the mean margin over the background rows, not over all rows: then nothing is left over.
//! Cost: `2 · background rows · features` margins a row. Failure: with few background rows the values are those of a
//! small sample; the standard error says how far off, and falls with their root.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::embedding::{Code, codes};
use super::model::NetworkModel;
use super::pass::Matrices;
use crate::{Contributions, LearnError, Matrix};

/// Contributions of features to the margins of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkExplanation {
    /// `base + Σ contributions = margin`, to rounding.
    pub contributions: Contributions,
    /// Standard error of each contribution over the background rows, in the same places; 0 where one row is all.
    pub standard_errors: Vec<f64>,
}

/// Sums over background rows.
struct Sums {
    values: Vec<f64>,
    squares: Vec<f64>,
}

impl NetworkModel {
    /// Contributions by sampled orders of the features, drawn from `seed`.
    ///
    /// # Errors
    /// The columns are not those of the training.
    pub fn contributions(
        &self,
        features: &Matrix,
        seed: u64,
    ) -> Result<NetworkExplanation, LearnError> {
        self.schema.check(features)?;
        let (n_features, n_outputs) = (self.encoders.len(), self.layout.n_outputs);
        let matrices = Matrices::new(&self.layout, &self.parameters, false);
        let n_background = self.background.len() / n_features;
        let of_background = self.margins_of_codes(&matrices, &self.background, n_background);
        let mean = |output: usize| {
            let margins = of_background.iter().skip(output).step_by(n_outputs);
            margins.sum::<f64>() / n_background as f64
        };
        let base: Vec<f64> = (0..n_outputs).map(mean).collect();
        let orders: Vec<Vec<usize>> = (0..n_background)
            .map(|at| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(at as u64);
                let mut order: Vec<usize> = (0..n_features).collect();
                order.shuffle(&mut rng);
                order
            })
            .collect();
        let explain = |row: usize| {
            self.explain(&matrices, &codes(&self.encoders, features, row..row + 1), &orders)
        };
        let n_rows = features.n_rows();
        let rows: Vec<Sums> = (0..n_rows).into_par_iter().map(explain).collect();
        let n = n_background as f64;
        let values = rows.iter().flat_map(|sums| sums.values.iter().map(|sum| sum / n)).collect();
        let error = |sums: &Sums, at: usize| {
            let spread = (sums.squares[at] - sums.values[at].powi(2) / n).max(0.0);
            if n_background > 1 { (spread / (n - 1.0) / n).sqrt() } else { 0.0 }
        };
        let standard_errors =
            rows.iter().flat_map(|sums| (0..sums.values.len()).map(|at| error(sums, at))).collect();
        let contributions = Contributions { n_rows, n_features, base, values };
        Ok(NetworkExplanation { contributions, standard_errors })
    }

    /// One row against all background rows.
    fn explain(&self, matrices: &Matrices, row: &[Code], orders: &[Vec<usize>]) -> Sums {
        let (n_features, n_outputs) = (self.encoders.len(), self.layout.n_outputs);
        let size = n_outputs * n_features;
        let mut sums = Sums { values: vec![0.0; size], squares: vec![0.0; size] };
        for (background, order) in self.background.chunks_exact(n_features).zip(orders) {
            // A feature that is the same in both rows changes nothing, whenever it is added.
            let order: Vec<usize> =
                order.iter().copied().filter(|at| row[*at] != background[*at]).collect();
            let reverse: Vec<usize> = order.iter().rev().copied().collect();
            let mut states = Vec::new();
            for order in [&order, &reverse] {
                let mut state = background.to_vec();
                states.extend_from_slice(&state);
                for at in order {
                    state[*at] = row[*at];
                    states.extend_from_slice(&state);
                }
            }
            let n_states = 2 * (order.len() + 1);
            let margins = self.margins_of_codes(matrices, &states, n_states);
            let mut values = vec![0.0; size];
            for (way, order) in [&order, &reverse].into_iter().enumerate() {
                for (step, feature) in order.iter().enumerate() {
                    let at = (way * (order.len() + 1) + step) * n_outputs;
                    for output in 0..n_outputs {
                        let change = margins[at + n_outputs + output] - margins[at + output];
                        values[output * n_features + feature] += change / 2.0;
                    }
                }
            }
            for (at, value) in values.iter().enumerate() {
                sums.values[at] += value;
                sums.squares[at] += value * value;
            }
        }
        sums
    }
}
