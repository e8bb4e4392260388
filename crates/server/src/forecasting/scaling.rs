//! Values for autoscalers: plain JSON (KEDA's metrics API), and the external metrics of Kubernetes.
//!
//! In: a series, a distance, a quantile. Out: one number. A stale forecast is no reason to scale: then the last value that was
//! measured is answered, and `source` says so; where that is too old, too, there is no answer, for an unknown is not guessed.
//! Source: KEDA's metrics-api scaler; k8s.io/metrics external_metrics v1beta1.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Serving;
use super::board::{Entry, Standing, now_s};
use super::gauges::{distance, reach_s};
use super::prometheus::step;
use crate::exposition::Exposition;
use crate::fault::Fault;

/// The metric of the Kubernetes API.
pub(super) const METRIC: &str = "load_forecast_peak";

/// What is asked for.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Asked {
    series: Option<String>,
    horizon: Option<String>,
    quantile: Option<String>,
}

impl Asked {
    /// From pairs of a query, or of a label selector.
    pub(super) fn of(pairs: impl Iterator<Item = (String, String)>) -> Result<Self, Fault> {
        let mut asked = Self::default();
        for (name, text) in pairs {
            let field = match name.as_str() {
                "series" => &mut asked.series,
                "horizon" => &mut asked.horizon,
                "quantile" => &mut asked.quantile,
                _ => {
                    return Err(Fault::malformed(format!(
                        "{name:?} is nothing that is asked for here"
                    ))
                    .hinted("ask by series, horizon and quantile"));
                }
            };
            *field = Some(text);
        }
        Ok(asked)
    }

    /// From `series=load,horizon=1h`.
    pub(super) fn of_selector(text: &str) -> Result<Self, Fault> {
        let pair = |part: &str| {
            let pair = part.split_once("==").or_else(|| part.split_once('='));
            let pair = pair.filter(|(name, _)| !name.ends_with('!'));
            let pair = pair.map(|(name, text)| (name.trim().to_owned(), text.trim().to_owned()));
            pair.ok_or_else(|| {
                Fault::malformed(format!("{part:?} is no selector that is read here"))
                    .hinted("write labelSelector=series=NAME,horizon=1h,quantile=0.9")
            })
        };
        let parts = text.split(',').filter(|part| !part.trim().is_empty());
        Self::of(parts.map(pair).collect::<Result<Vec<_>, _>>()?.into_iter())
    }
}

/// One number with what it is.
#[derive(Debug)]
pub(super) struct Scaled {
    entry: Entry,
    value: f64,
    horizon: String,
    quantile: f64,
    is_forecast: bool,
    /// When it was asked for, seconds since 1970 UTC.
    at_s: i64,
}

/// How often values came from where.
#[derive(Debug, Default)]
pub(super) struct Answers {
    forecast: AtomicU64,
    measured: AtomicU64,
    none: AtomicU64,
}

