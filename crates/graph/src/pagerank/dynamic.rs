//! PageRank that follows a changing graph: a batch of edges is repaired, not recomputed.
//!
//! In: a graph with its first scores, then batches of changed edges with the graph after them. Out: scores that differ
//! from the exact ones of the latest graph by at most a stated sum.
//! Source: Zhang, Lofgren, Goel, "Approximate personalized PageRank on dynamic graphs", KDD 2016; Ohsaka, Maehara,
//! Kawarabayashi, "Efficient PageRank tracking in evolving networks", KDD 2015. Where the total out-weight `W` of
//! a node changes, its estimate is scaled by `W'/W`: what it sends along unchanged edges then stays as it was, and
//! only changed edges and the node itself get a residual. The residuals are then pushed (`push.rs`).
//! Departures: weights; many edges of a node at once; where `W` more than doubles or halves, the estimate stays
//! and the row of the node is repaired instead, as scaling would make a residual larger than the estimate.
//! Cost: O(changes + out-degrees of their sources), and the pushes; 17 bytes a node and lane, 8 a node.
//! Checked against: Gaussian elimination over the graph after each batch (`tests/it/pagerank.rs`).

use rayon::prelude::*;

use super::local::check_error_max;
use super::push::{Goal, Push, PushGraph, Slots};
use super::sweep::Sweep;
use super::{
    EdgeWeights, Lane, PageRankOptions, Personalization, TransitionMatrix, check_options, lanes,
    starts_of,
};
use crate::GraphError;
use crate::csr::CsrView;

/// By how much the weight between two nodes changed; changes of one pair add up (in doubles: name what came and
/// went within a batch only if it is not many times all that the source sends). A new edge has its weight, an edge that went has minus it;
/// with [`EdgeWeights::Unit`] that is 1 and -1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EdgeChange {
    /// Where the edge starts.
    pub source: u32,
    /// Where it leads.
    pub target: u32,
    /// The weight after less the weight before.
    pub weight_change: f64,
}

/// What an update did, for one lane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankUpdate {
    /// The scores differ from the exact ones by at most this, summed over all nodes (before rounding).
    pub error_bound: f64,
    /// How many residuals were pushed.
    pub pushes: u64,
    /// How many edges were read for it.
    pub edges_visited: u64,
}

/// Scores that are kept up to date.
#[derive(Debug, Clone)]
pub struct DynamicPageRank {
    damping_factor: f64,
    error_max: f64,
    absorbing: Vec<bool>,
    /// The total out-weight of each node.
    totals: Vec<f64>,
    lanes: Vec<Tracked>,
}

#[derive(Debug, Clone)]
struct Tracked {
    /// A uniform start gives 1 to every node, so that a new node changes nothing for the others.
    uniform: bool,
    start_sum: f64,
    push: Push,
}

/// A node's slot is its id.
struct ById {
    n_nodes: usize,
}

impl Slots for ById {
    fn slot(&mut self, node: u32) -> usize {
        node as usize
    }

    #[expect(clippy::cast_possible_truncation, reason = "slots come from ids")]
    fn node(&self, slot: usize) -> u32 {
        slot as u32
    }

    fn n_slots(&self) -> usize {
        self.n_nodes
    }
}

