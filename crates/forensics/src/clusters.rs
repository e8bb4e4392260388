//! Clusters: what the links say together.
//!
//! In: links, and how many addresses there are. Out: one label an address, the smallest address of its cluster.
//! Source: union-find of [`graph::Components`].
//! Departures: clusters are a view, never a record: unwinding takes links away and builds what they touched
//! again from those that remain. Two orders of the same links give the same bytes.
//! Cost: 4 bytes an address, O(log n) a link, at about 100 M links a second in one batch; labels and rows one pass.
//! Checked against: repeated minimum over the links until nothing changes, any cut into parts, and unwinding
//! (`tests/it/clusters.rs`).

use graph::{Components, GraphError, Members};
use ledger::{AddressId, ClusterId, ClusterMember, Link};

/// The clusters of all addresses of a store.
#[derive(Clone, Debug, Default)]
pub struct Clusters {
    components: Components,
}

impl Clusters {
    /// Continues from the labels of an earlier [`Clusters::labels`].
    ///
    /// # Errors
    /// A label is not the smallest address of its cluster.
    pub fn from_labels(labels: &[u32]) -> Result<Self, GraphError> {
        Ok(Self { components: Components::from_labels(labels)? })
    }

    /// Adds addresses, up to `n_addresses` in all, and joins those that `links` join.
    ///
    /// # Panics
    /// A link names an address from `n_addresses` on.
    pub fn apply(&mut self, links: &[Link], n_addresses: u32) {
        self.components.ensure_nodes(n_addresses);
        let ends = links.iter().map(|link| (link.a.get(), link.b.get()));
        let (a, b): (Vec<u32>, Vec<u32>) = ends.unzip();
        self.components.link_batch(&a, &b);
    }

    /// Takes links away, and then the addresses from `n_addresses` on: as if neither had ever been there.
    ///
    /// `remaining` must hold at least every link left in the clusters that `removed` touches; others in it
    /// change nothing, so all links that are left will do.
    ///
    /// # Panics
    /// A link names an address that is not there, or a remaining one an address that is taken away.
    pub fn unwind<'l>(
        &mut self,
        removed: &[Link],
        remaining: impl IntoIterator<Item = &'l Link>,
        n_addresses: u32,
    ) {
        let ends = |link: &Link| (link.a.get(), link.b.get());
        let remaining = remaining.into_iter().map(|link| {
            assert!(
                link.b.get() < n_addresses,
                "address {} of a remaining link is removed",
                link.b
            );
            ends(link)
        });
        self.components.rebuild_without(removed.iter().map(ends), remaining);
        if n_addresses < self.components.n_nodes() {
            let labels = self.components.labels();
            self.components = Components::from_labels(&labels[..n_addresses as usize])
                .expect("labels are at most their address, so the first of them name each other");
        }
    }

    /// How many addresses there are.
    pub fn n_addresses(&self) -> u32 {
        self.components.n_nodes()
    }

    /// The cluster of one address; for many, [`Clusters::labels`] is cheaper.
    ///
    /// # Panics
    /// There is no such address.
    pub fn cluster_of(&mut self, address: AddressId) -> ClusterId {
        ClusterId::new(AddressId::new(self.components.find(address.get())))
    }

    /// The cluster of every address, by address.
    pub fn labels(&self) -> Vec<u32> {
        self.components.labels()
    }

    /// The addresses of every cluster, by cluster; empty rows for ids that name none.
    pub fn members(&self) -> Members {
        self.components.members()
    }

    /// How many clusters there are, those of one address included.
    pub fn n_clusters(&self) -> usize {
        self.components.n_components()
    }

    /// The rows of the table `clusters`, by cluster and address: members of clusters of two or more. An address
    /// without a row is its own cluster.
    pub fn rows(&self) -> Vec<ClusterMember> {
        let members = self.components.members();
        let view = members.view().expect("just built");
        let joined = (0..view.n_rows()).map(|cluster| (cluster, view.row(cluster)));
        let joined = joined.filter(|(_, addresses)| addresses.len() > 1);
        let row = |cluster, address: &u32| ClusterMember {
            cluster: ClusterId::new(AddressId::new(cluster)),
            address: AddressId::new(*address),
        };
        joined
            .flat_map(|(cluster, addresses)| addresses.iter().map(move |a| row(cluster, a)))
            .collect()
    }
}
