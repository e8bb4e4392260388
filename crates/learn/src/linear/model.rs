//! A fitted linear model: margins, coefficients, exact contributions.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::design::{Coding, Part, bin};
use super::path::Path;
use crate::schema::{Schema, level};
use crate::{Contributions, FeatureKind, LearnError, Matrix, Task};

/// Rows a thread takes at a time.
const CHUNK_ROWS: usize = 4096;

/// Margin of a class that no training row had, beside margins that are logarithms of shares: one in a million.
const ABSENT: f64 = -13.8;

/// A fitted linear model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinearModel {
    pub(super) schema: Schema,
    pub(super) task: Task,
    /// One an output.
    pub(super) intercepts: Vec<f64>,
    /// One a feature.
    pub(super) codings: Vec<Coding>,
    /// Output after output, one a feature.
    pub(super) terms: Vec<Term>,
    /// What the penalties were and what they cost, in the order they were tried.
    pub steps: Vec<PathStep>,
    /// The penalty chosen.
    pub lambda: f64,
    /// The share of it on the size of coefficients; the rest is on their squares.
    pub l1_share: f64,
    /// Largest change of a margin that counted as none in the last fit: the one asked for, or 1e-3 where that was out
    /// of reach within the sweeps allowed.
    pub tolerance: f64,
}

/// One penalty of the path.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathStep {
    /// The penalty.
    pub lambda: f64,
    /// The share of it on the size of coefficients.
    pub l1_share: f64,
    /// Mean loss on rows not fitted to: squared error, or log loss in nats.
    pub loss: f64,
}

/// A coefficient that is not 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficient {
    /// Which feature.
    pub feature: usize,
    /// Which output.
    pub output: usize,
    /// What of the feature.
    pub of: CoefficientOf,
    /// Margin a unit of it.
    pub value: f64,
}

/// What a coefficient is multiplied by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CoefficientOf {
    /// The number, in its own unit.
    Number,
    /// Whether the number lies in this bin, counted from 0.
    Bin(u32),
    /// Whether the category is this level.
    Level(u32),
    /// Whether the value is missing.
    Missing,
}

/// What one feature adds to one output.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Term {
    /// Margin a unit of the number.
    slope: f64,
    /// Bins or levels, ascending, and what each adds. The level after the last is missing.
    at: Vec<u32>,
    adds: Vec<f64>,
    missing: f64,
    /// Mean over the training rows.
    mean: f64,
}

impl Term {
    fn is_nothing(&self) -> bool {
        self.slope == 0.0 && self.missing == 0.0 && self.at.is_empty()
    }

    fn value(&self, coding: &Coding, value: f64) -> f64 {
        match coding {
            Coding::Category { n_levels } => self.at(level(value, *n_levels)),
            Coding::Number { fill, center, starts, .. } => {
                if value.is_nan() {
                    return self.slope * (fill - center) + self.missing;
                }
                let of_bin = if self.at.is_empty() { 0.0 } else { self.at(bin(starts, value)) };
                self.slope * (value - center) + of_bin
            }
        }
    }

    fn at(&self, index: u32) -> f64 {
        self.at.binary_search(&index).map_or(0.0, |at| self.adds[at])
    }
}

impl LinearModel {
    /// What the path has reached, as terms of the features.
    pub(super) fn of(path: &Path<'_>, codings: &[Coding], schema: &Schema, task: Task) -> Self {
        let n_features = codings.len();
        let mut terms = vec![Term::default(); n_features * path.intercepts.len()];
        for (output, coefficients) in path.coefficients.iter().enumerate() {
            let used = path.design.columns.iter().zip(coefficients).filter(|(_, b)| **b != 0.0);
            for (column, b) in used {
                let term = &mut terms[output * n_features + column.feature];
                match (column.part, &codings[column.feature]) {
                    (Part::Slope, Coding::Number { scale, .. }) => term.slope = b / scale,
                    (Part::Missing, _) => term.missing = *b,
                    (Part::Bin(at) | Part::Level(at), _) => {
                        term.at.push(at);
                        term.adds.push(*b);
                    }
                    (Part::Slope, Coding::Category { .. }) => unreachable!("a level has no slope"),
                }
            }
        }
        Self {
            schema: schema.clone(),
            task,
            intercepts: path.intercepts.iter().map(|b| b.max(ABSENT)).collect(),
            codings: codings.to_vec(),
            terms,
            steps: Vec::new(),
            lambda: 0.0,
            l1_share: 0.0,
            tolerance: f64::INFINITY,
        }
    }

