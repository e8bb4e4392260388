//! A weighted profile of past seasons, shifted by what it missed lately.
//!
//! In: values, a short and a long season, a horizon. Out: means ahead. Source: the profile forecaster that the research of
//! this project measured beside its peers; a weighted seasonal naive forecast with an error correction.
//! Departures: fading, share of the last errors and their half-life are chosen from 27 by absolute error at past origins.
//! Cost: O(horizon · cycles) a path. Checked against: a repeated season is forecast exactly (`tests/it/auto.rs`).

use crate::ForecastError;
use crate::conformal::past_origins;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Profile {
    short: usize,
    long: usize,
    /// Weight of a cycle against the one after it.
    fading: f64,
    /// Share of the mean error over the last short season that is carried on.
    carried: f64,
    /// What is left of it after a short season.
    kept: f64,
}

impl Profile {
    pub(crate) fn tune(values: &[f64], short: usize, long: usize, horizon: usize) -> Option<Self> {
        // Its path needs as many.
        if values.len() < long + short {
            return None;
        }
        let origins = past_origins(values.len(), 2 * long + short, horizon, short, 20);
        let mut best: Option<(f64, Self)> = None;
        for fading in [0.4, 0.7, 0.9] {
            for carried in [0.3, 0.6, 0.9] {
                for kept in [0.25, 0.5, 0.9] {
                    let profile = Self { short, long, fading, carried, kept };
                    let miss: f64 = origins.iter().map(|o| profile.miss(values, *o, horizon)).sum();
                    if best.is_none_or(|(least, _)| miss < least) {
                        best = Some((miss, profile));
                    }
                }
            }
        }
        best.map(|(_, profile)| profile)
    }

    fn miss(self, values: &[f64], origin: usize, horizon: usize) -> f64 {
        let Ok(path) = self.path(&values[..origin], horizon) else { return f64::INFINITY };
        let gaps = values[origin..].iter().zip(&path).map(|(y, f)| (y - f).abs());
        crate::accuracy::mean(gaps).unwrap_or(0.0)
    }

    /// Means after the end of `values`.
    pub(crate) fn path(self, values: &[f64], horizon: usize) -> Result<Vec<f64>, ForecastError> {
        let n = values.len();
        let (method, needed) = ("profile", self.long + self.short);
        if n < needed {
            return Err(ForecastError::TooShort { method, needed, found: n });
        }
        let gaps = (n - self.short..n).filter_map(|t| Some(values[t] - self.at(values, t, t)?));
        let shift = self.carried * crate::accuracy::mean(gaps).unwrap_or(0.0);
        let mut path = Vec::with_capacity(horizon);
        for step in 0..horizon {
            let Some(base) = self.at(values, n + step, n) else {
                let is_empty = |place: &usize| self.at(values, n + place, n).is_none();
                let (season, empty) = (self.long, (0..self.long).filter(is_empty).count());
                return Err(ForecastError::EmptyPlaces { method, season, empty });
            };
            let faded = self.kept.powf(step as f64 / self.short as f64);
            path.push(base + shift * faded);
        }
        Ok(path)
    }

    /// The profile at step `t` from values before `end`.
    fn at(self, values: &[f64], t: usize, end: usize) -> Option<f64> {
        let (mut sum, mut weights, mut weight) = (0.0, 0.0, 1.0);
        let mut back = t;
        for _ in 0..8 {
            let Some(earlier) = back.checked_sub(self.long) else { break };
            back = earlier;
            if back >= end {
                continue;
            }
            if !values[back].is_nan() {
                sum += weight * values[back];
                weights += weight;
            }
            weight *= self.fading;
        }
        (weights > 0.0).then(|| sum / weights)
    }
}
