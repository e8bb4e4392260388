//! Monero: standard, sub- and integrated addresses.
//!
//! In: 95 or 106 characters of block-wise base58. Out: the public spend key, which names the receiver whatever payment
//! id is packed beside it.
//! Source: Monero `src/common/base58.cpp` (blocks of 8 bytes as 11 characters) and `cryptonote_config.h` (network
//! bytes 18, 19, 42); checksum: the first four bytes of Keccak-256.
//! Departures: a sub-address has a spend key of its own, so it is another address here, as it is on chain.
//! Checked against: listed addresses and an encoder written for the tests (`text/tests.rs`).

use sha3::{Digest, Keccak256};

use super::text::{AddressErrorKind, AddressNote, Attempt, ParsedAddress};
use crate::{Address, AddressFamily, Chain};

const STANDARD: u8 = 18;
const INTEGRATED: u8 = 19;
const SUB_ADDRESS: u8 = 42;
/// Test net and stage net.
const TEST_NETWORKS: [u8; 6] = [53, 54, 63, 24, 25, 36];

const BLOCK_CHARS: usize = 11;

pub(super) fn parse(text: &str) -> Attempt {
    // The network byte fixes the first letter, here of main, test and stage net.
    let starts = text.starts_with(['4', '8', '5', '7', '9', 'A', 'B']);
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !matches!(text.len(), 95 | 106) || !starts || !is_plain {
        return None;
    }
    Some(decode(text.as_bytes()))
}

fn decode(text: &[u8]) -> Result<ParsedAddress, AddressErrorKind> {
    const WRONG: AddressErrorKind = AddressErrorKind::Checksum("Monero");
    let mut bytes = [0; 77];
    let mut len = 0;
    for chars in text.chunks(BLOCK_CHARS) {
        let block = decode_block(chars).ok_or(WRONG)?;
        let n_bytes = if chars.len() == BLOCK_CHARS { 8 } else { 5 };
        if n_bytes < 8 && block >> (8 * n_bytes) != 0 {
            return Err(WRONG);
        }
        bytes[len..len + n_bytes].copy_from_slice(&block.to_be_bytes()[8 - n_bytes..]);
        len += n_bytes;
    }
    let (content, checksum) = bytes[..len].split_at(len - 4);
    if Keccak256::digest(content)[..4] != *checksum {
        return Err(WRONG);
    }
    let address = Address::new(AddressFamily::Monero, &content[1..33]).ok_or(WRONG)?;
    let parsed = ParsedAddress::on(address, &[Chain::Monero]);
    match (content[0], text.len()) {
        (STANDARD | SUB_ADDRESS, 95) => Ok(parsed),
        (INTEGRATED, 106) => Ok(parsed.with_note(AddressNote::PaymentTag)),
        (network, _) if TEST_NETWORKS.contains(&network) => Err(AddressErrorKind::Testnet),
        _ => Err(AddressErrorKind::Unsupported("Monero-like address of another chain")),
    }
}

/// The number that a block of characters writes; `None` if it does not fit eight bytes.
fn decode_block(chars: &[u8]) -> Option<u64> {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    chars.iter().try_fold(0_u64, |number, byte| {
        let digit = ALPHABET.iter().position(|known| known == byte)?;
        number.checked_mul(58)?.checked_add(u64::try_from(digit).ok()?)
    })
}
