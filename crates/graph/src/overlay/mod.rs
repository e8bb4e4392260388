//! New edges on top of a graph that is not rebuilt for them: visible at once, folded in when it suits.
//!
//! In: a base, then batches with heights that do not decrease. Out: versions ([`DeltaGraph`]); each stays as it was
//! when it was opened. `unwind` takes the last batches back; `compact` makes a new base of everything.
//! Source: the logarithmic method, J. L. Bentley, J. B. Saxe, "Decomposable searching problems I", Journal of
//! Algorithms 1(4), 1980: a new segment is merged with its neighbor while that is at most twice as large.
//! Departures: batches are kept beside their segments until they are compacted, so that any number of them can be
//! taken back: 32 bytes a row more.
//! Cost: a row is merged O(log(batches)) times; an added edge is looked up once (its weight must not overflow, and
//! whether it is new is counted). A reader takes a lock for as long as it takes to clone a pointer, and none after.
//! Checked against: a build of everything at once (`tests/it/overlay.rs`).

mod delta;
mod segment;

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use delta::Version;
pub use delta::{Base, DeltaEdge, DeltaGraph, EdgesOf};
use segment::{Segment, merge_rows, sort_rows};

use crate::build::row::Row;
use crate::error::GraphError;
use crate::{BuildOptions, EdgeBatch};

/// A graph that grows: the one writer of a chain of versions.
#[derive(Debug)]
pub struct Overlay {
    options: BuildOptions,
    base_height: Option<u64>,
    batches: Vec<Batch>,
    tiers: Vec<Tier>,
    current: DeltaGraph,
    published: Arc<Mutex<DeltaGraph>>,
}

#[derive(Debug)]
struct Batch {
    height: u64,
    n_nodes: u32,
    /// How many edges there are after it.
    n_edges: u64,
    rows: Arc<Vec<Row>>,
}

/// A segment of consecutive batches.
#[derive(Debug, Clone)]
struct Tier {
    n_batches: usize,
    segment: Arc<Segment>,
}

/// Where other threads get the newest version.
#[derive(Debug, Clone)]
pub struct OverlayReader {
    published: Arc<Mutex<DeltaGraph>>,
}

