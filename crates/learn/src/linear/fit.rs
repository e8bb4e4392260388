//! Chooses the penalty on rows not fitted to, then fits to all.

use rayon::prelude::*;

use super::descent::Penalty;
use super::design::{Coding, Design, codings};
use super::model::{LinearModel, PathStep};
use super::path::{Path, Precision};
use crate::schema::{Schema, row_count};
use crate::split::{self, Split};
use crate::work::{Limit, Step, Work, sorted};
use crate::{LearnError, Task, Training, metrics};

/// Share of the full penalty down to which penalties are tried; glmnet's for more rows than columns.
const LAMBDA_RATIO: f64 = 1e-4;
/// Least `l1_share` from which the first penalty follows: without it a ridge would start at infinity.
const L1_SHARE_START: f64 = 0.05;
/// Of the path; the model itself is fitted more exactly.
const PATH_TOLERANCE: f64 = 1e-3;

/// Share of the loss that a step of a path must gain to count as one.
const GAIN_MIN: f64 = 2e-5;

/// How numbers become columns. Missing ones get the median and a coefficient of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberCoding {
    /// One slope.
    Linear,
    /// A coefficient for each of so many bins of about equal weight.
    Bins {
        /// How many, at least 2.
        n_bins: u32,
    },
    /// Both: bins hold what is not straight.
    LinearAndBins {
        /// How many, at least 2.
        n_bins: u32,
    },
}

/// How to fit a [`LinearModel`].
#[derive(Clone, Debug, PartialEq)]
pub struct LinearOptions {
    /// Shares of the penalty on the size of coefficients that are tried, `0.0..=1.0`; of numbers in units of their deviation.
    pub l1_shares: Vec<f64>,
    /// Penalties tried for each, from the one that leaves nothing down to a ten-thousandth of it; for numbers as many again below
    /// that, as long as the loss falls.
    pub n_lambdas: u32,
    /// A path ends after so many penalties without a smaller loss.
    pub patience: u32,
    /// How numbers become columns.
    pub numbers: NumberCoding,
    /// Largest change of a margin that counts as none in the last fit, in deviations of the targets or log-odds.
    pub tolerance: f64,
    /// Most sweeps over the columns for one penalty.
    pub sweeps_max: u32,
}

impl Default for LinearOptions {
    fn default() -> Self {
        Self {
            l1_shares: vec![0.0, 0.5],
            n_lambdas: 40,
            patience: 5,
            numbers: NumberCoding::Linear,
            tolerance: 1e-6,
            sweeps_max: 20_000,
        }
    }
}

impl LinearOptions {
    fn check(&self) -> Result<(), LearnError> {
        let argument = |what, found, expected| Err(LearnError::Argument { what, found, expected });
        if let Some(share) = self.l1_shares.iter().find(|share| !(0.0..=1.0).contains(*share)) {
            return argument("l1_shares", *share, "numbers within 0 to 1");
        }
        let bins = match self.numbers {
            NumberCoding::Linear => 2,
            NumberCoding::Bins { n_bins } | NumberCoding::LinearAndBins { n_bins } => n_bins,
        };
        let least = [
            ("number of l1_shares", self.l1_shares.len() as f64, 1.0, "at least 1"),
            ("n_lambdas", f64::from(self.n_lambdas), 2.0, "at least 2"),
            ("patience", f64::from(self.patience), 1.0, "at least 1"),
            ("n_bins", f64::from(bins), 2.0, "at least 2"),
            ("sweeps_max", f64::from(self.sweeps_max), 1.0, "at least 1"),
        ];
        for (what, found, at_least, expected) in least {
            if found < at_least {
                return argument(what, found, expected);
            }
        }
        if self.tolerance > 0.0 && self.tolerance.is_finite() {
            return Ok(());
        }
        argument("tolerance", self.tolerance, "a number above 0")
    }
}

