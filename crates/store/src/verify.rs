//! Re-reads everything a snapshot consists of and compares it with the manifest.
//! In: a snapshot. Out: one [`Damage`] a file that is not what it should be, in the order of the
//! manifest.
//! Cost: reads every live byte once.
//! Checked by: `tests/it/rot.rs`, which flips a byte in each kind of file.

use std::fmt;
use std::fs::File;
use std::io::Read;

use sha2::{Digest, Sha256};

use crate::checked::TableReader;
use crate::column_writer::{BLOCK, BlockHash};
use crate::dictionary::Segment;
use crate::directory::{Shared, manifest_path};
use crate::error::{Error, Result};
use crate::manifest::{
    ColumnEntry, Manifest, MappedEntry, TableEntry, TableFile, field_entries, hash_hex, hex,
};
use crate::snapshot::Snapshot;
use crate::table::difference;
use crate::{mapped, runs};

/// A file that is not what the manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file, relative to the store.
    pub file: String,
    /// What does not fit.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.what)
    }
}

struct Check<'a> {
    shared: &'a Shared,
    progress: &'a mut dyn FnMut(&str),
    damage: Vec<Damage>,
}

pub(crate) fn verify(snapshot: &Snapshot, progress: &mut dyn FnMut(&str)) -> Result<Vec<Damage>> {
    let manifest = snapshot.manifest();
    let mut check = Check { shared: snapshot.shared(), progress, damage: Vec::new() };
    check.file(&format!("manifests/{:010}.json", manifest.commit), |check| {
        let path = manifest_path(&check.shared.dir, manifest.commit);
        let text = std::fs::read(&path).map_err(Error::io("read", &path))?;
        Manifest::parse(&path, &text).map(|_| ())
    });
    for table in manifest.tables.values() {
        for file in table.partitions.values().flatten() {
            check.file(&file.path, |check| check.table_file(table, file));
        }
    }
    for column in manifest.columns.values() {
        check.column(column);
    }
    for dictionary in manifest.dictionaries.values() {
        check.column(&dictionary.keys);
        for entry in &dictionary.segments {
            check.file(&entry.path, |check| {
                let found = Segment::open(check.shared, entry)?.hash();
                check.same(&entry.path, "hash", &found, &entry.hash)
            });
        }
    }
    for entry in manifest.mapped.values() {
        check.mapped(entry);
    }
    if let Some(spilled) = &manifest.runs.spilled {
        check.column(spilled);
        check.file("runs", |check| runs::all(check.shared, &manifest.runs).map(|_| ()));
    }
    Ok(check.damage)
}

pub(crate) fn verify_mapped(shared: &Shared, entry: &MappedEntry) -> Option<Damage> {
    let mut check = Check { shared, progress: &mut |_| {}, damage: Vec::new() };
    check.mapped(entry);
    check.damage.pop()
}

impl Check<'_> {
    fn file(&mut self, file: &str, check: impl FnOnce(&Self) -> Result<()>) {
        (self.progress)(file);
        if let Err(error) = check(self) {
            let what = match error {
                Error::Damaged { what, .. } => what,
                other => other.to_string(),
            };
            self.damage.push(Damage { file: file.to_owned(), what });
        }
    }

    fn same(&self, file: &str, what: &str, found: &str, expected: &str) -> Result<()> {
        if found == expected {
            return Ok(());
        }
        let what = format!("{what} {found}, {expected} expected");
        Err(Error::damaged(&self.shared.path(file), what))
    }

    fn sha256(&self, file: &str, bytes: u64, expected: &str) -> Result<()> {
        let mut hash = Sha256::new();
        let read = self.read(file, u64::MAX, |block| hash.update(block))?;
        self.same(file, "length", &read.to_string(), &bytes.to_string())?;
        self.same(file, "SHA-256", &hex(&hash.finalize()), expected)
    }

    /// Hands on the first `bytes` of a file, or all of it; says how many there were.
    fn read(&self, file: &str, bytes: u64, mut each: impl FnMut(&[u8])) -> Result<u64> {
        let path = self.shared.path(file);
        let mut source = File::open(&path).map_err(Error::io("open", &path))?.take(bytes);
        let mut block = vec![0; BLOCK];
        let mut total = 0;
        loop {
            let read = source.read(&mut block).map_err(Error::io("read", &path))?;
            if read == 0 {
                return Ok(total);
            }
            each(&block[..read]);
            total += read as u64;
        }
    }

    fn table_file(&self, table: &TableEntry, file: &TableFile) -> Result<()> {
        self.sha256(&file.path, file.bytes, &file.sha256)?;
        let path = self.shared.path(&file.path);
        let footer = TableReader::open(self.shared, file)?.footer;
        let rows = footer.metadata().file_metadata().num_rows();
        self.same(&file.path, "rows", &rows.to_string(), &file.rows.to_string())?;
        let found = field_entries(footer.schema());
        if found == table.schema {
            return Ok(());
        }
        Err(Error::damaged(&path, difference(&found, &table.schema)))
    }

    fn mapped(&mut self, entry: &MappedEntry) {
        self.file(&entry.path, |check| {
            mapped::open(check.shared, entry)?;
            check.sha256(&entry.path, entry.bytes, &entry.sha256)
        });
    }

    fn column(&mut self, entry: &ColumnEntry) {
        if let Err(error) = entry.check(&self.shared.dir) {
            let file = entry.chunks.first().map_or("manifest", |chunk| &chunk.path).to_owned();
            self.damage.push(Damage { file, what: error.to_string() });
            return;
        }
        for (chunk, (path, bytes)) in entry.chunks.iter().zip(entry.files()) {
            self.file(path, |check| {
                let mut hash = BlockHash::default();
                let read = check.read(path, bytes, |block| hash.absorb(block))?;
                check.same(path, "length", &read.to_string(), &bytes.to_string())?;
                check.same(path, "hash", &hash_hex(hash.digest()), &chunk.hash)
            });
        }
    }
}
