//! One thing to try: a learner with its settings, and how it is fitted to some rows.

use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Dropped;
use super::member::Learner;
use super::own::{OwnLearner, OwnMember};
use crate::linear::{self, LambdaChoice, LinearModel, LinearOptions};
use crate::network::{NetworkModel, NetworkOptions};
use crate::trees::{BoostOptions, ForestOptions, Monotone, TreeModel, boost, grow_forest};
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
    /// A learner of the caller's own.
    Own,
}

impl Method {
    /// Every method of ours.
    pub const ALL: [Self; 4] = [Self::Linear, Self::Boosted, Self::Forest, Self::Network];

    /// Its name, as options and files have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Boosted => "boosted",
            Self::Forest => "forest",
            Self::Network => "network",
            Self::Own => "own",
        }
    }
}

/// A learner with its settings.
#[derive(Clone)]
pub(super) enum Settings {
    Linear(LinearOptions),
    Boosted(BoostOptions),
    Forest(ForestOptions),
    Network(NetworkOptions),
    Own(Arc<dyn OwnLearner>, u64),
}

/// Something to try.
#[derive(Clone)]
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

/// Rows of one fold as learners see them.
pub(super) struct Fold {
    pub(super) training: Training,
    pub(super) held: Training,
    /// How trees must move with each feature; empty for as they like.
    pub(super) monotone: Vec<Monotone>,
}

/// A learner that was fitted.
struct Fit {
    learner: Learner,
    found: Found,
    /// Boosted trees with all rounds that were made, the last ones without use included.
    whole: Option<TreeModel>,
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
            Settings::Own(..) => Method::Own,
        }
    }

    /// Fits to every fold: what each found, and margins of the rows it holds out, one fold after the other. `dropped` is asked
    /// between rounds, see [`super::train_unless`].
    ///
    /// Boosted trees answer with the same number of rounds in every fold and linear models with the same penalty: with each
    /// fold's own best they would have seen the rows they are judged by.
    pub(super) fn over(
        &self,
        folds: &[Fold],
        dropped: Dropped<'_>,
    ) -> Result<(Vec<Found>, Vec<f64>), LearnError> {
        let fit: &(dyn Fn(&Fold) -> Result<Fit, LearnError> + Sync) = match &self.settings {
            Settings::Linear(options) => return selected(options, folds),
            Settings::Own(learner, seed) => return own(learner.as_ref(), *seed, folds, dropped),
            Settings::Boosted(options) => &|fold| boosted(options, fold, dropped),
            Settings::Forest(options) => &|fold| {
                let forest = grow_forest(&fold.training, options, &mut |_| !dropped())?;
                Ok(Fit::of(Learner::forest(forest.model), Found::Nothing))
            },
            Settings::Network(options) => &|fold| {
                let (training, held) = (&fold.training, Some(&fold.held));
                let model = NetworkModel::fit(training, held, options, &mut |_| !dropped())?;
                let found = Found::Rounds(model.best_epoch.max(1));
                Ok(Fit::of(Learner::Network(model), found))
            },
        };
        let fits: Vec<Result<Fit, LearnError>> = folds.par_iter().map(fit).collect();
        if dropped() {
            // A fit that was cut short must not be used.
            return Err(LearnError::Stopped);
        }
        let fits = fits.into_iter().collect::<Result<Vec<_>, _>>()?;
        let found: Vec<Found> = fits.iter().map(|fit| fit.found).collect();
        let mut margins = Vec::new();
        for (fit, fold) in fits.iter().zip(folds) {
            margins.extend(match &fit.whole {
                Some(whole) => whole.first_rounds(rounds(&found)).margins(&fold.held.features)?,
                None => fit.learner.margins(&fold.held.features)?,
            });
        }
        Ok((found, margins))
    }

    /// Fits to all rows with what the folds found.
    pub(super) fn refit(
        &self,
        training: &Training,
        found: &[Found],
        monotone: &[Monotone],
        dropped: Dropped<'_>,
    ) -> Result<Learner, LearnError> {
        Ok(match &self.settings {
            Settings::Linear(options) => {
                let (lambda, l1_share) = penalty(found);
                let choice = LambdaChoice::Fixed { lambda, l1_share };
                Learner::Linear(LinearModel::fit(training, options, choice)?)
            }
            Settings::Boosted(options) => {
                let options = BoostOptions {
                    iterations: rounds(found),
                    patience: 0,
                    monotone: monotone.to_vec(),
                    ..options.clone()
                };
                Learner::Trees(boost(training, &options, None, &mut |_| !dropped())?.model)
            }
            Settings::Forest(options) => {
                Learner::forest(grow_forest(training, options, &mut |_| !dropped())?.model)
            }
            Settings::Network(options) => {
                let options = NetworkOptions { epochs_max: rounds(found), ..options.clone() };
                Learner::Network(NetworkModel::fit(training, None, &options, &mut |_| !dropped())?)
            }
            Settings::Own(learner, seed) => {
                Learner::Own(OwnMember::fit(learner.as_ref(), training, *seed)?)
            }
        })
    }
}

/// One fold after the other: what is not ours may not be asked from several threads at once.
fn own(
    learner: &dyn OwnLearner,
    seed: u64,
    folds: &[Fold],
    dropped: Dropped<'_>,
) -> Result<(Vec<Found>, Vec<f64>), LearnError> {
    let mut margins = Vec::new();
    for fold in folds {
        if dropped() {
            return Err(LearnError::Stopped);
        }
        let member = OwnMember::fit(learner, &fold.training, seed)?;
        margins.extend(member.margins(&fold.held.features)?);
    }
    Ok((vec![Found::Nothing; folds.len()], margins))
}

/// One penalty for all folds.
fn selected(options: &LinearOptions, folds: &[Fold]) -> Result<(Vec<Found>, Vec<f64>), LearnError> {
    let pairs: Vec<_> = folds.iter().map(|fold| (&fold.training, &fold.held)).collect();
    let selected = linear::select(&pairs, options)?;
    let found = Found::Penalty(selected.lambda, selected.l1_share);
    Ok((vec![found], selected.margins.concat()))
}

/// Boosts until the rows held out gain no more. Patience is ours, so that the rounds after the best one are kept, too.
fn boosted(options: &BoostOptions, fold: &Fold, dropped: Dropped<'_>) -> Result<Fit, LearnError> {
    let monotone = fold.monotone.clone();
    let endless = BoostOptions { patience: 0, monotone, ..options.clone() };
    let mut best = 1;
    let whole = boost(&fold.training, &endless, Some(&fold.held), &mut |progress| {
        best = progress.best_iteration.max(1);
        progress.iteration - best < options.patience && !dropped()
    })?;
    let learner = Learner::Trees(whole.model.first_rounds(best));
    Ok(Fit { learner, found: Found::Rounds(best), whole: Some(whole.model) })
}

/// The middle number of rounds: one odd fold does not move it.
fn rounds(found: &[Found]) -> u32 {
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
