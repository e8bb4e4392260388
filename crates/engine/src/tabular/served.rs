//! What serving needs beside [`predict`](super::predict): rows that no file holds, what a model takes, and predictions as
//! named columns. The file of `model predict` is written from the same columns, so an answer over the wire holds the same
//! numbers under the same names.

use learn::automl::Explanation;
use learn::{Frame, Kind, LearnError, Task};
use serde::Serialize;

use super::predictions::{Predicted, explained};
use super::{LoadedModel, Table};
use crate::Error;

/// What values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// Numbers of floating point.
    Numbers,
    /// Whole numbers.
    Integers,
    /// Truth values.
    Booleans,
    /// Texts.
    Texts,
}

/// A column that rows must bring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InputColumn {
    /// Its name.
    pub name: String,
    /// What its values are best given as; a text that reads the same is taken, too.
    pub values: ValueType,
    /// What it was taken for in training.
    pub kind: Kind,
}

/// Values of an answer, a row each; `None` where there is none.
#[derive(Clone, Debug, PartialEq)]
pub enum AnswerValues {
    /// Numbers.
    Numbers(Vec<Option<f64>>),
    /// Texts.
    Texts(Vec<Option<String>>),
}

impl AnswerValues {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a row as a file has it: the shortest digits that read back to the same bits, nothing where missing.
    pub(super) fn shown(&self, row: usize) -> String {
        match self {
            Self::Numbers(values) => values[row].map_or_else(String::new, |v| v.to_string()),
            Self::Texts(values) => values[row].clone().unwrap_or_default(),
        }
    }
}

/// A column of an answer, named as in the file of `model predict`.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerColumn {
    /// `predicted_TARGET`, `probability_CLASS`, `reason_1`, `contribution_1`, …
    pub name: String,
    /// Its values.
    pub values: AnswerValues,
}

/// What every column did to the margins of some rows, for the class that is predicted.
#[derive(Clone, Debug, PartialEq)]
pub struct RowContributions {
    /// What contributes: a column, or several joined by `and`.
    pub columns: Vec<String>,
    /// The margin before any column is known, one a row.
    pub base: Vec<f64>,
    /// The margin: base and all contributions, one a row.
    pub margin: Vec<f64>,
    /// Row after row, a number a column.
    pub values: Vec<f64>,
}

impl Table {
    /// Rows to predict that came without a file, such as those of a request; they get no hash, which costs more than a
    /// prediction and is needed for training only.
    pub fn of_request(frame: Frame) -> Self {
        Self {
            frame,
            sha256: String::new(),
            name: "the request".to_owned(),
            kinds: Vec::new(),
            clock: None,
        }
    }
}

/// Predicts rows with the `n_reasons` strongest reasons, and all contributions.
///
/// # Errors
/// As [`predict`](super::predict).
pub fn predict_explained(
    model: &LoadedModel,
    table: &Table,
    n_reasons: usize,
) -> Result<(Predicted, RowContributions), Error> {
    let (predicted, explanation) = explained(model, table, n_reasons)?;
    Ok((predicted, of_likeliest(&explanation)))
}

fn of_likeliest(explanation: &Explanation) -> RowContributions {
    let contributions = &explanation.contributions;
    let n_outputs = contributions.n_outputs();
    let mut rows = RowContributions {
        columns: explanation.sources.iter().map(|names| names.join(" and ")).collect(),
        base: Vec::with_capacity(contributions.n_rows),
        margin: Vec::with_capacity(contributions.n_rows),
        values: Vec::with_capacity(contributions.n_rows * contributions.n_features),
    };
    for row in 0..contributions.n_rows {
        let output = explanation.likeliest(row);
        rows.base.push(contributions.base[output]);
        rows.margin.push(explanation.margins[row * n_outputs + output]);
        rows.values.extend_from_slice(contributions.of(row, output));
    }
    rows
}

