//! Series from files: tables with a time and a value column, and JSON of several shapes.

use std::path::Path;

use forecast::reading::{self, Keep, Reading, Repair, Sample, Stamp};
use forecast::{Auto, Indicators, Orders, Series, Step, Trend};
use learn::{Frame, Values};
use serde::Deserialize;
use serde_json::Value;

use super::answers::ReadAnswer;
pub(super) use super::indicator_files::table_of as open_table;
use crate::Error;

/// Names of a column of times, in lower case.
const TIME_NAMES: &[&str] =
    &["ds", "time", "timestamp", "date", "datetime", "unix", "ts", "month", "day", "hour"];
/// Names that a column of times may have where none has one of those above.
const TIME_NAMES_RARE: &[&str] = &[
    "t",
    "epoch",
    "open_time",
    "open time",
    "created_at",
    "time (s)",
    "time (ms)",
    "time (utc)",
    "date (utc)",
    "datetime (utc)",
    "timestamp (utc)",
    "unix timestamp",
    "unix_timestamp",
];
/// Names of a column of values.
const VALUE_NAMES: &[&str] = &["y", "value", "load"];

/// How a file is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeriesOptions {
    /// The column of times.
    pub time: Option<String>,
    /// The column of values.
    pub value: Option<String>,
    /// Which of contradicting rows counts.
    pub keep: Option<Keep>,
    /// Which series of a file with several.
    pub id: Option<String>,
}

/// A series with what its file says besides.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedSeries {
    /// Its id, its name, or its file.
    pub id: String,
    /// Its values.
    pub series: Series,
    /// Whether its file has times; else only steps are counted.
    pub has_times: bool,
    /// What was repaired.
    pub repairs: Vec<Repair>,
    /// Indicators over the history.
    pub indicators: Indicators,
    /// Indicators over the horizon.
    pub future: Indicators,
    /// Seasons in steps, ascending.
    pub seasons: Vec<usize>,
    /// Steps ahead, where the file says it.
    pub horizon: Option<usize>,
    /// Where forecasts start, where the file says it.
    pub origins: Vec<usize>,
    /// Orders and trend, where the file says them.
    pub orders: Option<(Orders, Trend)>,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// Series of one file.
pub type Panel = Vec<LoadedSeries>;

/// Series of one source by name, each as it was read, or why it could not be.
pub type Readings = Vec<(String, Result<LoadedSeries, Error>)>;

/// A series as JSON has it: values, and what belongs to them. Other keys are figures of whoever made the file.
#[derive(Debug, Deserialize)]
struct Written {
    id: Option<String>,
    name: Option<String>,
    y: Vec<Option<f64>>,
    start: Option<Value>,
    freq: Option<String>,
    m: Option<usize>,
    seasons: Option<Vec<usize>>,
    h: Option<usize>,
    origins: Option<Vec<usize>>,
    exog: Option<Vec<Vec<f64>>>,
    exog_future: Option<Vec<Vec<f64>>>,
    exog_names: Option<Vec<String>>,
    order: Option<[usize; 3]>,
    seasonal_order: Option<[usize; 4]>,
    trend: Option<String>,
}

/// The one series of a file, or that of `id`.
///
/// # Errors
/// The file cannot be read, or is no series.
pub fn open_series(path: &Path, options: &SeriesOptions) -> Result<LoadedSeries, Error> {
    let mut panel = open_panel(path, options)?;
    if let Some(id) = &options.id {
        let n = panel.iter().filter(|series| series.id == *id).count();
        if n > 1 {
            let what = format!("{} holds {n} series of the id {id:?}", path.display());
            return Err(question(what, "give each its own id"));
        }
    }
    let one = match (&options.id, panel.len()) {
        (None, 1) => Ok(panel.remove(0)),
        (None, n) => Err(question(
            format!("{} holds {n} series", path.display()),
            format!("give --id ID, such as {}", panel.first().map_or("", |series| &series.id)),
        )),
        (Some(id), _) => panel.into_iter().find(|series| series.id == *id).ok_or_else(|| {
            Error::missing(format!("{}: no series {id:?}", path.display()), "look at its ids")
        }),
    }?;
    varied(&one)?;
    Ok(one)
}

