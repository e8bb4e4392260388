//! The oracle: what a store should hold, in vectors and maps, and the steps that change both sides.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{UInt32Type, UInt64Type};
use arrow_array::{FixedSizeBinaryArray, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use proptest::prelude::*;
use tempfile::TempDir;
use tracehound_store::{Commit, Result, Run, Settings, Snapshot, Store, TableSpec};

pub(crate) const KEY_WIDTH: usize = 5;
pub(crate) const RECORD_WIDTH: usize = 3;
pub(crate) const PARTITIONS: [&str; 2] = ["left", "right"];

/// A change, small enough to read in a failure report.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Rows with these keys (made non-decreasing by adding them up) to a partition.
    Append(usize, Vec<u8>),
    /// Share of the partition's key range to keep.
    RemoveAbove(usize, u8),
    Replace(usize, Vec<u8>),
    Extend(Vec<u8>),
    TruncateColumn(u8),
    Assign(Vec<u8>),
    AppendKeys(Vec<u8>),
    TruncateKeys(u8),
    Map(Vec<u32>),
    Checkpoint(u64),
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let partition = 0..PARTITIONS.len();
    let bytes = |most| prop::collection::vec(any::<u8>(), 0..most);
    let deltas = |most| prop::collection::vec(0..3_u8, 0..most);
    let keys = || prop::collection::vec(0..40_u8, 0..30);
    prop_oneof![
        4 => (partition.clone(), deltas(40)).prop_map(|(p, d)| Step::Append(p, d)),
        1 => (partition.clone(), any::<u8>()).prop_map(|(p, share)| Step::RemoveAbove(p, share)),
        1 => (partition, deltas(9)).prop_map(|(p, d)| Step::Replace(p, d)),
        3 => bytes(60).prop_map(Step::Extend),
        1 => any::<u8>().prop_map(Step::TruncateColumn),
        4 => keys().prop_map(Step::Assign),
        2 => keys().prop_map(Step::AppendKeys),
        1 => any::<u8>().prop_map(Step::TruncateKeys),
        1 => prop::collection::vec(any::<u32>(), 0..9).prop_map(Step::Map),
        1 => any::<u64>().prop_map(Step::Checkpoint),
    ]
}

/// Everything a store of these tests holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model {
    pub(crate) rows: BTreeMap<usize, Vec<(u32, u64)>>,
    pub(crate) column: Vec<u8>,
    pub(crate) keys: Vec<[u8; KEY_WIDTH]>,
    pub(crate) mapped: Option<Vec<u32>>,
    pub(crate) checkpoint: Option<u64>,
    /// Counts rows ever made, so that each is different.
    pub(crate) made: u64,
}

pub(crate) fn key(number: u8) -> [u8; KEY_WIDTH] {
    [b'k', number, number / 3, 7, number ^ 0x5a]
}

fn share(len: usize, share: u8) -> usize {
    len * usize::from(share) / 255
}

impl Model {
    fn last_key(&self, partition: usize) -> u32 {
        self.rows.get(&partition).and_then(|rows| rows.last()).map_or(0, |row| row.0)
    }

    fn make_rows(&mut self, from: u32, deltas: &[u8]) -> Vec<(u32, u64)> {
        let mut key = from;
        let rows = deltas.iter().map(|delta| {
            key += u32::from(*delta);
            self.made += 1;
            (key, self.made)
        });
        rows.collect()
    }

    pub(crate) fn id_of(&self, key: &[u8]) -> Option<u32> {
        self.keys.iter().rposition(|held| held == key).map(|id| u32::try_from(id).unwrap())
    }

