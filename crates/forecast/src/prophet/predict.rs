//! Components, means and bounds at any time.
//!
//! In: a fit, times. Out: trend and effects in units of the series; bounds as quantiles of drawn trends with noise.
//! Source: `sample_predictive_trend` of prophet 1.5.0: new bends arrive as often as old places were given, and are as large as
//! the old ones on average. Departures: noise is drawn once a path and step from a fixed seed. Cost: O(paths · steps · log).
//! Checked against: the width of Prophet's own bounds (`tests/it/prophet.rs`).

use super::{Component, ProphetFit, design};
use crate::draws::{Draws, sample_quantile};
use crate::{Bounds, Forecast, ForecastError, Indicators};

impl ProphetFit {
    /// Every component over the history, then `horizon` steps beyond it: the trend first.
    ///
    /// # Errors
    /// Indicators that do not reach over the horizon.
    pub fn components(
        &self,
        horizon: usize,
        indicators: &Indicators,
    ) -> Result<Vec<Component>, ForecastError> {
        crate::checked::same_names(&self.indicators.names, indicators)?;
        let given = indicators.columns.first().map_or(horizon, |c| c.len().max(horizon));
        crate::checked::indicators(indicators, given)?;
        let n = self.series.values.len();
        let times = design::times(&self.series, 0, n + horizon)?;
        let joined = Indicators {
            names: self.indicators.names.clone(),
            columns: self
                .indicators
                .columns
                .iter()
                .zip(&indicators.columns)
                .map(|(before, after)| [before.as_slice(), after].concat())
                .collect(),
        };
        let trend = times
            .iter()
            .map(|time| self.floor + self.unit * self.bounded(self.line(*time)))
            .collect();
        let mut parts =
            vec![Component { name: "trend".to_owned(), multiplicative: false, values: trend }];
        for (column, effect) in self.columns.iter().zip(&self.effects) {
            let unit = if column.multiplicative { 1.0 } else { self.unit };
            let found = parts.iter().position(|part| part.name == column.component);
            let index = found.unwrap_or_else(|| {
                parts.push(Component {
                    name: column.component.clone(),
                    multiplicative: column.multiplicative,
                    values: vec![0.0; times.len()],
                });
                parts.len() - 1
            });
            for (row, time) in times.iter().enumerate() {
                parts[index].values[row] +=
                    unit * effect * design::value(column, *time, &joined, row);
            }
        }
        Ok(parts)
    }

    fn scaled(&self, time: i64) -> f64 {
        (time - self.start_s) as f64 / self.span_s
    }

    /// The trend by its line: the line itself, or where it saturates.
    fn bounded(&self, line: f64) -> f64 {
        self.cap.map_or(line, |cap| super::logistic::saturating(cap, line))
    }

    /// In units.
    fn line(&self, time: i64) -> f64 {
        let t = self.scaled(time);
        let bends = self.bends.iter().map(|(place, change)| change * (t - place).max(0.0));
        self.level + self.slope * t + bends.sum::<f64>()
    }

    pub(crate) fn predict(
        &self,
        times: &[i64],
        indicators: &Indicators,
        levels: &[f64],
    ) -> Forecast {
        let (mut shares, mut added) = (vec![1.0; times.len()], vec![0.0; times.len()]);
        for (column, effect) in self.columns.iter().zip(&self.effects) {
            let sums = if column.multiplicative { &mut shares } else { &mut added };
            for (row, time) in times.iter().enumerate() {
                sums[row] += effect * design::value(column, *time, indicators, row);
            }
        }
        let line: Vec<f64> = times.iter().map(|time| self.line(*time)).collect();
        let whole = |value: f64| self.floor + self.unit * value;
        let mean = (0..times.len())
            .map(|row| whole(self.bounded(line[row]) * shares[row] + added[row]))
            .collect();
        if levels.is_empty() || times.is_empty() {
            let none = |level: &f64| Bounds { level: *level, lower: vec![], upper: vec![] };
            return Forecast { mean, bounds: levels.iter().map(none).collect() };
        }
        let scaled: Vec<f64> = times.iter().map(|time| self.scaled(*time)).collect();
        let mut samples = self.samples(&scaled, &line, &shares, &added);
        for sample in &mut samples {
            sample.sort_unstable_by(f64::total_cmp);
        }
        let at = |level: &f64| Bounds {
            level: *level,
            lower: samples.iter().map(|s| whole(sample_quantile(s, 0.5 - level / 2.0))).collect(),
            upper: samples.iter().map(|s| whole(sample_quantile(s, 0.5 + level / 2.0))).collect(),
        };
        Forecast { mean, bounds: levels.iter().map(at).collect() }
    }

    /// Drawn values at each step, in units.
    fn samples(&self, t: &[f64], line: &[f64], shares: &[f64], added: &[f64]) -> Vec<Vec<f64>> {
        let mut draws = Draws::new(self.options.seed);
        let paths = self.options.paths.max(1);
        let mut samples = vec![Vec::with_capacity(paths); t.len()];
        let count = self.bends.len() as f64;
        let size = self.bends.iter().map(|(_, change)| change.abs()).sum::<f64>() / count.max(1.0);
        for _ in 0..paths {
            // Bends of a path: a Poisson process with as many a span as there were places in the history.
            let mut next =
                if count > 0.0 { 1.0 - draws.uniform().ln() / count } else { f64::INFINITY };
            let (mut slope, mut shift) = (0.0, 0.0);
            for (row, now) in t.iter().enumerate() {
                while next <= *now {
                    let change = (size + 1e-8) * draws.laplace();
                    slope += change;
                    shift -= change * next;
                    next -= draws.uniform().ln() / count;
                }
                let bent = self.bounded(line[row] + slope * now + shift);
                samples[row].push(bent * shares[row] + added[row] + self.sigma * draws.normal());
            }
        }
        samples
    }
}
