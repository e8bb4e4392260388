//! Prophet: a trend that bends, Fourier seasons, holidays, indicators; additive or as shares of the trend.
//!
//! In: a series (its times matter), indicators. Out: means ahead, bounds, and each component by itself.
//! Source: Taylor and Letham, Forecasting at scale, The American Statistician 2018; defaults of prophet 1.5.0.
//! Departures: the most probable parameters are found by a feature-sign search on the Gram matrix, not by Stan's L-BFGS, which
//! stops at the kinks of the Laplace prior: changes of slope that are not needed are exactly 0 here. Saturating growth
//! (`logistic`) has one cap and one floor for all times. Bounds are quantiles of `paths` trends drawn from a seed, plus normal noise.
//! Cost: O(n · columns²) once, then milliseconds. Checked against: Prophet 1.5.0 (`tests/it/prophet.rs`).

mod design;
mod fit;
mod logistic;
mod predict;
mod solve;

use design::Column;

use crate::{Fitted, Forecast, ForecastError, Indicators, Method, Series, checked};

/// How the trend grows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Growth {
    /// By a slope that bends at changepoints.
    Linear,
    /// Toward a cap, by a rate that changes at changepoints.
    Logistic {
        /// Where the trend comes from, in units of the series.
        floor: f64,
        /// Where it goes; above the floor.
        cap: f64,
    },
    /// Not at all.
    Flat,
}

/// A season by Fourier terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Seasonality {
    /// Its name among the components.
    pub name: String,
    /// Length in days.
    pub period_days: f64,
    /// Pairs of sine and cosine.
    pub order: usize,
    /// Standard deviation of the prior of each coefficient.
    pub scale: f64,
    /// Whether it is a share of the trend.
    pub multiplicative: bool,
}

/// Days that are unlike others in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    /// Its name among the components.
    pub name: String,
    /// Days since 1970-01-01 (UTC), past and future.
    pub days: Vec<i64>,
}

/// Prophet and its options.
#[derive(Debug, Clone, PartialEq)]
pub struct Prophet {
    /// How the trend grows.
    pub growth: Growth,
    /// Places at which the trend may bend.
    pub changepoints: usize,
    /// Share of the history, from its start, that they are spread over, `0.0..=1.0`.
    pub changepoint_range: f64,
    /// Scale of the Laplace prior of a change of slope; larger: a livelier trend.
    pub changepoint_scale: f64,
    /// The seasons; none given: a year, a week, a day where the data allow.
    pub seasons: Option<Vec<Seasonality>>,
    /// Prior scale of seasons that are turned on by themselves.
    pub season_scale: f64,
    /// Prior scale of holidays and indicators.
    pub holiday_scale: f64,
    /// Whether seasons turned on by themselves and holidays are shares of the trend.
    pub multiplicative: bool,
    /// Holidays.
    pub holidays: Vec<Holiday>,
    /// Names of indicators that act as shares of the trend; others are added.
    pub multiplicative_indicators: Vec<String>,
    /// Paths drawn for the bounds.
    pub paths: usize,
    /// Their seed.
    pub seed: u64,
}

impl Default for Prophet {
    fn default() -> Self {
        Self {
            growth: Growth::Linear,
            changepoints: 25,
            changepoint_range: 0.8,
            changepoint_scale: 0.05,
            seasons: None,
            season_scale: 10.0,
            holiday_scale: 10.0,
            multiplicative: false,
            holidays: Vec::new(),
            multiplicative_indicators: Vec::new(),
            paths: 1_000,
            seed: 1,
        }
    }
}

/// A fit of Prophet, open to inspection.
#[derive(Debug, Clone)]
pub struct ProphetFit {
    options: Prophet,
    series: Series,
    indicators: Indicators,
    /// First measured time and the span of the measured ones, in seconds.
    start_s: i64,
    span_s: f64,
    /// Largest size of a value: the unit of everything below.
    unit: f64,
    /// Taken off before, and where growth ends (in units above it).
    floor: f64,
    cap: Option<f64>,
    /// Slope and level at the start, in units and spans; of the exponent where growth saturates.
    slope: f64,
    level: f64,
    /// Scaled time and change of slope of each changepoint.
    bends: Vec<(f64, f64)>,
    columns: Vec<Column>,
    effects: Vec<f64>,
    sigma: f64,
    log_posterior: f64,
}

