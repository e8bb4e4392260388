//! Gradient boosting: trees added one after the other, each to where the loss falls.
//!
//! In: training rows, options, perhaps validation rows. Out: a [`TreeModel`] whose margin is the start plus
//! `learning_rate` times the answers of its trees, and the validation loss a round.
//! Source: Friedman, Greedy function approximation, 2001; second order as Chen and Guestrin, XGBoost, 2016; histograms
//! and leaf-wise growth as Ke et al., LightGBM, 2017.
//! Departures: no one-side sampling, no exclusive feature bundling; the bag is drawn row by row, so its size varies;
//! missing values go where they gain more, also for categories.
//! Cost: O(rounds · outputs · rows · features), see `docs/methods/boosted-trees.md`.
//! Checked against: a slow exact booster (`tests/it/trees/growth.rs`), LightGBM (`docs/methods/boosted-trees.md`).

use rayon::prelude::*;

use super::binning::{BinOptions, Binned};
use super::draws::in_bag;
use super::grow::{Grower, Grown, set_covers};
use super::histogram::Pair;
use super::loss::{Loss, quantile};
use super::model::{Link, Tree, TreeModel};
use super::options::BoostOptions;
use crate::work::{Step, Work, sorted};
use crate::{LearnError, Matrix, Task, Training};

/// How far boosting is, told after each round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Rounds made, from 1.
    pub iteration: u32,
    /// Rounds asked for.
    pub iterations: u32,
    /// Loss of the validation rows after this round.
    pub validation_loss: Option<f64>,
    /// The round with the least validation loss, or the last.
    pub best_iteration: u32,
    /// Seconds of one core that the work so far is worth: counted, not timed.
    pub work_s: f64,
}

/// Why boosting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoppedBy {
    /// All rounds were made.
    Iterations,
    /// The validation loss did not fall for `patience` rounds.
    Patience,
    /// `keep_going` said no.
    Caller,
    /// No split gains anything any more.
    NoSplit,
}

/// What boosting gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Boosted {
    /// The model of the best round where there were validation rows, else of the last.
    pub model: TreeModel,
    /// Rounds in the model.
    pub iterations: u32,
    /// Loss of the validation rows after each round made; empty without such rows.
    pub validation_losses: Vec<f64>,
    /// Why it ended.
    pub stopped_by: StoppedBy,
}

/// Fits boosted trees. `keep_going` is asked after each round; with `false` it ends with what it has.
///
/// # Errors
/// The training or validation rows or an option are not sound; the message names the place.
pub fn boost(
    training: &Training,
    options: &BoostOptions,
    validation: Option<&Training>,
    keep_going: &mut dyn FnMut(&Progress) -> bool,
) -> Result<Boosted, LearnError> {
    Run::new(training, options, validation, None)?.go(keep_going)
}

/// Adds rounds to a boosted model, on the same or on new rows with the same features. The trees of `model` stay; rounds
/// in the answer are those added. Levels that `model` never saw stay missing.
///
/// # Errors
/// As [`boost`]; the model is a forest, or of other features or another task.
pub fn boost_on(
    model: &TreeModel,
    training: &Training,
    options: &BoostOptions,
    validation: Option<&Training>,
    keep_going: &mut dyn FnMut(&Progress) -> bool,
) -> Result<Boosted, LearnError> {
    if model.task != training.task || model.link != link(training.task) {
        return Err(LearnError::Argument {
            what: "outputs of the model to add to",
            found: model.n_outputs() as f64,
            expected: "a boosted model of the same task",
        });
    }
    model.check_features(&training.features)?;
    Run::new(training, options, validation, Some(model))?.go(keep_going)
}

fn link(task: Task) -> Link {
    if task == Task::Regression { Link::Identity } else { Link::Logit }
}

/// Scores of some rows, an output after the other.
struct Scored<'a> {
    rows: &'a Training,
    scores: Vec<f64>,
}

impl<'a> Scored<'a> {
    fn new(rows: &'a Training, model: &TreeModel) -> Result<Self, LearnError> {
        let n_outputs = model.n_outputs();
        let margins = model.margins(&rows.features)?;
        let by_output = (0..n_outputs)
            .flat_map(|output| margins[output..].iter().step_by(n_outputs).copied())
            .collect();
        Ok(Self { rows, scores: by_output })
    }

    /// The scores of one output.
    fn of(&mut self, output: usize) -> &mut [f64] {
        let n_rows = self.rows.targets.len();
        &mut self.scores[output * n_rows..(output + 1) * n_rows]
    }
}

struct Run<'a> {
    options: &'a BoostOptions,
    loss: Loss,
    binned: Binned,
    training: Scored<'a>,
    validation: Option<Scored<'a>>,
    /// Weights with `positive_weight` in them.
    weights: Vec<f64>,
    /// Rows that weigh anything.
    rows: Vec<u32>,
    pairs: Vec<Pair>,
    model: TreeModel,
    n_trees_before: usize,
    work: Work,
}

