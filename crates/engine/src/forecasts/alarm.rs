//! Whether a live series will reach its capacity, from one reading to the next, and why that is believed.
//!
//! In: readings of a series with their forecasts, indicators, what people said of past alerts. Out: an [`Alarm`]. The model of
//! warnings (`forecast::warning`) speaks where it can be fitted; it is kept, and fitted again after a day of new values. Where
//! the history is too short or too calm for it, a quantile of the forecast that reaches the capacity does, and the alarm says
//! so. Every alarm has what drives it, what is usual, similar moments with an interval, its model and the age of its data.
//! Source: `docs/methods/early-warning.md`. Departures: the plain rule is over after two clear readings in a row; the model has
//! a state machine of its own. Cost: a fit a day, a row of contributions and a search a reading that brought something.
//! Checked against: `watch_series`, readings by hand (`server/tests/it/alerts.rs`).

use forecast::warning::{
    Analogues, Background, Capacity, DataAge, Driver, LeadTime, Warner, Warning, WarningOptions,
    WarningState, Watched,
};
use forecast::{Health, Indicator, reading};
use serde::Serialize;

use super::live::{LiveForecast, Reach};
use super::series::LoadedSeries;
use super::watch::{WatchOptions, seconds_of};
use crate::Error;

/// Clear readings in a row after which the plain rule is quiet.
const CLEAR_READINGS: u32 = 2;
/// Seconds of new values after which the model is fitted again.
const REFIT_S: i64 = 86_400;

/// What spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmRule {
    /// The model of warnings: a probability, a threshold that keeps a promise.
    Classifier,
    /// A quantile of the forecast that reaches the capacity.
    Forecast,
}

/// What is said of a series and its capacity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alarm {
    /// Since when an alarm is out, seconds since 1970 UTC; none where none is.
    pub since_s: Option<i64>,
    /// What spoke.
    pub rule: AlarmRule,
    /// Why the model did not speak; none where it did.
    pub plain_because: Option<String>,
    /// What is carried at the last value, in units of the series.
    pub capacity: f64,
    /// Whether the load is over the capacity already.
    pub is_breaching: bool,
    /// Probability that the capacity is reached within the window, by the model.
    pub probability: Option<f64>,
    /// From which on the model fires.
    pub threshold: Option<f64>,
    /// When, by similar moments that breached.
    pub lead: Option<LeadTime>,
    /// Where the forecast reaches the capacity, by the plain rule.
    pub reach: Option<Reach>,
    /// What made it: the model, or the method with its version and a hash of its data.
    pub model: String,
    /// Time of the last value, seconds since 1970 UTC.
    pub data_to_s: i64,
    /// How old indicators are.
    pub ages: Vec<DataAge>,
    /// What moved it, with what is usual.
    pub drivers: Vec<Driver>,
    /// What followed similar moments.
    pub analogues: Option<Analogues>,
    /// All of it in words, the claim first.
    pub words: Vec<String>,
}

impl Alarm {
    /// What the model says.
    pub fn of_warning(warning: &Warning) -> Self {
        let is_out = warning.state == WarningState::Firing;
        Self {
            since_s: warning.since_s.filter(|_| is_out),
            rule: AlarmRule::Classifier,
            plain_because: None,
            capacity: warning.capacity,
            is_breaching: warning.is_breaching,
            probability: warning.probability,
            threshold: Some(warning.threshold),
            lead: warning.lead,
            reach: None,
            model: warning.model.id.clone(),
            data_to_s: warning.time_s,
            ages: warning.ages.clone(),
            drivers: warning.drivers.clone(),
            analogues: warning.analogues.clone(),
            words: warning.words.clone(),
        }
    }

    fn with(&mut self, background: Background) {
        if self.drivers.is_empty() {
            self.drivers.push(background.driver);
        }
        self.analogues.get_or_insert(background.analogues);
        self.ages = background.ages;
        self.words.extend(background.words);
    }
}

/// How a live series is held against its capacity.
#[derive(Clone, Debug, PartialEq)]
pub struct CapacityOptions {
    /// Which quantile of the forecast must reach it where the model cannot speak.
    pub quantile: f64,
    /// Seconds ahead that the model looks; if not given, as the series' step suggests.
    pub within_s: Option<u32>,
    /// False pages a week, at most.
    pub false_per_week: f64,
}

/// A model with the time of the last value it was fitted to.
#[derive(Debug)]
struct Fit {
    warner: Warner,
    options: WarningOptions,
    to_s: i64,
    /// Why it was not fitted again when it was due.
    overdue: Option<String>,
}

