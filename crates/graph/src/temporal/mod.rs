//! Temporal graphs: edges that happen at a time, in columns sorted by it, and rows of edge ids by node.
//!
//! In: edge columns (`source`, `target`: node ids; `time`: any order, for example a rank; `weight`: any unit) and
//! two CSR of edge ids. Out: borrowed graphs that the searches of this folder walk.
//! Source: the edge stream and the time-respecting path of Wu, Cheng, Huang, Ke, Lu, Xu, "Path problems in
//! temporal graphs", VLDB 2014; edges here take no time to travel.
//! Departures: **junctions**. Nodes from `n_main` on stand for an event that joins many nodes with many: it is
//! stored as `u -> J` and `J -> v`, which is |U| + |V| edges in place of |U| x |V|. Entering a junction costs no
//! hop, entering a main node costs one, so `u -> J -> v` is one hop, as a direct `u -> v` is. No edge leads from
//! junction to junction: a path would then have no hops, and a circle of them no end.
//! Cost: building the rows is O(nodes + edges); a search never reads a node or an edge it does not reach.
//! Checked against: dynamic programming over edges and plain enumeration (`tests/it/oracle.rs`).

mod neighborhood;
mod neighbors;
mod proximity;
mod search;
mod shortest;
mod widest;

pub use neighborhood::{Member, Neighborhood, NeighborhoodOptions, Pair, Rows, neighborhood};
pub use neighbors::{Neighbor, NeighborOptions, Neighbors, neighbors};
pub use proximity::{EdgeBatch, Labels, Proximity, ProximityParts, ProximityView, proximity};
pub use search::{Path, PathAnswer, SearchOptions};
pub use shortest::shortest_path;
pub use widest::widest_path;

use crate::Direction;
use crate::csr::{CsrView, check_below, check_count};
use crate::error::{GraphError, same_length};

/// The columns of the edges; the edge id is the position. Sorted by time, equal times in any order.
#[derive(Debug, Clone, Copy)]
pub struct TemporalEdges<'a> {
    /// Where each edge starts.
    pub source: &'a [u32],
    /// Where it leads.
    pub target: &'a [u32],
    /// When it happens, never before the edge in front of it.
    pub time: &'a [u32],
    /// How much it carries.
    pub weight: &'a [u64],
}

impl<'a> TemporalEdges<'a> {
    /// Puts the columns together.
    ///
    /// # Errors
    /// They differ in length, or are longer than 32-bit ids reach.
    pub fn new(
        source: &'a [u32],
        target: &'a [u32],
        time: &'a [u32],
        weight: &'a [u64],
    ) -> Result<Self, GraphError> {
        let edges = Self { source, target, time, weight };
        edges.check_lengths()?;
        Ok(edges)
    }

    /// How many edges there are.
    pub fn len(&self) -> usize {
        self.source.len()
    }

    /// True if there are no edges.
    pub fn is_empty(&self) -> bool {
        self.source.is_empty()
    }

    pub(crate) fn check_lengths(&self) -> Result<(), GraphError> {
        check_count("source", self.source.len())?;
        same_length("target", self.source.len(), self.target.len())?;
        same_length("time", self.source.len(), self.time.len())?;
        same_length("weight", self.source.len(), self.weight.len())
    }

    /// Reads every edge: node ids are below `n_nodes`, times do not fall, junctions are not joined.
    ///
    /// # Errors
    /// The first place where one of these does not hold.
    pub fn validate(&self, n_nodes: u32, n_main: u32) -> Result<(), GraphError> {
        self.check_lengths()?;
        check_below("source", self.source, n_nodes)?;
        check_below("target", self.target, n_nodes)?;
        if let Some(before) = self.time.windows(2).position(|pair| pair[0] > pair[1]) {
            let (previous, time) = (self.time[before], self.time[before + 1]);
            return Err(GraphError::TimeOrder { edge: before + 1, time, previous });
        }
        let mut ends = self.source.iter().zip(self.target);
        if let Some(edge) = ends.position(|(&s, &t)| s >= n_main && t >= n_main) {
            let (source_node, target_node) = (self.source[edge], self.target[edge]);
            return Err(GraphError::JunctionPair { edge, source_node, target_node });
        }
        Ok(())
    }
}

