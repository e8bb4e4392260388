//! What each column of a table is for a model: a number, a category, a date, a name of the row, a leak.
//!
//! In: a [`Frame`], what is predicted, and what the caller knows better. Out: a [`Role`] a column, with how its values
//! are read and the counts that led there, in words.
//! Source: the roles of LightAutoML and AutoGluon's type inference. Departures: a date's order of day and month is
//! decided by the whole column, whole numbers are told apart by the shape of their frequencies, a row's name is found
//! in numbers, too, a column that tells the target almost perfectly out of fold is a leak (but a number that tells a
//! number may be its law), and names, codes and amounts that look alike are told apart by asking the target.
//! Cost: O(n log n) a column, in parallel over columns; each distinct text is read once.
//! Checked against: columns by hand (`tests/it/roles.rs`), and the roles of real tables (`tests/it/tabular.rs`).

mod codes;
mod copy;
mod dates;
mod integers;
mod judge;
mod leak;
mod levels;
mod marks;
mod numbers;
mod reading;
mod scales;
mod target;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::frame::{Column, Frame};
use crate::{LearnError, Task};

use integers::{Integers, RISING};
use marks::House;

pub use dates::DateOrder;
pub use numbers::DecimalMark;
pub use reading::Reading;
pub(crate) use reading::{Levels, Unread, read_levels, read_numbers, read_times};
pub use target::Targets;

/// Out-of-fold area under the curve from which a column is taken for a leak.
pub const LEAK_AUC: f64 = 0.995;
/// Share of a regression's variance from which a column is taken for a leak, or a number for a leak or a law.
pub const LEAK_VARIANCE: f64 = 0.9995;
/// Area, or share of variance, from which a reason asks to look.
pub(crate) const SUSPECT_AUC: f64 = 0.95;

/// What a column is for a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An amount.
    Number,
    /// One of some levels, in no order.
    Category,
    /// One of some levels, in order.
    Ordered,
    /// A date or an instant.
    Time,
    /// Words.
    Text,
    /// A name of the row; no feature.
    Identifier,
    /// The same in every row; no feature.
    Constant,
    /// Written after the target was known; no feature.
    Leak,
    /// What is predicted; no feature.
    Target,
    /// Of a type that cannot be read; no feature.
    Unread,
}

impl Kind {
    /// Whether features are made of it.
    pub fn is_used(self) -> bool {
        matches!(self, Self::Number | Self::Category | Self::Ordered | Self::Time | Self::Text)
    }
}

/// What one column is, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// Name of the column.
    pub column: String,
    /// What it is.
    pub kind: Kind,
    /// How its values are read.
    pub reading: Reading,
    /// Why, in words with the counts.
    pub reason: String,
    /// What a careful reader must know before the role is believed: another reading that the values allow, values that cannot
    /// be read, a leak that is kept because the caller wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// How well the column alone tells the target out of fold: AUC, or share of variance; `None` where that was not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<f64>,
}

impl Role {
    /// The instants of the column, microseconds since 1970-01-01 UTC, `None` where missing or not readable: the clock of
    /// a split by time.
    ///
    /// # Errors
    /// `MissingColumn` where the table lacks the column.
    pub fn times(&self, frame: &Frame) -> Result<Vec<Option<i64>>, LearnError> {
        Ok(read_times(&self.reading, frame.column(&self.column)?)?.0)
    }

    /// Adds to what a careful reader must know.
    fn doubts(&mut self, words: impl Into<String>) {
        let doubts: Vec<String> = self.doubt.take().into_iter().chain([words.into()]).collect();
        self.doubt = Some(doubts.join("; "));
    }

    /// The numbers of the column, NaN where missing or not readable.
    ///
    /// # Errors
    /// `MissingColumn` where the table lacks the column, `Cell` for an infinite number.
    pub fn numbers(&self, frame: &Frame) -> Result<Vec<f64>, LearnError> {
        Ok(read_numbers(&self.reading, frame.column(&self.column)?)?.0)
    }