impl OverlayReader {
    /// The newest version.
    pub fn open(&self) -> DeltaGraph {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Overlay {
    /// Stands on `base`, which holds everything up to `base_height`. `options` are those the base was built with.
    pub fn new(base: impl Into<Base>, base_height: Option<u64>, options: BuildOptions) -> Self {
        let base = Arc::new(base.into());
        let (n_nodes, n_edges) = (base.view().n_nodes(), base.view().n_edges() as u64);
        let version = Version { base, segments: Vec::new(), n_nodes, n_edges, height: base_height };
        let current = DeltaGraph { version: Arc::new(version) };
        let published = Arc::new(Mutex::new(current.clone()));
        let (batches, tiers) = (Vec::new(), Vec::new());
        Self { options, base_height, batches, tiers, current, published }
    }

    /// The newest version.
    pub fn open(&self) -> DeltaGraph {
        self.current.clone()
    }

    /// What other threads open versions with.
    pub fn reader(&self) -> OverlayReader {
        OverlayReader { published: self.published.clone() }
    }

    /// Rows that were added and not compacted.
    pub fn delta_len(&self) -> usize {
        self.tiers.iter().map(|tier| tier.segment.rows().len()).sum()
    }

    /// Adds a batch; the graph has `n_nodes` nodes from it on. Versions opened from now on show it.
    ///
    /// # Errors
    /// The height is below that of the batch before, or not above that of the base; the nodes become fewer; an end
    /// is not a node; the weight of an edge overflows. Nothing is added then.
    pub fn push(
        &mut self,
        height: u64,
        n_nodes: u32,
        batch: &EdgeBatch<'_>,
    ) -> Result<(), GraphError> {
        self.check_height(height)?;
        let expected = self.current.n_nodes();
        if n_nodes < expected {
            return Err(GraphError::Shrunk { what: "nodes", expected, found: n_nodes });
        }
        batch.check(n_nodes)?;
        let mut rows: Vec<Row> = batch.rows(0..batch.len(), self.options.self_loops).collect();
        if self.options.symmetric {
            rows.extend(batch.reversed(0..batch.len()));
        }
        let rows = Arc::new(sort_rows(rows)?);
        let mut n_edges = self.current.n_edges();
        for row in rows.iter() {
            match self.current.edge(row.source, row.target) {
                Some(mut known) => known.merge(row)?,
                None => n_edges += 1,
            }
        }
        crate::csr::check_count("edges", usize::try_from(n_edges).unwrap_or(usize::MAX))?;
        if !rows.is_empty() {
            self.add_tier(Tier { n_batches: 1, segment: Arc::new(Segment::new(rows.clone())) })?;
        } else if let Some(last) = self.tiers.last_mut() {
            last.n_batches += 1;
        } else {
            self.tiers.push(Tier { n_batches: 1, segment: Arc::new(Segment::new(rows.clone())) });
        }
        self.batches.push(Batch { height, n_nodes, n_edges, rows });
        self.publish();
        Ok(())
    }

    fn check_height(&self, height: u64) -> Result<(), GraphError> {
        let refused = |last| Err(GraphError::Height { last, found: height });
        match (self.batches.last(), self.base_height) {
            (Some(batch), _) if height < batch.height => refused(batch.height),
            (None, Some(base)) if height <= base => refused(base),
            _ => Ok(()),
        }
    }

    fn add_tier(&mut self, mut tier: Tier) -> Result<(), GraphError> {
        while let Some(last) = self.tiers.last() {
            if last.segment.rows().len() / 2 > tier.segment.rows().len() {
                break;
            }
            let rows = merge_rows(last.segment.rows(), tier.segment.rows())?;
            let n_batches = last.n_batches + tier.n_batches;
            tier = Tier { n_batches, segment: Arc::new(Segment::new(Arc::new(rows))) };
            self.tiers.pop();
        }
        self.tiers.push(tier);
        Ok(())
    }

    /// Takes back every batch above `height`. Versions opened before keep them.
    ///
    /// # Errors
    /// The base holds more than `height`: what was compacted cannot be taken back.
    pub fn unwind(&mut self, height: u64) -> Result<(), GraphError> {
        if let Some(last) = self.base_height.filter(|&base| height < base) {
            return Err(GraphError::Height { last, found: height });
        }
        let kept = self.batches.partition_point(|batch| batch.height <= height);
        if kept < self.batches.len() {
            self.tiers = self.tiers_of(0..kept)?;
            self.batches.truncate(kept);
            self.publish();
        }
        Ok(())
    }

    /// The graph as it was at `height`.
    ///
    /// # Errors
    /// The base holds more than `height`.
    pub fn open_at(&self, height: u64) -> Result<DeltaGraph, GraphError> {
        if let Some(last) = self.base_height.filter(|&base| height < base) {
            return Err(GraphError::Height { last, found: height });
        }
        let kept = self.batches.partition_point(|batch| batch.height <= height);
        Ok(self.version(&self.tiers_of(0..kept)?, kept))
    }

    /// The tiers of some of the batches; one that holds others too is made again without them.
    fn tiers_of(&self, batches: Range<usize>) -> Result<Vec<Tier>, GraphError> {
        let (mut tiers, mut start) = (Vec::new(), 0);
        for tier in &self.tiers {
            let range = start.max(batches.start)..(start + tier.n_batches).min(batches.end);
            start += tier.n_batches;
            if range.len() == tier.n_batches {
                tiers.push(tier.clone());
            } else if !range.is_empty() {
                let n_batches = range.len();
                let rows = self.batches[range].iter().flat_map(|batch| batch.rows.iter().copied());
                let rows = Arc::new(sort_rows(rows.collect())?);
                tiers.push(Tier { n_batches, segment: Arc::new(Segment::new(rows)) });
            }
        }
        Ok(tiers)
    }

    /// Folds all batches into a new base. To do the work beside the writer, or up to a height:
    /// [`DeltaGraph::compact`] on a version, then [`Self::rebase`].
    ///
    /// # Errors
    /// There are more edges than 32-bit ids.
    pub fn compact(&mut self) -> Result<(), GraphError> {
        let graph = self.current.compact()?;
        match self.current.height() {
            Some(height) => self.rebase(graph, height),
            None => Ok(()), // No batch was ever added.
        }
    }

    /// Stands on `base` from now on, which holds the edges of the old base and of every batch up to `height`
    /// (compacted, or written and mapped). Versions opened before keep the old one.
    ///
    /// # Errors
    /// The old base holds more than `height`, or `base` has not as many nodes and edges as the graph at `height`;
    /// nothing is changed then.
    pub fn rebase(&mut self, base: impl Into<Base>, height: u64) -> Result<(), GraphError> {
        let base = base.into();
        let at = self.open_at(height)?;
        let same = |what, expected: u64, found: u64| {
            let size = |size| usize::try_from(size).unwrap_or(usize::MAX);
            crate::error::same_length(what, size(expected), size(found))
        };
        same("nodes of the base", at.n_nodes().into(), base.view().n_nodes().into())?;
        same("edges of the base", at.n_edges(), base.view().n_edges() as u64)?;
        let folded = self.batches.partition_point(|batch| batch.height <= height);
        self.tiers = self.tiers_of(folded..self.batches.len())?;
        self.batches.drain(..folded);
        self.base_height = Some(height);
        let base = Arc::new(base);
        let (n_nodes, n_edges) = (at.n_nodes(), at.n_edges());
        let version =
            Version { base, segments: Vec::new(), n_nodes, n_edges, height: Some(height) };
        self.current = DeltaGraph { version: Arc::new(version) };
        self.publish();
        Ok(())
    }

    /// The version after the first `n_batches`, whose tiers these are.
    fn version(&self, tiers: &[Tier], n_batches: usize) -> DeltaGraph {
        let base = self.current.version.base.clone();
        let last = self.batches[..n_batches].last();
        let filled = tiers.iter().filter(|tier| !tier.segment.rows().is_empty());
        let version = Version {
            segments: filled.map(|tier| tier.segment.clone()).collect(),
            n_nodes: last.map_or(base.view().n_nodes(), |batch| batch.n_nodes),
            n_edges: last.map_or(base.view().n_edges() as u64, |batch| batch.n_edges),
            height: last.map_or(self.base_height, |batch| Some(batch.height)),
            base,
        };
        DeltaGraph { version: Arc::new(version) }
    }

    fn publish(&mut self) {
        self.current = self.version(&self.tiers, self.batches.len());
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        *published = self.current.clone();
    }
}
