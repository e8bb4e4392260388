//! The way from vectors to margins, and what the loss says on the way back.

use std::ops::Range;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::kernel::{Panels, transpose};
use super::layout::{LayerRanges, Layout};
use crate::Task;
use crate::newton::sigmoid;

/// The matrices of the layers, ready to multiply with.
pub(super) struct Matrices {
    forward: Vec<Panels>,
    pub(super) backward: Vec<Panels>,
}

impl Matrices {
    /// `backward` is needed to train and to explain.
    pub(super) fn new(layout: &Layout, parameters: &[f32], backward: bool) -> Self {
        let of = |layer: usize| {
            (&parameters[layout.matrix(layer)], layout.widths[layer], layout.widths[layer + 1])
        };
        let layers = || (0..layout.n_layers()).map(of);
        let forward = layers().map(|(m, n_in, n_out)| Panels::new(m, n_in, n_out)).collect();
        let back = layers().map(|(m, n_in, n_out)| Panels::transposed(m, n_out, n_in));
        Self { forward, backward: if backward { back.collect() } else { Vec::new() } }
    }
}

/// What a layer saw and gave; rows of the first member, then of the next.
pub(super) struct LayerState {
    /// What went in, before scaling.
    input: Vec<f32>,
    /// The product, before scaling.
    pub(super) product: Vec<f32>,
    /// 0 where a unit was dropped or below 0, else what it was multiplied by.
    gate: Vec<f32>,
}

/// Units are dropped with this probability.
pub(super) struct Dropout<'a> {
    pub(super) probability: f32,
    pub(super) rng: &'a mut ChaCha8Rng,
}

/// A pass of some rows through some members.
pub(super) struct Pass<'a> {
    layout: &'a Layout,
    parameters: &'a [f32],
    matrices: &'a Matrices,
    members: Range<usize>,
    n_rows: usize,
    pub(super) layers: Vec<LayerState>,
    last: Vec<f32>,
    /// Member after member, row after row, one an output.
    pub(super) outputs: Vec<f32>,
}

impl<'a> Pass<'a> {
    /// Rows of embedded features through each of the members.
    pub(super) fn forward(
        layout: &'a Layout,
        parameters: &'a [f32],
        matrices: &'a Matrices,
        members: Range<usize>,
        embedded: &[f32],
        mut dropout: Option<Dropout<'_>>,
    ) -> Self {
        let n_rows = embedded.len() / layout.widths[0].max(1);
        let mut pass = Self {
            layout,
            parameters,
            matrices,
            n_rows,
            last: embedded.repeat(members.len()),
            members,
            layers: Vec::new(),
            outputs: Vec::new(),
        };
        for layer in 0..layout.n_layers() {
            pass.through(layer, dropout.as_mut());
        }
        pass.outputs = pass.heads();
        pass
    }

