//! Alerts that a capacity will be reached, or that forecasts got worse, for an Alertmanager and for webhooks.
//!
//! In: what `engine::forecasts::CapacityWatch` says of a series, how its forecasts fared. Out: alerts with their basis: an Alertmanager
//! is told of all of them again and again until they are over, a webhook once when one begins and once when it ends.
//! What is a breach and when it is over is not decided here. Source: the Alertmanager's API v2: labels are the identity of an
//! alert, so what changes stands in annotations. Departures: an alert that a person closed in the queue is over here, too.
//! Checked against: an Alertmanager, where it is installed, and one of a few lines (`tests/it/alerts.rs`).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::Engine;
use engine::forecasts::{Alarm, AlarmRule, Capacity, CapacityOptions, QueuedAlarm, open_schedule};
use serde_json::{Value, json};

use super::board::Entry;
use super::scaling::stamp;
use crate::address::client;
use crate::exposition::Exposition;

/// An alert that is not sent again for so many rounds ends by itself.
const ROUNDS_KEPT: i64 = 4;
/// How long a receiver may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Names of alerts.
const CAPACITY: &str = "CapacityForecast";
const DEGRADED: &str = "ForecastDegraded";

/// Who is told, and of what.
#[derive(Clone, Debug)]
pub struct AlertOptions {
    /// What the platform carries.
    pub capacity: CapacitySource,
    /// What counts as near.
    pub watch: CapacityOptions,
    /// Files of indicators; they are read again with the series.
    pub indicators: Vec<PathBuf>,
    /// The Alertmanager, such as `http://localhost:9093`.
    pub alertmanager: Option<String>,
    /// An address that takes a POST of JSON when an alert begins and when it ends.
    pub webhook: Option<String>,
    /// A store in whose queue alerts are put, and whose verdicts move the threshold.
    pub queue: Option<Arc<Engine>>,
    /// Time between two sendings of an alert that goes on.
    pub resend: Duration,
}

/// What the platform carries, in units of the series.
#[derive(Clone, Debug, PartialEq)]
pub enum CapacitySource {
    /// The same always.
    Constant(f64),
    /// A file of times from which on so much is carried; it is read again with the series.
    Schedule(PathBuf),
}

impl CapacitySource {
    /// Whose capacity it is, for messages.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Constant(_) => "the capacity".to_owned(),
            Self::Schedule(path) => path.display().to_string(),
        }
    }

    pub(super) fn read(&self) -> Result<Capacity, engine::Error> {
        match self {
            Self::Constant(level) => Ok(Capacity::Constant(*level)),
            Self::Schedule(path) => Ok(open_schedule(path)?.0),
        }
    }
}

/// Where an alert of a series stands in the queue.
#[derive(Clone, Copy, Debug)]
pub(super) enum Queued<'a> {
    /// There is no queue.
    Nowhere,
    /// It is open there.
    Open(&'a QueuedAlarm),
    /// A person closed it, or it never began.
    Closed,
    /// The queue cannot be asked now.
    Unknown,
}

