//! CashAddr: the texts of Bitcoin Cash.
//!
//! In: `bitcoincash:q…`, or the same without prefix, in one letter case. Out: hash160 of a key or script.
//! Source: the CashAddr specification (bitcoincashorg/spec/cashaddr.md); token-aware types from CHIP-2022-02.
//! Departures: programs of other lengths than 20 bytes (P2SH32) have no family here and are refused by name.
//! Checked against: the vectors of the specification and single-character damage (`text/tests.rs`).

use super::text::{AddressErrorKind, AddressNote, Attempt, ParsedAddress};
use crate::{Address, AddressFamily, Chain};

const PREFIX: &str = "bitcoincash";
const TEST_PREFIXES: [&str; 2] = ["bchtest", "bchreg"];
const CHARSET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// Characters of a 20-byte payload: 34 with version and padding, 8 of checksum.
const CHARS_OF_20_BYTES: usize = 42;
/// Longest payload of the specification: 64 bytes.
const CHARS_MAX: usize = 112;

pub(super) fn parse(text: &str) -> Attempt {
    let (prefix, data) = match text.split_once(':') {
        Some((prefix, data)) => (Some(prefix), data),
        None => (None, text),
    };
    match prefix {
        Some(prefix) if TEST_PREFIXES.iter().any(|known| known.eq_ignore_ascii_case(prefix)) => {
            return Some(Err(AddressErrorKind::Testnet));
        }
        Some(prefix) if !prefix.eq_ignore_ascii_case(PREFIX) => return None,
        Some(_) => {}
        None => {
            let first = data.as_bytes().first()?.to_ascii_lowercase();
            let fits = data.len() == CHARS_OF_20_BYTES && b"qpzr".contains(&first);
            if !fits || !data.bytes().all(|byte| value_of(byte).is_some()) {
                return None;
            }
        }
    }
    Some(decode(text, data))
}

fn decode(text: &str, data: &str) -> Result<ParsedAddress, AddressErrorKind> {
    const WRONG: AddressErrorKind = AddressErrorKind::Checksum("CashAddr");
    let any = |test: fn(&u8) -> bool| text.as_bytes().iter().any(test);
    if any(u8::is_ascii_lowercase) && any(u8::is_ascii_uppercase) {
        return Err(AddressErrorKind::Malformed("upper and lower case mixed"));
    }
    if !(8 + 2..=CHARS_MAX).contains(&data.len()) {
        return Err(WRONG);
    }
    let mut values = [0; CHARS_MAX];
    for (value, byte) in values.iter_mut().zip(data.bytes()) {
        *value = value_of(byte).ok_or(WRONG)?;
    }
    let values = &values[..data.len()];
    let prefix = PREFIX.bytes().map(|byte| byte & 0x1f).chain([0]);
    if polymod(prefix.chain(values.iter().copied())) != 0 {
        return Err(WRONG);
    }
    if data.len() != CHARS_OF_20_BYTES {
        return Err(AddressErrorKind::Unsupported("CashAddr of other than 20 bytes"));
    }
    payload(&values[..CHARS_OF_20_BYTES - 8])
}

/// From 34 groups of five bits: a version byte, 20 bytes, and two bits of padding that must be 0.
fn payload(groups: &[u8]) -> Result<ParsedAddress, AddressErrorKind> {
    let mut bytes = [0_u8; 21];
    let (mut bits, mut n_bits, mut at) = (0_u32, 0, 0);
    for group in groups {
        bits = (bits << 5 | u32::from(*group)) & 0xfff;
        n_bits += 5;
        if n_bits >= 8 {
            n_bits -= 8;
            bytes[at] = u8::try_from(bits >> n_bits & 0xff).expect("masked to eight bits");
            at += 1;
        }
    }
    if bits & ((1 << n_bits) - 1) != 0 {
        return Err(AddressErrorKind::Malformed("padding is not zero"));
    }
    let mut hash = [0; 20];
    hash.copy_from_slice(&bytes[1..]);
    let (family, is_token_aware) = match bytes[0] {
        0x00 => (AddressFamily::P2pkh, false),
        0x08 => (AddressFamily::P2sh, false),
        0x10 => (AddressFamily::P2pkh, true),
        0x18 => (AddressFamily::P2sh, true),
        _ => return Err(AddressErrorKind::Unsupported("CashAddr of this type")),
    };
    let parsed = ParsedAddress::on(Address::of_20(family, hash), &[Chain::BitcoinCash]);
    Ok(if is_token_aware { parsed.with_note(AddressNote::TokenAware) } else { parsed })
}

/// Appends the text of a 20-byte payload, with prefix.
pub(super) fn encode(type_bits: u8, hash: &[u8]) -> String {
    let mut groups = Vec::with_capacity(CHARS_OF_20_BYTES);
    let (mut bits, mut n_bits) = (0_u32, 0);
    for byte in [type_bits << 3].iter().chain(hash) {
        bits = (bits << 8 | u32::from(*byte)) & 0xfff;
        n_bits += 8;
        while n_bits >= 5 {
            n_bits -= 5;
            groups.push(u8::try_from(bits >> n_bits & 0x1f).expect("masked to five bits"));
        }
    }
    if n_bits > 0 {
        groups.push(u8::try_from(bits << (5 - n_bits) & 0x1f).expect("masked to five bits"));
    }
    let prefix = PREFIX.bytes().map(|byte| byte & 0x1f).chain([0]);
    let checksum = polymod(prefix.chain(groups.iter().copied()).chain([0; 8]));
    for at in (0..8).rev() {
        groups.push(u8::try_from(checksum >> (5 * at) & 0x1f).expect("masked to five bits"));
    }
    let data = groups.iter().map(|group| char::from(CHARSET[usize::from(*group)]));
    format!("{PREFIX}:{}", data.collect::<String>())
}

/// The value of a character, 0 to 31.
fn value_of(byte: u8) -> Option<u8> {
    const NONE: u8 = 0xff;
    const VALUES: [u8; 128] = {
        let mut values = [NONE; 128];
        let mut value = 0_u8;
        while value < 32 {
            let letter = CHARSET[value as usize];
            values[letter as usize] = value;
            values[letter.to_ascii_uppercase() as usize] = value;
            value += 1;
        }
        values
    };
    VALUES.get(usize::from(byte)).copied().filter(|value| *value != NONE)
}

/// The BCH code of the specification; 0 for a text whose checksum holds.
fn polymod(values: impl Iterator<Item = u8>) -> u64 {
    const GENERATORS: [u64; 5] =
        [0x98_f2bc_8e61, 0x79_b76d_99e2, 0xf3_3e5f_b3c4, 0xae_2eab_e2a8, 0x1e_4f43_e470];
    let mut checksum = 1_u64;
    for value in values {
        let top = checksum >> 35;
        checksum = (checksum & 0x07_ffff_ffff) << 5 ^ u64::from(value);
        for (at, generator) in GENERATORS.iter().enumerate() {
            if top >> at & 1 == 1 {
                checksum ^= generator;
            }
        }
    }
    checksum ^ 1
}