impl<'a> Run<'a> {
    fn new(
        training: &'a Training,
        options: &'a BoostOptions,
        validation: Option<&'a Training>,
        before: Option<&TreeModel>,
    ) -> Result<Self, LearnError> {
        training.check()?;
        options.check(&training.features, training.task)?;
        let loss = Loss::of(training.task, options.regression_loss);
        let weights = weights(training, options.positive_weight);
        let rows = weighing_rows(training)?;
        let bins = BinOptions {
            bins_max: options.bins_max,
            bin_rows_min: options.bin_rows_min,
            seed: options.seed,
        };
        let known = before.map(|model| model.level_bins.as_slice());
        let binned = Binned::new(&training.features, &rows, &training.weights, bins, known)?;
        let model = match before {
            Some(model) => model.clone(),
            None => TreeModel {
                task: training.task,
                link: link(training.task),
                kinds: training.features.kinds().to_vec(),
                level_bins: binned.features.iter().map(|bins| bins.level_bins.clone()).collect(),
                start: loss.start(training, &weights),
                trees: Vec::new(),
            },
        };
        let validation = validation.map(|rows| check_validation(rows, training)).transpose()?;
        let validation = validation.map(|rows| Scored::new(rows, &model)).transpose()?;
        let features = &training.features;
        let training = Scored::new(training, &model)?;
        let pairs = vec![Pair::default(); training.scores.len()];
        let n_trees_before = model.trees.len();
        Ok(Self {
            options,
            loss,
            binned,
            training,
            validation,
            weights,
            rows,
            pairs,
            model,
            n_trees_before,
            work: sorted(features),
        })
    }

    fn go(mut self, keep_going: &mut dyn FnMut(&Progress) -> bool) -> Result<Boosted, LearnError> {
        let iterations = self.options.iterations;
        let mut losses = Vec::new();
        let mut best: (u32, f64) = (0, f64::INFINITY);
        let mut n_made = 0;
        let mut stopped_by = StoppedBy::Iterations;
        for iteration in 1..=iterations {
            if !self.round(iteration) {
                stopped_by = StoppedBy::NoSplit;
                break;
            }
            n_made = iteration;
            let validation_loss = self.validation_loss();
            losses.extend(validation_loss);
            match validation_loss {
                Some(loss) if loss < best.1 => best = (iteration, loss),
                Some(_) => {}
                None => best.0 = iteration,
            }
            let best_iteration = best.0;
            let work_s = self.work.seconds();
            let progress =
                Progress { iteration, iterations, validation_loss, best_iteration, work_s };
            if !keep_going(&progress) {
                stopped_by = StoppedBy::Caller;
                break;
            }
            if self.options.patience > 0 && iteration - best.0 >= self.options.patience {
                stopped_by = StoppedBy::Patience;
                break;
            }
        }
        // Without patience the caller asked for all rounds, whatever the validation rows say.
        let kept = if self.options.patience > 0 { best.0 } else { n_made };
        let n_outputs = self.model.n_outputs();
        self.model.trees.truncate(self.n_trees_before + kept as usize * n_outputs);
        let model = self.model;
        Ok(Boosted { model, iterations: kept, validation_losses: losses, stopped_by })
    }

    fn validation_loss(&self) -> Option<f64> {
        let scored = self.validation.as_ref()?;
        Some(self.loss.validate(&scored.rows.targets, &scored.rows.weights, &scored.scores))
    }

    /// One tree an output; `false` where none of them found a split and no draw could change that.
    fn round(&mut self, iteration: u32) -> bool {
        let targets = &self.training.rows.targets;
        self.loss.derivatives(targets, &self.weights, &self.training.scores, &mut self.pairs);
        let n_rows = targets.len();
        let n_outputs = self.model.n_outputs();
        self.count_round(n_rows);
        let bag = self.bag(iteration);
        let mut trees = Vec::with_capacity(n_outputs);
        for output in 0..n_outputs {
            let pairs = &self.pairs[output * n_rows..(output + 1) * n_rows];
            let number = (self.n_trees_before + iteration as usize * n_outputs + output) as u64;
            let grower = Grower { binned: &self.binned, options: self.options };
            let mut grown = grower.grow(pairs, bag.clone(), number);
            grown.tree.first_output = u32::try_from(output).expect("classes are u32");
            self.settle(&mut grown, output);
            self.work.add(&grown.work);
            trees.push(grown);
        }
        let is_drawn = self.options.bagging_fraction < 1.0
            || self.options.feature_fraction < 1.0
            || self.options.node_feature_fraction < 1.0
            || self.options.random_thresholds;
        if !is_drawn && trees.iter().all(|grown| grown.tree.nodes.is_empty()) {
            return false;
        }
        for (output, grown) in trees.into_iter().enumerate() {
            self.add(grown, output);
        }
        true
    }

