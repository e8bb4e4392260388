//! Ranks that follow the chain: after a block the scores are repaired, not made again.
//!
//! In: all cluster edges once, then the rows that a block changed, as they are after it. Out: scores by side and category,
//! off by at most a stated sum.
//! Definition: that of `mod.rs`, on [`graph::DynamicPageRank`]; contributions are made by [`super::ranks`] only.
//! Departures: nodes are numbered in order of arrival, and sums of floats depend on the way: so what many blocks left and
//! what is made at once agree within their bounds, not byte by byte. A ranking is no evidence, so that is enough; a run
//! writes the table from empty. Unwinding is an update with the rows as they were. When clusters merge or a tag changes,
//! make the state again: emitters are for good.
//! Cost: one pass over the edges an update (rows are merged), and the pushes of `DynamicPageRank`; 44 bytes an edge and side.
//! Checked against: Gaussian elimination after every block (`tests/it/rank.rs`).

use std::collections::BTreeMap;

use graph::{
    Csr, CsrView, DynamicPageRank, EdgeChange, EdgeWeights, GraphError, PageRankOptions,
    Personalization, RankUpdate, TransitionMatrix,
};
use ledger::{AddressId, Category, ClusterEdge, ClusterId, Entity, FlowSide};

use super::network::{check_assets, emitter, weight};
use super::{RankError, RankOptions};
use crate::Owners;

/// Scores of all sides and categories, kept up to date.
#[derive(Clone, Debug)]
pub struct RankState {
    options: RankOptions,
    n_entities: usize,
    /// Categories that have entities: the lanes.
    categories: Vec<Category>,
    node_of: BTreeMap<u32, u32>,
    /// By node, less the emitters.
    clusters: Vec<u32>,
    /// By cluster node: the node at which its walks start: its entity's emitter, or itself.
    starts: Vec<u32>,
    sides: [Side; 2],
}

/// What an update did on one side, one entry a category with entities.
#[derive(Clone, Debug, PartialEq)]
pub struct RankUpdates {
    /// Which side.
    pub side: FlowSide,
    /// By category: what was pushed and what may be off.
    pub lanes: Vec<(Category, RankUpdate)>,
}

#[derive(Clone, Debug)]
struct Side {
    /// Ordered by `from`, `paid`, `to`.
    edges: Vec<Edge>,
    rank: Option<DynamicPageRank>,
}

/// An edge of the walk; `paid` tells the clusters of one entity apart, which share an emitter.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Edge {
    from: u32,
    paid: u32,
    to: u32,
    weight: f64,
}

impl Edge {
    fn key(&self) -> (u32, u32, u32) {
        (self.from, self.paid, self.to)
    }
}

impl RankState {
    /// From all cluster edges of one asset.
    ///
    /// # Errors
    /// As [`super::ranks`]; if `error_max` is not from 1e-12 to 2.
    pub fn new(
        edges: &[ClusterEdge],
        owners: Owners<'_>,
        entities: &[Entity],
        options: &RankOptions,
    ) -> Result<Self, RankError> {
        let is_seed = |category: &Category| {
            entities.iter().any(|one| one.category == *category && one.confidence > 0)
        };
        let side = || Side { edges: Vec::new(), rank: None };
        let mut state = Self {
            options: options.clone(),
            n_entities: entities.len(),
            categories: options.categories.iter().copied().filter(is_seed).collect(),
            node_of: BTreeMap::new(),
            clusters: Vec::new(),
            starts: Vec::new(),
            sides: [side(), side()],
        };
        let changes = state.changes(edges, owners)?;
        for (side, changes) in state.sides.iter_mut().zip(changes) {
            side.merge(changes);
        }
        let seeds = state.seeds(entities);
        let n_nodes = state.n_nodes();
        for side in &mut state.sides {
            side.rank = Some(side.first(n_nodes, &seeds, options)?);
        }
        Ok(state)
    }

