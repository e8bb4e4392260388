//! Series from the answer of a Prometheus to a `query_range`.
//!
//! In: the body of the answer. Out: a series a time series of it, named by its labels. What is no answer, or an infinite value,
//! is an error; steps without a sample stay missing. Source: the HTTP API of Prometheus, resultType matrix.

use forecast::reading::{Sample, Stamp};
use serde::Deserialize;

use super::series::{LoadedSeries, Panel, SeriesOptions, of_samples};
use crate::Error;

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
    metric: std::collections::BTreeMap<String, String>,
    values: Vec<(f64, String)>,
}

/// The series of an answer of Prometheus; `name` says whose it is.
///
/// # Errors
/// The answer is an error, no matrix, empty, or one of its series is none.
pub fn series_of_prometheus(body: &[u8], name: &str) -> Result<Panel, Error> {
    let question = |what: String, hint: &str| Error::Question { what, hint: Some(hint.to_owned()) };
    let hint = "the query must give series over time, as `sum(rate(requests_total[5m]))` does";
    let refused = |what: String| question(format!("{name}: {what}"), hint);
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|error| refused(format!("no answer of Prometheus: {error}")))?;
    if answer.status != "success" {
        return Err(refused(answer.error.unwrap_or(answer.status)));
    }
    let data = answer.data.ok_or_else(|| refused("the answer has no data".to_owned()))?;
    if data.result_type != "matrix" {
        return Err(refused(format!("the answer is a {}", data.result_type)));
    }
    let list: Vec<Matrix> =
        serde_json::from_value(data.result).map_err(|error| refused(error.to_string()))?;
    if list.is_empty() {
        return Err(refused("no series answers the query".to_owned()));
    }
    let sha256 = crate::tabular::hash(body);
    list.into_iter().map(|matrix| matrix.loaded(&sha256)).collect()
}

impl Matrix {
    fn id(&self) -> String {
        let name = self.metric.get("__name__").map_or("", String::as_str);
        let labels = self.metric.iter().filter(|(label, _)| *label != "__name__");
        let labels: Vec<String> = labels.map(|(label, text)| format!("{label}={text:?}")).collect();
        match (name, labels.is_empty()) {
            ("", true) => "query".to_owned(),
            (name, true) => name.to_owned(),
            (name, false) => format!("{name}{{{}}}", labels.join(",")),
        }
    }

    fn loaded(self, sha256: &str) -> Result<LoadedSeries, Error> {
        let id = self.id();
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
