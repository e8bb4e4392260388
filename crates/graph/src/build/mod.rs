//! Edges in any order into a graph: sorted, merged, both ways, with columns.
//!
//! In: batches of edges (source, target, weight, time, flags), in any order and any cut. Out: a [`Graph`], or with
//! a bound on memory the same arrays in pieces ([`ExternalBuilder`]); rows alone: [`Csr::simple`].
//! Duplicates are merged: weights add up (an overflow is an error that names the edge), counts add up (and stay at
//! `u32::MAX`), times become the first and the last, flags are or-ed.
//! Source: distribution into buckets that fit the cache, then counting and sorting within each (`partition.rs`);
//! the other way by distributing the sorted edges once more, which needs no sort.
//! Departures: none in the result. It depends on the set of edges alone: not on their order, their batches, or the
//! number of threads.
//! Cost: O(edges log(degree)) time. 32 bytes an edge in flight, 37 in the result, and once in between both.
//! Checked against: a `BTreeMap` of pairs (`tests/it/build.rs`).

pub(crate) mod assemble;
mod external;
pub(crate) mod partition;
pub(crate) mod row;
mod runs;
mod simple;

use std::ops::Range;

use assemble::{Block, assemble};
pub use external::{BuildError, BuildSummary, ExternalBuilder, GraphChunk};
use partition::{CHUNK, Partition, group};
use row::{BucketSort, Row};

use crate::csr::check_below;
use crate::error::{GraphError, same_length};
use crate::{Csr, CsrView, EdgeColumns, Graph};

/// Edges as they come; an array that is left empty stands for its default in every edge.
#[derive(Debug, Clone, Copy)]
pub struct EdgeBatch<'a> {
    source: &'a [u32],
    target: &'a [u32],
    columns: EdgeColumns<'a>,
}

impl<'a> EdgeBatch<'a> {
    /// Single edges. Left empty, `weight` is 1, `time` is 0 and `flags` are 0.
    ///
    /// # Errors
    /// The arrays differ in length.
    pub fn new(
        source: &'a [u32],
        target: &'a [u32],
        weight: &'a [u64],
        time: &'a [u32],
        flags: &'a [u8],
    ) -> Result<Self, GraphError> {
        let columns = EdgeColumns { weight, count: &[], first_time: time, last_time: time, flags };
        Self::merged(source, target, columns)
    }

    /// Edges that were merged before. Left empty, `weight` and `count` are 1, the others 0.
    ///
    /// # Errors
    /// The arrays differ in length.
    pub fn merged(
        source: &'a [u32],
        target: &'a [u32],
        columns: EdgeColumns<'a>,
    ) -> Result<Self, GraphError> {
        same_length("target", source.len(), target.len())?;
        let optional = |what, found| {
            if found == 0 { Ok(()) } else { same_length(what, source.len(), found) }
        };
        optional("weight", columns.weight.len())?;
        optional("count", columns.count.len())?;
        optional("first_time", columns.first_time.len())?;
        optional("last_time", columns.last_time.len())?;
        optional("flags", columns.flags.len())?;
        Ok(Self { source, target, columns })
    }

    /// How many edges it has.
    pub fn len(&self) -> usize {
        self.source.len()
    }

    /// Whether it has no edge.
    pub fn is_empty(&self) -> bool {
        self.source.is_empty()
    }

    /// Some of its edges.
    ///
    /// # Panics
    /// The range is not within `0..len`.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        fn part<T>(all: &[T], range: Range<usize>) -> &[T] {
            if all.is_empty() { all } else { &all[range] }
        }
        let EdgeColumns { weight, count, first_time, last_time, flags } = self.columns;
        let columns = EdgeColumns {
            weight: part(weight, range.clone()),
            count: part(count, range.clone()),
            first_time: part(first_time, range.clone()),
            last_time: part(last_time, range.clone()),
            flags: part(flags, range.clone()),
        };
        Self { source: &self.source[range.clone()], target: &self.target[range], columns }
    }

    fn row(&self, at: usize) -> Row {
        let columns = &self.columns;
        Row {
            source: self.source[at],
            target: self.target[at],
            weight: columns.weight.get(at).copied().unwrap_or(1),
            count: columns.count.get(at).copied().unwrap_or(1),
            first_time: columns.first_time.get(at).copied().unwrap_or(0),
            last_time: columns.last_time.get(at).copied().unwrap_or(0),
            flags: columns.flags.get(at).copied().unwrap_or(0),
        }
    }

    /// The edges as given, without self-loops if `self_loops` is false.
    pub(crate) fn rows(&self, range: Range<usize>, self_loops: bool) -> impl Iterator<Item = Row> {
        let rows = range.map(|at| self.row(at));
        rows.filter(move |row| self_loops || row.source != row.target)
    }

    /// The edges the other way round; a self-loop is its own.
    pub(crate) fn reversed(&self, range: Range<usize>) -> impl Iterator<Item = Row> {
        let reverse = |row: Row| Row { source: row.target, target: row.source, ..row };
        self.rows(range, false).map(reverse)
    }

    pub(crate) fn check(&self, n_nodes: u32) -> Result<(), GraphError> {
        check_below("source", self.source, n_nodes)?;
        check_below("target", self.target, n_nodes)
    }
}

/// What becomes of the edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildOptions {
    /// Whether an edge from a node to itself is kept.
    pub self_loops: bool,
    /// Whether every edge is added the other way round too, with the same columns; a self-loop is added once. Both
    /// ways given are two edges, and merged.
    pub symmetric: bool,
}

