//! Money: what an amount was worth in a named currency when it moved.

use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// Money in millionths of the currency of the store, exact; sums wrap nowhere before 10^32 of the currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(i128);

impl Value {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// One unit of the currency.
    pub const ONE: Self = Self(1_000_000);

    /// From millionths of the currency.
    pub const fn from_micros(micros: i128) -> Self {
        Self(micros)
    }

    /// In millionths of the currency.
    pub const fn micros(self) -> i128 {
        self.0
    }

    /// The value of `satoshi` at a price of `price_micros` millionths a whole coin, rounded to the nearest millionth,
    /// halves up.
    pub const fn of_satoshi(satoshi: u64, price_micros: u64) -> Self {
        let product = satoshi as i128 * price_micros as i128;
        Self((product + 50_000_000).div_euclid(100_000_000))
    }

    /// As a number, for plots and statistics only: sums are made before.
    #[expect(clippy::cast_precision_loss, reason = "a number to look at")]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl fmt::Display for Value {
    /// With two decimals, rounded: `1234.57`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = (self.0.unsigned_abs() + 5_000) / 10_000;
        let sign = if self.0 < 0 && cents > 0 { "-" } else { "" };
        f.pad(&format!("{sign}{}.{:02}", cents / 100, cents % 100))
    }
}

impl Add for Value {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Value {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Value {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl SubAssign for Value {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Neg for Value {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl std::iter::Sum for Value {
    fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
        values.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_exact_and_rounded_only_when_shown() {
        let check = |satoshi, price_micros, micros, shown: &str| {
            let value = Value::of_satoshi(satoshi, price_micros);
            assert_eq!((value.micros(), value.to_string().as_str()), (micros, shown));
        };
        check(100_000_000, 3_600_000_000, 3_600_000_000, "3600.00");
        check(1, 3_600_000_000, 36, "0.00");
        check(1, 50_000_000, 1, "0.00");
        check(1, 49_999_999, 0, "0.00");
        check(
            2_100_000_000_000_000,
            1_000_000_000_000,
            21_000_000_000_000_000_000,
            "21000000000000.00",
        );
        assert_eq!((-Value::from_micros(1_235_000)).to_string(), "-1.24");
    }
}
