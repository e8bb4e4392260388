//! Tables: what a caller says about one, and how its rows become a Parquet file.
//!
//! In: record batches of the table's schema. Out: one file with size, row count, key range and
//! SHA-256. Written for speed: snappy, plain encoding, statistics for the key column only.
//! Dictionary encoding stays on for texts and 8- and 16-bit numbers (kinds, flags), where it
//! shrinks files; for hashes, amounts and ids it only costs a hash table a value. The same rows
//! give the same bytes: no time and no library version is written.
//! Checked by: `tests/it/tables.rs`; any Parquet reader opens the files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::types::{UInt32Type, UInt64Type};
use arrow_array::{Array, RecordBatch, cast::AsArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use sha2::{Digest, Sha256};

use crate::column_writer::BlockHash;
use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::manifest::{
    FieldEntry, TableEntry, TableFile, check_name, field_entries, hash_hex, hex,
};
use crate::staging::Staging;

/// What the store needs to know of a table.
#[derive(Clone, Debug)]
pub struct TableSpec {
    /// Its name: `a-z 0-9 _ - .`
    pub name: String,
    /// Its columns.
    pub schema: SchemaRef,
    /// A `UInt32` or `UInt64` column without nulls that never decreases within a partition: what
    /// rows are cut and sought by.
    pub key: Option<String>,
}

impl TableSpec {
    /// A table without a key.
    pub fn new(name: impl Into<String>, schema: SchemaRef) -> TableSpec {
        TableSpec { name: name.into(), schema, key: None }
    }

    /// The same table with a key column.
    #[must_use]
    pub fn key(self, column: impl Into<String>) -> TableSpec {
        TableSpec { key: Some(column.into()), ..self }
    }

    pub(crate) fn check(&self) -> Result<()> {
        check_name(&self.name)?;
        let Some(key) = &self.key else { return Ok(()) };
        let field = self
            .schema
            .field_with_name(key)
            .map_err(|_| self.wrong(format!("no column {key:?}")))?;
        let kind = field.data_type();
        if field.is_nullable() || !matches!(kind, DataType::UInt32 | DataType::UInt64) {
            return Err(self.wrong(format!("key {key:?} must be UInt32 or UInt64 without nulls")));
        }
        Ok(())
    }

    /// The table as the manifest describes it, without files.
    pub(crate) fn schema_entry(&self) -> TableEntry {
        let schema = field_entries(&self.schema);
        TableEntry { schema, key: self.key.clone(), partitions: BTreeMap::new() }
    }

    pub(crate) fn wrong(&self, what: String) -> Error {
        Error::Schema { table: self.name.clone(), what }
    }

    pub(crate) fn check_batch(&self, batch: &RecordBatch) -> Result<()> {
        if batch.schema_ref().fields() == self.schema.fields() {
            return Ok(());
        }
        let (found, expected) = (field_entries(batch.schema_ref()), field_entries(&self.schema));
        if found == expected {
            return Ok(());
        }
        Err(self.wrong(difference(&found, &expected)))
    }
}

/// The first difference of two schemas, in words.
pub(crate) fn difference(found: &[FieldEntry], expected: &[FieldEntry]) -> String {
    let show = |field: Option<&FieldEntry>| {
        field.map_or("nothing".to_owned(), |field| {
            let null = if field.nullable { ", nullable" } else { "" };
            format!("{}: {}{null}", field.name, field.data_type)
        })
    };
    let at = (0..found.len().max(expected.len())).find(|&at| found.get(at) != expected.get(at));
    let at = at.unwrap_or(0);
    format!("column {at} is {}, expected {}", show(found.get(at)), show(expected.get(at)))
}

/// The key column's values; `None` for a column that cannot be a key.
pub(crate) struct Keys<'a> {
    array: &'a dyn Array,
}

