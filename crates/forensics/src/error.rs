//! What can be wrong with a ledger and labels that are to become a cluster graph.

use ledger::TxIndex;

/// Why no cluster graph can be made, or none be continued.
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
}

impl FlowError {
    /// What the caller can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoLabel { .. } => "apply the links of this batch to the clusters first",
            Self::AmountOverflow { .. } => "no valid block holds such amounts: verify the ledger",
            Self::Asset { .. } => "pass only the rows of BTC",
            Self::Split { .. } | Self::Incomplete { .. } => {
                "build the cluster edges anew from all batches"
            }
            _ => "split the ledger: ids of the graph are 32 bits wide by design",
        };
        Some(hint.to_owned())
    }
}
