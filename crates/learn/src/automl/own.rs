//! Learners of the caller's own as members of the blend.
//!
//! In: an [`OwnLearner`] that fits to rows as ours get them, and predicts. Out: a member like any other: its margins on held-out
//! rows go to the blend, which weighs it; with weight it is fitted once more to all rows and then answers and explains with the rest.
//! Its contributions are sampled Shapley values: features of background rows are replaced one by one by those of the row asked
//! about, in a drawn order and its reverse; the steps of a way add up to the difference of its ends.
//! Source: Štrumbelj and Kononenko, 2014; Mitchell et al., 2022 (orders in pairs with their reverse), as in [`crate::network`].
//! Departures: it is code, so it is in no file: [`super::Model::to_bytes`] refuses a model that holds one.
//! Cost: its own; a row is explained by `2 · 8 background rows · (features + 1)` predictions of it.
//! Checked against: a learner whose answers are a formula (`tests/it/own_member.rs`).

use std::sync::Arc;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::profile::sampled;
use crate::features::{LinearView, LinearViewOptions};
use crate::{Contributions, LearnError, Matrix, Task, Training};

/// Background rows that contributions are measured from.
const BACKGROUND_ROWS: usize = 8;
/// Numbers that one question to the learner holds, about: 32 MiB.
const CELLS_MAX: usize = 4 << 20;
/// Probabilities stay this far from 0 and 1: a margin must be a number.
const PROBABILITY_MIN: f64 = 1e-6;
/// Probabilities of a row may miss 1 by this much: sums of rounded numbers do.
const SUM_TOLERANCE: f64 = 1e-6;

/// A learner of the caller's own, not fitted yet.
pub trait OwnLearner: Send + Sync {
    /// Its name on the leaderboard, unlike that of any other.
    fn name(&self) -> &str;

    /// Whether it takes features without missing values and categories, on one scale; else NaN and codes of levels.
    fn is_dense(&self) -> bool;

    /// A fit to rows (numbers, or classes as 0.0, 1.0, …; weights of at least 0); the learner itself stays as it is.
    ///
    /// # Errors
    /// Why it could not, in words.
    fn fit(&self, training: &Training) -> Result<Arc<dyn OwnFit>, String>;
}

/// A learner of the caller's own that was fitted.
pub trait OwnFit: Send + Sync {
    /// Row after row: a number, the probability of class 1, or one probability a class.
    ///
    /// # Errors
    /// Why it could not, in words.
    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, String>;
}

/// One of them as a part of a model.
#[derive(Clone)]
pub(super) struct OwnMember {
    name: String,
    task: Task,
    fit: Arc<dyn OwnFit>,
    view: Option<LinearView>,
    /// Training rows that contributions are measured from.
    background: Matrix,
    seed: u64,
}

impl std::fmt::Debug for OwnMember {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnMember").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for OwnMember {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.fit, &other.fit)
    }
}

impl OwnMember {
    pub(super) fn fit(
        learner: &dyn OwnLearner,
        training: &Training,
        seed: u64,
    ) -> Result<Self, LearnError> {
        let name = learner.name().to_owned();
        let view = if learner.is_dense() {
            Some(LinearView::fit(&training.features, &LinearViewOptions::default())?)
        } else {
            None
        };
        let fitted = match &view {
            None => learner.fit(training),
            Some(view) => {
                let features = view.apply(&training.features)?;
                learner.fit(&Training { features, ..training.clone() })
            }
        };
        let fit =
            fitted.map_err(|problem| LearnError::OwnLearner { name: name.clone(), problem })?;
        let rows = sampled(training.features.n_rows(), BACKGROUND_ROWS, seed);
        let background = training.features.take(&rows);
        Ok(Self { name, task: training.task, fit, view, background, seed })
    }

    /// Margins, row after row, one an output.
    pub(super) fn margins(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        let fault = |problem| LearnError::OwnLearner { name: self.name.clone(), problem };
        let predicted = match &self.view {
            None => self.fit.predict(features),
            Some(view) => self.fit.predict(&view.apply(features)?),
        };
        let mut values = predicted.map_err(fault)?;
        check(self.task, &values, features.n_rows()).map_err(fault)?;
        let held = |p: f64| p.clamp(PROBABILITY_MIN, 1.0 - PROBABILITY_MIN);
        for value in &mut values {
            *value = match self.task {
                Task::Regression => *value,
                Task::Binary => (held(*value) / (1.0 - held(*value))).ln(),
                Task::Multiclass { .. } => held(*value).ln(),
            };
        }
        Ok(values)
    }

