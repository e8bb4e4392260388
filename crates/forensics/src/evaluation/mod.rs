//! Evaluation: how good links, clusters and labels are against a known truth.
//!
//! In: what was found (cluster labels, links, labels of transactions) and what is true (an owner an address, a label
//! a set). Out: counts, and the measures that follow from them.
//! Source: pairwise and B-cubed measures: Bagga & Baldwin, "Entity-Based Cross-Document Coreferencing Using the Vector
//! Space Model", COLING-ACL 1998; exact bounds of a proportion: Clopper & Pearson, Biometrika 26, 1934.
//! Departures: everything that can be counted is a whole number, and pairs are 128-bit; a measure of nothing (the
//! precision of no pairs) is `None`, never 1. The universe is always said: a score over all addresses and one over those
//! ever spent differ, because an address that was never spent has shown no evidence.
//! Cost: one sort of the addresses a score.
//! Checked against: double loops over all pairs of small random partitions (`tests/it/evaluation.rs`).

mod agreement;
mod labels;
mod partition;
mod rules;

pub use agreement::{Agreement, agreement};
pub use labels::{LabelScore, label_scores};
pub use partition::{PartitionScore, UNKNOWN_OWNER, score};
pub use rules::{RuleScore, rule_scores, wrong_links};
