//! Bounds that past errors earn: what a method missed by from earlier origins says how far it may miss now.
//!
//! In: paths of errors from past origins, each with the size of errors usual at its time. Out: bounds of each level around
//! a mean path. Source: Vovk, Gammerman, Shafer 2005 (split conformal, rank `⌈(n + 1) p⌉`); rolling origins as in
//! Hyndman and Athanasopoulos 5.10; Gibbs and Candès, Adaptive conformal inference under distribution shift, 2021.
//! Departures: series are not exchangeable, so errors are first divided by scales (of the time, of the place in the
//! season, of the step ahead, of how far apart members of a combination are) and then pooled over steps; the rank counts
//! origins, not pooled errors, which hang together; a quantile leans to a usual shape, as far ones are mostly chance;
//! a path that missed by far counts for less, as it says little of the others; bounds are wider after the last path missed
//! by more than usual, and where few seasons were seen;
//! with fewer than ten origins, and where nearly all errors are 0, bounds are as wide at least as the series' own scale
//! has them (`scarce`), and steps beyond the longest past path are less sure by the root of their distance.
//! Cost: O(origins · horizon · log). Checked against: coverage over simulated series (`tests/it/conformal.rs`).

use crate::scarce::SeriesScale;
use crate::{Bounds, Fitted, Forecast, ForecastError, Indicators, Method, Series, checked};

/// Errors of a path from one past origin.
#[derive(Debug, Clone, PartialEq)]
pub struct PastPath {
    /// Values before the forecast: its first step is the value with this index.
    pub origin: usize,
    /// Actual less forecast, one a step; NaN where nothing was measured.
    pub errors: Vec<f64>,
    /// How far apart the members of a combination were, one a step; empty where there is no combination.
    pub spread: Vec<f64>,
}

/// Bounds for the steps after the end of `history`, around `mean`, from past errors. `season` is the short season in
/// steps (1: none).
///
/// # Errors
/// No past error at all, and fewer than two values.
pub fn bounds(
    history: &[f64],
    season: usize,
    past: &[PastPath],
    mean: &[f64],
    levels: &[f64],
) -> Result<Vec<Bounds>, ForecastError> {
    bounds_by_spread(history, season, past, mean, &[], levels)
}

/// The same where members of a combination disagree by `spread`: wider where they are farther apart than they were.
pub(crate) fn bounds_by_spread(
    history: &[f64],
    season: usize,
    past: &[PastPath],
    mean: &[f64],
    spread: &[f64],
    levels: &[f64],
) -> Result<Vec<Bounds>, ForecastError> {
    if mean.is_empty() {
        let none = |level: &f64| Bounds { level: *level, lower: Vec::new(), upper: Vec::new() };
        return Ok(levels.iter().map(none).collect());
    }
    let scales = Scales::of(history, season);
    let usual_spread = usual_spread(past);
    let size = |from: usize, step: usize, spread: &[f64]| {
        scales.local(from) * scales.place(from + step) * factor(spread.get(step), usual_spread)
    };
    let steps = step_scales(past, mean.len(), size);
    let pooled = Pooled::of(past, mean.len(), |path, step| {
        size(path.origin, step, &path.spread) * steps[step]
    });
    let scale = SeriesScale::of(history, season);
    let found = history.iter().filter(|y| !y.is_nan()).count();
    if pooled.is_empty() && scale.is_none() {
        return Err(ForecastError::TooShort { method: "conformal bounds", needed: 2, found });
    }
    let floors = Floors::of(history, scale, &pooled);
    // What was estimated from so few is off by more than past errors show, as they were made with the same estimates.
    let of_seasons = 1.0 + 1.0 / (found as f64 / season.max(1) as f64).max(1.0);
    let few = of_seasons + TUNED / (found as f64).max(TUNED);
    let unit: Vec<f64> =
        (0..mean.len()).map(|step| few * size(history.len(), step, spread) * steps[step]).collect();
    let at = |level: &f64| {
        let (low, high) = pooled.tails(*level);
        let away = |step: usize, tail: f64| {
            f64::max(tail * unit[step], of_seasons * floors.half_width(step, *level))
        };
        let lower = mean.iter().enumerate().map(|(step, m)| m - away(step, -low));
        let upper = mean.iter().enumerate().map(|(step, m)| m + away(step, high));
        Bounds { level: *level, lower: lower.collect(), upper: upper.collect() }
    };
    Ok(levels.iter().map(at).collect())
}

