//! Agreement with what others say: pairs of tagged addresses in one cluster.
//!
//! In: cluster labels, and a row a claim "this address is of this party". Out: how many pairs of one cluster agree.
//! Tags name far from every address of a party, so this gives no recall; and a tag may itself be wrong or be somebody
//! else's cluster, so disagreement is a lead, not a proof of a false merge.

use super::partition::{UNKNOWN_OWNER, score, share};

/// Pairs of tagged addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Addresses with one party.
    pub addresses: u64,
    /// Addresses that claims give to several parties; left out.
    pub contested: u64,
    /// Parties.
    pub parties: u64,
    /// Pairs in one cluster with one party.
    pub pairs_same: u128,
    /// Pairs in one cluster with two.
    pub pairs_different: u128,
    /// Pairs of one party in two clusters.
    pub pairs_apart: u128,
    /// Clusters with several parties.
    pub clusters_in_conflict: u64,
}

impl Agreement {
    /// Share of the pairs in one cluster that are one party's.
    pub fn share(&self) -> Option<f64> {
        share(self.pairs_same, self.pairs_same + self.pairs_different)
    }
}

/// Compares clusters with claims (address, party), in any order; a claim may come twice.
///
/// # Panics
/// A claim names an address without a label.
pub fn agreement(labels: &[u32], claims: &[(u32, u32)]) -> Agreement {
    let mut claims = claims.to_vec();
    claims.sort_unstable();
    claims.dedup();
    let mut owners = vec![UNKNOWN_OWNER; labels.len()];
    let mut contested = 0;
    for of_address in claims.chunk_by(|a, b| a.0 == b.0) {
        match of_address {
            [(address, party)] => owners[*address as usize] = *party,
            _ => contested += 1,
        }
    }
    let score = score(labels, &owners, |_| true);
    Agreement {
        addresses: score.addresses,
        contested,
        parties: score.owners,
        pairs_same: score.pairs_right,
        pairs_different: score.pairs_found - score.pairs_right,
        pairs_apart: score.pairs_owned - score.pairs_right,
        clusters_in_conflict: score.false_clusters,
    }
}
