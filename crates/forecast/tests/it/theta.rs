//! Theta against statsforecast 2.1.1 and a straight line.

use forecast::{Indicators, Method, Theta};
use tracehound_forecast as forecast;

use crate::contract::{hourly, worked};

#[track_caller]
fn check(season: usize, values: &[f64], expected: &[(usize, f64)], tolerance: f64) {
    let none = Indicators::default();
    let fitted = Theta { season }.fit(&hourly(values), &none).unwrap();
    let mean = fitted.forecast(14, &none, &[]).unwrap().mean;
    for (step, value) in expected {
        let gap = (mean[*step] - value).abs();
        assert!(gap < tolerance, "season {season} step {step}: {} not {value}", mean[*step]);
    }
}

/// `DynamicOptimizedTheta(season_length=…).forecast(y, 14)`; its factors are means of ratios, ours medians, and both stop
/// at an optimum of their own: near, not equal.
#[test]
fn forecasts_are_near_those_of_statsforecast() {
    let near = [(0, 21.2115), (1, 23.1126), (11, 20.0173), (13, 24.4097)];
    check(12, &worked(96), &near, 0.6);
    let mut sum = 0.0;
    let walk: Vec<f64> = (0..96)
        .map(|t| {
            sum += f64::from(t).sin() + 0.3;
            sum
        })
        .collect();
    check(1, &walk, &[(0, 29.588), (4, 30.415)], 0.35);
}

#[test]
fn a_straight_line_goes_on() {
    let line: Vec<f64> = (0..60).map(|t| 5.0 + 2.0 * f64::from(t)).collect();
    check(1, &line, &[(0, 125.0), (13, 151.0)], 0.5);
}