    /// Takes up cluster edges as they are after a block: a row replaces what was known of its pair, one of no amount takes
    /// it away. If a row is refused, nothing has changed; after an error of the graph make the state again.
    ///
    /// # Errors
    /// As [`super::ranks`].
    pub fn update(
        &mut self,
        changed: &[ClusterEdge],
        owners: Owners<'_>,
    ) -> Result<[RankUpdates; 2], RankError> {
        let n_before = self.clusters.len();
        let changes = self.changes(changed, owners).inspect_err(|_| self.forget(n_before))?;
        let n_nodes = self.n_nodes();
        let mut updates = Vec::with_capacity(2);
        for ((side, changes), name) in self.sides.iter_mut().zip(changes).zip(FlowSide::BOTH) {
            let moved = side.merge(changes);
            let lanes = side.update(n_nodes, &moved)?;
            let lanes = self.categories.iter().copied().zip(lanes).collect();
            updates.push(RankUpdates { side: name, lanes });
        }
        Ok(updates.try_into().expect("one for each of the two sides"))
    }

    /// Takes nodes back that came with rows that were refused.
    fn forget(&mut self, n_clusters: usize) {
        for cluster in self.clusters.drain(n_clusters..) {
            self.node_of.remove(&cluster);
        }
        self.starts.truncate(n_clusters);
    }

    /// The highest scores of a side and category, up to `rows_max`; ties in order of clusters.
    pub fn top(
        &self,
        side: FlowSide,
        category: Category,
        rows_max: usize,
    ) -> Vec<(ClusterId, f64)> {
        let scores = self.scores(side, category);
        let mut best: Vec<(ClusterId, f64)> = self
            .clusters
            .iter()
            .zip(scores)
            .filter(|(_, score)| *score > 0.0)
            .map(|(cluster, score)| (ClusterId::new(AddressId::new(*cluster)), score))
            .collect();
        best.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        best.truncate(rows_max);
        best
    }

    /// The score of one cluster; 0 where no walk arrives.
    pub fn score(&self, side: FlowSide, category: Category, cluster: ClusterId) -> f64 {
        let Some(node) = self.node_of.get(&cluster.get().get()) else { return 0.0 };
        self.scores(side, category).get(*node as usize - self.n_entities).copied().unwrap_or(0.0)
    }

    /// By cluster node.
    fn scores(&self, side: FlowSide, category: Category) -> Vec<f64> {
        let lane = self.categories.iter().position(|one| *one == category);
        let rank = self.sides[usize::from(side == FlowSide::Sent)].rank.as_ref();
        let (Some(lane), Some(rank)) = (lane, rank) else { return Vec::new() };
        let scale = (1.0 - self.options.damping_factor) * rank.visits(lane);
        let scores = rank.scores(lane);
        scores.into_iter().skip(self.n_entities).map(|score| score * scale).collect()
    }

    fn n_nodes(&self) -> u32 {
        u32::try_from(self.n_entities + self.clusters.len()).unwrap_or(u32::MAX)
    }

    /// The rows as edges of both sides, in order; new clusters get their nodes.
    fn changes(
        &mut self,
        rows: &[ClusterEdge],
        owners: Owners<'_>,
    ) -> Result<[Vec<Edge>; 2], RankError> {
        check_assets(rows)?;
        let mut sides = [Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len())];
        for row in rows.iter().filter(|row| row.source != row.target) {
            let source = self.node(row.source, owners)?;
            let target = self.node(row.target, owners)?;
            let weight = weight(row, self.options.mixing_permille);
            for (side, (paid, to)) in sides.iter_mut().zip([(source, target), (target, source)]) {
                let from = self.starts[paid as usize - self.n_entities];
                side.push(Edge { from, paid, to, weight });
            }
        }
        for side in &mut sides {
            side.sort_by_key(Edge::key);
            // The last row of a pair counts.
            side.reverse();
            side.dedup_by_key(|edge| edge.key());
            side.reverse();
        }
        Ok(sides)
    }

    fn node(&mut self, cluster: ClusterId, owners: Owners<'_>) -> Result<u32, RankError> {
        let cluster = cluster.get().get();
        if let Some(node) = self.node_of.get(&cluster) {
            return Ok(*node);
        }
        let start = emitter(cluster, owners, self.n_entities)?;
        let node = self.n_nodes();
        self.node_of.insert(cluster, node);
        self.clusters.push(cluster);
        self.starts.push(start.unwrap_or(node));
        Ok(node)
    }

    /// Emitters and chances by category.
    fn seeds(&self, entities: &[Entity]) -> Vec<(Vec<u32>, Vec<f64>)> {
        let of = |category: &Category| {
            let own = entities.iter().filter(|one| one.category == *category && one.confidence > 0);
            own.map(|one| (one.id.get(), f64::from(one.confidence))).unzip()
        };
        self.categories.iter().map(of).collect()
    }
}

