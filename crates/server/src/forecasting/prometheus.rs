//! The query API of Prometheus over what was measured and what is forecast, the future included.
//!
//! In: selectors, times. Out: the JSON of Prometheus' HTTP API v1. Source: its documentation; names of forecasts as in Grafana's
//! machine learning (`NAME:predicted{ml_forecast="yhat|yhat_lower|yhat_upper"}`). Departures: selectors only
//! (`matching`); a value holds until the next step, or 5 minutes, whichever is longer, so that hourly forecasts draw a line.
//! Cost: O(points log steps) a series. Checked against: Prometheus' own answers by hand (`tests/it/forecasts.rs`).

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::board::{Entry, now_s};
use super::matching::{Labels, Matcher, Query, query, selector};

/// Seconds for which a value holds at least.
const LOOKBACK_S: f64 = 300.0;
/// Points of an answer a series, at most; Prometheus has the same.
const POINTS_MAX: f64 = 11_000.0;

/// What is wrong, in the form of Prometheus.
#[derive(Debug)]
pub(super) struct Refused(String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = json!({ "status": "error", "errorType": "bad_data", "error": self.0 });
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    }
}

pub(super) type Answer = Result<Json<Value>, Refused>;

/// Fields of a query or a form; some come more than once.
pub(super) struct Fields(Vec<(String, String)>);

/// Samples of one name.
struct Samples<'a> {
    labels: Labels,
    /// Seconds and values, ascending.
    points: Points<'a>,
    lookback_s: f64,
}

/// Times and values, in order of time, where they are.
enum Points<'a> {
    /// Pairs.
    Pairs(&'a [(i64, f64)]),
    /// Times, and a value each.
    Path(&'a [i64], &'a [f64]),
}

impl Points<'_> {
    /// The last one at or before a time.
    fn last_at(&self, time: f64) -> Option<(i64, f64)> {
        match self {
            Self::Pairs(pairs) => {
                let after = pairs.partition_point(|(at, _)| *at as f64 <= time);
                pairs.get(after.checked_sub(1)?).copied()
            }
            Self::Path(times, values) => {
                let last = times.partition_point(|at| *at as f64 <= time).checked_sub(1)?;
                Some((*times.get(last)?, *values.get(last)?))
            }
        }
    }
}

fn success(data: Value) -> Answer {
    Ok(Json(json!({ "status": "success", "data": data })))
}

impl Fields {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, text)| text.as_str())
    }

    fn need(&self, name: &str) -> Result<&str, Refused> {
        self.get(name).ok_or_else(|| Refused(format!("the parameter {name:?} is missing")))
    }

    fn time(&self, name: &str) -> Result<Option<f64>, Refused> {
        self.get(name).map(|text| time(text).ok_or_else(|| invalid(name, text))).transpose()
    }

    /// Selectors of which one must match; none matches all.
    fn selectors(&self) -> Result<Vec<Vec<Matcher>>, Refused> {
        let of = self.0.iter().filter(|(field, _)| field == "match[]");
        of.map(|(_, text)| selector(text).map_err(Refused)).collect()
    }
}

fn invalid(name: &str, text: &str) -> Refused {
    Refused(format!("invalid parameter {name:?}: cannot parse {text:?}"))
}

/// Seconds since 1970, or RFC 3339.
fn time(text: &str) -> Option<f64> {
    let seconds = || text.parse::<f64>().ok().filter(|seconds| seconds.is_finite());
    let stamp = || text.parse::<jiff::Timestamp>().ok();
    seconds().or_else(|| Some(stamp()?.as_millisecond() as f64 / 1e3))
}

/// Seconds, or a duration as `30s`, `5m`, `1h30m`.
pub(super) fn step(text: &str) -> Option<f64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Some(seconds);
    }
    let (mut rest, mut sum) = (text, 0.0);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let number: f64 = rest[..end].parse().ok()?;
        let units = [
            ("ms", 1e-3),
            ("s", 1.0),
            ("m", 60.0),
            ("h", 3_600.0),
            ("d", 86_400.0),
            ("w", 604_800.0),
        ];
        let (unit, seconds) = units.iter().find(|(unit, _)| rest[end..].starts_with(unit))?;
        (sum, rest) = (sum + number * seconds, &rest[end + unit.len()..]);
    }
    (!text.is_empty()).then_some(sum)
}

/// All series with their samples: what was measured, the expected value, and bounds a level.
fn all(entries: &[Entry]) -> Vec<Samples<'_>> {
    let mut all = Vec::new();
    for entry in entries {
        let live = &entry.live;
        let label = |name: &str, more: &[(&str, String)]| -> Labels {
            let pairs = [("__name__", name.to_owned()), ("series", entry.series.clone())];
            let more = more.iter().map(|(label, text)| (*label, text.clone()));
            pairs.into_iter().chain(more).map(|(label, text)| (label.to_owned(), text)).collect()
        };
        let gap = live.times_s.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
        let lookback_s = LOOKBACK_S.max(gap as f64);
        let mut push = |labels, points| all.push(Samples { labels, points, lookback_s });
        push(label(&entry.metric, &[]), Points::Pairs(&live.measured));
        let predicted = format!("{}:predicted", entry.metric);
        let expected = Points::Path(&live.times_s, &live.answer.mean);
        push(label(&predicted, &[("ml_forecast", "yhat".to_owned())]), expected);
        for bounds in &live.answer.bounds {
            let level = (bounds.level / 100.0).to_string();
            for (side, values) in [("yhat_lower", &bounds.lower), ("yhat_upper", &bounds.upper)] {
                let more = [("ml_forecast", side.to_owned()), ("level", level.clone())];
                push(label(&predicted, &more), Points::Path(&live.times_s, values));
            }
        }
    }
    all
}

