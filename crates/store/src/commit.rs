//! One commit: everything or nothing.
//!
//! In: rows, records, keys, checkpoints. Out: the next snapshot, acknowledged only when it is on
//! the disk. Files are written and synced first, then their folders, then the manifest aside; its
//! rename is the commit point. A commit that is dropped, or in which a call failed, leaves the
//! store as it was.
//! Checked by: `tests/it/crash.rs`, which fails every disk operation of a commit in turn.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use rayon::prelude::*;

use crate::column_writer::ColumnWriter;
use crate::dictionary::{DictionaryWriter, State};
use crate::directory::{publish, write_aside};
use crate::error::{Error, Result};
use crate::manifest::{FORMAT, Manifest, Run, TableEntry, check_name, field_entries};
use crate::mapped_writer::MappedWriter;
use crate::scratch::ScratchSpace;
use crate::snapshot::Snapshot;
use crate::stage::Stage;
use crate::staging::Staging;
use crate::table::{TableSpec, difference};
use crate::writer::Writer;
use crate::{mapped, runs};

/// A commit in the making; see [`Writer::begin`].
pub struct Commit<'a> {
    pub(crate) writer: &'a mut Writer,
    pub(crate) staging: Staging,
    /// The last manifest with this commit's changes so far; tables, columns and dictionaries follow
    /// in `finish`.
    pub(crate) manifest: Manifest,
    stages: BTreeMap<(String, String), Stage>,
    columns: BTreeSet<String>,
    dictionaries: BTreeSet<String>,
    scratch: Option<ScratchSpace>,
    finished: bool,
}

