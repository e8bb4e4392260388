//! States before the first value, from the first seasons.
//!
//! In: a series, a form, the season. Out: level, slope, one state a place. Source: Hyndman et al. 2008, section 2.6.1:
//! a seasonal profile of the first cycles, then a straight line through what it leaves. Departures: the profile is of
//! deviations from the mean of their own cycle, five cycles at most, instead of a moving average, which needs complete
//! values. Cost: O(first cycles). Checked against: the optimum that starts from it (`tests/it/smoothing.rs`).

use super::model::{EtsForm, SeasonKind, TrendKind};

/// Level, slope and season before the first value.
pub(crate) fn states(values: &[f64], form: EtsForm, m: usize) -> (f64, f64, Vec<f64>) {
    let season = match form.season {
        SeasonKind::None => Vec::new(),
        kind => profile(values, m, kind == SeasonKind::Multiplicative),
    };
    let first = values.len().min((2 * m).max(10));
    let adjusted: Vec<(f64, f64)> = (0..first)
        .filter(|t| !values[*t].is_nan())
        .map(|t| {
            let state = season.get(t % m.max(1)).copied().unwrap_or(0.0);
            let value = match form.season {
                SeasonKind::None => values[t],
                SeasonKind::Additive => values[t] - state,
                SeasonKind::Multiplicative => values[t] / state,
            };
            (t as f64 + 1.0, value)
        })
        .collect();
    if adjusted.is_empty() {
        let rest: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).take(10).collect();
        return (mean(rest.iter().copied()), 0.0, season);
    }
    let center = mean(adjusted.iter().map(|(_, y)| *y));
    if form.trend == TrendKind::None {
        return (center, 0.0, season);
    }
    let middle = mean(adjusted.iter().map(|(t, _)| *t));
    let across: f64 = adjusted.iter().map(|(t, y)| (t - middle) * (y - center)).sum();
    let along: f64 = adjusted.iter().map(|(t, _)| (t - middle) * (t - middle)).sum();
    let slope = if along > 0.0 { across / along } else { 0.0 };
    let level = center - slope * middle;
    // A level below 0 has no multiplicative form: stay flat then.
    if form.needs_positive() && level <= 0.0 {
        (center, 0.0, season)
    } else {
        (level, slope, season)
    }
}

/// Deviation (or factor) of each place of the season from the mean of its cycle, over up to five first cycles.
pub(crate) fn profile(values: &[f64], m: usize, factor: bool) -> Vec<f64> {
    let mut sums = vec![0.0; m];
    let mut counts = vec![0.0; m];
    for cycle in values.chunks_exact(m).take(5) {
        let center = mean(cycle.iter().copied().filter(|v| !v.is_nan()));
        for (place, value) in cycle.iter().enumerate().filter(|(_, v)| !v.is_nan()) {
            let state = if factor { value / center } else { value - center };
            sums[place] += state;
            counts[place] += 1.0;
        }
    }
    let neutral = if factor { 1.0 } else { 0.0 };
    let mut states: Vec<f64> = sums
        .iter()
        .zip(&counts)
        .map(|(sum, count)| if *count > 0.0 { sum / count } else { neutral })
        .collect();
    let center = mean(states.iter().copied());
    for state in &mut states {
        *state = if factor { (*state / center).max(0.01) } else { *state - center };
    }
    states
}

/// Mean; 0 of nothing.
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}
