//! One forecast from several: weights by usual past error, then a mean that leaves out what lies far from the rest.
//!
//! In: what each member said, now and at past origins, and what happened. Out: the paths that they make together, and how
//! far apart the members were: where they disagree the forecast is less sure.

use super::{MemberWeight, Run};
use crate::accuracy;

/// Power of the ratio of errors in a weight: on the judging panel 2 to 4 are alike, 1 and 8 worse.
const POWER: i32 = 3;
/// Share of equal weights: past origins say little of which member breaks next.
const EQUAL: f64 = 0.2;
/// Share of the weight whose values are averaged, the middle: 0.2 to 0.8 are alike, 1 (the mean) worse. Members that fail
/// together after a break are a third of the weight or more, so it is kept narrow.
const MIDDLE: f64 = 0.35;
/// Share of the naive member's mean error that no error at an origin is below.
const ERROR_LEAST: f64 = 0.01;

/// A combined path.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Together {
    pub(crate) mean: Vec<f64>,
    /// Weighted standard deviation of the members at each step; NaN where only one answered.
    pub(crate) spread: Vec<f64>,
}

/// The combination.
pub(crate) struct Combined {
    pub(crate) members: Vec<MemberWeight>,
    pub(crate) now: Together,
    pub(crate) past: Vec<Together>,
}

/// Combines runs of members over the same origins.
pub(crate) fn combine(runs: &[Run], actual: &[Vec<f64>]) -> Combined {
    let naive = runs.iter().find(|run| run.name == "seasonal-naive");
    let errors: Vec<Option<(f64, f64)>> =
        runs.iter().map(|run| error(run, naive, actual)).collect();
    let usual: Vec<Option<f64>> =
        errors.iter().map(|error| error.map(|(_, usual)| usual)).collect();
    let weights = weights(&usual);
    let members = runs
        .iter()
        .zip(&errors)
        .zip(&weights)
        .map(|((run, error), weight)| MemberWeight {
            name: run.name.clone(),
            weight: *weight,
            error: error.map(|(mean, _)| mean),
        })
        .collect();
    let now = together(&runs.iter().map(|run| run.now.as_slice()).collect::<Vec<_>>(), &weights);
    let past = |k: usize| {
        together(&runs.iter().map(|run| run.past[k].as_slice()).collect::<Vec<_>>(), &weights)
    };
    Combined { members, now, past: (0..actual.len()).map(past).collect() }
}

/// Mean error at past origins and the usual one: the geometric mean over them of the mean absolute error from each, by which
/// a member is weighed, so that one origin before a break does not decide. A member that could not forecast from all of them
/// is compared with the seasonal naive one where both did, as origins differ in how hard they are.
fn error(run: &Run, naive: Option<&Run>, actual: &[Vec<f64>]) -> Option<(f64, f64)> {
    let own = errors(run, actual);
    let naive = naive.map_or_else(|| own.clone(), |naive| errors(naive, actual));
    let least = ERROR_LEAST * accuracy::mean(naive.iter().copied())?;
    let shared = |of: &[f64], other: &[f64], scale: &dyn Fn(f64) -> f64| {
        let both = of.iter().zip(other).filter(|(_, other)| !other.is_nan());
        accuracy::mean(both.map(|(own, _)| scale(*own)))
    };
    // `max` would take a missing error for the least.
    let log = |error: f64| match error.is_nan() {
        true => error,
        false => error.max(least).max(f64::MIN_POSITIVE).ln(),
    };
    let beside = shared(&own, &naive, &log)? - shared(&naive, &own, &log)?;
    let usual = (beside + shared(&naive, &naive, &log)?).exp();
    let plain = |error: f64| error;
    let (mean, naive_mean) = (shared(&own, &naive, &plain)?, shared(&naive, &own, &plain)?);
    let naive_whole = shared(&naive, &naive, &plain)?;
    Some((if naive_mean > 0.0 { mean / naive_mean * naive_whole } else { mean }, usual))
}

/// Mean absolute error of the path from each origin; NaN where there was none or no value.
fn errors(run: &Run, actual: &[Vec<f64>]) -> Vec<f64> {
    let of = |(path, actual): (&Vec<f64>, &Vec<f64>)| {
        let gaps = path.iter().zip(actual).map(|(f, y)| (y - f).abs());
        accuracy::mean(gaps).unwrap_or(f64::NAN)
    };
    run.past.iter().zip(actual).map(of).collect()
}

/// Powers of the inverse errors, drawn to equal weights; without errors equal weights, and the weight of the worst for one that has none.
fn weights(errors: &[Option<f64>]) -> Vec<f64> {
    let known: Vec<f64> = errors.iter().flatten().copied().collect();
    let least = known.iter().copied().fold(f64::INFINITY, f64::min);
    let worst = known.iter().copied().fold(0.0, f64::max);
    let raw: Vec<f64> = errors
        .iter()
        .map(|error| {
            if known.is_empty() || worst <= 0.0 {
                return 1.0;
            }
            let ratio = least.max(1e-3 * worst) / error.unwrap_or(worst).max(1e-3 * worst);
            ratio.powi(POWER)
        })
        .collect();
    let sum: f64 = raw.iter().sum();
    let equal = EQUAL / raw.len() as f64;
    raw.iter().map(|weight| (1.0 - EQUAL) * weight / sum + equal).collect()
}

/// The center of the paths at each step and their spread (NaN where there is but one); an empty path takes no part.
pub(crate) fn together(paths: &[&[f64]], weights: &[f64]) -> Together {
    let horizon = paths.iter().map(|path| path.len()).max().unwrap_or(0);
    let mut both = Together::default();
    for step in 0..horizon {
        let mut values: Vec<(f64, f64)> = paths
            .iter()
            .zip(weights)
            .filter_map(|(path, weight)| Some((*path.get(step)?, *weight)))
            .collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mean = center(&values);
        let whole: f64 = values.iter().map(|(_, weight)| weight).sum();
        let squares: f64 = values.iter().map(|(y, weight)| weight * (y - mean).powi(2)).sum();
        both.mean.push(mean);
        // One member agrees with itself: a spread of 0 would make what members are apart elsewhere look like much.
        both.spread.push(if values.len() > 1 { (squares / whole).sqrt() } else { f64::NAN });
    }
    both
}

/// Weighted mean of the middle of the weight: no broken member moves it far, and it is smoother than a median.
fn center(sorted: &[(f64, f64)]) -> f64 {
    let whole: f64 = sorted.iter().map(|(_, weight)| weight).sum();
    let (low, high) = ((0.5 - MIDDLE / 2.0) * whole, (0.5 + MIDDLE / 2.0) * whole);
    let (mut seen, mut sum) = (0.0, 0.0);
    for (value, weight) in sorted {
        let inside = (seen + weight).min(high) - f64::max(seen, low);
        sum += inside.max(0.0) * value;
        seen += weight;
    }
    sum / (high - low)
}
