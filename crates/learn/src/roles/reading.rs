//! How the raw values of a column are read, the same way in training and when serving.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::dates::{self, DateOrder};
use super::numbers::{self, DecimalMark};
use crate::LearnError;
use crate::frame::{Column, Values, cut, number_text};

/// How raw values become what a [`Kind`](super::Kind) holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// Numbers; those in texts with this decimal mark.
    Number {
        /// Of numbers in texts.
        mark: DecimalMark,
    },
    /// 1 for true, yes, y, t, on and 1; 0 for their opposites.
    Boolean,
    /// Levels named by whole numbers: `3`, `3.0` and 3 are one level, `03` is another.
    Code,
    /// Levels named by texts, without spaces around them.
    Level,
    /// Levels in order, lowest first, in lower case: read as positions from 0.
    Scale {
        /// Every level that is known.
        levels: Vec<String>,
    },
    /// Dates and times in texts.
    Time {
        /// Of day and month where both are numbers.
        order: DateOrder,
    },
    /// Whole numbers that count from 1970-01-01 UTC.
    Epoch {
        /// Units a second: 1, 1000 or 1000000.
        per_second: i64,
    },
    /// Whole numbers like 20240131.
    Calendar,
}

/// What one raw value is under a reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell<T> {
    Value(T),
    /// Missing, and written as such.
    Blank,
    /// Something else.
    Odd,
    /// A number beyond every number.
    Infinite,
}

impl<T> Cell<T> {
    fn of(value: Option<T>) -> Self {
        value.map_or(Self::Odd, Self::Value)
    }
}

/// Values that a reading does not know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Unread {
    pub(crate) n_rows: u64,
    /// First row and what stands there.
    pub(crate) first: Option<(usize, String)>,
    /// First row of each of them, by what stands there, cut after 64 characters.
    pub(crate) each: BTreeMap<String, usize>,
}

/// A value that is not text.
#[derive(Debug, Clone, Copy)]
enum Raw {
    Number(f64),
    Integer(i64),
    Boolean(bool),
    Time(i64),
}

/// A column of levels.
#[derive(Debug, Clone)]
pub(crate) struct Levels<'a> {
    /// Names of levels; some may be equal, and some may not occur.
    pub(crate) names: Vec<Cow<'a, str>>,
    /// Which name a row holds; `u32::MAX` where missing.
    pub(crate) codes: Vec<u32>,
}

impl Levels<'_> {
    /// Rows of each level by name, and rows without one.
    pub(crate) fn counts(&self) -> (BTreeMap<&str, u64>, u64) {
        let (mut by_code, mut missing) = (vec![0_u64; self.names.len()], 0);
        for &code in &self.codes {
            match by_code.get_mut(code as usize) {
                Some(count) => *count += 1,
                None => missing += 1,
            }
        }
        let mut counts = BTreeMap::new();
        for (name, count) in self.names.iter().zip(by_code).filter(|(_, count)| *count > 0) {
            *counts.entry(name.as_ref()).or_insert(0) += count;
        }
        (counts, missing)
    }
}

/// The numbers of a column, NaN where missing or unread.
pub(crate) fn read_numbers(
    reading: &Reading,
    column: &Column,
) -> Result<(Vec<f64>, Unread), LearnError> {
    let (cells, unread) = match reading {
        Reading::Boolean => cells(column, &boolean_text, &boolean_raw),
        Reading::Scale { levels } => {
            let place = |text: &str| place(levels, text);
            cells(column, &place, &|raw| place(&raw_text(raw)))
        }
        Reading::Number { mark } => {
            cells(column, &|text| numbers::read(text, *mark).0, &number_raw)
        }
        _ => cells(column, &|text| numbers::read(text, DecimalMark::Point).0, &number_raw),
    }?;
    Ok((cells.into_iter().map(|cell| cell.unwrap_or(f64::NAN)).collect(), unread))
}

