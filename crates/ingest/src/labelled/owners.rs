//! Who owns which address, as the makers of an emulation tell it.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use bitcoin::address::NetworkUnchecked;
use ledger::Address;
use serde_json::Value;

use super::json::bytes_of_hex;
use super::memory::MemoryLedger;
use crate::bitcoin::script::payee;

/// Names that stand for "nobody knows". The coordinator's is among them: the analysis gives it whatever no wallet claims.
const NOBODY: [&str; 7] =
    ["", "unknown", "real_unknown", "none", "null", "coordinator", "unattributed"];
/// What emulators put in front of a wallet's number; the analysis of the same run says `wallet-` for all of them.
const CLIENTS: [&str; 4] =
    ["wasabi-client-", "joinmarket-client-server-", "joinmarket-client-", "jcs-"];
/// Shortest script in hexadecimal that pays somebody.
const SCRIPT_DIGITS_MIN: usize = 44;

/// The address that a text stands for, on any Bitcoin network; a script in hexadecimal will do.
pub fn address_of(text: &str) -> Option<Address> {
    let text = text.trim();
    if let Ok(address) = bitcoin::Address::<NetworkUnchecked>::from_str(text) {
        return payee(address.assume_checked().script_pubkey().as_bytes()).address;
    }
    let script = (text.len() >= SCRIPT_DIGITS_MIN).then(|| bytes_of_hex(text))??;
    payee(&script).address
}

/// Owners by address.
#[derive(Clone, Debug, Default)]
pub struct Owners {
    names: Vec<String>,
    ids: BTreeMap<String, u32>,
    by_address: BTreeMap<Address, u32>,
    contested: BTreeSet<Address>,
}

impl Owners {
    /// Notes that `name` owns an address. One that two names claim has no known owner.
    pub(super) fn claim(&mut self, address: Address, name: &str) {
        let name = name.trim();
        let number = CLIENTS.iter().find_map(|client| name.strip_prefix(client));
        let name = number.map_or(name.to_owned(), |number| format!("wallet-{number}"));
        if NOBODY.contains(&name.to_lowercase().as_str()) {
            return;
        }
        let next = u32::try_from(self.names.len()).expect("every name took a line of a file");
        let id = *self.ids.entry(name.clone()).or_insert_with(|| {
            self.names.push(name);
            next
        });
        if *self.by_address.entry(address).or_insert(id) != id {
            self.contested.insert(address);
        }
    }

    /// The same from a text; whether it is an address.
    pub(super) fn claim_text(&mut self, text: &str, name: &str) -> bool {
        let address = address_of(text);
        if let Some(address) = address {
            self.claim(address, name);
        }
        address.is_some()
    }

    /// Notes every `"address": …` below a value, as wallets list their coins and keys; how many there were.
    pub(super) fn claim_all(&mut self, value: &Value, name: &str) -> u64 {
        match value {
            Value::Array(items) => items.iter().map(|item| self.claim_all(item, name)).sum(),
            Value::Object(fields) => {
                let own = fields.get("address").and_then(Value::as_str);
                let own = own.is_some_and(|text| self.claim_text(text, name));
                let below = fields.values().filter(|value| value.is_object() || value.is_array());
                u64::from(own) + below.map(|value| self.claim_all(value, name)).sum::<u64>()
            }
            _ => 0,
        }
    }

    /// Notes all that another list tells.
    pub(super) fn claim_others(&mut self, other: &Self) {
        for (address, owner) in &other.by_address {
            self.claim(*address, &other.names[*owner as usize]);
            if other.contested.contains(address) {
                self.contested.insert(*address);
            }
        }
    }

    /// The names of the owners.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many addresses have a known owner.
    pub fn n_addresses(&self) -> usize {
        self.by_address.len() - self.contested.len()
    }

    /// How many addresses two owners claim.
    pub fn n_contested(&self) -> usize {
        self.contested.len()
    }

    /// The owner of an address, by its place in [`Owners::names`].
    pub fn of(&self, address: &Address) -> Option<u32> {
        (!self.contested.contains(address)).then(|| self.by_address.get(address).copied())?
    }

    /// The owner of every address of a ledger, by id; `unknown` where nobody knows.
    pub fn labels(&self, ledger: &MemoryLedger, unknown: u32) -> Vec<u32> {
        ledger.addresses().iter().map(|address| self.of(address).unwrap_or(unknown)).collect()
    }
}
