//! Reading of series: a file by hand for each repair and each refusal, and series that are taken apart and read back.

use proptest::prelude::*;
use tracehound_forecast::reading::{
    Keep, Reading, Repair, Sample, Stamp, parse_value, read, step_of, time_of, time_text,
};
use tracehound_forecast::{ForecastError, Series, Step};

/// Rows as `time value`, a line each; a time of digits is a number.
fn rows(text: &str) -> Vec<Sample> {
    let row = |(index, line): (usize, &str)| {
        let (time, value) = line.trim().rsplit_once(' ').unwrap();
        let stamp = match time.parse() {
            Ok(number) => Stamp::Whole(number),
            Err(_) => Stamp::Text(time.to_owned()),
        };
        Sample { stamp, value: parse_value(value, index).unwrap() }
    };
    text.trim().lines().enumerate().map(row).collect()
}

#[track_caller]
fn check(text: &str, keep: Option<Keep>, start: &str, step: Step, values: &str, repairs: &[&str]) {
    let Reading { series, repairs: found, rows: n } = read(&rows(text), keep).unwrap();
    let shown: Vec<String> = series.values.iter().map(f64::to_string).collect();
    let found: Vec<String> = found.iter().map(Repair::to_string).collect();
    assert_eq!(
        (time_text(series.start_s).as_str(), series.step, shown.join(" ").as_str(), n),
        (start, step, values, text.trim().lines().count())
    );
    assert_eq!(found, repairs);
}

#[track_caller]
fn refused(text: &str, message: &str, hint: &str) {
    let error = read(&rows(text), None).unwrap_err();
    assert!(error.to_string().contains(message), "{error}");
    assert!(error.hint().contains(hint), "{}", error.hint());
}

const HOUR: Step = Step::Seconds(3_600);
const START: &str = "2020-05-14T00:00:00Z";

#[test]
fn units_are_told_by_size_and_the_newest_may_come_first() {
    let mixed = "1589421600 3\n1589418000000 2\n1589414400000000 1";
    let units = "times are seconds in 1 rows, milliseconds in 1 rows, microseconds in 1 rows (units by their size)";
    let turned = "the newest row came first: the order was turned";
    check(mixed, None, START, HOUR, "1 2 3", &[units, turned]);
    let nanos = "1589414400000000000 1\n1589418000000000000 2\n2020-05-14T02:00:00Z 4";
    let units = "times are nanoseconds in 2 rows, text in 1 rows (units by their size)";
    check(nanos, None, START, HOUR, "1 2 4", &[units]);
}

#[test]
fn repeats_are_dropped_where_they_agree_and_ruled_on_where_not() {
    let zone = "4 times without zone were read as UTC";
    let same = "2020-05-14 00:00 1\n2020-05-14 01:00 2\n2020-05-14 01:00 2\n2020-05-14 02:00 3";
    let dropped =
        "1 rows repeat time and value of another and were dropped, first 2020-05-14T01:00:00Z";
    check(same, None, START, HOUR, "1 2 3", &[zone, dropped]);
    let other = "2020-05-14 00:00 1\n2020-05-14 01:00 2\n2020-05-14 01:00 6\n2020-05-14 02:00 3";
    refused(other, "two rows of 2020-05-14T01:00:00Z say 2 and 6", "clocks repeat");
    let rules = [
        (Keep::First, "the first counts", "1 2 3"),
        (Keep::Last, "the last counts", "1 6 3"),
        (Keep::Mean, "their mean counts", "1 4 3"),
    ];
    for (keep, rule, values) in rules {
        let merged =
            format!("1 rows contradict another of their time ({rule}), first 2020-05-14T01:00:00Z");
        check(other, Some(keep), START, HOUR, values, &[zone, &merged]);
    }
    let zoned = "1589414400 1\n1589418000 2\n1589418000 NULL\n1589421600 3";
    refused(zoned, "say 2 and NaN", "keep the first");
}

