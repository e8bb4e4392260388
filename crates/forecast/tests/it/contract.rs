//! What every method owes: the same answer twice, clear refusals, no silent repair.

use forecast::{
    Auto, Conformal, DoubleSeasonal, Ets, ForecastError, HarmonicRegression, Indicators, Method,
    Mstl, Prophet, Regression, SeasonalNaive, Series, Step, Theta,
};
use proptest::prelude::*;
use tracehound_forecast as forecast;

/// Values at hourly steps.
pub(crate) fn hourly(values: &[f64]) -> Series {
    Series { start_s: 0, step: Step::Seconds(3600), values: values.to_vec() }
}

/// A series that statsmodels and statsforecast were given too: trend, season of 12, and a rest that repeats after 101.
pub(crate) fn worked(n: usize) -> Vec<f64> {
    let value = |t: usize| {
        let season = 3.0 * (2.0 * std::f64::consts::PI * t as f64 / 12.0).sin();
        10.0 + 0.1 * t as f64 + season + ((t * 7919) % 101) as f64 / 50.0
    };
    (0..n).map(value).collect()
}

fn methods() -> Vec<Box<dyn Method>> {
    vec![
        Box::new(SeasonalNaive { season: 6 }),
        Box::new(Ets { season: 6, form: None }),
        Box::new(Theta { season: 6 }),
        Box::new(Mstl { seasons: vec![6], robust: false, every_place: false }),
        Box::new(DoubleSeasonal { short: 6, long: 12 }),
        Box::new(Regression { seasons: vec![(6, 2)], trend: true, lags: vec![1, 6], ridge: 1.0 }),
        Box::new(Conformal {
            method: SeasonalNaive { season: 6 },
            season: 6,
            horizon: 9,
            origins: 8,
        }),
        Box::new(Prophet::default()),
        Box::new(HarmonicRegression { seasons: vec![6, 12] }),
        Box::new(Auto { seasons: vec![6, 12], horizon: 9, origins: 6, history_max: 500 }),
    ]
}

#[test]
fn bounds_hold_the_mean_and_widen_with_the_level() {
    for method in methods() {
        let none = Indicators::default();
        let fitted = method.fit(&hourly(&worked(72)), &none).unwrap();
        let forecast = fitted.forecast(9, &none, &[0.5, 0.8, 0.95]).unwrap();
        let again = method.fit(&hourly(&worked(72)), &none).unwrap();
        assert_eq!(forecast, again.forecast(9, &none, &[0.5, 0.8, 0.95]).unwrap());
        for step in 0..9 {
            let mut inner = (forecast.mean[step], forecast.mean[step]);
            for bounds in &forecast.bounds {
                let (low, high) = (bounds.lower[step], bounds.upper[step]);
                assert!(low <= inner.0 && high >= inner.1, "{} step {step}", method.name());
                inner = (low, high);
            }
        }
        assert_eq!(fitted.forecast(0, &none, &[]).unwrap().mean, Vec::<f64>::new());
    }
}

#[test]
fn quantiles_are_sides_of_bounds_and_never_cross() {
    let none = Indicators::default();
    let asked = [0.9, 0.025, 0.5, 0.51, 0.1, 0.49, 0.975, 0.999];
    for method in methods() {
        let fitted = method.fit(&hourly(&worked(72)), &none).unwrap();
        let paths = fitted.quantiles(9, &none, &asked).unwrap();
        let forecast = fitted.forecast(9, &none, &[0.8, 0.95]).unwrap();
        let mut order: Vec<usize> = (0..asked.len()).collect();
        order.sort_by(|a, b| asked[*a].total_cmp(&asked[*b]));
        for two in order.windows(2) {
            let mut pairs = paths[two[0]].iter().zip(&paths[two[1]]);
            assert!(pairs.all(|(low, high)| low <= high), "{} {two:?}", method.name());
        }
        assert_eq!(paths[0], forecast.bounds[0].upper, "{}", method.name());
        assert_eq!(paths[1], forecast.bounds[1].lower, "{}", method.name());
        for refused in [0.0, 1.0, f64::NAN] {
            assert!(fitted.quantiles(1, &none, &[refused]).is_err());
        }
        assert!(fitted.quantiles(9, &none, &[]).unwrap().is_empty());
    }
}

#[test]
fn infinite_values_short_series_and_unknown_indicators_are_refused() {
    let none = Indicators::default();
    for method in methods() {
        let mut broken = worked(72);
        broken[5] = f64::INFINITY;
        let error = method.fit(&hourly(&broken), &none).err().unwrap();
        assert!(matches!(&error, ForecastError::Value { index: 5, .. }), "{error}");
        for short in [vec![], vec![1.0], vec![f64::NAN; 80]] {
            let error = method.fit(&hourly(&short), &none).err().unwrap();
            let told = matches!(&error, ForecastError::TooShort { .. });
            assert!(told, "{} {}: {error}", method.name(), error.hint());
        }
        let unequal = Indicators { names: vec!["btc".to_owned()], columns: vec![vec![1.0; 71]] };
        assert!(method.fit(&hourly(&worked(72)), &unequal).is_err(), "{}", method.name());
        let fitted = method.fit(&hourly(&worked(72)), &none).unwrap();
        for level in [0.0, 1.0, f64::NAN] {
            assert!(fitted.forecast(1, &none, &[level]).is_err(), "{} {level}", method.name());
        }
        let unknown = Indicators { names: vec!["btc".to_owned()], columns: vec![vec![1.0]] };
        assert!(fitted.forecast(1, &unknown, &[]).is_err(), "{}", method.name());
    }
}

#[test]
fn a_constant_series_stays_constant() {
    for method in methods() {
        let none = Indicators::default();
        let fitted = match method.fit(&hourly(&[7.0; 72]), &none) {
            // A likelihood has nothing to explain where nothing varies, and says so.
            Err(error) if method.name() == "dhr" => {
                assert!(matches!(error, ForecastError::Constant { .. }), "{error}");
                continue;
            }
            fitted => fitted.unwrap(),
        };
        for value in fitted.forecast(9, &none, &[]).unwrap().mean {
            assert!((value - 7.0).abs() < 1e-6, "{}: {value}", method.name());
        }
    }
}

#[test]
fn missing_values_leave_a_forecast() {
    for method in methods() {
        let mut values = worked(96);
        for t in [3, 20, 21, 22, 50, 95] {
            values[t] = f64::NAN;
        }
        let none = Indicators::default();
        let fitted = method.fit(&hourly(&values), &none).unwrap();
        for value in fitted.forecast(9, &none, &[0.9]).unwrap().mean {
            assert!(value > 5.0 && value < 35.0, "{}: {value}", method.name());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_finite_series_is_forecast_or_refused(
        values in proptest::collection::vec(prop_oneof![8 => -1e6_f64..1e6, 1 => Just(f64::NAN), 1 => Just(0.0)], 0..90)
    ) {
        let none = Indicators::default();
        for method in methods() {
            let fitted = method.fit(&hourly(&values), &none);
            if let Ok(forecast) = fitted.and_then(|fitted| fitted.forecast(9, &none, &[0.8])) {
                prop_assert!(forecast.mean.iter().all(|value| value.is_finite()), "{}", method.name());
            }
        }
    }
}