/// Which rows choose the penalty.
#[derive(Clone, Copy, Debug)]
pub enum LambdaChoice<'a> {
    /// Folds at random, stratified where classes are predicted.
    Folds {
        /// How many, at least 2.
        n_folds: u32,
        /// What they are drawn from.
        seed: u64,
    },
    /// Splits of the rows of the training: by time, by group.
    Splits(&'a [Split]),
    /// Other rows; the model is fitted to the training alone.
    Validation(&'a Training),
    /// None: this penalty, this share of it on the size of coefficients.
    Fixed {
        /// At least 0.
        lambda: f64,
        /// `0.0..=1.0`.
        l1_share: f64,
    },
}

/// Rows to fit to and rows to hold the fit against.
struct Fold {
    training: Training,
    codings: Vec<Coding>,
    design: Design,
    schema: Schema,
    held: Option<Training>,
}

impl Fold {
    fn new(training: Training, held: Option<Training>, numbers: NumberCoding) -> Self {
        let schema = Schema::of(&training.features).expect("values were checked as a whole");
        let codings = codings(&training.features, &training.weights, numbers);
        let design = Design::new(&training.features, &codings);
        Self { training, codings, design, schema, held }
    }

    fn path<'f>(&'f self, limit: Limit<'f>) -> Result<Path<'f>, LearnError> {
        let Training { task, targets, weights, .. } = &self.training;
        Path::new(&self.design, *task, targets, weights, limit)
    }

    fn model(&self, path: &Path<'_>) -> LinearModel {
        LinearModel::of(path, &self.codings, &self.schema, self.training.task)
    }

    /// Counts what margins of the rows held out take.
    fn count_held(&self, work: &mut Work) {
        let n_rows = self.held.as_ref().map_or(0, |held| held.targets.len());
        work.count(Step::Dense, 4 * n_rows * self.training.features.n_features());
    }

    /// Margins of the rows held out, with the sums of their losses and weights.
    fn held(&self, path: &Path<'_>) -> (Vec<f64>, f64, f64) {
        let Some(held) = &self.held else { return (Vec::new(), 0.0, 0.0) };
        let margins = self.model(path).margins_unchecked(&held.features);
        let losses = metrics::losses(held.task, &margins, &held.targets);
        let sum = losses.iter().zip(&held.weights).map(|(loss, w)| loss * w).sum();
        (margins, sum, held.weights.iter().sum())
    }
}

/// Rows that weigh anything.
fn weighing(training: &Training) -> Training {
    let rows = (0_u32..).zip(&training.weights).filter(|(_, weight)| **weight > 0.0);
    training.take(&rows.map(|(row, _)| row).collect::<Vec<u32>>())
}

impl LinearModel {
    /// Fits a path of penalties, chooses one by the loss on rows not fitted to, and fits to all rows with it.
    ///
    /// # Errors
    /// The training cannot be fitted to, an option is out of range, folds are impossible, or the optimum was not
    /// reached.
    pub fn fit(
        training: &Training,
        options: &LinearOptions,
        choice: LambdaChoice<'_>,
    ) -> Result<Self, LearnError> {
        Self::fit_within(training, options, choice, Limit::NONE)
    }

    /// [`Self::fit`] with so much work for the last fit at most; where that ends early, coefficients are those on the way.
    pub(crate) fn fit_within(
        training: &Training,
        options: &LinearOptions,
        choice: LambdaChoice<'_>,
        limit: Limit<'_>,
    ) -> Result<Self, LearnError> {
        options.check()?;
        training.check()?;
        row_count(training.features.n_rows())?;
        let schema = Schema::of(&training.features)?;
        if let Some(row) = training.targets.iter().position(|target| target.abs() > 1e150) {
            return Err(LearnError::Target { row, value: training.targets[row] });
        }
        let (steps, chosen) = match choice {
            LambdaChoice::Fixed { lambda, l1_share } => {
                fixed(lambda, l1_share)?;
                (Vec::new(), Penalty { lambda, l1_share })
            }
            LambdaChoice::Folds { n_folds, seed } => {
                let splits = match training.task {
                    Task::Regression => {
                        split::random_folds(training.features.n_rows(), n_folds, seed)?
                    }
                    Task::Binary | Task::Multiclass { .. } => {
                        split::stratified_folds(&training.targets, n_folds, seed)?
                    }
                };
                choose(&folds(training, &splits, options)?, options)?
            }
            LambdaChoice::Splits(splits) => choose(&folds(training, splits, options)?, options)?,
            LambdaChoice::Validation(held) => {
                schema.check(&held.features)?;
                held.check()?;
                let fold = Fold::new(weighing(training), Some(held.clone()), options.numbers);
                choose(&[fold], options)?
            }
        };
        let fold = Fold::new(weighing(training), None, options.numbers);
        let mut model = fit_to(&fold, chosen, options, limit)?;
        model.center(&fold.training.features, &fold.training.weights);
        (model.steps, model.lambda, model.l1_share) = (steps, chosen.lambda, chosen.l1_share);
        Ok(model)
    }
}

fn fixed(lambda: f64, l1_share: f64) -> Result<(), LearnError> {
    if !(lambda >= 0.0 && lambda.is_finite()) {
        let expected = "a number of at least 0";
        return Err(LearnError::Argument { what: "lambda", found: lambda, expected });
    }
    if !(0.0..=1.0).contains(&l1_share) {
        let expected = "a number within 0 to 1";
        return Err(LearnError::Argument { what: "l1_share", found: l1_share, expected });
    }
    Ok(())
}

fn folds(
    training: &Training,
    splits: &[Split],
    options: &LinearOptions,
) -> Result<Vec<Fold>, LearnError> {
    if splits.is_empty() {
        return Err(LearnError::Split { what: "splits", asked: 1, found: 0 });
    }
    let fold = |split: &Split| {
        split.check(training.features.n_rows())?;
        let part = training.take(&split.train);
        part.check()?;
        let held = training.take(&split.validation);
        Ok(Fold::new(weighing(&part), Some(held), options.numbers))
    };
    splits.par_iter().map(fold).collect()
}

/// A penalty that was chosen on several folds, each with features of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Selected {
    /// The penalty.
    pub lambda: f64,
    /// The share of it on the size of coefficients.
    pub l1_share: f64,
    /// Margins of the rows that each fold holds out, row after row, one an output, under that penalty.
    pub margins: Vec<Vec<f64>>,
}

