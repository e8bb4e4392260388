//! Tables to learn from: CSV, TSV (also gzipped), Parquet, Arrow IPC, or a table of the store.
//!
//! Compressed columns are read where the codec is built in: Parquet with Snappy, gzip or Zstandard, Arrow with Zstandard. LZ4 and
//! Brotli would each be a dependency more: such a file is refused with the line that writes it anew.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use arrow::array::RecordBatch;
use bytes::Bytes;
use learn::{Frame, Kind};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::hash;
use crate::{Error, View};

/// Bytes of a text table, at most: it is read whole.
const TEXT_BYTES_MAX: u64 = 4 << 30;

/// A table in memory.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its columns.
    pub frame: Frame,
    /// SHA-256 of the file, or of the rows of a store's table, in hexadecimal digits.
    pub sha256: String,
    /// The file, or the table's name.
    pub name: String,
    /// What its columns are, where the fields of the file say so themselves (`tracehound.kind`).
    pub kinds: Vec<(String, Kind)>,
    /// The column by which rows are split in time unless somebody says otherwise (`tracehound.clock`).
    pub clock: Option<String>,
}

/// Metadata of an Arrow field: what the column is to a model, in a word.
pub(crate) const KIND: &str = "tracehound.kind";
/// Metadata of an Arrow field: it is the clock of the table.
pub(crate) const CLOCK: &str = "tracehound.clock";

/// What fields say of themselves.
fn said(batches: &[RecordBatch]) -> (Vec<(String, Kind)>, Option<String>) {
    let (mut kinds, mut clock) = (Vec::new(), None);
    let Some(first) = batches.first() else { return (kinds, clock) };
    for field in first.schema().fields() {
        let kind = match field.metadata().get(KIND).map(String::as_str) {
            Some("number") => Some(Kind::Number),
            Some("identifier") => Some(Kind::Identifier),
            // A word of a later version, or of somebody else: the column is judged by its values.
            _ => None,
        };
        kinds.extend(kind.map(|kind| (field.name().clone(), kind)));
        if field.metadata().contains_key(CLOCK) {
            clock = Some(field.name().clone());
        }
    }
    (kinds, clock)
}

impl Table {
    /// Reads a file; what it is says its beginning, not its name.
    ///
    /// # Errors
    /// It cannot be read, is none of the formats, or holds no table.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_columns(path, &|_| true)
    }

    /// [`Table::open`], reading the columns that are wanted where the format can leave others out: all of a text or a stream,
    /// and all where none is wanted.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn open_columns(path: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<Self, Error> {
        let fault = |error| Error::File { path: path.to_owned(), error };
        let name = path.display().to_string();
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(fault)?;
        file.take(TEXT_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(fault)?;
        if bytes.len() as u64 > TEXT_BYTES_MAX {
            return Err(Error::Question {
                what: format!("{name} has more than {TEXT_BYTES_MAX} bytes"),
                hint: Some("give a sample of its rows".to_owned()),
            });
        }
        Self::from_columns(bytes, name, wanted)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn from_bytes(bytes: Vec<u8>, name: impl Into<String>) -> Result<Self, Error> {
        Self::from_columns(bytes, name.into(), &|_| true)
    }

    fn from_columns(
        bytes: Vec<u8>,
        name: String,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Self, Error> {
        let sha256 = hash(&bytes);
        let is_arrow = bytes.starts_with(b"ARROW1") || bytes.starts_with(&[0xff; 4]);
        let named = |error: Error| error.of(&name);
        if !is_arrow && !bytes.starts_with(b"PAR1") {
            let frame = match bytes.starts_with(&[0x1f, 0x8b]) {
                true => Frame::from_csv(&unzipped(&bytes, &name)?),
                false => Frame::from_csv(&bytes),
            };
            let frame = frame.map_err(|error| named(error.into()))?;
            return Ok(Self { frame, sha256, name, kinds: Vec::new(), clock: None });
        }
        let batches = match is_arrow {
            true => arrow_batches(&bytes, wanted),
            false => parquet(bytes, wanted),
        };
        let batches = batches.map_err(|error| uncoded(error, &name)).map_err(named)?;
        let (kinds, clock) = said(&batches);
        let frame = Frame::from_batches(&batches).map_err(|error| named(error.into()))?;
        Ok(Self { frame, sha256, name, kinds, clock })
    }

    /// A table from columns in memory, such as those of a data frame in Python.
    ///
    /// # Errors
    /// A column is of a type that is no feature.
    pub fn from_batches(batches: &[RecordBatch], name: impl Into<String>) -> Result<Self, Error> {
        let (kinds, clock) = said(batches);
        Ok(Self {
            frame: Frame::from_batches(batches)?,
            sha256: hash_of(batches)?,
            name: name.into(),
            kinds,
            clock,
        })
    }
}

impl View {
    /// A table of the store, of every partition, to learn from.
    ///
    /// # Errors
    /// The store has no such table, or it is damaged.
    pub fn table(&self, name: &str) -> Result<Table, Error> {
        let mut batches = Vec::new();
        for partition in self.snapshot.partitions(name) {
            for batch in self.snapshot.scan(name, partition, None, None)? {
                batches.push(batch?);
            }
        }
        if batches.is_empty() {
            return Err(Error::missing(
                format!("{name} is no file and no table of the store that has rows"),
                "`tracehound export --list` names the tables",
            ));
        }
        Table::from_batches(&batches, name)
    }
}

fn parquet(bytes: Vec<u8>, wanted: &dyn Fn(&str) -> bool) -> Result<Vec<RecordBatch>, Error> {
    let fault = arrow::error::ArrowError::from;
    let mut builder =
        ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).map_err(fault)?;
    let roots = builder.parquet_schema().root_schema().get_fields();
    let places: Vec<usize> = (0..roots.len()).filter(|at| wanted(roots[*at].name())).collect();
    if !places.is_empty() && places.len() < roots.len() {
        let mask = ProjectionMask::roots(builder.parquet_schema(), places);
        builder = builder.with_projection(mask);
    }
    let reader = builder.build().map_err(fault)?;
    Ok(reader.collect::<Result<Vec<_>, _>>()?)
}

