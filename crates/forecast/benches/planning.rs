//! Capacity planning beside a reactive autoscaler with units that take ten minutes: minutes over capacity and unit hours over
//! the last 40 % of hourly loads, straight between hours, at steps of five minutes. Forecasts: ridge regression with lags,
//! made anew each hour from what was known then.
//!
//! `cargo bench -p tracehound-forecast --bench planning [-- QUANTILE HEADROOM [ROUGH] [SERIES.json]]`; loads are those of
//! `forecast/series/backtest.json` in the folder that TRACEHOUND_DATA names. ROUGH is the standard deviation of the noise
//! within hours, a share of the load: straight lines flatter whoever goes by the present rise.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods)]

use forecast::planning::{PlanOptions, Reactive, level_of_quantile, replay};
use forecast::{Indicators, Method, Regression, Series, Step};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tracehound_forecast as forecast;

/// Steps of five minutes in an hour.
const FINE: usize = 12;
/// Hours that a forecast looks ahead.
const AHEAD: usize = 2;
/// Units at the highest load of the history.
const UNITS: f64 = 40.0;

fn method(n: usize, short: usize) -> Regression {
    let mut lags = vec![1, 2, 3];
    if 3 * (short + 1) < n {
        lags.extend([short, short + 1]);
    }
    Regression { seasons: vec![(short, 4)], trend: false, lags, ridge: 1.0 }
}

struct Sum {
    violations: [usize; 2],
    units: [u64; 2],
}

fn one(
    id: &str,
    y: &[f64],
    (quantile, headroom, rough): (f64, f64, f64),
    sum: &mut Sum,
    told: bool,
) {
    let from = y.len() * 6 / 10;
    let none = Indicators::default();
    // Hour after hour: the load to provide for at its steps and those of the next, from values up to its beginning.
    let hours: Vec<Vec<f64>> = (from..y.len() - 1)
        .map(|hour| {
            let known = y[..=hour].to_vec();
            let series = Series { start_s: 0, step: Step::Seconds(3_600), values: known };
            let fitted = method(hour, 24).fit(&series, &none).unwrap();
            let forecast = fitted.forecast(AHEAD, &none, &[level_of_quantile(quantile)]).unwrap();
            let mut points = vec![y[hour]];
            points.extend(&forecast.bounds[0].upper);
            fine(&points)
        })
        .collect();
    let load = roughened(fine(&y[from..]), rough);
    let highest = y[..from].iter().copied().filter(|v| v.is_finite()).fold(0.0, f64::max);
    let options = PlanOptions {
        unit: highest / UNITS,
        headroom,
        units_max: 400,
        lead_steps: 2,
        hold_steps: 3,
        ..PlanOptions::default()
    };
    let ahead = |step: usize| -> Vec<f64> {
        hours[(step / FINE).min(hours.len() - 1)][step % FINE..].to_vec()
    };
    let found =
        replay(&load[..hours.len() * FINE], &ahead, &options, &Reactive::default()).unwrap();
    let (planned, reactive) = (found.planned, found.reactive);
    if told {
        println!(
            "{id:32} {:9} {:9} {:10.0} {:10.0} {:7.3} {:7} {:7}",
            5 * reactive.violation_steps,
            5 * planned.violation_steps,
            reactive.unit_steps as f64 / FINE as f64,
            planned.unit_steps as f64 / FINE as f64,
            planned.unit_steps as f64 / reactive.unit_steps as f64,
            reactive.actions,
            planned.actions,
        );
    }
    for (place, record) in [reactive, planned].into_iter().enumerate() {
        sum.violations[place] += 5 * record.violation_steps;
        sum.units[place] += record.unit_steps;
    }
}

/// Straight lines between values.
fn fine(points: &[f64]) -> Vec<f64> {
    let part = |pair: &[f64]| -> Vec<f64> {
        (0..FINE).map(|at| pair[0] + (pair[1] - pair[0]) * at as f64 / FINE as f64).collect()
    };
    points.windows(2).flat_map(part).collect()
}

/// Noise that hangs together over some twenty minutes.
fn roughened(mut load: Vec<f64>, rough: f64) -> Vec<f64> {
    let (mut random, mut state) = (ChaCha8Rng::seed_from_u64(8), 0.0);
    for value in &mut load {
        let uniform: f64 = (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
        state = 0.7 * state + (1.0 - 0.49_f64).sqrt() * rough * uniform;
        *value *= 1.0 + state;
    }
    load
}

fn main() {
    let arguments: Vec<f64> = std::env::args().filter_map(|text| text.parse().ok()).collect();
    let quantile = arguments.first().copied().unwrap_or(0.7);
    let headroom = arguments.get(1).copied().unwrap_or(0.1);
    let rough = arguments.get(2).copied().unwrap_or(0.0);
    let folder = std::env::var("TRACEHOUND_DATA").unwrap_or("../../../shared/data".to_owned());
    let given = std::env::args().skip(1).find(|text| text.ends_with(".json"));
    let told = given.is_none();
    let path = given.unwrap_or(format!("{folder}/forecast/series/backtest.json"));
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no {path}");
        return;
    };
    let panel: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    println!(
        "{:32} {:>9} {:>9} {:>10} {:>10} {:>7} {:>7} {:>7}",
        "load", "HPA min", "plan min", "HPA unit h", "plan u. h", "ratio", "HPA act", "act"
    );
    let mut sum = Sum { violations: [0; 2], units: [0; 2] };
    for series in panel.iter().filter(|series| series["freq"] == "H") {
        let y: Vec<f64> = series["y"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_f64().unwrap_or(f64::NAN))
            .collect();
        one(series["id"].as_str().unwrap(), &y, (quantile, headroom, rough), &mut sum, told);
    }
    println!(
        "all: {} minutes over capacity by the autoscaler, {} by the plan ({:.0} % fewer), {:.3} of its unit hours",
        sum.violations[0],
        sum.violations[1],
        100.0 * (1.0 - sum.violations[1] as f64 / sum.violations[0].max(1) as f64),
        sum.units[1] as f64 / sum.units[0] as f64
    );
}
