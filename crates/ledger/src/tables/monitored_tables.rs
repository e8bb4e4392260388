//! The table of monitored addresses; rows to columns and back.

use arrow_array::RecordBatch;
use arrow_array::types::{Int64Type, UInt8Type};
use arrow_schema::DataType;

use super::columns::{Columns, batch, fixed_array, number_array, string_array};
use super::{Table, TableError, field};
use crate::{ADDRESS_KEY_BYTES, Address, MonitorEvent, MonitoredRecord, Timestamp};

/// One row an address that came under monitoring, or left it.
pub static MONITORED: Table = Table {
    name: "monitored",
    about: "append-only log of monitored addresses (event: 1 add, 2 remove) with whose they are, why and by whom; the last \
            row of an address holds",
    key: None,
    columns: || {
        vec![
            field("event", DataType::UInt8),
            field("address_key", DataType::FixedSizeBinary(34)),
            field("address_text", DataType::Utf8),
            field("label", DataType::Utf8),
            field("reason", DataType::Utf8),
            field("author", DataType::Utf8),
            field("at_s", DataType::Int64),
        ]
    },
};

/// Rows of `monitored` to columns.
pub fn monitored_to(rows: &[MonitoredRecord]) -> RecordBatch {
    let keys: Vec<_> = rows.iter().map(|row| row.address.key()).collect();
    let columns = vec![
        number_array::<UInt8Type>(rows.iter().map(|row| row.event as u8)),
        fixed_array(keys.iter()),
        string_array(rows.iter().map(|row| row.address_text.as_str())),
        string_array(rows.iter().map(|row| row.label.as_str())),
        string_array(rows.iter().map(|row| row.reason.as_str())),
        string_array(rows.iter().map(|row| row.author.as_str())),
        number_array::<Int64Type>(rows.iter().map(|row| row.at.get())),
    ];
    batch(&MONITORED, columns)
}

/// Rows of `monitored` from columns.
///
/// # Errors
/// If the batch has another schema, an unknown event or a key that is no address.
pub fn monitored_from(batch: &RecordBatch) -> Result<Vec<MonitoredRecord>, TableError> {
    let columns = Columns::new(&MONITORED, batch);
    let events = columns.numbers::<UInt8Type>("event")?;
    let keys = columns.fixed::<ADDRESS_KEY_BYTES>("address_key")?;
    let (texts, labels) = (columns.strings("address_text")?, columns.strings("label")?);
    let (reasons, authors) = (columns.strings("reason")?, columns.strings("author")?);
    let times = columns.numbers::<Int64Type>("at_s")?;
    let row = |row: usize| {
        let key = keys(row);
        Ok(MonitoredRecord {
            event: MonitorEvent::from_number(events[row])
                .ok_or_else(|| columns.bad("event", row, events[row]))?,
            address: Address::from_key(&key)
                .ok_or_else(|| columns.bad("address_key", row, format!("{key:02x?}")))?,
            address_text: texts.value(row).to_owned(),
            label: labels.value(row).to_owned(),
            reason: reasons.value(row).to_owned(),
            author: authors.value(row).to_owned(),
            at: Timestamp::new(times[row]),
        })
    };
    (0..batch.num_rows()).map(row).collect()
}
