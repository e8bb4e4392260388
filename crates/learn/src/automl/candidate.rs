//! One thing to try: a learner with its settings, and how it is fitted to some rows.

use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::member::Learner;
use super::own::{OwnLearner, OwnMember};
use crate::linear::{self, LambdaChoice, LinearModel, LinearOptions};
use crate::network::{Device, NetworkModel, NetworkOptions};
use crate::trees::{BoostOptions, ForestOptions, Monotone, TreeModel, boost, grow_forest};
use crate::work::Limit;
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

/// Folds after which a candidate may be left.
const FIRST_FOLDS: usize = 2;

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
    work_s: f64,
}

impl Fit {
    fn of(learner: Learner, found: Found, work_s: f64) -> Self {
        Self { learner, found, whole: None, work_s }
    }
}

/// What fits to all folds leave.
pub(super) struct OverFolds {
    pub(super) found: Vec<Found>,
    /// Margins of the rows that each fold holds out, one fold after the other.
    pub(super) margins: Vec<f64>,
    /// Seconds of one core, counted.
    pub(super) work_s: f64,
    /// Folds that were fitted to: all of them, or the first where they told enough.
    pub(super) n_folds: usize,
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

    /// Fits to every fold; each may do as much as the limit says, and is a model whenever that ends. Between the first two folds and
    /// the others `is_worth` is asked, with margins of the rows that those two hold out; linear models, whose folds go side by
    /// side, and members of the caller's own are not asked about.
    ///
    /// Boosted trees answer with the same number of rounds in every fold and linear models with the same penalty: with each
    /// fold's own best they would have seen the rows they are judged by.
    pub(super) fn over(
        &self,
        folds: &[Fold],
        device: &dyn Device,
        limit: Limit<'_>,
        is_worth: &dyn Fn(&[f64]) -> bool,
    ) -> Result<OverFolds, LearnError> {
        let fit: &(dyn Fn(&Fold) -> Result<Fit, LearnError> + Sync) = match &self.settings {
            Settings::Linear(options) => return selected(options, folds, limit),
            Settings::Own(learner, seed) => return own(learner.as_ref(), *seed, folds, limit),
            Settings::Boosted(options) => &|fold| boosted(options, fold, limit),
            Settings::Forest(options) => &|fold| {
                let mut work_s = 0.0;
                let forest = grow_forest(&fold.training, options, &mut |progress| {
                    work_s = progress.work_s;
                    limit.allows(work_s)
                })?;
                Ok(Fit::of(Learner::forest(forest.model), Found::Nothing, work_s))
            },
            Settings::Network(options) => &|fold| {
                let (training, held) = (&fold.training, Some(&fold.held));
                let mut work_s = 0.0;
                let model =
                    NetworkModel::fit_on(device, training, held, options, &mut |progress| {
                        work_s = progress.work_s;
                        limit.allows(work_s)
                    })?;
                let found = Found::Rounds(model.best_epoch.max(1));
                Ok(Fit::of(Learner::Network(model), found, work_s))
            },
        };
        // Half of the folds tell much of it, but for a table of so few that all are needed.
        let n_first = if folds.len() > FIRST_FOLDS + 1 { FIRST_FOLDS } else { folds.len() };
        let mut fits = Vec::with_capacity(folds.len());
        for group in [&folds[..n_first], &folds[n_first..]] {
            if !fits.is_empty() && !is_worth(&margins_of(&fits, folds)?) {
                break;
            }
            let of_group: Vec<Result<Fit, LearnError>> = group.par_iter().map(fit).collect();
            if (limit.dropped)() {
                // A fit that was cut short must not be used.
                return Err(LearnError::Stopped);
            }
            fits.extend(of_group.into_iter().collect::<Result<Vec<_>, _>>()?);
        }
        Ok(OverFolds {
            margins: margins_of(&fits, folds)?,
            found: fits.iter().map(|fit| fit.found).collect(),
            work_s: fits.iter().map(|fit| fit.work_s).sum(),
            n_folds: fits.len(),
        })
    }

