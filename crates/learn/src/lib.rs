#![doc = include_str!("../README.md")]

mod auc;
pub mod automl;
pub mod blend;
mod calibration;
mod cholesky;
mod contribution;
mod error;
pub mod features;
mod frame;
mod isotonic;
pub mod linear;
mod logistic;
pub mod metrics;
pub mod network;
mod newton;
mod proportion;
mod quantiles;
mod reliability;
pub mod report;
pub mod roles;
mod schema;
pub mod split;
mod training;
pub mod trees;

pub use auc::auc;
pub use calibration::Calibration;
pub use contribution::Contributions;
pub use error::LearnError;
pub use features::{Pipeline, PipelineOptions};
pub use frame::{Column, Frame, Texts, Values};
pub use isotonic::IsotonicSteps;
pub use logistic::{LogisticOptions, LogisticRegression};
pub use proportion::proportion_bounds;
pub use reliability::{Reliability, ReliabilityBin};
pub use roles::{Kind, Role, deduce};
pub use training::{FeatureKind, Matrix, Task, Training};