    /// The own parameters of each member, with its rows.
    fn owns(&self) -> impl Iterator<Item = &'a [f32]> {
        let (layout, parameters) = (self.layout, self.parameters);
        self.members.clone().map(move |member| &parameters[layout.member(member)])
    }

    fn through(&mut self, layer: usize, dropout: Option<&mut Dropout<'_>>) {
        let LayerRanges { scale_in, scale_out, bias } = self.layout.layer(layer);
        let (n_in, n_out) = (self.layout.widths[layer], self.layout.widths[layer + 1]);
        let input = std::mem::take(&mut self.last);
        let scaled = self.scaled(&input, n_in, &scale_in);
        let product = self.matrices.forward[layer].product(&scaled);
        let mut output = Vec::with_capacity(product.len());
        for (own, rows) in self.owns().zip(product.chunks(self.n_rows * n_out)) {
            let (scale, bias) = (&own[scale_out.clone()], &own[bias.clone()]);
            for row in rows.chunks_exact(n_out) {
                let units = row.iter().zip(scale).zip(bias);
                output.extend(units.map(|((z, scale), bias)| (z * scale + bias).max(0.0)));
            }
        }
        let mut gate = Vec::new();
        if let Some(Dropout { probability, rng }) = dropout {
            let kept = 1.0 / (1.0 - *probability);
            gate = output
                .iter()
                .map(|unit| {
                    let is_kept = rng.random::<f32>() >= *probability;
                    if is_kept && *unit > 0.0 { kept } else { 0.0 }
                })
                .collect();
            output.iter_mut().zip(&gate).for_each(|(unit, gate)| *unit *= gate);
        }
        self.layers.push(LayerState { input, product, gate });
        self.last = output;
    }

    fn scaled(&self, input: &[f32], n_in: usize, scale_in: &Range<usize>) -> Vec<f32> {
        let mut scaled = Vec::with_capacity(input.len());
        for (own, rows) in self.owns().zip(input.chunks(self.n_rows * n_in)) {
            let scale = &own[scale_in.clone()];
            for row in rows.chunks_exact(n_in) {
                scaled.extend(row.iter().zip(scale).map(|(x, scale)| x * scale));
            }
        }
        scaled
    }

    fn heads(&self) -> Vec<f32> {
        let (matrix, bias) = self.layout.head();
        let n_outputs = self.layout.n_outputs;
        let width = self.layout.widths[self.layout.n_layers()];
        let mut outputs = Vec::with_capacity(self.n_rows * self.members.len() * n_outputs);
        for (own, rows) in self.owns().zip(self.last.chunks(self.n_rows * width)) {
            for row in rows.chunks_exact(width) {
                let from = outputs.len();
                outputs.extend_from_slice(&own[bias.clone()]);
                let sums = &mut outputs[from..];
                for (x, weights) in row.iter().zip(own[matrix.clone()].chunks_exact(n_outputs)) {
                    sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += x * weight);
                }
            }
        }
        outputs
    }

    /// What the loss says, from what it says about the outputs. Passes of one member with dropout only.
    pub(super) fn backward(&self, of_outputs: &[f32]) -> Gradients {
        let layout = self.layout;
        let own = &self.parameters[layout.member(self.members.start)];
        let mut of_member = vec![0.0; layout.member_size()];
        let shared = layout.tables_end();
        let mut of_matrices = vec![0.0; layout.members_start() - shared];
        let mut of_units = self.heads_back(own, of_outputs, &mut of_member);
        for layer in (0..layout.n_layers()).rev() {
            let LayerRanges { scale_in, scale_out, bias } = layout.layer(layer);
            let (n_in, n_out) = (layout.widths[layer], layout.widths[layer + 1]);
            let state = &self.layers[layer];
            of_units.iter_mut().zip(&state.gate).for_each(|(g, gate)| *g *= gate);
            let rows = of_units.chunks_exact_mut(n_out).zip(state.product.chunks_exact(n_out));
            for (row, product) in rows {
                for unit in 0..n_out {
                    of_member[bias.start + unit] += row[unit];
                    of_member[scale_out.start + unit] += row[unit] * product[unit];
                    row[unit] *= own[scale_out.start + unit];
                }
            }
            let scaled = self.scaled(&state.input, n_in, &scale_in);
            let matrix = layout.matrix(layer);
            let product = Panels::new(&of_units, self.n_rows, n_out).product(&transpose(
                &scaled,
                self.n_rows,
                n_in,
            ));
            of_matrices[matrix.start - shared..matrix.end - shared].copy_from_slice(&product);
            of_units = self.matrices.backward[layer].product(&of_units);
            let rows = of_units.chunks_exact_mut(n_in).zip(state.input.chunks_exact(n_in));
            for (row, input) in rows {
                for unit in 0..n_in {
                    of_member[scale_in.start + unit] += row[unit] * input[unit];
                    row[unit] *= own[scale_in.start + unit];
                }
            }
        }
        Gradients { of_member, of_matrices, of_embedded: of_units }
    }

    fn heads_back(&self, own: &[f32], of_outputs: &[f32], of_member: &mut [f32]) -> Vec<f32> {
        let (matrix, bias) = self.layout.head();
        let n_outputs = self.layout.n_outputs;
        let width = self.layout.widths[self.layout.n_layers()];
        let mut of_units = Vec::with_capacity(self.n_rows * width);
        for (given, row) in of_outputs.chunks_exact(n_outputs).zip(self.last.chunks_exact(width)) {
            of_member[bias.clone()].iter_mut().zip(given).for_each(|(slot, g)| *slot += g);
            for (unit, x) in row.iter().enumerate() {
                let at = matrix.start + unit * n_outputs;
                let mut sum = 0.0;
                for (output, g) in given.iter().enumerate() {
                    of_member[at + output] += x * g;
                    sum += own[at + output] * g;
                }
                of_units.push(sum);
            }
        }
        of_units
    }
}

/// What the loss of one member says about parameters and vectors.
pub(super) struct Gradients {
    pub(super) of_member: Vec<f32>,
    /// All shared matrices, in order.
    pub(super) of_matrices: Vec<f32>,
    pub(super) of_embedded: Vec<f32>,
}

/// Sum over rows of `weight · loss`, and what it says about the outputs of a member.
pub(super) fn loss(
    task: Task,
    outputs: &[f32],
    targets: &[f32],
    weights: &[f32],
) -> (f64, Vec<f32>) {
    let n_outputs = task.n_outputs();
    let mut sum = 0.0;
    let mut gradient = Vec::with_capacity(outputs.len());
    for ((row, target), weight) in outputs.chunks_exact(n_outputs).zip(targets).zip(weights) {
        let (row_loss, weight) = row_loss(task, row, *target, *weight, &mut gradient);
        sum += weight * row_loss;
    }
    (sum, gradient)
}

fn row_loss(
    task: Task,
    row: &[f32],
    target: f32,
    weight: f32,
    gradient: &mut Vec<f32>,
) -> (f64, f64) {
    let margins: Vec<f64> = row.iter().map(|margin| f64::from(*margin)).collect();
    let (target, weight) = (f64::from(target), f64::from(weight));
    let residuals: Vec<f64> = match task {
        Task::Regression => vec![margins[0] - target],
        Task::Binary => vec![sigmoid(margins[0]) - target],
        Task::Multiclass { .. } => {
            let log_sum = crate::metrics::log_sum_exp(&margins);
            let came = |class: usize| f64::from(u8::from(class as f64 == target));
            let residual = |(class, margin): (usize, &f64)| (margin - log_sum).exp() - came(class);
            margins.iter().enumerate().map(residual).collect()
        }
    };
    #[expect(clippy::cast_possible_truncation, reason = "rounded to f32")]
    gradient.extend(residuals.iter().map(|residual| (residual * weight) as f32));
    let loss = match task {
        // Half of it, so that the derivative is the residual.
        Task::Regression => (margins[0] - target).powi(2) / 2.0,
        Task::Binary | Task::Multiclass { .. } => {
            crate::metrics::losses(task, &margins, &[target])[0]
        }
    };
    (loss, weight)
}
