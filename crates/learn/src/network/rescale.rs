//! Contributions of features to the margin of a network, in one pass back.
//!
//! In: rows. Out: contributions that add up to the margin. The row is held against each background row: a unit passes on what it
//! changed in proportion to what its inputs changed, `(relu(a) - relu(b)) / (a - b)` in place of the slope. What arrives at a
//! feature's vector times the vector's change is the feature's contribution; the mean over background rows and members is told.
//! Source: Shrikumar, Greenside and Kundaje, Learning important features through propagating activation differences, 2017
//! (DeepLIFT, the rescale rule); over a background: Lundberg and Lee, 2017 (Deep SHAP).
//! Departures: what rounding leaves (under 1e-5 of the margin) goes to the features by the size of their contributions.
//! An approximation of Shapley values: exact where members are linear between the two rows; how far off else is measured in
//! `docs/methods/tabular-network.md`. [`NetworkModel::contributions`] samples the Shapley values themselves at some hundred times the cost.
//! Cost: background rows × members passes back through the matrices a row, of which the first layer's, the widest, is known
//! beforehand but for one pass a member.
//! Checked against: sums, networks without a bend, sampled Shapley values (`tests/it/network.rs`).

use rayon::prelude::*;

use super::embedding::{codes, embed};
use super::model::NetworkModel;
use super::pass::{Matrices, Pass};
use crate::{Contributions, LearnError, Matrix};

/// Changes of a unit below this have no slope that can be told from rounding: the unit's own slope is taken.
const CHANGE_MIN: f32 = 1e-6;
/// Numbers of the tables that are kept: 16 MiB.
const KEPT_NUMBERS_MAX: usize = 4 << 20;
/// Rows up to which other threads are not woken.
const FEW_ROWS: usize = 4;

/// A network made ready to be explained; holds no reference, so it can be kept beside the model.
pub struct NetworkExplainer {
    model: NetworkModel,
    matrices: Matrices,
    /// Vectors of the background rows.
    background: Vec<f32>,
    /// What the units of each layer get in background rows: member after member, row after row.
    units: Vec<Vec<f32>>,
    /// What the first layer takes from each background row: for each member, row and unit a number a feature. Empty where that
    /// would be too much to keep.
    taken: Vec<f32>,
    base: Vec<f64>,
}

impl NetworkExplainer {
    /// Passes the background rows through all members.
    pub fn new(model: &NetworkModel) -> Self {
        let matrices = Matrices::new(&model.layout, &model.parameters, true);
        let background =
            embed(&model.encoders, &model.layout, &model.parameters, &model.background);
        let units = units(model, &matrices, &background);
        let n_background = model.background.len() / model.encoders.len().max(1);
        let margins = model.margins_of_codes(&matrices, &model.background, n_background);
        let n_outputs = model.layout.n_outputs;
        let mean = |output: usize| {
            let of_output = margins.iter().skip(output).step_by(n_outputs);
            of_output.sum::<f64>() / n_background.max(1) as f64
        };
        let base = (0..n_outputs).map(mean).collect();
        let taken = taken(model, &background);
        Self { model: model.clone(), matrices, background, units, taken, base }
    }

    /// Contributions of rows; `base` is the mean margin of the background rows.
    ///
    /// # Errors
    /// The columns are not those of the training.
    pub fn contributions(&self, features: &Matrix) -> Result<Contributions, LearnError> {
        self.model.schema.check(features)?;
        let (n_rows, n_features) = (features.n_rows(), self.model.encoders.len());
        let row = |row: usize| self.row(features, row);
        let values = if n_rows <= FEW_ROWS {
            (0..n_rows).flat_map(row).collect()
        } else {
            (0..n_rows).into_par_iter().map(row).collect::<Vec<_>>().concat()
        };
        Ok(Contributions { n_rows, n_features, base: self.base.clone(), values })
    }

