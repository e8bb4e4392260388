//! A sorted, immutable, mapped file that finds the ids of a fingerprint.
//!
//! Layout, little-endian: a header of 64 bytes; a table of 2^bits + 1 u32, padded to 64 bytes,
//! whose entry `b` is the number of the first entry with the high bits `b`; groups of 16 entries,
//! each 16 fingerprints (u64) followed by their 16 ids (u32). Entries are sorted by fingerprint,
//! then id. Groups instead of two long arrays: a group is three cache lines and a file can be
//! written front to back. A table instead of interpolation: fingerprints are even enough to
//! interpolate, but the last steps each touch another page, where the table (a quarter of a byte a
//! key) gives the one or two groups at once. A rotten segment can give a wrong place, never a wrong
//! answer: each hit is verified against the key itself, and every index is checked.

use std::fs::File;
use std::sync::Arc;

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::directory::Shared;
use crate::error::{Error, Result};
use crate::manifest::{SegmentEntry, hash_hex};
use crate::map::Map;
use crate::staging::Staging;

const MAGIC: &[u8; 8] = b"thseg\x00\x00\x01";
const HEADER: usize = 64;
const GROUP: usize = 16;
const GROUP_BYTES: usize = GROUP * 12;
/// Bytes held back per write position.
const BUFFER: usize = 1 << 18;

#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) entry: SegmentEntry,
    map: Arc<Map>,
    bits: u32,
    entries: usize,
    groups: usize,
}

fn table_bytes(bits: u32) -> usize {
    (((1usize << bits) + 1) * 4).next_multiple_of(64)
}

fn group_count(entries: u64) -> u64 {
    entries.div_ceil(GROUP as u64)
}

impl Segment {
    pub(crate) fn open(shared: &Shared, entry: &SegmentEntry) -> Result<Segment> {
        let path = shared.path(&entry.path);
        let map = shared.maps.open(&path, entry.bytes)?;
        let damaged = |what: &str| Error::damaged(&path, what);
        let bytes = map.bytes();
        let header = bytes.get(..HEADER).ok_or_else(|| damaged("it has no header"))?;
        let entries = u64_at(header, 8);
        let bits = u32_at(header, 16);
        if &header[..8] != MAGIC || entries != entry.entries || bits > 32 {
            return Err(damaged("its header does not fit the manifest"));
        }
        let groups = HEADER + table_bytes(bits);
        if groups as u64 + group_count(entries) * GROUP_BYTES as u64 != entry.bytes {
            return Err(damaged("its length does not fit its header"));
        }
        let entries =
            usize::try_from(entries).map_err(|_| damaged("it does not fit the memory"))?;
        Ok(Segment { entry: entry.clone(), map: map.clone(), bits, entries, groups })
    }

    /// The entries whose fingerprint has the same high bits, as a range of entry numbers.
    #[inline]
    pub(crate) fn bucket(&self, fingerprint: u64) -> (usize, usize) {
        let bucket = if self.bits == 0 { 0 } else { fingerprint >> (64 - self.bits) };
        #[expect(clippy::cast_possible_truncation, reason = "at most 32 bits are left")]
        let at = HEADER + bucket as usize * 4;
        let bytes = self.map.bytes();
        let (from, to) = (u32_at(bytes, at) as usize, u32_at(bytes, at + 4) as usize);
        // A rotten table may say anything; what is read must lie in the file.
        (from.min(self.entries), to.min(self.entries))
    }

    /// Loads an entry near where `find` will look, to have it in the cache by then.
    #[inline]
    pub(crate) fn touch(&self, fingerprint: u64, (from, to): (usize, usize)) -> u64 {
        if from >= to {
            return 0;
        }
        // Fingerprints are even within a bucket too: the bits below the bucket's say where.
        let share = (fingerprint << self.bits) >> 48;
        let offset = ((to - from) * share as usize) >> 16;
        self.fingerprint(from + offset)
    }

    #[inline]
    pub(crate) fn fingerprint(&self, index: usize) -> u64 {
        u64_at(self.map.bytes(), self.groups + index / GROUP * GROUP_BYTES + index % GROUP * 8)
    }

    #[inline]
    fn id(&self, index: usize) -> u32 {
        let ids = self.groups + index / GROUP * GROUP_BYTES + GROUP * 8;
        u32_at(self.map.bytes(), ids + index % GROUP * 4)
    }

    /// The largest id of this fingerprint that `is_key` accepts, in a bucket given by
    /// [`Segment::bucket`].
    #[inline]
    pub(crate) fn find(
        &self,
        fingerprint: u64,
        (from, to): (usize, usize),
        is_key: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let (mut low, mut high) = (from, to);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.fingerprint(middle) <= fingerprint { low = middle + 1 } else { high = middle }
        }
        // `low` is behind the last entry that is not larger.
        let mut index = low;
        while index > from && self.fingerprint(index - 1) == fingerprint {
            let id = self.id(index - 1);
            if is_key(id) {
                return Some(id);
            }
            index -= 1;
        }
        None
    }

    /// The entries in order, of ids below `limit`.
    pub(crate) fn entries(&self, limit: u32) -> impl Iterator<Item = (u64, u32)> {
        let all = (0..self.entries).map(|index| (self.fingerprint(index), self.id(index)));
        all.filter(move |(_, id)| *id < limit)
    }

    /// The hash over the whole file, as the manifest has it.
    pub(crate) fn hash(&self) -> String {
        let bytes = self.map.bytes();
        let parts = [&bytes[..HEADER], &bytes[HEADER..self.groups], &bytes[self.groups..]];
        combine(parts.map(xxh3_64))
    }
}

