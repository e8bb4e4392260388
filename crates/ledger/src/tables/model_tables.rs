//! Rows of `risk_models` to columns and back.

use std::sync::Arc;

use arrow_array::types::{Int64Type, UInt8Type, UInt32Type};
use arrow_array::{Array, BinaryArray, RecordBatch};
use arrow_schema::DataType;

use super::columns::{Columns, batch, number_array, string_array};
use super::{Table, TableError, field, optional};
use crate::{RiskModelEvent, RiskModelEventKind, Timestamp};

/// One row a model that was published or withdrawn.
pub static RISK_MODELS: Table = Table {
    name: "risk_models",
    about: "append-only log of models in scores (event: 1 published, 2 withdrawn) with their packages; the bytes stand \
            once a SHA-256, in the first row that names it. The last event of a name is in force",
    key: None,
    columns: || {
        vec![
            field("event", DataType::UInt8),
            field("name", DataType::Utf8),
            field("version", DataType::UInt32),
            field("sha256", DataType::Utf8),
            field("reason", DataType::Utf8),
            field("author", DataType::Utf8),
            field("at_s", DataType::Int64),
            optional("package", DataType::Binary),
        ]
    },
};

/// The columns of `risk_models` that tell of models, without their packages.
pub const RISK_MODEL_LOG: &[&str] =
    &["event", "name", "version", "sha256", "reason", "author", "at_s"];

/// Rows of `risk_models` to columns; each with its package, where no earlier row holds it.
pub fn risk_models_to(rows: &[(RiskModelEvent, Option<&[u8]>)]) -> RecordBatch {
    let events = || rows.iter().map(|row| &row.0);
    let packages: BinaryArray = rows.iter().map(|row| row.1).collect();
    let columns = vec![
        number_array::<UInt8Type>(events().map(|row| row.kind as u8)),
        string_array(events().map(|row| row.name.as_str())),
        number_array::<UInt32Type>(events().map(|row| row.version)),
        string_array(events().map(|row| row.sha256.as_str())),
        string_array(events().map(|row| row.reason.as_str())),
        string_array(events().map(|row| row.author.as_str())),
        number_array::<Int64Type>(events().map(|row| row.at.get())),
        Arc::new(packages),
    ];
    batch(&RISK_MODELS, columns)
}

/// Rows of `risk_models` from columns; the packages need not be among them.
///
/// # Errors
/// If the batch has another schema, or an event that is not known.
pub fn risk_models_from(batch: &RecordBatch) -> Result<Vec<RiskModelEvent>, TableError> {
    let columns = Columns::new(&RISK_MODELS, batch);
    let kinds = columns.numbers::<UInt8Type>("event")?;
    let versions = columns.numbers::<UInt32Type>("version")?;
    let (names, hashes) = (columns.strings("name")?, columns.strings("sha256")?);
    let (reasons, authors) = (columns.strings("reason")?, columns.strings("author")?);
    let times = columns.numbers::<Int64Type>("at_s")?;
    let row = |row: usize| {
        let kind = RiskModelEventKind::from_number(kinds[row]);
        Ok(RiskModelEvent {
            kind: kind.ok_or_else(|| columns.bad("event", row, kinds[row]))?,
            name: names.value(row).to_owned(),
            version: versions[row],
            sha256: hashes.value(row).to_owned(),
            reason: reasons.value(row).to_owned(),
            author: authors.value(row).to_owned(),
            at: Timestamp::new(times[row]),
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

/// The package that a batch of `risk_models` holds under a hash.
///
/// # Errors
/// If the batch has another schema.
pub fn risk_model_package(
    batch: &RecordBatch,
    sha256: &str,
) -> Result<Option<Vec<u8>>, TableError> {
    let columns = Columns::new(&RISK_MODELS, batch);
    let (hashes, packages) = (columns.strings("sha256")?, columns.binary("package")?);
    let found =
        (0..batch.num_rows()).find(|row| packages.is_valid(*row) && hashes.value(*row) == sha256);
    Ok(found.map(|row| packages.value(row).to_vec()))
}
