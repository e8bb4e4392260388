//! Rows of the derived tables: links, clusters, cluster edges. `forensics` makes them; they stand here because every
//! table's schema does.

use crate::{AddressId, Amount, Asset, ClusterId, Height, Timestamp, TxIndex, Value};

/// A row of the table `links`: evidence that two addresses have one owner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// The transaction that shows it.
    pub tx: TxIndex,
    /// Its block's height.
    pub height: Height,
    /// The smaller address.
    pub a: AddressId,
    /// The larger address.
    pub b: AddressId,
    /// The rule that made it, by its stored number (see `forensics::heuristics`).
    pub heuristic: u8,
    /// Probability that it is right, 0 to 1.
    pub confidence: f32,
    /// What stands behind it: 0 the rule itself, else the id of a row of `link_sources` (a fitted model, a person's
    /// decision).
    pub source: u32,
}

/// A row of the table `clusters`; an address without links has no row and is its own cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClusterMember {
    /// The cluster.
    pub cluster: ClusterId,
    /// A member of it.
    pub address: AddressId,
}

/// A row of the table `cluster_edges`: all that one cluster moved to another in one asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterEdge {
    /// Who sent.
    pub source: ClusterId,
    /// Who received.
    pub target: ClusterId,
    /// What was moved.
    pub asset: Asset,
    /// How much of it, where every input of the transaction is known or has one owner.
    pub amount: Amount,
    /// In how many transactions.
    pub n_transactions: u64,
    /// How many of them are possible collaborative transactions (mixing): who paid whom is then not known.
    pub n_mixing: u64,
    /// How many of them add no amount, because the sender's part cannot be told.
    pub n_amount_unknown: u64,
    /// What the amounts with a price were worth when they moved, in millionths of the currency of the store.
    pub value: Value,
    /// The part of the amount that moved while no price was known.
    pub amount_unpriced: Amount,
    /// How many of the transactions fell into a period of high volatility.
    pub n_high_volatility: u64,
    /// Block time of the first.
    pub first_time: Timestamp,
    /// Block time of the last.
    pub last_time: Timestamp,
}
