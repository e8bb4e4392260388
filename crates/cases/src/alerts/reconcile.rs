//! What the rules say now against the alerts there are: raised, updated, withdrawn, raised again, merged.
//!
//! In: the book, the rules in force, what the judge gathered, and where each subject is now. Out: entries that follow the log, in
//! the order of the rules' places, then subjects. Cost: a look-up an alert and a finding.

use std::collections::BTreeMap;

use ledger::{AlertCause, AlertEvent, AlertEventKind, AlertFact, Height, Timestamp};

use super::causes::fresh;
use super::judge::Judged;
use super::material::changed;
use super::{Alert, AlertBook, AlertEntry, AlertState, alert_id};
use crate::rules::{Rule, SubjectKey};

/// Where a subject is now: a cluster is named by another address once it merged into an older one. `None` if the ledger
/// no longer has it.
pub type Resolve<'a> = &'a dyn Fn(&SubjectKey) -> Option<SubjectKey>;

/// When the rules speak, and with which versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The last block.
    pub height: Height,
    /// When they speak, by the clock: the caller says.
    pub at: Timestamp,
    /// Versions of lists, tags and profile, in words.
    pub versions: String,
}

/// The entries that make the book agree with the verdicts.
///
/// An alert whose subject was not looked at, or of which its rule could not tell, stays. Of several open alerts of a rule whose
/// subjects are one now, the oldest stays and the others merge into it. A closed alert is raised again only if its basis
/// got worse since; a withdrawn or merged one as soon as the rule raises.
pub fn reconcile(
    book: &AlertBook,
    rules: &[Rule],
    judged: &Judged,
    resolve: Resolve<'_>,
    moment: &Moment,
) -> Vec<AlertEntry> {
    let mut out = Writing { entries: Vec::new(), next: book.next_number(), moment };
    let mut groups: BTreeMap<(usize, SubjectKey), Vec<&Alert>> = BTreeMap::new();
    let mut seated: BTreeMap<&str, SubjectKey> = BTreeMap::new();
    // What forecasts raised is theirs.
    let of_rules = || book.alerts().filter(|alert| alert.subject.dedupe().is_some());
    for alert in of_rules() {
        if let Some(key) = resolve(&alert.subject) {
            seated.insert(&alert.id, key);
        }
    }
    for alert in of_rules() {
        let place = rules.iter().position(|rule| rule.name == alert.rule);
        let gone = match (place, seated.get(alert.id.as_str())) {
            (None, _) => format!("rule {} is no longer in force", alert.rule),
            (_, None) => "its subject is no longer in the ledger".to_owned(),
            (Some(place), Some(key)) if !fits(&rules[place], key) => {
                format!("rule {} is about another kind of subject now", alert.rule)
            }
            (Some(place), Some(key)) => {
                // One that merged stays with the other as long as both are one.
                let with_target =
                    alert.merged_into.as_deref().is_some_and(|into| seated.get(into) == Some(key));
                if !with_target {
                    groups.entry((place, key.clone())).or_default().push(alert);
                }
                continue;
            }
        };
        if alert.state.is_open() {
            out.write(alert, AlertEventKind::Withdrawn, gone);
        }
    }
    let keys: std::collections::BTreeSet<_> =
        groups.keys().chain(judged.alerts.keys()).cloned().collect();
    for key in keys {
        let mut alerts = groups.remove(&key).unwrap_or_default();
        alerts.sort_by_key(|alert| {
            (!alert.state.is_open(), alert.raised_at_height, alert.raised_at, alert.id.clone())
        });
        let first = alerts.first().copied();
        for other in alerts.iter().skip(1).filter(|alert| alert.state.is_open()) {
            out.merge(other, first.unwrap_or(other));
        }
        let rule = &rules[key.0];
        match (first, judged.alerts.get(&key)) {
            (None, Some(basis)) => match book.get(&alert_id(&rule.name, &key.1)) {
                // It merged into another, whose rule or subject is gone since.
                Some(old) => out.caused(old, AlertEventKind::Reraised, rule, basis, String::new()),
                None => out.raise(rule, &key.1, basis),
            },
            (Some(alert), Some(basis)) => speak(&mut out, alert, rule, basis, resolve),
            (Some(alert), None) if alert.state.is_open() => {
                if let Some(now) = judged.quiet.get(&key) {
                    out.write(alert, AlertEventKind::Withdrawn, went(&alert.basis, now));
                }
            }
            _ => {}
        }
    }
    out.entries
}

/// Whether alerts of the rule are about such subjects.
fn fits(rule: &Rule, key: &SubjectKey) -> bool {
    use crate::rules::Dedupe;
    let Some(kind) = key.dedupe() else { return false };
    kind == rule.dedupe || (rule.dedupe == Dedupe::Entity && kind == Dedupe::Cluster)
}

