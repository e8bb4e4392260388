//! Propagated risk: how near a cluster is to the known entities of a category, by all ways at once. For ranking, never as
//! evidence.
//!
//! In: [`ClusterEdge`] rows of one asset, who holds which cluster ([`Owners`]), the entities. Out: [`Rank`] rows: by side and
//! category the clusters with the highest scores, each 0 to 1 and told apart by the entities that it comes from.
//! Definition: a walk starts at an entity of the category (drawn by confidence, whether or not it ever paid), goes on with chance `d` along what it paid
//! (side received: with the money; side sent: against it), in proportion to amounts, and ends with chance `1 - d` at every
//! cluster. At a cluster of a known entity, or one that never paid, it is over. The score is the chance that it ends there.
//! `r = (1 - d) y`, `y = s + d Q' y`: all payments of an entity leave one node of its own (its *emitter*), where its walks
//! start and no edge leads, and its clusters have no way out. So nothing passes through a known party, as in exposure, yet
//! every category uses one matrix.
//! `y` is linear in the start `s`, while PageRank scores are not where there are sinks; so scores are made lane by lane, one
//! entity each and one for all others, and **a score is the sum of its contributions** (within 1e-12, the rounding).
//! Source: personalized PageRank, Page et al. 1999, section 6; TTR and RiskProp use it on transaction graphs.
//! Departures: mass ends at services and sinks and is not given back; payments of possible mixes count half (their amounts
//! are proportional shares, a convention); time is not respected, which proximity does.
//! Cost: one pass of eight lanes a side and category ([`graph::pagerank`]); 20 bytes an edge, 64 a node and pass.
//! Checked against: Gaussian elimination on the definition (`tests/it/rank.rs`).

mod network;
mod state;

use graph::{
    EdgeWeights, GraphError, PageRankOptions, Personalization, TransitionMatrix, pagerank,
};
use ledger::{Category, ClusterEdge, Entity, EntityId, FlowSide, Rank};

use crate::Owners;
use network::Network;

pub use state::{RankState, RankUpdates};

/// How ranks are made.
#[derive(Clone, Debug, PartialEq)]
pub struct RankOptions {
    /// The chance that a walk goes on, from 0 and below 1.
    pub damping_factor: f64,
    /// What a payment of a possible mix counts, in thousandths of its amount.
    pub mixing_permille: u32,
    /// Scores of a side and category differ from the exact ones by at most this, summed over all clusters; from 1e-12.
    pub error_max: f64,
    /// How many entities of a category are told apart as contributors: those that moved most; 7 fit one pass.
    pub entities_max: usize,
    /// How many clusters of a side and category are told, the highest scores first.
    pub rows_max: usize,
    /// The categories from which walks start.
    pub categories: Vec<Category>,
}

impl Default for RankOptions {
    fn default() -> Self {
        let risky = Category::SANCTIONED.number()..=Category::MIXING.number();
        Self {
            damping_factor: 0.85,
            mixing_permille: 500,
            error_max: 1e-9,
            entities_max: 7,
            rows_max: 1_000,
            categories: risky.filter_map(Category::from_number).collect(),
        }
    }
}

/// Why no ranks can be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RankError {
    /// Amounts of two assets cannot be weighed against each other.
    #[error("cluster edges of {first:?} and {other:?} cannot be weighed against each other")]
    Assets {
        /// The asset of the first row.
        first: String,
        /// Another one.
        other: String,
    },
    /// A cluster is held by an entity that is not in the table.
    #[error("entity {number} holds a cluster and is not among the {n_entities} entities")]
    Entity {
        /// Its number.
        number: u32,
        /// How many there are.
        n_entities: usize,
    },
    /// Options out of range, or too large a graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

impl RankError {
    /// What can be done about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Assets { .. } => Some("pass the rows of one asset".to_owned()),
            Self::Entity { .. } => {
                Some("pass the entities by which the owners were made".to_owned())
            }
            Self::Graph(_) => None,
        }
    }
}

/// Ranks of all sides and categories.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranks {
    /// By side, then category, then the highest score first.
    pub rows: Vec<Rank>,
    /// The scores of a side and category differ from the exact ones by at most this, summed over all clusters.
    pub error_bound: f64,
}

/// Ranks from all cluster edges of one asset.
///
/// # Errors
/// Rows of two assets, an entity that is not in the table, an option out of range, more clusters than 32-bit ids.
pub fn ranks(
    edges: &[ClusterEdge],
    owners: Owners<'_>,
    entities: &[Entity],
    options: &RankOptions,
) -> Result<Ranks, RankError> {
    let network = Network::new(edges, owners, entities.len(), options.mixing_permille)?;
    let mut found = Ranks::default();
    for side in FlowSide::BOTH {
        let (rows, weights) = network.in_rows(side)?;
        let matrix = TransitionMatrix::from_rows(rows.view(), EdgeWeights::Real(&weights))?;
        let moved = network.moved(side);
        for &category in &options.categories {
            let seeds = Seeds::of(category, entities, &moved, options.entities_max);
            let lanes = lanes(&matrix, &seeds, options)?;
            found.rows.extend(rows_of(&network, side, category, &lanes, options.rows_max));
            let bound: f64 = lanes.iter().map(|lane| lane.error_bound).sum();
            found.error_bound = found.error_bound.max(bound);
        }
    }
    Ok(found)
}

