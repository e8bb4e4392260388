//! The search: folds, candidates within the budget, the blend, the last fit.

use rayon::prelude::*;

use super::assess::{self, LeaderboardRow};
use super::candidate::{Candidate, Fold, Found};
use super::folds::{Held, Own};
use super::leaks::Suspects;
use super::member::Learner;
use super::model::{Member, Model, Provenance, shift};
use super::portfolio::{Portfolio, Size};
use super::weights::{self, ClassWeights};
use super::{AutoOptions, Dropped, PreparedFold, SplitBy, TrainProgress, Watch};
use crate::blend::{Blend, BlendRows};
use crate::roles::{Kind, Override, Role, Targets, deduce};
use crate::split::Split;
use crate::trees::Monotone;
use crate::{Frame, LearnError, Matrix, Pipeline, PipelineOptions, Training};

/// Candidates tried at most: beyond, a blend of a small table gains nothing.
const CANDIDATES_MAX: usize = 28;
/// Learners that enter the blend at most.
const PARTS_MAX: usize = 8;
/// Share of all weight below which a learner is dropped.
const WEIGHT_MIN: f64 = 0.01;
/// Share of the budget that one candidate may take; folds become fewer before it does.
const CANDIDATE_SHARE: f64 = 0.3;

/// What is left undone when the work is dropped: a fit that was cut short must not be used.
fn unless(dropped: Dropped<'_>) -> Result<(), LearnError> {
    if dropped() { Err(LearnError::Stopped) } else { Ok(()) }
}

/// One candidate after all folds.
struct Tried {
    candidate: Candidate,
    found: Vec<Found>,
    margins: Vec<f64>,
    loss: f64,
}

/// A table made ready.
pub(super) struct Search<'f> {
    frame: &'f Frame,
    options: &'f AutoOptions,
    roles: Vec<Role>,
    targets: Targets,
    weights: Vec<f64>,
    /// What rows of each class weigh more while learners are fitted.
    class_weights: ClassWeights,
    held: Held,
    features: PipelineOptions,
    pipeline: Pipeline,
    matrix: Matrix,
    size: Size,
}

impl<'f> Search<'f> {
    pub(super) fn new(frame: &'f Frame, options: &'f AutoOptions) -> Result<Self, LearnError> {
        let kind = options.kind_of_target();
        let targets = Targets::read_as(frame, &options.target, options.task, kind)?;
        let weights = weights::of_rows(frame, options.weight.as_deref())?;
        let class_weights = ClassWeights::new(options.imbalance, &targets, &weights)?;
        let mut overrides = options.roles.clone();
        if let Some(column) = &options.weight {
            overrides.entry(column.clone()).or_insert(Override::from(Kind::Identifier));
        }
        let mut roles = deduce(frame, Some(&targets), &overrides)?;
        if let Some(column) = &options.weight {
            let own = roles.iter_mut().filter(|role| role.column == *column);
            own.for_each(|role| role.reason = "how many cases a row stands for".to_owned());
        }
        let by = (n_folds(frame.n_rows()), options.seed);
        let mut held = Held::new(frame, &roles, &targets, &options.split, by)?;
        let mut features = options.features.clone();
        // Later rows lie beyond every instant that was trained on.
        features.absolute_time &= !held.is_by_time();
        let all: Vec<u32> = (0..frame.n_rows()).map(row_number).collect();
        let mut own = Own::default();
        let folds = held.encoding(&all, &mut own).seeded(options.seed);
        let (pipeline, matrix) = Pipeline::fit(frame, &roles, &targets, folds, &features)?;
        weights::check_monotone(options, &targets, &matrix)?;
        let size = Size::of(&matrix, frame.n_rows(), targets.task, options.budget_s);
        let dearest = Portfolio::new(size, options).next();
        let price = dearest.map_or(0.0, |candidate| candidate.price_s(&size));
        while held.splits.len() > 1
            && !matches!(options.split, SplitBy::Folds(_))
            && price * held.splits.len() as f64 > CANDIDATE_SHARE * options.budget_s
        {
            let fewer = if held.splits.len() > 3 { 3 } else { 1 };
            held = Held::new(frame, &roles, &targets, &options.split, (fewer, options.seed))?;
        }
        Ok(Self {
            frame,
            options,
            roles,
            targets,
            weights,
            class_weights,
            held,
            features,
            pipeline,
            matrix,
            size,
        })
    }

    /// The folds as a learner of the caller's own sees them.
    pub(super) fn prepared(self) -> Result<super::Prepared, LearnError> {
        let of = |split: &Split| -> Result<PreparedFold, LearnError> {
            let Fold { training, held, .. } = self.fold(split)?;
            let (rows, held_rows) = (split.train.clone(), split.validation.clone());
            Ok(PreparedFold { rows, held_rows, training, held })
        };
        let folds = self.held.splits.par_iter().map(of).collect::<Result<_, _>>()?;
        let training = Training {
            task: self.targets.task,
            features: self.matrix,
            targets: self.targets.values,
            weights: self.weights,
        };
        Ok(super::Prepared {
            classes: self.targets.classes,
            held_out: self.held.sentence,
            pipeline: self.pipeline,
            view: None,
            training,
            folds,
        })
    }

