//! Screening: is this address on a list, is its cluster, and how near is the nearest listed or tagged entity?
//!
//! In: what is live on the lists, cluster labels, and the proximity arrays of the last run. Out: indexes into them, as plain
//! data; the caller turns them into names. Reads no file and no clock: the same call in an audit next year gives the
//! same answer.
//!
//! Source: OFAC FAQ 562, 594, 646 (exact matches, listings not exhaustive); the decoded-address rule of
//! `docs/methods/sanctions-lists.md`. Departures: none known; no fuzzy match is made on addresses.
//! Cost: two binary searches over the lists and a constant number of array reads; a path costs its hops.
//! Checked by: linear search over the same lists (`tests.rs`), and by the engine's replay of simulated worlds.

#[cfg(test)]
mod tests;

use ledger::{Address, AddressId, ClusterId, Listing};

/// The live entries of the lists, by decoded address.
#[derive(Clone, Debug, Default)]
pub struct ListIndex {
    listings: Vec<Listing>,
}

impl ListIndex {
    /// Indexes the entries that are live; several may name one address.
    pub fn new(mut listings: Vec<Listing>) -> Self {
        let order = |row: &Listing| (row.address, row.list.clone(), row.entity_id.clone());
        listings.sort_by_cached_key(order);
        Self { listings }
    }

    /// Every entry, by address, list and entity.
    pub fn listings(&self) -> &[Listing] {
        &self.listings
    }

    /// The entries that name `address`; empty if none does.
    pub fn find(&self, address: &Address) -> &[Listing] {
        let from = self.listings.partition_point(|row| row.address < *address);
        let rest = &self.listings[from..];
        &rest[..rest.partition_point(|row| row.address == *address)]
    }

    /// Each listed address once.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.listings.chunk_by(|a, b| a.address == b.address).map(|same| &same[0].address)
    }
}

/// Which clusters hold listed addresses.
#[derive(Clone, Debug, Default)]
pub struct ListedClusters {
    /// Cluster and listed member, sorted.
    members: Vec<(ClusterId, AddressId)>,
}

impl ListedClusters {
    /// From the listed addresses that have appeared on chain, and the label of every address.
    ///
    /// An address younger than the labels is its own cluster until the next run.
    pub fn new(listed: impl IntoIterator<Item = AddressId>, labels: &[u32]) -> Self {
        let with_cluster = |address: AddressId| (cluster_of(labels, address), address);
        let mut members: Vec<_> = listed.into_iter().map(with_cluster).collect();
        members.sort_unstable();
        members.dedup();
        Self { members }
    }

    /// The listed members of `cluster`, by id.
    pub fn members_of(&self, cluster: ClusterId) -> impl ExactSizeIterator<Item = AddressId> {
        let from = self.members.partition_point(|(other, _)| *other < cluster);
        let rest = &self.members[from..];
        let same = &rest[..rest.partition_point(|(other, _)| *other == cluster)];
        same.iter().map(|(_, address)| *address)
    }

    /// Each cluster with a listed member, once, ascending.
    pub fn clusters(&self) -> impl Iterator<Item = ClusterId> {
        self.members.chunk_by(|a, b| a.0 == b.0).map(|same| same[0].0)
    }
}

/// The cluster of an address by its label; an address without a label is its own cluster.
pub fn cluster_of(labels: &[u32], address: AddressId) -> ClusterId {
    let label = labels.get(address.index()).copied().unwrap_or(address.get());
    ClusterId::new(AddressId::new(label))
}
