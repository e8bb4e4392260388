//! The one contract of all methods.

use crate::{ForecastError, Indicators, Series, checked};

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

    /// One path a probability, in the order asked for, `horizon` steps each: the value that what comes stays below with that
    /// probability. 0.5 is the expected value, the others are sides of bounds. Where those of a method cross (they are
    /// drawn, or lie to one side of the mean), they are put in order at each step: Chernozhukov, Fernández-Val and
    /// Galichon 2010.
    ///
    /// # Errors
    /// As [`Fitted::forecast`]; a probability out of range.
    fn quantiles(
        &self,
        horizon: usize,
        indicators: &Indicators,
        probabilities: &[f64],
    ) -> Result<Vec<Vec<f64>>, ForecastError> {
        checked::probabilities(probabilities)?;
        let mut levels: Vec<f64> = probabilities.iter().map(|p| level_of(*p)).collect();
        levels.retain(|level| *level > 0.0);
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        let forecast = self.forecast(horizon, indicators, &levels)?;
        let path = |probability: &f64| {
            let level = level_of(*probability);
            match levels.iter().position(|known| *known == level) {
                Some(at) if *probability < 0.5 => forecast.bounds[at].lower.clone(),
                Some(at) => forecast.bounds[at].upper.clone(),
                None => forecast.mean.clone(),
            }
        };
        let mut paths: Vec<Vec<f64>> = probabilities.iter().map(path).collect();
        put_in_order(&mut paths, probabilities, horizon);
        Ok(paths)
    }
}

/// The level of which a quantile is a bound, without the noise of the subtraction: 0.1 and 0.9 are bounds of one level.
pub(crate) fn level_of(probability: f64) -> f64 {
    ((2.0 * probability - 1.0).abs() * 1e12).round() / 1e12
}

fn put_in_order(paths: &mut [Vec<f64>], probabilities: &[f64], horizon: usize) {
    let mut order: Vec<usize> = (0..paths.len()).collect();
    order.sort_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b]));
    for step in 0..horizon {
        let mut values: Vec<f64> = paths.iter().map(|path| path[step]).collect();
        values.sort_by(f64::total_cmp);
        for (place, value) in order.iter().zip(values) {
            paths[*place][step] = value;
        }
    }
}
