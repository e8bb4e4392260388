//! What follows from facts: scores, rules, alerts.

use cases::{AlertBook, ClusterFacts, Judge, Moment, Rule, Subject, SubjectKey, Vocabulary};
use ledger::{
    Category, ClusterId, EntityId, Exposure, FlowSide, Height, PatternMatch, ProximityRow,
    Timestamp,
};
use tracehound_forensics::exposure::Parties;
use tracehound_forensics::patterns::DETECTORS;
use tracehound_forensics::score::{self, Scored};

use crate::{States, timed};

/// So many transactions that payments lead to are followed for the sent side of one cluster.
const SENT_MAX: usize = 1_000;

pub(crate) struct Desk {
    rules: Vec<Rule>,
    book: AlertBook,
    n_blocks: u32,
}

/// What a block cost and came to.
pub(crate) struct Looked {
    pub(crate) sent_ms: f64,
    /// Clusters whose payments lead to more transactions than are asked for.
    pub(crate) n_unsent: usize,
    pub(crate) facts_ms: f64,
    pub(crate) scores_ms: f64,
    pub(crate) rules_ms: f64,
    pub(crate) n_with_points: usize,
    pub(crate) n_alerts: usize,
}

/// What is known of a cluster.
struct Facts {
    cluster: ClusterId,
    exposures: Vec<Exposure>,
    proximities: Vec<ProximityRow>,
    patterns: std::ops::Range<usize>,
    held_by: Option<EntityId>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let words = Vocabulary {
            asset: "BTC".to_owned(),
            currency: "USD".to_owned(),
            patterns: DETECTORS.iter().map(|row| (row.number, row.name)).collect(),
        };
        let rules = cases::in_force(&[], &words).unwrap();
        Self { rules, book: AlertBook::default(), n_blocks: 0 }
    }

    /// Scores clusters, asks all rules about each, and makes the book agree.
    pub(crate) fn look(
        &mut self,
        states: &mut States,
        parties: &Parties<'_>,
        clusters: &[ClusterId],
    ) -> Looked {
        let exposure = &mut states.exposure;
        let (sent, sent_ms) = timed(|| {
            let rows = clusters.iter().map(|own| exposure.sent_exposures_of(*own, SENT_MAX));
            rows.collect::<Vec<_>>()
        });
        let n_unsent = sent.iter().filter(|rows| rows.is_err()).count();
        let (facts, facts_ms) = timed(|| {
            let both = clusters.iter().zip(sent);
            let own =
                both.map(|(own, sent)| facts(states, parties, *own, sent.unwrap_or_default()));
            own.collect::<Vec<_>>()
        });
        let (scores, scores_ms) =
            timed(|| facts.iter().map(|own| scored(states, own)).collect::<Vec<_>>());
        let (n_alerts, rules_ms) = timed(|| self.judge(states, &facts, &scores));
        let n_with_points = scores.iter().filter(|scored| scored.score.points > 0).count();
        Looked { sent_ms, n_unsent, facts_ms, scores_ms, rules_ms, n_with_points, n_alerts }
    }

    fn judge(&mut self, states: &States, facts: &[Facts], scores: &[Scored]) -> usize {
        self.n_blocks += 1;
        let at = Timestamp::new(i64::from(self.n_blocks) * 600);
        let here = |key: &SubjectKey| Some(key.clone());
        let mut judge = Judge::new(&self.rules, &self.book, &here);
        for (facts, scored) in facts.iter().zip(scores) {
            let address = facts.cluster.get().get().to_string();
            let held = facts.held_by.and_then(|id| states.entities.get(id.get() as usize));
            let categories: Vec<Category> = held.iter().map(|entity| entity.category).collect();
            let known = ClusterFacts {
                has_money: true,
                address: &address,
                now: at,
                first_seen: Some(Timestamp::new(0)),
                n_addresses: Some(1),
                listed: Some(&[]),
                tags: Some(&[]),
                categories: Some(&categories),
                monitored: Some(false),
                exposures: Some(&facts.exposures),
                proximities: Some(&facts.proximities),
                hops_max: states.proximity.options().hops_max,
                patterns: Some(patterns(states, facts)),
                score: Some(&scored.score),
                model_terms: &[],
                entities: &states.entities,
            };
            let entity = held.map(|entity| entity.name.clone());
            judge.look(&Subject::Cluster { address: address.clone(), entity }, &known);
        }
        let judged = judge.finish();
        let moment = Moment { height: Height::new(self.n_blocks), at, versions: String::new() };
        let entries = cases::reconcile(&self.book, &self.rules, &judged, &here, &moment);
        let n = entries.len();
        entries.into_iter().for_each(|entry| self.book.add(entry).unwrap());
        n
    }
}

fn facts(
    states: &mut States,
    parties: &Parties<'_>,
    cluster: ClusterId,
    sent: Vec<Exposure>,
) -> Facts {
    let mut exposures = states.exposure.exposures_of(cluster);
    exposures.retain(|row| row.side == FlowSide::Received);
    exposures.extend(sent);
    let mut proximities = states.proximity.rows(cluster);
    let sum = |side: FlowSide, category: Option<Category>| -> u128 {
        let own = exposures.iter().filter(|row| {
            row.side == side && category.is_none_or(|category| row.category == category)
        });
        own.map(|row| row.amount.units()).sum()
    };
    for row in &mut proximities {
        let (total, part) = (sum(row.side, None), sum(row.side, Some(row.category)));
        row.share = if total == 0 { 0.0 } else { part as f64 / total as f64 };
    }
    let from = states.found.partition_point(|row| row.cluster < cluster);
    let to = states.found.partition_point(|row| row.cluster <= cluster);
    let held_by = parties.owners.entity_of_cluster(cluster);
    Facts { cluster, exposures, proximities, patterns: from..to, held_by }
}

fn patterns<'a>(states: &'a States, facts: &Facts) -> &'a [PatternMatch] {
    &states.found[facts.patterns.clone()]
}

fn scored(states: &States, own: &Facts) -> Scored {
    let facts = score::ClusterFacts {
        exposures: &own.exposures,
        proximities: &own.proximities,
        patterns: patterns(states, own),
        held_by: own.held_by,
        ..score::ClusterFacts::nothing(own.cluster, &states.entities)
    };
    score::score(&facts, &states.profile)
}
