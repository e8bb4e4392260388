//! The calendar as indicators: known for all time.
//!
//! In: a grid of times. Out: hour of the day and day of the week as places on a circle, weekend, first of the month (UTC).
//! Source: none. Departures: no public holidays: markets of coins have none; give them as a series of your own.
//! Cost: O(n). Checked against: dates by hand (`tests/it/indicators.rs`).

use std::f64::consts::TAU;

use super::{Form, Indicator};

const DAY_S: i64 = 86_400;

/// Calendar terms at `start_s + i · step_s`.
pub fn calendar(start_s: i64, step_s: u32, n: usize) -> Vec<Indicator> {
    let times: Vec<i64> = (0_i64..).take(n).map(|i| start_s + i * i64::from(step_s)).collect();
    let of = |name: &str, value: &dyn Fn(i64) -> f64| Indicator {
        name: name.to_owned(),
        unit: "calendar".to_owned(),
        form: Form::Clock,
        known_from_s: start_s,
        step_s,
        values: times.iter().map(|time| value(*time)).collect(),
    };
    let day = |time: i64| time.rem_euclid(DAY_S) as f64 / DAY_S as f64 * TAU;
    // 1970-01-01 was a Thursday; Monday is 0.
    let weekday = |time: i64| (time.div_euclid(DAY_S) + 3).rem_euclid(7);
    let week = |time: i64| {
        let into = weekday(time) * DAY_S + time.rem_euclid(DAY_S);
        into as f64 / (7 * DAY_S) as f64 * TAU
    };
    let first = |time: i64| {
        let day = jiff::Timestamp::from_second(time).map(|t| t.to_zoned(jiff::tz::TimeZone::UTC));
        day.map_or(f64::NAN, |day| f64::from(u8::from(day.day() == 1)))
    };
    vec![
        of("hour of day (sine)", &|time| day(time).sin()),
        of("hour of day (cosine)", &|time| day(time).cos()),
        of("day of week (sine)", &|time| week(time).sin()),
        of("day of week (cosine)", &|time| week(time).cos()),
        of("weekend", &|time| f64::from(u8::from(weekday(time) >= 5))),
        of("first of month", &first),
    ]
}
