//! The column that is predicted, as numbers.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Kind;
use super::judge::are_dates;
use super::marks::{House, mark_of_target, mostly_numbers};
use super::numbers::DecimalMark;
use super::reading::{
    Cell, Levels, Reading, boolean_word, code_name, integer, read_levels, read_numbers,
};
use crate::frame::{Column, Frame, Values, cut};
use crate::{LearnError, Task};

/// More classes than this are no classification that this crate learns.
const CLASSES_MAX: usize = 100;
/// Up to so many distinct small whole numbers are classes.
const SMALL_MAX: usize = 10;

/// What is predicted, a number a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Targets {
    /// Name of the column.
    pub column: String,
    /// What its numbers are.
    pub task: Task,
    /// Names of the classes as the table writes them, in the order of their numbers; empty for a regression.
    pub classes: Vec<String>,
    /// Per row the number, or the class as 0.0, 1.0, …
    #[serde(skip)]
    pub values: Vec<f64>,
    /// How the task was chosen, in words.
    pub reason: String,
    /// How its values are read.
    #[serde(default = "as_codes")]
    pub reading: Reading,
    /// What a careful reader must know before the task is believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
}

/// As files of models of earlier versions mean it.
fn as_codes() -> Reading {
    Reading::Code
}

impl Targets {
    /// Reads the column to predict. Without a task: two distinct values are two classes (false before true, no before
    /// yes, else in order of number or text), texts and 3 to 10 small whole numbers are classes, other numbers a
    /// regression. `Task::Multiclass { n_classes: 0 }` asks for as many classes as occur. Spellings of two opposite words
    /// (yes, Yes, YES) are one class each, and so are 1 and 1.0; a class is named as most of its rows write it. Where nearly
    /// all texts are numbers of a regression, one that is none is an error, not a reason for classes.
    ///
    /// # Errors
    /// `MissingColumn`; `MissingTarget` for rows without a value; `Cell` for one that is no number where numbers are asked
    /// for; `TargetValues` where the values do not fit the task.
    pub fn read(frame: &Frame, column: &str, task: Option<Task>) -> Result<Self, LearnError> {
        Self::read_as(frame, column, task, None)
    }

    /// [`Targets::read`] of a column of which the caller knows the kind: a number is a regression, a category has every word
    /// for a class, `NA` and `none`, too.
    ///
    /// # Errors
    /// As [`Targets::read`]; `TargetValues` for another kind.
    pub fn read_as(
        frame: &Frame,
        column: &str,
        task: Option<Task>,
        kind: Option<Kind>,
    ) -> Result<Self, LearnError> {
        let column = frame.column(column)?;
        let refused = |found: &str| LearnError::TargetValues {
            column: column.name.clone(),
            found: found.to_owned(),
            expected: "numbers or classes".to_owned(),
        };
        let (task, reading) = match kind {
            None | Some(Kind::Target) => (task, Reading::Code),
            Some(Kind::Number) => (task.or(Some(Task::Regression)), Reading::Code),
            Some(Kind::Category) => (task, Reading::Level),
            Some(_) => return Err(refused("is given as no number and no category")),
        };
        if matches!(column.values, Values::Times(_)) || (task.is_none() && are_dates(column)) {
            return Err(refused("holds times"));
        }
        let levels = read_levels(&reading, column);
        refuse_missing(column, &levels)?;
        let (counts, _) = levels.counts();
        let (mark, doubt) = mark_of_target(column, &House::new(frame));
        let numbers = numbers(column, mark);
        let (task, reason) = match task {
            Some(task) => (task, "the caller said so".to_owned()),
            None => {
                let classes = classes_of(&counts);
                if let (Err(fault), None) = (&numbers, kind)
                    && is_broken_number(column, mark, &classes)
                {
                    return Err(fault.clone());
                }
                let numbers = numbers.as_deref().ok().filter(|_| kind.is_none());
                chosen(column, &classes, numbers)?
            }
        };
        if task == Task::Regression {
            let (values, reading) = (numbers?, Reading::Number { mark });
            let (column, classes) = (column.name.clone(), Vec::new());
            return Ok(Self { column, task, classes, values, reason, reading, doubt });
        }
        let classes = classes_of(&counts);
        let task = counted(column, task, classes.len())?;
        let values = places(column, &levels, &classes)?;
        let spellings: Vec<&str> = counts.keys().copied().collect();
        let doubt = (spellings.len() > classes.len())
            .then(|| format!("spellings of one word are one class: {}", spellings.join(", ")));
        let classes = match reading {
            Reading::Code => as_written(column, classes),
            _ => classes,
        };
        let column = column.name.clone();
        Ok(Self { column, task, classes, values, reason, reading, doubt })
    }

