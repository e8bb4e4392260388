//! Indicators of another table beside a series, by time.
//!
//! In: a series with times, a table with a column of times and columns of numbers. Out: the series with its indicators over its
//! history and over what is known of the horizon; where an indicator is not known to its end, its own last season goes on, and
//! the notes say so. Over the history nothing is filled: a hole is an error. Checked against: `tests/it/forecast.rs` of `cli`.

use std::collections::BTreeMap;

use forecast::{Indicators, Method, SeasonalNaive, Series, reading};

use super::series::{LoadedSeries, SeriesOptions, series_of};
use crate::Error;
use crate::tabular::Table;

/// A series with the indicators of a table, known or carried on for `horizon` steps ahead, and what was carried on, in words.
///
/// # Errors
/// A series without times, a column that is no series, an indicator without a value at a step of the history.
pub fn with_indicators(
    mut series: LoadedSeries,
    table: &Table,
    options: &SeriesOptions,
    horizon: usize,
) -> Result<(LoadedSeries, Vec<String>), Error> {
    if !series.has_times {
        return Err(question(format!("{}: indicators need times", series.id)));
    }
    let mut notes = Vec::new();
    let n = series.series.values.len();
    let (mut past, mut ahead) = (Indicators::default(), Indicators::default());
    for (name, known) in columns(table, options)? {
        let value = |step: usize| -> Result<f64, Error> {
            let time = reading::time_of(&series.series, step);
            let time = time.ok_or_else(|| question(format!("{name}: beyond the calendar")))?;
            Ok(known.get(&time).copied().unwrap_or(f64::NAN))
        };
        let mut values = (0..n + horizon).map(value).collect::<Result<Vec<f64>, Error>>()?;
        if let Some(hole) = values[..n].iter().position(|value| value.is_nan()) {
            let time = reading::time_of(&series.series, hole).map(reading::time_text);
            let time = time.unwrap_or_default();
            return Err(question(format!("indicator {name:?} has no value at {time}")));
        }
        let first = values[n..].iter().position(|value| value.is_nan()).unwrap_or(horizon);
        if first < horizon {
            carry_on(&mut values, n + first, &series)?;
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
    Ok((series, notes))
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
