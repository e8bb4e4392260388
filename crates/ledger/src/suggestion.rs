//! The row of suggested links: what behavior says of two clusters, for a person to accept or refuse.

use crate::{ClusterId, Height, TxIndex};

/// A row of the table `suggested_links`. Never part of a cluster unless a person accepts it.
#[derive(Clone, Debug, PartialEq)]
pub struct SuggestedLink {
    /// The smaller cluster.
    pub a: ClusterId,
    /// The larger cluster.
    pub b: ClusterId,
    /// The last block that was looked at.
    pub height: Height,
    /// Calibrated probability that both have one owner, 0 to 1.
    pub probability: f64,
    /// Its log-odds (natural): the contributions added up in their order.
    pub log_odds: f64,
    /// Rule and log-odds, the start (`prior`) first.
    pub contributions: Vec<(String, f64)>,
    /// Transactions that brought the two together, ascending, at most eight.
    pub evidence: Vec<TxIndex>,
    /// The fitted model: a row of `link_sources`.
    pub source: u32,
}