impl Samples<'_> {
    fn matches(&self, matchers: &[Matcher]) -> bool {
        matchers.iter().all(|matcher| matcher.matches(&self.labels))
    }

    /// The value that holds at a time.
    fn at(&self, time: f64) -> Option<f64> {
        let (at, value) = self.points.last_at(time)?;
        (time - (at as f64) < self.lookback_s).then_some(value)
    }
}

fn sample(time: f64, value: f64) -> Value {
    json!([time, crate::exposition::number(value)])
}

/// `/api/v1/query`.
pub(super) fn instant(entries: &[Entry], fields: &Fields) -> Answer {
    let time = match fields.time("time")? {
        Some(time) => time,
        None => now_s() as f64,
    };
    match query(fields.need("query")?).map_err(Refused)? {
        Query::Number(number) => {
            success(json!({ "resultType": "scalar", "result": sample(time, number) }))
        }
        Query::Series(matchers) => {
            let found = all(entries).into_iter().filter(|series| series.matches(&matchers));
            let result = found.filter_map(|series| {
                let value = series.at(time)?;
                Some(json!({ "metric": series.labels, "value": sample(time, value) }))
            });
            success(json!({ "resultType": "vector", "result": result.collect::<Vec<_>>() }))
        }
    }
}

/// `/api/v1/query_range`.
pub(super) fn range(entries: &[Entry], fields: &Fields) -> Answer {
    let need = |name: &str| -> Result<f64, Refused> {
        let text = fields.need(name)?;
        time(text).ok_or_else(|| invalid(name, text))
    };
    let (start, end) = (need("start")?, need("end")?);
    let text = fields.need("step")?;
    let step = step(text).filter(|step| *step > 0.0 && step.is_finite());
    let step = step.ok_or_else(|| invalid("step", text))?;
    if end < start {
        return Err(Refused("end timestamp must not be before start time".to_owned()));
    }
    let n = ((end - start) / step).floor();
    if n >= POINTS_MAX {
        return Err(Refused(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
                .to_owned(),
        ));
    }
    let times = move || {
        let counts = (0..=11_000_u32).map(f64::from).take_while(move |at| *at <= n);
        counts.map(move |at| start + at * step)
    };
    let matrix: Vec<Value> = match query(fields.need("query")?).map_err(Refused)? {
        Query::Number(number) => {
            let values: Vec<Value> = times().map(|time| sample(time, number)).collect();
            vec![json!({ "metric": {}, "values": values })]
        }
        Query::Series(matchers) => {
            let found = all(entries).into_iter().filter(|series| series.matches(&matchers));
            let lines = found.filter_map(|series| {
                let values: Vec<Value> =
                    times().filter_map(|time| Some(sample(time, series.at(time)?))).collect();
                (!values.is_empty()).then(|| json!({ "metric": series.labels, "values": values }))
            });
            lines.collect()
        }
    };
    success(json!({ "resultType": "matrix", "result": matrix }))
}

/// Labels of all series that one of the selectors matches.
fn matched(entries: &[Entry], fields: &Fields) -> Result<Vec<Labels>, Refused> {
    let selectors = fields.selectors()?;
    let wanted = |series: &Samples<'_>| {
        selectors.is_empty() || selectors.iter().any(|matchers| series.matches(matchers))
    };
    Ok(all(entries).into_iter().filter(wanted).map(|series| series.labels).collect())
}

/// `/api/v1/series`.
pub(super) fn series(entries: &[Entry], fields: &Fields) -> Answer {
    if fields.selectors()?.is_empty() {
        return Err(Refused("no match[] parameter provided".to_owned()));
    }
    success(json!(matched(entries, fields)?))
}

/// `/api/v1/labels`.
pub(super) fn labels(entries: &[Entry], fields: &Fields) -> Answer {
    let all = matched(entries, fields)?;
    let names: BTreeSet<&String> = all.iter().flat_map(|labels| labels.keys()).collect();
    success(json!(names))
}

/// `/api/v1/label/NAME/values`.
pub(super) fn values(entries: &[Entry], label: &str, fields: &Fields) -> Answer {
    let all = matched(entries, fields)?;
    let values: BTreeSet<&String> = all.iter().filter_map(|labels| labels.get(label)).collect();
    success(json!(values))
}

/// `/api/v1/metadata`.
pub(super) fn metadata(entries: &[Entry]) -> Answer {
    let gauge = |help: String| json!([{ "type": "gauge", "help": help, "unit": "" }]);
    let mut all: BTreeMap<String, Value> = BTreeMap::new();
    for entry in entries {
        all.insert(entry.metric.clone(), gauge(format!("{}, as it was measured.", entry.series)));
        let help = format!("Forecast of {} by {}.", entry.series, entry.live.answer.method);
        all.insert(format!("{}:predicted", entry.metric), gauge(help));
    }
    success(json!(all))
}

/// `/api/v1/status/buildinfo`.
pub(super) fn build() -> Answer {
    success(json!({ "application": "tracehound", "version": engine::CODE_VERSION }))
}

#[cfg(test)]
mod tests {
    use super::{step, time};

    #[test]
    fn times_and_steps_are_read_as_prometheus_writes_them() {
        assert_eq!(time("1700000000.5"), Some(1_700_000_000.5));
        assert_eq!(time("2023-11-14T22:13:20Z"), Some(1_700_000_000.0));
        assert_eq!(time("2023-11-14T22:13:20.250+00:00"), Some(1_700_000_000.25));
        assert_eq!((time("now"), time("inf")), (None, None));
        assert_eq!(
            (step("15"), step("1h30m"), step("250ms")),
            (Some(15.0), Some(5_400.0), Some(0.25))
        );
        assert_eq!((step(""), step("h"), step("5"), step("5x")), (None, None, Some(5.0), None));
    }
}
