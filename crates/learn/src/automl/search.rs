//! The search: folds, candidates within the budget, the blend, the last fit.

use std::sync::Arc;

use rayon::prelude::*;

use super::assess::{self, LeaderboardRow};
use super::budget::Budget;
use super::candidate::{Candidate, Fold, Found, Method, Settings};
use super::folds::{Held, Own};
use super::leaks::Suspects;
use super::member::Learner;
use super::model::{Member, Model, Provenance, shift};
use super::own::OwnLearner;
use super::portfolio::{Portfolio, Size};
use super::scales::{self, Probe, ScaleReport};
use super::weights::{self, ClassWeights};
use super::{AutoOptions, Dropped, PreparedFold, SplitBy, TrainProgress, Watch};
use crate::blend::{Blend, BlendRows, MarginMap, ScaleMap, TargetScale};
use crate::roles::{Kind, Override, Role, Targets, deduce};
use crate::split::Split;
use crate::trees::Monotone;
use crate::{Frame, LearnError, Matrix, Pipeline, PipelineOptions, Task, Training};

/// Candidates tried at most: beyond, a blend of a small table gains nothing.
const CANDIDATES_MAX: usize = 28;
/// Learners that enter the blend at most.
const PARTS_MAX: usize = 8;
/// Share of all weight below which a learner is dropped.
const WEIGHT_MIN: f64 = 0.01;
/// Share of the budget that one candidate may take; folds become fewer before it does.
const CANDIDATE_SHARE: f64 = 0.3;

/// Share of the budget that choosing a scale for numbers may take.
const PROBE_SHARE: f64 = 0.1;

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