/// What was said, and of what: the same is not asked again, nor counted as another reading.
#[derive(Debug)]
struct Said {
    sha256: String,
    was_useful: Vec<bool>,
    indicators: Vec<Indicator>,
    alarm: Alarm,
}

/// A series, what is forecast of it, and what is carried over its history and beyond.
type Read<'a> = (&'a LoadedSeries, &'a LiveForecast, &'a Capacity);

/// Holds one live series against its capacity.
#[derive(Debug)]
pub struct CapacityWatch {
    /// The name under which people know the series.
    name: String,
    options: CapacityOptions,
    /// That of the last reading.
    capacity: Option<Capacity>,
    fit: Option<Fit>,
    plain_since_s: Option<i64>,
    clear_readings: u32,
    /// The last reading.
    said: Option<Said>,
}

impl CapacityWatch {
    /// Nothing was read yet.
    pub fn new(name: &str, options: CapacityOptions) -> Self {
        let name = name.to_owned();
        let (capacity, fit, said) = (None, None, None);
        Self { name, options, capacity, fit, plain_since_s: None, clear_readings: 0, said }
    }

    /// Takes a reading. `was_useful` is what people said of past alerts of the series, the oldest first. Another capacity than
    /// that of the last reading makes breaches of other loads: the model is fitted again.
    ///
    /// # Errors
    /// A series without any value, or without steps of seconds; indicators or a capacity that are not sound.
    pub fn read(
        &mut self,
        (series, live, capacity): Read<'_>,
        indicators: &[Indicator],
        was_useful: &[bool],
        health: &Health,
    ) -> Result<Alarm, Error> {
        if self.capacity.as_ref() != Some(capacity) {
            capacity.check()?;
            (self.fit, self.said) = (None, None);
            (self.plain_since_s, self.clear_readings) = (None, 0);
            self.capacity = Some(capacity.clone());
        }
        if let Some(said) = &self.said
            && said.sha256 == series.sha256
            && said.was_useful == was_useful
            && said.indicators == indicators
        {
            return Ok(said.alarm.clone());
        }
        let watched = Watched { load: &series.series, capacity, indicators };
        let step_s = seconds_of(series)?;
        let alarm = match self.model(&watched, step_s, live.origin_s, was_useful) {
            Ok(mut alarm) => {
                if alarm.drivers.is_empty() || alarm.analogues.is_none() {
                    alarm.with(Background::of(&watched, &self.warning_options(step_s))?);
                }
                alarm.words.extend(coverage(health));
                (self.plain_since_s, self.clear_readings) = (None, 0);
                alarm
            }
            Err(why) => self.plain((series, live, capacity), &watched, why.to_string(), health)?,
        };
        self.said = Some(Said {
            sha256: series.sha256.clone(),
            was_useful: was_useful.to_vec(),
            indicators: indicators.to_vec(),
            alarm: alarm.clone(),
        });
        Ok(alarm)
    }

    fn warning_options(&self, step_s: u32) -> WarningOptions {
        let options = WatchOptions {
            window_s: self.options.within_s,
            false_per_week: self.options.false_per_week,
            // What is carried is no part of how is watched.
            ..WatchOptions::new(Capacity::Constant(1.0))
        };
        options.of_step(step_s)
    }

    /// What the model says; fits it where there is none, or a day went by.
    fn model(
        &mut self,
        watched: &Watched<'_>,
        step_s: u32,
        now_s: i64,
        was_useful: &[bool],
    ) -> Result<Alarm, Error> {
        let options = self.warning_options(step_s);
        let known = self.fit.take().filter(|fit| fit.options == options && fit.to_s <= now_s);
        let fit = match known {
            Some(known) if now_s - known.to_s < REFIT_S => known,
            known => match (Warner::fit(watched, &options), known) {
                (Ok(warner), _) => Fit { warner, options, to_s: now_s, overdue: None },
                // A calm fortnight teaches nothing of breaches: what was learned before stands.
                (Err(why), Some(known)) => Fit { overdue: Some(why.to_string()), ..known },
                (Err(why), None) => return Err(why.into()),
            },
        };
        let fit = self.fit.insert(fit);
        let warning = fit.warner.clone().with_feedback(was_useful).assess(watched)?;
        let mut alarm = Alarm::of_warning(&warning);
        if let Some(why) = &fit.overdue {
            let to = reading::time_text(fit.to_s);
            alarm.words.push(format!("the model is of {to}; it was not fitted again: {why}"));
        }
        Ok(alarm)
    }

