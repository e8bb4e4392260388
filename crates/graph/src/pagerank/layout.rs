//! Edges in the order in which a sweep reads them: by chunk of rows, in it by segment of sources.
//!
//! In: in-rows by position. Out: tiles, one a chunk and segment; in a tile the rows by falling number of edges there.
//! Source: segmenting, Zhang, Kiriansky, Mendis, Amarasinghe, Zaharia, "Making caches work for graph analytics", 2017: a
//! sweep goes through the tiles of one segment before the next, so what it gathers stays in the second-level cache.
//! Departures: the first segment is small, since it takes most edges of a skewed graph (2^14 nodes of 2^20 take 59 % of
//! those of an R-MAT graph) and has to fit with eight lanes too. Rows of equal length stand together in a tile, so
//! that the end of a row is predicted. Both were measured on 2^20 nodes against plain pulling in the order given:
//! 33.5 M R-MAT edges 130 ms, grouped by degree 62, segmented 41, equal lengths together 34; 6 M edges of a
//! power law 33, 29, 33, 21. Unchecked indexing then gained nothing, so there is none. Sending 4-byte numbers would
//! save 5 to 30 % of a sweep and cost half of the digits: turned down.
//! Cost: 4 bytes a row and segment beside the edges, 16 a chunk and segment.
//! Checked against: the oracle of `tests/it/pagerank.rs`.

use std::ops::Range;

use rayon::prelude::*;

use crate::csr::CsrView;

/// Rows that one task works on, and their edges by segment. Chunks depend on the graph alone, so sums over chunks are
/// the same on any number of threads.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub(super) rows: Range<usize>,
    edges: Range<usize>,
    /// Rows that have edges in a segment, segment after segment; none in a chunk of one heavy row.
    entries: Vec<Entry>,
    /// By segment, where its entries and its edges start; one more at the end.
    tiles: Vec<(usize, usize)>,
}

/// So many edges of this row of the chunk, from one segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) row: u16,
    pub(super) n_edges: u16,
}

/// A part of a row that is too long for one task.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) row: usize,
    pub(super) edges: Range<usize>,
}

/// Chunks, and by segment the pieces of heavy rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    pub(super) chunks: Vec<Chunk>,
    pub(super) pieces: Vec<Vec<Piece>>,
    /// By edge, in the order of sweeps: positions, each below the number of nodes.
    pub(super) sources: Vec<u32>,
    /// Beside `sources`; empty if every edge weighs 1.
    pub(super) weights: Vec<f64>,
}

const CHUNK_ROWS_MAX: usize = 1 << 13;
/// Fits [`Entry::n_edges`].
const CHUNK_EDGES_MAX: usize = (1 << 16) - 1;
const FIRST_SEGMENT_LOG: u32 = 14;
const SEGMENT_LOG: u32 = 17;

/// The segment of a source: below 2^14, below 2^17, and then 2^17 each.
fn segment(position: u32) -> usize {
    if position >> FIRST_SEGMENT_LOG == 0 { 0 } else { 1 + (position >> SEGMENT_LOG) as usize }
}

impl Chunk {
    /// The entries of one segment and where their edges start.
    pub(super) fn tile(&self, segment: usize) -> (&[Entry], usize) {
        let (start, first_edge) = self.tiles[segment];
        (&self.entries[start..self.tiles[segment + 1].0], first_edge)
    }
}

impl Layout {
    /// `weight_of` gives the weight of the edge at a place of the old rows.
    pub(super) fn new(
        in_rows: CsrView<'_>,
        node_of: &[u32],
        position_of: &[u32],
        weight_of: Option<&(impl Fn(usize) -> f64 + Sync)>,
    ) -> Self {
        let last =
            u32::try_from(node_of.len()).expect("nodes are counted in 32 bits").saturating_sub(1);
        let n_segments = segment(last) + 1;
        let mut chunks = cut(in_rows, node_of);
        let mut sources = vec![0; in_rows.n_items()];
        let mut weights = vec![0.0; if weight_of.is_some() { in_rows.n_items() } else { 0 }];
        let mut tasks = Vec::with_capacity(chunks.len());
        let (mut rest, mut rest_weights) = (&mut sources[..], &mut weights[..]);
        for chunk in &mut chunks {
            let n_edges = chunk.edges.len();
            let (own, others) = rest.split_at_mut(n_edges);
            let n_weights = if weight_of.is_some() { n_edges } else { 0 };
            let (own_weights, other_weights) = rest_weights.split_at_mut(n_weights);
            (rest, rest_weights) = (others, other_weights);
            tasks.push((chunk, own, own_weights));
        }
        tasks.into_par_iter().for_each_init(
            || vec![Vec::new(); n_segments],
            |tiles, (chunk, sources, weights)| {
                tiles.iter_mut().for_each(Vec::clear);
                for (&node, row) in node_of[chunk.rows.clone()].iter().zip(0..) {
                    for at in in_rows.range(node) {
                        let source = position_of[in_rows.items()[at] as usize];
                        tiles[segment(source)].push((row, source, at));
                    }
                }
                chunk.write(tiles, sources, weights, weight_of);
            },
        );
        let pieces = (0..n_segments).map(|segment| pieces(&chunks, segment)).collect();
        Self { chunks, pieces, sources, weights }
    }
}

