//! How risky a cluster is, what adds up to it, and what it would be without each party; profiles tried out.

use std::cmp::Reverse;

use cases::{AlertBook, Facts, Judge, Subject, SubjectKey};
use forensics::risk_features::RiskFacts;
use forensics::score::{
    ClusterFacts, ListedMember, ModelScore, Profile, Without, counterfactuals, dry_run,
    entities_of, score,
};
use ledger::{
    ClusterFeatures, ClusterId, Entity, EntityId, Exposure, PatternMatch, ProximityRow, Score,
};

use crate::Error;
use crate::answers::{
    AlertChange, BandMoveAnswer, Points, ProfileDryRun, RankedAnswer, ScoreAnswer, ScoreGlance,
    TermAnswer, TopAnswer, WithoutAnswer,
};
use crate::risk_models::RiskModel;
use crate::stages::{self, Subjects, check_currency, parse_profile, profile};
use crate::staleness::Asked;
use crate::view::View;

use super::modelled::{said, said_by};

/// Labels that are read at once.
const PART: u32 = 1 << 16;
/// Clusters of a dry run that are shown; the counts stand beside them.
const SHOWN_MAX: usize = 50;

/// Everything that the score of one cluster is made of.
pub(super) struct OwnFacts {
    cluster: ClusterId,
    held_by: Option<EntityId>,
    listed: Vec<ListedMember>,
    exposures: Vec<Exposure>,
    proximities: Vec<ProximityRow>,
    patterns: Vec<PatternMatch>,
    /// Where a model asks for it.
    behavior: Option<ClusterFeatures>,
}

impl OwnFacts {
    fn borrowed<'a>(
        &'a self,
        entities: &'a [Entity],
        models: &'a [ModelScore<'a>],
    ) -> ClusterFacts<'a> {
        ClusterFacts {
            cluster: self.cluster,
            held_by: self.held_by,
            listed: &self.listed,
            exposures: &self.exposures,
            proximities: &self.proximities,
            patterns: &self.patterns,
            models,
            entities,
        }
    }

    /// What a model sees; `None` of a cluster without behavior.
    pub(super) fn of_model(&self) -> Option<RiskFacts<'_>> {
        Some(RiskFacts {
            behavior: self.behavior.as_ref()?,
            held_by: self.held_by,
            exposures: &self.exposures,
            proximities: &self.proximities,
            patterns: &self.patterns,
        })
    }
}

impl View {
    /// How risky the cluster of an address is, and why.
    ///
    /// # Errors
    /// If the text is no address or has not appeared, or no run has been made.
    pub fn score(&self, address: &str) -> Result<ScoreAnswer, Error> {
        let subject = self.subject(address)?;
        let files = self.risk()?;
        let stored = files.score(subject.cluster)?;
        let profile = self.profile()?;
        let points = stored.as_ref().map_or(0, |score| score.points);
        let terms = files.terms(subject.cluster)?;
        let term = |row: &ledger::ScoreTerm| TermAnswer {
            kind: row.kind.clone(),
            category: row.category,
            entity: files.name_of(row.entity),
            points: Points(row.points),
            basis: row.basis.clone(),
            source_version: row.source_version.clone(),
        };
        let made_by = stored
            .as_ref()
            .map_or_else(|| profile.label().to_owned(), |score| score.profile.clone());
        Ok(ScoreAnswer {
            score: subject.computed.then_some(Points(points)),
            band: subject.computed.then(|| profile.band(points).to_owned()),
            hard_rule: stored.and_then(|score| score.hard_rule),
            terms: terms.iter().map(term).collect(),
            // What it would be by another profile than its own would be no counterfactual of it.
            without: match subject.computed
                && made_by == profile.label()
                && self.has_models_of_run()
            {
                true => self.without(subject.cluster, profile)?,
                false => Vec::new(),
            },
            profile: made_by,
            stale_because: self.stale_because(Asked::Scores, None),
            snapshot: self.snapshot_id.clone(),
            subject,
        })
    }

    /// The score of a cluster without its explanation; `None` where the last run did not know the cluster.
    pub(super) fn score_glance(&self, cluster: ClusterId) -> Result<Option<ScoreGlance>, Error> {
        let Some(files) = self.risk.as_ref().filter(|_| self.is_of_run(cluster)) else {
            return Ok(None);
        };
        let profile = self.profile()?;
        let stale = !self.since_last_run(Asked::Scores).is_empty();
        let Some(stored) = files.score(cluster)? else {
            // Nothing was found of it, by the profile in force at the run: that is this one unless the run is stale.
            let (points, band) = (Points(0), Some(profile.band(0).to_owned()));
            let (hard_rule, because) = (None, String::new());
            let profile = profile.label().to_owned();
            return Ok(Some(ScoreGlance { points, band, hard_rule, because, profile, stale }));
        };
        Ok(Some(ScoreGlance {
            points: Points(stored.points),
            band: (stored.profile == profile.label())
                .then(|| profile.band(stored.points).to_owned()),
            hard_rule: stored.hard_rule,
            because: files.strongest(cluster)?,
            profile: stored.profile,
            stale,
        }))
    }

