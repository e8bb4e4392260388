//! The search: folds, candidates within the budget, the blend, the last fit.

use std::sync::Arc;

use rayon::prelude::*;

use super::assess::{self, LeaderboardRow};
use super::budget::{Budget, Cost};
use super::candidate::{Candidate, Fold, Found, Method, OverFolds, Settings};
use super::folds::{Held, Own};
use super::leaks::Suspects;
use super::member::Learner;
use super::model::{Member, Model, Provenance, shift};
use super::own::OwnLearner;
use super::portfolio::{Portfolio, Size};
use super::scales::{self, Probe, ScaleReport};
use super::weights::{self, ClassWeights};
use super::{AutoOptions, Interrupt, PreparedFold, SplitBy, TrainProgress, Watch};
use crate::blend::{Blend, BlendRows, MarginMap, ScaleMap, TargetScale};
use crate::network::{Cores, Device};
use crate::roles::{Kind, Override, Role, Targets, deduce};
use crate::split::Split;
use crate::trees::Monotone;
use crate::work::Limit;
use crate::{Frame, LearnError, Matrix, Pipeline, PipelineOptions, Task, Training, metrics};

/// Learners that enter the blend at most.
const PARTS_MAX: usize = 8;
/// Share of all weight below which a learner is dropped.
const WEIGHT_MIN: f64 = 0.01;
/// Share of the budget that one candidate may take; folds become fewer before it does.
const CANDIDATE_SHARE: f64 = 0.3;

/// Share of the budget that choosing a scale for numbers may take.
const PROBE_SHARE: f64 = 0.1;

/// Standard errors by which a candidate may be behind the best of its method on the first folds.
const LEFT_ERRORS: f64 = 2.0;
/// Seconds of one core for the last fits of a search that somebody stopped: whoever does that does not want to wait.
const LAST_STOPPED_S: f64 = 1.0;

/// One candidate after all folds.
struct Tried {
    candidate: Candidate,
    found: Vec<Found>,
    margins: Vec<f64>,
    loss: f64,
    cost: Cost,
    /// Seconds of one core that one fit was allowed.
    allowed_s: f64,
}

