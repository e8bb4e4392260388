//! Records brought near each other: those of neighboring rows into one bucket that fits the cache.
//!
//! In: records with a row (`u32`), in pieces of any size. Out: buckets of `2^shift` rows each; within a bucket the
//! records stand in the order in which they came.
//! Source: Knuth, TAOCP 3, 5.2.5 (radix sorting, most significant digit first).
//! Departures: no shared output. Each chunk of the input is distributed within memory of its own and a bucket is
//! the same segment of all chunks, so threads share nothing, no atomic and no `unsafe` is needed, and the pages
//! written at one time are few (4 MB a chunk; one output for all took 1.3 times as long).
//! Cost: one write and one read of every record.
//! Checked against: what stands on it, `tests/it/build.rs` and `tests/it/csr.rs`.

use std::ops::Range;

use rayon::prelude::*;

use crate::csr::position;

/// Records a chunk: fixed, so that neither threads nor batches change what is done.
pub(crate) const CHUNK: usize = 1 << 17;
/// More buckets than this, and the places written to at one time leave the second-level cache.
const BUCKET_BITS_MAX: u32 = 11;
/// Fewer rows a bucket only make more buckets than small graphs have records.
const SHIFT_MIN: u32 = 6;

/// What can be distributed by row.
pub(crate) trait Record: Copy + Default + Send + Sync {
    /// The row it belongs to.
    fn row(&self) -> u32;
}

/// A row and an item of it.
impl Record for (u32, u32) {
    fn row(&self) -> u32 {
        self.0
    }
}

/// A row, an item of it, and what belongs to the item.
impl Record for (u32, u32, u32) {
    fn row(&self) -> u32 {
        self.0
    }
}

/// Records by bucket.
pub(crate) struct Partition<T> {
    n_rows: u32,
    shift: u32,
    chunks: Vec<Chunk<T>>,
}

struct Chunk<T> {
    /// Where each bucket starts among the records, and their end.
    starts: Vec<u32>,
    records: Vec<T>,
}

impl<T: Record> Partition<T> {
    /// No records yet; their rows will be below `n_rows`.
    pub(crate) fn new(n_rows: u32) -> Self {
        let bits = u32::BITS - n_rows.saturating_sub(1).leading_zeros();
        let shift = bits.saturating_sub(BUCKET_BITS_MAX).max(SHIFT_MIN);
        Self { n_rows, shift, chunks: Vec::new() }
    }

    /// Adds `records(range)` for consecutive ranges that make up `0..n`; they are asked for twice.
    pub(crate) fn extend<I: Iterator<Item = T>>(
        &mut self,
        n: usize,
        records: impl Fn(Range<usize>) -> I + Sync,
    ) {
        let chunk = |number: usize| {
            let start = number * CHUNK;
            self.chunk(|| records(start..n.min(start + CHUNK)))
        };
        let chunks: Vec<Chunk<T>> = (0..n.div_ceil(CHUNK)).into_par_iter().map(chunk).collect();
        self.chunks.extend(chunks);
    }

    fn chunk<I: Iterator<Item = T>>(&self, records: impl Fn() -> I) -> Chunk<T> {
        // Counted two places up, as in `Csr`: the cursors become the ends.
        let mut starts = vec![0u32; self.n_buckets() + 2];
        records().for_each(|record| starts[self.bucket(record) + 2] += 1);
        for place in 2..starts.len() {
            starts[place] += starts[place - 1];
        }
        let mut placed = vec![T::default(); starts[self.n_buckets() + 1] as usize];
        records().for_each(|record| {
            let cursor = &mut starts[self.bucket(record) + 1];
            placed[*cursor as usize] = record;
            *cursor += 1;
        });
        starts.pop();
        Chunk { starts, records: placed }
    }

    fn bucket(&self, record: T) -> usize {
        (record.row() >> self.shift) as usize
    }

