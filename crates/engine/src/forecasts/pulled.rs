//! Series from a Prometheus: the answer of a `query_range`, or samples of a remote read.
//!
//! In: the body of the answer, or labels and samples as they were stored. Out: a series a time series of it, named by its labels.
//! What is no answer, or an infinite value, is an error; steps without a sample stay missing.
//! Source: the HTTP API of Prometheus, resultType matrix; PromQL's rule for a selector at a time: the latest sample of the
//! five minutes before, none after a marker of staleness. Departures: a NaN is a missing value, whatever its bits are.
//! Cost: O(samples). Checked against: a Prometheus asked both ways (`server/tests/it/prometheus.rs`), samples by hand.

use std::collections::BTreeMap;

use forecast::reading::{Sample, Stamp};
use serde::Deserialize;

use super::series::{LoadedSeries, Readings, SeriesOptions, of_samples};
use crate::Error;

/// How long a sample stands for the times after it, milliseconds.
const LOOKBACK_MS: i64 = 300_000;

/// Labels of a time series, `__name__` among them.
pub type SeriesLabels = BTreeMap<String, String>;

/// A time series as it was stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSeries {
    /// Its labels.
    pub labels: SeriesLabels,
    /// Milliseconds since 1970 UTC and values, in order of time.
    pub samples: Vec<(i64, f64)>,
}

/// Times at which series are read, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PulledTimes {
    /// The first, seconds since 1970 UTC.
    pub start_s: i64,
    /// The last, at most.
    pub end_s: i64,
    /// Seconds between two, at least 1.
    pub step_s: u32,
}

impl PulledTimes {
    /// The first and the last millisecond of samples that matter.
    pub fn range_ms(&self) -> (i64, i64) {
        let ms = |seconds: i64| seconds.saturating_mul(1_000);
        (ms(self.start_s).saturating_sub(LOOKBACK_MS), ms(self.end_s))
    }
}

#[derive(Deserialize)]
struct Answer {
    status: String,
    error: Option<String>,
    data: Option<Data>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    #[serde(default)]
    result: serde_json::Value,
}

#[derive(Deserialize)]
struct Matrix {
    metric: SeriesLabels,
    values: Vec<(f64, String)>,
}

const HINT: &str = "the query must give series over time, as `sum(rate(requests_total[5m]))` does";

fn refused(name: &str, what: impl std::fmt::Display) -> Error {
    Error::Question { what: format!("{name}: {what}"), hint: Some(HINT.to_owned()) }
}

/// The series of an answer of Prometheus, each for itself; `name` says whose it is.
///
/// # Errors
/// The answer is an error, no matrix, or empty.
pub fn series_of_prometheus(body: &[u8], name: &str) -> Result<Readings, Error> {
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|error| refused(name, format!("no answer of Prometheus: {error}")))?;
    if answer.status != "success" {
        return Err(refused(name, answer.error.unwrap_or(answer.status)));
    }
    let data = answer.data.ok_or_else(|| refused(name, "the answer has no data"))?;
    if data.result_type != "matrix" {
        return Err(refused(name, format!("the answer is a {}", data.result_type)));
    }
    let list: Vec<Matrix> =
        serde_json::from_value(data.result).map_err(|error| refused(name, error))?;
    if list.is_empty() {
        return Err(refused(name, "no series answers the query"));
    }
    let sha256 = crate::tabular::hash(body);
    Ok(list.into_iter().map(|matrix| (id(&matrix.metric), matrix.loaded(&sha256))).collect())
}

/// The series of a remote read at equal steps, as Prometheus itself would have answered the selector, each for itself: one with
/// samples out of order, an infinite value, or no value at any of the times is none. `name` says whose they are.
///
/// # Errors
/// No series.
pub fn series_of_stored(
    list: &[StoredSeries],
    times: &PulledTimes,
    name: &str,
) -> Result<Readings, Error> {
    if list.is_empty() {
        return Err(refused(name, "no series answers the query"));
    }
    let read = |stored: &StoredSeries| {
        let id = id(&stored.labels);
        (id.clone(), stored.loaded(times, id, name))
    };
    Ok(list.iter().map(read).collect())
}