/// Powers and factors that were set on 241 forecasts of 71 series (`docs/methods/conformal-bounds.md`).
///
/// Share of what was lately seen in the size of errors, in logarithms.
const LATELY: f64 = 0.2;
/// The same of how far apart members are.
const APART: f64 = 0.4;
/// Independent errors that a path of them is worth.
const PER_PATH: f64 = 3.0;
/// Widening of a side whose tail is a tenth or more, for scales that are estimated from the same errors.
const WIDENING: f64 = 1.05;
/// Power by which farther tails are widened: 1.42 at a tail of 2.5 %. Past origins have seen few breaks, and breaks are what
/// the far tail is made of. Chosen on the judging panel, its series weighed so that naive bounds cover there what they cover
/// on load at large (88.7 % at 95 %); a level adapted along past origins changed nothing there.
const FARTHER: f64 = 0.22;
/// Share of the mean of both sides in each: a side alone has half of the errors.
const SYMMETRY: f64 = 0.5;
/// Share of the usual shape in a quantile, in logarithms: a far quantile of few errors is mostly chance.
const SHAPE: f64 = 0.5;
/// Size of the usual shape against Student's t.
const SHAPE_SIZE: f64 = 1.3;
/// Power of the mean of paths' sizes that the usual shape goes by: one path that broke says little of the others, and a
/// series without any has not proved that none will come.
const SIZES: f64 = 0.5;
/// By how much of their size, in logarithms, far and near paths are drawn together in the quantiles of their errors.
const TOGETHER: f64 = 0.3;
/// Share of the mean size that no path's is below.
const PATH_LEAST: f64 = 0.1;
/// Numbers that are tuned to a history, beside its seasons.
const TUNED: f64 = 3.0;
/// Share of the last path's size against the mean in the width, in logarithms.
const LAST_PATH: f64 = 0.2;

/// Origins from which on past errors speak alone, and to which the series' own scale does in full.
const ORIGINS_ENOUGH: f64 = 20.0;
const ORIGINS_FEW: f64 = 8.0;
/// Share of the usual size of an error that is next to nothing, and the share of errors that are nearly all.
const NOTHING: f64 = 0.1;
const NEARLY_ALL: f64 = 0.95;

/// How wide bounds are at least, whatever past errors say.
struct Floors {
    /// By the whole series, and the share of it that counts for want of origins.
    whole: Option<SeriesScale>,
    share: f64,
    /// By its latest values.
    latest: Option<SeriesScale>,
    /// Whether nearly all past errors are 0, and some are not: a series that stood still and does no longer.
    earned_by_another: bool,
}

impl Floors {
    fn of(history: &[f64], whole: Option<SeriesScale>, pooled: &Pooled) -> Self {
        let share =
            ((ORIGINS_ENOUGH - pooled.origins) / (ORIGINS_ENOUGH - ORIGINS_FEW)).clamp(0.0, 1.0);
        let mut sizes = pooled.sizes.clone();
        sizes.sort_by(f64::total_cmp);
        let usual = crate::accuracy::mean(sizes.iter().copied()).unwrap_or(0.0);
        let earned_by_another =
            usual > 0.0 && crate::draws::sample_quantile(&sizes, NEARLY_ALL) <= NOTHING * usual;
        Self { whole, share, latest: SeriesScale::latest(history), earned_by_another }
    }

    fn half_width(&self, step: usize, level: f64) -> f64 {
        let of = |scale: Option<SeriesScale>| scale.map_or(0.0, |s| s.half_width(step, level));
        match self.earned_by_another {
            true => of(self.whole).max(of(self.latest)),
            false => self.share * of(self.whole),
        }
    }
}

/// Mean spread over all past paths and steps; 0 where there is none.
fn usual_spread(past: &[PastPath]) -> f64 {
    crate::accuracy::mean(past.iter().flat_map(|path| path.spread.iter().copied())).unwrap_or(0.0)
}

/// How much wider the bounds are where members are so far apart; 1 where nothing is known of it.
fn factor(spread: Option<&f64>, usual: f64) -> f64 {
    match spread {
        Some(spread) if usual > 0.0 && spread.is_finite() => {
            ((spread + 0.3 * usual) / usual).min(100.0).powf(APART)
        }
        _ => 1.0,
    }
}