impl Side {
    /// Puts changed edges in their places; returns by how much each changed.
    fn merge(&mut self, changed: Vec<Edge>) -> Vec<EdgeChange> {
        let mut moved = Vec::with_capacity(changed.len());
        let mut edges = Vec::with_capacity(self.edges.len() + changed.len());
        let mut old = std::mem::take(&mut self.edges).into_iter().peekable();
        for edge in changed {
            while let Some(kept) = old.next_if(|kept| kept.key() < edge.key()) {
                edges.push(kept);
            }
            let before =
                old.next_if(|kept| kept.key() == edge.key()).map_or(0.0, |kept| kept.weight);
            let weight_change = edge.weight - before;
            if weight_change != 0.0 {
                moved.push(EdgeChange { source: edge.from, target: edge.to, weight_change });
            }
            if edge.weight > 0.0 {
                edges.push(edge);
            }
        }
        edges.extend(old);
        self.edges = edges;
        moved
    }

    /// Out-rows with their weights.
    fn rows(&self, n_nodes: u32) -> (Vec<u64>, Vec<u32>, Vec<f64>) {
        let mut offsets = vec![0u64; n_nodes as usize + 1];
        for edge in &self.edges {
            offsets[edge.from as usize + 1] += 1;
        }
        for row in 1..offsets.len() {
            offsets[row] += offsets[row - 1];
        }
        let targets = self.edges.iter().map(|edge| edge.to).collect();
        (offsets, targets, self.edges.iter().map(|edge| edge.weight).collect())
    }

    fn first(
        &self,
        n_nodes: u32,
        seeds: &[(Vec<u32>, Vec<f64>)],
        options: &RankOptions,
    ) -> Result<DynamicPageRank, GraphError> {
        let (offsets, targets, weights) = self.rows(n_nodes);
        let out = CsrView::new(&offsets, &targets)?;
        let mut order: Vec<&Edge> = self.edges.iter().collect();
        order.sort_by_key(|edge| edge.to);
        let sources: Vec<u32> = order.iter().map(|edge| edge.from).collect();
        let keys: Vec<u32> = order.iter().map(|edge| edge.to).collect();
        let in_weights: Vec<f64> = order.iter().map(|edge| edge.weight).collect();
        let in_rows = Csr::from_pairs(n_nodes, &keys, &sources)?;
        let matrix = TransitionMatrix::from_rows(in_rows.view(), EdgeWeights::Real(&in_weights))?;
        let personalization: Vec<Personalization<'_>> =
            seeds.iter().map(|(node, weight)| Personalization::Seeds { node, weight }).collect();
        let damping_factor = options.damping_factor;
        let pagerank_options =
            PageRankOptions { damping_factor, iterations_max: 10_000, ..Default::default() };
        let weights = EdgeWeights::Real(&weights);
        let error_max = options.error_max;
        DynamicPageRank::new(&matrix, out, weights, &personalization, &pagerank_options, error_max)
    }

    fn update(
        &mut self,
        n_nodes: u32,
        moved: &[EdgeChange],
    ) -> Result<Vec<RankUpdate>, GraphError> {
        let (offsets, targets, weights) = self.rows(n_nodes);
        let out = CsrView::new(&offsets, &targets)?;
        let rank = self.rank.as_mut().expect("made by `new`, the only constructor");
        rank.update(out, EdgeWeights::Real(&weights), moved)
    }
}
