//! The score: how dangerous a cluster or an incoming transaction is, 0 to 100, as a sum that explains itself.
//!
//! In: the facts of one cluster ([`ClusterFacts`]: exposure, proximity, patterns, lists) and a [`Profile`]. Out: a
//! [`Score`] in whole thousandths of a point, and [`ScoreTerm`]s that **always add up to it exactly**.
//! 1. Hard rule: a listed member makes it 100. That is then the only term; what the rest would come to is the
//!    counterfactual [`Without::Listings`].
//! 2. Else the sum of terms (`addends.rs`): the entity that holds the cluster, exposure, proximity, patterns, models. A term
//!    `bound` takes off what is below 0 or above 100.
//!
//! Unsolicited inbound dust never scores. Facts about entities that are not sure enough count as nobody known.
//! A *counterfactual* is the same function over the same facts without some of them; an amount of a party that is taken away
//! becomes untraced, so all other shares stay. Nothing else is known by then: where the nearest entity is taken away, the
//! next one may be as near, which [`Counterfactual::farther_unknown`] says.
//! Source: additive risk models of compliance products (a weight, a direction, a share); OFAC FAQ 1078 for dust.
//! Departures: whole numbers in place of floats; every term is kept; rank ([`crate::rank`]) is no term, since a walk's
//! probability is no evidence.
//! Cost: O(rows log rows) a cluster, a microsecond or a few; O(entities) times that for all counterfactuals.
//! Checked against: a naive sum over rationals; facts rewritten by hand (`tests/it/score.rs`).

mod addends;
mod change;
mod curve;
mod facts;
mod parse;
mod profile;
mod transaction;
mod words;

pub use change::{
    BandChange, BandMove, Counterfactual, DryRun, counterfactual, counterfactuals, dry_run,
    entities_of,
};
pub use facts::{ClusterFacts, ListedMember, ModelScore, PayerScore, TransactionFacts, Without};
pub use profile::{Band, DEFAULT_PROFILE, PATTERNS, Profile, ProfileError, default_profile};
pub use transaction::score_transaction;

use ledger::{ClusterId, Score, ScoreTerm};

use addends::{Addend, addends};
use facts::Seen;

/// A listed member's score and the highest there is, in thousandths of a point.
pub const LISTED_POINTS: i64 = 100_000;

/// Terms of one score; smaller ones beyond are one term `rest`.
const TERMS_MAX: usize = 1_000;

/// A score with its explanation.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The row of the table `scores`.
    pub score: Score,
    /// Its terms, the largest first; none is 0. They add up to [`Score::points`].
    pub terms: Vec<ScoreTerm>,
}

/// The score of a cluster.
pub fn score(facts: &ClusterFacts<'_>, profile: &Profile) -> Scored {
    scored(&Seen { facts, profile, without: None })
}

/// The score that the cluster would have without some facts.
pub fn score_without(facts: &ClusterFacts<'_>, profile: &Profile, without: Without) -> Scored {
    scored(&Seen { facts, profile, without: Some(without) })
}

/// The points of [`score`] alone, in thousandths; makes no text.
pub fn points(facts: &ClusterFacts<'_>, profile: &Profile) -> i64 {
    points_of(&Seen { facts, profile, without: None })
}

fn points_of(seen: &Seen<'_>) -> i64 {
    if !seen.listed().is_empty() {
        return LISTED_POINTS;
    }
    sum(&addends(seen)).clamp(0, LISTED_POINTS)
}

fn sum(addends: &[Addend]) -> i64 {
    addends.iter().map(|addend| addend.points).sum()
}

fn scored(seen: &Seen<'_>) -> Scored {
    let listed = seen.listed();
    if !listed.is_empty() {
        let terms = vec![words::listed(seen, &listed)];
        return finish(seen.facts.cluster, Some("listed"), seen.profile, terms);
    }
    let terms = words::terms(seen, addends(seen));
    finish(seen.facts.cluster, None, seen.profile, terms)
}

/// Adds the bound, numbers the terms, and sums them up.
fn finish(
    cluster: ClusterId,
    hard_rule: Option<&str>,
    profile: &Profile,
    mut terms: Vec<ScoreTerm>,
) -> Scored {
    let raw: i64 = terms.iter().map(|term| term.points).sum();
    let points = raw.clamp(0, LISTED_POINTS);
    if points != raw {
        let basis = match points {
            0 => "no score is below 0",
            _ => "no score is above 100",
        };
        terms.push(words::term(cluster, "bound", points - raw, basis.to_owned()));
    }
    for (position, term) in (0..).zip(&mut terms) {
        term.position = position;
    }
    let n_terms = u32::try_from(terms.len()).expect("bounded by TERMS_MAX");
    let (profile, hard_rule) = (profile.label().to_owned(), hard_rule.map(str::to_owned));
    Scored { score: Score { cluster, points, hard_rule, profile, n_terms }, terms }
}
