//! Indicators from files and from the ledger: candles, plain series, congestion of the chain.

use std::path::{Path, PathBuf};

use forecast::indicators::{BlockLoad, Form, congestion, market};
use forecast::{Bars, Indicator, Step};
use ingest::prices::{Keep, PriceReadOptions, PriceSeries, read_prices};

use super::series::{LoadedSeries, SeriesOptions, open_series};
use crate::reader::{self, LedgerReader};
use crate::tabular::Table;
use crate::{Error, View};

/// Seconds over which congestion is added up.
const CONGESTION_S: u32 = 3_600;
/// Candles of a market that is read, at most: fifty years of minutes.
const BARS_MAX: usize = 30_000_000;

/// Indicators of one source, and what was done to its rows.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct LoadedIndicators {
    /// The indicators.
    pub indicators: Vec<Indicator>,
    /// What was repaired or left out, in words.
    pub notes: Vec<String>,
}

/// The indicators of a file: a market's where it has candles, else its series itself.
///
/// # Errors
/// The file cannot be read, holds several series, or is neither.
pub fn open_indicators(path: &Path) -> Result<LoadedIndicators, Error> {
    match is_market(path)? {
        true => of_market(path),
        false => of_series(path),
    }
}

/// Whether a file has the columns of candles.
fn is_market(path: &Path) -> Result<bool, Error> {
    if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("json")) {
        return Ok(false);
    }
    let table = super::series::open_table(path)?.0;
    let has = |name: &str| {
        table.frame.columns().iter().any(|column| column.name.trim().eq_ignore_ascii_case(name))
    };
    Ok(["open", "high", "low", "close"].into_iter().all(has))
}

fn of_market(path: &Path) -> Result<LoadedIndicators, Error> {
    let options = PriceReadOptions {
        // Only for rows that name neither; an indicator has no currency.
        asset: Some("BTC".to_owned()),
        currency: Some("USD".to_owned()),
        keep: Some(Keep::Last),
        accept_refused: true,
        interval_s: None,
    };
    let read = read_prices(&[PathBuf::from(path)], &options)?;
    let name = path.display();
    let [series] = read.series.as_slice() else {
        return Err(Error::Question {
            what: format!("{name} holds candles of {} markets", read.series.len()),
            hint: Some("give a file a market".to_owned()),
        });
    };
    let mut notes = Vec::new();
    for (rows, what) in [
        (&read.refused, "rows are no candle and were left out"),
        (&read.duplicates, "rows stand twice and count once"),
        (&read.replaced, "rows contradict a later one of their time, which counts"),
    ] {
        if let Some(first) = rows.first.first() {
            notes.push(format!(
                "{name}: {} {what}, first line {}: {}",
                rows.n, first.line, first.reason
            ));
        }
    }
    if series.gaps.n_intervals > 0 {
        notes.push(format!("{name}: {} candles are missing and stay so", series.gaps.n_intervals));
    }
    let has_volume = read.files.iter().all(|file| file.has_volume);
    let bars = bars(series, has_volume, path)?;
    let mut indicators = market(&bars)?;
    // Names of one market need no prefix; with several files they would be the same.
    let market = stem(path);
    for indicator in &mut indicators {
        indicator.name = format!("{market} {}", indicator.name);
    }
    Ok(LoadedIndicators { indicators, notes })
}

fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

/// Candles on their grid, missing ones NaN.
fn bars(series: &PriceSeries, has_volume: bool, path: &Path) -> Result<Bars, Error> {
    let odd = |what: String| Error::Question {
        what: format!("{}: {what}", path.display()),
        hint: Some("give candles of one interval, at its beginnings".to_owned()),
    };
    let (Some(first), Some(last)) = (series.rows.first(), series.rows.last()) else {
        return Err(odd("no candle".to_owned()));
    };
    if let Some(at) = series.gaps.first_uneven {
        return Err(odd(format!("the candle at {at} lies between the others")));
    }
    let step = i64::from(series.interval_s.max(1));
    let place = |time: i64| usize::try_from((time - first.time.get()) / step).unwrap_or(usize::MAX);
    let n = place(last.time.get()).saturating_add(1);
    if n > BARS_MAX {
        return Err(odd(format!("{n} candles from the first to the last")));
    }
    let missing = || vec![f64::NAN; n];
    let mut bars = Bars {
        start_s: first.time.get(),
        step_s: series.interval_s,
        open: missing(),
        high: missing(),
        low: missing(),
        close: missing(),
        volume: if has_volume { missing() } else { Vec::new() },
    };
    for row in &series.rows {
        let at = place(row.time.get());
        (bars.open[at], bars.high[at], bars.low[at], bars.close[at]) =
            (row.open, row.high, row.low, row.close);
        if has_volume {
            bars.volume[at] = row.volume;
        }
    }
    Ok(bars)
}

