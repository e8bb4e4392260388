//! The default forecast on series with a known answer.

use forecast::{Auto, Fitted, Indicators, Step};
use tracehound_forecast as forecast;

use crate::contract::{hourly, worked};

fn auto(horizon: usize) -> Auto {
    Auto { seasons: vec![6, 12], horizon, origins: 12, history_max: 600 }
}

#[test]
fn a_repeated_season_is_repeated() {
    let value = |t: usize| [3.0, 9.0, 4.0, 1.0, 5.0, 2.0][t % 6];
    let values: Vec<f64> = (0..120).map(value).collect();
    let fit = auto(12).inspect(&hourly(&values)).unwrap();
    let forecast = fit.forecast(12, &Indicators::default(), &[0.95]).unwrap();
    for (step, found) in forecast.mean.iter().enumerate() {
        assert!((found - value(120 + step)).abs() < 0.01, "{step}: {found}");
    }
    assert!((fit.members.iter().map(|m| m.weight).sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn a_member_that_errs_weighs_little() {
    let fit = auto(12).inspect(&hourly(&worked(240))).unwrap();
    let weight = |name: &str| fit.members.iter().find(|m| m.name == name).unwrap();
    // The short season of 6 is not there, and repeating it is wrong by twice the wave.
    let naive = weight("seasonal-naive");
    let best = fit.members.iter().filter_map(|m| m.error).fold(f64::INFINITY, f64::min);
    assert!(naive.error.unwrap() > 3.0 * best && naive.weight < 0.03, "{:?}", fit.members);
}

#[test]
fn what_was_never_negative_is_not_forecast_so() {
    let values: Vec<f64> = (0..120).map(|t| if t % 7 == 0 { 9.0 } else { 0.0 }).collect();
    let fit = auto(12).inspect(&hourly(&values)).unwrap();
    let forecast = fit.forecast(12, &Indicators::default(), &[0.99]).unwrap();
    assert!(forecast.mean.iter().chain(&forecast.bounds[0].lower).all(|y| *y >= 0.0));
}

#[test]
fn short_series_are_forecast_from_what_there_is() {
    for n in 4..40 {
        let fit = auto(3).inspect(&hourly(&worked(n))).unwrap();
        let forecast = fit.forecast(3, &Indicators::default(), &[]).unwrap();
        assert!(forecast.mean.iter().all(|y| (0.0..40.0).contains(y)), "{n}: {forecast:?}");
    }
}

#[test]
fn a_step_suggests_its_seasons() {
    let seasons = |step| Auto::for_step(step, 1).seasons;
    assert_eq!(seasons(Step::Seconds(3_600)), [24, 168]);
    assert_eq!(seasons(Step::Seconds(86_400)), [7]);
    assert_eq!(seasons(Step::Months(1)), [12]);
    assert_eq!(seasons(Step::Months(3)), [4]);
    assert!(seasons(Step::Seconds(7_000)).is_empty());
}
