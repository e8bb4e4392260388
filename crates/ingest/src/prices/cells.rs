//! Rows of cells, whatever the file is: text with a delimiter that is sniffed, or Parquet.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use super::error::PriceError;
use super::header::Columns;

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Text(String),
    Integer(i64),
    Number(f64),
    /// A time of a Parquet file, in Unix milliseconds or microseconds.
    Millis(i64),
    Micros(i64),
    /// A day, counted from 1970.
    Day(i32),
    Empty,
}

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text { delimiter: u8 },
    Parquet,
}

/// The header of a text is looked for in so many lines: some vendors put their name before it.
const HEADER_LINES_MAX: usize = 8;
/// Longest line of a header.
const LINE_BYTES_MAX: usize = 1 << 16;
/// Longest row: a candle has some hundred bytes.
const ROW_BYTES_MAX: u64 = 1 << 20;
/// Largest file: ten years of minutes have half a gigabyte.
const FILE_BYTES_MAX: u64 = 4 << 30;
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
const PARQUET_MAGIC: &[u8] = b"PAR1";

/// An open file, its columns found.
pub(super) struct Rows {
    name: String,
    pub(super) format: Format,
    pub(super) columns: Columns,
    /// Lines before the header.
    pub(super) lines_before: u64,
    source: Source,
}

enum Source {
    Text(Box<csv::Reader<File>>),
    Parquet(SerializedFileReader<File>),
}

impl Rows {
    pub(super) fn open(path: &Path, asset: Option<&str>) -> Result<Self, PriceError> {
        let name = path.display().to_string();
        let fault = |error: std::io::Error| PriceError::new(&name, None, error.to_string());
        let file = File::open(path).map_err(fault)?;
        if file.metadata().is_ok_and(|about| about.len() > FILE_BYTES_MAX) {
            let what = "a file of over 4 GiB";
            return Err(PriceError::new(&name, None, what).with_hint("give it in parts"));
        }
        let mut reader = BufReader::new(file.try_clone().map_err(fault)?);
        let is_parquet = reader.fill_buf().map_err(fault)?.starts_with(PARQUET_MAGIC);
        match is_parquet {
            true => Self::open_parquet(name, file, asset),
            false => Self::open_text(name, file, reader, asset),
        }
    }

