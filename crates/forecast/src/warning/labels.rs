//! Breaches as they happened: episodes of a load over its capacity, and whether one follows a moment.
//!
//! In: load and capacity at each step. Out: episodes, and a label a step. Source: none. Departures: a gap in the load is
//! unknown: a step is labelled "no breach" only if all of its window was measured. Episodes nearer than the cooling time are
//! one. Cost: O(n · window). Checked against: paths by hand (`tests/it/warning.rs`).

/// A time over capacity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Episode {
    /// First step over capacity.
    pub(crate) from: usize,
    /// Last step over capacity.
    pub(crate) to: usize,
    /// Largest load over capacity, 1 or more.
    pub(crate) peak: f64,
}

/// Load over capacity at each step.
pub(crate) fn utilization(load: &[f64], capacity: &[f64]) -> Vec<f64> {
    load.iter().zip(capacity).map(|(load, capacity)| load / capacity).collect()
}

/// Episodes in which the utilization reaches `factor`; those less than `merge` steps apart are one.
pub(crate) fn episodes(utilization: &[f64], factor: f64, merge: usize) -> Vec<Episode> {
    let mut episodes: Vec<Episode> = Vec::new();
    for (at, value) in utilization.iter().enumerate().filter(|(_, value)| **value >= factor) {
        let share = value / factor;
        match episodes.last_mut() {
            Some(last) if at - last.to <= merge => {
                (last.to, last.peak) = (at, last.peak.max(share))
            }
            _ => episodes.push(Episode { from: at, to: at, peak: share }),
        }
    }
    episodes
}

/// Whether the utilization reaches `factor` within the `window` steps after each; `None` where that is not known.
pub(crate) fn labels(utilization: &[f64], factor: f64, window: usize) -> Vec<Option<bool>> {
    let n = utilization.len();
    let label = |at: usize| {
        let ahead = &utilization[at + 1..(at + 1 + window).min(n)];
        if ahead.iter().any(|value| *value >= factor) {
            return Some(true);
        }
        (ahead.len() == window && ahead.iter().all(|value| !value.is_nan())).then_some(false)
    };
    (0..n).map(label).collect()
}
