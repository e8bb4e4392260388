//! Exponential smoothing against statsmodels 0.15, and the double season against its own response.
//!
//! Figures: `ETSModel(y, error, trend, damped_trend, seasonal, seasonal_periods=12)`, `loglike(p)`, `smooth(p).forecast(14)`,
//! `fit(maxiter=5000).llf` on the series of `contract::worked(96)`. With a season of factors (MAM, MNM) its recursion is
//! another one (its likelihood at these parameters is 0.3 and 0.1 off): figures there are of table 2.3 of Hyndman et al. 2008,
//! run in ten lines of Python; optima are still compared.

use forecast::{
    DoubleSeasonal, ErrorKind, Ets, EtsForm, EtsParameters, Indicators, Method, SeasonKind, Series,
    Step, TrendKind, ets_score,
};
use tracehound_forecast as forecast;

use crate::contract::{hourly, worked};

/// A form by its letters: `MAdM`.
fn form(letters: &str) -> EtsForm {
    let error =
        if letters.starts_with('A') { ErrorKind::Additive } else { ErrorKind::Multiplicative };
    let trend = match &letters[1..letters.len() - 1] {
        "N" => TrendKind::None,
        "A" => TrendKind::Additive,
        _ => TrendKind::Damped,
    };
    let season = match &letters[letters.len() - 1..] {
        "N" => SeasonKind::None,
        "A" => SeasonKind::Additive,
        _ => SeasonKind::Multiplicative,
    };
    EtsForm { error, trend, season }
}

/// The parameters that statsmodels was given; its `initial_seasonal.0` is the newest state, ours the oldest.
fn parameters(form: EtsForm) -> EtsParameters {
    let trended = form.trend != TrendKind::None;
    let season = |k: usize| match form.season {
        SeasonKind::Multiplicative => 1.0 + 0.01 * k as f64,
        _ => (k as f64 - 5.5) / 5.0,
    };
    let seasonal = form.season != SeasonKind::None;
    EtsParameters {
        alpha: 0.3,
        beta: if trended { 0.1 } else { 0.0 },
        gamma: if seasonal { 0.2 } else { 0.0 },
        phi: if form.trend == TrendKind::Damped { 0.9 } else { 1.0 },
        level: 11.0,
        slope: if trended { 0.2 } else { 0.0 },
        season: if seasonal { (0..12).rev().map(season).collect() } else { Vec::new() },
    }
}

#[track_caller]
fn check(letters: &str, log_likelihood: f64, ahead: [f64; 3], optimum: f64) {
    let (form, values) = (form(letters), worked(96));
    assert_eq!(form.letters(), letters);
    let score = ets_score(&values, form, &parameters(form));
    let gap = (score.log_likelihood - log_likelihood).abs();
    assert!(gap < 1e-8, "{letters}: {} not {log_likelihood}", score.log_likelihood);
    let fit = forecast::EtsFit { form, start: parameters(form), score, aicc: 0.0 };
    let mean = forecast::Fitted::forecast(&fit, 14, &Indicators::default(), &[]).unwrap().mean;
    for (step, expected) in [0, 11, 13].into_iter().zip(ahead) {
        assert!((mean[step] - expected).abs() < 1e-9, "{letters} {step}: {}", mean[step]);
    }
    let best = Ets { season: 12, form: Some(form) }.inspect(&hourly(&values)).unwrap();
    let found = best.score.log_likelihood;
    assert!(found > optimum - 0.5, "{letters}: optimum {found}, statsmodels {optimum}");
}