impl<'a> Commit<'a> {
    pub(crate) fn new(writer: &'a mut Writer) -> Commit<'a> {
        let last = writer.last();
        let mut manifest = last.manifest().clone();
        manifest.format = FORMAT;
        manifest.commit += 1;
        manifest.parent = Some(last.id());
        let staging = Staging::new(last.shared().clone(), manifest.commit);
        let (stages, columns, dictionaries, scratch) = Default::default();
        let finished = false;
        Commit { writer, staging, manifest, stages, columns, dictionaries, scratch, finished }
    }

    /// The number this commit will have.
    pub fn number(&self) -> u64 {
        self.manifest.commit
    }

    /// Adds rows to a partition. All rows that a commit adds to a partition become one file.
    ///
    /// # Errors
    /// The batch does not have the table's schema, its keys decrease, or the disk refuses. The
    /// commit is lost then.
    pub fn append(&mut self, spec: &TableSpec, partition: &str, batch: &RecordBatch) -> Result<()> {
        self.guarded(|commit| {
            let stage = stage(&mut commit.stages, &mut commit.manifest, spec, partition, false)?;
            stage.append(&mut commit.staging, batch)
        })
    }

    /// Removes the rows whose key is above `key`: whole files where possible, else the file is
    /// rewritten.
    ///
    /// # Errors
    /// The table has no key, a file is damaged, or the disk refuses. The commit is lost then.
    pub fn remove_above(&mut self, spec: &TableSpec, partition: &str, key: u64) -> Result<()> {
        self.guarded(|commit| {
            let stage = stage(&mut commit.stages, &mut commit.manifest, spec, partition, false)?;
            stage.remove_above(&mut commit.staging, key)
        })
    }

    /// Puts these rows in place of all rows of a partition. The only way to change a table's
    /// schema: while no other partition has rows.
    ///
    /// # Errors
    /// As [`Commit::append`].
    pub fn replace(
        &mut self,
        spec: &TableSpec,
        partition: &str,
        batches: impl IntoIterator<Item = RecordBatch>,
    ) -> Result<()> {
        self.guarded(|commit| {
            let stage = stage(&mut commit.stages, &mut commit.manifest, spec, partition, true)?;
            stage.clear(&mut commit.staging)?;
            stage.spec = spec.clone();
            batches.into_iter().try_for_each(|batch| stage.append(&mut commit.staging, &batch))
        })
    }

    /// Appends records of `width` bytes to a column, which is made if there is none.
    ///
    /// # Errors
    /// The column has another width, `bytes` is not a whole number of records, or the disk refuses.
    /// The commit is lost then.
    pub fn extend_column(&mut self, name: &str, width: usize, bytes: &[u8]) -> Result<()> {
        self.guarded(|commit| {
            let (column, staging) = commit.column(name, Some(width))?;
            column.extend(staging, bytes)
        })
    }

    /// Cuts a column to its first `len` records.
    ///
    /// # Errors
    /// There is no such column, it is shorter, or the disk refuses. The commit is lost then.
    pub fn truncate_column(&mut self, name: &str, len: u64) -> Result<()> {
        self.guarded(|commit| {
            let (column, staging) = commit.column(name, None)?;
            column.truncate(staging, len)
        })
    }

    /// Records of a column, those of this commit too; 0 where there is none.
    ///
    /// # Errors
    /// A file of the column is damaged.
    pub fn column_len(&mut self, name: &str) -> Result<u64> {
        self.guarded(|commit| {
            if !commit.writer.columns.contains_key(name) {
                return Ok(commit.manifest.columns.get(name).map_or(0, |entry| entry.len));
            }
            commit.column(name, None).map(|(column, _)| column.len())
        })
    }

    fn column(
        &mut self,
        name: &str,
        width: Option<usize>,
    ) -> Result<(&mut ColumnWriter, &mut Staging)> {
        check_name(name)?;
        if !self.writer.columns.contains_key(name) {
            let shared = &self.staging.shared;
            let folder = format!("columns/{name}");
            let column = match (self.manifest.columns.get(name), width) {
                (Some(entry), _) => ColumnWriter::open(shared, name, &folder, entry)?,
                (None, Some(width)) if width > 0 => {
                    ColumnWriter::create(shared, name, &folder, width)
                }
                _ => return Err(Error::Missing { kind: "column", name: name.to_owned() }),
            };
            self.writer.columns.insert(name.to_owned(), column);
        }
        self.columns.insert(name.to_owned());
        let column = self.writer.columns.get_mut(name).expect("just put there");
        if let Some(got) = width.filter(|width| *width != column.width()) {
            let expected = column.width();
            return Err(Error::Width { name: name.to_owned(), expected, got });
        }
        Ok((column, &mut self.staging))
    }

    /// A dictionary to look up and give out ids in, which is made if there is none.
    ///
    /// # Errors
    /// It has another key width, a file of it is damaged, or the disk refuses. The commit is lost
    /// then.
    pub fn dictionary(&mut self, name: &str, key_width: usize) -> Result<DictionaryWriter<'_>> {
        self.guarded(|commit| commit.open_dictionary(name, key_width))?;
        let state = self.writer.dictionaries.get_mut(name).expect("just put there");
        Ok(DictionaryWriter { state, staging: &mut self.staging })
    }

    fn open_dictionary(&mut self, name: &str, key_width: usize) -> Result<()> {
        check_name(name)?;
        if !self.writer.dictionaries.contains_key(name) {
            let shared = &self.staging.shared;
            let state = match self.manifest.dictionaries.get(name) {
                Some(entry) => State::open(shared, name, entry)?,
                None => State::create(shared, name, key_width)?,
            };
            self.writer.dictionaries.insert(name.to_owned(), state);
        }
        self.dictionaries.insert(name.to_owned());
        let expected = self.writer.dictionaries[name].key_width();
        if expected == key_width {
            return Ok(());
        }
        Err(Error::Width { name: name.to_owned(), expected, got: key_width })
    }

    /// Writes an Arrow file of this one batch, in place of the one of that name.
    ///
    /// # Errors
    /// Arrow or the disk refuses. The commit is lost then.
    pub fn put_mapped(&mut self, name: &str, batch: &RecordBatch) -> Result<()> {
        self.guarded(|commit| {
            check_name(name)?;
            commit.write_mapped(name, batch)
        })
    }