impl DynamicPageRank {
    /// Computes the first scores, one lane a personalization. `matrix` and `out` hold the same edges with the same
    /// weights, by target and by source. `error_max` is what scores may differ from the exact ones, summed over all
    /// nodes, now and after each update; `options.tolerance` is not used. Absorbing nodes are for good, and nodes that
    /// come later do not absorb.
    ///
    /// # Errors
    /// As [`super::pagerank`]; if `error_max` is not in `1e-12..=2`; if the rows are not those of a graph with the
    /// nodes and edges of the matrix.
    pub fn new(
        matrix: &TransitionMatrix,
        out: CsrView<'_>,
        weights: EdgeWeights<'_>,
        personalization: &[Personalization<'_>],
        options: &PageRankOptions<'_>,
        error_max: f64,
    ) -> Result<Self, GraphError> {
        check_options(matrix.n_nodes(), options)?;
        check_error_max(error_max)?;
        crate::error::same_length("out rows", matrix.n_nodes() as usize, out.n_rows() as usize)?;
        crate::error::same_length("out items", matrix.n_edges(), out.n_items())?;
        weights.check(out.n_items())?;
        let d = options.damping_factor;
        let starts = starts_of(matrix, personalization)?;
        let sweep = Sweep::new(matrix, d, options.absorbing);
        // A quarter of what reaches the goal: updates then start with most of their budget.
        let change_max = error_max * (1.0 - d) / 8.0;
        let mut tracked = Vec::with_capacity(starts.len());
        for block in starts.chunks(lanes::WIDTH_MAX) {
            let mut found: Vec<Lane<'_>> =
                block.iter().map(|start| Lane::new(&sweep, start)).collect();
            lanes::advance(&sweep, &mut found, change_max, options.iterations_max);
            tracked.extend(track(&sweep, found));
        }
        let rows = (0..out.n_rows()).into_par_iter();
        let totals = rows.map(|node| weights.total(out.range(node))).collect();
        let (damping_factor, absorbing) = (d, options.absorbing.to_vec());
        let mut all = Self { damping_factor, error_max, absorbing, totals, lanes: tracked };
        // Nothing to push, unless `iterations_max` cut the iteration.
        all.settle(out, weights);
        Ok(all)
    }

    /// Takes up a batch: the graph after it, as out-rows, and what changed. Nodes may only be added. If there is
    /// an error, nothing has changed. Each lane is one task, and its bits depend on nothing beside it.
    ///
    /// # Errors
    /// The rows are not those of a graph, an end of a change is no node, nodes were lost, or the changes do not lead
    /// from the total out-weight of a source to its new one (a change was left out, or named twice). Targets and
    /// weights of the rows are read only where something changes and are not checked: a target that is no node
    /// panics, a weight out of range counts as 0.
    pub fn update(
        &mut self,
        out: CsrView<'_>,
        weights: EdgeWeights<'_>,
        changes: &[EdgeChange],
    ) -> Result<Vec<RankUpdate>, GraphError> {
        let n_before = self.totals.len();
        let n_nodes = out.n_rows();
        if (n_nodes as usize) < n_before {
            let expected = u32::try_from(n_before).unwrap_or(u32::MAX);
            return Err(GraphError::Shrunk { what: "nodes", expected, found: n_nodes });
        }
        let sources = self.changed_sources(out, weights, changes)?;
        self.totals.resize(n_nodes as usize, 0.0);
        if !self.absorbing.is_empty() {
            self.absorbing.resize(n_nodes as usize, false);
        }
        let d = self.damping_factor;
        self.lanes.par_iter_mut().for_each(|lane| {
            lane.push.grow(n_nodes as usize);
            if lane.uniform {
                (n_before..n_nodes as usize).for_each(|node| lane.push.add(node, 1.0));
                lane.start_sum = f64::from(n_nodes);
            }
            for source in sources
                .iter()
                .filter(|one| !self.absorbing.get(one.node as usize).is_some_and(|&is| is))
            {
                lane.repair(source, out, weights, d);
            }
        });
        for source in &sources {
            self.totals[source.node as usize] = source.total;
        }
        Ok(self.settle(out, weights))
    }

    /// The scores of one lane by node; they sum to 1.
    ///
    /// # Panics
    /// There are not so many lanes.
    pub fn scores(&self, lane: usize) -> Vec<f64> {
        let estimate = &self.lanes[lane].push.estimate;
        // The exact values are not negative: what is below 0 is brought nearer to them.
        let sum: f64 = estimate.iter().map(|one| one.max(0.0)).sum();
        estimate.iter().map(|one| if sum > 0.0 { one.max(0.0) / sum } else { 0.0 }).collect()
    }

    /// See [`super::PageRank::visits`]: `scores * visits` is the estimate of what is linear in the personalization.
    ///
    /// # Panics
    /// There are not so many lanes.
    pub fn visits(&self, lane: usize) -> f64 {
        let Tracked { start_sum, push, .. } = &self.lanes[lane];
        let sum: f64 = push.estimate.iter().map(|one| one.max(0.0)).sum();
        if *start_sum > 0.0 { sum / start_sum } else { 0.0 }
    }

    /// How many personalizations there are.
    pub fn n_lanes(&self) -> usize {
        self.lanes.len()
    }

    /// The changes by source, ascending, with the totals before and after.
    fn changed_sources<'c>(
        &self,
        out: CsrView<'_>,
        weights: EdgeWeights<'_>,
        changes: &'c [EdgeChange],
    ) -> Result<Vec<ChangedSource<'c>>, GraphError> {
        let n_nodes = out.n_rows();
        let sources: Vec<u32> = changes.iter().map(|change| change.source).collect();
        let targets: Vec<u32> = changes.iter().map(|change| change.target).collect();
        crate::csr::check_below("sources of changes", &sources, n_nodes)?;
        crate::csr::check_below("targets of changes", &targets, n_nodes)?;
        let mut order: Vec<&EdgeChange> = changes.iter().collect();
        order.sort_by_key(|change| change.source);
        let groups = order.chunk_by(|a, b| a.source == b.source).map(|group| {
            let node = group[0].source;
            let before = self.totals.get(node as usize).copied().unwrap_or_default();
            let total = weights.total(out.range(node));
            let found: f64 = group.iter().map(|change| change.weight_change).sum();
            // Rounding of sums in another order; a change that was left out is far larger.
            let moved: f64 = group.iter().map(|change| change.weight_change.abs()).sum();
            let rounding = 1e-12 * (before + total + moved);
            if (before + found - total).abs() <= rounding {
                return Ok(ChangedSource { node, before, total, changes: group.to_vec() });
            }
            let (what, expected) = ("sum of the weight changes of a node", "new total less old");
            let found =
                format!("{found} at node {node}, where the total went from {before} to {total}");
            Err(GraphError::Argument { what, found, expected })
        });
        groups.collect()
    }

    fn settle(&mut self, out: CsrView<'_>, weights: EdgeWeights<'_>) -> Vec<RankUpdate> {
        let (d, error_max) = (self.damping_factor, self.error_max);
        let absorbing = &self.absorbing;
        let graph = PushGraph { rows: out, weights, absorbing, damping_factor: d };
        let settle = |lane: &mut Tracked| {
            let (start_sum, edges_max) = (lane.start_sum, u64::MAX);
            let mut slots = ById { n_nodes: out.n_rows() as usize };
            let work = lane.push.run(graph, &mut slots, Goal { error_max, start_sum, edges_max });
            let error_bound = lane.push.error_bound(graph, start_sum);
            RankUpdate { error_bound, pushes: work.pushes, edges_visited: work.edges }
        };
        self.lanes.par_iter_mut().map(settle).collect()
    }
}

