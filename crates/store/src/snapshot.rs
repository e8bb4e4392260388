//! A committed state, fixed: what every reader works on.
//!
//! Out: tables as record batches, columns and dictionaries as mapped records, Arrow files as mapped
//! batches. Cheap to clone, shared between threads; a later commit neither changes nor takes away
//! what it shows.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;

use crate::checked::TableReader;
use crate::column::Column;
use crate::dictionary::Dictionary;
use crate::directory::{Held, Shared};
use crate::error::{Error, Result};
use crate::manifest::{Manifest, Run, SnapshotId, TableFile};
use crate::scan::Scan;
use crate::verify::{self, Damage};
use crate::{mapped, runs};

/// A committed state of the store.
#[derive(Clone, Debug)]
pub struct Snapshot {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    manifest: Manifest,
    id: SnapshotId,
    warnings: Vec<String>,
    /// Opened once, on first use.
    columns: Mutex<BTreeMap<String, Column>>,
    dictionaries: Mutex<BTreeMap<String, Dictionary>>,
    /// The open, locked manifest: while it is held the writer deletes nothing that it names.
    _pin: Option<Held>,
}

impl Snapshot {
    pub(crate) fn new(
        shared: Arc<Shared>,
        manifest: Manifest,
        pin: Option<Held>,
        warnings: Vec<String>,
    ) -> Snapshot {
        let id = manifest.id();
        let (columns, dictionaries) = Default::default();
        let inner = Inner { shared, manifest, id, warnings, columns, dictionaries, _pin: pin };
        Snapshot { inner: Arc::new(inner) }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    /// Everything the commit consists of.
    pub fn manifest(&self) -> &Manifest {
        &self.inner.manifest
    }

    /// The identity of the content: equal for equal inputs, whenever and wherever they were
    /// committed.
    pub fn id(&self) -> SnapshotId {
        self.inner.id
    }

    /// The number of the commit; 0 is the empty store.
    pub fn commit(&self) -> u64 {
        self.manifest().commit
    }

    /// What was wrong and got around while opening; the caller shows them.
    pub fn warnings(&self) -> &[String] {
        &self.inner.warnings
    }

    /// How far the stage `name` has come; `None` before its first commit.
    pub fn checkpoint(&self, name: &str) -> Option<u64> {
        self.manifest().checkpoints.get(name).copied()
    }

    /// The run that made commit number `commit`.
    ///
    /// # Errors
    /// The run log cannot be read.
    pub fn run(&self, commit: u64) -> Result<Option<Run>> {
        runs::find(self.shared(), &self.manifest().runs, commit)
    }

    /// All runs by their commit, oldest first. Reads the whole log.
    ///
    /// # Errors
    /// The run log cannot be read.
    pub fn runs(&self) -> Result<BTreeMap<u64, Run>> {
        runs::all(self.shared(), &self.manifest().runs)
    }

    /// The files of a partition in the order of their rows; empty where nothing was committed.
    pub fn files(&self, table: &str, partition: &str) -> &[TableFile] {
        let table = self.manifest().tables.get(table);
        table.and_then(|table| table.partitions.get(partition)).map_or(&[], |files| files)
    }

    /// The partitions of a table, in order of their names.
    pub fn partitions(&self, table: &str) -> impl Iterator<Item = &str> {
        let table = self.manifest().tables.get(table);
        table.into_iter().flat_map(|table| table.partitions.keys().map(String::as_str))
    }

    /// The rows of a partition, over all its files.
    pub fn rows(&self, table: &str, partition: &str) -> u64 {
        self.files(table, partition).iter().map(|file| file.rows).sum()
    }

    /// Where a file of the manifest lies.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.shared().path(relative)
    }

    /// The commits that wrote a file's rows: `(commit, rows)` in the order of the rows.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn commits_of(&self, file: &TableFile) -> Result<Vec<(u64, u64)>> {
        TableReader::open(self.shared(), file)?.commits()
    }

    /// The rows of a partition in order, of `columns` (all when `None`, else in the order given),
    /// whose key is in `keys`. Files and row groups outside `keys` are not read. A partition
    /// without files has no rows.
    ///
    /// # Errors
    /// A column is unknown or `keys` is given for a table without a key; the iterator gives an
    /// error for a damaged file and then ends.
    pub fn scan(
        &self,
        table: &str,
        partition: &str,
        columns: Option<&[&str]>,
        keys: Option<RangeInclusive<u64>>,
    ) -> Result<Scan> {
        Scan::new(self, table, partition, columns, keys)
    }

    /// A column's records.
    ///
    /// # Errors
    /// There is none of that name, or a file of it is damaged.
    pub fn column(&self, name: &str) -> Result<Column> {
        let mut open = self.inner.columns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(column) = open.get(name) {
            return Ok(column.clone());
        }
        let entry = self.manifest().columns.get(name);
        let entry =
            entry.ok_or_else(|| Error::Missing { kind: "column", name: name.to_owned() })?;
        let column = Column::open(self.shared(), name, entry)?;
        open.insert(name.to_owned(), column.clone());
        Ok(column)
    }

    /// A dictionary's read view.
    ///
    /// # Errors
    /// There is none of that name, or a file of it is damaged.
    pub fn dictionary(&self, name: &str) -> Result<Dictionary> {
        let mut open = self.inner.dictionaries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(dictionary) = open.get(name) {
            return Ok(dictionary.clone());
        }
        let entry = self.manifest().dictionaries.get(name);
        let missing = || Error::Missing { kind: "dictionary", name: name.to_owned() };
        let dictionary = Dictionary::open(self.shared(), name, entry.ok_or_else(missing)?)?;
        open.insert(name.to_owned(), dictionary.clone());
        Ok(dictionary)
    }

    /// A mapped Arrow file as the one record batch it holds, without a copy.
    ///
    /// # Errors
    /// There is none of that name, or it is damaged.
    pub fn mapped(&self, name: &str) -> Result<RecordBatch> {
        let entry = self.manifest().mapped.get(name);
        let missing = || Error::Missing { kind: "mapped file", name: name.to_owned() };
        mapped::open(self.shared(), entry.ok_or_else(missing)?)
    }

    /// Reads one mapped file as a whole and compares it with the manifest; `None` if it is as it was
    /// written.
    ///
    /// # Errors
    /// There is none of that name; damage is the answer, not an error.
    pub fn verify_mapped(&self, name: &str) -> Result<Option<Damage>> {
        let entry = self.manifest().mapped.get(name);
        let missing = || Error::Missing { kind: "mapped file", name: name.to_owned() };
        Ok(verify::verify_mapped(self.shared(), entry.ok_or_else(missing)?))
    }

    /// Reads every live file and compares it with the manifest. `progress` is told each file before
    /// it is read.
    ///
    /// # Errors
    /// Only what keeps it from going on; damage is the answer, not an error.
    pub fn verify(&self, progress: &mut dyn FnMut(&str)) -> Result<Vec<Damage>> {
        verify::verify(self, progress)
    }
}
