//! Tables to learn from: CSV, TSV (also gzipped), Parquet, Arrow IPC, or a table of the store.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use arrow::array::RecordBatch;
use bytes::Bytes;
use learn::{Frame, Kind};
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
        Self::from_bytes(bytes, name)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn from_bytes(bytes: Vec<u8>, name: impl Into<String>) -> Result<Self, Error> {
        let name = name.into();
        let sha256 = hash(&bytes);
        let batches = if bytes.starts_with(b"PAR1") {
            parquet(bytes)?
        } else if bytes.starts_with(b"ARROW1") {
            let reader = arrow::ipc::reader::FileReader::try_new(Cursor::new(&bytes), None)?;
            reader.collect::<Result<Vec<_>, _>>()?
        } else if bytes.starts_with(&[0xff, 0xff, 0xff, 0xff]) {
            let reader = arrow::ipc::reader::StreamReader::try_new(Cursor::new(&bytes), None)?;
            reader.collect::<Result<Vec<_>, _>>()?
        } else {
            let frame = match bytes.starts_with(&[0x1f, 0x8b]) {
                true => Frame::from_csv(&unzipped(&bytes, &name)?)?,
                false => Frame::from_csv(&bytes)?,
            };
            return Ok(Self { frame, sha256, name, kinds: Vec::new(), clock: None });
        };
        let (kinds, clock) = said(&batches);
        Ok(Self { frame: Frame::from_batches(&batches)?, sha256, name, kinds, clock })
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

fn parquet(bytes: Vec<u8>) -> Result<Vec<RecordBatch>, Error> {
    let fault = arrow::error::ArrowError::from;
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).map_err(fault)?;
    let reader = builder.build().map_err(fault)?;
    Ok(reader.collect::<Result<Vec<_>, _>>()?)
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
