//! Rules and alerts in the store: publishing rules, the log of alerts, and what people do with them.
//!
//! `cases` decides; this part reads and appends the tables `rules`, `alert_events` and `alert_facts`. A log is only ever appended to.

mod act;
mod list;
mod log;
mod publish;
mod subjects;

pub use list::AlertFilter;
pub(crate) use log::{append_entries, entries, rule_log};
pub use publish::check_rules;

use cases::Vocabulary;

/// Detectors of patterns that rules may name: stored number and name.
const PATTERNS: [(u8, &str); 13] = [
    (1, "structuring"),
    (2, "fan_in"),
    (3, "fan_out"),
    (4, "gather_scatter"),
    (5, "scatter_gather"),
    (6, "temporal_cycle"),
    (7, "peeling_chain"),
    (8, "layering"),
    (9, "pass_through"),
    (10, "dormancy_then_drain"),
    (11, "mixer_within_a_hop"),
    (12, "bridge_within_a_hop"),
    (13, "rapid_cash_out"),
];

/// The words of rules over a store whose values are in this currency.
pub(crate) fn vocabulary(currency: &str) -> Vocabulary {
    Vocabulary {
        asset: "BTC".to_owned(),
        currency: currency.to_owned(),
        patterns: PATTERNS.to_vec(),
    }
}

/// The currency in which values of a store are.
pub(crate) const CURRENCY: &str = "USD";
