//! Measures by hand.

use forecast::{Bounds, accuracy};
use tracehound_forecast as forecast;

#[track_caller]
fn check(found: Option<f64>, expected: f64) {
    assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?}, expected {expected}");
}

#[test]
fn measures_by_hand() {
    let nan = f64::NAN;
    // Changes over 2: |3-1|, |5-2|, and one that was not measured.
    check(accuracy::seasonal_scale(&[1.0, 2.0, 3.0, 5.0, nan], 2), 2.5);
    assert_eq!(accuracy::seasonal_scale(&[1.0, 1.0, 1.0], 1), None);
    assert_eq!(accuracy::seasonal_scale(&[1.0], 1), None);
    check(accuracy::mase(&[1.0, nan, 4.0], &[2.0, 9.0, 1.0], 2.0), 1.0);
    // 200 · 1/3 and 0/0 = 0.
    check(accuracy::smape(&[1.0, 0.0], &[2.0, 0.0]), 100.0 / 3.0);
    // Above by 2 at 0.9: 1.8; below by 1: 0.1.
    check(accuracy::pinball(&[3.0, 0.0], &[1.0, 1.0], 0.9), 0.95);
    let bounds = Bounds { level: 0.8, lower: vec![0.0; 4], upper: vec![2.0; 4] };
    let actual = [1.0, 3.0, -0.5, nan];
    check(accuracy::coverage(&actual, &bounds), 1.0 / 3.0);
    check(accuracy::width(&bounds), 2.0);
    // Widths 2, misses 1 and 0.5 at 2 / 0.2: (2 + 12 + 7) / 3, halved by the scale.
    check(accuracy::msis(&actual, &bounds, 2.0), 3.5);
    assert_eq!(accuracy::mase(&[nan], &[1.0], 1.0), None);
}