/// What a search has seen so far.
#[derive(Default)]
struct Seen {
    tried: Vec<Tried>,
    board: Vec<LeaderboardRow>,
    /// Whether the caller ended it.
    stopped: bool,
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
    /// Seconds of one core that are left for candidates.
    budget_s: f64,
    /// Targets as the table has them, and the scale they are learned on.
    shown: Vec<f64>,
    scale: Option<ScaleReport>,
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
        let shown = targets.values.clone();
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
            budget_s: options.budget_s,
            shown,
            scale: None,
        })
    }

    /// From here on numbers are on the scale on which they are learned best.
    fn learn_on_best_scale(&mut self) -> Result<(), LearnError> {
        if self.targets.task != Task::Regression {
            return Ok(());
        }
        let mut report = ScaleReport::default();
        let scales = scales::possible(&self.targets);
        let price = self.size.probe_price(self.options.seed);
        if scales.len() > 1 && price <= PROBE_SHARE * self.options.budget_s {
            self.budget_s -= price;
            let probe = Probe {
                frame: self.frame,
                roles: &self.roles,
                targets: &self.targets,
                weights: &self.weights,
                held: &self.held,
                features: &self.features,
                seed: self.options.seed,
            };
            report = probe.chosen(&scales);
        }
        if report.scale != TargetScale::AsIs {
            self.targets = scales::on_scale(&self.targets, report.scale);
            (self.pipeline, self.matrix) = self.features_of_all()?;
        }
        self.scale = Some(report);
        Ok(())
    }

    /// Features of all rows: categories by their mean target on the scale that is learned.
    fn features_of_all(&self) -> Result<(Pipeline, Matrix), LearnError> {
        let all: Vec<u32> = (0..self.frame.n_rows()).map(row_number).collect();
        let mut own = Own::default();
        let folds = self.held.encoding(&all, &mut own).seeded(self.options.seed);
        Pipeline::fit(self.frame, &self.roles, &self.targets, folds, &self.features)
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

    pub(super) fn run(
        mut self,
        own: &[Arc<dyn OwnLearner>],
        watch: Watch<'_>,
        dropped: Dropped<'_>,
    ) -> Result<Model, LearnError> {
        self.learn_on_best_scale()?;
        let folds: Vec<Fold> =
            self.held.splits.par_iter().map(|split| self.fold(split)).collect::<Result<_, _>>()?;
        let rows = self.held_rows();
        let n_planned = self.n_planned() + own.len();
        let planned = u32::try_from(n_planned + 2).expect("candidates are bounded");
        let mut begun = |candidate: &Candidate, price_s: f64, seen: &Seen| {
            let best = seen.tried.iter().min_by(|a, b| a.loss.total_cmp(&b.loss));
            let best = best.map(|best| (best.candidate.name.clone(), best.loss));
            let step = format!("{} ({})", candidate.name, candidate.about);
            let done = u32::try_from(seen.board.len()).map_or(planned, |n| n.min(planned - 2));
            watch(&TrainProgress { step, done, planned, price_s, best })
        };
        let Seen { tried, board, stopped } =
            self.try_all(own, &folds, &rows, &mut begun, dropped)?;
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

    /// Candidates one after the other, as long as the budget lasts; the first is always tried. `begun` is told of each and may end
    /// the search.
    fn try_all(
        &self,
        own: &[Arc<dyn OwnLearner>],
        folds: &[Fold],
        rows: &BlendRows,
        begun: &mut dyn FnMut(&Candidate, f64, &Seen) -> bool,
        dropped: Dropped<'_>,
    ) -> Result<Seen, LearnError> {
        let mut seen = Seen::default();
        let mut budget = Budget::new(self.budget_s);
        let ours = Portfolio::new(self.size, self.options).take(CANDIDATES_MAX);
        for candidate in own.iter().map(|one| self.own(one)).chain(ours) {
            let (method, price) = (candidate.method(), self.price_s(&candidate));
            let price_s = budget.corrected(method, price);
            let is_first = seen.tried.is_empty() || method == Method::Own;
            if !(is_first || budget.allows(price_s)) {
                continue;
            }
            if !begun(&candidate, price_s, &seen) {
                seen.stopped = true;
                break;
            }
            unless(dropped)?;
            match self.tried(&candidate, folds, rows, dropped) {
                Ok(one) => {
                    budget.pay(method, price, candidate.cost_s(&self.size, &one.found));
                    let loss = self.shown_loss(&one, rows);
                    seen.board.push(LeaderboardRow::of(&candidate, loss, rows, &one.margins));
                    seen.tried.push(one);
                }
                // What the caller wrote is to be corrected, not passed over.
                Err(error @ (LearnError::Stopped | LearnError::OwnLearner { .. })) => {
                    return Err(error);
                }
                Err(error) => {
                    budget.pay(method, price, price);
                    seen.board.push(LeaderboardRow::failed(&candidate, &error));
                }
            }
        }
        Ok(seen)
    }

    fn own(&self, learner: &Arc<dyn OwnLearner>) -> Candidate {
        Candidate {
            name: learner.name().to_owned(),
            about: "of the caller's own".to_owned(),
            settings: Settings::Own(Arc::clone(learner), self.options.seed),
        }
    }

    /// Seconds of one core for the fits to all folds and the last one, as priced.
    fn price_s(&self, candidate: &Candidate) -> f64 {
        candidate.price_s(&self.size) * (self.held.splits.len() as f64 + 1.0)
    }

    /// Candidates that the budget allows at their prices: what progress is told against, for what fits cost is known behind them.
    fn n_planned(&self) -> usize {
        let mut left = self.budget_s;
        let mut n = 0;
        for candidate in Portfolio::new(self.size, self.options).take(CANDIDATES_MAX) {
            let price = self.price_s(&candidate);
            if n == 0 || price <= left {
                left -= price;
                n += 1;
            }
        }
        n
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

    /// Mean loss on held-out rows, of numbers on the scale of the table.
    fn shown_loss(&self, one: &Tried, rows: &BlendRows) -> f64 {
        let Some(map) = self.way_back(&one.margins, rows) else { return one.loss };
        let held = self.held_numbers();
        let targets = held.iter().map(|row| self.shown[*row as usize]).collect();
        BlendRows { targets, ..rows.clone() }.loss_of(&map.numbers(&one.margins))
    }

    /// From margins back to the scale of the table, where another one is learned.
    fn way_back(&self, margins: &[f64], rows: &BlendRows) -> Option<ScaleMap> {
        let scale = self.scale.as_ref()?.scale;
        let is_other = scale != TargetScale::AsIs;
        is_other.then(|| ScaleMap::of(scale, margins, &rows.targets, &rows.weights))
    }

    /// Every learner of the caller's own, the best of every method and then the best of all, blended; those without weight are dropped.
    fn blended(
        &self,
        mut tried: Vec<Tried>,
        rows: &BlendRows,
    ) -> Result<(Vec<Tried>, Blend), LearnError> {
        tried.sort_by(|a, b| a.loss.total_cmp(&b.loss));
        let mut methods = Vec::new();
        let is_first = |one: &Tried| {
            let method = one.candidate.method();
            let first = method == Method::Own || !methods.contains(&method);
            methods.push(method);
            first
        };
        let (first, others): (Vec<Tried>, Vec<Tried>) = tried.into_iter().partition(is_first);
        let n_parts = PARTS_MAX.max(first.len());
        let mut parts: Vec<Tried> = first.into_iter().chain(others).take(n_parts).collect();
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
        mut blend: Blend,
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
        let back = |margins: &[f64]| self.way_back(margins, rows);
        training.weights = self.weights.clone();
        let margins: Vec<Vec<f64>> = parts.into_iter().map(|part| part.margins).collect();
        if let Some(map) = back(&blend.margins(&margins)?) {
            blend.calibration = MarginMap::Scaled(map);
        }
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
                targets: &self.shown,
                scale: self.scale,
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