/// The instants of a column, microseconds; `None` where missing or unread.
pub(crate) fn read_times(
    reading: &Reading,
    column: &Column,
) -> Result<(Vec<Option<i64>>, Unread), LearnError> {
    let order = if let Reading::Time { order } = reading { *order } else { DateOrder::MonthFirst };
    let whole = |number: i64| whole_time(reading, number);
    let text = |text: &str| {
        if numbers::is_missing_word(text) {
            return Cell::Blank;
        }
        let number = || numbers::read(text, DecimalMark::Point).0;
        match (reading, dates::read(text, order)) {
            // Whole numbers stay whole numbers, though 20240131 is a date in a text, too.
            (Reading::Epoch { .. } | Reading::Calendar, _) => match number() {
                Cell::Value(value) => Cell::of(integer(value).and_then(whole)),
                _ => Cell::Odd,
            },
            (_, moment) => Cell::of(moment.map(|moment| moment.micros)),
        }
    };
    let raw = |raw| match raw {
        Raw::Time(micros) => Cell::Value(micros),
        Raw::Integer(number) => Cell::of(whole(number)),
        Raw::Number(number) => Cell::of(integer(number).and_then(whole)),
        Raw::Boolean(_) => Cell::Odd,
    };
    cells(column, &text, &raw)
}

fn whole_time(reading: &Reading, number: i64) -> Option<i64> {
    match reading {
        Reading::Epoch { per_second } => number.checked_mul(1_000_000 / (*per_second).max(1)),
        Reading::Calendar => dates::read_calendar(number),
        _ => None,
    }
}

/// The levels of a column.
pub(crate) fn read_levels<'a>(reading: &Reading, column: &'a Column) -> Levels<'a> {
    let code = matches!(reading, Reading::Code);
    let Values::Texts(texts) = &column.values else {
        // By bits, so that a text is made once a level, not once a row.
        let bits = |row: usize| match &column.values {
            Values::Numbers(values) => {
                Some(values[row]).filter(|v| !v.is_nan()).map(|v| (v + 0.0).to_bits())
            }
            Values::Integers(values) | Values::Times(values) => values[row].map(i64::cast_unsigned),
            Values::Booleans(values) => values[row].map(u64::from),
            Values::Texts(_) => None,
        };
        let mut known: BTreeMap<u64, u32> = BTreeMap::new();
        let mut names = Vec::new();
        let mut codes = Vec::with_capacity(column.values.len());
        for row in 0..column.values.len() {
            let code = bits(row).map(|bits| {
                *known.entry(bits).or_insert_with(|| {
                    names.push(Cow::Owned(column.values.shown(row).unwrap_or_default()));
                    u32::try_from(names.len() - 1).expect("a frame has fewer than 2^32 rows")
                })
            });
            codes.push(code.unwrap_or(u32::MAX));
        }
        return Levels { names, codes };
    };
    let n_levels = u32::try_from(texts.n_levels()).expect("a frame has fewer than 2^32 rows");
    let name = |level: u32| {
        let text = texts.level(level).trim();
        if code { code_name(text) } else { Cow::Borrowed(text) }
    };
    let names: Vec<Cow<'a, str>> = (0..n_levels).map(name).collect();
    let known = |row: usize| {
        let level = texts.code(row).filter(|level| {
            let name = &names[*level as usize];
            !(name.is_empty() || (code && numbers::is_missing_word(name)))
        });
        level.unwrap_or(u32::MAX)
    };
    let codes = (0..texts.len()).map(known).collect();
    Levels { names, codes }
}

/// The name of a code: whole numbers without a point.
pub(super) fn code_name(text: &str) -> Cow<'_, str> {
    match numbers::read(text, DecimalMark::Point) {
        (Cell::Value(value), dress) if !dress.leading_zero => {
            integer(value).map_or(Cow::Borrowed(text), |whole| Cow::Owned(whole.to_string()))
        }
        _ => Cow::Borrowed(text),
    }
}

/// The whole number that a float is exactly.
#[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
pub(crate) fn integer(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0).then_some(value as i64)
}

fn number_raw(raw: Raw) -> Cell<f64> {
    match raw {
        Raw::Number(value) => Cell::Value(value),
        Raw::Integer(value) => Cell::Value(value as f64),
        Raw::Boolean(value) => Cell::Value(f64::from(u8::from(value))),
        Raw::Time(_) => Cell::Odd,
    }
}

