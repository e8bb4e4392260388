//! Indicators beside a series, by time, and what is assumed of them.
//!
//! In: a series with times, tables with a column of times and columns of numbers, scenarios. Out: the series with its
//! indicators over its history and over the horizon, and for each of them which steps are known, forecast or assumed. Where an
//! indicator is not known to its end, its own last season goes on. Over the history nothing is filled: a hole is an error.
//! Checked against: `tests/it/forecast.rs` and `tests/it/scenario.rs` of `cli`.

use std::collections::BTreeMap;

use forecast::scenario::Scenario;
use forecast::{Indicators, Method, SeasonalNaive, Series, reading};
use serde::Serialize;

use super::answers::ForecastAnswer;
use super::baseline::{PredictOptions, predict};
use super::methods::MethodName;
use super::series::{LoadedSeries, SeriesOptions, series_of};
use crate::Error;
use crate::tabular::Table;

/// Where the values of an indicator over the horizon come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IndicatorSource {
    /// All are known.
    Known,
    /// Some are its own last season again.
    Forecast,
    /// Some are assumed.
    Scenario,
}

/// An indicator over the horizon.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IndicatorAhead {
    /// Its name.
    pub name: String,
    /// Where its values come from, the least sure of them.
    pub source: IndicatorSource,
    /// Steps that are known.
    pub steps_known: usize,
    /// Steps that are forecast.
    pub steps_forecast: usize,
    /// Steps that are assumed.
    pub steps_scenario: usize,
    /// The scenario, as `btc=+8% in 1h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// Its last known value.
    pub last: f64,
    /// A value a step, without the scenario.
    pub values: Vec<f64>,
    /// The same with the scenario.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assumed: Option<Vec<f64>>,
}

impl IndicatorAhead {
    fn new(name: &str, last: f64, values: Vec<f64>, steps_known: usize) -> Self {
        let steps_forecast = values.len().saturating_sub(steps_known);
        let source = match steps_forecast {
            0 => IndicatorSource::Known,
            _ => IndicatorSource::Forecast,
        };
        let (name, scenario, assumed) = (name.to_owned(), None, None);
        let (steps_known, steps_scenario) = (values.len() - steps_forecast, 0);
        Self {
            name,
            source,
            steps_known,
            steps_forecast,
            steps_scenario,
            scenario,
            last,
            values,
            assumed,
        }
    }
}

/// A series with its indicators.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// The series; its indicators are known or carried on over the horizon.
    pub series: LoadedSeries,
    /// What its indicators rest on over the horizon.
    pub ahead: Vec<IndicatorAhead>,
    /// What was carried on, in words.
    pub notes: Vec<String>,
}

/// What is asked of a forecast under assumptions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WhatIf {
    /// The scenarios, as they are written.
    pub given: Vec<String>,
    /// The indicators over the horizon under them.
    pub future: Indicators,
}

impl Beside {
    /// A series with the indicators of its own file, which are known over the horizon.
    pub fn alone(series: LoadedSeries, horizon: usize) -> Self {
        let mut beside = Self { series, ahead: Vec::new(), notes: Vec::new() };
        beside.tell(&BTreeMap::new(), horizon);
        beside
    }

    /// Says what each indicator rests on; `known` has the steps of those that are not known to the end.
    fn tell(&mut self, known: &BTreeMap<String, usize>, horizon: usize) {
        let (past, future) = (&self.series.indicators, &self.series.future);
        let columns = past.names.iter().zip(&past.columns).zip(&future.columns);
        let told = columns.map(|((name, past), values)| {
            let values = values[..values.len().min(horizon)].to_vec();
            let last = past.last().copied().unwrap_or(f64::NAN);
            let steps = known.get(name).copied().unwrap_or(values.len());
            IndicatorAhead::new(name, last, values, steps)
        });
        self.ahead = told.collect();
    }

