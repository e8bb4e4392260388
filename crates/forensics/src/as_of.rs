//! Clusters as of a height, for some addresses, without touching the clusters of today.
//!
//! In: the links of one part (all addresses that [`Clusters::tied`](crate::Clusters::tied) names, or all of a ledger),
//! the rules, a height. Out: the clusters and held links that those of that day were.
//! Definition: the fold of `clusters.rs` over the links up to the height. Links only ever lead within such a part, and
//! those up to a height are among those of today, so the part alone gives what the whole would.
//! Departures: the decisions and entities are those that are passed; pass those of the day to see what was known then.
//! Cost: O(links of the part × log).
//! Checked against: clusters to which no later block was ever applied (`tests/it/guard.rs`).

use graph::ReversibleComponents;
use ledger::{AddressId, ClusterId, Height, Link};

use crate::clusters::admission;
use crate::decisions::{LinkKey, link_order};
use crate::guard::{Carried, ClusterRules, HeldLink};

/// Clusters of some addresses.
#[derive(Clone, Debug, PartialEq)]
pub struct ClustersAsOf {
    /// Every address of a link that was passed, ascending.
    pub addresses: Vec<AddressId>,
    /// The cluster of each, in the same order.
    pub clusters: Vec<ClusterId>,
    /// The links held by then, in their order.
    pub held: Vec<HeldLink>,
}

impl ClustersAsOf {
    /// The cluster of an address; one without links is its own.
    pub fn cluster_of(&self, address: AddressId) -> ClusterId {
        let place = self.addresses.binary_search(&address);
        place.map_or(ClusterId::new(address), |place| self.clusters[place])
    }

    /// The members of the cluster of an address, ascending.
    pub fn members(&self, address: AddressId) -> Vec<AddressId> {
        let cluster = self.cluster_of(address);
        let of_all = self.addresses.iter().zip(&self.clusters);
        let mut members: Vec<AddressId> =
            of_all.filter(|(_, own)| **own == cluster).map(|(address, _)| *address).collect();
        if members.is_empty() {
            members.push(address);
        }
        members
    }
}

/// The clusters that `links` up to and including `height` make, whatever order they come in and however often.
pub fn clusters_as_of(links: &[Link], rules: &ClusterRules, height: Height) -> ClustersAsOf {
    let mut addresses: Vec<AddressId> = links.iter().flat_map(|link| [link.a, link.b]).collect();
    addresses.sort_unstable();
    addresses.dedup();
    let place = |address: &AddressId| addresses.binary_search(address).ok().map(small);
    let counts =
        |link: &&Link| link.height <= height && !rules.decisions.verdict(link).leaves_out();
    let mut links: Vec<Link> = links.iter().filter(counts).copied().collect();
    links.sort_unstable_by_key(link_order);
    links.dedup_by_key(|link| LinkKey::of(link));
    let known = rules.entities.iter();
    let entities: Vec<(AddressId, u32)> = known
        .filter_map(|(address, entity)| Some((AddressId::new(place(address)?), *entity)))
        .collect();
    let n_addresses = small(addresses.len());
    let mut carried = Carried::default();
    carried.add(0..n_addresses, &entities);
    let end = |address: AddressId| place(&address).expect("collected above");
    let (a, b): (Vec<u32>, Vec<u32>) = links.iter().map(|link| (end(link.a), end(link.b))).unzip();
    let mut components = ReversibleComponents::default();
    let mut held = Vec::new();
    let admit = admission(&links, rules, &mut carried, &mut held, None);
    let applied = components.apply_where(0, n_addresses, 0, (&a, &b), admit);
    applied.expect("every end was given a place, and there are fewer links than 32-bit ids");
    // Places ascend with addresses, so the smallest place is the smallest address.
    let cluster = |place: u32| ClusterId::new(addresses[place as usize]);
    for one in &mut held {
        one.clusters = one.clusters.map(|of| cluster(of.get().get()));
    }
    let clusters = components.components().labels().into_iter().map(cluster).collect();
    ClustersAsOf { addresses, clusters, held }
}

fn small(count: usize) -> u32 {
    u32::try_from(count).expect("distinct 32-bit ids are at most 2^32 - 1")
}
