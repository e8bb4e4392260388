//! One version of a growing graph: a base and the edges added to it, read as one.
//!
//! In: nothing; it is opened from an [`super::Overlay`]. Out: the edges of a node, by their other ends, merged by the
//! rule of the build; or all of them as a new [`Graph`].
//! Cost: a node's edges take one hash probe a segment (at most log2 of the delta in batches) and then a merge; a
//! node without new edges is read where it lies in the base. Compaction reads and writes every edge once.
//! Checked against: a build of everything at once (`tests/it/overlay.rs`).

use std::sync::Arc;

use super::segment::{Segment, SegmentRow, merge_rows};
use crate::build::assemble::{Block, assemble};
use crate::build::row::{Row, merged};
use crate::build::{Edges, transpose};
use crate::error::GraphError;
use crate::{Direction, EdgeColumns, Graph, GraphView, MappedGraph};

/// What a delta stands on.
#[derive(Debug)]
#[non_exhaustive]
pub enum Base {
    /// A graph in memory.
    Memory(Graph),
    /// A graph in mapped files.
    Mapped(MappedGraph),
}

impl Base {
    /// The graph, borrowed.
    pub fn view(&self) -> GraphView<'_> {
        match self {
            Self::Memory(graph) => graph.view(),
            Self::Mapped(graph) => graph.view(),
        }
    }
}

impl From<Graph> for Base {
    fn from(graph: Graph) -> Self {
        Self::Memory(graph)
    }
}

impl From<MappedGraph> for Base {
    fn from(graph: MappedGraph) -> Self {
        Self::Mapped(graph)
    }
}

/// An edge seen from one of its ends, merged from the base and all batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeltaEdge {
    /// The other end.
    pub node: u32,
    /// See [`EdgeColumns::weight`].
    pub weight: u64,
    /// See [`EdgeColumns::count`].
    pub count: u32,
    /// See [`EdgeColumns::first_time`].
    pub first_time: u32,
    /// See [`EdgeColumns::last_time`].
    pub last_time: u32,
    /// See [`EdgeColumns::flags`].
    pub flags: u8,
}

/// A version of a growing graph. Cheap to clone, shared between threads; what is added later does not show in it.
#[derive(Debug, Clone)]
pub struct DeltaGraph {
    pub(super) version: Arc<Version>,
}

#[derive(Debug)]
pub(super) struct Version {
    pub(super) base: Arc<Base>,
    pub(super) segments: Vec<Arc<Segment>>,
    pub(super) n_nodes: u32,
    pub(super) n_edges: u64,
    pub(super) height: Option<u64>,
}

/// Nodes that are compacted together.
const BLOCK_NODES: u32 = 1 << 12;

impl DeltaGraph {
    /// How many nodes there are.
    pub fn n_nodes(&self) -> u32 {
        self.version.n_nodes
    }

    /// How many edges there are, after merging.
    pub fn n_edges(&self) -> u64 {
        self.version.n_edges
    }

    /// The height of the last batch, or of the base; `None` if neither was ever given one.
    pub fn height(&self) -> Option<u64> {
        self.version.height
    }

    /// What the delta stands on: the whole graph when [`Self::is_compact`], and then fit for any kernel.
    pub fn base(&self) -> GraphView<'_> {
        self.version.base.view()
    }

    /// Whether the base is all there is.
    pub fn is_compact(&self) -> bool {
        self.version.segments.is_empty() && self.base().n_nodes() == self.n_nodes()
    }

    /// The edges of `node`, forward by target, backward by source, ascending.
    ///
    /// # Panics
    /// `node` is not below [`Self::n_nodes`].
    pub fn edges_of(&self, node: u32, direction: Direction) -> EdgesOf<'_> {
        assert!(node < self.n_nodes(), "node {node} of {}", self.n_nodes());
        let segments = self.version.segments.iter();
        EdgesOf {
            base: BaseRow::new(self.base(), node, direction),
            segments: segments.filter_map(|segment| segment.row(node, direction)).collect(),
            node,
            direction,
        }
    }

    /// Everything as one graph: the same bytes as built from all edges at once.
    ///
    /// # Errors
    /// There are more edges than 32-bit ids.
    pub fn compact(&self) -> Result<Graph, GraphError> {
        // Segments shrink from the first to the last: merged from the end, each row is copied few times.
        let mut delta = Vec::new();
        for segment in self.version.segments.iter().rev() {
            delta = merge_rows(segment.rows(), &delta)?;
        }
        let base = self.base();
        let out = base.rows(Direction::Forward);
        let edges_below = |node: u32| match out.offsets().get(node as usize) {
            Some(&offset) => crate::csr::position(offset),
            None => out.n_items(),
        };
        let rows_of = |block: usize| {
            let start = u32::try_from(block).map_or(u32::MAX, |at| at.saturating_mul(BLOCK_NODES));
            let nodes = start..start.saturating_add(BLOCK_NODES).min(self.n_nodes());
            let at = |node: u32| delta.partition_point(|row| row.source < node);
            let edges = edges_below(nodes.start)..edges_below(nodes.end);
            (nodes.clone(), edges, &delta[at(nodes.start)..at(nodes.end)])
        };
        let n_blocks = self.n_nodes().div_ceil(BLOCK_NODES) as usize;
        let blocks: Vec<Block> = (0..n_blocks)
            .map(|block| {
                let (nodes, edges, rows) = rows_of(block);
                Block { nodes, capacity: edges.len() + rows.len() }
            })
            .collect();
        let (out, columns) = assemble(
            &blocks,
            || (),
            |(), block, region| {
                let (_, edges, rows) = rows_of(block);
                merge_block(base, edges, rows, |row| region.push(row))
            },
        )?;
        let (in_, in_edge) = transpose(out.view());
        Ok(Graph { out, in_, in_edge, columns })
    }

    /// The edge between two nodes, as it is in this version.
    pub(super) fn edge(&self, source: u32, target: u32) -> Option<Row> {
        let mut found: Option<Row> = None;
        let base = self.base();
        if source < base.n_nodes() {
            let range = base.rows(Direction::Forward).range(source);
            let row = base.rows(Direction::Forward).row(source);
            if let Ok(at) = row.binary_search(&target) {
                found = Some(Row::read(source, target, &base.columns(), range.start + at));
            }
        }
        for segment in &self.version.segments {
            let Some(rows) = segment.forward(source) else { continue };
            let Ok(at) = rows.binary_search_by_key(&target, |row| row.target) else { continue };
            match &mut found {
                Some(row) => row.merge(&rows[at]).expect("checked when it was pushed"),
                None => found = Some(rows[at]),
            }
        }
        found
    }
}

