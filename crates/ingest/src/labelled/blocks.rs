//! Blocks as a node prints them: `getblock` at verbosity 2 or 3, one file a block.
//!
//! Each transaction is put back into the bytes of the wire (from its `hex` where it is given, else from its fields) and read
//! by the decoder of blocks, so that scripts, marks and aliases come out as they do of real blocks. One that cannot be
//! read is left out alone: dumps are cut down for publication.

use ledger::{BlockHash, DecodedBlock, Height, SpentByInput, Timestamp, TxId, bytes_from_hex};
use serde_json::Value;

use super::error::Skips;
use super::json::{bytes_of_hex, satoshi_of_coins, time, whole};
use super::lines::empty_block;
use crate::bitcoin::decode::{self, HEADER_BYTES, Header, push_compact_size};
use crate::bitcoin::script::payee;

/// A coinbase that pays nobody: the decoder wants one in front of every other transaction.
const COINBASE: &[u8] = b"\x01\0\0\0\x01\
    \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\x02\0\0\xff\xff\xff\xff\
    \x01\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// One block of a dump; `None` if the value is no block. `height` is used where the block does not tell its own.
pub(super) fn block(
    value: &Value,
    height: Option<u64>,
    file: &str,
    skips: &mut Skips,
) -> Option<DecodedBlock> {
    let value = value.get("result").filter(|inner| inner.get("tx").is_some()).unwrap_or(value);
    let transactions = value.get("tx")?.as_array()?;
    let height = value.get("height").and_then(whole).or(height)?;
    let height = Height::new(u32::try_from(height).ok()?);
    let hash: BlockHash = text(value, "hash").and_then(|t| t.parse().ok()).unwrap_or_default();
    let time = Timestamp::new(value.get("time").and_then(time).unwrap_or_default());
    let mut block = empty_block(height, hash, time);
    block.has_spent_outputs = false;
    let root = text(value, "merkleroot").and_then(bytes_from_hex::<32>);
    block.merkle_root = root.unwrap_or_default();
    block.previous_hash =
        text(value, "previousblockhash").and_then(|t| t.parse().ok()).unwrap_or_default();
    for (place, transaction) in transactions.iter().enumerate() {
        if let Err(reason) = append(&mut block, transaction) {
            let shown =
                text(transaction, "txid").map_or_else(|| format!("tx {place}"), str::to_owned);
            skips.add(file, reason, format_args!("block {height}, {shown}"));
        }
    }
    Some(block)
}

fn text<'v>(value: &'v Value, field: &str) -> Option<&'v str> {
    value.get(field)?.as_str()
}

fn append(block: &mut DecodedBlock, value: &Value) -> Result<(), String> {
    if value.is_string() {
        return Err("transaction without its parts (verbosity 1)".to_owned());
    }
    let inputs = value.get("vin").and_then(Value::as_array).ok_or("transaction without `vin`")?;
    let coinbase = inputs.iter().any(|input| input.get("coinbase").is_some());
    let given = text(value, "hex").and_then(bytes_of_hex);
    let wire = given.map_or_else(|| wire(value, inputs), Ok)?;
    let mut bytes = vec![if coinbase { 1 } else { 2 }];
    if !coinbase {
        bytes.extend_from_slice(COINBASE);
    }
    bytes.extend_from_slice(&wire);
    let reader = decode::transactions(&bytes).map_err(|error| error.to_string())?;
    let one = reader.into_block(&Header::read(&[0; HEADER_BYTES]), block.height, bytes.len());
    let position = u32::try_from(block.transactions.len()).map_err(|_| "too many transactions")?;
    let mut transaction = one.transactions.into_iter().next_back().ok_or("no transaction")?;
    transaction.coinbase = coinbase;
    if let Some(id) = text(value, "txid").and_then(|text| text.parse::<TxId>().ok()) {
        transaction.id = id;
    }
    let told = inputs.iter().map(spent);
    let own_inputs = one.inputs.into_iter().zip(told);
    block.inputs.extend(own_inputs.map(|(mut input, told)| {
        input.spent = told;
        input
    }));
    let n_before = one.outputs.len() - transaction.n_outputs as usize;
    block.outputs.extend(one.outputs.into_iter().skip(n_before));
    let own_position = if coinbase { 0 } else { 1 };
    let revealed = one.aliases.into_iter().filter(|alias| alias.tx_position == own_position);
    block.aliases.extend(revealed.map(|mut alias| {
        alias.tx_position = position;
        alias
    }));
    block.transactions.push(transaction);
    Ok(())
}

