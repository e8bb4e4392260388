//! Rows of all files as series: by time, each time once, with interval and gaps.

use ledger::{Price, Timestamp};

use super::error::PriceError;
use super::file::{Candle, Names};
use super::{Keep, PriceReadOptions, PricesRead};

/// One asset in one currency.
#[derive(Clone, Debug, PartialEq)]
pub struct PriceSeries {
    /// The asset.
    pub asset: String,
    /// The currency.
    pub currency: String,
    /// Length of a candle in seconds.
    pub interval_s: u32,
    /// Its candles, by time, each time once.
    pub rows: Vec<Price>,
    /// What is missing between the first and the last.
    pub gaps: Gaps,
}

/// Intervals that are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// Runs of missing intervals.
    pub n: u64,
    /// Intervals that are missing in them.
    pub n_intervals: u64,
    /// The first run.
    pub first: Option<Gap>,
    /// The longest; of several the first.
    pub longest: Option<Gap>,
    /// Steps that are no whole number of intervals: candles that overlap, or stand beside the grid.
    pub n_uneven: u64,
    /// The first of them: the candle after it.
    pub first_uneven: Option<Timestamp>,
}

/// A run of missing intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first missing candle.
    pub from: Timestamp,
    /// The first that is there again.
    pub to: Timestamp,
    /// How many are missing.
    pub n_intervals: u64,
}

impl Gaps {
    /// The gaps of ascending times.
    pub fn of(times: &[i64], interval_s: u32) -> Self {
        let interval_s = i64::from(interval_s.max(1));
        let mut gaps = Self::default();
        for pair in times.windows(2) {
            let step = pair[1].saturating_sub(pair[0]);
            if step % interval_s != 0 {
                gaps.n_uneven += 1;
                gaps.first_uneven = gaps.first_uneven.or(Some(Timestamp::new(pair[1])));
            }
            let n_intervals = (step / interval_s - 1).max(0).unsigned_abs();
            if n_intervals == 0 {
                continue;
            }
            let from = Timestamp::new(pair[0] + interval_s);
            let gap = Gap { from, to: Timestamp::new(pair[1]), n_intervals };
            gaps.n += 1;
            gaps.n_intervals += n_intervals;
            gaps.first = gaps.first.or(Some(gap));
            if gaps.longest.is_none_or(|longest| longest.n_intervals < n_intervals) {
                gaps.longest = Some(gap);
            }
        }
        gaps
    }
}

/// One uneven step in so many rows, and the most frequent step is no interval.
const UNEVEN_SHARE: u64 = 10;

/// The most frequent step between ascending times, the smallest of several; `None` for fewer than two.
fn modal_step(times: &[i64]) -> Option<i64> {
    let mut steps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    steps.sort_unstable();
    let runs = steps.chunk_by(|a, b| a == b);
    // The last of the longest runs, seen from the large end, is the smallest step.
    runs.rev().max_by_key(|run| run.len()).map(|run| run[0])
}

/// See the module.
pub(super) fn assemble(
    mut rows: Vec<Candle>,
    names: &Names,
    options: &PriceReadOptions,
    read: &mut PricesRead,
) -> Result<(), PriceError> {
    // Stable: of one time in the order in which they stand.
    rows.sort_by_key(|row| (row.series, row.time_s));
    let mut series = Vec::new();
    for own in rows.chunk_by(|a, b| a.series == b.series) {
        series.push(one(own, names, options, read)?);
    }
    series.sort_by(|a: &PriceSeries, b| (&a.asset, &a.currency).cmp(&(&b.asset, &b.currency)));
    read.series = series;
    Ok(())
}

fn one(
    rows: &[Candle],
    names: &Names,
    options: &PriceReadOptions,
    read: &mut PricesRead,
) -> Result<PriceSeries, PriceError> {
    let mut kept: Vec<Candle> = Vec::with_capacity(rows.len());
    for same in rows.chunk_by(|a, b| a.time_s == b.time_s) {
        kept.push(once(same, names, options, read)?);
    }
    let times: Vec<i64> = kept.iter().map(|row| row.time_s).collect();
    let (asset, currency) = names.series[rows[0].series as usize].clone();
    let file = &names.files[rows[0].file as usize];
    let interval_s = match options.interval_s {
        Some(interval_s) => Some(interval_s),
        None => match modal_step(&times) {
            None => {
                let what =
                    format!("{asset} in {currency} has one candle: its interval cannot be told");
                let hint = "give --interval 1h (or 1m, 15m, 1d)";
                return Err(PriceError::new(file, Some(rows[0].line), what).with_hint(hint));
            }
            Some(step) => u32::try_from(step).ok(),
        },
    };
    let Some(interval_s) = interval_s.filter(|interval_s| *interval_s > 0) else {
        let what = "candles of no second, or of over a century";
        return Err(PriceError::new(file, Some(rows[0].line), what));
    };
    let price = |row: &Candle| {
        let [open, high, low, close, volume] = row.figures;
        let time = Timestamp::new(row.time_s);
        let (asset, currency) = (asset.clone(), currency.clone());
        Price { asset, currency, time, interval_s, open, high, low, close, volume }
    };
    let gaps = Gaps::of(&times, interval_s);
    if options.interval_s.is_none() && gaps.n_uneven * UNEVEN_SHARE > kept.len() as u64 {
        let what = format!(
            "{asset} in {currency}: {} steps between candles are no whole number of the most frequent one, {interval_s} s",
            gaps.n_uneven
        );
        let hint = "give --interval 1h (or 1m, 15m, 1d)";
        return Err(PriceError::new(file, Some(rows[0].line), what).with_hint(hint));
    }
    let rows = kept.iter().map(price).collect();
    Ok(PriceSeries { asset, currency, interval_s, rows, gaps })
}

/// The one of several rows of a time that counts.
fn once(
    same: &[Candle],
    names: &Names,
    options: &PriceReadOptions,
    read: &mut PricesRead,
) -> Result<Candle, PriceError> {
    let mut counts = same[0];
    for row in &same[1..] {
        let file = |row: &Candle| names.files[row.file as usize].as_str();
        if row.figures == counts.figures {
            read.duplicates.push(file(row), row.line, || {
                format!("equal to {}:{}", file(&counts), counts.line)
            });
            continue;
        }
        let (gone, stays) = match options.keep {
            Some(Keep::First) => (*row, counts),
            Some(Keep::Last) => (counts, *row),
            None => {
                let what = format!(
                    "another candle of the time of {}:{} (close {} and {})",
                    file(&counts),
                    counts.line,
                    counts.figures[3],
                    row.figures[3]
                );
                let hint = "--keep first or --keep last says which of two counts";
                return Err(PriceError::new(file(row), Some(row.line), what).with_hint(hint));
            }
        };
        read.replaced.push(file(&gone), gone.line, || {
            format!("gave way to {}:{}", file(&stays), stays.line)
        });
        counts = stays;
    }
    Ok(counts)
}
