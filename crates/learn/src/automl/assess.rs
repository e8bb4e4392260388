//! How good a model is, on rows that it was not fitted to, and what it is made of.
//!
//! In: margins of every part on held-out rows. Out: a [`ModelReport`]. Weights and calibration of the blend are fitted to those
//! same rows, so its own figures are *crossed*: five times, a blend is fitted to four fifths of them and judged by the fifth.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::candidate::{Candidate, Method};
use super::dependence::{self, Dependence};
use super::drift::{self, Drift};
use super::leaks::LeakCheck;
use super::model::{Explanation, Model, joined, largest, sources_of};
use super::outcomes::{self, ClassOutcome, NumberOutcome};
use super::profile::{self, DataProfile, FoldSize, ROWS_MAX, sampled, views};
use super::scales::ScaleReport;
use super::slices::{self, Judged, WeakSlices};
use crate::blend::{Blend, BlendMethod, BlendOptions, BlendRows, CalibrationKind, MarginMap};
use crate::metrics::{self, GainPoint, PrecisionPoint, RocPoint, Threshold};
use crate::roles::Role;
use crate::split::{self, Split};
use crate::{Frame, LearnError, Matrix, Reliability, Task, Training};

/// Points of a curve that are kept: as many as a plot can show.
const CURVE_POINTS: usize = 200;
/// Rows that importance is measured on.
const IMPORTANCE_ROWS: usize = 600;
/// Rows times columns that are shuffled for it.
const IMPORTANCE_CELLS: usize = 20_000;
/// Columns that are shuffled, those of the greatest contributions: each costs the margins of the whole sample, and of 1,500 that
/// came to sixteen times what a budget of a second allows.
const SHUFFLED_COLUMNS_MAX: usize = 200;
/// Held-out rows from which a calibration is tried.
const CALIBRATED_ROWS_MIN: usize = 5_000;
/// Rows below which no figure is worth much.
const FEW_ROWS: usize = 50;
/// Bins of a reliability.
pub(super) const BINS: usize = 10;

/// One learner that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeaderboardRow {
    /// Its name.
    pub name: String,
    /// Its settings in words.
    pub about: String,
    /// Its family.
    pub method: Method,
    /// Mean loss on held-out rows: log loss, or the squared error; `None` where it failed.
    pub loss: Option<f64>,
    /// Area under the curve on held-out rows (one against the rest for several classes); not for numbers.
    pub auc: Option<f64>,
    /// Its weight in the blend; 0 where it is no part of it.
    pub weight: f64,
    /// Why it could not be fitted.
    pub failed: Option<String>,
}

impl LeaderboardRow {
    pub(super) fn of(candidate: &Candidate, loss: f64, rows: &BlendRows, margins: &[f64]) -> Self {
        let probabilities = metrics::probabilities(rows.task, margins);
        Self {
            name: candidate.name.clone(),
            about: candidate.about.clone(),
            method: candidate.method(),
            loss: Some(loss),
            auc: area(rows.task, &probabilities, &rows.targets, &rows.weights),
            weight: 0.0,
            failed: None,
        }
    }

    /// Left after some of the folds, behind another of its method.
    pub(super) fn left(candidate: &Candidate, n_folds: usize, of: usize) -> Self {
        Self {
            name: candidate.name.clone(),
            about: format!("{}; left after {n_folds} of {of} folds, behind", candidate.about),
            method: candidate.method(),
            loss: None,
            auc: None,
            weight: 0.0,
            failed: None,
        }
    }

    pub(super) fn failed(candidate: &Candidate, error: &LearnError) -> Self {
        Self {
            name: candidate.name.clone(),
            about: candidate.about.clone(),
            method: candidate.method(),
            loss: None,
            auc: None,
            weight: 0.0,
            failed: Some(error.to_string()),
        }
    }
}

