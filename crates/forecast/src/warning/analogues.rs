//! Moments of the past that looked most like now, and what followed them.
//!
//! In: moments with features, a weight a feature (what it does for the model), the step that is asked about. Out: the nearest
//! labelled moments, at least a window apart, with what came after. Source: analogue forecasting (Lorenz 1969); the interval is
//! Clopper and Pearson's. Departures: differences are measured in quartile ranges and cut at four, so that one wild feature
//! decides nothing; a missing value is one range away. Cost: O(n · features). Checked against: moments by hand
//! (`tests/it/warning.rs`).

use learn::proportion_bounds;
use serde::{Deserialize, Serialize};

use super::features::Moments;
use super::labels::labels;
use crate::draws::sample_quantile;

/// Beyond so many quartile ranges all is equally far.
const FAR: f64 = 4.0;

/// A moment that looked like now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analogue {
    /// When, seconds since 1970 UTC.
    pub time_s: i64,
    /// How unlike now, 0 for the same; weighted mean of quartile ranges.
    pub distance: f64,
    /// Load then.
    pub load: f64,
    /// Largest load within the window after it.
    pub peak: f64,
    /// Largest load over capacity within the window.
    pub peak_utilization: f64,
    /// Seconds to the breach; `None` where none followed.
    pub delay_s: Option<i64>,
}

/// What followed moments that looked like now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analogues {
    /// Moments.
    pub n: usize,
    /// Of them followed by a breach within the window.
    pub n_breached: usize,
    /// Share that was.
    pub share: f64,
    /// Its 95 % Clopper-Pearson interval.
    pub share_95: (f64, f64),
    /// Share of the capacity that counts as a breach here: below 1 where the capacity itself was hardly ever reached.
    pub factor: f64,
    /// Median delay to the breach, seconds.
    pub delay_median_s: Option<i64>,
    /// A tenth and nine tenths of delays, seconds.
    pub delay_range_s: Option<(i64, i64)>,
    /// Load at each step of the window if it went from now as it went then: a tenth, the median and nine tenths.
    pub fan: Vec<[f64; 3]>,
    /// The moments, the most alike first.
    pub moments: Vec<Analogue>,
}

/// The moments most like step `now`; `weights` are per feature, the first features of `moments`.
pub(super) fn find(
    moments: &Moments,
    weights: &[f64],
    now: usize,
    (window, k): (usize, usize),
    factor: f64,
) -> Analogues {
    let labels = labels(&moments.utilization[..now], factor, window);
    let known = |at: &usize| labels[*at].is_some() && moments.utilization[*at] < factor;
    let places: Vec<usize> = (0..now).filter(known).filter(|at| at + window <= now).collect();
    let mut distances = vec![0.0; places.len()];
    let total: f64 = weights.iter().sum();
    for (feature, weight) in moments.features.iter().zip(weights).filter(|(_, w)| **w > 0.0) {
        let values = &feature.values;
        let mut sorted: Vec<f64> =
            places.iter().map(|at| values[*at]).filter(|value| value.is_finite()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        if sorted.is_empty() {
            continue;
        }
        let range = sample_quantile(&sorted, 0.75) - sample_quantile(&sorted, 0.25);
        let unit = if range > 0.0 { range } else { 1.0 };
        for (distance, at) in distances.iter_mut().zip(&places) {
            let away = (values[*at] - values[now]).abs() / unit;
            *distance += weight / total * if away.is_nan() { 1.0 } else { away.min(FAR) };
        }
    }
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|a, b| distances[*a].total_cmp(&distances[*b]).then(a.cmp(b)));
    let mut chosen: Vec<usize> = Vec::new();
    for place in order {
        // Neighbors in time are one moment.
        if chosen.iter().all(|other| places[*other].abs_diff(places[place]) >= window) {
            chosen.push(place);
        }
        if chosen.len() == k {
            break;
        }
    }
    let of = |place: &usize| analogue(moments, places[*place], distances[*place], window, factor);
    told(moments, now, chosen.iter().map(of).collect(), window, factor)
}

fn analogue(moments: &Moments, at: usize, distance: f64, window: usize, factor: f64) -> Analogue {
    let after = at + 1..at + 1 + window;
    let largest = |values: &[f64]| values[after.clone()].iter().copied().fold(f64::NAN, f64::max);
    let breach = moments.utilization[after.clone()].iter().position(|value| *value >= factor);
    let delay = breach.map(|ahead| moments.time(ahead + 1) - moments.time(0));
    Analogue {
        time_s: moments.time(at),
        distance,
        load: moments.load[at],
        peak: largest(&moments.load),
        peak_utilization: largest(&moments.utilization),
        delay_s: delay,
    }
}

fn told(
    moments: &Moments,
    now: usize,
    found: Vec<Analogue>,
    window: usize,
    factor: f64,
) -> Analogues {
    let mut delays: Vec<i64> = found.iter().filter_map(|moment| moment.delay_s).collect();
    delays.sort_unstable();
    let (n, n_breached) = (found.len(), delays.len());
    let at = |share: usize| {
        delays.get((delays.len() * share / 10).min(delays.len().max(1) - 1)).copied()
    };
    let place = |time: i64| usize::try_from((time - moments.start_s) / moments.step_s).unwrap_or(0);
    let fan = |ahead: usize| {
        let ratio = |moment: &Analogue| moments.load[place(moment.time_s) + ahead] / moment.load;
        let mut ratios: Vec<f64> =
            found.iter().map(ratio).filter(|ratio| ratio.is_finite()).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| match ratios.is_empty() {
            true => f64::NAN,
            false => moments.load[now] * sample_quantile(&ratios, share),
        };
        [at(0.1), at(0.5), at(0.9)]
    };
    Analogues {
        n,
        n_breached,
        share: if n > 0 { n_breached as f64 / n as f64 } else { 0.0 },
        share_95: proportion_bounds(n_breached as u64, n as u64, 0.95),
        factor,
        delay_median_s: at(5),
        delay_range_s: at(1).zip(at(9)),
        fan: if n > 0 { (1..=window).map(fan).collect() } else { Vec::new() },
        moments: found,
    }
}
