//! Forecasts of a table with times and values.

use engine::forecasts::{
    FitOptions, KeepRow, Late, MethodName, PredictOptions, SeriesOptions, predict, series_of,
    with_indicators,
};
use pyo3::prelude::*;

use crate::errors::{internal, raised};
use crate::options::unknown;
use crate::tables::Table;

const METHODS: [MethodName; 10] = [
    MethodName::Auto,
    MethodName::SeasonalNaive,
    MethodName::Ets,
    MethodName::Theta,
    MethodName::Mstl,
    MethodName::Regression,
    MethodName::Prophet,
    MethodName::Sarimax,
    MethodName::AutoArima,
    MethodName::Dhr,
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
    /// Shares, 0 to 1.
    quantiles: Vec<f64>,
    /// Now, and seconds after which data are late.
    late: Option<(i64, u32)>,
    strict: bool,
}

/// The next steps of a series, as JSON.
#[pyfunction]
pub(crate) fn forecast(
    py: Python<'_>,
    table: &Table,
    indicators: Option<&Table>,
    asked: Asked,
) -> PyResult<String> {
    let Asked { time, value, keep, method, horizon, levels, quantiles, late, strict } = asked;
    let named = METHODS.into_iter().find(|known| known.name() == method);
    let method = named.ok_or_else(|| unknown("method", &method, &METHODS.map(MethodName::name)))?;
    let keep = match keep.as_deref() {
        None => None,
        Some("first") => Some(KeepRow::First),
        Some("last") => Some(KeepRow::Last),
        Some("mean") => Some(KeepRow::Mean),
        Some(other) => return Err(unknown("row to keep", other, &["first", "last", "mean"])),
    };
    let beside = SeriesOptions { keep, ..SeriesOptions::default() };
    let options = SeriesOptions { time, value, ..beside.clone() };
    let answer = py.detach(|| {
        let mut series = series_of(&table.inner, &options)?;
        let mut notes = Vec::new();
        if let Some(table) = indicators {
            let steps = horizon.unwrap_or_else(|| series.horizon_default());
            (series, notes) = with_indicators(series, &table.inner, &beside, steps)?;
        }
        let fit = FitOptions { method, orders: None, horizon };
        let late = late.map(|(now_s, after_s)| Late { now_s, after_s });
        let mut answer =
            predict(&series, &PredictOptions { fit, levels, quantiles, late, strict })?;
        answer.read.repairs.append(&mut notes);
        Ok(answer)
    });
    serde_json::to_string(&answer.map_err(raised)?).map_err(|error| internal(error.to_string()))
}