impl<'a> Keys<'a> {
    pub(crate) fn of(array: &'a dyn Array) -> Option<Keys<'a>> {
        let fits = matches!(array.data_type(), DataType::UInt32 | DataType::UInt64);
        (fits && array.null_count() == 0).then_some(Keys { array })
    }

    pub(crate) fn len(&self) -> usize {
        self.array.len()
    }

    pub(crate) fn get(&self, index: usize) -> u64 {
        match self.array.data_type() {
            DataType::UInt32 => u64::from(self.array.as_primitive::<UInt32Type>().value(index)),
            _ => self.array.as_primitive::<UInt64Type>().value(index),
        }
    }

    /// The first `(last, next)` where a key is smaller than the one before.
    pub(crate) fn decrease(&self) -> Option<(u64, u64)> {
        fn first<T: Copy + PartialOrd + Into<u64>>(keys: &[T]) -> Option<(u64, u64)> {
            // `is_sorted` vectorizes, the search for the place runs only when there is one.
            if keys.is_sorted() {
                return None;
            }
            let pair = keys.windows(2).find(|pair| pair[1] < pair[0])?;
            Some((pair[0].into(), pair[1].into()))
        }
        match self.array.data_type() {
            DataType::UInt32 => first(self.array.as_primitive::<UInt32Type>().values()),
            _ => first(self.array.as_primitive::<UInt64Type>().values()),
        }
    }

    /// The first index whose key is above `key`.
    pub(crate) fn first_above(&self, key: u64) -> usize {
        self.first(|found| found > key)
    }

    /// The first index whose key is `key` or above.
    pub(crate) fn first_from(&self, key: u64) -> usize {
        self.first(|found| found >= key)
    }

    fn first(&self, right: impl Fn(u64) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if right(self.get(middle)) { high = middle } else { low = middle + 1 }
        }
        low
    }
}

/// The footer entry that tells which commits a merged file's rows come from: `commit:rows,…`
pub(crate) const COMMITS: &str = "store.commits";
/// The footer entry with the xxh3-64 hashes of the 1 MiB blocks before the footer, 16 hex digits
/// each.
pub(crate) const BLOCKS: &str = "store.blocks";

fn properties(schema: &Schema, key: Option<&str>, row_group_rows: usize) -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_created_by("tracehound-store".to_owned())
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(Some(row_group_rows));
    for field in schema.fields().iter().filter(|field| repeats(field)) {
        builder =
            builder.set_column_dictionary_enabled(ColumnPath::from(field.name().as_str()), true);
    }
    // Hashes do not shrink: snappy would only copy them.
    for field in schema.fields().iter().filter(|field| is_fixed_binary(field)) {
        let column = ColumnPath::from(field.name().as_str());
        builder = builder.set_column_compression(column, Compression::UNCOMPRESSED);
    }
    if let Some(key) = key {
        let chunk = EnabledStatistics::Chunk;
        builder = builder.set_column_statistics_enabled(ColumnPath::from(key), chunk);
    }
    builder.build()
}

fn is_fixed_binary(field: &Field) -> bool {
    matches!(field.data_type(), DataType::FixedSizeBinary(_))
}

fn repeats(field: &Field) -> bool {
    use DataType::{Dictionary, Int8, Int16, LargeUtf8, UInt8, UInt16, Utf8, Utf8View};
    let kind = field.data_type();
    matches!(kind, Utf8 | LargeUtf8 | Utf8View | Int8 | UInt8 | Int16 | UInt16 | Dictionary(..))
}

/// A Parquet file that is being written.
pub(crate) struct TableWriter {
    path: PathBuf,
    name: String,
    key: Option<usize>,
    writer: ArrowWriter<Sink>,
    rows: u64,
    keys: Option<(u64, u64)>,
    /// `(commit, rows)` in the order of the rows; only for a file that holds rows of earlier
    /// commits.
    commits: Vec<(u64, u64)>,
}

