//! Forecasts of every step ahead by one model of the change against the last season: a quantile regression, or trees.
//!
//! In: a series, a short and a long season, a horizon. Out: a path of means (medians) or of any quantile.
//! Source: Koenker and Bassett 1978 (quantile regression); the direct, pooled form as of the winners of M5 (Makridakis,
//! Spiliotis, Assimakopoulos 2022); Schlossmacher 1973 (least absolute errors by reweighting).
//! Departures: the target is the change against the last season, in units of the usual one, so that one model serves
//! all steps ahead and a shift of level is in the features; rows are a sample of origins that shares no factor with
//! the season. Cost: rows · features² a reweighting (`median`), rows · features a tree (`trees`).
//! Checked against: a line whose quantiles are known (`tests/it/direct.rs`).

mod median;
mod rows;
mod trees;

pub(crate) use median::{MedianModel, fit_quantile};
pub(crate) use rows::{Place, Rows, filled_forward};
pub(crate) use trees::{TreesModel, fit_trees};