/// The spent output where the node tells it (verbosity 3).
fn spent(input: &Value) -> Option<SpentByInput> {
    let prevout = input.get("prevout")?;
    let payee = payee(&script(prevout.get("scriptPubKey")?)?);
    let amount_sat = satoshi_of_coins(prevout.get("value")?)?;
    Some(SpentByInput { amount_sat, script_type: payee.script_type, address: payee.address })
}

/// An output script: as it is, or that of the address.
fn script(value: &Value) -> Option<Vec<u8>> {
    if let Some(script) = text(value, "hex").and_then(bytes_of_hex) {
        return Some(script);
    }
    let address =
        text(value, "address").or_else(|| value.get("addresses")?.as_array()?.first()?.as_str())?;
    let address: bitcoin::Address<bitcoin::address::NetworkUnchecked> = address.parse().ok()?;
    Some(address.assume_checked().script_pubkey().into_bytes())
}

/// A transaction in the bytes of the wire.
fn wire(value: &Value, inputs: &[Value]) -> Result<Vec<u8>, String> {
    let number = |field: &str| value.get(field).and_then(Value::as_i64);
    let outputs =
        value.get("vout").and_then(Value::as_array).ok_or("transaction without `vout`")?;
    let witnesses: Vec<Vec<Vec<u8>>> = inputs.iter().map(witness).collect();
    let has_witness = witnesses.iter().any(|items| !items.is_empty());
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&number("version").unwrap_or(0).to_le_bytes()[..4]);
    if has_witness {
        bytes.extend_from_slice(&[0, 1]);
    }
    push_compact_size(&mut bytes, inputs.len());
    for input in inputs {
        push_input(&mut bytes, input)?;
    }
    push_compact_size(&mut bytes, outputs.len());
    for output in outputs {
        let amount =
            output.get("value").and_then(satoshi_of_coins).ok_or("output without `value`")?;
        let script = output.get("scriptPubKey").and_then(script).ok_or("output without script")?;
        bytes.extend_from_slice(&amount.to_le_bytes());
        string(&mut bytes, &script);
    }
    if has_witness {
        for items in &witnesses {
            push_compact_size(&mut bytes, items.len());
            items.iter().for_each(|item| string(&mut bytes, item));
        }
    }
    bytes.extend_from_slice(&number("locktime").unwrap_or(0).to_le_bytes()[..4]);
    Ok(bytes)
}

fn push_input(bytes: &mut Vec<u8>, input: &Value) -> Result<(), String> {
    let (previous, output, script_sig) = match text(input, "coinbase") {
        Some(script) => (TxId::default(), u32::MAX, Some(script)),
        None => {
            let id = text(input, "txid").and_then(|text| text.parse().ok());
            let output = input.get("vout").and_then(whole).and_then(|n| u32::try_from(n).ok());
            let script = input.get("scriptSig").and_then(|script| text(script, "hex"));
            (id.ok_or("input without `txid`")?, output.ok_or("input without `vout`")?, script)
        }
    };
    bytes.extend_from_slice(previous.as_bytes());
    bytes.extend_from_slice(&output.to_le_bytes());
    string(bytes, &script_sig.and_then(bytes_of_hex).unwrap_or_default());
    let sequence = input.get("sequence").and_then(whole).and_then(|n| u32::try_from(n).ok());
    bytes.extend_from_slice(&sequence.unwrap_or(u32::MAX).to_le_bytes());
    Ok(())
}

fn witness(input: &Value) -> Vec<Vec<u8>> {
    let items = input.get("txinwitness").and_then(Value::as_array);
    let items = items.into_iter().flatten().filter_map(Value::as_str);
    items.filter_map(bytes_of_hex).collect()
}

fn string(bytes: &mut Vec<u8>, of: &[u8]) {
    push_compact_size(bytes, of.len());
    bytes.extend_from_slice(of);
}
