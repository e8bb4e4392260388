//! A fitted learner as part of a blend: margins on the scale of the task, and what each feature did to them.

use serde::{Deserialize, Serialize};

use crate::linear::LinearModel;
use crate::network::NetworkModel;
use crate::trees::{TreeExplainer, TreeModel};
use crate::{Contributions, LearnError, Matrix, Task};

/// Probabilities of a forest stay this far from 0 and 1 at least: half a vote of as many trees.
fn half_vote(n_trees: usize) -> f64 {
    0.5 / (n_trees.max(1) as f64 + 1.0)
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
        }
    }

    /// What each feature did to the margins; they add up to them.
    ///
    /// Linear models and boosted trees exactly. A forest exactly in probability, each contribution then stretched by the one
    /// factor that makes them add up in log-odds (the rescale rule of DeepLIFT). A network by sampled orders.
    pub(super) fn contributions(
        &self,
        features: &Matrix,
        explainer: Option<&TreeExplainer>,
    ) -> Result<Contributions, LearnError> {
        let of_trees = |model: &TreeModel| match explainer {
            Some(explainer) => explainer.contributions(features),
            None => TreeExplainer::new(model).contributions(features),
        };
        match self {
            Self::Linear(model) => model.contributions(features),
            Self::Trees(model) => of_trees(model),
            Self::Forest(model) => {
                let plain = of_trees(model)?;
                Ok(stretched(model.task(), half_vote(model.n_trees()), plain))
            }
            Self::Network(model) => Ok(model.contributions(features, 0)?.contributions),
        }
    }

    /// Trees have paths that are worth preparing once.
    pub(super) fn explainer(&self) -> Option<TreeExplainer> {
        match self {
            Self::Trees(model) | Self::Forest(model) => Some(TreeExplainer::new(model)),
            Self::Linear(_) | Self::Network(_) => None,
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
