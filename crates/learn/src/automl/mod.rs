//! From a table to a model: roles, features, several learners, their blend, in one call.
//!
//! In: a [`Frame`], the column to predict, a budget. Out: a [`Model`] that predicts, explains, and is one file.
//! 1. The column is read ([`crate::roles::Targets`]), every other one gets a role ([`crate::roles`]); rows are cut into folds the way the
//!    split asks for: at random, stratified, by group, or forward in time.
//! 2. For every fold features are fitted to its training rows alone and learners are fitted to those features, in the fixed
//!    order of the portfolio, good defaults first, as long as the budget lasts. Each leaves a margin for every
//!    row that was held out.
//! 3. The margins are blended and calibrated ([`crate::blend`]). Learners that the blend gives no weight are dropped; the
//!    others are fitted once more, to all rows.
//!
//! The budget is *counted*, not timed: seconds of one core by what fits do (`work`). Wall-clock time that
//! steers a search is why other systems' runs cannot be repeated (FLAML #151); here the same table, options and seed give
//! the same bytes. A caller with a clock can still stop it between two fits, and the model says so.
//! Source: AutoGluon (portfolio, out-of-fold stacking), EasyBlend (linear, two layers). Departures: one layer of learners and
//! one linear blend, refitted to all rows, so that contributions stay exact and a model stays small.
//! Cost: that of its candidates, see `portfolio`.
//! Checked against: planted worlds whose best predictor is known, its own file read back (`tests/it/automl.rs`).

mod assess;
mod budget;
mod candidate;
mod copies;
mod dependence;
mod drift;
mod folds;
mod leaks;
mod member;
mod model;
mod outcomes;
mod own;
mod package;
mod portfolio;
mod prepared;
mod profile;
mod scales;
mod search;
mod slices;
mod sound;
mod views;
mod weights;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::network::{Cores, Device};
use crate::roles::{Kind, Override, Targets};
use crate::trees::Monotone;
use crate::{Frame, LearnError, PipelineOptions, Task};

pub use assess::{Assessed, ColumnImportance, LeaderboardRow, ModelReport, SplitReport};
pub use candidate::Method;
pub use dependence::{Dependence, DependenceBin};
pub use drift::{ColumnDrift, Drift};
pub use folds::SplitBy;
pub use leaks::LeakCheck;
pub use model::{Explanation, Model, Prediction, Reason};
pub use outcomes::{ClassOutcome, NumberBin, NumberOutcome};
pub use own::{OwnFit, OwnLearner};
pub use package::{Manifest, PackageEntry, check_name};
pub use prepared::{Prepared, PreparedFold, prepare};
pub use profile::{ColumnProfile, DataProfile, FoldSize};
pub use scales::{ScaleReport, ScaleTried};
pub use slices::{WeakSlice, WeakSlices};
pub use views::{BinKind, Measure, ValueBin};
pub(crate) use views::{short, shown};

/// What to train, on what budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AutoOptions {
    /// The column to predict.
    pub target: String,
    /// What it is; `None` to tell by its values.
    pub task: Option<Task>,
    /// Seconds of one core, as candidates are priced; a finite number above 0.
    pub budget_s: f64,
    /// How rows are held out.
    pub split: SplitBy,
    /// Every draw follows from it.
    pub seed: u64,
    /// A column of weights: how many cases a row stands for.
    pub weight: Option<String>,
    /// What the caller knows better about columns.
    pub roles: BTreeMap<String, Override>,
    /// Learners to try; empty for all.
    pub methods: Vec<Method>,
    /// Whether rows without a target are left out, and counted; else they are an error.
    #[serde(default)]
    pub drop_missing_target: bool,
    /// Columns of numbers with which the prediction must rise or fall, all else equal. Boosted trees alone can promise it, so
    /// they are the only learners then.
    #[serde(default)]
    pub monotone: BTreeMap<String, Monotone>,
    /// How much rows of each class weigh while learners are fitted.
    #[serde(default)]
    pub imbalance: Imbalance,
    /// Instant up to which the table is known, microseconds since 1970-01-01 UTC: later times are told of.
    #[serde(default)]
    pub as_of_us: Option<i64>,
    /// How columns become features.
    pub features: PipelineOptions,
}

impl AutoOptions {
    /// What the caller says that the target is.
    fn kind_of_target(&self) -> Option<Kind> {
        self.roles.get(&self.target).map(|given| given.kind)
    }

    /// Everything as it usually is, for one target.
    pub fn for_target(target: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            task: None,
            budget_s: 60.0,
            split: SplitBy::Auto,
            seed: 0,
            weight: None,
            roles: BTreeMap::new(),
            methods: Vec::new(),
            drop_missing_target: false,
            monotone: BTreeMap::new(),
            imbalance: Imbalance::AsIs,
            as_of_us: None,
            features: PipelineOptions::default(),
        }
    }
}

