//! The three file formats of an export as one thing: rows of named cells, in chunks that can be read again.
//!
//! Rows come as JSON objects whatever the file is: CSV cells as texts, Parquet cells as what they are. A chunk is about
//! 4 MiB of a text file or one row group of a Parquet file; its [`Mark`] is where it begins. Checked by one set of
//! rows written in all three formats (`tests/it/etl.rs`).

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use parquet::data_type::Decimal;
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::record::{Field, reader::RowIter};
use serde_json::{Map, Value};

use crate::bitcoin::error::{Place, SourceError, SourceFault};

/// A row by the names of its cells.
pub(super) type Row = Map<String, Value>;

/// Size of a chunk of a text file.
const CHUNK_BYTES: u64 = 4 << 20;
/// Longest line: a transaction may fill a block, and hexadecimal and JSON make it some ten times longer.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// Where a chunk begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    /// Byte of a text file, number of a row group.
    at: u64,
    /// Lines or rows before it.
    line: u64,
}

/// One row, where it is, and the chunk that it is in.
#[derive(Debug)]
pub(super) struct RowAt {
    pub(super) chunk: Mark,
    /// From 1.
    pub(super) line: u64,
    pub(super) cells: Row,
}

type Rows<'a> = Box<dyn Iterator<Item = Result<RowAt, SourceError>> + 'a>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    JsonLines,
    Csv,
    Parquet,
}

/// One file of an export.
#[derive(Clone, Debug)]
pub(super) struct TableFile {
    path: PathBuf,
    format: Format,
}

impl TableFile {
    /// `None` where the name does not end as one of the formats does.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        let format = match extension.as_str() {
            "json" | "jsonl" | "ndjson" => Format::JsonLines,
            "csv" => Format::Csv,
            "parquet" => Format::Parquet,
            _ => return None,
        };
        Some(Self { path: path.to_owned(), format })
    }

    pub(super) fn place(&self, line: u64) -> Place {
        Place::Line(self.path.clone(), line)
    }

    pub(super) fn fault(&self, line: u64, what: impl std::fmt::Display) -> SourceError {
        SourceError::new(self.place(line), SourceFault::Row(what.to_string()))
    }

    fn io(&self, error: std::io::Error) -> SourceError {
        SourceError::io(&self.path, error)
    }

    /// The rows from the beginning of a chunk on.
    pub(super) fn rows(&self, from: Mark) -> Result<Rows<'_>, SourceError> {
        match self.format {
            Format::JsonLines => self.json_rows(from),
            Format::Csv => self.csv_rows(from),
            Format::Parquet => self.parquet_rows(from),
        }
    }

    fn json_rows(&self, from: Mark) -> Result<Rows<'_>, SourceError> {
        let mut file = File::open(&self.path).map_err(|error| self.io(error))?;
        file.seek(SeekFrom::Start(from.at)).map_err(|error| self.io(error))?;
        let mut file = BufReader::with_capacity(1 << 16, file);
        let (mut chunk, mut at, mut line) = (from, from.at, from.line);
        let mut text = Vec::new();
        let next = move || loop {
            text.clear();
            let n_read = (&mut file).take(LINE_BYTES_MAX).read_until(b'\n', &mut text);
            let n_read = match n_read {
                Ok(0) => return None,
                Ok(n_read) => n_read as u64,
                Err(error) => return Some(Err(self.io(error))),
            };
            if at - chunk.at >= CHUNK_BYTES {
                chunk = Mark { at, line };
            }
            (at, line) = (at + n_read, line + 1);
            if text.trim_ascii().is_empty() {
                continue;
            }
            let row = match serde_json::from_slice(&text) {
                Ok(cells) => Ok(RowAt { chunk, line, cells }),
                Err(_) if n_read == LINE_BYTES_MAX => Err(self.fault(line, "line too long")),
                Err(error) => Err(self.fault(line, format_args!("not a JSON object: {error}"))),
            };
            return Some(row);
        };
        Ok(stop_at_error(std::iter::from_fn(next)))
    }

    fn csv_rows(&self, from: Mark) -> Result<Rows<'_>, SourceError> {
        let fault = |error: csv::Error| {
            let line = error.position().map_or(1, csv::Position::line);
            self.fault(line, error)
        };
        let mut reader = csv::Reader::from_path(&self.path).map_err(fault)?;
        let names = reader.headers().map_err(fault)?.clone();
        if from != Mark::default() {
            let mut position = csv::Position::new();
            position.set_byte(from.at).set_line(from.line + 1);
            reader.seek(position).map_err(fault)?;
        }
        let mut chunk = from;
        let mut record = csv::StringRecord::new();
        let next = move || {
            let (at, line) = (reader.position().byte(), reader.position().line());
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(fault(error))),
            }
            if at - chunk.at >= CHUNK_BYTES {
                chunk = Mark { at, line: line - 1 };
            }
            let cells = names.iter().zip(&record).map(|(name, cell)| {
                let cell = if cell.is_empty() { Value::Null } else { Value::from(cell) };
                (name.to_owned(), cell)
            });
            Some(Ok(RowAt { chunk, line, cells: cells.collect() }))
        };
        Ok(stop_at_error(std::iter::from_fn(next)))
    }

    fn parquet_rows(&self, from: Mark) -> Result<Rows<'_>, SourceError> {
        let fault = |error: parquet::errors::ParquetError| self.fault(1, error);
        let file = File::open(&self.path).map_err(|error| self.io(error))?;
        let reader = SerializedFileReader::new(file).map_err(fault)?;
        let n_groups = reader.num_row_groups() as u64;
        let mut line = from.line;
        let groups = (from.at..n_groups).map(move |at| {
            let chunk = Mark { at, line };
            let group = usize::try_from(at).expect("it was a usize before");
            let rows = self.group_rows(&*reader.get_row_group(group).map_err(fault)?, chunk);
            line += rows.len() as u64;
            Ok(rows)
        });
        Ok(stop_at_error(groups.flat_map(|group| match group {
            Ok(rows) => rows,
            Err(error) => vec![Err(error)],
        })))
    }

    fn group_rows(
        &self,
        group: &dyn RowGroupReader,
        chunk: Mark,
    ) -> Vec<Result<RowAt, SourceError>> {
        let rows = match RowIter::from_row_group(None, group) {
            Ok(rows) => rows,
            Err(error) => return vec![Err(self.fault(chunk.line + 1, error))],
        };
        let row = |(line, row): (u64, Result<parquet::record::Row, _>)| match row {
            Ok(row) => Ok(RowAt { chunk, line, cells: object(row) }),
            Err(error) => Err(self.fault(line, error)),
        };
        (chunk.line + 1..).zip(rows).map(row).collect()
    }
}

