//! What a score would be without some facts, and what scores would be under another profile.
//!
//! In: facts, and what to leave out or by which profiles to score. Out: points before and after.
//! Definition: the same function over fewer facts, nothing approximated. Cost: one score each.
//! Checked against: facts rewritten by hand (`tests/it/score.rs`).

use std::cmp::Reverse;
use std::collections::BTreeMap;

use ledger::{ClusterId, EntityId};

use super::facts::{ModelScore, Seen};
use super::{ClusterFacts, Profile, Without, points, points_of};

/// A score with and without some facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counterfactual {
    /// What is left out.
    pub without: Without,
    /// With everything, in thousandths of a point.
    pub points_before: i64,
    /// Without it.
    pub points_after: i64,
    /// A nearest entity is left out: the next one of its category is not among the facts and may be as near, so the
    /// score without it may be higher than `points_after` by nearness.
    pub farther_unknown: bool,
    /// A model counts, and what it says without these facts is not among the facts: its term stays as it is.
    pub model_unknown: bool,
}

/// What the score would be without some facts.
pub fn counterfactual(
    facts: &ClusterFacts<'_>,
    profile: &Profile,
    without: Without,
) -> Counterfactual {
    let points_before = points(facts, profile);
    after(facts, profile, without, points_before)
}

/// Every known entity that the facts name, ascending.
pub fn entities_of(facts: &ClusterFacts<'_>) -> Vec<EntityId> {
    let exposed = facts.exposures.iter().map(|row| row.entity);
    let near = facts.proximities.iter().map(|row| row.entity);
    let listed = facts.listed.iter().map(|listed| listed.entity);
    let mut entities: Vec<EntityId> =
        exposed.chain(near).chain(listed).chain(facts.held_by).collect();
    entities.sort_unstable();
    entities.dedup();
    entities.retain(|entity| *entity != EntityId::NONE);
    entities
}

/// The counterfactual of every entity that the facts name, and of the model where one counts; the one that matters most
/// first.
pub fn counterfactuals(facts: &ClusterFacts<'_>, profile: &Profile) -> Vec<Counterfactual> {
    let points_before = points(facts, profile);
    let counts = |model: &&ModelScore<'_>| is_in(profile, model.name);
    let model = facts.models.iter().find(counts).map(|_| Without::Model);
    let each = entities_of(facts).into_iter().map(Without::Entity).chain(model);
    let mut all: Vec<Counterfactual> =
        each.map(|without| after(facts, profile, without, points_before)).collect();
    all.sort_by_key(|one| Reverse((one.points_before - one.points_after).abs()));
    all
}

fn after(
    facts: &ClusterFacts<'_>,
    profile: &Profile,
    without: Without,
    points_before: i64,
) -> Counterfactual {
    let seen = Seen { facts, profile, without: Some(without) };
    let farther_unknown = match without {
        Without::Entity(entity) => facts.proximities.iter().any(|row| row.entity == entity),
        _ => false,
    };
    let unknown = |model: &ModelScore<'_>| {
        is_in(profile, model.name) && model.without(Some(without)).is_none()
    };
    let model_unknown = facts.models.iter().any(unknown);
    let points_after = points_of(&seen);
    Counterfactual { without, points_before, points_after, farther_unknown, model_unknown }
}

fn is_in(profile: &Profile, model: &str) -> bool {
    profile.model().is_some_and(|(name, _)| name == model)
}

/// What a change of profile does to scores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DryRun {
    /// Clusters that were scored twice.
    pub n_clusters: u64,
    /// Clusters whose points change.
    pub n_points_changed: u64,
    /// How many clusters go from which band to which, those that stay included; bands in the order of the profiles.
    pub moves: Vec<BandMove>,
    /// Clusters that change their band, the largest change of points first.
    pub changes: Vec<BandChange>,
}

/// How many clusters go from one band to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BandMove {
    /// Under the old profile.
    pub before: String,
    /// Under the new one.
    pub after: String,
    /// How many clusters.
    pub n_clusters: u64,
}

/// A cluster that changes its band.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BandChange {
    /// The cluster.
    pub cluster: ClusterId,
    /// Its score under the old profile, in thousandths of a point.
    pub points_before: i64,
    /// Under the new one.
    pub points_after: i64,
    /// Its band under the old profile.
    pub band_before: String,
    /// Under the new one.
    pub band_after: String,
}

/// Scores clusters under two profiles and tells which change their band, and by how much.
pub fn dry_run<'a>(
    before: &Profile,
    after: &Profile,
    clusters: impl IntoIterator<Item = ClusterFacts<'a>>,
) -> DryRun {
    let mut run = DryRun::default();
    let mut moves: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    for facts in clusters {
        let (points_before, points_after) = (points(&facts, before), points(&facts, after));
        let (old, new) = (before.band(points_before), after.band(points_after));
        run.n_clusters += 1;
        run.n_points_changed += u64::from(points_before != points_after);
        let place = |profile: &Profile, name: &str| {
            profile.bands().iter().position(|band| band.name == name).unwrap_or_default()
        };
        *moves.entry((place(before, old), place(after, new))).or_default() += 1;
        if old != new {
            let (band_before, band_after) = (old.to_owned(), new.to_owned());
            let cluster = facts.cluster;
            let change =
                BandChange { cluster, points_before, points_after, band_before, band_after };
            run.changes.push(change);
        }
    }
    let name = |profile: &Profile, at: usize| profile.bands()[at].name.clone();
    run.moves = moves
        .into_iter()
        .map(|((old, new), n_clusters)| BandMove {
            before: name(before, old),
            after: name(after, new),
            n_clusters,
        })
        .collect();
    let size = |change: &BandChange| (change.points_after - change.points_before).abs();
    run.changes.sort_by_key(|change| (Reverse(size(change)), change.cluster));
    run
}
