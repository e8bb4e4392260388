//! `coinjoin_tx_info.json` of coinjoin-analysis: mixes with inputs and outputs, and the wallets behind them.
//!
//! Read of it: `coinjoins` (by transaction id: `inputs`, `outputs`, `broadcast_time`), each input and output with `address`,
//! `value` (coins in some versions, satoshi in others, see [`Unit`]), `wallet_name` and perhaps `script`; `address_wallet_mapping`,
//! `wallets_info`, `wallets_coins`. All else is passed over.

use ledger::{
    BlockHash, DecodedInput, DecodedOutput, InputMarks, OutPoint, ScriptType, SpentByInput,
    Timestamp, TxId,
};
use serde_json::{Map, Value};

use super::error::Skips;
use super::json::{Unit, bytes_of_hex, time, whole};
use super::lines::Row;
use super::owners::{Owners, address_of};
use crate::bitcoin::script::{Payee, payee};

/// Transactions and owners of one file.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    pub(super) rows: Vec<Row>,
    pub(super) owners: Owners,
}

/// Whether a value is such a file.
pub(super) fn is_rounds(value: &Value) -> bool {
    value.get("coinjoins").is_some_and(Value::is_object)
}

/// Reads a file's value.
pub(super) fn read(value: &Value, file: &str, skips: &mut Skips) -> Rounds {
    let mut rounds = Rounds::default();
    claim_wallets(value, &mut rounds.owners);
    let Some(coinjoins) = value.get("coinjoins").and_then(Value::as_object) else { return rounds };
    let unit = Unit::of(coinjoins.values().flat_map(|round| {
        let sides = ["inputs", "outputs"].map(|side| records(round.get(side)));
        sides.into_iter().flatten().filter_map(|(_, record)| record.get("value"))
    }));
    for (key, round) in coinjoins {
        match row(key, round, unit) {
            Ok(row) => rounds.rows.push(row),
            Err(reason) => skips.add(file, reason, key),
        }
        for side in ["inputs", "outputs"] {
            for (_, record) in records(round.get(side)) {
                let field = |name| record.get(name).and_then(Value::as_str);
                if let (Some(text), Some(name)) =
                    (field("address").or_else(|| field("script")), field("wallet_name"))
                {
                    rounds.owners.claim_text(text, name);
                }
            }
        }
    }
    rounds
}

/// Notes the owners that `address_wallet_mapping`, `wallets_info` and `wallets_coins` tell; also of a file that holds
/// nothing else.
pub(super) fn claim_wallets(value: &Value, owners: &mut Owners) {
    let object = |name: &str| value.get(name).and_then(Value::as_object);
    for (address, wallet) in object("address_wallet_mapping").into_iter().flatten() {
        if let Some(name) = wallet.as_str() {
            owners.claim_text(address, name);
        }
    }
    for name in ["wallets_info", "wallets_coins"] {
        object(name).into_iter().for_each(|wallets| claim_by_wallet(wallets, owners));
    }
}

/// Notes owners of a map from wallets to their addresses or coins.
pub(super) fn claim_by_wallet(wallets: &Map<String, Value>, owners: &mut Owners) {
    for (wallet, listed) in wallets {
        owners.claim_all(listed, wallet);
        for text in listed.as_object().into_iter().flat_map(Map::keys) {
            owners.claim_text(text, wallet);
        }
    }
}

/// The inputs or outputs of a round in order: a map by number, or a list.
fn records(value: Option<&Value>) -> Vec<(u64, &Value)> {
    let mut records: Vec<(u64, &Value)> = match value {
        Some(Value::Object(fields)) => {
            let numbered =
                fields.iter().filter_map(|(key, value)| Some((key.parse().ok()?, value)));
            numbered.collect()
        }
        Some(Value::Array(items)) => (0..).zip(items).collect(),
        _ => Vec::new(),
    };
    records.sort_by_key(|record| record.0);
    records
}

fn row(key: &str, round: &Value, unit: Unit) -> Result<Row, &'static str> {
    let id = round.get("txid").and_then(Value::as_str).unwrap_or(key);
    let id: TxId = id.parse().map_err(|_| "no transaction id")?;
    let times = ["broadcast_time", "mine_time", "time", "round_start_time"];
    let times = times.iter().find_map(|name| round.get(name).and_then(time));
    let (inputs, outputs) = (records(round.get("inputs")), records(round.get("outputs")));
    if inputs.is_empty() || outputs.is_empty() {
        return Err("transaction without inputs or outputs");
    }
    let outputs = outputs.iter().map(|(_, record)| output(record, unit));
    Ok(Row {
        time: Timestamp::new(times.unwrap_or_default()),
        place: 0,
        block: BlockHash::default(),
        id,
        inputs: inputs.iter().map(|(_, record)| input(record, unit)).collect(),
        outputs: outputs.collect::<Result<_, _>>()?,
    })
}

/// Whom a record pays; `None` if it tells neither script nor address.
fn paid(record: &Value) -> Option<Payee> {
    let text = |name| record.get(name).and_then(Value::as_str);
    if let Some(script) = text("script").and_then(bytes_of_hex).filter(|s| !s.is_empty()) {
        return Some(payee(&script));
    }
    let address = address_of(text("address")?)?;
    let script_type = match address.family() {
        ledger::AddressFamily::P2pkh => ScriptType::P2pkh,
        ledger::AddressFamily::P2sh => ScriptType::P2sh,
        ledger::AddressFamily::P2wpkh => ScriptType::P2wpkh,
        ledger::AddressFamily::P2wsh => ScriptType::P2wsh,
        ledger::AddressFamily::P2tr => ScriptType::P2tr,
        _ => ScriptType::NonStandard,
    };
    Some(Payee { script_type, address: Some(address), keeps_script: false })
}

/// An input of which amount or payee is missing is unknown, never guessed.
fn input(record: &Value, unit: Unit) -> DecodedInput {
    let spent = paid(record).zip(record.get("value").and_then(|value| unit.satoshi(value)));
    let spent = spent.map(|(payee, amount_sat)| SpentByInput {
        amount_sat,
        script_type: payee.script_type,
        address: payee.address,
    });
    let nothing = OutPoint { tx_id: TxId::default(), output: u32::MAX };
    let previous = previous(record).unwrap_or(nothing);
    DecodedInput { previous, sequence: 0, marks: InputMarks::default(), spent }
}

/// What an input spends: `spending_tx` (`vout_<txid>_<output>`), or `txid` with `vout`.
fn previous(record: &Value) -> Option<OutPoint> {
    let text = |name| record.get(name).and_then(Value::as_str);
    if let Some((rest, output)) = text("spending_tx").and_then(|name| name.rsplit_once('_')) {
        let id = rest.rsplit_once('_').map_or(rest, |(_, id)| id);
        return Some(OutPoint { tx_id: id.parse().ok()?, output: output.parse().ok()? });
    }
    let output = ["vout", "prev_vout"].iter().find_map(|name| record.get(name).and_then(whole))?;
    let tx_id = text("txid").or_else(|| text("prev_txid"))?.parse().ok()?;
    Some(OutPoint { tx_id, output: u32::try_from(output).ok()? })
}

fn output(record: &Value, unit: Unit) -> Result<DecodedOutput, &'static str> {
    let amount = record.get("value").and_then(|value| unit.satoshi(value));
    let payee = paid(record);
    let (script_type, address) =
        payee.map_or((ScriptType::NonStandard, None), |payee| (payee.script_type, payee.address));
    let amount_sat = amount.ok_or("output without an amount")?;
    Ok(DecodedOutput { amount_sat, script_type, address, script: None })
}