/// How much rows of each class weigh while learners are fitted. Probabilities stay those of the table: what other weights do to
/// the odds is taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Imbalance {
    /// As many as there are.
    #[default]
    AsIs,
    /// Every class as much as any other.
    Balanced,
    /// Rows of class 1 of two so many times as much as others.
    PositiveWeight(f64),
}

/// How far training is, told before every fit.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainProgress {
    /// What is done next.
    pub step: String,
    /// Steps done.
    pub done: u32,
    /// Steps in all, as planned.
    pub planned: u32,
    /// Seconds of one core that the step is priced at; 0 for what has no price.
    pub price_s: f64,
    /// The best learner so far and its mean loss on held-out rows.
    pub best: Option<(String, f64)>,
}

/// Asked before every fit; `false` ends the search with what there is.
pub type Watch<'w> = &'w mut dyn FnMut(&TrainProgress) -> bool;

/// Trains a model.
///
/// # Errors
/// The target cannot be predicted, no column is a feature, folds are impossible, an option is out of range, or the search was
/// stopped before the first learner was fitted.
pub fn train(frame: &Frame, options: &AutoOptions, watch: Watch<'_>) -> Result<Model, LearnError> {
    train_unless(frame, options, watch, &|| false)
}

/// Asked between the rounds of every fit, on any thread; `true` drops the work.
pub type Dropped<'d> = &'d (dyn Fn() -> bool + Sync);

/// How a person ends what is under way; both are asked between rounds, epochs and sweeps, on any thread.
#[derive(Clone, Copy)]
pub struct Interrupt<'i> {
    /// Nobody wants a model any more: what was done is thrown away.
    pub dropped: Dropped<'i>,
    /// Somebody wants the model of what was done: the learner under way is thrown away, those before it are blended.
    pub stopped: Dropped<'i>,
}

impl Interrupt<'static> {
    /// Nobody interrupts.
    pub const NEVER: Self = Self { dropped: &|| false, stopped: &|| false };
}

impl Interrupt<'_> {
    fn is_asked(&self) -> bool {
        (self.dropped)() || (self.stopped)()
    }
}

/// [`train`], unless it is dropped: where `watch` ends the search with what there is, `dropped` leaves nothing. A person
/// who interrupts a notebook waits for one round of one learner then, not for a blend and a last fit.
///
/// # Errors
/// As [`train`]; `Stopped` where it was dropped.
pub fn train_unless(
    frame: &Frame,
    options: &AutoOptions,
    watch: Watch<'_>,
    dropped: Dropped<'_>,
) -> Result<Model, LearnError> {
    train_with(frame, options, &[], watch, Interrupt { dropped, ..Interrupt::NEVER })
}

/// [`train_unless`] with learners of the caller's own: each is fitted to the same folds as ours, before them and without a price,
/// and blended with them. A model that gives one of them weight is in no file ([`Model::own_parts`]).
///
/// # Errors
/// As [`train_unless`]; `OwnLearner` where one fails, answers what is no prediction, or is named like another learner.
pub fn train_with(
    frame: &Frame,
    options: &AutoOptions,
    own: &[Arc<dyn OwnLearner>],
    watch: Watch<'_>,
    interrupt: Interrupt<'_>,
) -> Result<Model, LearnError> {
    train_on(&Cores, frame, options, own, watch, interrupt)
}

/// [`train_with`], with networks fitted on a device. What is tried does not depend on it: the budget is counted as if the cores did
/// all work. The model says which device it was, for its fits are not promised to repeat to the bit.
///
/// # Errors
/// As [`train_with`]; `Device` where the device fails.
pub fn train_on(
    device: &dyn Device,
    frame: &Frame,
    options: &AutoOptions,
    own: &[Arc<dyn OwnLearner>],
    watch: Watch<'_>,
    interrupt: Interrupt<'_>,
) -> Result<Model, LearnError> {
    own::check_names(own, options)?;
    if !(options.budget_s > 0.0 && options.budget_s.is_finite()) {
        return Err(LearnError::Argument {
            what: "the time budget",
            found: options.budget_s,
            expected: "a finite number of seconds above 0",
        });
    }
    let rows = if options.drop_missing_target {
        Targets::known_rows(frame, &options.target, options.kind_of_target())?
    } else {
        Vec::new()
    };
    if rows.is_empty() || rows.len() == frame.n_rows() {
        return search::Search::new(frame, options)?.on(device).run(own, watch, interrupt);
    }
    let mut known = options.clone();
    if let SplitBy::Folds(folds) = &options.split {
        crate::error::same_length("folds", frame.n_rows(), folds.len())?;
        known.split = SplitBy::Folds(rows.iter().map(|row| folds[*row as usize]).collect());
    }
    let frame_of_rows = frame.take(&rows);
    let search = search::Search::new(&frame_of_rows, &known)?.on(device);
    let mut model = search.run(own, watch, interrupt)?;
    model.provenance.options = options.clone();
    model.report.split.n_without_target = frame.n_rows() - rows.len();
    Ok(model)
}
