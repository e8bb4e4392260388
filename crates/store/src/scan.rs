//! Reading a table's rows back in order, from the files that a manifest names and no other.
//!
//! In: table, partition, columns, a range of keys. Out: record batches of at most 64 Ki rows. Since
//! keys never decrease, a range of keys is a range of rows: files by the manifest, row groups by
//! their statistics, the rest by binary search and slicing; nothing is copied to filter.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;

use crate::checked::TableReader;
use crate::error::{Error, Result};
use crate::manifest::TableFile;
use crate::snapshot::Snapshot;
use crate::table::Keys;

const BATCH_ROWS: usize = 1 << 16;

/// The rows of a partition, batch by batch; ends after the first error.
#[derive(Debug)]
pub struct Scan {
    /// Holds the files in place while they are read.
    snapshot: Snapshot,
    table: String,
    files: std::vec::IntoIter<TableFile>,
    /// Columns of the answer, by name and in order; `None` is all.
    columns: Option<Vec<String>>,
    key: Option<String>,
    keys: Option<RangeInclusive<u64>>,
    open: Option<Open>,
    ended: bool,
}

#[derive(Debug)]
struct Open {
    reader: ParquetRecordBatchReader,
    /// Positions of the answer's columns in what the reader gives, and their schema.
    order: Vec<usize>,
    schema: SchemaRef,
    path: std::path::PathBuf,
}

impl Scan {
    pub(crate) fn new(
        snapshot: &Snapshot,
        table: &str,
        partition: &str,
        columns: Option<&[&str]>,
        keys: Option<RangeInclusive<u64>>,
    ) -> Result<Scan> {
        let wrong = |what: String| Error::Schema { table: table.to_owned(), what };
        let entry = snapshot.manifest().tables.get(table);
        if let Some(entry) = entry {
            let known = |name: &&str| entry.schema.iter().any(|field| field.name == *name);
            if let Some(unknown) = columns.unwrap_or(&[]).iter().find(|name| !known(name)) {
                return Err(wrong(format!("no column {unknown:?}")));
            }
            if keys.is_some() && entry.key.is_none() {
                return Err(wrong("it has no key to select rows by".to_owned()));
            }
        }
        let overlaps = |file: &&TableFile| match (&keys, file.key_min, file.key_max) {
            (Some(keys), Some(min), Some(max)) => min <= *keys.end() && max >= *keys.start(),
            _ => true,
        };
        let files: Vec<TableFile> =
            snapshot.files(table, partition).iter().filter(overlaps).cloned().collect();
        Ok(Scan {
            snapshot: snapshot.clone(),
            table: table.to_owned(),
            files: files.into_iter(),
            columns: columns.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
            key: entry.and_then(|entry| entry.key.clone()).filter(|_| keys.is_some()),
            keys,
            open: None,
            ended: false,
        })
    }

    fn open(&self, file: &TableFile) -> Result<Open> {
        let table = TableReader::open(self.snapshot.shared(), file)?;
        let stored = table.footer.schema();
        let missing = |name: &str| {
            let what = format!("file {} has no column {name:?}", file.path);
            Error::Schema { table: self.table.clone(), what }
        };
        let index = |name: &String| stored.index_of(name).map_err(|_| missing(name));
        let wanted: Vec<usize> = match &self.columns {
            None => (0..stored.fields().len()).collect(),
            Some(names) => names.iter().map(index).collect::<Result<_>>()?,
        };
        let mut builder = table.read().with_batch_size(BATCH_ROWS);
        if let Some((keys, key)) = self.keys.as_ref().zip(self.key.as_ref()) {
            let (groups, rows) = select(&table, file, index(key)?, keys)?;
            builder = builder.with_row_groups(groups);
            if let Some(rows) = rows {
                builder = builder.with_offset(rows.start).with_limit(rows.len());
            }
        }
        // The reader gives the columns in the file's order, each once.
        let mut read = wanted.clone();
        read.sort_unstable();
        read.dedup();
        let order = wanted.iter().filter_map(|column| read.binary_search(column).ok()).collect();
        let fields: Vec<_> = wanted.iter().map(|&at| stored.fields()[at].clone()).collect();
        let mask = ProjectionMask::roots(builder.parquet_schema(), read);
        let reader = builder.with_projection(mask).build().map_err(Error::parquet(&table.path))?;
        Ok(Open { reader, order, schema: Arc::new(Schema::new(fields)), path: table.path })
    }

