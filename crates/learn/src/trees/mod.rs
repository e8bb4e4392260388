//! Boosted trees and forests over a [`Matrix`](crate::Matrix): grown from histograms, exact in what they explain.
//!
//! Start at [`boost`] or [`grow_forest`]; both give a [`TreeModel`], and a [`TreeExplainer`] says why it answers so.
//! Same input, same bytes, on any number of threads: work is split by feature, by tree or by row, never inside a sum.

mod binning;
mod boost;
mod byte_ranks;
mod draws;
mod forest;
mod grow;
mod histogram;
mod loss;
mod model;
mod options;
mod predict;
mod ranks;
mod shap;
mod split;
mod steps;
mod stored;

pub use boost::{Boosted, Progress, StoppedBy, boost, boost_on};
pub use forest::{Forest, ForestOptions, grow_forest};
pub use model::{FeatureImportance, TreeModel};
pub use options::{BoostOptions, CategorySplits, Monotone, RegressionLoss};
pub use shap::TreeExplainer;
pub use steps::StepExplainer;
