//! A series out of rows as they came: times in any unit and order, gaps, repeats.
//!
//! In: a stamp and a value a row (NaN: missing), and which of contradicting rows counts. Out: a [`Reading`]: values at equal
//! steps and every repair that was made. Source: files of exchanges, Prometheus exports and NAB as they are found; no paper.
//! Departures: nothing is filled or smoothed: a step without a row is NaN, which methods take as missing. What could mean
//! two things (years or days as bare numbers, contradicting rows, stamps off the grid) is an error, not a guess.
//! Cost: O(n log n), 40 bytes a row. Checked against: rows by hand, and series that are taken apart and read back
//! (`tests/it/reading.rs`).

mod grid;
mod stamps;

use serde::{Deserialize, Serialize};

use crate::{ForecastError, Series, Step};

pub use grid::{time_of, time_text};

/// Distinct times from which on there is a step to find.
const TIMES_MIN: usize = 3;

/// One value in so many may be below 0 before a series counts as one that is so by its nature.
const BELOW_ONE_IN: usize = 20;

/// The time of a row, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stamp {
    /// A number since 1970 UTC, of a unit that its size tells.
    Whole(i64),
    /// Microseconds since 1970 UTC, by the type of its column.
    Micros(i64),
    /// A date, a date and time with or without zone, or digits.
    Text(String),
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When.
    pub stamp: Stamp,
    /// What was measured; NaN where nothing was.
    pub value: f64,
}

/// Which of several different values of one time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// The one that stands first in the file.
    First,
    /// The one that stands last in the file.
    Last,
    /// The mean of those that are not missing.
    Mean,
}

/// Something that was not as a series should be, and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Repair {
    /// A line of one cell stood above the header.
    LineBeforeHeader {
        /// What it says.
        text: String,
    },
    /// A file that gives a beginning and no step, or a step and no beginning: only steps are counted.
    HalfATime {
        /// What it gives.
        given: &'static str,
        /// What is missing.
        missing: &'static str,
    },
    /// Times as numbers, or in several forms: rows of each.
    Units {
        /// Seconds since 1970.
        seconds: usize,
        /// Milliseconds.
        milliseconds: usize,
        /// Microseconds.
        microseconds: usize,
        /// Nanoseconds.
        nanoseconds: usize,
        /// Texts.
        texts: usize,
    },
    /// Texts without a zone were read as UTC.
    NoZone {
        /// Rows.
        count: usize,
    },
    /// Days of a zone that moves its clock were taken by their local date.
    LocalDays {
        /// Rows.
        count: usize,
    },
    /// The newest row came first.
    NewestFirst,
    /// Rows were sorted by time.
    OutOfOrder {
        /// Rows older than the one before.
        count: usize,
    },
    /// Rows with the time and the value of another were dropped.
    DuplicatesDropped {
        /// Rows dropped.
        count: usize,
        /// The first such time, RFC 3339.
        first: String,
    },
    /// Rows of one time with different values were made one.
    DuplicatesMerged {
        /// Rows that went.
        count: usize,
        /// By which rule.
        keep: Keep,
        /// The first such time, RFC 3339.
        first: String,
    },
    /// Rows without a value.
    Missing {
        /// Rows.
        count: usize,
    },
    /// A few values below 0 among others that are not: a load cannot be. They were kept.
    BelowZero {
        /// Rows.
        count: usize,
        /// The first such time, RFC 3339.
        first: String,
    },
    /// Steps without a row are missing.
    Gaps {
        /// Steps.
        steps: usize,
        /// Runs of them.
        runs: usize,
        /// Steps of the longest run.
        longest: usize,
        /// The first such time, RFC 3339.
        first: String,
    },
    /// Gaps of one hour at night in times without zone: clocks that were put forward, it seems. They stay missing.
    DaylightSaving {
        /// Such gaps.
        count: usize,
        /// The first, RFC 3339.
        first: String,
    },
    /// Ends of months stand for their month.
    MonthEnds {
        /// Rows.
        count: usize,
    },
}

