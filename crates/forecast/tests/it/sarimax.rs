//! Likelihood, forecasts and missing values against a dense multivariate normal; what a fit refuses.

use proptest::prelude::*;
use tracehound_forecast::sarimax::{Information, jarque_bera, ljung_box};
use tracehound_forecast::{
    Fitted, ForecastError, Harmonics, Indicators, Method, Orders, Sarimax, Series, Step, Trend,
};

fn series(values: &[f64]) -> Series {
    Series { start_s: 0, step: Step::Seconds(3_600), values: values.to_vec() }
}

/// Autocovariances of an ARMA process by summing products of its first weights; shares nothing with the crate.
fn autocovariances(ar: &[f64], ma: &[f64], lags: usize) -> Vec<f64> {
    let mut psi = vec![1.0];
    for t in 1..3_000 {
        let past = (1..=ar.len().min(t)).map(|lag| ar[lag - 1] * psi[t - lag]).sum::<f64>();
        psi.push(past + ma.get(t - 1).copied().unwrap_or(0.0));
    }
    (0..lags).map(|lag| psi.iter().zip(&psi[lag..]).map(|(a, b)| a * b).sum()).collect()
}

/// Log density of a normal vector with this covariance, by elimination without pivots.
fn log_density(mut covariance: Vec<Vec<f64>>, mut x: Vec<f64>) -> f64 {
    let mut log = -0.5 * x.len() as f64 * std::f64::consts::TAU.ln();
    for k in 0..x.len() {
        let pivot = covariance[k][k];
        log -= 0.5 * (pivot.ln() + x[k] * x[k] / pivot);
        for i in k + 1..x.len() {
            let factor = covariance[i][k] / pivot;
            x[i] -= factor * x[k];
            let above = covariance[k].clone();
            covariance[i].iter_mut().zip(above).for_each(|(entry, a)| *entry -= factor * a);
        }
    }
    log
}

/// Stationary of order 2: φ₁ = r₁ (1 − r₂), φ₂ = r₂.
fn second_order(r1: f64, r2: f64) -> [f64; 2] {
    [r1 * (1.0 - r2), r2]
}

/// ARMA (2, 2)(1, 1)₃ multiplied out by hand.
fn multiplied(ar: [f64; 2], ma: [f64; 2], sar: f64, sma: f64) -> (Vec<f64>, Vec<f64>) {
    let ar = vec![ar[0], ar[1], sar, -sar * ar[0], -sar * ar[1]];
    let ma = vec![ma[0], ma[1], sma, sma * ma[0], sma * ma[1]];
    (ar, ma)
}

fn partial() -> impl Strategy<Value = f64> {
    -0.9..0.9_f64
}

