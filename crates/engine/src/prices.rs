//! Prices: imports, what is held, and what of it a run asks.
//!
//! The table `prices` holds a candle of an asset, a currency, a time and an interval once. An import adds candles; one that
//! is held with other figures refuses the import, unless it may replace. Values are made by the next run, and answers
//! between say so.

use std::collections::BTreeMap;
use std::path::PathBuf;

use forensics::money::{PriceOptions, Prices};
use ingest::prices::{
    FileRead, Gaps, Keep, LeftOuts, PriceReadOptions, PriceSeries, PricesRead, read_prices,
};
use ledger::{Price, Timestamp, tables};
use serde::Serialize;
use store::{Snapshot, Writer};

use crate::layout::{self, SHARED, checkpoint};
use crate::staleness::Asked;
use crate::{Engine, Error, View};

/// The asset that is valued.
const ASSET: &str = "BTC";

/// Which prices are imported, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceImport {
    /// The files, as one import.
    pub paths: Vec<PathBuf>,
    /// The asset of rows that name none.
    pub asset: Option<String>,
    /// The currency of rows that name none.
    pub currency: Option<String>,
    /// Which of two different rows of one time counts.
    pub keep: Option<Keep>,
    /// The interval in seconds, where the steps between times do not tell it.
    pub interval_s: Option<u32>,
    /// Take the other rows where some are refused.
    pub accept_refused: bool,
    /// Replace candles that are held with other figures.
    pub replace: bool,
    /// Say what would change, and change nothing.
    pub dry_run: bool,
}

/// What an import of prices did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PricesReport {
    /// Each file.
    pub files: Vec<PriceFileReport>,
    /// Each asset in each currency, as the files have it.
    pub series: Vec<PriceSeriesReport>,
    /// Candles that were not held before.
    pub added: u64,
    /// Candles that were held, equal throughout.
    pub held: u64,
    /// Candles that were held with other figures, and are replaced.
    pub replaced: u64,
    /// Rows that are no candle.
    pub refused: RowsLeftOut,
    /// Rows that stand in the files twice, equal throughout.
    pub duplicates: RowsLeftOut,
    /// Rows that gave way to another of the same time.
    pub gave_way: RowsLeftOut,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Why the import itself would be refused, where a dry run finds that; with what to pass.
    pub would_be_refused: Vec<String>,
    /// The store snapshot after it.
    pub snapshot: String,
}

/// What one file of prices is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PriceFileReport {
    /// Its path.
    pub file: String,
    /// `csv` or `parquet`.
    pub format: &'static str,
    /// What parts the cells of a text.
    pub delimiter: Option<char>,
    /// The column that times were read from.
    pub time_column: String,
    /// In what it writes times: `seconds`, `milliseconds`, …, `dates`.
    pub times_in: Option<&'static str>,
    /// In which order rows stand.
    pub order: &'static str,
    /// Rows in all.
    pub rows: u64,
    /// Lines before the header, passed over.
    pub lines_before: u64,
    /// Whether it has volumes; where not, they are 0.
    pub has_volume: bool,
}

/// Rows left out for one kind of reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RowsLeftOut {
    /// How many.
    pub n: u64,
    /// The first of them, as `file:line: reason`.
    pub first: Vec<String>,
}

/// One asset in one currency and interval.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PriceSeriesReport {
    /// The asset.
    pub asset: String,
    /// The currency.
    pub currency: String,
    /// Length of a candle in seconds.
    pub interval_s: u32,
    /// How many candles.
    pub candles: u64,
    /// Where the first begins.
    pub from_s: Option<Timestamp>,
    /// Where the last ends.
    pub to_s: Option<Timestamp>,
    /// Runs of missing candles.
    pub gaps: u64,
    /// Candles that are missing in them.
    pub candles_missing: u64,
    /// The first run.
    pub first_gap: Option<GapAnswer>,
    /// The longest run.
    pub longest_gap: Option<GapAnswer>,
    /// Steps between candles that are no whole number of intervals.
    pub uneven_steps: u64,
    /// The candle after the first of them.
    pub first_uneven_s: Option<Timestamp>,
}

