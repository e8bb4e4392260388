//! Folds and features for a learner that is not one of ours, made the very way ours get them.
//!
//! In: a table and options. Out: for every fold the features, targets and weights of both sides, fitted to its training
//! rows alone, and those of all rows with the pipeline that made them. So a model of the caller's own is judged on the same
//! rows by the same figures ([`super::Assessed::of`]).
//! Cost: one pipeline a fold; all matrices are held at once. Checked against: the folds of [`super::train`]
//! (`tests/it/prepared.rs`).

use super::AutoOptions;
use super::search::Search;
use crate::features::{LinearView, LinearViewOptions};
use crate::{Frame, LearnError, Matrix, Pipeline, Training};

/// A table made ready to be learned from.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Names of the classes, in order of their numbers; empty for numbers.
    pub classes: Vec<String>,
    /// How rows are held out, in words.
    pub held_out: String,
    /// Fitted to all rows.
    pub pipeline: Pipeline,
    /// Fitted to the features of all rows, where they are dense.
    pub view: Option<LinearView>,
    /// All rows.
    pub training: Training,
    /// The folds.
    pub folds: Vec<PreparedFold>,
}

/// One fold.
#[derive(Clone, Debug)]
pub struct PreparedFold {
    /// Rows that are trained on.
    pub rows: Vec<u32>,
    /// Rows that are held out.
    pub held_rows: Vec<u32>,
    /// Features, targets and weights of the former.
    pub training: Training,
    /// And of the latter, by the pipeline of the former.
    pub held: Training,
}

impl Prepared {
    /// The same with features that need no care: no missing value, an indicator a level, one scale; every fold by its own
    /// training rows.
    ///
    /// # Errors
    /// None that a prepared table can cause.
    pub fn dense(mut self) -> Result<Self, LearnError> {
        let options = LinearViewOptions::default();
        for fold in &mut self.folds {
            let view = LinearView::fit(&fold.training.features, &options)?;
            fold.training.features = view.apply(&fold.training.features)?;
            fold.held.features = view.apply(&fold.held.features)?;
        }
        let view = LinearView::fit(&self.training.features, &options)?;
        self.training.features = view.apply(&self.training.features)?;
        self.view = Some(view);
        Ok(self)
    }

    /// Features of other rows, as those of all rows were made.
    ///
    /// # Errors
    /// A column is missing, or holds values of another type.
    pub fn features(&self, frame: &Frame) -> Result<Matrix, LearnError> {
        let (features, _) = self.pipeline.transform(frame)?;
        match &self.view {
            Some(view) => view.apply(&features),
            None => Ok(features),
        }
    }
}

/// Reads target and roles, cuts the folds, makes the features.
///
/// # Errors
/// As [`super::train`].
pub fn prepare(frame: &Frame, options: &AutoOptions) -> Result<Prepared, LearnError> {
    Search::new(frame, options)?.prepared()
}
