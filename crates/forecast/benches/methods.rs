//! Milliseconds on a processor of a fit and of a forecast with two levels of bounds, mean of ten, on a series from
//! a fixed seed.
//!
//! `cargo bench -p tracehound-forecast --bench methods`

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use forecast::{
    Auto, DoubleSeasonal, Ets, Fitted, Indicators, Method, Mstl, Prophet, Regression,
    SeasonalNaive, Series, Step, Theta,
};
use tracehound_forecast as forecast;

/// A load of hours or days: a trend, a short and a long season, noise by SplitMix64.
fn load(n: usize, short: usize, long: usize, step_s: u32) -> Series {
    let mut state = 7_u64;
    let mut noise = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / 9_007_199_254_740_992.0 - 0.5
    };
    let wave = |t: usize, m: usize| (std::f64::consts::TAU * t as f64 / m as f64).sin();
    let value = |t: usize| 100.0 + 0.01 * t as f64 + 20.0 * wave(t, short) + 10.0 * wave(t, long);
    let values = (0..n).map(|t| value(t) + 8.0 * noise()).collect();
    Series { start_s: 1_200_000_000, step: Step::Seconds(step_s), values }
}

/// Runs a method.
const RUNS: u32 = 10;

/// Seconds this thread has been on a processor (Linux; elsewhere 0): other work on a shared machine does not count.
fn cpu_s() -> f64 {
    #[expect(clippy::disallowed_methods, reason = "a measurement asks the system")]
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

/// Seconds that all threads of this process have been on a processor, in steps of 10 ms: trees are grown by several.
fn process_cpu_s() -> f64 {
    #[expect(clippy::disallowed_methods, reason = "a measurement asks the system")]
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.map(|ticks| ticks.parse::<f64>().unwrap_or(0.0)).sum::<f64>() / 100.0
}

/// The default forecast in rolling use: a fit, then a value and a forecast at a time.
fn rolling(n: usize) {
    let values = load(n + 240, 24, 168, 3_600).values;
    let series = |to: usize| Series {
        start_s: 0,
        step: Step::Seconds(3_600),
        values: values[..to].to_vec(),
    };
    let auto = Auto::for_step(Step::Seconds(3_600), 24);
    let begin = process_cpu_s();
    for _ in 0..RUNS - 1 {
        auto.inspect(&series(n)).unwrap();
    }
    let mut fit = auto.inspect(&series(n)).unwrap();
    let fit_s = (process_cpu_s() - begin) / f64::from(RUNS);
    let begin = process_cpu_s();
    for value in &values[n..] {
        fit.append(&[*value]).unwrap();
    }
    let append_s = (process_cpu_s() - begin) / 240.0;
    let begin = process_cpu_s();
    for _ in 0..240 {
        fit.forecast(24, &Indicators::default(), &[0.8, 0.95]).unwrap();
    }
    let forecast_s = (process_cpu_s() - begin) / 240.0;
    println!(
        "auto on {n} hours, all threads: fit {:.1} ms, a value taken on {:.2} ms, forecast with bounds {:.2} ms",
        1e3 * fit_s,
        1e3 * append_s,
        1e3 * forecast_s
    );
}

fn measure(name: &str, method: &dyn Method, series: &Series, horizon: usize) {
    let none = Indicators::default();
    // The system counts in steps of milliseconds: many runs, their mean.
    let (mut fit_s, mut forecast_s) = (0.0, 0.0);
    for _ in 0..RUNS {
        let begin = cpu_s();
        let fitted = method.fit(series, &none).unwrap();
        fit_s += cpu_s() - begin;
        let begin = cpu_s();
        fitted.forecast(horizon, &none, &[0.8, 0.95]).unwrap();
        forecast_s += cpu_s() - begin;
    }
    let each = |total: f64| 1e3 * total / f64::from(RUNS);
    let n = series.values.len();
    println!("{name:20} {n:6} {horizon:8} {:10.2} {:12.2}", each(fit_s), each(forecast_s));
}

fn main() {
    println!(
        "{:20} {:>6} {:>8} {:>10} {:>12}",
        "method", "values", "horizon", "fit ms", "forecast ms"
    );
    let hours = load(1_344, 24, 168, 3_600);
    let methods: Vec<(&str, Box<dyn Method>)> = vec![
        ("seasonal-naive", Box::new(SeasonalNaive { season: 24 })),
        (
            "regression",
            Box::new(Regression {
                seasons: vec![(24, 4), (168, 4)],
                trend: true,
                lags: vec![1, 2, 3, 24, 168],
                ridge: 1.0,
            }),
        ),
        ("double-seasonal", Box::new(DoubleSeasonal { short: 24, long: 168 })),
        ("theta", Box::new(Theta { season: 24 })),
        ("ets (automatic)", Box::new(Ets { season: 24, form: None })),
        ("mstl", Box::new(Mstl { seasons: vec![24, 168], robust: false, every_place: false })),
        ("prophet", Box::new(Prophet::default())),
        ("auto", Box::new(Auto::for_step(Step::Seconds(3_600), 24))),
    ];
    for (name, method) in &methods {
        measure(name, &**method, &hours, 24);
    }
    rolling(336);
    rolling(1_344);
    // The size of Prophet's own example: eight years of days, a year ahead.
    measure("prophet, 8 years", &Prophet::default(), &load(2_905, 7, 365, 86_400), 365);
}
