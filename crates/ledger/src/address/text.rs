//! Address texts: what people, lists and tag packs write, to decoded bytes.
//!
//! In: one text in any of the formats of `docs/methods/address-decoding.md`. Out: an [`Address`], the set of chains on
//! which that *text* is valid, and notes on what was overlooked (blanks, a failed letter-case checksum).
//! Source: the format of each chain, named in the modules beside this one.
//! Departures: an EVM text whose letter-case checksum (EIP-55) fails is accepted with a note, because a missed hit is
//! worse than a wrong letter case; every other checksum must hold. Solana has no checksum, so it is tried last.
//! Cost: below a microsecond for the Bitcoin family; allocates only for notes and errors.
//! Checked against: the vectors of the BIPs and EIPs, the `bitcoin` crate, encoders written for the tests, and every
//! address of real sanctions lists.

use std::fmt;

use crate::{Address, AddressFamily, Chain, ChainSet, bytes_from_hex};

use super::{base58, cashaddr, evm, monero, segwit};

/// No format of ours is longer: an integrated Monero address has 106 characters.
const TEXT_CHARS_MAX: usize = 128;
/// Longer input is refused before anything is looked at.
const INPUT_BYTES_MAX: usize = 1024;

/// A decoded text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedAddress {
    /// The decoded bytes.
    pub address: Address,
    /// The chains on which this text is valid. The payload may be valid on more: a `1…` text is not valid on
    /// Litecoin, though the same key has an `L…` address there.
    pub chains: ChainSet,
    /// What was overlooked.
    pub notes: Vec<AddressNote>,
}

impl ParsedAddress {
    pub(super) fn on(address: Address, chains: &[Chain]) -> Self {
        Self { address, chains: ChainSet::of(chains), notes: Vec::new() }
    }

    pub(super) fn with_note(mut self, note: AddressNote) -> Self {
        self.notes.push(note);
        self
    }
}

/// Something about a text that did not keep it from being decoded, but that a person may want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressNote {
    /// Blanks, invisible characters or quotes around the text were left out.
    Trimmed,
    /// The text was a payment URI; its scheme and parameters were left out.
    PaymentUri,
    /// The letter case of an EVM text does not fit its checksum (EIP-55): one character may be wrong.
    ChecksumMismatch,
    /// The format has no checksum, so a wrong character cannot be seen.
    NoChecksum,
    /// The text carries a payment id or destination tag beside the address, which was left out.
    PaymentTag,
    /// A CashAddr that may receive tokens; the same owner as without.
    TokenAware,
}

impl AddressNote {
    /// What the note says, as a sentence for analysts.
    pub fn about(self) -> &'static str {
        match self {
            Self::Trimmed => "blanks, invisible characters or quotes around the text were left out",
            Self::PaymentUri => {
                "the text is a payment URI; its scheme and parameters were left out"
            }
            Self::ChecksumMismatch => {
                "the letter case does not fit the checksum: one character may be wrong"
            }
            Self::NoChecksum => "the format has no checksum: a wrong character cannot be seen",
            Self::PaymentTag => "a payment id or destination tag beside the address was left out",
            Self::TokenAware => "a CashAddr that may receive tokens; the same owner as without",
        }
    }
}

