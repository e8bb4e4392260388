//! What every method asks of its input, said once.

use crate::{Forecast, ForecastError, Indicators, Series};

/// The series is finite or NaN throughout and has at least `needed` measured values.
pub(crate) fn series(
    method: &'static str,
    series: &Series,
    needed: usize,
) -> Result<(), ForecastError> {
    finite("the series", &series.values)?;
    let found = series.values.iter().filter(|value| !value.is_nan()).count();
    if found < needed {
        return Err(ForecastError::TooShort { method, needed, found });
    }
    Ok(())
}

/// No value is infinite.
pub(crate) fn finite(what: &str, values: &[f64]) -> Result<(), ForecastError> {
    match values.iter().position(|value| value.is_infinite()) {
        Some(index) => {
            Err(ForecastError::Value { what: what.to_owned(), index, value: values[index] })
        }
        None => Ok(()),
    }
}

/// The method takes no indicators: what is not used is refused, never dropped silently.
pub(crate) fn no_indicators(indicators: &Indicators) -> Result<(), ForecastError> {
    if indicators.columns.is_empty() && indicators.names.is_empty() {
        return Ok(());
    }
    Err(ForecastError::Argument {
        what: "indicators",
        found: format!("{} columns", indicators.columns.len()),
        expected: "none: this method takes no indicators",
    })
}

/// A name a column, `length` finite values each.
pub(crate) fn indicators(indicators: &Indicators, length: usize) -> Result<(), ForecastError> {
    let Indicators { names, columns } = indicators;
    if names.len() != columns.len() {
        let what = "columns of indicators".to_owned();
        return Err(ForecastError::Length { what, expected: names.len(), found: columns.len() });
    }
    for (name, column) in names.iter().zip(columns) {
        if column.len() != length {
            let what = format!("indicator `{name}`");
            return Err(ForecastError::Length { what, expected: length, found: column.len() });
        }
        if let Some(index) = column.iter().position(|value| !value.is_finite()) {
            let what = format!("indicator `{name}`");
            return Err(ForecastError::Value { what, index, value: column[index] });
        }
    }
    Ok(())
}

/// The names at forecast time are those of the fit, in its order.
pub(crate) fn same_names(fitted: &[String], given: &Indicators) -> Result<(), ForecastError> {
    if fitted == given.names {
        return Ok(());
    }
    Err(ForecastError::Argument {
        what: "indicators",
        found: format!("[{}], fitted with [{}]", given.names.join(", "), fitted.join(", ")),
        expected: "the names of the fit, in its order",
    })
}

/// Every level lies strictly between 0 and 1.
pub(crate) fn levels(levels: &[f64]) -> Result<(), ForecastError> {
    match levels.iter().find(|level| !(**level > 0.0 && **level < 1.0)) {
        Some(level) => Err(ForecastError::Argument {
            what: "level",
            found: level.to_string(),
            expected: "a number between 0 and 1, both excluded",
        }),
        None => Ok(()),
    }
}

/// Every probability lies strictly between 0 and 1.
pub(crate) fn probabilities(probabilities: &[f64]) -> Result<(), ForecastError> {
    match probabilities.iter().find(|p| !(**p > 0.0 && **p < 1.0)) {
        Some(probability) => Err(ForecastError::Argument {
            what: "quantile",
            found: probability.to_string(),
            expected: "a number between 0 and 1, both excluded",
        }),
        None => Ok(()),
    }
}

/// Every season has at least two steps, and no two are equal.
pub(crate) fn seasons(seasons: &[usize]) -> Result<(), ForecastError> {
    let ascending = seasons.windows(2).all(|pair| pair[0] < pair[1]);
    if ascending && seasons.first().is_none_or(|first| *first >= 2) {
        return Ok(());
    }
    Err(ForecastError::Argument {
        what: "seasons",
        found: format!("{seasons:?}"),
        expected: "lengths in steps, at least 2 each, ascending",
    })
}

/// What came out is finite: figures near the largest number there is overflow in sums of squares.
pub(crate) fn forecast(forecast: Forecast) -> Result<Forecast, ForecastError> {
    let bounds = forecast.bounds.iter().flat_map(|bounds| [&bounds.lower, &bounds.upper]);
    for values in bounds.chain([&forecast.mean]) {
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            let what = "the forecast (values of this size are beyond floating point)".to_owned();
            return Err(ForecastError::Value { what, index, value: values[index] });
        }
    }
    Ok(forecast)
}