    /// Which rows hold the same value: a number a row, counted by first appearance, for a split by group. Rows without
    /// a value are groups of their own.
    ///
    /// # Errors
    /// `MissingColumn` where the table lacks the column.
    pub fn groups(&self, frame: &Frame) -> Result<Vec<u32>, LearnError> {
        let levels = read_levels(&self.reading, frame.column(&self.column)?);
        let (mut known, mut next) = (BTreeMap::new(), 0..);
        let mut fresh = || next.next().expect("a frame has fewer than 2^32 rows");
        let group = |code: &u32| match levels.names.get(*code as usize) {
            Some(name) => *known.entry(name.as_ref()).or_insert_with(&mut fresh),
            None => fresh(),
        };
        Ok(levels.codes.iter().map(group).collect())
    }
}

/// What the caller knows better about a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// What it is.
    pub kind: Kind,
    /// How its values are read; `None` for what fits the kind best.
    pub reading: Option<Reading>,
    /// Whether the table says so itself, not the caller: then a column that never varies stays what it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_table: bool,
}

impl From<Kind> for Override {
    fn from(kind: Kind) -> Self {
        Self { kind, reading: None, by_table: false }
    }
}

/// The role of every column, in order. Without targets no column is a leak.
///
/// # Errors
/// `MissingColumn` for an override or a target that the table does not have, `ColumnType` for an override that makes a
/// column the target or a feature of one that cannot be read, `Length` for targets of another table, `Cell` for an infinite number in a text.
pub fn deduce(
    frame: &Frame,
    targets: Option<&Targets>,
    overrides: &BTreeMap<String, Override>,
) -> Result<Vec<Role>, LearnError> {
    if let Some(targets) = targets {
        frame.column(&targets.column)?;
        crate::error::same_length("targets", frame.n_rows(), targets.values.len())?;
    }
    for (column, given) in overrides {
        match frame.column(column) {
            // A name of rows need not be read.
            Err(LearnError::ColumnType { .. }) if !given.kind.is_used() => {}
            found => drop(found?),
        }
        if given.kind == Kind::Target {
            return Err(LearnError::ColumnType {
                column: column.clone(),
                found: "given as a target".to_owned(),
                expected: "the target among the arguments".to_owned(),
            });
        }
    }
    let house = House::new(frame);
    let role = |(at, column): (usize, &Column)| match (frame.fault(at), targets) {
        (Some(LearnError::ColumnType { found, .. }), _) => Ok(unread_role(column, found)),
        (Some(fault), _) => Err(fault.clone()),
        (None, Some(targets)) if targets.column == column.name => Ok(target_role(column, targets)),
        (None, _) => {
            let mut role = role(&house, column, targets, overrides.get(&column.name))?;
            if frame.is_unnamed(&column.name) {
                role.doubts("the header leaves its name blank, so it is named by its place");
            }
            Ok(role)
        }
    };
    // Gathered before the first error is taken, so that it is the same on any number of threads.
    let roles: Vec<Result<Role, LearnError>> =
        frame.columns().par_iter().enumerate().map(role).collect();
    roles.into_iter().collect()
}

fn unread_role(column: &Column, found: &str) -> Role {
    Role {
        column: column.name.clone(),
        kind: Kind::Unread,
        reading: Reading::Level,
        reason: format!("not used, because it is {found}: no number, truth value, text or time"),
        doubt: None,
        told: None,
    }
}

fn target_role(column: &Column, targets: &Targets) -> Role {
    let shown: Vec<&str> = targets.classes.iter().take(5).map(String::as_str).collect();
    let more = if targets.classes.len() > shown.len() { ", …" } else { "" };
    let task = match targets.task {
        Task::Regression => "a number is predicted".to_owned(),
        Task::Binary => format!("two classes are predicted: {}", shown.join(", ")),
        Task::Multiclass { n_classes } => {
            format!("{n_classes} classes are predicted: {}{more}", shown.join(", "))
        }
    };
    let reason = format!("{task} ({})", targets.reason);
    Role {
        column: column.name.clone(),
        kind: Kind::Target,
        reading: targets.reading.clone(),
        reason,
        doubt: targets.doubt.clone(),
        told: None,
    }
}

