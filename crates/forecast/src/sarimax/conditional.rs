//! The search on the conditional likelihood: a least-squares problem, so its residuals say how to step.
//!
//! In: prepared data, a start in unconstrained numbers. Out: a place where the sum of squares no longer falls.
//! Source: Levenberg 1944, Marquardt 1963 (damped Gauss-Newton); Golub and Pereyra 1973 (linear part projected out).
//! Departures: the Jacobian comes from forward differences of the projected residuals.
//! Cost: some 5 steps of k + 2 evaluations. Checked against: the fits that start from it.

use super::arma::{Arma, Coefficients};
use super::likelihood::Data;
use crate::linear_algebra::{dot, eliminate, solve};

/// Steps at most.
const STEPS_MAX: u32 = 25;
/// Share of the sum of squares that a step must take off to go on.
const ENOUGH: f64 = 1e-5;
/// Largest move of a number in a step.
const REACH: f64 = 1.5;

/// A place, what is left of the series there, and its sum of squares.
struct Place {
    u: Vec<f64>,
    left: Vec<f64>,
    squares: f64,
}

impl Place {
    fn new(data: &Data, u: Vec<f64>) -> Option<Self> {
        let orders = &data.orders;
        let arma = Arma::new(&Coefficients::from_unconstrained(orders, &u), orders.season);
        let left = data.conditional_residuals(&arma)?;
        let squares = dot(&left, &left);
        squares.is_finite().then_some(Self { u, left, squares })
    }
}

/// The place, and minus the conditional log likelihood there.
pub(super) fn improve(data: &Data, start: Vec<f64>) -> Option<(Vec<f64>, f64)> {
    let k = start.len();
    let mut at = Place::new(data, start)?;
    let mut damping = 1e-3;
    for _ in 0..STEPS_MAX {
        let Some(jacobian) = jacobian(data, &at) else { break };
        let mut products = vec![0.0; k * k];
        for i in 0..k {
            for j in 0..=i {
                products[i * k + j] = dot(&jacobian[i], &jacobian[j]);
            }
        }
        let downhill: Vec<f64> = jacobian.iter().map(|column| -dot(column, &at.left)).collect();
        let before = at.squares;
        let Some(next) = step(data, &at, &products, &downhill, &mut damping) else { break };
        at = next;
        if before - at.squares < ENOUGH * before {
            break;
        }
    }
    let count =
        data.count.checked_sub(data.orders.ar + data.orders.seasonal_ar * data.orders.season)?;
    let variance = at.squares / count as f64;
    let value = 0.5 * count as f64 * ((std::f64::consts::TAU * variance).ln() + 1.0);
    (count > 0 && value.is_finite()).then_some((at.u, value))
}

/// Change of the residuals with each number.
fn jacobian(data: &Data, at: &Place) -> Option<Vec<Vec<f64>>> {
    let column = |i: usize| {
        let width = 1e-6 * at.u[i].abs().max(1.0);
        let mut u = at.u.clone();
        u[i] += width;
        let moved = Place::new(data, u)?;
        let change = moved.left.iter().zip(&at.left).map(|(new, old)| (new - old) / width);
        Some(change.collect())
    };
    (0..at.u.len()).map(column).collect()
}

/// A better place, with more damping until there is one.
fn step(
    data: &Data,
    at: &Place,
    products: &[f64],
    downhill: &[f64],
    damping: &mut f64,
) -> Option<Place> {
    let k = downhill.len();
    for _ in 0..10 {
        let mut damped = products.to_vec();
        (0..k).for_each(|i| damped[i * k + i] *= 1.0 + *damping);
        let mut direction = downhill.to_vec();
        if eliminate(&mut damped, k, k).is_ok() {
            solve(&damped, k, &mut direction);
            let longest = direction.iter().fold(0.0_f64, |longest, d| longest.max(d.abs()));
            let length = if longest > REACH { REACH / longest } else { 1.0 };
            let u = at.u.iter().zip(&direction).map(|(u, d)| u + length * d).collect();
            let next = Place::new(data, u).filter(|next| next.squares < at.squares);
            if next.is_some() {
                *damping = (*damping * 0.2).max(1e-9);
                return next;
            }
        }
        *damping *= 8.0;
    }
    None
}
