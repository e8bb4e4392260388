//! Rows of an export to parts of blocks.
//!
//! Source: bitcoin-etl 1.5, `README.md` (schema) and its mappers; the public BigQuery tables have the same columns. A
//! transaction row says enough to write the transaction's bytes without witnesses, and with them its id.

use std::str::FromStr;

use bitcoin::hex::FromHex;
use ledger::{BlockHash, ScriptType, SpentByInput, TxId};
use serde_json::Value;

use super::tables::Row;
use crate::bitcoin::decode::push_compact_size;
use crate::bitcoin::network::Network;
use crate::bitcoin::script::payee;

/// A row of `blocks`.
#[derive(Clone, Debug)]
pub(super) struct BlockRow {
    pub(super) hash: BlockHash,
    pub(super) number: u32,
    pub(super) previous_hash: Option<BlockHash>,
    pub(super) merkle_root: [u8; 32],
    pub(super) time_s: u32,
    pub(super) bits: u32,
    /// With these the header can be written again.
    pub(super) version_and_nonce: Option<(i32, u32)>,
    pub(super) size: Option<u32>,
    pub(super) coinbase_script: Option<Vec<u8>>,
    pub(super) n_transactions: Option<u32>,
}

/// A row of `transactions`.
#[derive(Clone, Debug)]
pub(super) struct TransactionRow {
    pub(super) id: TxId,
    /// Some exports name the hash with witnesses `hash`, and the id apart.
    pub(super) other_id: Option<TxId>,
    pub(super) index: Option<u32>,
    pub(super) size: Option<u32>,
    pub(super) coinbase: bool,
    pub(super) version: i32,
    pub(super) lock_time: u32,
    /// Number of inputs and the inputs, as in the block; of a coinbase nothing.
    pub(super) inputs: Vec<u8>,
    /// Number of outputs and the outputs, as in the block.
    pub(super) outputs: Vec<u8>,
    /// Whether all scripts were there, so that the bytes are the transaction's.
    pub(super) complete: bool,
    pub(super) spent: Vec<Option<SpentByInput>>,
}

/// What is wrong with a row.
pub(super) type Fault = String;

/// Whether a row is one of `blocks` (`true`) or `transactions`.
pub(super) fn is_block(row: &Row) -> Option<bool> {
    if row.contains_key("merkle_root") {
        Some(true)
    } else if row.contains_key("outputs") && row.contains_key("block_hash") {
        Some(false)
    } else {
        None
    }
}

/// The block that a row of `transactions` belongs to.
pub(super) fn block_of(row: &Row) -> Result<BlockHash, Fault> {
    parse(required(row, "block_hash")?)
}

impl BlockRow {
    pub(super) fn read(row: &Row) -> Result<Self, Fault> {
        let merkle_root: BlockHash = parse(required(row, "merkle_root")?)?;
        let bits = required(row, "bits")?;
        let number = row.get("number").or_else(|| row.get("height")).filter(|cell| !cell.is_null());
        let version = u32_or_sign(row.get("version"));
        let nonce = row.get("nonce").and_then(number_or_hex);
        Ok(Self {
            hash: parse(required(row, "hash")?)?,
            number: number.and_then(small).ok_or("no number")?,
            previous_hash: match row.get("previous_block_hash").filter(|cell| !cell.is_null()) {
                Some(cell) => Some(parse(cell)?),
                None => None,
            },
            merkle_root: *merkle_root.as_bytes(),
            time_s: time_s(row.get("timestamp").or_else(|| row.get("time")))?,
            bits: number_or_hex(bits).ok_or_else(|| not_a("bits", bits))?,
            version_and_nonce: version.zip(nonce),
            size: row.get("size").and_then(small),
            coinbase_script: row.get("coinbase_param").and_then(bytes),
            n_transactions: row.get("transaction_count").and_then(small),
        })
    }
}

impl TransactionRow {
    pub(super) fn read(row: &Row, network: Network) -> Result<Self, Fault> {
        let id = parse_tx_id(required(row, "hash")?)?;
        let other = row.get("transaction_id").or_else(|| row.get("txid"));
        let inputs = list(row.get("inputs"))?;
        let coinbase = inputs.is_empty() || row.get("is_coinbase") == Some(&Value::Bool(true));
        let mut complete = true;
        let outputs = write_outputs(&list(row.get("outputs"))?, network, &mut complete)?;
        let inputs = if coinbase { Vec::new() } else { inputs };
        let spent = inputs.iter().map(|input| spent(input, network)).collect();
        Ok(Self {
            id,
            other_id: other.filter(|cell| !cell.is_null()).map(parse_tx_id).transpose()?,
            index: row.get("index").and_then(small),
            size: row.get("size").and_then(small),
            coinbase,
            version: u32_or_sign(row.get("version")).ok_or("no version")?,
            lock_time: row.get("lock_time").and_then(small).ok_or("no lock_time")?,
            inputs: if coinbase { Vec::new() } else { write_inputs(&inputs, &mut complete)? },
            outputs,
            complete,
            spent,
        })
    }

