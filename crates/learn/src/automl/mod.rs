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
//! The budget is *counted*, not timed: seconds of one core as the portfolio prices its candidates. Wall-clock time that
//! steers a search is why other systems' runs cannot be repeated (FLAML #151); here the same table, options and seed give
//! the same bytes. A caller with a clock can still stop it between two fits, and the model says so.
//! Source: AutoGluon (portfolio, out-of-fold stacking), EasyBlend (linear, two layers). Departures: one layer of learners and
//! one linear blend, refitted to all rows, so that contributions stay exact and a model stays small.
//! Cost: that of its candidates, see `portfolio`.
//! Checked against: planted worlds whose best predictor is known, its own file read back (`tests/it/automl.rs`).

mod assess;
mod candidate;
mod dependence;
mod drift;
mod folds;
mod member;
mod model;
mod outcomes;
mod package;
mod portfolio;
mod prepared;
mod profile;
mod search;
mod slices;
mod views;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::roles::Override;
use crate::{Frame, LearnError, PipelineOptions, Task};

pub use assess::{Assessed, ColumnImportance, LeaderboardRow, ModelReport, SplitReport};
pub use candidate::Method;
pub use dependence::{Dependence, DependenceBin};
pub use drift::{ColumnDrift, Drift};
pub use folds::SplitBy;
pub use model::{Explanation, Model, Prediction, Reason};
pub use outcomes::{ClassOutcome, NumberBin, NumberOutcome};
pub use package::{Manifest, PackageEntry};
pub use prepared::{Prepared, PreparedFold, prepare};
pub use profile::{ColumnProfile, DataProfile, FoldSize};
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
    /// How columns become features.
    pub features: PipelineOptions,
}

impl AutoOptions {
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
            features: PipelineOptions::default(),
        }
    }
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
    if !(options.budget_s > 0.0 && options.budget_s.is_finite()) {
        return Err(LearnError::Argument {
            what: "the time budget",
            found: options.budget_s,
            expected: "a finite number of seconds above 0",
        });
    }
    search::Search::new(frame, options)?.run(watch, dropped)
}
