//! What a learner is given: a matrix of features, a target and a weight a row.
//!
//! One shape for every method, so that linear models, trees and networks can be fitted, blended and explained by the
//! same code. A feature is a number or a category; NaN is a missing value and means nothing else.

use serde::{Deserialize, Serialize};

use crate::LearnError;

/// What is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// A number.
    Regression,
    /// One of two classes; targets are 0 and 1.
    Binary,
    /// One of several classes; targets are `0..n_classes`.
    Multiclass {
        /// How many, at least 3.
        n_classes: u32,
    },
}

impl Task {
    /// Margins a model gives for a row: one, or one a class.
    pub fn n_outputs(self) -> usize {
        match self {
            Self::Regression | Self::Binary => 1,
            Self::Multiclass { n_classes } => n_classes as usize,
        }
    }
}

/// What the numbers of a feature mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureKind {
    /// An amount or a position on a scale; NaN where missing.
    Number,
    /// A level `0.0..n_levels`, in no order; NaN where missing or never seen in training.
    Category {
        /// Levels known from training.
        n_levels: u32,
    },
}

/// Features of many rows, column by column.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix {
    n_rows: usize,
    names: Vec<String>,
    kinds: Vec<FeatureKind>,
    columns: Vec<Vec<f64>>,
}

impl Matrix {
    /// A matrix of `n_rows` rows without a column yet.
    pub fn new(n_rows: usize) -> Self {
        Self { n_rows, ..Self::default() }
    }

    /// Adds a column.
    ///
    /// # Errors
    /// `Length` where it has another number of rows.
    pub fn push(
        &mut self,
        name: impl Into<String>,
        kind: FeatureKind,
        column: Vec<f64>,
    ) -> Result<(), LearnError> {
        crate::error::same_length("the column", self.n_rows, column.len())?;
        self.names.push(name.into());
        self.kinds.push(kind);
        self.columns.push(column);
        Ok(())
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of features.
    pub fn n_features(&self) -> usize {
        self.columns.len()
    }

    /// Names of the features, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What each feature is, in order.
    pub fn kinds(&self) -> &[FeatureKind] {
        &self.kinds
    }

    /// The values of one feature, a row each.
    pub fn column(&self, feature: usize) -> &[f64] {
        &self.columns[feature]
    }

    /// One row, written into `row` (cleared first).
    pub fn row_into(&self, index: usize, row: &mut Vec<f64>) {
        row.clear();
        row.extend(self.columns.iter().map(|column| column[index]));
    }

    /// The same with the rows of some columns in another order.
    ///
    /// # Errors
    /// `Length` where the order has another number of rows.
    pub fn shuffled(
        &self,
        order: &[u32],
        is_shuffled: impl Fn(usize) -> bool,
    ) -> Result<Self, LearnError> {
        crate::error::same_length("the order", self.n_rows, order.len())?;
        let mut shuffled = self.clone();
        for (at, column) in shuffled.columns.iter_mut().enumerate() {
            if is_shuffled(at) {
                *column = order.iter().map(|row| self.columns[at][*row as usize]).collect();
            }
        }
        Ok(shuffled)
    }

    /// The named rows, in that order; a row may occur more than once.
    #[must_use]
    pub fn take(&self, rows: &[u32]) -> Self {
        let columns = self.columns.iter();
        let columns = columns.map(|column| rows.iter().map(|&row| column[row as usize]).collect());
        Self {
            n_rows: rows.len(),
            names: self.names.clone(),
            kinds: self.kinds.clone(),
            columns: columns.collect(),
        }
    }
}

/// Rows to fit to.
#[derive(Debug, Clone, PartialEq)]
pub struct Training {
    /// What is predicted.
    pub task: Task,
    /// Features, a row each.
    pub features: Matrix,
    /// A number, or a class as 0.0, 1.0, …
    pub targets: Vec<f64>,
    /// How many cases a row stands for; 0 leaves it out.
    pub weights: Vec<f64>,
}

impl Training {
    /// Checks that lengths agree, weights are finite and not negative, targets are classes of the task or finite, and
    /// that more than one class (or value) weighs anything.
    ///
    /// # Errors
    /// The first of these that does not hold.
    pub fn check(&self) -> Result<(), LearnError> {
        let n_rows = self.features.n_rows();
        crate::error::same_length("targets", n_rows, self.targets.len())?;
        crate::error::same_length("weights", n_rows, self.weights.len())?;
        let odd = |weight: &f64| !(weight.is_finite() && *weight >= 0.0);
        if let Some(row) = self.weights.iter().position(odd) {
            return Err(LearnError::Weight { row, value: self.weights[row] });
        }
        let n_classes = match self.task {
            Task::Regression => None,
            Task::Binary => Some(2),
            Task::Multiclass { n_classes } => Some(n_classes),
        };
        let odd = |target: &f64| match n_classes {
            None => !target.is_finite(),
            Some(n) => !(target.fract() == 0.0 && (0.0..f64::from(n)).contains(target)),
        };
        if let Some(row) = self.targets.iter().position(odd) {
            return Err(LearnError::Target { row, value: self.targets[row] });
        }
        let mut weighing =
            self.targets.iter().zip(&self.weights).filter(|row| *row.1 > 0.0).map(|row| *row.0);
        let first = weighing.next().ok_or(LearnError::NoRows)?;
        if weighing.all(|target| target == first) {
            return Err(LearnError::OneTarget { target: first });
        }
        Ok(())
    }

    /// The named rows, in that order.
    #[must_use]
    pub fn take(&self, rows: &[u32]) -> Self {
        let pick = |values: &[f64]| rows.iter().map(|&row| values[row as usize]).collect();
        Self {
            task: self.task,
            features: self.features.take(rows),
            targets: pick(&self.targets),
            weights: pick(&self.weights),
        }
    }
}
