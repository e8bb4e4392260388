//! Forecasts of a table with times and values.

use engine::forecasts::{
    FitOptions, KeepRow, MethodName, SeriesOptions, predict_series, series_of,
};
use pyo3::prelude::*;

use crate::errors::{internal, raised};
use crate::options::unknown;
use crate::tables::Table;

const METHODS: [MethodName; 9] = [
    MethodName::Auto,
    MethodName::SeasonalNaive,
    MethodName::Ets,
    MethodName::Theta,
    MethodName::Mstl,
    MethodName::Regression,
    MethodName::Prophet,
    MethodName::Sarimax,
    MethodName::AutoArima,
];

/// A dictionary with these keys.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Asked {
    time: Option<String>,
    value: Option<String>,
    keep: Option<String>,
    method: String,
    horizon: Option<usize>,
    /// Shares, 0 to 1.
    levels: Vec<f64>,
}

/// The next steps of a series, as JSON.
#[pyfunction]
pub(crate) fn forecast(py: Python<'_>, table: &Table, asked: Asked) -> PyResult<String> {
    let Asked { time, value, keep, method, horizon, levels } = asked;
    let named = METHODS.into_iter().find(|known| known.name() == method);
    let method = named.ok_or_else(|| unknown("method", &method, &METHODS.map(MethodName::name)))?;
    let keep = match keep.as_deref() {
        None => None,
        Some("first") => Some(KeepRow::First),
        Some("last") => Some(KeepRow::Last),
        Some("mean") => Some(KeepRow::Mean),
        Some(other) => return Err(unknown("row to keep", other, &["first", "last", "mean"])),
    };
    let options = SeriesOptions { time, value, keep, ..SeriesOptions::default() };
    let answer = py.detach(|| {
        let series = series_of(&table.inner, &options)?;
        predict_series(&series, &FitOptions { method, orders: None, horizon }, &levels)
    });
    serde_json::to_string(&answer.map_err(raised)?).map_err(|error| internal(error.to_string()))
}
