//! A backtest by hand: a naive forecast beside one that always fails.

use forecast::{
    Fitted, ForecastError, Indicators, Method, Plan, Regression, Series, Slice, backtest,
};
use tracehound_forecast as forecast;

use crate::contract::hourly;

/// A method without an answer.
struct Refusing;

impl Method for Refusing {
    fn name(&self) -> &'static str {
        "refusing"
    }

    fn fit(&self, series: &Series, _: &Indicators) -> Result<Box<dyn Fitted>, ForecastError> {
        Err(ForecastError::TooShort { method: "refusing", needed: 99, found: series.values.len() })
    }
}

fn plan() -> Plan {
    Plan { origins: vec![4, 5], horizon: 2, season: 1, levels: vec![0.8] }
}

#[test]
fn scores_by_hand() {
    let series = hourly(&[0.0, 1.0, 0.0, 1.0, 3.0, 3.0, 5.0]);
    let report = backtest(&[&Refusing], &series, &Indicators::default(), &plan()).unwrap();
    assert_eq!(report.methods, ["seasonal-naive", "refusing"]);
    // From 4: 1, 1 against 3, 3, scale 1. From 5: 3, 3 against 3, 5, scale (1 + 1 + 1 + 2) / 4.
    let all = report.score("seasonal-naive", Slice::All);
    assert_eq!((all.n, all.failed), (4, 0));
    assert!((all.mase.unwrap() - (2.0 + 2.0 + 0.0 + 2.0 / 1.25) / 4.0).abs() < 1e-12);
    assert!((all.smape.unwrap() - (100.0 + 100.0 + 0.0 + 50.0) / 4.0).abs() < 1e-12);
    let second = report.score("seasonal-naive", Slice::Step(2));
    assert!((second.mase.unwrap() - (2.0 + 1.6) / 2.0).abs() < 1e-12);
    let volatile = report.score("seasonal-naive", Slice::Volatile(true));
    assert!((volatile.mase.unwrap() - 0.8).abs() < 1e-12, "{volatile:?}");
    let none = report.score("refusing", Slice::All);
    assert_eq!((none.n, none.failed, none.mase), (0, 2, None));
    assert_eq!(report.scores().len(), 2);
}

#[test]
fn a_forecast_sees_nothing_of_what_comes() {
    let method = Regression { seasons: vec![], trend: true, lags: vec![1], ridge: 1.0 };
    let early: Vec<f64> = (0..30).map(|t| f64::from((t * 13) % 7)).collect();
    let mut late = early.clone();
    late.truncate(20);
    late.extend([900.0; 10]);
    let plan = Plan { origins: vec![20], horizon: 5, season: 2, levels: vec![0.8] };
    let run = |values: &[f64]| {
        let report = backtest(&[&method], &hourly(values), &Indicators::default(), &plan).unwrap();
        report.rows.into_iter().map(|row| row.forecast.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(run(&early), run(&late));
}

#[test]
fn a_plan_beyond_the_series_is_refused() {
    let error = backtest(&[], &hourly(&[1.0; 5]), &Indicators::default(), &plan()).err().unwrap();
    assert!(error.to_string().contains("origins [4, 5] in 5 values"), "{error}");
}
