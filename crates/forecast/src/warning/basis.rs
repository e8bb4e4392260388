//! One warning with everything a person needs to believe it.
//!
//! In: a [`Warner`] and what is watched, up to now. Out: a [`Warning`]. Source: exact Shapley values of the trees (`learn`).
//! Departures: contributions of all features of one driver are added up; a warning without indicators says so.
//! Cost: one row of contributions, a search for similar moments. Checked against: `tests/it/warning.rs`.

use learn::trees::TreeExplainer;
use serde::{Deserialize, Serialize};

use super::analogues::{self, Analogues};
use super::features::Moments;
use super::learner::{Candidate, CandidateScore, FACTORS, Warner, matrix, moments};
use super::machine::WarningState;
use super::threshold::{Seen, run};
use super::{Threshold, Watched};
use crate::ForecastError;
use crate::indicators::span_words;
use crate::reading::time_text;

/// Drivers that are told.
const DRIVERS: usize = 6;

/// What moved the probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Driver {
    /// What it is: `volatility 15 min`.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Its value now; none where it is missing.
    pub value: Option<f64>,
    /// What is usual: the median of the seven days before; none where nothing is.
    pub usual: Option<f64>,
    /// Value over usual.
    pub ratio: Option<f64>,
    /// What it adds to the log-odds.
    pub contribution: f64,
}

/// When the breach would come, seconds from now, by similar moments that breached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadTime {
    /// Median.
    pub median_s: i64,
    /// A tenth came sooner.
    pub low_s: i64,
    /// A tenth came later.
    pub high_s: i64,
}

/// How old the newest value of an indicator is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataAge {
    /// The indicator.
    pub indicator: String,
    /// Seconds; none where it is too old to count.
    pub age_s: Option<u32>,
}

/// The model that speaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Its name: a hash of data and options.
    pub id: String,
    /// What it is.
    pub method: Candidate,
    /// How it and the others did on held-out steps.
    pub compared: Vec<CandidateScore>,
    /// Steps it was fitted to.
    pub n_trained: usize,
    /// First and last of them, seconds since 1970 UTC.
    pub trained_s: (i64, i64),
    /// Breaches among them.
    pub n_breaches: usize,
    /// Share of steps that a breach followed.
    pub base_rate: f64,
    /// Its threshold and what that did on held-out steps.
    pub threshold: Threshold,
    /// By how much feedback moved the threshold, log-odds.
    pub feedback_shift: f64,
    /// What has to be known about it.
    pub notes: Vec<String>,
}

/// A warning, or that there is none, with its basis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// The step it speaks at, seconds since 1970 UTC.
    pub time_s: i64,
    /// Where it stands.
    pub state: WarningState,
    /// Since when it fires.
    pub since_s: Option<i64>,
    /// Load now; none where it was not measured.
    pub load: Option<f64>,
    /// Capacity now.
    pub capacity: f64,
    /// Whether the load is over it already.
    pub is_breaching: bool,
    /// Seconds ahead that the probability is about.
    pub window_s: i64,
    /// Probability that the load reaches the capacity within the window; none while it is over it or not measured.
    pub probability: Option<f64>,
    /// Probability from which on it fires.
    pub threshold: f64,
    /// When, if it comes.
    pub lead: Option<LeadTime>,
    /// What moved the probability, the strongest first.
    pub drivers: Vec<Driver>,
    /// What followed similar moments.
    pub analogues: Option<Analogues>,
    /// The model.
    pub model: ModelInfo,
    /// How old the data are.
    pub ages: Vec<DataAge>,
    /// All of it in words.
    pub words: Vec<String>,
}

