//! Amounts: units of an asset in its smallest unit.

use std::fmt;

/// An amount in the asset's smallest unit (satoshi, wei, lamport); never a float, never a price.
///
/// Arithmetic is checked: an amount beyond `u128` is refused, never wrapped. The tables hold amounts as
/// `UInt64` where the chain itself cannot exceed it (Bitcoin) and as `Decimal128(38, 0)` elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(u128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From satoshi, the smallest unit of Bitcoin.
    pub const fn from_sat(satoshi: u64) -> Self {
        Self(satoshi as u128)
    }

    /// From the asset's smallest unit.
    pub const fn from_units(units: u128) -> Self {
        Self(units)
    }

    /// In the asset's smallest unit.
    pub const fn units(self) -> u128 {
        self.0
    }

    /// The amount in satoshi, or `None` where it is more than a `u64` holds.
    pub fn to_sat(self) -> Option<u64> {
        u64::try_from(self.0).ok()
    }

    /// The sum, or `None` beyond `u128`.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or `None` below nothing.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The amount written in whole coins of `decimals` places, exactly: `1.50000000` for 150000000 and 8.
    pub fn in_coins(self, decimals: u32) -> InCoins {
        InCoins { units: self.0, decimals }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// See [`Amount::in_coins`].
#[derive(Clone, Copy, Debug)]
pub struct InCoins {
    units: u128,
    decimals: u32,
}

impl fmt::Display for InCoins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.decimals == 0 {
            return f.pad(&self.units.to_string());
        }
        let digits = format!("{:0>width$}", self.units, width = self.decimals as usize + 1);
        let (whole, part) = digits.split_at(digits.len() - self.decimals as usize);
        f.pad(&format!("{whole}.{part}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coins_are_written_exactly() {
        #[track_caller]
        fn check(units: u128, decimals: u32, text: &str) {
            assert_eq!(Amount::from_units(units).in_coins(decimals).to_string(), text);
        }
        check(0, 8, "0.00000000");
        check(1, 8, "0.00000001");
        check(150_000_000, 8, "1.50000000");
        check(2_100_000_000_000_000, 8, "21000000.00000000");
        check(7, 0, "7");
        check(u128::MAX, 18, "340282366920938463463.374607431768211455");
    }

    #[test]
    fn sums_never_wrap() {
        let most = Amount::from_units(u128::MAX);
        assert_eq!(most.checked_add(Amount::from_sat(1)), None);
        assert_eq!(Amount::ZERO.checked_sub(Amount::from_sat(1)), None);
        assert_eq!(most.to_sat(), None);
    }
}
