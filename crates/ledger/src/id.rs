//! Identifiers, heights and times: one type for every id and unit, so that none can be mistaken for another.

use std::fmt;
use std::str::FromStr;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        #[repr(transparent)]
        pub struct $name($inner);

        impl $name {
            /// Wraps the plain number.
            pub const fn new(value: $inner) -> Self {
                Self(value)
            }

            /// The plain number, for columns and messages.
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A dense number for an address, over all chains of a store, in order of first appearance.
    AddressId, u32
}
id! {
    /// A cluster, named by its smallest address, so that ids survive a rerun.
    ClusterId, AddressId
}
id! {
    /// Position of a block above the first block of its chain (which is 0).
    Height, u32
}
id! {
    /// The dense position of a transaction within the ledger of its chain: order of blocks, then order within
    /// the block. It orders events more finely than block times, which miners may set up to two hours off.
    TxIndex, u64
}
id! {
    /// Unix seconds UTC; block times are as on chain.
    Timestamp, i64
}

impl AddressId {
    /// The id as an index into per-address columns.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl ClusterId {
    /// The smallest address of the cluster, as an index into per-address columns.
    pub const fn index(self) -> usize {
        self.0.index()
    }
}

/// Why a text is not a 32-byte hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a 32-byte hash in hexadecimal: {text:?}")]
pub struct ParseHashError {
    text: String,
}

macro_rules! hash {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// From bytes in the order in which the chain hashes and stores them.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Bytes in the order in which the chain hashes and stores them.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        /// Written back to front, as Bitcoin Core and every explorer do.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().rev().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }

        impl FromStr for $name {
            type Err = ParseHashError;

            fn from_str(text: &str) -> Result<Self, ParseHashError> {
                let mut bytes = bytes_from_hex::<32>(text)
                    .ok_or_else(|| ParseHashError { text: text.chars().take(80).collect() })?;
                bytes.reverse();
                Ok(Self(bytes))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

hash! {
    /// The name of a transaction (Bitcoin: the txid, which leaves witnesses out).
    TxId
}
hash! {
    /// The name of a block.
    BlockHash
}

/// Exactly `N` bytes from `2 N` hexadecimal digits of either case; `None` for anything else.
pub fn bytes_from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let digit = |byte: u8| (byte as char).to_digit(16);
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()?;
    }
    Some(bytes)
}

/// One output of an earlier transaction, as an input names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutPoint {
    /// The earlier transaction.
    pub tx_id: TxId,
    /// Which of its outputs, from 0.
    pub output: u32,
}

impl fmt::Display for OutPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.tx_id, self.output)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn hashes_are_shown_back_to_front() {
        let genesis = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
        let hash: BlockHash = genesis.parse().unwrap();
        assert_eq!(hash.as_bytes()[31], 0);
        assert_eq!(hash.as_bytes()[0], 0x6f);
        assert_eq!(hash.to_string(), genesis);
    }

    #[test]
    fn what_is_not_a_hash_is_refused_with_the_input() {
        for text in ["", "00", "zz", &"0".repeat(63), &"é".repeat(32), &"0".repeat(66)] {
            let error = text.parse::<TxId>().unwrap_err();
            assert!(error.to_string().contains("hexadecimal"), "{error}");
        }
    }
}
