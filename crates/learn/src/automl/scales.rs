//! On which scale the numbers of a table are learned: chosen by what predicts held-out rows best on the table's own.
//!
//! In: numbers that are skewed. Out: the scale of least squared error of a quick boosted probe on held-out rows, *on the scale of the
//! table*: as they are, their logarithm, or the likeliest power of Yeo and Johnson. Another scale must gain a fiftieth, and more
//! than the standard error of what it gains.
//! Source: scikit-learn's `TransformedTargetRegressor` and `PowerTransformer`. Departures: chosen on validation, never by skewness
//! alone: a logarithm makes rare large numbers count less, and those may be what the sum of squares is about.
//! Cost: a probe of at most 20,000 rows for three scales on two to six folds, taken from the budget; none where that is over a tenth of it.
//! Checked against: planted worlds, additive and multiplicative (`tests/it/target_scale.rs`).

use serde::{Deserialize, Serialize};

use super::folds::{Held, Own};
use crate::blend::{ScaleMap, TargetScale};
use crate::roles::{Role, Targets};
use crate::split::Split;
use crate::trees::{BoostOptions, boost};
use crate::{Frame, LearnError, Pipeline, PipelineOptions, Task, Training};

/// Rows of either side of a fold that a probe looks at.
const ROWS_MAX: usize = 20_000;
/// Rows below which a probe tells nothing.
const ROWS_MIN: usize = 100;
/// Folds that it is held against: enough to hold out a few hundred rows.
fn n_folds(n_rows: f64) -> usize {
    if n_rows < 3_000.0 { 6 } else { 2 }
}

/// Skewness from which another scale may help.
const SKEWNESS_MIN: f64 = 1.0;
/// What another scale must leave of the squared error.
const WORTH_IT: f64 = 0.98;
const ROUNDS_MAX: u32 = 200;

/// One scale that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScaleTried {
    /// In words: `log of price`.
    pub name: String,
    /// Root of the mean squared error of the probe on held-out rows, on the scale of the table.
    pub rmse: f64,
}

/// On which scale numbers are learned, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScaleReport {
    /// The one that was chosen.
    pub scale: TargetScale,
    /// All that were tried; empty where numbers are not skewed, or the table or the budget is too small to tell.
    pub tried: Vec<ScaleTried>,
}

/// What a probe needs.
pub(super) struct Probe<'p> {
    pub(super) frame: &'p Frame,
    pub(super) roles: &'p [Role],
    pub(super) targets: &'p Targets,
    pub(super) weights: &'p [f64],
    pub(super) held: &'p Held,
    pub(super) features: &'p PipelineOptions,
    pub(super) seed: u64,
}

/// How the probe boosts: what any table allows in a moment.
pub(super) fn probe_options(seed: u64) -> BoostOptions {
    BoostOptions {
        iterations: ROUNDS_MAX,
        learning_rate: 0.1,
        leaves_max: 12,
        feature_fraction: 0.7,
        patience: 15,
        seed,
        ..BoostOptions::default()
    }
}

/// Fits that a probe makes at most, and rows of each.
pub(super) fn probe_size(n_rows: f64) -> (f64, f64) {
    (3.0 * n_folds(n_rows) as f64, n_rows.min(ROWS_MAX as f64))
}

/// Scales that these numbers could be learned on; fewer than two where there is nothing to choose.
pub(super) fn possible(targets: &Targets) -> Vec<TargetScale> {
    let mut scales = vec![TargetScale::AsIs];
    if targets.task != Task::Regression || targets.values.len() < ROWS_MIN {
        return scales;
    }
    if skewness(&targets.values).abs() < SKEWNESS_MIN {
        return scales;
    }
    if targets.values.iter().all(|y| *y > 0.0) {
        scales.push(TargetScale::Log);
    }
    scales.extend(TargetScale::likeliest_power(&targets.values));
    scales
}

