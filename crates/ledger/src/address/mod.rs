//! Addresses as decoded bytes: what a chain really pays to, whatever text it was written in.
//!
//! An [`Address`] is a family and a payload of at most 32 bytes. Two texts are the same address exactly if their
//! families and payloads agree: `1…` on Bitcoin and the CashAddr `q…` on Bitcoin Cash are one P2PKH payload, and a
//! list that names one of them names the other. The ticker beside a listed address is never consulted, because lists
//! use it loosely (USDT is written beside Tron, Ethereum and Bitcoin addresses alike).

mod base58;
mod cashaddr;
mod display;
mod evm;
mod monero;
mod segwit;
mod text;

use std::fmt;

pub use text::{AddressError, AddressErrorKind, AddressNote, ParsedAddress, parse_address};

use bitcoin_hashes::{Hash, hash160};

/// How a payload is to be read; part of the stored dictionary: numbers may be added, never changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum AddressFamily {
    /// Hash160 of a public key, on any chain of the Bitcoin family. Bare public keys (P2PK) are kept as the P2PKH
    /// of the same key: one key, one owner.
    P2pkh = 0,
    /// Hash160 of a script, on any chain of the Bitcoin family.
    P2sh = 1,
    /// Witness version 0, 20 bytes: hash160 of a compressed public key.
    P2wpkh = 2,
    /// Witness version 0, 32 bytes: SHA-256 of a script.
    P2wsh = 3,
    /// Witness version 1, 32 bytes: an x-only public key.
    P2tr = 4,
    /// Any other witness program of at most 31 bytes: the version, then the program.
    Witness = 5,
    /// Hash160 of a bare m-of-n script. The script is one address; its keys are not united with it or each other.
    BareMultisig = 6,
    /// SHA-256 of any other script that can be paid to.
    Script = 7,
    /// 20 bytes of an account on Ethereum and every chain of its kind.
    Evm = 16,
    /// 20 bytes of a Tron account (without the leading 0x41).
    Tron = 24,
    /// 32 bytes of a Solana account.
    Solana = 32,
    /// 20 bytes of an XRP ledger account.
    Xrp = 40,
    /// The public spend key of a Monero address; standard, integrated and sub-addresses alike.
    Monero = 48,
    /// SHA-256 of a text that no decoder of ours reads; matched on the exact text only.
    Opaque = 255,
}

impl AddressFamily {
    const ALL: [Self; 14] = [
        Self::P2pkh,
        Self::P2sh,
        Self::P2wpkh,
        Self::P2wsh,
        Self::P2tr,
        Self::Witness,
        Self::BareMultisig,
        Self::Script,
        Self::Evm,
        Self::Tron,
        Self::Solana,
        Self::Xrp,
        Self::Monero,
        Self::Opaque,
    ];

    /// The family of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|family| *family as u8 == number)
    }

    /// The name used in tables and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::P2pkh => "p2pkh",
            Self::P2sh => "p2sh",
            Self::P2wpkh => "p2wpkh",
            Self::P2wsh => "p2wsh",
            Self::P2tr => "p2tr",
            Self::Witness => "witness",
            Self::BareMultisig => "bare_multisig",
            Self::Script => "script",
            Self::Evm => "evm",
            Self::Tron => "tron",
            Self::Solana => "solana",
            Self::Xrp => "xrp",
            Self::Monero => "monero",
            Self::Opaque => "opaque",
        }
    }

    /// The length of a payload in bytes, or `None` where it varies.
    pub fn payload_len(self) -> Option<usize> {
        match self {
            Self::P2pkh | Self::P2sh | Self::P2wpkh | Self::BareMultisig => Some(20),
            Self::Evm | Self::Tron | Self::Xrp => Some(20),
            Self::P2wsh | Self::P2tr | Self::Script | Self::Solana => Some(32),
            Self::Monero | Self::Opaque => Some(32),
            Self::Witness => None,
        }
    }
}

/// A decoded address: family and payload. Small and `Copy`, because blocks are full of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    family: AddressFamily,
    len: u8,
    payload: [u8; 32],
}

/// The stored key of an address: the family's number, then the payload, padded with zeros.
pub const ADDRESS_KEY_BYTES: usize = 34;

impl Address {
    /// An address of `family`, or `None` if the payload has not the family's length.
    pub fn new(family: AddressFamily, payload: &[u8]) -> Option<Self> {
        let fits = match family.payload_len() {
            Some(len) => payload.len() == len,
            None => (3..=32).contains(&payload.len()),
        };
        if !fits {
            return None;
        }
        let mut bytes = [0; 32];
        bytes[..payload.len()].copy_from_slice(payload);
        Some(Self { family, len: u8::try_from(payload.len()).ok()?, payload: bytes })
    }

