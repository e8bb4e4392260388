//! Scores of a run: every cluster of which something is known, by the profile in force.

use forensics::score::{ClusterFacts, ListedMember, ModelScore, Profile, default_profile, score};
use ledger::{ClusterId, Entity, EntityId, Exposure, PatternMatch, ProximityRow, Score, ScoreTerm};
use rayon::prelude::*;
use store::Snapshot;

use super::{Listed, of_cluster};
use crate::Error;
use crate::ownership::models;
use crate::risk_models::{Modelled, RiskModel};

/// The kind of a profile in the table `models`.
pub(crate) const PROFILE: &str = "risk_profile";

/// The profile in force: the one published last, else the embedded one, in the currency of the store.
pub(crate) fn profile(snapshot: &Snapshot, currency: &str) -> Result<Profile, Error> {
    let published = models(snapshot)?.into_iter().rfind(|model| model.kind == PROFILE);
    parse_profile(&published.map_or_else(|| default_profile(currency), |model| model.text))
}

/// Refuses a profile whose values are in another currency than those of the store: they are not converted, so every
/// threshold of it would be wrong.
pub(crate) fn check_currency(profile: &Profile, currency: &str) -> Result<(), Error> {
    if profile.currency() == currency {
        return Ok(());
    }
    Err(Error::Question {
        what: format!(
            "profile {} is in {}, values of the store are in {currency}",
            profile.label(),
            profile.currency()
        ),
        hint: Some(format!(
            "publish one with `currency = \"{currency}\"` and a higher version, or set money.currency = \"{}\"",
            profile.currency()
        )),
    })
}

/// A profile of a text, with the patterns that this version knows.
pub(crate) fn parse_profile(text: &str) -> Result<Profile, Error> {
    let patterns = forensics::patterns::DETECTORS.iter().map(|row| (row.number, row.name));
    Ok(Profile::parse(text, &patterns.collect::<Vec<_>>())?)
}

/// What a model says of clusters, as scores take it.
pub(super) fn model_scores<'a>(
    model: Option<&'a RiskModel>,
    modelled: Option<&'a [Modelled]>,
) -> Vec<(ClusterId, ModelScore<'a>)> {
    let Some((model, modelled)) = model.zip(modelled) else { return Vec::new() };
    let score = |row: &'a Modelled| (row.cluster, model.score(row.probability_ppm, &row.reasons));
    modelled.iter().map(score).collect()
}

/// Everything that scores are made of, each by cluster.
pub(super) struct Scoring<'a> {
    pub(super) exposures: &'a [Exposure],
    pub(super) proximities: &'a [ProximityRow],
    pub(super) patterns: &'a [PatternMatch],
    pub(super) entities: &'a [Entity],
    pub(super) held: &'a [(ClusterId, EntityId)],
    pub(super) listed: &'a [Listed],
    /// By cluster.
    pub(super) models: Vec<(ClusterId, ModelScore<'a>)>,
    pub(super) profile: &'a Profile,
}

impl Scoring<'_> {
    /// Rows of `scores` and `score_terms`, by cluster; clusters without a term have none.
    pub(super) fn rows(&self) -> (Vec<Score>, Vec<ScoreTerm>) {
        let made: Vec<_> = self
            .clusters()
            .into_par_iter()
            .map(|cluster| score(&self.facts(cluster), self.profile))
            .filter(|scored| !scored.terms.is_empty())
            .collect();
        let mut scores = Vec::with_capacity(made.len());
        let mut terms = Vec::new();
        for scored in made {
            scores.push(scored.score);
            terms.extend(scored.terms);
        }
        (scores, terms)
    }

    /// Clusters of which anything is known, ascending.
    fn clusters(&self) -> Vec<ClusterId> {
        let exposed = self.exposures.iter().map(|row| row.cluster);
        let near = self.proximities.iter().map(|row| row.cluster);
        let found = self.patterns.iter().map(|row| row.cluster);
        let held = self.held.iter().map(|row| row.0);
        let listed = self.listed.iter().map(|row| row.cluster);
        let modelled = self.models.iter().map(|row| row.0);
        let mut clusters: Vec<ClusterId> =
            exposed.chain(near).chain(found).chain(held).chain(listed).chain(modelled).collect();
        clusters.sort_unstable();
        clusters.dedup();
        clusters
    }

    /// The listed addresses of a cluster, by party.
    pub(super) fn listed_of(&self, cluster: ClusterId) -> &[ListedMember] {
        let at = self.listed.binary_search_by_key(&cluster, |row| row.cluster);
        at.map_or(&[], |at| &self.listed[at].members)
    }

    fn facts(&self, cluster: ClusterId) -> ClusterFacts<'_> {
        let held = self.held.binary_search_by_key(&cluster, |row| row.0);
        let modelled = self.models.binary_search_by_key(&cluster, |row| row.0);
        ClusterFacts {
            cluster,
            held_by: held.ok().map(|at| self.held[at].1),
            listed: self.listed_of(cluster),
            exposures: of_cluster(self.exposures, cluster, |row| row.cluster),
            proximities: of_cluster(self.proximities, cluster, |row| row.cluster),
            patterns: of_cluster(self.patterns, cluster, |row| row.cluster),
            models: modelled.map_or(&[], |at| std::slice::from_ref(&self.models[at].1)),
            entities: self.entities,
        }
    }
}

#[cfg(test)]
mod tests {
    use forensics::patterns::DETECTORS;
    use forensics::score::{DEFAULT_PROFILE, PATTERNS};

    #[test]
    fn the_default_profile_knows_every_detector() {
        let numbers: Vec<_> = DETECTORS.iter().map(|row| (row.number, row.name)).collect();
        assert_eq!(numbers, PATTERNS);
        assert_eq!(super::parse_profile(DEFAULT_PROFILE).expect("it is right").name(), "default");
    }
}
