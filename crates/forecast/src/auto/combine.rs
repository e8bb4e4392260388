//! One forecast from several: weights by past error, then a mean that leaves out what lies far from the rest.

use super::{MemberWeight, Run};
use crate::accuracy;

/// The combination.
pub(crate) struct Combined {
    pub(crate) members: Vec<MemberWeight>,
    pub(crate) now: Vec<f64>,
    pub(crate) past: Vec<Vec<f64>>,
}

/// Combines runs of members over the same origins.
pub(crate) fn combine(runs: &[Run]) -> Combined {
    let errors: Vec<Option<f64>> = runs.iter().map(error).collect();
    let weights = weights(&errors);
    let members = runs
        .iter()
        .zip(&errors)
        .zip(&weights)
        .map(|((run, error), weight)| MemberWeight {
            name: run.name,
            weight: *weight,
            error: *error,
        })
        .collect();
    let now = path(&runs.iter().map(|run| run.now.as_slice()).collect::<Vec<_>>(), &weights);
    let n_origins = runs.first().map_or(0, |run| run.past.len());
    let past = (0..n_origins)
        .map(|k| path(&runs.iter().map(|run| run.past[k].as_slice()).collect::<Vec<_>>(), &weights))
        .collect();
    Combined { members, now, past }
}

/// Mean absolute error over the past origins at which the member could forecast.
fn error(run: &Run) -> Option<f64> {
    let pairs = run.past.iter().zip(&run.actual);
    let gaps = pairs.flat_map(|(path, actual)| path.iter().zip(actual).map(|(f, y)| (y - f).abs()));
    accuracy::mean(gaps)
}

/// Inverse squares of the errors; without errors equal weights.
fn weights(errors: &[Option<f64>]) -> Vec<f64> {
    let known: Vec<f64> = errors.iter().flatten().copied().collect();
    let least = known.iter().copied().fold(f64::INFINITY, f64::min);
    let worst = known.iter().copied().fold(0.0, f64::max);
    let raw: Vec<f64> = errors
        .iter()
        .map(|error| match error {
            _ if known.is_empty() || worst <= 0.0 => 1.0,
            Some(error) => {
                let ratio = least.max(1e-3 * worst) / error.max(1e-3 * worst);
                ratio * ratio
            }
            None => (least.max(1e-3 * worst) / worst).powi(2),
        })
        .collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|weight| weight / sum).collect()
}

/// The center of the paths at each step; an empty path takes no part.
fn path(paths: &[&[f64]], weights: &[f64]) -> Vec<f64> {
    let horizon = paths.iter().map(|path| path.len()).max().unwrap_or(0);
    (0..horizon)
        .map(|step| {
            let mut values: Vec<(f64, f64)> = paths
                .iter()
                .zip(weights)
                .filter_map(|(path, weight)| Some((*path.get(step)?, *weight)))
                .collect();
            values.sort_by(|a, b| a.0.total_cmp(&b.0));
            center(&values)
        })
        .collect()
}

/// Weighted mean of the middle fifth of the weight: close to the median, which no broken member moves, and smoother.
fn center(sorted: &[(f64, f64)]) -> f64 {
    let whole: f64 = sorted.iter().map(|(_, weight)| weight).sum();
    let (low, high) = (0.4 * whole, 0.6 * whole);
    let (mut seen, mut sum) = (0.0, 0.0);
    for (value, weight) in sorted {
        let inside = (seen + weight).min(high) - f64::max(seen, low);
        sum += inside.max(0.0) * value;
        seen += weight;
    }
    sum / (high - low)
}