/// Why a text is not an address that we decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressErrorKind {
    /// Nothing but blanks and quotes.
    Empty,
    /// Longer than any address.
    TooLong,
    /// Characters that no address has, such as letters of another script that look alike.
    NotAscii,
    /// The checksum of the format named fails.
    Checksum(&'static str),
    /// Of the format named, but its content cannot be.
    Malformed(&'static str),
    /// An address of a test network.
    Testnet,
    /// Well known, but no address.
    NotAnAddress(&'static str),
    /// An address of a kind that is not decoded.
    Unsupported(&'static str),
    /// None of the formats known.
    Unknown,
}

/// A text that is no address, with what was found instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError {
    kind: AddressErrorKind,
    text: String,
}

impl AddressError {
    pub(super) fn new(kind: AddressErrorKind, text: &str) -> Self {
        let shown: String = text.chars().take(48).flat_map(char::escape_default).collect();
        let more = if text.chars().nth(48).is_some() { "…" } else { "" };
        Self { kind, text: format!("{shown}{more}") }
    }

    /// For texts that must not be repeated anywhere, such as private keys.
    fn silent(kind: AddressErrorKind) -> Self {
        Self { kind, text: "(not shown)".to_owned() }
    }

    /// What was found.
    pub fn kind(&self) -> AddressErrorKind {
        self.kind
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self.kind {
            AddressErrorKind::Checksum(_) => {
                "one character may be wrong or missing: copy the address again"
            }
            AddressErrorKind::Testnet => "only main networks are read: test coins have no value",
            AddressErrorKind::NotAscii => {
                "look-alike letters or invisible characters may have been copied along: type the address anew"
            }
            AddressErrorKind::NotAnAddress("private key") => {
                "whoever has seen this key can spend: move the funds, and never paste a key here"
            }
            AddressErrorKind::NotAnAddress(_) => "give the address, not the transaction or key",
            AddressErrorKind::Malformed("20 bytes in hexadecimal without 0x") => {
                "write 0x before it if it is an Ethereum address"
            }
            AddressErrorKind::Unsupported("shielded address") => {
                "shielded addresses do not appear on chain: give a transparent one"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        match self.kind {
            AddressErrorKind::Empty => write!(f, "no address given"),
            AddressErrorKind::TooLong => write!(f, "too long for an address: \"{text}\""),
            AddressErrorKind::NotAscii => {
                write!(f, "characters that no address has: \"{text}\"")
            }
            AddressErrorKind::Checksum(format) => {
                write!(f, "the {format} checksum fails: \"{text}\"")
            }
            AddressErrorKind::Malformed(what) => write!(f, "not an address ({what}): \"{text}\""),
            AddressErrorKind::Testnet => write!(f, "testnet address: \"{text}\""),
            AddressErrorKind::NotAnAddress(what) => {
                write!(f, "not an address but a {what}: \"{text}\"")
            }
            AddressErrorKind::Unsupported(what) => write!(f, "{what} is not decoded: \"{text}\""),
            AddressErrorKind::Unknown => write!(f, "no address format fits \"{text}\""),
        }
    }
}

impl std::error::Error for AddressError {}

/// What a reader of one format says: not mine, or decoded, or mine and wrong.
pub(super) type Attempt = Option<Result<ParsedAddress, AddressErrorKind>>;

/// Decodes an address text of any chain known.
///
/// # Errors
/// If no format fits, or one fits but for its checksum; the error repeats the text (escaped, cut) unless it looks
/// like a private key.
pub fn parse_address(input: &str) -> Result<ParsedAddress, AddressError> {
    if input.len() > INPUT_BYTES_MAX {
        return Err(AddressError::new(AddressErrorKind::TooLong, input));
    }
    let trimmed = input.trim_matches(is_wrapping);
    let (text, is_uri) = strip_uri(trimmed);
    let mut parsed = decode(text).map_err(|kind| match kind {
        AddressErrorKind::NotAnAddress("private key") => AddressError::silent(kind),
        _ => AddressError::new(kind, trimmed),
    })?;
    if trimmed.len() != input.len() {
        parsed.notes.push(AddressNote::Trimmed);
    }
    if is_uri {
        parsed.notes.push(AddressNote::PaymentUri);
    }
    Ok(parsed)
}

fn decode(text: &str) -> Result<ParsedAddress, AddressErrorKind> {
    if text.is_empty() {
        return Err(AddressErrorKind::Empty);
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let is_plain = text.chars().all(|c| c.is_ascii_graphic() || c == ' ' || c == '\t');
        return Err(match is_plain {
            true => AddressErrorKind::Malformed("a blank inside"),
            false => AddressErrorKind::NotAscii,
        });
    }
    if text.len() > TEXT_CHARS_MAX {
        return Err(match text.starts_with("xprv") {
            true => AddressErrorKind::NotAnAddress("private key"),
            false => AddressErrorKind::TooLong,
        });
    }
    // Order matters only where a text could fit two formats; Solana, which has no checksum, comes last in `base58`.
    None.or_else(|| plain(text))
        .or_else(|| hexadecimal(text))
        .or_else(|| {
            segwit::parse(text)
                .map(|attempt| attempt.or_else(|error| base58_instead(text).ok_or(error)))
        })
        .or_else(|| cashaddr::parse(text))
        .or_else(|| monero::parse(text))
        .or_else(|| known_otherwise(text))
        .or_else(|| base58::parse(text))
        .unwrap_or(Err(AddressErrorKind::Unknown))
}

/// What a text that begins like bech32 is if it is not: `TB1…` and `LTC1…` begin addresses of Tron and Litecoin too,
/// and one Solana key in some ten thousand begins with `bc1` in some letter case. A checksum that holds tells; of
/// what has none, only a text whose letters are of both cases by at least a quarter: bech32 has one case, and its
/// slips of the finger have a few letters of the other.
fn base58_instead(text: &str) -> Option<ParsedAddress> {
    let parsed = base58::parse(text)?.ok()?;
    let uppercase = text.bytes().filter(u8::is_ascii_uppercase).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let is_of_both_cases = 4 * uppercase.min(letters - uppercase) >= letters;
    (is_of_both_cases || !parsed.notes.contains(&AddressNote::NoChecksum)).then_some(parsed)
}

/// Characters that stand around copied addresses: blanks, invisible marks, quotes and what ends a sentence.
fn is_wrapping(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
        || matches!(c, '\'' | '"' | '`' | '“' | '”' | '‘' | '’' | '«' | '»' | '<' | '>' | ',' | ';')
}

/// The address of a payment URI (BIP 21 and its kin on other chains).
fn strip_uri(text: &str) -> (&str, bool) {
    const SCHEMES: [&str; 7] =
        ["bitcoin", "litecoin", "dogecoin", "dash", "zcash", "ethereum", "monero"];
    let Some((scheme, rest)) = text.split_once(':') else { return (text, false) };
    // `monero:` and 64 digits is our own notation for a payload, see `plain`.
    let is_payload = rest.len() == 64 && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_payload || !SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
        return (text, false);
    }
    let rest = rest.trim_start_matches("//");
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let address = &rest[..end];
    // EIP 681 names the chain after an @; on every EVM chain the address is the same.
    (address.split_once('@').map_or(address, |(address, _)| address), true)
}

/// Our own notation for what has no text on any chain: the family's name and the payload, `script:ab…`.
fn plain(text: &str) -> Attempt {
    let (name, digits) = text.split_once(':')?;
    let family = match name {
        "multisig" => AddressFamily::BareMultisig,
        _ => AddressFamily::ALL.into_iter().find(|family| family.name() == name)?,
    };
    let mut payload = [0; 32];
    if digits.len() > 64 || digits.len() % 2 != 0 {
        return Some(Err(AddressErrorKind::Malformed("wrong length of payload")));
    }
    let len = digits.len() / 2;
    for (at, byte) in payload[..len].iter_mut().enumerate() {
        match digits.get(2 * at..2 * at + 2).and_then(bytes_from_hex::<1>) {
            Some([value]) => *byte = value,
            None => return Some(Err(AddressErrorKind::Malformed("not hexadecimal"))),
        }
    }
    Some(match Address::new(family, &payload[..len]) {
        Some(address) => Ok(ParsedAddress { address, chains: family.chains(), notes: Vec::new() }),
        None => Err(AddressErrorKind::Malformed("wrong length of payload")),
    })
}

/// Texts of hexadecimal digits, with or without `0x`.
fn hexadecimal(text: &str) -> Attempt {
    let marked = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let digits = marked.unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return marked.map(|_| Err(AddressErrorKind::Malformed("not hexadecimal after 0x")));
    }
    if let ("41", Some(payload)) =
        (digits.get(..2)?, digits.get(2..).and_then(bytes_from_hex::<20>))
    {
        let address = Address::of_20(AddressFamily::Tron, payload);
        let parsed = ParsedAddress::on(address, &[Chain::Tron]);
        return Some(Ok(parsed.with_note(AddressNote::NoChecksum)));
    }
    match (digits.len(), marked) {
        (40, Some(_)) => evm::parse(digits),
        (40, None) => Some(Err(AddressErrorKind::Malformed("20 bytes in hexadecimal without 0x"))),
        (64, _) => Some(Err(AddressErrorKind::NotAnAddress("transaction, payment id or key"))),
        (66, _) if matches!(&digits[..2], "02" | "03") => {
            Some(Err(AddressErrorKind::NotAnAddress("public key")))
        }
        (_, Some(_)) => Some(Err(AddressErrorKind::Malformed("not 20 bytes after 0x"))),
        (_, None) => None,
    }
}

/// Formats that we recognize and do not decode: a better answer than "unknown".
fn known_otherwise(text: &str) -> Attempt {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| text.starts_with(prefix));
    Some(Err(match text.len() {
        111.. if starts(&["xprv", "yprv", "zprv"]) => AddressErrorKind::NotAnAddress("private key"),
        111.. if starts(&["xpub", "ypub", "zpub"]) => {
            AddressErrorKind::NotAnAddress("extended public key")
        }
        70.. if starts(&["zs1", "u1", "zc"]) => AddressErrorKind::Unsupported("shielded address"),
        70.. if starts(&["ltcmweb1"]) => AddressErrorKind::Unsupported("shielded address"),
        40.. if starts(&["addr1", "stake1", "DdzFF"]) => {
            AddressErrorKind::Unsupported("Cardano address")
        }
        _ => return None,
    }))
}

#[cfg(test)]
mod tests;
