//! Base58 texts: the Bitcoin family, Tron, the XRP ledger and Solana.
//!
//! In: a text of base58 letters. Out: the address its version bytes name.
//! Source: Bitcoin Core `base58.cpp`; version bytes from each chain's `chainparams.cpp`; XRPL docs "Address encodings"
//! and XLS-5d (X-addresses); Tron docs "Account address format".
//! Cost: 34 characters decode in well under a microsecond, on the stack.
//! Checked against: the `bitcoin` crate, real listed addresses, single-character damage (`text/tests.rs`).

use bitcoin_hashes::{Hash, sha256d};
use bs58::Alphabet;

use super::text::{AddressErrorKind, AddressNote, Attempt, ParsedAddress};
use crate::{Address, AddressFamily, Chain};

/// One version of base58check, the family it stands for, and the chains that use it for main-net addresses.
pub(super) struct Version {
    pub(super) bytes: &'static [u8],
    pub(super) family: AddressFamily,
    pub(super) chains: &'static [Chain],
}

/// Where two chains share a version, the text is valid on both: no ticker can decide between them.
pub(super) const VERSIONS: &[Version] = &[
    Version {
        bytes: &[0x00],
        family: AddressFamily::P2pkh,
        chains: &[Chain::Bitcoin, Chain::BitcoinCash, Chain::BitcoinSv],
    },
    Version {
        bytes: &[0x05],
        family: AddressFamily::P2sh,
        chains: &[Chain::Bitcoin, Chain::BitcoinCash, Chain::BitcoinSv, Chain::Litecoin],
    },
    Version { bytes: &[0x30], family: AddressFamily::P2pkh, chains: &[Chain::Litecoin] },
    Version { bytes: &[0x32], family: AddressFamily::P2sh, chains: &[Chain::Litecoin] },
    Version {
        bytes: &[0x1e],
        family: AddressFamily::P2pkh,
        chains: &[Chain::Dogecoin, Chain::Verge],
    },
    Version { bytes: &[0x16], family: AddressFamily::P2sh, chains: &[Chain::Dogecoin] },
    Version { bytes: &[0x4c], family: AddressFamily::P2pkh, chains: &[Chain::Dash] },
    Version { bytes: &[0x10], family: AddressFamily::P2sh, chains: &[Chain::Dash] },
    Version { bytes: &[0x26], family: AddressFamily::P2pkh, chains: &[Chain::BitcoinGold] },
    Version { bytes: &[0x17], family: AddressFamily::P2sh, chains: &[Chain::BitcoinGold] },
    Version { bytes: &[0x1c, 0xb8], family: AddressFamily::P2pkh, chains: &[Chain::Zcash] },
    Version { bytes: &[0x1c, 0xbd], family: AddressFamily::P2sh, chains: &[Chain::Zcash] },
    Version { bytes: &[0x41], family: AddressFamily::Tron, chains: &[Chain::Tron] },
];

/// Test networks of Bitcoin (m, n, 2), Litecoin (Q), Dogecoin (n), Dash (y) and Zcash (tm, t2).
const TESTNET_VERSIONS: [&[u8]; 7] =
    [&[0x6f], &[0xc4], &[0x3a], &[0x71], &[0x8c], &[0x1d, 0x25], &[0x1c, 0xba]];

const X_ADDRESS_MAIN: [u8; 2] = [0x05, 0x44];
const X_ADDRESS_TEST: [u8; 2] = [0x04, 0x93];

pub(super) fn parse(text: &str) -> Attempt {
    if !(25..=52).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    match (text.as_bytes()[0], text.len()) {
        (b'r', 25..=35) => return Some(xrp(text)),
        (b'X', 46..=48) => return Some(xrp_tagged(text)),
        _ => {}
    }
    let mut buffer = [0; 40];
    let len = bs58::decode(text).onto(&mut buffer[..]).ok()?;
    let bytes = &buffer[..len];
    match len {
        32 => solana(text, bytes),
        24..=27 | 37 | 38 => Some(match checked(bytes) {
            Some([0x80, ..]) if len > 27 => Err(AddressErrorKind::NotAnAddress("private key")),
            Some(content @ [_, ..]) if matches!(len, 25 | 26) => versioned(content),
            Some(_) => Err(AddressErrorKind::Unsupported("base58 address of another chain")),
            // 24 and 27 bytes: a letter lost or added.
            None if len <= 27 => Err(AddressErrorKind::Checksum("base58")),
            None => return None,
        }),
        _ => None,
    }
}