/// Where the walks of a category start.
struct Seeds {
    /// An entity, or [`EntityId::NONE`] for several; their emitters; the chance of each to be drawn.
    lanes: Vec<(EntityId, Vec<u32>, Vec<f64>)>,
}

impl Seeds {
    /// Entities by confidence; those that moved most have a lane of their own. Walks of entities that moved nothing end
    /// where they start: such entities have their chance and no lane.
    fn of(category: Category, entities: &[Entity], moved: &[f64], entities_max: usize) -> Self {
        let own = entities.iter().filter(|entity| entity.category == category);
        let total: f64 = own.clone().map(|entity| f64::from(entity.confidence)).sum();
        let chance = |entity: &Entity| f64::from(entity.confidence) / total;
        let moves = |entity: &&Entity| {
            let moved = moved.get(entity.id.get() as usize).copied().unwrap_or(0.0);
            entity.confidence > 0 && moved > 0.0
        };
        let mut seeds: Vec<&Entity> = own.filter(moves).collect();
        let moved_by = |entity: &Entity| moved[entity.id.get() as usize];
        seeds.sort_by(|a, b| moved_by(b).total_cmp(&moved_by(a)).then(a.id.cmp(&b.id)));
        // One that would be alone among the others is told by its name.
        let named = if seeds.len() == entities_max + 1 { seeds.len() } else { entities_max };
        let others = seeds.split_off(named.min(seeds.len()));
        let mut lanes: Vec<_> = seeds
            .iter()
            .map(|entity| (entity.id, vec![entity.id.get()], vec![chance(entity)]))
            .collect();
        if !others.is_empty() {
            let emitters = others.iter().map(|entity| entity.id.get()).collect();
            let chances = others.iter().map(|entity| chance(entity)).collect();
            lanes.push((EntityId::NONE, emitters, chances));
        }
        Self { lanes }
    }
}

/// What the walks of one lane add to the scores of its category.
struct LaneScores {
    entity: EntityId,
    /// By node.
    parts: Vec<f64>,
    error_bound: f64,
}

fn lanes(
    matrix: &TransitionMatrix,
    seeds: &Seeds,
    options: &RankOptions,
) -> Result<Vec<LaneScores>, GraphError> {
    let d = options.damping_factor;
    let personalization: Vec<Personalization<'_>> = seeds
        .lanes
        .iter()
        .map(|(_, node, weight)| Personalization::Seeds { node, weight })
        .collect();
    // From the change of a step to the error of `r`: `d / (1 - d)` to that of the scores, and as much again by which
    // the visits may be off.
    let change_max = options.error_max * (1.0 - d) * (1.0 - d);
    let pagerank_options = PageRankOptions {
        damping_factor: d,
        tolerance: change_max / f64::from(matrix.n_nodes().max(1)),
        iterations_max: 10_000,
        absorbing: &[],
    };
    let found = pagerank(matrix, &personalization, &pagerank_options)?;
    let of = |(lane, (entity, _, chances)): (graph::PageRank, &(EntityId, Vec<u32>, Vec<f64>))| {
        let chance: f64 = chances.iter().sum();
        let scale = chance * (1.0 - d) * lane.visits;
        let parts = lane.scores.iter().map(|score| score * scale).collect();
        LaneScores { entity: *entity, parts, error_bound: chance * lane.error_bound / (1.0 - d) }
    };
    Ok(found.into_iter().zip(&seeds.lanes).map(of).collect())
}

fn rows_of(
    network: &Network,
    side: FlowSide,
    category: Category,
    lanes: &[LaneScores],
    rows_max: usize,
) -> Vec<Rank> {
    let score = |node: usize| lanes.iter().map(|lane| lane.parts[node]).sum::<f64>();
    let mut best: Vec<(f64, usize)> = network
        .cluster_nodes()
        .map(|node| (score(node), node))
        .filter(|(score, _)| *score > 0.0)
        .collect();
    // Nodes ascend with clusters.
    let order = |a: &(f64, usize), b: &(f64, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if best.len() > rows_max {
        best.select_nth_unstable_by(rows_max, order);
        best.truncate(rows_max);
    }
    best.sort_unstable_by(order);
    let row = |(score, node): (f64, usize)| {
        let parts = lanes.iter().map(|lane| (lane.entity, lane.parts[node]));
        let mut contributors: Vec<(EntityId, f64)> = parts.filter(|part| part.1 > 0.0).collect();
        contributors.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Rank { cluster: network.cluster(node), side, category, score, contributors }
    };
    best.into_iter().map(row).collect()
}