fn area(task: Task, probabilities: &[f64], targets: &[f64], weights: &[f64]) -> Option<f64> {
    match task {
        Task::Regression => None,
        Task::Binary => metrics::auc(probabilities, targets, Some(weights)),
        Task::Multiclass { n_classes } => {
            metrics::auc_one_vs_rest(probabilities, n_classes as usize, targets, Some(weights))
        }
    }
}

/// Figures of the blend on held-out rows; `None` where a measure has no meaning.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Assessed {
    /// Mean log loss.
    pub log_loss: Option<f64>,
    /// Area under the receiver operating characteristic.
    pub auc: Option<f64>,
    /// Area under precision and recall; two classes.
    pub average_precision: Option<f64>,
    /// Mean squared error of probabilities.
    pub brier: Option<f64>,
    /// Share of rows whose most probable class came true.
    pub accuracy: Option<f64>,
    /// Mean distance between stated and observed probability; two classes.
    pub calibration_error: Option<f64>,
    /// Root of the mean squared error; numbers.
    pub rmse: Option<f64>,
    /// Mean absolute error; numbers.
    pub mae: Option<f64>,
    /// Share of the variance that is explained; numbers.
    pub r2: Option<f64>,
}

impl Assessed {
    /// Every figure that has a meaning, by name.
    pub fn figures(&self) -> Vec<(&'static str, f64)> {
        let all = [
            ("log_loss", self.log_loss),
            ("auc", self.auc),
            ("average_precision", self.average_precision),
            ("brier", self.brier),
            ("accuracy", self.accuracy),
            ("calibration_error", self.calibration_error),
            ("rmse", self.rmse),
            ("mae", self.mae),
            ("r2", self.r2),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// Figures of predictions: numbers, probabilities of class 1, or one probability a class.
    pub fn of(task: Task, predictions: &[f64], targets: &[f64], row_weights: &[f64]) -> Self {
        let weights = Some(row_weights);
        let n_classes = match task {
            Task::Regression => {
                return Self {
                    rmse: metrics::rmse(predictions, targets, weights),
                    mae: metrics::mae(predictions, targets, weights),
                    r2: metrics::r2(predictions, targets, weights),
                    ..Self::default()
                };
            }
            Task::Binary => 2,
            Task::Multiclass { n_classes } => n_classes as usize,
        };
        let mut found = Self {
            log_loss: metrics::log_loss(predictions, n_classes, targets, weights),
            brier: metrics::brier(predictions, n_classes, targets, weights),
            accuracy: metrics::accuracy(predictions, n_classes, targets, weights),
            auc: area(task, predictions, targets, row_weights),
            ..Self::default()
        };
        if task == Task::Binary {
            found.average_precision = metrics::average_precision(predictions, targets, weights);
            found.calibration_error =
                metrics::calibration_error(predictions, targets, weights, BINS);
        }
        found
    }
}

/// How rows were held out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SplitReport {
    /// In words.
    pub sentence: String,
    /// Parts that were held out in turn.
    pub n_folds: usize,
    /// Rows of the table.
    pub n_rows: usize,
    /// Rows that were held out at least once.
    pub n_held: usize,
    /// Rows that were left out before, for they had no target.
    #[serde(default)]
    pub n_without_target: usize,
}

/// What one column (or several together) does for the predictions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnImportance {
    /// The column.
    pub column: String,
    /// Mean size of its contribution to the margin, over a sample of training rows.
    pub contribution: f64,
    /// By how much the mean loss of the sample rises when its values are shuffled; `None` where it was not measured, as
    /// many columns contribute more.
    pub shuffled_loss: Option<f64>,
}

