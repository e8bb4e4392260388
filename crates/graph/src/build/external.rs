//! A graph larger than memory: sorted runs in scratch space, merged into a stream of array pieces.
//!
//! In: batches, a bound on memory, scratch space from the caller. Out: the arrays of the graph in pieces, the same
//! values as [`crate::GraphBuilder`] gives, to whoever writes them down. Edges come first, then the same seen from
//! their targets; nothing is held that grows with nodes or edges.
//! Source: Knuth, TAOCP 3, 5.4 (external sorting).
//! Departures: rows of the same nodes are merged in every run, so what repeats is spilled once a run.
//! Cost: 29 bytes a row of scratch space for the edges and 12 for the other way, each written and read once while
//! the runs are at most `memory_max_bytes` / 128 KiB, and once more a pass beyond.
//! Checked against: the build in memory, for bounds down to a few records (`tests/it/external.rs`).

use std::io::{self, Read, Seek, Write};

use rayon::prelude::*;
use thiserror::Error;

use super::row::{BucketSort, Row};
use super::runs::{InRow, Merge, Run, Spilled, reduce};
use super::{BuildOptions, EdgeBatch, RowBuffer};
use crate::csr::check_count;
use crate::error::GraphError;
use crate::{EdgeColumns, EdgeColumnsBuf};

