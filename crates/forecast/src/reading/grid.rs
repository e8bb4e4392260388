//! The step of times, and values laid on it.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::Repair;
use crate::{ForecastError, Series, Step};

/// Steps a row, beyond the first thousand, that a series may have: more would be nearly all gaps.
const STEPS_PER_ROW_MAX: usize = 100;
const DAY_S: i64 = 86_400;

/// A time as RFC 3339, UTC.
pub fn time_text(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| format!("{seconds} s"), |time| time.to_string())
}

/// The time of value `index` of a series, seconds since 1970 UTC; `None` beyond the calendar.
pub fn time_of(series: &Series, index: usize) -> Option<i64> {
    let index = i64::try_from(index).ok()?;
    match series.step {
        Step::Seconds(seconds) => index.checked_mul(seconds.into())?.checked_add(series.start_s),
        Step::Months(months) => {
            let start = civil(series.start_s)?;
            let ahead = jiff::Span::new().try_months(index.checked_mul(months.into())?).ok()?;
            let time = start.checked_add(ahead).ok()?;
            Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
        }
    }
}

fn civil(seconds: i64) -> Option<jiff::civil::DateTime> {
    Some(jiff::Timestamp::from_second(seconds).ok()?.to_zoned(TimeZone::UTC).datetime())
}

/// Lays distinct ascending times on the grid of their most frequent difference.
pub(super) fn lay(
    timed: &[(i64, f64)],
    local: bool,
    repairs: &mut Vec<Repair>,
) -> Result<Series, ForecastError> {
    let (step, start_s, places) = match months(timed, repairs) {
        Some(found) => found,
        None => seconds(timed)?,
    };
    let steps = 1 + *places.last().expect("three times at least were asked for");
    if steps > 1_000 + STEPS_PER_ROW_MAX * timed.len() {
        return Err(ForecastError::Irregular {
            what: format!("{} times are spread over {steps} steps", timed.len()),
        });
    }
    let mut values = vec![f64::NAN; steps];
    for (place, (_, value)) in places.iter().zip(timed) {
        values[*place] = *value;
    }
    let series = Series { start_s, step, values };
    gaps(&series, &places, local, repairs);
    Ok(series)
}

/// The most frequent number, the smallest of several.
fn most_frequent(numbers: impl Iterator<Item = i64>) -> Option<i64> {
    let mut counts = BTreeMap::new();
    numbers.for_each(|number| *counts.entry(number).or_insert(0_usize) += 1);
    counts.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0))).map(|(number, _)| *number)
}

type Laid = (Step, i64, Vec<usize>);

/// Midnights of the first (or of the last) of months.
fn months(timed: &[(i64, f64)], repairs: &mut Vec<Repair>) -> Option<Laid> {
    let days: Option<Vec<_>> = timed.iter().map(|(time, _)| civil(*time)).collect();
    let days = days?;
    let midnight = days.iter().all(|day| day.time() == jiff::civil::Time::midnight());
    let starts = days.iter().all(|day| day.day() == 1);
    let ends = days.iter().all(|day| day.date() == day.date().last_of_month());
    if !midnight || !(starts || ends) {
        return None;
    }
    let number = |day: &jiff::civil::DateTime| i64::from(day.year()) * 12 + i64::from(day.month());
    let numbers: Vec<i64> = days.iter().map(number).collect();
    let step = most_frequent(numbers.windows(2).map(|pair| pair[1] - pair[0]))?;
    let place = |n: &i64| {
        let months = n - numbers[0];
        (months % step == 0).then(|| usize::try_from(months / step).ok()).flatten()
    };
    let places: Option<Vec<usize>> = numbers.iter().map(place).collect();
    let first = days[0].date().first_of_month().to_zoned(TimeZone::UTC).ok()?;
    let laid = (Step::Months(u32::try_from(step).ok()?), first.timestamp().as_second(), places?);
    if ends {
        repairs.push(Repair::MonthEnds { count: days.len() });
    }
    Some(laid)
}

fn seconds(timed: &[(i64, f64)]) -> Result<Laid, ForecastError> {
    let differences = timed.windows(2).map(|pair| pair[1].0.saturating_sub(pair[0].0));
    let step = most_frequent(differences).expect("three times at least were asked for");
    let offset = most_frequent(timed.iter().map(|(time, _)| time.rem_euclid(step)));
    let offset = offset.expect("three times at least were asked for");
    let off: Vec<i64> = timed
        .iter()
        .map(|(time, _)| *time)
        .filter(|time| time.rem_euclid(step) != offset)
        .collect();
    if let Some(first) = off.first() {
        return Err(ForecastError::Irregular {
            what: format!(
                "{} of {} times lie between the steps of {step} s that are most frequent, first {}",
                off.len(),
                timed.len(),
                time_text(*first)
            ),
        });
    }
    let far = |what: String| ForecastError::Irregular { what };
    let unit = u32::try_from(step).map_err(|_| far(format!("the step is {step} s")))?;
    let start = timed[0].0;
    let place = |(time, _): &(i64, f64)| {
        let steps = time.checked_sub(start).map(|apart| apart / step);
        steps.and_then(|steps| usize::try_from(steps).ok())
    };
    let places: Option<Vec<usize>> = timed.iter().map(place).collect();
    let places = places.ok_or_else(|| far("times are too far apart".to_owned()))?;
    Ok((Step::Seconds(unit), start, places))
}

/// Reports steps without a row.
fn gaps(series: &Series, places: &[usize], local: bool, repairs: &mut Vec<Repair>) {
    let runs: Vec<(usize, usize)> = places
        .windows(2)
        .filter(|pair| pair[1] > pair[0] + 1)
        .map(|pair| (pair[0] + 1, pair[1] - pair[0] - 1))
        .collect();
    let Some((first, _)) = runs.first() else { return };
    let text = |place: usize| time_text(time_of(series, place).unwrap_or(series.start_s));
    repairs.push(Repair::Gaps {
        steps: runs.iter().map(|(_, length)| length).sum(),
        runs: runs.len(),
        longest: runs.iter().map(|(_, length)| *length).max().unwrap_or(0),
        first: text(*first),
    });
    let Step::Seconds(step) = series.step else { return };
    // Clocks are put forward by an hour between midnight and three.
    let jump = |(place, length): &&(usize, usize)| {
        let at = time_of(series, *place).map(|time| time.rem_euclid(DAY_S));
        *length * step as usize == 3_600 && at.is_some_and(|clock| clock <= 3 * 3_600)
    };
    let jumps: Vec<&(usize, usize)> = runs.iter().filter(jump).collect();
    if let (true, Some((place, _))) = (local, jumps.first()) {
        repairs.push(Repair::DaylightSaving { count: jumps.len(), first: text(*place) });
    }
}