fn values(n: usize) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-3.0..3.0_f64, n)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The innovations, and with rows left out: few of them (integrated out), then many (Kalman filter).
    #[test]
    fn likelihood_is_that_of_a_dense_normal(
        r in prop::array::uniform6(partial()),
        y in values(60),
        gaps in prop::collection::btree_set(0..60_usize, 0..50),
        variance in 0.1..5.0_f64,
    ) {
        let (ar, ma) = (second_order(r[0], r[1]), second_order(r[2], r[3]).map(|c| -c));
        let orders = Orders::new(2, 0, 2).seasonal(1, 0, 1, 3);
        let parameters = [ar[0], ar[1], ma[0], ma[1], r[4], r[5], variance];
        let (ar, ma) = multiplied(ar, ma, r[4], r[5]);
        let gamma = autocovariances(&ar, &ma, 60);
        for gaps in [Vec::new(), gaps.into_iter().collect::<Vec<_>>()] {
            let mut values = y.clone();
            gaps.iter().for_each(|gap| values[*gap] = f64::NAN);
            let kept: Vec<usize> = (0..60).filter(|t| !gaps.contains(t)).collect();
            let row = |i: &usize| kept.iter().map(|j| variance * gamma[i.abs_diff(*j)]).collect();
            let dense = log_density(
                kept.iter().map(row).collect(),
                kept.iter().map(|t| y[*t]).collect(),
            );
            let model = Sarimax::new(orders, Trend::None);
            let fit = model.at(&series(&values), &Indicators::default(), &parameters).unwrap();
            prop_assert!(
                (fit.log_likelihood() - dense).abs() < 1e-6 * dense.abs().max(1.0),
                "{} {dense}", fit.log_likelihood()
            );
        }
    }

    /// A missing value is integrated out: its density times that of the rest is that of all, at any value.
    #[test]
    fn few_and_many_missing_values_agree(
        r in prop::array::uniform4(partial()),
        y in values(90),
        gaps in prop::collection::btree_set(0..90_usize, 3..12),
        more in prop::collection::btree_set(90..200_usize, 41..60),
    ) {
        // The same series, once with so many missing values behind its end that the Kalman filter takes over.
        let orders = Orders::new(1, 1, 1).seasonal(1, 1, 1, 4);
        let mut short = y;
        gaps.iter().for_each(|gap| short[*gap] = f64::NAN);
        let mut long = short.clone();
        long.resize(90 + more.len(), f64::NAN);
        let parameters = [r[0], r[1], r[2], r[3], 1.7];
        let none = Indicators::default();
        let model = Sarimax::new(orders, Trend::None);
        let few = model.at(&series(&short), &none, &parameters).unwrap();
        let many = model.at(&series(&long), &none, &parameters).unwrap();
        let (a, b) = (few.log_likelihood(), many.log_likelihood());
        prop_assert!((a - b).abs() < 1e-6 * a.abs(), "{a} {b}");
        // Forecasts from the long one are those of the short one further ahead.
        let (near, far) = (few.predict(more.len() + 5, &none).unwrap(), many.predict(5, &none).unwrap());
        for h in 0..5 {
            let (a, b) = (near.mean[more.len() + h], far.mean[h]);
            prop_assert!((a - b).abs() < 1e-6 * a.abs().max(1.0), "{a} {b}");
            let (a, b) = (near.variance[more.len() + h], far.variance[h]);
            prop_assert!((a / b - 1.0).abs() < 1e-6, "{a} {b}");
        }
    }

    /// Without a missing value forecasts come from the fast recursions; with one far back, from the Kalman filter.
    #[test]
    fn forecasts_of_both_filters_agree(r in prop::array::uniform4(partial()), y in values(80)) {
        let orders = Orders::new(1, 1, 1).seasonal(1, 1, 1, 4);
        let parameters = [r[0], r[1], r[2], r[3], 1.7];
        let none = Indicators::default();
        let model = Sarimax::new(orders, Trend::None);
        let mut led = vec![f64::NAN];
        led.extend(&y);
        let fast = model.at(&series(&y), &none, &parameters).unwrap();
        let slow = model.at(&series(&led), &none, &parameters).unwrap();
        let (fast_ahead, slow_ahead) = (fast.predict(9, &none).unwrap(), slow.predict(9, &none).unwrap());
        for h in 0..9 {
            let (a, b) = (fast_ahead.mean[h], slow_ahead.mean[h]);
            prop_assert!((a - b).abs() < 1e-6 * a.abs().max(1.0), "{a} {b}");
            let (a, b) = (fast_ahead.variance[h], slow_ahead.variance[h]);
            prop_assert!((a / b - 1.0).abs() < 1e-6, "{a} {b}");
        }
        let (a, b) = (fast.log_likelihood(), slow.log_likelihood());
        prop_assert!((a - b).abs() < 1e-6 * a.abs(), "{a} {b}");
        // Appending is filtering all at once.
        let mut grown = model.at(&series(&y[..60]), &none, &parameters).unwrap();
        grown.append(&y[60..], &none).unwrap();
        prop_assert_eq!(grown.predict(9, &none).unwrap(), fast_ahead);
    }
}

/// An autoregression of order 1 about a day's wave, with a regressor that moves it by 2.
fn wave(n: usize) -> (Series, Indicators) {
    let noise = |t: usize| ((t * 7_919 + t * t * 104_729) % 1_000) as f64 / 500.0 - 1.0;
    let x: Vec<f64> = (0..n).map(|t| ((t * 31) % 17) as f64).collect();
    let mut error = 0.0;
    let value = |t: usize| {
        error = 0.6 * error + noise(t);
        10.0 + 3.0 * (std::f64::consts::TAU * t as f64 / 24.0).sin() + 2.0 * x[t] + error
    };
    let values: Vec<f64> = (0..n).map(value).collect();
    (series(&values), Indicators { names: vec!["x".to_owned()], columns: vec![x] })
}

fn first(indicators: &Indicators, range: std::ops::Range<usize>) -> Indicators {
    let columns = indicators.columns.iter().map(|column| column[range.clone()].to_vec()).collect();
    Indicators { names: indicators.names.clone(), columns }
}

