//! One model out of several: a weighted sum of their margins, then a calibration.
//!
//! In: margins of every part on rows that no part was fitted to ([`OutOfFold`], or the second of [three
//! parts](crate::split::ThreeParts)), targets, weights. Out: a [`Blend`]: weights of at least 0, the calibration, the
//! loss of every candidate.
//! Candidates, simplest first: the best part alone; equal weights; weights that minimize the loss, drawn by shrinkage
//! towards either; greedy selection. Each is fitted and held against its rows by folds; the least mean loss wins. The
//! calibration is chosen alike: none, temperature, sigmoid, monotone steps.
//! Source: Wolpert, Stacked generalization, 1992; Breiman, Stacked regressions, 1996 (weights not below 0); Caruana et
//! al., Ensemble selection from libraries of models, 2004; Guo et al., On calibration of modern neural networks, 2017
//! (temperature); the three-part form is that of EasyBlend.
//! Departures: parts are added in margins (log-odds), where contributions of features add up too; stacking in
//! probabilities was turned down for that. Weights need not sum to 1 unless asked: a sum below or above 1 is a
//! temperature. The calibration is chosen on margins whose weights were fitted to the same rows: as many numbers as
//! parts, against thousands of rows.
//! Cost: O(rows × parts²) a Newton step, under ten of them a candidate and fold.
//! Checked against: SciPy, optimality conditions, all greedy choices (`tests/it/blend.rs`).

mod calibrate;
mod candidates;
mod scale;
mod stacking;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use calibrate::{CalibrationKind, CalibrationLoss, MarginMap};
pub use candidates::{BlendMethod, Toward};
pub use scale::{ScaleMap, TargetScale};

use crate::error::same_length;
use crate::split::{self, Split};
use crate::{Contributions, LearnError, Reliability, Task, metrics};

/// Bins of a reliability.
const RELIABILITY_BINS: usize = 10;

/// Margins of all parts on the same rows, with what came true.
#[derive(Clone, Debug, PartialEq)]
pub struct BlendRows {
    /// What is predicted.
    pub task: Task,
    /// One a part; row after row, one an output.
    pub margins: Vec<Vec<f64>>,
    /// A number, or a class as 0.0, 1.0, …
    pub targets: Vec<f64>,
    /// How many cases a row stands for.
    pub weights: Vec<f64>,
}

impl BlendRows {
    /// The named rows, in that order.
    #[must_use]
    pub fn take(&self, rows: &[u32]) -> Self {
        let n_outputs = self.task.n_outputs();
        let pick = |values: &Vec<f64>, width: usize| -> Vec<f64> {
            let starts = rows.iter().map(|row| *row as usize * width);
            starts.flat_map(|start| values[start..start + width].iter().copied()).collect()
        };
        Self {
            task: self.task,
            margins: self.margins.iter().map(|margins| pick(margins, n_outputs)).collect(),
            targets: pick(&self.targets, 1),
            weights: pick(&self.weights, 1),
        }
    }

    fn check(&self) -> Result<(), LearnError> {
        if self.margins.is_empty() {
            return Err(LearnError::Split { what: "parts to blend", asked: 1, found: 0 });
        }
        for (column, margins) in self.margins.iter().enumerate() {
            same_length(
                "margins of a part",
                self.targets.len() * self.task.n_outputs(),
                margins.len(),
            )?;
            if let Some(row) =
                margins.iter().position(|margin| margin.is_nan() || margin.abs() > 1e150)
            {
                let value = margins[row];
                return Err(LearnError::Feature {
                    row: row / self.task.n_outputs(),
                    column,
                    value,
                });
            }
        }
        crate::Training {
            task: self.task,
            features: crate::Matrix::new(self.targets.len()),
            targets: self.targets.clone(),
            weights: self.weights.clone(),
        }
        .check()
    }

    /// `Σ weight · margins` of the parts.
    fn mixed(&self, weights: &[f64]) -> Vec<f64> {
        mix(&self.margins, weights)
    }

    fn loss(&self, weights: &[f64]) -> f64 {
        self.loss_of(&self.mixed(weights))
    }

    /// [`Self::loss_of`] had other targets come true.
    pub(super) fn loss_with(&self, margins: &[f64], targets: Vec<f64>) -> f64 {
        let mean = metrics::mean_loss(self.task, margins, &targets, Some(&self.weights));
        mean.unwrap_or(f64::INFINITY)
    }

