//! How often a series is to be differenced.
//!
//! In: values without gaps. Out: whether their level wanders (KPSS), how strong their season is (STL).
//! Source: Kwiatkowski, Phillips, Schmidt and Shin, J. Econometrics 1992, table 1; Cleveland et al., STL, 1990;
//! Wang, Smith and Hyndman 2006 (strength). Departures: as R's `forecast` 8.20: lags of the long-run variance
//! ⌊3 √n / 13⌋, one seasonal difference where the strength exceeds 0.64; STL without robust weights.
//! Cost: O(n √n), O(n season). Checked against: orders that R chooses (`tests/it/auto_arima.rs`).

/// 5 % point of the KPSS statistic about a level.
const KPSS_CRITICAL: f64 = 0.463;
/// Strength from which a season is differenced away.
const STRENGTH_CRITICAL: f64 = 0.64;
/// Seasons over which a step of the season is smoothed, and passes of STL's inner loop.
const SEASONS_SMOOTHED: usize = 11;
const PASSES: usize = 2;

/// Differences until the level no longer wanders.
pub(super) fn differences(values: &[f64], differences_max: usize) -> usize {
    let mut values = values.to_vec();
    for differences in 0..differences_max {
        if values.len() < 4 || !wanders(&values) {
            return differences;
        }
        values = lagged(&values, 1);
    }
    differences_max
}

/// yₜ − yₜ₋ₗₐ₉.
pub(super) fn lagged(values: &[f64], lag: usize) -> Vec<f64> {
    values.iter().zip(&values[lag.min(values.len())..]).map(|(before, now)| now - before).collect()
}

/// Whether KPSS rejects a constant level at 5 %.
fn wanders(values: &[f64]) -> bool {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let errors: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let (mut sum, mut squares) = (0.0, 0.0);
    for error in &errors {
        sum += error;
        squares += sum * sum;
    }
    let product = |lag: usize| errors.iter().zip(&errors[lag..]).map(|(a, b)| a * b).sum::<f64>();
    #[expect(clippy::cast_possible_truncation, reason = "below the length of the series")]
    let lags = (3.0 * n.sqrt() / 13.0).floor() as usize;
    let weight = |lag: usize| 1.0 - lag as f64 / (lags + 1) as f64;
    let long_run = product(0) + 2.0 * (1..=lags).map(|lag| weight(lag) * product(lag)).sum::<f64>();
    squares / n / long_run > KPSS_CRITICAL
}

/// Whether the season is strong enough to be differenced away.
pub(super) fn strong_season(values: &[f64], season: usize) -> bool {
    if season < 2 || values.len() < 2 * season + 2 {
        return false;
    }
    let (seasonal, remainder) = decompose(values, season);
    let both: Vec<f64> = seasonal.iter().zip(&remainder).map(|(s, r)| s + r).collect();
    let share = variance(&remainder) / variance(&both);
    1.0 - share > STRENGTH_CRITICAL
}

fn variance(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)
}

/// STL: the season, and what neither season nor trend explains.
fn decompose(values: &[f64], season: usize) -> (Vec<f64>, Vec<f64>) {
    let n = values.len();
    let odd = |window: usize| window | 1;
    #[expect(clippy::cast_possible_truncation, reason = "a small multiple of the season")]
    let trend_window =
        (1.5 * season as f64 / (1.0 - 1.5 / SEASONS_SMOOTHED as f64)).ceil() as usize;
    let mut trend = vec![0.0; n];
    let mut seasonal = vec![0.0; n];
    for _ in 0..PASSES {
        let detrended: Vec<f64> = values.iter().zip(&trend).map(|(y, t)| y - t).collect();
        let cycles = cycle_subseries(&detrended, season);
        let low = averages(&averages(&averages(&cycles, season), season), 3);
        let low = loess(&low, odd(season), true, 0..n);
        seasonal = (0..n).map(|t| cycles[t + season] - low[t]).collect();
        let level: Vec<f64> = values.iter().zip(&seasonal).map(|(y, s)| y - s).collect();
        trend = loess(&level, odd(trend_window), true, 0..n);
    }
    let remainder = (0..n).map(|t| values[t] - seasonal[t] - trend[t]).collect();
    (seasonal, remainder)
}

/// Each step of the season smoothed over the seasons, a season longer on both sides.
fn cycle_subseries(values: &[f64], season: usize) -> Vec<f64> {
    let n = values.len();
    let mut cycles = vec![0.0; n + 2 * season];
    for step in 0..season {
        let own: Vec<f64> = values.iter().skip(step).step_by(season).copied().collect();
        let smooth = loess(&own, SEASONS_SMOOTHED, false, 0..own.len());
        let around = own.len().cast_signed();
        let before = loess_at(&own, SEASONS_SMOOTHED, false, -1);
        let after = loess_at(&own, SEASONS_SMOOTHED, false, around);
        let all = std::iter::once(before).chain(smooth).chain(std::iter::once(after));
        for (i, value) in all.enumerate() {
            cycles[i * season + step] = value;
        }
    }
    cycles
}

/// Running means; shorter by `window` − 1.
fn averages(values: &[f64], window: usize) -> Vec<f64> {
    values.windows(window).map(|run| run.iter().sum::<f64>() / window as f64).collect()
}

fn loess(values: &[f64], window: usize, lines: bool, at: std::ops::Range<usize>) -> Vec<f64> {
    at.map(|t| loess_at(values, window, lines, t.cast_signed())).collect()
}

/// Local mean or line with tricube weights over the `window` nearest values.
fn loess_at(values: &[f64], window: usize, lines: bool, at: isize) -> f64 {
    let n = values.len();
    let size = window.min(n);
    let half = (size / 2).cast_signed();
    let from = (at - half).clamp(0, (n - size).cast_signed()).cast_unsigned();
    let last = (from + size - 1).cast_signed();
    let mut reach = (at - from.cast_signed()).max(last - at) as f64;
    // Past the end of a short series the window reaches further, as in the original program.
    reach += (window.saturating_sub(n) / 2) as f64;
    let (mut weights, mut mean, mut center) = (0.0, 0.0, 0.0);
    let weight = |t: usize| {
        let away = (t.cast_signed() - at).abs() as f64 / reach.max(1.0);
        if away < 0.999 { (1.0 - away.powi(3)).powi(3) } else { 0.0 }
    };
    for (t, value) in values.iter().enumerate().skip(from).take(size) {
        let weight = weight(t);
        weights += weight;
        mean += weight * value;
        center += weight * t as f64;
    }
    if weights <= 0.0 {
        return values[at.clamp(0, n.cast_signed() - 1).cast_unsigned()];
    }
    (mean, center) = (mean / weights, center / weights);
    if !lines {
        return mean;
    }
    let (mut spread, mut along) = (0.0, 0.0);
    for (t, value) in values.iter().enumerate().skip(from).take(size) {
        let away = t as f64 - center;
        spread += weight(t) * away * away;
        along += weight(t) * away * value;
    }
    let slope = if spread > 1e-6 { along / spread } else { 0.0 };
    mean + slope * (at as f64 - center)
}
