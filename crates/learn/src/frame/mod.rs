//! A table as it came: named columns of raw values, before anyone says what they mean.
//!
//! In: Arrow batches or the bytes of a delimited file. Out: columns of one type each, missing values told apart from
//! all others. Nothing is guessed here: `"12"` in a file stays text until [`roles::deduce`](crate::roles::deduce) says
//! that the column holds numbers, and why.
//! A column that cannot be read (nested, binary, a time of day), or that holds an infinity, is kept with what is wrong with it:
//! whoever asks for it gets that error, and a table is not refused for a column that nobody needs.
//! Departures from Arrow: times are kept to the microsecond, decimals become the nearest f64, and integers beyond
//! `i64` become text, which loses nothing.
//! Cost: 4 bytes a text cell and each distinct text once; 8 or 16 bytes any other cell.
//! Checked against: tables by hand, and the writer of the `csv` crate (`tests/it/frame.rs`).

mod arrow;
mod delimited;
mod texts;

use crate::LearnError;

pub use texts::Texts;

/// Longest name of a column, bytes.
const NAME_BYTES_MAX: usize = 1024;

/// Raw values of a column, a row each.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers; NaN where missing.
    Numbers(Vec<f64>),
    /// Whole numbers; `None` where missing.
    Integers(Vec<Option<i64>>),
    /// Truth values; `None` where missing.
    Booleans(Vec<Option<bool>>),
    /// Texts, each distinct one kept once.
    Texts(Texts),
    /// Instants, microseconds since 1970-01-01 UTC; `None` where missing.
    Times(Vec<Option<i64>>),
}

impl Values {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Integers(values) | Self::Times(values) => values.len(),
            Self::Booleans(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the values are, in a word.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Numbers(_) => "numbers",
            Self::Integers(_) => "integers",
            Self::Booleans(_) => "booleans",
            Self::Texts(_) => "texts",
            Self::Times(_) => "times",
        }
    }

    /// The value of a row as people are told it: as [`Values::shown`], but times by RFC 3339, and large numbers by their power of
    /// ten.
    pub fn told(&self, row: usize) -> Option<String> {
        match self {
            Self::Times(values) => values[row].map(|micros| {
                let at = jiff::Timestamp::from_microsecond(micros);
                at.map_or_else(|_| micros.to_string(), |at| at.to_string())
            }),
            Self::Numbers(values) if values[row].abs() >= 1e16 => {
                Some(format!("{:e}", values[row]))
            }
            _ => self.shown(row),
        }
    }

    /// The value of a row as levels are named by it; `None` where missing. Times are microseconds.
    pub fn shown(&self, row: usize) -> Option<String> {
        match self {
            Self::Numbers(values) => Some(values[row]).filter(|v| !v.is_nan()).map(number_text),
            Self::Integers(values) | Self::Times(values) => values[row].map(|v| v.to_string()),
            Self::Booleans(values) => values[row].map(|v| v.to_string()),
            Self::Texts(values) => values.get(row).map(str::to_owned),
        }
    }

    fn take(&self, rows: &[u32]) -> Self {
        fn pick<T: Copy>(values: &[T], rows: &[u32]) -> Vec<T> {
            rows.iter().map(|&row| values[row as usize]).collect()
        }
        match self {
            Self::Numbers(values) => Self::Numbers(pick(values, rows)),
            Self::Integers(values) => Self::Integers(pick(values, rows)),
            Self::Booleans(values) => Self::Booleans(pick(values, rows)),
            Self::Texts(values) => Self::Texts(values.take(rows)),
            Self::Times(values) => Self::Times(pick(values, rows)),
        }
    }
}

/// The shortest text of a number: whole numbers without a point, so that 3 and 3.0 are one level.
pub(crate) fn number_text(value: f64) -> String {
    format!("{}", value + 0.0)
}

/// A text for a message: cut after 64 characters.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}

/// A named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name, exactly as it came.
    pub name: String,
    /// Its values, a row each.
    pub values: Values,
}

impl Column {
    /// The error of one value of this column.
    pub(crate) fn refused(&self, row: usize, expected: impl Into<String>) -> LearnError {
        let value = cut(&self.values.told(row).unwrap_or_default());
        LearnError::Cell { column: self.name.clone(), row, value, expected: expected.into() }
    }
}

/// Columns of equal length with distinct names.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    n_rows: usize,
    columns: Vec<Column>,
    /// Why a column cannot be used, a column each.
    faults: Vec<Option<LearnError>>,
    /// Names that a file did not give, but the place of the column.
    unnamed: Vec<String>,
}

impl Frame {
    /// A table of these columns.
    ///
    /// # Errors
    /// `EmptyTable` without a row or column, `ColumnName` for a name that is empty, taken, over 1 KiB or holds control
    /// characters, `Length` for a column of another length.
    pub fn new(columns: Vec<Column>) -> Result<Self, LearnError> {
        let faults = vec![None; columns.len()];
        Self::with_faults(columns, faults)
    }