/// All that is told of a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelReport {
    /// How rows were held out.
    pub split: SplitReport,
    /// How the task was chosen.
    pub task_reason: String,
    /// On which scale numbers are learned; numbers only.
    #[serde(default)]
    pub scale: Option<ScaleReport>,
    /// Every learner that was tried, the best first.
    pub leaderboard: Vec<LeaderboardRow>,
    /// How the parts were put together.
    pub blend_method: Option<BlendMethod>,
    /// How margins became probabilities.
    pub calibration: Option<CalibrationKind>,
    /// Figures of the blend on held-out rows, crossed.
    pub assessed: Assessed,
    /// Stated probabilities against what came true, before calibration; two classes.
    pub reliability_before: Option<Reliability>,
    /// The same after it, crossed.
    pub reliability: Option<Reliability>,
    /// The receiver operating characteristic; two classes.
    pub roc: Vec<RocPoint>,
    /// Precision and recall; two classes.
    pub precision_recall: Vec<PrecisionPoint>,
    /// Share of the true cases among the highest scores; two classes.
    pub gain: Vec<GainPoint>,
    /// What comes of thresholds, by what a miss costs in false alarms; two classes.
    pub thresholds: Vec<(f64, Threshold)>,
    /// Rows by true class, then by predicted class, row after row; classes only.
    pub confusion: Vec<f64>,
    /// The most important column first.
    pub importance: Vec<ColumnImportance>,
    /// What every column was taken for.
    pub roles: Vec<Role>,
    /// Whether the figures can be believed, question by question.
    #[serde(default)]
    pub checks: Vec<LeakCheck>,
    /// What to look at before this model is used.
    pub warnings: Vec<String>,
    /// Rows of every fold.
    #[serde(default)]
    pub folds: Vec<FoldSize>,
    /// What the table holds.
    #[serde(default)]
    pub profile: DataProfile,
    /// Every class against all others; several classes.
    #[serde(default)]
    pub by_class: Vec<ClassOutcome>,
    /// Predicted numbers against what came true; numbers.
    #[serde(default)]
    pub of_numbers: Option<NumberOutcome>,
    /// What values of the most important columns do.
    #[serde(default)]
    pub dependence: Vec<Dependence>,
    /// Where the model is weak.
    #[serde(default)]
    pub slices: WeakSlices,
    /// How the table changes.
    #[serde(default)]
    pub drift: Drift,
}

/// What a report is made from.
pub(super) struct Seen<'s> {
    pub(super) rows: &'s BlendRows,
    /// Of the parts that stayed.
    pub(super) margins: &'s [Vec<f64>],
    pub(super) board: Vec<LeaderboardRow>,
    /// Rows of the table that were held out, in the order of `rows`.
    pub(super) held: &'s [u32],
    pub(super) training: &'s Training,
    /// Targets of all rows as the table has them.
    pub(super) targets: &'s [f64],
    pub(super) scale: Option<ScaleReport>,
    pub(super) frame: &'s Frame,
    pub(super) splits: &'s [Split],
    pub(super) is_by_time: bool,
    pub(super) checks: Vec<LeakCheck>,
}

