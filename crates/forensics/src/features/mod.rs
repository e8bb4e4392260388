//! Behavioral features: what the ledger says of the behavior of every cluster.
//!
//! In: batches in order and the cluster of every address. Out: [`ClusterFeatures`] rows by cluster; after each batch
//! only those that may differ from before ([`Features::take_changes`]).
//! Source: the features of Jourdan et al., Characterizing entities in the Bitcoin blockchain, 2018, and Harlev et al.,
//! Breaking bad, 2018, as far as one chain tells them; columns and nulls in `docs/reference/features.md`.
//! Departures: own change is never a payment or a receipt; who paid whom in a mixing transaction is not guessed;
//! what depends on an unknown input is null or left out and counted.
//!
//! **How it stays current.** The state is a log of facts that no label changes (who put in or got how much in which
//! transaction, what an input spends); a row is computed from the log of its members. A batch, a merge, a split or
//! an unwinding only decides which rows are made again: those of the clusters in the new or removed transactions,
//! of clusters whose members changed, and of all that shared a transaction with an address that changed sides (their
//! counts of counterparties may have). So every cut into batches gives the rows of one batch by construction, and
//! quantiles are exact. Running sums a cluster were turned down: medians, maxima and distinct counts cannot be
//! taken back, and a transaction of two clusters that merge has to be.
//!
//! Cost: 32 bytes an input or output with an address, 36 and a map entry of about 60 a transaction; a row costs
//! O(h log h) for the h inputs and outputs of its cluster, so a block costs the history of the clusters in it.
//! Checked against: the definition by double loops over the batch, any cut with merges and splits in between, and
//! unwinding (`tests/it/features.rs`).

mod log;
mod statistics;
mod summary;

use std::collections::BTreeSet;

use ledger::{AddressId, ClusterFeatures, ClusterId, Height, LedgerBatch};

use crate::error::FlowError;
use log::Log;

/// Behavioral features of all clusters, in the making.
#[derive(Clone, Debug, Default)]
pub struct Features {
    log: Log,
    /// The cluster of every address.
    labels: Vec<u32>,
    /// Clusters, by present and by former names, whose rows may have changed.
    changed: BTreeSet<u32>,
}

/// What has changed in the table `cluster_features`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeatureChanges {
    /// New and replaced rows, by cluster.
    pub rows: Vec<ClusterFeatures>,
    /// Clusters that are no more, ascending: they became part of others.
    pub gone: Vec<ClusterId>,
}

impl Features {
    /// Adds the blocks of a batch, which follow those so far, under the clusters as they are then.
    ///
    /// # Errors
    /// An address has no label, or there are more transactions, inputs and outputs than 32-bit ids; nothing is
    /// added then.
    pub fn apply(&mut self, batch: &LedgerBatch, labels: &[u32]) -> Result<(), FlowError> {
        let inputs = batch.inputs.iter().filter_map(|input| input.spent?.address);
        let outputs = batch.outputs.iter().filter_map(|output| output.address);
        let largest = inputs.chain(outputs).map(AddressId::get).max();
        let needed = largest.max(self.log.n_addresses().checked_sub(1));
        check_labels(labels, needed)?;
        self.log.check_room(batch)?;
        self.relabel(labels)?;
        let first = self.log.n_entries();
        self.log.append(batch);
        for address in self.log.addresses_from(first) {
            self.changed.insert(labels[address as usize]);
        }
        Ok(())
    }

    /// Takes over other clusters of the same transactions: merged, split, or with addresses added.
    ///
    /// # Errors
    /// An address has no label, or a label names no cluster; nothing is changed then.
    pub fn relabel(&mut self, labels: &[u32]) -> Result<(), FlowError> {
        check_labels(labels, self.log.n_addresses().checked_sub(1))?;
        let mut moved = Vec::new();
        for (address, &label) in (0_u32..).zip(labels) {
            let before = self.labels.get(address as usize).copied();
            if before != Some(label) {
                self.changed.extend([before.unwrap_or(label), label]);
                if before.is_some() {
                    moved.push(address);
                }
            }
        }
        for gone in self.labels.iter().skip(labels.len()) {
            self.changed.insert(*gone);
        }
        self.labels.clear();
        self.labels.extend_from_slice(labels);
        for address in moved {
            for other in self.log.companions(address) {
                self.changed.insert(labels[other as usize]);
            }
        }
        Ok(())
    }

    /// Takes the blocks from `height` on away, and takes over the clusters as they are without them; there may be
    /// fewer addresses then.
    ///
    /// # Errors
    /// An address that is left has no label; the blocks are gone then, but the clusters are as before.
    pub fn unwind(&mut self, height: Height, labels: &[u32]) -> Result<(), FlowError> {
        let first = self.log.first_entry_at(height);
        for address in self.log.addresses_from(first) {
            self.changed.insert(self.labels[address as usize]);
        }
        self.log.truncate(height);
        self.relabel(labels)
    }

    /// The rows of all clusters, by cluster.
    pub fn rows(&self) -> Vec<ClusterFeatures> {
        self.rows_of(|_| true)
    }

    /// What has changed since this was asked last (or since nothing).
    pub fn take_changes(&mut self) -> FeatureChanges {
        let mut wanted = vec![false; self.labels.len()];
        let mut gone = Vec::new();
        for cluster in std::mem::take(&mut self.changed) {
            match self.labels.get(cluster as usize) {
                Some(label) if *label == cluster => wanted[cluster as usize] = true,
                _ => gone.push(ClusterId::new(AddressId::new(cluster))),
            }
        }
        FeatureChanges { rows: self.rows_of(|cluster| wanted[cluster as usize]), gone }
    }

    fn rows_of(&self, wanted: impl Fn(u32) -> bool) -> Vec<ClusterFeatures> {
        let labeled = (0_u32..).zip(&self.labels).filter(|(_, label)| wanted(**label));
        let mut members: Vec<(u32, u32)> =
            labeled.map(|(address, label)| (*label, address)).collect();
        members.sort_unstable();
        let clusters = members.chunk_by(|a, b| a.0 == b.0);
        let mut entries = Vec::new();
        clusters
            .map(|members| {
                entries.clear();
                for (_, address) in members {
                    entries.extend(self.log.entries_of(*address));
                }
                entries.sort_unstable();
                summary::row(&self.log, &self.labels, members[0].0, members.len(), &entries)
            })
            .collect()
    }
}

/// Every address up to `needed` must have a label, and every label must be a cluster's.
fn check_labels(labels: &[u32], needed: Option<u32>) -> Result<(), FlowError> {
    let n_labels = labels.len();
    if let Some(address) = needed.filter(|address| *address as usize >= n_labels) {
        return Err(FlowError::NoLabel { address, n_labels });
    }
    let known = |label: u32| labels.get(label as usize) == Some(&label);
    match labels.iter().find(|label| !known(**label)) {
        Some(&address) => Err(FlowError::NoLabel { address, n_labels }),
        None => Ok(()),
    }
}
