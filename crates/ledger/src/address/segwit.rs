//! Witness addresses: bech32 and bech32m texts of Bitcoin, Litecoin and Bitcoin Gold.
//!
//! In: a text that starts with a known prefix and `1`, in one letter case. Out: the witness program.
//! Source: BIP 173, BIP 350. Prefixes from each chain's `chainparams.cpp`.
//! Departures: none; a mixed letter case and the wrong one of the two checksums are refused as the BIPs demand.
//! Checked against: the vectors of both BIPs and the `bitcoin` crate (`text/tests.rs`).

use bech32::primitives::decode::{CheckedHrpstring, SegwitHrpstring};
use bech32::{Bech32, Bech32m};
use bitcoin_hashes::{Hash, sha256};

use super::text::{AddressErrorKind, Attempt, ParsedAddress};
use crate::{Address, AddressFamily, Chain};

/// Prefix and chain; `None` for test networks.
pub(super) const PREFIXES: &[(&str, Option<Chain>)] = &[
    ("bc", Some(Chain::Bitcoin)),
    ("ltc", Some(Chain::Litecoin)),
    ("btg", Some(Chain::BitcoinGold)),
    ("tb", None),
    ("bcrt", None),
    ("tltc", None),
    ("rltc", None),
];

pub(super) fn parse(text: &str) -> Attempt {
    let (prefix, data) = text.split_once('1')?;
    let (_, chain) = PREFIXES.iter().find(|(known, _)| known.eq_ignore_ascii_case(prefix))?;
    if data.len() < 6 {
        return None; // not even a checksum
    }
    Some(program(text, *chain))
}

fn program(text: &str, chain: Option<Chain>) -> Result<ParsedAddress, AddressErrorKind> {
    let decoded = SegwitHrpstring::new(text).map_err(|_| reason(text))?;
    let Some(chain) = chain else { return Err(AddressErrorKind::Testnet) };
    let version = decoded.witness_version().to_u8();
    let mut bytes = [0; 40];
    let mut len = 0;
    for byte in decoded.byte_iter() {
        *bytes.get_mut(len).ok_or(AddressErrorKind::Malformed("witness program too long"))? = byte;
        len += 1;
    }
    let address = witness_address(version, &bytes[..len])
        .ok_or(AddressErrorKind::Malformed("witness program of a length that cannot be"))?;
    Ok(ParsedAddress::on(address, &[chain]))
}

/// The address of a witness program. Programs that do not fit beside their version are named, like every other
/// long script, by the SHA-256 of the script.
fn witness_address(version: u8, program: &[u8]) -> Option<Address> {
    match (version, program.len()) {
        (0, 20) => Address::new(AddressFamily::P2wpkh, program),
        (0, 32) => Address::new(AddressFamily::P2wsh, program),
        (1, 32) => Address::new(AddressFamily::P2tr, program),
        (1..=16, 2..=31) => {
            let mut payload = [version; 32];
            payload[1..=program.len()].copy_from_slice(program);
            Address::new(AddressFamily::Witness, &payload[..=program.len()])
        }
        (1..=16, 32..=40) => {
            const OP_RESERVED: u8 = 0x50; // OP_1 is the next one
            let mut script = [0; 42];
            script[0] = OP_RESERVED + version;
            script[1] = u8::try_from(program.len()).ok()?;
            script[2..2 + program.len()].copy_from_slice(program);
            let hash = sha256::Hash::hash(&script[..2 + program.len()]);
            Some(Address::of_32(AddressFamily::Script, hash.to_byte_array()))
        }
        _ => None,
    }
}

/// Says which rule a refused text breaks; off the hot path, so it may decode again.
fn reason(text: &str) -> AddressErrorKind {
    let mixed = text.bytes().any(|byte| byte.is_ascii_lowercase())
        && text.bytes().any(|byte| byte.is_ascii_uppercase());
    if mixed {
        return AddressErrorKind::Malformed("upper and lower case mixed");
    }
    let holds = CheckedHrpstring::new::<Bech32>(text).is_ok()
        || CheckedHrpstring::new::<Bech32m>(text).is_ok();
    match holds {
        true => AddressErrorKind::Malformed("checksum variant, version or length that cannot be"),
        false => AddressErrorKind::Checksum("bech32"),
    }
}