impl Answers {
    fn count(&self, is_forecast: Option<bool>) {
        let counter = match is_forecast {
            Some(true) => &self.forecast,
            Some(false) => &self.measured,
            None => &self.none,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn write(&self, text: &mut Exposition) {
        let name = "forecast_scaling_answers";
        text.family(name, "counter", "Values for autoscalers, by where they came from.");
        let of = [("forecast", &self.forecast), ("measured", &self.measured), ("none", &self.none)];
        for (source, count) in of {
            let count = count.load(Ordering::Relaxed) as f64;
            text.sample(&format!("{name}_total"), &[("source", source)], count);
        }
    }
}

impl Serving {
    /// An answer to somebody: as [`Serving::seen`], and counted.
    pub(super) fn scaled(&self, asked: &Asked) -> Result<Scaled, Fault> {
        let seen = self.seen(asked);
        match &seen {
            Ok(scaled) => self.answers.count(Some(scaled.is_forecast)),
            Err(fault) if fault.status == StatusCode::SERVICE_UNAVAILABLE => {
                self.answers.count(None);
            }
            Err(_) => {}
        }
        seen
    }

    /// The largest value that is forecast up to the horizon, if not said all of it, of the highest quantile, if not said which;
    /// the last one that was measured where that is stale.
    pub(super) fn seen(&self, asked: &Asked) -> Result<Scaled, Fault> {
        let entry = self.one(asked.series.as_deref())?;
        let live = &entry.live;
        let all = reach_s(&entry);
        let (ahead, horizon) = match &asked.horizon {
            None => (all, distance(all)),
            Some(text) => {
                let ahead = seconds(text).filter(|ahead| live.step_at(*ahead).is_some());
                let ahead = ahead.ok_or_else(|| {
                    Fault::missing(format!("the horizon {text:?} is none of this forecast"))
                        .hinted(format!("write 90s, 15m, 6h or 2d, up to {}", distance(all)))
                })?;
                (ahead, text.clone())
            }
        };
        let quantiles: Vec<String> =
            live.quantiles.iter().map(|path| path.quantile.to_string()).collect();
        let quantile = match &asked.quantile {
            None => live.quantiles.iter().map(|path| path.quantile).reduce(f64::max),
            Some(text) => text.parse().ok(),
        };
        let found = quantile.and_then(|quantile| Some((quantile, live.ahead(quantile, ahead)?.1)));
        let (quantile, peak) = found.ok_or_else(|| {
            let asked = asked.quantile.as_deref().unwrap_or_default();
            Fault::missing(format!("quantile {asked:?} is not forecast"))
                .hinted(format!("quantiles: {}", quantiles.join(", ")))
        })?;
        let now = now_s();
        let (value, is_forecast) = match (self.board.standing(&entry, now), entry.latest) {
            (Standing::Fresh, _) => (peak, true),
            (Standing::Stale, Some((_, value))) => (value, false),
            _ => {
                let what = match entry.age_s(now) {
                    Some(age) if age < 0 => {
                        format!("{}: its last value lies {} s ahead", entry.series, -age)
                    }
                    Some(age) => format!("{}: its last value is {age} s old", entry.series),
                    None => format!("{}: nothing was measured", entry.series),
                };
                return Err(Fault::new(StatusCode::SERVICE_UNAVAILABLE, what)
                    .hinted("scale by what is known elsewhere until its source is back"));
            }
        };
        Ok(Scaled { entry, value, horizon, quantile, is_forecast, at_s: now })
    }

    /// The series of that name; without one, the only one.
    fn one(&self, series: Option<&str>) -> Result<Entry, Fault> {
        let names = || {
            let entries = self.board.entries();
            let names: Vec<String> = entries.into_iter().map(|entry| entry.series).collect();
            format!("series: {}", names.join(", "))
        };
        match series {
            Some(series) => self.board.entry(series).ok_or_else(|| {
                Fault::missing(format!("no series is named {series:?}")).hinted(names())
            }),
            None => {
                let mut entries = self.board.entries();
                match entries.len() {
                    1 => Ok(entries.remove(0)),
                    n => Err(Fault::malformed(format!("which of {n} series?")).hinted(names())),
                }
            }
        }
    }
}

impl Scaled {
    pub(super) fn value(&self) -> f64 {
        self.value
    }

    fn source(&self) -> &'static str {
        if self.is_forecast { "forecast" } else { "measured" }
    }

    /// Where the value came from, for metadata of an answer.
    pub(super) fn told(&self) -> [(&'static str, String); 5] {
        let live = &self.entry.live;
        let age_s = self.entry.age_s(self.at_s).unwrap_or_default();
        [
            ("tracehound-source", self.source().to_owned()),
            ("tracehound-series", self.entry.series.clone()),
            ("tracehound-method", live.answer.method.clone()),
            ("tracehound-origin", stamp(live.origin_s)),
            ("tracehound-age-seconds", age_s.to_string()),
        ]
    }

    /// For KEDA's metrics API (`valueLocation: value`) and people.
    pub(super) fn json(&self) -> Value {
        json!({
            "value": self.value,
            "series": self.entry.series,
            "horizon": self.horizon,
            "quantile": self.quantile,
            "source": self.source(),
            "method": self.entry.live.answer.method,
            "origin": stamp(self.entry.live.origin_s),
        })
    }

    /// An `ExternalMetricValueList`.
    pub(super) fn external(&self, metric: &str) -> Result<Value, Fault> {
        if metric != METRIC {
            return Err(Fault::missing(format!("no external metric is named {metric:?}"))
                .hinted(format!("the metric is {METRIC}")));
        }
        Ok(json!({
            "kind": "ExternalMetricValueList",
            "apiVersion": "external.metrics.k8s.io/v1beta1",
            "metadata": {},
            "items": [{
                "metricName": METRIC,
                "metricLabels": {
                    "series": self.entry.series,
                    "horizon": self.horizon,
                    "quantile": self.quantile.to_string(),
                    "source": self.source(),
                },
                "timestamp": stamp(now_s()),
                "value": quantity(self.value),
            }],
        }))
    }
}

/// What the API server asks before it asks for values.
pub(super) fn resources() -> Value {
    json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": "external.metrics.k8s.io/v1beta1",
        "resources": [{
            "name": METRIC,
            "singularName": "",
            "namespaced": true,
            "kind": "ExternalMetricValueList",
            "verbs": ["get"],
        }],
    })
}

/// A quantity of Kubernetes: thousandths, rounded up, for an autoscaler that has too little must not round it away.
fn quantity(value: f64) -> String {
    format!("{:.0}m", (value * 1e3).ceil() + 0.0)
}

/// RFC 3339.
pub(super) fn stamp(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

/// `90s`, `15m`, `6h`, `2d`, or seconds: whole ones, as times of a series are.
#[expect(clippy::cast_possible_truncation, reason = "whole, and far within i64")]
fn seconds(text: &str) -> Option<i64> {
    let whole = |seconds: &f64| seconds.fract() == 0.0 && (0.0..1e15).contains(seconds);
    step(text).filter(whole).map(|seconds| seconds as i64)
}

#[cfg(test)]
mod tests {
    use super::{Asked, quantity, seconds};

    #[test]
    fn selectors_distances_and_quantities_are_read_and_written() {
        let asked = Asked::of_selector("series=load,horizon==1h").map_err(|fault| fault.what);
        let expected = Asked {
            series: Some("load".to_owned()),
            horizon: Some("1h".to_owned()),
            quantile: None,
        };
        assert_eq!(asked, Ok(expected));
        assert!(Asked::of_selector("series!=load").is_err());
        assert!(Asked::of_selector("pod=x").is_err());
        assert_eq!(
            (seconds("90"), seconds("2d"), seconds("0.5"), seconds("")),
            (Some(90), Some(172_800), None, None)
        );
        assert_eq!(
            (quantity(1.5), quantity(0.0001), quantity(-0.0)),
            ("1500m".to_owned(), "1m".to_owned(), "0m".to_owned())
        );
    }
}