impl TableWriter {
    pub(crate) fn create(
        staging: &mut Staging,
        spec: &TableSpec,
        partition: &str,
    ) -> Result<TableWriter> {
        let folder = format!("tables/{}/{partition}", spec.name);
        let (name, file) = staging.create(&folder, "parquet")?;
        let shared = &staging.shared;
        let path = shared.path(&name);
        let sink = Sink::new(shared.disk.clone(), file, path.clone());
        // Without the schema's own metadata, which no two callers need to fill alike.
        let schema = Arc::new(Schema::new(spec.schema.fields().clone()));
        let key = spec.key.as_deref();
        let properties = properties(&schema, key, shared.settings.row_group_rows);
        let options = ArrowWriterOptions::new().with_properties(properties);
        let writer = ArrowWriter::try_new_with_options(sink, schema, options);
        Ok(TableWriter {
            writer: writer.map_err(Error::parquet(&path))?,
            key: key.and_then(|key| spec.schema.index_of(key).ok()),
            path,
            name,
            rows: 0,
            keys: None,
            commits: Vec::new(),
        })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        if let Some(keys) = self.key.and_then(|key| Keys::of(batch.column(key))) {
            let (first, last) = (keys.get(0), keys.get(keys.len() - 1));
            self.keys = Some((self.keys.map_or(first, |(min, _)| min), last));
        }
        self.rows += batch.num_rows() as u64;
        self.writer.write(batch).map_err(Error::parquet(&self.path))
    }

    /// The next `rows` rows were first committed by `commit`.
    pub(crate) fn rows_of(&mut self, commit: u64, rows: u64) {
        match self.commits.last_mut() {
            _ if rows == 0 => {}
            Some((last, count)) if *last == commit => *count += rows,
            _ => self.commits.push((commit, rows)),
        }
    }

    pub(crate) fn finish(mut self, commit: u64) -> Result<TableFile> {
        let commit_min = self.commits.iter().map(|(commit, _)| *commit).min().unwrap_or(commit);
        if !self.commits.is_empty() {
            let texts: Vec<String> =
                self.commits.iter().map(|(commit, rows)| format!("{commit}:{rows}")).collect();
            let entry = KeyValue::new(COMMITS.to_owned(), texts.join(","));
            self.writer.append_key_value_metadata(entry);
        }
        self.writer.flush().map_err(Error::parquet(&self.path))?;
        self.writer.sync().map_err(Error::io("write", &self.path))?;
        let body = std::mem::take(&mut self.writer.inner_mut().blocks);
        let body_bytes = self.writer.inner().offset;
        let blocks = KeyValue::new(BLOCKS.to_owned(), body.hex());
        self.writer.append_key_value_metadata(blocks);
        let mut sink = self.writer.into_inner().map_err(Error::parquet(&self.path))?;
        sink.flush().map_err(Error::io("write", &self.path))?;
        Ok(TableFile {
            path: self.name,
            rows: self.rows,
            key_min: self.keys.map(|(min, _)| min),
            key_max: self.keys.map(|(_, max)| max),
            bytes: sink.offset,
            sha256: hex(&sink.hash.finalize()),
            body_bytes,
            footer: hash_hex(sink.blocks.digest()),
            commit,
            commit_min,
        })
    }
}

/// A file written front to back in pieces of 1 MiB, hashed on the way.
pub(crate) struct Sink {
    disk: Disk,
    file: Arc<File>,
    path: PathBuf,
    buffer: Vec<u8>,
    pub(crate) offset: u64,
    pub(crate) hash: Sha256,
    pub(crate) blocks: BlockHash,
}

const PIECE: usize = 1 << 20;

impl Sink {
    pub(crate) fn new(disk: Disk, file: Arc<File>, path: PathBuf) -> Sink {
        let (hash, blocks) = Default::default();
        Sink { disk, file, path, buffer: Vec::new(), offset: 0, hash, blocks }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.disk.write_at(&self.file, &self.path, self.offset, bytes);
        written.map_err(Error::into_io)?;
        self.hash.update(bytes);
        self.blocks.absorb(bytes);
        self.offset += bytes.len() as u64;
        Ok(())
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() >= PIECE {
            self.flush()?;
            self.put(bytes)?;
        } else {
            self.buffer.extend_from_slice(bytes);
            if self.buffer.len() >= PIECE {
                self.flush()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let buffer = std::mem::take(&mut self.buffer);
        if !buffer.is_empty() {
            self.put(&buffer)?;
        }
        self.buffer = buffer;
        self.buffer.clear();
        Ok(())
    }
}
