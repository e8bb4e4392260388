//! What every transaction of a wallet shows: version, lock time, sequence, signatures, fee.
//!
//! Source: Bitcoin Core's `DiscourageFeeSniping` (height of the last block, one in ten up to 100 blocks back), BIP 125
//! (sequence), Bitcoin Core 0.17 (low-R grinding).

use bitcoin::Sequence;

use crate::dice::Dice;

/// What stands in the lock time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockTimes {
    /// Nothing.
    Zero,
    /// The height of the last block against fee sniping; one in ten up to 100 blocks earlier.
    AntiFeeSniping,
    /// Always this height, long past.
    Constant(u32),
}

/// What every transaction of a wallet shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Transaction version, 1 or 2.
    pub version: i32,
    /// Lock time.
    pub lock_times: LockTimes,
    /// Whether it signals replaceability (BIP 125).
    pub replaceable: bool,
    /// Whether it signs until R is short.
    pub low_r: bool,
}

/// What a wallet pays miners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeePolicy {
    /// So many thousandths of the market's rate of the day, rounded to whole satoshi a virtual byte.
    Market {
        /// Thousandths of the market's rate.
        per_mille: u32,
    },
    /// The same rate whatever the market.
    Fixed {
        /// Satoshi a virtual byte.
        sat_per_vbyte: u32,
    },
    /// The same fee whatever the size.
    Flat {
        /// Satoshi a transaction.
        sat: u32,
    },
}

/// A fee to be computed: by size, plus a fixed part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Price {
    pub(crate) rate_sat_per_vbyte: u64,
    pub(crate) flat_sat: u64,
    /// The market is low: a time to tidy up.
    pub(crate) cheap: bool,
}

impl Price {
    pub(crate) fn fee_sat(self, vbytes: u64) -> u64 {
        self.flat_sat + vbytes * self.rate_sat_per_vbyte
    }
}

/// Below this the market is low.
const CHEAP_MILLI: u64 = 8_000;

impl FeePolicy {
    /// At a market rate in thousandths of a satoshi a virtual byte.
    pub(crate) fn price(self, market_milli: u64) -> Price {
        let (rate_sat_per_vbyte, flat_sat) = match self {
            Self::Market { per_mille } => {
                ((market_milli * u64::from(per_mille) / 1_000_000).max(1), 0)
            }
            Self::Fixed { sat_per_vbyte } => (u64::from(sat_per_vbyte), 0),
            Self::Flat { sat } => (0, u64::from(sat)),
        };
        Price { rate_sat_per_vbyte, flat_sat, cheap: market_milli < CHEAP_MILLI }
    }
}

impl LockTimes {
    /// The lock time of a transaction that goes into the block at `height`.
    pub(crate) fn at(self, height: u32, dice: &mut Dice) -> u32 {
        match self {
            Self::Zero => 0,
            Self::Constant(constant) => constant,
            Self::AntiFeeSniping => {
                let back = if dice.chance(100) { dice.below(100) } else { 0 };
                (height - 1).saturating_sub(u32::try_from(back).expect("below 100"))
            }
        }
    }
}

impl Fingerprint {
    /// A lock time binds only below the final sequence.
    pub(crate) fn sequence(&self) -> Sequence {
        Sequence(match (self.replaceable, self.lock_times) {
            (true, _) => 0xffff_fffd,
            (false, LockTimes::Zero) => 0xffff_ffff,
            (false, _) => 0xffff_fffe,
        })
    }
}