/// A run of missing candles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct GapAnswer {
    /// The first missing candle.
    pub from_s: Timestamp,
    /// The first that is there again.
    pub to_s: Timestamp,
    /// How many are missing.
    pub candles: u64,
}

/// The prices that are held.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PricesAnswer {
    /// Each series, by name.
    pub series: Vec<PriceSeriesReport>,
    /// The currency of values, as configured.
    pub currency: String,
    /// Why answers may be out of date.
    pub stale_because: Vec<String>,
    /// The store snapshot that answered.
    pub snapshot: String,
}

impl Engine {
    /// Takes in prices: all of the files or nothing.
    ///
    /// # Errors
    /// If files are refused, a candle is held with other figures and may not be replaced, or the store fails.
    pub fn import_prices(
        &self,
        import: &PriceImport,
        now: Timestamp,
    ) -> Result<PricesReport, Error> {
        let options = PriceReadOptions {
            asset: import.asset.clone(),
            currency: import.currency.clone(),
            keep: import.keep,
            interval_s: import.interval_s,
            // A dry run is asked to list them.
            accept_refused: import.accept_refused || import.dry_run,
            mixed_units: false,
        };
        let read = read_prices(&import.paths, &options)?;
        let mut writer = self.store.writer()?;
        let snapshot = writer.snapshot();
        let mut table = Table::read(&snapshot)?;
        let mut report = report_of(&read);
        let mut new = Vec::new();
        for row in read.series.into_iter().flat_map(|series| series.rows) {
            match table.rows.get(&key(&row)) {
                None => {
                    report.added += 1;
                    new.push(row);
                }
                Some(held) if figures(held) == figures(&row) => report.held += 1,
                Some(held) => {
                    if !import.replace && !import.dry_run {
                        return Err(held_otherwise(held, &row));
                    }
                    report.replaced += 1;
                    table.rows.insert(key(&row), row);
                }
            }
        }
        let changes = report.added + report.replaced > 0;
        let after = match changes && !import.dry_run {
            true => self.write(&mut writer, table, new, report.replaced > 0, now)?,
            false => snapshot,
        };
        if import.dry_run {
            report.would_be_refused = refusals(&report, import);
        }
        (report.dry_run, report.snapshot) = (import.dry_run, after.id().to_string());
        Ok(report)
    }

    fn write(
        &self,
        writer: &mut Writer,
        mut table: Table,
        new: Vec<Price>,
        replaces: bool,
        now: Timestamp,
    ) -> Result<Snapshot, Error> {
        let mut commit = writer.begin();
        let spec = layout::spec(&tables::PRICES);
        if replaces {
            table.rows.extend(new.into_iter().map(|row| (key(&row), row)));
            let rows: Vec<Price> = table.rows.into_values().collect();
            commit.replace(&spec, SHARED, [tables::prices_to(&rows)])?;
        } else {
            commit.append(&spec, SHARED, &tables::prices_to(&new))?;
        }
        let before = commit.checkpoint(checkpoint::PRICES).unwrap_or(0);
        commit.set_checkpoint(checkpoint::PRICES, before + 1);
        Ok(commit.finish(self.run_record("prices import", now))?)
    }
}

impl View {
    /// The prices that are held.
    ///
    /// # Errors
    /// If the table is damaged.
    pub fn prices(&self) -> Result<PricesAnswer, Error> {
        let rows: Vec<Price> = Table::read(&self.snapshot)?.rows.into_values().collect();
        let of = |row: &Price| (row.asset.clone(), row.currency.clone(), row.interval_s);
        let series = rows.chunk_by(|a, b| of(a) == of(b)).map(|own| {
            let times: Vec<i64> = own.iter().map(|row| row.time.get()).collect();
            let (asset, currency, interval_s) = of(&own[0]);
            series_report(&PriceSeries {
                gaps: Gaps::of(&times, interval_s),
                asset,
                currency,
                interval_s,
                rows: own.to_vec(),
            })
        });
        Ok(PricesAnswer {
            series: series.collect(),
            currency: self.config.money.currency.clone(),
            stale_because: self.stale_because(Asked::Owners, None),
            snapshot: self.snapshot_id.clone(),
        })
    }
}

