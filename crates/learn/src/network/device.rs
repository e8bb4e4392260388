//! Where the steps of a fit are made: on the cores of this machine, or on another device that answers the same.
//!
//! In: a [`Start`], the shape of a network, its first parameters and how to step; then rows, epoch by epoch. Out: the running
//! mean of the parameters. Batches, draws, losses on held-out rows, early stopping and the model itself stay with the fit, so
//! a device makes steps and nothing else.
//! Two implementations: [`Cores`](super::Cores) here, and graphics processors in crate `learn-gpu`, which is why it is a trait.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::embedding::{Code, Encoder};
use super::layout::Layout;
use super::train::NetworkOptions;
use crate::Task;

/// Decay of the running means of gradients and of their squares, as published.
pub const BETAS: (f32, f32) = (0.9, 0.999);
/// Added to the root of the mean square before it divides.
pub const EPSILON: f32 = 1e-8;

/// What makes the steps of fits; fits may begin on it from several threads at once.
pub trait Device: Send + Sync {
    /// What it is called, one name for each device that fits go round; empty for the cores of this machine, whose fits repeat to
    /// the bit.
    fn names(&self) -> Vec<String>;

    /// Makes a network ready to be stepped.
    ///
    /// # Errors
    /// Why it could not, in words.
    fn begin(&self, start: &Start<'_>) -> Result<Box<dyn Steps>, String>;
}

/// A fit under way on a device.
pub trait Steps {
    /// One step of AdamW on each batch of rows, in this order. Gives the sum over the rows of `weight · loss`, a mean over the members.
    ///
    /// # Errors
    /// Why the device could not, in words.
    fn epoch(&mut self, rows: &Rows, order: &[u32]) -> Result<f64, String>;

    /// The running mean of the parameters.
    ///
    /// # Errors
    /// Why the device could not, in words.
    fn averaged(&mut self) -> Result<Vec<f32>, String>;
}

/// A network before its first step.
pub struct Start<'a> {
    /// What is predicted.
    pub task: Task,
    /// Where each parameter stands.
    pub layout: &'a Layout,
    /// How large steps are, what is dropped, what the seed is.
    pub options: &'a NetworkOptions,
    /// First values.
    pub parameters: &'a [f32],
    /// Share of itself that each parameter loses a unit of step.
    pub decays: &'a [f32],
    /// Rows of an epoch.
    pub n_rows: usize,
    /// Rows of a step; the last of an epoch may have fewer.
    pub batch: usize,
    pub(super) encoders: &'a [Encoder],
}

impl Start<'_> {
    /// Pieces of the encoding of a feature that is a number; `None` for a category.
    ///
    /// The table of a number has a row for each piece, one for where the first begins, one for missing. A value stands for
    /// where its piece begins, which is that row and all pieces before, and its share of the piece.
    pub fn pieces(&self, feature: usize) -> Option<u32> {
        self.encoders[feature].pieces()
    }

    /// The seed of the generator (`ChaCha8`) that says which units are dropped.
    ///
    /// Step `step` draws for `member` from stream `1 + (step << 16 | member)`: one number in `0..1` for each unit, layer after
    /// layer, row after row. A unit whose number is below the probability is dropped.
    pub fn key(&self) -> [u8; 32] {
        ChaCha8Rng::seed_from_u64(self.options.seed).get_seed()
    }
}

/// The stream that a member draws from in a step.
pub fn stream(step: u32, member: usize) -> u64 {
    1 + (u64::from(step) << 16 | member as u64)
}

/// What a step does with gradients: corrections of the two means, share of the running mean of the parameters that is kept.
#[derive(Clone, Copy, Debug)]
pub struct StepSize {
    /// What the mean of gradients is divided by.
    pub one: f32,
    /// What the mean of squares is divided by.
    pub two: f32,
    /// Share of the running mean that is kept: the first steps forget sooner.
    pub keep: f32,
}

impl StepSize {
    /// Of the step that comes after `steps` others.
    pub fn after(steps: u32, averaging: f32) -> Self {
        let n = i32::try_from(steps + 1).unwrap_or(i32::MAX);
        let own = (1.0 + n as f32) / (10.0 + n as f32);
        Self { one: 1.0 - BETAS.0.powi(n), two: 1.0 - BETAS.1.powi(n), keep: averaging.min(own) }
    }
}

/// Rows as the network reads them.
pub struct Rows {
    /// Row after row, one a feature.
    pub codes: Vec<Code>,
    /// Classes, or numbers in deviations from the mean.
    pub targets: Vec<f32>,
    /// Mean 1.
    pub weights: Vec<f32>,
    /// Features of a row.
    pub n_features: usize,
}

impl Rows {
    pub(super) fn pick(&self, rows: &[u32]) -> Self {
        let code = |row: &u32| self.row(*row).iter().copied();
        Self {
            codes: rows.iter().flat_map(code).collect(),
            targets: rows.iter().map(|row| self.targets[*row as usize]).collect(),
            weights: rows.iter().map(|row| self.weights[*row as usize]).collect(),
            n_features: self.n_features,
        }
    }

    /// Codes of a row.
    pub fn row(&self, row: u32) -> &[Code] {
        let start = row as usize * self.n_features;
        &self.codes[start..start + self.n_features]
    }
}
