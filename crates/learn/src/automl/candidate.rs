//! One thing to try: a learner with its settings, and how it is fitted to some rows.

use serde::{Deserialize, Serialize};

use super::Dropped;
use super::member::Learner;
use crate::linear::{LambdaChoice, LinearModel, LinearOptions};
use crate::network::{NetworkModel, NetworkOptions};
use crate::trees::{BoostOptions, ForestOptions, TreeModel, boost, grow_forest};
use crate::{LearnError, Training};

/// A family of learners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Linear, with an elastic net penalty.
    Linear,
    /// Gradient-boosted trees.
    Boosted,
    /// A forest of deep trees.
    Forest,
    /// A deep network for tables.
    Network,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 4] = [Self::Linear, Self::Boosted, Self::Forest, Self::Network];

    /// Its name, as options and files have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Boosted => "boosted",
            Self::Forest => "forest",
            Self::Network => "network",
        }
    }
}

/// A learner with its settings.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Settings {
    Linear(LinearOptions),
    Boosted(BoostOptions),
    Forest(ForestOptions),
    Network(NetworkOptions),
}

/// Something to try.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate {
    /// Unique among the candidates: `boosted 3`.
    pub(super) name: String,
    /// Its settings in words.
    pub(super) about: String,
    pub(super) settings: Settings,
}

/// What a fit to one fold leaves for the fit to all rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Found {
    /// Nothing: the settings say all.
    Nothing,
    /// Rounds of boosting, or epochs of a network.
    Rounds(u32),
    /// The penalty, and the share of it on the size of coefficients.
    Penalty(f64, f64),
}

/// A learner that was fitted.
pub(super) struct Fit {
    pub(super) learner: Learner,
    pub(super) found: Found,
    /// Boosted trees with all rounds that were made, the last ones without use included.
    pub(super) whole: Option<TreeModel>,
}

impl Fit {
    fn of(learner: Learner, found: Found) -> Self {
        Self { learner, found, whole: None }
    }
}

impl Candidate {
    pub(super) fn method(&self) -> Method {
        match self.settings {
            Settings::Linear(_) => Method::Linear,
            Settings::Boosted(_) => Method::Boosted,
            Settings::Forest(_) => Method::Forest,
            Settings::Network(_) => Method::Network,
        }
    }

    /// Fits to training rows; `held` says when to stop. `dropped` is asked between rounds, see [`super::train_unless`].
    pub(super) fn fit(
        &self,
        training: &Training,
        held: &Training,
        dropped: Dropped<'_>,
    ) -> Result<Fit, LearnError> {
        match &self.settings {
            Settings::Linear(options) => {
                let model = LinearModel::fit(training, options, LambdaChoice::Validation(held))?;
                let found = Found::Penalty(model.lambda, model.l1_share);
                Ok(Fit::of(Learner::Linear(model), found))
            }
            Settings::Boosted(options) => {
                // Patience is ours, so that the rounds after the best one are kept, too.
                let endless = BoostOptions { patience: 0, ..options.clone() };
                let mut best = 1;
                let whole = boost(training, &endless, Some(held), &mut |progress| {
                    best = progress.best_iteration.max(1);
                    progress.iteration - best < options.patience && !dropped()
                })?;
                let learner = Learner::Trees(whole.model.first_rounds(best));
                Ok(Fit { learner, found: Found::Rounds(best), whole: Some(whole.model) })
            }
            Settings::Forest(options) => {
                let forest = grow_forest(training, options, &mut |_| !dropped())?;
                Ok(Fit::of(Learner::forest(forest.model), Found::Nothing))
            }
            Settings::Network(options) => {
                let model = NetworkModel::fit(training, Some(held), options, &mut |_| !dropped())?;
                let found = Found::Rounds(model.best_epoch.max(1));
                Ok(Fit::of(Learner::Network(model), found))
            }
        }
    }

    /// Fits to all rows with what the folds found.
    pub(super) fn refit(
        &self,
        training: &Training,
        found: &[Found],
        dropped: Dropped<'_>,
    ) -> Result<Learner, LearnError> {
        Ok(match &self.settings {
            Settings::Linear(options) => {
                let (lambda, l1_share) = penalty(found);
                let choice = LambdaChoice::Fixed { lambda, l1_share };
                Learner::Linear(LinearModel::fit(training, options, choice)?)
            }
            Settings::Boosted(options) => {
                let options =
                    BoostOptions { iterations: rounds(found), patience: 0, ..options.clone() };
                Learner::Trees(boost(training, &options, None, &mut |_| !dropped())?.model)
            }
            Settings::Forest(options) => {
                Learner::forest(grow_forest(training, options, &mut |_| !dropped())?.model)
            }
            Settings::Network(options) => {
                let options = NetworkOptions { epochs_max: rounds(found), ..options.clone() };
                Learner::Network(NetworkModel::fit(training, None, &options, &mut |_| !dropped())?)
            }
        })
    }
}

/// The middle number of rounds: one odd fold does not move it.
pub(super) fn rounds(found: &[Found]) -> u32 {
    let mut rounds: Vec<u32> = found
        .iter()
        .filter_map(|found| if let Found::Rounds(n) = found { Some(*n) } else { None })
        .collect();
    rounds.sort_unstable();
    rounds.get(rounds.len() / 2).copied().unwrap_or(1)
}

/// The penalty of the middle, by size.
fn penalty(found: &[Found]) -> (f64, f64) {
    let of = |found: &Found| match found {
        Found::Penalty(lambda, share) => Some((*lambda, *share)),
        _ => None,
    };
    let mut penalties: Vec<(f64, f64)> = found.iter().filter_map(of).collect();
    penalties.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    penalties.get(penalties.len() / 2).copied().unwrap_or((0.0, 0.0))
}
