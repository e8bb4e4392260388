//! From raw columns to the features of a model, fitted on training rows and applied the same way when serving.
//!
//! In: a [`Frame`] of training rows, a [`Role`] a column, [`Targets`], and which rows may learn from which. Out: a
//! [`Pipeline`] that can be stored, and the [`Matrix`] of the training rows; later a matrix of any rows of the same
//! columns, with a count of what training had never seen. Every feature says which columns and which rule made it.
//! Source: see `encoding` for target encoding; the rest is common practice of AutoML systems. Departures: numbers keep
//! NaN where missing, for models that know what to do with it; [`LinearView`] fills and scales for those that do not.
//! Cost: O(rows) a column, in parallel over columns; each distinct text is worked on once.
//! Checked against: scikit-learn, tables by hand, and that chunks and the whole agree (`tests/it/features.rs`).

mod checks;
mod encoding;
mod exact;
mod linear_view;
mod plan;
mod times;
mod words;

use std::collections::BTreeSet;

use jiff::civil::Date;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::frame::Frame;
use crate::roles::{Kind, Role, Targets};
use crate::{FeatureKind, LearnError, Matrix};

pub use checks::{FutureTimes, Overlap, future_times, overlap, rows_before};
pub use encoding::Folds;
pub use linear_view::{LinearView, LinearViewOptions};
use plan::{Applied, Plan, Rows};

/// Choices of a pipeline, with their limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PipelineOptions {
    /// Categories of more levels than this become numbers: mean target, frequency, parts of codes.
    pub levels_max: u32,
    /// Levels of fewer training rows are one level together.
    pub rare_rows: u32,
    /// Rows that the mean of all counts for in the mean target of a level.
    pub smoothing: f64,
    /// With more classes than this no mean target is made, one a class being too many.
    pub classes_max: u32,
    /// Frequent words of a text column that become features.
    pub words_max: u32,
    /// Pairs of date columns, in their order, whose difference becomes a feature.
    pub date_pairs_max: u32,
    /// Days that are holidays.
    pub holidays: Vec<Date>,
    /// Whether years and days since the first instant become features: rows of later times lie beyond all that
    /// training saw, so leave it off where the split is by time.
    pub absolute_time: bool,
    /// Whether each number with missing values gets a feature that says so; trees see NaN anyway.
    pub missing_indicators: bool,
}

impl Default for PipelineOptions {
    fn default() -> Self {
        Self {
            levels_max: 24,
            rare_rows: 5,
            smoothing: 10.0,
            classes_max: 8,
            words_max: 50,
            date_pairs_max: 15,
            holidays: Vec::new(),
            absolute_time: true,
            missing_indicators: false,
        }
    }
}

/// Where a feature comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// Its name in the matrix.
    pub feature: String,
    /// The columns it is made of.
    pub sources: Vec<String>,
    /// How, in words.
    pub rule: String,
}

/// What serving brought that training had not seen, a row's worth of missing features each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unseen {
    /// In the order of the features; empty where all was known.
    pub columns: Vec<UnseenColumn>,
}

/// Values of one column that became missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnseenColumn {
    /// Its name.
    pub column: String,
    /// Whether they are levels, or values that could not be read.
    pub what: UnseenKind,
    /// Rows that hold one.
    pub n_rows: u64,
    /// The first of these rows.
    pub first_row: usize,
    /// What stands there, cut after 64 characters.
    pub example: String,
}

/// What is unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnseenKind {
    /// A level that no training row held.
    Level,
    /// A text that is no number or date, as some of training were, or no step of the scale.
    Value,
}

/// A fitted way from raw columns to features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    roles: Vec<Role>,
    plans: Vec<Plan>,
    lineage: Vec<Lineage>,
}

/// Columns that a message names at most.
const NAMES_MAX: usize = 5;

impl Pipeline {
    /// Fits to training rows; gives the pipeline and their features. Mean targets of the training rows are taken from
    /// other rows, as `folds` says. Features that are the same in every training row are left out.
    ///
    /// # Errors
    /// `Length` for targets or folds of other rows, `MissingColumn` for a role without its column, `Cell` for a value
    /// that cannot be read as its role says, `Argument` for options out of range, `EmptyTable` where no feature varies.
    pub fn fit(
        frame: &Frame,
        roles: &[Role],
        targets: &Targets,
        folds: Folds<'_>,
        options: &PipelineOptions,
    ) -> Result<(Self, Matrix), LearnError> {
        crate::error::same_length("targets", frame.n_rows(), targets.values.len())?;
        if !(options.smoothing >= 0.0 && options.smoothing.is_finite()) {
            return Err(LearnError::Argument {
                what: "the smoothing",
                found: options.smoothing,
                expected: "a finite number of rows, 0 or more",
            });
        }
        let fitting = plan::Fitting::new(frame, targets, folds, options);
        let used = |role: &&Role| role.kind.is_used() && role.column != targets.column;
        let used: Vec<&Role> = roles.iter().filter(used).collect();
        let (times, others): (Vec<&Role>, Vec<&Role>) =
            used.into_iter().partition(|role| role.kind == Kind::Time);
        let fitted: Vec<Result<(Plan, Applied), LearnError>> =
            others.par_iter().map(|role| fitting.column(role)).collect();
        let mut fitted = fitted.into_iter().collect::<Result<Vec<_>, _>>()?;
        if !times.is_empty() {
            fitted.push(fitting.times(&times)?);
        }
        let (mut plans, mut applied) = (Vec::new(), Vec::new());
        let mut taken = BTreeSet::new();
        for (mut plan, columns) in fitted {
            if plan.keep_varying(&columns, &mut taken) {
                plans.push(plan);
                applied.push(columns);
            }
        }
        if plans.is_empty() {
            return Err(nothing_left(frame, roles));
        }
        let lineage = plans.iter().flat_map(Plan::lineage).collect();
        let pipeline = Self { roles: roles.to_vec(), plans, lineage };
        let (matrix, _) = pipeline.matrix(frame.n_rows(), applied)?;
        Ok((pipeline, matrix))
    }

