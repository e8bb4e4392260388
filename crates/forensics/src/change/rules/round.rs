//! C4, round value: people pay round amounts, and what is left is not round.
//!
//! Source: BlockSci `power_of_ten_value`, GraphSense (1,000 satoshi); Möser and Narayanan for several powers.
//! Departures: two powers as two rules, so that the rounder amount counts for more. Money: within 0.2 % of a multiple
//! of 5 in the first two digits, which one amount in sixteen at most is by chance. A missing price is no information.

use super::{Evidence, Rule};
use crate::change::subject::Subject;
use crate::change::verdict::Verdict;

/// One amount in a thousand is a multiple by chance.
const FINE_SAT: u64 = 1_000;
/// A thousandth of a coin.
const COARSE_SAT: u64 = 100_000;
/// How far off a round value may be, as a share of it: prices of two moments and two markets differ.
const MONEY_TOLERANCE: f64 = 0.002;
const SAT_PER_COIN: f64 = 1e8;

pub(super) const ROUND_COIN: Rule = Rule {
    name: "round_coin",
    family: "C4",
    about: "is the only output that is no multiple of 1,000 satoshi",
    needs: "nothing beyond the transaction",
    method_page: "docs/methods/change-c4-round.md",
    in_model: true,
    evidence: Evidence::Appearance(|subject, place| {
        odd_one_out(subject, place, |other| subject.amount(other).is_multiple_of(FINE_SAT))
    }),
};

pub(super) const ROUND_COIN_COARSE: Rule = Rule {
    name: "round_coin_coarse",
    family: "C4",
    about: "is the only output that is no multiple of 0.001 coins",
    needs: "nothing beyond the transaction",
    method_page: "docs/methods/change-c4-round.md",
    in_model: true,
    evidence: Evidence::Appearance(|subject, place| {
        odd_one_out(subject, place, |other| subject.amount(other).is_multiple_of(COARSE_SAT))
    }),
};

pub(super) const ROUND_MONEY: Rule = Rule {
    name: "round_money",
    family: "C4",
    about: "is the only output that is not round in money at block time",
    needs: "a price",
    method_page: "docs/methods/change-c4-round.md",
    in_model: true,
    evidence: Evidence::Appearance(|subject, place| match subject.price {
        Some(price) => odd_one_out(subject, place, |other| {
            #[expect(clippy::cast_precision_loss, reason = "0.2 % is asked for")]
            is_round_money(subject.amount(other) as f64 / SAT_PER_COIN * price)
        }),
        None => Verdict::NoInformation,
    }),
};

/// For the only output that is not round; against round ones while there is one that is not.
fn odd_one_out(subject: &Subject<'_>, place: usize, is_round: impl Fn(usize) -> bool) -> Verdict {
    let n = subject.outputs.len();
    let n_round = (0..n).filter(|other| is_round(*other)).count();
    match is_round(place) {
        true if n_round < n => Verdict::Against,
        false if n_round + 1 == n => Verdict::For,
        _ => Verdict::NoInformation,
    }
}

fn is_round_money(value: f64) -> bool {
    if !(0.01..=1e15).contains(&value) {
        return false;
    }
    // Scaled by exact powers of ten to two digits in front of the point; logarithms differ between machines.
    let mut digits = value;
    while digits >= 100.0 {
        digits /= 10.0;
    }
    while digits < 10.0 {
        digits *= 10.0;
    }
    let nearest = (digits / 5.0).round() * 5.0;
    (digits - nearest).abs() <= nearest * MONEY_TOLERANCE
}