/// A series of one value throughout is refused however it is written; of one among several the methods say so.
fn varied(one: &LoadedSeries) -> Result<(), Error> {
    let mut known = one.series.values.iter().copied().filter(|value| !value.is_nan());
    match known.next() {
        Some(value) if known.all(|other| other == value) => {
            Err(forecast::ForecastError::AllEqual { value }.into())
        }
        _ => Ok(()),
    }
}

/// What a file holds, before times are laid on a grid.
pub(super) enum Rows {
    /// Rows as they came, the line above their header, and the name of their bytes.
    Samples {
        /// The rows.
        samples: Vec<Sample>,
        /// A line above the header.
        line: Option<String>,
        /// The file, or the table.
        name: String,
        /// SHA-256 of the file.
        sha256: String,
    },
    /// Series with values at equal steps already.
    Series(Readings),
}

/// All series of a file.
///
/// # Errors
/// The file cannot be read, or one of its series is none.
pub fn open_panel(path: &Path, options: &SeriesOptions) -> Result<Panel, Error> {
    open_each(path, options)?.into_iter().map(|(_, read)| read).collect()
}

/// All series of a file, each for itself: one that is none leaves the others.
///
/// # Errors
/// The file cannot be read.
pub fn open_each(path: &Path, options: &SeriesOptions) -> Result<Readings, Error> {
    match open_rows(path, options)? {
        Rows::Series(readings) => Ok(readings),
        Rows::Samples { samples, line, name, sha256 } => {
            let mut series = of_samples(&samples, options, name.clone(), sha256)?;
            let above = line.map(|text| Repair::LineBeforeHeader { text });
            series.repairs.splice(0..0, above);
            Ok(vec![(name, Ok(series))])
        }
    }
}

/// The rows of a file, or its series.
pub(super) fn open_rows(path: &Path, options: &SeriesOptions) -> Result<Rows, Error> {
    let name = path.display().to_string();
    let fault = |error| Error::File { path: path.to_owned(), error };
    let is_json = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
    if !is_json {
        let (table, line) = open_table(path).map_err(|error| match error {
            Error::Learn(learn::LearnError::EmptyTable { what: "row" }) => {
                question(format!("{name} holds no row"), "give rows of a time and a value")
            }
            other => other,
        })?;
        let samples = samples_of(&table.frame, options)?;
        return Ok(Rows::Samples { samples, line, name: table.name, sha256: table.sha256 });
    }
    let bytes = std::fs::read(path).map_err(fault)?;
    of_json(&bytes, options, &name)
}

/// The series of a table in memory.
///
/// # Errors
/// It has no column of times or of values, or they are no series.
pub fn series_of(
    table: &crate::tabular::Table,
    options: &SeriesOptions,
) -> Result<LoadedSeries, Error> {
    let samples = samples_of(&table.frame, options)?;
    of_samples(&samples, options, table.name.clone(), table.sha256.clone())
}

pub(super) fn question(what: String, hint: impl Into<String>) -> Error {
    Error::Question { what, hint: Some(hint.into()) }
}

