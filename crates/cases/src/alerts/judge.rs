//! Verdicts of rules over many subjects, gathered for [`super::reconcile`]: cheap where nothing is to be said.

use std::collections::{BTreeMap, BTreeSet};

use ledger::AlertFact;

use super::AlertBook;
use super::causes::Causes;
use super::reconcile::Resolve;
use crate::expression::{Facts, Truth};
use crate::rules::{Rule, RuleSubject, Subject, SubjectKey, Verdict, evaluate};

/// How often a rule could not tell, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct UnknownCount {
    /// Subjects of which it could not tell.
    pub n_subjects: u64,
    /// The facts that were missing, with the number of subjects.
    pub missing: BTreeMap<String, u64>,
}

/// What rules said of the subjects that were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Rule (its place) and subject that it raises for, with the facts that hold.
    pub alerts: BTreeMap<(usize, SubjectKey), Vec<AlertFact>>,
    /// Rule and subject with an open alert that it does not raise for, with the facts that stand against it.
    pub quiet: BTreeMap<(usize, SubjectKey), Vec<AlertFact>>,
    /// Rule and subject with an open alert of which it could not tell: the alert stays.
    pub unknown: BTreeSet<(usize, SubjectKey)>,
    /// By rule, how often it could not tell.
    pub unknown_counts: Vec<UnknownCount>,
    /// How many times a rule was asked.
    pub n_evaluations: u64,
}

/// Asks rules of one subject after the other.
#[derive(Debug)]
pub struct Judge<'r> {
    rules: &'r [Rule],
    /// Rule and subject with an open alert: why it does not raise is wanted of these.
    watched: BTreeSet<(usize, SubjectKey)>,
    judged: Judged,
    /// What it raises for, until every subject was looked at.
    raised: BTreeMap<(usize, SubjectKey), Causes>,
}

impl<'r> Judge<'r> {
    /// A judge of these rules, who watches the open alerts of the book.
    pub fn new(rules: &'r [Rule], book: &AlertBook, resolve: Resolve<'_>) -> Self {
        let mut watched = BTreeSet::new();
        for alert in book.alerts().filter(|alert| alert.state.is_open()) {
            let place = rules.iter().position(|rule| rule.name == alert.rule);
            if let (Some(place), Some(key)) = (place, resolve(&alert.subject)) {
                watched.insert((place, key));
            }
        }
        let judged = Judged {
            unknown_counts: vec![UnknownCount::default(); rules.len()],
            ..Judged::default()
        };
        Self { rules, watched, judged, raised: BTreeMap::new() }
    }

    /// Asks every rule about clusters (or payments) of this subject.
    pub fn look(&mut self, subject: &Subject, facts: &dyn Facts) {
        let is_payment = matches!(subject, Subject::Payment { .. });
        for (place, rule) in self.rules.iter().enumerate() {
            if (rule.subject != RuleSubject::Cluster) == is_payment {
                self.ask(place, rule, subject, facts);
            }
        }
    }

    fn ask(&mut self, place: usize, rule: &Rule, subject: &Subject, facts: &dyn Facts) {
        self.judged.n_evaluations += 1;
        let truth = rule.truth(facts);
        // Most subjects are quiet and watched by nobody: they cost one walk over the condition.
        if truth == Truth::False && self.watched.is_empty() {
            return;
        }
        let Some(key) = rule.key_of(subject) else { return };
        let key = (place, key);
        let is_watched = self.watched.contains(&key);
        if truth == Truth::False && !is_watched {
            return;
        }
        match evaluate(rule, facts) {
            Verdict::Alert(basis) => {
                self.raised.entry(key).or_default().add(subject, basis);
            }
            Verdict::Quiet(basis) => {
                self.judged.quiet.entry(key).or_insert(basis);
            }
            Verdict::Unknown(missing) => {
                let count = &mut self.judged.unknown_counts[place];
                count.n_subjects += 1;
                for fact in missing {
                    *count.missing.entry(fact.name).or_default() += 1;
                }
                if is_watched {
                    self.judged.unknown.insert(key);
                }
            }
        }
    }

    /// Subjects with an open alert that were not looked at so far, by rule: after a run over everything they still have to
    /// be asked, for an alert is withdrawn only after its subject was looked at.
    pub fn unseen(&self) -> Vec<(&'r Rule, SubjectKey)> {
        let seen = |key: &&(usize, SubjectKey)| {
            self.raised.contains_key(*key)
                || self.judged.quiet.contains_key(*key)
                || self.judged.unknown.contains(*key)
        };
        let rules = self.rules;
        let unseen = self.watched.iter().filter(|key| !seen(key));
        unseen.map(|(place, key)| (&rules[*place], key.clone())).collect()
    }

    /// Says of a subject that is not looked at any more why no rule raises for it: its open alerts are withdrawn for that.
    pub fn dismiss(&mut self, key: &SubjectKey, because: &AlertFact) {
        for watched in self.watched.iter().filter(|watched| watched.1 == *key) {
            self.judged.quiet.entry(watched.clone()).or_insert_with(|| vec![because.clone()]);
        }
    }

    /// What was said. Of a subject asked several times (an entity of many clusters) one cause is enough to raise, all of
    /// them are counted, and one doubt is enough to stay.
    pub fn finish(mut self) -> Judged {
        for (key, causes) in self.raised {
            let basis = causes.finish(&key.1);
            self.judged.alerts.insert(key, basis);
        }
        let Judged { alerts, quiet, unknown, .. } = &mut self.judged;
        unknown.retain(|key| !alerts.contains_key(key));
        quiet.retain(|key, _| !alerts.contains_key(key) && !unknown.contains(key));
        self.judged
    }
}
