//! The writing side of a dictionary: gives out ids, turns the tail into segments, merges them like
//! a binary counter.
//! Memory: the tail (at most `tail_keys` plus one piece of a batch), its sorted copy and a few
//! buffers. Merging streams from mapped files to a file.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use xxhash_rust::xxh3::xxh3_64;

use super::segment::SegmentWriter;
use super::tail::Tail;
use super::{Index, KEY_BYTES_MAX, Segment};
use crate::column_writer::ColumnWriter;
use crate::directory::Shared;
use crate::error::{Error, Result};
use crate::manifest::DictionaryEntry;
use crate::staging::Staging;

/// Keys of a batch taken at a time, so that a batch of any size needs bounded memory.
const PIECE_KEYS: usize = 1 << 14;

/// A dictionary within a commit. Dropped with the commit unless that is finished.
pub struct DictionaryWriter<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) staging: &'a mut Staging,
}

/// What a writer keeps of a dictionary from commit to commit.
pub(crate) struct State {
    name: String,
    folder: String,
    column: ColumnWriter,
    /// Covers the ids below the tail's start, exactly.
    index: Index,
    tail: Tail,
    ids_max: u32,
}

impl DictionaryWriter<'_> {
    /// Ids given out so far, those of this commit too.
    pub fn len(&self) -> u32 {
        self.state.len()
    }

    /// Whether no id was given out.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of a key.
    pub fn key_width(&self) -> usize {
        self.state.column.width()
    }

    /// The key of an id.
    pub fn key(&self, id: u32) -> Option<&[u8]> {
        self.state.tail.key(id).or_else(|| self.state.index.keys.get(u64::from(id)))
    }

    /// The ids of `keys`, which lie end to end.
    ///
    /// # Errors
    /// `keys` is not a whole number of keys.
    pub fn lookup(&self, keys: &[u8]) -> Result<Vec<Option<u32>>> {
        self.state.check_width(keys)?;
        let fingerprints: Vec<u64> = keys.chunks_exact(self.key_width()).map(xxh3_64).collect();
        let mut ids = vec![None; fingerprints.len()];
        self.state.index.find_all(&self.state.tail, &fingerprints, keys, &mut ids);
        Ok(ids)
    }

    /// The id of one key; `None` too for a key of another width.
    pub fn lookup_one(&self, key: &[u8]) -> Option<u32> {
        if key.len() != self.key_width() {
            return None;
        }
        let fingerprint = xxh3_64(key);
        let state = &*self.state;
        state.tail.find(fingerprint, key).or_else(|| state.index.find(fingerprint, key))
    }

    /// The ids of `keys`, giving the next ids to new ones in the order in which they first appear.
    ///
    /// # Errors
    /// `keys` is not a whole number of keys, the ids are used up, or the disk refuses. The commit
    /// is lost then.
    pub fn assign(&mut self, keys: &[u8]) -> Result<Vec<u32>> {
        self.each_piece(keys, true)
    }

    /// New ids for all of `keys`, whether they have one or not: the first of them. Lookup then
    /// finds the largest.
    ///
    /// # Errors
    /// As [`DictionaryWriter::assign`].
    pub fn append(&mut self, keys: &[u8]) -> Result<Vec<u32>> {
        self.each_piece(keys, false)
    }

    fn each_piece(&mut self, keys: &[u8], known_too: bool) -> Result<Vec<u32>> {
        self.staging.check()?;
        self.state.check_width(keys)?;
        let mut ids = Vec::with_capacity(keys.len() / self.key_width());
        for piece in keys.chunks(PIECE_KEYS * self.key_width()) {
            let done = self.state.piece(self.staging, piece, known_too, &mut ids);
            done.inspect_err(|_| self.staging.failed = true)?;
        }
        Ok(ids)
    }

    /// Takes back the ids from `len` on, which are given out again.
    ///
    /// # Errors
    /// `len` is beyond the end, or the disk refuses. The commit is lost then.
    pub fn truncate(&mut self, len: u32) -> Result<()> {
        self.staging.check()?;
        let cut = self.state.truncate(self.staging, len);
        cut.inspect_err(|_| self.staging.failed = true)
    }
}

