//! Steps on the cores of this machine: members on threads of their own, added in order, so the same bits on any number of threads.
//!
//! Cost: about `6 · rows · members · parameters of one member` operations an epoch.
//! Checked against: finite differences of the loss (`gradient.rs`).

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::device::{BETAS, Device, EPSILON, Rows, Start, StepSize, Steps, stream};
use super::embedding::{Encoder, embed, embed_back};
use super::layout::Layout;
use super::pass::{Dropout, Gradients, Matrices, Pass, loss};
use super::train::NetworkOptions;
use crate::Task;

/// The cores of this machine.
#[derive(Clone, Copy, Debug)]
pub struct Cores;

impl Device for Cores {
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn begin(&self, start: &Start<'_>) -> Result<Box<dyn Steps>, String> {
        Ok(Box::new(CoreSteps {
            task: start.task,
            layout: start.layout.clone(),
            encoders: start.encoders.to_vec(),
            options: start.options.clone(),
            parameters: start.parameters.to_vec(),
            averaged: start.parameters.to_vec(),
            moments: vec![(0.0, 0.0); start.parameters.len()],
            decays: start.decays.to_vec(),
            batch: start.batch,
            steps: 0,
        }))
    }
}

struct CoreSteps {
    task: Task,
    layout: Layout,
    encoders: Vec<Encoder>,
    options: NetworkOptions,
    parameters: Vec<f32>,
    averaged: Vec<f32>,
    moments: Vec<(f32, f32)>,
    /// Share of itself that a parameter loses a unit of step.
    decays: Vec<f32>,
    batch: usize,
    steps: u32,
}

impl Steps for CoreSteps {
    fn epoch(&mut self, rows: &Rows, order: &[u32]) -> Result<f64, String> {
        Ok(order.chunks(self.batch).map(|of_batch| self.step(&rows.pick(of_batch))).sum())
    }

    fn averaged(&mut self) -> Result<Vec<f32>, String> {
        Ok(self.averaged.clone())
    }
}

impl CoreSteps {
    /// One step; gives the sum of the losses of the rows, a mean over the members.
    fn step(&mut self, batch: &Rows) -> f64 {
        let shape = (self.task, &self.layout, self.encoders.as_slice());
        let dropout = (self.options.dropout, self.options.seed);
        let (sum, gradient) = gradient(shape, &self.parameters, batch, dropout, self.steps);
        let StepSize { one, two, keep } = StepSize::after(self.steps, self.options.averaging);
        self.steps += 1;
        let rate = self.options.learning_rate;
        let slots = self.parameters.iter_mut().zip(&mut self.averaged).zip(&mut self.moments);
        for (((parameter, averaged), moments), (g, decay)) in
            slots.zip(gradient.iter().zip(&self.decays))
        {
            moments.0 = BETAS.0 * moments.0 + (1.0 - BETAS.0) * g;
            moments.1 = BETAS.1 * moments.1 + (1.0 - BETAS.1) * g * g;
            let by = (moments.0 / one) / ((moments.1 / two).sqrt() + EPSILON);
            *parameter -= rate * (by + decay * *parameter);
            *averaged = keep * *averaged + (1.0 - keep) * *parameter;
        }
        sum
    }
}

/// Sum over the rows of the loss, a mean over the members, and the gradient of its mean over the rows.
pub(super) fn gradient(
    (task, layout, encoders): (Task, &Layout, &[Encoder]),
    parameters: &[f32],
    batch: &Rows,
    (dropout, seed): (f32, u64),
    step: u32,
) -> (f64, Vec<f32>) {
    let matrices = Matrices::new(layout, parameters, true);
    let embedded = embed(encoders, layout, parameters, &batch.codes);
    let share = 1.0 / (batch.targets.len() * layout.n_members) as f32;
    let of_member = |member: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream(step, member));
        let dropout = Some(Dropout { probability: dropout, rng: &mut rng });
        let pass =
            Pass::forward(layout, parameters, &matrices, member..member + 1, &embedded, dropout);
        let (sum, mut of_outputs) = loss(task, &pass.outputs, &batch.targets, &batch.weights);
        of_outputs.iter_mut().for_each(|g| *g *= share);
        (sum, pass.backward(&of_outputs))
    };
    let members: Vec<(f64, Gradients)> =
        (0..layout.n_members).into_par_iter().map(of_member).collect();
    let mut total = vec![0.0; parameters.len()];
    let mut of_embedded = vec![0.0; embedded.len()];
    let mut sum = 0.0;
    let shared = layout.tables_end()..layout.members_start();
    for (member, (loss, gradients)) in members.iter().enumerate() {
        sum += loss / layout.n_members as f64;
        total[layout.member(member)].copy_from_slice(&gradients.of_member);
        add(&mut total[shared.clone()], &gradients.of_matrices);
        add(&mut of_embedded, &gradients.of_embedded);
    }
    embed_back(encoders, layout, &batch.codes, &of_embedded, &mut total);
    (sum, total)
}

fn add(sum: &mut [f32], terms: &[f32]) {
    sum.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
}