    /// Puts scenarios on the indicators: what they are then, and what is asked. `None` where no scenario is given.
    ///
    /// # Errors
    /// A method that uses no indicators, a scenario of no indicator, two of one, one that changes nothing within the horizon.
    pub fn assume(
        &mut self,
        scenarios: &[Scenario],
        method: MethodName,
    ) -> Result<Option<WhatIf>, Error> {
        if scenarios.is_empty() {
            return Ok(None);
        }
        if !method.uses_indicators() {
            let what = format!("{} uses no indicators: a scenario changes nothing", method.name());
            let hint = Some("take regression, prophet, sarimax, auto_arima or dhr".to_owned());
            return Err(Error::Question { what, hint });
        }
        let (origin_s, times) = self.times()?;
        for scenario in scenarios {
            let names: Vec<&str> = self.ahead.iter().map(|one| one.name.as_str()).collect();
            let names = names.join(", ");
            let found = self.ahead.iter_mut().find(|one| one.name == scenario.name);
            let one = found.ok_or_else(|| unknown(scenario, &names))?;
            if one.scenario.is_some() {
                let what = format!("two scenarios of {:?}", one.name);
                let hint = Some("give one an indicator".to_owned());
                return Err(Error::Question { what, hint });
            }
            let path = scenario.over((origin_s, one.last), &times, &one.values)?;
            one.steps_known = one.steps_known.min(path.from);
            one.steps_forecast = path.from - one.steps_known;
            one.steps_scenario = path.values.len() - path.from;
            one.source = IndicatorSource::Scenario;
            one.scenario = Some(scenario.to_string());
            one.assumed = Some(path.values);
        }
        let column = |one: &IndicatorAhead| one.assumed.as_ref().unwrap_or(&one.values).clone();
        Ok(Some(WhatIf {
            given: scenarios.iter().map(Scenario::to_string).collect(),
            future: Indicators {
                names: self.ahead.iter().map(|one| one.name.clone()).collect(),
                columns: self.ahead.iter().map(column).collect(),
            },
        }))
    }

    /// Time of the last value, and of each step of the horizon.
    fn times(&self) -> Result<(i64, Vec<i64>), Error> {
        let series = &self.series.series;
        let n = series.values.len();
        let time = |step: usize| {
            let time = reading::time_of(series, step).filter(|_| self.series.has_times);
            time.ok_or_else(|| question(format!("{}: scenarios need times", self.series.id)))
        };
        let horizon = self.ahead.iter().map(|one| one.values.len()).max().unwrap_or(0);
        let times = (n..n + horizon).map(time).collect::<Result<_, _>>()?;
        Ok((time(n.saturating_sub(1))?, times))
    }
}

fn unknown(scenario: &Scenario, names: &str) -> Error {
    let hint = match names {
        "" => "give its values in a file of indicators".to_owned(),
        names => format!("indicators are {names}"),
    };
    let what = format!("scenario {scenario}: no indicator is named {:?}", scenario.name);
    Error::Question { what, hint: Some(hint) }
}

/// A forecast of a series with its indicators, and beside it what it would be under scenarios.
///
/// # Errors
/// As [`predict`]; scenarios that make no sense, or of a method that uses no indicators.
pub fn predict_beside(
    mut beside: Beside,
    scenarios: &[Scenario],
    options: &PredictOptions,
) -> Result<ForecastAnswer, Error> {
    let what_if = beside.assume(scenarios, options.fit.method)?;
    let mut answer = predict(&beside.series, options, what_if.as_ref())?;
    if !answer.read.indicators.is_empty() {
        answer.indicators_ahead = beside.ahead;
    }
    answer.read.repairs.append(&mut beside.notes);
    if what_if.is_some() && answer.scenario.is_none() {
        let words = "the last season uses no indicators: the scenario was not answered";
        answer.read.repairs.push(words.to_owned());
    }
    Ok(answer)
}