    /// Counts what a round does beside growing its trees, as if they had all their leaves.
    fn count_round(&mut self, n_rows: usize) {
        let n_outputs = self.model.n_outputs();
        let n_held = self.validation.as_ref().map_or(0, |held| held.rows.targets.len());
        let is_drawn = self.options.bagging_fraction < 1.0;
        self.work.count(Step::Derivative, (n_rows + n_held) * n_outputs);
        self.work.count(Step::Moved, 2 * n_rows * n_outputs);
        self.work.count(Step::Drawn, if is_drawn { n_rows } else { 0 });
        let n_walking = n_held + if is_drawn { n_rows } else { 0 };
        let depth = 1 + self.options.leaves_max.ilog2() as usize;
        self.work.count(Step::Walked, n_walking * n_outputs * depth);
    }

    /// Rows of a round, ascending.
    fn bag(&self, iteration: u32) -> Vec<u32> {
        let share = self.options.bagging_fraction;
        if share >= 1.0 {
            return self.rows.clone();
        }
        let bag = (iteration - 1) / self.options.bagging_every;
        let drawn = |row: &&u32| in_bag(self.options.seed, u64::from(bag), u64::from(**row), share);
        let rows: Vec<u32> = self.rows.iter().filter(drawn).copied().collect();
        if rows.is_empty() { self.rows.clone() } else { rows }
    }

    /// Sets what leaves add: quantiles where the loss asks for them, times the learning rate; and their weights.
    fn settle(&self, grown: &mut Grown, output: usize) {
        let rows = self.training.rows;
        let scores = &self.training.scores[output * rows.targets.len()..];
        for (leaf, range) in grown.leaves.iter().enumerate() {
            if let Some(level) = self.loss.renewal_level() {
                let residual = |row: &u32| {
                    let row = *row as usize;
                    (rows.targets[row] - scores[row], self.weights[row])
                };
                let mut cases: Vec<_> = grown.rows[range.clone()].iter().map(residual).collect();
                let bounds = grown.bounds[leaf];
                grown.tree.values[leaf] = quantile(&mut cases, level).max(bounds.0).min(bounds.1);
            }
            grown.tree.values[leaf] *= self.options.learning_rate;
        }
        let cover = |range: &std::ops::Range<usize>| {
            grown.rows[range.clone()].iter().map(|row| rows.weights[*row as usize]).sum()
        };
        let covers = grown.leaves.iter().map(cover).collect();
        set_covers(&mut grown.tree, covers);
    }

    /// Adds a tree to the model and to all scores.
    fn add(&mut self, grown: Grown, output: usize) {
        let level_bins = &self.model.level_bins;
        let scores = self.training.of(output);
        if grown.rows.len() == scores.len() {
            for (range, value) in grown.leaves.iter().zip(&grown.tree.values) {
                for row in &grown.rows[range.clone()] {
                    scores[*row as usize] += value;
                }
            }
        } else {
            let features = &self.training.rows.features;
            add_to_scores(&grown.tree, level_bins, features, self.training.of(output));
        }
        if let Some(validation) = &mut self.validation {
            let features = &validation.rows.features;
            add_to_scores(&grown.tree, level_bins, features, validation.of(output));
        }
        self.model.trees.push(grown.tree);
    }
}

/// Adds the answers of a tree to the scores of rows.
fn add_to_scores(tree: &Tree, level_bins: &[Vec<u8>], features: &Matrix, scores: &mut [f64]) {
    scores.par_iter_mut().with_min_len(4096).enumerate().for_each(|(row, score)| {
        let leaf = tree.leaf(level_bins, |feature| features.column(feature)[row]);
        *score += tree.values[leaf];
    });
}

fn weights(training: &Training, positive: f64) -> Vec<f64> {
    let cases = training.weights.iter().zip(&training.targets);
    let is_raised = |target: f64| training.task == Task::Binary && target == 1.0;
    cases.map(|(weight, target)| weight * if is_raised(*target) { positive } else { 1.0 }).collect()
}

/// Rows that weigh anything, ascending.
pub(super) fn weighing_rows(training: &Training) -> Result<Vec<u32>, LearnError> {
    let n_rows = training.targets.len();
    let fits = |n_rows: &u32| i32::try_from(*n_rows).is_ok();
    let n_rows = u32::try_from(n_rows).ok().filter(fits).ok_or(LearnError::Argument {
        what: "number of rows",
        found: n_rows as f64,
        expected: "at most 2147483647",
    })?;
    Ok((0..n_rows).filter(|row| training.weights[*row as usize] > 0.0).collect())
}

/// Validation rows must be sound, but may have one class only.
fn check_validation<'a>(
    rows: &'a Training,
    training: &Training,
) -> Result<&'a Training, LearnError> {
    if rows.task != training.task {
        return Err(LearnError::Argument {
            what: "outputs of the validation rows",
            found: rows.task.n_outputs() as f64,
            expected: "the task of the training rows",
        });
    }
    match rows.check() {
        Ok(()) | Err(LearnError::OneTarget { .. }) => Ok(rows),
        Err(error) => Err(error),
    }
}
