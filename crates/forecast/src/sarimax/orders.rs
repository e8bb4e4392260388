//! Which model: its orders, its trend, and the harmonics that stand for a long season.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ForecastError;

/// Longest season in steps, and largest order of a lag.
const LAG_MAX: usize = 1_000;

/// Orders of a seasonal ARIMA model: (p, d, q)(P, D, Q)s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Orders {
    /// Autoregressive lags, p.
    pub ar: usize,
    /// Differences, d.
    pub differences: usize,
    /// Moving-average lags, q.
    pub ma: usize,
    /// Seasonal autoregressive lags, P.
    pub seasonal_ar: usize,
    /// Seasonal differences, D.
    pub seasonal_differences: usize,
    /// Seasonal moving-average lags, Q.
    pub seasonal_ma: usize,
    /// Steps in a season, s; 0 or 1 where there is none.
    pub season: usize,
}

impl Orders {
    /// (p, d, q) without a season.
    pub fn new(ar: usize, differences: usize, ma: usize) -> Self {
        Self { ar, differences, ma, ..Self::default() }
    }

    /// The same with (P, D, Q) at a season of `season` steps.
    #[must_use]
    pub fn seasonal(self, ar: usize, differences: usize, ma: usize, season: usize) -> Self {
        let (seasonal_ar, seasonal_differences, seasonal_ma) = (ar, differences, ma);
        Self { seasonal_ar, seasonal_differences, seasonal_ma, season, ..self }
    }

    /// Values that differencing uses up: d + D s.
    pub fn lost(&self) -> usize {
        self.differences + self.seasonal_differences * self.season
    }

    /// Numbers of the ARMA part: p + q + P + Q.
    pub fn coefficients(&self) -> usize {
        self.ar + self.ma + self.seasonal_ar + self.seasonal_ma
    }

    /// Refuses orders no series can be asked for.
    pub(crate) fn check(&self) -> Result<(), ForecastError> {
        let seasonal = self.seasonal_ar + self.seasonal_differences + self.seasonal_ma;
        let text = || self.to_string();
        if seasonal > 0 && self.season < 2 {
            let (what, expected) = ("season", "at least 2 steps, as the seasonal orders are not 0");
            return Err(ForecastError::Argument { what, found: text(), expected });
        }
        let lags = [
            self.ar,
            self.ma,
            self.season,
            self.seasonal_ar.saturating_mul(self.season),
            self.seasonal_ma.saturating_mul(self.season),
        ];
        if lags.iter().any(|lag| *lag > LAG_MAX) {
            let (what, expected) = ("orders", "lags of at most 1000 steps; harmonics for longer");
            return Err(ForecastError::Argument { what, found: text(), expected });
        }
        if self.differences > 3 || self.seasonal_differences > 2 {
            let (what, expected) = ("orders", "at most 3 differences, 2 seasonal ones");
            return Err(ForecastError::Argument { what, found: text(), expected });
        }
        Ok(())
    }
}

impl std::fmt::Display for Orders {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "({},{},{})", self.ar, self.differences, self.ma)?;
        if self.season > 1 {
            let (p, d, q) = (self.seasonal_ar, self.seasonal_differences, self.seasonal_ma);
            write!(out, "({p},{d},{q}){}", self.season)?;
        }
        Ok(())
    }
}

/// What is added to the ARMA equation of the differenced series at step t: nothing, c, b t, or c + b t.
///
/// A constant with one difference is a drift of the series; with none it sets the mean, c / φ(1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// Nothing: `n`.
    #[default]
    None,
    /// c: `c`.
    Constant,
    /// b t: `t`.
    Linear,
    /// c + b t: `ct`.
    ConstantLinear,
}

impl Trend {
    /// Whether there is a c.
    pub fn has_constant(self) -> bool {
        matches!(self, Self::Constant | Self::ConstantLinear)
    }

    /// Whether there is a b.
    pub fn has_slope(self) -> bool {
        matches!(self, Self::Linear | Self::ConstantLinear)
    }

    /// Coefficients it has.
    pub(crate) fn count(self) -> usize {
        usize::from(self.has_constant()) + usize::from(self.has_slope())
    }
}

impl FromStr for Trend {
    type Err = ForecastError;

    fn from_str(text: &str) -> Result<Self, ForecastError> {
        match text {
            "n" => Ok(Self::None),
            "c" => Ok(Self::Constant),
            "t" => Ok(Self::Linear),
            "ct" => Ok(Self::ConstantLinear),
            _ => Err(ForecastError::Argument {
                what: "trend",
                found: text.to_owned(),
                expected: "n (none), c (constant), t (slope) or ct (both)",
            }),
        }
    }
}

/// Pairs of sine and cosine that stand for a season, where seasonal orders would cost too much.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Harmonics {
    /// Steps in the season; need not be whole.
    pub season: f64,
    /// Pairs: frequencies 1 to so many in a season.
    pub pairs: usize,
}

impl Harmonics {
    /// Its columns over steps `from..to`, counted from the first value: sin 1, cos 1, sin 2, …
    pub(crate) fn columns(&self, from: usize, to: usize) -> Vec<Vec<f64>> {
        let at = |turn: f64, cosine: bool| {
            move |step: usize| {
                // The whole turns are taken off first: the sine of a large number is not exact.
                let angle = std::f64::consts::TAU * (turn * step as f64 / self.season).fract();
                if cosine { angle.cos() } else { angle.sin() }
            }
        };
        let mut columns = Vec::new();
        for pair in 1..=self.pairs {
            columns.push((from..to).map(at(pair as f64, false)).collect());
            // At half a season's steps the sine is 0 everywhere and the cosine alternates.
            columns.push((from..to).map(at(pair as f64, true)).collect());
        }
        if self.ends_at_half() {
            let sine = columns.len() - 2;
            columns.remove(sine);
        }
        columns
    }

    /// Names of the columns.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for pair in 1..=self.pairs {
            names.push(format!("sin{pair}.{}", self.season));
            names.push(format!("cos{pair}.{}", self.season));
        }
        if self.ends_at_half() {
            let sine = names.len() - 2;
            names.remove(sine);
        }
        names
    }

    fn ends_at_half(&self) -> bool {
        self.pairs > 0 && 2.0 * self.pairs as f64 == self.season
    }

    pub(crate) fn check(&self) -> Result<(), ForecastError> {
        let within = self.season.is_finite() && self.season >= 2.0;
        if within && self.pairs <= LAG_MAX && self.pairs as f64 * 2.0 <= self.season {
            return Ok(());
        }
        Err(ForecastError::Argument {
            what: "harmonics",
            found: format!("{} pairs in {} steps", self.pairs, self.season),
            expected: "a season of at least 2 steps, at most half as many pairs, and at most 1000",
        })
    }
}
