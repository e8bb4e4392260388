//! The last forecast of every series, for whoever asks.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use engine::forecasts::{Health, LiveForecast};

/// How long a value may be overdue where nobody says: an hour, or two steps where that is longer.
const AGE_S: i64 = 3_600;
const AGE_STEPS: i64 = 2;
/// How many times that the last measurement still says something.
const MEASURED_AGES: i64 = 4;
/// Seconds by which clocks may differ.
const CLOCKS_S: i64 = 60;

/// A series as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) series: String,
    /// Its name as a metric.
    pub(crate) metric: String,
    pub(crate) live: Arc<LiveForecast>,
    /// Time and value of the latest measurement, which may be later than what the forecast was made from; none where
    /// nothing was measured.
    pub(crate) latest: Option<(i64, f64)>,
    /// When it was last read, seconds since 1970 UTC.
    pub(crate) read_s: i64,
    /// How forecasts fared against what came.
    pub(crate) health: Health,
}

impl Entry {
    /// Seconds of a step, at least 1.
    fn step_s(&self) -> i64 {
        self.live.times_s.first().map_or(1, |next| next - self.live.origin_s).max(1)
    }

    /// Seconds since the latest measurement; none where nothing was measured.
    pub(crate) fn age_s(&self, now_s: i64) -> Option<i64> {
        self.latest.map(|(at, _)| now_s.saturating_sub(at))
    }
}

/// How old values may be; by the steps of a series where nobody says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ages {
    /// Seconds after which a value that was due is missed too long to forecast by.
    pub(crate) forecast: Option<Duration>,
    /// The same, to say anything.
    pub(crate) measured: Option<Duration>,
}

impl Ages {
    /// Both in seconds, for a series of such steps.
    fn of_step(self, step_s: i64) -> (i64, i64) {
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let usual = AGE_S.max(step_s.saturating_mul(AGE_STEPS));
        let forecast = self.forecast.map_or(usual, seconds);
        let measured = self.measured.map_or(forecast.saturating_mul(MEASURED_AGES), seconds);
        (forecast, measured.max(forecast))
    }
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

impl Standing {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
        }
    }
}

/// What goes wrong with a source or a series.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trouble {
    /// Readings that failed.
    pub(crate) count: u64,
    /// Why the last of them did.
    pub(crate) why: String,
    /// Whether the last reading failed.
    pub(crate) is_on: bool,
}

#[derive(Debug, Default)]
struct Held {
    entries: BTreeMap<String, Entry>,
    /// By source, or by series.
    troubles: BTreeMap<String, Trouble>,
}

/// The last forecast of every series.
#[derive(Debug)]
pub(crate) struct Board {
    held: RwLock<Held>,
    ages: Ages,
}

/// Seconds since 1970 UTC.
pub(crate) fn now_s() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

impl Board {
    pub(crate) fn new(ages: Ages) -> Self {
        Self { held: RwLock::default(), ages }
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

    /// What went wrong, by source or series.
    pub(crate) fn troubles(&self) -> Vec<(String, Trouble)> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.troubles.iter().map(|(who, trouble)| (who.clone(), trouble.clone())).collect()
    }

    /// Puts up a new forecast.
    pub(crate) fn put(&self, series: &str, live: LiveForecast, health: Health, now_s: i64) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let entry = Entry {
            series: series.to_owned(),
            metric: metric_name(series),
            latest: live.measured.last().copied(),
            live: Arc::new(live),
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
            entry.latest = latest;
        }
    }

    /// Notes that the same data were read again.
    pub(crate) fn read_again(&self, series: &str, now_s: i64) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = held.entries.get_mut(series) {
            entry.read_s = now_s;
        }
    }

    /// Notes that a source or a series could not be read or forecast.
    pub(crate) fn failed(&self, who: &str, why: String) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let trouble = held.troubles.entry(who.to_owned()).or_default();
        *trouble = Trouble { count: trouble.count + 1, why, is_on: true };
    }

    /// Notes that a source or a series is well.
    pub(crate) fn worked(&self, who: &str) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(trouble) = held.troubles.get_mut(who) {
            trouble.is_on = false;
        }
    }

    /// How far a forecast can be relied on: by the times of its data against the clock, whenever they were read, so that a
    /// new start makes nothing young. A value counts as missed from when it was due, a step after the one before it.
    pub(crate) fn standing(&self, entry: &Entry, now_s: i64) -> Standing {
        let step_s = entry.step_s();
        let (forecast_s, measured_s) = self.ages.of_step(step_s);
        let overdue = |last: Option<&(i64, f64)>| {
            let (at, _) = last?;
            // A time that has not come yet says nothing of how old a value is.
            let is_past = *at <= now_s.saturating_add(step_s).saturating_add(CLOCKS_S);
            is_past.then(|| now_s.saturating_sub(at.saturating_add(step_s)))
        };
        match (overdue(entry.live.measured.last()), overdue(entry.latest.as_ref())) {
            (Some(late_s), _) if late_s < forecast_s => Standing::Fresh,
            (_, Some(late_s)) if late_s < measured_s => Standing::Stale,
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
