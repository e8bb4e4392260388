//! Season, trend and rest of a series by local lines.
//!
//! In: a series, a period, windows. Out: three series that sum to it (rest NaN where a value is missing).
//! Source: Cleveland, Cleveland, McRae, Terpenning, STL: a seasonal-trend decomposition procedure based on loess, 1990.
//! Departures: missing values have weight 0 throughout (the original takes none). Lines are fitted at every `jump`th place.
//! Cost: O(n · window / jump) a pass. Checked against: statsmodels `STL` to 1e-8 (`tests/it/mstl.rs`).

use crate::loess::Smoother;
use crate::{ForecastError, Series, checked};

/// Windows and passes of a decomposition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stl {
    /// Length of the season in steps, at least 2.
    pub period: usize,
    /// Window over values of one place of the season, odd, at least 3: how slowly a season may change.
    pub seasonal_window: usize,
    /// A line (1) or a mean (0) over that window.
    pub seasonal_degree: u8,
    /// Window of the trend, odd.
    pub trend_window: usize,
    /// Window that keeps the trend out of the season, odd, longer than the period.
    pub low_pass_window: usize,
    /// Every how many places a line is fitted; 1: all of them.
    pub jump: [usize; 3],
    /// Passes of the inner loop.
    pub inner: usize,
    /// Passes that weigh outliers down; 0: not robust.
    pub outer: usize,
}

/// Season, trend, rest: one value a step each.
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    /// The season.
    pub seasonal: Vec<f64>,
    /// The trend.
    pub trend: Vec<f64>,
    /// What is left; NaN where the value is missing.
    pub rest: Vec<f64>,
}

impl Stl {
    /// The usual windows for a period: 7 for the season, 1.5 periods and more for the trend; five inner passes.
    pub fn of_period(period: usize) -> Self {
        Self::with_seasonal_window(period, 7)
    }

    /// The usual windows for a period and a window of the season.
    pub fn with_seasonal_window(period: usize, seasonal_window: usize) -> Self {
        let wide = (1.5 * period as f64 / (1.0 - 1.5 / seasonal_window as f64)).ceil();
        #[expect(clippy::cast_possible_truncation, reason = "a few times the period")]
        let wide = wide as usize;
        Self {
            period,
            seasonal_window,
            seasonal_degree: 1,
            trend_window: wide + usize::from(wide.is_multiple_of(2)),
            low_pass_window: period + 1 + period % 2,
            jump: [1; 3],
            inner: 5,
            outer: 0,
        }
    }

    /// Lines at a tenth of the places only (the defaults of R).
    #[must_use]
    pub fn with_jumps(mut self) -> Self {
        self.jump = [self.seasonal_window, self.trend_window, self.low_pass_window]
            .map(|window| window.div_ceil(10));
        self
    }

    /// Two inner passes, 15 outer ones.
    #[must_use]
    pub fn robust(mut self) -> Self {
        (self.inner, self.outer) = (2, 15);
        self
    }

    /// Decomposes a series.
    ///
    /// # Errors
    /// Fewer than two periods, a place of the season without values, an even or short window.
    pub fn decompose(&self, series: &Series) -> Result<Decomposition, ForecastError> {
        checked::series("stl", series, 1)?;
        self.check(&series.values)?;
        Ok(self.split(&series.values))
    }

    fn check(&self, y: &[f64]) -> Result<(), ForecastError> {
        let windows = [self.seasonal_window, self.trend_window, self.low_pass_window];
        let odd = windows.iter().all(|window| window % 2 == 1 && *window >= 3);
        if self.period < 2 || !odd || self.low_pass_window <= self.period || self.inner == 0 {
            return Err(ForecastError::Argument {
                what: "windows of stl",
                found: format!("period {}, windows {windows:?}", self.period),
                expected: "a period of at least 2, odd windows of at least 3, the last one longer than the period",
            });
        }
        check_places("stl", y, self.period)
    }

    /// Decomposes values that were checked.
    pub(crate) fn split(&self, y: &[f64]) -> Decomposition {
        let n = y.len();
        let mut trend = vec![0.0; n];
        let mut seasonal = vec![0.0; n];
        let mut weights = Vec::new();
        for pass in 0..=self.outer {
            for _ in 0..self.inner {
                self.inner_pass(y, &weights, &mut seasonal, &mut trend);
            }
            if pass < self.outer {
                weights = robustness(y, &seasonal, &trend);
            }
        }
        let rest = (0..n).map(|t| y[t] - seasonal[t] - trend[t]).collect();
        Decomposition { seasonal, trend, rest }
    }

