//! Rows of the chain tables to columns and back.

use std::sync::Arc;

use arrow_array::types::{Int32Type, Int64Type, UInt8Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, BinaryArray, BooleanArray, RecordBatch};

use super::columns::{Columns, batch, fixed_array, nullable_array, number_array};
use super::{ALIASES, BLOCKS, INPUTS, OUTPUTS, RESOLUTIONS, TRANSACTIONS, TableError};
use crate::{
    AddressId, Alias, AliasKind, Block, BlockHash, Height, Input, InputMarks, LedgerBatch,
    OutPoint, Output, Resolution, ScriptType, Spent, Timestamp, Transaction, TxId, TxIndex,
};

/// Rows of `blocks` to columns.
pub fn blocks_to(rows: &[Block]) -> RecordBatch {
    let columns = vec![
        number_array::<UInt32Type>(rows.iter().map(|row| row.height.get())),
        fixed_array(rows.iter().map(|row| row.hash.as_bytes())),
        fixed_array(rows.iter().map(|row| row.previous_hash.as_bytes())),
        fixed_array(rows.iter().map(|row| &row.merkle_root)),
        number_array::<Int64Type>(rows.iter().map(|row| row.time.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.bits)),
        number_array::<UInt32Type>(rows.iter().map(|row| row.size_bytes)),
        number_array::<UInt32Type>(rows.iter().map(|row| row.n_transactions)),
        number_array::<UInt64Type>(rows.iter().map(|row| row.first_tx.get())),
    ];
    batch(&BLOCKS, columns)
}