/// The batches of a file or a stream.
fn arrow_batches(bytes: &[u8], wanted: &dyn Fn(&str) -> bool) -> Result<Vec<RecordBatch>, Error> {
    if !bytes.starts_with(b"ARROW1") {
        let reader = arrow::ipc::reader::StreamReader::try_new(Cursor::new(bytes), None)?;
        return Ok(reader.collect::<Result<Vec<_>, _>>()?);
    }
    let open = |places| arrow::ipc::reader::FileReader::try_new(Cursor::new(bytes), places);
    let reader = open(None)?;
    let schema = reader.schema();
    let is_wanted = |at: &usize| wanted(schema.field(*at).name());
    let places: Vec<usize> = (0..schema.fields().len()).filter(is_wanted).collect();
    let all = places.is_empty() || places.len() == schema.fields().len();
    let reader = if all { reader } else { open(Some(places))? };
    Ok(reader.collect::<Result<Vec<_>, _>>()?)
}

/// The error of a codec that is not built in: which one, and how to write the file without it.
fn uncoded(error: Error, name: &str) -> Error {
    let text = error.to_string().to_lowercase();
    let is_codec = text.contains("disabled feature") || text.contains("requires the");
    let codec = ["lz4", "brotli"].into_iter().find(|codec| text.contains(codec));
    let Some(codec) = codec.filter(|_| is_codec) else { return error };
    Error::Question {
        what: format!("{name} is compressed with {codec}, which is not read here"),
        hint: Some(
            "write it with compression=\"zstd\" (pandas: to_feather or to_parquet(path, compression=\"zstd\"); pyarrow: \
             feather.write_feather or parquet.write_table)"
                .to_owned(),
        ),
    }
}

/// The text of gzipped bytes, up to the most that is read.
pub(crate) fn unzipped(bytes: &[u8], name: &str) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(bytes).take(TEXT_BYTES_MAX + 1);
    reader.read_to_end(&mut text).map_err(|error| Error::File { path: name.into(), error })?;
    if text.len() as u64 > TEXT_BYTES_MAX {
        return Err(Error::Question {
            what: format!("{name} unpacks to more than {TEXT_BYTES_MAX} bytes"),
            hint: Some("give a sample of its rows".to_owned()),
        });
    }
    Ok(text)
}

/// A name of the rows: the hash of them as an Arrow stream.
fn hash_of(batches: &[RecordBatch]) -> Result<String, Error> {
    let mut bytes = Vec::new();
    if let Some(first) = batches.first() {
        let mut writer = arrow::ipc::writer::StreamWriter::try_new(&mut bytes, &first.schema())?;
        for batch in batches {
            writer.write(batch)?;
        }
        writer.finish()?;
    }
    Ok(hash(&bytes))
}
