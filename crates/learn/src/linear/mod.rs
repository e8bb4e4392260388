//! Linear models under an elastic net: sparse, explained exactly, fast to serve.
//!
//! In: a [`Training`](crate::Training); numbers and categories as they are, NaN missing. Out: a [`LinearModel`]:
//! margins (a number, log-odds, or one log-odds a class) and exact contributions of the features.
//! Minimizes `Σ weight · loss / Σ weight + lambda · Σ (l1_share · |b| + (1 - l1_share) / 2 · b²)` with half the squared
//! error, the logistic loss or the softmax loss; the intercept is free.
//! Source: Friedman, Hastie and Tibshirani, Regularization paths for generalized linear models via coordinate descent,
//! 2010 (glmnet); Tibshirani et al., Strong rules for discarding predictors, 2012; linear SHAP: Lundberg and Lee, A
//! unified approach to interpreting model predictions, 2017, corollary 1.
//! Departures: numbers are standardized, levels are not: dividing by its deviation would free a rare level of the
//! penalty that it needs most. The intercept is solved for within each coordinate step, so columns need no centering
//! and stay sparse. A step of the reweighted squares is halved until the objective falls; glmnet takes it as it is.
//! The penalties of an `l1_share` of 0 start as those of 0.05 would: glmnet starts at 0.001 and stops too early.
//! Cost: O(rows × dense columns + entries of sparse columns) a sweep over columns that may be in the model.
//! Checked against: scikit-learn, and the optimality conditions (`tests/it/linear.rs`).

mod descent;
mod design;
mod fit;
mod model;
mod path;

pub(crate) use fit::select_within;
pub use fit::{LambdaChoice, LinearOptions, NumberCoding, Selected, select};
pub use model::{Coefficient, CoefficientOf, LinearModel, PathStep};