#[test]
fn harmonics_and_regressors_are_found() {
    let (all, x) = wave(600);
    let history = series(&all.values[..552]);
    let harmonics = vec![Harmonics { season: 24.0, pairs: 1 }];
    let model = Sarimax { harmonics, ..Sarimax::new(Orders::new(1, 0, 0), Trend::Constant) };
    let mut fit = model.fit_series(&history, &first(&x, 0..552)).unwrap();
    assert_eq!(fit.names(), ["intercept", "x", "sin1.24", "cos1.24", "ar.L1", "sigma2"]);
    let (found, errors) = (fit.parameters(), fit.standard_errors(Information::Observed).unwrap());
    for (i, truth) in [(0, 4.0), (1, 2.0), (2, 3.0), (3, 0.0), (4, 0.6), (5, 1.0 / 3.0)] {
        assert!((found[i] - truth).abs() < 4.0 * errors[i], "{i}: {found:?} {errors:?}");
    }
    // Twins: a simulated path and the closed form; a fit warm and cold; the trait and the model.
    let future = first(&x, 552..600);
    let ahead = fit.predict(48, &future).unwrap();
    let paths = fit.simulate(48, &future, 4_000, 7).unwrap();
    assert_eq!(paths, fit.simulate(48, &future, 4_000, 7).unwrap());
    for h in [0, 5, 47] {
        let mean = paths.iter().map(|path| path[h]).sum::<f64>() / 4_000.0;
        let variance = paths.iter().map(|p| (p[h] - mean).powi(2)).sum::<f64>() / 4_000.0;
        assert!((mean - ahead.mean[h]).abs() < 4.0 * (ahead.variance[h] / 4_000.0).sqrt());
        assert!((variance / ahead.variance[h] - 1.0).abs() < 0.1, "{h} {variance}");
    }
    let warm = model.fit_from(&fit, &history, &first(&x, 0..552)).unwrap();
    assert!((warm.log_likelihood() - fit.log_likelihood()).abs() < 1e-6);
    let method: &dyn Method = &model;
    let boxed = method.fit(&history, &first(&x, 0..552)).unwrap();
    let bounds = boxed.forecast(48, &future, &[0.5, 0.95]).unwrap();
    assert_eq!(bounds.mean, ahead.mean);
    assert!(bounds.bounds[0].upper[9] < bounds.bounds[1].upper[9]);
    let inside = (0..48).filter(|h| {
        let (b, value) = (&bounds.bounds[1], all.values[552 + h]);
        b.lower[*h] < value && value < b.upper[*h]
    });
    assert!(inside.count() > 42);
    // More is uncertain where the regression is, too.
    let unsure = Sarimax { parameter_uncertainty: true, ..model.clone() };
    let unsure = unsure.at(&history, &first(&x, 0..552), &found).unwrap();
    let wide = unsure.predict(48, &future).unwrap();
    assert!(wide.variance.iter().zip(&ahead.variance).all(|(wide, narrow)| wide > narrow));
    assert!(wide.variance[47] < 1.1 * ahead.variance[47]);
    let residuals = fit.residuals().unwrap();
    assert!(ljung_box(&residuals, 20, 1).unwrap().p_value > 0.001);
    // New values move the forecast; refused ones change nothing.
    let before = fit.clone();
    assert!(fit.append(&[1.0], &Indicators::default()).is_err());
    assert!(fit.append(&[f64::INFINITY], &first(&x, 552..553)).is_err());
    assert_eq!(fit, before);
    fit.append(&all.values[552..560], &first(&x, 552..560)).unwrap();
    let near = fit.predict(3, &first(&x, 560..563)).unwrap();
    assert!((near.mean[0] - all.values[560]).abs() < 4.0 * near.variance[0].sqrt());
}

/// A constant's forecast is known in closed form: the mean, whose own uncertainty is σ² / n.
#[test]
fn uncertainty_of_a_mean() {
    let y = [3.0, 5.0, 4.0, 7.0, 6.0, 5.0, 2.0, 8.0];
    let model = Sarimax {
        parameter_uncertainty: true,
        ..Sarimax::new(Orders::new(0, 0, 0), Trend::Constant)
    };
    let fit = model.fit_series(&series(&y), &Indicators::default()).unwrap();
    let variance = y.iter().map(|y| (y - 5.0_f64).powi(2)).sum::<f64>() / 8.0;
    let ahead = fit.predict(2, &Indicators::default()).unwrap();
    assert!((ahead.mean[1] - 5.0).abs() < 1e-12);
    assert!((ahead.variance[1] - variance * (1.0 + 1.0 / 8.0)).abs() < 1e-12);
    // AIC of a normal sample, by hand.
    let llf = -4.0 * ((std::f64::consts::TAU * variance).ln() + 1.0);
    assert!((fit.log_likelihood() - llf).abs() < 1e-12);
    assert!((fit.aic() - (4.0 - 2.0 * llf)).abs() < 1e-12);
    assert!((fit.aicc() - (fit.aic() + 12.0 / 5.0)).abs() < 1e-12);
    assert!((fit.bic() - (2.0 * 8.0_f64.ln() - 2.0 * llf)).abs() < 1e-12);
}

/// Statistic and probability of each.
const TESTS_OF_STATSMODELS: [[f64; 2]; 4] = [
    [5.809_580_036_048_486, 0.562_151_534_938_476_7],
    [4.933_180_057_339_074, 0.084_873_783_277_534_9],
    [24.502_502_073_426_193, 6.332951467640221e-05],
    [2.608_629_794_271_381_6, 0.271_358_379_780_192_5],
];

