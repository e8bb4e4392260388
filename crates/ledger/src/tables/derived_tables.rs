//! Rows of the derived tables to columns and back.

use std::sync::Arc;

use arrow_array::types::{
    Decimal128Type, Float32Type, Int64Type, UInt8Type, UInt32Type, UInt64Type,
};
use arrow_array::{ArrayRef, Decimal128Array, RecordBatch};

use super::columns::{Columns, batch, number_array, string_array};
use super::{CLUSTER_EDGES, CLUSTERS, LINKS, TableError};
use crate::{
    AddressId, Amount, Asset, ClusterEdge, ClusterId, ClusterMember, Height, Link, Timestamp,
    TxIndex, Value,
};

/// Rows of `links` to columns.
pub fn links_to(rows: &[Link]) -> RecordBatch {
    let columns = vec![
        number_array::<UInt64Type>(rows.iter().map(|row| row.tx.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.height.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.a.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.b.get())),
        number_array::<UInt8Type>(rows.iter().map(|row| row.heuristic)),
        number_array::<Float32Type>(rows.iter().map(|row| row.confidence)),
        number_array::<UInt32Type>(rows.iter().map(|row| row.source)),
    ];
    batch(&LINKS, columns)
}

/// Rows of `links` from columns.
///
/// # Errors
/// If the batch has another schema.
pub fn links_from(batch: &RecordBatch) -> Result<Vec<Link>, TableError> {
    let columns = Columns::new(&LINKS, batch);
    let transactions = columns.numbers::<UInt64Type>("tx")?;
    let heights = columns.numbers::<UInt32Type>("height")?;
    let a = columns.numbers::<UInt32Type>("address_a")?;
    let b = columns.numbers::<UInt32Type>("address_b")?;
    let heuristics = columns.numbers::<UInt8Type>("heuristic")?;
    let confidences = columns.numbers::<Float32Type>("confidence")?;
    let sources = columns.numbers::<UInt32Type>("source")?;
    let row = |row: usize| Link {
        tx: TxIndex::new(transactions[row]),
        height: Height::new(heights[row]),
        a: AddressId::new(a[row]),
        b: AddressId::new(b[row]),
        heuristic: heuristics[row],
        confidence: confidences[row],
        source: sources[row],
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

/// Rows of `clusters` to columns.
pub fn clusters_to(rows: &[ClusterMember]) -> RecordBatch {
    let columns = vec![
        number_array::<UInt32Type>(rows.iter().map(|row| row.cluster.get().get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.address.get())),
    ];
    batch(&CLUSTERS, columns)
}

/// Rows of `clusters` from columns.
///
/// # Errors
/// If the batch has another schema.
pub fn clusters_from(batch: &RecordBatch) -> Result<Vec<ClusterMember>, TableError> {
    let columns = Columns::new(&CLUSTERS, batch);
    let clusters = columns.numbers::<UInt32Type>("cluster")?;
    let addresses = columns.numbers::<UInt32Type>("address")?;
    let rows = clusters.iter().zip(addresses).map(|(cluster, address)| ClusterMember {
        cluster: ClusterId::new(AddressId::new(*cluster)),
        address: AddressId::new(*address),
    });
    Ok(rows.collect())
}

/// Rows of `cluster_edges` to columns.
pub fn cluster_edges_to(rows: &[ClusterEdge]) -> RecordBatch {
    let units = |amount: Amount| {
        i128::try_from(amount.units())
            .expect("sums of one chain's native asset stay far below 10^38")
    };
    let amounts = decimals(rows.iter().map(|row| units(row.amount)));
    let columns = vec![
        number_array::<UInt32Type>(rows.iter().map(|row| row.source.get().get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.target.get().get())),
        string_array(rows.iter().map(|row| row.asset.symbol())),
        amounts,
        number_array::<UInt64Type>(rows.iter().map(|row| row.n_transactions)),
        number_array::<UInt64Type>(rows.iter().map(|row| row.n_mixing)),
        number_array::<UInt64Type>(rows.iter().map(|row| row.n_amount_unknown)),
        decimals(rows.iter().map(|row| row.value.micros())),
        decimals(rows.iter().map(|row| units(row.amount_unpriced))),
        number_array::<UInt64Type>(rows.iter().map(|row| row.n_high_volatility)),
        number_array::<Int64Type>(rows.iter().map(|row| row.first_time.get())),
        number_array::<Int64Type>(rows.iter().map(|row| row.last_time.get())),
    ];
    batch(&CLUSTER_EDGES, columns)
}

/// Whole numbers of up to 38 digits.
fn decimals(numbers: impl Iterator<Item = i128>) -> ArrayRef {
    let array = Decimal128Array::from_iter_values(numbers).with_precision_and_scale(38, 0);
    Arc::new(array.expect("38 digits are the most a decimal holds"))
}

/// Rows of `cluster_edges` from columns.
///
/// # Errors
/// If the batch has another schema or a negative amount.
pub fn cluster_edges_from(batch: &RecordBatch) -> Result<Vec<ClusterEdge>, TableError> {
    let columns = Columns::new(&CLUSTER_EDGES, batch);
    let sources = columns.numbers::<UInt32Type>("source")?;
    let targets = columns.numbers::<UInt32Type>("target")?;
    let assets = columns.strings("asset")?;
    let amounts = columns.numbers::<Decimal128Type>("amount")?;
    let n_transactions = columns.numbers::<UInt64Type>("n_transactions")?;
    let n_mixing = columns.numbers::<UInt64Type>("n_mixing")?;
    let n_unknown = columns.numbers::<UInt64Type>("n_amount_unknown")?;
    let values = columns.numbers::<Decimal128Type>("value_micros")?;
    let unpriced = columns.numbers::<Decimal128Type>("amount_unpriced")?;
    let n_high = columns.numbers::<UInt64Type>("n_high_volatility")?;
    let first = columns.numbers::<Int64Type>("first_time_s")?;
    let last = columns.numbers::<Int64Type>("last_time_s")?;
    let cluster = |id: u32| ClusterId::new(AddressId::new(id));
    let row = |row: usize| {
        let units = |column, number: i128| match u128::try_from(number) {
            Ok(units) => Ok(Amount::from_units(units)),
            Err(_) => Err(columns.bad(column, row, number)),
        };
        Ok(ClusterEdge {
            source: cluster(sources[row]),
            target: cluster(targets[row]),
            asset: Asset::new(assets.value(row)),
            amount: units("amount", amounts[row])?,
            n_transactions: n_transactions[row],
            n_mixing: n_mixing[row],
            n_amount_unknown: n_unknown[row],
            value: Value::from_micros(values[row]),
            amount_unpriced: units("amount_unpriced", unpriced[row])?,
            n_high_volatility: n_high[row],
            first_time: Timestamp::new(first[row]),
            last_time: Timestamp::new(last[row]),
        })
    };
    (0..batch.num_rows()).map(row).collect()
}