    /// Sampled Shapley values; `base` is the mean margin of the background rows, so they add up to the margin.
    pub(super) fn contributions(&self, features: &Matrix) -> Result<Contributions, LearnError> {
        let (n_rows, n_features) = (features.n_rows(), features.n_features());
        let (n_outputs, n_background) = (self.task.n_outputs(), self.background.n_rows());
        let of_background = self.margins(&self.background)?;
        let mean = |output: usize| {
            let own = of_background.iter().skip(output).step_by(n_outputs);
            own.sum::<f64>() / n_background as f64
        };
        let base = (0..n_outputs).map(mean).collect();
        let orders = self.orders(n_features);
        let n_steps = n_features + 1;
        let per_row = 2 * n_background * n_steps * n_features.max(1);
        let at_once = (CELLS_MAX / per_row.max(1)).max(1);
        let mut values = vec![0.0; n_rows * n_outputs * n_features];
        for first in (0..n_rows).step_by(at_once) {
            let rows = first..n_rows.min(first + at_once);
            let margins = self.margins(&self.ways(features, rows.clone(), &orders)?)?;
            let ways = margins.chunks(n_steps * n_outputs);
            let asked = rows.flat_map(|row| orders.iter().map(move |order| (row, order)));
            for ((row, order), way) in asked.zip(ways) {
                for (step, feature) in order.iter().enumerate() {
                    for output in 0..n_outputs {
                        let at = step * n_outputs + output;
                        let change = way[at + n_outputs] - way[at];
                        values[(row * n_outputs + output) * n_features + feature] +=
                            change / orders.len() as f64;
                    }
                }
            }
        }
        Ok(Contributions { n_rows, n_features, base, values })
    }

    /// An order of the features and its reverse for each background row.
    fn orders(&self, n_features: usize) -> Vec<Vec<usize>> {
        let of = |background: usize| {
            let mut dice = ChaCha8Rng::seed_from_u64(self.seed);
            dice.set_stream(background as u64);
            let mut order: Vec<usize> = (0..n_features).collect();
            order.shuffle(&mut dice);
            let reverse = order.iter().rev().copied().collect();
            [order, reverse]
        };
        (0..self.background.n_rows()).flat_map(of).collect()
    }

    /// The states on the ways from each background row to each row: row after row, order after order, step after step.
    fn ways(
        &self,
        features: &Matrix,
        rows: std::ops::Range<usize>,
        orders: &[Vec<usize>],
    ) -> Result<Matrix, LearnError> {
        let n_features = features.n_features();
        let n_states = rows.len() * orders.len() * (n_features + 1);
        let mut steps = vec![vec![0; n_features]; orders.len()];
        for (places, order) in steps.iter_mut().zip(orders) {
            order.iter().enumerate().for_each(|(step, feature)| places[*feature] = step);
        }
        let mut states = Matrix::new(n_states);
        for feature in 0..n_features {
            let (own, from) = (features.column(feature), self.background.column(feature));
            let mut column = Vec::with_capacity(n_states);
            for row in rows.clone() {
                for (at, places) in steps.iter().enumerate() {
                    // Orders stand in pairs, one pair a background row.
                    let before = std::iter::repeat_n(from[at / 2], places[feature] + 1);
                    column.extend(before);
                    column.extend(std::iter::repeat_n(own[row], n_features - places[feature]));
                }
            }
            states.push(&features.names()[feature], features.kinds()[feature], column)?;
        }
        Ok(states)
    }
}

/// Refuses names that cannot be told apart, and what no learner of the caller's own can promise.
pub(super) fn check_names(
    own: &[Arc<dyn OwnLearner>],
    options: &super::AutoOptions,
) -> Result<(), LearnError> {
    let refused = |name: &str, problem: &str| {
        Err(LearnError::OwnLearner { name: name.to_owned(), problem: problem.to_owned() })
    };
    for (at, learner) in own.iter().enumerate() {
        let name = learner.name();
        // Ours are named by their method and a word or number behind it.
        let first = name.split(' ').next().unwrap_or_default();
        let is_ours = super::Method::ALL.iter().any(|method| method.name() == first);
        if is_ours || name.is_empty() || first == "extra" {
            return refused(name, "is named like a learner of ours");
        }
        if own[..at].iter().any(|other| other.name() == name) {
            return refused(name, "is there twice");
        }
        if !options.monotone.is_empty() {
            return refused(name, "cannot promise monotone constraints");
        }
    }
    Ok(())
}

/// Refuses answers that are none.
fn check(task: Task, values: &[f64], n_rows: usize) -> Result<(), String> {
    let n_outputs = task.n_outputs();
    if values.len() != n_rows * n_outputs {
        return Err(format!(
            "gives {} predictions for {n_rows} rows, expected {n_outputs} a row",
            values.len()
        ));
    }
    let (is_odd, expected): (fn(&f64) -> bool, &str) = match task {
        Task::Regression => (|value| !value.is_finite(), "a finite number"),
        _ => (|value| !(0.0..=1.0).contains(value), "a probability, 0 to 1"),
    };
    if let Some(at) = values.iter().position(is_odd) {
        let (row, value) = (at / n_outputs, values[at]);
        return Err(format!("predicts {value} for row {}, expected {expected}", row + 1));
    }
    let mut sums = values.chunks(n_outputs).map(|row| row.iter().sum::<f64>()).enumerate();
    match sums.find(|(_, sum)| n_outputs > 1 && (sum - 1.0).abs() > SUM_TOLERANCE) {
        Some((row, sum)) => {
            Err(format!("gives row {} probabilities that sum to {sum}, expected 1", row + 1))
        }
        None => Ok(()),
    }
}
