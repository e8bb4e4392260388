//! The last season again: what every other method has to beat.
//!
//! In: a series, the season in steps. Out: for each step ahead the last measured value of the same place in the season;
//! bounds of a random walk a season. Source: Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, 5.2.
//! Departures: a place whose last value is missing takes the one a season before; its age counts in the bounds.
//! Cost: O(n). Checked against: figures by hand (`tests/it/seasonal_naive.rs`).

use crate::{Fitted, Forecast, ForecastError, Indicators, Method, Series, checked, normal};

/// The last season again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeasonalNaive {
    /// Length of the season in steps; 1 repeats the last value.
    pub season: usize,
}

struct Repeated {
    /// Last measured value of each place after the end of the series, one a step of the season.
    values: Vec<f64>,
    /// Seasons from that value to the first time it is repeated, at least 1.
    ages: Vec<usize>,
    /// Standard deviation of the change over one season.
    sigma: f64,
}

impl Method for SeasonalNaive {
    fn name(&self) -> &'static str {
        "seasonal-naive"
    }

    fn fit(
        &self,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<Box<dyn Fitted>, ForecastError> {
        let season = self.season;
        if season == 0 {
            return Err(ForecastError::Argument {
                what: "season",
                found: "0".to_owned(),
                expected: "at least 1 step",
            });
        }
        checked::no_indicators(indicators)?;
        checked::series(self.name(), series, season + 1)?;
        let y = &series.values;
        let mut values = Vec::with_capacity(season);
        let mut ages = Vec::with_capacity(season);
        for place in 0..season {
            let back = |age: &usize| (y.len() + place).checked_sub(age * season);
            let last = (1..).map(|age| (age, back(&age))).find_map(|(age, at)| match at {
                None => Some(None),
                Some(at) => (!y[at].is_nan()).then_some(Some((age, y[at]))),
            });
            let Some((age, value)) = last.flatten() else {
                return Err(empty_place(self.name(), season, y));
            };
            values.push(value);
            ages.push(age);
        }
        let changes: Vec<f64> =
            (season..y.len()).map(|t| y[t] - y[t - season]).filter(|d| !d.is_nan()).collect();
        let sum: f64 = changes.iter().map(|change| change * change).sum();
        let sigma = if changes.is_empty() { 0.0 } else { (sum / changes.len() as f64).sqrt() };
        Ok(Box::new(Repeated { values, ages, sigma }))
    }
}

/// Places of the season without any value.
fn empty_place(method: &'static str, season: usize, y: &[f64]) -> ForecastError {
    let measured = (0..season)
        .filter(|place| y.iter().skip(*place).step_by(season).any(|value| !value.is_nan()))
        .count();
    ForecastError::EmptyPlaces { method, season, empty: season - measured }
}

impl Fitted for Repeated {
    fn figures(&self) -> Vec<(&'static str, f64)> {
        vec![("sigma", self.sigma)]
    }

    fn forecast(
        &self,
        horizon: usize,
        indicators: &Indicators,
        levels: &[f64],
    ) -> Result<Forecast, ForecastError> {
        checked::no_indicators(indicators)?;
        checked::levels(levels)?;
        let season = self.values.len();
        let mean: Vec<f64> = (0..horizon).map(|step| self.values[step % season]).collect();
        let age = |step: usize| (self.ages[step % season] + step / season) as f64;
        let errors: Vec<f64> = (0..horizon).map(|step| self.sigma * age(step).sqrt()).collect();
        let bounds = normal::bounds(&mean, &errors, levels);
        checked::forecast(Forecast { mean, bounds })
    }
}
