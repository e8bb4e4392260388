//! Sorted runs in scratch space, and one sorted stream from many of them.
//!
//! In: records that ascend by key. Out: the records of all runs, ascending; of equal keys the earlier run's first.
//! Source: Knuth, TAOCP 3, 5.4 (external sorting); the heap of run heads is 5.4.1.
//! Cost: every record is written and read once, and once more for each pass that the number of runs makes necessary.
//! Checked against: the build in memory (`tests/it/external.rs`).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Read, Seek, SeekFrom, Write};

use super::row::Row;

/// A record in scratch space.
pub(crate) trait Spilled: Copy {
    /// Bytes it takes.
    const BYTES: usize;
    /// What runs are sorted by.
    fn sort_key(&self) -> u64;
    /// Writes its `BYTES`.
    fn write(&self, bytes: &mut Vec<u8>);
    /// Reads its `BYTES`.
    fn read(bytes: &[u8]) -> Self;
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

impl Spilled for Row {
    const BYTES: usize = 29;

    fn sort_key(&self) -> u64 {
        self.key()
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        let mut record = [0; Self::BYTES];
        record[0..4].copy_from_slice(&self.source.to_le_bytes());
        record[4..8].copy_from_slice(&self.target.to_le_bytes());
        record[8..16].copy_from_slice(&self.weight.to_le_bytes());
        record[16..20].copy_from_slice(&self.count.to_le_bytes());
        record[20..24].copy_from_slice(&self.first_time.to_le_bytes());
        record[24..28].copy_from_slice(&self.last_time.to_le_bytes());
        record[28] = self.flags;
        bytes.extend_from_slice(&record);
    }

    fn read(bytes: &[u8]) -> Self {
        Self {
            source: word(bytes, 0),
            target: word(bytes, 4),
            weight: long(bytes, 8),
            count: word(bytes, 16),
            first_time: word(bytes, 20),
            last_time: word(bytes, 24),
            flags: bytes[28],
        }
    }
}

/// An edge seen from its target.
#[derive(Clone, Copy)]
pub(crate) struct InRow {
    pub(crate) target: u32,
    pub(crate) source: u32,
    pub(crate) edge: u32,
}

impl Spilled for InRow {
    const BYTES: usize = 12;

    fn sort_key(&self) -> u64 {
        u64::from(self.target) << 32 | u64::from(self.source)
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        for part in [self.target, self.source, self.edge] {
            bytes.extend_from_slice(&part.to_le_bytes());
        }
    }

    fn read(bytes: &[u8]) -> Self {
        Self { target: word(bytes, 0), source: word(bytes, 4), edge: word(bytes, 8) }
    }
}

/// More than this at a time reads no faster.
const BUFFER_MAX: usize = 4 << 20;

/// A sorted run: whole records from the start of its scratch space.
pub(crate) struct Run<S> {
    pub(crate) scratch: S,
    pub(crate) bytes: u64,
}

impl<S: Read + Write + Seek> Run<S> {
    /// Writes records that come in order, a buffer at a time.
    pub(crate) fn write<T: Spilled>(
        mut scratch: S,
        buffer: usize,
        records: impl Iterator<Item = io::Result<T>>,
    ) -> io::Result<Self> {
        let mut held = Vec::with_capacity(buffer + T::BYTES);
        let mut bytes = 0;
        for record in records {
            record?.write(&mut held);
            if held.len() >= buffer {
                scratch.write_all(&held)?;
                bytes += held.len() as u64;
                held.clear();
            }
        }
        scratch.write_all(&held)?;
        scratch.flush()?;
        Ok(Self { scratch, bytes: bytes + held.len() as u64 })
    }

    fn into_reader<T: Spilled>(self, buffer: usize) -> io::Result<RunReader<S>> {
        let Self { mut scratch, bytes } = self;
        scratch.seek(SeekFrom::Start(0))?;
        let buffer = buffer.min(usize::try_from(bytes).unwrap_or(usize::MAX)).min(BUFFER_MAX);
        let whole = (buffer / T::BYTES).max(1) * T::BYTES;
        Ok(RunReader { scratch, left: bytes, buffer: vec![0; whole], at: 0, len: 0 })
    }
}

struct RunReader<S> {
    scratch: S,
    /// Bytes not yet read.
    left: u64,
    buffer: Vec<u8>,
    at: usize,
    len: usize,
}

impl<S: Read> RunReader<S> {
    fn next<T: Spilled>(&mut self) -> io::Result<Option<T>> {
        if self.at == self.len {
            self.len = usize::try_from(self.left)
                .map_or(self.buffer.len(), |left| left.min(self.buffer.len()));
            if self.len == 0 {
                return Ok(None);
            }
            self.scratch.read_exact(&mut self.buffer[..self.len])?;
            self.left -= self.len as u64;
            self.at = 0;
        }
        let record = T::read(&self.buffer[self.at..self.at + T::BYTES]);
        self.at += T::BYTES;
        Ok(Some(record))
    }
}

/// All runs as one stream.
pub(crate) struct Merge<S, T> {
    readers: Vec<RunReader<S>>,
    heads: Vec<T>,
    heap: BinaryHeap<Reverse<(u64, usize)>>,
}

impl<S: Read + Write + Seek, T: Spilled> Merge<S, T> {
    /// Opens the runs with `buffers` bytes of buffers for all of them together.
    pub(crate) fn new(runs: Vec<Run<S>>, buffers: usize) -> io::Result<Self> {
        let each = buffers / runs.len().max(1);
        let mut merge = Self { readers: Vec::new(), heads: Vec::new(), heap: BinaryHeap::new() };
        for run in runs.into_iter().filter(|run| run.bytes > 0) {
            let mut reader = run.into_reader::<T>(each)?;
            let head = reader.next::<T>()?.expect("a run that is not empty has a record");
            merge.heap.push(Reverse((head.sort_key(), merge.readers.len())));
            merge.heads.push(head);
            merge.readers.push(reader);
        }
        Ok(merge)
    }

    fn advance(&mut self) -> io::Result<Option<T>> {
        let Some(mut top) = self.heap.peek_mut() else { return Ok(None) };
        let run = top.0.1;
        let record = self.heads[run];
        match self.readers[run].next::<T>()? {
            Some(next) => {
                top.0.0 = next.sort_key();
                self.heads[run] = next;
            }
            None => {
                std::collections::binary_heap::PeekMut::pop(top);
            }
        }
        Ok(Some(record))
    }
}

impl<S: Read + Write + Seek, T: Spilled> Iterator for Merge<S, T> {
    type Item = io::Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}

/// Merges runs until there are few enough to give each a buffer of `buffer_min`. Says how many passes that took.
pub(crate) fn reduce<S: Read + Write + Seek, T: Spilled>(
    runs: &mut Vec<Run<S>>,
    buffers: usize,
    buffer_min: usize,
    scratch: &mut impl FnMut() -> io::Result<S>,
) -> io::Result<u32> {
    let fan_in = (buffers / buffer_min).max(2);
    let mut passes = 0;
    while runs.len() > fan_in {
        let mut merged = Vec::new();
        let mut left = std::mem::take(runs).into_iter();
        loop {
            let some: Vec<Run<S>> = left.by_ref().take(fan_in).collect();
            if some.is_empty() {
                break;
            }
            let stream = Merge::<S, T>::new(some, buffers)?;
            merged.push(Run::write(scratch()?, buffer_min, stream)?);
        }
        *runs = merged;
        passes += 1;
    }
    Ok(passes)
}
