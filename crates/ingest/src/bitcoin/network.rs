//! The networks whose blocks can be read, with the constants by which one is told from another.
//!
//! Source: Bitcoin Core 30, `src/kernel/chainparams.cpp`. Checked against the `bitcoin` crate's own constants where it
//! has them (`tests` below).

use std::fmt;
use std::str::FromStr;

use bitcoin::Target;
use ledger::BlockHash;

/// A Bitcoin network. Tables do not say which: a store is made for one network and holds to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Network {
    /// The network whose coins have a price.
    #[default]
    Main,
    /// The third test network.
    Testnet3,
    /// The fourth test network (BIP 94).
    Testnet4,
    /// The signed test network (BIP 325), with its default challenge.
    Signet,
    /// A private network for tests: anyone can make a block at once.
    Regtest,
}

impl Network {
    /// Every network.
    pub const ALL: [Self; 5] =
        [Self::Main, Self::Testnet3, Self::Testnet4, Self::Signet, Self::Regtest];

    /// The name that `--network` takes; also what Bitcoin Core's `getblockchaininfo` calls it, but for
    /// `test` (here `testnet3`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Testnet3 => "testnet3",
            Self::Testnet4 => "testnet4",
            Self::Signet => "signet",
            Self::Regtest => "regtest",
        }
    }

    /// The four bytes before each block in `blk*.dat`.
    pub fn magic(self) -> [u8; 4] {
        match self {
            Self::Main => [0xf9, 0xbe, 0xb4, 0xd9],
            Self::Testnet3 => [0x0b, 0x11, 0x09, 0x07],
            Self::Testnet4 => [0x1c, 0x16, 0x3f, 0x28],
            Self::Signet => [0x0a, 0x03, 0xcf, 0x40],
            Self::Regtest => [0xfa, 0xbf, 0xb5, 0xda],
        }
    }

    /// The network with these magic bytes.
    pub fn of_magic(magic: [u8; 4]) -> Option<Self> {
        Self::ALL.into_iter().find(|network| network.magic() == magic)
    }

    /// The network whose first block is `hash`.
    pub fn of_genesis(hash: &BlockHash) -> Option<Self> {
        Self::ALL.into_iter().find(|network| network.genesis_hash() == *hash)
    }

    /// The hash of the first block.
    pub fn genesis_hash(self) -> BlockHash {
        use bitcoin::hashes::Hash;
        let hash = match self {
            Self::Main => bitcoin::constants::ChainHash::BITCOIN,
            Self::Testnet3 => bitcoin::constants::ChainHash::TESTNET3,
            Self::Testnet4 => bitcoin::constants::ChainHash::TESTNET4,
            Self::Signet => bitcoin::constants::ChainHash::SIGNET,
            Self::Regtest => bitcoin::constants::ChainHash::REGTEST,
        };
        let hash = bitcoin::BlockHash::from_byte_array(hash.to_bytes());
        BlockHash::from_bytes(hash.to_byte_array())
    }

    /// The easiest target that a block may have.
    pub fn target_max(self) -> Target {
        match self {
            Self::Main => Target::MAX_ATTAINABLE_MAINNET,
            Self::Testnet3 | Self::Testnet4 => Target::MAX_ATTAINABLE_TESTNET,
            Self::Signet => Target::MAX_ATTAINABLE_SIGNET,
            Self::Regtest => Target::MAX_ATTAINABLE_REGTEST,
        }
    }

    /// From this height on every coinbase begins with its height (BIP 34).
    pub fn coinbase_height_from(self) -> u32 {
        match self {
            Self::Main => 227_931,
            Self::Testnet3 => 21_111,
            Self::Testnet4 | Self::Signet | Self::Regtest => 1,
        }
    }

    /// From this height on a block with a witness commitment must carry the witnesses (BIP 141).
    pub fn witness_from(self) -> u32 {
        match self {
            Self::Main => 481_824,
            Self::Testnet3 => 834_624,
            Self::Testnet4 | Self::Signet => 1,
            Self::Regtest => 0,
        }
    }

    /// Where Bitcoin Core keeps this network below its data directory.
    pub fn directory(self) -> Option<&'static str> {
        match self {
            Self::Main => None,
            other => Some(other.name()),
        }
    }

    /// The same network for the `bitcoin` crate.
    pub fn kind(self) -> bitcoin::Network {
        match self {
            Self::Main => bitcoin::Network::Bitcoin,
            Self::Testnet3 => bitcoin::Network::Testnet,
            Self::Testnet4 => bitcoin::Network::Testnet4,
            Self::Signet => bitcoin::Network::Signet,
            Self::Regtest => bitcoin::Network::Regtest,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown network {0:?} (main, testnet3, testnet4, signet, regtest)")]
pub struct UnknownNetwork(String);

impl FromStr for Network {
    type Err = UnknownNetwork;

    fn from_str(text: &str) -> Result<Self, UnknownNetwork> {
        let lower = text.to_ascii_lowercase();
        let name = match lower.as_str() {
            "mainnet" | "bitcoin" => "main",
            "test" | "testnet" => "testnet3",
            other => other,
        };
        Self::ALL
            .into_iter()
            .find(|network| network.name() == name)
            .ok_or_else(|| UnknownNetwork(text.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_agree_with_the_bitcoin_crate() {
        for network in Network::ALL {
            let genesis = bitcoin::constants::genesis_block(network.kind()).block_hash();
            assert_eq!(network.genesis_hash().to_string(), genesis.to_string());
            assert_eq!(network.magic(), network.kind().magic().to_bytes());
            assert_eq!(Network::of_magic(network.magic()), Some(network));
            assert_eq!(Network::of_genesis(&network.genesis_hash()), Some(network));
            assert_eq!(network.name().parse(), Ok(network));
        }
        assert!("mainn".parse::<Network>().is_err());
    }
}
