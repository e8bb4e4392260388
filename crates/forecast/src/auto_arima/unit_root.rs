//! How often a series is to be differenced.
//!
//! In: values without gaps. Out: whether their level wanders (KPSS), how strong their season is (STL).
//! Source: Kwiatkowski, Phillips, Schmidt and Shin, J. Econometrics 1992, table 1; Cleveland et al., STL, 1990;
//! Wang, Smith and Hyndman 2006 (strength). Departures: as R's `forecast` 8.20: lags of the long-run variance
//! ⌊3 √n / 13⌋, one seasonal difference where the strength exceeds 0.64; STL without robust weights.
//! Cost: O(n √n), O(n season). Checked against: orders that R chooses (`tests/it/auto_arima.rs`).

use crate::stl::{Decomposition, Stl};

/// 5 % point of the KPSS statistic about a level.
const KPSS_CRITICAL: f64 = 0.463;
/// Strength from which a season is differenced away.
const STRENGTH_CRITICAL: f64 = 0.64;
/// Seasons over which a step of the season is smoothed, and passes of STL's inner loop.
const SEASONS_SMOOTHED: usize = 11;
const PASSES: usize = 2;

/// Differences until the level no longer wanders.
pub(crate) fn differences(values: &[f64], differences_max: usize) -> usize {
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
    let Decomposition { seasonal, rest, .. } = decompose(values, season);
    let both: Vec<f64> = seasonal.iter().zip(&rest).map(|(s, r)| s + r).collect();
    let share = variance(&rest) / variance(&both);
    1.0 - share > STRENGTH_CRITICAL
}

fn variance(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)
}

/// STL as R's `mstl` calls it: means over eleven seasons, two passes, the low pass as long as the season.
fn decompose(values: &[f64], season: usize) -> Decomposition {
    let usual = Stl::with_seasonal_window(season, SEASONS_SMOOTHED);
    Stl { seasonal_degree: 0, low_pass_window: season | 1, inner: PASSES, ..usual }.split(values)
}
