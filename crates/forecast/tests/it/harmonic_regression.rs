//! Dynamic harmonic regression against waves that were planted and models whose orders are given by hand.

use std::f64::consts::TAU;

use forecast::{Fitted, HarmonicRegression, Indicators, Method, Orders, Sarimax, Trend};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tracehound_forecast as forecast;

use crate::contract::hourly;

/// A day and a week, weekends unlike weekdays, and a rest that hangs together.
fn load(n: usize) -> Vec<f64> {
    let (mut rest, mut random) = (0.0, ChaCha8Rng::seed_from_u64(5));
    (0..n)
        .map(|t| {
            rest = 0.6 * rest + random.random::<f64>() - 0.5;
            let day = (TAU * t as f64 / 24.0).sin() + 0.4 * (2.0 * TAU * t as f64 / 24.0).cos();
            50.0 + 10.0 * day + 4.0 * (TAU * t as f64 / 168.0).sin() + rest
        })
        .collect()
}

#[test]
fn planted_waves_go_on() {
    let values = load(24 * 7 * 6);
    let method = HarmonicRegression { seasons: vec![24, 168] };
    let none = Indicators::default();
    let (history, ahead) = values.split_at(24 * 7 * 6 - 48);
    let fit = method.fit_series(&hourly(history), &none).unwrap();
    let names = fit.fit.names();
    // A wave of a day is the seventh of a week.
    for either in [["sin1.24", "sin7.168"], ["cos2.24", "cos14.168"], ["sin1.168"; 2]] {
        assert!(names.iter().any(|name| either.contains(&name.as_str())), "{either:?}: {names:?}");
    }
    let mean = method.fit(&hourly(history), &none).unwrap().forecast(48, &none, &[]).unwrap().mean;
    let error_of =
        |mean: &[f64]| mean.iter().zip(ahead).map(|(f, y)| (f - y).abs()).sum::<f64>() / 48.0;
    let error = error_of(&mean);
    // The rest has a standard deviation of 0.36; a season repeated would double its error.
    assert!(error < 0.4, "{error}");
    // As good as the model that was planted, given by hand.
    let mut planted = Sarimax::new(Orders::new(1, 0, 0), Trend::Constant);
    planted.harmonics = vec![
        forecast::Harmonics { season: 24.0, pairs: 2 },
        forecast::Harmonics { season: 168.0, pairs: 1 },
    ];
    let planted = planted.fit_series(&hourly(history), &none).unwrap();
    assert!(
        fit.fit.aicc() <= planted.aicc() + 1.0,
        "{} {:?} {} {}",
        fit.fit.model().orders,
        fit.fit.names(),
        fit.fit.aicc(),
        planted.aicc()
    );
    let least = error_of(&planted.forecast(48, &none, &[]).unwrap().mean);
    assert!(error < 1.1 * least, "{error} {least}");
}

#[test]
fn an_indicator_stands_beside_the_waves() {
    let n = 24 * 14;
    let pulse: Vec<f64> = (0..n + 24).map(|t| f64::from(u8::from(t % 37 == 5))).collect();
    let values: Vec<f64> = load(n).iter().zip(&pulse).map(|(y, p)| y + 20.0 * p).collect();
    let column = |from: usize, to: usize| Indicators {
        names: vec!["pulse".to_owned()],
        columns: vec![pulse[from..to].to_vec()],
    };
    let method = HarmonicRegression { seasons: vec![24] };
    let fit = method.fit_series(&hourly(&values), &column(0, n)).unwrap();
    let at = fit.fit.names().iter().position(|name| name == "pulse").unwrap();
    assert!((fit.fit.parameters()[at] - 20.0).abs() < 0.5);
    let fitted = method.fit(&hourly(&values), &column(0, n)).unwrap();
    assert!(fitted.forecast(24, &Indicators::default(), &[]).is_err());
    let mean = fitted.forecast(24, &column(n, n + 24), &[]).unwrap().mean;
    let risen = (0..24).filter(|step| pulse[n + step] > 0.0).all(|step| mean[step] > 60.0);
    assert!(risen || !pulse[n..].contains(&1.0), "{mean:?}");
}

#[test]
fn seasons_without_two_cycles_are_left_out() {
    let none = Indicators::default();
    let fit = HarmonicRegression { seasons: vec![24, 168] }
        .fit_series(&hourly(&load(24 * 9)), &none)
        .unwrap();
    assert!(fit.fit.names().iter().all(|name| !name.ends_with(".168")), "{:?}", fit.fit.names());
    assert!(
        HarmonicRegression { seasons: vec![24, 7] }.fit_series(&hourly(&load(200)), &none).is_err()
    );
}