/// The rule raises, and there is an alert of it.
fn speak(
    out: &mut Writing<'_>,
    alert: &Alert,
    rule: &Rule,
    basis: &[AlertFact],
    resolve: Resolve<'_>,
) {
    let mut change = changed(&alert.basis, basis);
    let fresh = fresh(&alert.basis, basis, resolve);
    if let Some(first) = fresh.first() {
        let more = fresh.len() - 1;
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        change.words.push(format!("new cause: {first}{more}"));
        change.worse = true;
    }
    if rule.severity != alert.severity {
        let (before, after) = (alert.severity.name(), rule.severity.name());
        change.words.insert(0, format!("severity: {before} → {after}"));
        change.worse |= rule.severity > alert.severity;
    }
    if rule.version != alert.rule_version {
        change.words.push(format!("rule version {} → {}", alert.rule_version, rule.version));
    }
    let reason = change.words.join("; ");
    match alert.state {
        AlertState::Closed if change.worse => {
            out.caused(
                alert,
                AlertEventKind::Reraised,
                rule,
                basis,
                format!("worse since it was closed: {reason}"),
            );
        }
        AlertState::Closed => {}
        AlertState::Withdrawn | AlertState::Merged => {
            out.caused(
                alert,
                AlertEventKind::Reraised,
                rule,
                basis,
                "its cause is back".to_owned(),
            );
        }
        _ if change.words.is_empty() => {}
        _ => out.caused(alert, AlertEventKind::Updated, rule, basis, reason),
    }
}

/// Which facts of the basis went, in words.
fn went(before: &[AlertFact], now: &[AlertFact]) -> String {
    let words = |fact: &AlertFact| {
        let old = before.iter().find(|old| old.name == fact.name);
        match old {
            Some(old) if old.value != fact.value => {
                format!("{}: {} → {}", fact.name, old.value, fact.value)
            }
            _ => format!("{}: {}", fact.name, fact.value),
        }
    };
    // Facts that were in the basis come first: they are what went.
    let (of_basis, others): (Vec<_>, Vec<_>) =
        now.iter().partition(|fact| before.iter().any(|old| old.name == fact.name));
    let shown = if of_basis.is_empty() { others } else { of_basis };
    let words: Vec<String> = shown.into_iter().map(words).collect();
    format!("no longer so: {}", words.join("; "))
}

struct Writing<'m> {
    entries: Vec<AlertEntry>,
    next: u64,
    moment: &'m Moment,
}

impl Writing<'_> {
    fn entry(&mut self, alert: String, kind: AlertEventKind, reason: String) -> AlertEntry {
        let number = self.next;
        self.next += 1;
        let event = AlertEvent {
            number,
            alert,
            kind,
            at: self.moment.at,
            height: Some(self.moment.height),
            author: String::new(),
            reason,
            outcome: None,
            target: None,
            versions: Some(self.moment.versions.clone()),
            cause: None,
        };
        AlertEntry { event, basis: Vec::new() }
    }

    fn write(&mut self, alert: &Alert, kind: AlertEventKind, reason: String) {
        let entry = self.entry(alert.id.clone(), kind, reason);
        self.entries.push(entry);
    }

    fn merge(&mut self, alert: &Alert, into: &Alert) {
        let reason = format!("its subject became one with that of alert {}", into.id);
        let mut entry = self.entry(alert.id.clone(), AlertEventKind::Merged, reason);
        entry.event.target = Some(into.id.clone());
        self.entries.push(entry);
    }

    fn raise(&mut self, rule: &Rule, key: &SubjectKey, basis: &[AlertFact]) {
        let id = alert_id(&rule.name, key);
        let entry = self.entry(id, AlertEventKind::Raised, String::new());
        self.with_cause(entry, rule, key, basis);
    }

    fn caused(
        &mut self,
        alert: &Alert,
        kind: AlertEventKind,
        rule: &Rule,
        basis: &[AlertFact],
        reason: String,
    ) {
        let entry = self.entry(alert.id.clone(), kind, reason);
        self.with_cause(entry, rule, &alert.subject, basis);
    }

    fn with_cause(
        &mut self,
        mut entry: AlertEntry,
        rule: &Rule,
        key: &SubjectKey,
        basis: &[AlertFact],
    ) {
        let number = entry.event.number;
        entry.event.cause = Some(AlertCause {
            rule: rule.name.clone(),
            rule_version: rule.version,
            subject: key.to_string(),
            severity: rule.severity,
        });
        entry.basis =
            basis.iter().map(|fact| AlertFact { event: number, ..fact.clone() }).collect();
        self.entries.push(entry);
    }
}
