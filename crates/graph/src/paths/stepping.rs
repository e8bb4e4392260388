//! The best cost of a path to every node: buckets of nodes in order of their cost.
//!
//! In: sources, what an edge adds. Out: one cost a node.
//! Source: see [`super::lengths`].
//! Departures: the width of a bucket is a power of two near the length that one edge in a node's row stays below,
//! taken from a sample of the lengths, and 1 for widths. A node is walked on from again only if it became better.
//! Cost: see [`super::lengths`].

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::prelude::*;

use super::lengths::UNREACHED;
use super::walk::{Filter, PathOptions, Walk, is_open};
use super::wheel::Wheel;
use crate::Direction;
use crate::csr::CsrView;
use crate::graph::{EdgeColumns, GraphView};

/// What an edge adds to the cost of a path; never takes anything away.
#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    /// One.
    Hop,
    /// Its length.
    Sum(&'a [u64]),
    /// What its weight leaves missing to `u64::MAX`, if that is more than what is missing already.
    Narrow(&'a [u64]),
}

impl Step<'_> {
    /// The cost beyond the edge at a position; [`UNREACHED`] if it does not fit.
    pub(super) fn after(self, cost: u64, at: usize) -> u64 {
        match self {
            Self::Hop => cost.saturating_add(1),
            Self::Sum(lengths) => cost.saturating_add(lengths[at]),
            Self::Narrow(weights) => cost.max(u64::MAX - weights[at]),
        }
    }
}

/// What a search on many threads shares.
pub(super) struct Ground<'g> {
    rows: CsrView<'g>,
    columns: EdgeColumns<'g>,
    filter: Option<Filter>,
    /// Whether paths go on from each node; `None`: from all.
    open: Option<Vec<bool>>,
    step: Step<'g>,
    cost_max: u64,
    cancelled: Option<&'g AtomicBool>,
}

impl<'g> Ground<'g> {
    pub(super) fn new(
        graph: &GraphView<'g>,
        options: &PathOptions<'g>,
        sources: &[u32],
        step: Step<'g>,
        cost_max: u64,
    ) -> Self {
        let all_open = options.blocked.is_none() && options.degree_max == usize::MAX;
        let open = (!all_open).then(|| {
            let mut open: Vec<bool> =
                (0..graph.n_nodes()).map(|node| is_open(graph, options, node)).collect();
            for &source in sources {
                open[source as usize] = true;
            }
            open
        });
        let (rows, columns) = (graph.rows(Direction::Forward), graph.columns());
        let (filter, cancelled) = (Filter::of(options), options.cancelled);
        Self { rows, columns, filter, open, step, cost_max, cancelled }
    }

    fn is_open(&self, node: u32) -> bool {
        self.open.as_ref().is_none_or(|open| open[node as usize])
    }

    /// The edges that may be walked from a node of some cost: target, and its cost that way.
    pub(super) fn edges(&self, node: u32, cost: u64) -> impl Iterator<Item = (u32, u64)> + '_ {
        let row = if self.is_open(node) { self.rows.range(node) } else { 0..0 };
        let walked =
            move |at: &usize| self.filter.as_ref().is_none_or(|f| f.passes(&self.columns, *at));
        row.filter(walked).map(move |at| (self.rows.items()[at], self.step.after(cost, at)))
    }

    /// How many edges lead on from the nodes that were reached.
    pub(super) fn edges_left(&self, costs: &[u64]) -> u64 {
        let nodes = (0..self.rows.n_rows()).into_par_iter();
        let reached = nodes.filter(|&node| costs[node as usize] != UNREACHED && self.is_open(node));
        reached.map(|node| self.rows.range(node).len() as u64).sum()
    }

    /// Whether a node was not reached because its cost would have been too much.
    pub(super) fn is_cut(&self, costs: &[u64]) -> bool {
        (0..self.rows.n_rows()).into_par_iter().any(|node| {
            let cost = costs[node as usize];
            cost != UNREACHED
                && self.edges(node, cost).any(|(target, reached)| {
                    reached > self.cost_max && costs[target as usize] == UNREACHED
                })
        })
    }

    /// The width of a bucket, as a power of two.
    fn shift(&self) -> u32 {
        let Step::Sum(lengths) = self.step else { return 0 };
        let stride = (lengths.len() / N_SAMPLES).max(1);
        let mut sample: Vec<u64> = lengths.iter().step_by(stride).copied().collect();
        sample.sort_unstable();
        // In a row of d edges, one is below the 1/d part of all lengths.
        let d = (lengths.len() / (self.rows.n_rows() as usize).max(1)).max(1);
        sample.get(sample.len() / d).and_then(|length| length.checked_ilog2()).unwrap_or(0)
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.is_some_and(|cancelled| cancelled.load(Ordering::Relaxed))
    }
}

const N_SAMPLES: usize = 1024;
/// Buckets of fewer nodes are walked by one thread: to share them costs more.
const PARALLEL_MIN: usize = 1024;
/// How many nodes a thread takes at a time.
const CHUNK: usize = 256;

/// Costs of all nodes, while threads make them smaller.
struct Costs {
    best: Vec<AtomicU64>,
    /// The cost with which each node was walked on from last.
    walked: Vec<AtomicU64>,
}

