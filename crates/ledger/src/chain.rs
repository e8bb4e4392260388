//! Chains and their native assets.

use std::fmt;
use std::str::FromStr;

/// A block chain that an address may be valid on or a ledger may hold.
///
/// The numbers are part of the stored tables: a chain may be added, never renumbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Chain {
    /// Bitcoin, and Omni tokens, which live in Bitcoin transactions.
    Bitcoin = 0,
    /// Bitcoin Cash.
    BitcoinCash = 1,
    /// Bitcoin SV.
    BitcoinSv = 2,
    /// Bitcoin Gold.
    BitcoinGold = 3,
    /// Litecoin.
    Litecoin = 4,
    /// Dogecoin.
    Dogecoin = 5,
    /// Dash.
    Dash = 6,
    /// Zcash; transparent addresses only.
    Zcash = 7,
    /// Verge.
    Verge = 8,
    /// Ethereum.
    Ethereum = 16,
    /// Every other chain that runs the Ethereum virtual machine under the same addresses.
    Evm = 17,
    /// Tron.
    Tron = 24,
    /// Solana.
    Solana = 32,
    /// The XRP ledger.
    Xrp = 40,
    /// Monero.
    Monero = 48,
}

const NAMES: &[(Chain, &str)] = &[
    (Chain::Bitcoin, "bitcoin"),
    (Chain::BitcoinCash, "bitcoin-cash"),
    (Chain::BitcoinSv, "bitcoin-sv"),
    (Chain::BitcoinGold, "bitcoin-gold"),
    (Chain::Litecoin, "litecoin"),
    (Chain::Dogecoin, "dogecoin"),
    (Chain::Dash, "dash"),
    (Chain::Zcash, "zcash"),
    (Chain::Verge, "verge"),
    (Chain::Ethereum, "ethereum"),
    (Chain::Evm, "evm"),
    (Chain::Tron, "tron"),
    (Chain::Solana, "solana"),
    (Chain::Xrp, "xrp"),
    (Chain::Monero, "monero"),
];

impl Chain {
    /// The name used in configuration, tables and paths.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(chain, _)| *chain == self).expect("every chain has a row in NAMES").1
    }

    /// The chain of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        NAMES.iter().map(|(chain, _)| *chain).find(|chain| *chain as u8 == number)
    }

    /// Every chain, in order of its number.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(chain, _)| *chain)
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown chain {0:?}")]
pub struct UnknownChain(String);

impl FromStr for Chain {
    type Err = UnknownChain;

    fn from_str(text: &str) -> Result<Self, UnknownChain> {
        NAMES
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(text))
            .map(|(chain, _)| *chain)
            .ok_or_else(|| UnknownChain(text.chars().take(40).collect()))
    }
}

impl serde::Serialize for Chain {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A set of chains, as bits in the order of [`Chain::all`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChainSet(u32);

impl ChainSet {
    /// The set of the chains given.
    pub fn of(chains: &[Chain]) -> Self {
        chains.iter().fold(Self(0), |set, chain| Self(set.0 | 1 << Self::bit(*chain)))
    }

    /// Whether `chain` is in the set.
    pub fn contains(self, chain: Chain) -> bool {
        self.0 & 1 << Self::bit(chain) != 0
    }

    /// The chains of the set, in order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = Chain> {
        Chain::all().filter(move |chain| self.contains(*chain))
    }

    /// Whether no chain is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn bit(chain: Chain) -> usize {
        NAMES.iter().position(|(other, _)| *other == chain).expect("every chain has a row in NAMES")
    }
}

/// A coin or token, by its symbol on its chain: `BTC`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asset(String);

impl Asset {
    /// The native coin of Bitcoin, in satoshi.
    pub fn btc() -> Self {
        Self("BTC".to_owned())
    }

    /// An asset by its symbol.
    pub fn new(symbol: impl Into<String>) -> Self {
        Self(symbol.into())
    }

    /// The symbol.
    pub fn symbol(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_read_back() {
        for chain in Chain::all() {
            assert_eq!(chain.name().parse(), Ok(chain));
            assert_eq!(Chain::from_number(chain as u8), Some(chain));
        }
        assert_eq!(Chain::from_number(255), None);
        assert!("bitcoinn".parse::<Chain>().is_err());
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set = ChainSet::of(&[Chain::Tron, Chain::Bitcoin]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [Chain::Bitcoin, Chain::Tron]);
        assert!(!set.contains(Chain::Ethereum));
        assert!(ChainSet::default().is_empty());
    }
}
