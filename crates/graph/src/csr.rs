//! Rows of ids, the compressed sparse row layout.
//!
//! In: one key a row item (an edge's source, a member's component). Out: `offsets` (`n_rows + 1` positions, u64)
//! and `items` (ids, u32), the items of row `r` at `offsets[r]..offsets[r + 1]`, in the order of the input.
//! Source: Saad, "Iterative Methods for Sparse Linear Systems" (2003), section 3.4; the sort is Knuth, TAOCP 3,
//! 5.2 D (distribution counting).
//! Departures: offsets are 64-bit and items 32-bit, so a snapshot may hold more items than nodes can be named.
//! Cost: O(rows + items) time, two passes over the keys. Small inputs take no memory beyond the result; from 131,072
//! keys on they are distributed into buckets first (`build/partition.rs`): 8 bytes a key, on all threads.
//! Checked against: filtering the keys row by row (`tests/it/csr.rs`).

use std::ops::Range;

use crate::NONE;
use crate::build::partition::{self, Partition};
use crate::error::{GraphError, same_length};

/// Rows of ids that own their memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Csr {
    offsets: Vec<u64>,
    items: Vec<u32>,
}

impl Csr {
    /// Groups the positions `0..keys.len()` by key: row `k` holds every `i` with `keys[i] == k`, ascending.
    ///
    /// # Errors
    /// A key is not below `n_rows`, or there are more keys than 32-bit ids.
    pub fn from_keys(n_rows: u32, keys: &[u32]) -> Result<Self, GraphError> {
        check_count("keys", keys.len())?;
        check_below("keys", keys, n_rows)?;
        Ok(Self::group(n_rows, keys.len(), |range| {
            keys[range.clone()].iter().copied().zip(id(range.start)..)
        }))
    }

    /// Groups `items` by key: row `k` holds every `items[i]` with `keys[i] == k`, in the order of the input.
    ///
    /// # Errors
    /// A key is not below `n_rows`, or the slices differ in length.
    pub fn from_pairs(n_rows: u32, keys: &[u32], items: &[u32]) -> Result<Self, GraphError> {
        same_length("items", keys.len(), items.len())?;
        check_below("keys", keys, n_rows)?;
        Ok(Self::group(n_rows, keys.len(), |range| {
            keys[range.clone()].iter().copied().zip(items[range].iter().copied())
        }))
    }

    /// Groups undirected links by both of their ends: row `k` holds every `i` with `a[i] == k` or `b[i] == k`,
    /// ascending; a link of a node with itself stands in the row once.
    ///
    /// # Errors
    /// An end is not below `n_rows`, the slices differ in length, or there are more links than 32-bit ids.
    pub fn from_ends(n_rows: u32, a: &[u32], b: &[u32]) -> Result<Self, GraphError> {
        check_count("ends", a.len())?;
        same_length("ends", a.len(), b.len())?;
        check_below("ends", a, n_rows)?;
        check_below("ends", b, n_rows)?;
        Ok(Self::group(n_rows, a.len(), |range| {
            let ends = a[range.clone()].iter().zip(&b[range.clone()]).zip(id(range.start)..);
            ends.flat_map(|((&a, &b), link)| {
                let second = (a != b).then_some((b, link));
                std::iter::once((a, link)).chain(second)
            })
        }))
    }

    /// Groups pairs of (row, item), given by ranges of the input; rows are known to be in range.
    fn group<I: Iterator<Item = (u32, u32)>>(
        n_rows: u32,
        n: usize,
        pairs: impl Fn(Range<usize>) -> I + Sync,
    ) -> Self {
        if n < partition::CHUNK {
            return Self::group_at_once(n_rows, || pairs(0..n));
        }
        let mut by_bucket = Partition::new(n_rows);
        by_bucket.extend(n, pairs);
        let (offsets, [items]) = partition::group(&by_bucket, |&(_, item)| [item]);
        Self { offsets, items }
    }

    /// Distribution counting: rows and items that fit the cache need no buckets.
    fn group_at_once<I: Iterator<Item = (u32, u32)>>(n_rows: u32, pairs: impl Fn() -> I) -> Self {
        // Counts are kept two places up: after the prefix sum, place `k + 1` is the cursor of row `k`, and after
        // the fill it is the end of row `k`. So no second array of cursors is needed (8 bytes a node).
        let mut offsets = vec![0u64; n_rows as usize + 2];
        pairs().for_each(|(row, _)| offsets[row as usize + 2] += 1);
        for place in 2..offsets.len() {
            offsets[place] += offsets[place - 1];
        }
        let mut items = vec![0u32; position(offsets[n_rows as usize + 1])];
        pairs().for_each(|(row, item)| {
            let cursor = &mut offsets[row as usize + 1];
            items[position(*cursor)] = item;
            *cursor += 1;
        });
        offsets.pop();
        Self { offsets, items }
    }

