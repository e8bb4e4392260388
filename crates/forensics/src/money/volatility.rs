//! Realised volatility of a series of closes, and whether it is high for its own past.
//!
//! In: closes of one interval with the times at which they were known, ascending. Out: for each, the mean squared log
//! return over the window that ends there, and whether it is above a quantile of the values known before it.
//! Source: realised variance from close to close (Andersen, Bollerslev, Diebold, Labys, *Econometrica* 2003); the quantile
//! is the inverse of the empirical distribution (Hyndman, Fan 1996, definition 1).
//! Departures: Garman and Klass (1980) need fewer candles, but many feeds repeat one price as open, high, low and close, for
//! which they say "no volatility at all"; returns from close to close hold for every feed and do not miss a jump between two
//! candles. A return exists only between candles that follow each other: none spans a gap. Squares are summed as whole
//! numbers of 10^-18, so the sum of a moving window is exact and ties are ties.
//! Cost: O(n log n) time, 32 bytes a close while it runs.
//! Checked against: window by window in floating point, and NumPy (`tests/it/money.rs`).

use super::rank::Ranks;

const DAY_S: i64 = 86_400;
const YEAR_S: i64 = 365 * DAY_S;
/// The window holds at least so many intervals.
const WINDOW_INTERVALS_MIN: i64 = 24;
/// The past is long enough once it covers so many windows, and has [`PAST_VALUES_MIN`] values.
const PAST_WINDOWS_MIN: i64 = 10;
const PAST_VALUES_MIN: usize = 100;
/// The past looked at covers at least so many windows.
const PAST_WINDOWS: i64 = 40;
/// Of the returns that a window could have, so many per hundred must be there.
const COVERAGE_PERCENT_MIN: i64 = 50;

/// What a period of high volatility is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolatilityOptions {
    /// Length of the window; `None`: a day, or 24 intervals where that is longer.
    pub window_s: Option<i64>,
    /// How far back values are compared with; `None`: a year, or 40 windows where that is longer.
    pub past_s: Option<i64>,
    /// High is what lies above this quantile of the past, in thousandths, 1 to 1,000.
    pub quantile_thousandths: u16,
}

impl Default for VolatilityOptions {
    fn default() -> Self {
        Self { window_s: None, past_s: None, quantile_thousandths: 900 }
    }
}

/// A mean of squared log returns, in units of 10^-18.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Variance(pub(super) u128);

/// 10^18.
const UNITS: f64 = 1e18;

impl Variance {
    #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
    pub(super) fn to_f64(self) -> f64 {
        self.0 as f64 / UNITS
    }
}

/// What one close says of volatility.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) variance: Option<Variance>,
    pub(super) is_high: Option<bool>,
}

/// See the module. `closes` are pairs of time and positive price, by time, each time once.
pub(super) fn marks(
    closes: &[(i64, f64)],
    interval_s: i64,
    options: &VolatilityOptions,
) -> Vec<Mark> {
    let window_s =
        options.window_s.unwrap_or((WINDOW_INTERVALS_MIN * interval_s).max(DAY_S)).max(1);
    let variances = variances(closes, interval_s, window_s);
    let past_s = options.past_s.unwrap_or((PAST_WINDOWS * window_s).max(YEAR_S));
    let known: Vec<(i64, Variance)> = closes
        .iter()
        .zip(&variances)
        .filter_map(|(&(time, _), &variance)| Some((time, variance?)))
        .collect();
    let mut ranks = Ranks::new(known.iter().map(|(_, variance)| *variance));
    let (mut from, mut at) = (0, 0);
    let mark = |(&(time, _), variance): (&(i64, f64), Option<Variance>)| {
        let Some(own) = variance else { return Mark { variance, is_high: None } };
        while known[from].0 < time.saturating_sub(past_s) {
            ranks.remove(known[from].1);
            from += 1;
        }
        let n_past = at - from;
        let covers = time.saturating_sub(known[from].0) >= PAST_WINDOWS_MIN * window_s;
        let is_high = (n_past >= PAST_VALUES_MIN && covers).then(|| {
            let place = (n_past * usize::from(options.quantile_thousandths)).div_ceil(1_000);
            own > ranks.nth(place.clamp(1, n_past))
        });
        ranks.insert(own);
        at += 1;
        Mark { variance, is_high }
    };
    closes.iter().zip(variances).map(mark).collect()
}

/// The mean squared return of each window; `None` where too few of its returns are there.
fn variances(closes: &[(i64, f64)], interval_s: i64, window_s: i64) -> Vec<Option<Variance>> {
    let n_possible = window_s / interval_s;
    let n_min = ((n_possible * COVERAGE_PERCENT_MIN + 99) / 100).max(1);
    let squares: Vec<Option<u128>> = (0..closes.len())
        .map(|at| {
            let (time_before, before) = *closes.get(at.checked_sub(1)?)?;
            let (time, close) = closes[at];
            (time.saturating_sub(time_before) == interval_s).then(|| square(close / before))
        })
        .collect();
    let (mut from, mut sum, mut n) = (0, 0_u128, 0_i64);
    let mut variances = Vec::with_capacity(closes.len());
    for (at, &(time, _)) in closes.iter().enumerate() {
        if let Some(square) = squares[at] {
            (sum, n) = (sum + square, n + 1);
        }
        while closes[from].0 <= time.saturating_sub(window_s) {
            if let Some(square) = squares[from] {
                (sum, n) = (sum - square, n - 1);
            }
            from += 1;
        }
        variances.push((n >= n_min).then(|| Variance(sum / u128::from(n.unsigned_abs()))));
    }
    variances
}

/// The squared logarithm of a ratio of two prices, at most 10^4 or so.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and bounded")]
fn square(ratio: f64) -> u128 {
    let log = ratio.ln();
    (log * log * UNITS).round() as u128
}
