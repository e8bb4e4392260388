//! Half-widths from the scale of a series, for where past errors say nothing: too few of them, or nearly all of them 0.
//!
//! In: a history, its season in steps. Out: a half-width by step ahead and level, in units of the series. Source: the bounds of
//! a mean and of a (seasonal) random walk with an estimated scale (Hyndman and Athanasopoulos 5.5): whichever is narrower
//! describes the series better. Departures: Student's t by two terms of Cornish and Fisher. Cost: O(n).
//! Checked against: coverage over simulated series (`tests/it/scarce.rs`).

use crate::normal;

/// Latest values that speak for what a series does now.
const LATEST: usize = 8;

/// The scale of a series.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeriesScale {
    season: usize,
    /// Standard error of a value against the mean of the others.
    about_mean: f64,
    /// Root mean square of the change over a season.
    change: f64,
    /// Values less one.
    freedom: f64,
}

impl SeriesScale {
    /// `None` with fewer than two measured values. A season of which no two values are a cycle apart counts as none.
    pub(crate) fn of(history: &[f64], season: usize) -> Option<Self> {
        let known: Vec<f64> = history.iter().copied().filter(|y| !y.is_nan()).collect();
        let n = known.len() as f64;
        let mean = crate::accuracy::mean(known.iter().copied()).filter(|_| known.len() > 1)?;
        let squares: f64 = known.iter().map(|y| (y - mean).powi(2)).sum();
        let about_mean = (squares / (n - 1.0) * (1.0 + 1.0 / n)).sqrt();
        let over = |lag: usize| {
            let pairs = history.iter().skip(lag).zip(history);
            crate::accuracy::mean(pairs.map(|(y, before)| (y - before).powi(2))).map(|s| (lag, s))
        };
        // With gaps between all of them, what lies next to each other is a change as good as any.
        let (season, change) = over(season.max(1)).or_else(|| over(1)).unwrap_or((1, squares / n));
        Some(Self { season, about_mean, change: change.sqrt(), freedom: n - 1.0 })
    }

    /// That of the latest values alone, without a season.
    pub(crate) fn latest(history: &[f64]) -> Option<Self> {
        let known: Vec<f64> = history.iter().copied().filter(|y| !y.is_nan()).collect();
        Self::of(&known[known.len().saturating_sub(LATEST)..], 1)
    }

    /// Half of the width of the interval of a level, `step` steps ahead, from 0.
    pub(crate) fn half_width(&self, step: usize, level: f64) -> f64 {
        let walk = self.change * ((1 + step / self.season) as f64).sqrt();
        self.student(0.5 + level / 2.0) * self.about_mean.min(walk)
    }

    fn student(&self, probability: f64) -> f64 {
        let z = normal::quantile(probability);
        let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
        z + (z.powi(3) + z) / (4.0 * self.freedom) + second / self.freedom.powi(2)
    }
}