/// After an error the position is not known, so nothing may follow it.
fn stop_at_error<'a>(rows: impl Iterator<Item = Result<RowAt, SourceError>> + 'a) -> Rows<'a> {
    Box::new(rows.scan(false, |stopped, row| {
        if *stopped {
            return None;
        }
        *stopped = row.is_err();
        Some(row)
    }))
}

fn object(row: parquet::record::Row) -> Row {
    row.into_columns().into_iter().map(|(name, field)| (name, value(field))).collect()
}

fn value(field: Field) -> Value {
    match field {
        Field::Bool(bool) => Value::Bool(bool),
        Field::Byte(number) => number.into(),
        Field::Short(number) => number.into(),
        Field::Int(number) | Field::Date(number) | Field::TimeMillis(number) => number.into(),
        Field::Long(number) | Field::TimeMicros(number) => number.into(),
        Field::TimestampMillis(number) | Field::TimestampMicros(number) => number.into(),
        Field::UByte(number) => number.into(),
        Field::UShort(number) => number.into(),
        Field::UInt(number) => number.into(),
        Field::ULong(number) => number.into(),
        Field::Float(number) => number.into(),
        Field::Double(number) => number.into(),
        Field::Decimal(number) => decimal(&number),
        Field::Str(text) => text.into(),
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes.data()).into(),
        Field::Group(row) => Value::Object(object(row)),
        Field::ListInternal(list) => list.elements().iter().cloned().map(value).collect(),
        Field::Null | Field::Float16(_) | Field::MapInternal(_) => Value::Null,
    }
}

/// A whole number kept as a decimal (BigQuery's `NUMERIC`), as text; anything else is no amount.
fn decimal(decimal: &Decimal) -> Value {
    let bytes = decimal.data();
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    if negative || bytes.len() > 16 {
        return Value::Null;
    }
    let number = bytes.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let scale = u32::try_from(decimal.scale()).ok().and_then(|scale| 10_u128.checked_pow(scale));
    match scale {
        Some(scale) if number % scale == 0 => (number / scale).to_string().into(),
        _ => Value::Null,
    }
}