fn of_json(bytes: &[u8], options: &SeriesOptions, name: &str) -> Result<Rows, Error> {
    let hint = "a series is an object with \"y\", or a list of objects with a time and a value";
    let fault = |error: serde_json::Error| question(format!("{name}: {error}"), hint);
    let sha256 = crate::tabular::hash(bytes);
    let document: Value = serde_json::from_slice(bytes).map_err(fault)?;
    let list = match document {
        Value::Array(list) if !list.is_empty() => list,
        Value::Object(_) => vec![document],
        _ => return Err(question(format!("{name} holds no series"), hint)),
    };
    if list.iter().all(|entry| entry["y"].is_array()) {
        if options.time.is_some() || options.value.is_some() || options.keep.is_some() {
            return Err(question(
                format!("{name} has \"y\", and neither columns nor rows to choose from"),
                "leave --time, --value and --keep out",
            ));
        }
        let several = list.len() > 1;
        let read = |(at, entry): (usize, Value)| {
            let id = entry["id"].as_str().or(entry["name"].as_str());
            let place =
                if several { format!("{name}, series {}", at + 1) } else { name.to_owned() };
            let id = id.map_or_else(|| place.clone(), str::to_owned);
            let written = serde_json::from_value::<Written>(entry)
                .map_err(|error| question(format!("{name}, series {}: {error}", at + 1), hint));
            match written.and_then(|written| written.loaded(name, &sha256)) {
                Ok(series) => (series.id.clone(), Ok(series)),
                Err(error) => (id, Err(error)),
            }
        };
        return Ok(Rows::Series(list.into_iter().enumerate().map(read).collect()));
    }
    let samples = samples_of_records(&list, options)?;
    Ok(Rows::Samples { samples, line: None, name: name.to_owned(), sha256 })
}

pub(super) fn of_samples(
    samples: &[Sample],
    options: &SeriesOptions,
    id: String,
    sha256: String,
) -> Result<LoadedSeries, Error> {
    let Reading { series, repairs, .. } = reading::read(samples, options.keep)?;
    let seasons = Auto::for_step(series.step, 1).seasons;
    Ok(LoadedSeries {
        id,
        series,
        has_times: true,
        repairs,
        indicators: Indicators::default(),
        future: Indicators::default(),
        seasons,
        horizon: None,
        origins: Vec::new(),
        orders: None,
        sha256,
    })
}

impl Written {
    fn loaded(self, file: &str, sha256: &str) -> Result<LoadedSeries, Error> {
        let id = self.id.clone().or_else(|| self.name.clone()).unwrap_or_else(|| file.to_owned());
        let step = self.freq.as_deref().map(reading::step_of).transpose()?;
        let start = self.start.as_ref().map(|start| reading::parse_time(&stamp(start)));
        let start = start.transpose()?;
        let has_times = step.is_some() && start.is_some();
        if self.seasonal_order.is_some() && self.order.is_none() {
            let what = format!("{id}: \"seasonal_order\" without \"order\"");
            return Err(question(
                what,
                "give \"order\": [p, d, q] beside it, or \"m\" for a season alone",
            ));
        }
        let values: Vec<f64> = self.y.iter().map(|value| value.unwrap_or(f64::NAN)).collect();
        let n = values.len();
        let missing = values.iter().filter(|value| value.is_nan()).count();
        let repairs = (missing > 0).then_some(Repair::Missing { count: missing });
        let half = match (start, step) {
            (Some(_), None) => Some(Repair::HalfATime { given: "start", missing: "freq" }),
            (None, Some(_)) => Some(Repair::HalfATime { given: "freq", missing: "start" }),
            _ => None,
        };
        let season = self.m.or(self.seasonal_order.map(|orders| orders[3]));
        let given = self.seasons.or_else(|| season.map(|season| vec![season]));
        let suggested = || step.map_or_else(Vec::new, |step| Auto::for_step(step, 1).seasons);
        let mut seasons = given.unwrap_or_else(suggested);
        seasons.retain(|season| *season > 1);
        seasons.sort_unstable();
        seasons.dedup();
        let names = self.exog_names.as_deref();
        let indicators = columns(&id, self.exog.as_deref(), names, n)?;
        let n_future = self.exog_future.as_ref().map_or(0, Vec::len);
        let future = columns(&id, self.exog_future.as_deref(), names, n_future)?;
        let trend = self.trend.as_deref().map(str::parse::<Trend>).transpose()?;
        let orders = self.order.map(|[p, d, q]| {
            let orders = Orders::new(p, d, q);
            let [sp, sd, sq, s] = self.seasonal_order.unwrap_or_default();
            (orders.seasonal(sp, sd, sq, s), trend.unwrap_or_default())
        });
        // Without times only steps are counted; a second stands for one and is shown nowhere.
        let step = step.unwrap_or(Step::Seconds(1));
        Ok(LoadedSeries {
            id,
            series: Series { start_s: start.unwrap_or(0), step, values },
            has_times,
            repairs: repairs.into_iter().chain(half).collect(),
            indicators,
            future,
            seasons,
            horizon: self.h.or(Some(n_future).filter(|n| *n > 0)),
            origins: self.origins.unwrap_or_default(),
            orders,
            sha256: sha256.to_owned(),
        })
    }
}

