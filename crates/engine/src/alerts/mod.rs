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

/// Which parts of a rule cannot be read today, in words; `None` if all can.
pub(crate) fn cannot_say(rule: &cases::Rule) -> Option<String> {
    let parts: Vec<String> =
        rule.unreadable().iter().map(|(text, why)| format!("`{text}`: {why}")).collect();
    (!parts.is_empty()).then(|| {
        let name = &rule.name;
        format!("rule {name} cannot say {}; publish it anew, or retire it", parts.join("; "))
    })
}

/// The words of rules over a store whose values are in this currency.
pub(crate) fn vocabulary(currency: &str) -> Vocabulary {
    Vocabulary {
        asset: "BTC".to_owned(),
        currency: currency.to_owned(),
        patterns: forensics::patterns::DETECTORS.iter().map(|row| (row.number, row.name)).collect(),
    }
}
