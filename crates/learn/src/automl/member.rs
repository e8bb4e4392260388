//! A fitted learner as part of a blend: margins on the scale of the task, and what each feature did to them.

use serde::{Deserialize, Serialize};

use super::own::OwnMember;
use crate::linear::LinearModel;
use crate::network::{NetworkExplainer, NetworkModel};
use crate::trees::{StepExplainer, TreeExplainer, TreeModel};
use crate::{Contributions, LearnError, Matrix, Task};

/// Probabilities of a forest stay this far from 0 and 1 at least: half a vote of as many trees.
fn half_vote(n_trees: usize) -> f64 {
    0.5 / (n_trees.max(1) as f64 + 1.0)
}

/// Leaves up to which a forest is explained by Shapley values: beyond, a single row would take milliseconds.
const FOREST_LEAVES_MAX: usize = 4_000;

/// What a learner prepares once to explain many rows.
pub(super) enum Explainer {
    /// Itself: its terms are what it does.
    Linear(LinearModel),
    /// Shapley values of trees.
    Trees(TreeExplainer),
    /// Steps down the trees of a large forest.
    Steps(StepExplainer),
    /// A network.
    Network(Box<NetworkExplainer>),
    /// A learner of the caller's own, by sampled Shapley values.
    Own(OwnMember),
}

/// A learner that was fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Learner {
    /// Linear.
    Linear(LinearModel),
    /// Boosted trees: margins are log-odds.
    Trees(TreeModel),
    /// A forest: its answers are probabilities, whose log-odds are the margins.
    Forest(TreeModel),
    /// A network.
    Network(NetworkModel),
    /// A learner of the caller's own: code, so no file holds it.
    #[serde(skip)]
    Own(OwnMember),
}

impl Learner {
    pub(super) fn forest(model: TreeModel) -> Self {
        Self::Forest(model)
    }

    /// Margins, row after row, one an output.
    pub(super) fn margins(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        match self {
            Self::Linear(model) => model.margins(features),
            Self::Trees(model) => model.margins(features),
            Self::Forest(model) => {
                let mut margins = model.margins(features)?;
                log_odds(model.task(), half_vote(model.n_trees()), &mut margins);
                Ok(margins)
            }
            Self::Network(model) => model.margins(features),
            Self::Own(member) => member.margins(features),
        }
    }

    /// What each feature did to the margins; they add up to them.
    ///
    /// Linear models and boosted trees exactly. A forest in probability, exactly or (of many leaves) by the steps down its
    /// trees, each contribution then stretched by the one factor that makes them add up in log-odds (the rescale rule of
    /// DeepLIFT). A network by that rule, too. A learner of the caller's own by sampled Shapley values.
    pub(super) fn contributions(
        &self,
        features: &Matrix,
        explainer: &Explainer,
    ) -> Result<Contributions, LearnError> {
        let plain = match explainer {
            Explainer::Trees(explainer) => explainer.contributions(features)?,
            Explainer::Steps(explainer) => explainer.contributions(features)?,
            Explainer::Network(explainer) => explainer.contributions(features)?,
            Explainer::Linear(model) => model.contributions(features)?,
            Explainer::Own(member) => member.contributions(features)?,
        };
        Ok(match self {
            Self::Forest(model) => stretched(model.task(), half_vote(model.n_trees()), plain),
            _ => plain,
        })
    }

    /// What is worth preparing once.
    pub(super) fn explainer(&self) -> Explainer {
        match self {
            Self::Linear(model) => Explainer::Linear(model.clone()),
            Self::Forest(model) if model.n_leaves() > FOREST_LEAVES_MAX => {
                Explainer::Steps(StepExplainer::new(model))
            }
            Self::Trees(model) | Self::Forest(model) => Explainer::Trees(TreeExplainer::new(model)),
            Self::Network(model) => Explainer::Network(Box::new(NetworkExplainer::new(model))),
            Self::Own(member) => Explainer::Own(member.clone()),
        }
    }
}

/// Probabilities to log-odds (of class 1), or to their logarithms (of every class), in place.
fn log_odds(task: Task, least: f64, values: &mut [f64]) {
    if task != Task::Regression {
        values.iter_mut().for_each(|value| *value = margin_of(task, least, *value));
    }
}

fn margin_of(task: Task, least: f64, probability: f64) -> f64 {
    let held = probability.clamp(least, 1.0 - least);
    match task {
        Task::Regression => probability,
        Task::Binary => (held / (1.0 - held)).ln(),
        Task::Multiclass { .. } => held.ln(),
    }
}

/// Contributions to probabilities as contributions to margins.
fn stretched(task: Task, least: f64, mut plain: Contributions) -> Contributions {
    if task == Task::Regression {
        return plain;
    }
    let n_outputs = plain.n_outputs();
    let bases: Vec<f64> = plain.base.iter().map(|base| margin_of(task, least, *base)).collect();
    for (at, part) in plain.values.chunks_mut(plain.n_features.max(1)).enumerate() {
        let output = at % n_outputs;
        let moved: f64 = part.iter().sum();
        let target = margin_of(task, least, plain.base[output] + moved) - bases[output];
        let size: f64 = part.iter().map(|value| value.abs()).sum();
        // Contributions that cancel out have no factor: what is left is shared by their sizes.
        if moved.abs() > 1e-12 * size && size > 0.0 {
            part.iter_mut().for_each(|value| *value *= target / moved);
        } else if size > 0.0 {
            part.iter_mut().for_each(|value| *value = target * value.abs() / size);
        }
    }
    plain.base = bases;
    plain
}
