//! Trailing medians: what is usual, as known at the time.
//!
//! In: values in order of time (NaN: not measured), a window in steps, the least number of measured values. Out: for each
//! value the median of those in the window before it, itself left out; NaN where too few were measured.
//! Source: none; a sorted window with binary search. Departures: the mean of the two middle values where their number is even.
//! Cost: O(n · window) moves of memory, fast for windows of some thousand. Checked against: sorting every window
//! (`tests/it/indicators.rs`).

use std::collections::VecDeque;

/// Median of the `window` values before each, itself left out.
pub fn trailing_median(values: &[f64], window: usize, measured_min: usize) -> Vec<f64> {
    let mut sorted: Vec<f64> = Vec::with_capacity(window);
    let mut queue: VecDeque<f64> = VecDeque::with_capacity(window);
    let mut medians = Vec::with_capacity(values.len());
    for value in values {
        medians.push(if sorted.len() >= measured_min.max(1) { middle(&sorted) } else { f64::NAN });
        if window == 0 {
            continue;
        }
        if queue.len() == window {
            let oldest = queue.pop_front().unwrap_or(f64::NAN);
            if !oldest.is_nan() {
                let place = sorted.partition_point(|other| *other < oldest);
                sorted.remove(place);
            }
        }
        queue.push_back(*value);
        if !value.is_nan() {
            let place = sorted.partition_point(|other| other < value);
            sorted.insert(place, *value);
        }
    }
    medians
}

/// The median of values in any order; NaN are left out; `None` where there is none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    (!sorted.is_empty()).then(|| middle(&sorted))
}

fn middle(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { sorted[half - 1].midpoint(sorted[half]) }
}
