//! The table of mixes: schema, rows to columns and back.

use arrow_array::RecordBatch;
use arrow_array::types::{Float32Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type};
use arrow_schema::DataType;

use super::columns::{Columns, batch, number_array};
use super::{Table, TableError, field};
use crate::{Height, Mix, TxIndex};

/// One row a transaction that is labelled a mix or possibly collaborative.
pub static MIXES: Table = Table {
    name: "mixes",
    about: "transactions of mixing protocols (protocol: 0 no label, 1 whirlpool, 2 whirlpool_tx0, 3 wasabi1, 4 wasabi2, \
            5 joinmarket) and those that several owners may have signed (possible is not 0)",
    key: Some("height"),
    columns: || {
        vec![
            field("tx", DataType::UInt64),
            field("height", DataType::UInt32),
            field("protocol", DataType::UInt8),
            field("variant", DataType::UInt8),
            field("possible", DataType::UInt16),
            field("confidence", DataType::Float32),
            field("n_participants", DataType::UInt32),
            field("n_equal_outputs", DataType::UInt32),
            field("denomination_sat", DataType::UInt64),
            field("lineage", DataType::UInt8),
        ]
    },
};

/// Rows of `mixes` to columns.
pub fn mixes_to(rows: &[Mix]) -> RecordBatch {
    let columns = vec![
        number_array::<UInt64Type>(rows.iter().map(|row| row.tx.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.height.get())),
        number_array::<UInt8Type>(rows.iter().map(|row| row.protocol)),
        number_array::<UInt8Type>(rows.iter().map(|row| row.variant)),
        number_array::<UInt16Type>(rows.iter().map(|row| row.possible)),
        number_array::<Float32Type>(rows.iter().map(|row| row.confidence)),
        number_array::<UInt32Type>(rows.iter().map(|row| row.n_participants)),
        number_array::<UInt32Type>(rows.iter().map(|row| row.n_equal_outputs)),
        number_array::<UInt64Type>(rows.iter().map(|row| row.denomination_sat)),
        number_array::<UInt8Type>(rows.iter().map(|row| row.lineage)),
    ];
    batch(&MIXES, columns)
}

/// Rows of `mixes` from columns.
///
/// # Errors
/// If the batch has another schema.
pub fn mixes_from(batch: &RecordBatch) -> Result<Vec<Mix>, TableError> {
    let columns = Columns::new(&MIXES, batch);
    let transactions = columns.numbers::<UInt64Type>("tx")?;
    let heights = columns.numbers::<UInt32Type>("height")?;
    let protocols = columns.numbers::<UInt8Type>("protocol")?;
    let variants = columns.numbers::<UInt8Type>("variant")?;
    let possible = columns.numbers::<UInt16Type>("possible")?;
    let confidences = columns.numbers::<Float32Type>("confidence")?;
    let n_participants = columns.numbers::<UInt32Type>("n_participants")?;
    let n_equal_outputs = columns.numbers::<UInt32Type>("n_equal_outputs")?;
    let denominations = columns.numbers::<UInt64Type>("denomination_sat")?;
    let lineages = columns.numbers::<UInt8Type>("lineage")?;
    let row = |row: usize| Mix {
        tx: TxIndex::new(transactions[row]),
        height: Height::new(heights[row]),
        protocol: protocols[row],
        variant: variants[row],
        possible: possible[row],
        confidence: confidences[row],
        n_participants: n_participants[row],
        n_equal_outputs: n_equal_outputs[row],
        denomination_sat: denominations[row],
        lineage: lineages[row],
    };
    Ok((0..batch.num_rows()).map(row).collect())
}
