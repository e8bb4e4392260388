#![doc = include_str!("../README.md")]

mod auc;
mod calibration;
mod cholesky;
mod error;
mod isotonic;
mod logistic;
mod newton;
mod proportion;
mod reliability;
mod training;
pub mod trees;

pub use auc::auc;
pub use calibration::Calibration;
pub use error::LearnError;
pub use isotonic::IsotonicSteps;
pub use logistic::{LogisticOptions, LogisticRegression};
pub use proportion::proportion_bounds;
pub use reliability::{Reliability, ReliabilityBin};
pub use training::{FeatureKind, Matrix, Task, Training};
