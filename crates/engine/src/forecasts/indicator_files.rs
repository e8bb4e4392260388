//! Indicators from files and from the ledger: candles, plain series, congestion of the chain.

use std::path::{Path, PathBuf};

use forecast::indicators::{BlockLoad, Form, congestion, market};
use forecast::{Bars, Indicator, Series, Step, reading};
use ingest::prices::{Keep, PriceReadOptions, PriceSeries, read_prices};

use super::series::{LoadedSeries, SeriesOptions, open_series};
use crate::reader::{self, LedgerReader};
use crate::tabular::Table;
use crate::{Error, View};

/// Seconds over which congestion is added up.
const CONGESTION_S: u32 = 3_600;
/// Age at which a value of an indicator still counts, at least: as warnings have it.
const AGE_S: u32 = 3_600;
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

impl LoadedIndicators {
    /// Takes on those of another source, with a note on each that has no value known at any time of `load`.
    ///
    /// # Errors
    /// Two of one name, as a file given twice has them; a source of which nothing is known at any time of the load.
    pub fn join(&mut self, load: &Series, other: Self) -> Result<(), Error> {
        let question =
            |what: String, hint: &str| Err(Error::Question { what, hint: Some(hint.to_owned()) });
        let times: Vec<i64> =
            (0..load.values.len()).filter_map(|index| reading::time_of(load, index)).collect();
        let is_known = |indicator: &Indicator| {
            let age_max = indicator.step_s.saturating_mul(2).max(AGE_S);
            indicator.over(&times, age_max).iter().any(|value| !value.is_nan())
        };
        let named = |name: &str| self.indicators.iter().any(|known| known.name == name);
        if let Some(twice) = other.indicators.iter().find(|one| named(&one.name)) {
            let what = format!("two indicators are named {:?}", twice.name);
            return question(what, "give each file once, and files of different names");
        }
        let unknown: Vec<&str> = other
            .indicators
            .iter()
            .filter(|indicator| !is_known(indicator))
            .map(|indicator| indicator.name.as_str())
            .collect();
        if !unknown.is_empty() && unknown.len() == other.indicators.len() {
            let text =
                |time: Option<&i64>| time.map_or_else(String::new, |t| reading::time_text(*t));
            let what = format!(
                "nothing is known of {} at any time of the load ({} to {})",
                unknown.join(", "),
                text(times.first()),
                text(times.last())
            );
            return question(what, "leave it out, or give one over the time of the load");
        }
        let note = |name: &&str| format!("{name} has no value at any time of the load");
        self.notes.extend(unknown.iter().map(note));
        self.indicators.extend(other.indicators);
        self.notes.extend(other.notes);
        Ok(())
    }
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
        mixed_units: true,
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
    let units: Vec<&str> =
        read.files.iter().flat_map(|file| &file.units).map(|unit| unit.name()).collect();
    if units.len() > 1 {
        notes.push(format!("{name}: times are {} (units by their size)", units.join(" and ")));
    }
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
    let opened = open_series(path, &SeriesOptions::default());
    // What is wrong with one of several files is of use only with its name.
    let LoadedSeries { series, has_times, repairs, .. } = opened.map_err(|error| match error {
        Error::Forecast(error) => Error::Question {
            what: format!("{}: {error}", path.display()),
            hint: Some(error.hint().to_owned()),
        },
        other => other,
    })?;
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

/// Lines above a header, at most.
const LINES_MAX: usize = 8;

/// Lines of one cell above one of several, and what follows them: links and titles that a provider of files leaves there.
fn without_preamble(bytes: &[u8]) -> Option<(String, &[u8])> {
    let cells = |line: &[u8]| line.iter().filter(|byte| b",;\t".contains(byte)).count();
    let (mut above, mut rest) = (Vec::new(), bytes);
    while above.len() <= LINES_MAX {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        if cells(&rest[..end]) > 0 {
            // One cell above several is no header.
            return (!above.is_empty()).then(|| (above.join(" / "), rest));
        }
        let text = std::str::from_utf8(&rest[..end]).ok()?.trim();
        if !text.is_empty() {
            above.push(text.to_owned());
        }
        rest = rest.get(end + 1..)?;
    }
    None
}

/// Reads a table past lines before its header.
pub(super) fn table_of(path: &Path) -> Result<(Table, Option<String>), Error> {
    let fault = |error| Error::File { path: path.to_owned(), error };
    let bytes = std::fs::read(path).map_err(fault)?;
    let name = path.display().to_string();
    // The file is named by all of its bytes, as they are.
    let sha256 = crate::tabular::hash(&bytes);
    let text = match bytes.starts_with(&[0x1f, 0x8b]) {
        true => crate::tabular::unzipped(&bytes, &name)?,
        false => bytes,
    };
    let is_text = !text.starts_with(b"PAR1") && !text.starts_with(b"ARROW1");
    if let Some((line, rest)) = without_preamble(&text).filter(|_| is_text) {
        let table = Table::from_bytes(rest.to_vec(), name)?;
        return Ok((Table { sha256, ..table }, Some(line)));
    }
    Ok((Table::open(path)?, None))
}