    /// Infinite where no row weighs anything: such a fold must not choose.
    pub(crate) fn loss_of(&self, margins: &[f64]) -> f64 {
        let mean = metrics::mean_loss(self.task, margins, &self.targets, Some(&self.weights));
        mean.unwrap_or(f64::INFINITY)
    }
}

fn mix(margins: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; margins[0].len()];
    for (margins, weight) in margins.iter().zip(weights).filter(|(_, weight)| **weight != 0.0) {
        sum.iter_mut().zip(margins).for_each(|(sum, margin)| *sum += weight * margin);
    }
    sum
}

/// How to fit a [`Blend`].
#[derive(Clone, Debug, PartialEq)]
pub struct BlendOptions {
    /// Folds that choose the method and the calibration, at least 2.
    pub n_folds: u32,
    /// What folds are drawn from.
    pub seed: u64,
    /// Whether stacked weights must sum to 1.
    pub sum_to_one: bool,
    /// Penalties on half the squared distance from the weights drawn towards, a unit of mean loss; above 0.
    pub shrinkages: Vec<f64>,
    /// Parts that greedy selection adds at most.
    pub greedy_rounds: u32,
    /// Whether to calibrate at all; numbers are never calibrated.
    pub calibrate: bool,
    /// For a handful of rows: equal weights unless others are clearly better, and probabilities drawn to the base rate.
    pub cautious: bool,
}

impl Default for BlendOptions {
    fn default() -> Self {
        Self {
            n_folds: 5,
            seed: 0,
            sum_to_one: false,
            shrinkages: vec![1e-3, 1e-2, 1e-1],
            greedy_rounds: 20,
            calibrate: true,
            cautious: false,
        }
    }
}

/// What a method was worth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodLoss {
    /// Which one.
    pub method: BlendMethod,
    /// Mean loss over folds it was not fitted to.
    pub loss: f64,
}

/// A fitted blend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blend {
    task: Task,
    /// Of each part, at least 0.
    pub weights: Vec<f64>,
    /// How they were found.
    pub method: BlendMethod,
    /// What every method was worth, in the order they were tried.
    pub methods: Vec<MethodLoss>,
    /// From margins to probabilities, or to numbers where they were learned on another scale.
    pub calibration: MarginMap,
    /// What every calibration was worth; empty where none was tried.
    pub calibrations: Vec<CalibrationLoss>,
}

/// A blend against rows that it was not fitted to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// Mean loss of each part alone.
    pub part_losses: Vec<f64>,
    /// Mean loss of the blend before calibration.
    pub loss_before: f64,
    /// Mean loss of the blend as it answers.
    pub loss_after: f64,
    /// Stated probabilities against what came true, before calibration; two classes only.
    pub reliability_before: Option<Reliability>,
    /// The same as it answers.
    pub reliability_after: Option<Reliability>,
}

impl Blend {
    /// Chooses a method and a calibration by folds of these rows, and fits both to all of them. The least loss wins; one part alone
    /// only where it is better than every mixture by more than a standard error.
    ///
    /// # Errors
    /// Lengths differ, a number is not finite, one outcome only occurs, folds are impossible, or an option is out of
    /// range.
    pub fn fit(rows: &BlendRows, options: &BlendOptions) -> Result<Self, LearnError> {
        rows.check()?;
        let methods = candidates::candidates(rows.margins.len(), options)?;
        let folds = folds(rows, options)?;
        let held: Vec<HeldOut> =
            methods.par_iter().map(|method| HeldOut::of(*method, &folds)).collect();
        let method = methods[chosen(&methods, &held, options.cautious)];
        let with_loss = methods.iter().zip(&held);
        let losses =
            with_loss.map(|(method, held)| MethodLoss { method: *method, loss: held.mean });
        let losses: Vec<MethodLoss> = losses.collect();
        let weights = method.weights(rows);
        let margins = rows.mixed(&weights);
        let (calibration, calibrations) = match (rows.task, options.calibrate) {
            (Task::Regression, _) => (MarginMap::Identity, Vec::new()),
            _ if options.cautious => (calibrate::tamed(rows, &margins), Vec::new()),
            (_, false) => (MarginMap::Identity, Vec::new()),
            _ => calibrate::choose(rows, &margins, &splits(rows, options)?),
        };
        Ok(Self { task: rows.task, weights, method, methods: losses, calibration, calibrations })
    }

