//! Times of candles: Unix counts of one unit a file, or dates.

/// In what a file writes its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// Unix seconds.
    Seconds,
    /// Unix milliseconds.
    Milliseconds,
    /// Unix microseconds.
    Microseconds,
    /// Unix nanoseconds.
    Nanoseconds,
    /// Dates, or dates with a time of day: UTC unless an offset stands there.
    Dates,
}

impl TimeUnit {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
            Self::Microseconds => "microseconds",
            Self::Nanoseconds => "nanoseconds",
            Self::Dates => "dates",
        }
    }

    fn per_second(self) -> i64 {
        match self {
            Self::Seconds | Self::Dates => 1,
            Self::Milliseconds => 1_000,
            Self::Microseconds => 1_000_000,
            Self::Nanoseconds => 1_000_000_000,
        }
    }

    /// The unit in which a count is a time between 1973 and 5138; a day written as 20190126 is in none.
    fn of(count: i64) -> Option<Self> {
        const FIRST: i64 = 100_000_000;
        const LAST: i64 = 100_000_000_000;
        let units = [Self::Seconds, Self::Milliseconds, Self::Microseconds];
        let fits =
            |unit: &Self| (FIRST * unit.per_second()..LAST * unit.per_second()).contains(&count);
        let nanoseconds = || (count >= FIRST * 1_000_000_000).then_some(Self::Nanoseconds);
        // The ranges of two units overlap by nothing: each ends where the next begins.
        units.into_iter().find(fits).or_else(nanoseconds)
    }
}

/// A time as a file has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// A bare number.
    Count(i64),
    /// A date, in Unix seconds.
    Date(i64),
}

impl Written {
    /// Reads a text; `None` for what is no time, or none of whole seconds.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(count) = text.parse::<i64>() {
            return Some(Self::Count(count));
        }
        if let Ok(number) = text.parse::<f64>() {
            return Self::of_number(number);
        }
        let zulu = text.strip_suffix("UTC").map(|text| format!("{}Z", text.trim_end()));
        let text = zulu.as_deref().unwrap_or(text);
        let with_offset = text.parse::<jiff::Timestamp>().ok();
        let time = with_offset.or_else(|| {
            let time = text.parse::<jiff::civil::DateTime>().ok()?;
            Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
        })?;
        (time.subsec_nanosecond() == 0).then(|| Self::Date(time.as_second()))
    }

    /// A floating-point count, as pandas writes one: whole, and within what it tells apart.
    #[expect(clippy::cast_possible_truncation, reason = "whole and bounded")]
    pub(super) fn of_number(number: f64) -> Option<Self> {
        let is_whole = number.fract() == 0.0 && number.abs() < 9e15;
        is_whole.then_some(Self::Count(number as i64))
    }
}

/// The unit of a file, and the place of the first time that is not of it.
fn unit_of(times: impl Iterator<Item = Written>) -> Result<Option<TimeUnit>, usize> {
    let mut unit = None;
    for (place, time) in times.enumerate() {
        match (own_unit(time), unit) {
            (None, _) => return Err(place),
            (Some(own), Some(unit)) if own != unit => return Err(place),
            (own, _) => unit = own,
        }
    }
    Ok(unit)
}

fn own_unit(time: Written) -> Option<TimeUnit> {
    match time {
        Written::Date(_) => Some(TimeUnit::Dates),
        Written::Count(count) => TimeUnit::of(count),
    }
}

/// The unit of each time: one of all, or each by its size (ranges of units do not overlap) where `mixed` allows that.
pub(super) fn units_of(times: &[Written], mixed: bool) -> Result<Vec<TimeUnit>, usize> {
    if mixed {
        let own = times.iter().enumerate();
        return own.map(|(place, time)| own_unit(*time).ok_or(place)).collect();
    }
    let unit = unit_of(times.iter().copied())?;
    Ok(times.iter().filter_map(|_| unit).collect())
}

/// In Unix seconds; `None` where it is none of whole seconds.
pub(super) fn seconds(time: Written, unit: TimeUnit) -> Option<i64> {
    match time {
        Written::Date(seconds) => Some(seconds),
        Written::Count(count) => {
            (count % unit.per_second() == 0).then(|| count / unit.per_second())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_counts_or_dates() {
        let check = |text: &str, expected| assert_eq!(Written::parse(text), expected, "{text}");
        check("1548516600", Some(Written::Count(1_548_516_600)));
        check("1548516600.0", Some(Written::Count(1_548_516_600)));
        check("1.5485166e9", Some(Written::Count(1_548_516_600)));
        for date in [
            "2019-01-26 15:30",
            "2019-01-26T15:30:00Z",
            "2019-01-26 15:30:00 UTC",
            "2019-01-26T16:30:00+01:00",
            "2019-01-26 15:30:00.000",
        ] {
            check(date, Some(Written::Date(1_548_516_600)));
        }
        check("2019-01-26", Some(Written::Date(1_548_460_800)));
        for bad in ["", "26/01/2019", "2019-01-26 15:30:00.5", "1548516600.5", "nan", "soon"] {
            check(bad, None);
        }
    }

    #[test]
    fn units_are_told_by_size() {
        let unit = |counts: &[i64]| unit_of(counts.iter().map(|count| Written::Count(*count)));
        assert_eq!(unit(&[1_548_516_600, 4_000_000_000]), Ok(Some(TimeUnit::Seconds)));
        assert_eq!(unit(&[1_548_516_600_000]), Ok(Some(TimeUnit::Milliseconds)));
        assert_eq!(unit(&[1_548_516_600_000_000]), Ok(Some(TimeUnit::Microseconds)));
        assert_eq!(unit(&[1_548_516_600_000_000_000]), Ok(Some(TimeUnit::Nanoseconds)));
        assert_eq!(unit(&[1_548_516_600, 1_548_516_600_000]), Err(1));
        assert_eq!(unit(&[20_190_126]), Err(0));
        assert_eq!(unit(&[-5]), Err(0));
        assert_eq!(unit(&[]), Ok(None));
        let mixed = [1_548_516_600, 1_548_516_600_000].map(Written::Count);
        assert_eq!(units_of(&mixed, true), Ok(vec![TimeUnit::Seconds, TimeUnit::Milliseconds]));
        assert_eq!(units_of(&mixed, false), Err(1));
        assert_eq!(units_of(&[Written::Count(7)], true), Err(0));
        assert_eq!(seconds(Written::Count(1_500), TimeUnit::Milliseconds), None);
    }
}