    /// The transaction without its witnesses, around `inputs`.
    pub(super) fn bytes(&self, inputs: &[u8]) -> Vec<u8> {
        let version = self.version.to_le_bytes();
        let lock_time = self.lock_time.to_le_bytes();
        [&version, inputs, &self.outputs, &lock_time].concat()
    }
}

/// The one input of a coinbase.
pub(super) fn coinbase_input(script: &[u8], sequence: u32) -> Vec<u8> {
    let mut bytes = vec![1];
    bytes.extend_from_slice(&[0; 32]);
    bytes.extend_from_slice(&[0xff; 4]);
    push_compact_size(&mut bytes, script.len());
    bytes.extend_from_slice(script);
    bytes.extend_from_slice(&sequence.to_le_bytes());
    bytes
}

fn write_inputs(inputs: &[Row], complete: &mut bool) -> Result<Vec<u8>, Fault> {
    let mut all = Vec::new();
    push_compact_size(&mut all, inputs.len());
    for input in inputs {
        let previous = parse_tx_id(required(input, "spent_transaction_hash")?)?;
        all.extend_from_slice(previous.as_bytes());
        let output = input.get("spent_output_index").and_then(small);
        all.extend_from_slice(&output.ok_or("no spent_output_index")?.to_le_bytes());
        let script = input.get("script_hex").and_then(bytes);
        // An empty script is a null in some exports; the id shows whether it was one.
        *complete &= input.contains_key("script_hex");
        let script = script.unwrap_or_default();
        push_compact_size(&mut all, script.len());
        all.extend_from_slice(&script);
        let sequence = input.get("sequence").and_then(small).ok_or("no sequence")?;
        all.extend_from_slice(&sequence.to_le_bytes());
    }
    Ok(all)
}

fn write_outputs(outputs: &[Row], network: Network, complete: &mut bool) -> Result<Vec<u8>, Fault> {
    let mut all = Vec::new();
    push_compact_size(&mut all, outputs.len());
    for output in outputs {
        let amount_sat = output.get("value").and_then(integer).ok_or("an output without value")?;
        all.extend_from_slice(&amount_sat.to_le_bytes());
        let script = match output.get("script_hex") {
            Some(cell) => Some(bytes(cell).unwrap_or_default()),
            None => {
                *complete = false;
                address(output, network).map(|address| address.script_pubkey().to_bytes())
            }
        };
        let script = script.ok_or("an output with neither script_hex nor one address")?;
        push_compact_size(&mut all, script.len());
        all.extend_from_slice(&script);
    }
    Ok(all)
}

/// What an enriched export says of a spent output. Its script is not told, so only what one address says is known:
/// of several addresses (bare multisig) or a made-up one (`nonstandard…`) nothing is.
fn spent(input: &Row, network: Network) -> Option<SpentByInput> {
    let amount_sat = input.get("value").and_then(integer)?;
    let payee = payee(address(input, network)?.script_pubkey().as_bytes());
    let is_key = input.get("type").and_then(Value::as_str) == Some(ScriptType::P2pk.name());
    let script_type = if is_key { ScriptType::P2pk } else { payee.script_type };
    Some(SpentByInput { amount_sat, script_type, address: payee.address })
}

fn address(row: &Row, network: Network) -> Option<bitcoin::Address> {
    let addresses = row.get("addresses")?.as_array()?;
    let [Value::String(text)] = addresses.as_slice() else { return None };
    bitcoin::Address::from_str(text).ok()?.require_network(network.kind()).ok()
}

fn required<'a>(row: &'a Row, name: &str) -> Result<&'a Value, Fault> {
    row.get(name).filter(|cell| !cell.is_null()).ok_or_else(|| format!("no {name}"))
}

fn not_a(what: &str, cell: &Value) -> Fault {
    let shown: String = cell.to_string().chars().take(80).collect();
    format!("not a {what}: {shown}")
}

fn parse<T: FromStr>(cell: &Value) -> Result<T, Fault> {
    let hash = cell.as_str().and_then(|text| text.trim_start_matches("0x").parse().ok());
    hash.ok_or_else(|| not_a("hash", cell))
}

fn parse_tx_id(cell: &Value) -> Result<TxId, Fault> {
    parse(cell)
}