    /// The profile in force, read once a view: a batch of screenings asks for it once an address.
    fn profile(&self) -> Result<&Profile, Error> {
        if let Some(profile) = self.profile.get() {
            return Ok(profile);
        }
        let read = profile(&self.snapshot, &self.config.money.currency)?;
        Ok(self.profile.get_or_init(|| read))
    }

    fn without(&self, cluster: ClusterId, profile: &Profile) -> Result<Vec<WithoutAnswer>, Error> {
        let files = self.risk()?;
        let model = RiskModel::of_profile(&self.snapshot, profile)?;
        let root = stages::root(cluster).get();
        let mut rows = Vec::new();
        for facts in self.own_facts(root..=root, model.is_some())? {
            let bare = facts.borrowed(files.entities(), &[]);
            let said = model.as_ref().map(|model| said(model, &facts, &entities_of(&bare)));
            let said = said.transpose()?.flatten();
            let models: Vec<ModelScore<'_>> = match (&model, &said) {
                (Some(model), Some((own, after))) => {
                    vec![ModelScore { after, ..model.score(*own, "") }]
                }
                _ => Vec::new(),
            };
            for row in counterfactuals(&facts.borrowed(files.entities(), &models), profile) {
                if row.points_after == row.points_before {
                    continue;
                }
                let without = match (row.without, &model) {
                    (Without::Entity(entity), _) => files.name_of(entity),
                    (Without::Model, Some(model)) => format!("model {}", model.name()),
                    _ => continue,
                };
                rows.push(WithoutAnswer {
                    without,
                    points: Points(row.points_after),
                    farther_unknown: row.farther_unknown,
                    model_unknown: row.model_unknown,
                });
            }
        }
        rows.sort_by(|a, b| (a.points, &a.without).cmp(&(b.points, &b.without)));
        Ok(rows)
    }

    /// The facts of every cluster of a range of labels of which anything is known; `for_model` of all.
    fn own_facts(
        &self,
        clusters: std::ops::RangeInclusive<u32>,
        for_model: bool,
    ) -> Result<Vec<OwnFacts>, Error> {
        let rows = self.risk()?.facts_between(clusters.clone())?;
        let listed = self.listed_clusters.clusters();
        let behavior = match for_model {
            true => self.derived()?.behavior_between(clusters.clone())?,
            false => Vec::new(),
        };
        let mut known = rows.clusters();
        known.extend(behavior.iter().map(|row| row.cluster));
        known.extend(listed.filter(|cluster| clusters.contains(&stages::root(*cluster).get())));
        known.sort_unstable();
        known.dedup();
        let of = |cluster: ClusterId| -> Result<OwnFacts, Error> {
            let held = stages::of_cluster(&rows.entities, cluster, |row| row.0).first();
            let held_by = held.map(|row| row.1);
            Ok(OwnFacts {
                cluster,
                held_by,
                listed: self.listed_members(cluster, held_by)?,
                exposures: stages::of_cluster(&rows.exposures, cluster, |row| row.cluster).to_vec(),
                proximities: stages::of_cluster(&rows.proximities, cluster, |row| row.cluster)
                    .to_vec(),
                patterns: stages::of_cluster(&rows.patterns, cluster, |row| row.cluster).to_vec(),
                behavior: stages::of_cluster(&behavior, cluster, |row| row.cluster)
                    .first()
                    .copied(),
            })
        };
        known.into_iter().map(of).collect()
    }

    fn listed_members(
        &self,
        cluster: ClusterId,
        held_by: Option<EntityId>,
    ) -> Result<Vec<ListedMember>, Error> {
        let entities = self.risk()?.entities();
        let mut rows = Vec::new();
        for member in self.listed_clusters.members_of(cluster) {
            let Some(address) = self.address_of(member) else { continue };
            for listing in self.lists.find(&address) {
                let entity = stages::listed_entity(listing, entities, held_by);
                rows.push((entity, address));
            }
        }
        Ok(stages::members_by_party(rows))
    }

    /// The riskiest clusters, at most `limit`; of two alike the smaller cluster first.
    ///
    /// # Errors
    /// If no run has been made.
    pub fn riskiest(&self, limit: usize) -> Result<TopAnswer, Error> {
        let files = self.risk()?;
        let mut scores = files.scores()?;
        scores.retain(|score| score.points > 0);
        scores.sort_by_key(|score| (Reverse(score.points), score.cluster));
        let line = |score: &Score| -> Result<RankedAnswer, Error> {
            Ok(RankedAnswer {
                cluster: score.cluster,
                address: self.cluster_text(score.cluster),
                known_as: self.names_of(score.cluster)?,
                score: Points(score.points),
                because: files.strongest(score.cluster)?,
            })
        };
        Ok(TopAnswer {
            clusters: scores.iter().take(limit).map(line).collect::<Result<_, _>>()?,
            total: scores.len() as u64,
            stale_because: self.stale_because(Asked::Scores, None),
            snapshot: self.snapshot_id.clone(),
        })
    }

    /// What another profile would make of the last run: clusters that change their band, alerts that come and go.
    ///
    /// # Errors
    /// If the text is no profile, or no run has been made.
    pub fn try_profile(&self, text: &str) -> Result<ProfileDryRun, Error> {
        let currency = &self.config.money.currency;
        let old = profile(&self.snapshot, currency)?;
        let new = parse_profile(text)?;
        check_currency(&new, currency)?;
        if !self.has_money() {
            let what = format!("values of the last run are not in {currency}, or by other rules");
            return Err(Error::missing(what, "run `tracehound run` first"));
        }
        RiskModel::check_profile(&self.snapshot, &new)?;
        let files = self.risk()?;
        let models = [&old, &new].map(|profile| RiskModel::of_profile(&self.snapshot, profile));
        let mut models: Vec<RiskModel> =
            models.into_iter().filter_map(Result::transpose).collect::<Result<_, _>>()?;
        models.dedup_by(|next, kept| next.name() == kept.name());
        let n_labels = u32::try_from(self.labels().len()).expect("address ids are u32");
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let mut answer = ProfileDryRun {
            old: old.label().to_owned(),
            new: new.label().to_owned(),
            ..ProfileDryRun::default()
        };
        for first in (0..n_labels).step_by(PART as usize) {
            let last = first.saturating_add(PART - 1);
            let facts = self.own_facts(first..=last, !models.is_empty())?;
            let said = said_by(&models, &facts)?;
            let borrowed = || {
                let each = facts.iter().zip(&said);
                each.map(|(facts, said)| facts.borrowed(files.entities(), said))
            };
            let tried = dry_run(&old, &new, borrowed());
            answer.n_clusters += tried.n_clusters;
            answer.n_points_changed += tried.n_points_changed;
            for row in &tried.changes {
                answer.n_bands_changed += 1;
                if answer.bands.len() < SHOWN_MAX {
                    answer.bands.push(BandMoveAnswer {
                        cluster: row.cluster,
                        address: self.cluster_text(row.cluster),
                        from: row.band_before.to_string(),
                        to: row.band_after.to_string(),
                        points: [Points(row.points_before), Points(row.points_after)],
                    });
                }
            }
            before.extend(borrowed().map(|facts| score(&facts, &old).score));
            after.extend(borrowed().map(|facts| score(&facts, &new).score));
        }
        let [gone, come] = self.alert_changes(&before, &after)?;
        (answer.alerts_gone, answer.alerts_come) = (gone, come);
        answer.snapshot.clone_from(&self.snapshot_id);
        Ok(answer)
    }

    /// Alerts that rules raise by the one scores and not by the other, both ways.
    fn alert_changes(
        &self,
        before: &[Score],
        after: &[Score],
    ) -> Result<[Vec<AlertChange>; 2], Error> {
        let rules = stages::rules_in_force(&self.snapshot, &self.config)?;
        let book = AlertBook::default();
        let resolve = |key: &SubjectKey| self.subject_now(key);
        let raised = |scores: &[Score]| -> Result<_, Error> {
            let mut judge = Judge::new(&rules, &book, &resolve);
            let look = &mut |subject: &Subject, facts: &dyn Facts| judge.look(subject, facts);
            Subjects::new(self, Some(scores))?.each(look)?;
            Ok(judge.finish().alerts)
        };
        let (before, after) = (raised(before)?, raised(after)?);
        let change = |key: &(usize, SubjectKey)| AlertChange {
            rule: rules[key.0].name.clone(),
            subject: key.1.to_string(),
        };
        let gone = before.keys().filter(|key| !after.contains_key(key)).map(change);
        let come = after.keys().filter(|key| !before.contains_key(key)).map(change);
        Ok([gone.collect(), come.collect()])
    }
}