    /// An Arrow file that is written in pieces, for what does not fit the memory. It counts when it
    /// is given to [`Commit::put_mapped_columns`].
    ///
    /// # Errors
    /// A column is not of numbers without nulls, or the disk refuses. The commit is lost then.
    pub fn mapped_writer(&mut self, name: &str, schema: &Schema) -> Result<MappedWriter> {
        self.guarded(|commit| {
            check_name(name)?;
            MappedWriter::create(name, schema, &commit.scratch()?)
        })
    }

    /// Writes the Arrow file that `columns` make up, in place of the one of that name: the same
    /// bytes as of one batch.
    ///
    /// # Errors
    /// The columns differ in length, or the disk refuses. The commit is lost then.
    pub fn put_mapped_columns(&mut self, columns: MappedWriter) -> Result<()> {
        self.guarded(|commit| {
            let name = columns.name().to_owned();
            commit.write_mapped(&name, &columns.into_batch()?)
        })
    }

    /// Room on the store's disk for what is read again before the commit ends.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn scratch(&mut self) -> Result<ScratchSpace> {
        let folder = "mapped";
        self.staging.make_folder(folder)?;
        let space = self.scratch.get_or_insert_with(|| {
            ScratchSpace::new(self.staging.shared.clone(), folder, self.staging.commit)
        });
        Ok(space.clone())
    }

    fn write_mapped(&mut self, name: &str, batch: &RecordBatch) -> Result<()> {
        let entry = mapped::write(&mut self.staging, name, batch)?;
        if let Some(old) = self.manifest.mapped.insert(name.to_owned(), entry) {
            self.staging.drop_file(&old.path);
        }
        Ok(())
    }

    /// Removes a mapped file; nothing where there is none.
    pub fn remove_mapped(&mut self, name: &str) {
        if let Some(old) = self.manifest.mapped.remove(name) {
            self.staging.drop_file(&old.path);
        }
    }

    /// Notes how far a stage has come, together with what it wrote.
    pub fn set_checkpoint(&mut self, name: &str, value: u64) {
        self.manifest.checkpoints.insert(name.to_owned(), value);
    }

    /// Forgets a checkpoint.
    pub fn remove_checkpoint(&mut self, name: &str) {
        self.manifest.checkpoints.remove(name);
    }

    /// The checkpoint as this commit will leave it.
    pub fn checkpoint(&self, name: &str) -> Option<u64> {
        self.manifest.checkpoints.get(name).copied()
    }

    /// Puts the commit on the disk. When this returns, it survives a power loss.
    ///
    /// # Errors
    /// An earlier call failed, or the disk refuses. After a failed sync the writer refuses all
    /// further work: what the disk holds is unknown until the store is opened anew.
    pub fn finish(mut self, run: Run) -> Result<Snapshot> {
        self.check()?;
        self.close(run)?;
        let staging = &mut self.staging;
        let shared = staging.shared.clone();
        let poisoned = &mut self.writer.poisoned;
        staging.sync().inspect_err(|_| *poisoned = true)?;
        let aside = write_aside(&shared, &mut self.manifest)?;
        publish(&shared, &aside).inspect_err(|_| *poisoned = true)?;
        self.finished = true;
        for name in &self.columns {
            self.writer.columns.get_mut(name).expect("touched, so there").committed();
        }
        for name in &self.dictionaries {
            self.writer.dictionaries.get_mut(name).expect("touched, so there").committed();
        }
        let dropped = std::mem::take(&mut self.staging.dropped);
        Ok(self.writer.committed(self.manifest.clone(), dropped))
    }

    /// Writes out everything that is held back and completes the manifest.
    fn close(&mut self, run: Run) -> Result<()> {
        let staging = &mut self.staging;
        for stage in self.stages.values_mut() {
            stage.open(staging)?;
        }
        let number = staging.commit;
        let mut stages: Vec<&mut Stage> = self.stages.values_mut().collect();
        if staging.shared.disk.in_parallel() {
            stages.par_iter_mut().try_for_each(|stage| stage.close(number))?;
        } else {
            stages.iter_mut().try_for_each(|stage| stage.close(number))?;
        }
        for ((table, partition), stage) in std::mem::take(&mut self.stages) {
            put_files(&mut self.manifest, &table, partition, stage);
        }
        for name in &self.columns {
            let column = self.writer.columns.get_mut(name).expect("touched, so there");
            self.manifest.columns.insert(name.clone(), column.finish(staging)?);
        }
        for name in &self.dictionaries {
            let state = self.writer.dictionaries.get_mut(name).expect("touched, so there");
            self.manifest.dictionaries.insert(name.clone(), state.finish(staging)?);
        }
        runs::spill(staging, &mut self.manifest.runs)?;
        self.manifest.runs.recent.insert(number, run);
        Ok(())
    }

    /// Runs a step; after one that failed the commit can only be dropped.
    fn guarded<T>(&mut self, step: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.check()?;
        let done = step(self);
        self.staging.failed |= done.is_err();
        done
    }

    fn check(&self) -> Result<()> {
        if self.writer.poisoned { Err(Error::Poisoned) } else { self.staging.check() }
    }
}

