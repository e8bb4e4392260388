//! A service that keeps many hourly series fresh: each takes on a value, says what comes with bounds, and is watched.
//!
//! `cargo bench -p tracehound-forecast --bench rolling_service [-- SERIES HOURS HISTORY FITS]`: FITS (48) series of HISTORY
//! (1,344, as many as the default forecast uses) hours are fitted and take on HOURS (4) values each; then so many copies of these
//! fits that there are SERIES (10,000) take them on, which costs what it costs with fits of their own and needs the memory
//! that those need. CPU seconds are those of all threads, an update's time is that of a clock (other work on the machine is in its
//! 99th percentile). Loads are drawn with a fixed seed.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods)]

use std::f64::consts::TAU;

use forecast::{Auto, AutoFit, Fitted, Indicators, Series, Step, Tracking, TrackingLimits};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use tracehound_forecast as forecast;

const HORIZON: usize = 24;
const LEVELS: [f64; 2] = [0.8, 0.95];

/// A day, a week, a level that wanders, noise.
fn load(seed: u64, n: usize) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut level, size) = (0.0, 10.0 + 1_000.0 * random.random::<f64>());
    let value = |t: usize| {
        level += 0.02 * (random.random::<f64>() - 0.5);
        let day = 0.4 * (TAU * t as f64 / 24.0).sin();
        let week = if t / 24 % 7 >= 5 { -0.3 } else { 0.0 };
        size * (level + day + week + 0.1 * random.random::<f64>()).exp()
    };
    (0..n).map(value).collect()
}

/// CPU seconds of the process.
fn process_s() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn peak_mib() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1_024.0
}

#[derive(Clone)]
struct Served {
    fit: AutoFit,
    tracking: Tracking,
    ahead: Vec<f64>,
}

fn served(seed: u64, history: usize, hours: usize) -> Served {
    let values = load(seed, history + hours);
    let auto = Auto::for_step(Step::Seconds(3_600), HORIZON);
    let series =
        Series { start_s: 0, step: Step::Seconds(3_600), values: values[..history].to_vec() };
    let fit = auto.inspect(&series).unwrap();
    let error = fit.past_error().unwrap_or(1.0);
    let tracking =
        Tracking::new(&values[..history], 24, Some(error), TrackingLimits::default()).unwrap();
    Served { fit, tracking, ahead: values[history..].to_vec() }
}

impl Served {
    /// A value comes: milliseconds until it is taken on and the next forecast is known.
    fn update(&mut self, hour: usize) -> f64 {
        let begin = std::time::Instant::now();
        self.tracking.value(self.ahead[hour]);
        self.fit.append(&self.ahead[hour..=hour]).unwrap();
        let forecast = self.fit.forecast(HORIZON, &Indicators::default(), &LEVELS).unwrap();
        self.tracking.forecast(&forecast);
        std::hint::black_box(self.tracking.health());
        begin.elapsed().as_secs_f64() * 1e3
    }
}

/// Takes on all values: milliseconds of each update, ascending, and CPU seconds of all.
fn updates(all: &mut [Served], hours: usize) -> (Vec<f64>, f64) {
    let begin = process_s();
    let mut spent: Vec<f64> = Vec::new();
    for hour in 0..hours {
        let round: Vec<f64> = all.par_iter_mut().map(|served| served.update(hour)).collect();
        spent.extend(round);
    }
    spent.sort_by(f64::total_cmp);
    (spent, process_s() - begin)
}

fn print(what: &str, n: usize, fit_s: f64, (spent, updates_s): &(Vec<f64>, f64)) {
    let at = |percent: usize| spent[(spent.len() - 1) * percent / 100];
    let update_s = updates_s / spent.len() as f64;
    println!(
        "{what:14} {n:7} {fit_s:10.4} {:9.3} {:9.3} {:9.3} {:14.4} {:9.0}",
        at(50),
        at(99),
        1e3 * update_s,
        fit_s / 24.0 + update_s,
        peak_mib(),
    );
}

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|text| text.parse().ok()).collect();
    let number = |at: usize, usual: usize| asked.get(at).copied().unwrap_or(usual);
    let (n, hours, history, n_fits) =
        (number(0, 10_000), number(1, 4), number(2, 1_344), number(3, 48));
    println!("{n_fits} fits of {history} hours, a fit anew each day, {hours} updates each");
    println!(
        "{:14} {:>7} {:>10} {:>9} {:>9} {:>9} {:>14} {:>9}",
        "", "series", "fit CPU s", "p50 ms", "p99 ms", "CPU ms", "CPU s an hour", "peak MiB"
    );
    let begin = process_s();
    let fits: Vec<Served> =
        (0..n_fits as u64).into_par_iter().map(|seed| served(seed, history, hours)).collect();
    let fit_s = (process_s() - begin) / n_fits as f64;
    print("fits", n_fits, fit_s, &updates(&mut fits.clone(), hours));
    let mut all: Vec<Served> = (0..n).map(|at| fits[at % n_fits].clone()).collect();
    print("all", n, fit_s, &updates(&mut all, hours));
}
