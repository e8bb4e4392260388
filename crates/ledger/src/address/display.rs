//! Addresses as texts: the format of a chain, or the plain notation where a chain has none.
//!
//! In: an address and a chain. Out: a text that `parse_address` reads back to the same address.
//! Departures: where the family has no text on the chain (a witness program on Bitcoin Cash, a bare script anywhere)
//! the text is `family:payload` in hexadecimal, `multisig:…` for bare multisig. So it is for Monero, because the view
//! key that its texts carry is not kept.
//! Checked against: round trips of every family on every chain, and the `bitcoin` crate (`text/tests.rs`).

use bech32::{Fe32, Hrp};
use bitcoin_hashes::{Hash, sha256};
use bs58::Alphabet;

use super::{base58, cashaddr, evm, segwit};
use crate::{Address, AddressFamily, Chain, ChainSet};

impl AddressFamily {
    /// The chains on which addresses of this family are used.
    pub fn chains(self) -> ChainSet {
        use Chain as C;
        ChainSet::of(match self {
            Self::P2pkh | Self::P2sh | Self::BareMultisig | Self::Script => &[
                C::Bitcoin,
                C::BitcoinCash,
                C::BitcoinSv,
                C::BitcoinGold,
                C::Litecoin,
                C::Dogecoin,
                C::Dash,
                C::Zcash,
                C::Verge,
            ],
            Self::P2wpkh | Self::P2wsh => &[C::Bitcoin, C::BitcoinGold, C::Litecoin],
            Self::P2tr | Self::Witness => &[C::Bitcoin, C::Litecoin],
            Self::Evm => &[C::Ethereum, C::Evm],
            Self::Tron => &[C::Tron],
            Self::Solana => &[C::Solana],
            Self::Xrp => &[C::Xrp],
            Self::Monero => &[C::Monero],
            Self::Opaque => &[],
        })
    }
}

impl Address {
    /// The address of a text that no decoder reads: found again only by exactly the same text.
    pub fn opaque(text: &str) -> Self {
        Self::of_32(AddressFamily::Opaque, sha256::Hash::hash(text.as_bytes()).to_byte_array())
    }

    /// The text as people on `chain` write it; `family:payload` where that chain has no text for the family.
    pub fn display(&self, chain: Chain) -> String {
        let on_chain = match self.family {
            AddressFamily::P2pkh | AddressFamily::P2sh => self.base58(chain),
            AddressFamily::P2wpkh => self.segwit(chain, 0, self.payload()),
            AddressFamily::P2wsh => self.segwit(chain, 0, self.payload()),
            AddressFamily::P2tr => self.segwit(chain, 1, self.payload()),
            AddressFamily::Witness => self.segwit(chain, self.payload()[0], &self.payload()[1..]),
            AddressFamily::Evm => {
                self.family.chains().contains(chain).then(|| evm::encode(self.payload()))
            }
            AddressFamily::Tron => self.base58(chain),
            AddressFamily::Solana => {
                (chain == Chain::Solana).then(|| bs58::encode(self.payload()).into_string())
            }
            AddressFamily::Xrp => (chain == Chain::Xrp).then(|| {
                let encoder = bs58::encode(self.payload()).with_alphabet(Alphabet::RIPPLE);
                encoder.with_check_version(0).into_string()
            }),
            _ => None,
        };
        on_chain.unwrap_or_else(|| self.plain())
    }

    /// `family:payload`, readable by `parse_address`.
    fn plain(&self) -> String {
        let name = match self.family {
            AddressFamily::BareMultisig => "multisig",
            family => family.name(),
        };
        let digits: String = self.payload().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{name}:{digits}")
    }

    fn base58(&self, chain: Chain) -> Option<String> {
        if chain == Chain::BitcoinCash {
            let type_bits = u8::from(self.family == AddressFamily::P2sh);
            return (self.family != AddressFamily::Tron)
                .then(|| cashaddr::encode(type_bits, self.payload()));
        }
        // The newest version is the last: Litecoin's `M…` rather than the `3…` it shares with Bitcoin.
        let version = base58::VERSIONS
            .iter()
            .rfind(|known| known.family == self.family && known.chains.contains(&chain))?;
        let bytes = [version.bytes, self.payload()].concat();
        Some(bs58::encode(bytes).with_check().into_string())
    }

    fn segwit(&self, chain: Chain, version: u8, program: &[u8]) -> Option<String> {
        let (prefix, _) = segwit::PREFIXES.iter().find(|(_, known)| *known == Some(chain))?;
        let version = Fe32::try_from(version).ok()?;
        bech32::segwit::encode(Hrp::parse(prefix).ok()?, version, program).ok()
    }
}