impl StoredSeries {
    fn loaded(&self, times: &PulledTimes, id: String, name: &str) -> Result<LoadedSeries, Error> {
        if self.samples.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            return Err(refused(name, format!("{id}: its samples are out of order")));
        }
        let samples = self.at_steps(times);
        let mut bytes = Vec::with_capacity(16 * samples.len());
        for (time_s, value) in &samples {
            bytes.extend(time_s.to_le_bytes());
            bytes.extend(value.to_bits().to_le_bytes());
        }
        let micros = |(time_s, value): &(i64, f64)| Sample {
            stamp: Stamp::Micros(time_s.saturating_mul(1_000_000)),
            value: *value,
        };
        let samples: Vec<Sample> = samples.iter().map(micros).collect();
        let sha256 = crate::tabular::hash(&bytes);
        of_samples(&samples, &SeriesOptions::default(), id, sha256)
    }

    /// Times and values at the steps; steps without a value are left out.
    fn at_steps(&self, times: &PulledTimes) -> Vec<(i64, f64)> {
        let step = usize::try_from(times.step_s.max(1)).unwrap_or(usize::MAX);
        let mut next = 0;
        let mut found = Vec::new();
        for time_s in (times.start_s..=times.end_s).step_by(step) {
            let time = time_s.saturating_mul(1_000);
            while self.samples.get(next).is_some_and(|(at, _)| *at <= time) {
                next += 1;
            }
            let Some((at, value)) = next.checked_sub(1).map(|last| self.samples[last]) else {
                continue;
            };
            if at > time.saturating_sub(LOOKBACK_MS) && !value.is_nan() {
                found.push((time_s, value));
            }
        }
        found
    }
}

/// A name with its labels, as people write a selector.
fn id(labels: &SeriesLabels) -> String {
    let name = labels.get("__name__").map_or("", String::as_str);
    let others = labels.iter().filter(|(label, _)| *label != "__name__");
    let others: Vec<String> = others.map(|(label, text)| format!("{label}={text:?}")).collect();
    match (name, others.is_empty()) {
        ("", true) => "query".to_owned(),
        (name, true) => name.to_owned(),
        (name, false) => format!("{name}{{{}}}", others.join(",")),
    }
}

impl Matrix {
    fn loaded(self, sha256: &str) -> Result<LoadedSeries, Error> {
        let id = id(&self.metric);
        let sample = |(at, (time, text)): (usize, &(f64, String))| {
            let value: f64 = text.parse().map_err(|_| Error::Question {
                what: format!("{id}: sample {} is {text:?}", at + 1),
                hint: Some("a sample is a number".to_owned()),
            })?;
            Ok(Sample { stamp: stamp(*time), value })
        };
        let samples: Vec<Sample> =
            self.values.iter().enumerate().map(sample).collect::<Result<_, Error>>()?;
        of_samples(&samples, &SeriesOptions::default(), id.clone(), sha256.to_owned())
    }
}

/// Prometheus gives seconds, with milliseconds behind the point.
#[expect(clippy::cast_possible_truncation, reason = "milliseconds of any calendar are within i64")]
fn stamp(time: f64) -> Stamp {
    Stamp::Micros((time * 1e3).round() as i64 * 1_000)
}

#[cfg(test)]
mod tests {
    use super::{PulledTimes, SeriesLabels, StoredSeries, series_of_stored};

    #[test]
    fn a_step_has_the_latest_sample_of_five_minutes_and_none_after_a_marker() {
        let stale = f64::from_bits(0x7FF0_0000_0000_0002);
        let samples =
            vec![(0, 1.0), (59_000, 2.0), (61_000, 3.0), (120_000, stale), (600_000, 4.0)];
        let labels: SeriesLabels = [("__name__".to_owned(), "load".to_owned())].into();
        let stored = StoredSeries { labels, samples };
        let times = PulledTimes { start_s: 0, end_s: 960, step_s: 60 };
        let found = stored.at_steps(&times);
        let late = (10..15).map(|minute| (60 * minute, 4.0));
        let expected: Vec<(i64, f64)> = [(0, 1.0), (60, 2.0)].into_iter().chain(late).collect();
        assert_eq!(found, expected);
        let panel = series_of_stored(std::slice::from_ref(&stored), &times, "here");
        let mut panel = panel.expect("one series");
        let (id, read) = panel.remove(0);
        let read = read.expect("it can be read");
        assert_eq!((id.as_str(), read.series.values.len()), ("load", 15));
        assert_eq!(read.series.values.iter().filter(|value| value.is_nan()).count(), 8);
        let back = StoredSeries { samples: vec![(5, 1.0), (5, 2.0)], ..stored.clone() };
        let both = series_of_stored(&[back, stored], &times, "here").expect("two series");
        assert!(both[0].1.is_err() && both[1].1.is_ok(), "one that is none leaves the other");
        assert!(series_of_stored(&[], &times, "here").is_err());
    }
}
