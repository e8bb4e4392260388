//! One file: its rows as candles of no series yet, and what is said of it.

use std::path::Path;

use super::cells::{Cell, Format, Rows};
use super::error::PriceError;
use super::header::Columns;
use super::times::{TimeUnit, Written, seconds, units_of};
use super::{LeftOuts, PriceReadOptions};

/// In which order rows stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Times never fall.
    OldestFirst,
    /// Times never rise.
    NewestFirst,
    /// Neither.
    Mixed,
}

impl Order {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::OldestFirst => "oldest first",
            Self::NewestFirst => "newest first",
            Self::Mixed => "in no order",
        }
    }

    fn of(times: &[i64]) -> Self {
        match (times.is_sorted(), times.is_sorted_by(|a, b| a >= b)) {
            (true, _) => Self::OldestFirst,
            (_, true) => Self::NewestFirst,
            _ => Self::Mixed,
        }
    }
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRead {
    /// Its path.
    pub file: String,
    /// `csv` or `parquet`.
    pub format: &'static str,
    /// What parts the cells of a text.
    pub delimiter: Option<char>,
    /// The column that times were read from.
    pub time_column: String,
    /// In what it writes times; `None` without rows.
    pub unit: Option<TimeUnit>,
    /// All of them, in the order of their first rows: several only where that was allowed.
    pub units: Vec<TimeUnit>,
    /// In which order.
    pub order: Order,
    /// Rows, refused ones too.
    pub rows: u64,
    /// Lines before the header, which were passed over.
    pub lines_before: u64,
    /// Whether it has volumes; where not, they are 0.
    pub has_volume: bool,
}

/// A candle, its series by number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candle {
    pub(super) series: u32,
    pub(super) time_s: i64,
    pub(super) file: u32,
    pub(super) line: u64,
    /// Open, high, low, close, volume.
    pub(super) figures: [f64; 5],
}

/// Series (asset and currency) and files by number.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) series: Vec<(String, String)>,
    pub(super) files: Vec<String>,
}

/// No import needs more series; a file with more has a wrong column.
const SERIES_MAX: usize = 10_000;
/// Longest name of an asset or a currency.
const NAME_MAX: usize = 16;
/// A price beyond a million millions is a mistake.
const PRICE_MAX: f64 = 1e12;

pub(super) struct Found {
    pub(super) about: FileRead,
    pub(super) rows: Vec<Candle>,
}

/// Reads a file.
pub(super) fn read(
    path: &Path,
    number: u32,
    options: &PriceReadOptions,
    names: &mut Names,
    refused: &mut LeftOuts,
) -> Result<Found, PriceError> {
    let file = path.display().to_string();
    names.files.push(file.clone());
    let rows = Rows::open(path, options.asset.as_deref())?;
    let mut about = FileRead {
        file: file.clone(),
        format: if rows.format == Format::Parquet { "parquet" } else { "csv" },
        delimiter: match rows.format {
            Format::Text { delimiter } => Some(char::from(delimiter)),
            Format::Parquet => None,
        },
        time_column: rows.columns.time_name.clone(),
        unit: None,
        units: Vec::new(),
        order: Order::OldestFirst,
        rows: 0,
        lines_before: rows.lines_before,
        has_volume: rows.columns.volume.is_some(),
    };
    let mut times = Vec::new();
    let mut candles: Vec<Candle> = Vec::new();
    rows.each(|line, columns, cell| {
        about.rows += 1;
        match row(columns, cell) {
            Ok((time, figures)) => {
                let series = names.of(columns, cell, options).map_err(|(what, hint)| {
                    PriceError::new(&file, Some(line), what).with_hint(hint)
                })?;
                times.push(time);
                candles.push(Candle { series, time_s: 0, file: number, line, figures });
            }
            Err(reason) => refused.push(&file, line, || reason),
        }
        Ok(())
    })?;
    let units = units_of(&times, options.mixed_units).map_err(|place| {
        let what = "this time is not of the unit of those before it, or before 1973";
        PriceError::new(&file, Some(candles[place].line), what).with_hint(
            "times are Unix seconds, milliseconds, microseconds or nanoseconds, the same throughout, or dates as 2019-01-26 15:30",
        )
    })?;
    let mut dated = Vec::with_capacity(candles.len());
    about.unit = units.first().copied();
    for unit in &units {
        if !about.units.contains(unit) {
            about.units.push(*unit);
        }
    }
    for (mut candle, (time, unit)) in candles.into_iter().zip(times.into_iter().zip(units)) {
        match seconds(time, unit) {
            Some(time_s) => {
                candle.time_s = time_s;
                dated.push(candle);
            }
            None => refused.push(&file, candle.line, || "a time of no whole second".to_owned()),
        }
    }
    let in_file: Vec<i64> = dated.iter().map(|candle| candle.time_s).collect();
    about.order = Order::of(&in_file);
    Ok(Found { about, rows: dated })
}

