//! Whether a split is one: rows that stand on both sides, and times that could not be known yet.

use std::collections::BTreeSet;

use crate::LearnError;
use crate::frame::Frame;
use crate::roles::{Kind, Role, read_times};

/// Rows of one table that stand in another, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// How many rows of the second table.
    pub n_rows: usize,
    /// The first of them.
    pub first_row: Option<usize>,
}

/// Rows of `test` that are equal to some row of `train` in all of these columns; values are compared as a person
/// writes them, so that 3 and 3.0 are one.
///
/// # Errors
/// `MissingColumn` where a table lacks one, `EmptyTable` where no column is named: then all rows were equal.
pub fn overlap(train: &Frame, test: &Frame, columns: &[&str]) -> Result<Overlap, LearnError> {
    if columns.is_empty() {
        return Err(LearnError::EmptyTable { what: "column to compare" });
    }
    let known: BTreeSet<Vec<u8>> = keys(train, columns)?.into_iter().collect();
    let keys = keys(test, columns)?;
    let is_known = |key: &Vec<u8>| known.contains(key);
    Ok(Overlap {
        n_rows: keys.iter().filter(|key| is_known(key)).count(),
        first_row: keys.iter().position(is_known),
    })
}

/// A text a row that is equal where all values are: each with its length before it.
fn keys(frame: &Frame, columns: &[&str]) -> Result<Vec<Vec<u8>>, LearnError> {
    let mut keys = vec![Vec::new(); frame.n_rows()];
    for column in columns {
        let values = &frame.column(column)?.values;
        for (row, key) in keys.iter_mut().enumerate() {
            match values.shown(row) {
                Some(text) => {
                    key.extend((text.trim().len() as u64 + 1).to_le_bytes());
                    key.extend(text.trim().as_bytes());
                }
                None => key.extend(0_u64.to_le_bytes()),
            }
        }
    }
    Ok(keys)
}

/// Times of a column after a given instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FutureTimes {
    /// Name of the column.
    pub column: String,
    /// Rows that hold one.
    pub n_rows: usize,
    /// The first of them.
    pub first_row: usize,
    /// The latest time, microseconds since 1970-01-01 UTC.
    pub latest_us: i64,
}

/// Columns of times with rows after `clock_us` (microseconds since 1970-01-01 UTC): they could not be known then.
///
/// # Errors
/// `MissingColumn` for a role without its column.
pub fn future_times(
    frame: &Frame,
    roles: &[Role],
    clock_us: i64,
) -> Result<Vec<FutureTimes>, LearnError> {
    let mut found = Vec::new();
    for role in roles.iter().filter(|role| role.kind == Kind::Time) {
        let (times, _) = read_times(&role.reading, frame.column(&role.column)?)?;
        let is_future = |time: &Option<i64>| time.is_some_and(|time| time > clock_us);
        let Some(first_row) = times.iter().position(is_future) else { continue };
        found.push(FutureTimes {
            column: role.column.clone(),
            n_rows: times.iter().filter(|time| is_future(time)).count(),
            first_row,
            latest_us: times.iter().flatten().max().copied().unwrap_or(clock_us),
        });
    }
    Ok(found)
}

/// Rows of `test` that lie before the last row of `train` by the clock of this role: 0 after a split by time.
///
/// # Errors
/// `MissingColumn` where a table lacks the column.
pub fn rows_before(train: &Frame, test: &Frame, clock: &Role) -> Result<usize, LearnError> {
    let times = |frame: &Frame| Ok(read_times(&clock.reading, frame.column(&clock.column)?)?.0);
    let last = times(train)?.into_iter().flatten().max();
    Ok(times(test)?
        .into_iter()
        .flatten()
        .filter(|time| last.is_some_and(|last| *time < last))
        .count())
}