fn combine(parts: [u64; 3]) -> String {
    hash_hex(xxh3_64(&parts.map(u64::to_le_bytes).concat()))
}

#[inline]
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

#[inline]
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// Writes a segment from entries in order; memory is two buffers, whatever the number of entries.
pub(crate) struct SegmentWriter {
    shared: Arc<Shared>,
    path: String,
    file: Arc<File>,
    bits: u32,
    table: Cursor,
    groups: Cursor,
    /// Table entries written so far.
    buckets: u64,
    entries: u64,
    fingerprints: [u64; GROUP],
    ids: [u32; GROUP],
}

/// A write position with its buffer and the hash of what went through it.
struct Cursor {
    offset: u64,
    buffer: Vec<u8>,
    hash: Xxh3,
}

impl SegmentWriter {
    /// A segment of at most `entries_max` entries.
    pub(crate) fn create(
        staging: &mut Staging,
        folder: &str,
        entries_max: u64,
    ) -> Result<SegmentWriter> {
        let (path, file) = staging.create(folder, "seg")?;
        // Between 8 and 16 entries a bucket.
        let bits = (entries_max / GROUP as u64).max(1).next_power_of_two().trailing_zeros();
        let cursor = |offset: usize| Cursor {
            offset: offset as u64,
            buffer: Vec::with_capacity(BUFFER),
            hash: Xxh3::new(),
        };
        Ok(SegmentWriter {
            shared: staging.shared.clone(),
            path,
            file,
            bits,
            table: cursor(HEADER),
            groups: cursor(HEADER + table_bytes(bits)),
            buckets: 0,
            entries: 0,
            fingerprints: [0; GROUP],
            ids: [0; GROUP],
        })
    }

    pub(crate) fn push(&mut self, fingerprint: u64, id: u32) -> Result<()> {
        let bucket = if self.bits == 0 { 0 } else { fingerprint >> (64 - self.bits) };
        self.open_buckets(bucket)?;
        #[expect(clippy::cast_possible_truncation, reason = "below the group size")]
        let at = self.entries as usize % GROUP;
        (self.fingerprints[at], self.ids[at]) = (fingerprint, id);
        self.entries += 1;
        if at + 1 == GROUP { self.put_group() } else { Ok(()) }
    }

    /// Table entries up to that of `bucket` point to the next entry.
    fn open_buckets(&mut self, bucket: u64) -> Result<()> {
        let next = u32::try_from(self.entries).expect("fewer entries than ids");
        while self.buckets <= bucket {
            self.table.buffer.extend_from_slice(&next.to_le_bytes());
            self.buckets += 1;
        }
        self.write_out(false, BUFFER)
    }

    fn put_group(&mut self) -> Result<()> {
        self.groups
            .buffer
            .extend(self.fingerprints.iter().flat_map(|fingerprint| fingerprint.to_le_bytes()));
        self.groups.buffer.extend(self.ids.iter().flat_map(|id| id.to_le_bytes()));
        (self.fingerprints, self.ids) = ([0; GROUP], [0; GROUP]);
        self.write_out(true, BUFFER)
    }

    /// Writes a buffer that holds at least `enough` bytes.
    fn write_out(&mut self, groups: bool, enough: usize) -> Result<()> {
        let cursor = if groups { &mut self.groups } else { &mut self.table };
        if cursor.buffer.len() < enough || cursor.buffer.is_empty() {
            return Ok(());
        }
        let path = self.shared.path(&self.path);
        self.shared.disk.write_at(&self.file, &path, cursor.offset, &cursor.buffer)?;
        cursor.hash.update(&cursor.buffer);
        cursor.offset += cursor.buffer.len() as u64;
        cursor.buffer.clear();
        Ok(())
    }

    pub(crate) fn finish(mut self, from: u32, to: u32) -> Result<Segment> {
        self.open_buckets(1 << self.bits)?;
        let unpadded = (usize::try_from(self.buckets).expect("a table fits the memory")) * 4;
        let padding = table_bytes(self.bits) - unpadded;
        self.table.buffer.resize(self.table.buffer.len() + padding, 0);
        if !self.entries.is_multiple_of(GROUP as u64) {
            self.put_group()?;
        }
        self.write_out(false, 0)?;
        self.write_out(true, 0)?;
        let mut header = [0; HEADER];
        header[..8].copy_from_slice(MAGIC);
        header[8..16].copy_from_slice(&self.entries.to_le_bytes());
        header[16..20].copy_from_slice(&self.bits.to_le_bytes());
        header[20..24].copy_from_slice(&from.to_le_bytes());
        header[24..28].copy_from_slice(&to.to_le_bytes());
        let path = self.shared.path(&self.path);
        self.shared.disk.write_at(&self.file, &path, 0, &header)?;
        let hash = combine([xxh3_64(&header), self.table.hash.digest(), self.groups.hash.digest()]);
        let bytes = self.groups.offset;
        let entry = SegmentEntry { path: self.path, bytes, from, to, entries: self.entries, hash };
        Segment::open(&self.shared, &entry)
    }
}