impl Drop for Commit<'_> {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        // What these hold in memory is ahead of the disk; they are opened again from the last
        // commit.
        for name in &self.columns {
            self.writer.columns.remove(name);
        }
        for name in &self.dictionaries {
            self.writer.dictionaries.remove(name);
        }
        self.stages.clear();
        self.staging.discard();
    }
}

/// A table without rows leaves no trace, so that removing rows undoes adding them.
fn put_files(manifest: &mut Manifest, table: &str, partition: String, stage: Stage) {
    let entry = manifest.tables.entry(table.to_owned()).or_default();
    entry.schema = field_entries(&stage.spec.schema);
    entry.key = stage.spec.key;
    if stage.files.is_empty() {
        entry.partitions.remove(&partition);
    } else {
        entry.partitions.insert(partition, stage.files);
    }
    if entry.partitions.is_empty() {
        manifest.tables.remove(table);
    }
}

/// The stage of a partition; the first call for it compares the schema with the one committed.
fn stage<'a>(
    stages: &'a mut BTreeMap<(String, String), Stage>,
    manifest: &mut Manifest,
    spec: &TableSpec,
    partition: &str,
    replaces: bool,
) -> Result<&'a mut Stage> {
    spec.check()?;
    check_name(partition)?;
    let entry = manifest.tables.get(&spec.name);
    // Other partitions, and other stages of this commit, must agree; this partition too unless it
    // is replaced.
    let same_table = stages.iter().filter(|((table, _), _)| *table == spec.name);
    for ((_, other), staged) in same_table {
        if !(replaces && other == partition) {
            agrees(spec, &staged.spec.schema_entry())?;
        }
    }
    if let Some(entry) = entry {
        let others = entry.partitions.keys().any(|other| other != partition);
        let staged = stages.contains_key(&(spec.name.clone(), partition.to_owned()));
        if others || !(replaces || staged) {
            agrees(spec, entry)?;
        }
    }
    let committed = entry.and_then(|entry| entry.partitions.get(partition)).cloned();
    let key = (spec.name.clone(), partition.to_owned());
    Ok(stages
        .entry(key)
        .or_insert_with(|| Stage::new(spec, partition, committed.unwrap_or_default())))
}

fn agrees(spec: &TableSpec, entry: &TableEntry) -> Result<()> {
    let own = spec.schema_entry();
    if own.schema != entry.schema {
        return Err(spec.wrong(difference(&own.schema, &entry.schema)));
    }
    if own.key != entry.key {
        return Err(spec.wrong(format!("its key is {:?}, not {:?}", entry.key, own.key)));
    }
    Ok(())
}