    /// The same where some columns cannot be read: their values stand for nothing.
    fn with_faults(
        columns: Vec<Column>,
        mut faults: Vec<Option<LearnError>>,
    ) -> Result<Self, LearnError> {
        let first = columns.first().ok_or(LearnError::EmptyTable { what: "column" })?;
        let n_rows = first.values.len();
        check_names(columns.iter().map(|column| column.name.as_str()))?;
        for (column, fault) in columns.iter().zip(&mut faults) {
            crate::error::same_length("a column", n_rows, column.values.len())?;
            *fault = fault.take().or_else(|| infinite(column));
        }
        if n_rows == 0 {
            return Err(LearnError::EmptyTable { what: "row" });
        }
        // Rows are numbered by u32 in every matrix that is made of this.
        if u32::try_from(n_rows).is_err() {
            return Err(LearnError::Argument {
                what: "the number of rows",
                found: n_rows as f64,
                expected: "at most 4294967295 rows",
            });
        }
        Ok(Self { n_rows, columns, faults, unnamed: Vec::new() })
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column of that name.
    ///
    /// # Errors
    /// `MissingColumn` where there is none; `ColumnType` or `Cell` where it cannot be read or holds an infinite number.
    pub fn column(&self, name: &str) -> Result<&Column, LearnError> {
        let found = self.columns.iter().position(|column| column.name == name);
        let at = found.ok_or_else(|| LearnError::MissingColumn { column: name.to_owned() })?;
        match &self.faults[at] {
            Some(fault) => Err(fault.clone()),
            None => Ok(&self.columns[at]),
        }
    }

    /// Whether a file left the name of this column blank.
    pub(crate) fn is_unnamed(&self, name: &str) -> bool {
        self.unnamed.iter().any(|unnamed| unnamed == name)
    }

    /// Why a column cannot be used; `None` where it can.
    pub(crate) fn fault(&self, position: usize) -> Option<&LearnError> {
        self.faults[position].as_ref()
    }

    /// The columns of this table, then those of another of as many rows.
    ///
    /// # Errors
    /// As [`Frame::new`].
    pub fn beside(&self, other: &Self) -> Result<Self, LearnError> {
        let columns = self.columns.iter().chain(&other.columns).cloned().collect();
        let faults = self.faults.iter().chain(&other.faults).cloned().collect();
        let mut frame = Self::with_faults(columns, faults)?;
        frame.unnamed = self.unnamed.iter().chain(&other.unnamed).cloned().collect();
        Ok(frame)
    }

    /// The same columns under other names, in order.
    ///
    /// # Errors
    /// As [`Frame::new`]; `Length` for another number of names.
    pub fn renamed(&self, names: &[String]) -> Result<Self, LearnError> {
        crate::error::same_length("names", self.columns.len(), names.len())?;
        let named = self.columns.iter().zip(names);
        let columns = named
            .map(|(column, name)| Column { name: name.clone(), values: column.values.clone() });
        Self::with_faults(columns.collect(), self.faults.clone())
    }

    /// The named rows, in that order; a row may occur more than once.
    ///
    /// # Panics
    /// If a row is not of this table.
    #[must_use]
    pub fn take(&self, rows: &[u32]) -> Self {
        let take = |column: &Column| Column {
            name: column.name.clone(),
            values: column.values.take(rows),
        };
        let columns: Vec<Column> = self.columns.iter().map(take).collect();
        // The infinity may stand in a row that is not taken, or in another place.
        let still = |(column, fault): (&Column, &Option<LearnError>)| match fault {
            Some(LearnError::Cell { .. }) if matches!(column.values, Values::Numbers(_)) => {
                infinite(column)
            }
            other => other.clone(),
        };
        let faults = columns.iter().zip(&self.faults).map(still).collect();
        Self { n_rows: rows.len(), columns, faults, unnamed: self.unnamed.clone() }
    }
}

/// What is wrong with a column that holds an infinite number.
fn infinite(column: &Column) -> Option<LearnError> {
    let Values::Numbers(values) = &column.values else { return None };
    let row = values.iter().position(|value| value.is_infinite())?;
    Some(column.refused(row, "a finite number"))
}

/// Refuses names that cannot be told apart, shown or stored.
fn check_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), LearnError> {
    let mut seen = std::collections::BTreeSet::new();
    for (position, name) in names.enumerate() {
        let problem = if name.trim().is_empty() {
            "is empty"
        } else if name.len() > NAME_BYTES_MAX {
            "is longer than 1024 bytes"
        } else if name.chars().any(is_hostile) {
            "holds a control character"
        } else if !seen.insert(name) {
            "is the name of an earlier column, too"
        } else {
            continue;
        };
        return Err(LearnError::ColumnName { position, name: cut(name), problem });
    }
    Ok(())
}

/// Control characters, and those that turn the direction of the text around them: a report would show another name.
pub(crate) fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