    /// Does the step here and in the commit.
    pub(crate) fn apply(&mut self, commit: &mut Commit<'_>, step: &Step) -> Result<()> {
        match step {
            Step::Append(partition, deltas) => {
                let rows = self.make_rows(self.last_key(*partition), deltas);
                self.rows.entry(*partition).or_default().extend(&rows);
                commit.append(&spec(), PARTITIONS[*partition], &batch(&rows))
            }
            Step::RemoveAbove(partition, kept) => {
                let last = self.last_key(*partition) as usize;
                let key = u64::try_from(share(last, *kept)).unwrap();
                let rows = self.rows.entry(*partition).or_default();
                rows.retain(|row| u64::from(row.0) <= key);
                commit.remove_above(&spec(), PARTITIONS[*partition], key)
            }
            Step::Replace(partition, deltas) => {
                let rows = self.make_rows(0, deltas);
                self.rows.insert(*partition, rows.clone());
                commit.replace(&spec(), PARTITIONS[*partition], [batch(&rows)])
            }
            Step::Extend(bytes) => {
                let whole = &bytes[..bytes.len() / RECORD_WIDTH * RECORD_WIDTH];
                self.column.extend_from_slice(whole);
                commit.extend_column("records", RECORD_WIDTH, whole)
            }
            Step::TruncateColumn(kept) => {
                let len = share(self.column.len() / RECORD_WIDTH, *kept);
                self.column.truncate(len * RECORD_WIDTH);
                commit.extend_column("records", RECORD_WIDTH, b"")?;
                commit.truncate_column("records", len as u64)
            }
            Step::Map(values) => {
                self.mapped = Some(values.clone());
                commit.put_mapped("values", &mapped_batch(values))
            }
            Step::Checkpoint(value) => {
                self.checkpoint = Some(*value);
                commit.set_checkpoint("stage", *value);
                Ok(())
            }
            Step::Assign(_) | Step::AppendKeys(_) | Step::TruncateKeys(_) => {
                self.apply_to_dictionary(commit, step)
            }
        }
    }

    fn apply_to_dictionary(&mut self, commit: &mut Commit<'_>, step: &Step) -> Result<()> {
        let mut dictionary = commit.dictionary("keys", KEY_WIDTH)?;
        match step {
            Step::Assign(numbers) => {
                let keys: Vec<_> = numbers.iter().copied().map(key).collect();
                let ids = dictionary.assign(&keys.concat())?;
                for (key, id) in keys.iter().zip(ids) {
                    let expected = self.id_of(key).unwrap_or_else(|| {
                        self.keys.push(*key);
                        u32::try_from(self.keys.len() - 1).unwrap()
                    });
                    assert_eq!(id, expected, "id of {key:?}");
                }
            }
            Step::AppendKeys(numbers) => {
                let keys: Vec<_> = numbers.iter().copied().map(key).collect();
                let first = u32::try_from(self.keys.len()).unwrap();
                let ids = dictionary.append(&keys.concat())?;
                assert!(ids.into_iter().eq((first..).take(keys.len())));
                self.keys.extend(keys);
            }
            Step::TruncateKeys(kept) => {
                let len = share(self.keys.len(), *kept);
                self.keys.truncate(len);
                dictionary.truncate(u32::try_from(len).unwrap())?;
            }
            _ => unreachable!("not a step of the dictionary"),
        }
        for number in 0..40 {
            assert_eq!(dictionary.lookup_one(&key(number)), self.id_of(&key(number)));
        }
        Ok(())
    }

    /// Compares everything that a snapshot shows.
    #[track_caller]
    pub(crate) fn check(&self, snapshot: &Snapshot) {
        for (at, partition) in PARTITIONS.into_iter().enumerate() {
            let rows = self.rows.get(&at).cloned().unwrap_or_default();
            assert_eq!(scan(snapshot, partition, None), rows, "rows of {partition}");
            let middle = u64::from(self.last_key(at) / 2);
            let above: Vec<_> = rows.into_iter().filter(|row| u64::from(row.0) >= middle).collect();
            assert_eq!(scan(snapshot, partition, Some(middle)), above, "rows from {middle}");
        }
        let column = match snapshot.column("records") {
            Ok(column) => column.chunks().flatten().copied().collect(),
            Err(_) => Vec::new(),
        };
        assert_eq!(column, self.column);
        self.check_dictionary(snapshot);
        let mapped = snapshot.mapped("values").ok();
        let values =
            mapped.map(|batch| batch.column(0).as_primitive::<UInt32Type>().values().to_vec());
        assert_eq!(values, self.mapped);
        assert_eq!(snapshot.checkpoint("stage"), self.checkpoint);
    }