fn bytes(cell: &Value) -> Option<Vec<u8>> {
    Vec::from_hex(cell.as_str()?.trim_start_matches("0x")).ok()
}

/// A nested list; CSV has it as JSON text. In order of its own `index`, which row stores may have lost.
fn list(cell: Option<&Value>) -> Result<Vec<Row>, Fault> {
    let parsed;
    let list = match cell {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(Value::String(text)) => {
            parsed = serde_json::from_str::<Vec<Value>>(text)
                .map_err(|error| format!("a nested list is not JSON: {error}"))?;
            &parsed
        }
        Some(other) => return Err(not_a("list", other)),
    };
    let rows = list.iter().map(|item| item.as_object().cloned().ok_or_else(|| not_a("row", item)));
    let mut rows = rows.collect::<Result<Vec<Row>, _>>()?;
    if rows.iter().all(|row| row.get("index").is_some_and(|index| integer(index).is_some())) {
        rows.sort_by_key(|row| row.get("index").and_then(integer));
    }
    Ok(rows)
}

/// A number that is not negative: as such, as text, or as a float where a table library had nulls in the column.
fn integer(cell: &Value) -> Option<u64> {
    /// Beyond this a float skips whole numbers.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    match cell {
        Value::String(text) => {
            let whole = text.split_once('.').map_or(Some(text.as_str()), |(whole, fraction)| {
                fraction.bytes().all(|digit| digit == b'0').then_some(whole)
            });
            whole?.parse().ok()
        }
        Value::Number(number) => number.as_u64().or_else(|| {
            let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the range check makes it exact"
            )]
            (0.0..=EXACT_MAX).contains(&float).then_some(float as u64)
        }),
        _ => None,
    }
}

fn small(cell: &Value) -> Option<u32> {
    integer(cell).and_then(|number| u32::try_from(number).ok())
}

/// Versions are signed on the wire and in most exports.
fn u32_or_sign(cell: Option<&Value>) -> Option<i32> {
    let cell = cell?;
    let signed = match cell {
        Value::String(text) => text.parse::<i64>().ok(),
        other => other.as_i64(),
    };
    let number = signed.or_else(|| integer(cell).and_then(|number| i64::try_from(number).ok()))?;
    i32::try_from(number).ok().or_else(|| u32::try_from(number).ok().map(u32::cast_signed))
}

/// `nonce` and `bits`: hexadecimal as text, else a number.
fn number_or_hex(cell: &Value) -> Option<u32> {
    match cell {
        Value::String(text) => u32::from_str_radix(text.trim_start_matches("0x"), 16).ok(),
        other => small(other),
    }
}

/// Unix seconds, from seconds or finer counts (told apart by their size: block times are 32 bits) or a date.
fn time_s(cell: Option<&Value>) -> Result<u32, Fault> {
    let cell = cell.filter(|cell| !cell.is_null()).ok_or("no timestamp")?;
    let number = integer(cell).or_else(|| {
        let text = cell.as_str()?.replace(" UTC", "Z");
        u64::try_from(text.parse::<jiff::Timestamp>().ok()?.as_second()).ok()
    });
    let mut number = number.ok_or_else(|| not_a("timestamp", cell))?;
    while number > u64::from(u32::MAX) {
        number /= 1000;
    }
    u32::try_from(number).map_err(|_| not_a("timestamp", cell))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_come_in_every_dress() {
        for cell in [json!(5), json!("5"), json!(5.0), json!("5.000000000")] {
            assert_eq!(integer(&cell), Some(5), "{cell}");
        }
        for cell in [json!(5.5), json!("5.5"), json!(-5), json!(null), json!(1e300)] {
            assert_eq!(integer(&cell), None, "{cell}");
        }
        assert_eq!(u32_or_sign(Some(&json!(-2))), Some(-2));
        assert_eq!(u32_or_sign(Some(&json!(4_294_967_294_u32))), Some(-2));
        assert_eq!(number_or_hex(&json!("1d00ffff")), Some(0x1d00_ffff));
        assert_eq!(number_or_hex(&json!(7)), Some(7));
    }

    #[test]
    fn times_are_seconds_finer_counts_or_dates() {
        let second = 1_231_006_505;
        for cell in [
            json!(second),
            json!(1_231_006_505_000_000_i64),
            json!("2009-01-03 18:15:05 UTC"),
            json!("2009-01-03T18:15:05Z"),
        ] {
            assert_eq!(time_s(Some(&cell)), Ok(second), "{cell}");
        }
        assert!(time_s(Some(&json!("soon"))).is_err());
        assert!(time_s(None).is_err());
    }
}