fn role(
    house: &House<'_>,
    column: &Column,
    targets: Option<&Targets>,
    given: Option<&Override>,
) -> Result<Role, LearnError> {
    let judged = judge::judged(column, house)?;
    let mut role = Role {
        column: column.name.clone(),
        kind: judged.kind,
        reading: judged.reading,
        reason: judged.reason,
        doubt: judged.doubt,
        told: None,
    };
    let Some(given) = given else {
        return match targets {
            Some(targets) => with_leak(house.frame(), column, targets, role),
            None => Ok(role),
        };
    };
    if given.by_table && role.kind == Kind::Constant {
        return Ok(role);
    }
    if given.kind != role.kind || given.reading.is_some() {
        role.reading = match &given.reading {
            Some(reading) => reading.clone(),
            None => judge::reading_of(column, given.kind, role.reading),
        };
        role.doubt = unread(column, given.kind, &role.reading)?;
    }
    let by = if given.by_table { "the table says so" } else { "given" };
    let deduced = format!("{:?}", role.kind).to_lowercase();
    role.reason = format!("{by}; deduced: {deduced}, {}", role.reason);
    role.kind = given.kind;
    match targets.filter(|_| role.kind.is_used()) {
        Some(targets) => kept(house.frame(), column, targets, role),
        None => Ok(role),
    }
}

/// What the caller wants a column to be, it is; that it tells the target is said.
fn kept(frame: &Frame, column: &Column, targets: &Targets, role: Role) -> Result<Role, LearnError> {
    let judged = with_leak(frame, column, targets, role.clone())?;
    let doubt = match judged.kind {
        Kind::Leak => {
            let said = format!(
                "it tells the target almost perfectly, and is kept because its kind was given: {}",
                judged.reason
            );
            let doubts: Vec<String> = [said].into_iter().chain(role.doubt.clone()).collect();
            Some(doubts.join("; "))
        }
        _ => judged.doubt,
    };
    Ok(Role { told: judged.told, doubt, ..role })
}

/// Values that the kind given cannot read: some of them are a doubt, all of them an error.
fn unread(column: &Column, kind: Kind, reading: &Reading) -> Result<Option<String>, LearnError> {
    let (n_read, unread) = match kind {
        Kind::Number | Kind::Ordered => {
            let (values, unread) = read_numbers(reading, column)?;
            (values.iter().filter(|value| !value.is_nan()).count(), unread)
        }
        Kind::Time => {
            let (values, unread) = read_times(reading, column)?;
            (values.iter().flatten().count(), unread)
        }
        _ => return Ok(None),
    };
    let Some((row, shown)) = unread.first else { return Ok(None) };
    if n_read == 0 {
        let expected = match kind {
            Kind::Time => "a time, as was given",
            Kind::Ordered => "a level of an order, as was given",
            _ => "a number, as was given",
        };
        return Err(column.refused(row, expected));
    }
    let n = unread.n_rows;
    Ok(Some(format!(
        "{n} of {} values cannot be read as what was given and count as missing, the first {shown:?} in row {}",
        n_read as u64 + n,
        row + 1
    )))
}