/// Chooses one penalty for folds of `(fitted to, held out)`, whose features may differ, and gives the margins under it: what
/// [`LinearModel::fit`] on each would give within the tolerance of a path, without walking each path once more.
///
/// # Errors
/// As [`LinearModel::fit`].
pub fn select(
    folds: &[(&Training, &Training)],
    options: &LinearOptions,
) -> Result<Selected, LearnError> {
    select_within(folds, options, Limit::NONE).map(|(selected, _)| selected)
}

/// [`select`] with so much work for each fold at most, and what was done: paths end where it ends, and the least loss so far wins.
pub(crate) fn select_within(
    folds: &[(&Training, &Training)],
    options: &LinearOptions,
    limit: Limit<'_>,
) -> Result<(Selected, Work), LearnError> {
    options.check()?;
    let fold = |(training, held): &(&Training, &Training)| {
        training.check()?;
        row_count(training.features.n_rows())?;
        Schema::of(&training.features)?.check(&held.features)?;
        Ok(Fold::new(weighing(training), Some((*held).clone()), options.numbers))
    };
    let folds: Vec<Fold> = folds.par_iter().map(fold).collect::<Result<_, _>>()?;
    let Walked { penalty, margins, work, .. } = walked(&folds, options, limit)?;
    Ok((Selected { lambda: penalty.lambda, l1_share: penalty.l1_share, margins }, work))
}

fn choose(folds: &[Fold], options: &LinearOptions) -> Result<(Vec<PathStep>, Penalty), LearnError> {
    walked(folds, options, Limit::NONE).map(|walked| (walked.steps, walked.penalty))
}

/// What came of a walk down the paths.
struct Walked {
    steps: Vec<PathStep>,
    penalty: Penalty,
    /// Of rows held out, a fold each, under that penalty.
    margins: Vec<Vec<f64>>,
    work: Work,
}

