//! The table of patterns: schema, rows to columns and back. Evidence is text, transactions with blanks between, because
//! the tables hold flat columns only.

use std::sync::Arc;

use arrow_array::types::{Decimal128Type, Int64Type, UInt8Type, UInt32Type, UInt64Type};
use arrow_array::{Array, Decimal128Array, RecordBatch};
use arrow_schema::DataType;

use super::columns::{Columns, batch, number_array, string_array};
use super::{Table, TableError, field, optional};
use crate::{AddressId, Amount, ClusterId, Height, PatternMatch, Timestamp, TxIndex, Value};

/// One row a pattern that was found.
pub static PATTERNS: Table = Table {
    name: "patterns",
    about: "typologies that were found: detector, cluster, block that completed the first of it, what moved (value: money \
            at the time, null where a price is missing), transactions, and what was measured against which threshold",
    key: None,
    columns: || {
        vec![
            field("pattern", DataType::UInt8),
            field("cluster", DataType::UInt32),
            field("height", DataType::UInt32),
            field("first_time_s", DataType::Int64),
            field("last_time_s", DataType::Int64),
            field("amount", DataType::Decimal128(38, 0)),
            optional("value", DataType::Decimal128(38, 6)),
            field("n_transfers", DataType::UInt64),
            field("evidence", DataType::Utf8),
            field("about", DataType::Utf8),
        ]
    },
};

/// Rows of `patterns` to columns.
pub fn patterns_to(rows: &[PatternMatch]) -> RecordBatch {
    let amounts = rows.iter().map(|row| {
        i128::try_from(row.amount.units())
            .expect("sums of one chain's native asset stay far below 10^38")
    });
    let amounts = Decimal128Array::from_iter_values(amounts)
        .with_precision_and_scale(38, 0)
        .expect("38 digits are the most a decimal holds");
    let values = rows.iter().map(|row| row.value.map(Value::micros));
    let values = (values.collect::<Decimal128Array>())
        .with_precision_and_scale(38, 6)
        .expect("38 digits are the most a decimal holds");
    let evidence: Vec<String> = rows.iter().map(evidence_text).collect();
    let columns = vec![
        number_array::<UInt8Type>(rows.iter().map(|row| row.pattern)),
        number_array::<UInt32Type>(rows.iter().map(|row| row.cluster.get().get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.height.get())),
        number_array::<Int64Type>(rows.iter().map(|row| row.first_time.get())),
        number_array::<Int64Type>(rows.iter().map(|row| row.last_time.get())),
        Arc::new(amounts),
        Arc::new(values),
        number_array::<UInt64Type>(rows.iter().map(|row| row.n_transfers)),
        string_array(evidence.iter().map(String::as_str)),
        string_array(rows.iter().map(|row| row.about.as_str())),
    ];
    batch(&PATTERNS, columns)
}

/// Rows of `patterns` from columns.
///
/// # Errors
/// If the batch has another schema, a negative amount, or evidence that is no list of transactions.
pub fn patterns_from(batch: &RecordBatch) -> Result<Vec<PatternMatch>, TableError> {
    let columns = Columns::new(&PATTERNS, batch);
    let patterns = columns.numbers::<UInt8Type>("pattern")?;
    let clusters = columns.numbers::<UInt32Type>("cluster")?;
    let heights = columns.numbers::<UInt32Type>("height")?;
    let first = columns.numbers::<Int64Type>("first_time_s")?;
    let last = columns.numbers::<Int64Type>("last_time_s")?;
    let amounts = columns.numbers::<Decimal128Type>("amount")?;
    let values = columns.nullable::<Decimal128Type>("value")?;
    let n_transfers = columns.numbers::<UInt64Type>("n_transfers")?;
    let evidence = columns.strings("evidence")?;
    let about = columns.strings("about")?;
    let row = |row: usize| {
        let units =
            u128::try_from(amounts[row]).map_err(|_| columns.bad("amount", row, amounts[row]))?;
        let seen = evidence.value(row);
        Ok(PatternMatch {
            pattern: patterns[row],
            cluster: ClusterId::new(AddressId::new(clusters[row])),
            height: Height::new(heights[row]),
            first_time: Timestamp::new(first[row]),
            last_time: Timestamp::new(last[row]),
            amount: Amount::from_units(units),
            value: values.is_valid(row).then(|| Value::from_micros(values.value(row))),
            n_transfers: n_transfers[row],
            evidence: evidence_of(seen).ok_or_else(|| columns.bad("evidence", row, seen))?,
            about: about.value(row).to_owned(),
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

fn evidence_text(row: &PatternMatch) -> String {
    let parts = row.evidence.iter().map(ToString::to_string);
    parts.collect::<Vec<_>>().join(" ")
}

fn evidence_of(text: &str) -> Option<Vec<TxIndex>> {
    text.split_whitespace().map(|part| part.parse().ok().map(TxIndex::new)).collect()
}