/// The role after the target was asked: a leak, a suspect, or as it was.
fn with_leak(
    frame: &Frame,
    column: &Column,
    targets: &Targets,
    mut role: Role,
) -> Result<Role, LearnError> {
    match (role.kind, &role.reading) {
        (Kind::Category, Reading::Code) => role = without_false_codes(column, targets, role)?,
        (Kind::Identifier, Reading::Code) => role = without_false_names(column, targets, role)?,
        (Kind::Number, Reading::Number { mark: DecimalMark::Point }) => {
            role = with_late_codes(column, targets, role)?;
        }
        _ => {}
    }
    if role.kind == Kind::Identifier {
        return Ok(role);
    }
    let Some(numbers) = numbers_of(column, &role)? else {
        return Ok(role);
    };
    let is_regression = targets.task == Task::Regression;
    role.told = leak::told(&numbers.codes, targets);
    if is_regression && !numbers.values.is_empty() {
        let complete = numbers.values.iter().all(|value| !value.is_nan());
        let ranks = leak::rank_agreement(&numbers.values, &targets.values).filter(|_| complete);
        role.told = [role.told, ranks].into_iter().flatten().reduce(f64::max);
    }
    let named = column.name != targets.column
        && column.name.to_lowercase().contains(&targets.column.to_lowercase());
    let hint = if named { "; its name holds that of the target, too" } else { "" };
    let leaks = if is_same(frame, column, targets)? {
        Some("the same values as the target in every row")
    } else if role.told.is_none() && leak::mirrors(&numbers.codes, targets) {
        Some("each of its values stands for one class in every row")
    } else if is_regression && copy::is_copy(&numbers.values, &targets.values) {
        Some(
            "the target in another unit: one straight line gives every row to the last digit written",
        )
    } else {
        None
    };
    if leaks.is_some() {
        role.told = Some(1.0);
    }
    // A law of nature, a tariff or a calibration is no leak, and a model without it would be worth nothing.
    let is_law = is_regression && leaks.is_none() && !named && !numbers.values.is_empty();
    Ok(judged_by_target(role, leaks, targets, (hint, is_law)))
}

/// What a column is that tells the target so well. What may be a law is kept, and told of loudly.
fn judged_by_target(
    mut role: Role,
    leaks: Option<&str>,
    targets: &Targets,
    (hint, is_law): (&str, bool),
) -> Role {
    let is_regression = targets.task == Task::Regression;
    let (what, limit) =
        if is_regression { ("share of variance", LEAK_VARIANCE) } else { ("AUC", LEAK_AUC) };
    let almost = role.told.filter(|told| *told >= limit);
    if let (None, Some(told), true) = (leaks, almost, is_law && role.kind != Kind::Time) {
        let column = &role.column;
        role.doubts(format!(
            "alone it tells the target almost perfectly ({what} {told:.4}); it is kept, for it may be the law behind the target; \
             if it was written after the outcome, figures are far too good: leave it out (--column {column}=identifier)"
        ));
        return role;
    }
    let leaks = leaks.map(str::to_owned).or_else(|| {
        let told = almost?;
        Some(format!(
            "alone it tells the target with {what} {told:.4} out of 5 folds (a leak from {limit} on)"
        ))
    });
    if let Some(leaks) = leaks {
        role.kind = Kind::Leak;
        role.reason = format!("{leaks}{hint}; {}", role.reason);
    } else if let Some(told) = role.told.filter(|told| *told >= SUSPECT_AUC) {
        let ask = "was it known before the outcome?";
        role.reason
            .push_str(&format!("; alone it tells the target with {what} {told:.3}: {ask}{hint}"));
    }
    role
}

/// Whole numbers taken for names of rows are a rank or an amount where the target follows their order. Names that rise from
/// row to row stay names: a table in the order of its target numbers its rows by it.
fn without_false_names(
    column: &Column,
    targets: &Targets,
    mut role: Role,
) -> Result<Role, LearnError> {
    let reading = judge::reading_of(column, Kind::Number, role.reading.clone());
    let (numbers, _) = read_numbers(&reading, column)?;
    let Some(whole) = Integers::of(&numbers) else { return Ok(role) };
    let Some(ratio) = leak::orderly_steps(&numbers, targets, leak::NEVER_BY_CHANCE) else {
        return Ok(role);
    };
    let follows =
        format!("the target follows its order (steps of {ratio:.2} of those of no order)");
    if whole.rising >= RISING {
        let column = &role.column;
        role.doubts(format!(
            "it looks like names of rows, in their order, and is left out, though {follows}; \
             if it is known before the outcome, keep it with --column {column}=number"
        ));
        return Ok(role);
    }
    let column = &role.column;
    role.doubts(format!(
        "it looks like names of rows ({}), but {follows} and it is kept; else --column {column}=identifier",
        role.reason
    ));
    role.reason = format!("{follows}, so amounts; {}", role.reason);
    role.kind = Kind::Number;
    role.reading = reading;
    Ok(role)
}