/// Every fold goes down the same penalties side by side; the least mean loss wins, the stronger penalty where equal. Where one
/// fold is out of work all are: its coefficients under that penalty are not those of the others.
fn walked(folds: &[Fold], options: &LinearOptions, limit: Limit<'_>) -> Result<Walked, LearnError> {
    let exact = Precision { tolerance: PATH_TOLERANCE, sweeps_max: options.sweeps_max };
    let mut steps: Vec<PathStep> = Vec::new();
    let mut best: Option<(f64, Penalty, Vec<Vec<f64>>)> = None;
    let mut work: Vec<Work> = folds.iter().map(|fold| sorted(&fold.training.features)).collect();
    let task = folds[0].training.task;
    let mut is_out = false;
    for &l1_share in &options.l1_shares {
        let mut paths = Vec::with_capacity(folds.len());
        for (fold, done) in folds.iter().zip(&work) {
            let allowed_s = limit.allowed_s - done.seconds();
            paths.push(fold.path(Limit { allowed_s, ..limit })?);
        }
        let l1_max = paths.iter().map(Path::l1_max).fold(0.0, f64::max);
        let spread = paths.iter().map(Path::spread).fold(0.0, f64::max);
        let (mut least, mut since) = (f64::INFINITY, 0);
        for penalty in penalties(l1_max, spread, l1_share, options.n_lambdas, task) {
            let Penalty { lambda, l1_share } = penalty;
            let reached: Result<Vec<bool>, LearnError> =
                paths.par_iter_mut().map(|path| path.descend(penalty, exact)).collect();
            let reached = match reached {
                // Penalties so weak that columns cannot be told apart end a path; those before it stand.
                Err(LearnError::NotConverged { .. }) if best.is_some() => break,
                reached => reached?,
            };
            is_out = reached.contains(&false);
            if is_out && best.is_some() {
                break;
            }
            paths.iter_mut().zip(folds).for_each(|(path, fold)| fold.count_held(&mut path.work));
            let held: Vec<(Vec<f64>, f64, f64)> =
                paths.par_iter().zip(folds).map(|(path, fold)| fold.held(path)).collect();
            let (loss, weight) = held.iter().fold((0.0, 0.0), |a, b| (a.0 + b.1, a.1 + b.2));
            if weight <= 0.0 {
                return Err(LearnError::NoRows);
            }
            let loss = loss / weight;
            steps.push(PathStep { lambda, l1_share, loss });
            if best.as_ref().is_none_or(|best| loss < best.0) {
                best = Some((loss, penalty, held.into_iter().map(|held| held.0).collect()));
            }
            // Steps that gain less than can be told apart end a path as those do that lose.
            since = if loss < least - GAIN_MIN * least.abs() || !least.is_finite() {
                0
            } else {
                since + 1
            };
            if since == 0 {
                least = loss;
            }
            if since >= options.patience || is_out {
                break;
            }
        }
        work.iter_mut().zip(&paths).for_each(|(work, path)| work.add(&path.work));
        if is_out {
            break;
        }
    }
    let (_, penalty, margins) = best.expect("one share at least");
    let mut total = Work::default();
    work.iter().for_each(|of_fold| total.add(of_fold));
    Ok(Walked { steps, penalty, margins, work: total })
}

/// Falling penalties, evenly spread on a logarithmic scale: so many down to a ten-thousandth, and where numbers are predicted as many
/// again, which are reached where the loss still falls: nearly without noise a ten-thousandth is felt. All are 0 where no column
/// varies.
fn penalties(
    l1_max: f64,
    spread: f64,
    l1_share: f64,
    n: u32,
    task: Task,
) -> impl Iterator<Item = Penalty> {
    let spread = if spread > 0.0 { spread } else { 1.0 };
    let l1_max = l1_max / spread;
    let first = l1_max / l1_share.max(L1_SHARE_START);
    let last = l1_max * LAMBDA_RATIO;
    let step = move |at: u32| first * (last / first).powf(f64::from(at) / f64::from(n - 1));
    let n_all = if task == Task::Regression { n.saturating_mul(2) } else { n };
    let lambda = move |at: u32| if l1_max > 0.0 { step(at) } else { 0.0 };
    (0..n_all).map(move |at| Penalty::of_units(lambda(at), l1_share, spread))
}

/// Down the path to the penalty, the last step exactly.
fn fit_to(
    fold: &Fold,
    penalty: Penalty,
    options: &LinearOptions,
    limit: Limit<'_>,
) -> Result<LinearModel, LearnError> {
    let mut path = fold.path(limit)?;
    let loose = Precision { tolerance: PATH_TOLERANCE, sweeps_max: options.sweeps_max };
    let spread = path.spread();
    let (lambda, l1_share) = penalty.in_units(spread);
    let way = penalties(path.l1_max(), spread, l1_share, options.n_lambdas, fold.training.task);
    for before in way.take_while(|before| before.in_units(spread).0 > lambda) {
        path.descend(before, loose)?;
    }
    let exact = Precision { tolerance: options.tolerance, sweeps_max: options.sweeps_max };
    let mut tolerance = options.tolerance;
    match path.descend(penalty, exact) {
        Ok(true) => {}
        Ok(false) => tolerance = PATH_TOLERANCE,
        Err(LearnError::Stopped) => return Err(LearnError::Stopped),
        // As exact as what chose the penalty is a model; the model says which it is.
        Err(_) => {
            path.descend(penalty, loose)?;
            tolerance = PATH_TOLERANCE;
        }
    }
    Ok(LinearModel { tolerance, ..fold.model(&path) })
}