fn of_series(path: &Path) -> Result<LoadedIndicators, Error> {
    let LoadedSeries { series, has_times, repairs, .. } =
        open_series(path, &SeriesOptions::default())?;
    let (Step::Seconds(step_s), true) = (series.step, has_times) else {
        return Err(Error::Question {
            what: format!("{}: an indicator needs times at steps of seconds", path.display()),
            hint: Some("give times, and steps of a day at most".to_owned()),
        });
    };
    let form = match series.values.iter().any(|value| *value < 0.0) {
        true => Form::Change,
        false => Form::Size,
    };
    let name = stem(path);
    let notes = repairs.iter().map(|repair| format!("{name}: {repair}")).collect();
    let indicator = Indicator {
        name,
        unit: "units".to_owned(),
        form,
        known_from_s: series.start_s,
        step_s,
        values: series.values,
    };
    Ok(LoadedIndicators { indicators: vec![indicator], notes })
}

impl View {
    /// Congestion of the chain from the store's own blocks, at `n` steps of `step_s` seconds.
    ///
    /// # Errors
    /// If a table is damaged.
    pub fn congestion(&self, start_s: i64, step_s: u32, n: usize) -> Result<Vec<Indicator>, Error> {
        let end = start_s.saturating_add(i64::from(step_s).saturating_mul(n as i64));
        let blocks = reader::blocks(&self.snapshot)?;
        // Header times run hours apart at most: a day before the first window is enough.
        let from = start_s - i64::from(CONGESTION_S) - 86_400;
        let wanted: Vec<_> =
            blocks.iter().filter(|block| (from..=end).contains(&block.time.get())).collect();
        let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else {
            return Ok(congestion(&[], start_s, step_s, n, CONGESTION_S));
        };
        let reader = LedgerReader::open(&self.snapshot)?;
        let mut loads: Vec<BlockLoad> = Vec::with_capacity(wanted.len());
        for (low, high) in reader.ranges(first.height.get()) {
            if low > last.height.get() {
                break;
            }
            let batch = reader.read((low, high.min(last.height.get())))?;
            let mut own: std::collections::BTreeMap<u32, BlockLoad> =
                std::collections::BTreeMap::new();
            for view in batch.views() {
                let row = view.row;
                let load = own.entry(row.height.get()).or_insert(BlockLoad {
                    time_s: row.time.get(),
                    transactions: 0,
                    weight: 0,
                    fees: 0,
                    fees_weight: 0,
                });
                load.weight += u64::from(row.weight);
                load.transactions += u64::from(!row.coinbase);
                if let Some(fee) = view.fee_sat() {
                    load.fees = load.fees.saturating_add(fee);
                    load.fees_weight += u64::from(row.weight);
                }
            }
            loads.extend(own.into_values());
        }
        Ok(congestion(&loads, start_s, step_s, n, CONGESTION_S))
    }
}

/// A first line of one cell above one of several, and what follows it: a link that a provider of files leaves there.
fn without_preamble(bytes: &[u8]) -> Option<(String, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (first, rest) = (&bytes[..end], &bytes[end + 1..]);
    let second = &rest[..rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())];
    let cells = |line: &[u8]| line.iter().filter(|byte| b",;\t".contains(byte)).count();
    let text = std::str::from_utf8(first).ok()?.trim();
    // One cell above several is no header.
    (cells(first) == 0 && cells(second) > 0 && !text.is_empty()).then(|| (text.to_owned(), rest))
}

/// Reads a table past one line before its header.
pub(super) fn table_of(path: &Path) -> Result<(Table, Option<String>), Error> {
    let fault = |error| Error::File { path: path.to_owned(), error };
    let bytes = std::fs::read(path).map_err(fault)?;
    let is_text = !bytes.starts_with(b"PAR1")
        && !bytes.starts_with(b"ARROW1")
        && !bytes.starts_with(&[0x1f, 0x8b]);
    let name = path.display().to_string();
    if let Some((line, rest)) = without_preamble(&bytes).filter(|_| is_text) {
        let table = Table::from_bytes(rest.to_vec(), name)?;
        // The file is named by all of its bytes.
        return Ok((Table { sha256: crate::tabular::hash(&bytes), ..table }, Some(line)));
    }
    Ok((Table::open(path)?, None))
}