/// Rows of `blocks` from columns.
///
/// # Errors
/// If the batch has another schema.
pub fn blocks_from(batch: &RecordBatch) -> Result<Vec<Block>, TableError> {
    let columns = Columns::new(&BLOCKS, batch);
    let heights = columns.numbers::<UInt32Type>("height")?;
    let hashes = columns.fixed::<32>("hash")?;
    let previous = columns.fixed::<32>("previous_hash")?;
    let roots = columns.fixed::<32>("merkle_root")?;
    let times = columns.numbers::<Int64Type>("time_s")?;
    let bits = columns.numbers::<UInt32Type>("bits")?;
    let sizes = columns.numbers::<UInt32Type>("size_bytes")?;
    let counts = columns.numbers::<UInt32Type>("n_transactions")?;
    let first = columns.numbers::<UInt64Type>("first_tx")?;
    let row = |row: usize| Block {
        height: Height::new(heights[row]),
        hash: BlockHash::from_bytes(hashes(row)),
        previous_hash: BlockHash::from_bytes(previous(row)),
        merkle_root: roots(row),
        time: Timestamp::new(times[row]),
        bits: bits[row],
        size_bytes: sizes[row],
        n_transactions: counts[row],
        first_tx: TxIndex::new(first[row]),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

/// Rows of `transactions` to columns.
pub fn transactions_to(rows: &[Transaction]) -> RecordBatch {
    let coinbase: BooleanArray = rows.iter().map(|row| Some(row.coinbase)).collect();
    let columns = vec![
        number_array::<UInt64Type>(rows.iter().map(|row| row.index.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.height.get())),
        number_array::<Int64Type>(rows.iter().map(|row| row.time.get())),
        fixed_array(rows.iter().map(|row| row.id.as_bytes())),
        number_array::<Int32Type>(rows.iter().map(|row| row.version)),
        number_array::<UInt32Type>(rows.iter().map(|row| row.lock_time)),
        number_array::<UInt32Type>(rows.iter().map(|row| row.size_bytes)),
        number_array::<UInt32Type>(rows.iter().map(|row| row.weight)),
        number_array::<UInt32Type>(rows.iter().map(|row| row.n_inputs)),
        number_array::<UInt32Type>(rows.iter().map(|row| row.n_outputs)),
        Arc::new(coinbase),
    ];
    batch(&TRANSACTIONS, columns)
}

/// Rows of `transactions` from columns.
///
/// # Errors
/// If the batch has another schema.
pub fn transactions_from(batch: &RecordBatch) -> Result<Vec<Transaction>, TableError> {
    let columns = Columns::new(&TRANSACTIONS, batch);
    let indexes = columns.numbers::<UInt64Type>("tx")?;
    let heights = columns.numbers::<UInt32Type>("height")?;
    let times = columns.numbers::<Int64Type>("time_s")?;
    let ids = columns.fixed::<32>("tx_id")?;
    let versions = columns.numbers::<Int32Type>("version")?;
    let lock_times = columns.numbers::<UInt32Type>("lock_time")?;
    let sizes = columns.numbers::<UInt32Type>("size_bytes")?;
    let weights = columns.numbers::<UInt32Type>("weight")?;
    let n_inputs = columns.numbers::<UInt32Type>("n_inputs")?;
    let n_outputs = columns.numbers::<UInt32Type>("n_outputs")?;
    let coinbase = columns.booleans("coinbase")?;
    let row = |row: usize| Transaction {
        index: TxIndex::new(indexes[row]),
        height: Height::new(heights[row]),
        time: Timestamp::new(times[row]),
        id: TxId::from_bytes(ids(row)),
        version: versions[row],
        lock_time: lock_times[row],
        size_bytes: sizes[row],
        weight: weights[row],
        n_inputs: n_inputs[row],
        n_outputs: n_outputs[row],
        coinbase: coinbase.value(row),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

/// Rows of `inputs` to columns.
pub fn inputs_to(rows: &[Input]) -> RecordBatch {
    let columns = vec![
        number_array::<UInt64Type>(rows.iter().map(|row| row.tx.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.height.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.position)),
        fixed_array(rows.iter().map(|row| row.previous.tx_id.as_bytes())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.previous.output)),
        number_array::<UInt32Type>(rows.iter().map(|row| row.sequence)),
        number_array::<UInt8Type>(rows.iter().map(|row| row.marks.bits())),
        nullable_array::<UInt32Type>(
            rows.iter().map(|row| row.spent.and_then(|spent| spent.address).map(AddressId::get)),
        ),
        nullable_array::<UInt64Type>(
            rows.iter().map(|row| row.spent.map(|spent| spent.amount_sat)),
        ),
        nullable_array::<UInt8Type>(
            rows.iter().map(|row| row.spent.map(|spent| spent.script_type as u8)),
        ),
    ];
    batch(&INPUTS, columns)
}

/// Rows of `inputs` from columns.
///
/// # Errors
/// If the batch has another schema or an unknown script type.
pub fn inputs_from(batch: &RecordBatch) -> Result<Vec<Input>, TableError> {
    let columns = Columns::new(&INPUTS, batch);
    let transactions = columns.numbers::<UInt64Type>("tx")?;
    let heights = columns.numbers::<UInt32Type>("height")?;
    let positions = columns.numbers::<UInt32Type>("position")?;
    let previous = columns.fixed::<32>("previous_tx_id")?;
    let outputs = columns.numbers::<UInt32Type>("previous_output")?;
    let sequences = columns.numbers::<UInt32Type>("sequence")?;
    let marks = columns.numbers::<UInt8Type>("marks")?;
    let addresses = columns.nullable::<UInt32Type>("address")?;
    let amounts = columns.nullable::<UInt64Type>("amount_sat")?;
    let types = columns.nullable::<UInt8Type>("script_type")?;
    let spent = |row: usize| {
        if !amounts.is_valid(row) {
            return Ok(None);
        }
        Ok(Some(Spent {
            address: addresses.is_valid(row).then(|| AddressId::new(addresses.value(row))),
            amount_sat: amounts.value(row),
            script_type: ScriptType::from_number(types.value(row))
                .ok_or_else(|| columns.bad("script_type", row, types.value(row)))?,
        }))
    };
    let row = |row: usize| {
        Ok(Input {
            tx: TxIndex::new(transactions[row]),
            height: Height::new(heights[row]),
            position: positions[row],
            previous: OutPoint { tx_id: TxId::from_bytes(previous(row)), output: outputs[row] },
            sequence: sequences[row],
            marks: InputMarks::from_bits(marks[row]),
            spent: spent(row)?,
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

/// Rows of `outputs` to columns.
pub fn outputs_to(rows: &[Output]) -> RecordBatch {
    let scripts: BinaryArray = rows.iter().map(|row| row.script.as_deref()).collect();
    let columns: Vec<ArrayRef> = vec![
        number_array::<UInt64Type>(rows.iter().map(|row| row.tx.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.height.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.position)),
        nullable_array::<UInt32Type>(rows.iter().map(|row| row.address.map(AddressId::get))),
        number_array::<UInt64Type>(rows.iter().map(|row| row.amount_sat)),
        number_array::<UInt8Type>(rows.iter().map(|row| row.script_type as u8)),
        Arc::new(scripts),
    ];
    batch(&OUTPUTS, columns)
}

/// Rows of `outputs` from columns.
///
/// # Errors
/// If the batch has another schema or an unknown script type.
pub fn outputs_from(batch: &RecordBatch) -> Result<Vec<Output>, TableError> {
    let columns = Columns::new(&OUTPUTS, batch);
    let transactions = columns.numbers::<UInt64Type>("tx")?;
    let heights = columns.numbers::<UInt32Type>("height")?;
    let positions = columns.numbers::<UInt32Type>("position")?;
    let addresses = columns.nullable::<UInt32Type>("address")?;
    let amounts = columns.numbers::<UInt64Type>("amount_sat")?;
    let types = columns.numbers::<UInt8Type>("script_type")?;
    let scripts = columns.binary("script")?;
    let row = |row: usize| {
        Ok(Output {
            tx: TxIndex::new(transactions[row]),
            height: Height::new(heights[row]),
            position: positions[row],
            address: addresses.is_valid(row).then(|| AddressId::new(addresses.value(row))),
            amount_sat: amounts[row],
            script_type: ScriptType::from_number(types[row])
                .ok_or_else(|| columns.bad("script_type", row, types[row]))?,
            script: scripts.is_valid(row).then(|| scripts.value(row).into()),
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

/// Rows of `aliases` to columns.
pub fn aliases_to(rows: &[Alias]) -> RecordBatch {
    let columns = vec![
        number_array::<UInt64Type>(rows.iter().map(|row| row.tx.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.height.get())),
        number_array::<UInt8Type>(rows.iter().map(|row| row.kind as u8)),
        number_array::<UInt32Type>(rows.iter().map(|row| row.a.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.b.get())),
    ];
    batch(&ALIASES, columns)
}

/// Rows of `aliases` from columns.
///
/// # Errors
/// If the batch has another schema or an unknown kind.
pub fn aliases_from(batch: &RecordBatch) -> Result<Vec<Alias>, TableError> {
    let columns = Columns::new(&ALIASES, batch);
    let transactions = columns.numbers::<UInt64Type>("tx")?;
    let heights = columns.numbers::<UInt32Type>("height")?;
    let kinds = columns.numbers::<UInt8Type>("kind")?;
    let a = columns.numbers::<UInt32Type>("address_a")?;
    let b = columns.numbers::<UInt32Type>("address_b")?;
    let row = |row: usize| {
        Ok(Alias {
            tx: TxIndex::new(transactions[row]),
            height: Height::new(heights[row]),
            kind: AliasKind::from_number(kinds[row])
                .ok_or_else(|| columns.bad("kind", row, kinds[row]))?,
            a: AddressId::new(a[row]),
            b: AddressId::new(b[row]),
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

/// Rows of `resolutions` to columns.
pub fn resolutions_to(rows: &[Resolution]) -> RecordBatch {
    let columns = vec![
        number_array::<UInt64Type>(rows.iter().map(|row| row.tx.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.height.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.position)),
        nullable_array::<UInt32Type>(rows.iter().map(|row| row.spent.address.map(AddressId::get))),
        number_array::<UInt64Type>(rows.iter().map(|row| row.spent.amount_sat)),
        number_array::<UInt8Type>(rows.iter().map(|row| row.spent.script_type as u8)),
    ];
    batch(&RESOLUTIONS, columns)
}

/// Rows of `resolutions` from columns.
///
/// # Errors
/// If the batch has another schema or an unknown script type.
pub fn resolutions_from(batch: &RecordBatch) -> Result<Vec<Resolution>, TableError> {
    let columns = Columns::new(&RESOLUTIONS, batch);
    let transactions = columns.numbers::<UInt64Type>("tx")?;
    let heights = columns.numbers::<UInt32Type>("height")?;
    let positions = columns.numbers::<UInt32Type>("position")?;
    let addresses = columns.nullable::<UInt32Type>("address")?;
    let amounts = columns.numbers::<UInt64Type>("amount_sat")?;
    let types = columns.numbers::<UInt8Type>("script_type")?;
    let row = |row: usize| {
        Ok(Resolution {
            tx: TxIndex::new(transactions[row]),
            height: Height::new(heights[row]),
            position: positions[row],
            spent: Spent {
                address: addresses.is_valid(row).then(|| AddressId::new(addresses.value(row))),
                amount_sat: amounts[row],
                script_type: ScriptType::from_number(types[row])
                    .ok_or_else(|| columns.bad("script_type", row, types[row]))?,
            },
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

/// The five tables of consecutive blocks as one batch of rows; `blocks` may be left empty by a caller that does
/// not need it.
///
/// # Errors
/// If a batch has another schema.
pub fn batch_from(
    transactions: &RecordBatch,
    inputs: &RecordBatch,
    outputs: &RecordBatch,
) -> Result<LedgerBatch, TableError> {
    Ok(LedgerBatch {
        transactions: transactions_from(transactions)?,
        inputs: inputs_from(inputs)?,
        outputs: outputs_from(outputs)?,
        ..LedgerBatch::default()
    })
}
