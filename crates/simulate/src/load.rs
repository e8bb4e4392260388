//! A market whose volatility comes in clusters, and the load of a platform that people run to when prices move.
//!
//! In: a seed, steps, a [`MarketSpec`] or candles of a real market, a [`LoadSpec`]. Out: [`MarketBar`]s and a load a step, both known
//! when the step ends. Source: Bollerslev 1986 (GARCH(1,1)); the delay of reactions as exchanges describe it (a surge of
//! traffic within a quarter of an hour of a large move, gone in an hour or two).
//! Departures: only sums, products and square roots, so that a world is the same on every platform: a normal number is a sum
//! of twelve uniform ones, seasons are parabolas. Cost: O(steps · reach of a reaction).
//! Checked against: moments, delays and seeds (`tests/it/load.rs`).

use crate::dice::Dice;

/// Parts of a bar in which its price walks.
const WALKS: usize = 5;
/// Uniform numbers in a normal one.
const UNIFORMS: u32 = 12;

/// A candle of a market.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarketBar {
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Volume.
    pub volume: f64,
}

/// A market: variances are of a bar's return.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarketSpec {
    /// Standard deviation of a bar's return in the long run.
    pub deviation: f64,
    /// Share of a squared return in the next variance.
    pub reaction: f64,
    /// Share of the variance that stays.
    pub persistence: f64,
    /// Sudden moves in a million bars.
    pub jumps_per_million: u64,
    /// Smallest size of a sudden move in deviations; up to twice as much.
    pub jump_deviations: f64,
}

impl Default for MarketSpec {
    /// Bars of five minutes with a sudden move in a day and a half: a kurtosis of about 30, as coins have it (20 to 50).
    fn default() -> Self {
        Self {
            deviation: 0.002,
            reaction: 0.06,
            persistence: 0.92,
            jumps_per_million: 2_500,
            jump_deviations: 8.0,
        }
    }
}

/// How a platform's load behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadSpec {
    /// Seconds of a step.
    pub step_s: u32,
    /// Usual load.
    pub base: f64,
    /// Share by which the best hour of a day is above the usual load, and the worst below.
    pub daily: f64,
    /// Share that a weekend lacks.
    pub weekend: f64,
    /// Deviation of the noise, a share of the load.
    pub noise: f64,
    /// Share of the noise that stays from step to step.
    pub noise_persistence: f64,
    /// Seconds from a move to the first reaction.
    pub delay_s: u32,
    /// Seconds in which the reaction then grows.
    pub rise_s: u32,
    /// Seconds in which half of it is gone again.
    pub half_life_s: u32,
    /// Share of the usual load that a move adds for each of its deviations beyond the third.
    pub gain: f64,
    /// How differently moves of one size are talked about: a share of their pull, either way.
    pub talk: f64,
    /// Surges without any move, in a million steps.
    pub surprises_per_million: u64,
}

impl Default for LoadSpec {
    /// Steps of five minutes; people come from 15 minutes after a move on, over another 15, and half of them leave in 45.
    /// With the market's default this brings the load to 1.8 times its season about four times a week.
    fn default() -> Self {
        Self {
            step_s: 300,
            base: 1_000.0,
            daily: 0.4,
            weekend: 0.15,
            noise: 0.05,
            noise_persistence: 0.7,
            delay_s: 900,
            rise_s: 900,
            half_life_s: 2_700,
            gain: 0.45,
            talk: 0.2,
            surprises_per_million: 30,
        }
    }
}

fn uniform(dice: &mut Dice) -> f64 {
    // 53 bits, exact in a float.
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    let number = dice.below(1 << 53) as f64;
    number / 9_007_199_254_740_992.0
}

/// Mean 0, deviation 1, tails to 6.
fn normal(dice: &mut Dice) -> f64 {
    (0..UNIFORMS).map(|_| uniform(dice)).sum::<f64>() - f64::from(UNIFORMS) / 2.0
}

/// Candles of a market from a seed, the first opening at a price of 2000.
pub fn market(seed: u64, n: usize, spec: &MarketSpec) -> Vec<MarketBar> {
    let mut dice = Dice::new(seed, 101);
    let long_run = spec.deviation * spec.deviation;
    let fresh = long_run * (1.0 - spec.reaction - spec.persistence);
    let (mut variance, mut price) = (long_run, 2_000.0_f64);
    let mut bars = Vec::with_capacity(n);
    for _ in 0..n {
        let open = price;
        let (mut high, mut low) = (open, open);
        let deviation = (variance / WALKS as f64).sqrt();
        let jump = jump(&mut dice, spec);
        let place = dice.index(WALKS);
        for walk in 0..WALKS {
            let sudden = if walk == place { jump } else { 0.0 };
            // A price never falls by more than half in a part of a bar.
            price *= 1.0 + (deviation * normal(&mut dice) + sudden).clamp(-0.5, 1.0);
            (high, low) = (high.max(price), low.min(price));
        }
        let change = price / open - 1.0;
        let volume = (1.0 + change.abs() / spec.deviation) * (50.0 + 100.0 * uniform(&mut dice));
        bars.push(MarketBar { open, high, low, close: price, volume });
        variance = fresh + spec.reaction * change * change + spec.persistence * variance;
    }
    bars
}

