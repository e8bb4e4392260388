//! Who holds an address, as far as risk is concerned: its cluster, and the known entity that holds the cluster.

use graph::NONE;
use ledger::{AddressId, ClusterId, EntityId};

/// Clusters and entities as two columns; entities are numbered as in the table `entities`.
#[derive(Clone, Copy, Debug)]
pub struct Owners<'a> {
    /// By address: the label of its cluster (its smallest address).
    pub labels: &'a [u32],
    /// By label: the entity of that cluster, [`graph::NONE`] for nobody known. Clusters of known entities absorb: money
    /// that they pay out comes from them, whatever they were paid before.
    pub entities: &'a [u32],
}

impl Owners<'_> {
    /// The cluster of an address; one without a label is its own cluster.
    pub fn cluster(&self, address: AddressId) -> ClusterId {
        let label = self.labels.get(address.index()).copied();
        ClusterId::new(AddressId::new(label.unwrap_or(address.get())))
    }

    /// The entity that holds a cluster.
    pub fn entity_of_cluster(&self, cluster: ClusterId) -> Option<EntityId> {
        let number = self.entities.get(cluster.index()).copied().unwrap_or(NONE);
        (number != NONE).then(|| EntityId::new(number))
    }

    /// The entity that holds an address.
    pub fn entity(&self, address: AddressId) -> Option<EntityId> {
        self.entity_of_cluster(self.cluster(address))
    }
}
