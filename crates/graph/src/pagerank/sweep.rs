//! One step of the power iteration for `L` lanes at once.
//!
//! In: what each node sends along each unit of out-weight (`old`), its scores. Out: its new scores, what it sends
//! next, and the sums over all nodes that decide about stopping. Arrays are `[node][lane]`, so that one random read
//! brings all lanes.
//! Source: pull with divided contributions, Beamer, Asanovic, Patterson, "Reducing PageRank communication via
//! propagation blocking", 2017 (the baseline).
//! Departures: every sum has a fixed shape. A row is added up in two interleaved halves (each at its own pace: an
//! addition waits four cycles for the one before), pieces of long rows and chunks of rows in their order. So the
//! bits depend neither on threads nor on the lanes beside.
//! Cost: a sweep reads 4 bytes (12 with weights) and gathers `8 L` bytes an edge; reads 8 bytes and rewrites `16 L`
//! a node.

use std::ops::Range;

use rayon::prelude::*;

use super::TransitionMatrix;
use super::matrix::Chunk;

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
        self.matrix.chunks().iter().map(sum).sum()
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
        let pieces = self.matrix.pieces().par_iter();
        let pieces: Vec<[f64; L]> = pieces.map(|piece| self.sum(piece.clone(), old)).collect();
        let mut tasks = Vec::with_capacity(self.matrix.chunks().len());
        let (mut scores, mut new) = (scores, new);
        for chunk in self.matrix.chunks() {
            let (own_scores, rest_scores) = scores.split_at_mut(chunk.rows.len());
            let (own_new, rest_new) = new.split_at_mut(chunk.rows.len());
            tasks.push(Task { chunk, scores: own_scores, new: own_new });
            (scores, new) = (rest_scores, rest_new);
        }
        let sums: Vec<Totals<L>> =
            tasks.into_par_iter().map(|task| self.rows(start, again, old, &pieces, task)).collect();
        let zero = Totals { change: [0.0; L], sinks: [0.0; L] };
        sums.iter().fold(zero, |total, one| Totals {
            change: add(total.change, one.change),
            sinks: add(total.sinks, one.sinks),
        })
    }

    /// The rows of one chunk.
    fn rows<const L: usize>(
        &self,
        start: &StartLanes<L>,
        again: [f64; L],
        old: &[[f64; L]],
        pieces: &[[f64; L]],
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
            let mut sum = if task.chunk.pieces.is_empty() {
                self.sum(self.matrix.row(row), old)
            } else {
                pieces[task.chunk.pieces.clone()].iter().fold([0.0; L], |sum, &one| add(sum, one))
            };
            if inverse < 0.0 {
                sum = add(sum, *scores);
            }
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
        let sources = &self.matrix.sources()[edges.clone()];
        let mut halves = [[0.0; L]; 2];
        if let Some(weights) = self.matrix.weights() {
            for (sources, weights) in sources.chunks(2).zip(weights[edges].chunks(2)) {
                for ((half, &source), &weight) in halves.iter_mut().zip(sources).zip(weights) {
                    *half = add(*half, old[source as usize].map(|one| one * weight));
                }
            }
        } else {
            for sources in sources.chunks(2) {
                for (half, &source) in halves.iter_mut().zip(sources) {
                    *half = add(*half, old[source as usize]);
                }
            }
        }
        add(halves[0], halves[1])
    }
}

/// Edges that are added up one after the other: the rounding of a sum grows with its length, and a hub has a
/// hundred thousand in-edges.
const BLOCK: usize = 256;

fn add<const L: usize>(a: [f64; L], b: [f64; L]) -> [f64; L] {
    std::array::from_fn(|lane| a[lane] + b[lane])
}