impl Warner {
    /// What it says at the last step.
    ///
    /// # Errors
    /// As [`Warner::fit`]; other indicators than it was fitted with.
    pub fn assess(&self, watched: &Watched<'_>) -> Result<Warning, ForecastError> {
        let step_s = watched.checked(&self.options)?;
        let n = watched.load.values.len();
        let moments = moments(watched, step_s, n, &self.options);
        if n == 0 {
            return Err(ForecastError::TooShort { method: "a warning", needed: 1, found: 0 });
        }
        let now = n - 1;
        // The state is what the last hours made it; scores of long ago would be those of steps it was fitted to.
        let back = 4 * (self.options.window_steps + self.options.cooling_steps);
        let from = n.saturating_sub(back.max(1));
        let path = self.path(&moments, from)?;
        let machine = run(self.rule(), &path);
        let state = machine.state();
        let firing = (state == WarningState::Firing).then(|| machine.fired().last()).flatten();
        let since = firing.map(|fired| moments.time(from + fired.stretches[0].from));
        let score = path.last().and_then(|seen: &Seen| seen.score);
        // Silence of the data is no all-clear; a warning that is out stays out.
        let is_blind = score.is_none() && !moments.is_breaching(now);
        let state = match state {
            WarningState::Firing => state,
            _ if is_blind => WarningState::Unknown,
            _ => state,
        };
        let analogues = score.map(|_| self.analogues(&moments, now));
        let mut warning = Warning {
            time_s: moments.time(now),
            state,
            since_s: since,
            load: Some(moments.load[now]).filter(|load| !load.is_nan()),
            capacity: moments.capacity[now],
            is_breaching: moments.is_breaching(now),
            window_s: i64::try_from(self.options.window_steps).unwrap_or(0) * step_s,
            probability: score.map(|score| self.probability(score)),
            threshold: self.threshold_probability(),
            lead: analogues.as_ref().and_then(lead),
            drivers: match score {
                Some(_) => self.drivers(&moments, now)?,
                None => Vec::new(),
            },
            analogues,
            model: self.info(),
            ages: moments.ages.iter().map(age).collect(),
            words: Vec::new(),
        };
        warning.words = words(&warning);
        Ok(warning)
    }

    fn info(&self) -> ModelInfo {
        ModelInfo {
            id: self.id.clone(),
            method: self.chosen,
            compared: self.compared.clone(),
            n_trained: self.trained,
            trained_s: self.window_s,
            n_breaches: self.n_breaches,
            base_rate: self.base_rate,
            threshold: self.threshold,
            feedback_shift: self.shift,
            notes: self.notes.clone(),
        }
    }

    fn drivers(&self, moments: &Moments, now: usize) -> Result<Vec<Driver>, ForecastError> {
        let n_features = self.n_features(moments);
        let contributions = match &self.model {
            Some(model) => {
                let row = matrix(moments, &[(now, 0)], n_features)?;
                TreeExplainer::new(model).contributions(&row)?.of(0, 0).to_vec()
            }
            None => {
                vec![10.0 * (moments.features[0].values[now] - moments.features[0].usual[now].ln())]
            }
        };
        let mut drivers: Vec<Driver> = Vec::new();
        for (feature, contribution) in moments.features.iter().zip(contributions) {
            if let Some(known) = drivers.iter_mut().find(|known| known.name == feature.driver) {
                known.contribution += contribution;
                continue;
            }
            let (value, usual) = (finite(feature.raw[now]), finite(feature.usual[now]));
            let ratio = value.zip(usual).map(|(value, usual)| value / usual).and_then(finite);
            drivers.push(Driver {
                name: feature.driver.clone(),
                unit: feature.unit.clone(),
                value,
                usual,
                ratio,
                contribution,
            });
        }
        drivers.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
        drivers.truncate(DRIVERS);
        Ok(drivers)
    }

    fn analogues(&self, moments: &Moments, now: usize) -> Analogues {
        let weights: Vec<f64> = match &self.model {
            Some(model) => model.importance().iter().map(|of| of.gain).collect(),
            None => vec![1.0],
        };
        let size = (self.options.window_steps, self.options.analogues);
        analogues::find(moments, &weights, now, size, FACTORS[self.level])
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn lead(analogues: &Analogues) -> Option<LeadTime> {
    let (low_s, high_s) = analogues.delay_range_s?;
    Some(LeadTime { median_s: analogues.delay_median_s?, low_s, high_s })
}

pub(super) fn age((indicator, age_s): &(String, Option<u32>)) -> DataAge {
    DataAge { indicator: indicator.clone(), age_s: *age_s }
}

/// Seconds in words, of any sign.
fn span(seconds: i64) -> String {
    span_words(seconds.unsigned_abs())
}

fn percent(share: f64) -> String {
    match share {
        s if s < 0.001 => "under 0.1 %".to_owned(),
        s if s < 0.1 => format!("{:.1} %", 100.0 * s),
        s => format!("{:.0} %", 100.0 * s),
    }
}

/// Four digits or so.
pub(super) fn figure(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 1_000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.3e}"),
    }
}

