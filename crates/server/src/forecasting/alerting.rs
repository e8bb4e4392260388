//! Alerts that a capacity will be reached, as an Alertmanager takes them.
//!
//! In: forecasts, a capacity. Out: one alert a series, sent again until it is over. What is a breach says
//! `LiveForecast::reaches`; here it is only kept apart from flicker: an alert is over when two readings in a row are clear.
//! Source: the Alertmanager's API v2. Labels are the identity of an alert, so what changes stands in annotations.
//! Checked against: an Alertmanager, where it is installed, and one of a few lines (`tests/it/forecasts.rs`).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::forecasts::Reach;
use serde_json::{Value, json};

use super::board::Entry;
use super::scaling::stamp;
use crate::exposition::Exposition;

/// Clear readings in a row after which an alert is over.
const CLEAR_READINGS: u32 = 2;
/// An alert that is not sent again for so many rounds ends by itself.
const ROUNDS_KEPT: i64 = 4;
/// How long the Alertmanager may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Who is told, and of what.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertOptions {
    /// The Alertmanager, such as `http://localhost:9093`; without, alerts are shown and not sent.
    pub url: Option<String>,
    /// What the platform carries, in units of the series.
    pub capacity: f64,
    /// Which quantile of the forecast must reach it; one of those that are forecast.
    pub quantile: f64,
    /// Time between two sendings of an alert that goes on.
    pub resend: Duration,
}

/// An alert that goes on, or was over a moment ago.
#[derive(Clone, Debug)]
struct Raised {
    since_s: i64,
    ended_s: Option<i64>,
    clear_readings: u32,
    reach: Reach,
    /// What made the forecast, and from what.
    basis: String,
}

#[derive(Debug, Default)]
struct Held {
    raised: BTreeMap<String, Raised>,
    failures: u64,
}

/// Alerts of all series.
#[derive(Debug)]
pub(super) struct Alerting {
    pub(super) options: AlertOptions,
    held: Mutex<Held>,
}

impl Alerting {
    pub(super) fn new(options: AlertOptions) -> Self {
        Self { options, held: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a reading of one series. A stale forecast neither raises an alert nor ends one.
    pub(super) fn judge(&self, entry: &Entry, stale: bool, now_s: i64) {
        if stale {
            return;
        }
        let reach = entry.live.reaches(self.options.capacity, self.options.quantile);
        let mut held = self.held();
        match (reach, held.raised.get_mut(&entry.series)) {
            (Some(reach), Some(raised)) if raised.ended_s.is_none() => {
                (raised.reach, raised.clear_readings, raised.basis) = (reach, 0, basis(entry));
            }
            (Some(reach), _) => {
                let raised = Raised {
                    since_s: now_s,
                    ended_s: None,
                    clear_readings: 0,
                    reach,
                    basis: basis(entry),
                };
                held.raised.insert(entry.series.clone(), raised);
            }
            (None, Some(raised)) if raised.ended_s.is_none() => {
                raised.clear_readings += 1;
                if raised.clear_readings >= CLEAR_READINGS {
                    raised.ended_s = Some(now_s);
                }
            }
            (None, _) => {}
        }
    }

    /// All alerts in the form of the Alertmanager; `home` is where a person finds the forecast.
    pub(super) fn written(&self, home: &str, now_s: i64) -> Vec<Value> {
        let resend = i64::try_from(self.options.resend.as_secs()).unwrap_or(i64::MAX).max(1);
        let until = now_s.saturating_add(resend.saturating_mul(ROUNDS_KEPT));
        let held = self.held();
        let written = held.raised.iter().map(|(series, raised)| {
            let page: String = form_urlencoded::byte_serialize(series.as_bytes()).collect();
            json!({
                "labels": { "alertname": "CapacityForecast", "series": series, "severity": "warning" },
                "annotations": {
                    "summary": self.summary(series, &raised.reach),
                    "description": raised.basis,
                },
                "startsAt": stamp(raised.since_s),
                "endsAt": stamp(raised.ended_s.unwrap_or(until)),
                "generatorURL": format!("{home}/forecasts?series={page}"),
            })
        });
        written.collect()
    }

    fn summary(&self, series: &str, reach: &Reach) -> String {
        let Reach { at_s, lead_s, peak, quantile, .. } = reach;
        format!(
            "{series} reaches {} in {} min ({}): quantile {quantile} of its forecast, which goes up to {peak:.4}",
            self.options.capacity,
            lead_s / 60,
            stamp(*at_s),
        )
    }

    /// Sends all alerts; those that are over go once they were taken.
    pub(super) fn send(&self, home: &str, now_s: i64) {
        let Some(url) = &self.options.url else { return };
        let alerts = self.written(home, now_s);
        if alerts.is_empty() {
            return;
        }
        let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT));
        let agent: ureq::Agent = config.build().into();
        let url = format!("{}/api/v2/alerts", url.trim_end_matches('/'));
        let sent = agent.post(url).send_json(alerts);
        let mut held = self.held();
        match sent {
            Ok(_) => {
                held.raised.retain(|_, raised| raised.ended_s.is_none_or(|ended| ended > now_s))
            }
            Err(_) => held.failures += 1,
        }
    }

    pub(super) fn write(&self, entries: &[Entry], text: &mut Exposition) {
        let held = self.held();
        text.family("forecast_alert_firing", "gauge", "Whether a forecast reaches the capacity.");
        for entry in entries {
            let raised = held.raised.get(&entry.series);
            let fires = raised.is_some_and(|raised| raised.ended_s.is_none());
            let labels = [("series", entry.series.as_str())];
            text.sample("forecast_alert_firing", &labels, f64::from(u8::from(fires)));
        }
        let help = "Sendings of alerts that failed; they are sent again.";
        text.family("forecast_alert_send_failures", "counter", help);
        text.sample("forecast_alert_send_failures_total", &[], held.failures as f64);
    }
}

/// What made a forecast, from what, and how it did.
fn basis(entry: &Entry) -> String {
    let (live, answer) = (&entry.live, &entry.live.answer);
    let mut words = format!(
        "forecast by {} {} from {} values up to {}",
        answer.method,
        answer.version,
        answer.read.n,
        stamp(live.origin_s)
    );
    if let Some((_, value)) = live.measured.last() {
        words += &format!(", the last one {value:.4}");
    }
    if let Some(why) = &live.fallback {
        words += &format!("; the method asked for failed: {why}");
    }
    for (level, share, n) in &entry.coverage {
        words += &format!("; its bounds of {level} % held {:.0} % of {n} values", 100.0 * share);
    }
    words
}
