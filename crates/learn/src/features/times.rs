//! Parts of dates, and days between them.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

const DAY_US: f64 = 86_400e6;

/// One number made of an instant, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    Year,
    Month,
    Day,
    /// 1 for Monday to 7.
    Weekday,
    Hour,
    /// Saturday or Sunday.
    Weekend,
    Holiday,
    /// Days, with their fraction, since the first instant of training.
    Elapsed,
}

impl Part {
    pub(super) const ALL: [Self; 8] = [
        Self::Year,
        Self::Month,
        Self::Day,
        Self::Weekday,
        Self::Hour,
        Self::Weekend,
        Self::Holiday,
        Self::Elapsed,
    ];

    /// Whether it goes beyond all that training saw as time goes on.
    pub(super) fn is_absolute(self) -> bool {
        matches!(self, Self::Year | Self::Elapsed)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day of month",
            Self::Weekday => "day of week",
            Self::Hour => "hour",
            Self::Weekend => "weekend",
            Self::Holiday => "holiday",
            Self::Elapsed => "days since first",
        }
    }

    pub(super) fn rule(self) -> &'static str {
        match self {
            Self::Year => "the year, UTC",
            Self::Month => "the month, 1 to 12, UTC",
            Self::Day => "the day of the month, 1 to 31, UTC",
            Self::Weekday => "the day of the week, 1 for Monday to 7, UTC",
            Self::Hour => "the hour of the day, 0 to 23, UTC",
            Self::Weekend => "1 on Saturday and Sunday, UTC",
            Self::Holiday => "1 on the days given as holidays, UTC",
            Self::Elapsed => "days since the first instant of the training rows",
        }
    }

    /// The number; `holidays` ascend.
    pub(super) fn of(self, micros: i64, first_us: i64, holidays: &[Date]) -> f64 {
        if self == Self::Elapsed {
            return days_between(first_us, micros);
        }
        let Some(at) = civil(micros) else { return f64::NAN };
        let flag = |is: bool| f64::from(u8::from(is));
        match self {
            Self::Year => f64::from(at.year()),
            Self::Month => f64::from(at.month()),
            Self::Day => f64::from(at.day()),
            Self::Weekday => f64::from(at.weekday().to_monday_one_offset()),
            Self::Hour => f64::from(at.hour()),
            Self::Weekend => flag(matches!(at.weekday(), Weekday::Saturday | Weekday::Sunday)),
            Self::Holiday => flag(holidays.binary_search(&at.date()).is_ok()),
            Self::Elapsed => f64::NAN,
        }
    }
}

/// Days from one instant to another, with their fraction.
pub(super) fn days_between(from_us: i64, to_us: i64) -> f64 {
    (i128::from(to_us) - i128::from(from_us)) as f64 / DAY_US
}

/// The calendar's day and clock in UTC; `None` beyond the years -9999 to 9999.
fn civil(micros: i64) -> Option<DateTime> {
    let at = jiff::Timestamp::from_microsecond(micros).ok()?;
    Some(Offset::UTC.to_datetime(at))
}
