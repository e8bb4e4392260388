//! Rows of `exposures` to columns and back.

use std::sync::Arc;

use arrow_array::types::{Decimal128Type, Int64Type, UInt8Type, UInt32Type, UInt64Type};
use arrow_array::{ArrayRef, BooleanArray, Decimal128Array, RecordBatch};
use arrow_schema::{DataType, Field};

use super::columns::{Columns, batch, number_array};
use super::{Table, TableError, field};
use crate::{
    AddressId, Amount, Category, ClusterId, EntityId, Exposure, FlowSide, Timestamp, Value,
};

/// One row a cluster, side and origin.
pub static EXPOSURES: Table = Table {
    name: "exposures",
    about: "how much of what a cluster received (side 1) came from whom, and where what it sent (side 2) ended; the rows of one \
            cluster and side add up to all of it. entity 4294967295: nobody known, or the smaller ones of the category",
    key: None,
    columns,
};

fn columns() -> Vec<Field> {
    vec![
        field("cluster", DataType::UInt32),
        field("side", DataType::UInt8),
        field("direct", DataType::Boolean),
        field("mixed", DataType::Boolean),
        field("category", DataType::UInt8),
        field("entity", DataType::UInt32),
        field("amount", DataType::Decimal128(38, 0)),
        field("value_micros", DataType::Decimal128(38, 0)),
        field("amount_unpriced", DataType::Decimal128(38, 0)),
        field("n_transfers", DataType::UInt64),
        field("first_time_s", DataType::Int64),
        field("last_time_s", DataType::Int64),
    ]
}

fn decimals(values: impl Iterator<Item = i128>) -> ArrayRef {
    let values = Decimal128Array::from_iter_values(values).with_precision_and_scale(38, 0);
    Arc::new(values.expect("38 digits are the most a decimal holds"))
}

fn units(amount: Amount) -> i128 {
    i128::try_from(amount.units()).expect("sums of one chain's native asset stay far below 10^38")
}

/// Rows of `exposures` to columns.
pub fn exposures_to(rows: &[Exposure]) -> RecordBatch {
    let flags = |of: fn(&Exposure) -> bool| -> ArrayRef {
        Arc::new(rows.iter().map(|row| Some(of(row))).collect::<BooleanArray>())
    };
    let columns = vec![
        number_array::<UInt32Type>(rows.iter().map(|row| row.cluster.get().get())),
        number_array::<UInt8Type>(rows.iter().map(|row| row.side as u8)),
        flags(|row| row.direct),
        flags(|row| row.mixed),
        number_array::<UInt8Type>(rows.iter().map(|row| row.category.number())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.entity.get())),
        decimals(rows.iter().map(|row| units(row.amount))),
        decimals(rows.iter().map(|row| row.value.micros())),
        decimals(rows.iter().map(|row| units(row.amount_unpriced))),
        number_array::<UInt64Type>(rows.iter().map(|row| row.n_transfers)),
        number_array::<Int64Type>(rows.iter().map(|row| row.first_time.get())),
        number_array::<Int64Type>(rows.iter().map(|row| row.last_time.get())),
    ];
    batch(&EXPOSURES, columns)
}

/// Rows of `exposures` from columns.
///
/// # Errors
/// If the batch has another schema, an unknown side or category, or a negative amount.
pub fn exposures_from(batch: &RecordBatch) -> Result<Vec<Exposure>, TableError> {
    let columns = Columns::new(&EXPOSURES, batch);
    let clusters = columns.numbers::<UInt32Type>("cluster")?;
    let sides = columns.numbers::<UInt8Type>("side")?;
    let direct = columns.booleans("direct")?;
    let mixed = columns.booleans("mixed")?;
    let categories = columns.numbers::<UInt8Type>("category")?;
    let entities = columns.numbers::<UInt32Type>("entity")?;
    let amounts = columns.numbers::<Decimal128Type>("amount")?;
    let values = columns.numbers::<Decimal128Type>("value_micros")?;
    let unpriced = columns.numbers::<Decimal128Type>("amount_unpriced")?;
    let n_transfers = columns.numbers::<UInt64Type>("n_transfers")?;
    let first = columns.numbers::<Int64Type>("first_time_s")?;
    let last = columns.numbers::<Int64Type>("last_time_s")?;
    let amount = |column, row: usize, value: i128| {
        let units = u128::try_from(value).map_err(|_| columns.bad(column, row, value))?;
        Ok(Amount::from_units(units))
    };
    let row = |row: usize| {
        let side = FlowSide::from_number(sides[row]);
        let category = Category::from_number(categories[row]);
        Ok(Exposure {
            cluster: ClusterId::new(AddressId::new(clusters[row])),
            side: side.ok_or_else(|| columns.bad("side", row, sides[row]))?,
            direct: direct.value(row),
            mixed: mixed.value(row),
            category: category.ok_or_else(|| columns.bad("category", row, categories[row]))?,
            entity: EntityId::new(entities[row]),
            amount: amount("amount", row, amounts[row])?,
            value: Value::from_micros(values[row]),
            amount_unpriced: amount("amount_unpriced", row, unpriced[row])?,
            n_transfers: n_transfers[row],
            first_time: Timestamp::new(first[row]),
            last_time: Timestamp::new(last[row]),
        })
    };
    (0..batch.num_rows()).map(row).collect()
}
