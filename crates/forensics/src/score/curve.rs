//! Piecewise linear curves over whole numbers, and shares of whole numbers: the arithmetic of a score.
//!
//! In: amounts, money, counts. Out: parts per million (ppm), rounded down. Nothing is a float, so a score is the same on
//! any machine and never falls when what it measures grows.

/// One whole, in parts per million.
pub(super) const PPM: i64 = 1_000_000;

/// Straight lines between points, flat beyond them. `x` ascends, `y` never falls: checked by the profile's reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Curve {
    /// `(x, y)`; `y` in ppm.
    pub(super) points: Vec<(i128, i64)>,
}

impl Curve {
    /// The curve at `x`, in ppm.
    pub(super) fn at(&self, x: i128) -> i64 {
        let after = self.points.partition_point(|point| point.0 <= x);
        let Some(&(x_before, y_before)) = after.checked_sub(1).and_then(|at| self.points.get(at))
        else {
            return self.points.first().map_or(0, |point| point.1);
        };
        let Some(&(x_after, y_after)) = self.points.get(after) else { return y_before };
        // Both differences of x are below the 2^64 that the reader allows, that of y below 2^20: no overflow.
        let climbed = i128::from(y_after - y_before) * (x - x_before) / (x_after - x_before);
        y_before + i64::try_from(climbed).expect("not above y_after - y_before, which is an i64")
    }
}

/// Amounts as sums that no multiplication of this module can overflow: all of one side are shifted alike. Nothing is lost
/// up to 2^80 units in all, a thousand million times all bitcoin.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scale {
    shift: u32,
}

const BITS_MAX: u32 = 80;

impl Scale {
    /// The scale for amounts with this sum.
    pub(super) fn of(total: u128) -> Self {
        Self { shift: (u128::BITS - total.leading_zeros()).saturating_sub(BITS_MAX) }
    }

    /// An amount in that scale.
    pub(super) fn apply(self, units: u128) -> u128 {
        units >> self.shift
    }
}

/// `weight * ppm`, toward zero.
pub(super) fn part_of(weight: i64, ppm: i64) -> i64 {
    // Weights are at most 100,000 and parts at most a million.
    weight * ppm / PPM
}

/// Splits whole points over parts, in proportion to their amounts and so that they add up: differences of running totals
/// rounded down. `amounts` sum to at most 2^101.
pub(super) fn split(points: i64, amounts: &[u128]) -> Vec<i64> {
    let total: u128 = amounts.iter().sum();
    let (sign, size) = (points.signum(), u128::from(points.unsigned_abs()));
    let (mut running, mut given) = (0u128, 0i64);
    let part = |amount: &u128| {
        running += amount;
        let until = (size * running).checked_div(total).unwrap_or(0);
        let until = i64::try_from(until).expect("a part of points, which are an i64");
        let own = until - given;
        given = until;
        sign * own
    };
    amounts.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn curves_are_straight_between_points_and_flat_beyond() {
        let curve = Curve { points: vec![(10, 100), (20, 200), (40, 200), (41, 1_000)] };
        let check = |x, y| assert_eq!(curve.at(x), y, "at {x}");
        check(-5, 100);
        check(10, 100);
        check(15, 150);
        check(20, 200);
        check(33, 200);
        check(41, 1_000);
        check(i128::MAX, 1_000);
        assert_eq!(Curve { points: Vec::new() }.at(3), 0);
    }

    #[test]
    fn parts_add_up() {
        let check = |points, amounts: &[u128], parts: &[i64]| {
            assert_eq!(split(points, amounts), parts);
        };
        check(10, &[1, 1, 1], &[3, 3, 4]);
        check(-10, &[1, 1, 1], &[-3, -3, -4]);
        check(7, &[0, 5, 0], &[0, 7, 0]);
        check(100_000, &[1 << 100, 1 << 100], &[50_000, 50_000]);
        check(5, &[], &[]);
    }

    #[test]
    fn large_amounts_keep_their_shares() {
        let scale = Scale::of(u128::MAX);
        assert_eq!(scale.apply(u128::MAX), (1 << 80) - 1);
        assert_eq!(Scale::of(2_100_000_000_000_000).apply(12_345), 12_345);
    }
}
