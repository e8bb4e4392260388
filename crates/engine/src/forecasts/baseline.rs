//! An answer whatever happens: where the method fails or the data are late, the last season again, and the answer says so.
//!
//! In: a series, what is wanted, how old its last value may be. Out: [`ForecastAnswer`], `instead_of` set where another method
//! answered than was asked. A question that makes no sense stays an error: only what a method cannot do is made good.
//! Checked against: `predict_series` (`tests/it/forecasts.rs` of `cli`).

use forecast::reading;

use super::answers::{ForecastAnswer, InsteadOf};
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

/// A forecast of the next steps, by the last season where the method fails or the data are late.
///
/// # Errors
/// A level or quantile out of range, a series that not even the last season forecasts; with `strict` whatever fails.
pub fn predict(series: &LoadedSeries, options: &PredictOptions) -> Result<ForecastAnswer, Error> {
    let by = |method| {
        let fit = FitOptions { method, ..options.fit.clone() };
        answered(series, &fit, &options.levels, &options.quantiles).map(|(answer, _)| answer)
    };
    let asked = options.fit.method;
    let found = match lateness(series, options.late)? {
        Some(words) if options.strict => return Err(late(series, words)),
        Some(words) => Err(words),
        None => match by(asked) {
            Ok(answer) => Ok(answer),
            Err(Error::Forecast(error)) if !options.strict => Err(error.to_string()),
            Err(error) => return Err(error),
        },
    };
    match found {
        Ok(answer) => Ok(answer),
        // Nothing else stands in for the last season: its own error is the answer.
        Err(reason) => {
            let mut answer = by(MethodName::SeasonalNaive)?;
            answer.instead_of = (asked != MethodName::SeasonalNaive)
                .then(|| InsteadOf { method: asked.name().to_owned(), reason: reason.clone() });
            if answer.instead_of.is_none() {
                answer.read.repairs.push(reason);
            }
            Ok(answer)
        }
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
