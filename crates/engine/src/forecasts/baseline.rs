//! An answer whatever happens: where the method fails or the data are late, the last season again, and the answer says so.
//!
//! In: a series, what is wanted, how old its last value may be. Out: [`ForecastAnswer`], `instead_of` set where another method
//! answered than was asked. A question that makes no sense stays an error: only what a method cannot do is made good.
//! Checked against: `predict_series` (`tests/it/forecasts.rs` of `cli`).

use forecast::{ForecastError, reading};

use super::answers::{ForecastAnswer, InsteadOf};
use super::beside::WhatIf;
use super::methods::MethodName;
use super::predict::{FitOptions, answered};
use super::series::LoadedSeries;
use crate::Error;

/// When data are late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late {
    /// Now, seconds since 1970 UTC.
    pub now_s: i64,
    /// A last measured value older than this is late.
    pub after_s: u32,
}

/// What is wanted of one forecast.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictOptions {
    /// Method, orders, steps ahead.
    pub fit: FitOptions,
    /// Levels of bounds, shares, `0.0..1.0`.
    pub levels: Vec<f64>,
    /// Quantiles, `0.0..1.0`; 0.5 is the expected value.
    pub quantiles: Vec<f64>,
    /// When data count as late; never, if not given.
    pub late: Option<Late>,
    /// A method that fails is an error, and so are late data.
    pub strict: bool,
}

/// A forecast of the next steps, by the last season where the method fails or the data are late; `what_if` is answered beside
/// it by methods that use indicators.
///
/// # Errors
/// A level or quantile out of range, a series that not even the last season forecasts; with `strict` whatever fails.
pub fn predict(
    series: &LoadedSeries,
    options: &PredictOptions,
    what_if: Option<&WhatIf>,
) -> Result<ForecastAnswer, Error> {
    let by = |method| {
        let fit = FitOptions { method, ..options.fit.clone() };
        let asked = (options.levels.as_slice(), options.quantiles.as_slice());
        answered(series, &fit, asked, what_if).map(|(answer, _)| answer)
    };
    let asked = options.fit.method;
    let (reason, failed) = match lateness(series, options.late)? {
        Some(words) if options.strict => return Err(late(series, words)),
        Some(words) => (words, None),
        None => match by(asked) {
            Ok(answer) => return Ok(answer),
            Err(Error::Forecast(error)) if !options.strict => (error.to_string(), Some(error)),
            Err(error) => return Err(error),
        },
    };
    // Where not even the last season answers, what the method asked for said is of more use than what it says.
    let mut answer = by(MethodName::SeasonalNaive)
        .map_err(|error| failed.map_or(error, |failed| named(asked, failed)))?;
    answer.instead_of = (asked != MethodName::SeasonalNaive)
        .then(|| InsteadOf { method: asked.name().to_owned(), reason: reason.clone() });
    if answer.instead_of.is_none() {
        answer.read.repairs.push(reason);
    }
    Ok(answer)
}

/// What a method said, under the name by which it was asked for: its parts have names of their own.
fn named(asked: MethodName, error: ForecastError) -> Error {
    let text = error.to_string();
    match text.contains(asked.name()) || text.contains(&asked.name().replace('_', "-")) {
        true => error.into(),
        false => Error::Question {
            what: format!("{}: {text}", asked.name()),
            hint: Some(error.hint().to_owned()),
        },
    }
}

fn late(series: &LoadedSeries, words: String) -> Error {
    Error::Question {
        what: format!("{}: {words}", series.id),
        hint: Some("look at the source, or allow older data".to_owned()),
    }
}

/// Why the data are late, in words; none where they are not.
fn lateness(series: &LoadedSeries, late: Option<Late>) -> Result<Option<String>, Error> {
    let Some(late) = late else { return Ok(None) };
    if !series.has_times {
        return Err(Error::Question {
            what: format!("{}: without times nothing is late", series.id),
            hint: Some("give \"start\" and \"freq\" beside \"y\", or a column of times".to_owned()),
        });
    }
    let last = series.series.values.iter().rposition(|value| !value.is_nan());
    let Some(last_s) = last.and_then(|at| reading::time_of(&series.series, at)) else {
        return Ok(None);
    };
    let age_s = late.now_s - last_s;
    Ok((age_s > i64::from(late.after_s)).then(|| {
        format!(
            "the last measured value is of {}, {} s old; data are late after {} s",
            reading::time_text(last_s),
            age_s,
            late.after_s
        )
    }))
}