/// Row of the chunk, source, place among the old rows.
type Edge = (u16, u32, usize);

impl Chunk {
    /// Writes edges tile after tile.
    fn write(
        &mut self,
        tiles: &[Vec<Edge>],
        sources: &mut [u32],
        weights: &mut [f64],
        weight_of: Option<&impl Fn(usize) -> f64>,
    ) {
        let mut end = 0;
        for tile in tiles {
            self.tiles.push((self.entries.len(), self.edges.start + end));
            for row in by_length(tile) {
                if let (false, Ok(n_edges)) = (self.is_heavy(), u16::try_from(row.len())) {
                    self.entries.push(Entry { row: row[0].0, n_edges });
                }
                for &(_, source, at) in row {
                    sources[end] = source;
                    if let Some(weight_of) = weight_of {
                        weights[end] = weight_of(at);
                    }
                    end += 1;
                }
            }
        }
        self.tiles.push((self.entries.len(), self.edges.end));
        self.entries.shrink_to_fit();
    }

    /// Whether it is one row that no single task should take.
    fn is_heavy(&self) -> bool {
        self.edges.len() > CHUNK_EDGES_MAX
    }
}

/// The rows of a tile, long ones first; a distribution by length, as sorting took longer than the rest together.
fn by_length(tile: &[Edge]) -> Vec<&[Edge]> {
    // Beyond 32 edges, one branch more at the end of a row is nothing.
    let group = |row: &[Edge]| {
        95 - if row.len() < 32 { row.len() } else { 27 + row.len().ilog2() as usize }
    };
    let mut cursor = [0usize; 97];
    for row in tile.chunk_by(|a, b| a.0 == b.0) {
        cursor[group(row) + 1] += 1;
    }
    for place in 1..cursor.len() {
        cursor[place] += cursor[place - 1];
    }
    let mut rows: Vec<&[Edge]> = vec![&[]; cursor[96]];
    for row in tile.chunk_by(|a, b| a.0 == b.0) {
        let place = &mut cursor[group(row)];
        rows[*place] = row;
        *place += 1;
    }
    rows
}

/// Cuts rows into chunks of bounded work; a row that is longer stands alone.
fn cut(in_rows: CsrView<'_>, node_of: &[u32]) -> Vec<Chunk> {
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut end = 0;
    for (row, &node) in node_of.iter().enumerate() {
        let start = end;
        end += in_rows.range(node).len();
        match chunks.last_mut() {
            Some(last)
                if end - last.edges.start <= CHUNK_EDGES_MAX
                    && last.rows.len() < CHUNK_ROWS_MAX =>
            {
                (last.rows.end, last.edges.end) = (row + 1, end);
            }
            _ => {
                let (entries, tiles) = (Vec::new(), Vec::new());
                chunks.push(Chunk { rows: row..row + 1, edges: start..end, entries, tiles });
            }
        }
    }
    chunks
}

fn pieces(chunks: &[Chunk], segment: usize) -> Vec<Piece> {
    let heavy = chunks.iter().filter(|chunk| chunk.is_heavy());
    let pieces = heavy.flat_map(|chunk| {
        let (start, end) = (chunk.tiles[segment].1, chunk.tiles[segment + 1].1);
        let cuts = (start..end).step_by(CHUNK_EDGES_MAX);
        cuts.map(move |at| Piece {
            row: chunk.rows.start,
            edges: at..end.min(at + CHUNK_EDGES_MAX),
        })
    });
    pieces.collect()
}
