//! Forecasts of a table with times and values.

use engine::forecasts::{
    FitOptions, KeepRow, Late, MethodName, PredictOptions, Scenario, SeriesOptions, predict_beside,
    series_of, with_indicators,
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
    /// As `btc=+8% in 1h`.
    scenarios: Vec<String>,
}

/// The next steps of a series, as JSON.
#[pyfunction]
pub(crate) fn forecast(
    py: Python<'_>,
    table: &Table,
    indicators: Option<&Table>,
    asked: Asked,
) -> PyResult<String> {
    let Asked { time, value, keep, method, horizon, levels, quantiles, late, .. } = asked;
    let (strict, scenarios) = (asked.strict, asked.scenarios);
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
        let series = series_of(&table.inner, &options)?;
        let steps = horizon.unwrap_or_else(|| series.horizon_default());
        let tables: Vec<&engine::tabular::Table> =
            indicators.iter().map(|table| &*table.inner).collect();
        let beside = with_indicators(series, &tables, &beside, steps)?;
        let read = scenarios.iter().map(|text| text.parse::<Scenario>());
        let scenarios: Vec<Scenario> = read.collect::<Result<_, _>>()?;
        let fit = FitOptions { method, orders: None, horizon };
        let late = late.map(|(now_s, after_s)| Late { now_s, after_s });
        let options = PredictOptions { fit, levels, quantiles, late, strict };
        predict_beside(beside, &scenarios, &options)
    });
    serde_json::to_string(&answer.map_err(raised)?).map_err(|error| internal(error.to_string()))
}
