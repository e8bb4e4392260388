//! Minimum of a smooth function of a few numbers: limited-memory BFGS with backtracking.
//!
//! In: an [`Objective`], a start, [`Limits`]. Out: a [`Minimum`]: never above the value at the start.
//! Source: Nocedal and Wright, Numerical Optimization, 2nd edition, algorithms 7.4, 7.5 and 3.1.
//! Departures: the line search asks for enough decrease only (values are cheap, gradients by differences are not);
//! pairs without positive curvature are left out. What is not finite counts as outside, and the step is cut.
//! Cost: O(memory × n) beside the calls. Checked against: minima known in closed form, Rosenbrock's valley.

use crate::linear_algebra::dot;

/// Pairs of steps and gradient changes kept: for up to so many numbers this is plain BFGS.
const MEMORY: usize = 20;
/// Halvings of a step before the search gives up.
const HALVINGS_MAX: u32 = 40;
/// Share of the decrease promised by the slope that a step must bring.
const DECREASE: f64 = 1e-4;

/// What is minimized.
pub(crate) trait Objective {
    /// Its value; infinite or NaN outside its domain.
    fn value(&mut self, x: &[f64]) -> f64;

    /// Its slope at `x`, where its value is `value`: by forward differences, unless the objective knows better.
    fn gradient(&mut self, x: &[f64], value: f64, gradient: &mut [f64]) {
        let mut moved = x.to_vec();
        for i in 0..x.len() {
            let step = 1e-7 * x[i].abs().max(1.0);
            moved[i] = x[i] + step;
            let mut change = (self.value(&moved) - value) / step;
            if !change.is_finite() {
                moved[i] = x[i] - step;
                change = (value - self.value(&moved)) / step;
            }
            gradient[i] = if change.is_finite() { change } else { 0.0 };
            moved[i] = x[i];
        }
    }
}

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Steps at most.
    pub(crate) iterations_max: u32,
    /// Enough when no entry of the gradient is larger.
    pub(crate) gradient_tolerance: f64,
    /// Enough when two steps in a row bring less than this.
    pub(crate) value_tolerance: f64,
}

/// Where the search ended.
#[derive(Debug, Clone)]
pub(crate) struct Minimum {
    /// The place.
    pub(crate) x: Vec<f64>,
    /// The value there.
    pub(crate) value: f64,
    /// Steps made.
    pub(crate) iterations: u32,
    /// Whether a tolerance ended it, not the number of steps.
    pub(crate) converged: bool,
}

/// Steps and gradient changes of the last iterations, oldest first.
#[derive(Default)]
struct Memory {
    pairs: Vec<(Vec<f64>, Vec<f64>)>,
}

impl Memory {
    fn keep(&mut self, step: Vec<f64>, change: Vec<f64>) {
        let curvature = dot(&step, &change);
        if curvature > 1e-10 * dot(&change, &change).max(f64::MIN_POSITIVE) {
            if self.pairs.len() == MEMORY {
                self.pairs.remove(0);
            }
            self.pairs.push((step, change));
        }
    }

    /// Downhill, by the two loops of algorithm 7.4.
    fn direction(&self, gradient: &[f64]) -> Vec<f64> {
        let mut direction: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
        let mut weights = vec![0.0; self.pairs.len()];
        for (weight, (step, change)) in weights.iter_mut().zip(&self.pairs).rev() {
            *weight = dot(step, &direction) / dot(step, change);
            add(&mut direction, change, -*weight);
        }
        if let Some((step, change)) = self.pairs.last() {
            let scale = dot(step, change) / dot(change, change);
            direction.iter_mut().for_each(|entry| *entry *= scale);
        }
        for (weight, (step, change)) in weights.iter().zip(&self.pairs) {
            let back = dot(change, &direction) / dot(step, change);
            add(&mut direction, step, weight - back);
        }
        direction
    }
}

fn add(to: &mut [f64], what: &[f64], times: f64) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += times * what);
}

