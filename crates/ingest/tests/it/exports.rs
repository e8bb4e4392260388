//! The world as bitcoin-etl exports it, in three formats, and what a broken export is answered with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema};
use bitcoin::consensus::encode::serialize_hex;
use bitcoin::{Block, Transaction, TxOut};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tracehound_ingest::bitcoin::etl_export;
use tracehound_ingest::source::{BatchLimit, Held, SourceError};

use crate::served::{options, pull};
use crate::world::World;

fn script_hex(script: &bitcoin::Script) -> String {
    script.to_hex_string()
}

/// What Bitcoin Core says of an output, and bitcoin-etl copies.
fn type_and_addresses(output: &TxOut) -> (&'static str, Vec<String>) {
    let script = &output.script_pubkey;
    let address = bitcoin::Address::from_script(script, bitcoin::Network::Regtest).ok();
    let kind = tracehound_ingest::bitcoin::script::payee(script.as_bytes()).script_type.name();
    match address {
        Some(address) => (kind, vec![address.to_string()]),
        None if script.is_p2pk() => {
            let key = script.p2pk_public_key().unwrap();
            let address = bitcoin::Address::p2pkh(key, bitcoin::Network::Regtest);
            (kind, vec![address.to_string()])
        }
        None => ("nonstandard", vec!["nonstandard0123".to_owned()]),
    }
}

fn block_row(height: u32, block: &Block) -> Value {
    json!({
        "type": "block",
        "hash": block.block_hash().to_string(),
        "size": block.total_size(),
        "stripped_size": block.total_size(),
        "weight": block.weight().to_wu(),
        "number": height,
        "version": block.header.version.to_consensus(),
        "merkle_root": block.header.merkle_root.to_string(),
        "timestamp": block.header.time,
        "nonce": format!("{:x}", block.header.nonce),
        "bits": format!("{:x}", block.header.bits.to_consensus()),
        "coinbase_param": script_hex(&block.txdata[0].input[0].script_sig),
        "transaction_count": block.txdata.len(),
    })
}

fn transaction_row(world: &World, height: u32, block: &Block, index: usize) -> Value {
    let tx: &Transaction = &block.txdata[index];
    let inputs = tx.input.iter().enumerate().filter(|_| !tx.is_coinbase()).map(|(index, input)| {
        let output = &world.coins[&input.previous_output].output;
        let (kind, addresses) = type_and_addresses(output);
        json!({
            "index": index,
            "spent_transaction_hash": input.previous_output.txid.to_string(),
            "spent_output_index": input.previous_output.vout,
            "script_asm": "",
            "script_hex": script_hex(&input.script_sig),
            "sequence": input.sequence.to_consensus_u32(),
            "required_signatures": 1,
            "type": kind,
            "addresses": addresses,
            "value": output.value.to_sat(),
        })
    });
    let outputs = tx.output.iter().enumerate().map(|(index, output)| {
        let (kind, addresses) = type_and_addresses(output);
        json!({
            "index": index,
            "script_asm": "",
            "script_hex": script_hex(&output.script_pubkey),
            "required_signatures": 1,
            "type": kind,
            "addresses": addresses,
            "value": output.value.to_sat(),
        })
    });
    json!({
        "type": "transaction",
        "hash": tx.compute_txid().to_string(),
        "size": tx.total_size(),
        "virtual_size": tx.vsize(),
        "version": tx.version.0,
        "lock_time": tx.lock_time.to_consensus_u32(),
        "block_number": height,
        "block_hash": block.block_hash().to_string(),
        "block_timestamp": block.header.time,
        "is_coinbase": tx.is_coinbase(),
        "index": index,
        "inputs": inputs.collect::<Vec<_>>(),
        "outputs": outputs.collect::<Vec<_>>(),
    })
}

