//! A partition against another: what was put together, and what belongs together.
//!
//! In: a cluster label and an owner an address, and which addresses count. Out: [`PartitionScore`].
//! Definitions, with n the addresses that count, C(a) and O(a) the found cluster and the true owner's addresses of a:
//! pairs found, owned, right: unordered pairs of one cluster, of one owner, of both.
//! Precision = right / found, recall = right / owned, F1 their harmonic mean.
//! B-cubed precision = 1/n Σ |C(a) ∩ O(a)| / |C(a)|, recall = 1/n Σ |C(a) ∩ O(a)| / |O(a)|.

/// The owner of an address of which nobody knows whose it is; such addresses count in no score.
pub const UNKNOWN_OWNER: u32 = u32::MAX;

/// What was found against what is true, in counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PartitionScore {
    /// Addresses that count.
    pub addresses: u64,
    /// Their owners.
    pub owners: u64,
    /// Clusters with at least two of them.
    pub clusters: u64,
    /// Addresses in such clusters.
    pub covered: u64,
    /// Pairs of one cluster.
    pub pairs_found: u128,
    /// Pairs of one owner.
    pub pairs_owned: u128,
    /// Pairs of one cluster and one owner.
    pub pairs_right: u128,
    /// Clusters of several owners.
    pub false_clusters: u64,
    /// Addresses of the largest cluster of several owners.
    pub largest_false_cluster: u64,
    /// Sum over addresses of the share of their cluster that is their owner's.
    b_cubed_precision_sum: f64,
    /// Sum over addresses of the share of their owner's addresses that is in their cluster.
    b_cubed_recall_sum: f64,
}

impl PartitionScore {
    /// Share of addresses in clusters of two or more.
    pub fn coverage(&self) -> Option<f64> {
        share(self.covered.into(), self.addresses.into())
    }

    /// Share of the pairs found that are one owner's.
    pub fn precision(&self) -> Option<f64> {
        share(self.pairs_right, self.pairs_found)
    }

    /// Share of the pairs of one owner that are found.
    pub fn recall(&self) -> Option<f64> {
        share(self.pairs_right, self.pairs_owned)
    }

    /// The harmonic mean of precision and recall over pairs.
    pub fn f1(&self) -> Option<f64> {
        share(2 * self.pairs_right, self.pairs_found + self.pairs_owned)
    }

    /// B-cubed precision.
    pub fn b_cubed_precision(&self) -> Option<f64> {
        (self.addresses > 0).then(|| self.b_cubed_precision_sum / self.addresses as f64)
    }

    /// B-cubed recall.
    pub fn b_cubed_recall(&self) -> Option<f64> {
        (self.addresses > 0).then(|| self.b_cubed_recall_sum / self.addresses as f64)
    }

    /// The harmonic mean of both.
    pub fn b_cubed_f1(&self) -> Option<f64> {
        let (precision, recall) = (self.b_cubed_precision()?, self.b_cubed_recall()?);
        Some(2.0 * precision * recall / (precision + recall))
    }

    /// Counts of several worlds together. Owners of two worlds are two owners, so all counts add up.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        self.addresses += other.addresses;
        self.owners += other.owners;
        self.clusters += other.clusters;
        self.covered += other.covered;
        self.pairs_found += other.pairs_found;
        self.pairs_owned += other.pairs_owned;
        self.pairs_right += other.pairs_right;
        self.false_clusters += other.false_clusters;
        self.largest_false_cluster = self.largest_false_cluster.max(other.largest_false_cluster);
        self.b_cubed_precision_sum += other.b_cubed_precision_sum;
        self.b_cubed_recall_sum += other.b_cubed_recall_sum;
        self
    }
}

/// A share of whole numbers, `None` of nothing.
pub(super) fn share(part: u128, whole: u128) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn pairs(n: u64) -> u128 {
    u128::from(n) * u128::from(n.saturating_sub(1)) / 2
}

/// Scores cluster labels against owners; both by address. Only addresses for which `counts` holds and whose owner is
/// known count, others are as if they were not there (also as members of clusters).
///
/// # Panics
/// There are not as many labels as owners.
pub fn score(labels: &[u32], owners: &[u32], counts: impl Fn(usize) -> bool) -> PartitionScore {
    assert_eq!(labels.len(), owners.len(), "a label and an owner an address");
    let rows = labels.iter().zip(owners).enumerate();
    let mut cells: Vec<(u32, u32)> = rows
        .filter(|(address, (_, owner))| **owner != UNKNOWN_OWNER && counts(*address))
        .map(|(_, (label, owner))| (*label, *owner))
        .collect();
    cells.sort_unstable();
    let mut of_owner: Vec<u32> = cells.iter().map(|cell| cell.1).collect();
    of_owner.sort_unstable();
    let mut score = PartitionScore { addresses: cells.len() as u64, ..PartitionScore::default() };
    let mut owner_sizes: Vec<(u32, u64)> = Vec::new();
    for owned in of_owner.chunk_by(|a, b| a == b) {
        score.pairs_owned += pairs(owned.len() as u64);
        owner_sizes.push((owned[0], owned.len() as u64));
    }
    score.owners = owner_sizes.len() as u64;
    for cluster in cells.chunk_by(|a, b| a.0 == b.0) {
        score.add_cluster(cluster, &owner_sizes);
    }
    score
}

impl PartitionScore {
    /// One cluster, as cells sorted by owner.
    fn add_cluster(&mut self, cluster: &[(u32, u32)], owner_sizes: &[(u32, u64)]) {
        let size = cluster.len() as u64;
        self.pairs_found += pairs(size);
        if size > 1 {
            self.clusters += 1;
            self.covered += size;
        }
        if cluster[0].1 != cluster[cluster.len() - 1].1 {
            self.false_clusters += 1;
            self.largest_false_cluster = self.largest_false_cluster.max(size);
        }
        for cell in cluster.chunk_by(|a, b| a.1 == b.1) {
            let n = cell.len() as u64;
            let owner = owner_sizes.partition_point(|row| row.0 < cell[0].1);
            let squared = n as f64 * n as f64;
            self.pairs_right += pairs(n);
            self.b_cubed_precision_sum += squared / size as f64;
            self.b_cubed_recall_sum += squared / owner_sizes[owner].1 as f64;
        }
    }
}
