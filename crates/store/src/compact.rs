//! Merging small Parquet files: appending makes one a commit, reading wants few.
//!
//! In: the files of a partition. Out: a commit in which a run of neighbors of similar size is one
//! file; the rows, their order and the commit each comes from stay the same (the footer keeps the
//! latter).
//! Which files: from the newest back, for as long as the next one is at most twice as large as all
//! newer ones together. Sizes then grow by halves towards the oldest file, so a partition has O(log
//! n) files and a row is rewritten O(log n) times.
//! Checked by: `tests/it/tables.rs`.

use crate::checked::{TableReader, rows_expected};
use crate::commit::Commit;
use crate::error::Result;
use crate::manifest::{Run, TableFile};
use crate::snapshot::Snapshot;
use crate::stage::rewrite;
use crate::table::TableSpec;
use crate::writer::Writer;

/// Files up to this size count as equally small.
const SMALL_BYTES: u64 = 1 << 20;

impl Writer {
    /// Merges small files of a partition, as a commit of its own. `None` when there are too few to
    /// be worth it.
    ///
    /// # Errors
    /// A file is damaged or the disk refuses; the store stays as it was.
    pub fn compact(&mut self, table: &str, partition: &str, run: Run) -> Result<Option<Snapshot>> {
        let one = [(table.to_owned(), partition.to_owned())];
        self.compact_some(&one, run)
    }

    /// Merges small files of all tables in one commit. `None` when there is nothing worth it.
    ///
    /// # Errors
    /// As [`Writer::compact`].
    pub fn compact_all(&mut self, run: Run) -> Result<Option<Snapshot>> {
        let tables = self.last().manifest().tables.iter();
        let all: Vec<_> = tables
            .flat_map(|(table, entry)| {
                entry.partitions.keys().map(|partition| (table.clone(), partition.clone()))
            })
            .collect();
        self.compact_some(&all, run)
    }

    fn compact_some(&mut self, which: &[(String, String)], run: Run) -> Result<Option<Snapshot>> {
        let mut commit = self.begin();
        let mut merged = false;
        for (table, partition) in which {
            merged |= merge(&mut commit, table, partition)?;
        }
        if merged { commit.finish(run).map(Some) } else { Ok(None) }
    }
}

fn merge(commit: &mut Commit<'_>, table: &str, partition: &str) -> Result<bool> {
    let staging = &mut commit.staging;
    let settings = staging.shared.settings.clone();
    let Some(entry) = commit.manifest.tables.get_mut(table) else { return Ok(false) };
    let key = entry.key.clone();
    let Some(files) = entry.partitions.get_mut(partition) else { return Ok(false) };
    let from = worth_merging(files, settings.compact_files, settings.compact_bytes_max);
    let Some(from) = from else { return Ok(false) };
    let merged = &files[from..];
    let reader = TableReader::open(&staging.shared, &merged[0])?;
    let schema = arrow_schema::Schema::new(reader.footer.schema().fields().clone());
    let spec = TableSpec { name: table.to_owned(), schema: schema.into(), key };
    let rows: u64 = merged.iter().map(|file| file.rows).sum();
    let file = rewrite(staging, &spec, partition, merged, None)?;
    if file.rows != rows {
        return Err(rows_expected(&reader.path, file.rows, rows));
    }
    files.splice(from.., [file]);
    Ok(true)
}

/// The first of the files at the end that are to become one.
fn worth_merging(files: &[TableFile], files_min: usize, bytes_max: u64) -> Option<usize> {
    let mut bytes = 0;
    let mut from = files.len();
    for file in files.iter().rev() {
        if file.bytes > (2 * bytes).max(SMALL_BYTES) || bytes + file.bytes > bytes_max {
            break;
        }
        bytes += file.bytes;
        from -= 1;
    }
    (files.len() - from >= files_min.max(2)).then_some(from)
}