/// The edges of a block of nodes, of the base and new.
fn merge_block(
    base: GraphView<'_>,
    edges: std::ops::Range<usize>,
    rows: &[Row],
    emit: impl FnMut(Row),
) -> Result<(), GraphError> {
    let columns = base.columns();
    let old = Edges::new(base.rows(Direction::Forward), edges);
    let old = old.map(|(source, target, edge)| Row::read(source, target, &columns, edge as usize));
    let (mut old, mut new) = (old.peekable(), rows.iter().copied().peekable());
    let next = || match (old.peek(), new.peek()) {
        (Some(left), Some(right)) if left.key() <= right.key() => old.next(),
        (_, Some(_)) => new.next(),
        (_, None) => old.next(),
    };
    merged(std::iter::from_fn(next), emit)
}

/// What is left of a node's edges in the base.
#[derive(Debug, Clone)]
struct BaseRow<'a> {
    columns: EdgeColumns<'a>,
    nodes: &'a [u32],
    /// The edge of the first of `nodes`, forward.
    first_edge: usize,
    /// The edges of `nodes`, backward.
    edges: Option<&'a [u32]>,
}

impl<'a> BaseRow<'a> {
    fn new(view: GraphView<'a>, node: u32, direction: Direction) -> Self {
        let rows = view.rows(direction);
        let columns = view.columns();
        if node >= rows.n_rows() {
            return Self { columns, nodes: &[], first_edge: 0, edges: None };
        }
        let edges = match direction {
            Direction::Forward => None,
            Direction::Backward => Some(view.in_edges(node)),
        };
        Self { columns, nodes: rows.row(node), first_edge: rows.range(node).start, edges }
    }

    fn next(&mut self) -> Option<DeltaEdge> {
        let (&node, rest) = self.nodes.split_first()?;
        let at = match &mut self.edges {
            None => self.first_edge,
            Some(edges) => {
                let first = edges[0] as usize;
                *edges = &edges[1..];
                first
            }
        };
        self.nodes = rest;
        self.first_edge += 1;
        Some(DeltaEdge {
            node,
            weight: self.columns.weight[at],
            count: self.columns.count[at],
            first_time: self.columns.first_time[at],
            last_time: self.columns.last_time[at],
            flags: self.columns.flags[at],
        })
    }
}

/// The edges of a node in a [`DeltaGraph`], by their other ends.
#[derive(Debug, Clone)]
pub struct EdgesOf<'a> {
    base: BaseRow<'a>,
    segments: Vec<SegmentRow<'a>>,
    node: u32,
    direction: Direction,
}

impl EdgesOf<'_> {
    fn seen(&self, row: &Row) -> DeltaEdge {
        let node = match self.direction {
            Direction::Forward => row.target,
            Direction::Backward => row.source,
        };
        let Row { weight, count, first_time, last_time, flags, .. } = *row;
        DeltaEdge { node, weight, count, first_time, last_time, flags }
    }

    fn row(&self, edge: &DeltaEdge) -> Row {
        let (source, target) = match self.direction {
            Direction::Forward => (self.node, edge.node),
            Direction::Backward => (edge.node, self.node),
        };
        let DeltaEdge { weight, count, first_time, last_time, flags, .. } = *edge;
        Row { source, target, weight, count, first_time, last_time, flags }
    }
}

impl Iterator for EdgesOf<'_> {
    type Item = DeltaEdge;

    fn next(&mut self) -> Option<DeltaEdge> {
        if self.segments.is_empty() {
            return self.base.next();
        }
        let heads = self.segments.iter().filter_map(SegmentRow::peek);
        let smallest_new = heads.map(|row| self.seen(row).node).min();
        let Some(node) = smallest_new.into_iter().chain(self.base.nodes.first().copied()).min()
        else {
            return None;
        };
        let mut found: Option<Row> = None;
        if self.base.nodes.first() == Some(&node) {
            found = self.base.next().map(|edge| self.row(&edge));
        }
        for at in 0..self.segments.len() {
            let Some(head) = self.segments[at].peek() else { continue };
            if self.seen(head).node != node {
                continue;
            }
            match &mut found {
                Some(row) => row.merge(head).expect("checked when it was pushed"),
                None => found = Some(*head),
            }
            self.segments[at].advance();
        }
        found.map(|row| self.seen(&row))
    }
}
