//! What can be wrong with what clusters and the cluster graph are made from.

use ledger::TxIndex;

/// Why no clusters or cluster graph can be made, or none be continued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlowError {
    /// An address of the ledger is younger than the labels.
    #[error("address {address} has no cluster label ({n_labels} labels)")]
    NoLabel {
        /// The address.
        address: u32,
        /// How many labels there are.
        n_labels: usize,
    },
    /// A transaction number does not fit the 32-bit times of the graph.
    #[error("transaction {tx} is beyond the 4,294,967,295 that the graph can tell apart")]
    TooManyTransactions {
        /// The transaction.
        tx: TxIndex,
    },
    /// Addresses and mixing transactions together are more than 32-bit nodes.
    #[error("transaction {tx} needs a node beyond the 4,294,967,294 of the graph")]
    TooManyNodes {
        /// The transaction.
        tx: TxIndex,
    },
    /// More edges than 32-bit ids.
    #[error("transaction {tx} needs an edge beyond the 4,294,967,294 of the graph")]
    TooManyEdges {
        /// The transaction.
        tx: TxIndex,
    },
    /// The amounts of one transaction add up to more than 64 bits hold.
    #[error("amounts of transaction {tx} add up to more than 64 bits hold")]
    AmountOverflow {
        /// The transaction.
        tx: TxIndex,
    },
    /// Rows of another asset among those to be continued.
    #[error("cluster edges of asset {symbol:?} are not made from transactions of Bitcoin")]
    Asset {
        /// Its symbol.
        symbol: String,
    },
    /// Labels before and after differ by more than merged clusters.
    #[error("address {address} left its cluster: new labels may only merge clusters")]
    Split {
        /// The address.
        address: u32,
    },
    /// A transaction is missing among those with which sums were to be corrected.
    #[error(
        "cluster edge {source_cluster} -> {target_cluster} does not add up from the transactions given"
    )]
    Incomplete {
        /// Where the edge starts.
        source_cluster: u32,
        /// Where it leads.
        target_cluster: u32,
    },
    /// Transactions are missing among those of addresses that change their cluster.
    #[error("some earlier transactions of addresses that were in cluster {cluster} are missing")]
    NotAll {
        /// The cluster, by one of its addresses.
        cluster: u32,
    },
    /// A batch is too long to be taken back if it fails.
    #[error("blocks {first} to {last} are too many for one batch of a running state")]
    TooManyBlocks {
        /// The lowest height.
        first: u32,
        /// The highest height.
        last: u32,
    },
    /// Decisions do not come in the order of their ids.
    #[error("decision {id} does not follow the one before it")]
    DecisionOrder {
        /// The decision.
        id: u32,
    },
    /// A decision revokes what is no decision before it.
    #[error("decision {id} revokes {revokes}, which is no earlier decision")]
    Revoked {
        /// The decision.
        id: u32,
        /// What it revokes.
        revokes: u32,
    },
    /// An accepted suggestion is no link of a person between two addresses, the smaller first.
    #[error(
        "decision {id} accepts a suggestion that is no link of a person from {a} to a larger address ({b})"
    )]
    Suggestion {
        /// The decision.
        id: u32,
        /// The link's first address.
        a: u32,
        /// The link's second address.
        b: u32,
    },
    /// Stored labels do not name the smallest address of each cluster, or a held link names none of them.
    #[error("stored clusters are damaged at address {address}")]
    Labels {
        /// The address.
        address: u32,
    },
    /// The way back to a height is no longer there.
    #[error("height {height} can no longer be unwound to: the way back begins at {height_min}")]
    Unwind {
        /// The height.
        height: u32,
        /// The lowest height to which there is a way back.
        height_min: u64,
    },
}

impl FlowError {
    /// What the caller can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoLabel { .. } => "apply the links of this batch to the clusters first",
            Self::AmountOverflow { .. } => "no valid block holds such amounts: verify the ledger",
            Self::Asset { .. } => "pass only the rows of BTC",
            Self::Split { .. } | Self::Incomplete { .. } | Self::NotAll { .. } => {
                "build the cluster edges anew from all batches"
            }
            Self::DecisionOrder { .. } | Self::Revoked { .. } | Self::Suggestion { .. } => {
                "pass the whole log of decisions, as it was stored"
            }
            Self::Labels { .. } => "build the clusters anew from all links",
            Self::TooManyBlocks { .. } => {
                "pass blocks in smaller batches, or make clusters and edges at once and go on from them"
            }
            Self::Unwind { .. } => "withdraw the links of those heights, or build anew",
            _ => "split the ledger: ids of the graph are 32 bits wide by design",
        };
        Some(hint.to_owned())
    }
}