    /// How many records were added.
    pub(crate) fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.records.len()).sum()
    }

    /// How many rows the records may have.
    pub(crate) fn n_rows(&self) -> u32 {
        self.n_rows
    }

    /// How many buckets there are, empty ones included.
    pub(crate) fn n_buckets(&self) -> usize {
        (self.n_rows.saturating_sub(1) >> self.shift) as usize + 1
    }

    /// The rows of a bucket.
    pub(crate) fn rows(&self, bucket: usize) -> Range<u32> {
        let at = |bucket: usize| {
            let row = (bucket as u64) << self.shift;
            u32::try_from(row).map_or(self.n_rows, |row| row.min(self.n_rows))
        };
        at(bucket)..at(bucket + 1)
    }

    /// The records of a bucket, a slice for each chunk.
    pub(crate) fn segments(&self, bucket: usize) -> impl Iterator<Item = &[T]> + Clone {
        self.chunks.iter().map(move |chunk| {
            &chunk.records[chunk.starts[bucket] as usize..chunk.starts[bucket + 1] as usize]
        })
    }

    /// How many records a bucket has.
    pub(crate) fn bucket_len(&self, bucket: usize) -> usize {
        self.segments(bucket).map(<[T]>::len).sum()
    }
}

/// Groups the records by row, in the order in which they came: offsets, and `K` parts of each record side by side.
pub(crate) fn group<T: Record, const K: usize>(
    partition: &Partition<T>,
    parts: impl Fn(&T) -> [u32; K] + Sync,
) -> (Vec<u64>, [Vec<u32>; K]) {
    let mut offsets = vec![0u64; partition.n_rows() as usize + 1];
    let mut items = [(); K].map(|()| vec![0u32; partition.len()]);
    let regions = regions(partition, &mut offsets[1..], &mut items);
    regions.into_par_iter().for_each_init(Vec::new, |cursors, mut region| {
        region.place(partition, cursors, &parts);
    });
    add_up(&mut offsets);
    (offsets, items)
}

/// Where the records of one bucket go.
pub(crate) struct Region<'a, const K: usize> {
    bucket: usize,
    /// The number of items of each row.
    pub(crate) counts: &'a mut [u64],
    pub(crate) items: [&'a mut [u32]; K],
}

pub(crate) fn regions<'a, T: Record, const K: usize>(
    partition: &Partition<T>,
    mut counts: &'a mut [u64],
    items: &'a mut [Vec<u32>; K],
) -> Vec<Region<'a, K>> {
    let mut items = items.each_mut().map(Vec::as_mut_slice);
    let region = |bucket: usize| {
        let (n_rows, n_items) = (partition.rows(bucket).len(), partition.bucket_len(bucket));
        let counts = counts.split_off_mut(..n_rows).expect("the buckets are all rows");
        let items = items
            .each_mut()
            .map(|left| left.split_off_mut(..n_items).expect("the buckets are all items"));
        Region { bucket, counts, items }
    };
    (0..partition.n_buckets()).map(region).collect()
}

impl<const K: usize> Region<'_, K> {
    /// Distribution counting within one bucket; `cursors` becomes the ends of the rows.
    pub(crate) fn place<T: Record>(
        &mut self,
        partition: &Partition<T>,
        cursors: &mut Vec<usize>,
        parts: &impl Fn(&T) -> [u32; K],
    ) {
        let first = partition.rows(self.bucket).start;
        for record in partition.segments(self.bucket).flatten() {
            self.counts[(record.row() - first) as usize] += 1;
        }
        cursors.clear();
        let mut sum = 0;
        cursors.extend(self.counts.iter().map(|&count| {
            let start = sum;
            sum += position(count);
            start
        }));
        for record in partition.segments(self.bucket).flatten() {
            let cursor = &mut cursors[(record.row() - first) as usize];
            for (items, part) in self.items.iter_mut().zip(parts(record)) {
                items[*cursor] = part;
            }
            *cursor += 1;
        }
    }
}

/// Turns the number of items of each row, one place up, into offsets.
pub(crate) fn add_up(offsets: &mut [u64]) {
    let mut sum = 0;
    for offset in offsets {
        sum += *offset;
        *offset = sum;
    }
}
