//! An append-only column of fixed-width records, read in place.
//!
//! In: the chunk files that a manifest names. Out: record `i` as bytes. Chunks hold a power of two
//! of records, so finding one is a shift and a mask. Chunks, not one file: cutting a column (a
//! reorg) copies at most one chunk and never changes a byte that a reader has mapped.
//! Cost: one map a chunk at opening (shared between snapshots for full chunks), no copy.

use std::sync::Arc;

use crate::directory::Shared;
use crate::error::Result;
use crate::manifest::ColumnEntry;
use crate::map::Map;

/// A column of a snapshot. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Column {
    records: Arc<Records>,
}

impl Column {
    pub(crate) fn open(shared: &Shared, name: &str, entry: &ColumnEntry) -> Result<Column> {
        Ok(Column { records: Arc::new(Records::open(shared, name, entry)?) })
    }

    /// Bytes of a record.
    pub fn width(&self) -> usize {
        self.records.width
    }

    /// Records.
    pub fn len(&self) -> u64 {
        self.records.len
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Record `index`; `None` beyond the end.
    #[inline]
    pub fn get(&self, index: u64) -> Option<&[u8]> {
        self.records.get(index)
    }

    /// Record `index` of a column of 4-byte records as a little-endian number.
    #[inline]
    pub fn get_u32(&self, index: u64) -> Option<u32> {
        self.get(index)?.try_into().ok().map(u32::from_le_bytes)
    }

    /// Record `index` of a column of 8-byte records as a little-endian number.
    #[inline]
    pub fn get_u64(&self, index: u64) -> Option<u64> {
        self.get(index)?.try_into().ok().map(u64::from_le_bytes)
    }

    /// The records as slices of whole records, one a chunk, in order.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.records.chunks.iter().map(|map| map.bytes())
    }

    /// The bytes of the records `from..to`, copied; `None` when `to` is beyond the end or before
    /// `from`.
    pub fn read(&self, from: u64, to: u64) -> Option<Vec<u8>> {
        self.records.read(from, to)
    }
}

#[derive(Debug)]
pub(crate) struct Records {
    pub(crate) width: usize,
    pub(crate) len: u64,
    shift: u32,
    chunks: Vec<Arc<Map>>,
}

impl Records {
    pub(crate) fn open(shared: &Shared, name: &str, entry: &ColumnEntry) -> Result<Records> {
        entry.check(&shared.path(name))?;
        let open = |(index, (path, bytes)): (usize, (&str, u64))| {
            let path = shared.path(path);
            if entry.records_in(index) == entry.chunk_records {
                shared.maps.open(&path, bytes)
            } else {
                Map::open(&path, bytes).map(Arc::new)
            }
        };
        let chunks = entry.files().enumerate().map(open).collect::<Result<Vec<_>>>()?;
        let width = usize::try_from(entry.width).expect("a record fits the memory that maps it");
        Ok(Records { width, len: entry.len, shift: entry.chunk_records.trailing_zeros(), chunks })
    }

    #[inline]
    pub(crate) fn get(&self, index: u64) -> Option<&[u8]> {
        if index >= self.len {
            return None;
        }
        let chunk = self.chunks.get(usize::try_from(index >> self.shift).ok()?)?;
        let within = usize::try_from(index & ((1 << self.shift) - 1)).ok()?;
        chunk.bytes().get(within * self.width..(within + 1) * self.width)
    }

    pub(crate) fn read(&self, from: u64, to: u64) -> Option<Vec<u8>> {
        if to > self.len || from > to {
            return None;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(to - from).ok()? * self.width);
        let mut at = from;
        while at < to {
            let chunk_end = ((at >> self.shift) + 1) << self.shift;
            let end = chunk_end.min(to);
            let chunk = self.chunks.get(usize::try_from(at >> self.shift).ok()?)?;
            let first = usize::try_from(at & ((1 << self.shift) - 1)).ok()? * self.width;
            let len = usize::try_from(end - at).ok()? * self.width;
            bytes.extend_from_slice(chunk.bytes().get(first..first + len)?);
            at = end;
        }
        Some(bytes)
    }
}
