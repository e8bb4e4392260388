//! Orders chosen on classic series beside those of R, statsforecast and pmdarima; what the choice must not do.

#![allow(clippy::print_stdout)]

use serde_json::Value;
use tracehound_forecast::{AutoArima, ForecastError, Indicators, Series, Step};

use crate::sarimax_fixtures::{fixtures, indicators, numbers, series};

/// The lowest criterion of the three programs.
fn lowest(fixture: &Value) -> f64 {
    let of = |program: &str| match &fixture[program]["aicc"] {
        Value::Array(all) => all[0].as_f64(),
        number => number.as_f64(),
    };
    let all = ["r", "statsforecast", "pmdarima"].into_iter().filter_map(of);
    all.fold(f64::INFINITY, f64::min)
}

#[test]
fn the_criterion_is_as_low_as_that_of_the_best_program() {
    for fixture in fixtures("auto-arima") {
        let season = usize::try_from(fixture["m"].as_u64().unwrap()).unwrap();
        let exogenous = indicators(&fixture["exog"]);
        let found = AutoArima::new(season).fit_series(&series(&fixture["y"]), &exogenous).unwrap();
        let (name, fit, lowest) = (&fixture["name"], &found.fit, lowest(&fixture));
        let (orders, trend) = (fit.model().orders, fit.model().trend);
        let tried = found.tried.len();
        println!("{name:20} {orders} {trend:?} {:.3} (best other {lowest:.3}) {tried}", fit.aicc());
        println!("    {:?}", numbers(&fixture["r"]["order"]));
        assert!(fit.aicc() <= lowest + 1.0, "{name}: {} {lowest}", fit.aicc());
        assert!(found.tried.windows(2).all(|pair| pair[0].criterion <= pair[1].criterion));
    }
}

fn check(values: &[f64], season: usize) -> Result<String, ForecastError> {
    let series = Series { start_s: 0, step: Step::Seconds(60), values: values.to_vec() };
    let few = AutoArima { fits_max: 30, ..AutoArima::new(season) };
    let found = few.fit_series(&series, &Indicators::default())?;
    assert!(found.tried.len() <= 30);
    Ok(format!("{} {:?}", found.fit.model().orders, found.fit.model().trend))
}

#[test]
fn simple_series() {
    // A level with noise that does not repeat, a wandering level, a season.
    let noise = |t: u32| f64::from((t * 7_919 + t * t * 104_729) % 1_000) / 500.0 - 1.0;
    let level: Vec<f64> = (0..120).map(|t| 10.0 + noise(t)).collect();
    let (mut sum, mut wandering) = (0.0, Vec::new());
    (0..120).for_each(|t| {
        sum += noise(t);
        wandering.push(sum);
    });
    let season: Vec<f64> = (0..120).map(|t| f64::from(t % 7) * 3.0 + noise(t)).collect();
    assert!(check(&level, 1).unwrap().starts_with("(0,0,0)"));
    assert!(check(&wandering, 1).unwrap().contains(",1,"));
    assert!(check(&season, 7).unwrap().contains(",1,"));
    let gaps: Vec<f64> =
        season.iter().enumerate().map(|(t, y)| if t % 9 == 4 { f64::NAN } else { *y }).collect();
    assert!(check(&gaps, 7).unwrap().contains(",1,"));
    let constant = check(&[5.0; 50], 7);
    assert!(matches!(constant, Err(ForecastError::Constant { .. })), "{constant:?}");
    let short = check(&[1.0, 2.0], 1);
    assert!(matches!(short, Err(ForecastError::TooShort { .. })), "{short:?}");
}

#[test]
fn harmonics_stand_for_a_long_season() {
    let turn = |t: u32, times: f64| (std::f64::consts::TAU * times * f64::from(t) / 48.0).sin();
    let noise = |t: u32| f64::from((t * 7_919 + t * t % 1_000 * 4_729) % 1_000) / 500.0 - 1.0;
    let values: Vec<f64> =
        (0..480).map(|t| 5.0 * turn(t, 1.0) + 3.0 * turn(t, 3.0) + noise(t)).collect();
    let series = Series { start_s: 0, step: Step::Seconds(1_800), values };
    let found = AutoArima::new(48).fit_series(&series, &Indicators::default()).unwrap();
    let model = found.fit.model();
    assert_eq!(
        model.harmonics.iter().map(|h| (h.season, h.pairs)).collect::<Vec<_>>(),
        [(48.0, 3)]
    );
    let ahead = found.fit.predict(48, &Indicators::default()).unwrap();
    let truth = |t: u32| 5.0 * turn(t, 1.0) + 3.0 * turn(t, 3.0);
    let worst = (480..528).zip(&ahead.mean).map(|(t, mean)| (truth(t) - mean).abs());
    assert!(worst.fold(0.0, f64::max) < 0.3);
    let again = AutoArima::new(48).fit_series(&series, &Indicators::default()).unwrap();
    assert_eq!(found, again);
}

/// Empty rows before the first value and after the last change neither the choice nor what is forecast.
#[test]
fn rows_without_values_at_the_ends_change_nothing() {
    let wave = |t: usize| 5.0 * (std::f64::consts::TAU * t as f64 / 12.0).sin();
    let rest = |t: usize| ((t * 7_919) % 101) as f64 / 50.0;
    let values: Vec<f64> = (0..96).map(|t| 20.0 + wave(t) + rest(t)).collect();
    let around: Vec<f64> = [&[f64::NAN; 30][..], &values[..], &[f64::NAN; 8][..]].concat();
    let none = Indicators::default();
    let fit = |values: &[f64]| {
        let series = Series { start_s: 0, step: Step::Months(1), values: values.to_vec() };
        AutoArima { fits_max: 12, ..AutoArima::new(12) }.fit_series(&series, &none).unwrap().fit
    };
    let (plain, padded) = (fit(&values), fit(&around));
    assert_eq!(plain.parameters(), padded.parameters());
    assert_eq!((plain.model(), plain.aicc()), (padded.model(), padded.aicc()));
    let (later, now) = (plain.predict(12, &none).unwrap(), padded.predict(4, &none).unwrap());
    for step in 0..4 {
        assert!((later.mean[8 + step] - now.mean[step]).abs() < 1e-6);
        assert!((later.variance[8 + step] / now.variance[step] - 1.0).abs() < 1e-6);
    }
}