/// Which alert of which series.
type Key = (&'static str, String);

/// An alert that goes on, or was over a moment ago.
#[derive(Clone, Debug)]
struct Raised {
    severity: &'static str,
    since_s: i64,
    ended_s: Option<i64>,
    /// Time of the data it speaks of.
    data_to_s: i64,
    annotations: BTreeMap<&'static str, String>,
    /// The whole basis.
    basis: Value,
    /// What the webhook took last: begun, or ended.
    told: Option<bool>,
    /// Whether the Alertmanager took its end.
    end_taken: bool,
}

/// What is said of a series now.
struct Said {
    severity: &'static str,
    /// Since when, where it is out.
    since_s: Option<i64>,
    data_to_s: i64,
    annotations: BTreeMap<&'static str, String>,
    basis: Value,
}

#[derive(Debug, Default)]
struct Held {
    raised: BTreeMap<Key, Raised>,
    /// Probabilities of the model and those from which it fires, by series.
    probabilities: BTreeMap<String, (f64, f64)>,
    /// What is carried now, and seconds until the forecast reaches it where it does, by series.
    carried: BTreeMap<String, (f64, Option<i64>)>,
    /// Sendings that failed, by receiver.
    failures: BTreeMap<&'static str, u64>,
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

    /// Takes what is carried now, whatever is known of the series; of a stale one nobody says how long that lasts.
    pub(super) fn carries(&self, series: &str, capacity: f64, is_stale: bool) {
        let mut held = self.held();
        let known = held.carried.get(series).and_then(|(_, lead_s)| *lead_s);
        held.carried.insert(series.to_owned(), (capacity, known.filter(|_| !is_stale)));
    }

    /// Takes what is said of the capacity of a series.
    pub(super) fn capacity(&self, series: &str, alarm: &Alarm, queued: Queued<'_>, now_s: i64) {
        let is_closed = matches!(queued, Queued::Closed);
        let said = Said {
            severity: "warning",
            since_s: alarm.since_s.filter(|_| !is_closed),
            data_to_s: alarm.data_to_s,
            annotations: annotations(series, alarm, queued),
            basis: json!(alarm),
        };
        let mut held = self.held();
        match alarm.probability.zip(alarm.threshold) {
            Some(both) => held.probabilities.insert(series.to_owned(), both),
            None => held.probabilities.remove(series),
        };
        let expected = alarm.lead.filter(|_| alarm.since_s.is_some()).map(|lead| lead.median_s);
        let lead_s = alarm.reach.map(|reach| reach.lead_s).or(expected);
        if let Some((_, lead)) = held.carried.get_mut(series) {
            *lead = lead_s;
        }
        held.take((CAPACITY, series.to_owned()), said, now_s);
    }

    /// Takes how the forecasts of a series fared.
    pub(super) fn health(&self, entry: &Entry, now_s: i64) {
        let (health, origin_s) = (&entry.health, entry.live.origin_s);
        let reasons: Vec<String> = health.degraded.iter().map(ToString::to_string).collect();
        let answer = &entry.live.answer;
        let annotations = [
            ("summary", format!("{}: forecasts are worse than they should be", entry.series)),
            ("description", format!("over {} forecasts: {}", health.judged, reasons.join("; "))),
            ("model", format!("{} {}", answer.method, answer.version)),
        ];
        let said = Said {
            severity: "info",
            since_s: health.refit().then_some(origin_s),
            data_to_s: origin_s,
            annotations: annotations.into(),
            basis: json!({ "judged": health.judged, "degraded": reasons }),
        };
        self.held().take((DEGRADED, entry.series.clone()), said, now_s);
    }

    /// All alerts in the form of the Alertmanager, with their basis; `home` is where a person finds the forecast.
    pub(super) fn written(&self, home: &str, now_s: i64) -> Vec<Value> {
        let held = self.held();
        let written = held.raised.iter().map(|(key, raised)| {
            let mut alert = self.alert(home, key, raised, now_s);
            alert["basis"] = raised.basis.clone();
            alert
        });
        written.collect()
    }

    fn alert(&self, home: &str, (name, series): &Key, raised: &Raised, now_s: i64) -> Value {
        let resend = i64::try_from(self.options.resend.as_secs()).unwrap_or(i64::MAX).max(1);
        let until = now_s.saturating_add(resend.saturating_mul(ROUNDS_KEPT));
        let page: String = form_urlencoded::byte_serialize(series.as_bytes()).collect();
        let mut annotations = raised.annotations.clone();
        annotations.insert("data_age", format!("{} s", now_s.saturating_sub(raised.data_to_s)));
        json!({
            "labels": { "alertname": name, "series": series, "severity": raised.severity },
            "annotations": annotations,
            "startsAt": stamp(raised.since_s),
            "endsAt": stamp(raised.ended_s.unwrap_or(until)),
            "generatorURL": format!("{home}/forecasts?series={page}"),
        })
    }

    /// Tells everybody what is to be told; alerts that are over go once everybody took that.
    pub(super) fn send(&self, home: &str, now_s: i64) {
        let agent = client(TIMEOUT);
        self.send_all(&agent, home, now_s);
        self.send_changes(&agent, home, now_s);
        let AlertOptions { alertmanager, webhook, .. } = &self.options;
        if alertmanager.is_none() && webhook.is_none() {
            // Nobody is told, so whoever asks still sees what was.
            return;
        }
        let is_done = |raised: &Raised| {
            raised.ended_s.is_some()
                && (alertmanager.is_none() || raised.end_taken)
                && (webhook.is_none() || raised.told != Some(true))
        };
        self.held().raised.retain(|_, raised| !is_done(raised));
    }

    fn send_all(&self, agent: &ureq::Agent, home: &str, now_s: i64) {
        let Some(url) = &self.options.alertmanager else { return };
        let alerts: BTreeMap<Key, Raised> = self.held().raised.clone();
        if alerts.is_empty() {
            return;
        }
        let written = alerts.iter().map(|(key, raised)| self.alert(home, key, raised, now_s));
        let url = format!("{}/api/v2/alerts", url.trim_end_matches('/'));
        let sent = agent.post(url).send_json(written.collect::<Vec<_>>());
        let is_taken = sent.is_ok_and(|answer| answer.status().is_success());
        let mut held = self.held();
        if !is_taken {
            *held.failures.entry("alertmanager").or_default() += 1;
            return;
        }
        for key in alerts.iter().filter(|(_, raised)| raised.ended_s.is_some()).map(|(key, _)| key)
        {
            if let Some(raised) = held.raised.get_mut(key) {
                raised.end_taken = raised.ended_s.is_some();
            }
        }
    }

    fn send_changes(&self, agent: &ureq::Agent, home: &str, now_s: i64) {
        let Some(url) = &self.options.webhook else { return };
        let alerts: BTreeMap<Key, Raised> = self.held().raised.clone();
        for (key, raised) in alerts {
            let goes_on = raised.ended_s.is_none();
            // One that began and ended between two sendings was nobody's.
            if raised.told == Some(goes_on) || (raised.told.is_none() && !goes_on) {
                continue;
            }
            let mut body = self.alert(home, &key, &raised, now_s);
            body["version"] = json!(1);
            body["status"] = json!(if goes_on { "firing" } else { "resolved" });
            body["basis"] = raised.basis;
            let status = agent.post(url).send_json(body).map(|answer| answer.status().as_u16());
            let mut held = self.held();
            if !matches!(status, Ok(200..=299)) {
                *held.failures.entry("webhook").or_default() += 1;
            }
            // What was refused for good is not sent again.
            let is_over = matches!(status, Ok(200..=407 | 409..=428 | 430..=499));
            if let Some(raised) = held.raised.get_mut(&key).filter(|_| is_over) {
                raised.told = Some(goes_on);
            }
        }
    }

    pub(super) fn write(&self, entries: &[Entry], text: &mut Exposition) {
        let held = self.held();
        text.family(
            "forecast_alert_firing",
            "gauge",
            "Whether the capacity is about to be reached.",
        );
        for entry in entries {
            let raised = held.raised.get(&(CAPACITY, entry.series.clone()));
            let fires = raised.is_some_and(|raised| raised.ended_s.is_none());
            let labels = [("series", entry.series.as_str())];
            text.sample("forecast_alert_firing", &labels, f64::from(u8::from(fires)));
        }
        let families = [
            (
                "forecast_breach_probability",
                "Probability that the capacity is reached, where a model of warnings speaks.",
            ),
            (
                "forecast_breach_threshold",
                "Probability from which on it warns, with what verdicts made of it.",
            ),
        ];
        for (at, (name, help)) in families.into_iter().enumerate() {
            text.family(name, "gauge", help);
            for (series, (probability, threshold)) in &held.probabilities {
                let value = if at == 0 { *probability } else { *threshold };
                text.sample(name, &[("series", series)], value);
            }
        }
        held.write_carried(text);
        let help = "Sendings of alerts that failed; an Alertmanager is told again, a webhook unless it refused.";
        text.family("forecast_alert_send_failures", "counter", help);
        for receiver in ["alertmanager", "webhook"] {
            let count = held.failures.get(receiver).copied().unwrap_or(0) as f64;
            text.sample("forecast_alert_send_failures_total", &[("receiver", receiver)], count);
        }
    }
}

impl Held {
    fn write_carried(&self, text: &mut Exposition) {
        text.family("forecast_capacity", "gauge", "What is carried now.");
        for (series, (capacity, _)) in &self.carried {
            text.sample("forecast_capacity", &[("series", series)], *capacity);
        }
        let name = "forecast_capacity_lead_seconds";
        let help =
            "Time from the last value until the capacity is reached, where that is expected.";
        text.family(name, "gauge", help);
        for (series, (_, lead_s)) in &self.carried {
            if let Some(lead_s) = lead_s {
                text.sample(name, &[("series", series)], *lead_s as f64);
            }
        }
    }

    fn take(&mut self, key: Key, said: Said, now_s: i64) {
        let Said { severity, since_s, data_to_s, annotations, basis } = said;
        match (since_s, self.raised.get_mut(&key)) {
            (Some(_), Some(raised)) if raised.ended_s.is_none() => {
                (raised.data_to_s, raised.annotations, raised.basis) =
                    (data_to_s, annotations, basis);
            }
            (Some(since_s), _) => {
                let (ended_s, told, end_taken) = (None, None, false);
                let raised = Raised {
                    severity,
                    since_s,
                    ended_s,
                    data_to_s,
                    annotations,
                    basis,
                    told,
                    end_taken,
                };
                self.raised.insert(key, raised);
            }
            (None, Some(raised)) if raised.ended_s.is_none() => raised.ended_s = Some(now_s),
            (None, _) => {}
        }
    }
}

/// What stands in an alert of a capacity: the claim, why, and each part of the basis by itself.
fn annotations(series: &str, alarm: &Alarm, queued: Queued<'_>) -> BTreeMap<&'static str, String> {
    let mut words = alarm.words.iter().cloned();
    let claim = words.next().unwrap_or_default();
    let (rule, summary) = match alarm.rule {
        AlarmRule::Classifier => ("classifier", format!("{series}: {claim}")),
        AlarmRule::Forecast => ("forecast", claim),
    };
    let mut annotations: BTreeMap<&'static str, String> = [
        ("summary", summary),
        ("description", words.collect::<Vec<_>>().join("; ")),
        ("rule", rule.to_owned()),
        ("model", alarm.model.clone()),
        ("data_to", stamp(alarm.data_to_s)),
    ]
    .into();
    let usual =
        alarm.drivers.iter().find_map(|driver| Some((driver, driver.value?, driver.usual?)));
    if let Some((driver, value, usual)) = usual {
        let text = match driver.unit.as_str() {
            "share" => format!("{:.2} %, usually {:.2} %", 100.0 * value, 100.0 * usual),
            "" => format!("{value:.4}, usually {usual:.4}"),
            unit => format!("{value:.4} {unit}, usually {usual:.4}"),
        };
        annotations.insert("driver", format!("{} is {text}", driver.name));
    }
    if let Some(found) = &alarm.analogues {
        let (low, high) = found.share_95;
        let text = format!(
            "{} of {} similar moments, {:.0} % (95 % CI {:.0} to {:.0} %)",
            found.n_breached,
            found.n,
            100.0 * found.share,
            100.0 * low,
            100.0 * high
        );
        annotations.insert("analogues", text);
    }
    if let Some(probability) = alarm.probability {
        annotations.insert("probability", format!("{probability:.3}"));
    }
    if let Some(why) = &alarm.plain_because {
        annotations.insert("plain_because", why.clone());
    }
    match queued {
        Queued::Open(QueuedAlarm { id, state }) => {
            annotations.insert("queue", format!("alert {id}, {state}"));
            let verdict = format!("tracehound forecast feedback {id} --useful, or --not-useful");
            annotations.insert("feedback", verdict);
        }
        Queued::Unknown => {
            annotations.insert("queue", "unknown: it could not be asked".to_owned());
        }
        Queued::Nowhere | Queued::Closed => {}
    }
    annotations
}
