//! The one error of the crate: input that no model can be fitted to.

use thiserror::Error;

/// Input that no model can be fitted to; carries the first place that is wrong.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum LearnError {
    /// Two arrays that belong together differ in length.
    #[error("{what} has {found} elements, expected {expected}")]
    Length {
        /// Which array.
        what: &'static str,
        /// The length that belongs to the others.
        expected: usize,
        /// Its own length.
        found: usize,
    },
    /// A feature is not a number, or so large that its square is none.
    #[error("row {row}, column {column} is {value}, expected a number within -1e150 to 1e150")]
    Feature {
        /// The row.
        row: usize,
        /// The column.
        column: usize,
        /// What stands there.
        value: f64,
    },
    /// A weight is negative or not a number.
    #[error("weight of row {row} is {value}, expected a number within 0 to 1e150")]
    Weight {
        /// The row.
        row: usize,
        /// What stands there.
        value: f64,
    },
    /// Nothing to fit to.
    #[error("no row has a weight")]
    NoRows,
    /// All targets that weigh anything are the same: the odds of the other have no estimate.
    #[error("every target is {target}")]
    OneClass {
        /// What they all are.
        target: bool,
    },
    /// A target is no class of the task, or not a finite number.
    #[error("target of row {row} is {value}, expected a class of the task or a finite number")]
    Target {
        /// The row.
        row: usize,
        /// What stands there.
        value: f64,
    },
    /// All targets that weigh anything are the same number or class.
    #[error("every target is {target}")]
    OneTarget {
        /// What they all are.
        target: f64,
    },
    /// An option is out of its range.
    #[error("{what} is {found}, expected {expected}")]
    Argument {
        /// Which one.
        what: &'static str,
        /// Its value.
        found: f64,
        /// What is allowed.
        expected: &'static str,
    },
    /// A category holds what is no level of it.
    #[error(
        "row {row}, column {column} is {value}, expected a whole level below {n_levels} or NaN"
    )]
    Level {
        /// The row.
        row: usize,
        /// The column.
        column: usize,
        /// What stands there.
        value: f64,
        /// Levels that the column has.
        n_levels: u32,
    },
    /// A column is another than the model was fitted to.
    #[error("column {column} is {found}, the model was fitted to {expected}")]
    Schema {
        /// The column.
        column: usize,
        /// Name and kind it was fitted to.
        expected: String,
        /// Name and kind it was given.
        found: String,
    },
    /// More parts are asked for than there are things to put into them.
    #[error("{what}: {asked} asked for, {found} possible")]
    Split {
        /// Parts of what.
        what: &'static str,
        /// How many are needed.
        asked: usize,
        /// How many there are.
        found: usize,
    },
    /// A row of a split does not exist, or stands where it must not.
    #[error("row {row} of the split {problem}")]
    SplitRow {
        /// The row.
        row: u32,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The columns cannot be told apart in floating point.
    #[error("the columns depend on each other: pivot {pivot} vanishes")]
    Singular {
        /// Which step of the elimination found none.
        pivot: usize,
    },
    /// The optimum was not reached.
    #[error("no optimum after {iterations} iterations: the mean gradient is still {gradient:e}")]
    NotConverged {
        /// How many iterations were made.
        iterations: u32,
        /// Largest component of the gradient, per unit of weight.
        gradient: f64,
    },
}

impl LearnError {
    /// What the caller can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Length { .. } => "pass one target and one full row of features for each case",
            Self::Feature { .. } => {
                "leave cases with unknown features out, or give the unknown a column of its own"
            }
            Self::Weight { .. } => "pass weights that count cases",
            Self::Target { .. } => "leave rows without a target out, or choose another task",
            Self::NoRows | Self::OneClass { .. } | Self::OneTarget { .. } => {
                "fit to data in which both outcomes occur"
            }
            Self::Level { .. } => "pass NaN for a level that training did not know",
            Self::Schema { .. } => "pass the columns of the training in their order",
            Self::Split { .. } => "ask for fewer parts or bring more groups, times or rows",
            Self::SplitRow { .. } => "name each row once, on one side",
            Self::Argument { .. } => "pass a value in the range that the message names",
            Self::Singular { .. } => "raise `ridge`, or drop columns that others determine",
            Self::NotConverged { .. } => "raise `ridge`, `iterations_max` or `tolerance`",
        };
        Some(hint.to_owned())
    }
}

/// Refuses an array whose length differs from what belongs to the others.
pub(crate) fn same_length(
    what: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), LearnError> {
    if found == expected { Ok(()) } else { Err(LearnError::Length { what, expected, found }) }
}
