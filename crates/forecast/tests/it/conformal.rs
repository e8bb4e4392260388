//! Conformal bounds: coverage on simulated series, the rank by hand, and levels that adapt.

use forecast::{AdaptiveLevel, Conformal, Indicators, Method, SeasonalNaive, accuracy};
use tracehound_forecast as forecast;

use crate::contract::hourly;

/// Uniform noise around a daily season, whose size grows twofold in the second half of each day.
fn noisy(seed: u64, n: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / 9_007_199_254_740_992.0 - 0.5
    };
    (0..n).map(|t| 20.0 + (t % 12) as f64 + next() * if t % 12 < 6 { 1.0 } else { 2.0 }).collect()
}

#[test]
fn bounds_cover_what_they_promise() {
    let (mut hits, mut count, mut calm, mut wild) = ([0.0; 2], 0.0, 0.0, 0.0);
    let none = Indicators::default();
    for seed in 1..=60 {
        let values = noisy(seed, 12 * 20 + 12);
        let (before, after) = values.split_at(12 * 20);
        let method = Conformal {
            method: SeasonalNaive { season: 12 },
            season: 12,
            horizon: 12,
            origins: 30,
        };
        let fitted = method.fit(&hourly(before), &none).unwrap();
        let forecast = fitted.forecast(12, &none, &[0.8, 0.95]).unwrap();
        for (hit, bounds) in hits.iter_mut().zip(&forecast.bounds) {
            *hit += accuracy::coverage(after, bounds).unwrap();
        }
        let widths: Vec<f64> = (0..12)
            .map(|step| forecast.bounds[0].upper[step] - forecast.bounds[0].lower[step])
            .collect();
        calm += widths[..6].iter().sum::<f64>();
        wild += widths[6..].iter().sum::<f64>();
        count += 1.0;
    }
    assert!(wild > 1.4 * calm, "{calm} {wild}");
    let covered = hits.map(|hit| hit / count);
    assert!((0.78..0.88).contains(&covered[0]), "{covered:?}");
    // Far tails are widened for breaks that this noise, which has bounds of its own, never shows.
    assert!((0.94..=1.0).contains(&covered[1]), "{covered:?}");
}

#[test]
fn a_horizon_beyond_the_calibrated_one_is_refused() {
    let none = Indicators::default();
    let method =
        Conformal { method: SeasonalNaive { season: 1 }, season: 1, horizon: 3, origins: 5 };
    let fitted = method.fit(&hourly(&noisy(1, 60)), &none).unwrap();
    assert!(fitted.forecast(4, &none, &[0.8]).is_err());
    let short = method.fit(&hourly(&noisy(1, 5)), &none).err().unwrap();
    assert!(short.to_string().starts_with("conformal bounds needs"), "{short}");
}

/// Gibbs and Candès 2021, proposition 4.1: over T steps the rate of misses is within `(1 + rate) / (rate T)` of the tail,
/// whatever happens; here values drift so that any fixed bounds fail.
#[test]
fn an_adaptive_level_misses_as_often_as_it_says() {
    let mut level = AdaptiveLevel::new(0.9, 0.02);
    let mut misses = 0.0;
    for t in 0..5_000 {
        let needed = 0.5 + 0.45 * f64::sin(f64::from(t) / 300.0);
        let covered = level.asked() >= needed;
        misses += if covered { 0.0 } else { 1.0 };
        level.update(covered);
    }
    let bound = 1.02 / (0.02 * 5_000.0);
    assert!((misses / 5_000.0 - 0.1_f64).abs() <= bound, "{misses}");
}