impl Default for BuildOptions {
    fn default() -> Self {
        Self { self_loops: true, symmetric: false }
    }
}

/// Edges that wait to be sorted.
pub(crate) struct RowBuffer {
    options: BuildOptions,
    /// Rows of small batches: too few to be distributed by themselves.
    pending: Vec<Row>,
    partition: Partition<Row>,
}

impl RowBuffer {
    pub(crate) fn new(n_nodes: u32, options: BuildOptions) -> Self {
        Self { options, pending: Vec::new(), partition: Partition::new(n_nodes) }
    }

    pub(crate) fn push(&mut self, batch: &EdgeBatch<'_>) -> Result<(), GraphError> {
        batch.check(self.partition.n_rows())?;
        let (n, self_loops) = (batch.len(), self.options.self_loops);
        if n < CHUNK / 2 {
            self.pending.extend(batch.rows(0..n, self_loops));
            if self.options.symmetric {
                self.pending.extend(batch.reversed(0..n));
            }
            if self.pending.len() >= CHUNK {
                self.flush();
            }
            return Ok(());
        }
        self.partition.extend(n, |range| batch.rows(range, self_loops));
        if self.options.symmetric {
            self.partition.extend(n, |range| batch.reversed(range));
        }
        Ok(())
    }

    fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        self.partition.extend(pending.len(), |range| pending[range].iter().copied());
    }

    pub(crate) fn len(&self) -> usize {
        self.partition.len() + self.pending.len()
    }

    /// The rows by bucket, ready to be sorted.
    pub(crate) fn into_partition(mut self) -> Partition<Row> {
        self.flush();
        self.partition
    }

    pub(crate) fn into_graph(self) -> Result<Graph, GraphError> {
        let partition = self.into_partition();
        let blocks: Vec<Block> = (0..partition.n_buckets())
            .map(|bucket| Block {
                nodes: partition.rows(bucket),
                capacity: partition.bucket_len(bucket),
            })
            .collect();
        let (out, columns) = assemble(&blocks, BucketSort::default, |sort, bucket, region| {
            sort.sort(&partition, bucket, |row| region.push(row))
        })?;
        drop(partition);
        let (in_, in_edge) = transpose(out.view());
        Ok(Graph { out, in_, in_edge, columns })
    }
}

/// Builds a [`Graph`] in memory from any number of batches. All edges are held until [`GraphBuilder::finish`];
/// where they are too many, [`ExternalBuilder`] takes a bound.
pub struct GraphBuilder {
    rows: RowBuffer,
}

impl GraphBuilder {
    /// A graph of the nodes `0..n_nodes`, without edges so far.
    pub fn new(n_nodes: u32, options: BuildOptions) -> Self {
        Self { rows: RowBuffer::new(n_nodes, options) }
    }

    /// Adds edges.
    ///
    /// # Errors
    /// An end is not below `n_nodes`; nothing of the batch is added then.
    pub fn push(&mut self, batch: &EdgeBatch<'_>) -> Result<(), GraphError> {
        self.rows.push(batch)
    }

    /// Sorts and merges.
    ///
    /// # Errors
    /// The weights of an edge add up to more than `u64`, or there are more edges than 32-bit ids.
    pub fn finish(self) -> Result<Graph, GraphError> {
        self.rows.into_graph()
    }
}

impl Graph {
    /// Builds a graph of the nodes `0..n_nodes` from one batch.
    ///
    /// # Errors
    /// As [`GraphBuilder::push`] and [`GraphBuilder::finish`].
    pub fn from_edges(
        n_nodes: u32,
        batch: &EdgeBatch<'_>,
        options: BuildOptions,
    ) -> Result<Self, GraphError> {
        let mut builder = GraphBuilder::new(n_nodes, options);
        builder.push(batch)?;
        builder.finish()
    }
}

/// The rows the other way: sources by target, ascending, and the edge id of each.
pub(crate) fn transpose(out: CsrView<'_>) -> (Csr, Vec<u32>) {
    let mut partition = Partition::new(out.n_rows());
    partition.extend(out.n_items(), |range| {
        Edges::new(out, range).map(|(source, target, edge)| (target, source, edge))
    });
    let (offsets, [sources, in_edge]) = group(&partition, |&(_, source, edge)| [source, edge]);
    (Csr::from_checked_parts(offsets, sources), in_edge)
}

/// Edges in a row with their sources.
pub(crate) struct Edges<'a> {
    rows: CsrView<'a>,
    range: Range<usize>,
    source: u32,
    row_end: usize,
}

impl<'a> Edges<'a> {
    pub(crate) fn new(rows: CsrView<'a>, range: Range<usize>) -> Self {
        let start = range.start as u64;
        let source = rows.offsets().partition_point(|&offset| offset <= start).saturating_sub(1);
        let source = u32::try_from(source).expect("rows are numbered in 32 bits");
        let row_end = if range.is_empty() { 0 } else { rows.range(source).end };
        Self { rows, range, source, row_end }
    }
}

impl Iterator for Edges<'_> {
    /// Source, target, edge.
    type Item = (u32, u32, u32);

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.range.next()?;
        while at >= self.row_end {
            self.source += 1;
            self.row_end = self.rows.range(self.source).end;
        }
        let edge = u32::try_from(at).expect("a graph has fewer edges than 32-bit ids");
        Some((self.source, self.rows.items()[at], edge))
    }
}