/// Rows of both tables, not in order.
fn rows(world: &World, blocks: &[Block]) -> (Vec<Value>, Vec<Value>) {
    let of = |block: &Block| world.height_of(block);
    let block_rows = blocks.iter().rev().map(|block| block_row(of(block), block)).collect();
    let mut transactions: Vec<Value> = blocks
        .iter()
        .flat_map(|block| {
            (0..block.txdata.len())
                .map(move |index| transaction_row(world, of(block), block, index))
        })
        .collect();
    transactions.reverse();
    (block_rows, transactions)
}

fn json_lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

/// Partitioned in folders, as the exporter does.
pub(crate) fn write_json(folder: &Path, world: &World, blocks: &[Block]) {
    let (blocks, transactions) = rows(world, blocks);
    for (name, rows) in [("blocks", blocks), ("transactions", transactions)] {
        let folder = folder.join(name).join("start_block=0");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("part.json"), json_lines(&rows)).unwrap();
    }
}

/// With nested lists as JSON in a cell.
pub(crate) fn write_csv(folder: &Path, world: &World, blocks: &[Block]) {
    let (blocks, transactions) = rows(world, blocks);
    for (name, rows) in [("blocks.csv", blocks), ("transactions.csv", transactions)] {
        let mut writer = csv::Writer::from_path(folder.join(name)).unwrap();
        let Some(first) = rows[0].as_object() else { panic!("rows are objects") };
        writer.write_record(first.keys()).unwrap();
        for row in &rows {
            let cell = |cell: &Value| cell.as_str().map_or(cell.to_string(), str::to_owned);
            writer.write_record(row.as_object().unwrap().values().map(cell)).unwrap();
        }
        writer.flush().unwrap();
    }
}