impl State {
    pub(crate) fn create(shared: &Shared, name: &str, key_width: usize) -> Result<State> {
        if key_width == 0 || key_width > KEY_BYTES_MAX {
            let name = name.to_owned();
            return Err(Error::Width { name, expected: KEY_BYTES_MAX, got: key_width });
        }
        let folder = format!("dictionaries/{name}");
        let column = ColumnWriter::create(shared, name, &folder, key_width);
        State::with(shared, name, folder, column, Vec::new(), 0)
    }

    pub(crate) fn open(shared: &Shared, name: &str, entry: &DictionaryEntry) -> Result<State> {
        let folder = format!("dictionaries/{name}");
        let all = Index::open(shared, name, entry)?;
        let column = ColumnWriter::open(shared, name, &folder, &entry.keys)?;
        let segments = all.segments;
        let mut state = State::with(shared, name, folder, column, segments, entry.indexed)?;
        for id in u64::from(entry.indexed)..entry.keys.len {
            let key = all.keys.get(id);
            let key = key.ok_or_else(|| Error::damaged(&shared.path(name), "it lacks a key"))?;
            state.tail.push(xxh3_64(key), key);
        }
        Ok(state)
    }

    fn with(
        shared: &Shared,
        name: &str,
        folder: String,
        column: ColumnWriter,
        segments: Vec<Segment>,
        indexed: u32,
    ) -> Result<State> {
        let mut keys = column.view(shared)?;
        keys.len = keys.len.min(u64::from(indexed));
        let tail = Tail::new(column.width(), indexed);
        let ids_max = shared.settings.ids_max;
        let index = Index { keys, segments };
        Ok(State { name: name.to_owned(), folder, column, index, tail, ids_max })
    }

    pub(crate) fn key_width(&self) -> usize {
        self.column.width()
    }

    fn len(&self) -> u32 {
        let tail = u32::try_from(self.tail.len()).expect("fewer keys than ids");
        self.tail.start() + tail
    }

    fn check_width(&self, keys: &[u8]) -> Result<()> {
        let expected = self.column.width();
        if keys.len().is_multiple_of(expected) {
            return Ok(());
        }
        Err(Error::Width { name: self.name.clone(), expected, got: keys.len() })
    }

    fn piece(
        &mut self,
        staging: &mut Staging,
        keys: &[u8],
        known_too: bool,
        ids: &mut Vec<u32>,
    ) -> Result<()> {
        let width = self.column.width();
        let fingerprints: Vec<u64> = keys.chunks_exact(width).map(xxh3_64).collect();
        let mut found = vec![None; fingerprints.len()];
        if known_too {
            self.index.find_all(&self.tail, &fingerprints, keys, &mut found);
        }
        for ((fingerprint, key), found) in
            fingerprints.iter().zip(keys.chunks_exact(width)).zip(found)
        {
            // A key may come twice in one piece: the tail knows those of before.
            let known =
                found.or_else(|| if known_too { self.tail.find(*fingerprint, key) } else { None });
            ids.push(match known {
                Some(id) => id,
                None => self.take_in(staging, *fingerprint, key)?,
            });
        }
        if self.tail.len() >= staging.shared.settings.tail_keys.max(1) {
            self.flush_tail(staging)?;
        }
        Ok(())
    }

    fn take_in(&mut self, staging: &mut Staging, fingerprint: u64, key: &[u8]) -> Result<u32> {
        let id = self.len();
        if id >= self.ids_max {
            return Err(Error::DictionaryFull { name: self.name.clone(), ids_max: self.ids_max });
        }
        self.column.extend(staging, key)?;
        self.tail.push(fingerprint, key);
        Ok(id)
    }