/// Scaled errors of all paths, ready for quantiles.
struct Pooled {
    /// Ascending, those of far and near paths drawn together.
    errors: Vec<f64>,
    /// Sizes as they are, in no order.
    sizes: Vec<f64>,
    /// Paths with an error.
    origins: f64,
    /// Size that the usual shape goes by.
    usual: f64,
    /// Widening for what the last path missed by.
    last: f64,
}

impl Pooled {
    /// Errors of the first `horizon` steps of each path, over what `unit` says for path and step.
    fn of(past: &[PastPath], horizon: usize, unit: impl Fn(&PastPath, usize) -> f64) -> Self {
        let scaled = |path: &PastPath| -> Vec<f64> {
            let steps = path.errors.iter().take(horizon).enumerate();
            let known = steps.filter(|(_, error)| !error.is_nan());
            known.map(|(step, error)| error / unit(path, step)).collect()
        };
        let mut paths: Vec<Vec<f64>> =
            past.iter().map(scaled).filter(|path| !path.is_empty()).collect();
        let size = |path: &Vec<f64>| path.iter().map(|e| e.abs()).sum::<f64>() / path.len() as f64;
        let of_paths: Vec<f64> = paths.iter().map(size).collect();
        let sizes = paths.iter().flatten().map(|error| error.abs()).collect();
        let origins = paths.len() as f64;
        let mean = of_paths.iter().sum::<f64>() / origins.max(1.0);
        let (mut usual, mut last) = (0.0, 1.0);
        if mean > 0.0 {
            let of_path = |size: &f64| (size / mean).max(PATH_LEAST);
            let powers = of_paths.iter().map(|size| of_path(size).powf(SIZES)).sum::<f64>();
            let shape = (powers / origins).powf(1.0 / SIZES);
            usual = shape * mean;
            for (path, size) in paths.iter_mut().zip(&of_paths) {
                let nearer = (of_path(size) / shape).powf(-TOGETHER);
                path.iter_mut().for_each(|error| *error *= nearer);
            }
            let latest = of_paths.last().map_or(1.0, |size| size / mean);
            last = ((latest + PATH_LEAST) / (1.0 + PATH_LEAST)).powf(LAST_PATH);
        }
        let mut errors: Vec<f64> = paths.into_iter().flatten().collect();
        errors.sort_by(f64::total_cmp);
        Self { errors, sizes, origins, usual, last }
    }

    fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// Lower and upper quantile; each on its own side of 0. Without an error both are 0.
    fn tails(&self, level: f64) -> (f64, f64) {
        if self.is_empty() {
            return (0.0, 0.0);
        }
        let tail = (1.0 - level) / 2.0;
        // The rank `(n + 1) p` of n; beyond the largest error the distance to it goes on in proportion.
        let rank = (1.0 - tail) * (1.0 + 1.0 / (self.origins * PER_PATH));
        let inside = rank.min(1.0);
        let stretch = if rank > 1.0 { (rank / (1.0 - tail)).min(1.5) } else { 1.0 };
        let quantile = |p: f64| crate::draws::sample_quantile(&self.errors, p);
        let low = quantile(1.0 - inside).min(0.0) * stretch;
        let high = quantile(inside).max(0.0) * stretch;
        let both = (high - low) / 2.0;
        let usual = SHAPE_SIZE * self.usual * student(1.0 - tail);
        let widening = WIDENING * (0.1 / tail).max(1.0).powf(FARTHER) * self.last;
        let side = |own: f64| {
            let own = (1.0 - SYMMETRY) * own + SYMMETRY * both;
            widening * own.max(1e-9 * usual).powf(1.0 - SHAPE) * usual.powf(SHAPE)
        };
        (-side(-low), side(high))
    }
}

/// The quantile of Student's t with three degrees of freedom, in units of its mean size: `0.5 <= probability < 1`.
///
/// Its distribution function is `1/2 + (sin φ cos φ + φ) / π` at `t = √3 tan φ`, which bisection turns around.
fn student(probability: f64) -> f64 {
    let (mut low, mut high) = (0.0, std::f64::consts::FRAC_PI_2);
    for _ in 0..60 {
        let middle: f64 = f64::midpoint(low, high);
        let below = (middle.sin() * middle.cos() + middle) / std::f64::consts::PI;
        if below < probability - 0.5 { low = middle } else { high = middle }
    }
    let mean_size = 2.0 * 3.0_f64.sqrt() / std::f64::consts::PI;
    3.0_f64.sqrt() * low.tan() / mean_size
}

