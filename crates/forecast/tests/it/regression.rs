//! Regression: what is planted is found, and nothing can be improved on the penalized sum of squares.

use forecast::{Indicators, Method, Regression};
use tracehound_forecast as forecast;

use crate::contract::{hourly, worked};

fn indicator(n: usize) -> Indicators {
    let column = (0..n).map(|t| ((t * 31) % 17) as f64).collect();
    Indicators { names: vec!["volume".to_owned()], columns: vec![column] }
}

#[test]
fn planted_effects_are_found() {
    let x = indicator(120);
    let value = |t: usize| {
        let angle = std::f64::consts::TAU * t as f64 / 12.0;
        4.0 + 0.5 * t as f64 + 3.0 * angle.sin() - 2.0 * (2.0 * angle).cos() + 1.5 * x.columns[0][t]
    };
    let values: Vec<f64> = (0..100).map(value).collect();
    let method = Regression { seasons: vec![(12, 3)], trend: true, lags: vec![], ridge: 0.0 };
    let fit = method.inspect(&hourly(&values), &indicator(100)).unwrap();
    for term in fit.terms() {
        let expected = match term.name.as_str() {
            "intercept" => 4.0,
            "trend" => 0.5,
            "sin(2π·1t/12)" => 3.0,
            "cos(2π·2t/12)" => -2.0,
            "volume" => 1.5,
            _ => 0.0,
        };
        assert!((term.coefficient - expected).abs() < 1e-8, "{term:?}");
    }
    let ahead = Indicators { columns: vec![x.columns[0][100..].to_vec()], ..x.clone() };
    let mean = forecast::Fitted::forecast(&fit, 20, &ahead, &[]).unwrap().mean;
    assert!(mean.iter().enumerate().all(|(step, y)| (y - value(100 + step)).abs() < 1e-6));
}

/// The gradient of the penalized sum of squares vanishes: checked by moving each coefficient both ways.
#[test]
fn no_coefficient_can_be_improved() {
    let values = worked(60);
    let method = Regression { seasons: vec![(12, 2)], trend: true, lags: vec![1], ridge: 3.0 };
    let fit = method.inspect(&hourly(&values), &Indicators::default()).unwrap();
    let terms: Vec<f64> = fit.terms().iter().map(|term| term.coefficient).collect();
    let row = |t: usize| {
        let angle = std::f64::consts::TAU * t as f64 / 12.0;
        let (sin2, cos2) = (2.0 * angle).sin_cos();
        [1.0, t as f64, angle.sin(), angle.cos(), sin2, cos2, values[t - 1]]
    };
    let deviation = |k: usize| {
        let mean = (1..60).map(|t| row(t)[k]).sum::<f64>() / 59.0;
        ((1..60).map(|t| (row(t)[k] - mean).powi(2)).sum::<f64>() / 59.0).sqrt()
    };
    let objective = |b: &[f64]| {
        let fitted = |t: usize| row(t).iter().zip(b).map(|(x, b)| x * b).sum::<f64>();
        let squares: f64 = (1..60).map(|t| (values[t] - fitted(t)).powi(2)).sum();
        squares + 3.0 * (1..7).map(|k| (b[k] * deviation(k)).powi(2)).sum::<f64>()
    };
    let least = objective(&terms);
    for k in 0..7 {
        for step in [1e-4, -1e-4] {
            let mut moved = terms.clone();
            moved[k] += step;
            assert!(objective(&moved) >= least, "term {k} by {step}");
        }
    }
}

#[test]
fn terms_that_depend_on_each_other_are_named() {
    let twice = Indicators {
        names: vec!["a".to_owned(), "b".to_owned()],
        columns: vec![indicator(50).columns[0].clone(); 2],
    };
    let method = Regression { seasons: vec![], trend: false, lags: vec![], ridge: 0.0 };
    let error = method.fit(&hourly(&worked(50)), &twice).err().unwrap();
    assert_eq!(error.to_string(), "regressor 1 depends on the others");
    let ridge = Regression { ridge: 1.0, ..method };
    let fitted = ridge.fit(&hourly(&worked(50)), &twice).unwrap();
    let renamed = Indicators { names: vec!["a".to_owned(), "c".to_owned()], ..twice };
    let error = fitted.forecast(3, &renamed, &[]).unwrap_err();
    assert!(error.to_string().contains("[a, c], fitted with [a, b]"), "{error}");
}

#[test]
fn a_season_within_another_adds_no_term_twice() {
    let method =
        Regression { seasons: vec![(4, 2), (8, 4)], trend: false, lags: vec![], ridge: 0.0 };
    let fit = method.inspect(&hourly(&worked(50)), &Indicators::default()).unwrap();
    // 4: one pair and a cosine; 8: its first and third pair only.
    assert_eq!(fit.terms().len(), 1 + 3 + 4);
}