/// One part of a forecast, over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// `trend`, a season, a holiday, an indicator.
    pub name: String,
    /// Whether values are shares of the trend.
    pub multiplicative: bool,
    /// One value a step, in units of the series or as shares.
    pub values: Vec<f64>,
}

impl Prophet {
    fn check(&self) -> Result<(), ForecastError> {
        let scales = [self.changepoint_scale, self.season_scale, self.holiday_scale];
        let seasons = self.seasons.iter().flatten();
        let odd = |s: &Seasonality| {
            !(s.period_days > 0.0 && s.period_days.is_finite() && s.scale > 0.0) || s.order == 0
        };
        let range = (0.0..=1.0).contains(&self.changepoint_range);
        if let Growth::Logistic { floor, cap } = self.growth
            && !(floor.is_finite() && cap.is_finite() && floor < cap)
        {
            return Err(ForecastError::Argument {
                what: "growth of prophet",
                found: format!("floor {floor}, cap {cap}"),
                expected: "a finite floor below a finite cap",
            });
        }
        if range && scales.iter().all(|s| *s > 0.0 && s.is_finite()) && !seasons.clone().any(odd) {
            return Ok(());
        }
        Err(ForecastError::Argument {
            what: "options of prophet",
            found: format!(
                "changepoint range {}, scales {scales:?}, {} seasons",
                self.changepoint_range,
                seasons.count()
            ),
            expected: "a range within 0 and 1, scales and periods above 0, orders of at least 1",
        })
    }

    /// Fits, and shows what came out.
    ///
    /// # Errors
    /// Fewer than two measured values, an infinite value, indicators of another length, an option out of range.
    pub fn inspect(
        &self,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<ProphetFit, ForecastError> {
        self.check()?;
        checked::indicators(indicators, series.values.len())?;
        checked::series("prophet", series, 2)?;
        fit::fit(self, series, indicators)
    }
}

impl Method for Prophet {
    fn name(&self) -> &'static str {
        "prophet"
    }

    fn fit(
        &self,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<Box<dyn Fitted>, ForecastError> {
        Ok(Box::new(self.inspect(series, indicators)?))
    }
}

impl ProphetFit {
    /// Log posterior at the optimum, in scaled units and without its constants (Stan's `lp__`).
    pub fn log_posterior(&self) -> f64 {
        self.log_posterior
    }

    /// Standard deviation of the noise, in units of the series.
    pub fn sigma(&self) -> f64 {
        self.sigma * self.unit
    }

    /// Changes of slope that are not 0: time in seconds since 1970, and the change a day in units of the series (of the
    /// exponent, times the unit, where growth saturates).
    pub fn changepoints(&self) -> Vec<(i64, f64)> {
        let one = |(time, change): &(f64, f64)| {
            #[expect(clippy::cast_possible_truncation, reason = "within the span of the series")]
            let at = self.start_s + (time * self.span_s).round() as i64;
            (at, change * self.unit / self.span_s * 86_400.0)
        };
        self.bends.iter().filter(|(_, change)| *change != 0.0).map(one).collect()
    }
}

impl Fitted for ProphetFit {
    fn forecast(
        &self,
        horizon: usize,
        indicators: &Indicators,
        levels: &[f64],
    ) -> Result<Forecast, ForecastError> {
        checked::levels(levels)?;
        checked::same_names(&self.indicators.names, indicators)?;
        let given = indicators.columns.first().map_or(horizon, |c| c.len().max(horizon));
        checked::indicators(indicators, given)?;
        let times = design::times(&self.series, self.series.values.len(), horizon)?;
        checked::forecast(self.predict(&times, indicators, levels))
    }
}
