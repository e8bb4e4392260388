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
            for j in k..covariance.len() {
                covariance[i][j] -= factor * covariance[k][j];
            }
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
        gaps in prop::collection::btree_set(0..90_usize, 30..40),
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