impl std::fmt::Display for Repair {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::LineBeforeHeader { text } => {
                let start: String = text.chars().take(80).collect();
                write!(out, "a line above the header was passed over: {start}")
            }
            Self::HalfATime { given, missing } => {
                write!(out, "there is a {given} and no {missing}: only steps are counted")
            }
            Self::Units { seconds, milliseconds, microseconds, nanoseconds, texts } => {
                let forms = [
                    (seconds, "seconds"),
                    (milliseconds, "milliseconds"),
                    (microseconds, "microseconds"),
                    (nanoseconds, "nanoseconds"),
                    (texts, "text"),
                ];
                let present = forms.iter().filter(|(count, _)| **count > 0);
                let words: Vec<String> =
                    present.map(|(count, form)| format!("{form} in {count} rows")).collect();
                write!(out, "times are {} (units by their size)", words.join(", "))
            }
            Self::NoZone { count } => write!(out, "{count} times without zone were read as UTC"),
            Self::LocalDays { count } => {
                write!(
                    out,
                    "{count} days of a zone that moves its clock stand for their local date"
                )
            }
            Self::NewestFirst => write!(out, "the newest row came first: the order was turned"),
            Self::OutOfOrder { count } => {
                write!(out, "{count} rows are older than the one before: rows were sorted by time")
            }
            Self::DuplicatesDropped { count, first } => {
                write!(
                    out,
                    "{count} rows repeat time and value of another and were dropped, first {first}"
                )
            }
            Self::DuplicatesMerged { count, keep, first } => {
                let rule = match keep {
                    Keep::First => "the first counts",
                    Keep::Last => "the last counts",
                    Keep::Mean => "their mean counts",
                };
                write!(out, "{count} rows contradict another of their time ({rule}), first {first}")
            }
            Self::Missing { count } => write!(out, "{count} rows have no value"),
            Self::BelowZero { count, first } => {
                write!(
                    out,
                    "{count} values are below 0, which no load is, and were kept, first {first}"
                )
            }
            Self::Gaps { steps, runs, longest, first } => write!(
                out,
                "{steps} steps have no row and are missing ({runs} gaps, the longest of {longest} steps), first {first}"
            ),
            Self::DaylightSaving { count, first } => write!(
                out,
                "{count} gaps of one hour at night in times without zone look like clocks put forward, first {first}"
            ),
            Self::MonthEnds { count } => {
                write!(out, "{count} ends of months stand for their month")
            }
        }
    }
}

/// A series and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Values at equal steps.
    pub series: Series,
    /// Rows that came.
    pub rows: usize,
    /// What was repaired, in the order of this page.
    pub repairs: Vec<Repair>,
}

/// Reads rows as a series.
///
/// # Errors
/// A row that is no time or an infinite value, contradicting rows without a rule, fewer than three times, values that are
/// all the same, times that lie on no grid of equal steps, or one that is nearly all gaps.
pub fn read(samples: &[Sample], keep: Option<Keep>) -> Result<Reading, ForecastError> {
    let mut repairs = Vec::new();
    let mut rows = stamped(samples)?;
    let local = stamps::settle(&rows, &mut repairs)?;
    stamps::local_days(&mut rows, &mut repairs);
    let timed = ordered(rows, keep, local, &mut repairs)?;
    check(&timed)?;
    let missing = timed.iter().filter(|(_, value)| value.is_nan()).count();
    if missing > 0 {
        repairs.push(Repair::Missing { count: missing });
    }
    let below: Vec<i64> =
        timed.iter().filter(|(_, value)| *value < 0.0).map(|(time, _)| *time).collect();
    if let [first, ..] = below[..]
        && below.len() * BELOW_ONE_IN <= timed.len() - missing
    {
        repairs.push(Repair::BelowZero { count: below.len(), first: time_text(first) });
    }
    let series = grid::lay(&timed, local, &mut repairs)?;
    Ok(Reading { series, rows: samples.len(), repairs })
}

/// Times and values as [`points`] reads them, and what was repaired.
pub type Points = (Vec<(i64, f64)>, Vec<Repair>);

/// Reads rows as points of any distance: a time (seconds since 1970 UTC, ascending) and a value each, NaN where missing.
///
/// # Errors
/// A row that is no time or an infinite value, contradicting rows without a rule.
pub fn points(samples: &[Sample], keep: Option<Keep>) -> Result<Points, ForecastError> {
    let mut repairs = Vec::new();
    let rows = stamped(samples)?;
    let local = stamps::settle(&rows, &mut repairs)?;
    let points = ordered(rows, keep, local, &mut repairs)?;
    Ok((points, repairs))
}

/// Rows with their times read.
fn stamped(samples: &[Sample]) -> Result<Vec<(stamps::Read, f64)>, ForecastError> {
    let mut rows = Vec::with_capacity(samples.len());
    for (index, sample) in samples.iter().enumerate() {
        if sample.value.is_infinite() {
            let (what, value) = ("the series".to_owned(), sample.value);
            return Err(ForecastError::Value { what, index, value });
        }
        rows.push((stamps::read(&sample.stamp, index)?, sample.value));
    }
    Ok(rows)
}

/// One row a time, the oldest first.
fn ordered(
    rows: Vec<(stamps::Read, f64)>,
    keep: Option<Keep>,
    local: bool,
    repairs: &mut Vec<Repair>,
) -> Result<Vec<(i64, f64)>, ForecastError> {
    let mut timed: Vec<(i64, f64)> =
        rows.iter().map(|(read, value)| (read.seconds, *value)).collect();
    sort(&mut timed, repairs);
    distinct(timed, keep, local, repairs)
}

/// Enough times, and something to forecast.
fn check(timed: &[(i64, f64)]) -> Result<(), ForecastError> {
    let method = "a series with a step";
    let measured = timed.iter().map(|(_, value)| *value).filter(|value| !value.is_nan());
    let found = timed.len().min(measured.clone().count());
    if found < TIMES_MIN {
        return Err(ForecastError::TooShort { method, needed: TIMES_MIN, found });
    }
    varied(measured)
}