impl Names {
    /// The number of the series of a row; `Err` is what is wrong and what to do.
    fn of(
        &mut self,
        columns: &Columns,
        cell: &dyn Fn(usize) -> Cell,
        options: &PriceReadOptions,
    ) -> Result<u32, (String, &'static str)> {
        let text = |column: Option<usize>| match column.map(cell) {
            Some(Cell::Text(text)) => Some(text),
            _ => None,
        };
        let (pair, quote) = (text(columns.asset), text(columns.currency));
        let (asset, second) =
            match pair.as_deref().and_then(|pair| pair.split_once(['/', '-', '_'])) {
                Some((asset, second)) => (Some(asset.to_owned()), Some(second.to_owned())),
                None => (pair, None),
            };
        let asset = asset.or_else(|| options.asset.clone());
        let currency = quote.or(second).or_else(|| options.currency.clone());
        let Some(asset) = asset else {
            return Err(("no asset is named".to_owned(), "give --asset BTC"));
        };
        let Some(currency) = currency else {
            return Err(("no currency is named".to_owned(), "give --currency USD"));
        };
        let named = [asset, currency].map(|name| name.trim().to_ascii_uppercase());
        if let Some(bad) = named.iter().find(|name| !is_ticker(name)) {
            let what = format!("{bad:?} is no name of an asset or a currency");
            return Err((what, "names have up to 16 letters and digits, such as BTC and USD"));
        }
        let [asset, currency] = named;
        let key = (asset, currency);
        // The last one is nearly always the one.
        let found = self.series.iter().rposition(|known| *known == key).unwrap_or_else(|| {
            self.series.push(key);
            self.series.len() - 1
        });
        if self.series.len() > SERIES_MAX {
            let what = format!("more than {SERIES_MAX} pairs of asset and currency");
            return Err((what, "the column of assets may hold something else"));
        }
        Ok(u32::try_from(found).expect("bounded above"))
    }
}

fn is_ticker(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Time and figures of a row, or why it is refused.
fn row(columns: &Columns, cell: &dyn Fn(usize) -> Cell) -> Result<(Written, [f64; 5]), String> {
    let time = match cell(columns.time) {
        Cell::Text(text) => Written::parse(&text).ok_or_else(|| format!("{text:?} is no time"))?,
        Cell::Integer(count) => Written::Count(count),
        Cell::Number(number) => {
            Written::of_number(number).ok_or_else(|| format!("{number} is no time"))?
        }
        Cell::Millis(count) => whole(count, 1_000)?,
        Cell::Micros(count) => whole(count, 1_000_000)?,
        Cell::Day(day) => Written::Date(i64::from(day) * 86_400),
        Cell::Empty => return Err("no time".to_owned()),
    };
    let mut figures = [0.0; 5];
    for (figure, (name, column)) in
        figures.iter_mut().zip(["open", "high", "low", "close"].into_iter().zip(columns.prices))
    {
        *figure = number(name, &cell(column))?;
        if !(figure.is_finite() && *figure > 0.0 && *figure <= PRICE_MAX) {
            return Err(format!("{name} {figure} is no price"));
        }
    }
    if let Some(column) = columns.volume {
        figures[4] = match cell(column) {
            Cell::Empty => 0.0,
            cell => number("volume", &cell)?,
        };
    }
    let [open, high, low, close, volume] = figures;
    if high < low {
        return Err(format!("high {high} is below low {low}"));
    }
    for (name, price) in [("open", open), ("close", close)] {
        if !(low..=high).contains(&price) {
            return Err(format!("{name} {price} is outside of {low} to {high}"));
        }
    }
    match volume.is_finite() && volume >= 0.0 {
        true => Ok((time, figures)),
        false => Err(format!("volume {volume} is none")),
    }
}

fn whole(count: i64, per_second: i64) -> Result<Written, String> {
    match count % per_second {
        0 => Ok(Written::Date(count / per_second)),
        _ => Err("a time of no whole second".to_owned()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a price")]
fn number(name: &str, cell: &Cell) -> Result<f64, String> {
    match cell {
        Cell::Text(text) => {
            text.parse::<f64>().map_err(|_| format!("{name} {text:?} is no number"))
        }
        Cell::Integer(number) => Ok(*number as f64),
        Cell::Number(number) => Ok(*number),
        Cell::Empty => Err(format!("no {name}")),
        other => Err(format!("{name} {other:?} is no number")),
    }
}