fn words(warning: &Warning) -> Vec<String> {
    let mut words = vec![claim(warning)];
    words.extend(warning.drivers.iter().filter_map(driver));
    words.extend(warning.analogues.as_ref().map(|found| similar(found, warning.window_s)));
    let old: Vec<&str> = warning
        .ages
        .iter()
        .filter(|age| age.age_s.is_none())
        .map(|age| age.indicator.as_str())
        .collect();
    if !old.is_empty() {
        words.push(format!("too old to count: {}", old.join(", ")));
    }
    if warning.ages.is_empty() {
        words.push("no indicator was given: the load alone speaks".to_owned());
    } else if warning.model.method != Candidate::LoadAndIndicators {
        words.push(format!(
            "indicators are not used, because on held-out steps they did not help: {} decides",
            warning.model.method.name()
        ));
    }
    words.extend(warning.model.notes.iter().cloned());
    words
}

fn claim(warning: &Warning) -> String {
    let Warning { capacity, window_s, threshold, .. } = warning;
    let capacity = figure(*capacity);
    match (warning.load, warning.probability) {
        _ if warning.is_breaching => {
            format!("the load is over its capacity of {capacity} now: its own alarm speaks")
        }
        (Some(load), Some(probability)) => format!(
            "load {} reaches {capacity} within {} with a probability of {} (usually {}; it fires from {} on)",
            figure(load),
            span(*window_s),
            percent(probability),
            percent(warning.model.base_rate),
            percent(*threshold)
        ),
        _ => "the load was not measured, or not for long enough: nothing can be said".to_owned(),
    }
}

fn driver(driver: &Driver) -> Option<String> {
    let way = if driver.contribution >= 0.0 { "raises" } else { "lowers" };
    let does = format!("{way} the odds {:.1} times", driver.contribution.abs().exp());
    if driver.contribution.abs() < 0.05 {
        return None;
    }
    let Some(value) = driver.value else {
        return Some(format!("{} is missing, which {does}", driver.name));
    };
    let against = match (driver.usual, driver.ratio) {
        (Some(usual), Some(ratio)) if (usual - 1.0).abs() > 1e-12 => {
            format!(", {ratio:.1} times its usual {}", measured(usual, &driver.unit, false))
        }
        _ => String::new(),
    };
    Some(format!("{} is {}{against}: {does}", driver.name, measured(value, &driver.unit, true)))
}

/// A figure with its unit, once a sentence; shares in per cent, which say it themselves.
fn measured(value: f64, unit: &str, with_unit: bool) -> String {
    match unit.strip_prefix("share") {
        Some(rest) => format!("{:.3} %{}", 100.0 * value, if with_unit { rest } else { "" }),
        None if with_unit && !unit.is_empty() => format!("{} {unit}", figure(value)),
        None => figure(value),
    }
}

pub(super) fn similar(found: &Analogues, window_s: i64) -> String {
    let (low, high) = found.share_95;
    let what = match found.factor < 1.0 {
        true => format!("{:.0} % of capacity", 100.0 * found.factor),
        false => "a load over capacity".to_owned(),
    };
    let delay = found
        .delay_median_s
        .map_or_else(String::new, |delay| format!("; median delay {}", span(delay)));
    let dates: Vec<String> =
        found.moments.iter().take(3).map(|moment| time_text(moment.time_s)).collect();
    format!(
        "{} of {} similar moments ({}, 95 % CI {:.0} to {:.0} %) were followed by {what} within {}{delay}; most alike: {}",
        found.n_breached,
        found.n,
        percent(found.share),
        100.0 * low,
        100.0 * high,
        span(window_s),
        dates.join(", ")
    )
}
