//! The manifest: what a commit consists of, as one JSON file whose atomic rename is the commit
//! point.
//!
//! In and out: `manifests/NNNNNNNNNN.json`. It names every live file with size and hash; a file
//! that no kept manifest names is not part of the store. The layout is described for other programs
//! in `docs/reference/storage.md`.
//! Cost: one short line a file; columns and dictionaries one line per 128 MiB.
//! Checked by: its own checksum on every load, `tests/it/rot.rs`, `tests/it/crash.rs`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use arrow_schema::{Field, Schema};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// The manifest format that this build reads and writes.
pub const FORMAT: u32 = 1;

/// What a commit consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always [`FORMAT`]; first in the file, so that every later format can be told from it.
    pub format: u32,
    /// The number of this commit; 0 is the empty store.
    pub commit: u64,
    /// The snapshot this commit was made on; none for commit 0.
    pub parent: Option<SnapshotId>,
    /// Tables by name.
    pub tables: BTreeMap<String, TableEntry>,
    /// Columns by name.
    pub columns: BTreeMap<String, ColumnEntry>,
    /// Dictionaries by name.
    pub dictionaries: BTreeMap<String, DictionaryEntry>,
    /// Mapped Arrow files by name.
    pub mapped: BTreeMap<String, MappedEntry>,
    /// How far each stage has come, by the stage's own count.
    pub checkpoints: BTreeMap<String, u64>,
    /// Which program run made each commit.
    pub runs: RunLog,
    /// SHA-256 of this file's text with this field empty.
    pub checksum: String,
}

/// A table: its schema and the files of each partition, in the order of the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableEntry {
    /// The columns in order.
    pub schema: Vec<FieldEntry>,
    /// The column whose value never decreases within a partition.
    pub key: Option<String>,
    /// The files of each partition.
    pub partitions: BTreeMap<String, Vec<TableFile>>,
}

/// One column of a table's schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldEntry {
    /// Its name.
    pub name: String,
    /// Its Arrow type, as Arrow prints it.
    pub data_type: String,
    /// Whether a value may be missing.
    pub nullable: bool,
}

/// One Parquet file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableFile {
    /// Where it lies, relative to the store.
    pub path: String,
    /// Its rows.
    pub rows: u64,
    /// The smallest key in it, where the table has a key.
    pub key_min: Option<u64>,
    /// The largest key in it, where the table has a key.
    pub key_max: Option<u64>,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 over the whole file.
    pub sha256: String,
    /// Where the footer begins. It holds, as `store.blocks`, the hashes of the 1 MiB blocks before
    /// it.
    pub body_bytes: u64,
    /// The hash of the footer, made like that of a column's chunk. Footer and blocks are checked
    /// when they are read.
    pub footer: String,
    /// The commit that wrote the file.
    pub commit: u64,
    /// The first commit that one of its rows comes from; before `commit` after a merge or a cut
    /// ([`Snapshot::commits_of`](crate::Snapshot::commits_of) tells them apart).
    pub commit_min: u64,
}

/// An append-only column of fixed-width records, cut into chunk files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnEntry {
    /// Bytes of a record.
    pub width: u64,
    /// Records.
    pub len: u64,
    /// Records of a full chunk; a power of two.
    pub chunk_records: u64,
    /// The chunk files; all but the last are full.
    pub chunks: Vec<Chunk>,
    /// The hashes of the last chunk's full blocks of 1 MiB, so that the next commit need not read
    /// them.
    pub tail_blocks: Vec<String>,
}

/// One chunk file of a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chunk {
    /// Where it lies, relative to the store.
    pub path: String,
    /// xxh3-64 over the xxh3-64 hashes (little-endian) of its blocks of 1 MiB, the last one
    /// shorter.
    pub hash: String,
}

/// A dictionary: the keys in order of their ids, and the segments that find an id by its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DictionaryEntry {
    /// Key of id 0, 1, 2, …
    pub keys: ColumnEntry,
    /// Ids below this one are in the segments; the rest is indexed in memory when it is opened.
    pub indexed: u32,
    /// The segments, by the ids they cover.
    pub segments: Vec<SegmentEntry>,
}

