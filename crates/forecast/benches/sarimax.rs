//! What exact SARIMAX and its automatic orders cost on one core, beside statsmodels, R, statsforecast and pmdarima.
//!
//! `cargo bench -p tracehound-forecast --bench sarimax`; CPU seconds a run, the mean over a tenth of a
//! second. The figures of the others stand in the fixtures (`TRACEHOUND_DATA`, default `../shared/data`) as they were
//! measured there. Series without a fixture are drawn with a fixed seed.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::path::PathBuf;
use std::time::Instant;

use serde_json::Value;
use tracehound_forecast::{
    AutoArima, Fitted, Indicators, Orders, Sarimax, SarimaxFit, Series, Step, Trend,
};

/// Seconds this thread has run; of the clock where the system does not say.
fn cpu_s(start: Instant) -> f64 {
    #[expect(clippy::disallowed_methods, reason = "a bench measures")]
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let counted = counted.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    counted.map_or_else(|| start.elapsed().as_secs_f64(), |ns| ns / 1e9)
}

/// The result, and the seconds of one run: the mean over at least `least_s`, as the system counts in ticks.
fn timed<T>(least_s: f64, mut run: impl FnMut() -> T) -> (T, f64) {
    #[expect(clippy::disallowed_methods, reason = "a bench measures")]
    let start = Instant::now();
    let before = cpu_s(start);
    let mut runs = 0.0;
    loop {
        let last = run();
        runs += 1.0;
        let spent = cpu_s(start) - before;
        if spent >= least_s {
            return (last, spent / runs);
        }
    }
}

fn fixtures(folder: &str) -> Vec<Value> {
    #[expect(clippy::disallowed_methods, reason = "a bench on real data asks where it is")]
    let data = std::env::var_os("TRACEHOUND_DATA");
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let data = data.map_or_else(|| PathBuf::from(default), PathBuf::from);
    #[expect(clippy::disallowed_methods, reason = "a bench on real data reads it")]
    let Ok(files) = std::fs::read_dir(data.join("forecast").join(folder)) else {
        println!("skipped: no fixtures at {}", data.display());
        return Vec::new();
    };
    let paths = files.map(|file| file.unwrap().path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|p| p.extension().is_some_and(|e| e == "json")).collect();
    paths.sort();
    #[expect(clippy::disallowed_methods, reason = "a bench on real data reads it")]
    let read = |path: &PathBuf| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    paths.iter().map(read).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    let all = value.as_array().map_or(&[][..], Vec::as_slice);
    all.iter().map(|number| number.as_f64().unwrap_or(f64::NAN)).collect()
}

fn indicators(rows: &Value) -> Indicators {
    let rows = rows.as_array().map_or(&[][..], Vec::as_slice);
    let rows: Vec<Vec<f64>> = rows.iter().map(numbers).collect();
    let count = rows.first().map_or(0, Vec::len);
    let column = |c: usize| rows.iter().map(|row| row[c]).collect();
    let names = (1..=count).map(|c| format!("x{c}")).collect();
    Indicators { names, columns: (0..count).map(column).collect() }
}

fn series(values: Vec<f64>) -> Series {
    Series { start_s: 0, step: Step::Seconds(3_600), values }
}

fn model(fixture: &Value) -> Sarimax {
    let whole = |order: &Value| usize::try_from(order.as_u64().unwrap()).unwrap();
    let order =
        |name: &str| fixture[name].as_array().unwrap().iter().map(whole).collect::<Vec<_>>();
    let (plain, seasonal) = (order("order"), order("seasonal_order"));
    let orders = Orders::new(plain[0], plain[1], plain[2]);
    let orders = orders.seasonal(seasonal[0], seasonal[1], seasonal[2], seasonal[3]);
    Sarimax::new(orders, fixture["trend"].as_str().unwrap().parse().unwrap())
}

fn fits() {
    println!(
        "{:24} {:>5} {:>12} {:>12} {:>12} {:>6} {:>9} {:>9} {:>7}",
        "fit", "n", "llf", "best known", "statsmodels", "evals", "cpu s", "theirs s", "ratio"
    );
    let mut ratios = Vec::new();
    for fixture in fixtures("sarimax") {
        let (y, x) = (series(numbers(&fixture["y"])), indicators(&fixture["exog"]));
        let (fit, cpu) = timed(0.1, || model(&fixture).fit_series(&y, &x).unwrap());
        let theirs = fixture["cpu_s_default_fit"].as_f64().unwrap();
        let best = fixture["llf_exact_best_known"].as_f64();
        let (found, best) = match best {
            Some(best) => (fit.log_likelihood(), best),
            None => {
                let diffuse = fixture["llf_exact_diffuse_at_params"].as_f64().unwrap();
                (fit.log_likelihood_diffuse(), diffuse)
            }
        };
        println!(
            "{:24} {:5} {found:12.4} {best:12.4} {:12.4} {:6} {cpu:9.4} {theirs:9.3} {:7.0}",
            fixture["name"].as_str().unwrap(),
            y.values.len(),
            fixture["llf_default_fit"].as_f64().unwrap(),
            fit.evaluations(),
            theirs / cpu,
        );
        ratios.push(theirs / cpu);
    }
    ratios.sort_by(f64::total_cmp);
    if !ratios.is_empty() {
        println!("median ratio {:.0}", ratios[ratios.len() / 2]);
    }
}

/// SplitMix64, as numbers about 0.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as f64 / 18_446_744_073_709_551_616.0 - 0.5
    }
}