    /// What the forecast alone says.
    fn plain(
        &mut self,
        (series, live, capacity): Read<'_>,
        watched: &Watched<'_>,
        why: String,
        health: &Health,
    ) -> Result<Alarm, Error> {
        let carried = carried(series, live, capacity);
        let reach = live.reaches(&carried.ahead, self.options.quantile);
        match (reach, self.plain_since_s) {
            (Some(_), since) => {
                (self.plain_since_s, self.clear_readings) = (since.or(Some(live.origin_s)), 0);
            }
            (None, Some(_)) => {
                self.clear_readings += 1;
                if self.clear_readings >= CLEAR_READINGS {
                    (self.plain_since_s, self.clear_readings) = (None, 0);
                }
            }
            (None, None) => {}
        }
        let step_s = seconds_of(series)?;
        let all_s = live.times_s.last().map_or(0, |last| last - live.origin_s);
        let ahead_s = reach.map_or(all_s, |reach| reach.lead_s);
        let steps = usize::try_from(ahead_s / i64::from(step_s.max(1))).unwrap_or(1);
        let window_steps = steps.clamp(1, 1_000);
        let options =
            WarningOptions { window_steps, lead_min_steps: 1, ..self.warning_options(step_s) };
        let answer = &live.answer;
        let mut words = vec![
            claim(&self.name, live, reach.as_ref(), &carried, self.options.quantile),
            format!("the forecast alone speaks, for no model of warnings could be fitted: {why}"),
            made(live),
        ];
        words.extend(coverage(health));
        let mut alarm = Alarm {
            since_s: self.plain_since_s,
            rule: AlarmRule::Forecast,
            plain_because: Some(why),
            capacity: carried.now,
            is_breaching: live.measured.last().is_some_and(|(_, value)| *value >= carried.now),
            probability: None,
            threshold: None,
            lead: None,
            reach,
            model: format!(
                "{} {}, data {}",
                answer.method,
                answer.version,
                answer.read.sha256.get(..12).unwrap_or(&answer.read.sha256)
            ),
            data_to_s: live.origin_s,
            ages: Vec::new(),
            drivers: Vec::new(),
            analogues: None,
            words,
        };
        alarm.with(Background::of(watched, &options)?);
        Ok(alarm)
    }
}

/// What is carried at the last value, and at each step ahead.
struct Carried {
    now: f64,
    ahead: Vec<f64>,
}

fn carried(series: &LoadedSeries, live: &LiveForecast, capacity: &Capacity) -> Carried {
    let load = &series.series.values;
    let known = load.len().saturating_sub(1);
    let at = |(step, time_s): (usize, &i64)| capacity.at(load, known + 1 + step, known, *time_s);
    Carried {
        now: capacity.at(load, known, known, live.origin_s),
        ahead: live.times_s.iter().enumerate().map(at).collect(),
    }
}

fn claim(
    name: &str,
    live: &LiveForecast,
    reach: Option<&Reach>,
    carried: &Carried,
    quantile: f64,
) -> String {
    match reach {
        Some(Reach { at_s, lead_s, peak, capacity, .. }) => format!(
            "{name} reaches {capacity} in {} min ({}): quantile {quantile} of its forecast, which goes up to {peak:.4}",
            lead_s / 60,
            reading::time_text(*at_s),
        ),
        None => {
            let to = reading::time_text(live.times_s.last().copied().unwrap_or(live.origin_s));
            let ends = |pick: fn(f64, f64) -> f64| carried.ahead.iter().copied().reduce(pick);
            let level = match (ends(f64::min), ends(f64::max)) {
                (Some(low), Some(high)) if low < high => {
                    format!("its capacity, {low} to {high},")
                }
                (Some(level), _) => level.to_string(),
                _ => carried.now.to_string(),
            };
            format!("{name} stays below {level} up to {to}, by quantile {quantile} of its forecast")
        }
    }
}

/// What made a forecast, and from what.
fn made(live: &LiveForecast) -> String {
    let answer = &live.answer;
    let mut words = format!(
        "forecast by {} {} from {} values up to {}",
        answer.method,
        answer.version,
        answer.read.n,
        reading::time_text(live.origin_s)
    );
    if let Some((_, value)) = live.measured.last() {
        words += &format!(", the last one {value:.4}");
    }
    if let Some(why) = &live.fallback {
        words += &format!("; the method asked for failed: {why}");
    }
    words
}

/// How forecasts of the series fared lately.
fn coverage(health: &Health) -> Vec<String> {
    let held = health.coverage.iter().map(|(level, share)| {
        let (level, share, n) = (100.0 * level, 100.0 * share, health.judged);
        format!("bounds of {level:.0} % held {share:.0} % of what came, over {n} forecasts")
    });
    held.chain(health.degraded.iter().map(ToString::to_string)).collect()
}