/// The minimum nearest downhill from `start`.
pub(crate) fn lbfgs(objective: &mut dyn Objective, start: &[f64], limits: &Limits) -> Minimum {
    let n = start.len();
    let value = objective.value(start);
    let mut at = Minimum { x: start.to_vec(), value, iterations: 0, converged: n == 0 };
    if n == 0 || !value.is_finite() {
        return at;
    }
    let mut gradient = vec![0.0; n];
    objective.gradient(&at.x, at.value, &mut gradient);
    let mut memory = Memory::default();
    let mut small_steps = 0;
    while at.iterations < limits.iterations_max {
        if gradient.iter().all(|slope| slope.abs() <= limits.gradient_tolerance) {
            at.converged = true;
            break;
        }
        at.iterations += 1;
        let Some((x, value)) = search(objective, &at, &gradient, &memory) else {
            if memory.pairs.is_empty() {
                at.converged = true;
                break;
            }
            // The curvature misleads: once more, straight downhill.
            memory.pairs.clear();
            continue;
        };
        let mut next = vec![0.0; n];
        objective.gradient(&x, value, &mut next);
        let step = x.iter().zip(&at.x).map(|(new, old)| new - old).collect();
        let change = next.iter().zip(&gradient).map(|(new, old)| new - old).collect();
        memory.keep(step, change);
        small_steps = if at.value - value < limits.value_tolerance { small_steps + 1 } else { 0 };
        (at.x, at.value, gradient) = (x, value, next);
        if small_steps == 2 {
            at.converged = true;
            break;
        }
    }
    at
}

/// A place with enough decrease, or none.
fn search(
    objective: &mut dyn Objective,
    at: &Minimum,
    gradient: &[f64],
    memory: &Memory,
) -> Option<(Vec<f64>, f64)> {
    let mut direction = memory.direction(gradient);
    let mut slope = dot(&direction, gradient);
    if slope >= 0.0 || !slope.is_finite() {
        direction = gradient.iter().map(|slope| -slope).collect();
        slope = -dot(gradient, gradient);
    }
    let longest = direction.iter().fold(0.0_f64, |longest, entry| longest.max(entry.abs()));
    // The first step knows no scale: it moves no number by more than 0.2; later ones by no more than 2.
    let reach = if memory.pairs.is_empty() { 0.2 } else { 2.0 };
    let reach = reach * at.x.iter().fold(1.0_f64, |size, entry| size.max(entry.abs()));
    let mut length = if longest > reach { reach / longest } else { 1.0 };
    for _ in 0..HALVINGS_MAX {
        let mut x = at.x.clone();
        add(&mut x, &direction, length);
        let value = objective.value(&x);
        if value.is_finite() && value <= at.value + DECREASE * length * slope && value < at.value {
            return Some((x, value));
        }
        // The lowest point of the parabola through what is known, within a tenth and a half.
        let parabola = -0.5 * slope * length * length / (value - at.value - slope * length);
        let next = if parabola.is_finite() { parabola } else { 0.1 * length };
        length = next.clamp(0.1 * length, 0.5 * length);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Valley;

    impl Objective for Valley {
        fn value(&mut self, x: &[f64]) -> f64 {
            100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2)
        }
    }

    struct Logarithm;

    impl Objective for Logarithm {
        /// Infinite below 0; the minimum is at 2.
        fn value(&mut self, x: &[f64]) -> f64 {
            x[0] - 2.0 * x[0].ln()
        }

        fn gradient(&mut self, x: &[f64], _: f64, gradient: &mut [f64]) {
            gradient[0] = 1.0 - 2.0 / x[0];
        }
    }

    const LIMITS: Limits =
        Limits { iterations_max: 300, gradient_tolerance: 1e-6, value_tolerance: 1e-14 };

    #[test]
    fn minima_known_in_closed_form() {
        let valley = lbfgs(&mut Valley, &[-1.2, 1.0], &LIMITS);
        assert!((valley.x[0] - 1.0).abs() < 1e-3 && valley.converged, "{valley:?}");
        let logarithm = lbfgs(&mut Logarithm, &[9.0], &LIMITS);
        assert!((logarithm.x[0] - 2.0).abs() < 1e-5, "{logarithm:?}");
        let outside = lbfgs(&mut Logarithm, &[-1.0], &LIMITS);
        assert!(!outside.converged && outside.x == [-1.0], "{outside:?}");
    }
}