/// Temporal edges and the rows of edge ids that lead from and to each node.
#[derive(Debug, Clone, Copy)]
pub struct TemporalGraph<'a> {
    n_main: u32,
    edges: TemporalEdges<'a>,
    out: CsrView<'a>,
    in_: CsrView<'a>,
}

impl<'a> TemporalGraph<'a> {
    /// Puts columns and rows together; each row holds edge ids ascending, and so by time. Nodes from `n_main` on
    /// are junctions. Reads no edge: a mapped graph opens at once, and [`Self::validate`] is for whoever doubts
    /// the file. A search over a graph that would not pass it may panic or answer wrongly, but ends.
    ///
    /// # Errors
    /// The parts differ in length, or `n_main` is more than there are nodes.
    pub fn new(
        n_main: u32,
        edges: TemporalEdges<'a>,
        out: CsrView<'a>,
        in_: CsrView<'a>,
    ) -> Result<Self, GraphError> {
        edges.check_lengths()?;
        same_length("out items", edges.len(), out.n_items())?;
        same_length("in items", edges.len(), in_.n_items())?;
        same_length("in rows", out.n_rows() as usize, in_.n_rows() as usize)?;
        if n_main > out.n_rows() {
            let (expected, found) = (n_main, out.n_rows());
            return Err(GraphError::Shrunk { what: "nodes", expected, found });
        }
        Ok(Self { n_main, edges, out, in_ })
    }

    /// Reads everything: the edges as [`TemporalEdges::validate`], and every row for being ascending and of its
    /// own node.
    ///
    /// # Errors
    /// The first place that is wrong.
    pub fn validate(&self) -> Result<(), GraphError> {
        self.edges.validate(self.n_nodes(), self.n_main)?;
        validate_rows(self.out, self.edges.source)?;
        validate_rows(self.in_, self.edges.target)
    }

    /// How many nodes there are, junctions included.
    pub fn n_nodes(&self) -> u32 {
        self.out.n_rows()
    }

    /// How many main nodes there are; the rest are junctions.
    pub fn n_main(&self) -> u32 {
        self.n_main
    }

    /// The edge columns.
    pub fn edges(&self) -> &TemporalEdges<'a> {
        &self.edges
    }

    /// The edges that leave each node (forward) or arrive at it (backward).
    pub fn rows(&self, direction: Direction) -> CsrView<'a> {
        match direction {
            Direction::Forward => self.out,
            Direction::Backward => self.in_,
        }
    }

    /// True if the node is a junction.
    pub fn is_junction(&self, node: u32) -> bool {
        node >= self.n_main
    }
}

/// Since rows and edges are equally many, rows that ascend and hold only their own edges hold all of them.
fn validate_rows(rows: CsrView<'_>, node_of: &[u32]) -> Result<(), GraphError> {
    for node in 0..rows.n_rows() {
        let mut previous = None;
        for &edge in rows.row(node) {
            let own = node_of.get(edge as usize) == Some(&node);
            if !own || previous >= Some(edge) {
                return Err(GraphError::Row { node, edge });
            }
            previous = Some(edge);
        }
    }
    Ok(())
}

/// The edges of a time-sorted row with a time from `first` to `last`, both included.
pub(crate) fn window<'r>(row: &'r [u32], time: &[u32], first: u32, last: u32) -> &'r [u32] {
    // An open end needs no search: each step of one is a read far away in the time column.
    let mut row = row;
    if first > 0 {
        row = &row[row.partition_point(|&edge| time[edge as usize] < first)..];
    }
    if last < u32::MAX {
        row = &row[..row.partition_point(|&edge| time[edge as usize] <= last)];
    }
    row
}
