//! The panel of load series: every method from the last origins, in one table.
//!
//! `cargo run --release -p tracehound-forecast --example panel -- SERIES.json [ORIGINS]`; SERIES.json holds a list of series
//! with `id`, `y`, `m`, `seasons`, `h`, `origins`. A third argument prints every forecast's figures too.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use forecast::{
    Auto, Bounds, DoubleSeasonal, Ets, HarmonicRegression, Indicators, Method, Mstl, Regression,
    SeasonalNaive, Series, Step, Theta, accuracy,
};
use serde_json::Value;
use tracehound_forecast as forecast;

/// Figures of one forecast.
struct Figures {
    mase: f64,
    smape: f64,
    coverage: [f64; 2],
    msis: f64,
    pinball: f64,
    cpu_s: f64,
}

fn main() {
    let path = std::env::args().nth(1).expect("a file of series");
    let last: usize = std::env::args().nth(2).map_or(1, |text| text.parse().unwrap());
    #[expect(clippy::disallowed_methods, reason = "an example on real data reads it")]
    let text = std::fs::read_to_string(path).unwrap();
    let panel: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut table: Vec<(String, Vec<Figures>)> = Vec::new();
    for entry in &panel {
        let y: Vec<f64> =
            entry["y"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect();
        let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
        let list = |value: &Value| value.as_array().unwrap().iter().map(number).collect::<Vec<_>>();
        let (m, h) = (number(&entry["m"]), number(&entry["h"]));
        let (seasons, origins) = (list(&entry["seasons"]), list(&entry["origins"]));
        for origin in origins.iter().rev().take(last) {
            let series =
                Series { start_s: 0, step: Step::Seconds(3600), values: y[..*origin].to_vec() };
            for method in methods(m, h, &seasons, *origin) {
                let figures = judge(&*method, &series, &y[*origin..*origin + h], m);
                let name = method.name();
                if std::env::args().nth(3).is_some() {
                    println!(
                        "{:32} {origin:5} {name:16} {:.3} {:.3} {:.2} {:.2}",
                        entry["id"].as_str().unwrap(),
                        figures.mase,
                        figures.pinball,
                        figures.coverage[0],
                        figures.coverage[1]
                    );
                }
                match table.iter_mut().find(|(known, _)| known == name) {
                    Some((_, all)) => all.push(figures),
                    None => table.push((name.to_owned(), vec![figures])),
                }
            }
        }
    }
    print(&table);
}

fn methods(m: usize, h: usize, seasons: &[usize], n: usize) -> Vec<Box<dyn Method>> {
    let fitting: Vec<usize> = seasons.iter().copied().filter(|s| 2 * s <= n).collect();
    let long = *fitting.last().unwrap();
    let seasons = seasons.to_vec();
    vec![
        Box::new(SeasonalNaive { season: m }),
        Box::new(Ets { season: m, form: None }),
        Box::new(Theta { season: m }),
        Box::new(Mstl { seasons: fitting.clone(), robust: false, every_place: false }),
        Box::new(DoubleSeasonal { short: m, long }),
        Box::new(Regression {
            seasons: fitting.iter().map(|s| (*s, 4.min(s / 2))).collect(),
            trend: false,
            lags: vec![1, 2, 3, m, m + 1],
            ridge: 1.0,
        }),
        Box::new(HarmonicRegression { seasons: fitting }),
        Box::new(Auto { seasons, horizon: h, origins: 40, history_max: 1344 }),
    ]
}

/// Seconds this thread has been on a processor (Linux; elsewhere 0): other work on a shared machine does not count.
fn cpu_s() -> f64 {
    #[expect(clippy::disallowed_methods, reason = "a measurement asks the system")]
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

fn judge(method: &dyn Method, series: &Series, actual: &[f64], m: usize) -> Figures {
    let scale = accuracy::seasonal_scale(&series.values, m).unwrap();
    let begin = cpu_s();
    let none = Indicators::default();
    let fitted = method.fit(series, &none).unwrap();
    let forecast = fitted.forecast(actual.len(), &none, &[0.8, 0.95]).unwrap();
    let cpu_s = cpu_s() - begin;
    let [narrow, wide]: [Bounds; 2] = forecast.bounds.try_into().unwrap();
    let loss = |values: &[f64], p: f64| accuracy::pinball(actual, values, p).unwrap() / scale;
    let pinball = loss(&wide.lower, 0.025)
        + loss(&narrow.lower, 0.1)
        + loss(&forecast.mean, 0.5)
        + loss(&narrow.upper, 0.9)
        + loss(&wide.upper, 0.975);
    Figures {
        mase: accuracy::mase(actual, &forecast.mean, scale).unwrap(),
        smape: accuracy::smape(actual, &forecast.mean).unwrap(),
        coverage: [&narrow, &wide].map(|b| 100.0 * accuracy::coverage(actual, b).unwrap()),
        msis: accuracy::msis(actual, &wide, scale).unwrap(),
        pinball: pinball / 5.0,
        cpu_s,
    }
}

fn print(table: &[(String, Vec<Figures>)]) {
    println!(
        "{:18} {:>4} {:>7} {:>7} {:>6} {:>6} {:>6} {:>7} {:>7} {:>7}",
        "method", "n", "MASE", "median", "sMAPE", "cov80", "cov95", "MSIS95", "pinball", "CPU s"
    );
    for (name, all) in table {
        let mean =
            |of: &dyn Fn(&Figures) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        let mut sorted: Vec<f64> = all.iter().map(|f| f.mase).collect();
        sorted.sort_by(f64::total_cmp);
        let median = sorted[(sorted.len() - 1) / 2].midpoint(sorted[sorted.len() / 2]);
        println!(
            "{name:18} {:4} {:7.3} {median:7.3} {:6.1} {:6.1} {:6.1} {:7.2} {:7.3} {:7.4}",
            all.len(),
            mean(&|f| f.mase),
            mean(&|f| f.smape),
            mean(&|f| f.coverage[0]),
            mean(&|f| f.coverage[1]),
            mean(&|f| f.msis),
            mean(&|f| f.pinball),
            mean(&|f| f.cpu_s),
        );
    }
}
