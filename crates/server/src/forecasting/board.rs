//! The last forecast of every series, for whoever asks.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use engine::forecasts::{Health, LiveForecast};

/// A series as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) series: String,
    /// Its name as a metric.
    pub(crate) metric: String,
    pub(crate) live: Arc<LiveForecast>,
    /// When the last value of the forecast was first seen, seconds since 1970 UTC.
    pub(crate) fresh_since_s: i64,
    /// Time and value of the latest measurement, which may be later than what the forecast was made from; none where
    /// nothing was measured.
    pub(crate) latest: Option<(i64, f64)>,
    /// When that was first seen.
    pub(crate) seen_s: i64,
    /// When it was last read.
    pub(crate) read_s: i64,
    /// How forecasts fared against what came.
    pub(crate) health: Health,
}

/// How far a forecast can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// New values come.
    Fresh,
    /// None came for too long to forecast by; the last one still says something.
    Stale,
    /// None came for too long to say anything.
    Unknown,
}

#[derive(Debug, Default)]
struct Held {
    entries: BTreeMap<String, Entry>,
    /// By source: readings that failed, and why the last did.
    failures: BTreeMap<String, (u64, String)>,
}

/// The last forecast of every series.
#[derive(Debug)]
pub(crate) struct Board {
    held: RwLock<Held>,
    age_max_s: i64,
    measured_max_s: i64,
}

/// Seconds since 1970 UTC.
pub(crate) fn now_s() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

impl Board {
    pub(crate) fn new(age_max: Duration, measured_max: Duration) -> Self {
        let [age_max_s, measured_max_s] =
            [age_max, measured_max].map(|time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
        Self { held: RwLock::default(), age_max_s, measured_max_s }
    }

    /// All series, by name.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.entries.values().cloned().collect()
    }

    /// One series.
    pub(crate) fn entry(&self, series: &str) -> Option<Entry> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.entries.get(series).cloned()
    }

    /// Failures by source.
    pub(crate) fn failures(&self) -> Vec<(String, u64, String)> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let failures = held.failures.iter();
        failures.map(|(source, (count, why))| (source.clone(), *count, why.clone())).collect()
    }

    /// Puts up a new forecast.
    pub(crate) fn put(&self, series: &str, live: LiveForecast, health: Health, now_s: i64) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let latest = live.measured.last().copied();
        let known = held.entries.get(series);
        let same = known.filter(|known| known.live.origin_s >= live.origin_s);
        let fresh_since_s = same.map_or(now_s, |known| known.fresh_since_s);
        let seen = known.filter(|known| known.latest.map(|(at, _)| at) >= latest.map(|(at, _)| at));
        let seen_s = seen.map_or(now_s, |known| known.seen_s);
        let entry = Entry {
            series: series.to_owned(),
            metric: metric_name(series),
            live: Arc::new(live),
            fresh_since_s,
            latest,
            seen_s,
            read_s: now_s,
            health,
        };
        held.entries.insert(series.to_owned(), entry);
    }

    /// Notes what was measured where it could not be forecast from: the last forecast stays.
    pub(crate) fn measured(&self, series: &str, latest: Option<(i64, f64)>, now_s: i64) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = held.entries.get_mut(series) else { return };
        entry.read_s = now_s;
        if latest.map(|(at, _)| at) > entry.latest.map(|(at, _)| at) {
            (entry.latest, entry.seen_s) = (latest, now_s);
        }
    }

    /// Notes that the same data were read again.
    pub(crate) fn read_again(&self, series: &str, now_s: i64) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = held.entries.get_mut(series) {
            entry.read_s = now_s;
        }
    }

    /// Notes that a source could not be read or forecast.
    pub(crate) fn failed(&self, source: &str, why: String) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let failures = held.failures.entry(source.to_owned()).or_default();
        *failures = (failures.0 + 1, why);
    }

    /// How far a forecast can be relied on.
    pub(crate) fn standing(&self, entry: &Entry, now_s: i64) -> Standing {
        match now_s {
            now if now.saturating_sub(entry.fresh_since_s) < self.age_max_s => Standing::Fresh,
            now if now.saturating_sub(entry.seen_s) < self.measured_max_s => Standing::Stale,
            _ => Standing::Unknown,
        }
    }

    /// Whether no new value has come for too long to forecast by.
    pub(crate) fn is_stale(&self, entry: &Entry, now_s: i64) -> bool {
        self.standing(entry, now_s) != Standing::Fresh
    }
}

/// A name that Prometheus takes: letters, digits, `_` and `:`, no digit first.
pub(super) fn metric_name(series: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == ':' { c } else { '_' };
    let name: String = series.chars().map(letter).collect();
    match name.chars().next() {
        Some(first) if !first.is_ascii_digit() => name,
        _ => format!("_{name}"),
    }
}