/// Hourly load: a day, a week, noise that lasts.
fn load(n: usize, seed: u64) -> Vec<f64> {
    let mut draws = Draws(seed);
    let mut noise = 0.0;
    (0..n)
        .map(|t| {
            noise = 0.8 * noise + draws.next();
            let turn = |season: f64| (std::f64::consts::TAU * t as f64 / season).sin();
            10.0 + 3.0 * turn(24.0) + turn(12.0) + turn(168.0) + noise
        })
        .collect()
}

fn line(name: &str, n: usize, fit: &SarimaxFit, cpu: f64) {
    let (llf, evaluations) = (fit.log_likelihood(), fit.evaluations());
    println!("{name:44} {n:5} {llf:12.4} {evaluations:6} {cpu:9.4}");
}

fn large() {
    println!("\n{:44} {:>5} {:>12} {:>6} {:>9}", "fit", "n", "llf", "evals", "cpu s");
    let none = Indicators::default();
    if let Some(vic) = fixtures("sarimax").iter().find(|f| f["name"] == "vic_elec_hourly_xreg") {
        let y = series(numbers(&vic["y"]));
        let orders = Orders::new(2, 0, 1).seasonal(1, 1, 1, 24);
        let model = Sarimax::new(orders, Trend::None);
        let (fit, cpu) = timed(0.1, || model.fit_series(&y, &none).unwrap());
        line("vic_elec (2,0,1)(1,1,1)24", y.values.len(), &fit, cpu);
        let (warm, cpu) = timed(0.1, || model.fit_from(&fit, &y, &none).unwrap());
        line("the same from its own parameters", y.values.len(), &warm, cpu);
    }
    let y = series(load(2_000, 3));
    let mut draws = Draws(5);
    let columns: Vec<Vec<f64>> =
        (0..20).map(|_| (0..2_000).map(|_| draws.next()).collect()).collect();
    let x = Indicators { names: (1..=20).map(|c| format!("x{c}")).collect(), columns };
    let model = Sarimax::new(Orders::new(2, 0, 1), Trend::Constant);
    let (fit, cpu) = timed(0.1, || model.fit_series(&y, &x).unwrap());
    line("(2,0,1) with 20 regressors", 2_000, &fit, cpu);
    let harmonics = vec![
        tracehound_forecast::Harmonics { season: 24.0, pairs: 6 },
        tracehound_forecast::Harmonics { season: 168.0, pairs: 3 },
    ];
    let model = Sarimax { harmonics, ..model };
    let (mut fit, cpu) = timed(0.1, || model.fit_series(&y, &none).unwrap());
    line("(2,0,1) with 18 columns of harmonics", 2_000, &fit, cpu);
    let (_, cpu) = timed(0.1, || fit.forecast(24, &none, &[0.8, 0.95]).unwrap());
    println!("forecast 24 steps from the end of 2,000 {cpu:.2e} s");
    let (_, cpu) = timed(0.1, || fit.append(&[10.0], &none).unwrap());
    println!("append a value {cpu:.2e} s");
}

fn auto() {
    println!(
        "\n{:24} {:>5} {:>22} {:>10} {:>10} {:>5} {:>8} {:>8} {:>8} {:>8}",
        "automatic orders",
        "n",
        "orders",
        "aicc",
        "others",
        "tried",
        "cpu s",
        "R s",
        "sf s",
        "pm s"
    );
    for fixture in fixtures("auto-arima") {
        let (y, x) = (series(numbers(&fixture["y"])), indicators(&fixture["exog"]));
        let season = usize::try_from(fixture["m"].as_u64().unwrap()).unwrap();
        let (found, cpu) = timed(0.1, || AutoArima::new(season).fit_series(&y, &x).unwrap());
        let aicc = |program: &str| match &fixture[program]["aicc"] {
            Value::Array(all) => all[0].as_f64(),
            number => number.as_f64(),
        };
        let programs = ["r", "statsforecast", "pmdarima"];
        let lowest = programs.iter().filter_map(|p| aicc(p)).fold(f64::INFINITY, f64::min);
        let theirs = programs.map(|p| fixture[p]["cpu_s"].as_f64().unwrap_or(f64::NAN));
        println!(
            "{:24} {:5} {:>22} {:10.3} {lowest:10.3} {:5} {cpu:8.3} {:8.3} {:8.3} {:8.3}",
            fixture["name"].as_str().unwrap(),
            y.values.len(),
            format!("{}{}", found.fit.model().orders, drift(&found.fit)),
            found.fit.aicc(),
            found.tried.len(),
            theirs[0],
            theirs[1],
            theirs[2],
        );
    }
    let mut hourly = vec![("drawn load".to_owned(), load(672, 9))];
    for set in fixtures("series") {
        for entry in
            set.as_array().into_iter().flatten().filter(|e| e["freq"] == "H" && e["y"].is_array())
        {
            let values = numbers(&entry["y"]);
            let from = values.len().saturating_sub(672);
            hourly.push((entry["id"].as_str().unwrap().to_owned(), values[from..].to_vec()));
        }
    }
    for (name, values) in hourly {
        let y = series(values);
        let none = Indicators::default();
        let (found, cpu) = timed(0.0, || AutoArima::new(24).fit_series(&y, &none).unwrap());
        println!(
            "{name:30} {:5} {:>22} {:10.3} {:5} {cpu:8.3}",
            y.values.len(),
            format!("{}{}", found.fit.model().orders, drift(&found.fit)),
            found.fit.aicc(),
            found.tried.len(),
        );
    }
}

fn drift(fit: &SarimaxFit) -> &'static str {
    if fit.model().trend.has_constant() { "+c" } else { "" }
}

fn main() {
    fits();
    large();
    auto();
}