/// One segment file of a dictionary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentEntry {
    /// Where it lies, relative to the store.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// The first id in it.
    pub from: u32,
    /// One more than the last id in it that counts; entries from here on are dead.
    pub to: u32,
    /// Entries in the file.
    pub entries: u64,
    /// xxh3-64 over the xxh3-64 hashes of header, bucket table and entries.
    pub hash: String,
}

/// A mapped Arrow file of exactly one record batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappedEntry {
    /// Where it lies, relative to the store.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// SHA-256 over the whole file.
    pub sha256: String,
    /// xxh3-64 over everything but the column data: checked at every opening, before it is
    /// believed.
    pub frame: String,
}

/// Which program run made each commit: the newest here, older ones spilled into a column of JSON
/// lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunLog {
    /// The runs of the newest commits.
    pub recent: BTreeMap<u64, Run>,
    /// Older runs: bytes of JSON lines `[commit, run]`, in the order of the commits.
    pub spilled: Option<ColumnEntry>,
}

/// What made a commit: enough to make it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The command, as it was called.
    pub command: String,
    /// The version of the program.
    pub code_version: String,
    /// A hash of the configuration in force.
    pub config_hash: String,
    /// When, in unix seconds UTC, as the caller's clock had it. Not part of the snapshot id.
    pub time_s: i64,
    /// Inputs and notes: checkpoints read, list versions, seeds.
    pub notes: BTreeMap<String, String>,
}

/// The identity of a commit's content: SHA-256 over its manifest without wall-clock times and
/// checksum.
///
/// It covers tables by SHA-256 and columns and dictionaries by xxh3: it tells stores apart and
/// finds rot, it does not stop a forger with write access.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId([u8; 32]);

impl SnapshotId {
    /// All 64 hex digits; `Display` shows the first 16.
    pub fn full(&self) -> String {
        hex(&self.0)
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0[..8]))
    }
}

impl fmt::Debug for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SnapshotId({self})")
    }
}

impl Serialize for SnapshotId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.full())
    }
}

impl<'de> Deserialize<'de> for SnapshotId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits: Option<Vec<u8>> = (0..text.len())
            .step_by(2)
            .map(|at| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
            .collect();
        let bytes = digits.and_then(|digits| <[u8; 32]>::try_from(digits).ok());
        bytes.map(SnapshotId).ok_or_else(|| serde::de::Error::custom("not a SHA-256 in hex"))
    }
}

/// The manifest without what a second run over the same input would write differently.
#[derive(Serialize)]
struct Identity<'a> {
    format: u32,
    commit: u64,
    parent: Option<SnapshotId>,
    tables: &'a BTreeMap<String, TableEntry>,
    columns: &'a BTreeMap<String, ColumnEntry>,
    dictionaries: &'a BTreeMap<String, DictionaryEntry>,
    mapped: &'a BTreeMap<String, MappedEntry>,
    checkpoints: &'a BTreeMap<String, u64>,
    run: Option<[&'a str; 3]>,
    notes: Option<&'a BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct FormatOnly {
    format: u64,
}

impl Manifest {
    pub(crate) fn empty() -> Manifest {
        Manifest {
            format: FORMAT,
            commit: 0,
            parent: None,
            tables: BTreeMap::new(),
            columns: BTreeMap::new(),
            dictionaries: BTreeMap::new(),
            mapped: BTreeMap::new(),
            checkpoints: BTreeMap::new(),
            runs: RunLog::default(),
            checksum: String::new(),
        }
    }

    /// The run that made this commit; none for commit 0.
    pub fn run(&self) -> Option<&Run> {
        self.runs.recent.get(&self.commit)
    }

    /// The identity of this content.
    pub fn id(&self) -> SnapshotId {
        let run = self.run();
        let identity = Identity {
            format: self.format,
            commit: self.commit,
            parent: self.parent,
            tables: &self.tables,
            columns: &self.columns,
            dictionaries: &self.dictionaries,
            mapped: &self.mapped,
            checkpoints: &self.checkpoints,
            run: run.map(|run| [&*run.command, &*run.code_version, &*run.config_hash]),
            notes: run.map(|run| &run.notes),
        };
        let text = serde_json::to_vec(&identity).expect("maps with string keys always serialize");
        SnapshotId(Sha256::digest(&text).into())
    }

