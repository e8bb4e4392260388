//! The health of a kept model, by errors that are counted by hand.

use forecast::{Bounds, Degraded, Forecast, Tracking, TrackingLimits};
use tracehound_forecast as forecast;

fn limits() -> TrackingLimits {
    TrackingLimits { window: 4, judged_min: 2, ..TrackingLimits::default() }
}

fn forecast_of(mean: [f64; 2], half: f64) -> Forecast {
    let lower = mean.iter().map(|m| m - half).collect();
    let upper = mean.iter().map(|m| m + half).collect();
    Forecast { mean: mean.to_vec(), bounds: vec![Bounds { level: 0.8, lower, upper }] }
}

#[test]
fn nothing_is_said_before_enough_was_judged() {
    let mut tracking = Tracking::new(&[1.0, 5.0], 2, Some(1.0), limits()).unwrap();
    tracking.forecast(&forecast_of([9.0, 9.0], 1.0));
    tracking.value(1.0);
    assert_eq!((tracking.health().judged, tracking.health().error), (0, None));
    tracking.value(5.0);
    let health = tracking.health();
    assert_eq!((health.judged, health.error, health.naive_error), (1, Some(6.0), Some(0.0)));
    assert!(!health.known && !health.refit() && health.coverage == [(0.8, 0.0)]);
}

#[test]
fn each_reason_is_told() {
    let mut tracking = Tracking::new(&[1.0, 5.0], 2, Some(1.0), limits()).unwrap();
    for _ in 0..2 {
        // Misses by 1 and 3, repeats miss by nothing, the second value lies outside.
        tracking.forecast(&forecast_of([2.0, 8.0], 1.5));
        tracking.value(1.0);
        tracking.value(5.0);
    }
    let health = tracking.health();
    assert_eq!((health.error, health.known), (Some(2.0), true));
    let coverage = Degraded::Coverage { level: 0.8, found: 0.5 };
    assert_eq!(
        health.degraded,
        [Degraded::Backtest(2.0), Degraded::Naive(f64::INFINITY), coverage]
    );
    assert_eq!(health.degraded[0].to_string(), "errors are 2.00 times the backtest's");
    assert_eq!(coverage.to_string(), "bounds of 80 % held 50 % of the values");
}

#[test]
fn a_good_model_is_healthy_again_once_the_bad_past_leaves_the_window() {
    let mut tracking = Tracking::new(&[1.0, 5.0], 2, Some(1.0), limits()).unwrap();
    for step in 0..6 {
        let mean = if step < 2 { [9.0, 9.0] } else { [1.5, 5.5] };
        tracking.forecast(&forecast_of(mean, 1.0));
        // The season itself moves on by one a round, so repeating it is wrong.
        tracking.value(1.0);
        tracking.value(if step % 2 == 0 { 6.0 } else { 5.0 });
    }
    let health = tracking.health();
    assert_eq!((health.judged, health.refit()), (4, false), "{health:?}");
}

#[test]
fn missing_values_are_not_judged_and_bad_settings_are_refused() {
    let mut tracking = Tracking::new(&[], 3, Some(1.0), limits()).unwrap();
    tracking.forecast(&forecast_of([1.0, 1.0], 1.0));
    tracking.value(f64::NAN);
    tracking.value(f64::NAN);
    let health = tracking.health();
    assert_eq!((health.judged, health.error, health.naive_error), (1, None, None));
    assert!(Tracking::new(&[], 0, Some(1.0), limits()).is_err());
    assert!(Tracking::new(&[], 1, Some(f64::NAN), limits()).is_err());
}
