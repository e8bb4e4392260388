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
    let plain = plain_time(text);
    let text = plain.as_str();
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(Read { seconds: seconds(time)?, form: Form::Zoned(offset_of(text)) });
    }
    let civil = text.parse::<jiff::civil::DateTime>().map_err(|_| EXPECTED)?;
    let time = civil.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| EXPECTED)?.timestamp();
    Ok(Read { seconds: seconds(time)?, form: Form::Local })
}

/// A text as ISO 8601 has it: a month as its first day, `UTC` as `Z`, an offset without a blank before it and with minutes.
fn plain_time(text: &str) -> String {
    let bytes = text.as_bytes();
    let is_digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    if bytes.len() == 7 && bytes[4] == b'-' && is_digits(&bytes[..4]) && is_digits(&bytes[5..]) {
        return format!("{text}-01");
    }
    if let Some(time) = text.strip_suffix("UTC").filter(|time| time.contains(':')) {
        return format!("{}Z", time.trim_end());
    }
    let Some((time, offset)) = text.rsplit_once(['+', '-']).filter(|(time, _)| time.contains(':'))
    else {
        return text.to_owned();
    };
    let sign = &text[time.len()..=time.len()];
    let minutes = if offset.len() == 2 { ":00" } else { "" };
    format!("{}{sign}{offset}{minutes}", time.trim_end())
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

/// What holds for all rows: forms that go together. Gives whether times have no zone.
pub(super) fn settle(
    rows: &[(Read, f64)],
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
    Ok(local > 0)
}

/// Midnights of a zone whose offset changes lie 23 or 25 hours apart: their dates are the days. Only where all rows have
/// one local time of day and more than one offset, or are midnights of the first of months; then UTC has no equal steps and
/// local dates have. Instants of a column type have lost their zone: see [`nearest_dates`].
pub(super) fn local_days(rows: &mut [(Read, f64)], repairs: &mut Vec<Repair>) {
    if rows.iter().all(|(read, _)| read.form == Form::Number(None)) {
        return nearest_dates(rows, repairs);
    }
    if !rows.iter().all(|(read, _)| matches!(read.form, Form::Zoned(_))) {
        return;
    }
    let offset = |read: &Read| match read.form {
        Form::Zoned(offset) => i64::from(offset),
        _ => 0,
    };
    let local = |read: &Read| read.seconds + offset(read);
    let Some((first, _)) = rows.first().copied() else { return };
    let moves = rows.iter().any(|(read, _)| offset(read) != offset(&first));
    let clock = local(&first).rem_euclid(86_400);
    let is_away = offset(&first) != 0 && clock == 0;
    let are_months = || is_away && rows.iter().all(|(read, _)| is_first_of_month(local(read)));
    if (moves || are_months())
        && rows.iter().all(|(read, _)| local(read).rem_euclid(86_400) == clock)
    {
        for (read, _) in rows.iter_mut() {
            read.seconds = local(read);
        }
        repairs.push(Repair::LocalDays { count: rows.len() });
    }
}

/// Instants without their zone at two times of day an hour apart, or at one that is no midnight: days (or firsts of months)
/// of a zone between ten hours west and four east, which lie next to a midnight of UTC, stand for that date. Times of day farther
/// from midnight could be of two dates and are left as they are.
fn nearest_dates(rows: &mut [(Read, f64)], repairs: &mut Vec<Repair>) {
    const DAY: i64 = 86_400;
    const HOUR: i64 = 3_600;
    // Seconds after the nearest midnight, of zones 10 hours west to 4 hours east.
    let after = |seconds: i64| (seconds + 4 * HOUR).rem_euclid(DAY) - 4 * HOUR;
    let afters = || rows.iter().map(|(read, _)| after(read.seconds));
    let (Some(least), Some(most)) = (afters().min(), afters().max()) else { return };
    let moves = most - least == HOUR && afters().all(|own| own == least || own == most);
    let date = |read: &Read| read.seconds - after(read.seconds);
    let are_months =
        least == most && least != 0 && rows.iter().all(|(read, _)| is_first_of_month(date(read)));
    // Hours of one day are no days.
    let mut dates: Vec<i64> = rows.iter().map(|(read, _)| date(read)).collect();
    dates.sort_unstable();
    dates.dedup();
    let spans = dates.last().zip(dates.first()).map_or(0, |(last, first)| (last - first) / DAY);
    let are_days = moves && dates.len() == rows.len() && spans >= 2;
    if most <= 10 * HOUR && (are_days || are_months) {
        for (read, _) in rows.iter_mut() {
            read.seconds -= after(read.seconds);
        }
        repairs.push(Repair::LocalDays { count: rows.len() });
    }
}

fn is_first_of_month(seconds: i64) -> bool {
    let time = jiff::Timestamp::from_second(seconds).ok();
    time.is_some_and(|time| time.to_zoned(jiff::tz::TimeZone::UTC).day() == 1)
        && seconds.rem_euclid(86_400) == 0
}