    fn inner_pass(&self, y: &[f64], weights: &[f64], seasonal: &mut [f64], trend: &mut [f64]) {
        let n = y.len();
        let detrended: Vec<f64> = y.iter().zip(&*trend).map(|(y, trend)| y - trend).collect();
        let cycles = self.cycles(&detrended, weights);
        let low = self.low_pass(&cycles, n);
        for t in 0..n {
            seasonal[t] = cycles[t + self.period] - low[t];
        }
        let adjusted: Vec<f64> = y.iter().zip(&*seasonal).map(|(y, season)| y - season).collect();
        let smoother =
            Smoother { window: self.trend_window, degree: 1, jump: self.jump[1], weights };
        smoother.smooth(&adjusted, trend);
    }

    /// Each place of the season smoothed over the cycles and carried one cycle to both sides.
    fn cycles(&self, detrended: &[f64], weights: &[f64]) -> Vec<f64> {
        let (n, period) = (detrended.len(), self.period);
        let mut cycles = vec![0.0; n + 2 * period];
        let (mut own, mut own_weights, mut smoothed) = (Vec::new(), Vec::new(), Vec::new());
        for place in 0..period {
            own.clear();
            own.extend(detrended[place..].iter().step_by(period));
            own_weights.clear();
            own_weights.extend(weights.iter().skip(place).step_by(period));
            smoothed.clear();
            smoothed.resize(own.len(), 0.0);
            let smoother = Smoother {
                window: self.seasonal_window,
                degree: self.seasonal_degree,
                jump: self.jump[0],
                weights: &own_weights,
            };
            smoother.smooth(&own, &mut smoothed);
            cycles[place] = smoother.at(&own, 0.0);
            for (cycle, value) in smoothed.iter().enumerate() {
                cycles[(cycle + 1) * period + place] = *value;
            }
            cycles[(own.len() + 1) * period + place] = smoother.at(&own, own.len() as f64 + 1.0);
        }
        cycles
    }

    fn low_pass(&self, cycles: &[f64], n: usize) -> Vec<f64> {
        let averaged =
            moving_average(&moving_average(&moving_average(cycles, self.period), self.period), 3);
        let mut low = vec![0.0; n];
        let smoother =
            Smoother { window: self.low_pass_window, degree: 1, jump: self.jump[2], weights: &[] };
        smoother.smooth(&averaged, &mut low);
        low
    }
}

/// Two cycles, and a measured value at each place of the season.
pub(crate) fn check_places(
    method: &'static str,
    y: &[f64],
    period: usize,
) -> Result<(), ForecastError> {
    if y.len() < 2 * period {
        return Err(ForecastError::TooShort { method, needed: 2 * period, found: y.len() });
    }
    let measured = |place: &usize| y.iter().skip(*place).step_by(period).any(|v| !v.is_nan());
    let found = (0..period).filter(measured).count();
    if found < period {
        return Err(ForecastError::EmptyPlaces { method, season: period, empty: period - found });
    }
    Ok(())
}

fn moving_average(values: &[f64], window: usize) -> Vec<f64> {
    let mut sum: f64 = values[..window].iter().sum();
    let mut averages = vec![sum / window as f64];
    for t in window..values.len() {
        sum += values[t] - values[t - window];
        averages.push(sum / window as f64);
    }
    averages
}

/// Bisquare weights of the rests against six times their median size.
fn robustness(y: &[f64], seasonal: &[f64], trend: &[f64]) -> Vec<f64> {
    let sizes: Vec<f64> = (0..y.len()).map(|t| (y[t] - seasonal[t] - trend[t]).abs()).collect();
    let mut sorted: Vec<f64> = sizes.iter().copied().filter(|size| !size.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let reach = 6.0 * crate::draws::sample_quantile(&sorted, 0.5);
    let weight = |size: &f64| {
        if *size <= 0.001 * reach {
            1.0
        } else if *size <= 0.999 * reach {
            let share = size / reach;
            (1.0 - share * share) * (1.0 - share * share)
        } else {
            0.0
        }
    };
    sizes.iter().map(weight).collect()
}