fn jump(dice: &mut Dice, spec: &MarketSpec) -> f64 {
    if dice.below(1_000_000) >= spec.jumps_per_million {
        return 0.0;
    }
    let size = spec.jump_deviations * spec.deviation * (1.0 + uniform(dice));
    if dice.chance(500) { size } else { -size }
}

/// The load of a platform, a value a bar; step 0 begins on a Monday at midnight UTC.
pub fn load(seed: u64, bars: &[MarketBar], spec: &LoadSpec) -> Vec<f64> {
    let mut dice = Dice::new(seed, 102);
    let pull = pull(&mut dice, bars, spec);
    let fresh = (1.0 - spec.noise_persistence * spec.noise_persistence).sqrt();
    let mut noise = 0.0;
    let value = |(at, pull): (usize, f64)| {
        noise = spec.noise_persistence * noise + fresh * normal(&mut dice);
        let load = spec.base * season(at, spec) * (1.0 + pull) * (1.0 + spec.noise * noise);
        load.max(0.0)
    };
    pull.into_iter().enumerate().map(value).collect()
}

/// Usual load over `base` at a step.
pub fn season(at: usize, spec: &LoadSpec) -> f64 {
    let second = at as f64 * f64::from(spec.step_s);
    let day = second / 86_400.0;
    let hour = day.fract();
    // A parabola each half of the day: low at night, high in the afternoon.
    let half = |x: f64| 16.0 * x * (0.5 - x);
    let wave = if hour < 0.5 { -half(hour) } else { half(hour - 0.5) };
    let weekend = if day % 7.0 >= 5.0 { 1.0 - spec.weekend } else { 1.0 };
    (1.0 + spec.daily * wave) * weekend
}

/// What people come for: share of the usual load that is added at each step.
fn pull(dice: &mut Dice, bars: &[MarketBar], spec: &LoadSpec) -> Vec<f64> {
    let n = bars.len();
    let steps = |span: u32| (span / spec.step_s.max(1)) as usize;
    let kernel = kernel(spec);
    let mut pull = vec![0.0; n];
    // What a move is measured by: its own deviation over the last days.
    let mut usual = 0.0;
    let mut add = |from: usize, size: f64| {
        for (ahead, share) in kernel.iter().enumerate() {
            if let Some(place) = pull.get_mut(from + ahead) {
                *place += size * share;
            }
        }
    };
    let mut last = 0.0;
    for (at, bar) in bars.iter().enumerate() {
        let from = at.saturating_sub(2);
        let change = bar.close / bars[from].open - 1.0;
        usual = if at == 0 { change * change } else { 0.999 * usual + 0.001 * change * change };
        let deviations = change.abs() / usual.sqrt().max(1e-9);
        // Some moves are talked about, others are not.
        let talk = 1.0 + spec.talk * (2.0 * uniform(dice) - 1.0);
        let news = if at < 300 { 0.0 } else { (deviations - 3.0).clamp(0.0, 6.0) };
        // A move that goes on is one: only what it grew by is new.
        add(at + steps(spec.delay_s), spec.gain * talk * (news - last).max(0.0));
        last = if news > 0.0 { news.max(last) } else { 0.0 };
        if dice.below(1_000_000) < spec.surprises_per_million {
            add(at, 0.5 + 0.7 * uniform(dice));
        }
    }
    pull
}

/// Shares of a reaction from its first step on.
fn kernel(spec: &LoadSpec) -> Vec<f64> {
    let steps = |span: u32| (span / spec.step_s.max(1)).max(1) as usize;
    let (rise, half) = (steps(spec.rise_s), steps(spec.half_life_s));
    let mut kernel: Vec<f64> = (1..=rise).map(|at| at as f64 / rise as f64).collect();
    for at in 1..=6 * half {
        // Straight lines between halves: no powers, which differ between platforms.
        let halves = at / half;
        let within = (at % half) as f64 / half as f64;
        let from = (0..halves).fold(1.0, |size, _| size / 2.0);
        kernel.push(from * (1.0 - within / 2.0));
    }
    kernel
}
