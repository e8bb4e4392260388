//! What a column is, seen alone.

use super::Kind;
use super::dates::{self, DateOrder};
use super::integers::Integers;
use super::levels;
use super::marks::{House, Read, either_mark, marked};
use super::numbers::{self, DecimalMark};
use super::reading::{Reading, boolean_word, read_levels, read_numbers};
use crate::LearnError;
use crate::frame::{Column, Values, number_text};

/// Share of the values that say something which must be readable as numbers or dates.
pub(super) const READABLE: f64 = 0.95;

/// A judgment on a column.
pub(super) struct Judged {
    pub(super) kind: Kind,
    pub(super) reading: Reading,
    pub(super) reason: String,
    /// What was decided though the values allow another reading.
    pub(super) doubt: Option<String>,
}

impl Judged {
    pub(super) fn new(kind: Kind, reading: Reading, reason: impl Into<String>) -> Self {
        Self { kind, reading, reason: reason.into(), doubt: None }
    }
}

const PLAIN: Reading = Reading::Number { mark: DecimalMark::Point };

/// Whether texts are dates, which are no classes.
pub(super) fn are_dates(column: &Column) -> bool {
    if !matches!(column.values, Values::Texts(_)) {
        return false;
    }
    let levels = read_levels(&Reading::Level, column);
    let counts: Vec<(&str, u64)> = levels.counts().0.into_iter().collect();
    dates_in_texts(&counts, 0).is_some()
}

/// What the column is, by its values and the mark of its table.
pub(super) fn judged(column: &Column, house: &House<'_>) -> Result<Judged, LearnError> {
    match &column.values {
        Values::Texts(_) => texts(column, house),
        Values::Times(times) => {
            let known: Vec<i64> = times.iter().flatten().copied().collect();
            let same =
                known.windows(2).all(|pair| pair[0] == pair[1]) && known.len() == times.len();
            let reading = Reading::Time { order: DateOrder::MonthFirst };
            Ok(if known.is_empty() || same {
                Judged::new(Kind::Constant, reading, constant(known.len()))
            } else {
                Judged::new(
                    Kind::Time,
                    reading,
                    format!("{} times, {} missing", known.len(), times.len() - known.len()),
                )
            })
        }
        Values::Booleans(values) => {
            let n_true = values.iter().filter(|value| **value == Some(true)).count();
            let n_false = values.iter().filter(|value| **value == Some(false)).count();
            Ok(booleans(n_true as u64, n_false as u64, values.len() as u64, "truth values"))
        }
        Values::Integers(values)
            if values.iter().flatten().any(|value| value.unsigned_abs() > 1 << 53) =>
        {
            let mut judged = levels::names(column, Reading::Code);
            judged.reason = format!("whole numbers beyond 2^53, so names: {}", judged.reason);
            Ok(judged)
        }
        Values::Integers(_) | Values::Numbers(_) => {
            let (values, _) = read_numbers(&PLAIN, column)?;
            Ok(amounts(&values, PLAIN))
        }
    }
}

fn constant(n_known: usize) -> String {
    if n_known == 0 {
        "no value in any row".to_owned()
    } else {
        format!("the same value in all {n_known} rows")
    }
}

fn booleans(n_true: u64, n_false: u64, n_rows: u64, words: &str) -> Judged {
    let missing = n_rows - n_true - n_false;
    if n_true + n_false == 0 || ((n_true == 0 || n_false == 0) && missing == 0) {
        return Judged::new(
            Kind::Constant,
            Reading::Boolean,
            constant(usize::try_from(n_true + n_false).unwrap_or(0)),
        );
    }
    let reason = format!("{words}: {n_true} true, {n_false} false, {missing} missing");
    Judged::new(Kind::Category, Reading::Boolean, reason)
}

/// What numbers stand for.
fn amounts(values: &[f64], reading: Reading) -> Judged {
    let n_known = values.iter().filter(|value| !value.is_nan()).count();
    let missing = values.len() - n_known;
    let known = || values.iter().copied().filter(|value| !value.is_nan());
    let (low, high) =
        known().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if n_known == 0 || (low == high && missing == 0) {
        return Judged::new(Kind::Constant, reading, constant(n_known));
    }
    let range = format!("from {} to {}, {missing} missing", number_text(low), number_text(high));
    let Some(integers) = Integers::of(values) else {
        return Judged::new(Kind::Number, reading, format!("numbers {range}"));
    };
    let n = integers.distinct.len();
    if n == 2 && low == 0.0 && high == 1.0 {
        let n_true = integers.distinct[1].1;
        return booleans(n_true, integers.n_known - n_true, values.len() as u64, "0 and 1");
    }
    if let Some(reason) = integers.count_rows() {
        return Judged::new(Kind::Identifier, Reading::Code, reason);
    }
    if integers.is_calendar() {
        return Judged::new(
            Kind::Time,
            Reading::Calendar,
            format!("whole numbers like 20240131 {range}"),
        );
    }
    if let Some(per_second) = integers.epoch() {
        let unit = match per_second {
            1 => "seconds",
            1_000 => "milliseconds",
            _ => "microseconds",
        };
        let reason = format!("{unit} since 1970, all in the years 1990 to 2050, {range}");
        return Judged::new(Kind::Time, Reading::Epoch { per_second }, reason);
    }
    if let Some(reason) = integers.identify() {
        return Judged::new(Kind::Identifier, Reading::Code, reason);
    }
    if let Some(reason) = integers.codes() {
        return Judged::new(Kind::Category, Reading::Code, format!("{reason}; {missing} missing"));
    }
    let reason = format!("{n} distinct whole numbers {range}");
    let kind = if integers.is_short_scale() { Kind::Ordered } else { Kind::Number };
    Judged::new(kind, reading, reason)
}

