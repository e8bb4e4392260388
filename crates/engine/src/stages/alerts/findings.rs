//! What the rules in force say of every cluster and of every payment to a monitored address.
//!
//! In: a view of a run, rules. Out: [`Findings`]: each pair of rule and subject that raises, with its facts, in order of
//! rules and subjects, and how often a rule could not say. Clusters are read in parts of a range of labels, so memory is
//! that of one part; parts are evaluated side by side and put together in their order.

use std::collections::BTreeMap;

use cases::{Rule, RuleSubject, Subject, SubjectKey, Truth, Verdict, evaluate};
use ledger::{AddressId, AlertFact, ClusterId, Score, Timestamp};
use rayon::prelude::*;

use super::facts::{Payment, SubjectFacts};
use crate::Error;
use crate::risk_files::FactRows;
use crate::view::View;

/// Labels of one part.
const PART: u32 = 1 << 16;

/// A rule that raises for a subject.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// The place of the rule among those evaluated.
    pub(crate) rule: usize,
    pub(crate) subject: SubjectKey,
    pub(crate) facts: Vec<AlertFact>,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    pub(crate) raised: Vec<Finding>,
    /// Evaluations that could not say, by place of the rule.
    pub(crate) unknown: BTreeMap<usize, u64>,
}

impl Findings {
    fn append(&mut self, mut next: Self) {
        self.raised.append(&mut next.raised);
        for (rule, count) in next.unknown {
            *self.unknown.entry(rule).or_default() += count;
        }
    }

    /// One finding a rule and subject: several clusters may be of one entity, several payments to one address. The first
    /// keeps its facts, and those of the others follow.
    fn join(mut self) -> Self {
        self.raised.sort_by(|a, b| (a.rule, &a.subject).cmp(&(b.rule, &b.subject)));
        self.raised.dedup_by(|next, kept| {
            let same = (next.rule, &next.subject) == (kept.rule, &kept.subject);
            if same {
                let new = next.facts.drain(..).filter(|fact| !kept.facts.contains(fact));
                let new: Vec<AlertFact> = new.collect();
                kept.facts.extend(new);
            }
            same
        });
        for finding in &mut self.raised {
            for (position, fact) in (0..).zip(&mut finding.facts) {
                fact.position = position;
            }
        }
        self
    }
}

/// What rules are asked about.
pub(crate) struct Asked<'a> {
    pub(crate) view: &'a View,
    pub(crate) rules: &'a [Rule],
    /// Monitored addresses, ascending.
    pub(crate) monitored: &'a [AddressId],
    pub(crate) payments: &'a [Payment],
    /// Scores in place of those of the run, by cluster: those of a profile that is tried out.
    pub(crate) scores: Option<&'a [Score]>,
}

impl Asked<'_> {
    /// Evaluates every rule.
    pub(crate) fn findings(&self) -> Result<Findings, Error> {
        let n_labels = u32::try_from(self.view.labels().len()).expect("address ids are u32");
        let parts: Vec<u32> = (0..n_labels).step_by(PART as usize).collect();
        let now = self.now();
        let of_part = |first: &u32| self.of_part(*first, now);
        let parts: Vec<Findings> = parts.par_iter().map(of_part).collect::<Result<_, Error>>()?;
        let mut found = Findings::default();
        parts.into_iter().for_each(|part| found.append(part));
        found.append(self.of_payments(now)?);
        Ok(found.join())
    }

    fn now(&self) -> Timestamp {
        let last = self.view.columns.last_block();
        Timestamp::new(last.map_or(0, |block| block.time_s))
    }

    fn rows(&self, clusters: std::ops::RangeInclusive<u32>) -> Result<FactRows, Error> {
        let mut rows = self.view.risk()?.facts_between(clusters.clone())?;
        if let Some(scores) = self.scores {
            let key = |score: &Score| score.cluster.get().get();
            let from = scores.partition_point(|score| key(score) < *clusters.start());
            let to = scores.partition_point(|score| key(score) <= *clusters.end());
            rows.scores = scores[from..to].to_vec();
        }
        Ok(rows)
    }

    fn of_part(&self, first: u32, now: Timestamp) -> Result<Findings, Error> {
        let rows = self.rows(first..=first.saturating_add(PART - 1))?;
        let mut found = Findings::default();
        for cluster in self.subjects(&rows, first) {
            let facts = SubjectFacts::new(self.view, &rows, cluster, self.monitored, now);
            let subject = || Subject::Cluster {
                address: self.view.cluster_text(cluster),
                entity: facts.entity_name(),
            };
            self.judge(&facts, RuleSubject::Cluster, subject, &mut found);
        }
        Ok(found)
    }

    /// Clusters with a row, and those of listed and monitored addresses, ascending.
    fn subjects(&self, rows: &FactRows, first: u32) -> Vec<ClusterId> {
        let is_of_part = |cluster: &ClusterId| {
            let root = cluster.get().get();
            root >= first && root - first < PART
        };
        let listed = self.view.listed_clusters.clusters();
        let monitored = self.monitored.iter().map(|id| self.view.cluster_of(*id));
        let mut clusters = rows.clusters();
        clusters.extend(listed.chain(monitored).filter(is_of_part));
        clusters.sort_unstable();
        clusters.dedup();
        clusters
    }

    /// Facts of clusters are those of the payer with the most points; a payment of nobody known has a payer without rows.
    fn of_payments(&self, now: Timestamp) -> Result<Findings, Error> {
        let mut found = Findings::default();
        for payment in self.payments {
            let payer = payment.payer.unwrap_or_else(|| self.view.cluster_of(payment.address));
            let root = payer.get().get();
            let mut rows = self.rows(root..=root)?;
            if payment.payer.is_none() {
                rows = FactRows::default();
            }
            let facts = SubjectFacts::new(self.view, &rows, payer, self.monitored, now);
            let facts = facts.of_payment(*payment);
            let subject = || Subject::Payment {
                address: self.view.address_text(payment.address),
                tx: self.view.tx_id(payment.tx).to_string(),
            };
            self.judge(&facts, RuleSubject::Monitored, subject, &mut found);
        }
        Ok(found)
    }

    fn judge(
        &self,
        facts: &SubjectFacts<'_>,
        about: RuleSubject,
        subject: impl Fn() -> Subject,
        found: &mut Findings,
    ) {
        for (place, rule) in self.rules.iter().enumerate() {
            if rule.subject.about() != about.about() {
                continue;
            }
            match rule.truth(facts) {
                Truth::False => {}
                Truth::Unknown => *found.unknown.entry(place).or_default() += 1,
                Truth::True => {
                    let Verdict::Alert(basis) = evaluate(rule, facts) else { continue };
                    if let Some(subject) = rule.key_of(&subject()) {
                        found.raised.push(Finding { rule: place, subject, facts: basis });
                    }
                }
            }
        }
    }
}