pub(super) fn report(model: &Model, seen: &Seen<'_>) -> Result<ModelReport, LearnError> {
    let (task, provenance) = (model.task(), &model.provenance);
    let mut rows = seen.rows.clone();
    rows.margins = seen.margins.to_vec();
    let mut predictions = crossed(&rows, provenance.options.seed)?;
    if let MarginMap::Scaled(map) = &model.blend.calibration {
        predictions = map.numbers(&predictions);
    }
    // From here on numbers are told as the table has them.
    rows.targets = seen.held.iter().map(|row| seen.targets[*row as usize]).collect();
    let mut board = seen.board.clone();
    for row in &mut board {
        let part = model.parts().into_iter().find(|part| part.0 == row.name);
        row.weight = part.map_or(0.0, |part| part.1);
    }
    let loss = |row: &LeaderboardRow| row.loss.unwrap_or(f64::INFINITY);
    board.sort_by(|a, b| loss(a).total_cmp(&loss(b)));
    let (importance, sample, explanation) = importance(model, seen.training)?;
    let (frame, targets) = (seen.frame, seen.targets);
    let mut report = ModelReport {
        split: SplitReport {
            sentence: provenance.held_out.clone(),
            n_folds: provenance.n_folds,
            n_rows: provenance.n_rows,
            n_held: seen.held.len(),
            n_without_target: 0,
        },
        task_reason: model.targets.reason.clone(),
        scale: seen.scale.clone(),
        leaderboard: board,
        blend_method: Some(model.blend.method),
        calibration: Some(kind(&model.blend.calibration)),
        assessed: Assessed::of(task, &predictions, &rows.targets, &rows.weights),
        roles: model.roles().to_vec(),
        folds: profile::fold_sizes(seen.splits, targets, model.classes().len()),
        profile: profile::profile(model, frame, targets)?,
        dependence: dependence::dependence(model, frame, &sample, (&importance, &explanation))?,
        slices: weak(model, seen, &rows.targets, &predictions)?,
        drift: drift::drift(model, frame, targets, (seen.splits, seen.is_by_time))?,
        importance,
        checks: seen.checks.clone(),
        ..ModelReport::default()
    };
    if task == Task::Binary {
        two_classes(&mut report, model, &rows, &predictions)?;
    }
    match task {
        Task::Regression => {
            let found = outcomes::of_numbers(&predictions, &rows.targets, &rows.weights);
            report.of_numbers = Some(found);
        }
        Task::Multiclass { .. } => {
            let classes = model.classes();
            report.by_class =
                outcomes::by_class(classes, &predictions, &rows.targets, &rows.weights);
        }
        Task::Binary => {}
    }
    if task != Task::Regression {
        let n_classes = model.classes().len();
        let classes: Vec<f64> = match task {
            Task::Binary => predictions.iter().map(|p| f64::from(u8::from(*p >= 0.5))).collect(),
            _ => predictions.chunks(n_classes).map(|row| largest(row) as f64).collect(),
        };
        report.confusion =
            metrics::confusion_matrix(&classes, &rows.targets, n_classes, Some(&rows.weights));
    }
    report.warnings = warnings(model, &report);
    Ok(report)
}

/// Where the model is weak, on a sample of the rows that were held out.
fn weak(
    model: &Model,
    seen: &Seen<'_>,
    targets: &[f64],
    predictions: &[f64],
) -> Result<WeakSlices, LearnError> {
    let task = model.task();
    let places = sampled(seen.held.len(), ROWS_MAX, model.provenance.options.seed ^ 5);
    let rows: Vec<u32> = places.iter().map(|at| seen.held[*at as usize]).collect();
    let n_outputs = task.n_outputs();
    let pick =
        |values: &[f64]| -> Vec<f64> { places.iter().map(|at| values[*at as usize]).collect() };
    let (targets, weights) = (pick(targets), pick(&seen.rows.weights));
    let own = |at: &u32| predictions[*at as usize * n_outputs..][..n_outputs].iter().copied();
    let predictions: Vec<f64> = places.iter().flat_map(own).collect();
    let losses = losses(task, &predictions, &targets);
    let views = views(model, seen.frame, seen.targets, &rows)?;
    let judged = Judged {
        task,
        losses: &losses,
        predictions: &predictions,
        targets: &targets,
        weights: &weights,
    };
    Ok(slices::weak(&views, &judged))
}

/// Log loss, or squared error, of every row.
fn losses(task: Task, predictions: &[f64], targets: &[f64]) -> Vec<f64> {
    // A probability of 0 that comes true is a large loss, not an endless one, which no file could hold.
    let log = |p: f64| -p.max(f64::EPSILON).ln();
    let rows = predictions.chunks(task.n_outputs()).zip(targets);
    let loss = |(row, target): (&[f64], &f64)| match task {
        Task::Regression => (target - row[0]).powi(2),
        Task::Binary => log(if *target > 0.0 { row[0] } else { 1.0 - row[0] }),
        Task::Multiclass { .. } => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a class")]
            let class = *target as usize;
            log(row[class])
        }
    };
    rows.map(loss).collect()
}