/// What texts stand for.
fn texts(column: &Column, house: &House<'_>) -> Result<Judged, LearnError> {
    let levels = read_levels(&Reading::Level, column);
    let (counts, missing) = levels.counts();
    let n_known = column.values.len() as u64 - missing;
    if counts.is_empty() || (counts.len() == 1 && missing == 0) {
        return Ok(Judged::new(
            Kind::Constant,
            Reading::Level,
            constant(usize::try_from(n_known).unwrap_or(0)),
        ));
    }
    let counts: Vec<(&str, u64)> = counts.into_iter().collect();
    if let Some(judged) = boolean_words(&counts, column.values.len() as u64) {
        return Ok(judged);
    }
    if let Some(judged) = numbers_in_texts(column, house, &counts, missing)? {
        return Ok(judged);
    }
    if let Some(judged) = dates_in_texts(&counts, missing) {
        return Ok(judged);
    }
    Ok(levels::names(column, Reading::Level))
}

/// Two opposite words, and words for missing.
fn boolean_words(counts: &[(&str, u64)], n_rows: u64) -> Option<Judged> {
    let said = || counts.iter().filter(|level| !numbers::is_missing_word(level.0));
    let words: Option<Vec<(usize, bool, u64)>> = said()
        .map(|level| boolean_word(level.0).map(|(pair, value)| (pair, value, level.1)))
        .collect();
    let words = words?;
    let sum = |wanted: bool| words.iter().filter(|w| w.1 == wanted).map(|w| w.2).sum::<u64>();
    let one_pair = words.iter().all(|word| word.0 == words[0].0);
    let shown: Vec<&str> = said().map(|level| level.0).collect();
    (!words.is_empty() && one_pair && sum(true) > 0 && sum(false) > 0)
        .then(|| booleans(sum(true), sum(false), n_rows, &shown.join(" and ")))
}

fn numbers_in_texts(
    column: &Column,
    house: &House<'_>,
    counts: &[(&str, u64)],
    missing: u64,
) -> Result<Option<Judged>, LearnError> {
    let (mark, read, either) = marked(counts, house);
    if read.n_values == 0 || read.share() < READABLE {
        return Ok(None);
    }
    if read.n_leading_zero * 100 >= read.n_values || read.beyond {
        let why = if read.beyond {
            "whole numbers beyond 2^53, so names".to_owned()
        } else {
            format!(
                "{} of {} digits start with a zero, so names",
                read.n_leading_zero, read.n_values
            )
        };
        let mut judged = levels::names(column, Reading::Level);
        judged.reason = format!("{why}: {}", judged.reason);
        return Ok(Some(judged));
    }
    let reading = Reading::Number { mark };
    let (values, _) = read_numbers(&reading, column)?;
    let mut judged = amounts(&values, reading);
    judged.reason = format!("{}; {}", number_reason(&read, mark, either, missing), judged.reason);
    judged.doubt = either.then(|| either_mark(counts));
    Ok(Some(judged))
}

fn number_reason(read: &Read, mark: DecimalMark, either: bool, missing: u64) -> String {
    let mut parts = vec![format!("{} texts are numbers", read.n_values)];
    let blank =
        read.blank.as_ref().map(|blank| format!(", {} say nothing (as {blank:?})", read.n_blank));
    parts.push(blank.unwrap_or_default());
    parts.push(if missing > 0 { format!(", {missing} blank") } else { String::new() });
    if read.n_odd > 0 {
        parts.push(format!(
            ", {} are not and count as missing ({})",
            read.n_odd,
            read.odd.join(", ")
        ));
    }
    for (is, said) in [
        (read.dress.currency, ", with signs of currency"),
        (read.dress.grouped, ", with separators of thousands"),
        (read.dress.parentheses, ", with parentheses for negatives"),
        (mark == DecimalMark::Comma, ", with a decimal comma"),
        (either, " (either mark reads all of them: ambiguous)"),
    ] {
        parts.push(if is { said.to_owned() } else { String::new() });
    }
    if read.n_percent > 0 {
        let mixed = if read.n_percent < read.n_values { ": mixed with others" } else { "" };
        parts.push(format!(", {} with a percent sign (5 % is read as 5){mixed}", read.n_percent));
    }
    parts.concat()
}