/// The content of base58check bytes, if the checksum (four bytes of a double SHA-256) holds.
fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let (content, checksum) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
    (sha256d::Hash::hash(content).as_byte_array()[..4] == *checksum).then_some(content)
}

fn versioned(content: &[u8]) -> Result<ParsedAddress, AddressErrorKind> {
    let (version, payload) = content.split_at(content.len() - 20);
    if let Some(known) = VERSIONS.iter().find(|known| known.bytes == version) {
        let address = Address::new(known.family, payload)
            .ok_or(AddressErrorKind::Malformed("wrong length of payload"))?;
        return Ok(ParsedAddress::on(address, known.chains));
    }
    Err(match TESTNET_VERSIONS.contains(&version) {
        true => AddressErrorKind::Testnet,
        false => AddressErrorKind::Unsupported("base58 address of another chain"),
    })
}

/// XRP ledger: base58check in the alphabet of its own, version 0.
fn xrp(text: &str) -> Result<ParsedAddress, AddressErrorKind> {
    const WRONG: AddressErrorKind = AddressErrorKind::Checksum("XRP base58");
    let mut buffer = [0; 25];
    let len = decode_ripple(text, &mut buffer).ok_or(WRONG)?;
    match checked(&buffer[..len]) {
        Some([0, payload @ ..]) => match Address::new(AddressFamily::Xrp, payload) {
            Some(address) => Ok(ParsedAddress::on(address, &[Chain::Xrp])),
            None => Err(WRONG),
        },
        _ => Err(WRONG),
    }
}

/// XRP ledger, XLS-5d: account and destination tag in one text.
fn xrp_tagged(text: &str) -> Result<ParsedAddress, AddressErrorKind> {
    const WRONG: AddressErrorKind = AddressErrorKind::Checksum("XRP X-address");
    let mut buffer = [0; 35];
    let len = decode_ripple(text, &mut buffer).ok_or(WRONG)?;
    let content = checked(&buffer[..len]).ok_or(WRONG)?;
    let (prefix, rest) = content.split_first_chunk::<2>().ok_or(WRONG)?;
    let (account, tag) = rest.split_first_chunk::<20>().ok_or(WRONG)?;
    match (*prefix, tag.first(), tag.len()) {
        (X_ADDRESS_TEST, _, _) => Err(AddressErrorKind::Testnet),
        (X_ADDRESS_MAIN, Some(flag @ 0..=1), 9) => {
            let address = Address::of_20(AddressFamily::Xrp, *account);
            let parsed = ParsedAddress::on(address, &[Chain::Xrp]);
            Ok(if *flag == 1 { parsed.with_note(AddressNote::PaymentTag) } else { parsed })
        }
        _ => Err(WRONG),
    }
}

fn decode_ripple(text: &str, buffer: &mut [u8]) -> Option<usize> {
    bs58::decode(text).with_alphabet(Alphabet::RIPPLE).onto(buffer).ok()
}

/// Solana: 32 bytes without version or checksum, so anything of that length passes. A text of one letter case is
/// rather a bech32 text whose prefix was damaged, and is refused; of many letters, so is one with a single letter of
/// the other case, which one random key in 400 million has.
fn solana(text: &str, bytes: &[u8]) -> Attempt {
    const MANY_LETTERS: usize = 16;
    let uppercase = text.bytes().filter(u8::is_ascii_uppercase).count();
    let lowercase = text.bytes().filter(u8::is_ascii_lowercase).count();
    let of_the_fewer = uppercase.min(lowercase);
    let is_of_one_case = of_the_fewer == 0 && uppercase + lowercase > 0;
    if is_of_one_case || of_the_fewer == 1 && uppercase + lowercase >= MANY_LETTERS {
        return None;
    }
    let address = Address::new(AddressFamily::Solana, bytes)?;
    let parsed = ParsedAddress::on(address, &[Chain::Solana]);
    Some(Ok(parsed.with_note(AddressNote::NoChecksum)))
}