/// In row groups of two rows.
pub(crate) fn write_parquet(folder: &Path, world: &World, blocks: &[Block]) {
    let (blocks, transactions) = rows(world, blocks);
    for (name, rows) in [("blocks.parquet", blocks), ("transactions.parquet", transactions)] {
        let schema = Arc::new(Schema::new(fields(rows.iter().map(|row| row.as_object().unwrap()))));
        let mut decoder = arrow::json::ReaderBuilder::new(schema.clone()).build_decoder().unwrap();
        decoder.serialize(&rows).unwrap();
        let batch = decoder.flush().unwrap().unwrap();
        let properties = parquet::file::properties::WriterProperties::builder()
            .set_max_row_group_row_count(Some(2))
            .build();
        let file = std::fs::File::create(folder.join(name)).unwrap();
        let mut writer =
            parquet::arrow::ArrowWriter::try_new(file, schema, Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }
}

/// A schema that all rows fit; lists that are empty in one row take their items from another.
fn fields<'a>(rows: impl Iterator<Item = &'a Map<String, Value>>) -> Fields {
    let mut cells: Vec<(String, Vec<&'a Value>)> = Vec::new();
    for row in rows {
        for (name, cell) in row {
            match cells.iter_mut().find(|(other, _)| other == name) {
                Some((_, cells)) => cells.push(cell),
                None => cells.push((name.clone(), vec![cell])),
            }
        }
    }
    cells.iter().map(|(name, cells)| Field::new(name, data_type(cells), true)).collect()
}

fn data_type(cells: &[&Value]) -> DataType {
    match cells[0] {
        Value::Bool(_) => DataType::Boolean,
        Value::Number(_) => DataType::Int64,
        Value::Array(_) => {
            let items: Vec<&Value> =
                cells.iter().flat_map(|cell| cell.as_array().unwrap()).collect();
            let item = match items.first() {
                Some(Value::Object(_)) => {
                    DataType::Struct(fields(items.iter().map(|item| item.as_object().unwrap())))
                }
                _ => DataType::Utf8,
            };
            DataType::List(Arc::new(Field::new_list_field(item, true)))
        }
        _ => DataType::Utf8,
    }
}

/// An export of the whole world in one file, with `change` made to its rows first.
fn changed(change: impl FnOnce(&mut Vec<Value>)) -> (TempDir, PathBuf) {
    let world = World::new();
    let (mut all, transactions) = rows(&world, &world.best);
    all.extend(transactions);
    change(&mut all);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stream.json");
    std::fs::write(&path, json_lines(&all)).unwrap();
    (folder, path)
}

fn read(path: &Path) -> Result<usize, SourceError> {
    let mut source = etl_export(&[path.to_owned()], &Held::nothing(), &options())?;
    Ok(pull(&mut source, BatchLimit::default())?.1.len())
}

#[test]
fn both_tables_may_be_in_one_file_in_any_order() {
    let (_folder, path) = changed(|rows| rows.sort_by_key(|row| row["hash"].to_string()));
    assert_eq!(read(&path).unwrap(), 6);
}

#[test]
fn an_export_without_positions_is_read_if_its_rows_are_in_order() {
    let strip = |rows: &mut Vec<Value>| {
        rows.reverse();
        for row in rows {
            row.as_object_mut().unwrap().remove("index");
        }
    };
    let (_folder, path) = changed(strip);
    assert_eq!(read(&path).unwrap(), 6);
    let (_folder, path) = changed(|rows| {
        strip(rows);
        rows.reverse();
    });
    let error = read(&path).unwrap_err();
    assert!(error.to_string().contains("without a column index"), "{error}");
}

#[test]
fn a_broken_export_is_one_error_with_its_line() {
    #[track_caller]
    fn check(change: impl FnOnce(&mut Vec<Value>), line: u64, says: &str) {
        let (_folder, path) = changed(change);
        let error = read(&path).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.to_string().contains(&format!("stream.json, line {line}:")), "{error}");
        assert!(error.hint().is_some(), "{error}");
    }
    // Lines 1 to 6 are the blocks 5 to 0, from line 7 on the transactions.
    check(|rows| drop(rows.remove(8)), 2, "has 2 transactions, but 1 are here");
    check(|rows| rows.push(rows[8].clone()), 17, "is here twice (first at");
    check(|rows| rows.push(rows[2].clone()), 17, "is here twice (first at");
    check(
        |rows| rows[7]["lock_time"] = json!(7),
        8,
        "does not follow from the transaction's fields",
    );
    check(|rows| rows[7]["outputs"][0]["value"] = json!(7), 8, "does not follow");
    check(
        |rows| rows[1]["nonce"] = json!("ffffffff"),
        2,
        "does not follow from the header's fields",
    );
    check(|rows| rows[1]["merkle_root"] = json!("00"), 2, "not a hash");
    check(|rows| rows[7]["outputs"] = json!("[{'index': 0}]"), 8, "nested list is not JSON");
    check(|rows| rows[7]["block_hash"] = Value::Null, 8, "no block_hash");
    check(|rows| rows[7] = json!({"hash": 1}), 8, "neither table");
    check(|rows| rows[7] = json!([1]), 8, "not a JSON object");
}

#[test]
fn what_cannot_be_checked_is_said() {
    let (_folder, path) = changed(|rows| {
        for row in rows.iter_mut().take(6) {
            row.as_object_mut().unwrap().remove("nonce");
        }
    });
    let source = etl_export(&[path], &Held::nothing(), &options()).unwrap();
    use tracehound_ingest::source::Source;
    let notes = source.plan().notes.join("\n");
    assert!(notes.contains("6 blocks lack") && notes.contains("no witnesses"), "{notes}");
}

#[test]
fn an_export_without_blocks_says_so() {
    let (_folder, path) = changed(|rows| drop(rows.drain(..6)));
    let error = read(&path).unwrap_err();
    assert!(error.to_string().contains("no rows of the table blocks"), "{error}");
    let hex = serialize_hex(&World::new().best[0]);
    std::fs::write(&path, hex).unwrap();
    assert!(read(&path).unwrap_err().to_string().contains("line 1: not a JSON object"));
}
