//! The one contract of all methods.

use crate::{ForecastError, Indicators, Series};

/// The interval that holds a future value with the probability of its level.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds {
    /// Probability that a value lies within, `0.0..1.0`.
    pub level: f64,
    /// Lower bounds, one a step of the horizon.
    pub lower: Vec<f64>,
    /// Upper bounds.
    pub upper: Vec<f64>,
}

/// Values ahead, and how sure they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Expected value, one a step of the horizon.
    pub mean: Vec<f64>,
    /// One entry a level, in the order asked for.
    pub bounds: Vec<Bounds>,
}

/// A way to forecast.
pub trait Method: Send + Sync {
    /// Its name, as written on the command line: `sarimax`, `prophet`, …
    fn name(&self) -> &'static str;

    /// Fits it to a series and the indicators over the same steps (none: `Indicators::default()`).
    ///
    /// # Errors
    /// A series too short, a value that is infinite, lengths that differ.
    fn fit(
        &self,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<Box<dyn Fitted>, ForecastError>;
}

/// A fitted method.
pub trait Fitted: Send + Sync {
    /// Numbers that were fitted, by name; empty where the method's own type shows them.
    fn parameters(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// How well they fit: scales of errors in units of the series, factors on bounds.
    fn figures(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// The next `horizon` steps, with the indicators over them and a pair of bounds for each level (`0.0..1.0`).
    ///
    /// # Errors
    /// Indicators that are missing or too short, a level out of range.
    fn forecast(
        &self,
        horizon: usize,
        indicators: &Indicators,
        levels: &[f64],
    ) -> Result<Forecast, ForecastError>;
}
