//! Reads samples of a Prometheus as they were stored.
//!
//! In: a selector, times. Out: series with their samples. Departures: one request, answered whole; streamed chunks would spare the
//! Prometheus memory and cost a decoder of its chunks. Bytes are bounded before and after they are unpacked.
//! Checked against: a Prometheus, and what a `query_range` of it answers (`tests/it/prometheus.rs`).

use std::time::Duration;

use engine::forecasts::{PulledTimes, StoredSeries};

use super::super::matching::{Operator, Term};
use super::messages::{LabelMatcher, Query, ReadRequest, ReadResponse, packed, unpacked};
use crate::address::client;

/// Bytes of an answer once it is unpacked.
const PLAIN_BYTES_MAX: usize = 512 << 20;
/// Bytes of an answer as it comes.
const BYTES_MAX: u64 = 128 << 20;

/// Series that the terms match, over the times.
///
/// # Errors
/// In words why there is no answer, or what is wrong with it.
pub(in super::super) fn read(
    url: &str,
    terms: Vec<Term>,
    times: &PulledTimes,
    timeout: Duration,
) -> Result<Vec<StoredSeries>, String> {
    let (start_timestamp_ms, end_timestamp_ms) = times.range_ms();
    let matchers = terms.into_iter().map(matcher).collect();
    let query = Query { start_timestamp_ms, end_timestamp_ms, matchers };
    let body = packed(&ReadRequest { queries: vec![query] }).map_err(|error| error.to_string())?;
    let mut answer = client(timeout)
        .post(format!("{}/api/v1/read", url.trim_end_matches('/')))
        .header("content-type", "application/x-protobuf")
        .header("content-encoding", "snappy")
        .header("accept-encoding", "snappy")
        .header("x-prometheus-remote-read-version", "0.1.0")
        .send(&body[..])
        .map_err(|error| error.to_string())?;
    let status = answer.status();
    let body = answer.body_mut().with_config().limit(BYTES_MAX).read_to_vec();
    let body = body.map_err(|error| error.to_string())?;
    if !status.is_success() {
        let said: String = String::from_utf8_lossy(&body).trim().chars().take(300).collect();
        return Err(format!("{status}: {said}"));
    }
    let answer: ReadResponse = unpacked(&body, PLAIN_BYTES_MAX)
        .map_err(|error| format!("no answer of a remote read: {error}"))?;
    let series = answer.results.into_iter().flat_map(|result| result.timeseries);
    Ok(series
        .map(|series| StoredSeries {
            labels: series.labels.into_iter().map(|label| (label.name, label.value)).collect(),
            samples: series.samples.iter().map(|one| (one.timestamp, one.value)).collect(),
        })
        .collect())
}

fn matcher(term: Term) -> LabelMatcher {
    let kind = match term.operator {
        Operator::Is => 0,
        Operator::IsNot => 1,
        Operator::Like => 2,
        Operator::IsNotLike => 3,
    };
    LabelMatcher { kind, name: term.label, value: term.value }
}
