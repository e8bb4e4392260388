//! Early warning on a platform that reacts to a market 15 minutes late: precision, recall with lead, false pages and
//! calibration, beside rules that people use today. Eight weeks of five-minute steps a seed, fitted to the first 60 %, replayed
//! over the rest; a breach is a load of 1.8 times its season.
//!
//! `cargo bench -p tracehound-forecast --bench warning -- [SEED FROM] [SEEDS] [WEEKS] [BARS.csv]`

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::disallowed_methods
)]

use simulate::load::{LoadSpec, MarketBar, MarketSpec, load, market, season};
use tracehound_forecast as forecast;

use forecast::indicators;
use forecast::warning::{Capacity, Scorecard, Warner, WarningOptions, Watched};
use forecast::{Bars, Indicator, Series, Step};

/// A Monday.
const START_S: i64 = 1_704_067_200;
const STEP: usize = 300;
const TRAINING: f64 = 0.6;
/// Load over its season that counts as a breach.
const BREACH: f64 = 1.8;

struct World {
    series: Series,
    capacity: Capacity,
    indicators: Vec<Indicator>,
    load: Vec<f64>,
}

fn world(seed: u64, n: usize, real: Option<&[MarketBar]>) -> World {
    let spec = LoadSpec::default();
    let bars = match real {
        Some(bars) => bars[..n.min(bars.len())].to_vec(),
        None => market(seed, n, &MarketSpec::default()),
    };
    let load = load(seed, &bars, &spec);
    let column = |of: fn(&MarketBar) -> f64| bars.iter().map(of).collect();
    let candles = Bars {
        start_s: START_S,
        step_s: 300,
        open: column(|bar| bar.open),
        high: column(|bar| bar.high),
        low: column(|bar| bar.low),
        close: column(|bar| bar.close),
        volume: column(|bar| bar.volume),
    };
    // A step's load is known when it ends, as its candle is.
    let end = START_S + 300;
    let at = |step: usize| (end + (STEP * step) as i64, BREACH * spec.base * season(step, &spec));
    World {
        series: Series { start_s: end, step: Step::Seconds(300), values: load.clone() },
        capacity: Capacity::Schedule((0..bars.len() + 100).map(at).collect()),
        indicators: indicators::market(&candles).unwrap(),
        load,
    }
}

/// What is added up over seeds.
#[derive(Default)]
struct Sum {
    breaches: usize,
    foretold: usize,
    alerts: usize,
    hits: usize,
    weeks: f64,
    error: f64,
    runs: f64,
    leads: Vec<i64>,
}

impl Sum {
    fn add(&mut self, card: &Scorecard) {
        self.breaches += card.n_breaches;
        self.foretold += card.n_foretold;
        self.alerts += card.n_alerts;
        self.hits += card.n_hits;
        self.weeks += card.weeks;
        self.error += card.calibration_error;
        self.runs += 1.0;
        self.leads.extend(card.breaches.iter().filter_map(|breach| breach.lead_s));
    }

    fn print(&mut self, name: &str) {
        self.leads.sort_unstable();
        let lead = self.leads.get(self.leads.len() / 2).copied().unwrap_or(0) / 60;
        println!(
            "{name:24} {:8} {:6} {:9.3} {:8.3} {lead:9} {:11.2} {:6.3}",
            self.breaches,
            self.alerts,
            self.hits as f64 / (self.alerts.max(1)) as f64,
            self.foretold as f64 / (self.breaches.max(1)) as f64,
            (self.alerts - self.hits) as f64 / self.weeks,
            self.error / self.runs,
        );
    }
}

/// Alerts of a plain score over a threshold, judged as the others are.
fn plain(world: &World, score: &[f64], threshold: f64, from: usize) -> Scorecard {
    let options = WarningOptions::for_step(300);
    let watched =
        Watched { load: &world.series, capacity: &world.capacity, indicators: &world.indicators };
    forecast::warning::judge_scores(&watched, &options, score, threshold, from).unwrap()
}

/// The score that only a share of the training steps without a breach reaches.
fn quantile(score: &[f64], share: f64) -> f64 {
    let mut sorted: Vec<f64> = score.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[(sorted.len() as f64 * (1.0 - share)) as usize]
}

fn baselines(world: &World, sums: &mut [Sum; 3]) {
    let n = world.load.len();
    let until = (n as f64 * TRAINING) as usize;
    let spec = LoadSpec::default();
    let ratio: Vec<f64> =
        (0..n).map(|at| world.load[at] / (spec.base * season(at, &spec))).collect();
    let volatility = &world.indicators[0].values;
    let quiet = |score: &[f64]| -> Vec<f64> {
        (0..until).filter(|at| ratio[*at] < BREACH).map(|at| score[at]).collect()
    };
    sums[0].add(&plain(world, &ratio, quantile(&quiet(&ratio), 0.005), until));
    sums[1].add(&plain(world, volatility, quantile(&quiet(volatility), 0.005), until));
    sums[2].add(&plain(world, &ratio, BREACH, until));
}

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let number = |at: usize, or: u64| arguments.get(at).map_or(or, |text| text.parse().unwrap());
    let (first, seeds, weeks) = (number(0, 101), number(1, 6), number(2, 8));
    let real = arguments.get(3).map(|path| read(path));
    let n = weeks as usize * 7 * 288;
    let mut all = Sum::default();
    let mut alone = Sum::default();
    let mut plain: [Sum; 3] = Default::default();
    for seed in first..first + seeds {
        let world = world(seed, n, real.as_deref());
        let options = WarningOptions::for_step(300);
        let watched =
            |indicators| Watched { load: &world.series, capacity: &world.capacity, indicators };
        let begin = std::time::Instant::now();
        let card = Warner::replay(&watched(&world.indicators), &options, TRAINING).unwrap();
        let seconds = begin.elapsed().as_secs_f64();
        println!(
            "seed {seed}: {} breaches, {} foretold, {} alerts, {} hits, {:.1} s",
            card.n_breaches, card.n_foretold, card.n_alerts, card.n_hits, seconds
        );
        all.add(&card);
        alone.add(&Warner::replay(&watched(&[]), &options, TRAINING).unwrap());
        baselines(&world, &mut plain);
    }
    println!(
        "\n{:24} {:>8} {:>6} {:>9} {:>8} {:>9} {:>11} {:>6}",
        "detector", "breaches", "alerts", "precision", "recall", "lead min", "false a wk", "ECE"
    );
    all.print("load and market");
    alone.print("load alone");
    for (sum, name) in
        plain.iter_mut().zip(["ratio, 0.5 % of steps", "volatility, 0.5 %", "static 1.8"])
    {
        sum.print(name);
    }
}

/// Bars of five minutes as `open,high,low,close,volume`, a line each, the oldest first, without a header.
fn read(path: &str) -> Vec<MarketBar> {
    let text = std::fs::read_to_string(path).unwrap();
    let bar = |line: &str| {
        let row: Vec<f64> = line.split(',').map(|cell| cell.trim().parse().unwrap()).collect();
        MarketBar { open: row[0], high: row[1], low: row[2], close: row[3], volume: row[4] }
    };
    text.lines().map(bar).collect()
}
