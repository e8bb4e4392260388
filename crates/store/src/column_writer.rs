//! The writing side of a column: appends records behind the committed end, cuts by copying the last
//! chunk.
//!
//! In: record bytes. Out: chunk files and their entry. Bytes below the committed length are never
//! written again, so a reader's map and the last commit stay whole whatever happens here.
//! Cost: appends are buffered to 1 MiB; a cut copies and re-hashes at most one chunk.
//! Checked by: `tests/it/columns.rs` against a plain vector, over random appends, cuts and aborted
//! commits.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::column::Records;
use crate::directory::Shared;
use crate::error::{Error, Result};
use crate::manifest::{Chunk, ColumnEntry, hash_hex};
use crate::staging::Staging;

/// The unit of hashing and of writing.
pub(crate) const BLOCK: usize = 1 << 20;

pub(crate) struct ColumnWriter {
    /// For messages.
    name: String,
    folder: String,
    width: usize,
    /// What is written, committed or not; its last chunk's hash is stale until `finish`.
    entry: ColumnEntry,
    /// What the last commit names.
    committed: ColumnEntry,
    /// Appended, not yet written.
    buffer: Vec<u8>,
    /// The open last chunk with the hash of its content; opened when first needed.
    tail: Option<Tail>,
}

struct Tail {
    file: Arc<File>,
    hash: BlockHash,
}

/// The hash of a chunk, block by block, so that appending needs no reading.
#[derive(Default)]
pub(crate) struct BlockHash {
    full: Vec<u64>,
    part: Xxh3,
    part_len: usize,
}

impl BlockHash {
    pub(crate) fn absorb(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, rest) = bytes.split_at(bytes.len().min(BLOCK - self.part_len));
            self.part.update(now);
            self.part_len += now.len();
            if self.part_len == BLOCK {
                self.full.push(self.part.digest());
                self.part.reset();
                self.part_len = 0;
            }
            bytes = rest;
        }
    }

    fn blocks(&self) -> impl Iterator<Item = u64> {
        let part = (self.part_len > 0).then(|| self.part.digest());
        self.full.iter().copied().chain(part)
    }

    /// One hash over the hashes of all blocks.
    pub(crate) fn digest(&self) -> u64 {
        xxh3_64(&self.blocks().flat_map(u64::to_le_bytes).collect::<Vec<u8>>())
    }

    /// The hashes of all blocks, 16 digits each.
    pub(crate) fn hex(&self) -> String {
        self.blocks().map(hash_hex).collect()
    }
}

impl ColumnWriter {
    /// A column that does not exist yet.
    pub(crate) fn create(shared: &Shared, name: &str, folder: &str, width: usize) -> ColumnWriter {
        let width_bytes = width as u64;
        let fitting = (shared.settings.chunk_bytes / width_bytes).max(1);
        let entry = ColumnEntry {
            width: width_bytes,
            len: 0,
            chunk_records: 1 << fitting.ilog2(),
            chunks: Vec::new(),
            tail_blocks: Vec::new(),
        };
        ColumnWriter::of(name, folder, entry)
    }

    /// The column as it was committed.
    pub(crate) fn open(
        shared: &Shared,
        name: &str,
        folder: &str,
        entry: &ColumnEntry,
    ) -> Result<ColumnWriter> {
        entry.check(&shared.path(folder))?;
        Ok(ColumnWriter::of(name, folder, entry.clone()))
    }