/// Rows of indicators as columns, `x1` and so on where nobody names them.
fn columns(
    id: &str,
    rows: Option<&[Vec<f64>]>,
    names: Option<&[String]>,
    n: usize,
) -> Result<Indicators, Error> {
    let Some(rows) = rows else { return Ok(Indicators::default()) };
    let width = rows.first().map_or(0, Vec::len);
    let even = rows.iter().all(|row| row.len() == width);
    let named = names.is_none_or(|names| names.len() == width);
    if rows.len() != n || !even || !named {
        return Err(question(
            format!(
                "{id}: {} rows of indicators for {n} values, or rows of unequal length",
                rows.len()
            ),
            "give a row of numbers a value, and a name a column",
        ));
    }
    let names = match names {
        Some(names) => names.to_vec(),
        None => (1..=width).map(|column| format!("x{column}")).collect(),
    };
    let columns = (0..width).map(|column| rows.iter().map(|row| row[column]).collect()).collect();
    Ok(Indicators { names, columns })
}

fn stamp(value: &Value) -> Stamp {
    match value {
        Value::String(text) => Stamp::Text(text.clone()),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| Stamp::Text(number.to_string()), Stamp::Whole)
        }
        other => Stamp::Text(other.to_string()),
    }
}

/// The columns of times and values among `names`: those asked for, else the only ones that can be meant.
fn pick(names: &[&str], options: &SeriesOptions) -> Result<(String, String), Error> {
    let all = names.join(", ");
    let asked = |name: &String| match names.contains(&name.as_str()) {
        true => Ok(name.clone()),
        false => Err(question(format!("no column {name:?}"), format!("columns are {all}"))),
    };
    let known = |known: &[&str], other: &str| {
        let is = |name: &&&str| known.contains(&name.to_lowercase().as_str()) && **name != other;
        let found: Vec<&str> = names.iter().filter(is).copied().collect();
        (found.len() == 1).then(|| found[0].to_owned())
    };
    let has_usual = names.iter().any(|name| TIME_NAMES.contains(&name.to_lowercase().as_str()));
    let unclear = |what: &str, option: &str| {
        question(
            format!("which column holds the {what}?"),
            format!("give {option} COL; columns are {all}"),
        )
    };
    let other = |name: &str| {
        let rest: Vec<&&str> = names.iter().filter(|other| **other != name).collect();
        (rest.len() == 1).then(|| (*rest[0]).to_owned())
    };
    let time = match &options.time {
        Some(time) => asked(time)?,
        None => known(TIME_NAMES, "")
            .or_else(|| if has_usual { None } else { known(TIME_NAMES_RARE, "") })
            .ok_or_else(|| unclear("times", "--time"))?,
    };
    let value = match &options.value {
        Some(value) => asked(value)?,
        None => known(VALUE_NAMES, &time)
            .or_else(|| other(&time))
            .ok_or_else(|| unclear("values", "--value"))?,
    };
    Ok((time, value))
}

/// The column of times.
pub(super) fn time_column(frame: &Frame, options: &SeriesOptions) -> Result<String, Error> {
    let names: Vec<&str> = frame.columns().iter().map(|column| column.name.as_str()).collect();
    // Any other column will do for the values: only that of times is asked for.
    let first =
        |time: &str| names.iter().find(|name| **name != time).map(|name| (*name).to_owned());
    let is_time = |name: &&&str| TIME_NAMES.contains(&name.to_lowercase().as_str());
    let time = options.time.clone().or_else(|| names.iter().find(is_time).map(|n| (*n).to_owned()));
    let value = first(time.as_deref().unwrap_or_default());
    Ok(pick(&names, &SeriesOptions { value, ..options.clone() })?.0)
}