const TRUE_WORDS: [&str; 8] = ["true", "yes", "y", "t", "on", "1", "1.0", "ja"];
const FALSE_WORDS: [&str; 8] = ["false", "no", "n", "f", "off", "0", "0.0", "nein"];

/// Which pair of opposite words a text is of, and which of the two.
pub(crate) fn boolean_word(text: &str) -> Option<(usize, bool)> {
    let word = text.trim().to_lowercase();
    let at = |words: [&str; 8]| words.iter().position(|known| *known == word);
    at(TRUE_WORDS).map(|pair| (pair, true)).or_else(|| at(FALSE_WORDS).map(|pair| (pair, false)))
}

fn boolean_text(text: &str) -> Cell<f64> {
    match boolean_word(text) {
        Some((_, value)) => Cell::Value(f64::from(u8::from(value))),
        None if numbers::is_missing_word(text) => Cell::Blank,
        None => Cell::Odd,
    }
}

fn boolean_raw(raw: Raw) -> Cell<f64> {
    match number_raw(raw) {
        Cell::Value(value) if value == 0.0 || value == 1.0 => Cell::Value(value),
        _ => Cell::Odd,
    }
}

fn place(levels: &[String], text: &str) -> Cell<f64> {
    let name = text.trim().to_lowercase();
    match levels.iter().position(|level| *level == name) {
        Some(at) => Cell::Value(at as f64),
        None if numbers::is_missing_word(&name) => Cell::Blank,
        None => Cell::Odd,
    }
}

fn raw_text(raw: Raw) -> String {
    match raw {
        Raw::Number(value) => number_text(value),
        Raw::Integer(value) | Raw::Time(value) => value.to_string(),
        Raw::Boolean(value) => value.to_string(),
    }
}

/// Reads a column cell by cell, each distinct text once.
fn cells<T: Copy>(
    column: &Column,
    text: &dyn Fn(&str) -> Cell<T>,
    raw: &dyn Fn(Raw) -> Cell<T>,
) -> Result<(Vec<Option<T>>, Unread), LearnError> {
    let mut unread = Unread::default();
    let mut keep = |row: usize, cell: Cell<T>| match cell {
        Cell::Value(value) => Ok(Some(value)),
        Cell::Blank => Ok(None),
        Cell::Infinite => Err(column.refused(row, "a finite number")),
        Cell::Odd => {
            unread.n_rows += 1;
            let shown = cut(&column.values.told(row).unwrap_or_default());
            unread.each.entry(shown.clone()).or_insert(row);
            unread.first.get_or_insert((row, shown));
            Ok(None)
        }
    };
    let cell = |value: Option<Raw>| value.map_or(Cell::Blank, raw);
    let cells: Result<Vec<Option<T>>, LearnError> = match &column.values {
        Values::Texts(texts) => {
            let n_levels = u32::try_from(texts.n_levels()).expect("fewer than 2^32 rows");
            let by_level: Vec<Cell<T>> =
                (0..n_levels).map(|code| text(texts.level(code))).collect();
            let of = |row| texts.code(row).map_or(Cell::Blank, |code| by_level[code as usize]);
            (0..texts.len()).map(|row| keep(row, of(row))).collect()
        }
        Values::Numbers(values) => {
            let known = |v: &f64| Some(Raw::Number(*v)).filter(|_| !v.is_nan());
            values.iter().enumerate().map(|(row, v)| keep(row, cell(known(v)))).collect()
        }
        Values::Integers(values) => {
            values.iter().enumerate().map(|(row, v)| keep(row, cell(v.map(Raw::Integer)))).collect()
        }
        Values::Booleans(values) => {
            values.iter().enumerate().map(|(row, v)| keep(row, cell(v.map(Raw::Boolean)))).collect()
        }
        Values::Times(values) => {
            values.iter().enumerate().map(|(row, v)| keep(row, cell(v.map(Raw::Time)))).collect()
        }
    };
    Ok((cells?, unread))
}
