//! A deep network for tables: one multilayer perceptron that is many.
//!
//! In: a [`Training`](crate::Training), another one to stop by, a seed. Out: a [`NetworkModel`]: margins, and sampled
//! Shapley values that add up to them. `f32` within, sums in fixed order: same input, same bytes, on any number of
//! threads (on one kind of machine: `exp` and `ln` are those of its library).
//! Source: Gorishniy, Kotelnikov and Babenko, TabM: Advancing tabular deep learning with parameter-efficient ensembling,
//! 2025 (members share their matrices and differ by scalings of what goes in and comes out, after BatchEnsemble, Wen,
//! Tran and Ba, 2020); Gorishniy, Rubachev and Babenko, On embeddings for numerical features in tabular deep learning,
//! 2022 (piecewise linear encoding); AdamW: Loshchilov and Hutter, 2019.
//! Departures: the margin is the mean of the members' margins, not the log-odds of their mean probability: a mean of
//! margins can be blended and explained. Linear maps of the piecewise encoding start as the rank of the number, so no
//! transform of skewed numbers is needed. What is evaluated and kept is a running mean of the parameters: single steps
//! over a few hundred rows are noise. A level that training does not know gets the mean of those that it does.
//! Cost: about `6 · rows · members · parameters of one member` operations an epoch.
//! Checked against: finite differences of the loss (`gradient.rs`), a plain forward pass (`tests/it/network.rs`).

mod cores;
mod device;
mod embedding;
#[cfg(test)]
mod gradient;
mod kernel;
mod layout;
mod model;
mod pass;
mod rescale;
mod shapley;
mod train;

pub use cores::Cores;
pub use device::{BETAS, Device, EPSILON, Rows, Start, StepSize, Steps, stream};
pub use embedding::{Code, MISSING};
pub use layout::{LayerRanges, Layout};
pub use model::NetworkModel;
pub use rescale::NetworkExplainer;
pub use shapley::NetworkExplanation;
pub use train::{NetworkOptions, NetworkProgress};