fn kind(map: &MarginMap) -> CalibrationKind {
    match map {
        MarginMap::Identity | MarginMap::Scaled(_) => CalibrationKind::Identity,
        MarginMap::Temperature { .. } => CalibrationKind::Temperature,
        MarginMap::Curve(crate::Calibration::Isotonic(_)) => CalibrationKind::Isotonic,
        MarginMap::Curve(_) => CalibrationKind::Platt,
    }
}

/// How a blend of so many held-out rows is fitted. Weights that minimize the log loss are calibrated already; a curve on top
/// of them has to be seen in thousands of rows before it is more than noise.
pub(super) fn blend_options(n_rows: usize, seed: u64) -> BlendOptions {
    let n_folds = u32::try_from((n_rows / 2).clamp(2, 5)).expect("at most 5");
    BlendOptions {
        n_folds,
        seed,
        calibrate: n_rows >= CALIBRATED_ROWS_MIN,
        cautious: n_rows < super::portfolio::FEW_ROWS,
        ..BlendOptions::default()
    }
}

/// Predictions of blends that were not fitted to the rows they predict.
fn crossed(rows: &BlendRows, seed: u64) -> Result<Vec<f64>, LearnError> {
    let n_outputs = rows.task.n_outputs();
    let n_rows = rows.targets.len();
    let options = blend_options(n_rows, seed);
    let mut predictions = vec![f64::NAN; n_rows * n_outputs];
    let n_folds = options.n_folds;
    let folds = match rows.task {
        Task::Regression => split::random_folds(n_rows, n_folds, seed)?,
        _ => split::stratified_folds(&rows.targets, n_folds, seed)
            .or_else(|_| split::random_folds(n_rows, n_folds, seed))?,
    };
    for fold in folds {
        // A handful of rows may leave one outcome only: the blend of all rows stands in, and a warning says that such figures
        // are worth little.
        let blend = Blend::fit(&rows.take(&fold.train), &options);
        let blend = blend.or_else(|_| Blend::fit(rows, &options))?;
        let held = rows.take(&fold.validation);
        let own = blend.predictions(&held.margins)?;
        for (row, part) in fold.validation.iter().zip(own.chunks(n_outputs)) {
            predictions[*row as usize * n_outputs..][..n_outputs].copy_from_slice(part);
        }
    }
    Ok(predictions)
}

fn two_classes(
    report: &mut ModelReport,
    model: &Model,
    rows: &BlendRows,
    predictions: &[f64],
) -> Result<(), LearnError> {
    let weights = Some(rows.weights.as_slice());
    let truths: Vec<bool> = rows.targets.iter().map(|target| *target > 0.0).collect();
    let raw = metrics::probabilities(rows.task, &model.blend.margins(&rows.margins)?);
    report.reliability_before = Some(Reliability::of(&raw, &truths, BINS));
    report.reliability = Some(Reliability::of(predictions, &truths, BINS));
    report.roc = thinned(metrics::roc_curve(predictions, &rows.targets, weights), CURVE_POINTS);
    report.precision_recall =
        thinned(metrics::precision_recall_curve(predictions, &rows.targets, weights), CURVE_POINTS);
    report.gain = thinned(metrics::gain_curve(predictions, &rows.targets, weights), CURVE_POINTS);
    for misses in [1.0, 2.0, 5.0, 10.0, 20.0, 50.0] {
        let best = metrics::cost_threshold(predictions, &rows.targets, weights, 1.0, misses);
        report.thresholds.extend(best.map(|best| (misses, best)));
    }
    Ok(())
}

/// So many points of a curve, the ends among them.
pub(super) fn thinned<P: Copy>(curve: Option<Vec<P>>, n_points: usize) -> Vec<P> {
    let curve = curve.unwrap_or_default();
    if curve.len() <= n_points {
        return curve;
    }
    let last = curve.len() - 1;
    (0..n_points).map(|at| curve[at * last / (n_points - 1)]).collect()
}