    /// Contributions of one row, output after output, a feature each.
    fn row(&self, features: &Matrix, row: usize) -> Vec<f64> {
        let model = &self.model;
        let codes = codes(&model.encoders, features, row..row + 1);
        let embedded = embed(&model.encoders, &model.layout, &model.parameters, &codes);
        let margins = model.margins_of_codes(&self.matrices, &codes, 1);
        let slopes = self.slopes(&units(model, &self.matrices, &embedded));
        let mut values = Vec::new();
        for (output, margin) in margins.iter().enumerate() {
            let mut of_output = self.output(output, &slopes, &embedded);
            let left = margin - self.base[output] - of_output.iter().sum::<f64>();
            let size: f64 = of_output.iter().map(|value| value.abs()).sum();
            if size > 0.0 {
                of_output.iter_mut().for_each(|value| *value += left * value.abs() / size);
            }
            values.extend(of_output);
        }
        values
    }

    /// What each unit of each layer passes on of a change, against each background row.
    fn slopes(&self, of_row: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let layout = &self.model.layout;
        let layers = self.units.iter().zip(of_row).zip(&layout.widths[1..]);
        let of_layer = |((background, row), width): ((&Vec<f32>, &Vec<f32>), &usize)| {
            let per_member = background.len() / layout.n_members;
            let members = background.chunks_exact(per_member).zip(row.chunks_exact(*width));
            let rows =
                members.flat_map(|(rows, row)| rows.chunks_exact(*width).map(move |b| (b, row)));
            rows.flat_map(|(b, a)| a.iter().zip(b).map(|(a, b)| slope(*a, *b))).collect()
        };
        layers.map(of_layer).collect()
    }

    /// Means over members and background rows, for one output.
    fn output(&self, output: usize, slopes: &[Vec<f32>], embedded: &[f32]) -> Vec<f64> {
        let NetworkModel { layout, parameters, spread, .. } = &self.model;
        let n_in = layout.widths[0];
        let n_background = self.background.len() / n_in.max(1);
        let head = layout.head().0;
        let mut passed: Vec<f32> = Vec::new();
        for member in 0..layout.n_members {
            let own = &parameters[layout.member(member)];
            let column: Vec<f32> =
                own[head.clone()].iter().skip(output).step_by(layout.n_outputs).copied().collect();
            passed.extend(column.repeat(n_background));
        }
        for layer in (0..layout.n_layers()).rev() {
            let ranges = layout.layer(layer);
            passed.iter_mut().zip(&slopes[layer]).for_each(|(passed, slope)| *passed *= slope);
            self.scale(&mut passed, &ranges.scale_out, n_background);
            if layer == 0 && !self.taken.is_empty() {
                return self.by_features(&passed, embedded);
            }
            passed = self.matrices.backward[layer].product(&passed);
            self.scale(&mut passed, &ranges.scale_in, n_background);
        }
        let mut values = vec![0.0; layout.n_features];
        let rows = passed.chunks_exact(n_in).zip(self.background.chunks_exact(n_in).cycle());
        for (passed, background) in rows {
            let changes = passed.iter().zip(embedded.iter().zip(background));
            for (at, (passed, (to, from))) in changes.enumerate() {
                values[at / layout.width] += f64::from(passed * (to - from));
            }
        }
        let share = spread / (layout.n_members * n_background) as f64;
        values.iter_mut().for_each(|value| *value *= share);
        values
    }

    /// What arrives at the units of the first layer as contributions of features. The change of a vector is what the row brings
    /// less what a background row takes: the former passes back once a member, the latter is known beforehand.
    fn by_features(&self, passed: &[f32], embedded: &[f32]) -> Vec<f64> {
        let NetworkModel { layout, parameters, spread, .. } = &self.model;
        let (n_features, n_out) = (layout.n_features, layout.widths[1]);
        let n_pairs = passed.len() / n_out;
        let per_member = n_pairs / layout.n_members;
        let mut values = vec![0.0; n_features];
        let mut sums = vec![0.0_f32; layout.n_members * n_out];
        let tables = self.taken.chunks_exact(n_out * n_features);
        for (pair, (passed, table)) in passed.chunks_exact(n_out).zip(tables).enumerate() {
            let sum = &mut sums[pair / per_member * n_out..][..n_out];
            sum.iter_mut().zip(passed).for_each(|(sum, passed)| *sum += passed);
            let mut taken = vec![0.0_f32; n_features];
            for (passed, row) in passed.iter().zip(table.chunks_exact(n_features)) {
                taken.iter_mut().zip(row).for_each(|(taken, number)| *taken += passed * number);
            }
            values.iter_mut().zip(&taken).for_each(|(value, taken)| *value -= f64::from(*taken));
        }
        let brought = self.matrices.backward[0].product(&sums);
        let scale_in = layout.layer(0).scale_in;
        for (member, brought) in brought.chunks_exact(embedded.len()).enumerate() {
            let scaling = &parameters[layout.member(member)][scale_in.clone()];
            for (at, (passed, (to, scale))) in
                brought.iter().zip(embedded.iter().zip(scaling)).enumerate()
            {
                values[at / layout.width] += f64::from(passed * to * scale);
            }
        }
        let share = spread / n_pairs as f64;
        values.iter_mut().for_each(|value| *value *= share);
        values
    }