    /// Whether a blend that was read from a file belongs to a task and so many parts.
    pub(crate) fn sound(&self, task: Task, n_parts: usize) -> Result<(), &'static str> {
        if self.task != task {
            return Err("it is of another task than the model");
        }
        if self.weights.len() != n_parts || n_parts == 0 {
            return Err("it has another number of weights than there are learners");
        }
        if self.weights.iter().any(|weight| weight.is_nan() || *weight < 0.0) {
            return Err("a weight is below 0");
        }
        self.calibration.sound(task)
    }

    /// Margins of the blend from those of its parts, before calibration.
    ///
    /// # Errors
    /// Another number of parts, or their lengths differ.
    pub fn margins(&self, parts: &[Vec<f64>]) -> Result<Vec<f64>, LearnError> {
        same_length("parts", self.weights.len(), parts.len())?;
        for part in parts {
            same_length("margins of a part", parts[0].len(), part.len())?;
        }
        Ok(mix(parts, &self.weights))
    }

    /// Calibrated probabilities, of class 1 or one a class; predictions where numbers are predicted.
    ///
    /// # Errors
    /// Another number of parts, or their lengths differ.
    pub fn predictions(&self, parts: &[Vec<f64>]) -> Result<Vec<f64>, LearnError> {
        Ok(self.calibration.probabilities(self.task, &self.margins(parts)?))
    }

    /// What features did to the margin of the blend (before calibration, which is monotone and changes no order): the
    /// weighted sum of what they did to the margins of the parts.
    ///
    /// # Errors
    /// Another number of parts, or their shapes differ.
    pub fn contributions(&self, parts: &[Contributions]) -> Result<Contributions, LearnError> {
        same_length("parts", self.weights.len(), parts.len())?;
        let first = &parts[0];
        for part in parts {
            same_length("contributions of a part", first.values.len(), part.values.len())?;
            same_length("features of a part", first.n_features, part.n_features)?;
            same_length("bases of a part", first.base.len(), part.base.len())?;
        }
        let sum = |of: fn(&Contributions) -> &Vec<f64>| {
            let mut sum = vec![0.0; of(first).len()];
            for (part, weight) in parts.iter().zip(&self.weights) {
                sum.iter_mut().zip(of(part)).for_each(|(sum, value)| *sum += weight * value);
            }
            sum
        };
        let (n_rows, n_features) = (first.n_rows, first.n_features);
        let (base, values) = (sum(|part| &part.base), sum(|part| &part.values));
        Ok(Contributions { n_rows, n_features, base, values })
    }

    /// Holds the blend against rows that neither it nor its parts were fitted to: part three of the three-part form.
    ///
    /// # Errors
    /// Another number of parts, lengths differ, a number is not finite, or one outcome only occurs.
    pub fn assess(&self, rows: &BlendRows) -> Result<Assessment, LearnError> {
        rows.check()?;
        same_length("parts", self.weights.len(), rows.margins.len())?;
        let margins = rows.mixed(&self.weights);
        let binary = matches!(rows.task, Task::Binary);
        let targets: Vec<bool> = rows.targets.iter().map(|target| *target > 0.0).collect();
        let reliability = |map: &MarginMap| {
            let probabilities = map.probabilities(rows.task, &margins);
            binary.then(|| Reliability::of(&probabilities, &targets, RELIABILITY_BINS))
        };
        Ok(Assessment {
            part_losses: rows.margins.iter().map(|part| rows.loss_of(part)).collect(),
            loss_before: rows.loss_of(&margins),
            loss_after: self.calibration.loss(rows, &margins),
            reliability_before: reliability(&MarginMap::Identity),
            reliability_after: reliability(&self.calibration),
        })
    }
}

fn splits(rows: &BlendRows, options: &BlendOptions) -> Result<Vec<Split>, LearnError> {
    let n_rows = rows.targets.len();
    match rows.task {
        Task::Regression => split::random_folds(n_rows, options.n_folds, options.seed),
        // A class too rare for every fold must not stop a blend; losses are defined without it.
        _ => split::stratified_folds(&rows.targets, options.n_folds, options.seed)
            .or_else(|_| split::random_folds(n_rows, options.n_folds, options.seed)),
    }
}

