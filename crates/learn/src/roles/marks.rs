//! Which character parts whole from fraction in a table's texts.
//!
//! In: the texts of a column, and those of its table. Out: the mark under which most of them are numbers; where both read all
//! of them (`4,983`), that of the columns that leave no choice; else the point, with a word of doubt.
//! Cost: each distinct text twice; a column in doubt has the whole table read once. Checked against: columns by hand
//! (`tests/it/roles.rs`).

use std::cmp::Ordering;
use std::sync::OnceLock;

use super::judge::READABLE;
use super::numbers::{self, DecimalMark, Dress};
use super::reading::{Cell, Reading, read_levels};
use crate::frame::{Column, Frame, Values, cut};

/// The decimal mark of a table: what those of its columns say that can be read under one mark only.
pub(super) struct House<'f> {
    frame: &'f Frame,
    mark: OnceLock<Option<DecimalMark>>,
}

impl<'f> House<'f> {
    pub(super) fn new(frame: &'f Frame) -> Self {
        Self { frame, mark: OnceLock::new() }
    }

    pub(super) fn frame(&self) -> &'f Frame {
        self.frame
    }

    /// `None` where no column tells, or some tell one and some the other.
    fn mark(&self) -> Option<DecimalMark> {
        *self.mark.get_or_init(|| {
            let marks: Vec<DecimalMark> =
                self.frame.columns().iter().filter_map(only_mark).collect();
            let first = *marks.first()?;
            marks.iter().all(|mark| *mark == first).then_some(first)
        })
    }
}

/// The mark under which alone a column of texts is one of numbers.
fn only_mark(column: &Column) -> Option<DecimalMark> {
    let Values::Texts(_) = &column.values else { return None };
    let levels = read_levels(&Reading::Level, column);
    let counts: Vec<(&str, u64)> = levels.counts().0.into_iter().collect();
    let (point, comma) =
        (Read::of(&counts, DecimalMark::Point), Read::of(&counts, DecimalMark::Comma));
    let (mark, read) = match point.n_values.cmp(&comma.n_values) {
        Ordering::Greater => (DecimalMark::Point, point),
        Ordering::Less => (DecimalMark::Comma, comma),
        Ordering::Equal => return None,
    };
    (read.share() >= READABLE).then_some(mark)
}

/// Under which mark texts are numbers, and whether they are other numbers under the other one.
pub(super) fn marked(counts: &[(&str, u64)], house: &House<'_>) -> (DecimalMark, Read, bool) {
    let (point, comma) =
        (Read::of(counts, DecimalMark::Point), Read::of(counts, DecimalMark::Comma));
    let either = comma.n_values == point.n_values && comma.dress.grouped != point.dress.grouped;
    let told = house_mark(either, house);
    let mark = match point.n_values.cmp(&comma.n_values) {
        Ordering::Less => DecimalMark::Comma,
        Ordering::Greater => DecimalMark::Point,
        Ordering::Equal => told.unwrap_or(DecimalMark::Point),
    };
    let read = if mark == DecimalMark::Comma { comma } else { point };
    (mark, read, either && told.is_none())
}

/// Asked only where it matters: it reads every column.
fn house_mark(either: bool, house: &House<'_>) -> Option<DecimalMark> {
    if either { house.mark() } else { None }
}

/// The mark of a target's texts, and what to say where they allow both.
pub(super) fn mark_of_target(column: &Column, house: &House<'_>) -> (DecimalMark, Option<String>) {
    if !matches!(column.values, Values::Texts(_)) {
        return (DecimalMark::Point, None);
    }
    let levels = read_levels(&Reading::Level, column);
    let counts: Vec<(&str, u64)> = levels.counts().0.into_iter().collect();
    let (mark, _, either) = marked(&counts, house);
    (mark, either.then(|| either_mark(&counts)))
}

/// Whether texts are numbers for the most part, as a column of features would have to be.
pub(super) fn mostly_numbers(column: &Column, mark: DecimalMark) -> bool {
    let levels = read_levels(&Reading::Level, column);
    let counts: Vec<(&str, u64)> = levels.counts().0.into_iter().collect();
    let read = Read::of(&counts, mark);
    read.n_values > 0 && read.share() >= READABLE
}

pub(super) fn either_mark(counts: &[(&str, u64)]) -> String {
    let shown = counts.first().map_or("", |level| level.0);
    format!(
        "the point is taken for the decimal mark, but a comma reads every value, too ({:?} would be another number)",
        cut(shown)
    )
}

/// How texts read under one decimal mark.
#[derive(Default)]
pub(super) struct Read {
    pub(super) n_values: u64,
    pub(super) n_blank: u64,
    pub(super) n_odd: u64,
    pub(super) odd: Vec<String>,
    pub(super) blank: Option<String>,
    pub(super) dress: Dress,
    pub(super) n_leading_zero: u64,
    pub(super) n_percent: u64,
    pub(super) beyond: bool,
}

impl Read {
    pub(super) fn of(counts: &[(&str, u64)], mark: DecimalMark) -> Self {
        let mut read = Self::default();
        for &(text, count) in counts {
            let (cell, dress) = numbers::read(text, mark);
            match cell {
                Cell::Value(value) => {
                    read.n_values += count;
                    read.dress.grouped |= dress.grouped;
                    read.dress.currency |= dress.currency;
                    read.dress.parentheses |= dress.parentheses;
                    read.n_percent += if dress.percent { count } else { 0 };
                    read.n_leading_zero +=
                        if dress.leading_zero && value.fract() == 0.0 { count } else { 0 };
                    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
                    read.beyond |= digits && value.abs() > 9_007_199_254_740_992.0;
                }
                // The error of an infinite number comes with its row, once the column is read.
                Cell::Infinite => read.n_values += count,
                Cell::Blank => {
                    read.n_blank += count;
                    read.blank.get_or_insert_with(|| text.to_owned());
                }
                Cell::Odd => {
                    read.n_odd += count;
                    if read.odd.len() < 3 {
                        read.odd.push(cut(text));
                    }
                }
            }
        }
        read
    }

    /// Of the values that say something, those that are numbers.
    pub(super) fn share(&self) -> f64 {
        self.n_values as f64 / (self.n_values + self.n_odd).max(1) as f64
    }
}