/// Whole numbers that look like codes of too many values to tell by frequencies are codes where the target goes by the code and
/// not by its place on the scale.
fn with_late_codes(column: &Column, targets: &Targets, mut role: Role) -> Result<Role, LearnError> {
    let (numbers, _) = read_numbers(&role.reading, column)?;
    let may_be = Integers::of(&numbers).is_some_and(|whole| whole.may_be_codes());
    let told = if may_be { codes::told_by_code(&numbers, targets) } else { None };
    if let Some((by_code, by_order)) = told {
        role.kind = Kind::Category;
        role.reading = Reading::Code;
        role.reason = format!(
            "the target goes by the value ({:.1} % of its variance out of fold), not by its place on the scale ({:.1} %), so codes; {}",
            100.0 * by_code,
            100.0 * by_order,
            role.reason
        );
    }
    Ok(role)
}

/// Whole numbers taken for codes are amounts after all where the target follows their order: amounts that people round
/// go up and down in frequency, too.
fn without_false_codes(
    column: &Column,
    targets: &Targets,
    mut role: Role,
) -> Result<Role, LearnError> {
    let reading = judge::reading_of(column, Kind::Number, role.reading.clone());
    let (numbers, _) = read_numbers(&reading, column)?;
    if let Some(ratio) = leak::orderly_steps(&numbers, targets, leak::ONCE_IN_A_HUNDRED) {
        role.kind = Kind::Number;
        role.reading = reading;
        let said = format!(
            "the target follows their order (steps of {ratio:.2} of those of codes), so amounts"
        );
        role.reason = format!("{said}; {}", role.reason);
    }
    Ok(role)
}

/// A column as codes, and as numbers where it has an order.
struct Coded {
    codes: Vec<u32>,
    values: Vec<f64>,
}

fn numbers_of(column: &Column, role: &Role) -> Result<Option<Coded>, LearnError> {
    let by_value = |values: Vec<f64>| Some(Coded { codes: leak::binned(&values), values });
    Ok(match (role.kind, &role.reading) {
        (Kind::Constant | Kind::Text, _) => None,
        (_, Reading::Time { .. } | Reading::Epoch { .. } | Reading::Calendar) => {
            let (times, _) = read_times(&role.reading, column)?;
            by_value(times.into_iter().map(|time| time.map_or(f64::NAN, |us| us as f64)).collect())
        }
        (_, Reading::Level | Reading::Code) if role.kind != Kind::Number => {
            let levels = read_levels(&role.reading, column);
            let mut known = BTreeMap::new();
            let mut code_of = |name: &str| {
                let next = u32::try_from(known.len()).expect("fewer than 2^32 rows");
                *known.entry(name.to_owned()).or_insert(next)
            };
            let by_level: Vec<u32> = levels.names.iter().map(|name| code_of(name)).collect();
            let code = |code: &u32| by_level.get(*code as usize).copied().unwrap_or(u32::MAX);
            Some(Coded { codes: levels.codes.iter().map(code).collect(), values: Vec::new() })
        }
        _ => by_value(read_numbers(&role.reading, column)?.0),
    })
}

/// Whether every row holds what the target holds; the first row that does not ends the look.
fn is_same(frame: &Frame, column: &Column, targets: &Targets) -> Result<bool, LearnError> {
    let theirs = frame.column(&targets.column)?;
    let shown = |column: &Column, row: usize| {
        let text = column.values.shown(row)?;
        Some(reading::code_name(text.trim()).into_owned())
    };
    Ok((0..frame.n_rows()).all(|row| shown(column, row) == shown(theirs, row)))
}