/// A series with the indicators of tables, known or carried on for `horizon` steps ahead; without tables, with those of its own
/// file.
///
/// # Errors
/// A series without times, a column that is no series, an indicator without a value at a step of the history, two of one name.
pub fn with_indicators(
    mut series: LoadedSeries,
    tables: &[&Table],
    options: &SeriesOptions,
    horizon: usize,
) -> Result<Beside, Error> {
    if tables.is_empty() {
        return Ok(Beside::alone(series, horizon));
    }
    if !series.has_times {
        return Err(question(format!("{}: indicators need times", series.id)));
    }
    let (mut notes, mut known_steps) = (Vec::new(), BTreeMap::new());
    let (mut past, mut ahead) = (Indicators::default(), Indicators::default());
    let mut all = Vec::new();
    for table in tables {
        all.extend(columns(table, options)?);
    }
    let n = series.series.values.len();
    for (name, known) in all {
        if past.names.contains(&name) {
            let what = format!("two indicators are named {name:?}");
            let hint = Some("give each file once, and columns of different names".to_owned());
            return Err(Error::Question { what, hint });
        }
        let (mut values, first) = laid(&series, &name, &known, horizon)?;
        if first < horizon {
            carry_on(&mut values, n + first, &series)?;
            known_steps.insert(name.clone(), first);
            notes.push(format!(
                "indicator {name:?} is known for {first} of {horizon} steps ahead; from there on its last season is repeated"
            ));
        }
        ahead.columns.push(values.split_off(n));
        past.columns.push(values);
        past.names.push(name.clone());
        ahead.names.push(name);
    }
    (series.indicators, series.future) = (past, ahead);
    let mut beside = Beside { series, ahead: Vec::new(), notes };
    beside.tell(&known_steps, horizon);
    Ok(beside)
}

/// An indicator at the steps of a series and of its horizon, and how many steps of the horizon are known.
fn laid(
    series: &LoadedSeries,
    name: &str,
    known: &BTreeMap<i64, f64>,
    horizon: usize,
) -> Result<(Vec<f64>, usize), Error> {
    let n = series.series.values.len();
    let value = |step: usize| -> Result<f64, Error> {
        let time = reading::time_of(&series.series, step);
        let time = time.ok_or_else(|| question(format!("{name}: beyond the calendar")))?;
        Ok(known.get(&time).copied().unwrap_or(f64::NAN))
    };
    let values = (0..n + horizon).map(value).collect::<Result<Vec<f64>, Error>>()?;
    if let Some(hole) = values[..n].iter().position(|value| value.is_nan()) {
        let time = reading::time_of(&series.series, hole).map(reading::time_text);
        let time = time.unwrap_or_default();
        return Err(question(format!("indicator {name:?} has no value at {time}")));
    }
    let first = values[n..].iter().position(|value| value.is_nan()).unwrap_or(horizon);
    Ok((values, first))
}

fn question(what: String) -> Error {
    Error::Question {
        what,
        hint: Some(
            "give a row for every step of the series, with times of the same steps".to_owned(),
        ),
    }
}

/// A column by its name: values by time.
type Named = (String, BTreeMap<i64, f64>);

/// Every column but that of times.
fn columns(table: &Table, options: &SeriesOptions) -> Result<Vec<Named>, Error> {
    let names = table.frame.columns().iter().map(|column| column.name.clone());
    let time = super::series::time_column(&table.frame, options)?;
    let mut found = Vec::new();
    for name in names.filter(|name| *name != time) {
        let value = Some(name.clone());
        let options = SeriesOptions { time: Some(time.clone()), value, ..options.clone() };
        let read = series_of(table, &options)?.series;
        let point = |(at, value): (usize, &f64)| Some((reading::time_of(&read, at)?, *value));
        found.push((name, read.values.iter().enumerate().filter_map(point).collect()));
    }
    if found.is_empty() {
        return Err(question(format!("{} holds no column beside {time:?}", table.name)));
    }
    Ok(found)
}

/// From `from` on the last season again.
fn carry_on(values: &mut [f64], from: usize, series: &LoadedSeries) -> Result<(), Error> {
    let season = series.seasons.first().copied().filter(|season| *season < from).unwrap_or(1);
    let known = Series { values: values[..from].to_vec(), ..series.series.clone() };
    let none = Indicators::default();
    let fitted = SeasonalNaive { season }.fit(&known, &none)?;
    let ahead = fitted.forecast(values.len() - from, &none, &[])?.mean;
    values[from..].copy_from_slice(&ahead);
    Ok(())
}
