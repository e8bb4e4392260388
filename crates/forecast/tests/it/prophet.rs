//! Prophet against prophet 1.5.0 on real series, and what can be said without them.

#![allow(clippy::print_stdout)]

use std::path::PathBuf;

use forecast::{Fitted, Growth, Holiday, Indicators, Method, Prophet, ProphetFit, Series, Step};
use serde_json::Value;
use tracehound_forecast as forecast;

/// Figures of prophet 1.5.0 (`Prophet(seasonality_mode="additive").fit(df)`, defaults); `None`, with a line, without them.
fn references() -> Option<Vec<Value>> {
    #[expect(clippy::disallowed_methods, reason = "a test on real data asks where it is")]
    let data = std::env::var_os("TRACEHOUND_DATA");
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let file = data
        .map_or_else(|| PathBuf::from(default), PathBuf::from)
        .join("forecast/prophet-reference.json");
    #[expect(clippy::disallowed_methods, reason = "a test on real data reads it")]
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("skipped: no figures of prophet at {}", file.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn seconds(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|v| v.as_i64().unwrap()).collect()
}

/// Months or days since the first time.
fn place(monthly: bool, first: i64, time: i64) -> usize {
    let months = |time: i64| {
        let date = jiff::Timestamp::from_second(time).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
        i64::from(date.year()) * 12 + i64::from(date.month())
    };
    let steps = if monthly { months(time) - months(first) } else { (time - first) / 86_400 };
    usize::try_from(steps).unwrap()
}

/// Log posteriors at which Stan's L-BFGS stopped, measured with the figures.
fn stan(name: &str) -> Option<f64> {
    match name {
        "air_additive" => Some(401.975),
        "retail_additive" => Some(1020.90 - 0.005),
        _ => None,
    }
}

fn check(reference: &Value) {
    let name = reference["name"].as_str().unwrap();
    let (times, y, ahead) =
        (seconds(&reference["ds"]), numbers(&reference["y"]), seconds(&reference["future"]));
    let monthly = times[1] - times[0] > 20 * 86_400;
    let at = |time: i64| place(monthly, times[0], time);
    let mut values = vec![f64::NAN; at(*times.last().unwrap()) + 1];
    for (time, value) in times.iter().zip(&y) {
        values[at(*time)] = *value;
    }
    let step = if monthly { Step::Months(1) } else { Step::Seconds(86_400) };
    let n = values.len();
    let series = Series { start_s: times[0], step, values };
    let none = Indicators::default();
    let fit = Prophet::default().inspect(&series, &none).unwrap();
    let horizon = at(*ahead.last().unwrap()) + 1 - n;
    let parts = fit.components(horizon, &none).unwrap();
    let largest = y.iter().map(|y| y.abs()).fold(0.0, f64::max);
    let gaps: Vec<f64> = ahead
        .iter()
        .zip(numbers(&reference["yhat"]))
        .map(|(time, yhat)| {
            let row = at(*time);
            (parts.iter().map(|part| part.values[row]).sum::<f64>() - yhat).abs() / largest
        })
        .collect();
    let mean_gap = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let bends = fit.changepoints().len();
    println!(
        "{name}: mean gap {mean_gap:.2e}, log posterior {:.3}, {bends} bends",
        fit.log_posterior()
    );
    assert!(mean_gap <= 2e-3, "{name}: {mean_gap}");
    if let Some(stan) = stan(name) {
        assert!(fit.log_posterior() >= stan - 1e-3, "{name}: {}", fit.log_posterior());
    }
    check_widths(name, &fit, reference, horizon, &|time| at(time).checked_sub(n));
}

/// Bounds over the future are as wide as Prophet's, on average.
fn check_widths(
    name: &str,
    fit: &ProphetFit,
    reference: &Value,
    horizon: usize,
    future: &dyn Fn(i64) -> Option<usize>,
) {
    let forecast = fit.forecast(horizon, &Indicators::default(), &[0.8]).unwrap();
    let (low, high) = (numbers(&reference["yhat_lower"]), numbers(&reference["yhat_upper"]));
    let (mut ours, mut theirs) = (0.0, 0.0);
    for (index, time) in seconds(&reference["future"]).into_iter().enumerate() {
        if let Some(step) = future(time) {
            ours += forecast.bounds[0].upper[step] - forecast.bounds[0].lower[step];
            theirs += high[index] - low[index];
        }
    }
    println!("{name}: width of 80 % bounds {:.4} of prophet's", ours / theirs);
    assert!((ours / theirs - 1.0).abs() < 0.06, "{name}: {ours} {theirs}");
}

#[test]
fn fits_are_those_of_prophet() {
    for reference in references().unwrap_or_default() {
        check(&reference);
    }
}

/// Days from 2020-01-01, a trend that bends once, a week; `share` makes the week a share of the trend.
fn planted(n: usize, share: bool) -> Series {
    let week = [0.1, -0.1, 0.05, 0.0, -0.05, 0.2, -0.2];
    let value = |t: usize| {
        let trend = 20.0 + 0.05 * t as f64 - 0.1 * t.saturating_sub(n * 2 / 5) as f64;
        if share { trend * (1.0 + week[t % 7]) } else { trend + 10.0 * week[t % 7] }
    };
    let start_s = 18_262 * 86_400;
    Series { start_s, step: Step::Seconds(86_400), values: (0..n).map(value).collect() }
}

#[test]
fn a_bend_and_a_week_are_found() {
    let none = Indicators::default();
    for share in [false, true] {
        let whole = planted(450, share);
        // The bend hangs on the length: cut what was planted for 450.
        let series = Series { values: whole.values[..400].to_vec(), ..whole.clone() };
        let method = Prophet { multiplicative: share, ..Prophet::default() };
        let fit = method.inspect(&series, &none).unwrap();
        let mean = fit.forecast(50, &none, &[]).unwrap().mean;
        for (step, found) in mean.iter().enumerate() {
            let expected = whole.values[400 + step];
            assert!((found - expected).abs() < 0.6, "{share} {step}: {found} {expected}");
        }
        let names: Vec<String> =
            fit.components(0, &none).unwrap().into_iter().map(|part| part.name).collect();
        assert_eq!(names, ["trend", "weekly"]);
    }
}

#[test]
fn holidays_and_indicators_are_told_apart() {
    let mut series = planted(300, false);
    let column: Vec<f64> = (0..320).map(|t| ((t * 37) % 11) as f64).collect();
    for (t, value) in series.values.iter_mut().enumerate() {
        *value += 0.3 * column[t] + if t % 50 == 10 { 4.0 } else { 0.0 };
    }
    let days = (0..320).filter(|t| t % 50 == 10).map(|t| 18_262 + t).collect();
    let method = Prophet {
        holidays: vec![Holiday { name: "listing".to_owned(), days }],
        ..Prophet::default()
    };
    let named = |columns| Indicators { names: vec!["volume".to_owned()], columns };
    let fit = method.inspect(&series, &named(vec![column[..300].to_vec()])).unwrap();
    let ahead = named(vec![column[300..].to_vec()]);
    let parts = fit.components(20, &ahead).unwrap();
    let part = |name: &str| &parts.iter().find(|part| part.name == name).unwrap().values;
    assert!((part("listing")[10] - 4.0).abs() < 0.2, "{}", part("listing")[10]);
    assert_eq!(part("listing")[11], 0.0);
    let effect = (part("volume")[310] - part("volume")[311]) / (column[310] - column[311]);
    assert!((effect - 0.3).abs() < 0.02, "{effect}");
    assert!(fit.forecast(20, &Indicators::default(), &[]).is_err());
    assert!(fit.forecast(21, &ahead, &[]).is_err());
}

#[test]
fn flat_growth_stays_flat_and_bounds_do_not_widen() {
    let none = Indicators::default();
    let series = planted(200, false);
    let method = Prophet { growth: Growth::Flat, ..Prophet::default() };
    let fit = method.inspect(&series, &none).unwrap();
    let trend = &fit.components(100, &none).unwrap()[0].values;
    assert!(trend.iter().all(|value| (value - trend[0]).abs() < 1e-12));
    assert!(fit.changepoints().is_empty());
    let bounds = &fit.forecast(100, &none, &[0.8]).unwrap().bounds[0];
    let width = |step: usize| bounds.upper[step] - bounds.lower[step];
    assert!((width(99) / width(0) - 1.0).abs() < 0.25);
}

/// Growth from 20 toward 100 with a week on it; the floor and the cap that are told lie wider.
fn saturating() -> Series {
    let value = |t: i32| {
        let day = f64::from(t);
        let week = 3.0 * (2.0 * std::f64::consts::PI * day / 7.0).sin();
        let rest = f64::from((t * 7919) % 101 - 50) / 50.0;
        20.0 + 80.0 / (1.0 + (-(day - 180.0) / 45.0).exp()) + week + rest
    };
    let values = (0..400).map(value).collect();
    Series { start_s: 18_262 * 86_400, step: Step::Seconds(86_400), values }
}

#[test]
fn saturating_growth_stays_below_its_cap() {
    let none = Indicators::default();
    let growth = Growth::Logistic { floor: 10.0, cap: 120.0 };
    let method = Prophet { growth, ..Prophet::default() };
    let series = saturating();
    let fit = method.inspect(&series, &none).unwrap();
    assert!(fit.sigma() < 1.5, "{}", fit.sigma());
    let trend = &fit.components(3_000, &none).unwrap()[0].values;
    assert!(trend.iter().all(|value| (10.0..=120.0).contains(value)));
    // prophet 1.5.0: `Prophet(growth="logistic", yearly_seasonality=False, daily_seasonality=False).fit(df)` on these
    // values from 2020-01-01 with `floor` 10 and `cap` 120; `predict` gives `trend` in the history, `yhat` beyond it.
    let steps = [0, 50, 100, 150, 200, 250, 300, 350, 399];
    let trends = [20.6652, 24.5024, 31.4365, 47.3547, 68.5749, 86.0572, 94.8531, 97.9712, 99.957];
    for (t, expected) in steps.into_iter().zip(trends) {
        assert!((trend[t] - expected).abs() < 0.4, "{t}: {} {expected}", trend[t]);
    }
    let forecast = fit.forecast(60, &none, &[0.8]).unwrap();
    for (ahead, expected) in [(9, 101.6607), (29, 104.0047), (59, 100.9097)] {
        assert!((forecast.mean[ahead] - expected).abs() < 0.4, "{ahead}: {}", forecast.mean[ahead]);
    }
    for (floor, cap) in [(5.0, 5.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        let growth = Growth::Logistic { floor, cap };
        assert!(Prophet { growth, ..Prophet::default() }.inspect(&series, &none).is_err());
    }
}

#[test]
fn a_wider_prior_of_bends_fits_closer() {
    let none = Indicators::default();
    let mut last = f64::NEG_INFINITY;
    for scale in [0.001, 0.01, 0.05, 0.5] {
        let method = Prophet { changepoint_scale: scale, ..Prophet::default() };
        let fit = method.inspect(&planted(200, false), &none).unwrap();
        assert!(-fit.sigma() >= last - 1e-9, "{scale}: {}", fit.sigma());
        last = -fit.sigma();
    }
}

#[test]
fn options_out_of_range_are_refused() {
    let none = Indicators::default();
    let method = Prophet { changepoint_range: 1.5, ..Prophet::default() };
    let error = method.fit(&planted(100, false), &none).err().unwrap();
    assert!(error.to_string().contains("changepoint range 1.5"), "{error}");
}
