//! Fits of statsmodels 0.15 on real series: likelihood, optimum, errors, forecasts.
//!
//! `-- sarimax_fixtures --nocapture` prints what `docs/methods/sarimax.md` sums up.

#![allow(clippy::print_stdout)]

use std::path::PathBuf;

use serde_json::Value;
use tracehound_forecast::sarimax::Information;
use tracehound_forecast::{Fitted, Indicators, Orders, Sarimax, Series, Step, Trend};

/// Files of a folder of `forecast`, by name; none, with a line that says so, where it is missing.
pub(crate) fn fixtures(folder: &str) -> Vec<Value> {
    #[expect(clippy::disallowed_methods, reason = "a test on real data asks where it is")]
    let data = std::env::var_os("TRACEHOUND_DATA");
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder =
        data.map_or_else(|| PathBuf::from(default), PathBuf::from).join("forecast").join(folder);
    #[expect(clippy::disallowed_methods, reason = "a test on real data reads it")]
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: no fixtures at {}", folder.display());
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    #[expect(clippy::disallowed_methods, reason = "a test on real data reads it")]
    let read = |path: &PathBuf| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    paths.iter().map(read).collect()
}

pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().map_or_else(Vec::new, |all| {
        all.iter().map(|number| number.as_f64().unwrap_or(f64::NAN)).collect()
    })
}

/// Rows of a fixture as columns named x1, x2, …
pub(crate) fn indicators(rows: &Value) -> Indicators {
    let rows: Vec<Vec<f64>> =
        rows.as_array().map_or_else(Vec::new, |rows| rows.iter().map(numbers).collect());
    let count = rows.first().map_or(0, Vec::len);
    let column = |c: usize| rows.iter().map(|row| row[c]).collect();
    Indicators {
        names: (1..=count).map(|c| format!("x{c}")).collect(),
        columns: (0..count).map(column).collect(),
    }
}

pub(crate) fn series(values: &Value) -> Series {
    Series { start_s: 0, step: Step::Seconds(3_600), values: numbers(values) }
}

fn order(value: &Value) -> Vec<usize> {
    let whole = |order: &Value| usize::try_from(order.as_u64().unwrap()).unwrap();
    value.as_array().unwrap().iter().map(whole).collect()
}

pub(crate) fn model(fixture: &Value) -> Sarimax {
    let (plain, seasonal) = (order(&fixture["order"]), order(&fixture["seasonal_order"]));
    let orders = Orders::new(plain[0], plain[1], plain[2]);
    let orders = orders.seasonal(seasonal[0], seasonal[1], seasonal[2], seasonal[3]);
    let trend: Trend = fixture["trend"].as_str().unwrap().parse().unwrap();
    Sarimax::new(orders, trend)
}

/// Largest difference relative to what is expected.
fn apart(found: &[f64], expected: &[f64], unit: impl Fn(usize) -> f64) -> f64 {
    assert_eq!(found.len(), expected.len());
    let differences = found.iter().zip(expected).enumerate();
    differences.map(|(i, (a, b))| (a - b).abs() / unit(i)).fold(0.0, f64::max)
}

#[test]
fn likelihood_at_the_parameters_of_statsmodels() {
    for fixture in fixtures("sarimax") {
        let (name, parameters) = (&fixture["name"], numbers(&fixture["params"]));
        let exogenous = indicators(&fixture["exog"]);
        let fit = model(&fixture).at(&series(&fixture["y"]), &exogenous, &parameters).unwrap();
        let (found, expected) = match fixture["llf_simple_differencing_at_params"].as_f64() {
            Some(expected) => (fit.log_likelihood(), expected),
            // Missing values: statsmodels counts the diffuse start.
            None => {
                let expected = fixture["llf_exact_diffuse_at_params"].as_f64().unwrap();
                (fit.log_likelihood_diffuse(), expected)
            }
        };
        println!("{name:30} {found:14.6} {expected:14.6} {:.1e}", (found / expected - 1.0).abs());
        assert!((found / expected - 1.0).abs() < 1e-6, "{name}: {found} {expected}");
        // At these parameters everything that follows from them is theirs, too.
        let forecast = &fixture["forecast"];
        let horizon = numbers(&forecast["mean"]).len();
        let ahead = fit.predict(horizon, &indicators(&fixture["exog_future"])).unwrap();
        let errors: Vec<f64> = ahead.variance.iter().map(|v| v.sqrt()).collect();
        let expected = numbers(&forecast["se"]);
        let mean = apart(&ahead.mean, &numbers(&forecast["mean"]), |h| expected[h]);
        let error = apart(&errors, &expected, |h| expected[h]);
        println!("    forecast: mean {mean:.1e} se, se {error:.1e}");
        assert!(mean < 0.02 && error < 0.01, "{name}: {mean} {error}");
    }
}

#[test]
fn optimum_and_standard_errors() {
    for fixture in fixtures("sarimax") {
        let (name, expected) = (&fixture["name"], numbers(&fixture["params"]));
        let exogenous = indicators(&fixture["exog"]);
        let fit = model(&fixture).fit_series(&series(&fixture["y"]), &exogenous).unwrap();
        let (found, best) = match fixture["llf_exact_best_known"].as_f64() {
            Some(best) => (fit.log_likelihood(), best),
            None => {
                let best = fixture["llf_exact_diffuse_at_params"].as_f64().unwrap();
                (fit.log_likelihood_diffuse(), best)
            }
        };
        println!("{name:30} {found:14.5} {best:14.5} {:4}", fit.evaluations());
        assert!(found >= best - 0.01, "{name}: {found} {best}");
        let errors = fit.standard_errors(Information::Observed).unwrap();
        let theirs = numbers(&fixture["bse_approx"]);
        println!("    {:9.5?}\n    {expected:9.5?}", fit.parameters());
        println!("    errors {errors:9.5?}\n           {theirs:9.5?}");
        println!("    outer {:9.5?}", fit.standard_errors(Information::OuterProduct).unwrap());
        println!("          {:9.5?}", numbers(&fixture["bse_opg"]));
        if (found - fixture["llf"].as_f64().unwrap()).abs() < 0.01 {
            let beta = apart(&fit.parameters(), &expected, |i| theirs[i]);
            let error = apart(&errors, &theirs, |i| theirs[i]);
            println!("    parameters {beta:.3} se, se {error:.4}");
            assert!(beta < 0.05 && error < 0.02, "{name}: {beta} {error}");
        }
        let forecast = fit.forecast(3, &head(&fixture["exog_future"], 3), &[0.8, 0.95]).unwrap();
        assert!(forecast.bounds.iter().all(|b| b.lower[2] < b.upper[2]));
    }
}

fn head(rows: &Value, count: usize) -> Indicators {
    let mut all = indicators(rows);
    all.columns.iter_mut().for_each(|column| column.truncate(count));
    all
}