/// The prices of a bitcoin in a currency, as known over time.
pub(crate) fn known(
    snapshot: &Snapshot,
    currency: &str,
    options: PriceOptions,
) -> Result<Prices, Error> {
    let mut rows = Vec::new();
    for batch in snapshot.scan(tables::PRICES.name, SHARED, None, None)? {
        let prices = tables::prices_from(&batch?)?;
        rows.extend(
            prices.into_iter().filter(|row| row.asset == ASSET && row.currency == currency),
        );
    }
    Ok(Prices::new(rows, options))
}

/// Asset, currency, interval, time.
type Key = (String, String, u32, Timestamp);

fn key(row: &Price) -> Key {
    (row.asset.clone(), row.currency.clone(), row.interval_s, row.time)
}

fn figures(row: &Price) -> [f64; 5] {
    [row.open, row.high, row.low, row.close, row.volume]
}

/// The table as it is held, in order of its keys.
struct Table {
    rows: BTreeMap<Key, Price>,
}

impl Table {
    fn read(snapshot: &Snapshot) -> Result<Self, Error> {
        let mut rows = BTreeMap::new();
        for batch in snapshot.scan(tables::PRICES.name, SHARED, None, None)? {
            rows.extend(tables::prices_from(&batch?)?.into_iter().map(|row| (key(&row), row)));
        }
        Ok(Self { rows })
    }
}

fn held_otherwise(held: &Price, row: &Price) -> Error {
    let Price { asset, currency, time, .. } = row;
    Error::Question {
        what: format!(
            "{asset} in {currency} at {time} is held with other figures (close {} and now {})",
            held.close, row.close
        ),
        hint: Some("--replace takes the new ones; --dry-run counts them first".to_owned()),
    }
}

/// Why an import as asked would be refused.
fn refusals(report: &PricesReport, import: &PriceImport) -> Vec<String> {
    let mut why = Vec::new();
    if report.refused.n > 0 && !import.accept_refused {
        why.push(format!("rows that are no candle: {} (--accept-refused)", report.refused.n));
    }
    if report.replaced > 0 && !import.replace {
        why.push(format!("candles held with other figures: {} (--replace)", report.replaced));
    }
    why
}

fn report_of(read: &PricesRead) -> PricesReport {
    PricesReport {
        files: read.files.iter().map(file_report).collect(),
        series: read.series.iter().map(series_report).collect(),
        refused: left_out(&read.refused),
        duplicates: left_out(&read.duplicates),
        gave_way: left_out(&read.replaced),
        ..PricesReport::default()
    }
}

fn file_report(file: &FileRead) -> PriceFileReport {
    PriceFileReport {
        file: file.file.clone(),
        format: file.format,
        delimiter: file.delimiter,
        time_column: file.time_column.clone(),
        times_in: file.unit.map(ingest::prices::TimeUnit::name),
        order: file.order.name(),
        rows: file.rows,
        lines_before: file.lines_before,
        has_volume: file.has_volume,
    }
}

fn series_report(series: &PriceSeries) -> PriceSeriesReport {
    let gap = |gap: ingest::prices::Gap| GapAnswer {
        from_s: gap.from,
        to_s: gap.to,
        candles: gap.n_intervals,
    };
    let end = |row: &Price| Timestamp::new(row.time.get() + i64::from(series.interval_s));
    PriceSeriesReport {
        asset: series.asset.clone(),
        currency: series.currency.clone(),
        interval_s: series.interval_s,
        candles: series.rows.len() as u64,
        from_s: series.rows.first().map(|row| row.time),
        to_s: series.rows.last().map(end),
        gaps: series.gaps.n,
        candles_missing: series.gaps.n_intervals,
        first_gap: series.gaps.first.map(gap),
        longest_gap: series.gaps.longest.map(gap),
        uneven_steps: series.gaps.n_uneven,
        first_uneven_s: series.gaps.first_uneven,
    }
}

fn left_out(rows: &LeftOuts) -> RowsLeftOut {
    let text = |row: &ingest::prices::LeftOut| format!("{}:{}: {}", row.file, row.line, row.reason);
    RowsLeftOut { n: rows.n, first: rows.first.iter().map(text).collect() }
}
