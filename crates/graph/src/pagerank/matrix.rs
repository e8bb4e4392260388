//! The transition matrix of a graph, laid out for sweeps: rows of in-edges, nodes with many out-edges first.
//!
//! In: rows of sources by target (any order, repeats count), weights by in-edge. Out: the same rows relabeled, the
//! inverse of each node's total out-weight, and chunks of rows of about equal work.
//! Source: degree-based grouping, Faldu, Diamond, Grot, "A closer look at lightweight graph reordering", IISWC 2019:
//! nodes are ordered by the logarithm of their out-degree, and within a group as they were. What is gathered most
//! then lies together and stays in the cache, and what lay together before still does.
//! Departures: out-edges count, since a sweep gathers by source; groups are powers of two down to 0.
//! Cost: one pass over the edges for the degrees and one to relabel, about three sweeps; 4 bytes an edge (12 with
//! weights) and 24 a node. Where the caller's rows are a mapped file, this copy is what must fit memory.
//! Checked against: the oracle of `tests/it/pagerank.rs`, which knows no positions.

use std::ops::Range;

use rayon::prelude::*;

use crate::csr::{CsrView, check_below};
use crate::error::same_length;
use crate::{GraphError, GraphView};

/// The weights of edges, beside rows of them: 0, or from 1e-150 to 1e150. An edge of weight 0 is never followed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EdgeWeights<'a> {
    /// Every edge weighs 1.
    Unit,
    /// One real number an edge.
    Real(&'a [f64]),
    /// One whole number an edge; above 2^53 the nearest real number counts.
    Integer(&'a [u64]),
}

impl EdgeWeights<'_> {
    pub(super) fn at(&self, edge: usize) -> f64 {
        match self {
            Self::Unit => 1.0,
            // Where nobody checked: a push along negative or infinite weights might never end.
            Self::Real(weight) if in_range(weight[edge]) => weight[edge],
            Self::Real(_) => 0.0,
            Self::Integer(weight) => weight[edge] as f64,
        }
    }

    /// The sum over one row, in its order.
    pub(super) fn total(&self, row: Range<usize>) -> f64 {
        match self {
            Self::Unit => row.len() as f64,
            _ => row.map(|edge| self.at(edge)).sum(),
        }
    }

    pub(super) fn check(&self, n_edges: usize) -> Result<(), GraphError> {
        match self {
            Self::Unit => Ok(()),
            Self::Integer(weight) => same_length("weights", n_edges, weight.len()),
            Self::Real(weight) => {
                same_length("weights", n_edges, weight.len())?;
                let bad = weight.iter().find(|weight| !in_range(**weight));
                let (what, expected) = ("weight of an edge", "0 or a number from 1e-150 to 1e150");
                let refuse =
                    |bad: &f64| GraphError::Argument { what, found: bad.to_string(), expected };
                bad.map_or(Ok(()), |bad| Err(refuse(bad)))
            }
        }
    }
}

/// The prepared graph. Positions are the ids inside: nodes in the order of `node_of`.
#[derive(Debug, Clone)]
pub struct TransitionMatrix {
    node_of: Vec<u32>,
    position_of: Vec<u32>,
    offsets: Vec<usize>,
    /// Positions, each below the number of nodes.
    sources: Vec<u32>,
    /// Beside `sources`; empty if every edge weighs 1.
    weights: Vec<f64>,
    /// One over the total out-weight; 0 for a sink.
    inverse: Vec<f64>,
    chunks: Vec<Chunk>,
    /// Where the pieces of the rows that stand alone in a chunk lie among the sources.
    pieces: Vec<Range<usize>>,
}

/// Rows that one task works on. Chunks depend on the graph alone, so sums over chunks are the same on any number
/// of threads.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub(super) rows: Range<usize>,
    /// Not empty for a row too long for one task: the pieces that were summed before.
    pub(super) pieces: Range<usize>,
}

const CHUNK_ROWS_MAX: usize = 1 << 14;
pub(super) const CHUNK_EDGES_MAX: usize = 1 << 16;

