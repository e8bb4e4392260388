//! Rows of `suggested_links` to columns and back.
//!
//! Contributions and evidence are text, `rule=+0.5;rule=-1.25` and `17 20`, because the tables hold flat columns only;
//! a number is written with as many digits as bring back the same one.

use arrow_array::RecordBatch;
use arrow_array::types::{Float64Type, UInt32Type};
use arrow_schema::{DataType, Field};

use super::columns::{Columns, batch, number_array, string_array};
use super::{Table, TableError, field};
use crate::{AddressId, ClusterId, Height, SuggestedLink, TxIndex};

/// One row a pair of clusters that behave like one owner.
pub static SUGGESTED_LINKS: Table = Table {
    name: "suggested_links",
    about: "pairs of clusters that may have one owner, by behavior: probability, what each rule adds to its log-odds, and \
            transactions; shown to people, never merged unless accepted",
    key: None,
    columns,
};

fn columns() -> Vec<Field> {
    vec![
        field("cluster_a", DataType::UInt32),
        field("cluster_b", DataType::UInt32),
        field("height", DataType::UInt32),
        field("probability", DataType::Float64),
        field("log_odds", DataType::Float64),
        field("contributions", DataType::Utf8),
        field("evidence", DataType::Utf8),
        field("source", DataType::UInt32),
    ]
}

/// Rows of `suggested_links` to columns.
pub fn suggested_links_to(rows: &[SuggestedLink]) -> RecordBatch {
    let contributions: Vec<String> = rows.iter().map(contributions_text).collect();
    let evidence: Vec<String> = rows.iter().map(evidence_text).collect();
    let columns = vec![
        number_array::<UInt32Type>(rows.iter().map(|row| row.a.get().get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.b.get().get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.height.get())),
        number_array::<Float64Type>(rows.iter().map(|row| row.probability)),
        number_array::<Float64Type>(rows.iter().map(|row| row.log_odds)),
        string_array(contributions.iter().map(String::as_str)),
        string_array(evidence.iter().map(String::as_str)),
        number_array::<UInt32Type>(rows.iter().map(|row| row.source)),
    ];
    batch(&SUGGESTED_LINKS, columns)
}

/// Rows of `suggested_links` from columns.
///
/// # Errors
/// If the batch has another schema, or a text is not in the form above.
pub fn suggested_links_from(batch: &RecordBatch) -> Result<Vec<SuggestedLink>, TableError> {
    let columns = Columns::new(&SUGGESTED_LINKS, batch);
    let a = columns.numbers::<UInt32Type>("cluster_a")?;
    let b = columns.numbers::<UInt32Type>("cluster_b")?;
    let heights = columns.numbers::<UInt32Type>("height")?;
    let probabilities = columns.numbers::<Float64Type>("probability")?;
    let log_odds = columns.numbers::<Float64Type>("log_odds")?;
    let contributions = columns.strings("contributions")?;
    let evidence = columns.strings("evidence")?;
    let sources = columns.numbers::<UInt32Type>("source")?;
    let cluster = |id: u32| ClusterId::new(AddressId::new(id));
    let row = |row: usize| {
        let (parts, seen) = (contributions.value(row), evidence.value(row));
        Ok(SuggestedLink {
            a: cluster(a[row]),
            b: cluster(b[row]),
            height: Height::new(heights[row]),
            probability: probabilities[row],
            log_odds: log_odds[row],
            contributions: contributions_of(parts)
                .ok_or_else(|| columns.bad("contributions", row, parts))?,
            evidence: evidence_of(seen).ok_or_else(|| columns.bad("evidence", row, seen))?,
            source: sources[row],
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

fn contributions_text(row: &SuggestedLink) -> String {
    let parts = row.contributions.iter().map(|(rule, log_odds)| format!("{rule}={log_odds:+}"));
    parts.collect::<Vec<_>>().join(";")
}

fn contributions_of(text: &str) -> Option<Vec<(String, f64)>> {
    let part = |part: &str| {
        let (rule, log_odds) = part.split_once('=')?;
        Some((rule.to_owned(), log_odds.parse().ok()?))
    };
    text.split(';').filter(|part| !part.is_empty()).map(part).collect()
}

fn evidence_text(row: &SuggestedLink) -> String {
    let parts = row.evidence.iter().map(ToString::to_string);
    parts.collect::<Vec<_>>().join(" ")
}

fn evidence_of(text: &str) -> Option<Vec<TxIndex>> {
    text.split_whitespace().map(|part| part.parse().ok().map(TxIndex::new)).collect()
}