    /// Features of other rows. Columns that training did not use may be there, in any order, or not.
    ///
    /// # Errors
    /// `MissingColumn`, `ColumnType` or `Cell` where a column is not what it was in training: not there, or of a type
    /// that holds values which cannot be read the same way; `Cell` for a word where training had numbers or times, unless
    /// it stood there in training, too, or means missing.
    pub fn transform(&self, frame: &Frame) -> Result<(Matrix, Unseen), LearnError> {
        self.transformed(frame, Rows::Serving)
    }

    /// The same of rows that a fold holds out of the table that is learned from: its odd words are known to be odd.
    pub(crate) fn transform_held(&self, frame: &Frame) -> Result<Matrix, LearnError> {
        Ok(self.transformed(frame, Rows::Training)?.0)
    }

    fn transformed(&self, frame: &Frame, rows: Rows) -> Result<(Matrix, Unseen), LearnError> {
        let applied: Vec<Result<Applied, LearnError>> = if frame.n_rows() < 256 {
            // For a few rows, waking other threads costs more than the work.
            self.plans.iter().map(|plan| plan.apply(frame, rows)).collect()
        } else {
            self.plans.par_iter().map(|plan| plan.apply(frame, rows)).collect()
        };
        self.matrix(frame.n_rows(), applied.into_iter().collect::<Result<_, _>>()?)
    }

    fn matrix(&self, n_rows: usize, applied: Vec<Applied>) -> Result<(Matrix, Unseen), LearnError> {
        let (mut matrix, mut unseen) = (Matrix::new(n_rows), Unseen::default());
        for (plan, applied) in self.plans.iter().zip(applied) {
            for (output, values) in plan.outputs().iter().zip(applied.columns) {
                if output.kept {
                    matrix.push(output.name.clone(), output.kind, values)?;
                }
            }
            unseen.columns.extend(applied.unseen);
        }
        Ok((matrix, unseen))
    }

    /// Whether a pipeline that was read from a file makes the features it says.
    pub(crate) fn sound(&self) -> Result<(), &'static str> {
        for plan in &self.plans {
            plan.sound()?;
        }
        if !self.plans.iter().flat_map(Plan::lineage).eq(self.lineage.iter().cloned()) {
            return Err("its lineage is that of other features");
        }
        if self.lineage.is_empty() { Err("it makes no feature") } else { Ok(()) }
    }

    /// Names and kinds of its features, in the order of the matrix.
    pub(crate) fn features(&self) -> impl Iterator<Item = (&str, FeatureKind)> {
        self.plans.iter().flat_map(Plan::kept).map(|output| (output.name.as_str(), output.kind))
    }

    /// Where each feature comes from, in the order of the matrix.
    pub fn lineage(&self) -> &[Lineage] {
        &self.lineage
    }

    /// The role of every column of the training table, also of those that are left out.
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// Columns that serving must bring, and the type of values they had in training.
    pub fn schema(&self) -> Vec<(&str, &str)> {
        self.plans.iter().flat_map(Plan::schema).collect()
    }
}

/// Why no feature is left.
fn nothing_left(frame: &Frame, roles: &[Role]) -> LearnError {
    // A column that cannot be read is the likeliest to have been meant.
    let mut unread = roles.iter().filter(|role| role.kind == Kind::Unread);
    if let Some(fault) = unread.find_map(|role| frame.column(&role.column).err()) {
        return fault;
    }
    let leaks = roles.iter().filter(|role| role.kind == Kind::Leak);
    let leaks: Vec<String> = leaks.map(|role| format!("{:?}", role.column)).collect();
    if leaks.is_empty() {
        return LearnError::EmptyTable { what: "feature that varies" };
    }
    let mut columns = leaks[..leaks.len().min(NAMES_MAX)].join(", ");
    if leaks.len() > NAMES_MAX {
        columns += &format!(" and {} more", leaks.len() - NAMES_MAX);
    }
    LearnError::OnlyLeaks { columns }
}
