//! The product's answers on a world: exposure, proximity, patterns, ranks, scores, each from its kernel with its defaults.

use std::collections::BTreeMap;
use std::fmt::Display;

use forensics::exposure::{ExposureOptions, ExposureState, Parties, PreviousTransactions};
use forensics::mixes::Lineage;
use forensics::patterns::{PatternOptions, PatternState, pattern_transfers};
use forensics::proximity::{ProximityOptions, ProximityState};
use forensics::rank::{RankOptions, ranks};
use forensics::score::{ClusterFacts, ListedMember, Profile, Scored, score};
use ledger::{Category, ClusterId, Exposure, FlowSide, PatternMatch, ProximityRow, Timestamp};

use super::world::RiskWorld;
use crate::Error;

/// Everything that the product says of a world's clusters.
pub(super) struct Answers {
    /// By cluster.
    pub(super) exposures: BTreeMap<ClusterId, Vec<Exposure>>,
    /// By cluster, shares filled in.
    pub(super) proximities: BTreeMap<ClusterId, Vec<ProximityRow>>,
    pub(super) hops_max: u8,
    pub(super) patterns: Vec<PatternMatch>,
    /// Propagated risk of what a cluster received, over all categories.
    pub(super) ranks: BTreeMap<ClusterId, f64>,
    /// By cluster.
    pub(super) scores: BTreeMap<ClusterId, Scored>,
}

impl Answers {
    pub(super) fn of(world: &RiskWorld) -> Result<Self, Error> {
        let exposures = by_cluster(exposures(world)?, |row| row.cluster);
        let (rows, hops_max) = proximities(world)?;
        let mut proximities = by_cluster(rows, |row| row.cluster);
        for (cluster, rows) in &mut proximities {
            let of_cluster = exposures.get(cluster).map_or(&[][..], Vec::as_slice);
            rows.iter_mut().for_each(|row| row.share = share(of_cluster, row.side, row.category));
        }
        let mut answers = Self {
            exposures,
            proximities,
            hops_max,
            patterns: patterns(world)?,
            ranks: propagated(world)?,
            scores: BTreeMap::new(),
        };
        answers.score(world);
        Ok(answers)
    }

    fn score(&mut self, world: &RiskWorld) {
        let profile = Profile::default();
        let patterns = by_cluster(self.patterns.clone(), |row| row.cluster);
        for cluster in world.clusters() {
            let held_by = world.owners().entity_of_cluster(cluster);
            let listed: Vec<ListedMember> = held_by
                .filter(|id| world.entities[id.get() as usize].category == Category::SANCTIONED)
                .map(|entity| ListedMember { entity, n_addresses: 1 })
                .into_iter()
                .collect();
            let facts = ClusterFacts {
                held_by,
                listed: &listed,
                exposures: self.exposures.get(&cluster).map_or(&[], Vec::as_slice),
                proximities: self.proximities.get(&cluster).map_or(&[], Vec::as_slice),
                patterns: patterns.get(&cluster).map_or(&[], Vec::as_slice),
                ..ClusterFacts::nothing(cluster, &world.entities)
            };
            self.scores.insert(cluster, score(&facts, &profile));
        }
    }
}

fn by_cluster<T>(
    rows: impl IntoIterator<Item = T>,
    cluster: impl Fn(&T) -> ClusterId,
) -> BTreeMap<ClusterId, Vec<T>> {
    let mut of_cluster: BTreeMap<ClusterId, Vec<T>> = BTreeMap::new();
    for row in rows {
        of_cluster.entry(cluster(&row)).or_default().push(row);
    }
    of_cluster
}

/// The part of what a cluster received (or sent) that is exposed to a category.
fn share(rows: &[Exposure], side: FlowSide, category: Category) -> f64 {
    let sum = |counts: &dyn Fn(&Exposure) -> bool| -> f64 {
        let rows = rows.iter().filter(|row| row.side == side && counts(row));
        rows.map(|row| row.amount.units() as f64).sum()
    };
    let (part, whole) = (sum(&|row| row.category == category), sum(&|_| true));
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn categories(world: &RiskWorld) -> Vec<Category> {
    world.entities.iter().map(|entity| entity.category).collect()
}

fn exposures(world: &RiskWorld) -> Result<Vec<Exposure>, Error> {
    let batch = world.ledger.batch();
    let previous = PreviousTransactions::default().apply(batch);
    let parties = Parties { owners: world.owners(), categories: &categories(world) };
    let price = |time: Timestamp| world.price_micros(time);
    let mut state = ExposureState::new(ExposureOptions::default());
    state.apply(batch, &previous, &parties, &price).map_err(refused)?;
    state.refresh_sent();
    Ok(state.exposures())
}

fn proximities(world: &RiskWorld) -> Result<(Vec<ProximityRow>, u8), Error> {
    let options = ProximityOptions::default();
    let hops_max = options.hops_max;
    let mut state = ProximityState::new(options);
    state.push(world.ledger.batch())?;
    state.update(&world.owners(), &world.entities);
    Ok((state.all_rows().collect(), hops_max))
}

fn patterns(world: &RiskWorld) -> Result<Vec<PatternMatch>, Error> {
    let batch = world.ledger.batch();
    let mixes = Lineage::default().apply(batch);
    let transfers = pattern_transfers(batch, &world.labels, &mixes)?;
    let price = |time: Timestamp| world.price_micros(time);
    let parties = forensics::patterns::Parties {
        owners: world.owners(),
        categories: &categories(world),
        price: &price,
    };
    let mut state = PatternState::new(PatternOptions::default()).map_err(refused)?;
    state.apply(&transfers, &parties).map_err(refused)?;
    Ok(state.rows(&price))
}

fn propagated(world: &RiskWorld) -> Result<BTreeMap<ClusterId, f64>, Error> {
    let edges = forensics::cluster_edges([world.ledger.batch()], &world.labels)?;
    let options = RankOptions { rows_max: usize::MAX, ..RankOptions::default() };
    let found = ranks(&edges, world.owners(), &world.entities, &options).map_err(refused)?;
    let mut sums = BTreeMap::new();
    for row in found.rows.iter().filter(|row| row.side == FlowSide::Received) {
        *sums.entry(row.cluster).or_default() += row.score;
    }
    Ok(sums)
}

/// A kernel that refuses a world of ours: a fault of the program, told in its words.
fn refused(error: impl Display) -> Error {
    Error::Question { what: error.to_string(), hint: None }
}