/// Columns of instants have lost their zone: midnights of Berlin around a change of its clock, and firsts of months.
#[test]
fn days_and_months_of_a_zone_are_known_without_it() {
    let instants = |times: &[&str]| -> Vec<Sample> {
        let micros = |time: &str| time.parse::<jiff::Timestamp>().unwrap().as_microsecond();
        let row = |(at, time): (usize, &&str)| Sample {
            stamp: Stamp::Micros(micros(time)),
            value: at as f64,
        };
        times.iter().enumerate().map(row).collect()
    };
    let first = |samples: &[Sample]| {
        let series = read(samples, None).unwrap().series;
        (time_of(&series, 0).map(time_text).unwrap(), series.step)
    };
    let days = ["2024-03-29T23:00Z", "2024-03-30T23:00Z", "2024-03-31T22:00Z", "2024-04-01T22:00Z"];
    let day = Step::Seconds(86_400);
    assert_eq!(first(&instants(&days)), ("2024-03-30T00:00:00Z".to_owned(), day));
    let months =
        ["2024-01-31T23:00Z", "2024-02-29T23:00Z", "2024-03-31T22:00Z", "2024-04-30T22:00Z"];
    assert_eq!(first(&instants(&months)), ("2024-02-01T00:00:00Z".to_owned(), Step::Months(1)));
    // Noon could be of two dates, and hours are no days.
    let noon = ["2024-03-29T12:00Z", "2024-03-30T12:00Z", "2024-03-31T11:00Z", "2024-04-01T11:00Z"];
    assert!(read(&instants(&noon), None).is_err());
    let hours = ["2024-03-29T00:00Z", "2024-03-29T01:00Z", "2024-03-29T02:00Z"];
    assert_eq!(first(&instants(&hours)), ("2024-03-29T00:00:00Z".to_owned(), HOUR));
    let written = "2024-02-01T00:00+01:00 1\n2024-03-01T00:00+01:00 2\n2024-04-01T00:00+01:00 3";
    let local = "3 days of a zone that moves its clock stand for their local date";
    check(written, None, "2024-02-01T00:00:00Z", Step::Months(1), "1 2 3", &[local]);
}

#[test]
fn texts_of_times_as_programs_write_them() {
    let zone = "3 times without zone were read as UTC";
    check(
        "2015-01 1\n2015-02 2\n2015-03 3",
        None,
        "2015-01-01T00:00:00Z",
        Step::Months(1),
        "1 2 3",
        &[zone],
    );
    for zone in [" UTC", "+00", " +00", "Z"] {
        let row = |hour: usize| Sample {
            stamp: Stamp::Text(format!("2024-05-01 0{hour}:00:00{zone}")),
            value: hour as f64,
        };
        let series = read(&[row(1), row(2), row(3)], None).unwrap().series;
        assert_eq!((series.start_s, series.step), (1_714_525_200, HOUR), "{zone}");
    }
}

/// One fault among loads is told and kept; a temperature, often below 0, is none.
#[test]
fn a_few_values_below_0_are_told() {
    let text = |below: usize| -> Vec<Sample> {
        let value = |hour: usize| if hour < below { -5.0 } else { hour as f64 };
        let stamp =
            |hour: usize| Stamp::Whole(1_589_414_400 + 3_600 * i64::try_from(hour).unwrap());
        (0..21).map(|hour| Sample { stamp: stamp(hour), value: value(hour) }).collect()
    };
    let told = |below: usize| {
        let Reading { series, repairs, .. } = read(&text(below), None).unwrap();
        assert_eq!(series.values.iter().filter(|value| **value < 0.0).count(), below);
        repairs.iter().map(Repair::to_string).find(|repair| repair.contains("below 0"))
    };
    let words = format!("1 values are below 0, which no load is, and were kept, first {START}");
    assert_eq!((told(0), told(1), told(2)), (None, Some(words), None));
}

#[test]
fn gaps_stay_missing_and_clocks_put_forward_are_seen() {
    let spring = "2024-03-31 00:00 1\n2024-03-31 01:00 2\n2024-03-31 03:00 4\n2024-03-31 04:00 na\n2024-03-31 05:00 6";
    let repairs = [
        "5 times without zone were read as UTC",
        "1 rows have no value",
        "1 steps have no row and are missing (1 gaps, the longest of 1 steps), first 2024-03-31T02:00:00Z",
        "1 gaps of one hour at night in times without zone look like clocks put forward, first 2024-03-31T02:00:00Z",
    ];
    check(spring, None, "2024-03-31T00:00:00Z", HOUR, "1 2 NaN 4 NaN 6", &repairs);
    let zoned = "2024-03-31T01:00+01:00 2\n2024-03-31T03:00+02:00 3\n2024-03-31T04:00+02:00 4";
    check(zoned, None, "2024-03-31T00:00:00Z", HOUR, "2 3 4", &[]);
    let days = "2024-03-30T00:00+01:00 2\n2024-03-31T00:00+01:00 3\n2024-04-01T00:00+02:00 4";
    let local = "3 days of a zone that moves its clock stand for their local date";
    check(days, None, "2024-03-30T00:00:00Z", Step::Seconds(86_400), "2 3 4", &[local]);
}

