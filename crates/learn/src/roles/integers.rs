//! What whole numbers stand for: amounts, codes, names of rows, days.

use super::dates::read_calendar;
use super::reading::integer;

/// Whole numbers of a column as far as they tell what they stand for.
pub(super) struct Integers {
    /// Distinct values, ascending, and the rows of each.
    pub(super) distinct: Vec<(i64, u64)>,
    /// Rows that hold one.
    pub(super) n_known: u64,
    /// Share of rows whose value is above that of the known row before; 1 for a counter.
    pub(super) rising: f64,
}

/// Seconds of 1990-01-01 and 2050-01-01.
const EPOCH_S: std::ops::Range<i64> = 631_152_000..2_524_608_000;
/// Distinct codes above which order of frequency says nothing any more.
const CODES_MAX: usize = 60;
/// Distinct values from which the target is asked whether they are codes, and rows of each that it needs.
const ASKED_MIN: u64 = 25;
const ASKED_ROWS: u64 = 5;
/// Share of rises from row to row of a counter of rows.
pub(super) const RISING: f64 = 0.995;
/// Distinct numbers from which frequencies without order can be told from chance.
const UNORDERED_MIN: usize = 30;

impl Integers {
    /// `None` where a number is not whole or beyond 2^53, or none is known.
    pub(super) fn of(numbers: &[f64]) -> Option<Self> {
        let mut known: Vec<i64> = Vec::with_capacity(numbers.len());
        for value in numbers.iter().filter(|value| !value.is_nan()) {
            known.push(integer(*value)?);
        }
        let n_rising = known.windows(2).filter(|pair| pair[1] > pair[0]).count();
        let rising = n_rising as f64 / known.len().saturating_sub(1).max(1) as f64;
        known.sort_unstable();
        let runs = known.chunk_by(|a, b| a == b);
        let distinct: Vec<(i64, u64)> = runs.map(|run| (run[0], run.len() as u64)).collect();
        (!distinct.is_empty()).then_some(Self { distinct, n_known: known.len() as u64, rising })
    }

    fn first(&self) -> i64 {
        self.distinct.first().map_or(0, |level| level.0)
    }

    fn last(&self) -> i64 {
        self.distinct.last().map_or(0, |level| level.0)
    }

    /// Share of the values that occur once; `None` for too few to be names of rows.
    fn unique(&self) -> Option<f64> {
        let n = self.distinct.len() as u64;
        let unique = n as f64 / self.n_known as f64;
        (n >= 50 && unique >= 0.995).then_some(unique)
    }

    fn share(&self) -> String {
        format!("{} distinct whole numbers in {} rows", self.distinct.len(), self.n_known)
    }

    /// Whether they count the rows without gaps, as no clock does, and how that is seen.
    pub(super) fn count_rows(&self) -> Option<String> {
        self.unique()?;
        let n = self.distinct.len() as u64;
        (self.span() <= n + n / 20).then(|| {
            format!("{}, without gaps from {} to {}", self.share(), self.first(), self.last())
        })
    }

    /// Whether they name the rows, and how that is seen. Clocks look the same: they are asked before.
    pub(super) fn identify(&self) -> Option<String> {
        let unique = self.unique()?;
        let n = self.distinct.len() as u64;
        if self.rising >= RISING && self.span() / 1000 <= n {
            return Some(format!("{}, rising from row to row", self.share()));
        }
        let n_digits = |value: i64| value.unsigned_abs().checked_ilog10().unwrap_or(0);
        let longest = n_digits(self.last());
        let same = self.distinct.iter().filter(|level| n_digits(level.0) == longest).count();
        // Drawn evenly, nine of ten numbers have the most digits; amounts are not drawn evenly.
        let even = longest >= 5 && self.first() >= 0 && same as f64 >= 0.85 * n as f64;
        (even && unique == 1.0 && n >= 1000 && self.is_even())
            .then(|| format!("{}, spread evenly over {} digits", self.share(), longest + 1))
    }

    /// Each quarter of the span holds a fifth to three tenths of the values.
    fn is_even(&self) -> bool {
        let span = self.last().abs_diff(self.first()) / 4 + 1;
        let mut quarters = [0_usize; 4];
        for (value, _) in &self.distinct {
            quarters
                [usize::try_from(value.abs_diff(self.first()) / span).map_or(3, |q| q.min(3))] += 1;
        }
        let n = self.distinct.len();
        quarters.iter().all(|count| count * 5 >= n && count * 10 <= 3 * n)
    }

    /// Units a second, where all are instants of 1990 to 2050.
    pub(super) fn epoch(&self) -> Option<i64> {
        let fits = |per_second: &i64| {
            let within = |value: i64| EPOCH_S.contains(&value.div_euclid(*per_second));
            self.distinct.len() >= 3 && within(self.first()) && within(self.last())
        };
        [1, 1_000, 1_000_000].into_iter().find(fits)
    }

    /// Whether all are days like 20240131.
    pub(super) fn is_calendar(&self) -> bool {
        self.distinct.len() >= 3
            && self.distinct.iter().all(|level| read_calendar(level.0).is_some())
    }

