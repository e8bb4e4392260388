//! Quantile regression and trees on what is known at an origin, through the default forecast that they serve.

use forecast::{Auto, AutoFit, Fitted, Indicators};
use tracehound_forecast as forecast;

use crate::contract::hourly;

/// A season of 24 whose level jumps by chance every day; uniform draws of a fixed stream.
fn jumping(n: usize) -> Vec<f64> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / 9_007_199_254_740_992.0 - 0.5
    };
    let (mut level, mut values) = (100.0, Vec::new());
    for t in 0..n {
        if t % 24 == 0 {
            level += 20.0 * next();
        }
        values.push(level + 10.0 * ((t % 24) as f64 / 3.82).sin() + next());
    }
    values
}

fn fit(values: &[f64]) -> AutoFit {
    let auto = Auto { seasons: vec![24], horizon: 12, origins: 20, history_max: 600 };
    auto.inspect(&hourly(values)).unwrap()
}

/// What stands before an origin says how far the level has moved since the last season; repeating the season does not.
#[test]
fn a_level_that_jumps_is_followed() {
    let fit = fit(&jumping(24 * 20 + 12));
    let error = |name: &str| {
        let member = fit.members.iter().find(|member| member.name == name);
        member.and_then(|member| member.error).unwrap()
    };
    let naive = error("seasonal-naive");
    assert!(error("median-regression") < 0.7 * naive, "{:?}", fit.members);
    // Trees see some hundred rows here, and are not to be lost all the same.
    assert!(error("trees") < 1.2 * naive, "{:?}", fit.members);
}

/// The same answer on values in other units: features are in units of the series.
#[test]
fn units_do_not_matter() {
    let values = jumping(24 * 14);
    let thousand: Vec<f64> = values.iter().map(|value| value * 1_024.0).collect();
    let none = Indicators::default();
    let one = fit(&values).forecast(12, &none, &[0.8]).unwrap();
    let other = fit(&thousand).forecast(12, &none, &[0.8]).unwrap();
    for (a, b) in one.mean.iter().zip(&other.mean) {
        assert!((a * 1_024.0 - b).abs() < 1e-3 * b.abs(), "{a} {b}");
    }
}
