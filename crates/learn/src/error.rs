//! The one error of the crate: input that no model can be fitted to.
//!
//! Fields count rows and columns from 0, as code does; messages count them from 1, without the header, as people do.

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
    #[error("row {}, column {} is {value:e}, expected a number within -1e150 to 1e150", row + 1, column + 1)]
    Feature {
        /// The row.
        row: usize,
        /// The column.
        column: usize,
        /// What stands there.
        value: f64,
    },
    /// A category holds what is no level of it.
    #[error(
        "row {}, column {} is {value}, expected a level, a whole number below {n_levels}",
        row + 1,
        column + 1
    )]
    Level {
        /// The row.
        row: usize,
        /// The column.
        column: usize,
        /// What stands there.
        value: f64,
        /// Levels the column says it has.
        n_levels: u32,
    },
    /// A column is of another kind than the model's.
    #[error("column {} is {found:?}, expected {expected:?}", column + 1)]
    Kind {
        /// The column.
        column: usize,
        /// What it is.
        found: crate::FeatureKind,
        /// What the model was fitted to.
        expected: crate::FeatureKind,
    },
    /// A weight is negative or not a number.
    #[error("weight of row {} is {value}, expected a number within 0 to 1e150", row + 1)]
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
    #[error("target of row {} is {value}, expected a class of the task or a finite number", row + 1)]
    Target {
        /// The row.
        row: usize,
        /// What stands there.
        value: f64,
    },
    /// A table without rows, columns, or features that can be used.
    #[error("the table has no {what}")]
    EmptyTable {
        /// What it lacks.
        what: &'static str,
    },
    /// All columns that vary were set aside, for each tells the target almost alone.
    #[error(
        "no column is left to learn from; set aside as leaks, for alone they tell the target almost without error: {columns}"
    )]
    OnlyLeaks {
        /// The names of the first five, and how many more there are.
        columns: String,
    },
    /// A column has a name that cannot be told apart, shown or stored.
    #[error("the name of column {}, {name:?}, {problem}", position + 1)]
    ColumnName {
        /// Which column, counted from 0.
        position: usize,
        /// Its name, cut after 64 characters.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A column is of a type that cannot be read, or not read as it was in training.
    #[error("column {column:?} is {found}, expected {expected}")]
    ColumnType {
        /// Its name.
        column: String,
        /// What it is.
        found: String,
        /// What can be read.
        expected: String,
    },
    /// A column that is needed is not there.
    #[error("the table has no column {column:?}")]
    MissingColumn {
        /// Its name.
        column: String,
    },
    /// The column to predict holds what the task cannot be.
    #[error("column {column:?}, the target, {found}, expected {expected}")]
    TargetValues {
        /// Its name.
        column: String,
        /// What it holds, as a sentence goes on.
        found: String,
        /// What can be predicted.
        expected: String,
    },
    /// An option asks for what the table, the target or the other options do not allow.
    #[error("{option}: {problem}")]
    Unfit {
        /// Which option.
        option: &'static str,
        /// Why it cannot be.
        problem: String,
        /// What to do instead.
        remedy: &'static str,
    },
    /// A weight in a table is none.
    #[error(
        "column {column:?}, row {} is {value:?}, expected a weight, a finite number of 0 or more",
        row + 1
    )]
    WeightCell {
        /// Name of the column.
        column: String,
        /// The row, counted from 0 without the header.
        row: usize,
        /// What stands there, cut after 64 characters; empty where nothing does.
        value: String,
    },
    /// Rows do not say what is to be predicted.
    #[error(
        "column {column:?}, the target, has no value in {n_rows} rows, the first of them row {}{}",
        row + 1,
        word.as_ref().map_or(String::new(), |word| format!(", which holds {word:?}"))
    )]
    MissingTarget {
        /// Its name.
        column: String,
        /// The first of the rows, counted from 0 without the header.
        row: usize,
        /// How many there are.
        n_rows: usize,
        /// What stands in the first, where it is a word that means missing.
        word: Option<String>,
    },
    /// A value cannot be used.
    #[error("column {column:?}, row {} is {value:?}, expected {expected}", row + 1)]
    Cell {
        /// Name of the column.
        column: String,
        /// The row, counted from 0 without the header.
        row: usize,
        /// What stands there, cut after 64 characters.
        value: String,
        /// What is allowed.
        expected: String,
    },
    /// A line of a file is no row of its table.
    #[error("line {line}: {problem}")]
    Line {
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// All targets that weigh anything are the same number or class.
    #[error("every target is {target}")]
    OneTarget {
        /// What they all are.
        target: f64,
    },
    /// A learner of the caller's own failed, or cannot do what is asked.
    #[error("the member {name:?} {problem}")]
    OwnLearner {
        /// Its name.
        name: String,
        /// What is wrong with it, or with its answers.
        problem: String,
    },
    /// The device that networks are fitted on failed.
    #[error("the device: {problem}")]
    Device {
        /// What it cannot do, in words.
        problem: String,
    },
    /// No learner could be fitted.
    #[error("no learner could be fitted: {why}")]
    NothingFitted {
        /// Why the first could not.
        why: String,
    },
    /// The caller dropped the work.
    #[error("training was stopped; nothing is kept of it")]
    Stopped,
    /// A file is no model, or damaged.
    #[error("the file of the model: {what}")]
    Package {
        /// What is wrong with it.
        what: String,
    },
    /// A model has no such name.
    #[error(
        "{name:?} is no name of a model: letters, digits, - _ and . make one of at most 200, . not the first"
    )]
    ModelName {
        /// The name, cut after 64 characters.
        name: String,
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
    /// A column is another than the model was fitted to.
    #[error("column {} is {found}, the model was fitted to {expected}", column + 1)]
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
    #[error("row {} of the split {problem}", row + 1)]
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
            Self::Level { .. } => "code a level never seen in training as missing (not a number)",
            Self::Kind { .. } => {
                "make the features with the pipeline that the model was fitted with"
            }
            Self::Weight { .. } => "pass weights that count cases",
            Self::Target { .. } => "leave rows without a target out, or choose another task",
            Self::NothingFitted { .. } => "give a larger table, or a larger budget",
            Self::OwnLearner { .. } => "correct the class of that member, or train without it",
            Self::Device { .. } => "train on the cores of this machine: --device cpu",
            Self::Stopped => "train again, with a smaller budget perhaps",
            Self::Package { .. } => "train the model again, or copy its file again",
            Self::ModelName { .. } => "give another with --name NAME (name=)",
            Self::NoRows | Self::OneClass { .. } | Self::OneTarget { .. } => {
                "fit to data in which both outcomes occur"
            }
            Self::Schema { .. } => "pass the columns of the training in their order",
            Self::Split { .. } => "ask for fewer parts or bring more groups, times or rows",
            Self::SplitRow { .. } => "name each row once, on one side",
            Self::Argument { .. } => "pass a value in the range that the message names",
            Self::EmptyTable { .. } => {
                "pass a table with named columns, rows, and a column to learn from"
            }
            Self::OnlyLeaks { .. } => {
                "if such a column is known before the outcome is, say what it is (--column NAME=number, columns={name: \"number\"}); \
                 else bring others"
            }
            Self::ColumnName { .. } => {
                "give every column a name of its own, of 1 to 1024 printable bytes"
            }
            Self::ColumnType { .. } => "cast the column, leave it out, or fit to this type",
            Self::TargetValues { .. } => {
                "predict another column, give rows with other outcomes, or say what it is (--task, --column TARGET=category)"
            }
            Self::Unfit { remedy, .. } => remedy,
            Self::WeightCell { .. } => "give every row a weight; 0 leaves its row out",
            Self::MissingColumn { .. } => {
                "pass the columns that the model was fitted to, by their exact names"
            }
            Self::Cell { .. } => {
                "correct the value, or leave it empty where it may be unknown, or its row out"
            }
            Self::MissingTarget { word: Some(_), .. } => {
                "leave those rows out with --drop-missing-target (in Python: out of the table); or, where such a word is a class of its own, \
                 say that the target is a category (--column TARGET=category)"
            }
            Self::MissingTarget { .. } => {
                "fill them, or leave those rows out with --drop-missing-target (in Python: out of the table)"
            }
            Self::Line { .. } => "correct the line, or quote fields that hold the delimiter",
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
