//! One partition of a table within a commit: its files so far and the rows still to be encoded.
//!
//! Appended batches are held back and encoded together: many small appends give the same few row
//! groups as one large append, and `Commit::finish` encodes all tables side by side.

use arrow_array::RecordBatch;

use crate::checked::TableReader;
use crate::error::{Error, Result};
use crate::manifest::TableFile;
use crate::staging::Staging;
use crate::table::{Keys, TableSpec, TableWriter};

pub(crate) struct Stage {
    pub(crate) spec: TableSpec,
    partition: String,
    pub(crate) files: Vec<TableFile>,
    open: Option<TableWriter>,
    pending: Vec<RecordBatch>,
    pending_bytes: usize,
    last_key: Option<u64>,
}

impl Stage {
    pub(crate) fn new(spec: &TableSpec, partition: &str, files: Vec<TableFile>) -> Stage {
        let last_key = files.last().and_then(|file| file.key_max);
        Stage {
            spec: spec.clone(),
            partition: partition.to_owned(),
            files,
            open: None,
            pending: Vec::new(),
            pending_bytes: 0,
            last_key,
        }
    }

    pub(crate) fn append(&mut self, staging: &mut Staging, batch: &RecordBatch) -> Result<()> {
        self.spec.check_batch(batch)?;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.check_keys(batch)?;
        self.pending_bytes = self.pending_bytes.saturating_add(batch.get_array_memory_size());
        self.pending.push(batch.clone());
        if self.pending_bytes >= staging.shared.settings.pending_bytes {
            self.open(staging)?;
            self.encode()?;
        }
        Ok(())
    }

    fn check_keys(&mut self, batch: &RecordBatch) -> Result<()> {
        let Some(key) = &self.spec.key else { return Ok(()) };
        let column = batch.column_by_name(key).and_then(|column| Keys::of(column));
        let keys = column.ok_or_else(|| self.spec.wrong(format!("key {key:?} has nulls")))?;
        let first = keys.get(0);
        let across = self.last_key.filter(|last| first < *last).map(|last| (last, first));
        if let Some((last, next)) = across.or_else(|| keys.decrease()) {
            let (table, partition) = (self.spec.name.clone(), self.partition.clone());
            return Err(Error::KeyOrder { table, partition, last, next });
        }
        self.last_key = Some(keys.get(keys.len() - 1));
        Ok(())
    }

    /// Makes the file for pending rows, if there are any.
    pub(crate) fn open(&mut self, staging: &mut Staging) -> Result<()> {
        if self.open.is_none() && !self.pending.is_empty() {
            self.open = Some(TableWriter::create(staging, &self.spec, &self.partition)?);
        }
        Ok(())
    }

    fn encode(&mut self) -> Result<()> {
        if let Some(writer) = &mut self.open {
            for batch in self.pending.drain(..) {
                writer.write(&batch)?;
            }
            self.pending_bytes = 0;
        }
        Ok(())
    }

    /// Encodes what is pending, if `open` was called for it, and closes the file.
    pub(crate) fn close(&mut self, commit: u64) -> Result<()> {
        self.encode()?;
        if let Some(writer) = self.open.take() {
            self.files.push(writer.finish(commit)?);
        }
        Ok(())
    }

    pub(crate) fn clear(&mut self, staging: &mut Staging) -> Result<()> {
        self.open(staging)?;
        self.close(staging.commit)?;
        for file in self.files.drain(..) {
            staging.drop_file(&file.path);
        }
        self.last_key = None;
        Ok(())
    }

    pub(crate) fn remove_above(&mut self, staging: &mut Staging, key: u64) -> Result<()> {
        if self.spec.key.is_none() {
            return Err(self.spec.wrong("it has no key to cut by".to_owned()));
        }
        self.open(staging)?;
        self.close(staging.commit)?;
        while let Some(file) = self.files.pop_if(|file| file.key_max.is_some_and(|max| max > key)) {
            if file.key_min.is_some_and(|min| min <= key) {
                let kept = rewrite(staging, &self.spec, &self.partition, &[file], Some(key))?;
                self.files.push(kept);
                break;
            }
            staging.drop_file(&file.path);
        }
        self.last_key = self.files.last().and_then(|file| file.key_max);
        Ok(())
    }
}

/// Writes the rows of some neighboring files, up to a key, into one new file in their place.
pub(crate) fn rewrite(
    staging: &mut Staging,
    spec: &TableSpec,
    partition: &str,
    files: &[TableFile],
    key_max: Option<u64>,
) -> Result<TableFile> {
    let shared = staging.shared.clone();
    let mut writer = TableWriter::create(staging, spec, partition)?;
    for file in files {
        let reader = TableReader::open(&shared, file)?;
        let (commits, path) = (reader.commits()?, &reader.path);
        let mut rows = 0;
        for batch in reader.read().build().map_err(Error::parquet(path))? {
            let batch = batch.map_err(Error::arrow(path))?;
            let key = spec.key.as_ref().and_then(|key| batch.column_by_name(key));
            let keep = match (key_max, key.and_then(|key| Keys::of(key))) {
                (Some(max), Some(keys)) => keys.first_above(max),
                _ => batch.num_rows(),
            };
            writer.write(&batch.slice(0, keep))?;
            rows += keep as u64;
        }
        for (commit, of_commit) in commits {
            let kept = of_commit.min(rows);
            writer.rows_of(commit, kept);
            rows -= kept;
        }
        staging.drop_file(&file.path);
    }
    writer.finish(staging.commit)
}