/// A piece of the result; the pieces of one kind, one after the other, are the arrays of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GraphChunk<'a> {
    /// Where the out-row of each node starts; one more than there are nodes.
    OutOffsets(&'a [u64]),
    /// The out-edges, by source and target.
    Edges {
        /// Their targets.
        target: &'a [u32],
        /// Their columns.
        columns: EdgeColumns<'a>,
    },
    /// Where the in-row of each node starts; one more than there are nodes.
    InOffsets(&'a [u64]),
    /// The in-edges, by target and source.
    InEdges {
        /// Their sources.
        source: &'a [u32],
        /// Their edge ids: positions among the out-edges.
        edge: &'a [u32],
    },
}

/// Why a graph was not built.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The edges do not describe a graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The scratch space could not be written or read.
    #[error("cannot use the scratch space of a graph build: {0}")]
    Scratch(#[source] io::Error),
    /// The receiver of the result refused a piece.
    #[error("cannot write a built graph: {0}")]
    Sink(#[source] io::Error),
}

/// What a build took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BuildSummary {
    /// Edges of the graph, after merging.
    pub n_edges: u64,
    /// Sorted runs of edges that were spilled.
    pub n_runs: usize,
    /// Bytes of those runs.
    pub spilled_bytes: u64,
    /// Extra passes over the runs, because there were more than could be read at once.
    pub extra_passes: u32,
}

/// Less than this, and a disk seeks more than it reads.
const BUFFER_MIN: usize = 64 << 10;
/// Bytes held for each row of a run at worst: as it waits, gathered, its key, and written out.
const ROW_BYTES: usize = 32 + 32 + 8 + 29;
/// Buckets sorted side by side; their bytes are held until they are written in order.
const BUCKETS_AT_ONCE: usize = 16;

/// Builds a graph within a bound on memory. `scratch` gives a new, empty space at every call (a temporary file);
/// it is given up when it was read. The bound holds for what the builder allocates, from 1 MiB on; the scratch
/// space itself, batches, and what the receiver keeps are the caller's.
pub struct ExternalBuilder<S, F> {
    n_nodes: u32,
    options: BuildOptions,
    memory_max_bytes: usize,
    scratch: F,
    rows: RowBuffer,
    runs: Vec<Run<S>>,
}

impl<S: Read + Write + Seek, F: FnMut() -> io::Result<S>> ExternalBuilder<S, F> {
    /// A graph of the nodes `0..n_nodes`, without edges so far.
    pub fn new(n_nodes: u32, options: BuildOptions, memory_max_bytes: usize, scratch: F) -> Self {
        let rows = RowBuffer::new(n_nodes, options);
        Self { n_nodes, options, memory_max_bytes, scratch, rows, runs: Vec::new() }
    }

    fn run_rows(&self) -> usize {
        (self.memory_max_bytes / ROW_BYTES).max(16)
    }

    /// Adds edges; spills what is held when it reaches the bound.
    ///
    /// # Errors
    /// An end is not below `n_nodes`, weights overflow, or the scratch space fails.
    pub fn push(&mut self, batch: &EdgeBatch<'_>) -> Result<(), BuildError> {
        batch.check(self.n_nodes)?;
        let rows_an_edge = if self.options.symmetric { 2 } else { 1 };
        let mut at = 0;
        while at < batch.len() {
            let room = (self.run_rows().saturating_sub(self.rows.len()) / rows_an_edge).max(1);
            let end = batch.len().min(at + room);
            self.rows.push(&batch.slice(at..end))?;
            at = end;
            if self.rows.len() + rows_an_edge > self.run_rows() {
                self.spill()?;
            }
        }
        Ok(())
    }

    /// Sorts and merges what is held into a run.
    fn spill(&mut self) -> Result<(), BuildError> {
        let fresh = RowBuffer::new(self.n_nodes, self.options);
        let partition = std::mem::replace(&mut self.rows, fresh).into_partition();
        let mut scratch = (self.scratch)().map_err(BuildError::Scratch)?;
        let mut n_bytes = 0;
        for start in (0..partition.n_buckets()).step_by(BUCKETS_AT_ONCE) {
            let buckets = start..partition.n_buckets().min(start + BUCKETS_AT_ONCE);
            let sorted = |sort: &mut BucketSort, bucket: usize| -> Result<Vec<u8>, GraphError> {
                let mut bytes = Vec::with_capacity(partition.bucket_len(bucket) * Row::BYTES);
                sort.sort(&partition, bucket, |row| row.write(&mut bytes))?;
                Ok(bytes)
            };
            let pieces: Vec<Result<Vec<u8>, GraphError>> =
                buckets.into_par_iter().map_init(BucketSort::default, sorted).collect();
            for bytes in pieces {
                let bytes = bytes?;
                scratch.write_all(&bytes).map_err(BuildError::Scratch)?;
                n_bytes += bytes.len() as u64;
            }
        }
        scratch.flush().map_err(BuildError::Scratch)?;
        self.runs.push(Run { scratch, bytes: n_bytes });
        Ok(())
    }

    /// Merges the runs and hands the graph to `sink`, piece by piece.
    ///
    /// # Errors
    /// Weights overflow, there are more edges than 32-bit ids, the scratch space fails, or `sink` does.
    pub fn finish(
        mut self,
        sink: &mut impl FnMut(GraphChunk<'_>) -> io::Result<()>,
    ) -> Result<BuildSummary, BuildError> {
        if self.rows.len() > 0 {
            self.spill()?;
        }
        let Self { n_nodes, memory_max_bytes, mut scratch, mut runs, .. } = self;
        let mut summary = BuildSummary {
            n_runs: runs.len(),
            spilled_bytes: runs.iter().map(|run| run.bytes).sum(),
            ..BuildSummary::default()
        };
        let buffers = memory_max_bytes / 2;
        let passes = reduce::<S, Row>(&mut runs, buffers, BUFFER_MIN, &mut scratch);
        summary.extra_passes = passes.map_err(BuildError::Scratch)?;
        let edges = Merge::<S, Row>::new(runs, buffers).map_err(BuildError::Scratch)?;
        let mut out = OutEdges::new(n_nodes, memory_max_bytes, sink, &mut scratch);
        merged(edges, |row| out.push(row))?;
        let (n_edges, mut in_runs) = out.finish()?;
        summary.n_edges = n_edges;
        let passes = reduce::<S, InRow>(&mut in_runs, buffers, BUFFER_MIN, &mut scratch);
        summary.extra_passes += passes.map_err(BuildError::Scratch)?;
        let in_edges = Merge::<S, InRow>::new(in_runs, buffers).map_err(BuildError::Scratch)?;
        stream_in_edges(n_nodes, memory_max_bytes, in_edges, sink)?;
        Ok(summary)
    }
}

/// Rows of the same nodes as one.
fn merged(
    rows: impl Iterator<Item = io::Result<Row>>,
    mut emit: impl FnMut(Row) -> Result<(), BuildError>,
) -> Result<(), BuildError> {
    let mut held: Option<Row> = None;
    for row in rows {
        let row = row.map_err(BuildError::Scratch)?;
        match &mut held {
            Some(last) if last.key() == row.key() => last.merge(&row)?,
            _ => {
                if let Some(done) = held.replace(row) {
                    emit(done)?;
                }
            }
        }
    }
    held.map_or(Ok(()), emit)
}

/// How many elements of an array are handed on at one time.
fn chunk_len(memory_max_bytes: usize) -> usize {
    (memory_max_bytes / 256).clamp(16, 1 << 16)
}

/// Offsets in pieces, from rows that come in order.
struct Offsets {
    held: Vec<u64>,
    chunk: usize,
    /// Offsets handed on or held so far.
    n: u64,
}

impl Offsets {
    fn new(chunk: usize) -> Self {
        Self { held: Vec::with_capacity(chunk), chunk, n: 0 }
    }

    /// The rows up to and with `row` start at `offset` at the latest.
    fn reach(
        &mut self,
        row: u64,
        offset: u64,
        mut sink: impl FnMut(&[u64]) -> io::Result<()>,
    ) -> Result<(), BuildError> {
        while self.n <= row {
            self.held.push(offset);
            self.n += 1;
            if self.held.len() == self.chunk {
                sink(&self.held).map_err(BuildError::Sink)?;
                self.held.clear();
            }
        }
        Ok(())
    }
}

/// Hands on the merged edges and spills them the other way round.
struct OutEdges<'a, S, F, G> {
    n_nodes: u32,
    chunk: usize,
    offsets: Offsets,
    target: Vec<u32>,
    columns: EdgeColumnsBuf,
    n_edges: u64,
    in_rows: Vec<InRow>,
    in_rows_max: usize,
    in_runs: Vec<Run<S>>,
    sink: &'a mut F,
    scratch: &'a mut G,
}

impl<'a, S, F, G> OutEdges<'a, S, F, G>
where
    S: Read + Write + Seek,
    F: FnMut(GraphChunk<'_>) -> io::Result<()>,
    G: FnMut() -> io::Result<S>,
{
    fn new(n_nodes: u32, memory_max_bytes: usize, sink: &'a mut F, scratch: &'a mut G) -> Self {
        let chunk = chunk_len(memory_max_bytes);
        Self {
            n_nodes,
            chunk,
            offsets: Offsets::new(chunk),
            target: Vec::with_capacity(chunk),
            columns: EdgeColumnsBuf::default(),
            n_edges: 0,
            in_rows: Vec::new(),
            in_rows_max: (memory_max_bytes / 4 / size_of::<InRow>()).max(16),
            in_runs: Vec::new(),
            sink,
            scratch,
        }
    }

    fn push(&mut self, row: Row) -> Result<(), BuildError> {
        let found = usize::try_from(self.n_edges).unwrap_or(usize::MAX).saturating_add(1);
        check_count("edges", found)?;
        let edge = u32::try_from(self.n_edges).expect("fewer edges than ids");
        let sink = &mut *self.sink;
        let offsets = |offsets: &[u64]| sink(GraphChunk::OutOffsets(offsets));
        self.offsets.reach(row.source.into(), self.n_edges, offsets)?;
        self.n_edges += 1;
        self.target.push(row.target);
        self.columns.weight.push(row.weight);
        self.columns.count.push(row.count);
        self.columns.first_time.push(row.first_time);
        self.columns.last_time.push(row.last_time);
        self.columns.flags.push(row.flags);
        if self.target.len() == self.chunk {
            self.hand_on()?;
        }
        self.in_rows.push(InRow { target: row.target, source: row.source, edge });
        if self.in_rows.len() == self.in_rows_max {
            self.spill()?;
        }
        Ok(())
    }

    fn hand_on(&mut self) -> Result<(), BuildError> {
        let chunk = GraphChunk::Edges { target: &self.target, columns: self.columns.view() };
        (self.sink)(chunk).map_err(BuildError::Sink)?;
        self.target.clear();
        self.columns.weight.clear();
        self.columns.count.clear();
        self.columns.first_time.clear();
        self.columns.last_time.clear();
        self.columns.flags.clear();
        Ok(())
    }

    fn spill(&mut self) -> Result<(), BuildError> {
        self.in_rows.par_sort_unstable_by_key(InRow::sort_key);
        let records = self.in_rows.iter().map(|&row| Ok(row));
        let scratch = (self.scratch)().map_err(BuildError::Scratch)?;
        let run = Run::write(scratch, BUFFER_MIN, records).map_err(BuildError::Scratch)?;
        self.in_runs.push(run);
        self.in_rows.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<(u64, Vec<Run<S>>), BuildError> {
        self.hand_on()?;
        self.spill()?;
        let sink = self.sink;
        let mut offsets = |offsets: &[u64]| sink(GraphChunk::OutOffsets(offsets));
        self.offsets.reach(self.n_nodes.into(), self.n_edges, &mut offsets)?;
        offsets(&self.offsets.held).map_err(BuildError::Sink)?;
        Ok((self.n_edges, self.in_runs))
    }
}

fn stream_in_edges(
    n_nodes: u32,
    memory_max_bytes: usize,
    rows: impl Iterator<Item = io::Result<InRow>>,
    sink: &mut impl FnMut(GraphChunk<'_>) -> io::Result<()>,
) -> Result<(), BuildError> {
    let chunk = chunk_len(memory_max_bytes);
    let mut offsets = Offsets::new(chunk);
    let (mut source, mut edge) = (Vec::with_capacity(chunk), Vec::with_capacity(chunk));
    let mut n_edges = 0;
    for row in rows {
        let row = row.map_err(BuildError::Scratch)?;
        let in_offsets = |offsets: &[u64]| sink(GraphChunk::InOffsets(offsets));
        offsets.reach(row.target.into(), n_edges, in_offsets)?;
        n_edges += 1;
        source.push(row.source);
        edge.push(row.edge);
        if source.len() == chunk {
            sink(GraphChunk::InEdges { source: &source, edge: &edge }).map_err(BuildError::Sink)?;
            source.clear();
            edge.clear();
        }
    }
    sink(GraphChunk::InEdges { source: &source, edge: &edge }).map_err(BuildError::Sink)?;
    let mut in_offsets = |offsets: &[u64]| sink(GraphChunk::InOffsets(offsets));
    offsets.reach(n_nodes.into(), n_edges, &mut in_offsets)?;
    in_offsets(&offsets.held).map_err(BuildError::Sink)
}
