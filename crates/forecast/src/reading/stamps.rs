//! Times of rows: units by size, texts with and without zone.

use super::{Repair, Stamp};
use crate::ForecastError;

/// Numbers below this could be years, days of a calendar or counts as well as times (it is March 1973 in seconds).
const WHOLE_MIN: u64 = 100_000_000;
/// Units per second, and the size below which a number has the unit: the year 5138 in each.
const UNITS: [(i64, u64); 4] = [
    (1, 100_000_000_000),
    (1_000, 100_000_000_000_000),
    (1_000_000, 100_000_000_000_000_000),
    (1_000_000_000, u64::MAX),
];

/// How a time was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Units of so many per second (by its place in [`UNITS`]), or the type of its column.
    Number(Option<usize>),
    /// Text with an offset from UTC in seconds.
    Zoned(i32),
    /// Text without zone.
    Local,
}

/// A time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Read {
    /// Since 1970 UTC.
    pub(super) seconds: i64,
    pub(super) form: Form,
}

/// Reads one; `index` counts rows from 0.
pub(super) fn read(stamp: &Stamp, index: usize) -> Result<Read, ForecastError> {
    let refused = |found: String, expected| ForecastError::Row { row: index + 1, found, expected };
    match stamp {
        Stamp::Whole(number) => {
            whole(*number).map_err(|expected| refused(number.to_string(), expected))
        }
        Stamp::Micros(micros) => {
            let seconds = in_seconds(*micros, 1_000_000);
            let seconds = seconds.map_err(|expected| refused(micros.to_string(), expected))?;
            Ok(Read { seconds, form: Form::Number(None) })
        }
        Stamp::Text(text) => {
            text_time(text).map_err(|expected| refused(text.chars().take(64).collect(), expected))
        }
    }
}

fn whole(number: i64) -> Result<Read, &'static str> {
    let size = number.unsigned_abs();
    if size < WHOLE_MIN {
        return Err(
            "a time since 1970 of at least 100000000, or a date as text: this could be a year or a day",
        );
    }
    let unit = UNITS.iter().position(|(_, below)| size < *below).unwrap_or(UNITS.len() - 1);
    let seconds = in_seconds(number, UNITS[unit].0)?;
    Ok(Read { seconds, form: Form::Number(Some(unit)) })
}

fn in_seconds(number: i64, per_second: i64) -> Result<i64, &'static str> {
    match number.rem_euclid(per_second) {
        0 => Ok(number.div_euclid(per_second)),
        _ => Err("whole seconds: steps below a second are not read"),
    }
}

fn text_time(text: &str) -> Result<Read, &'static str> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        return whole(number);
    }
    const EXPECTED: &str = "a time: 2024-05-01, 2024-05-01 13:00:00, 2024-05-01T13:00:00+02:00, or a number since 1970";
    // `1589460000.0`, as floating-point columns print it; texts that f64 holds exactly.
    if let Ok(number) = text.parse::<f64>() {
        let exact = number.fract() == 0.0 && number.abs() < 9e15;
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        return if exact { whole(number as i64) } else { Err(EXPECTED) };
    }
    let seconds = |time: jiff::Timestamp| match time.subsec_nanosecond() {
        0 => Ok(time.as_second()),
        _ => Err("whole seconds: steps below a second are not read"),
    };
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(Read { seconds: seconds(time)?, form: Form::Zoned(offset_of(text)) });
    }
    let civil = text.parse::<jiff::civil::DateTime>().map_err(|_| EXPECTED)?;
    let time = civil.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| EXPECTED)?.timestamp();
    Ok(Read { seconds: seconds(time)?, form: Form::Local })
}

/// Seconds east of UTC that a text with a zone says; 0 for `Z`.
fn offset_of(text: &str) -> i32 {
    let local = text.strip_suffix(['Z', 'z']).map_or_else(
        || text.parse::<jiff::civil::DateTime>().ok(),
        |plain| plain.parse::<jiff::civil::DateTime>().ok(),
    );
    let utc = text.parse::<jiff::Timestamp>().ok();
    let (Some(local), Some(utc)) = (local, utc) else { return 0 };
    let local = local.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| zoned.timestamp().as_second());
    local.ok().and_then(|local| i32::try_from(local - utc.as_second()).ok()).unwrap_or(0)
}

/// What holds for all rows: forms that go together, and days of a zone that moves its clock. Gives whether times have no
/// zone.
pub(super) fn settle(
    rows: &mut [(Read, f64)],
    repairs: &mut Vec<Repair>,
) -> Result<bool, ForecastError> {
    let mut units = [0; UNITS.len()];
    let (mut zoned, mut local, mut numbers) = (0, 0, 0);
    for (read, _) in rows.iter() {
        match read.form {
            Form::Number(Some(unit)) => {
                units[unit] += 1;
                numbers += 1;
            }
            Form::Number(None) => {}
            Form::Zoned(_) => zoned += 1,
            Form::Local => local += 1,
        }
    }
    if zoned > 0 && local > 0 {
        let row = 1 + rows.iter().position(|(read, _)| read.form == Form::Local).unwrap_or(0);
        let found = "a time without zone among times with one".to_owned();
        return Err(ForecastError::Row {
            row,
            found,
            expected: "a zone on every time, or on none",
        });
    }
    if numbers > 0 {
        let [seconds, milliseconds, microseconds, nanoseconds] = units;
        let texts = zoned + local;
        repairs.push(Repair::Units { seconds, milliseconds, microseconds, nanoseconds, texts });
    }
    if local > 0 {
        repairs.push(Repair::NoZone { count: local });
    }
    if zoned == rows.len() && zoned > 0 {
        local_days(rows, repairs);
    }
    Ok(local > 0)
}

/// Midnights of a zone whose offset changes lie 23 or 25 hours apart: their dates are the days. Only where all rows have
/// one local time of day and more than one offset; then UTC has no equal steps and local dates have.
fn local_days(rows: &mut [(Read, f64)], repairs: &mut Vec<Repair>) {
    let offset = |read: &Read| match read.form {
        Form::Zoned(offset) => i64::from(offset),
        _ => 0,
    };
    let local = |read: &Read| read.seconds + offset(read);
    let Some((first, _)) = rows.first().copied() else { return };
    let moves = rows.iter().any(|(read, _)| offset(read) != offset(&first));
    let clock = local(&first).rem_euclid(86_400);
    if moves && rows.iter().all(|(read, _)| local(read).rem_euclid(86_400) == clock) {
        for (read, _) in rows.iter_mut() {
            read.seconds = local(read);
        }
        repairs.push(Repair::LocalDays { count: rows.len() });
    }
}