/// How texts read as dates under one order.
fn dates_read(counts: &[(&str, u64)], order: DateOrder) -> (u64, u64, u64, Vec<Option<i64>>) {
    let (mut n_read, mut n_odd, mut n_zoned) = (0, 0, 0);
    let mut moments = Vec::with_capacity(counts.len());
    for &(text, count) in counts {
        let moment = dates::read(text, order);
        match moment {
            Some(moment) => {
                n_read += count;
                n_zoned += if moment.zoned { count } else { 0 };
            }
            None if numbers::is_missing_word(text) => {}
            None => n_odd += count,
        }
        moments.push(moment.map(|moment| moment.micros));
    }
    (n_read, n_odd, n_zoned, moments)
}

fn dates_in_texts(counts: &[(&str, u64)], missing: u64) -> Option<Judged> {
    let day = dates_read(counts, DateOrder::DayFirst);
    let month = dates_read(counts, DateOrder::MonthFirst);
    let ambiguous = day.0 == month.0 && day.3 != month.3;
    // Where both orders read every date: a point or dash is European, a slash mostly American.
    let slash = counts.iter().any(|level| level.0.contains('/'));
    let order = if day.0 > month.0 || (ambiguous && !slash) {
        DateOrder::DayFirst
    } else {
        DateOrder::MonthFirst
    };
    let matters = day.3 != month.3;
    let (n_read, n_odd, n_zoned, moments) = if order == DateOrder::DayFirst { day } else { month };
    if n_read == 0 || (n_read as f64) < READABLE * (n_read + n_odd) as f64 {
        return None;
    }
    let first = if order == DateOrder::DayFirst { "day" } else { "month" };
    let said = match (ambiguous, matters) {
        (true, _) => {
            format!("; AMBIGUOUS: every date reads either way, the {first} is taken to come first")
        }
        (false, true) => format!("; the {first} comes first, or some would be no dates"),
        _ => String::new(),
    };
    let zones = match n_zoned {
        0 => String::new(),
        n if n < n_read => format!("; {n} with a zone, {} without are read as UTC", n_read - n),
        _ => "; all with a zone".to_owned(),
    };
    let distinct = moments.iter().flatten().collect::<std::collections::BTreeSet<_>>().len();
    let odd =
        if n_odd > 0 { format!(", {n_odd} are not and count as missing") } else { String::new() };
    let reason = format!(
        "{n_read} texts are dates ({distinct} distinct){odd}, {missing} blank{said}{zones}"
    );
    let kind =
        if distinct == 1 && missing == 0 && n_odd == 0 { Kind::Constant } else { Kind::Time };
    let mut judged = Judged::new(kind, Reading::Time { order }, reason);
    judged.doubt = ambiguous
        .then(|| format!("every date reads either way; the {first} is taken to come first"));
    Some(judged)
}

/// How a column is read as a kind that it was not deduced to be.
pub(super) fn reading_of(column: &Column, kind: Kind, deduced: Reading) -> Reading {
    let is_text = matches!(column.values, Values::Texts(_));
    let levels = read_levels(&Reading::Level, column);
    let counts: Vec<(&str, u64)> = levels.counts().0.into_iter().collect();
    let mark = || {
        let n = |mark| Read::of(&counts, mark).n_values;
        if n(DecimalMark::Comma) > n(DecimalMark::Point) {
            DecimalMark::Comma
        } else {
            DecimalMark::Point
        }
    };
    let is_number = matches!(deduced, Reading::Number { .. } | Reading::Boolean | Reading::Code);
    match kind {
        Kind::Number => Reading::Number { mark: if is_text { mark() } else { DecimalMark::Point } },
        Kind::Ordered if !is_text || is_number => Reading::Number { mark: mark() },
        Kind::Ordered => Reading::Scale { levels: levels::scale(&counts) },
        Kind::Time => time_reading(column, &counts),
        Kind::Category if is_number => Reading::Code,
        Kind::Category | Kind::Text => Reading::Level,
        Kind::Identifier | Kind::Constant | Kind::Leak | Kind::Target | Kind::Unread => deduced,
    }
}

fn time_reading(column: &Column, counts: &[(&str, u64)]) -> Reading {
    let n_read = |order| dates_read(counts, order).0;
    let (day, month) = (n_read(DateOrder::DayFirst), n_read(DateOrder::MonthFirst));
    let order = if day > month { DateOrder::DayFirst } else { DateOrder::MonthFirst };
    let whole = match &column.values {
        Values::Times(_) => None,
        Values::Texts(_) if day.max(month) > 0 => None,
        _ => read_numbers(&PLAIN, column).ok().and_then(|(values, _)| Integers::of(&values)),
    };
    let Some(whole) = whole else { return Reading::Time { order } };
    if whole.is_calendar() {
        return Reading::Calendar;
    }
    let last = whole.distinct.last().map_or(0, |level| level.0.unsigned_abs());
    let per_second = match last {
        0..100_000_000_000 => 1,
        100_000_000_000..100_000_000_000_000 => 1_000,
        _ => 1_000_000,
    };
    Reading::Epoch { per_second }
}