    /// Multiplies by scalings of the members; rows of a member stand together.
    fn scale(&self, passed: &mut [f32], range: &std::ops::Range<usize>, n_background: usize) {
        let NetworkModel { layout, parameters, .. } = &self.model;
        let rows = passed.chunks_exact_mut(range.len() * n_background).enumerate();
        for (member, rows) in rows {
            let scaling = &parameters[layout.member(member)][range.clone()];
            for row in rows.chunks_exact_mut(range.len()) {
                row.iter_mut().zip(scaling).for_each(|(passed, scale)| *passed *= scale);
            }
        }
    }
}

/// What each background row takes from each unit of the first layer of each member, by feature.
fn taken(model: &NetworkModel, background: &[f32]) -> Vec<f32> {
    let NetworkModel { layout, parameters, .. } = model;
    let (n_in, n_out, n_features) = (layout.widths[0], layout.widths[1], layout.n_features);
    let n_background = background.len() / n_in.max(1);
    let size = layout.n_members * n_background * n_out * n_features;
    if size > KEPT_NUMBERS_MAX {
        return Vec::new();
    }
    let matrix = &parameters[layout.matrix(0)];
    let scale_in = layout.layer(0).scale_in;
    let mut taken = vec![0.0; size];
    for (pair, table) in taken.chunks_exact_mut((n_out * n_features).max(1)).enumerate() {
        let (member, row) = (pair / n_background, pair % n_background);
        let scaling = &parameters[layout.member(member)][scale_in.clone()];
        let from = &background[row * n_in..(row + 1) * n_in];
        for (at, (from, scale)) in from.iter().zip(scaling).enumerate() {
            let weights = &matrix[at * n_out..(at + 1) * n_out];
            for (unit, weight) in weights.iter().enumerate() {
                table[unit * n_features + at / layout.width] += from * scale * weight;
            }
        }
    }
    taken
}

fn slope(a: f32, b: f32) -> f32 {
    let change = a - b;
    if change.abs() < CHANGE_MIN {
        return f32::from(u8::from(a > 0.0));
    }
    (a.max(0.0) - b.max(0.0)) / change
}

/// What the units of each layer get, before they bend it: member after member, row after row.
fn units(model: &NetworkModel, matrices: &Matrices, embedded: &[f32]) -> Vec<Vec<f32>> {
    let NetworkModel { layout, parameters, .. } = model;
    let members = 0..layout.n_members;
    let pass = Pass::forward(layout, parameters, matrices, members, embedded, None);
    let of_layer = |layer: usize| {
        let ranges = layout.layer(layer);
        let product = &pass.layers[layer].product;
        let per_member = product.len() / layout.n_members;
        let mut units = Vec::with_capacity(product.len());
        for (member, rows) in product.chunks_exact(per_member).enumerate() {
            let own = &parameters[layout.member(member)];
            let (scale, bias) = (&own[ranges.scale_out.clone()], &own[ranges.bias.clone()]);
            for row in rows.chunks_exact(scale.len()) {
                units.extend(
                    row.iter().zip(scale).zip(bias).map(|((z, scale), bias)| z * scale + bias),
                );
            }
        }
        units
    };
    (0..layout.n_layers()).map(of_layer).collect()
}
