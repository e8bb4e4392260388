//! A Parquet file that is checked block by block as it is read: no byte reaches the decoder unseen.
//!
//! In: a mapped table file and its entry. Out: what Parquet's reader asks for, or an error that
//! names the block.
//! Why: the decoder panics on some corrupt pages and silently returns other rows for most; a row in
//! a report must be the row that was written. SHA-256 over the file would do it too, but a range of
//! keys reads a small part of a large file, and xxh3 over the blocks touched costs next to nothing
//! beside decoding.
//! Checked by: `tests/it/rot.rs`, which flips every byte of a file.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use xxhash_rust::xxh3::xxh3_64;

use crate::column_writer::{BLOCK, BlockHash};
use crate::directory::Shared;
use crate::error::{Error, Result};
use crate::manifest::{TableFile, hash_hex};
use crate::map::Map;
use crate::table::{BLOCKS, COMMITS};

/// A table file, its footer read and checked.
pub(crate) struct TableReader {
    pub(crate) path: PathBuf,
    checked: Checked,
    /// What the footer says.
    pub(crate) footer: ArrowReaderMetadata,
    /// The commit that wrote the file.
    commit: u64,
    rows: u64,
}

impl TableReader {
    pub(crate) fn open(shared: &Shared, file: &TableFile) -> Result<TableReader> {
        let path = shared.path(&file.path);
        let found = std::fs::metadata(&path).map_err(Error::io("open", &path))?.len();
        if found != file.bytes {
            return Err(Error::damaged(&path, format!("{found} bytes, {} expected", file.bytes)));
        }
        let bytes = Bytes::from_owner(Owner(shared.maps.open(&path, file.bytes)?));
        let body = usize::try_from(file.body_bytes).unwrap_or(usize::MAX);
        let mut footer = BlockHash::default();
        footer.absorb(bytes.get(body..).unwrap_or(&[]));
        if hash_hex(footer.digest()) != file.footer {
            return Err(Error::damaged(&path, "the hash of its footer does not fit"));
        }
        let blocks = Arc::new(OnceLock::new());
        let checked = Checked { bytes, body, blocks: blocks.clone() };
        let footer = ArrowReaderMetadata::load(&checked, ArrowReaderOptions::new());
        let footer = footer.map_err(Error::parquet(&path))?;
        let reader = TableReader { path, checked, footer, commit: file.commit, rows: file.rows };
        let known = blocks_of(reader.note(BLOCKS).unwrap_or_default());
        let fits = known.as_ref().is_some_and(|known| known.len() == body.div_ceil(BLOCK));
        if !fits {
            return Err(Error::damaged(&reader.path, "its footer lacks the hashes of its blocks"));
        }
        let known = known.into_iter().flatten().map(Block::of).collect();
        blocks.set(known).map_err(|_| ()).expect("set here only");
        Ok(reader)
    }

    /// Starts to read the rows.
    pub(crate) fn read(&self) -> ParquetRecordBatchReaderBuilder<Checked> {
        let (checked, footer) = (self.checked.clone(), self.footer.clone());
        ParquetRecordBatchReaderBuilder::new_with_metadata(checked, footer)
    }

    fn note(&self, key: &str) -> Option<&str> {
        let notes = self.footer.metadata().file_metadata().key_value_metadata();
        notes.into_iter().flatten().find(|note| note.key == key)?.value.as_deref()
    }

    /// The commits of the rows, as `(commit, rows)`: in the footer when there are several, else the
    /// file's own.
    pub(crate) fn commits(&self) -> Result<Vec<(u64, u64)>> {
        let Some(text) = self.note(COMMITS) else { return Ok(vec![(self.commit, self.rows)]) };
        let pair = |pair: &str| {
            let (commit, rows) = pair.split_once(':')?;
            Some((commit.parse().ok()?, rows.parse().ok()?))
        };
        let pairs: Option<Vec<(u64, u64)>> = text.split(',').map(pair).collect();
        pairs.ok_or_else(|| Error::damaged(&self.path, "its footer does not tell its commits"))
    }
}

fn blocks_of(text: &str) -> Option<Vec<u64>> {
    let digits =
        |at: usize| text.get(at..at + 16).and_then(|hex| u64::from_str_radix(hex, 16).ok());
    (0..text.len()).step_by(16).map(digits).collect()
}

struct Owner(Arc<Map>);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes()
    }
}

struct Block {
    hash: u64,
    seen: AtomicBool,
}

impl Block {
    fn of(hash: u64) -> Block {
        Block { hash, seen: AtomicBool::new(false) }
    }
}

/// The file's bytes, each block of the body compared with its hash before it is first handed out.
#[derive(Clone)]
pub(crate) struct Checked {
    bytes: Bytes,
    body: usize,
    /// Known once the footer, which was checked before, is parsed.
    blocks: Arc<OnceLock<Vec<Block>>>,
}

impl Checked {
    /// The bytes `from..to`, with their blocks checked.
    fn slice(&self, from: u64, len: usize) -> Result<Bytes, ParquetError> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let to = from.checked_add(len).filter(|to| *to <= self.bytes.len());
        let to = to.ok_or_else(|| ParquetError::EOF("it points behind its end".to_owned()))?;
        let body_to = to.min(self.body);
        if from < body_to {
            for block in from / BLOCK..=(body_to - 1) / BLOCK {
                self.check(block)?;
            }
        }
        Ok(self.bytes.slice(from..to))
    }

    fn check(&self, number: usize) -> Result<(), ParquetError> {
        let damaged = || ParquetError::General(format!("damaged: block {number} of 1 MiB"));
        let block = self.blocks.get().and_then(|blocks| blocks.get(number)).ok_or_else(damaged)?;
        if block.seen.load(Ordering::Relaxed) {
            return Ok(());
        }
        let end = ((number + 1) * BLOCK).min(self.body);
        if xxh3_64(&self.bytes[number * BLOCK..end]) != block.hash {
            return Err(damaged());
        }
        block.seen.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl Length for Checked {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
}

impl ChunkReader for Checked {
    type T = CheckedRead;

    fn get_read(&self, start: u64) -> Result<CheckedRead, ParquetError> {
        Ok(CheckedRead { file: self.clone(), at: start })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        self.slice(start, length)
    }
}

/// The file from some place on.
pub(crate) struct CheckedRead {
    file: Checked,
    at: u64,
}

impl Read for CheckedRead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.file.len().saturating_sub(self.at);
        let now = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let bytes = self.file.slice(self.at, now).map_err(io::Error::other)?;
        buffer[..now].copy_from_slice(&bytes);
        self.at += now as u64;
        Ok(now)
    }
}

/// For a message: the file is damaged, not the request.
pub(crate) fn rows_expected(path: &Path, found: u64, expected: u64) -> Error {
    Error::damaged(path, format!("{found} rows, {expected} expected"))
}
