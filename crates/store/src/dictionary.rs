//! The dictionary: fixed-width byte keys to dense u32 ids in order of first appearance, and back.
//!
//! In: keys, laid end to end. Out: ids. Key of an id: an append-only column, mapped. Id of a key:
//! the newest ids by a hash table in memory (`tail`), the rest by sorted immutable files of
//! fingerprints (`segment`). The table is not stored: opening rebuilds it from the keys, at most
//! `tail_keys` of them, so a small commit writes only its keys. Every hit is compared with the key
//! column, so neither a collision of fingerprints nor an entry left over from before a truncation
//! can give a wrong id. Newest part first, largest id first: a key that was appended more than once
//! is found under its largest living id.
//! Sources: log-structured merging as in O'Neil et al. 1996, with the binary counter of Bentley and
//! Saxe 1980.
//! Departs from them: no tombstones; truncation is a length, dead entries fall out at the next
//! merge.
//! Cost: at most log2(keys / tail keys) segments; 12.3 bytes a key besides the key. Fingerprints
//! are xxh3-64 without a secret (same inputs, same bytes): whoever can make keys that collide in
//! all 64 bits makes the lookup of those keys slow, and of no others.
//! Checked by: `tests/it/dictionary.rs` against a `BTreeMap`; figures from `benches/dictionary.rs`
//! in storage.md.

mod segment;
mod tail;
mod writer;

use std::sync::{Arc, OnceLock};

use xxhash_rust::xxh3::xxh3_64;

use crate::column::Records;
use crate::directory::Shared;
use crate::error::{Error, Result};
use crate::manifest::DictionaryEntry;
pub(crate) use segment::Segment;
use tail::Tail;
pub use writer::DictionaryWriter;
pub(crate) use writer::State;

/// The widest key, in bytes.
pub const KEY_BYTES_MAX: usize = 64;

/// The read view of a dictionary. Cheap to clone, shared between threads.
#[derive(Clone, Debug)]
pub struct Dictionary {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    index: Index,
    len: u32,
    indexed: u32,
    /// Built by the first lookup: reading keys by id needs none.
    tail: OnceLock<Tail>,
}

impl Dictionary {
    pub(crate) fn open(shared: &Shared, name: &str, entry: &DictionaryEntry) -> Result<Dictionary> {
        let len = u32::try_from(entry.keys.len)
            .map_err(|_| Error::damaged(&shared.path(name), "it has more keys than ids"))?;
        let index = Index::open(shared, name, entry)?;
        let inner = Inner { index, len, indexed: entry.indexed.min(len), tail: OnceLock::new() };
        Ok(Dictionary { inner: Arc::new(inner) })
    }

    /// Ids given out; the next would be this one.
    pub fn len(&self) -> u32 {
        self.inner.len
    }

    /// Whether no id was given out.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of a key.
    pub fn key_width(&self) -> usize {
        self.inner.index.keys.width
    }

    /// The key of an id; `None` for an id that was not given out.
    #[inline]
    pub fn key(&self, id: u32) -> Option<&[u8]> {
        self.inner.index.keys.get(u64::from(id))
    }

    /// The ids of `keys`, which lie end to end (bytes behind the last whole key are not looked at).
    pub fn lookup(&self, keys: &[u8]) -> Vec<Option<u32>> {
        let fingerprints: Vec<u64> = keys.chunks_exact(self.key_width()).map(xxh3_64).collect();
        let mut ids = vec![None; fingerprints.len()];
        self.inner.index.find_all(self.tail(), &fingerprints, keys, &mut ids);
        ids
    }

    /// The id of one key; `None` too for a key of another width.
    #[inline]
    pub fn lookup_one(&self, key: &[u8]) -> Option<u32> {
        if key.len() != self.key_width() {
            return None;
        }
        let fingerprint = xxh3_64(key);
        self.tail().find(fingerprint, key).or_else(|| self.inner.index.find(fingerprint, key))
    }

    /// Makes the first lookup as fast as the others.
    pub fn warm(&self) {
        self.tail();
    }

    fn tail(&self) -> &Tail {
        self.inner.tail.get_or_init(|| {
            let mut tail = Tail::new(self.key_width(), self.inner.indexed);
            for key in (self.inner.indexed..self.inner.len).map_while(|id| self.key(id)) {
                tail.push(xxh3_64(key), key);
            }
            tail
        })
    }
}

