//! The state of the store in numbers, each of which a few lines over the raw blocks reproduce.

use ledger::{AddressId, BlockHash, ClusterId, Timestamp, tables};

use crate::Error;
use crate::answers::{LargeCluster, ListStatus, StatusAnswer};
use crate::layout::{BITCOIN, SHARED, checkpoint};
use crate::staleness::Asked;
use crate::view::{View, latest_imports};

/// How many of the largest clusters are shown.
const LARGEST_SHOWN: usize = 5;

impl View {
    /// The state of the store.
    ///
    /// # Errors
    /// If a file of the snapshot is damaged.
    pub fn status(&self, now: Timestamp) -> Result<StatusAnswer, Error> {
        let mut status = self.status_counts()?;
        status.stale_because = self.stale_because(Asked::Everything, Some(now));
        status.stale = !status.stale_because.is_empty();
        Ok(status)
    }

    /// The status without what depends on the time now.
    pub(crate) fn status_counts(&self) -> Result<StatusAnswer, Error> {
        let rows = |table: &tables::Table, partition| self.snapshot.rows(table.name, partition);
        let of = |name| self.snapshot.checkpoint(name).unwrap_or(0);
        let last = self.columns.last_block();
        let resolved = rows(&tables::RESOLUTIONS, SHARED);
        let listed = self.lists.addresses().filter(|address| self.id_of(address).is_some()).count();
        Ok(StatusAnswer {
            blocks: self.columns.n_blocks() as u64,
            first_height: last.map(|_| self.columns.block(0).height),
            last_height: last.map(|block| block.height),
            last_block: last.map(|block| BlockHash::from_bytes(block.hash).to_string()),
            last_time_s: last.map(|block| block.time_s),
            transactions: u64::from(self.transactions.len()),
            inputs: of(checkpoint::INPUTS),
            inputs_unknown: of(checkpoint::INPUTS_UNKNOWN) - resolved,
            inputs_resolved_later: resolved,
            outputs: self.columns.outputs.len(),
            addresses: u64::from(self.addresses.len()),
            links: rows(&tables::LINKS, BITCOIN),
            clusters: self.cluster_count(),
            clustered_addresses: rows(&tables::CLUSTERS, SHARED),
            largest_clusters: self.largest_clusters(),
            cluster_edges: rows(&tables::CLUSTER_EDGES, SHARED),
            tags: self.tags.as_ref().map_or(0, |tags| tags.len() as u64),
            tagged_addresses: self.tagged_addresses(),
            listings: self.lists.listings().len() as u64,
            listed_addresses: listed as u64,
            lists: self.list_status(),
            list_version: self.list_version.clone(),
            stale: false,
            stale_because: Vec::new(),
            snapshot: self.snapshot_id.clone(),
            commit: self.snapshot.commit(),
        })
    }

    fn cluster_count(&self) -> u64 {
        self.cluster_sizes().count() as u64
    }

    /// Root and size of every cluster of two or more.
    fn cluster_sizes(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        let derived = self.derived.iter();
        derived.flat_map(|derived| {
            (0u32..).zip(derived.labels()).filter(|(id, label)| id == *label).filter_map(
                |(root, _)| {
                    let size = derived.members(&root).len() as u64;
                    (size > 1).then_some((root, size))
                },
            )
        })
    }

    fn largest_clusters(&self) -> Vec<LargeCluster> {
        let mut sizes: Vec<(u32, u64)> = self.cluster_sizes().collect();
        sizes.sort_unstable_by_key(|(root, size)| (std::cmp::Reverse(*size), *root));
        let answer = |(root, size): (u32, u64)| {
            let cluster = ClusterId::new(AddressId::new(root));
            LargeCluster {
                cluster,
                address: self.cluster_text(cluster),
                size,
                entity: self.entity_of(cluster),
            }
        };
        sizes.into_iter().take(LARGEST_SHOWN).map(answer).collect()
    }

    /// Addresses of the ledger that carry a tag, by the tags as they are now.
    fn tagged_addresses(&self) -> u64 {
        let Some(tags) = &self.tags else { return 0 };
        let mut last = None;
        let mut count = 0;
        for row in 0..tags.len() {
            let address = tags.address(row);
            if address != last {
                count += u64::from(
                    address.as_ref().is_some_and(|address| self.id_of(address).is_some()),
                );
                last = address;
            }
        }
        count
    }

    fn list_status(&self) -> Vec<ListStatus> {
        let entries =
            |list: &str| self.lists.listings().iter().filter(|row| row.list == list).count() as u64;
        let status = |import: &&ledger::ListImported| ListStatus {
            list: import.list.clone(),
            entries: entries(&import.list),
            version: import.list_version.clone(),
            imported_at_s: import.known_at,
        };
        latest_imports(&self.imports).iter().map(status).collect()
    }
}
