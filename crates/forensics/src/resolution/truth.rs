//! Truth for fitting: pairs of which it is known, or became known, whether they have one owner.
//!
//! In: candidates as of one block, and what is known beside. Out: [`Target`]s.
//! - *Revealed*: a pair as of an earlier block that links of later blocks joined has one owner. A pair that they did not
//!   join either has two owners, or one that has not shown it yet: it is not a plain negative. Each revealed target
//!   says which share of same-owner pairs is expected to show it, and the calibration allows for the rest.
//! - *Known*: both clusters carry an entity (tags), the same or not.
//!
//! Source: ground truth by later co-spending, Möser and Narayanan, FC 2022; learning from positives and unlabelled data,
//! Elkan and Noto, KDD 2008 (selected at random).
//! Departures: Elkan and Noto estimate the share from the model itself, which needs owners that are certain; here it is
//! measured on known pairs ([`revealed_share`]) or left at 1, and then a probability is that of being *shown*: a
//! lower bound.
//! Who never reuses an address spends each cluster of common inputs once, and no later link can reveal it: revealed pairs
//! are few, and of wallets that reuse. [`withhold`] makes more of them out of the links there are, with the same bias.
//! So known pairs come first ([`super::fit`]).
//!
//! **No leak.** Features of a revealed pair may only use blocks up to the earlier one: apply no later block to the
//! [`super::Activity`]. Links made by features of this kind (change, suggestions) must not be in `later_labels`.
//! Checked against: constructed ledgers (`tests/it/resolution_fit.rs`).

use graph::Components;
use ledger::{ClusterId, Link};

use super::candidates::Candidates;
use super::fit::hash;
use super::profiles::Profiles;

/// A candidate of which something is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// Its place in [`Candidates::pairs`].
    pub candidate: u32,
    /// It was shown to have one owner.
    pub same: bool,
    /// The share of same-owner pairs that would have been shown: 1 for known pairs.
    pub shown: f64,
    /// How many pairs of the candidate population it stands for, up to a factor.
    pub weight: f64,
    /// The parties of its two ends, as far as known; a party is in one split only.
    pub groups: [u32; 2],
}

/// The labels after links of co-spending, keys and scripts (heuristics 1 to 3) and of people (5) from later blocks; links
/// of other rules are left out. `n_addresses` is that after those blocks.
///
/// # Panics
/// `labels` are not the smallest address of each cluster, or a link names an address from `n_addresses` on.
pub fn later_labels(labels: &[u32], later: &[Link], n_addresses: u32) -> Vec<u32> {
    let mut components = Components::from_labels(labels).expect("labels of clusters");
    components.ensure_nodes(n_addresses);
    for link in later.iter().filter(|link| matches!(link.heuristic, 1..=3 | 5)) {
        components.link(link.a.get(), link.b.get());
    }
    components.labels()
}

/// A target for every candidate: whether the labels of later blocks join it.
///
/// # Panics
/// `later` has no label for an address of the profiles.
pub fn revealed_targets(
    profiles: &Profiles<'_>,
    candidates: &Candidates,
    later: &[u32],
    shown: f64,
) -> Vec<Target> {
    let group = |at: u32| later[profiles.all()[at as usize].cluster.index()];
    let pairs = (0u32..).zip(&candidates.pairs);
    let target = |(candidate, pair): (u32, &super::Candidate)| {
        let groups = [group(pair.a), group(pair.b)];
        Target { candidate, same: groups[0] == groups[1], shown, weight: 1.0, groups }
    };
    pairs.map(target).collect()
}

/// A target for each candidate with an entity on both sides. `entities` is by cluster, each cluster at most once.
///
/// **Prior correction.** If a share q of parties has an entity, a pair of one party is known with chance q, one of two
/// parties with q², so the latter must weigh 1 / q. Pairs with an entity on one side only tell q: of pairs of two
/// parties there are 2 (1 - q) / q times as many. Where entities cover only some clusters of their parties, q comes
/// out too small, and probabilities too low rather than too high.
pub fn known_targets(
    profiles: &Profiles<'_>,
    candidates: &Candidates,
    entities: &[(ClusterId, u32)],
) -> Vec<Target> {
    let entity = |at: u32| entity_of(entities, profiles.all()[at as usize].cluster);
    let (mut targets, mut n_half_known) = (Vec::new(), 0u64);
    for (candidate, pair) in (0u32..).zip(&candidates.pairs) {
        match [entity(pair.a), entity(pair.b)] {
            [Some(a), Some(b)] => {
                let groups = [a, b];
                targets.push(Target { candidate, same: a == b, shown: 1.0, weight: 1.0, groups });
            }
            [None, None] => {}
            _ => n_half_known += 1,
        }
    }
    let n_different = targets.iter().filter(|target| !target.same).count() as f64;
    if n_different > 0.0 {
        let weight = 1.0 + n_half_known as f64 / (2.0 * n_different);
        targets.iter_mut().filter(|target| !target.same).for_each(|target| target.weight = weight);
    }
    targets
}

/// Links split for truth from one moment: those of a transaction are withheld with the given chance, by a hash of seed and
/// transaction. Labels of the kept ones make the candidates, [`later_labels`] with the withheld ones the truth.
/// Returns (kept, withheld).
pub fn withhold(links: &[Link], seed: u64, chance: f64) -> (Vec<Link>, Vec<Link>) {
    let is_kept = |link: &&Link| uniform(seed, link.tx.get()) >= chance;
    links.iter().partition(is_kept)
}

/// 0 to 1, from the top 53 bits of the hash.
fn uniform(seed: u64, value: u64) -> f64 {
    (hash(seed, value) >> 11) as f64 / (1u64 << 53) as f64
}

/// Of the candidates known to have one owner, how many later labels join, and how many there are.
///
/// # Panics
/// `later` has no label for an address of the profiles.
pub fn revealed_share(
    profiles: &Profiles<'_>,
    candidates: &Candidates,
    known: &[Target],
    later: &[u32],
) -> (u64, u64) {
    let label = |at: u32| later[profiles.all()[at as usize].cluster.index()];
    let same = known.iter().filter(|target| target.same);
    let pairs = same.map(|target| &candidates.pairs[target.candidate as usize]);
    pairs.fold((0, 0), |(n_shown, n), pair| {
        (n_shown + u64::from(label(pair.a) == label(pair.b)), n + 1)
    })
}

pub(super) fn entity_of(entities: &[(ClusterId, u32)], cluster: ClusterId) -> Option<u32> {
    let found = entities.binary_search_by_key(&cluster, |row| row.0).ok()?;
    Some(entities[found].1)
}
