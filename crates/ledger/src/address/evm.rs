//! Ethereum and every chain under the same addresses: `0x` and 40 hexadecimal digits.
//!
//! In: the digits. Out: 20 bytes, and whether the letter case fits the checksum.
//! Source: EIP-55.
//! Departures: a failed checksum is a note, not an error: see `text.rs`.
//! Checked against: the vectors of EIP-55 (`text/tests.rs`).

use sha3::{Digest, Keccak256};

use super::text::{AddressNote, Attempt, ParsedAddress};
use crate::{Address, AddressFamily, Chain, bytes_from_hex};

pub(super) fn parse(digits: &str) -> Attempt {
    let payload = bytes_from_hex::<20>(digits)?;
    let address = Address::of_20(AddressFamily::Evm, payload);
    let parsed = ParsedAddress::on(address, &[Chain::Ethereum, Chain::Evm]);
    let any = |test: fn(&u8) -> bool| digits.as_bytes().iter().any(test);
    // Digits of one letter case carry no checksum.
    let is_checked = any(u8::is_ascii_lowercase) && any(u8::is_ascii_uppercase);
    Some(Ok(if is_checked && encode(&payload)[2..] != *digits {
        parsed.with_note(AddressNote::ChecksumMismatch)
    } else {
        parsed
    }))
}

/// The text with the letter case of EIP-55.
pub(super) fn encode(payload: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let nibbles = |bytes: &[u8], at: usize| bytes[at / 2] >> (4 * (1 - at % 2)) & 0xf;
    let mut digits = [0; 40];
    for (at, digit) in digits.iter_mut().enumerate() {
        *digit = DIGITS[usize::from(nibbles(payload, at))];
    }
    let hash = Keccak256::digest(digits);
    let mut text = String::with_capacity(42);
    text.push_str("0x");
    for (at, digit) in digits.into_iter().enumerate() {
        let is_upper = nibbles(&hash, at) >= 8;
        text.push(char::from(if is_upper { digit.to_ascii_uppercase() } else { digit }));
    }
    text
}
