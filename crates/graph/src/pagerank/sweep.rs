//! One step of the power iteration for `L` lanes at once.
//!
//! In: what each node sends along each unit of out-weight (`old`), its scores. Out: its new scores, what it sends
//! next, and the sums over all nodes that decide about stopping. Arrays are `[node][lane]`, so that one random read
//! brings all lanes.
//! Source: pull with divided contributions, Beamer, Asanovic, Patterson, "Reducing PageRank communication via
//! propagation blocking", 2017 (the baseline).
//! Departures: segments (`layout.rs`), and sums of a fixed shape. The edges of a row in a tile are added up in blocks
//! of two interleaved halves (an addition waits four cycles for the one before), then blocks, pieces of long rows,
//! segments and chunks in their order. So the bits depend neither on threads nor on the lanes beside.
//! Cost: a sweep reads 4 bytes (12 with weights) and gathers `8 L` bytes an edge; reads 8 bytes and rewrites `16 L`
//! a node.

use std::ops::Range;

use rayon::prelude::*;

use super::TransitionMatrix;
use super::layout::Chunk;

/// The matrix as one question sees it.
pub(super) struct Sweep<'a> {
    pub(super) matrix: &'a TransitionMatrix,
    pub(super) damping_factor: f64,
    /// By position: one over the total out-weight, 0 for a sink, [`ABSORBING`] for a node that keeps its mass.
    inverse: Vec<f64>,
}

const ABSORBING: f64 = -1.0;

/// Where lanes start: `base` for every node and the seeds on top, by position.
pub(super) struct StartLanes<const L: usize> {
    pub(super) base: [f64; L],
    pub(super) seeds: Vec<(u32, [f64; L])>,
}

/// Sums over all nodes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Totals<const L: usize> {
    pub(super) change: [f64; L],
    pub(super) sinks: [f64; L],
}

/// The arrays of one step.
struct Task<'t, const L: usize> {
    chunk: &'t Chunk,
    scores: &'t mut [[f64; L]],
    new: &'t mut [[f64; L]],
}

impl<'a> Sweep<'a> {
    pub(super) fn new(
        matrix: &'a TransitionMatrix,
        damping_factor: f64,
        absorbing: &[bool],
    ) -> Self {
        let mut inverse = matrix.inverse().to_vec();
        for (&node, inverse) in matrix.node_of().iter().zip(&mut inverse) {
            if absorbing.get(node as usize) == Some(&true) {
                *inverse = ABSORBING;
            }
        }
        Self { matrix, damping_factor, inverse }
    }

    /// What absorbing nodes hold, by position.
    pub(super) fn absorbed(&self, scores: &[f64]) -> f64 {
        let held = scores.iter().zip(&self.inverse).filter(|(_, inverse)| **inverse == ABSORBING);
        held.map(|(score, _)| score).sum()
    }

    /// What sinks hold, by position: the same sum as in a step.
    pub(super) fn sinks(&self, scores: &[f64]) -> f64 {
        let sum = |chunk: &Chunk| {
            let nodes = scores[chunk.rows.clone()].iter().zip(&self.inverse[chunk.rows.clone()]);
            nodes.filter(|(_, inverse)| **inverse == 0.0).map(|(score, _)| score).sum::<f64>()
        };
        self.matrix.layout().chunks.iter().map(sum).sum()
    }

    /// What each node sends along a unit of out-weight.
    pub(super) fn contributions<const L: usize>(&self, scores: &[[f64; L]]) -> Vec<[f64; L]> {
        let pairs = scores.par_iter().zip(&self.inverse);
        pairs.map(|(scores, inverse)| scores.map(|score| score * inverse.max(0.0))).collect()
    }

    /// Takes one step: `scores` and `new` are rewritten.
    pub(super) fn step<const L: usize>(
        &self,
        start: &StartLanes<L>,
        sinks: [f64; L],
        old: &[[f64; L]],
        scores: &mut [[f64; L]],
        new: &mut [[f64; L]],
    ) -> Totals<L> {
        let d = self.damping_factor;
        let again = sinks.map(|sinks| 1.0 - d + d * sinks);
        for segment in 0..self.matrix.layout().pieces.len() {
            self.gather(segment, old, new);
        }
        let mut tasks = Vec::with_capacity(self.matrix.layout().chunks.len());
        let mut rest = scores;
        for (chunk, new) in self.split(new) {
            let (scores, others) = rest.split_at_mut(chunk.rows.len());
            tasks.push(Task { chunk, scores, new });
            rest = others;
        }
        let sums: Vec<Totals<L>> =
            tasks.into_par_iter().map(|task| self.rows(start, again, task)).collect();
        let zero = Totals { change: [0.0; L], sinks: [0.0; L] };
        sums.iter().fold(zero, |total, one| Totals {
            change: add(total.change, one.change),
            sinks: add(total.sinks, one.sinks),
        })
    }