impl TransitionMatrix {
    /// From rows of sources by target and the weights beside them. All of both is read and checked.
    ///
    /// # Errors
    /// A source is no row, the weights have another length than the rows, or one is out of its range.
    pub fn from_rows(in_rows: CsrView<'_>, weights: EdgeWeights<'_>) -> Result<Self, GraphError> {
        check_below("sources", in_rows.items(), in_rows.n_rows())?;
        weights.check(in_rows.n_items())?;
        let mut degree = vec![0u32; in_rows.n_rows() as usize];
        for &source in in_rows.items() {
            degree[source as usize] = degree[source as usize].saturating_add(1);
        }
        let total = if weights == EdgeWeights::Unit {
            degree.iter().map(|&degree| f64::from(degree)).collect()
        } else {
            let mut total = vec![0.0; degree.len()];
            for (edge, &source) in in_rows.items().iter().enumerate() {
                total[source as usize] += weights.at(edge);
            }
            total
        };
        Ok(Self::build(in_rows, &weights, |edge| weights.at(edge), &degree, &total))
    }

    /// From a graph, by weight or with every edge alike. Degrees and totals come from the out-rows, so a file
    /// that [`GraphView::validate`] would refuse may give scores that do not sum to 1.
    ///
    /// # Errors
    /// An in-row names a node or an edge that is not there.
    pub fn from_graph(graph: &GraphView<'_>, weighted: bool) -> Result<Self, GraphError> {
        let (out, in_rows) =
            (graph.rows(crate::Direction::Forward), graph.rows(crate::Direction::Backward));
        let (in_edge, weight) = (graph.in_edge(), graph.columns().weight);
        let n_edges = u32::try_from(weight.len()).unwrap_or(u32::MAX);
        check_below("sources", in_rows.items(), in_rows.n_rows())?;
        check_below("in_edge", in_edge, n_edges)?;
        let weights = if weighted { EdgeWeights::Integer(weight) } else { EdgeWeights::Unit };
        let rows = (0..out.n_rows()).into_par_iter();
        let degree: Vec<u32> = rows.clone().map(|node| length(out.range(node))).collect();
        let total: Vec<f64> = rows.map(|node| weights.total(out.range(node))).collect();
        let weight_of = |at: usize| weights.at(in_edge[at] as usize);
        Ok(Self::build(in_rows, &weights, weight_of, &degree, &total))
    }

    fn build(
        in_rows: CsrView<'_>,
        weights: &EdgeWeights<'_>,
        weight_of: impl Fn(usize) -> f64 + Sync,
        degree: &[u32],
        total: &[f64],
    ) -> Self {
        let node_of = order(degree);
        let mut position_of = vec![0u32; node_of.len()];
        for (&node, position) in node_of.iter().zip(0..) {
            position_of[node as usize] = position;
        }
        let inverse_of = |&node: &u32| {
            let total = total[node as usize];
            if total > 0.0 { 1.0 / total } else { 0.0 }
        };
        let inverse = node_of.iter().map(inverse_of).collect();
        let mut offsets = Vec::with_capacity(node_of.len() + 1);
        offsets.push(0);
        offsets.extend(node_of.iter().scan(0, |end, &node| {
            *end += in_rows.range(node).len();
            Some(*end)
        }));
        let (chunks, pieces) = cut(&offsets);
        let n_edges = in_rows.n_items();
        let mut sources = vec![0u32; n_edges];
        fill(&chunks, &offsets, &node_of, in_rows, &mut sources, |at| {
            position_of[in_rows.items()[at] as usize]
        });
        let mut kept = Vec::new();
        if *weights != EdgeWeights::Unit {
            kept.resize(n_edges, 0.0);
            fill(&chunks, &offsets, &node_of, in_rows, &mut kept, weight_of);
        }
        Self { node_of, position_of, offsets, sources, weights: kept, inverse, chunks, pieces }
    }

    /// How many nodes there are.
    pub fn n_nodes(&self) -> u32 {
        u32::try_from(self.node_of.len()).expect("as many as there are rows, counted in 32 bits")
    }

