//! Early warnings of one series: now, and by replay; the table of what leads; plans of capacity.

use forecast::lead::{LeadOptions, LeadRow, judge};
use forecast::planning::{Plan, PlanOptions, level_of_quantile, plan};
use forecast::scenario::Scenario;
use forecast::warning::{Capacity, Costs, Scorecard, Warner, Warning, WarningOptions, Watched};
use forecast::{Indicator, Step, reading};
use serde::Serialize;

use super::answers::ReadAnswer;
use super::beside::{Beside, IndicatorAhead};
use super::methods::MethodName;
use super::predict::{FitOptions, answered};
use super::series::LoadedSeries;
use crate::Error;

/// Share of a history that a replay fits to.
const TRAINING_SHARE: f64 = 0.6;

/// How a series is watched; what is not given is as the series' step suggests.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchOptions {
    /// What the platform can carry.
    pub capacity: Capacity,
    /// Seconds ahead.
    pub window_s: Option<u32>,
    /// Seconds of lead that make a warning worth something.
    pub lead_min_s: Option<u32>,
    /// False pages a week, at most.
    pub false_per_week: f64,
    /// What pages and breaches cost.
    pub costs: Option<Costs>,
    /// Steps over the threshold before a warning begins.
    pub persistence: usize,
    /// Similar moments that are looked up.
    pub analogues: usize,
    /// Of the model's draws.
    pub seed: u64,
    /// Whether past alerts were useful, the oldest first.
    pub was_useful: Vec<bool>,
}

impl WatchOptions {
    /// Defaults at a capacity.
    pub fn new(capacity: Capacity) -> Self {
        let usual = WarningOptions::default();
        Self {
            capacity,
            window_s: None,
            lead_min_s: None,
            false_per_week: usual.false_per_week,
            costs: None,
            persistence: usual.persistence,
            analogues: usual.analogues,
            seed: 0,
            was_useful: Vec::new(),
        }
    }

    pub(super) fn of_step(&self, step_s: u32) -> WarningOptions {
        let usual = WarningOptions::for_step(step_s);
        let steps = |span: u32| (span.div_ceil(step_s.max(1)) as usize).max(1);
        let window_steps = self.window_s.map_or(usual.window_steps, steps);
        WarningOptions {
            window_steps,
            cooling_steps: window_steps,
            lead_min_steps: self.lead_min_s.map_or(usual.lead_min_steps, steps),
            false_per_week: self.false_per_week,
            costs: self.costs,
            persistence: self.persistence,
            analogues: self.analogues,
            seed: self.seed,
            ..usual
        }
    }
}

/// A warning, or that there is none, with what past ones were worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WatchAnswer {
    /// The series.
    pub read: ReadAnswer,
    /// What it says now.
    pub warning: Warning,
    /// What it would have said over the last part of the history, fitted to the first.
    pub scorecard: Option<Scorecard>,
    /// The alert in the queue, where it was put there.
    pub alert: Option<String>,
    /// The last loads, for a plot.
    pub tail: Vec<f64>,
}

/// The last loads that an answer carries.
const TAIL: usize = 48;

/// What a series says now, and, with `replay`, what that was worth so far.
///
/// # Errors
/// A series without times or too short, a capacity far above it, indicators that are not sound.
pub fn watch_series(
    series: &LoadedSeries,
    indicators: &[Indicator],
    options: &WatchOptions,
    replay: bool,
) -> Result<WatchAnswer, Error> {
    let step_s = seconds_of(series)?;
    not_negative(series)?;
    let own = options.of_step(step_s);
    let watched = Watched { load: &series.series, capacity: &options.capacity, indicators };
    let warner = Warner::fit(&watched, &own)?.with_feedback(&options.was_useful);
    let warning = warner.assess(&watched)?;
    let scorecard = match replay {
        true => Some(Warner::replay(&watched, &own, TRAINING_SHARE)?),
        false => None,
    };
    let values = &series.series.values;
    Ok(WatchAnswer {
        read: read_with(series, indicators),
        warning,
        scorecard,
        alert: None,
        tail: values[values.len().saturating_sub(TAIL)..].to_vec(),
    })
}

fn read_with(series: &LoadedSeries, indicators: &[Indicator]) -> ReadAnswer {
    ReadAnswer {
        indicators: indicators.iter().map(|indicator| indicator.name.clone()).collect(),
        ..series.answer(false)
    }
}

pub(super) fn seconds_of(series: &LoadedSeries) -> Result<u32, Error> {
    match series.series.step {
        Step::Seconds(step_s) if series.has_times => Ok(step_s),
        _ => Err(Error::Question {
            what: format!("{} has no times, or steps of months", series.id),
            hint: Some("give a load with times, at steps of 6 hours at most".to_owned()),
        }),
    }
}

