//! Which known party holds a cluster: entities from what lists and tags claim of its addresses.
//!
//! In: [`Claim`]s, each on one cluster. Out: [`Attribution`]: the rows of the table `entities`, by category and name, and
//! the entity of every cluster that has one.
//! Definition: of the claims on a cluster one names its entity. An entry of a sanctions list goes before every tag; then
//! a tag that is made on the whole cluster goes before one on an address; then the more confident; then the more
//! severe category (the smaller number); then the first by name. One party is one entity, whatever packs it comes
//! from: claims of the same category and name are one.
//! Source: our own; the precedence of cluster definers is that of GraphSense's tag digest.
//! Departures: one entity a cluster, because money is counted once. A cluster that holds both a service and a listed
//! address is that of the listed party: the other way around would hide it. The claims that did not win stay tags.
//! Cost: O(claims log claims). Memory: a row a claim.
//! Checked against: a search of the best claim by reading all of them (`tests/it/attribution.rs`).

use std::cmp::Reverse;

use graph::NONE;
use ledger::{Category, ClusterId, Entity, EntityId};

/// What somebody says of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The cluster.
    pub cluster: ClusterId,
    /// Whether it is an entry of a sanctions list.
    pub listed: bool,
    /// Whether it is made on the whole cluster.
    pub defines_cluster: bool,
    /// How sure it is, 0 to 100.
    pub confidence: u8,
    /// What kind of party is named.
    pub category: Category,
    /// The party.
    pub name: String,
    /// What says so: `list ofac-sdn`, `pack ransomwhere`.
    pub source: String,
    /// The version of it.
    pub source_version: String,
}

/// Entities, and which cluster each holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attribution {
    /// By id: category, then name.
    pub entities: Vec<Entity>,
    /// Clusters with an entity, ascending.
    pub clusters: Vec<(ClusterId, EntityId)>,
}

impl Attribution {
    /// Chooses among claims, in any order.
    pub fn of(mut claims: Vec<Claim>) -> Self {
        claims.sort_by(|a, b| rank(a).cmp(&rank(b)));
        claims.dedup_by(|next, best| next.cluster == best.cluster);
        // Where several clusters are of one party, its source is the strongest claim on any of them.
        let mut named: Vec<&Claim> = claims.iter().collect();
        named.sort_by(|a, b| {
            (a.category, &a.name)
                .cmp(&(b.category, &b.name))
                .then_with(|| strength(a).cmp(&strength(b)))
        });
        named.dedup_by(|next, best| (next.category, &next.name) == (best.category, &best.name));
        let entity = |(id, claim): (u32, &&Claim)| Entity {
            id: EntityId::new(id),
            category: claim.category,
            name: claim.name.clone(),
            source: claim.source.clone(),
            source_version: claim.source_version.clone(),
            confidence: if claim.listed { 100 } else { claim.confidence },
        };
        let entities: Vec<Entity> = (0..NONE).zip(&named).map(entity).collect();
        let id_of = |claim: &Claim| {
            let key = (claim.category, claim.name.as_str());
            let at = entities.binary_search_by(|row| (row.category, row.name.as_str()).cmp(&key));
            entities[at.expect("every claim that won names an entity")].id
        };
        let clusters = claims.iter().map(|claim| (claim.cluster, id_of(claim))).collect();
        Self { entities, clusters }
    }

    /// The entity of every label below `n_labels`, [`graph::NONE`] for nobody known: the column of
    /// [`crate::Owners::entities`].
    pub fn by_label(&self, n_labels: usize) -> Vec<u32> {
        let mut column = vec![NONE; n_labels];
        for (cluster, entity) in &self.clusters {
            if let Some(place) = column.get_mut(cluster.index()) {
                *place = entity.get();
            }
        }
        column
    }
}

/// By cluster, the best claim first.
fn rank(claim: &Claim) -> impl Ord + '_ {
    (claim.cluster, strength(claim))
}

/// The best claim first; the rest of the key makes the order total.
fn strength(claim: &Claim) -> impl Ord + '_ {
    (
        Reverse(claim.listed),
        Reverse(claim.defines_cluster),
        Reverse(claim.confidence),
        claim.category,
        claim.name.as_str(),
        claim.source.as_str(),
        claim.source_version.as_str(),
    )
}