    #[track_caller]
    fn check_dictionary(&self, snapshot: &Snapshot) {
        let Ok(dictionary) = snapshot.dictionary("keys") else {
            assert_eq!(self.keys.len(), 0);
            return;
        };
        let held: Vec<_> = (0..dictionary.len()).map(|id| dictionary.key(id).unwrap()).collect();
        assert_eq!(held, self.keys);
        let all: Vec<_> = (0..50).map(key).collect();
        let expected: Vec<_> = all.iter().map(|key| self.id_of(key)).collect();
        assert_eq!(dictionary.lookup(&all.concat()), expected);
        let single: Vec<_> = all.iter().map(|key| dictionary.lookup_one(key)).collect();
        assert_eq!(single, expected);
    }
}

pub(crate) fn spec() -> TableSpec {
    let fields = vec![
        Field::new("key", DataType::UInt32, false),
        Field::new("text", DataType::Utf8, true),
        Field::new("number", DataType::UInt64, false),
        Field::new("hash", DataType::FixedSizeBinary(4), false),
    ];
    TableSpec::new("rows", Arc::new(Schema::new(fields))).key("key")
}

pub(crate) fn batch(rows: &[(u32, u64)]) -> RecordBatch {
    let keys: UInt32Array = rows.iter().map(|row| row.0).collect();
    let texts: StringArray =
        rows.iter().map(|row| (row.1 % 3 != 0).then(|| format!("t{}", row.1 % 5))).collect();
    let numbers: UInt64Array = rows.iter().map(|row| row.1).collect();
    let hashes: Vec<[u8; 4]> = rows.iter().map(|row| row.0.to_le_bytes()).collect();
    let values: Vec<u8> = hashes.concat();
    let hashes = FixedSizeBinaryArray::try_new(4, values.into(), None).unwrap();
    let columns: Vec<arrow_array::ArrayRef> =
        vec![Arc::new(keys), Arc::new(texts), Arc::new(numbers), Arc::new(hashes)];
    RecordBatch::try_new(spec().schema, columns).unwrap()
}

pub(crate) fn mapped_batch(values: &[u32]) -> RecordBatch {
    let schema = Schema::new(vec![Field::new("value", DataType::UInt32, false)]);
    let column = UInt32Array::from(values.to_vec());
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(column)]).unwrap()
}

/// The rows of a partition, those with a key of at least `from`; the other columns are checked on
/// the way.
#[track_caller]
pub(crate) fn scan(snapshot: &Snapshot, partition: &str, from: Option<u64>) -> Vec<(u32, u64)> {
    let mut rows = Vec::new();
    let keys = from.map(|from| from..=u64::MAX);
    for found in snapshot.scan("rows", partition, None, keys).unwrap() {
        let found = found.unwrap();
        let keys = found.column(0).as_primitive::<UInt32Type>().values();
        let numbers = found.column(2).as_primitive::<UInt64Type>().values();
        let some: Vec<_> = keys.iter().copied().zip(numbers.iter().copied()).collect();
        assert_eq!(found, batch(&some));
        rows.extend(some);
    }
    rows
}

/// Sizes so small that a few steps reach every corner: several chunks, segments, row groups and
/// spilled runs.
pub(crate) fn tiny() -> Settings {
    Settings {
        manifests_kept: 2,
        chunk_bytes: 64,
        tail_keys: 8,
        pending_bytes: 1 << 10,
        row_group_rows: 16,
        runs_recent: 2,
        compact_files: 3,
        ..Settings::default()
    }
}

/// A folder where syncing is free, if the machine has one: these tests sync tens of thousands of
/// times.
pub(crate) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()).unwrap()
}

pub(crate) fn create() -> (TempDir, Store) {
    let dir = folder();
    let store = Store::create_with(&dir.path().join("store"), tiny()).unwrap();
    (dir, store)
}

pub(crate) fn run(note: &str) -> Run {
    let notes = BTreeMap::from([("note".to_owned(), note.to_owned())]);
    Run { command: "test".to_owned(), notes, ..Run::default() }
}

/// Every file below a folder, by its path relative to it.
pub(crate) fn files_below(dir: &Path) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let path = entry.path();
                let relative = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
                found.insert(relative, entry.metadata().unwrap().len());
            }
        }
    }
    found
}