#[test]
fn likelihood_forecast_and_optimum_are_those_of_statsmodels() {
    check("ANN", -211.00491999647272, [18.644847360222872; 3], -174.02672174831883);
    check(
        "AAdN",
        -229.84557484921385,
        [17.61197916239126, 15.112429338831653, 14.895239753904388],
        -166.93731070205263,
    );
    check(
        "AAA",
        -184.94873465306222,
        [21.226331540391893, 19.820295099850345, 23.405161966955667],
        -83.49973031032357,
    );
    check(
        "MAM",
        -206.43710649658786,
        [22.408198686114424, 22.354372277770064, 28.446208622423732],
        -104.66833282971598,
    );
    check(
        "MAdA",
        -187.83528658371569,
        [21.002160311072323, 18.968798870798974, 22.329942815362816],
        -91.76451376122705,
    );
    check(
        "MNM",
        -174.9382476265125,
        [20.768513708761315, 19.219601152209947, 22.79932155469317],
        -127.55776993447375,
    );
}

#[test]
fn a_missing_value_is_skipped() {
    // Level 1, share 0.5: errors 1, then none, then 3 - 1.5.
    let form = form("ANN");
    let start = EtsParameters { level: 1.0, alpha: 0.5, ..parameters(form) };
    let score = ets_score(&[2.0, f64::NAN, 3.0], form, &start);
    assert_eq!(score.n, 2);
    assert!((score.variance - (1.0 + 2.25) / 2.0).abs() < 1e-12);
    assert!((score.end.level - 2.25).abs() < 1e-12);
}

#[test]
fn additive_bounds_are_those_of_simulated_paths() {
    // A multiplicative form whose level hardly moves is an additive one: bounds must agree.
    let values: Vec<f64> = (0..200).map(|t| 1000.0 + ((t * 7919) % 101) as f64 / 10.0).collect();
    let bounds = |letters: &str| {
        let fit = Ets { season: 1, form: Some(form(letters)) }.inspect(&hourly(&values)).unwrap();
        forecast::Fitted::forecast(&fit, 5, &Indicators::default(), &[0.8]).unwrap().bounds
    };
    let (closed, simulated) = (bounds("ANN"), bounds("MNN"));
    for step in 0..5 {
        let width = closed[0].upper[step] - closed[0].lower[step];
        assert!((closed[0].upper[step] - simulated[0].upper[step]).abs() < 0.1 * width);
        assert!((closed[0].lower[step] - simulated[0].lower[step]).abs() < 0.1 * width);
    }
}

#[test]
fn a_multiplicative_form_wants_values_above_0() {
    let series = hourly(&[1.0, 0.0, 2.0, 3.0, 1.0, 2.0]);
    let error = Ets { season: 1, form: Some(form("MNN")) }.inspect(&series).unwrap_err();
    assert!(error.to_string().contains("MNN"), "{error}");
}

/// Two seasons that hold exactly are forecast exactly.
#[test]
fn two_seasons_are_told_apart() {
    let value =
        |t: usize| 50.0 + [0.0, 5.0, 1.0, -6.0][t % 4] + if t % 12 >= 8 { 3.0 } else { 0.0 };
    let values: Vec<f64> = (0..480).map(value).collect();
    let none = Indicators::default();
    let method = DoubleSeasonal { short: 4, long: 12 };
    let fitted = method.fit(&hourly(&values), &none).unwrap();
    let mean = fitted.forecast(24, &none, &[]).unwrap().mean;
    for (step, found) in mean.iter().enumerate() {
        assert!((found - value(480 + step)).abs() < 0.01, "{step}: {found}");
    }
    let uneven = DoubleSeasonal { short: 4, long: 10 };
    assert!(uneven.fit(&hourly(&values), &none).is_err());
}

#[test]
fn bounds_of_two_seasons_never_narrow() {
    let values = worked(120);
    let none = Indicators::default();
    let method = DoubleSeasonal { short: 6, long: 12 };
    let series = Series { start_s: 0, step: Step::Seconds(3600), values };
    let fitted = method.fit(&series, &none).unwrap();
    let bounds = &fitted.forecast(30, &none, &[0.8]).unwrap().bounds[0];
    let widths: Vec<f64> = bounds.upper.iter().zip(&bounds.lower).map(|(h, l)| h - l).collect();
    assert!(widths.windows(2).all(|pair| pair[1] >= pair[0]), "{widths:?}");
}