    fn open_parquet(name: String, file: File, asset: Option<&str>) -> Result<Self, PriceError> {
        let fault = |what: String| PriceError::new(&name, None, what);
        let reader = SerializedFileReader::new(file).map_err(|error| fault(error.to_string()))?;
        let schema = reader.metadata().file_metadata().schema_descr();
        let names: Vec<String> =
            schema.root_schema().get_fields().iter().map(|field| field.name().to_owned()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let columns = Columns::find(&names, asset)
            .map_err(|what| fault(what).with_hint(format!("columns here: {}", names.join(", "))))?;
        let source = Source::Parquet(reader);
        Ok(Self { name, format: Format::Parquet, columns, lines_before: 0, source })
    }

    fn open_text(
        name: String,
        mut file: File,
        mut reader: BufReader<File>,
        asset: Option<&str>,
    ) -> Result<Self, PriceError> {
        let io = |error: std::io::Error| PriceError::new(&name, None, error.to_string());
        let (mut at, mut line) = (0, Vec::new());
        let mut why = None;
        for lines_before in 0..HEADER_LINES_MAX as u64 {
            line.clear();
            let mut limited = std::io::Read::take(&mut reader, LINE_BYTES_MAX as u64);
            let n_read = limited.read_until(b'\n', &mut line).map_err(io)?;
            if n_read == 0 {
                break;
            }
            let text = String::from_utf8_lossy(&line);
            if let Some((delimiter, names)) = split(text.trim_end()) {
                match Columns::find(&names, asset) {
                    Ok(columns) => {
                        at += n_read as u64;
                        file.seek(SeekFrom::Start(at)).map_err(io)?;
                        let source = csv::ReaderBuilder::new()
                            .delimiter(delimiter)
                            .has_headers(false)
                            .flexible(true)
                            .from_reader(file);
                        return Ok(Self {
                            name,
                            format: Format::Text { delimiter },
                            columns,
                            lines_before,
                            source: Source::Text(Box::new(source)),
                        });
                    }
                    // The fault of the line that is most of a header.
                    Err(what) => why = why.or(Some((lines_before + 1, what))),
                }
            }
            at += n_read as u64;
        }
        let (line, what) = why.unwrap_or((1, "no header".to_owned()));
        let hint = "the header must name time, open, high, low and close, and may name asset, currency and volume";
        Err(PriceError::new(&name, Some(line), what).with_hint(hint))
    }

    /// Hands every row over, with its line or its number from 1.
    pub(super) fn each(
        self,
        mut take: impl FnMut(u64, &Columns, &dyn Fn(usize) -> Cell) -> Result<(), PriceError>,
    ) -> Result<(), PriceError> {
        let Self { name, columns, lines_before, source, .. } = self;
        match source {
            Source::Text(reader) => {
                text_rows(*reader, &name, lines_before + 1, |line, cell| take(line, &columns, cell))
            }
            Source::Parquet(reader) => {
                let fault = |line, error: parquet::errors::ParquetError| {
                    PriceError::new(&name, Some(line), error.to_string())
                };
                let rows = reader.get_row_iter(None).map_err(|error| fault(1, error))?;
                for (line, row) in (1..).zip(rows) {
                    let row = row.map_err(|error| fault(line, error))?;
                    let fields: Vec<Field> =
                        row.into_columns().into_iter().map(|(_, field)| field).collect();
                    take(line, &columns, &|at| fields.get(at).map_or(Cell::Empty, of_field))?;
                }
                Ok(())
            }
        }
    }
}

fn text_rows(
    mut reader: csv::Reader<File>,
    name: &str,
    lines_before: u64,
    mut take: impl FnMut(u64, &dyn Fn(usize) -> Cell) -> Result<(), PriceError>,
) -> Result<(), PriceError> {
    let mut record = csv::ByteRecord::new();
    loop {
        let (line, from) = (lines_before + reader.position().line(), reader.position().byte());
        let fault = |what: String| PriceError::new(name, Some(line), what);
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err(fault(error.to_string())),
        }
        if reader.position().byte() - from > ROW_BYTES_MAX {
            return Err(fault("a row of over a megabyte".to_owned())
                .with_hint("a quote may have been opened and not closed"));
        }
        let line = record.position().map_or(line, |position| lines_before + position.line());
        let cell = |at: usize| match record.get(at) {
            None => Cell::Empty,
            Some(bytes) if bytes.trim_ascii().is_empty() => Cell::Empty,
            Some(bytes) => Cell::Text(String::from_utf8_lossy(bytes.trim_ascii()).into_owned()),
        };
        take(line, &cell)?;
    }
}

/// A line cut by the delimiter that cuts it into most cells.
fn split(line: &str) -> Option<(u8, Vec<&str>)> {
    let count = |delimiter: u8| line.bytes().filter(|byte| *byte == delimiter).count();
    // The first of equals, which is the comma.
    let delimiter = DELIMITERS.into_iter().rev().max_by_key(|delimiter| count(*delimiter))?;
    let cells = line.split(char::from(delimiter)).map(|cell| cell.trim().trim_matches('"'));
    (count(delimiter) > 0).then(|| (delimiter, cells.collect()))
}

fn of_field(field: &Field) -> Cell {
    match field {
        Field::Null => Cell::Empty,
        Field::Byte(number) => Cell::Integer((*number).into()),
        Field::Short(number) => Cell::Integer((*number).into()),
        Field::Int(number) => Cell::Integer((*number).into()),
        Field::Long(number) => Cell::Integer(*number),
        Field::UByte(number) => Cell::Integer((*number).into()),
        Field::UShort(number) => Cell::Integer((*number).into()),
        Field::UInt(number) => Cell::Integer((*number).into()),
        Field::ULong(number) => i64::try_from(*number).map_or(Cell::Empty, Cell::Integer),
        Field::Float(number) => Cell::Number((*number).into()),
        Field::Double(number) => Cell::Number(*number),
        Field::Date(day) => Cell::Day(*day),
        Field::TimestampMillis(count) => Cell::Millis(*count),
        Field::TimestampMicros(count) => Cell::Micros(*count),
        Field::Str(text) => Cell::Text(text.trim().to_owned()),
        other => Cell::Text(other.to_string()),
    }
}