    /// Turns the tail into a segment, merged with those before it that are not larger: the sizes
    /// then at least double from the newest to the oldest, so there are at most log2(keys / tail
    /// keys), and a key is moved as often.
    fn flush_tail(&mut self, staging: &mut Staging) -> Result<()> {
        let shared = staging.shared.clone();
        self.column.flush(staging)?;
        let mut total = self.tail.len() as u64;
        let mut keep = self.index.segments.len();
        while keep > 0 && self.index.segments[keep - 1].entry.entries <= total {
            keep -= 1;
            total += self.index.segments[keep].entry.entries;
        }
        let merged = self.index.segments.split_off(keep);
        let from = merged.first().map_or(self.tail.start(), |segment| segment.entry.from);
        let to = self.len();
        let sorted = self.tail.sorted();
        let mut writer = SegmentWriter::create(staging, &self.folder, total)?;
        // An entry of a segment counts up to where the next one starts: ids behind were cut off and
        // given out again.
        let starts = merged.iter().skip(1).map(|segment| segment.entry.from);
        let limits: Vec<u32> = starts.chain([self.tail.start()]).collect();
        let mut sources: Vec<Box<dyn Iterator<Item = (u64, u32)>>> =
            vec![Box::new(sorted.into_iter())];
        for (segment, limit) in merged.iter().zip(limits) {
            sources.push(Box::new(segment.entries(limit.min(segment.entry.to))));
        }
        merge(sources, |fingerprint, id| writer.push(fingerprint, id))?;
        self.index.segments.push(writer.finish(from, to)?);
        for segment in merged {
            staging.drop_file(&segment.entry.path);
        }
        self.index.keys = self.column.view(&shared)?;
        self.tail = Tail::new(self.column.width(), to);
        Ok(())
    }

    fn truncate(&mut self, staging: &mut Staging, len: u32) -> Result<()> {
        if len > self.len() {
            let (name, held) = (self.name.clone(), u64::from(self.len()));
            return Err(Error::BeyondEnd { name, len: held, to: u64::from(len) });
        }
        if len >= self.tail.start() {
            self.tail.truncate(len);
            return self.column.truncate(staging, u64::from(len));
        }
        while let Some(segment) = self.index.segments.last_mut() {
            if segment.entry.from < len {
                segment.entry.to = segment.entry.to.min(len);
                break;
            }
            staging.drop_file(&segment.entry.path.clone());
            self.index.segments.pop();
        }
        self.tail = Tail::new(self.column.width(), len);
        self.column.truncate(staging, u64::from(len))?;
        self.index.keys = self.column.view(&staging.shared.clone())?;
        Ok(())
    }

    pub(crate) fn finish(&mut self, staging: &mut Staging) -> Result<DictionaryEntry> {
        let keys = self.column.finish(staging)?;
        let segments = self.index.segments.iter().map(|segment| segment.entry.clone()).collect();
        Ok(DictionaryEntry { keys, indexed: self.tail.start(), segments })
    }

    pub(crate) fn committed(&mut self) {
        self.column.committed();
    }
}

/// Hands on the entries of sorted sources in order.
fn merge(
    mut sources: Vec<Box<dyn Iterator<Item = (u64, u32)> + '_>>,
    mut put: impl FnMut(u64, u32) -> Result<()>,
) -> Result<()> {
    let mut heads = BinaryHeap::new();
    for (at, source) in sources.iter_mut().enumerate() {
        heads.extend(source.next().map(|head| Reverse((head, at))));
    }
    while let Some(mut head) = heads.peek_mut() {
        let Reverse(((fingerprint, id), at)) = *head;
        put(fingerprint, id)?;
        match sources[at].next() {
            Some(next) => *head = Reverse((next, at)),
            None => {
                std::collections::binary_heap::PeekMut::pop(head);
            }
        }
    }
    Ok(())
}