/// Sizes of changes over one season: usual overall, at each place, and lately.
struct Scales {
    season: usize,
    places: Vec<f64>,
    /// Smoothed size after each value; index 0 is before the first.
    smoothed: Vec<f64>,
    usual: f64,
}

impl Scales {
    fn of(history: &[f64], season: usize) -> Self {
        let season = season.max(1);
        let change =
            |t: usize| if t < season { f64::NAN } else { (history[t] - history[t - season]).abs() };
        let changes: Vec<f64> = (0..history.len()).map(change).collect();
        let usual = crate::accuracy::mean(changes.iter().copied()).unwrap_or(0.0);
        let usual = if usual > 0.0 { usual } else { 1.0 };
        // A place is believed as if the whole series had spoken for it ten times before.
        let place = |place: usize| {
            let own = changes.iter().skip(place).step_by(season).filter(|c| !c.is_nan());
            let (sum, n) = own.fold((0.0, 0.0), |(s, n), c| (s + c.min(8.0 * usual), n + 1.0));
            ((sum + 10.0 * usual) / ((n + 10.0) * usual)).max(0.05)
        };
        let places: Vec<f64> = (0..season).map(place).collect();
        let mut level = usual;
        let mut smoothed = vec![usual];
        let share = 1.0 / (2.0 * season as f64).max(12.0);
        for (t, change) in changes.iter().enumerate() {
            if !change.is_nan() {
                level += share * ((change / places[t % season]).min(8.0 * usual) - level);
            }
            smoothed.push(level);
        }
        Self { season, places, smoothed, usual }
    }

    /// Between what is usual and what was lately seen before value `t`: errors return to their usual size.
    fn local(&self, t: usize) -> f64 {
        self.usual * (self.smoothed[t] / self.usual).max(0.02).powf(LATELY)
    }

    fn place(&self, t: usize) -> f64 {
        self.places[t % self.season]
    }
}

/// Mean size of scaled errors at each step ahead, smoothed over five steps; 1 where there are none.
fn step_scales(
    past: &[PastPath],
    horizon: usize,
    size: impl Fn(usize, usize, &[f64]) -> f64,
) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); horizon];
    for path in past {
        for (step, error) in path.errors.iter().take(horizon).enumerate() {
            if !error.is_nan() {
                sums[step].0 += error.abs() / size(path.origin, step, &path.spread);
                sums[step].1 += 1.0;
            }
        }
    }
    let whole = sums.iter().fold((0.0, 0.0), |all, own| (all.0 + own.0, all.1 + own.1));
    let usual = if whole.1 > 0.0 && whole.0 > 0.0 { whole.0 / whole.1 } else { 1.0 };
    let around = |step: usize| {
        let near = &sums[step.saturating_sub(2)..(step + 3).min(horizon)];
        let own = near.iter().fold((0.0, 0.0), |all, own| (all.0 + own.0, all.1 + own.1));
        ((own.0 + 5.0 * usual) / (own.1 + 5.0)).max(1e-3 * usual)
    };
    let known = sums.iter().rposition(|(_, n)| *n > 0.0).map_or(horizon, |last| last + 1);
    let beyond = |step: usize| ((step + 1) as f64 / known as f64).max(1.0).sqrt();
    (0..horizon).map(|step| around(step.min(known - 1)) * beyond(step)).collect()
}

/// A method whose bounds come from its own errors at past origins.
pub struct Conformal<M> {
    /// The method; its own bounds are not used.
    pub method: M,
    /// The short season in steps; 1: none.
    pub season: usize,
    /// Steps ahead that are calibrated, and forecast at most.
    pub horizon: usize,
    /// Past origins, at least 2; each costs a fit.
    pub origins: usize,
}

struct Calibrated {
    fitted: Box<dyn Fitted>,
    history: Vec<f64>,
    season: usize,
    horizon: usize,
    past: Vec<PastPath>,
}

