//! A fitted network: margins.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::embedding::{Code, Encoder, codes, embed};
use super::layout::Layout;
use super::pass::{Matrices, Pass};
use crate::schema::Schema;
use crate::{LearnError, Matrix, Task};

/// Rows a thread takes at a time.
const CHUNK_ROWS: usize = 128;

/// A fitted network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkModel {
    pub(super) schema: Schema,
    pub(super) task: Task,
    pub(super) encoders: Vec<Encoder>,
    pub(super) layout: Layout,
    pub(super) parameters: Vec<f32>,
    /// Numbers are predicted in deviations from this.
    pub(super) center: f64,
    pub(super) spread: f64,
    /// Training rows that contributions are measured from, row after row.
    pub(super) background: Vec<Code>,
    /// Epochs made.
    pub epochs: u32,
    /// The epoch that was kept, from 1.
    pub best_epoch: u32,
}

impl NetworkModel {
    /// What is predicted.
    pub fn task(&self) -> Task {
        self.task
    }

    /// Names of the features, in order.
    pub fn names(&self) -> &[String] {
        self.schema.names()
    }

    /// The features it was fitted to.
    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Whether a network that was read from a file holds together: as many numbers as its shape asks for, in their places.
    pub(crate) fn sound(&self) -> Result<(), &'static str> {
        let n_features = self.encoders.len();
        if self.schema.kinds().len() != n_features || self.schema.names().len() != n_features {
            return Err("its features and their encoders disagree");
        }
        let kinds = self.encoders.iter().zip(self.schema.kinds());
        for (encoder, kind) in kinds {
            encoder.sound(*kind)?;
        }
        self.layout.sound(&self.encoders, self.task.n_outputs(), self.parameters.len())?;
        if !self.parameters.iter().all(|number| number.is_finite()) {
            return Err("a number of it is not finite");
        }
        if n_features > 0
            && (self.background.is_empty() || !self.background.len().is_multiple_of(n_features))
        {
            return Err("its background rows are not whole");
        }
        let mut cells = self.background.iter().zip(self.encoders.iter().cycle());
        if cells.all(|(code, encoder)| encoder.knows(*code)) {
            Ok(())
        } else {
            Err("a background row holds what its feature cannot")
        }
    }

    /// How many numbers the network is made of.
    pub fn n_parameters(&self) -> usize {
        self.parameters.len()
    }

    /// Margins, row after row, one an output.
    ///
    /// # Errors
    /// The columns are not those of the training.
    pub fn margins(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        self.schema.check(features)?;
        Ok(self.margins_unchecked(features))
    }

    pub(super) fn margins_unchecked(&self, features: &Matrix) -> Vec<f64> {
        let n_rows = features.n_rows();
        let matrices = Matrices::new(&self.layout, &self.parameters, false);
        let starts: Vec<usize> = (0..n_rows).step_by(CHUNK_ROWS).collect();
        let chunk = |start: &usize| {
            let rows = *start..n_rows.min(start + CHUNK_ROWS);
            self.margins_of_codes(
                &matrices,
                &codes(&self.encoders, features, rows.clone()),
                rows.len(),
            )
        };
        if n_rows <= CHUNK_ROWS {
            // Waking other threads would cost more than the work.
            return starts.iter().flat_map(chunk).collect();
        }
        starts.par_iter().map(chunk).collect::<Vec<_>>().concat()
    }

    /// Margins of one row, one an output.
    ///
    /// # Errors
    /// The row has another number of features, or a value that is none of its column.
    pub fn margin_row(&self, row: &[f64]) -> Result<Vec<f64>, LearnError> {
        self.schema.check_row(row)?;
        let matrices = Matrices::new(&self.layout, &self.parameters, false);
        let codes: Vec<Code> =
            self.encoders.iter().zip(row).map(|(encoder, value)| encoder.code(*value)).collect();
        Ok(self.margins_of_codes(&matrices, &codes, 1))
    }

    /// Means over the members, added in order, so that a row's margin does not depend on those beside it.
    pub(super) fn margins_of_codes(
        &self,
        matrices: &Matrices,
        codes: &[Code],
        n_rows: usize,
    ) -> Vec<f64> {
        let Layout { n_members, n_outputs, .. } = self.layout;
        let mut sums = vec![0.0; n_rows * n_outputs];
        if self.encoders.is_empty() {
            // Nothing to embed: rows cannot be counted from what is embedded.
            return self.base_margins(n_rows);
        }
        let embedded = embed(&self.encoders, &self.layout, &self.parameters, codes);
        let members = 0..n_members;
        let pass =
            Pass::forward(&self.layout, &self.parameters, matrices, members, &embedded, None);
        for outputs in pass.outputs.chunks_exact(n_rows * n_outputs) {
            sums.iter_mut().zip(outputs).for_each(|(sum, output)| *sum += f64::from(*output));
        }
        sums.iter().map(|sum| self.center + self.spread * (sum / n_members as f64)).collect()
    }

    fn base_margins(&self, n_rows: usize) -> Vec<f64> {
        vec![self.center; n_rows * self.layout.n_outputs]
    }
}