fn samples_of(frame: &Frame, options: &SeriesOptions) -> Result<Vec<Sample>, Error> {
    let names: Vec<&str> = frame.columns().iter().map(|column| column.name.as_str()).collect();
    let (time, value) = pick(&names, options)?;
    let (times, values) = (&frame.column(&time)?.values, &frame.column(&value)?.values);
    let sample = |row: usize| {
        let stamp = match times {
            Values::Times(times) => times[row].map(Stamp::Micros),
            Values::Integers(times) => times[row].map(Stamp::Whole),
            other => other.shown(row).map(Stamp::Text),
        };
        let stamp = stamp.unwrap_or_else(|| Stamp::Text(String::new()));
        let value = match values {
            Values::Numbers(values) => values[row],
            Values::Times(_) | Values::Booleans(_) => {
                return Err(question(
                    format!("column {value:?} holds {}", values.type_name()),
                    "give --value COL with a column of numbers",
                ));
            }
            other => reading::parse_value(&other.shown(row).unwrap_or_default(), row)?,
        };
        Ok(Sample { stamp, value })
    };
    (0..frame.n_rows()).map(sample).collect()
}

/// Rows of JSON: every one an object with both fields.
fn samples_of_records(records: &[Value], options: &SeriesOptions) -> Result<Vec<Sample>, Error> {
    let Some(first) = records[0].as_object() else {
        return Err(question(
            "the list holds no objects".to_owned(),
            "a series is an object with \"y\", or a list of objects with a time and a value",
        ));
    };
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    let (time, value) = pick(&names, options)?;
    let sample = |(row, record): (usize, &Value)| {
        let text = match &record[value.as_str()] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Ok(Sample {
            stamp: stamp(&record[time.as_str()]),
            value: reading::parse_value(&text, row)?,
        })
    };
    records.iter().enumerate().map(sample).collect()
}

impl LoadedSeries {
    /// What is told of it; `indicators` says whether they were used.
    pub fn answer(&self, indicators: bool) -> ReadAnswer {
        let n = self.series.values.len();
        let text = |index: usize| {
            reading::time_of(&self.series, index).map(reading::time_text).unwrap_or_default()
        };
        let mut repairs: Vec<String> = self.repairs.iter().map(Repair::to_string).collect();
        if !indicators && !self.indicators.names.is_empty() {
            repairs
                .push("the method takes no indicators: those of the file were not used".to_owned());
        }
        ReadAnswer {
            series: self.id.clone(),
            sha256: self.sha256.clone(),
            n,
            n_missing: self.series.values.iter().filter(|value| value.is_nan()).count(),
            window: (self.has_times && n > 0).then(|| [text(0), text(n - 1)]),
            step: self.step_words(),
            repairs,
            indicators: if indicators { self.indicators.names.clone() } else { Vec::new() },
        }
    }

    fn step_words(&self) -> String {
        match self.series.step {
            _ if !self.has_times => "not told".to_owned(),
            Step::Months(1) => "1 month".to_owned(),
            Step::Months(months) => format!("{months} months"),
            Step::Seconds(s) if s % 86_400 == 0 => format!("{} d", s / 86_400),
            Step::Seconds(s) if s % 3_600 == 0 => format!("{} h", s / 3_600),
            Step::Seconds(s) if s % 60 == 0 => format!("{} min", s / 60),
            Step::Seconds(s) => format!("{s} s"),
        }
    }

    /// Steps ahead where nobody says: two seasons, at most 48 and at least 1, at most a fourth of the values.
    pub fn horizon_default(&self) -> usize {
        let two = self.seasons.first().map_or(12, |season| (2 * season).min(48));
        self.horizon.unwrap_or(two.min(self.series.values.len() / 4).max(1))
    }
}