/// Refuses values that are all the same.
fn varied(mut measured: impl Iterator<Item = f64>) -> Result<(), ForecastError> {
    match measured.next() {
        Some(first) if measured.all(|value| value == first) => {
            Err(ForecastError::AllEqual { value: first })
        }
        _ => Ok(()),
    }
}

fn sort(timed: &mut [(i64, f64)], repairs: &mut Vec<Repair>) {
    let count = timed.windows(2).filter(|pair| pair[1].0 < pair[0].0).count();
    let rises = timed.windows(2).filter(|pair| pair[1].0 > pair[0].0).count();
    if count == 0 {
        return;
    }
    repairs.push(if rises == 0 { Repair::NewestFirst } else { Repair::OutOfOrder { count } });
    // Stable: rows of one time stay in the order of the file, which `Keep` is about.
    timed.sort_by_key(|(time, _)| *time);
}

/// One row a time.
fn distinct(
    timed: Vec<(i64, f64)>,
    keep: Option<Keep>,
    local: bool,
    repairs: &mut Vec<Repair>,
) -> Result<Vec<(i64, f64)>, ForecastError> {
    let mut kept = Vec::with_capacity(timed.len());
    let (mut dropped, mut merged) = ((0, None), (0, None));
    for group in timed.chunk_by(|a, b| a.0 == b.0) {
        let (time, first) = group[0];
        let same = |(_, value): &&(i64, f64)| *value == first || value.is_nan() && first.is_nan();
        if let Some(other) = group.iter().find(|row| !same(row)) {
            let Some(keep) = keep else {
                return Err(ForecastError::Contradiction {
                    time: time_text(time),
                    first,
                    second: other.1,
                    local,
                });
            };
            merged.0 += group.len() - 1;
            merged.1.get_or_insert(time);
            kept.push((time, one(group, keep)));
        } else {
            if group.len() > 1 {
                dropped.0 += group.len() - 1;
                dropped.1.get_or_insert(time);
            }
            kept.push((time, first));
        }
    }
    if let (count, Some(first)) = dropped {
        repairs.push(Repair::DuplicatesDropped { count, first: time_text(first) });
    }
    if let ((count, Some(first)), Some(keep)) = (merged, keep) {
        repairs.push(Repair::DuplicatesMerged { count, keep, first: time_text(first) });
    }
    Ok(kept)
}

fn one(group: &[(i64, f64)], keep: Keep) -> f64 {
    match keep {
        Keep::First => group[0].1,
        Keep::Last => group[group.len() - 1].1,
        // `mean` leaves missing values out.
        Keep::Mean => {
            crate::accuracy::mean(group.iter().map(|(_, value)| *value)).unwrap_or(f64::NAN)
        }
    }
}

/// A value as text: a number, or one of the usual words for none (NaN).
///
/// # Errors
/// Anything else, with the row (from 0).
pub fn parse_value(text: &str, index: usize) -> Result<f64, ForecastError> {
    let text = text.trim();
    if ["", "na", "n/a", "nan", "null", "none"].contains(&text.to_ascii_lowercase().as_str()) {
        return Ok(f64::NAN);
    }
    let refused = || ForecastError::Row {
        row: index + 1,
        found: text.chars().take(64).collect(),
        expected: "a number, or nothing where none was measured",
    };
    text.parse().ok().filter(|value: &f64| value.is_finite()).ok_or_else(refused)
}

/// The step that a word names: `h`, `d`, `15min`, `MS`, …
///
/// # Errors
/// A word that is no step.
pub fn step_of(word: &str) -> Result<Step, ForecastError> {
    let digits = word.chars().take_while(char::is_ascii_digit).count();
    let (count, unit) = word.split_at(digits);
    let refused = || ForecastError::Argument {
        what: "freq",
        found: word.to_owned(),
        expected: "a count and s, min, h, D, W, MS, QS or YS, such as h or 15min",
    };
    let count: u32 = if count.is_empty() { 1 } else { count.parse().map_err(|_| refused())? };
    let (seconds, months) = match unit {
        "s" | "S" => (1, 0),
        "min" | "T" => (60, 0),
        "h" | "H" => (3_600, 0),
        "d" | "D" => (86_400, 0),
        "w" | "W" => (604_800, 0),
        "M" | "MS" | "ME" => (0, 1),
        "Q" | "QS" | "QE" => (0, 3),
        "Y" | "YS" | "YE" | "A" => (0, 12),
        _ => return Err(refused()),
    };
    let times = |unit: u32| count.checked_mul(unit).filter(|n| *n > 0).ok_or_else(refused);
    if months > 0 { Ok(Step::Months(times(months)?)) } else { Ok(Step::Seconds(times(seconds)?)) }
}

/// Seconds since 1970 UTC of a stamp; without a zone it counts as UTC.
///
/// # Errors
/// What is no time.
pub fn parse_time(stamp: &Stamp) -> Result<i64, ForecastError> {
    Ok(stamps::read(stamp, 0)?.seconds)
}
