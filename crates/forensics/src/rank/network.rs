//! The graph on which ranks are made: an emitter for each entity, then the clusters.
//!
//! In: cluster edges and owners. Out: nodes, and in-rows with weights for one side. Node `e` below the number of entities
//! is the emitter of entity `e`; the clusters follow in order.

use graph::{Csr, GraphError};
use ledger::{AddressId, ClusterEdge, ClusterId, FlowSide};

use super::RankError;
use crate::Owners;

/// Nodes and weighted edges between clusters.
pub(super) struct Network {
    n_emitters: usize,
    /// Ascending.
    clusters: Vec<u32>,
    /// By place in `clusters`: the emitter of the entity that holds it.
    emitters: Vec<Option<u32>>,
    /// Who paid and who was paid, by place in `clusters`, and the weight.
    edges: Vec<(u32, u32, f64)>,
}

impl Network {
    pub(super) fn new(
        edges: &[ClusterEdge],
        owners: Owners<'_>,
        n_entities: usize,
        mixing_permille: u32,
    ) -> Result<Self, RankError> {
        check_assets(edges)?;
        let ends = edges.iter().flat_map(|edge| [edge.source, edge.target]);
        let mut clusters: Vec<u32> = ends.map(|cluster| cluster.get().get()).collect();
        clusters.sort_unstable();
        clusters.dedup();
        let emitters = clusters.iter().map(|&cluster| emitter(cluster, owners, n_entities));
        let emitters = emitters.collect::<Result<Vec<_>, _>>()?;
        let place = |cluster: ClusterId| {
            let found = clusters.binary_search(&cluster.get().get());
            u32::try_from(found.expect("every end was put in")).expect("clusters are 32-bit ids")
        };
        let edges = edges
            .iter()
            .filter(|edge| edge.source != edge.target)
            .map(|edge| (place(edge.source), place(edge.target), weight(edge, mixing_permille)));
        let edges = edges.filter(|edge| edge.2 > 0.0).collect();
        Ok(Self { n_emitters: n_entities, clusters, emitters, edges })
    }

    /// Rows of sources by target, and the weights beside them.
    pub(super) fn in_rows(&self, side: FlowSide) -> Result<(Csr, Vec<f64>), GraphError> {
        let mut ends: Vec<(u32, u32, f64)> =
            self.edges.iter().map(|edge| self.along(side, *edge)).collect();
        ends.sort_unstable_by(|a, b| (a.1, a.0).cmp(&(b.1, b.0)).then(a.2.total_cmp(&b.2)));
        let sources: Vec<u32> = ends.iter().map(|end| end.0).collect();
        let targets: Vec<u32> = ends.iter().map(|end| end.1).collect();
        let n_nodes = self.n_emitters + self.clusters.len();
        let n_nodes = u32::try_from(n_nodes).unwrap_or(u32::MAX);
        let rows = Csr::from_pairs(n_nodes, &targets, &sources)?;
        Ok((rows, ends.into_iter().map(|end| end.2).collect()))
    }

    /// By entity: all that leads away from its emitter.
    pub(super) fn moved(&self, side: FlowSide) -> Vec<f64> {
        let mut moved = vec![0.0; self.n_emitters];
        for edge in &self.edges {
            let (from, _, weight) = self.along(side, *edge);
            if let Some(sum) = moved.get_mut(from as usize) {
                *sum += weight;
            }
        }
        moved
    }

    /// Nodes that are clusters, ascending as they do.
    pub(super) fn cluster_nodes(&self) -> std::ops::Range<usize> {
        self.n_emitters..self.n_emitters + self.clusters.len()
    }

    /// The cluster of such a node.
    pub(super) fn cluster(&self, node: usize) -> ClusterId {
        ClusterId::new(AddressId::new(self.clusters[node - self.n_emitters]))
    }

    /// An edge in the direction of a walk, by node.
    fn along(&self, side: FlowSide, (paid, got, weight): (u32, u32, f64)) -> (u32, u32, f64) {
        let (from, to) = if side == FlowSide::Received { (paid, got) } else { (got, paid) };
        let base = u32::try_from(self.n_emitters).expect("entities are 32-bit ids");
        let start = self.emitters[from as usize].unwrap_or(base + from);
        (start, base + to, weight)
    }
}

pub(super) fn check_assets(edges: &[ClusterEdge]) -> Result<(), RankError> {
    let Some(first) = edges.first() else { return Ok(()) };
    match edges.iter().find(|edge| edge.asset != first.asset) {
        None => Ok(()),
        Some(other) => Err(RankError::Assets {
            first: first.asset.symbol().to_owned(),
            other: other.asset.symbol().to_owned(),
        }),
    }
}

/// The emitter of the entity that holds a cluster.
pub(super) fn emitter(
    cluster: u32,
    owners: Owners<'_>,
    n_entities: usize,
) -> Result<Option<u32>, RankError> {
    let Some(entity) = owners.entity_of_cluster(ClusterId::new(AddressId::new(cluster))) else {
        return Ok(None);
    };
    let number = entity.get();
    if number as usize >= n_entities {
        return Err(RankError::Entity { number, n_entities });
    }
    Ok(Some(number))
}

/// What an edge weighs: its amount, payments of possible mixes counted in part.
#[expect(clippy::cast_precision_loss, reason = "a weight: the nearest double is near enough")]
pub(super) fn weight(edge: &ClusterEdge, mixing_permille: u32) -> f64 {
    let n = edge.n_transactions.max(1) as f64;
    let mixed = edge.n_mixing.min(edge.n_transactions) as f64 / n;
    let kept = f64::from(mixing_permille.min(1_000)) / 1_000.0;
    edge.amount.units() as f64 * (1.0 - mixed * (1.0 - kept))
}
