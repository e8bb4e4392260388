//! The score of one incoming transaction: what came with this money, and who sent it.
//!
//! In: the exposure of this amount alone, its payers' clusters with their scores. Out: a score of the receiver's side.
//! Definition: 100 if a payer is listed; else the larger of two sums: the terms of the exposure, by the same function as
//! that of a cluster, and the profile's percentage of the payers' scores, each by its part of the amount. The term
//! `sender` is what the second has more than the first, so what a payer's score says of the same money is not counted
//! twice. Dust scores nothing, listed or not (OFAC FAQ 1078): that its payer is listed is told by screening all the same.
//! Departures: unknown payers add nothing and take their part of the amount: an unknown is never guessed.
//! Cost: that of a cluster with as many rows. Checked against: `tests/it/score_transactions.rs`.

use ledger::{FlowSide, Value};

use super::addends::addends;
use super::curve::{Scale, part_of};
use super::facts::Seen;
use super::{
    ClusterFacts, LISTED_POINTS, PayerScore, Profile, Scored, TransactionFacts, finish, sum, words,
};

/// The score of a transaction that came in; its rows carry the receiver as their cluster.
pub fn score_transaction(facts: &TransactionFacts<'_>, profile: &Profile) -> Scored {
    let (cluster, listed, exposures) = (facts.receiver, facts.listed, facts.exposures);
    let nothing = ClusterFacts::nothing(cluster, facts.entities);
    let own = ClusterFacts { listed, exposures, ..nothing };
    let seen = Seen { facts: &own, profile, without: None };
    if is_dust(facts, profile) {
        return finish(cluster, None, profile, Vec::new());
    }
    let listed = seen.listed();
    if !listed.is_empty() {
        return finish(cluster, Some("listed"), profile, vec![words::listed(&seen, &listed)]);
    }
    let addends = addends(&seen);
    let own_points = sum(&addends);
    let mut terms = words::terms(&seen, addends);
    let sender_points = part_of(payers_points(facts), profile.sender_ppm);
    if sender_points > own_points.max(0) {
        let basis = sender_basis(facts.payers);
        terms.push(words::term(cluster, "sender", sender_points - own_points, basis));
    }
    finish(cluster, None, profile, terms)
}

/// Whether the whole amount is dust: by its value, or by itself where that is not known.
fn is_dust(facts: &TransactionFacts<'_>, profile: &Profile) -> bool {
    let received = facts.exposures.iter().filter(|row| row.side == FlowSide::Received);
    let (mut value, mut unpriced, mut told) = (Value::ZERO, 0u128, 0u128);
    for row in received {
        value = Value::from_micros(value.micros().saturating_add(row.value.micros()));
        unpriced = unpriced.saturating_add(row.amount_unpriced.units());
        told = told.saturating_add(row.amount.units());
    }
    // What no row tells has no price.
    let unpriced = unpriced.saturating_add(facts.amount.units().saturating_sub(told));
    value < profile.dust.value_min && unpriced < u128::from(profile.dust.amount_sat_min)
}

/// The payers' scores, each by its part of the amount, rounded down.
fn payers_points(facts: &TransactionFacts<'_>) -> i64 {
    let paid = facts.payers.iter().fold(0u128, |sum, one| sum.saturating_add(one.amount.units()));
    let total = paid.max(facts.amount.units());
    let scale = Scale::of(total);
    let total = scale.apply(total).max(1);
    let points = facts.payers.iter().map(|one| {
        let points = u128::from(one.points.clamp(0, LISTED_POINTS).unsigned_abs());
        scale.apply(one.amount.units()) * points
    });
    let points = points.sum::<u128>() / total;
    i64::try_from(points).expect("a mean of points, which are at most 100,000")
}

fn sender_basis(payers: &[PayerScore]) -> String {
    let shown = |points: i64| format!("{}.{:03}", points / 1_000, points % 1_000);
    match payers {
        [one] => format!("its sender scores {}", shown(one.points.clamp(0, LISTED_POINTS))),
        many => {
            let top = many.iter().map(|one| one.points).max().unwrap_or_default();
            let top = shown(top.clamp(0, LISTED_POINTS));
            format!("{} senders, the highest score is {top}", many.len())
        }
    }
}
