//! Rows of `monitored_payments` to columns and back.

use std::sync::Arc;

use arrow_array::types::{Decimal128Type, Int64Type, UInt32Type, UInt64Type};
use arrow_array::{Array, BooleanArray, Decimal128Array, RecordBatch};
use arrow_schema::DataType;

use super::columns::{Columns, batch, nullable_array, number_array, string_array};
use super::{Table, TableError, field, optional};
use crate::{AddressId, ClusterId, Height, MonitoredPayment, Timestamp, TxIndex, Value};

/// One row a payment that arrived at a monitored address.
pub static MONITORED_PAYMENTS: Table = Table {
    name: "monitored_payments",
    about: "payments that arrived at monitored addresses, with the score of each, the payer with the most points and all \
            payers (clusters, a blank between). A view \
            over the ledger and the risk tables",
    key: None,
    columns: || {
        vec![
            field("tx", DataType::UInt64),
            field("height", DataType::UInt32),
            field("time_s", DataType::Int64),
            field("address", DataType::UInt32),
            field("amount_sat", DataType::UInt64),
            optional("value_micros", DataType::Decimal128(38, 0)),
            field("mixing", DataType::Boolean),
            optional("payer", DataType::UInt32),
            field("payers", DataType::Utf8),
            field("points_milli", DataType::Int64),
        ]
    },
};

/// Rows of `monitored_payments` to columns.
pub fn monitored_payments_to(rows: &[MonitoredPayment]) -> RecordBatch {
    let values: Decimal128Array =
        rows.iter().map(|row| row.value.map(Value::micros)).collect::<Decimal128Array>();
    let values = values.with_precision_and_scale(38, 0);
    let payers: Vec<String> = rows.iter().map(payers_text).collect();
    let columns = vec![
        number_array::<UInt64Type>(rows.iter().map(|row| row.tx.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.height.get())),
        number_array::<Int64Type>(rows.iter().map(|row| row.time.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.address.get())),
        number_array::<UInt64Type>(rows.iter().map(|row| row.amount_sat)),
        Arc::new(values.expect("38 digits are the most a decimal holds")),
        Arc::new(rows.iter().map(|row| Some(row.mixing)).collect::<BooleanArray>()),
        nullable_array::<UInt32Type>(rows.iter().map(|row| Some(row.payer?.get().get()))),
        string_array(payers.iter().map(String::as_str)),
        number_array::<Int64Type>(rows.iter().map(|row| row.points)),
    ];
    batch(&MONITORED_PAYMENTS, columns)
}

/// Rows of `monitored_payments` from columns.
///
/// # Errors
/// If the batch has another schema, or payers that are no list of clusters.
pub fn monitored_payments_from(batch: &RecordBatch) -> Result<Vec<MonitoredPayment>, TableError> {
    let columns = Columns::new(&MONITORED_PAYMENTS, batch);
    let transactions = columns.numbers::<UInt64Type>("tx")?;
    let heights = columns.numbers::<UInt32Type>("height")?;
    let times = columns.numbers::<Int64Type>("time_s")?;
    let addresses = columns.numbers::<UInt32Type>("address")?;
    let amounts = columns.numbers::<UInt64Type>("amount_sat")?;
    let values = columns.nullable::<Decimal128Type>("value_micros")?;
    let mixing = columns.booleans("mixing")?;
    let payers = columns.nullable::<UInt32Type>("payer")?;
    let all_payers = columns.strings("payers")?;
    let points = columns.numbers::<Int64Type>("points_milli")?;
    let cluster = |id: u32| ClusterId::new(AddressId::new(id));
    let row = |row: usize| {
        let paid = all_payers.value(row);
        Ok(MonitoredPayment {
            tx: TxIndex::new(transactions[row]),
            height: Height::new(heights[row]),
            time: Timestamp::new(times[row]),
            address: AddressId::new(addresses[row]),
            amount_sat: amounts[row],
            value: values.is_valid(row).then(|| Value::from_micros(values.value(row))),
            mixing: mixing.value(row),
            payer: payers.is_valid(row).then(|| cluster(payers.value(row))),
            payers: payers_of(paid).ok_or_else(|| columns.bad("payers", row, paid))?,
            points: points[row],
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

fn payers_text(row: &MonitoredPayment) -> String {
    let parts = row.payers.iter().map(|payer| payer.get().get().to_string());
    parts.collect::<Vec<_>>().join(" ")
}

fn payers_of(text: &str) -> Option<Vec<ClusterId>> {
    let cluster = |part: &str| Some(ClusterId::new(AddressId::new(part.parse().ok()?)));
    text.split_whitespace().map(cluster).collect()
}