/// The cost of every node, and whether any sum was more than the largest.
pub(super) fn solve(ground: &Ground<'_>, sources: &[u32]) -> (Vec<u64>, bool) {
    let n_nodes = ground.rows.n_rows();
    let unreached = || (0..n_nodes).map(|_| AtomicU64::new(UNREACHED)).collect();
    let costs = Costs { best: unreached(), walked: unreached() };
    let shift = ground.shift();
    let mut wheel = Wheel::new();
    for &source in sources {
        costs.best[source as usize].store(0, Ordering::Relaxed);
        wheel.push(0, source);
    }
    let key_of = |node: u32| costs.best[node as usize].load(Ordering::Relaxed) >> shift;
    let (mut nodes, mut reached, mut over) = (Vec::new(), Vec::new(), false);
    let threads = rayon::current_num_threads();
    while let Some(key) = wheel.pop(&mut nodes, key_of) {
        if ground.is_cancelled() {
            break;
        }
        if threads > 1 && nodes.len() >= PARALLEL_MIN {
            let parts: Vec<(Vec<(u64, u32)>, bool)> = nodes
                .par_chunks(CHUNK)
                .map(|chunk| {
                    let mut reached = Vec::new();
                    let over = walk_on::<true>(ground, &costs, (key, shift), chunk, &mut reached);
                    (reached, over)
                })
                .collect();
            for (part, part_over) in parts {
                over |= part_over;
                part.into_iter().for_each(|(key, node)| wheel.push(key, node));
            }
        } else {
            over |= walk_on::<false>(ground, &costs, (key, shift), &nodes, &mut reached);
            reached.drain(..).for_each(|(key, node)| wheel.push(key, node));
        }
    }
    (costs.best.into_par_iter().map(AtomicU64::into_inner).collect(), over)
}

/// Walks on from the nodes of a bucket; whom it makes better goes to `reached`, with its key.
fn walk_on<const SHARED: bool>(
    ground: &Ground<'_>,
    costs: &Costs,
    (key, shift): (u64, u32),
    nodes: &[u32],
    reached: &mut Vec<(u64, u32)>,
) -> bool {
    let mut over = false;
    for &node in nodes {
        let cost = costs.best[node as usize].load(Ordering::Relaxed);
        // Better by now, and so walked in an earlier bucket; or here for the second time.
        if cost >> shift != key || costs.walked[node as usize].swap(cost, Ordering::Relaxed) == cost
        {
            continue;
        }
        if !ground.is_open(node) {
            continue;
        }
        let row = ground.rows.range(node);
        over |= match (ground.step, &ground.filter) {
            (Step::Sum(lengths), None) => {
                let lengths = &lengths[row.clone()];
                let after = lengths.iter().map(|&length| cost.saturating_add(length));
                relax::<SHARED>(ground, costs, shift, row, after, reached)
            }
            _ => {
                let mut over = false;
                for (target, after) in ground.edges(node, cost) {
                    over |= reach::<SHARED>(ground, costs, shift, (target, after), reached);
                }
                over
            }
        };
    }
    over
}

/// Relaxes a whole row.
fn relax<const SHARED: bool>(
    ground: &Ground<'_>,
    costs: &Costs,
    shift: u32,
    row: Range<usize>,
    after: impl Iterator<Item = u64>,
    reached: &mut Vec<(u64, u32)>,
) -> bool {
    let mut over = false;
    for (&target, after) in ground.rows.items()[row].iter().zip(after) {
        over |= reach::<SHARED>(ground, costs, shift, (target, after), reached);
    }
    over
}

/// Takes note of a way to `target`; true if it costs too much.
#[inline(always)]
fn reach<const SHARED: bool>(
    ground: &Ground<'_>,
    costs: &Costs,
    shift: u32,
    (target, cost): (u32, u64),
    reached: &mut Vec<(u64, u32)>,
) -> bool {
    let best = &costs.best[target as usize];
    if cost >= best.load(Ordering::Relaxed) || cost > ground.cost_max {
        return cost > ground.cost_max;
    }
    if SHARED {
        if best.fetch_min(cost, Ordering::Relaxed) <= cost {
            return false;
        }
    } else {
        best.store(cost, Ordering::Relaxed);
    }
    reached.push((cost >> shift, target));
    false
}

/// As [`solve`], node by node in order of their costs, with every edge counted.
pub(super) fn one_by_one(
    walk: &mut Walk<'_, '_, '_>,
    sources: &[u32],
    step: Step<'_>,
    cost_max: u64,
) -> Vec<u64> {
    let mut costs = vec![UNREACHED; walk.graph.n_nodes() as usize];
    let mut is_done = vec![false; costs.len()];
    let rows = walk.graph.rows(Direction::Forward);
    let mut wheel = Wheel::new();
    for &source in sources {
        costs[source as usize] = 0;
        wheel.push(0, source);
    }
    let mut nodes = Vec::new();
    while wheel.pop(&mut nodes, |node| costs[node as usize]).is_some() {
        for &node in &nodes {
            let is_source = sources.binary_search(&node).is_ok();
            if std::mem::replace(&mut is_done[node as usize], true)
                || !(is_source || walk.passes(node))
            {
                continue;
            }
            let cost = costs[node as usize];
            let mut row = rows.range(node);
            while let Some(piece) = walk.piece(&mut row) {
                for at in piece {
                    let target = rows.items()[at];
                    let after = step.after(cost, at);
                    let known = costs[target as usize];
                    let is_cut = after > cost_max && known == UNREACHED;
                    if !(after < known || is_cut)
                        || !walk.admits(node, target, at, Direction::Forward)
                    {
                        continue;
                    }
                    if is_cut {
                        walk.length_cut = true;
                        continue;
                    }
                    costs[target as usize] = after;
                    wheel.push(after, target);
                }
            }
        }
        if walk.stopped.is_some() {
            break;
        }
    }
    costs
}
