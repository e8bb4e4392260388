//! Rows of the table `proximities` to columns and back.

use arrow_array::RecordBatch;
use arrow_array::types::{Float64Type, UInt8Type, UInt32Type, UInt64Type};
use arrow_schema::DataType;

use super::columns::{Columns, batch, number_array};
use super::{Table, TableError, field};
use crate::{AddressId, Category, ClusterId, EntityId, FlowSide, ProximityRow};

/// One row a cluster, side and category that is near.
pub static PROXIMITIES: Table = Table {
    name: "proximities",
    about: "the way between a cluster and the nearest entity of a kind (side: 1 received, 2 sent; category and entity as in \
            the table entities). A view over the ledger, clusters and entities",
    key: None,
    columns: || {
        vec![
            field("cluster", DataType::UInt32),
            field("side", DataType::UInt8),
            field("category", DataType::UInt8),
            field("entity", DataType::UInt32),
            field("hops", DataType::UInt8),
            field("hops_contracted", DataType::UInt8),
            field("bottleneck_sat", DataType::UInt64),
            field("share", DataType::Float64),
        ]
    },
};

/// Rows of `proximities` to columns.
pub fn proximities_to(rows: &[ProximityRow]) -> RecordBatch {
    let columns = vec![
        number_array::<UInt32Type>(rows.iter().map(|row| row.cluster.get().get())),
        number_array::<UInt8Type>(rows.iter().map(|row| row.side as u8)),
        number_array::<UInt8Type>(rows.iter().map(|row| row.category.number())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.entity.get())),
        number_array::<UInt8Type>(rows.iter().map(|row| row.hops)),
        number_array::<UInt8Type>(rows.iter().map(|row| row.hops_contracted)),
        number_array::<UInt64Type>(rows.iter().map(|row| row.bottleneck_sat)),
        number_array::<Float64Type>(rows.iter().map(|row| row.share)),
    ];
    batch(&PROXIMITIES, columns)
}

/// Rows of `proximities` from columns.
///
/// # Errors
/// If the batch has another schema, or names an unknown side or category.
pub fn proximities_from(batch: &RecordBatch) -> Result<Vec<ProximityRow>, TableError> {
    let columns = Columns::new(&PROXIMITIES, batch);
    let clusters = columns.numbers::<UInt32Type>("cluster")?;
    let sides = columns.numbers::<UInt8Type>("side")?;
    let categories = columns.numbers::<UInt8Type>("category")?;
    let entities = columns.numbers::<UInt32Type>("entity")?;
    let hops = columns.numbers::<UInt8Type>("hops")?;
    let contracted = columns.numbers::<UInt8Type>("hops_contracted")?;
    let bottlenecks = columns.numbers::<UInt64Type>("bottleneck_sat")?;
    let shares = columns.numbers::<Float64Type>("share")?;
    let row = |row: usize| {
        let side = FlowSide::from_number(sides[row]);
        let category = Category::from_number(categories[row]);
        Ok(ProximityRow {
            cluster: ClusterId::new(AddressId::new(clusters[row])),
            side: side.ok_or_else(|| columns.bad("side", row, sides[row]))?,
            category: category.ok_or_else(|| columns.bad("category", row, categories[row]))?,
            entity: EntityId::new(entities[row]),
            hops: hops[row],
            hops_contracted: contracted[row],
            bottleneck_sat: bottlenecks[row],
            share: shares[row],
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn proximities_are_read_back() {
        let row = ProximityRow {
            cluster: ClusterId::new(AddressId::new(7)),
            side: FlowSide::Sent,
            category: Category::SANCTIONED,
            entity: EntityId::new(3),
            hops: 254,
            hops_contracted: 2,
            bottleneck_sat: u64::MAX,
            share: 1.0 / 3.0,
        };
        let near = ProximityRow { side: FlowSide::Received, share: 0.0, ..row };
        super::super::tests::check(&PROXIMITIES, &[near, row], proximities_to, proximities_from);
    }
}