    /// The targets of another table, read as these were: the same classes under the same numbers.
    ///
    /// # Errors
    /// `MissingColumn`, `MissingTarget`; `Cell` for a value that is no number, or a class that these do not know.
    pub fn read_alike(&self, frame: &Frame) -> Result<Self, LearnError> {
        let column = frame.column(&self.column)?;
        let values = match &self.reading {
            Reading::Number { mark } => {
                refuse_missing(column, &read_levels(&Reading::Code, column))?;
                numbers(column, *mark)?
            }
            reading => {
                let levels = read_levels(reading, column);
                refuse_missing(column, &levels)?;
                places(column, &levels, &self.classes)?
            }
        };
        Ok(Self { values, ..self.clone() })
    }

    /// Whether targets that were read from a file are those of their task.
    pub(crate) fn sound(&self) -> Result<(), &'static str> {
        let n = self.classes.len();
        let fits = match (self.task, &self.reading) {
            // Files of earlier versions do not say how numbers are read.
            (Task::Regression, Reading::Number { .. } | Reading::Code) => n == 0,
            (Task::Binary, Reading::Level | Reading::Code) => n == 2,
            (Task::Multiclass { n_classes }, Reading::Level | Reading::Code) => {
                n > 2 && n == n_classes as usize
            }
            _ => false,
        };
        let mut names: Vec<&String> = self.classes.iter().collect();
        names.sort_unstable();
        if fits && names.windows(2).all(|pair| pair[0] != pair[1]) {
            Ok(())
        } else {
            Err("its classes are not those of its task")
        }
    }

    /// Rows that hold a target, ascending: not blank, and, unless the target is given as a category, not a word such as `NA`.
    ///
    /// # Errors
    /// `MissingColumn`.
    pub fn known_rows(
        frame: &Frame,
        column: &str,
        kind: Option<Kind>,
    ) -> Result<Vec<u32>, LearnError> {
        let is_category = kind == Some(Kind::Category);
        let reading = if is_category { Reading::Level } else { Reading::Code };
        let missing = missing(&read_levels(&reading, frame.column(column)?));
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

fn refuse_missing(column: &Column, levels: &Levels<'_>) -> Result<(), LearnError> {
    let missing = missing(levels);
    let Some(row) = missing.iter().position(|missing| *missing) else { return Ok(()) };
    let n_rows = missing.iter().filter(|missing| **missing).count();
    let word = column.values.shown(row).filter(|text| !text.trim().is_empty());
    Err(LearnError::MissingTarget { column: column.name.clone(), row, n_rows, word })
}

/// Which rows lack a target: those that are blank or hold a word such as `NA`.
fn missing(levels: &Levels<'_>) -> Vec<bool> {
    levels.codes.iter().map(|code| *code == u32::MAX).collect()
}

/// The task with its number of classes, where so many are possible.
fn counted(column: &Column, task: Task, n: usize) -> Result<Task, LearnError> {
    let refused = |expected: String| {
        let (column, found) = (column.name.clone(), format!("holds {n} distinct values"));
        Err(LearnError::TargetValues { column, found, expected })
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
fn numbers(column: &Column, mark: DecimalMark) -> Result<Vec<f64>, LearnError> {
    let (values, unread) = read_numbers(&Reading::Number { mark }, column)?;
    match (unread.first, values.iter().position(|value| value.is_nan())) {
        (Some((row, _)), _) | (None, Some(row)) => Err(column.refused(row, "a number to predict")),
        (None, None) => Ok(values),
    }
}

/// Whether a column of numbers holds a few that are none (`inf`, `12x`), which would make each number a class. Where the
/// numbers would be classes themselves, so may be a word beside them.
fn is_broken_number(column: &Column, mark: DecimalMark, found: &[String]) -> bool {
    let number = |name: &String| match super::numbers::read(name, mark).0 {
        Cell::Value(value) => Some(value),
        _ => None,
    };
    let numbers: Vec<f64> = found.iter().filter_map(number).collect();
    let as_classes = numbers.len() <= 2 || are_small(&numbers, numbers.len());
    !as_classes && mostly_numbers(column, mark)
}

/// Whether numbers of so many distinct values are classes.
fn are_small(numbers: &[f64], n_distinct: usize) -> bool {
    let small = |value: &f64| integer(*value).is_some_and(|whole| (0..=20).contains(&whole));
    n_distinct <= SMALL_MAX && numbers.iter().all(small)
}

/// The classes under the names that most of their rows give them: `1.0`, not 1, where the table says so.
fn as_written(column: &Column, classes: Vec<String>) -> Vec<String> {
    let written = read_levels(&Reading::Level, column);
    let mut names: BTreeMap<String, (u64, &str)> = BTreeMap::new();
    let counts = written.counts().0;
    for (name, count) in &counts {
        let most = names.entry(code_name(name).into_owned()).or_insert((0, name));
        // The first by bytes of those as frequent.
        if *count > most.0 {
            *most = (*count, name);
        }
    }
    let named = |class: String| names.get(&class).map_or(class, |most| most.1.to_owned());
    classes.into_iter().map(named).collect()
}

/// The number of the class of each row.
fn places(
    column: &Column,
    levels: &Levels<'_>,
    classes: &[String],
) -> Result<Vec<f64>, LearnError> {
    let opposite = |name: &str| boolean_word(name).map(|word| word.1);
    let pair = match classes {
        [first, second] => opposite(first).zip(opposite(second)).filter(|(a, b)| a != b),
        _ => None,
    };
    // By both names: that of the level, and that which the table writes.
    let numbered = || classes.iter().enumerate().map(|(at, class)| (class, at as f64));
    let mut exact: BTreeMap<Cow<'_, str>, f64> =
        numbered().map(|(class, at)| (code_name(class), at)).collect();
    exact.extend(numbered().map(|(class, at)| (Cow::Borrowed(class.as_str()), at)));
    let place = |name: &str| {
        let by_word = || {
            let (first, _) = pair?;
            opposite(name).map(|word| if word == first { 0.0 } else { 1.0 })
        };
        exact.get(name).copied().or_else(by_word)
    };
    let by_name: Vec<Option<f64>> = levels.names.iter().map(|name| place(name)).collect();
    let of = |(row, code): (usize, &u32)| {
        let place = by_name.get(*code as usize).copied().flatten();
        place.ok_or_else(|| {
            let shown: Vec<&str> = classes.iter().take(5).map(String::as_str).collect();
            column.refused(
                row,
                format!("one of the classes that were learned ({})", shown.join(", ")),
            )
        })
    };
    levels.codes.iter().enumerate().map(of).collect()
}

fn chosen(
    column: &Column,
    found: &[String],
    numbers: Option<&[f64]>,
) -> Result<(Task, String), LearnError> {
    let n = found.len();
    let classes = |n: usize| u32::try_from(n).expect("at most 100 classes");
    if n == 1 {
        return Err(LearnError::TargetValues {
            column: column.name.clone(),
            found: format!("holds one value in every row, {:?}", cut(&found[0])),
            expected: "at least two distinct values".to_owned(),
        });
    }
    if n == 2 {
        return Ok((Task::Binary, "two distinct values".to_owned()));
    }
    if let Some(numbers) = numbers {
        if are_small(numbers, n) {
            let task = Task::Multiclass { n_classes: classes(n) };
            return Ok((task, format!("{n} distinct small whole numbers")));
        }
        return Ok((Task::Regression, format!("{n} distinct numbers")));
    }
    if n <= CLASSES_MAX {
        return Ok((Task::Multiclass { n_classes: classes(n) }, format!("{n} distinct texts")));
    }
    Err(LearnError::TargetValues {
        column: column.name.clone(),
        found: format!("holds {n} distinct texts"),
        expected: format!("numbers, or at most {CLASSES_MAX} classes"),
    })
}

/// Names of the classes: false before true, numbers by size, texts by their bytes. Of spellings of two opposite words the most
/// frequent one is the name.
fn classes_of(counts: &BTreeMap<&str, u64>) -> Vec<String> {
    if let Some([first, second]) = opposites(counts) {
        return vec![first, second];
    }
    let number = |class: &str| class.parse::<f64>().ok().filter(|value| value.is_finite());
    let keys: Option<Vec<f64>> = counts.keys().map(|class| number(class)).collect();
    let keys = keys.unwrap_or_else(|| vec![0.0; counts.len()]);
    let mut classes: Vec<(f64, &str)> = keys.into_iter().zip(counts.keys().copied()).collect();
    classes.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
    classes.into_iter().map(|class| class.1.to_owned()).collect()
}

/// The word for false and the word for true, where all are spellings of one pair of words.
fn opposites(counts: &BTreeMap<&str, u64>) -> Option<[String; 2]> {
    let words: Option<Vec<(usize, bool, u64, &str)>> = counts
        .iter()
        .map(|(name, count)| boolean_word(name).map(|(pair, word)| (pair, word, *count, *name)))
        .collect();
    let words = words?;
    let pairs: Vec<usize> = words.iter().map(|word| word.0).collect();
    // Two words of different pairs (no, true) are opposite, too; more than two must be spellings.
    if words.len() > 2 && pairs.iter().any(|pair| *pair != pairs[0]) {
        return None;
    }
    let most = |wanted: bool| {
        let own = words.iter().filter(|word| word.1 == wanted);
        // The first by bytes of those as frequent.
        own.rev().max_by_key(|word| word.2).map(|word| word.3.to_owned())
    };
    Some([most(false)?, most(true)?])
}