    /// Whether a model that was read from a file holds together.
    pub(crate) fn sound(&self) -> Result<(), &'static str> {
        let n_features = self.codings.len();
        if self.intercepts.len() != self.task.n_outputs()
            || self.schema.kinds().len() != n_features
            || self.schema.names().len() != n_features
            || self.intercepts.len().checked_mul(n_features) != Some(self.terms.len())
        {
            return Err("its outputs, features and terms disagree");
        }
        for (coding, kind) in self.codings.iter().zip(self.schema.kinds()) {
            let fits = match (coding, kind) {
                (Coding::Number { starts, .. }, FeatureKind::Number) => {
                    starts.windows(2).all(|pair| pair[0] <= pair[1])
                }
                (Coding::Category { n_levels }, FeatureKind::Category { n_levels: of_schema }) => {
                    n_levels == of_schema
                }
                _ => false,
            };
            if !fits {
                return Err("a coding is of another kind than its feature, or out of order");
            }
        }
        let ascends = |term: &Term| term.at.windows(2).all(|pair| pair[0] < pair[1]);
        if self.terms.iter().all(|term| term.at.len() == term.adds.len() && ascends(term)) {
            Ok(())
        } else {
            Err("a term has bins or levels without a coefficient, or out of order")
        }
    }

    /// The features it was fitted to.
    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Takes the mean of every term over the rows fitted to.
    pub(super) fn center(&mut self, features: &Matrix, weights: &[f64]) {
        let total: f64 = weights.iter().sum();
        let n_features = self.codings.len().max(1);
        for (at, term) in self.terms.iter_mut().enumerate() {
            if term.is_nothing() {
                continue;
            }
            let coding = &self.codings[at % n_features];
            let rows = features.column(at % n_features).iter().zip(weights);
            let mean = rows.map(|(value, w)| w / total * term.value(coding, *value)).sum();
            term.mean = mean;
        }
    }

    /// What is predicted.
    pub fn task(&self) -> Task {
        self.task
    }

    /// Names of the features, in order.
    pub fn names(&self) -> &[String] {
        self.schema.names()
    }

    /// Margin of each output where every number is its training mean and every category unknown.
    pub fn intercepts(&self) -> &[f64] {
        &self.intercepts
    }

    /// Coefficients that are not 0, by output and feature.
    pub fn coefficients(&self) -> Vec<Coefficient> {
        let n_features = self.codings.len().max(1);
        let mut found = Vec::new();
        for (at, term) in self.terms.iter().enumerate() {
            let (output, feature) = (at / n_features, at % n_features);
            let mut push = |of, value: f64| {
                if value != 0.0 {
                    found.push(Coefficient { feature, output, of, value });
                }
            };
            push(CoefficientOf::Number, term.slope);
            for (index, value) in term.at.iter().zip(&term.adds) {
                let of = match self.codings[feature] {
                    Coding::Category { n_levels } if *index == n_levels => CoefficientOf::Missing,
                    Coding::Category { .. } => CoefficientOf::Level(*index),
                    Coding::Number { .. } => CoefficientOf::Bin(*index),
                };
                push(of, *value);
            }
            push(CoefficientOf::Missing, term.missing);
        }
        found
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
        let n_outputs = self.intercepts.len();
        let mut margins = self.intercepts.repeat(features.n_rows());
        let part = |(chunk, margins): (usize, &mut [f64])| {
            let start = chunk * CHUNK_ROWS;
            let rows = start..start + margins.len() / n_outputs;
            for (output, feature, term) in self.used_terms() {
                let coding = &self.codings[feature];
                let values = &features.column(feature)[rows.clone()];
                let slots = margins.iter_mut().skip(output).step_by(n_outputs);
                slots.zip(values).for_each(|(slot, value)| *slot += term.value(coding, *value));
            }
        };
        if features.n_rows() <= CHUNK_ROWS {
            // Waking other threads would cost more than the work.
            part((0, &mut margins));
        } else {
            margins.par_chunks_mut(CHUNK_ROWS * n_outputs).enumerate().for_each(part);
        }
        margins
    }

    /// Terms that add anything, with output and feature.
    fn used_terms(&self) -> impl Iterator<Item = (usize, usize, &Term)> {
        let n_features = self.codings.len().max(1);
        let terms = self.terms.iter().enumerate().filter(|(_, term)| !term.is_nothing());
        terms.map(move |(at, term)| (at / n_features, at % n_features, term))
    }

    /// Margins of one row, one an output.
    ///
    /// # Errors
    /// The row has another number of features, or a value that is none of its column.
    pub fn margin_row(&self, row: &[f64]) -> Result<Vec<f64>, LearnError> {
        self.schema.check_row(row)?;
        let mut margins = self.intercepts.clone();
        for (output, feature, term) in self.used_terms() {
            margins[output] += term.value(&self.codings[feature], row[feature]);
        }
        Ok(margins)
    }

    /// Exact SHAP values for independent features: what the row's term is above the mean over the training rows. The
    /// columns of a feature (levels, bins, slope, missing) are one feature.
    ///
    /// # Errors
    /// The columns are not those of the training.
    pub fn contributions(&self, features: &Matrix) -> Result<Contributions, LearnError> {
        self.schema.check(features)?;
        let (n_outputs, n_features) = (self.intercepts.len(), self.codings.len());
        let mut base = self.intercepts.clone();
        let mut values = vec![0.0; features.n_rows() * n_outputs * n_features];
        for (output, feature, term) in self.used_terms() {
            base[output] += term.mean;
            let slots = values.iter_mut().skip(output * n_features + feature);
            let slots = slots.step_by(n_outputs * n_features);
            for (slot, value) in slots.zip(features.column(feature)) {
                *slot = term.value(&self.codings[feature], *value) - term.mean;
            }
        }
        Ok(Contributions { n_rows: features.n_rows(), n_features, base, values })
    }
}