/// What came of a candidate.
enum Trial {
    Whole(Box<Tried>),
    /// Left after the first folds: its method has a better one.
    Left {
        cost: Cost,
        n_folds: usize,
    },
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
    /// What networks are fitted on.
    device: &'f dyn Device,
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
        let size = Size::of(&matrix, held.n_distinct, targets.task, options.budget_s);
        let prices = Portfolio::new(size, options).take(2).map(|one| one.price_s(&size));
        let price = prices.fold(0.0, f64::max);
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
            device: &Cores,
        })
    }

    /// The same, with networks fitted on a device.
    pub(super) fn on(self, device: &'f dyn Device) -> Self {
        Self { device, ..self }
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
        interrupt: Interrupt<'_>,
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
            self.try_all(own, &folds, &rows, &mut begun, interrupt)?;
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
        let tried = if stopped { soon_fitted(tried) } else { tried };
        let (parts, blend) = self.blended(tried, &rows)?;
        watch(&last("fit to all rows", planned - 1));
        self.finish(parts, blend, &rows, (board, stopped), interrupt)
    }

    /// Candidates one after the other, as long as the budget lasts; the first is always tried. `begun` is told of each and may end
    /// the search.
    fn try_all(
        &self,
        own: &[Arc<dyn OwnLearner>],
        folds: &[Fold],
        rows: &BlendRows,
        begun: &mut dyn FnMut(&Candidate, f64, &Seen) -> bool,
        interrupt: Interrupt<'_>,
    ) -> Result<Seen, LearnError> {
        let mut seen = Seen::default();
        let mut budget = Budget::new(self.budget_s, PARTS_MAX);
        let ours = Portfolio::new(self.size, self.options);
        for candidate in own.iter().map(|one| self.own(one)).chain(ours) {
            let (method, price) = (candidate.method(), self.price(&candidate));
            let likely = budget.corrected(method, price);
            let is_first = seen.tried.is_empty() || method == Method::Own;
            if !(is_first || budget.allows(likely)) {
                continue;
            }
            if !begun(&candidate, likely.total_s(), &seen) {
                seen.stopped = true;
                break;
            }
            let allowed_s = budget.allowance_s(folds.len());
            match self.trial(&candidate, folds, (rows, &seen.tried), (allowed_s, interrupt)) {
                Ok(Trial::Whole(one)) => {
                    budget.pay(method, price, one.cost);
                    let loss = self.shown_loss(&one, rows);
                    seen.board.push(LeaderboardRow::of(&candidate, loss, rows, &one.margins));
                    seen.tried.push(*one);
                }
                Ok(Trial::Left { cost, n_folds }) => {
                    let share = n_folds as f64 / folds.len() as f64;
                    let priced = Cost { folds_s: share * price.folds_s, last_s: 0.0 };
                    budget.pay(method, priced, cost);
                    seen.board.push(LeaderboardRow::left(&candidate, n_folds, folds.len()));
                }
                // What was cut short is of no use, but what came before is.
                Err(LearnError::Stopped) if !(interrupt.dropped)() => {
                    seen.stopped = true;
                    break;
                }
                // What the caller wrote is to be corrected, not passed over.
                Err(
                    error @ (LearnError::Stopped
                    | LearnError::OwnLearner { .. }
                    | LearnError::Device { .. }),
                ) => {
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
    fn price(&self, candidate: &Candidate) -> Cost {
        let one = candidate.price_s(&self.size);
        Cost { folds_s: one * self.held.splits.len() as f64, last_s: one }
    }

    /// Candidates that the budget allows at their prices: what progress is told against, for what fits cost is known behind them.
    fn n_planned(&self) -> usize {
        let mut left = self.budget_s;
        let mut n = 0;
        for candidate in Portfolio::new(self.size, self.options) {
            let price = self.price(&candidate).total_s();
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
        let held = pipeline.transform_held(&self.frame.take(&split.validation))?;
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

    fn trial(
        &self,
        candidate: &Candidate,
        folds: &[Fold],
        (rows, before): (&BlendRows, &[Tried]),
        (allowed_s, interrupt): (f64, Interrupt<'_>),
    ) -> Result<Trial, LearnError> {
        let dropped = || interrupt.is_asked();
        let limit = Limit { allowed_s, dropped: &dropped };
        let method = candidate.method();
        let of_method = before.iter().filter(|one| one.candidate.method() == method);
        let best = of_method.min_by(|a, b| a.loss.total_cmp(&b.loss));
        let is_worth = |margins: &[f64]| {
            let mut margins = margins.to_vec();
            shift(&mut margins, &self.class_weights.shift());
            best.is_none_or(|best| !is_behind(rows, &margins, &best.margins))
        };
        let over = candidate.over(folds, self.device, limit, &is_worth)?;
        let OverFolds { found, mut margins, work_s, n_folds } = over;
        if dropped() {
            return Err(LearnError::Stopped);
        }
        if n_folds < folds.len() {
            return Ok(Trial::Left { cost: Cost { folds_s: work_s, last_s: 0.0 }, n_folds });
        }
        let n_fitted: usize = folds.iter().map(|fold| fold.training.targets.len()).sum();
        let last_s = work_s * self.frame.n_rows() as f64 / n_fitted.max(1) as f64;
        let cost = Cost { folds_s: work_s, last_s };
        shift(&mut margins, &self.class_weights.shift());
        let loss = rows.loss_of(&margins);
        let candidate = candidate.clone();
        let tried = Tried { candidate, found, margins, loss, cost, allowed_s };
        Ok(Trial::Whole(Box::new(tried)))
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
        interrupt: Interrupt<'_>,
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
        let refit = |part: &Tried| {
            // More rows than in a fold take more work for the same model.
            let allowed_s = 1.25 * part.allowed_s;
            let limit = Limit { allowed_s, dropped: interrupt.dropped };
            part.candidate.refit(&training, &part.found, &monotone, self.device, limit)
        };
        let learners: Vec<Result<Learner, LearnError>> = parts.par_iter().map(refit).collect();
        if (interrupt.dropped)() {
            return Err(LearnError::Stopped);
        }
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
            devices: self.device.names(),
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

/// Whether the losses of the first held-out rows are above those of another learner by more than two standard errors.
fn is_behind(rows: &BlendRows, margins: &[f64], of_best: &[f64]) -> bool {
    let n_rows = margins.len() / rows.task.n_outputs();
    let (targets, weights) = (&rows.targets[..n_rows], &rows.weights[..n_rows]);
    let own = metrics::losses(rows.task, margins, targets);
    let best = metrics::losses(rows.task, &of_best[..margins.len()], targets);
    let total: f64 = weights.iter().sum();
    let gaps = own.iter().zip(&best).zip(weights).map(|((own, best), w)| (own - best, w / total));
    let mean: f64 = gaps.clone().map(|(gap, share)| share * gap).sum();
    let square: f64 = gaps.map(|(gap, share)| (share * (gap - mean)).powi(2)).sum();
    mean > LEFT_ERRORS * square.sqrt()
}

/// The best, as far as their last fits take a moment; one at least.
fn soon_fitted(mut tried: Vec<Tried>) -> Vec<Tried> {
    tried.sort_by(|a, b| a.loss.total_cmp(&b.loss));
    let mut left_s = LAST_STOPPED_S;
    let mut is_first = true;
    tried.retain(|one| {
        let is_soon = one.cost.last_s <= left_s;
        left_s -= if is_soon || is_first { one.cost.last_s } else { 0.0 };
        std::mem::take(&mut is_first) || is_soon
    });
    tried
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