#[test]
fn months_are_calendar_steps() {
    let zone = "3 times without zone were read as UTC";
    let starts = "2024-01-01 1\n2024-02-01 2\n2024-03-01 3";
    check(starts, None, "2024-01-01T00:00:00Z", Step::Months(1), "1 2 3", &[zone]);
    let ends = "2024-02-29 2\n2024-01-31 1\n2024-04-30 4\n2024-03-31 3";
    let found = [
        "4 times without zone were read as UTC",
        "2 rows are older than the one before: rows were sorted by time",
        "4 ends of months stand for their month",
    ];
    check(ends, None, "2024-01-01T00:00:00Z", Step::Months(1), "1 2 3 4", &found);
    let series = Series { start_s: 1_704_067_200, step: Step::Months(3), values: Vec::new() };
    assert_eq!(time_of(&series, 5).map(time_text).as_deref(), Some("2025-04-01T00:00:00Z"));
}

#[test]
fn what_could_mean_two_things_is_refused() {
    refused("1949 1\n1950 2\n1951 3", "row 1: \"1949\"", "repair the row");
    refused("20240101 1\n20240102 2\n20240103 3", "year or a day", "repair");
    refused("yesterday 1", "row 1: \"yesterday\", expected a time", "repair");
    refused("1589414400500 1", "whole seconds", "repair");
    refused("2024-01-01T00:00Z 1\n2024-01-02 2", "without zone among", "repair");
    refused("1589414400 1\n1589418000 2", "needs 3 values, the series has 2", "longer");
    refused("1589414400 1\n1589418000 1\n1589421600 1", "every value is 1", "constant");
    refused("1589414400 1\n1589418000 2\n1589421600 3\n1589421700 4", "1 of 4 times", "by hour");
    refused("1589414400 1\n1589414401 2\n99999999999 3", "are spread over", "by hour");
    refused("", "needs 3 values", "longer");
    let sample = Sample { stamp: Stamp::Whole(1_589_414_400), value: f64::INFINITY };
    assert!(matches!(read(&[sample], None), Err(ForecastError::Value { index: 0, .. })));
    assert!(parse_value("inf", 0).is_err() && parse_value("1,5", 4).is_err());
    let step = |word: &str, expected| assert_eq!(step_of(word).ok(), expected, "{word}");
    step("H", Some(HOUR));
    step("15min", Some(Step::Seconds(900)));
    step("QS", Some(Step::Months(3)));
    for bad in ["", "0h", "99999999999h", "4294967295D", "fortnight"] {
        step(bad, None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A series that is shuffled, thinned and written in milliseconds is read back.
    #[test]
    fn a_series_is_read_back(
        values in prop::collection::vec(-5_i32..5, 12..60),
        step in prop::sample::select(vec![60_u32, 300, 3_600, 86_400, 604_800]),
        order in any::<u64>(),
        gone in 4_usize..8,
    ) {
        prop_assume!(values.iter().any(|value| *value != values[0]));
        let n = values.len();
        // The place after 3 steps is left out: fewer than half of the differences are not the step.
        let stays = |t: usize| t == 0 || t == n - 1 || t % gone != 3;
        let mut samples: Vec<Sample> = (0..n).filter(|t| stays(*t)).map(|t| Sample {
            stamp: Stamp::Whole((1_589_414_460 + t as i64 * i64::from(step)) * 1_000),
            value: f64::from(values[t]),
        }).collect();
        let len = samples.len();
        samples.rotate_left(usize::try_from(order % len as u64).unwrap());
        prop_assume!((0..n).filter(|t| stays(*t)).any(|t| values[t] != values[0]));
        let series = read(&samples, None).unwrap().series;
        prop_assert_eq!((series.start_s, series.step), (1_589_414_460, Step::Seconds(step)));
        prop_assert_eq!(series.values.len(), n);
        for (t, value) in series.values.iter().enumerate() {
            let right = if stays(t) { *value == f64::from(values[t]) } else { value.is_nan() };
            prop_assert!(right, "step {}: {}", t, value);
        }
    }

    /// Nothing that comes makes it panic.
    #[test]
    fn nothing_panics(
        rows in prop::collection::vec((any::<i64>(), any::<f64>(), "[0-9T:+Z -]{0,20}", 0_u8..3), 0..12),
    ) {
        let sample = |(number, value, text, kind): (i64, f64, String, u8)| Sample {
            stamp: match kind { 0 => Stamp::Whole(number), 1 => Stamp::Micros(number), _ => Stamp::Text(text) },
            value,
        };
        let samples: Vec<Sample> = rows.into_iter().map(sample).collect();
        let _ = read(&samples, Some(Keep::Mean));
    }
}
