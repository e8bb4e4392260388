//! Learners of the caller's own: the folds and features ours get, and the figures ours are judged by.

use learn::Task;
use learn::automl::{Assessed, AutoOptions, Prepared, prepare};

use super::{Table, hash};
use crate::Error;

/// Probabilities of a row may miss 1 by this much: sums of rounded numbers do.
const SUM_TOLERANCE: f64 = 1e-6;

/// Folds and features of a table, as its own training would cut and make them; `dense` for learners that take neither
/// missing values nor categories.
///
/// # Errors
/// The table cannot be learned from.
pub fn prepare_table(table: &Table, options: &AutoOptions, dense: bool) -> Result<Prepared, Error> {
    let prepared = prepare(&table.frame, &table.completed(options))?;
    Ok(if dense { prepared.dense()? } else { prepared })
}

/// Figures of predictions that came from outside: numbers, probabilities of class 1, or one probability a class, row
/// after row.
///
/// # Errors
/// There are not as many as rows ask for, or one is no number, no probability, or does not sum to 1 with those of its row.
pub fn assess(
    task: Task,
    predictions: &[f64],
    targets: &[f64],
    weights: &[f64],
) -> Result<Assessed, Error> {
    let n_outputs = task.n_outputs();
    let fault = |what: String| Error::Question {
        what,
        hint: Some("return a number, or a probability a class, for every row".to_owned()),
    };
    if predictions.len() != targets.len() * n_outputs {
        return Err(fault(format!(
            "{} predictions for {} rows, expected {n_outputs} a row",
            predictions.len(),
            targets.len()
        )));
    }
    let is_odd = |value: &f64| match task {
        Task::Regression => !value.is_finite(),
        _ => !(0.0..=1.0).contains(value),
    };
    if let Some(at) = predictions.iter().position(is_odd) {
        let (row, value) = (at / n_outputs, predictions[at]);
        let what =
            if task == Task::Regression { "a finite number" } else { "a probability, 0 to 1" };
        return Err(fault(format!(
            "the prediction of row {} is {value}, expected {what}",
            row + 1
        )));
    }
    if n_outputs > 1 {
        let sums = predictions.chunks(n_outputs).map(|row| row.iter().sum::<f64>());
        let odd = sums.enumerate().find(|(_, sum)| (sum - 1.0).abs() > SUM_TOLERANCE);
        if let Some((row, sum)) = odd {
            return Err(fault(format!(
                "the probabilities of row {} sum to {sum}, expected 1",
                row + 1
            )));
        }
    }
    Ok(Assessed::of(task, predictions, targets, weights))
}

impl Table {
    /// The named rows, in that order.
    ///
    /// # Errors
    /// A row is not of this table, or none is named.
    pub fn take(&self, rows: &[u32]) -> Result<Self, Error> {
        let n_rows = self.frame.n_rows();
        if let Some(row) = rows.iter().find(|row| **row as usize >= n_rows) {
            return Err(Error::missing(
                format!("index {row} is beyond the {n_rows} rows of the table"),
                "name rows by their indices, from 0",
            ));
        }
        if rows.is_empty() {
            return Err(learn::LearnError::EmptyTable { what: "row" }.into());
        }
        let named: Vec<u8> = rows.iter().flat_map(|row| row.to_le_bytes()).collect();
        Ok(Self {
            frame: self.frame.take(rows),
            sha256: hash(format!("{} {}", self.sha256, hash(&named)).as_bytes()),
            name: self.name.clone(),
            kinds: self.kinds.clone(),
            clock: self.clock.clone(),
        })
    }

    /// The columns of this table and those of another of as many rows.
    ///
    /// # Errors
    /// They differ in length, or a name is in both.
    pub fn beside(&self, other: &Self) -> Result<Self, Error> {
        Ok(Self {
            frame: self.frame.beside(&other.frame)?,
            sha256: hash(format!("{} {}", self.sha256, other.sha256).as_bytes()),
            name: self.name.clone(),
            kinds: self.kinds.iter().chain(&other.kinds).cloned().collect(),
            clock: self.clock.clone().or_else(|| other.clock.clone()),
        })
    }

    /// The same columns under other names: those of a matrix have none of their own.
    ///
    /// # Errors
    /// There are not as many names as columns, or one occurs twice.
    pub fn renamed(&self, names: &[String]) -> Result<Self, Error> {
        let columns = self.frame.columns();
        if columns.len() != names.len() {
            return Err(Error::Question {
                what: format!("{} names for {} columns", names.len(), columns.len()),
                hint: Some("give every column a name of its own".to_owned()),
            });
        }
        let new_name = |old: &str| {
            columns
                .iter()
                .zip(names)
                .find(|(column, _)| column.name == old)
                .map(|(_, name)| name.clone())
        };
        let kinds = self.kinds.iter();
        Ok(Self {
            frame: self.frame.renamed(names)?,
            sha256: self.sha256.clone(),
            name: self.name.clone(),
            kinds: kinds.filter_map(|(old, kind)| Some((new_name(old)?, *kind))).collect(),
            clock: self.clock.as_deref().and_then(new_name),
        })
    }
}