impl LoadedModel {
    /// Columns that rows must bring.
    pub fn inputs(&self) -> Vec<InputColumn> {
        let column = |(name, typed): (&str, &str)| {
            let role = self.model.roles().iter().find(|role| role.column == name);
            let kind = role.map_or(Kind::Text, |role| role.kind);
            let values = match (typed, kind) {
                // Every column of a CSV file is text; those that hold amounts are best given as such.
                ("numbers", _) | ("texts", Kind::Number) => ValueType::Numbers,
                ("integers", _) => ValueType::Integers,
                ("booleans", _) => ValueType::Booleans,
                _ => ValueType::Texts,
            };
            InputColumn { name: name.to_owned(), values, kind }
        };
        self.model.schema().into_iter().map(column).collect()
    }

    /// Names of the columns of every answer without reasons, and what they hold.
    pub fn outputs(&self) -> Vec<(String, ValueType)> {
        output_names(self.model.task(), self.model.classes(), self.model.target())
    }
}

/// The predicted class or number, then a probability of class 1 or one a class.
fn output_names(task: Task, classes: &[String], target: &str) -> Vec<(String, ValueType)> {
    let first = match task {
        Task::Regression => ValueType::Numbers,
        _ => ValueType::Texts,
    };
    let of = match task {
        Task::Regression => &[],
        Task::Binary => &classes[1..],
        Task::Multiclass { .. } => classes,
    };
    let probability = |class: &String| (format!("probability_{class}"), ValueType::Numbers);
    let mut names = vec![(format!("predicted_{target}"), first)];
    names.extend(of.iter().map(probability));
    names
}

impl Predicted {
    /// Names and values, column after column; `target` is the model's.
    pub fn columns(&self, target: &str) -> Vec<AnswerColumn> {
        let prediction = &self.prediction;
        let names = output_names(prediction.task, &prediction.classes, target);
        let labels = prediction.labels();
        let n_numbers = names.len() - usize::from(!labels.is_empty());
        let numbers = |at: usize| {
            let values = prediction.values.iter().skip(at).step_by(n_numbers.max(1));
            AnswerValues::Numbers(values.map(|value| Some(*value)).collect())
        };
        let labelled = usize::from(!labels.is_empty());
        let column = |(at, (name, _)): (usize, (String, ValueType))| AnswerColumn {
            name,
            values: match at < labelled {
                true => AnswerValues::Texts(labels.iter().map(|l| Some((*l).to_owned())).collect()),
                false => numbers(at - labelled),
            },
        };
        let mut columns: Vec<AnswerColumn> = names.into_iter().enumerate().map(column).collect();
        let n_reasons = self.reasons.iter().map(Vec::len).max().unwrap_or(0);
        for at in 0..n_reasons {
            let reasons = || self.reasons.iter().map(move |reasons| reasons.get(at));
            let words = reasons().map(|reason| reason.map(|reason| reason.words.clone()));
            let sizes = reasons().map(|reason| reason.map(|reason| reason.contribution));
            columns.push(AnswerColumn {
                name: format!("reason_{}", at + 1),
                values: AnswerValues::Texts(words.collect()),
            });
            columns.push(AnswerColumn {
                name: format!("contribution_{}", at + 1),
                values: AnswerValues::Numbers(sizes.collect()),
            });
        }
        columns
    }
}

impl Error {
    /// Whether rows do not fit the model they were given to: a column that is missing, of another type, or holds a value
    /// that cannot be read as in training.
    pub fn is_schema(&self) -> bool {
        use LearnError as Learn;
        match self {
            Self::Of { error, .. } => error.is_schema(),
            Self::Learn(
                Learn::MissingColumn { .. }
                | Learn::ColumnType { .. }
                | Learn::Cell { .. }
                | Learn::Feature { .. }
                | Learn::Level { .. },
            ) => true,
            _ => false,
        }
    }

    /// Whether rows are no table at all: no row, or names that cannot be told apart.
    pub fn is_shape(&self) -> bool {
        use LearnError as Learn;
        matches!(
            self,
            Self::Learn(Learn::EmptyTable { .. } | Learn::ColumnName { .. } | Learn::Length { .. })
        )
    }
}