/// Rows to fit to and rows to hold the fit against.
fn folds(
    rows: &BlendRows,
    options: &BlendOptions,
) -> Result<Vec<(BlendRows, BlendRows)>, LearnError> {
    let splits = splits(rows, options)?;
    Ok(splits.iter().map(|split| (rows.take(&split.train), rows.take(&split.validation))).collect())
}

/// Losses of a method over folds it was not fitted to.
struct HeldOut {
    mean: f64,
    /// Of each row, times its share of all weight.
    losses: Vec<f64>,
}

impl HeldOut {
    fn of(method: BlendMethod, folds: &[(BlendRows, BlendRows)]) -> Self {
        let total: f64 = folds.iter().flat_map(|(_, held)| &held.weights).sum();
        let mut losses = Vec::new();
        for (train, held) in folds.iter().filter(|(_, held)| held.weights.iter().any(|w| *w > 0.0))
        {
            let margins = held.mixed(&method.weights(train));
            let of_rows = metrics::losses(held.task, &margins, &held.targets);
            losses.extend(of_rows.iter().zip(&held.weights).map(|(loss, w)| loss * w / total));
        }
        Self { mean: losses.iter().sum(), losses }
    }

    /// Whether the loss is less by more than the standard error of the difference.
    fn is_clearly_less(&self, than: &Self) -> bool {
        let n = self.losses.len() as f64;
        let gaps = than.losses.iter().zip(&self.losses).map(|(than, own)| than - own);
        let mean = gaps.clone().sum::<f64>() / n;
        let square: f64 = gaps.map(|gap| (gap - mean).powi(2)).sum();
        n * mean > square.sqrt()
    }
}

/// The method of least loss, the simpler where equal. The best part alone must be clearly better than every mixture: it was picked by these
/// very rows out of all that were tried, which flatters it; a mixture averages that out. Where caution is asked for, every method must be clearly
/// better than equal weights, which nothing was fitted to.
fn chosen(methods: &[BlendMethod], held: &[HeldOut], is_cautious: bool) -> usize {
    let least = |from: usize| {
        (from..held.len()).min_by(|a, b| held[*a].mean.total_cmp(&held[*b].mean)).unwrap_or(0)
    };
    let (best, mixture) = (least(0), least(1));
    let equal = methods.iter().position(|method| *method == BlendMethod::Equal);
    if let Some(equal) = equal.filter(|_| is_cautious) {
        return if held[best].is_clearly_less(&held[equal]) { best } else { equal };
    }
    let is_alone = methods[best] == BlendMethod::BestPart && mixture != best;
    if is_alone && !held[best].is_clearly_less(&held[mixture]) { mixture } else { best }
}

/// Margins for every row, each from a model that was not fitted to it.
#[derive(Clone, Debug, PartialEq)]
pub struct OutOfFold {
    /// Row after row, one an output.
    pub margins: Vec<f64>,
}

impl OutOfFold {
    /// Asks `predict` for the margins of the rows that each fold holds out, and puts them in their places.
    ///
    /// # Errors
    /// Folds do not hold every row out exactly once, `predict` fails, or it gives another number of margins.
    pub fn new<E: From<LearnError>>(
        n_rows: usize,
        n_outputs: usize,
        folds: &[Split],
        mut predict: impl FnMut(&Split) -> Result<Vec<f64>, E>,
    ) -> Result<Self, E> {
        let mut margins = vec![0.0; n_rows * n_outputs];
        let mut is_held = vec![false; n_rows];
        for fold in folds {
            fold.check(n_rows)?;
            let held = predict(fold)?;
            same_length("margins of a fold", fold.validation.len() * n_outputs, held.len())?;
            for (row, of_row) in fold.validation.iter().zip(held.chunks(n_outputs)) {
                let at = *row as usize;
                if std::mem::replace(&mut is_held[at], true) {
                    let problem = "is held out by two folds";
                    return Err(LearnError::SplitRow { row: *row, problem }.into());
                }
                margins[at * n_outputs..(at + 1) * n_outputs].copy_from_slice(of_row);
            }
        }
        if let Some(row) = (0_u32..).zip(&is_held).find(|(_, held)| !**held).map(|(row, _)| row) {
            return Err(LearnError::SplitRow { row, problem: "is held out by no fold" }.into());
        }
        Ok(Self { margins })
    }
}