/// What columns do on a sample of rows; that sample, and what they did to each of its rows.
fn importance(
    model: &Model,
    training: &Training,
) -> Result<(Vec<ColumnImportance>, Vec<u32>, Explanation), LearnError> {
    let n_rows = training.features.n_rows();
    let seed = model.provenance.options.seed;
    let (sources, place) = sources_of(model.lineage());
    // Each column is shuffled in all rows of the sample: a wide table gets a smaller one.
    let n_sample = (IMPORTANCE_CELLS / sources.len().max(1)).clamp(100, IMPORTANCE_ROWS);
    let sample_rows = sampled(n_rows, n_sample, seed);
    let sample = training.take(&sample_rows);
    let explanation = model.explained(&sample.features)?;
    let sizes = explanation.contributions.importance();
    let loss = |features: &Matrix| -> Result<f64, LearnError> {
        let margins = model.blend.margins(&model.margins_of_parts(features)?)?;
        let mean =
            metrics::mean_loss(sample.task, &margins, &sample.targets, Some(&sample.weights));
        Ok(mean.unwrap_or(0.0))
    };
    let before = loss(&sample.features)?;
    let mut order: Vec<u32> =
        (0..sample.features.n_rows()).map(|row| u32::try_from(row).expect("a sample")).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed ^ 1));
    let mut ranks: Vec<usize> = (0..sources.len()).collect();
    ranks.sort_by(|a, b| sizes[*b].total_cmp(&sizes[*a]).then(a.cmp(b)));
    let mut found = Vec::new();
    for (rank, own) in ranks.into_iter().enumerate() {
        let (column, contribution) = (joined(&sources[own]), sizes[own]);
        let shuffled_loss = if contribution == 0.0 {
            Some(0.0) // no answer hangs on it
        } else if rank < SHUFFLED_COLUMNS_MAX {
            let shuffled = sample.features.shuffled(&order, |feature| place[feature] == own)?;
            Some(loss(&shuffled)? - before)
        } else {
            None
        };
        found.push(ColumnImportance { column, contribution, shuffled_loss });
    }
    found.sort_by(|a, b| {
        b.contribution.total_cmp(&a.contribution).then_with(|| a.column.cmp(&b.column))
    });
    Ok((found, sample_rows, explanation))
}

/// What a careful reader would ask about.
fn warnings(model: &Model, report: &ModelReport) -> Vec<String> {
    let mut warnings = Vec::new();
    for role in &report.roles {
        if role.kind == crate::roles::Kind::Leak {
            warnings.push(format!("column {} is left out as a leak: {}", role.column, role.reason));
        } else if let Some(doubt) = &role.doubt {
            warnings.push(format!("column {}: {doubt}", role.column));
        }
    }
    let found = report.checks.iter().skip(1).filter(|check| check.found);
    warnings.extend(found.map(|check| format!("{}: {}", check.name, check.words)));
    if report.split.n_rows < FEW_ROWS {
        warnings.push(format!(
            "the table has {} rows: its figures are little more than chance",
            report.split.n_rows
        ));
    }
    if report.assessed.auc.is_some_and(|auc| auc > 0.995) {
        warnings.push(
            "the model is almost perfect on rows it has not seen: look for a column that was written after the outcome was known"
                .to_owned(),
        );
    }
    if let [first, second, ..] = report.importance.as_slice()
        && first.contribution > 4.0 * second.contribution
    {
        warnings.push(format!(
            "{} alone does most of the work: check that it is known when the model is asked",
            first.column
        ));
    }
    for row in report.leaderboard.iter().filter(|row| row.failed.is_some()) {
        let why = row.failed.as_deref().unwrap_or_default();
        warnings.push(format!("{} could not be fitted: {why}", row.name));
    }
    if !model.devices().is_empty() {
        warnings.push(format!(
            "networks were fitted on {}: training again gives a model as good, but not the same bytes",
            model.devices().join(", ")
        ));
    }
    if model.provenance.stopped {
        warnings.push(
            "the search was stopped before its budget was spent: training again may give another model".to_owned(),
        );
    }
    warnings
}