/// `acorr_ljungbox(y, lags=[10], model_df=3)` and `jarque_bera(y)` of statsmodels 0.15.
#[test]
fn tests_of_residuals() {
    let y: Vec<f64> = (0..60_u32).map(|t| f64::from(t * t * 37 % 101) / 50.0 - 1.0).collect();
    let (box_, normal) = (ljung_box(&y, 10, 3).unwrap(), jarque_bera(&y).unwrap());
    let z: Vec<f64> = (0..40_u32).map(|t| f64::from(t * 7 % 11) / 3.0).collect();
    let (other, flat) = (ljung_box(&z, 4, 0).unwrap(), jarque_bera(&z).unwrap());
    let found = [box_, normal, other, flat].map(|test| [test.statistic, test.p_value]);
    for (found, expected) in found.iter().flatten().zip(TESTS_OF_STATSMODELS.iter().flatten()) {
        assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected}");
    }
    assert!(ljung_box(&y, 3, 3).is_err() && ljung_box(&y, 60, 3).is_err());
}

fn refused(model: &Sarimax, values: &[f64], x: &Indicators) -> ForecastError {
    model.fit_series(&series(values), x).unwrap_err()
}

#[test]
fn what_is_refused() {
    let none = Indicators::default();
    let y: Vec<f64> = wave(60).0.values;
    let plain = Sarimax::new(Orders::new(1, 0, 1), Trend::Constant);
    let mut broken = y.clone();
    broken[7] = f64::INFINITY;
    let error = refused(&plain, &broken, &none);
    assert!(matches!(error, ForecastError::Value { index: 7, .. }), "{error}");
    let error = refused(&plain, &y[..3], &none);
    assert!(matches!(error, ForecastError::TooShort { needed: 5, found: 3, .. }), "{error}");
    let error = refused(&plain, &[f64::NAN; 30], &none);
    assert!(matches!(error, ForecastError::TooShort { found: 0, .. }), "{error}");
    let error = refused(&plain, &[4.0; 30], &none);
    assert!(matches!(error, ForecastError::Constant { .. }), "{error}");
    assert!(!error.hint().is_empty());
    let seasonal = Sarimax::new(Orders::new(1, 0, 1).seasonal(1, 0, 0, 1), Trend::None);
    assert!(matches!(refused(&seasonal, &y, &none), ForecastError::Argument { .. }));
    let huge = Sarimax::new(Orders::new(usize::MAX, 0, 1), Trend::None);
    assert!(matches!(refused(&huge, &y, &none), ForecastError::Argument { .. }));
    let level = Indicators { names: vec!["one".to_owned()], columns: vec![vec![1.0; 60]] };
    let error = refused(&plain, &y, &level);
    assert!(matches!(error, ForecastError::Singular { regressor: 0 }), "{error}");
    let gap = Indicators { names: vec!["gap".to_owned()], columns: vec![vec![f64::NAN; 60]] };
    assert!(matches!(refused(&plain, &y, &gap), ForecastError::Value { .. }));
    let explosive = plain.at(&series(&y), &none, &[0.0, 1.2, 0.3, 1.0]).unwrap_err();
    assert!(matches!(explosive, ForecastError::Argument { .. }), "{explosive}");
    let fit = plain.fit_series(&series(&y), &none).unwrap();
    assert!(fit.forecast(3, &none, &[1.0]).is_err());
    assert!(fit.forecast(3, &first(&level, 0..3), &[0.9]).is_err());
    assert!(fit.forecast(0, &none, &[0.9]).unwrap().mean.is_empty());
    assert!("x".parse::<Trend>().is_err());
}

/// Values of any size: scaling a series scales its forecast and nothing else.
#[test]
fn scale_does_not_matter() {
    let (y, x) = wave(200);
    let model = Sarimax::new(Orders::new(1, 1, 1).seasonal(0, 1, 1, 24), Trend::None);
    let fit = model.fit_series(&y, &x).unwrap();
    let ahead = fit.predict(30, &first(&x, 0..30)).unwrap();
    for scale in [1e-9, 1e9] {
        let scaled: Vec<f64> = y.values.iter().map(|value| value * scale).collect();
        let other = model.fit_series(&series(&scaled), &x).unwrap();
        let other_ahead = other.predict(30, &first(&x, 0..30)).unwrap();
        for h in 0..30 {
            let error = ahead.variance[h].sqrt();
            assert!((other_ahead.mean[h] / scale - ahead.mean[h]).abs() < 1e-3 * error);
            assert!((other_ahead.variance[h].sqrt() / scale / error - 1.0).abs() < 1e-3);
        }
    }
}