    /// Takes arrays that describe rows by the way in which they were made.
    pub(crate) fn from_checked_parts(offsets: Vec<u64>, items: Vec<u32>) -> Self {
        Self { offsets, items }
    }

    /// The rows, borrowed.
    pub fn view(&self) -> CsrView<'_> {
        CsrView { offsets: &self.offsets, items: &self.items }
    }

    /// The two arrays, to be written to a file.
    pub fn into_parts(self) -> (Vec<u64>, Vec<u32>) {
        (self.offsets, self.items)
    }
}

/// Rows of ids, borrowed from a [`Csr`] or from a mapped file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsrView<'a> {
    offsets: &'a [u64],
    items: &'a [u32],
}

impl<'a> CsrView<'a> {
    /// Takes the two arrays as rows. Reads all offsets once, so that no row can be out of range later; the items
    /// are not read (see [`crate::temporal::TemporalGraph::validate`]).
    ///
    /// # Errors
    /// The offsets do not start at 0, run backwards, do not end at the number of items, or are too many.
    pub fn new(offsets: &'a [u64], items: &'a [u32]) -> Result<Self, GraphError> {
        let (Some(&first), Some(&last)) = (offsets.first(), offsets.last()) else {
            return Err(GraphError::OffsetsEmpty);
        };
        check_count("rows", offsets.len() - 1)?;
        if first != 0 {
            return Err(GraphError::OffsetsStart { first });
        }
        if let Some(row) = offsets.windows(2).position(|pair| pair[0] > pair[1]) {
            let (start, end) = (offsets[row], offsets[row + 1]);
            return Err(GraphError::OffsetsNotMonotone { row, start, end });
        }
        if usize::try_from(last) != Ok(items.len()) {
            return Err(GraphError::OffsetsEnd { last, n_items: items.len() });
        }
        Ok(Self { offsets, items })
    }

    /// Takes up arrays that [`CsrView::new`] has accepted before, reading nothing: for mapped files that are checked
    /// when they are opened and viewed at every question. Arrays that it would refuse make [`CsrView::row`] panic
    /// or give wrong rows; memory stays safe.
    pub fn checked_before(offsets: &'a [u64], items: &'a [u32]) -> Self {
        Self { offsets, items }
    }

    /// How many rows there are.
    pub fn n_rows(&self) -> u32 {
        u32::try_from(self.offsets.len() - 1).expect("both constructors take at most 2^32 - 1 rows")
    }

    /// How many items all rows hold together.
    pub fn n_items(&self) -> usize {
        self.items.len()
    }

    /// The items of one row.
    ///
    /// # Panics
    /// `row` is not below [`Self::n_rows`].
    pub fn row(&self, row: u32) -> &'a [u32] {
        &self.items[self.range(row)]
    }

    /// Where the items of one row stand among all items.
    ///
    /// # Panics
    /// `row` is not below [`Self::n_rows`].
    pub fn range(&self, row: u32) -> Range<usize> {
        let row = row as usize;
        position(self.offsets[row])..position(self.offsets[row + 1])
    }

    /// All offsets, one more than there are rows.
    pub fn offsets(&self) -> &'a [u64] {
        self.offsets
    }

    /// All items, row after row.
    pub fn items(&self) -> &'a [u32] {
        self.items
    }
}

/// An offset as a position in memory.
#[expect(
    clippy::cast_possible_truncation,
    reason = "an offset was counted from, or compared with, a slice in memory"
)]
pub(crate) fn position(offset: u64) -> usize {
    offset as usize
}

/// A position among at most `u32::MAX` inputs as an id.
fn id(at: usize) -> u32 {
    u32::try_from(at).expect("the number of inputs was checked")
}

/// Refuses more elements than ids; [`NONE`] itself is no id.
pub(crate) fn check_count(what: &'static str, found: usize) -> Result<(), GraphError> {
    if found <= NONE as usize { Ok(()) } else { Err(GraphError::TooMany { what, found }) }
}

/// Refuses the first element that is not below `limit`.
pub(crate) fn check_below(
    what: &'static str,
    elements: &[u32],
    limit: u32,
) -> Result<(), GraphError> {
    // The maximum first: it is one vector loop, and the place is only looked for when there is one.
    if elements.iter().max().is_none_or(|&largest| largest < limit) {
        return Ok(());
    }
    let index = elements.iter().position(|&found| found >= limit).unwrap_or_default();
    Err(GraphError::OutOfRange { what, index, found: elements[index], limit })
}