    fn of(name: &str, folder: &str, entry: ColumnEntry) -> ColumnWriter {
        ColumnWriter {
            name: name.to_owned(),
            folder: folder.to_owned(),
            width: usize::try_from(entry.width).expect("a record fits the memory it came from"),
            committed: entry.clone(),
            entry,
            buffer: Vec::new(),
            tail: None,
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn len(&self) -> u64 {
        self.entry.len + (self.buffer.len() / self.width) as u64
    }

    pub(crate) fn extend(&mut self, staging: &mut Staging, bytes: &[u8]) -> Result<()> {
        if !bytes.len().is_multiple_of(self.width) {
            let (name, expected, got) = (self.name.clone(), self.width, bytes.len());
            return Err(Error::Width { name, expected, got });
        }
        if self.buffer.len() + bytes.len() < BLOCK {
            self.buffer.extend_from_slice(bytes);
            return Ok(());
        }
        self.flush(staging)?;
        self.write(staging, bytes)
    }

    /// Writes the buffer out; not synced yet.
    pub(crate) fn flush(&mut self, staging: &mut Staging) -> Result<()> {
        let buffer = std::mem::take(&mut self.buffer);
        self.write(staging, &buffer)?;
        self.buffer = buffer;
        self.buffer.clear();
        Ok(())
    }

    fn write(&mut self, staging: &mut Staging, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let held = self.entry.records_in(self.entry.chunks.len().saturating_sub(1));
            if self.entry.chunks.is_empty() || held == self.entry.chunk_records {
                self.start_chunk(staging)?;
                continue;
            }
            let room = (self.entry.chunk_records - held).saturating_mul(self.entry.width);
            let now = usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len()));
            let (now, rest) = bytes.split_at(now);
            let path = self.tail_path();
            let full = staging.shared.path(&path);
            let offset = held * self.entry.width;
            let file = self.open_tail(&staging.shared.clone())?.file.clone();
            staging.grows(&path, &file);
            staging.shared.disk.write_at(&file, &full, offset, now)?;
            self.tail.as_mut().expect("just opened").hash.absorb(now);
            self.entry.len += (now.len() / self.width) as u64;
            bytes = rest;
        }
        Ok(())
    }

    fn tail_path(&self) -> String {
        self.entry.chunks.last().expect("a chunk was started").path.clone()
    }

    fn start_chunk(&mut self, staging: &mut Staging) -> Result<()> {
        if !self.entry.chunks.is_empty() {
            self.open_tail(&staging.shared.clone())?;
            self.seal_tail();
        }
        let (path, file) = staging.create(&self.folder, "col")?;
        self.entry.chunks.push(Chunk { path, hash: String::new() });
        self.tail = Some(Tail { file, hash: BlockHash::default() });
        Ok(())
    }

    fn seal_tail(&mut self) {
        if let (Some(tail), Some(chunk)) = (&self.tail, self.entry.chunks.last_mut()) {
            chunk.hash = hash_hex(tail.hash.digest());
            self.entry.tail_blocks = tail.hash.full.iter().map(|hash| hash_hex(*hash)).collect();
        }
    }

    /// Opens the last chunk and takes up its hash where the manifest left it.
    fn open_tail(&mut self, shared: &Shared) -> Result<&Tail> {
        if self.tail.is_none() {
            let path = shared.path(&self.tail_path());
            let file = Arc::new(shared.disk.open_for_writing(&path)?);
            let parse = |text: &String| u64::from_str_radix(text, 16).ok();
            let full: Option<Vec<u64>> = self.entry.tail_blocks.iter().map(parse).collect();
            let full =
                full.ok_or_else(|| Error::damaged(&path, "its block hashes are no hashes"))?;
            let held = self.entry.records_in(self.entry.chunks.len() - 1) * self.entry.width;
            let hashed = (full.len() * BLOCK) as u64;
            let part = usize::try_from(held.saturating_sub(hashed)).unwrap_or(usize::MAX);
            if part > BLOCK || hashed > held {
                return Err(Error::damaged(&path, "its block hashes do not fit its length"));
            }
            let mut rest = vec![0; part];
            file.read_exact_at(&mut rest, hashed).map_err(Error::io("read", &path))?;
            let mut hash = BlockHash { full, ..BlockHash::default() };
            hash.absorb(&rest);
            self.tail = Some(Tail { file, hash });
        }
        Ok(self.tail.as_ref().expect("just opened"))
    }

    /// Cuts the column to its first `len` records.
    pub(crate) fn truncate(&mut self, staging: &mut Staging, len: u64) -> Result<()> {
        if len > self.len() {
            return Err(Error::BeyondEnd { name: self.name.clone(), len: self.len(), to: len });
        }
        if len >= self.entry.len {
            let keep = (len - self.entry.len) * self.entry.width;
            self.buffer.truncate(usize::try_from(keep).expect("shorter than the buffer"));
            return Ok(());
        }
        self.buffer.clear();
        self.tail = None;
        let keep = usize::try_from(len.div_ceil(self.entry.chunk_records))
            .expect("fewer chunks than there are");
        for chunk in self.entry.chunks.drain(keep..) {
            staging.drop_file(&chunk.path);
        }
        self.entry.len = len;
        self.entry.tail_blocks.clear();
        if keep > 0 { self.cut_tail(staging, keep - 1) } else { Ok(()) }
    }

    /// Makes the last chunk end where the column now ends. Committed bytes behind that end must
    /// survive (the last commit and its readers need them), so the chunk is copied unless nothing
    /// of it is committed there.
    fn cut_tail(&mut self, staging: &mut Staging, index: usize) -> Result<()> {
        let path = self.tail_path();
        let full = staging.shared.path(&path);
        let held = self.entry.records_in(index) * self.entry.width;
        let same_file = self.committed.chunks.get(index).is_some_and(|chunk| chunk.path == path);
        let committed = if same_file { self.committed.records_in(index) } else { 0 };
        let source = Arc::new(staging.shared.disk.open_for_writing(&full)?);
        let copy = if committed > self.entry.records_in(index) {
            Some(staging.create(&self.folder, "col")?)
        } else {
            None
        };
        let mut hash = BlockHash::default();
        let mut block = vec![0; BLOCK];
        let mut at = 0;
        while at < held {
            let now = usize::try_from(held - at).map_or(BLOCK, |left| left.min(BLOCK));
            source.read_exact_at(&mut block[..now], at).map_err(Error::io("read", &full))?;
            if let Some((name, file)) = &copy {
                let target = staging.shared.path(name);
                staging.shared.disk.write_at(file, &target, at, &block[..now])?;
            }
            hash.absorb(&block[..now]);
            at += now as u64;
        }
        let file = match copy {
            None => source,
            Some((name, file)) => {
                staging.drop_file(&path);
                self.entry.chunks[index].path = name;
                file
            }
        };
        self.tail = Some(Tail { file, hash });
        Ok(())
    }

    /// Writes everything out and gives the entry for the manifest.
    pub(crate) fn finish(&mut self, staging: &mut Staging) -> Result<ColumnEntry> {
        self.flush(staging)?;
        self.seal_tail();
        Ok(self.entry.clone())
    }

    /// The entry given by `finish` is now committed.
    pub(crate) fn committed(&mut self) {
        self.committed = self.entry.clone();
    }

    /// The written records, mapped. Only for as long as the column is not cut.
    pub(crate) fn view(&self, shared: &Shared) -> Result<Records> {
        Records::open(shared, &self.folder, &self.entry)
    }
}
