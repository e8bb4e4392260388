//! What load is usual at a time of day: the season that surges are measured against.
//!
//! In: a load at equal steps, the steps to learn from. Out: a level at each step (median of the seven days before) and a shape
//! (median of load over level by time of day, weekdays and weekends apart). Source: none; medians, because surges are in
//! the data. Departures: no fit over the steps that are judged. Cost: O(n log n).
//! Checked against: loads made of a level and a shape (`tests/it/warning.rs`).

use serde::{Deserialize, Serialize};

use crate::rolling::{median, trailing_median};

const DAY_S: i64 = 86_400;
/// Neighbors of a time of day that are looked at too, in seconds either way.
const POOL_S: i64 = 1_800;

/// Shape of a usual day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct UsualLoad {
    step_s: i64,
    /// Load over level by step of the day, Monday to Friday; then Saturday and Sunday.
    shapes: [Vec<f64>; 2],
}

/// Steps of a span, at least 1.
pub(crate) fn steps_of(span_s: i64, step_s: i64) -> usize {
    usize::try_from(span_s / step_s.max(1)).unwrap_or(1).max(1)
}

/// The level at each step: median of the seven days before, from two days on.
pub(crate) fn levels(load: &[f64], step_s: i64) -> Vec<f64> {
    trailing_median(load, steps_of(7 * DAY_S, step_s), steps_of(2 * DAY_S, step_s))
}

fn is_weekend(time_s: i64) -> bool {
    (time_s.div_euclid(DAY_S) + 3).rem_euclid(7) >= 5
}

impl UsualLoad {
    /// Learns from the steps `0..until`.
    pub(crate) fn fit(
        load: &[f64],
        levels: &[f64],
        start_s: i64,
        step_s: i64,
        until: usize,
    ) -> Self {
        let slots = steps_of(DAY_S, step_s);
        let mut ratios = [vec![Vec::new(); slots], vec![Vec::new(); slots]];
        let usual = Self { step_s, shapes: [Vec::new(), Vec::new()] };
        for (at, (value, level)) in load.iter().zip(levels).enumerate().take(until) {
            let time = start_s + i64::try_from(at).unwrap_or(i64::MAX) * step_s;
            let ratio = value / level;
            if ratio.is_finite() {
                ratios[usize::from(is_weekend(time))][usual.slot(time, slots)].push(ratio);
            }
        }
        let reach = steps_of(POOL_S, step_s).min(slots / 4) * usize::from(step_s <= POOL_S);
        let pooled = |class: usize, slot: usize| {
            let places = (0..=2 * reach).map(|away| (slot + slots + away - reach) % slots);
            median(places.flat_map(|place| ratios[class][place].iter().copied()))
        };
        let shape = |class: usize| {
            // A class of days that was never seen goes by the other.
            let at = |slot| pooled(class, slot).or_else(|| pooled(1 - class, slot)).unwrap_or(1.0);
            (0..slots).map(at).collect()
        };
        Self { step_s, shapes: [shape(0), shape(1)] }
    }

    fn slot(&self, time_s: i64, slots: usize) -> usize {
        steps_between(time_s.rem_euclid(DAY_S), self.step_s).min(slots - 1)
    }

    /// Usual load over level at a time.
    pub(crate) fn shape(&self, time_s: i64) -> f64 {
        let shape = &self.shapes[usize::from(is_weekend(time_s))];
        shape[self.slot(time_s, shape.len())]
    }
}

fn steps_between(span_s: i64, step_s: i64) -> usize {
    usize::try_from(span_s / step_s.max(1)).unwrap_or(0)
}