/// Refuses loads below 0: nothing carries less than nothing, so it is no load, or was not read as one.
fn not_negative(series: &LoadedSeries) -> Result<(), Error> {
    let values = &series.series.values;
    let count = values.iter().filter(|value| **value < 0.0).count();
    let Some(first) = values.iter().position(|value| *value < 0.0) else { return Ok(()) };
    let time = reading::time_of(&series.series, first).filter(|_| series.has_times);
    let place = time.map_or_else(|| format!("value {first}"), reading::time_text);
    Err(Error::Question {
        what: format!(
            "{}: {count} of {} loads are below 0, the first {} at {place}",
            series.id,
            values.len(),
            values[first]
        ),
        hint: Some("give a load, which is 0 or more; is it the right column?".to_owned()),
    })
}

/// The table of what leads a series.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeadAnswer {
    /// The series.
    pub read: ReadAnswer,
    /// Steps ahead that an indicator must help with.
    pub horizon: usize,
    /// Lags that were looked at.
    pub lags_max: usize,
    /// Each indicator, those that are used first, then by their gain.
    pub rows: Vec<LeadRow>,
}

/// Which indicators lead a series.
///
/// # Errors
/// A series without times or too short, indicators that are not sound.
pub fn lead_series(
    series: &LoadedSeries,
    indicators: &[Indicator],
    horizon: usize,
    lags_max: usize,
) -> Result<LeadAnswer, Error> {
    let step_s = seconds_of(series)?;
    let n = series.series.values.len();
    let times: Vec<i64> =
        (0..n).filter_map(|index| reading::time_of(&series.series, index)).collect();
    let day = (86_400 / step_s.max(1)) as usize;
    let seasons = if day >= 2 { vec![day] } else { Vec::new() };
    let options = LeadOptions { lags_max, horizon, seasons, ..LeadOptions::default() };
    let mut columns = Vec::with_capacity(indicators.len());
    for indicator in indicators {
        indicator.check()?;
        let age_max = (2 * indicator.step_s).max(step_s);
        columns.push((indicator.name.clone(), indicator.over(&times, age_max)));
    }
    let mut rows = judge(&series.series.values, &columns, &options)?;
    let gain = |row: &LeadRow| row.gain.map_or(f64::NEG_INFINITY, |gain| gain.gain);
    rows.sort_by(|a, b| b.used.cmp(&a.used).then(gain(b).total_cmp(&gain(a))));
    Ok(LeadAnswer { read: read_with(series, indicators), horizon, lags_max, rows })
}

/// Units by step, for a series.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlanAnswer {
    /// The series.
    pub read: ReadAnswer,
    /// The method that forecast it.
    pub method: String,
    /// Share of possible loads that is provided for.
    pub quantile: f64,
    /// Times of the steps, RFC 3339; empty where the file has none.
    pub times: Vec<String>,
    /// Expected load.
    pub expected: Vec<f64>,
    /// Where the values of indicators over the horizon come from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub indicators_ahead: Vec<IndicatorAhead>,
    /// The options.
    pub options: PlanOptions,
    /// The plan; nothing is done by it.
    pub plan: Plan,
}

/// A plan of units over the next steps.
///
/// # Errors
/// A series that the method cannot forecast, a quantile not above one half, options that make no sense.
pub fn plan_series(
    series: &LoadedSeries,
    method: MethodName,
    horizon: Option<usize>,
    (quantile, units): (f64, Option<u32>),
    options: &PlanOptions,
) -> Result<PlanAnswer, Error> {
    if !(quantile > 0.5 && quantile < 1.0) {
        return Err(Error::Question {
            what: format!("a quantile of {quantile}"),
            hint: Some(
                "provide for more than half of all loads: a number between 0.5 and 1".to_owned(),
            ),
        });
    }
    options.check()?;
    not_negative(series)?;
    let fit = FitOptions { method, orders: None, horizon };
    let levels = [level_of_quantile(quantile)];
    let (answer, _) = answered(series, &fit, (&levels, &[]), None)?;
    let upper = answer.bounds.first().map(|bounds| bounds.upper.as_slice()).unwrap_or_default();
    let values = &series.series.values;
    let last = values.iter().rev().find(|value| !value.is_nan()).copied().unwrap_or(f64::NAN);
    // A limit holds for what works now, too.
    let asked = options.required(last).map(|units| units.min(options.units_max));
    let units = units.or(asked).unwrap_or(options.units_min);
    let plan = plan(upper, &answer.mean, units, options)?;
    Ok(PlanAnswer {
        read: answer.read,
        method: answer.method,
        quantile,
        times: answer.times,
        expected: answer.mean,
        indicators_ahead: Vec::new(),
        options: options.clone(),
        plan,
    })
}

/// The same for a series with its indicators, under scenarios where any are given.
///
/// # Errors
/// As [`plan_series`]; scenarios that make no sense, or of a method that uses no indicators.
pub fn plan_beside(
    mut beside: Beside,
    scenarios: &[Scenario],
    method: MethodName,
    horizon: Option<usize>,
    asked: (f64, Option<u32>),
    options: &PlanOptions,
) -> Result<PlanAnswer, Error> {
    if let Some(what_if) = beside.assume(scenarios, method)? {
        beside.series.future = what_if.future;
    }
    let mut answer = plan_series(&beside.series, method, horizon, asked, options)?;
    if !answer.read.indicators.is_empty() {
        answer.indicators_ahead = beside.ahead;
    }
    answer.read.repairs.append(&mut beside.notes);
    Ok(answer)
}