    fn advance(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if self.open.is_none() {
                let Some(file) = self.files.next() else { return Ok(None) };
                self.open = Some(self.open(&file)?);
            }
            let open = self.open.as_mut().expect("just opened");
            match open.reader.next() {
                None => self.open = None,
                Some(batch) => {
                    let batch = batch.map_err(Error::arrow(&open.path))?;
                    let batch = open.arrange(&batch)?;
                    if batch.num_rows() > 0 {
                        return Ok(Some(batch));
                    }
                }
            }
        }
    }
}

impl Open {
    fn arrange(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let columns = self.order.iter().map(|&at| batch.column(at).clone()).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(Error::arrow(&self.path))
    }
}

impl Iterator for Scan {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.advance().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

/// The row groups that may hold a key of the range and, unless all their rows are in it, which of
/// their rows do. The key column is read alone for that: the other columns' pages of rows outside
/// are then skipped, not decoded.
fn select(
    table: &TableReader,
    file: &TableFile,
    key: usize,
    keys: &RangeInclusive<u64>,
) -> Result<(Vec<usize>, Option<Range<usize>>)> {
    let groups = row_groups(table.footer.metadata(), key, keys);
    let inside = |bound: Option<u64>| bound.is_some_and(|bound| keys.contains(&bound));
    if inside(file.key_min) && inside(file.key_max) {
        return Ok((groups, None));
    }
    let builder = table.read().with_batch_size(BATCH_ROWS).with_row_groups(groups.clone());
    let mask = ProjectionMask::roots(builder.parquet_schema(), [key]);
    let batches = builder.with_projection(mask).build().map_err(Error::parquet(&table.path))?;
    let (mut before, mut within) = (0, 0);
    for batch in batches {
        let batch = batch.map_err(Error::arrow(&table.path))?;
        let found = Keys::of(batch.column(0));
        let found = found.ok_or_else(|| Error::damaged(&table.path, "its key has nulls"))?;
        let from = found.first_from(*keys.start());
        before += from;
        within += found.first_above(*keys.end()).saturating_sub(from);
    }
    Ok((groups, Some(before..before + within)))
}

/// The row groups that may hold a key of the range; without statistics, all.
fn row_groups(metadata: &ParquetMetaData, key: usize, keys: &RangeInclusive<u64>) -> Vec<usize> {
    // A key column lies at the root, but columns before it may be nested: find it by its path.
    let name = metadata.file_metadata().schema_descr().root_schema().get_fields()[key].name();
    let overlaps = |group: &RowGroupMetaData| {
        let column = group.columns().iter().find(|column| {
            let parts = column.column_path().parts();
            parts.len() == 1 && parts[0] == name
        });
        match column.and_then(|column| column.statistics()).and_then(key_range) {
            Some((min, max)) => min <= *keys.end() && max >= *keys.start(),
            None => true,
        }
    };
    let groups = metadata.row_groups().iter().enumerate();
    groups.filter(|(_, group)| overlaps(group)).map(|(index, _)| index).collect()
}

/// Parquet stores unsigned numbers as signed ones of the same bits; since its order is unsigned for
/// them, the bounds are too.
fn key_range(statistics: &Statistics) -> Option<(u64, u64)> {
    match statistics {
        Statistics::Int32(of) => {
            let unsigned = |bound: &i32| u64::from(bound.cast_unsigned());
            Some((unsigned(of.min_opt()?), unsigned(of.max_opt()?)))
        }
        Statistics::Int64(of) => {
            Some((of.min_opt()?.cast_unsigned(), of.max_opt()?.cast_unsigned()))
        }
        _ => None,
    }
}
