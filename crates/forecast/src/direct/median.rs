//! A quantile regression on what is known at an origin, by reweighted least squares.

use super::rows::{LINEAR, Place, Rows, WIDTH};
use crate::gram::Gram;

/// Reweightings.
const ROUNDS: usize = 12;
/// Rows that say every term does nothing.
const RIDGE: f64 = 3.0;

/// Terms of a fitted regression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MedianModel {
    place: Place,
    /// Intercept last.
    coefficients: Vec<f64>,
}

/// The regression whose `probability` quantile of the change is linear; `None` with fewer rows than 4 a term.
pub(crate) fn fit_quantile(place: Place, rows: &Rows, probability: f64) -> Option<MedianModel> {
    if rows.targets.len() < 4 * (LINEAR + 1) {
        return None;
    }
    let mut coefficients = vec![0.0; LINEAR + 1];
    let ridge = [RIDGE; LINEAR + 1];
    let mut row = [1.0; LINEAR + 1];
    for round in 0..ROUNDS {
        let mut gram = Gram::new(LINEAR + 1);
        for (features, target) in rows.features.iter().zip(&rows.targets) {
            row[..LINEAR].copy_from_slice(&features[..LINEAR]);
            let error = target - terms(&coefficients, features);
            let side = if error >= 0.0 { probability } else { 1.0 - probability };
            // The first round is least squares; a floor keeps a row that fits from ruling.
            let weight = if round == 0 { 0.5 } else { side / error.abs().max(0.02) };
            gram.add(&row, *target, weight);
        }
        coefficients = gram.solve(&ridge).ok()?;
    }
    Some(MedianModel { place, coefficients })
}

fn terms(coefficients: &[f64], features: &[f64; WIDTH]) -> f64 {
    let sum: f64 = coefficients.iter().zip(&features[..LINEAR]).map(|(c, x)| c * x).sum();
    sum + coefficients[LINEAR]
}

impl MedianModel {
    /// Values after the first `origin` of a complete series; `None` where too little stands before it.
    pub(crate) fn path(&self, values: &[f64], origin: usize) -> Option<Vec<f64>> {
        let place = self.place;
        if origin < place.first() {
            return None;
        }
        let mut row = [0.0; WIDTH];
        let step = |ahead: usize| {
            place.features(values, origin, ahead, &mut row);
            place.base(values, origin, ahead) + place.unit * terms(&self.coefficients, &row)
        };
        Some((0..place.horizon).map(step).collect())
    }
}
