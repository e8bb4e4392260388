//! Dates and times that people wrote, as microseconds since 1970-01-01 UTC.
//!
//! In: a text and which of day and month comes first where both are numbers. Out: the instant, and whether a zone was
//! stated; without one it is read as UTC.
//! Reads ISO 8601 and RFC 3339 (`2024-01-31`, `2024-01-31T10:00:00.5+01:00`, `20240131T100000Z`, `2024-01`), RFC 2822
//! (`Wed, 31 Jan 2024 10:00:00 +0100`), `31/01/2024`, `1/31/24 9:05 PM`, `31.1.2024`, `31-Jan-2024`, `Jan 31, 2024`.
//! Source: RFC 3339, RFC 2822 section 3.3 and its zones; days of the calendar are jiff's.
//! Departures: one scanner instead of a list of formats, so that a column may mix them; names of zones are not looked up
//! (a purely given table of zones changes every year): an offset is needed, `[Europe/Berlin]` after one is left out.
//! A year of two digits is 1970 to 2069. Cost: O(length). Checked against: pandas (`tests/it/roles.rs`).

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

/// Which number comes first in `01/02/2024`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// 1 February.
    DayFirst,
    /// 2 January.
    MonthFirst,
}

/// An instant as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Microseconds since 1970-01-01 UTC.
    pub(crate) micros: i64,
    /// Whether an offset or zone was stated.
    pub(crate) zoned: bool,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Zones that RFC 2822 gives an offset, hours.
const ZONES: [(&str, i64); 12] = [
    ("z", 0),
    ("ut", 0),
    ("utc", 0),
    ("gmt", 0),
    ("est", -5),
    ("edt", -4),
    ("cst", -6),
    ("cdt", -5),
    ("mst", -7),
    ("mdt", -6),
    ("pst", -8),
    ("pdt", -7),
];

/// Reads a text whole, or not at all.
pub(crate) fn read(text: &str, order: DateOrder) -> Option<Moment> {
    let text = text.trim();
    // The longest text that this reads has about 50 characters.
    if text.len() > 64 || !text.is_ascii() {
        return None;
    }
    let mut scanner = Scanner { rest: text };
    scanner.weekday();
    let (year, month, day) = scanner.date(order)?;
    let time = scanner.time()?;
    let offset_s = if time.is_some() { scanner.zone()? } else { None };
    if !scanner.rest.is_empty() {
        return None;
    }
    let at = day_start_us(year, month, day)? + time.unwrap_or(0);
    Some(Moment { micros: at - offset_s.unwrap_or(0) * 1_000_000, zoned: offset_s.is_some() })
}

/// First microsecond of a day that the calendar has, in the years 1 to 9999.
pub(crate) fn day_start_us(year: i64, month: i64, day: i64) -> Option<i64> {
    let year = i16::try_from(year).ok().filter(|year| *year >= 1)?;
    let day = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let days = date(1970, 1, 1).until(day).ok()?.get_days();
    Some(i64::from(days) * 86_400_000_000)
}

/// The day that whole numbers like 20240131 stand for, in the years 1900 to 2100.
pub(crate) fn read_calendar(number: i64) -> Option<i64> {
    if !(19_000_101..=21_001_231).contains(&number) {
        return None;
    }
    day_start_us(number / 10_000, number / 100 % 100, number % 100)
}

struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn eat(&mut self, characters: &str) -> Option<char> {
        let first = self.rest.chars().next().filter(|first| characters.contains(*first))?;
        self.rest = &self.rest[first.len_utf8()..];
        Some(first)
    }

    fn spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn digits(&mut self, longest: usize) -> &'a str {
        let is_digit = |byte: &u8| byte.is_ascii_digit();
        let length = self.rest.bytes().take(longest).take_while(is_digit).count();
        let (run, rest) = self.rest.split_at(length);
        self.rest = rest;
        run
    }

    fn word(&mut self) -> &'a str {
        let length = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (run, rest) = self.rest.split_at(length);
        self.rest = rest;
        run
    }

    fn weekday(&mut self) {
        let before = self.rest;
        if named(self.word(), &WEEKDAYS).is_some() {
            self.eat(",");
            self.spaces();
        } else {
            self.rest = before;
        }
    }

    fn date(&mut self, order: DateOrder) -> Option<(i64, i64, i64)> {
        if self.rest.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return self.month_name_first();
        }
        let n_digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        match n_digits {
            // Fourteen digits are a day and a time of day.
            8 | 14 => {
                let (year, month) = (value(self.digits(4)), value(self.digits(2)));
                Some((year, month, value(self.digits(2))))
            }
            4 => self.year_first(),
            1 | 2 => self.day_or_month_first(order),
            _ => None,
        }
    }

    /// `2024-01-31`, `2024/1/31`, `2024-Jan-31`, `2024-01`: the first day of a month.
    fn year_first(&mut self) -> Option<(i64, i64, i64)> {
        let year = value(self.digits(4));
        let separator = self.eat("-/. ")?;
        let month = self.month()?;
        let has_day = self.rest.starts_with(separator)
            && self.rest[1..].starts_with(|next: char| next.is_ascii_digit());
        if !has_day || (separator == ' ' && self.rest.contains(':')) {
            return Some((year, month, 1)).filter(|_| separator != ' ');
        }
        self.eat("-/. ");
        Some((year, month, self.one_or_two()?))
    }

    /// `31/01/2024`, `1/31/24`, `31.1.2024`, `31 Jan 2024`, `31-Jan-24`.
    fn day_or_month_first(&mut self, order: DateOrder) -> Option<(i64, i64, i64)> {
        let first = self.one_or_two()?;
        for ending in ["st", "nd", "rd", "th"] {
            self.rest = self.rest.strip_prefix(ending).unwrap_or(self.rest);
        }
        let separator = self.eat("-/. ")?;
        self.spaces();
        if self.rest.starts_with(|next: char| next.is_ascii_alphabetic()) {
            let month = self.month()?;
            self.eat("-/., ")?;
            self.spaces();
            return Some((self.year()?, month, first));
        }
        let second = self.one_or_two()?;
        self.eat("-/.").filter(|again| *again == separator)?;
        let year = self.year()?;
        Some(match order {
            DateOrder::DayFirst => (year, second, first),
            DateOrder::MonthFirst => (year, first, second),
        })
    }

    /// `Jan 31, 2024`, `January 2024`: the first day of the month.
    fn month_name_first(&mut self) -> Option<(i64, i64, i64)> {
        let month = self.month()?;
        self.eat("-/., ")?;
        self.spaces();
        if self.rest.bytes().take_while(u8::is_ascii_digit).count() == 4 {
            return Some((value(self.digits(4)), month, 1));
        }
        let day = self.one_or_two()?;
        for ending in ["st", "nd", "rd", "th"] {
            self.rest = self.rest.strip_prefix(ending).unwrap_or(self.rest);
        }
        self.eat("-/., ")?;
        self.spaces();
        Some((self.year()?, month, day))
    }

    /// A month by number or name.
    fn month(&mut self) -> Option<i64> {
        if self.rest.starts_with(|next: char| next.is_ascii_digit()) {
            return self.one_or_two();
        }
        let month = named(self.word(), &MONTHS)?;
        // `Jan.` but not the point of `31.Jan.2024`.
        if self.rest.starts_with(". ") {
            self.eat(".");
        }
        Some(month)
    }

    fn one_or_two(&mut self) -> Option<i64> {
        Some(self.digits(2)).filter(|digits| !digits.is_empty()).map(value)
    }

    /// Four digits, or two for 1970 to 2069.
    fn year(&mut self) -> Option<i64> {
        let digits = self.digits(4);
        match (digits.len(), value(digits)) {
            (4, year) => Some(year),
            (2, year) => Some(if year < 70 { 2000 + year } else { 1900 + year }),
            _ => None,
        }
    }

    /// Microseconds since midnight; `Some(None)` where the text ends with the day.
    fn time(&mut self) -> Option<Option<i64>> {
        if self.rest.is_empty() {
            return Some(None);
        }
        let compact = self.rest.bytes().next().is_some_and(|first| first.is_ascii_digit());
        if !compact {
            self.eat("Tt, ")?;
            self.spaces();
            if let Some(rest) = self.rest.strip_prefix("at ") {
                self.rest = rest;
            }
        }
        let mut hour = self.one_or_two()?;
        let colon = self.eat(":").is_some();
        let minute = self.two()?;
        let has_seconds = if colon { self.eat(":").is_some() } else { self.starts_with_digit() };
        let second = if has_seconds { self.two()? } else { 0 };
        let micros = if has_seconds && self.eat(".,").is_some() { self.fraction()? } else { 0 };
        let before = self.rest;
        self.spaces();
        match self.word().to_ascii_lowercase().as_str() {
            half @ ("am" | "pm") if (1..=12).contains(&hour) => {
                hour = hour % 12 + if half == "pm" { 12 } else { 0 };
            }
            _ => self.rest = before,
        }
        // A leap second is read as the second before it, as most clocks do.
        let fits = hour < 24 && minute < 60 && second <= 60;
        fits.then(|| Some(((hour * 60 + minute) * 60 + second.min(59)) * 1_000_000 + micros))
    }

    fn starts_with_digit(&self) -> bool {
        self.rest.bytes().next().is_some_and(|first| first.is_ascii_digit())
    }

    fn two(&mut self) -> Option<i64> {
        Some(self.digits(2)).filter(|digits| digits.len() == 2).map(value)
    }

    /// Microseconds of a fraction of a second; finer ones are cut.
    fn fraction(&mut self) -> Option<i64> {
        let digits = self.digits(usize::MAX);
        let kept = &digits[..digits.len().min(6)];
        let scale = 10_i64.pow(6 - u32::try_from(kept.len()).ok()?);
        (!digits.is_empty()).then(|| value(kept) * scale)
    }

    /// Seconds east of Greenwich; `Some(None)` where the text ends, `None` for what is no zone.
    fn zone(&mut self) -> Option<Option<i64>> {
        self.spaces();
        if self.rest.is_empty() {
            return Some(None);
        }
        let hours = named_zone(self.word());
        let offset = match (hours, self.eat("+-")) {
            (Some(hours), None) => hours * 3600,
            // `UTC+01:00` and `+01:00`.
            (Some(0) | None, Some(sign)) => {
                let hours = self.two()?;
                self.eat(":");
                let minutes = if self.starts_with_digit() { self.two()? } else { 0 };
                let east = (hours * 60 + minutes) * 60;
                if hours > 18 || minutes > 59 {
                    return None;
                }
                if sign == '-' { -east } else { east }
            }
            _ => return None,
        };
        self.spaces();
        if self.rest.starts_with(['[', '(']) && self.rest.ends_with([']', ')']) {
            self.rest = "";
        }
        Some(Some(offset))
    }
}

/// The number of at most 14 digits; 0 for none.
fn value(digits: &str) -> i64 {
    digits.bytes().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'))
}

/// Position, from 1, of the name that `word` is or starts with three letters (`Sept` with four) of.
fn named(word: &str, names: &[&str]) -> Option<i64> {
    let word = word.to_ascii_lowercase();
    let is = |name: &&str| {
        **name == *word || (word.len() >= 3 && word.len() <= 4 && name.starts_with(&word))
    };
    names.iter().position(is).map(|at| at as i64 + 1)
}

fn named_zone(word: &str) -> Option<i64> {
    let word = word.to_ascii_lowercase();
    ZONES.iter().find(|zone| zone.0 == word).map(|zone| zone.1)
}
