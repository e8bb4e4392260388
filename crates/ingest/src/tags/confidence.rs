//! The confidence scale of TagPacks: names of where a claim comes from, as numbers.
//!
//! Source: graphsense-tagpack-tool `db/confidence.csv`.

/// Every level, the most trusted first.
pub const CONFIDENCE_LEVELS: &[(&str, u8)] = &[
    ("override", 100),
    ("ownership", 100),
    ("ledger_immanent", 100),
    ("manual_transaction", 90),
    ("service_api", 70),
    ("forensic_investigation", 70),
    ("authority_data", 60),
    ("trusted_provider", 50),
    ("service_data", 50),
    ("forensic", 50),
    ("untrusted_transaction", 40),
    ("web_crawl", 20),
    ("heuristic", 10),
    ("unknown", 5),
];

/// The name and number of a tag that says nothing of its confidence.
pub(super) const UNKNOWN: (&str, u8) = ("unknown", 5);

/// The number of a level; `None` if the scale has no such name. A number from 0 to 100 is its own level.
pub fn confidence_level(name: &str) -> Option<u8> {
    match CONFIDENCE_LEVELS.iter().find(|(known, _)| *known == name) {
        Some((_, level)) => Some(*level),
        None => name.parse().ok().filter(|level| *level <= 100),
    }
}
