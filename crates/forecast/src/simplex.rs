//! Minimum of a function of a few numbers without its gradient.
//!
//! In: a function (infinite where it is not defined), a start where it is finite, a first step for each number. Out:
//! the best point found and its value. Source: Nelder and Mead, A simplex method for function minimization, 1965;
//! Lagarias et al. 1998 for the order of ties. Departures: stops after a fixed count of evaluations, so that
//! cost is bounded and the answer does not hang on the clock. Cost: one or two evaluations an iteration.
//! Checked against: optima of statsmodels, through the fits (`tests/it/smoothing.rs`).

/// The best point and its value.
pub(crate) fn minimize(
    mut function: impl FnMut(&[f64]) -> f64,
    start: &[f64],
    steps: &[f64],
    evaluations_max: usize,
    tolerance: f64,
) -> (Vec<f64>, f64) {
    let n = start.len();
    let mut evaluate = |x: &[f64]| {
        let value = function(x);
        if value.is_nan() { f64::INFINITY } else { value }
    };
    let mut corners = vec![(start.to_vec(), evaluate(start))];
    for index in 0..n {
        let mut x = start.to_vec();
        x[index] += steps[index];
        let mut value = evaluate(&x);
        if value.is_infinite() {
            x[index] = start[index] - steps[index];
            value = evaluate(&x);
        }
        corners.push((x, value));
    }
    let mut evaluations = n + 1;
    while evaluations < evaluations_max && n > 0 {
        corners.sort_by(|a, b| a.1.total_cmp(&b.1));
        let spread = corners[n].1 - corners[0].1;
        if spread <= tolerance * (corners[0].1.abs() + tolerance) {
            break;
        }
        evaluations += move_worst(&mut corners, &mut evaluate);
    }
    corners.sort_by(|a, b| a.1.total_cmp(&b.1));
    corners.swap_remove(0)
}

/// One step on corners sorted by value; evaluations made.
fn move_worst(corners: &mut [(Vec<f64>, f64)], evaluate: &mut impl FnMut(&[f64]) -> f64) -> usize {
    let n = corners.len() - 1;
    let center: Vec<f64> = (0..n)
        .map(|index| corners[..n].iter().map(|(x, _)| x[index]).sum::<f64>() / n as f64)
        .collect();
    let worst = corners[n].clone();
    let along = |factor: f64| -> Vec<f64> {
        center.iter().zip(&worst.0).map(|(c, w)| c + factor * (w - c)).collect()
    };
    let reflected = along(-1.0);
    let value = evaluate(&reflected);
    if value < corners[0].1 {
        let expanded = along(-2.0);
        let further = evaluate(&expanded);
        corners[n] = if further < value { (expanded, further) } else { (reflected, value) };
        return 2;
    }
    if value < corners[n - 1].1 {
        corners[n] = (reflected, value);
        return 1;
    }
    let inner = along(if value < worst.1 { -0.5 } else { 0.5 });
    let contracted = evaluate(&inner);
    if contracted < value.min(worst.1) {
        corners[n] = (inner, contracted);
        return 2;
    }
    let best = corners[0].0.clone();
    for (x, value) in &mut corners[1..] {
        for (own, best) in x.iter_mut().zip(&best) {
            *own = best + 0.5 * (*own - best);
        }
        *value = evaluate(x);
    }
    2 + n
}
