//! The seasonal naive forecast by hand, and with it the normal quantiles under all bounds.

use forecast::{Indicators, Method, SeasonalNaive};
use tracehound_forecast as forecast;

use crate::contract::hourly;

#[track_caller]
fn check(season: usize, values: &[f64], expected: &[f64]) {
    let none = Indicators::default();
    let fitted = SeasonalNaive { season }.fit(&hourly(values), &none).unwrap();
    assert_eq!(fitted.forecast(expected.len(), &none, &[]).unwrap().mean, expected);
}

#[test]
fn the_last_measured_value_of_a_place_is_repeated() {
    let nan = f64::NAN;
    check(1, &[1.0, 2.0], &[2.0, 2.0]);
    check(2, &[1.0, 2.0, 3.0, 4.0, 5.0], &[4.0, 5.0, 4.0]);
    check(2, &[1.0, 2.0, 3.0, nan, 5.0], &[2.0, 5.0, 2.0]);
    check(3, &[1.0, 2.0, 3.0, 4.0, nan, nan], &[4.0, 2.0, 3.0]);
}

/// Quantiles: `python3 -c "from statistics import NormalDist as N; print(N().inv_cdf(0.9), …)"`.
#[test]
fn bounds_are_those_of_a_random_walk() {
    // Changes over one step: 3, -1, 2: root mean square sqrt(14 / 3).
    let none = Indicators::default();
    let fitted = SeasonalNaive { season: 1 }.fit(&hourly(&[0.0, 3.0, 2.0, 4.0]), &none).unwrap();
    let levels = [0.8, 0.95, 0.999, 0.99999999];
    let forecast = fitted.forecast(4, &none, &levels).unwrap();
    let z = [1.2815515655446004, 1.959963984540054, 3.2905267314918945, 5.730728868236244];
    for (bounds, z) in forecast.bounds.iter().zip(z) {
        for step in 0..4 {
            let expected = 4.0 + z * (14.0_f64 / 3.0).sqrt() * (step as f64 + 1.0).sqrt();
            assert!((bounds.upper[step] - expected).abs() < 1e-7, "{} {step}", bounds.level);
            assert!(
                (bounds.lower[step] - (8.0 - expected)).abs() < 1e-7,
                "{} {step}",
                bounds.level
            );
        }
    }
}