/// The mapped part: keys and segments, oldest first.
#[derive(Debug)]
pub(crate) struct Index {
    keys: Records,
    segments: Vec<Segment>,
}

/// Keys searched together: enough for the processor to wait for many cache misses at once.
const TOGETHER: usize = 32;

/// Segments asked together for one key: with sizes that double, all there are of a billion keys.
const SEGMENTS_TOGETHER: usize = 12;

/// Keys searched by one task: waking a thread costs as much as some hundred lookups.
const PER_TASK: usize = 2048;

impl Index {
    fn open(shared: &Shared, name: &str, entry: &DictionaryEntry) -> Result<Index> {
        let keys = Records::open(shared, name, &entry.keys)?;
        let open = |entry| Segment::open(shared, entry);
        Ok(Index { keys, segments: entry.segments.iter().map(open).collect::<Result<_>>()? })
    }

    #[inline]
    fn is_key(&self, id: u32, key: &[u8]) -> bool {
        self.keys.get(u64::from(id)) == Some(key)
    }

    /// Asks every segment where to look before it looks into one: these loads do not wait for each
    /// other, so their cache misses overlap.
    #[inline]
    fn find(&self, fingerprint: u64, key: &[u8]) -> Option<u32> {
        for segments in self.segments.rchunks(SEGMENTS_TOGETHER) {
            let mut buckets = [(0, 0); SEGMENTS_TOGETHER];
            for (bucket, segment) in buckets.iter_mut().zip(segments) {
                *bucket = segment.bucket(fingerprint);
            }
            let mut near = 0;
            for (bucket, segment) in buckets.iter().zip(segments) {
                near ^= segment.touch(fingerprint, *bucket);
            }
            std::hint::black_box(near);
            let found = buckets.iter().zip(segments).rev().find_map(|(bucket, segment)| {
                segment.find(fingerprint, *bucket, |id| self.is_key(id, key))
            });
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Fills in the ids of all keys, from the tail and the segments.
    fn find_all(&self, tail: &Tail, fingerprints: &[u64], keys: &[u8], ids: &mut [Option<u32>]) {
        let width = self.keys.width;
        if fingerprints.len() <= PER_TASK {
            let each = fingerprints.iter().zip(keys.chunks_exact(width)).zip(&mut *ids);
            for ((fingerprint, key), id) in each {
                *id = tail.find(*fingerprint, key);
            }
            return self.find_together(fingerprints, keys, ids);
        }
        let middle = fingerprints.len() / 2;
        let fingerprints = fingerprints.split_at(middle);
        let (keys, ids) = (keys.split_at(middle * width), ids.split_at_mut(middle));
        rayon::join(
            || self.find_all(tail, fingerprints.0, keys.0, ids.0),
            || self.find_all(tail, fingerprints.1, keys.1, ids.1),
        );
    }

    /// Fills in the ids that are still missing. In passes over a few keys: the first ones only load
    /// where to look, loads that do not wait for each other, so the misses overlap.
    fn find_together(&self, fingerprints: &[u64], keys: &[u8], ids: &mut [Option<u32>]) {
        let width = self.keys.width;
        for segment in self.segments.iter().rev() {
            for start in (0..fingerprints.len()).step_by(TOGETHER) {
                let end = fingerprints.len().min(start + TOGETHER);
                let mut buckets = [(0, 0); TOGETHER];
                for (bucket, fingerprint) in buckets.iter_mut().zip(&fingerprints[start..end]) {
                    *bucket = segment.bucket(*fingerprint);
                }
                let mut near = 0;
                for (bucket, fingerprint) in buckets.iter().zip(&fingerprints[start..end]) {
                    near ^= segment.touch(*fingerprint, *bucket);
                }
                std::hint::black_box(near);
                for (at, bucket) in (start..end).zip(buckets) {
                    if ids[at].is_none() {
                        let key = &keys[at * width..(at + 1) * width];
                        let is_key = |id| self.is_key(id, key);
                        ids[at] = segment.find(fingerprints[at], bucket, is_key);
                    }
                }
            }
        }
    }
}