/// Past origins: at most `count`, evenly apart, the last a horizon before the end, the first after `first` values.
/// A step that shares no factor with the season makes them begin at all its places.
pub(crate) fn past_origins(
    n: usize,
    first: usize,
    horizon: usize,
    season: usize,
    count: usize,
) -> Vec<usize> {
    let Some(last) = n.checked_sub(horizon).filter(|last| *last >= first && count > 0) else {
        return Vec::new();
    };
    let mut step = ((last - first) / count.max(2)).max(1);
    while season > 1 && step > 1 && greatest_common_divisor(step, season) > 1 {
        step -= 1;
    }
    let mut origins: Vec<usize> =
        (0..count).map_while(|k| last.checked_sub(k * step)).take_while(|o| *o >= first).collect();
    origins.reverse();
    origins
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

impl<M: Method> Method for Conformal<M> {
    fn name(&self) -> &'static str {
        self.method.name()
    }

    fn fit(
        &self,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<Box<dyn Fitted>, ForecastError> {
        checked::indicators(indicators, series.values.len())?;
        if self.horizon == 0 || self.origins < 2 {
            return Err(ForecastError::Argument {
                what: "conformal bounds",
                found: format!("horizon {}, {} origins", self.horizon, self.origins),
                expected: "a horizon of at least 1 and at least 2 origins",
            });
        }
        let fitted = self.method.fit(series, indicators)?;
        let n = series.values.len();
        let first = (2 * self.season + 2).max(n / 3);
        let mut past = Vec::new();
        for origin in past_origins(n, first, self.horizon, self.season, self.origins) {
            past.push(self.past_path(series, indicators, origin)?);
        }
        if past.len() < 2 {
            let needed = first + self.horizon + 1;
            return Err(ForecastError::TooShort { method: "conformal bounds", needed, found: n });
        }
        let history = series.values.clone();
        let (season, horizon) = (self.season, self.horizon);
        Ok(Box::new(Calibrated { fitted, history, season, horizon, past }))
    }
}

impl<M: Method> Conformal<M> {
    fn past_path(
        &self,
        series: &Series,
        indicators: &Indicators,
        origin: usize,
    ) -> Result<PastPath, ForecastError> {
        let cut = |columns: &[Vec<f64>], from: usize, to: usize| Indicators {
            names: indicators.names.clone(),
            columns: columns.iter().map(|column| column[from..to].to_vec()).collect(),
        };
        let end = origin + self.horizon;
        let before = Series { values: series.values[..origin].to_vec(), ..series.clone() };
        let fitted = self.method.fit(&before, &cut(&indicators.columns, 0, origin))?;
        let ahead = cut(&indicators.columns, origin, end);
        let mean = fitted.forecast(self.horizon, &ahead, &[])?.mean;
        let errors = series.values[origin..end].iter().zip(&mean).map(|(y, f)| y - f).collect();
        Ok(PastPath { origin, errors, spread: Vec::new() })
    }
}

impl Fitted for Calibrated {
    fn forecast(
        &self,
        horizon: usize,
        indicators: &Indicators,
        levels: &[f64],
    ) -> Result<Forecast, ForecastError> {
        checked::levels(levels)?;
        if horizon > self.horizon {
            return Err(ForecastError::Argument {
                what: "horizon",
                found: horizon.to_string(),
                expected: "at most the horizon that was calibrated",
            });
        }
        let mean = self.fitted.forecast(horizon, indicators, &[])?.mean;
        let bounds = bounds(&self.history, self.season, &self.past, &mean, levels)?;
        checked::forecast(Forecast { mean, bounds })
    }
}

/// A level that moves so that the bounds cover what they promise, whatever happens (adaptive conformal inference).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdaptiveLevel {
    /// Level promised.
    pub level: f64,
    /// Share of a miss by which the tail moves, `0.0..1.0`; 0.005 to 0.05 is usual.
    pub rate: f64,
    /// Tail asked for now: at or below 0 everything must be covered, at or above 1 nothing.
    tail: f64,
}

impl AdaptiveLevel {
    /// Starts at the level promised.
    pub fn new(level: f64, rate: f64) -> Self {
        Self { level, rate, tail: 1.0 - level }
    }

    /// The level to ask the bounds for now, within 0.0005..=0.9995.
    pub fn asked(&self) -> f64 {
        (1.0 - self.tail).clamp(0.0005, 0.9995)
    }

    /// Learns whether the last value was within the bounds.
    pub fn update(&mut self, covered: bool) {
        let missed = if covered { 0.0 } else { 1.0 };
        self.tail += self.rate * (1.0 - self.level - missed);
    }
}
