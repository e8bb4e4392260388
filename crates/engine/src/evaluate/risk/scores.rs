//! How well illicit clusters are ranked before others, by the score and by naive methods.
//!
//! Ranked are the clusters that no known entity holds: the others are no question. A cluster is illicit if it holds an address of an
//! illicit owner other than a mixer. The naive methods: *degree*, the number of clusters that it exchanged money with; *one hop*, how many satoshi it
//! exchanged with clusters of bad entities; *rank alone*, the propagated risk.

use std::collections::{BTreeMap, BTreeSet};

use forensics::Transfer;
use ledger::{Category, ClusterId};
use simulate::{OwnerId, OwnerKind};

use super::ranking;
use super::report::RankingReport;
use super::world::RiskWorld;

/// Whether money of this kind of party is bad: from sanctioned to mixing.
fn is_bad(category: Category) -> bool {
    (Category::SANCTIONED..=Category::MIXING).contains(&category)
}

/// What was ranked, over all worlds: by method, a value and the truth a cluster.
#[derive(Default)]
pub(super) struct Rankings(BTreeMap<&'static str, Vec<(f64, bool)>>);

impl Rankings {
    /// Adds the values that a method gives to clusters of a world; 0 for those without.
    pub(super) fn add(
        &mut self,
        world: &RiskWorld,
        method: &'static str,
        values: &BTreeMap<ClusterId, f64>,
    ) {
        let truth = &world.truth;
        let is_mixer = |owner: &OwnerId| truth.ownership.owner(*owner).kind == OwnerKind::Mixer;
        let mut illicit: BTreeSet<_> = truth.laundering.illicit().into_iter().collect();
        illicit.retain(|owner| !is_mixer(owner));
        let asked =
            world.clusters().filter(|cluster| world.owners().entity_of_cluster(*cluster).is_none());
        let items = asked.map(|cluster| {
            let is_illicit = world.owners_of(cluster).iter().any(|owner| illicit.contains(owner));
            (values.get(&cluster).copied().unwrap_or_default(), is_illicit)
        });
        self.0.entry(method).or_default().extend(items);
    }

    /// Adds the naive methods that need transfers only.
    pub(super) fn add_naive(&mut self, world: &RiskWorld, transfers: &[Transfer]) {
        let mut met: BTreeSet<(ClusterId, ClusterId)> = BTreeSet::new();
        let mut near: BTreeMap<ClusterId, f64> = BTreeMap::new();
        let bad = |cluster| {
            let entity = world.owners().entity_of_cluster(cluster);
            entity.is_some_and(|id| is_bad(world.entities[id.get() as usize].category))
        };
        for row in transfers {
            met.extend([(row.source, row.target), (row.target, row.source)]);
            if bad(row.source) {
                *near.entry(row.target).or_default() += row.amount_sat as f64;
            }
            if bad(row.target) {
                *near.entry(row.source).or_default() += row.amount_sat as f64;
            }
        }
        let mut degree: BTreeMap<ClusterId, f64> = BTreeMap::new();
        for (cluster, _) in met {
            *degree.entry(cluster).or_default() += 1.0;
        }
        self.add(world, "degree", &degree);
        self.add(world, "one hop", &near);
    }

    pub(super) fn report(self) -> Vec<RankingReport> {
        self.0.into_iter().map(|(method, items)| report(method, &items)).collect()
    }
}

fn report(method: &str, items: &[(f64, bool)]) -> RankingReport {
    let (average_precision, bounds) = ranking::with_bounds(items, 1);
    RankingReport {
        method: method.to_owned(),
        clusters: items.len() as u64,
        illicit: items.iter().filter(|item| item.1).count() as u64,
        average_precision,
        bounds,
        first_hundred: ranking::among_first(items, 100),
    }
}