    pub(super) fn run(self, watch: Watch<'_>, dropped: Dropped<'_>) -> Result<Model, LearnError> {
        let plan = self.plan();
        let folds: Vec<Fold> =
            self.held.splits.par_iter().map(|split| self.fold(split)).collect::<Result<_, _>>()?;
        let rows = self.held_rows();
        let mut board = Vec::new();
        let mut tried: Vec<Tried> = Vec::new();
        let planned = u32::try_from(plan.len() + 2).expect("candidates are bounded");
        let mut stopped = false;
        for (done, (candidate, price_s)) in (0_u32..).zip(&plan) {
            let best = tried.iter().min_by(|a, b| a.loss.total_cmp(&b.loss));
            let best = best.map(|best| (best.candidate.name.clone(), best.loss));
            let step = format!("{} ({})", candidate.name, candidate.about);
            if !watch(&TrainProgress { step, done, planned, price_s: *price_s, best }) {
                stopped = true;
                break;
            }
            unless(dropped)?;
            match self.tried(candidate, &folds, &rows, dropped) {
                Ok(one) => {
                    board.push(LeaderboardRow::of(candidate, one.loss, &rows, &one.margins));
                    tried.push(one);
                }
                Err(LearnError::Stopped) => return Err(LearnError::Stopped),
                Err(error) => board.push(LeaderboardRow::failed(candidate, &error)),
            }
        }
        if tried.is_empty() {
            return Err(LearnError::NothingFitted {
                why: board.into_iter().find_map(|row| row.failed).unwrap_or_else(|| {
                    "the search was stopped before the first learner".to_owned()
                }),
            });
        }
        let last = |step: &str, done: u32| TrainProgress {
            step: step.to_owned(),
            done,
            planned,
            price_s: 0.0,
            best: None,
        };
        watch(&last("blend", planned - 2));
        let (parts, blend) = self.blended(tried, &rows)?;
        watch(&last("fit to all rows", planned - 1));
        self.finish(parts, blend, &rows, (board, stopped), dropped)
    }

    /// Candidates with prices, as many as the budget allows; the first is always tried.
    fn plan(&self) -> Vec<(Candidate, f64)> {
        let fits = self.held.splits.len() as f64 + 1.0;
        let mut left = self.options.budget_s;
        let mut plan = Vec::new();
        for candidate in Portfolio::new(self.size, self.options).take(CANDIDATES_MAX) {
            let price = candidate.price_s(&self.size) * fits;
            if plan.is_empty() || price <= left {
                left -= price;
                plan.push((candidate, price));
            }
        }
        plan
    }

    fn fold(&self, split: &Split) -> Result<Fold, LearnError> {
        let train = self.frame.take(&split.train);
        let targets = self.targets.take(&split.train);
        let mut own = Own::default();
        let folds = self.held.encoding(&split.train, &mut own).seeded(self.options.seed);
        let (pipeline, features) =
            Pipeline::fit(&train, &self.roles, &targets, folds, &self.features)?;
        let (held, _) = pipeline.transform(&self.frame.take(&split.validation))?;
        Ok(Fold {
            monotone: self.monotone(&features),
            training: self.training(features, &split.train),
            held: self.training(held, &split.validation),
        })
    }

    /// Rows as learners are fitted to them.
    fn training(&self, features: Matrix, rows: &[u32]) -> Training {
        let pick = |values: &[f64]| rows.iter().map(|row| values[*row as usize]).collect();
        let targets: Vec<f64> = pick(&self.targets.values);
        let mut weights: Vec<f64> = pick(&self.weights);
        self.class_weights.weigh(&targets, &mut weights);
        Training { task: self.targets.task, features, targets, weights }
    }

    /// How trees must move with each feature; empty where nobody asked.
    fn monotone(&self, features: &Matrix) -> Vec<Monotone> {
        weights::monotone(&self.options.monotone, features)
    }

    /// Rows that were held out, fold after fold.
    fn held_numbers(&self) -> Vec<u32> {
        self.held.splits.iter().flat_map(|split| split.validation.iter().copied()).collect()
    }

    /// Targets and weights of all rows that were held out.
    fn held_rows(&self) -> BlendRows {
        let held = self.held_numbers();
        let pick = |values: &[f64]| held.iter().map(|row| values[*row as usize]).collect();
        BlendRows {
            task: self.targets.task,
            margins: Vec::new(),
            targets: pick(&self.targets.values),
            weights: pick(&self.weights),
        }
    }