struct ChangedSource<'c> {
    node: u32,
    before: f64,
    total: f64,
    changes: Vec<&'c EdgeChange>,
}

impl Tracked {
    /// Restores `r = s - p + d Q' p` after the out-edges of one node changed.
    fn repair(
        &mut self,
        source: &ChangedSource<'_>,
        out: CsrView<'_>,
        weights: EdgeWeights<'_>,
        d: f64,
    ) {
        let node = source.node as usize;
        let (before, total) = (source.before, source.total);
        let estimate = self.push.estimate[node];
        if before > 0.0 && total <= 2.0 * before && before <= 2.0 * total {
            let scaled = estimate * (total / before);
            self.push.set_estimate(node, scaled);
            self.push.add(node, estimate - scaled);
        } else {
            let rest = inverse(total) - inverse(before);
            let row = out.range(source.node);
            for (edge, &target) in row.clone().zip(&out.items()[row]) {
                self.push.add(target as usize, d * estimate * weights.at(edge) * rest);
            }
        }
        for change in &source.changes {
            let sent = d * estimate * change.weight_change * inverse(before);
            self.push.add(change.target as usize, sent);
        }
    }
}

fn inverse(total: f64) -> f64 {
    if total > 0.0 { 1.0 / total } else { 0.0 }
}

/// Lanes as estimates and residuals: one more step says what is left.
fn track(sweep: &Sweep<'_>, mut found: Vec<Lane<'_>>) -> Vec<Tracked> {
    let d = sweep.damping_factor;
    let before: Vec<(Vec<f64>, f64)> =
        found.iter().map(|lane| (lane.scores.clone(), 1.0 - d + d * lane.sinks)).collect();
    found.iter_mut().for_each(|lane| lane.converged = sweep.matrix.n_nodes() == 0);
    lanes::advance(sweep, &mut found, -1.0, 1);
    let tracked = found.iter().zip(before).map(|(lane, (scores, again))| {
        let uniform = lane.is_uniform();
        let start_sum = if uniform { f64::from(sweep.matrix.n_nodes()) } else { 1.0 };
        // A step gives `again * s + d Q' x`; over `again`, that is `p + r` for `p = x / again`.
        let scale = start_sum / again;
        let residual: Vec<f64> =
            lane.scores.iter().zip(&scores).map(|(new, old)| (new - old) * scale).collect();
        let mut push = Push::default();
        push.grow(scores.len());
        push.residual = sweep.matrix.by_node(&residual);
        push.estimate = sweep.matrix.by_node(&scores).into_iter().map(|one| one * scale).collect();
        push.recount();
        Tracked { uniform, start_sum, push }
    });
    tracked.collect()
}