    /// The text of the manifest file; fills in the checksum.
    pub(crate) fn seal(&mut self) -> String {
        self.checksum.clear();
        let open = serde_json::to_string(self).expect("maps with string keys always serialize");
        self.checksum = sha256_hex(open.as_bytes());
        let body = open.strip_suffix("\"\"}").expect("the checksum is the last field and empty");
        format!("{body}\"{}\"}}", self.checksum)
    }

    /// Reads a manifest's text and believes it only where every byte is what `seal` would write.
    pub(crate) fn parse(path: &Path, text: &[u8]) -> Result<Manifest> {
        let damaged = |what: String| Error::ManifestDamaged { path: path.to_owned(), what };
        let FormatOnly { format } =
            serde_json::from_slice(text).map_err(|error| damaged(error.to_string()))?;
        if format != u64::from(FORMAT) {
            // The digit of the format could be the rotten byte, but then the rest is still of our
            // format.
            return Err(Error::Format { path: path.to_owned(), found: format, known: FORMAT });
        }
        let mut manifest: Manifest =
            serde_json::from_slice(text).map_err(|error| damaged(error.to_string()))?;
        if manifest.seal().as_bytes() != text {
            return Err(damaged("its checksum does not fit its text".to_owned()));
        }
        Ok(manifest)
    }

    /// Every file this manifest names, with the length it needs at least.
    pub(crate) fn files(&self) -> BTreeMap<&str, u64> {
        let mut files = BTreeMap::new();
        for table in self.tables.values() {
            files.extend(table.partitions.values().flatten().map(|file| (&*file.path, file.bytes)));
        }
        for column in self.columns.values().chain(&self.runs.spilled) {
            files.extend(column.files());
        }
        for dictionary in self.dictionaries.values() {
            files.extend(dictionary.keys.files());
            files.extend(dictionary.segments.iter().map(|file| (&*file.path, file.bytes)));
        }
        files.extend(self.mapped.values().map(|file| (&*file.path, file.bytes)));
        files
    }
}

impl ColumnEntry {
    /// Records in chunk number `index`.
    pub(crate) fn records_in(&self, index: usize) -> u64 {
        let before = (index as u64).saturating_mul(self.chunk_records);
        self.len.saturating_sub(before).min(self.chunk_records)
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, u64)> {
        let bytes = |index| self.records_in(index).saturating_mul(self.width);
        self.chunks.iter().enumerate().map(move |(index, chunk)| (&*chunk.path, bytes(index)))
    }

    /// Refuses an entry whose numbers contradict each other, so that later code can index without
    /// fear.
    pub(crate) fn check(&self, path: &Path) -> Result<()> {
        let chunks = self.chunks.len() as u64;
        let fits = self.width > 0
            && self.chunk_records.is_power_of_two()
            && self.len.div_ceil(self.chunk_records) == chunks;
        if fits { Ok(()) } else { Err(Error::damaged(path, "its entry contradicts itself")) }
    }
}

/// The schema as the manifest holds it.
pub(crate) fn field_entries(schema: &Schema) -> Vec<FieldEntry> {
    schema.fields().iter().map(|field| FieldEntry::of(field)).collect()
}

impl FieldEntry {
    fn of(field: &Field) -> FieldEntry {
        FieldEntry {
            name: field.name().clone(),
            data_type: field.data_type().to_string(),
            nullable: field.is_nullable(),
        }
    }
}

/// Refuses a name that is not 1 to 80 of `a-z 0-9 _ - .`, starting with a letter or digit: it
/// becomes a file name.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fits = name.len() <= 80
        && name.bytes().next().is_some_and(plain)
        && name.bytes().all(|byte| plain(byte) || matches!(byte, b'_' | b'-' | b'.'));
    if fits { Ok(()) } else { Err(Error::Name { name: name.to_owned() }) }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(crate) fn hash_hex(hash: u64) -> String {
    format!("{hash:016x}")
}
