//! The column that is predicted, as numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::numbers::DecimalMark;
use super::reading::{Levels, Reading, boolean_word, integer, read_levels, read_numbers};
use crate::frame::{Column, Frame, Values};
use crate::{LearnError, Task};

/// More classes than this are no classification that this crate learns.
const CLASSES_MAX: usize = 100;

/// What is predicted, a number a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Targets {
    /// Name of the column.
    pub column: String,
    /// What its numbers are.
    pub task: Task,
    /// Names of the classes, in the order of their numbers; empty for a regression.
    pub classes: Vec<String>,
    /// Per row the number, or the class as 0.0, 1.0, …
    #[serde(skip)]
    pub values: Vec<f64>,
    /// How the task was chosen, in words.
    pub reason: String,
}

impl Targets {
    /// Reads the column to predict. Without a task: two distinct values are two classes (false before true, no before
    /// yes, else in order of number or text), texts and 3 to 10 small whole numbers are classes, other numbers a
    /// regression. `Task::Multiclass { n_classes: 0 }` asks for as many classes as occur.
    ///
    /// # Errors
    /// `MissingColumn`; `MissingTarget` for rows without a value; `Cell` for one that is no number where numbers are asked
    /// for; `OneTarget` or `ColumnType` where the values do not fit the task.
    pub fn read(frame: &Frame, column: &str, task: Option<Task>) -> Result<Self, LearnError> {
        let column = frame.column(column)?;
        if let Values::Times(_) = column.values {
            return Err(LearnError::ColumnType {
                column: column.name.clone(),
                found: "times".to_owned(),
                expected: "numbers or classes to predict".to_owned(),
            });
        }
        let levels = read_levels(&Reading::Code, column);
        let missing = missing(&levels);
        if let Some(row) = missing.iter().position(|missing| *missing) {
            let n_rows = missing.iter().filter(|missing| **missing).count();
            return Err(LearnError::MissingTarget { column: column.name.clone(), row, n_rows });
        }
        let (counts, _) = levels.counts();
        let numbers = numbers(column);
        let (task, reason) = match task {
            Some(task) => (task, "the caller said so".to_owned()),
            None => chosen(column, &counts, numbers.as_deref().ok())?,
        };
        if task == Task::Regression {
            let values = numbers?;
            return Ok(Self {
                column: column.name.clone(),
                task,
                classes: Vec::new(),
                values,
                reason,
            });
        }
        let classes = ordered_classes(&counts);
        let task = counted(column, task, classes.len())?;
        let place: BTreeMap<&str, f64> =
            classes.iter().enumerate().map(|(at, class)| (class.as_str(), at as f64)).collect();
        let values =
            levels.codes.iter().map(|code| place[levels.names[*code as usize].as_ref()]).collect();
        Ok(Self { column: column.name.clone(), task, classes, values, reason })
    }

    /// Rows that hold a target, ascending: not blank, and not a word such as `NA`.
    ///
    /// # Errors
    /// `MissingColumn`.
    pub fn known_rows(frame: &Frame, column: &str) -> Result<Vec<u32>, LearnError> {
        let missing = missing(&read_levels(&Reading::Code, frame.column(column)?));
        Ok((0_u32..).zip(missing).filter(|row| !row.1).map(|row| row.0).collect())
    }

    /// The named rows, in that order; a row may occur more than once.
    ///
    /// # Panics
    /// If a row is not of these.
    #[must_use]
    pub fn take(&self, rows: &[u32]) -> Self {
        let values = rows.iter().map(|&row| self.values[row as usize]).collect();
        Self { values, ..self.clone() }
    }
}

/// Which rows lack a target: those that are blank or hold a word such as `NA`.
fn missing(levels: &Levels<'_>) -> Vec<bool> {
    levels.codes.iter().map(|code| *code == u32::MAX).collect()
}

/// The task with its number of classes, where so many are possible.
fn counted(column: &Column, task: Task, n: usize) -> Result<Task, LearnError> {
    let refused = |expected: String| {
        let (column, found) = (column.name.clone(), format!("{n} distinct values"));
        Err(LearnError::ColumnType { column, found, expected })
    };
    match task {
        Task::Multiclass { n_classes: 0 } if !(3..=CLASSES_MAX).contains(&n) => {
            refused(format!("3 to {CLASSES_MAX} classes"))
        }
        Task::Multiclass { n_classes: 0 } => {
            let n_classes = u32::try_from(n).expect("at most 100 classes");
            Ok(Task::Multiclass { n_classes })
        }
        Task::Multiclass { n_classes } if n != n_classes as usize => {
            refused(format!("{n_classes} classes"))
        }
        Task::Binary if n != 2 => refused("2 classes".to_owned()),
        task => Ok(task),
    }
}

/// Every target as a number.
fn numbers(column: &Column) -> Result<Vec<f64>, LearnError> {
    let (values, unread) = read_numbers(&Reading::Number { mark: DecimalMark::Point }, column)?;
    match (unread.first, values.iter().position(|value| value.is_nan())) {
        (Some((row, _)), _) | (None, Some(row)) => Err(column.refused(row, "a number to predict")),
        (None, None) => Ok(values),
    }
}

fn chosen(
    column: &Column,
    counts: &BTreeMap<&str, u64>,
    numbers: Option<&[f64]>,
) -> Result<(Task, String), LearnError> {
    let n = counts.len();
    let classes = |n: usize| u32::try_from(n).expect("at most 100 classes");
    if n == 1 {
        return Err(LearnError::ColumnType {
            column: column.name.clone(),
            found: "one value in every row".to_owned(),
            expected: "at least two distinct values to predict".to_owned(),
        });
    }
    if n == 2 {
        return Ok((Task::Binary, "two distinct values".to_owned()));
    }
    if let Some(numbers) = numbers {
        let small = |value: &f64| integer(*value).is_some_and(|whole| (0..=20).contains(&whole));
        if n <= 10 && numbers.iter().all(small) {
            let task = Task::Multiclass { n_classes: classes(n) };
            return Ok((task, format!("{n} distinct small whole numbers")));
        }
        return Ok((Task::Regression, format!("{n} distinct numbers")));
    }
    if n <= CLASSES_MAX {
        return Ok((Task::Multiclass { n_classes: classes(n) }, format!("{n} distinct texts")));
    }
    Err(LearnError::ColumnType {
        column: column.name.clone(),
        found: format!("{n} distinct texts"),
        expected: format!("numbers, or at most {CLASSES_MAX} classes"),
    })
}

/// False before true, numbers by size, texts by their bytes.
fn ordered_classes(counts: &BTreeMap<&str, u64>) -> Vec<String> {
    let boolean = |class: &str| boolean_word(class).map(|word| f64::from(u8::from(word.1)));
    let number = |class: &str| class.parse::<f64>().ok().filter(|value| value.is_finite());
    let keys = |key: &dyn Fn(&str) -> Option<f64>| -> Option<Vec<f64>> {
        counts.keys().map(|class| key(class)).collect()
    };
    let opposites = keys(&boolean).filter(|keys| keys.len() == 2 && keys[0] != keys[1]);
    let keys = opposites.or_else(|| keys(&number));
    let keys = keys.unwrap_or_else(|| vec![0.0; counts.len()]);
    let mut classes: Vec<(f64, &str)> = keys.into_iter().zip(counts.keys().copied()).collect();
    classes.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
    classes.into_iter().map(|class| class.1.to_owned()).collect()
}