    /// An array by position, cut at the chunks.
    fn split<'t, T>(&self, array: &'t mut [T]) -> Vec<(&'a Chunk, &'t mut [T])> {
        let mut rest = array;
        let cut = |chunk: &'a Chunk| {
            let (own, others) = std::mem::take(&mut rest).split_at_mut(chunk.rows.len());
            rest = others;
            (chunk, own)
        };
        self.matrix.layout().chunks.iter().map(cut).collect()
    }

    /// Adds to `sums` what arrives from the sources of one segment; the first one sets them.
    fn gather<const L: usize>(&self, segment: usize, old: &[[f64; L]], sums: &mut [[f64; L]]) {
        self.split(sums).into_par_iter().for_each(|(chunk, sums)| {
            if segment == 0 {
                sums.fill([0.0; L]);
            }
            let (entries, mut start) = chunk.tile(segment);
            for entry in entries {
                let end = start + usize::from(entry.n_edges);
                let sum = &mut sums[usize::from(entry.row)];
                *sum = add(*sum, self.sum(start..end, old));
                start = end;
            }
        });
        let pieces = self.matrix.layout().pieces[segment].par_iter();
        let pieces: Vec<(usize, [f64; L])> =
            pieces.map(|piece| (piece.row, self.sum(piece.edges.clone(), old))).collect();
        for (row, sum) in pieces {
            sums[row] = add(sums[row], sum);
        }
    }

    /// Makes sums of the rows of one chunk into scores and what they send next.
    fn rows<const L: usize>(
        &self,
        start: &StartLanes<L>,
        again: [f64; L],
        task: Task<'_, L>,
    ) -> Totals<L> {
        let d = self.damping_factor;
        let rows = task.chunk.rows.clone();
        let first = start.seeds.partition_point(|seed| (seed.0 as usize) < rows.start);
        let mut seeds = start.seeds[first..].iter().peekable();
        let base: [f64; L] = std::array::from_fn(|lane| again[lane] * start.base[lane]);
        let mut totals = Totals { change: [0.0; L], sinks: [0.0; L] };
        let nodes = task.scores.iter_mut().zip(task.new).zip(&self.inverse[rows.clone()]);
        for (row, ((scores, new), &inverse)) in rows.zip(nodes) {
            let sum = if inverse < 0.0 { add(*new, *scores) } else { *new };
            let mut score: [f64; L] = std::array::from_fn(|lane| base[lane] + d * sum[lane]);
            if let Some((_, seed)) = seeds.next_if(|seed| seed.0 as usize == row) {
                score = std::array::from_fn(|lane| score[lane] + again[lane] * seed[lane]);
            }
            for lane in 0..L {
                totals.change[lane] += (score[lane] - scores[lane]).abs();
            }
            if inverse == 0.0 {
                totals.sinks = add(totals.sinks, score);
            }
            *scores = score;
            *new = score.map(|score| score * inverse.max(0.0));
        }
        totals
    }

    /// What arrives along the in-edges at these places.
    fn sum<const L: usize>(&self, edges: Range<usize>, old: &[[f64; L]]) -> [f64; L] {
        if edges.len() <= BLOCK {
            return self.block(edges, old);
        }
        let blocks = edges.clone().step_by(BLOCK);
        blocks.fold([0.0; L], |sum, at| add(sum, self.block(at..edges.end.min(at + BLOCK), old)))
    }

    fn block<const L: usize>(&self, edges: Range<usize>, old: &[[f64; L]]) -> [f64; L] {
        let sources = &self.matrix.layout().sources[edges.clone()];
        let (pairs, last) = sources.as_chunks::<2>();
        let (mut even, mut odd) = ([0.0; L], [0.0; L]);
        let weights = &self.matrix.layout().weights;
        if weights.is_empty() {
            for pair in pairs {
                even = add(even, old[pair[0] as usize]);
                odd = add(odd, old[pair[1] as usize]);
            }
            for &source in last {
                even = add(even, old[source as usize]);
            }
            return add(even, odd);
        }
        let (weight_pairs, last_weight) = weights[edges].as_chunks::<2>();
        for (pair, weight) in pairs.iter().zip(weight_pairs) {
            even = add(even, old[pair[0] as usize].map(|one| one * weight[0]));
            odd = add(odd, old[pair[1] as usize].map(|one| one * weight[1]));
        }
        for (&source, &weight) in last.iter().zip(last_weight) {
            even = add(even, old[source as usize].map(|one| one * weight));
        }
        add(even, odd)
    }
}

/// Edges that are added up one after the other: the rounding of a sum grows with its length, and a hub has a
/// hundred thousand in-edges.
const BLOCK: usize = 256;

fn add<const L: usize>(a: [f64; L], b: [f64; L]) -> [f64; L] {
    std::array::from_fn(|lane| a[lane] + b[lane])
}
