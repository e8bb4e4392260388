//! Forecasts of one fitted model from many past origins, in one pass over the series.
//!
//! In: a fit, a complete series, origins (values before each forecast), a horizon. Out: a path of means each.
//! Source: as `innovations` (exact gains); nothing is fitted again. Departures: none.
//! Cost: O((n + origins · horizon) (p + q)). Checked against: [`SarimaxFit::predict`] of a fit that ends at the origin
//! (`tests/it/sarimax.rs`).

use super::arma::{difference, integrate};
use super::innovations::Gains;
use super::likelihood::trend_columns;
use super::model::SarimaxFit;

impl SarimaxFit {
    /// Means of the `horizon` values after each origin; `None` for an origin before which differencing leaves
    /// nothing, or with regressors, missing values, or gains that rounding has destroyed.
    pub(crate) fn paths(
        &self,
        values: &[f64],
        origins: &[usize],
        horizon: usize,
    ) -> Vec<Option<Vec<f64>>> {
        self.walk(values, origins, horizon).unwrap_or_else(|| vec![None; origins.len()])
    }

    fn walk(
        &self,
        values: &[f64],
        origins: &[usize],
        horizon: usize,
    ) -> Option<Vec<Option<Vec<f64>>>> {
        if !self.regressors.is_empty() || values.iter().any(|value| value.is_nan()) {
            return None;
        }
        let arma = self.arma();
        let terms = super::arma::difference_terms(&self.model.orders);
        let lost = self.model.orders.lost();
        let mut left = difference(values, &terms);
        let trend = trend_columns(self.model.trend, &arma, left.len() + horizon);
        let trend_at = |t: usize| -> f64 {
            trend.iter().zip(&self.trend).map(|(column, c)| column[t] * c).sum()
        };
        left.iter_mut().enumerate().for_each(|(t, left)| *left -= trend_at(t));
        let mut gains = Gains::start(&arma)?;
        let mut state = vec![0.0; arma.states()];
        let mut paths = vec![None; origins.len()];
        for t in 0..=left.len() {
            for (at, _) in origins.iter().enumerate().filter(|(_, origin)| **origin == t + lost) {
                let mut ahead = state.clone();
                let differenced: Vec<f64> = (0..horizon)
                    .map(|step| {
                        let lead = ahead[0];
                        super::innovations::shift(&mut ahead, &arma.phi, lead);
                        lead + trend_at(t + step)
                    })
                    .collect();
                paths[at] = Some(integrate(&differenced, &terms, &values[t..t + lost]));
            }
            if let Some(value) = left.get(t) {
                gains.filter(&arma, &mut state, *value);
                gains.advance(&arma)?;
            }
        }
        Some(paths)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Indicators, Orders, Sarimax, Series, Step, Trend};

    #[test]
    fn one_pass_forecasts_as_fits_that_end_at_the_origins() {
        let values: Vec<f64> =
            (0..80_u32).map(|t| f64::from(t * 7 % 11 + t * t % 13) + f64::from(t) / 4.0).collect();
        let series =
            |n: usize| Series { start_s: 0, step: Step::Seconds(60), values: values[..n].to_vec() };
        let none = Indicators::default();
        let models = [
            Sarimax::new(Orders::new(1, 1, 1).seasonal(1, 0, 1, 4), Trend::None),
            Sarimax::new(Orders::new(2, 0, 1), Trend::Constant),
            Sarimax::new(Orders::new(0, 1, 1).seasonal(0, 1, 1, 4), Trend::None),
        ];
        for model in models {
            let fit = model.fit_series(&series(80), &none).expect("it fits");
            let origins = [30, 31, 57, 80];
            for (origin, path) in origins.iter().zip(fit.paths(&values, &origins, 9)) {
                let known = model.at(&series(*origin), &none, &fit.parameters()).expect("given");
                let expected = known.predict(9, &none).expect("it forecasts").mean;
                for (found, expected) in path.expect("long enough").iter().zip(&expected) {
                    assert!((found - expected).abs() < 1e-8, "{origin}: {found} {expected}");
                }
            }
        }
    }
}