    /// How many edges there are.
    pub fn n_edges(&self) -> usize {
        self.sources.len()
    }

    pub(super) fn position_of(&self, node: u32) -> u32 {
        self.position_of[node as usize]
    }

    pub(super) fn node_of(&self) -> &[u32] {
        &self.node_of
    }

    pub(super) fn inverse(&self) -> &[f64] {
        &self.inverse
    }

    pub(super) fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    pub(super) fn pieces(&self) -> &[Range<usize>] {
        &self.pieces
    }

    pub(super) fn row(&self, row: usize) -> Range<usize> {
        self.offsets[row]..self.offsets[row + 1]
    }

    pub(super) fn sources(&self) -> &[u32] {
        &self.sources
    }

    pub(super) fn weights(&self) -> Option<&[f64]> {
        (!self.weights.is_empty()).then_some(&self.weights)
    }

    /// Values by position as values by node.
    pub(super) fn by_node(&self, values: &[f64]) -> Vec<f64> {
        self.position_of.par_iter().map(|&position| values[position as usize]).collect()
    }
}

/// Nodes by the logarithm of their degree, falling, and then by id.
fn order(degree: &[u32]) -> Vec<u32> {
    let group = |degree: u32| degree.leading_zeros() as usize;
    let mut cursor = [0usize; 34];
    for &degree in degree {
        cursor[group(degree) + 1] += 1;
    }
    for place in 1..cursor.len() {
        cursor[place] += cursor[place - 1];
    }
    let mut nodes = vec![0u32; degree.len()];
    for (&degree, node) in degree.iter().zip(0..) {
        let place = &mut cursor[group(degree)];
        nodes[*place] = node;
        *place += 1;
    }
    nodes
}

/// Cuts rows into chunks of bounded work; a row longer than a chunk stands alone and is cut into pieces.
fn cut(offsets: &[usize]) -> (Vec<Chunk>, Vec<Range<usize>>) {
    let n_rows = offsets.len() - 1;
    let (mut chunks, mut pieces) = (Vec::new(), Vec::new());
    let mut start = 0;
    while start < n_rows {
        let bound = offsets[start] + CHUNK_EDGES_MAX;
        let fits = offsets[start + 1..].partition_point(|&end| end <= bound);
        let first_piece = pieces.len();
        let end = start + fits.clamp(1, CHUNK_ROWS_MAX);
        if fits == 0 {
            let row = offsets[start]..offsets[end];
            let cuts = row.clone().step_by(CHUNK_EDGES_MAX);
            pieces.extend(cuts.map(|at| at..row.end.min(at + CHUNK_EDGES_MAX)));
        }
        chunks.push(Chunk { rows: start..end, pieces: first_piece..pieces.len() });
        start = end;
    }
    (chunks, pieces)
}

/// Fills an array beside the new rows from positions among the old ones.
fn fill<T: Send>(
    chunks: &[Chunk],
    offsets: &[usize],
    node_of: &[u32],
    in_rows: CsrView<'_>,
    array: &mut [T],
    value: impl Fn(usize) -> T + Sync,
) {
    let mut tasks = Vec::with_capacity(chunks.len());
    let mut rest = array;
    for chunk in chunks {
        let (own, others) = rest.split_at_mut(offsets[chunk.rows.end] - offsets[chunk.rows.start]);
        tasks.push((&node_of[chunk.rows.clone()], own));
        rest = others;
    }
    tasks.into_par_iter().for_each(|(nodes, own)| {
        let old = nodes.iter().flat_map(|&node| in_rows.range(node));
        for (slot, at) in own.iter_mut().zip(old) {
            *slot = value(at);
        }
    });
}

/// No total of such numbers is infinite, nor is one over it.
fn in_range(weight: f64) -> bool {
    weight == 0.0 || (1e-150..1e150).contains(&weight)
}

fn length(row: Range<usize>) -> u32 {
    u32::try_from(row.len()).unwrap_or(u32::MAX)
}