    /// A 20-byte address.
    ///
    /// # Panics
    /// If payloads of `family` are not 20 bytes: a mistake of the program, not of its input.
    pub fn of_20(family: AddressFamily, payload: [u8; 20]) -> Self {
        Self::new(family, &payload).expect("the caller names a family of 20 bytes")
    }

    /// A 32-byte address.
    ///
    /// # Panics
    /// If payloads of `family` are not 32 bytes: a mistake of the program, not of its input.
    pub fn of_32(family: AddressFamily, payload: [u8; 32]) -> Self {
        Self::new(family, &payload).expect("the caller names a family of 32 bytes")
    }

    /// How the payload is to be read.
    pub fn family(&self) -> AddressFamily {
        self.family
    }

    /// The decoded bytes.
    pub fn payload(&self) -> &[u8] {
        &self.payload[..usize::from(self.len)]
    }

    /// The key under which the dictionary keeps the address: family, length, payload, zeros. The length is in
    /// it because a witness program may itself end in zeros.
    pub fn key(&self) -> [u8; ADDRESS_KEY_BYTES] {
        let mut key = [0; ADDRESS_KEY_BYTES];
        key[0] = self.family as u8;
        key[1] = self.len;
        key[2..].copy_from_slice(&self.payload);
        key
    }

    /// The address of a stored key; `None` if no address has that key.
    pub fn from_key(key: &[u8]) -> Option<Self> {
        let (head, rest) = key.split_at_checked(2)?;
        let payload = rest.get(..usize::from(head[1]))?;
        let address = Self::new(AddressFamily::from_number(head[0])?, payload)?;
        (address.key() == key).then_some(address)
    }

    /// Other addresses that the same key or script controls and that can be computed from this one alone:
    /// P2PKH, P2WPKH and P2SH-P2WPKH of one (compressed) key, P2WSH and P2SH-P2WSH of one script.
    ///
    /// Source: BIP 141, BIP 143 (nested programs). A P2SH address gives none: its script is known only once spent.
    /// A P2PKH of an uncompressed key has a P2WPKH twin that nobody can spend from; it is then no address
    /// that anybody uses, so a look-up finds nothing.
    pub fn siblings(&self) -> impl Iterator<Item = Self> + use<> {
        let same_hash = match self.family {
            AddressFamily::P2pkh => Self::new(AddressFamily::P2wpkh, self.payload()),
            AddressFamily::P2wpkh => Self::new(AddressFamily::P2pkh, self.payload()),
            _ => None,
        };
        let nested = match self.family {
            AddressFamily::P2pkh | AddressFamily::P2wpkh | AddressFamily::P2wsh => {
                Some(self.nested_in_p2sh())
            }
            _ => None,
        };
        same_hash.into_iter().chain(nested)
    }

    fn nested_in_p2sh(&self) -> Self {
        let mut script = [0; 34];
        let len = 2 + self.payload().len();
        script[1] = self.len; // OP_0, then a push of the program
        script[2..len].copy_from_slice(self.payload());
        let hash = hash160::Hash::hash(&script[..len]);
        Self::of_20(AddressFamily::P2sh, hash.to_byte_array())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.family.name())?;
        self.payload().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::bytes_from_hex;

    #[test]
    fn a_key_is_read_back_and_nothing_else_is() {
        for family in AddressFamily::ALL {
            let payload = vec![7; family.payload_len().unwrap_or(5)];
            let address = Address::new(family, &payload).unwrap();
            assert_eq!(Address::from_key(&address.key()), Some(address));
            assert_eq!(AddressFamily::from_number(family as u8), Some(family));
            let mut bent = address.key();
            bent[1] = 0;
            assert_eq!(Address::from_key(&bent), None);
            assert_eq!(Address::from_key(&address.key()[1..]), None);
        }
        assert_eq!(Address::new(AddressFamily::P2pkh, &[0; 19]), None);
        assert_eq!(Address::new(AddressFamily::Witness, &[0; 33]), None);
    }

    #[test]
    fn nested_witness_key_is_the_known_one() {
        // BIP 49 test vector: key 03a1af804ac108a8a51782198c2d034b28bf90c8803f5a53f76276fa69a4eae77f.
        let key_hash: [u8; 20] =
            bytes_from_hex("38971f73930f6c141d977ac4fd4a727c854935b3").unwrap();
        let script_hash: [u8; 20] =
            bytes_from_hex("336caa13e08b96080a32b5d818d59b4ab3b36742").unwrap();
        let siblings: Vec<_> = Address::of_20(AddressFamily::P2wpkh, key_hash).siblings().collect();
        assert_eq!(siblings[0], Address::of_20(AddressFamily::P2pkh, key_hash));
        assert_eq!(siblings[1], Address::of_20(AddressFamily::P2sh, script_hash));
        assert_eq!(Address::of_20(AddressFamily::P2sh, script_hash).siblings().count(), 0);
    }
}