    /// Whether they are names rather than amounts, and how that is seen.
    pub(super) fn codes(&self) -> Option<String> {
        let n = self.distinct.len();
        if !(3..=CODES_MAX).contains(&n) || self.first() < 0 {
            return None;
        }
        let turns = self.turns();
        if n >= 6 && turns >= 3 && turns * 5 >= 2 * (n - 2) && self.span() <= 2 * n as u64 {
            return Some(format!(
                "{n} distinct whole numbers whose frequency goes up and down {turns} times along the scale, as that of \
                 amounts does not"
            ));
        }
        if let Some(ratio) = self.unordered() {
            return Some(format!(
                "{n} distinct whole numbers whose frequencies differ far more than by chance, and neighbors' as much as any \
                 (steps of {ratio:.2} of those of no order)"
            ));
        }
        let many_rows = self.n_known >= 20 * n as u64;
        let n_digits = self.one_length().filter(|_| self.no_step() && many_rows)?;
        (self.span() > 5 * n as u64).then(|| {
            format!("{n} distinct whole numbers of {n_digits} digits without a common step")
        })
    }

    /// Whether they look like codes, as postcodes and numbers of branches do, so that the target may be asked.
    pub(super) fn may_be_codes(&self) -> bool {
        let n = self.distinct.len() as u64;
        let many_rows = n >= ASKED_MIN && self.n_known >= ASKED_ROWS * n;
        // Numbered through from the first on: days of a year and ages are, too, and the target follows their order.
        let dense = n > CODES_MAX as u64 && (0..=1).contains(&self.first()) && self.span() <= 2 * n;
        many_rows && (dense || self.one_length().is_some())
    }

    /// Number of digits, where all have as many: three at least, and they are no years.
    fn one_length(&self) -> Option<u32> {
        let n_digits = |value: i64| value.checked_ilog10().unwrap_or(0);
        let years = self.first() >= 1900 && self.last() <= 2100;
        let same = n_digits(self.first()) == n_digits(self.last());
        (self.first() >= 100 && !years && same).then(|| n_digits(self.first()) + 1)
    }

    /// Whether steps between them have no common divisor, as those of rounded amounts have.
    fn no_step(&self) -> bool {
        let steps = self.distinct.windows(2).map(|pair| pair[1].0 - pair[0].0);
        steps.fold(0, divisor) == 1
    }

    /// Whether frequencies differ, but not along the scale: the ratio of von Neumann (squared steps between neighbors to those
    /// of no order, 1 on average) where it speaks for names. Amounts that people round to fives and tens do the same, so those
    /// are looked at without them, and each kind by itself must say so.
    fn unordered(&self) -> Option<f64> {
        let n = self.distinct.len();
        if n < UNORDERED_MIN || self.n_known < 20 * n as u64 || self.span() > 2 * n as u64 {
            return None;
        }
        let ratio = |rounded: bool| {
            let own = self.distinct.iter().filter(|level| (level.0 % 5 == 0) == rounded);
            // Of roots, the chance of a count is the same for all: a quarter.
            let roots: Vec<f64> = own.map(|level| (level.1 as f64).sqrt()).collect();
            let m = roots.len() as f64;
            let mean = roots.iter().sum::<f64>() / m;
            let spread = roots.iter().map(|root| (root - mean).powi(2)).sum::<f64>() / (m - 1.0);
            let steps: f64 = roots.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum();
            let ratio = steps / (m - 1.0) / (2.0 * spread);
            // Two deviations below what no order gives: less is an order.
            let least = 1.0 - 2.0 * ((m - 2.0) / (m * m - 1.0)).sqrt();
            (spread > 4.0 * 0.25 && ratio > least).then_some(ratio)
        };
        ratio(true)?;
        ratio(false)
    }

    fn span(&self) -> u64 {
        self.last().abs_diff(self.first()) + 1
    }

    /// How often the frequency turns along the values, by more than chance (three standard deviations) each time.
    fn turns(&self) -> usize {
        let counts: Vec<f64> = self.distinct.iter().map(|level| level.1 as f64).collect();
        let (mut turns, mut direction, mut at) = (0, 0, counts[0]);
        for &count in &counts[1..] {
            let change = count - at;
            let sign = if change > 0.0 { 1 } else { -1 };
            let clear = change.abs() > 3.0 * (count + at).sqrt();
            if clear {
                turns += usize::from(direction != 0 && sign != direction);
                direction = sign;
            }
            // The extreme of this run so far, so that many small steps add up.
            let further = (direction >= 0 && count > at) || (direction <= 0 && count < at);
            if clear || (further && direction != 0) {
                at = count;
            }
        }
        turns
    }

    /// Whether they are a short scale: at most 12 values in a row from 0 or 1 on.
    pub(super) fn is_short_scale(&self) -> bool {
        let n = self.distinct.len();
        (3..=12).contains(&n) && (0..=1).contains(&self.first()) && self.span() <= n as u64 + 2
    }
}

fn divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { divisor(b, a % b) }
}
