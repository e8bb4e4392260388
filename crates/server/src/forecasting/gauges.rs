//! Gauges of now: what is forecast for so far ahead, how fresh that is, and how often bounds held.

use std::collections::BTreeMap;

use engine::forecasts::Health;

use super::Serving;
use super::board::{Entry, now_s};
use crate::exposition::Exposition;

/// Characters of an error that a label has, at most.
const ERROR_CHARS_MAX: usize = 300;

/// A distance in its largest whole unit: `90s`, `15m`, `24h`, `2d`. A day is 24 hours, as people write it in rules.
pub(crate) fn distance(seconds: i64) -> String {
    let units = [(86_400, "d", 2), (3_600, "h", 1), (60, "m", 1)];
    let fits =
        |(unit, _, least): &&(i64, &str, i64)| seconds % unit == 0 && seconds >= unit * least;
    let whole = units.iter().find(fits);
    whole.map_or_else(
        || format!("{seconds}s"),
        |(unit, letter, _)| format!("{}{letter}", seconds / unit),
    )
}

/// Distances that are shown of a series: those asked for within its horizon, else a step, half of it, all of it.
pub(crate) fn distances(entry: &Entry, asked: &[i64]) -> Vec<i64> {
    let (live, all) = (&entry.live, reach_s(entry));
    let within: Vec<i64> = asked.iter().copied().filter(|ahead| *ahead <= all).collect();
    if !within.is_empty() {
        return within;
    }
    let at = |step: usize| live.times_s.get(step).map(|time| time - live.origin_s);
    let n = live.times_s.len();
    let mut distances: Vec<i64> =
        [at(0), at(n.div_ceil(2).saturating_sub(1)), Some(all)].into_iter().flatten().collect();
    distances.dedup();
    distances
}

/// Seconds from the last value to the end of the horizon.
pub(crate) fn reach_s(entry: &Entry) -> i64 {
    let live = &entry.live;
    live.times_s.last().map_or(0, |last| last - live.origin_s)
}

impl Serving {
    /// Gauges as text.
    pub(super) fn write(&self, text: &mut Exposition) {
        let (entries, now) = (self.board.entries(), now_s());
        let fresh = || entries.iter().filter(|entry| !self.board.is_stale(entry, now));
        let families = [
            ("load_forecast", "Forecast for so long after the last value."),
            (
                "load_forecast_peak",
                "Largest value of the forecast up to so long after the last value.",
            ),
        ];
        for (peak, (name, help)) in families.into_iter().enumerate() {
            text.family(name, "gauge", help);
            for entry in fresh() {
                self.forecasts(name, peak == 1, entry, text);
            }
        }
        text.family("forecast_model", "info", "What made a forecast, and from what.");
        for entry in &entries {
            let answer = &entry.live.answer;
            let window = answer.read.window.clone().unwrap_or_default();
            let fallback = entry.live.fallback.as_deref().unwrap_or_default();
            let labels = [
                ("series", entry.series.as_str()),
                ("method", &answer.method),
                ("version", &answer.version),
                ("data_sha256", &answer.read.sha256),
                ("from", &window[0]),
                ("to", &window[1]),
                ("fallback", fallback),
            ];
            text.sample("forecast_model_info", &labels, 1.0);
        }
        self.freshness(&entries, now, text);
        if let Some(alerts) = &self.alerts {
            alerts.write(&entries, text);
        }
        self.answers.write(text);
        if let Some(sent) = &self.sent {
            sent.write(text);
        }
        self.troubles(&entries, text);
    }

