//! The directed graph with merged edges that the kernels walk: targets by source, sources by target, columns beside.
//!
//! In: edges in any order. Out: rows of targets (`out`), each ascending and without repeats, and rows of sources
//! (`in_`), with one set of columns: the edge id is the position in `out`, and `in_edge` names it for `in_`.
//! Source: compressed sparse rows, both ways, as in Beamer, Asanovic, Patterson, "The GAP benchmark suite", 2015.
//! Departures: columns are kept once; what walks against the edges pays one more read for a weight.
//! Cost: 16 bytes an edge for both ways (target, source, edge id) and 21 for the columns, 16 bytes a node.

use crate::csr::{CsrView, check_below, check_count};
use crate::error::{GraphError, same_length};
use crate::{Csr, Direction};

/// What is known of each edge; the edge id is the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EdgeColumns<'a> {
    /// The sum over the merged edges, in any unit.
    pub weight: &'a [u64],
    /// How many edges were merged; stays at `u32::MAX` if there are more.
    pub count: &'a [u32],
    /// The smallest time.
    pub first_time: &'a [u32],
    /// The largest time.
    pub last_time: &'a [u32],
    /// The flags of all of them, or-ed.
    pub flags: &'a [u8],
}

/// [`EdgeColumns`] that own their memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EdgeColumnsBuf {
    /// See [`EdgeColumns::weight`].
    pub weight: Vec<u64>,
    /// See [`EdgeColumns::count`].
    pub count: Vec<u32>,
    /// See [`EdgeColumns::first_time`].
    pub first_time: Vec<u32>,
    /// See [`EdgeColumns::last_time`].
    pub last_time: Vec<u32>,
    /// See [`EdgeColumns::flags`].
    pub flags: Vec<u8>,
}

impl EdgeColumnsBuf {
    /// The columns, borrowed.
    pub fn view(&self) -> EdgeColumns<'_> {
        EdgeColumns {
            weight: &self.weight,
            count: &self.count,
            first_time: &self.first_time,
            last_time: &self.last_time,
            flags: &self.flags,
        }
    }
}

/// A graph that owns its memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    pub(crate) out: Csr,
    pub(crate) in_: Csr,
    pub(crate) in_edge: Vec<u32>,
    pub(crate) columns: EdgeColumnsBuf,
}

impl Graph {
    /// The graph, borrowed.
    pub fn view(&self) -> GraphView<'_> {
        GraphView {
            out: self.out.view(),
            in_: self.in_.view(),
            in_edge: &self.in_edge,
            columns: self.columns.view(),
        }
    }
}

/// A graph, borrowed from a [`Graph`] or from a mapped file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GraphView<'a> {
    out: CsrView<'a>,
    in_: CsrView<'a>,
    in_edge: &'a [u32],
    columns: EdgeColumns<'a>,
}

impl<'a> GraphView<'a> {
    /// Puts the parts together. Reads no edge: a mapped graph opens at once, and [`Self::validate`] is for whoever
    /// doubts the file. A kernel over a graph that would not pass it may panic or answer wrongly, but ends.
    ///
    /// # Errors
    /// The parts differ in length, or there are more edges than 32-bit ids.
    pub fn new(
        out: CsrView<'a>,
        in_: CsrView<'a>,
        in_edge: &'a [u32],
        columns: EdgeColumns<'a>,
    ) -> Result<Self, GraphError> {
        let n_edges = out.n_items();
        same_length("in rows", out.n_rows() as usize, in_.n_rows() as usize)?;
        check_count("edges", n_edges)?;
        same_length("in items", n_edges, in_.n_items())?;
        same_length("in_edge", n_edges, in_edge.len())?;
        same_length("weight", n_edges, columns.weight.len())?;
        same_length("count", n_edges, columns.count.len())?;
        same_length("first_time", n_edges, columns.first_time.len())?;
        same_length("last_time", n_edges, columns.last_time.len())?;
        same_length("flags", n_edges, columns.flags.len())?;
        Ok(Self { out, in_, in_edge, columns })
    }

    /// Puts parts together that [`Self::new`] has accepted before.
    pub(crate) fn checked_before(
        out: CsrView<'a>,
        in_: CsrView<'a>,
        in_edge: &'a [u32],
        columns: EdgeColumns<'a>,
    ) -> Self {
        Self { out, in_, in_edge, columns }
    }

    /// Reads everything: rows ascend without repeats, ends are nodes, and both ways hold the same edges.
    ///
    /// # Errors
    /// The first place that is wrong.
    pub fn validate(&self) -> Result<(), GraphError> {
        let n_nodes = self.n_nodes();
        check_below("targets", self.out.items(), n_nodes)?;
        check_below("sources", self.in_.items(), n_nodes)?;
        check_below("in_edge", self.in_edge, u32::try_from(self.n_edges()).unwrap_or(u32::MAX))?;
        for rows in [self.out, self.in_] {
            for node in 0..n_nodes {
                let row = rows.row(node);
                if let Some(at) = row.windows(2).position(|pair| pair[0] >= pair[1]) {
                    return Err(GraphError::Row { node, edge: row[at + 1] });
                }
            }
        }
        // Rows ascend and both ways are equally long: if every in-edge is found among the out-edges, all are.
        for node in 0..n_nodes {
            for (&source, &edge) in self.in_.row(node).iter().zip(self.in_edges(node)) {
                let row = self.out.range(source);
                if !row.contains(&(edge as usize)) || self.out.items()[edge as usize] != node {
                    return Err(GraphError::Row { node, edge });
                }
            }
        }
        Ok(())
    }

    /// How many nodes there are.
    pub fn n_nodes(&self) -> u32 {
        self.out.n_rows()
    }

    /// How many edges there are, after merging.
    pub fn n_edges(&self) -> usize {
        self.out.n_items()
    }

    /// Forward the targets of each node, backward its sources.
    pub fn rows(&self, direction: Direction) -> CsrView<'a> {
        match direction {
            Direction::Forward => self.out,
            Direction::Backward => self.in_,
        }
    }

    /// The edge ids of the in-edges of `node`, in the order of its sources.
    pub fn in_edges(&self, node: u32) -> &'a [u32] {
        &self.in_edge[self.in_.range(node)]
    }

    /// The edge ids of all in-edges, row after row.
    pub fn in_edge(&self) -> &'a [u32] {
        self.in_edge
    }

    /// The neighbors of `node` with the id of the edge that leads to each (backward: from each).
    pub fn edges_of(
        &self,
        node: u32,
        direction: Direction,
    ) -> impl Iterator<Item = (u32, u32)> + 'a {
        let range = self.rows(direction).range(node);
        let (items, in_edge) = (self.rows(direction).items(), self.in_edge);
        range.map(move |at| {
            let edge = match direction {
                Direction::Forward => edge_id(at),
                Direction::Backward => in_edge[at],
            };
            (items[at], edge)
        })
    }

    /// What is known of each edge.
    pub fn columns(&self) -> EdgeColumns<'a> {
        self.columns
    }
}

/// A position among the out-edges as an edge id.
fn edge_id(at: usize) -> u32 {
    u32::try_from(at).expect("a graph is built with fewer edges than 32-bit ids")
}