/// Third moment over the third power of the deviation.
fn skewness(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().map(|y| y / n).sum::<f64>();
    let largest = values.iter().map(|y| (y - mean).abs()).fold(0.0, f64::max);
    if largest == 0.0 {
        return 0.0;
    }
    // In units of the largest distance: powers of large numbers would be none.
    let moment =
        |power: i32| values.iter().map(|y| ((y - mean) / largest).powi(power)).sum::<f64>() / n;
    moment(3) / moment(2).powf(1.5)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Whether errors are less than others by what is worth it, and by more than the standard error of the difference.
fn is_clearly_less(errors: &[f64], than: &[f64]) -> bool {
    let gains: Vec<f64> = than.iter().zip(errors).map(|(than, own)| than - own).collect();
    let gain = mean(&gains);
    let spread = gains.iter().map(|one| (one - gain).powi(2)).sum::<f64>().sqrt();
    let standard_error = spread / gains.len().max(1) as f64;
    gain > (1.0 - WORTH_IT) * mean(than) && gain > standard_error
}

/// The same targets on another scale.
pub(super) fn on_scale(targets: &Targets, scale: TargetScale) -> Targets {
    let values = targets.values.iter().map(|y| scale.apply(*y)).collect();
    Targets { values, ..targets.clone() }
}

impl Probe<'_> {
    /// Tries scales; the first is that of the table.
    pub(super) fn chosen(&self, scales: &[TargetScale]) -> ScaleReport {
        // A probe that fails tells nothing for its scale; what is wrong with the table, training tells.
        let errors: Vec<Option<Vec<f64>>> =
            scales.iter().map(|scale| self.squared_errors(*scale).ok()).collect();
        // Beyond every number it stays one: a report is JSON.
        let told = |rows: &Option<Vec<f64>>| rows.as_deref().map_or(f64::MAX, mean).min(f64::MAX);
        let means: Vec<f64> = errors.iter().map(told).collect();
        let is_worth_it = |at: &usize| match (&errors[0], &errors[*at]) {
            (Some(plain), Some(other)) => is_clearly_less(other, plain),
            _ => false,
        };
        let others = (1..scales.len()).filter(is_worth_it);
        let least = others.fold(0, |best, at| if means[at] < means[best] { at } else { best });
        let name = |scale: &TargetScale| scale.words(&self.targets.column);
        let tried = scales.iter().zip(&means);
        ScaleReport {
            scale: scales[least],
            tried: tried
                .map(|(scale, e)| ScaleTried { name: name(scale), rmse: e.sqrt() })
                .collect(),
        }
    }

    /// Weighted squared error of every held-out row on the scale of the table, in the same order for every scale.
    fn squared_errors(&self, scale: TargetScale) -> Result<Vec<f64>, LearnError> {
        let targets = on_scale(self.targets, scale);
        let (mut margins, mut rows) = (Vec::new(), Vec::new());
        for split in self.held.splits.iter().take(n_folds(self.targets.values.len() as f64)) {
            let held = thinned(&split.validation);
            margins.extend(self.fold(&targets, split, &held)?);
            rows.extend(held);
        }
        let pick =
            |values: &[f64]| -> Vec<f64> { rows.iter().map(|row| values[*row as usize]).collect() };
        let (learned, shown, weights) =
            (pick(&targets.values), pick(&self.targets.values), pick(self.weights));
        let map = ScaleMap::of(scale, &margins, &learned, &weights);
        let total: f64 = weights.iter().sum();
        let share = weights.len() as f64 / total;
        let told = map.numbers(&margins);
        let errors = told.iter().zip(&shown).zip(&weights);
        Ok(errors.map(|((told, shown), weight)| share * weight * (told - shown).powi(2)).collect())
    }

    fn fold(&self, targets: &Targets, split: &Split, held: &[u32]) -> Result<Vec<f64>, LearnError> {
        let rows = thinned(&split.train);
        let own_targets = targets.take(&rows);
        let mut own = Own::default();
        let folds = self.held.encoding(&rows, &mut own).seeded(self.seed);
        let (pipeline, features) =
            Pipeline::fit(&self.frame.take(&rows), self.roles, &own_targets, folds, self.features)?;
        let held_features = pipeline.transform_held(&self.frame.take(held))?;
        let training = |features, rows: &[u32]| {
            let pick = |values: &[f64]| rows.iter().map(|row| values[*row as usize]).collect();
            let (targets, weights) = (pick(&targets.values), pick(self.weights));
            Training { task: Task::Regression, features, targets, weights }
        };
        let held = training(held_features, held);
        let fitted =
            boost(&training(features, &rows), &probe_options(self.seed), Some(&held), &mut |_| {
                true
            })?;
        fitted.model.margins(&held.features)
    }
}

/// So many rows at most, evenly taken.
fn thinned(rows: &[u32]) -> Vec<u32> {
    let n = rows.len().min(ROWS_MAX);
    (0..n).map(|at| rows[at * rows.len() / n]).collect()
}