    /// What fails: a source, or one of its series.
    fn troubles(&self, entries: &[Entry], text: &mut Exposition) {
        let troubles = self.board.troubles();
        text.family(
            "forecast_failures",
            "counter",
            "Readings of a source or a series that failed; the last forecast stays.",
        );
        for (source, trouble) in &troubles {
            let labels = [("source", source.as_str())];
            text.sample("forecast_failures_total", &labels, trouble.count as f64);
        }
        let help = "Whether the last reading of a series, or of its source, failed.";
        text.family("forecast_failing", "gauge", help);
        let well = entries.iter().map(|entry| (entry.series.as_str(), false));
        let mut all: BTreeMap<&str, bool> = well.collect();
        all.extend(troubles.iter().map(|(source, trouble)| (source.as_str(), trouble.is_on)));
        for (source, is_on) in all {
            text.sample("forecast_failing", &[("source", source)], f64::from(u8::from(is_on)));
        }
        text.family("forecast_failure", "info", "Why the last reading failed.");
        for (source, trouble) in troubles.iter().filter(|(_, trouble)| trouble.is_on) {
            let error: String = trouble.why.chars().take(ERROR_CHARS_MAX).collect();
            let labels = [("source", source.as_str()), ("error", &error)];
            text.sample("forecast_failure_info", &labels, 1.0);
        }
    }

    fn forecasts(&self, name: &str, peak: bool, entry: &Entry, text: &mut Exposition) {
        for ahead in distances(entry, &self.ahead_s) {
            for path in &entry.live.quantiles {
                let Some((value, largest)) = entry.live.ahead(path.quantile, ahead) else {
                    continue;
                };
                let (horizon, quantile) = (distance(ahead), path.quantile.to_string());
                let labels = [
                    ("series", entry.series.as_str()),
                    ("horizon", &horizon),
                    ("quantile", &quantile),
                ];
                text.sample(name, &labels, if peak { largest } else { value });
            }
        }
    }

    fn freshness(&self, entries: &[Entry], now: i64, text: &mut Exposition) {
        let stale = |entry: &Entry| f64::from(u8::from(self.board.is_stale(entry, now)));
        type Of<'a> = &'a dyn Fn(&Entry) -> f64;
        let families: [(&str, &str, Of<'_>); 4] = [
            (
                "forecast_origin_timestamp_seconds",
                "Time of the last value that was measured.",
                &|entry| entry.live.origin_s as f64,
            ),
            ("forecast_read_timestamp_seconds", "When the series was last read.", &|entry| {
                entry.read_s as f64
            }),
            (
                "forecast_stale",
                "Whether no new value has come for too long: then no forecast is shown.",
                &stale,
            ),
            (
                "forecast_data_age_seconds",
                "Time since the last value that was measured, by its own time.",
                &|entry| entry.age_s(now).map_or(f64::NAN, |age| age as f64),
            ),
        ];
        for (name, help, value) in families {
            text.family(name, "gauge", help);
            for entry in entries {
                text.sample(name, &[("series", &entry.series)], value(entry));
            }
        }
        let help =
            "Share of values that lay within the bounds of their level, over the latest forecasts.";
        text.family("forecast_coverage_ratio", "gauge", help);
        for entry in entries {
            for (level, share) in &entry.health.coverage {
                let level = level.to_string();
                let labels = [("series", entry.series.as_str()), ("level", &level)];
                text.sample("forecast_coverage_ratio", &labels, *share);
            }
        }
        let help = "Mean absolute error over that of repeating the last season, over the latest forecasts.";
        text.family("forecast_error_ratio", "gauge", help);
        for entry in entries {
            let Health { error, naive_error, .. } = entry.health;
            if let Some((error, naive)) = error.zip(naive_error).filter(|(_, naive)| *naive > 0.0) {
                text.sample("forecast_error_ratio", &[("series", &entry.series)], error / naive);
            }
        }
        let help =
            "Whether forecasts are worse than was promised, or than repeating the last season.";
        text.family("forecast_degraded", "gauge", help);
        for entry in entries {
            let degraded = f64::from(u8::from(entry.health.refit()));
            text.sample("forecast_degraded", &[("series", &entry.series)], degraded);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn a_distance_has_its_largest_whole_unit() {
        for (seconds, text) in
            [(0, "0s"), (90, "90s"), (900, "15m"), (21_600, "6h"), (86_400, "24h"), (172_800, "2d")]
        {
            assert_eq!(distance(seconds), text);
        }
    }
}
