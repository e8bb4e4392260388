//! Answers about ownership: held links, decisions, mixes, models, features and suggestions.

use ledger::{ClusterId, Height, Timestamp, TxId};
use serde::Serialize;

/// A link that the collapse guard holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeldAnswer {
    /// The name by which it is accepted or refused.
    pub id: String,
    /// One address.
    pub a: String,
    /// The other.
    pub b: String,
    /// The rule.
    pub heuristic: &'static str,
    /// Probability that it is right.
    pub confidence: f32,
    /// The transaction that shows it.
    pub tx: TxId,
    /// Its block's height.
    pub height: Height,
    /// Its block's time.
    pub time_s: Timestamp,
    /// Why it is held.
    pub because: String,
    /// What was decided of it since the last run: the decision's kind; null if nothing was.
    pub decided: Option<&'static str>,
}

/// One side of held links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SideAnswer {
    /// The cluster.
    pub cluster: ClusterId,
    /// Its smallest address.
    pub address: String,
    /// How many addresses it has.
    pub size: u64,
    /// What it is known as: listed names first, then tags; empty if nothing is known.
    pub known_as: Vec<String>,
}

/// The held links between two clusters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PendingPair {
    /// One cluster.
    pub a: SideAnswer,
    /// The other.
    pub b: SideAnswer,
    /// The links, by height.
    pub links: Vec<HeldAnswer>,
}

/// Every link that waits for a person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PendingAnswer {
    /// By pair of clusters, those that join most addresses first.
    pub pairs: Vec<PendingPair>,
    /// How many links there are, shown or not.
    pub total: u64,
    /// From how many addresses on a cluster counts as large.
    pub guard_addresses: u32,
    /// Why the answer may be out of date.
    pub stale_because: Vec<String>,
    /// The store snapshot that answered.
    pub snapshot: String,
}

/// A decision of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecisionAnswer {
    /// Its name.
    pub id: String,
    /// What was decided.
    pub kind: &'static str,
    /// The name of the link that it is about; null if it is not about one.
    pub link: Option<String>,
    /// One address of the link.
    pub a: Option<String>,
    /// The other.
    pub b: Option<String>,
    /// The transaction.
    pub tx: Option<TxId>,
    /// The rule.
    pub heuristic: Option<&'static str>,
    /// The first height that it is about.
    pub from_height: Option<Height>,
    /// The last height that it is about.
    pub to_height: Option<Height>,
    /// The decision that it takes back.
    pub revokes: Option<String>,
    /// The decision that takes it back.
    pub revoked_by: Option<String>,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub author: String,
    /// When.
    pub decided_at_s: Timestamp,
    /// Whether the last run has followed it.
    pub followed: bool,
}

/// The log of decisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecisionsAnswer {
    /// The oldest first.
    pub decisions: Vec<DecisionAnswer>,
    /// Why the answers of the store may be out of date.
    pub stale_because: Vec<String>,
    /// The store snapshot that answered.
    pub snapshot: String,
}

/// What was decided, once it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecidedReport {
    /// The new rows of the log.
    pub decisions: Vec<DecisionAnswer>,
    /// Why answers are out of date until the next run.
    pub stale_because: Vec<String>,
    /// The store snapshot after it.
    pub snapshot: String,
}
