//! The weights of least loss under their constraints.
//!
//! Minimizes `Σ weight · loss(Σ aₚ mₚ) / Σ weight + shrinkage / 2 · scale · |a - toward|²` over `a >= 0`, or over `a >= 0`
//! with `Σ a = 1`. Newton's method: each step solves the quadratic of the loss under the constraints exactly (it has as
//! many unknowns as there are parts), and is halved until the loss falls.

use super::BlendRows;
use crate::newton::sigmoid;
use crate::{Task, metrics};

const STEPS_MAX: u32 = 50;
const HALVINGS_MAX: u32 = 40;
/// Sweeps of the quadratic; it has a handful of unknowns.
const SWEEPS_MAX: u32 = 10_000;

/// What weights are allowed and drawn to.
pub(super) struct Constraint<'a> {
    pub(super) sum_to_one: bool,
    pub(super) shrinkage: f64,
    pub(super) toward: &'a [f64],
}

struct Quadratic {
    gradient: Vec<f64>,
    /// Row after row.
    hessian: Vec<f64>,
}

/// The optimal weights.
pub(super) fn solve(rows: &BlendRows, constraint: &Constraint<'_>) -> Vec<f64> {
    let scale = constraint.shrinkage * spread(rows);
    let objective = |weights: &[f64]| {
        let away = weights.iter().zip(constraint.toward).map(|(a, to)| (a - to).powi(2));
        // Half the squared error, so that gradient and loss belong together.
        let half = if matches!(rows.task, Task::Regression) { 0.5 } else { 1.0 };
        half * rows.loss(weights) + scale / 2.0 * away.sum::<f64>()
    };
    let mut weights = constraint.toward.to_vec();
    let mut value = objective(&weights);
    for _ in 0..STEPS_MAX {
        let mut quadratic = derivatives(rows, &weights);
        quadratic.shrink(scale, &weights, constraint.toward);
        let aim = quadratic.minimize(&weights, constraint.sum_to_one);
        let mut share = 1.0;
        let mut found = None;
        for _ in 0..HALVINGS_MAX {
            let next: Vec<f64> =
                weights.iter().zip(&aim).map(|(from, to)| from + share * (to - from)).collect();
            let at = objective(&next);
            if at < value {
                found = Some((next, at));
                break;
            }
            share /= 2.0;
        }
        let Some((next, at)) = found else { break };
        let gained = value - at;
        (weights, value) = (next, at);
        if gained <= 1e-15 * (1.0 + value.abs()) {
            break;
        }
    }
    weights
}

/// In which unit losses bend: 1 for log-odds, the variance of the targets for numbers.
fn spread(rows: &BlendRows) -> f64 {
    if !matches!(rows.task, Task::Regression) {
        return 1.0;
    }
    let total: f64 = rows.weights.iter().sum();
    let cases = || rows.targets.iter().zip(&rows.weights);
    let mean = cases().map(|(target, weight)| weight / total * target).sum::<f64>();
    cases().map(|(target, weight)| weight / total * (target - mean).powi(2)).sum::<f64>()
}

/// Gradient and second derivatives of the mean loss.
fn derivatives(rows: &BlendRows, weights: &[f64]) -> Quadratic {
    let (n_parts, n_outputs) = (weights.len(), rows.task.n_outputs());
    let mixed = rows.mixed(weights);
    let total: f64 = rows.weights.iter().sum();
    let mut sum = Quadratic { gradient: vec![0.0; n_parts], hessian: vec![0.0; n_parts * n_parts] };
    let mut means = vec![0.0; n_parts];
    for (row, target) in rows.targets.iter().enumerate() {
        let weight = rows.weights[row] / total;
        let of_row = &mixed[row * n_outputs..(row + 1) * n_outputs];
        let log_sum = metrics::log_sum_exp(of_row);
        means.fill(0.0);
        for (output, margin) in of_row.iter().enumerate() {
            let (residual, curvature) = match rows.task {
                Task::Regression => (margin - target, 1.0),
                Task::Binary => (sigmoid(*margin) - target, sigmoid(*margin) * sigmoid(-margin)),
                Task::Multiclass { .. } => {
                    let p = (margin - log_sum).exp();
                    (p - f64::from(u8::from(*target == output as f64)), p)
                }
            };
            let at = row * n_outputs + output;
            for (p, mean) in means.iter_mut().enumerate() {
                let of_p = rows.margins[p][at];
                *mean += curvature * of_p;
                sum.gradient[p] += weight * residual * of_p;
                for (q, entry) in sum.hessian[p * n_parts..].iter_mut().enumerate().take(p + 1) {
                    *entry += weight * curvature * of_p * rows.margins[q][at];
                }
            }
        }
        if n_outputs > 1 {
            for (p, mean) in means.iter().enumerate() {
                let entries = sum.hessian[p * n_parts..].iter_mut().zip(&means[..=p]);
                entries.for_each(|(entry, other)| *entry -= weight * mean * other);
            }
        }
    }
    for p in 0..n_parts {
        for q in 0..p {
            sum.hessian[q * n_parts + p] = sum.hessian[p * n_parts + q];
        }
    }
    sum
}

impl Quadratic {
    fn shrink(&mut self, scale: f64, weights: &[f64], toward: &[f64]) {
        let n = weights.len();
        for at in 0..n {
            self.gradient[at] += scale * (weights[at] - toward[at]);
            self.hessian[at * n + at] += scale;
        }
    }

    /// The allowed weights of least quadratic, from the present ones.
    fn minimize(&self, weights: &[f64], sum_to_one: bool) -> Vec<f64> {
        let n = weights.len();
        let mut x = weights.to_vec();
        let mut gradient = self.gradient.clone();
        let h = |p: usize, q: usize| self.hessian[p * n + q];
        let shift = |x: &mut [f64], gradient: &mut [f64], at: usize, by: f64| {
            x[at] += by;
            (0..n).for_each(|other| gradient[other] += h(other, at) * by);
        };
        for _ in 0..SWEEPS_MAX {
            let mut moved = 0.0_f64;
            for p in 0..n {
                if sum_to_one {
                    for q in 0..p {
                        let bend = h(p, p) + h(q, q) - 2.0 * h(p, q);
                        if bend <= 0.0 {
                            continue;
                        }
                        let by = ((gradient[q] - gradient[p]) / bend).clamp(-x[p], x[q]);
                        shift(&mut x, &mut gradient, p, by);
                        shift(&mut x, &mut gradient, q, -by);
                        moved = moved.max(by.abs());
                    }
                } else if h(p, p) > 0.0 {
                    let by = (-gradient[p] / h(p, p)).max(-x[p]);
                    shift(&mut x, &mut gradient, p, by);
                    moved = moved.max(by.abs());
                }
            }
            if moved <= 1e-13 {
                break;
            }
        }
        // Rounding must not leave a weight below 0.
        x.iter_mut().for_each(|weight| *weight = weight.max(0.0));
        x
    }
}