    fn tried(
        &self,
        candidate: &Candidate,
        folds: &[Fold],
        rows: &BlendRows,
        dropped: Dropped<'_>,
    ) -> Result<Tried, LearnError> {
        let (found, mut margins) = candidate.over(folds, dropped)?;
        unless(dropped)?;
        shift(&mut margins, &self.class_weights.shift());
        let loss = rows.loss_of(&margins);
        Ok(Tried { candidate: candidate.clone(), found, margins, loss })
    }

    /// The best of every method and then the best of all, blended; those without weight are dropped.
    fn blended(
        &self,
        mut tried: Vec<Tried>,
        rows: &BlendRows,
    ) -> Result<(Vec<Tried>, Blend), LearnError> {
        tried.sort_by(|a, b| a.loss.total_cmp(&b.loss));
        let mut methods = Vec::new();
        let is_first = |one: &Tried| {
            let method = one.candidate.method();
            let first = !methods.contains(&method);
            methods.push(method);
            first
        };
        let (first, others): (Vec<Tried>, Vec<Tried>) = tried.into_iter().partition(is_first);
        let mut parts: Vec<Tried> = first.into_iter().chain(others).take(PARTS_MAX).collect();
        let mut rows = rows.clone();
        rows.margins = parts.iter().map(|part| part.margins.clone()).collect();
        let options = assess::blend_options(rows.targets.len(), self.options.seed);
        let mut blend = Blend::fit(&rows, &options)?;
        let total: f64 = blend.weights.iter().sum();
        let mut keep: Vec<bool> = blend.weights.iter().map(|w| *w > WEIGHT_MIN * total).collect();
        // Where nothing beats a constant, the best learner stays without weight: a blend is of something.
        if !keep.contains(&true) {
            keep[0] = true;
        }
        // Weights of those dropped go to the others in proportion, so that margins keep their size.
        let kept: f64 = blend.weights.iter().zip(&keep).filter(|w| *w.1).map(|w| w.0).sum();
        let mut kept_weights = Vec::new();
        let mut kept_parts = Vec::new();
        for ((part, weight), is_kept) in parts.drain(..).zip(&blend.weights).zip(keep) {
            if is_kept {
                kept_weights.push(if kept > 0.0 { weight * total / kept } else { *weight });
                kept_parts.push(part);
            }
        }
        blend.weights = kept_weights;
        Ok((kept_parts, blend))
    }

    fn finish(
        self,
        parts: Vec<Tried>,
        blend: Blend,
        rows: &BlendRows,
        (board, stopped): (Vec<LeaderboardRow>, bool),
        dropped: Dropped<'_>,
    ) -> Result<Model, LearnError> {
        let all: Vec<u32> = (0..self.frame.n_rows()).map(row_number).collect();
        let monotone = self.monotone(&self.matrix);
        let held = self.held_numbers();
        let checks = Suspects {
            frame: self.frame,
            roles: &self.roles,
            targets: &self.targets,
            held: &self.held,
            as_of_us: self.options.as_of_us,
        }
        .checks()?;
        let mut training = self.training(self.matrix.clone(), &all);
        let refit = |part: &Tried| part.candidate.refit(&training, &part.found, &monotone, dropped);
        let learners: Vec<Result<Learner, LearnError>> = parts.par_iter().map(refit).collect();
        unless(dropped)?;
        let mut members = Vec::new();
        for (part, learner) in parts.iter().zip(learners) {
            let (name, shift) = (part.candidate.name.clone(), self.class_weights.shift());
            members.push(Member { name, learner: learner?, shift });
        }
        training.weights = self.weights;
        let margins: Vec<Vec<f64>> = parts.into_iter().map(|part| part.margins).collect();
        let provenance = Provenance {
            n_rows: self.frame.n_rows(),
            n_columns: self.frame.columns().len(),
            held_out: self.held.sentence.clone(),
            n_folds: self.held.splits.len(),
            stopped,
            options: self.options.clone(),
        };
        let mut model = Model::new(self.pipeline, self.targets, members, blend, provenance);
        model.report = assess::report(
            &model,
            &assess::Seen {
                rows,
                margins: &margins,
                board,
                held: &held,
                training: &training,
                frame: self.frame,
                splits: &self.held.splits,
                is_by_time: self.held.is_by_time(),
                checks,
            },
        )?;
        Ok(model)
    }
}

pub(super) fn row_number(row: usize) -> u32 {
    u32::try_from(row).expect("a frame has fewer than 2^32 rows")
}

/// Folds that a table of so many rows can pay for.
fn n_folds(n_rows: usize) -> u32 {
    match n_rows {
        0..3_000 => 8,
        3_000..25_000 => 5,
        25_000..150_000 => 3,
        _ => 1,
    }
}