    /// Fits to all rows with what the folds found; a forest or a linear model does as much as the limit says.
    pub(super) fn refit(
        &self,
        training: &Training,
        found: &[Found],
        monotone: &[Monotone],
        device: &dyn Device,
        limit: Limit<'_>,
    ) -> Result<Learner, LearnError> {
        Ok(match &self.settings {
            Settings::Linear(options) => {
                let (lambda, l1_share) = penalty(found);
                let choice = LambdaChoice::Fixed { lambda, l1_share };
                Learner::Linear(LinearModel::fit_within(training, options, choice, limit)?)
            }
            Settings::Boosted(options) => {
                let options = BoostOptions {
                    iterations: rounds(found),
                    patience: 0,
                    monotone: monotone.to_vec(),
                    ..options.clone()
                };
                let dropped = limit.dropped;
                Learner::Trees(boost(training, &options, None, &mut |_| !dropped())?.model)
            }
            Settings::Forest(options) => {
                let forest = grow_forest(training, options, &mut |p| limit.allows(p.work_s))?;
                Learner::forest(forest.model)
            }
            Settings::Network(options) => {
                let options = NetworkOptions { epochs_max: rounds(found), ..options.clone() };
                let keep_going = &mut |_: &_| !(limit.dropped)();
                Learner::Network(NetworkModel::fit_on(
                    device, training, None, &options, keep_going,
                )?)
            }
            Settings::Own(learner, seed) => {
                Learner::Own(OwnMember::fit(learner.as_ref(), training, *seed)?)
            }
        })
    }
}

/// Margins of the rows that the first folds hold out, under what all of their fits found together.
fn margins_of(fits: &[Fit], folds: &[Fold]) -> Result<Vec<f64>, LearnError> {
    let found: Vec<Found> = fits.iter().map(|fit| fit.found).collect();
    let mut margins = Vec::new();
    for (fit, fold) in fits.iter().zip(folds) {
        margins.extend(match &fit.whole {
            Some(whole) => whole.first_rounds(rounds(&found)).margins(&fold.held.features)?,
            None => fit.learner.margins(&fold.held.features)?,
        });
    }
    Ok(margins)
}

/// One fold after the other: what is not ours may not be asked from several threads at once.
fn own(
    learner: &dyn OwnLearner,
    seed: u64,
    folds: &[Fold],
    limit: Limit<'_>,
) -> Result<OverFolds, LearnError> {
    let mut margins = Vec::new();
    for fold in folds {
        if (limit.dropped)() {
            return Err(LearnError::Stopped);
        }
        let member = OwnMember::fit(learner, &fold.training, seed)?;
        margins.extend(member.margins(&fold.held.features)?);
    }
    Ok(OverFolds {
        found: vec![Found::Nothing; folds.len()],
        margins,
        work_s: 0.0,
        n_folds: folds.len(),
    })
}

/// One penalty for all folds.
fn selected(
    options: &LinearOptions,
    folds: &[Fold],
    limit: Limit<'_>,
) -> Result<OverFolds, LearnError> {
    let pairs: Vec<_> = folds.iter().map(|fold| (&fold.training, &fold.held)).collect();
    let (selected, work) = linear::select_within(&pairs, options, limit)?;
    let found = Found::Penalty(selected.lambda, selected.l1_share);
    let margins = selected.margins.concat();
    Ok(OverFolds { found: vec![found], margins, work_s: work.seconds(), n_folds: folds.len() })
}

/// Boosts until the rows held out gain no more. Patience is ours, so that the rounds after the best one are kept, too.
fn boosted(options: &BoostOptions, fold: &Fold, limit: Limit<'_>) -> Result<Fit, LearnError> {
    let monotone = fold.monotone.clone();
    let endless = BoostOptions { patience: 0, monotone, ..options.clone() };
    let (mut best, mut work_s) = (1, 0.0);
    let whole = boost(&fold.training, &endless, Some(&fold.held), &mut |progress| {
        best = progress.best_iteration.max(1);
        work_s = progress.work_s;
        progress.iteration - best < options.patience && limit.allows(work_s)
    })?;
    let learner = Learner::Trees(whole.model.first_rounds(best));
    Ok(Fit { learner, found: Found::Rounds(best), whole: Some(whole.model), work_s })
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
