//! Rules: checking a file, publishing it, showing what is in force, and what a file would do.

use cases::{
    AlertBook, AlertEntry, Change, Changed, Judge, Moment, Rule, RuleSet, SubjectKey, parse_rules,
    reconcile,
};
use ledger::{Height, RuleRecord, Timestamp, tables};

use super::{cannot_say, entries, rule_log, vocabulary};
use crate::answers::{
    ChangeAnswer, DryRunAlert, DryRunReport, DryRunRule, PublishReport, PublishedAnswer,
    RuleAnswer, RuleHistoryAnswer, RulesAnswer,
};
use crate::layout::{self, SHARED};
use crate::ownership::{checked_author, checked_reason};
use crate::view::View;
use crate::{Engine, Error, did_you_mean};

/// Reads a file of rules; needs no store.
///
/// # Errors
/// If something is wrong with it: every fault with line and column.
pub fn check_rules(text: &str, currency: &str) -> Result<RulesAnswer, Error> {
    let rules = parse_rules(text, &vocabulary(currency))?;
    let rules = rules.iter().map(|rule| answer(rule, None, false)).collect();
    Ok(RulesAnswer { rules, snapshot: None })
}

fn answer(rule: &Rule, row: Option<&RuleRecord>, in_force: bool) -> RuleAnswer {
    RuleAnswer {
        name: rule.name.clone(),
        version: rule.version,
        severity: rule.severity,
        subject: rule.subject.name(),
        dedupe: rule.dedupe.name(),
        about: rule.about.clone(),
        fatf: rule.fatf.clone(),
        when: rule.condition(),
        digest: rule.digest(),
        in_force,
        published_at_s: row.map(|row| row.published_at),
        author: row.map(|row| row.author.clone()),
        reason: row.map(|row| row.reason.clone()),
        text: rule.to_toml(),
        cannot_say: cannot_say(rule),
    }
}

fn change(changed: &Changed) -> ChangeAnswer {
    ChangeAnswer {
        name: changed.rule.name.clone(),
        change: changed.change,
        version_before: changed.version_before,
        version: changed.rule.version,
    }
}

impl Engine {
    /// Puts the rules of a file in force; with `only`, all others are retired.
    ///
    /// # Errors
    /// If the file is not right, a rule changed without a higher version, or there is no reason or author.
    pub fn publish_rules(
        &self,
        text: &str,
        only: bool,
        reason: &str,
        author: &str,
        now: Timestamp,
    ) -> Result<PublishReport, Error> {
        let (reason, author) = (checked_reason(reason)?, checked_author(author)?);
        let words = vocabulary(&self.config.money.currency);
        let rules = parse_rules(text, &words)?;
        let mut writer = self.store.writer()?;
        let set = RuleSet::of(&rule_log(&writer.snapshot())?, &words)?;
        let changed = set.publish(&rules, only)?;
        let rows: Vec<RuleRecord> = changed
            .iter()
            .filter(|one| one.change != Change::Same)
            .map(|one| RuleRecord {
                name: one.rule.name.clone(),
                version: one.rule.version,
                retired: one.change == Change::Retired,
                digest: one.rule.digest(),
                text: one.rule.to_toml(),
                reason: reason.to_owned(),
                author: author.to_owned(),
                published_at: now,
            })
            .collect();
        let mut snapshot = writer.snapshot();
        if !rows.is_empty() {
            let mut commit = writer.begin();
            commit.append(&layout::spec(&tables::RULES), SHARED, &tables::rules_to(&rows))?;
            snapshot = commit.finish(self.run_record("rules publish", now))?;
        }
        Ok(PublishReport {
            changes: changed.iter().map(change).collect(),
            n_published: rows.len() as u64,
            snapshot: snapshot.id().to_string(),
        })
    }
}

impl View {
    /// Every rule, in force or retired.
    ///
    /// # Errors
    /// If a stored rule cannot be read.
    pub fn rules(&self) -> Result<RulesAnswer, Error> {
        let set =
            RuleSet::of(&rule_log(&self.snapshot)?, &vocabulary(&self.config.money.currency))?;
        let rules =
            set.all().map(|(rule, row)| answer(rule, row, !row.is_some_and(|row| row.retired)));
        Ok(RulesAnswer { rules: rules.collect(), snapshot: Some(self.snapshot_id.clone()) })
    }

    /// A rule by name, with its log.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn rule(&self, name: &str) -> Result<RuleHistoryAnswer, Error> {
        let log = rule_log(&self.snapshot)?;
        let rules = self.rules()?.rules;
        let names: Vec<String> = rules.iter().map(|rule| rule.name.clone()).collect();
        let rule = rules.into_iter().find(|rule| rule.name == name).ok_or_else(|| {
            let listed = || "`tracehound rules list` lists them".to_owned();
            let hint = did_you_mean(name, &names).unwrap_or_else(listed);
            Error::missing(format!("there is no rule {name:?}"), hint)
        })?;
        let published = log.into_iter().filter(|row| row.name == name).map(|row| PublishedAnswer {
            version: row.version,
            retired: row.retired,
            digest: row.digest,
            published_at_s: row.published_at,
            author: row.author,
            reason: row.reason,
        });
        let published = published.collect();
        Ok(RuleHistoryAnswer { rule, published, snapshot: self.snapshot_id.clone() })
    }

    /// What the rules of a file would do: which of their alerts would come, change and go. Writes nothing.
    ///
    /// # Errors
    /// If the file is not right, or what rules ask is not in the store.
    pub fn dry_run_rules(&self, text: &str) -> Result<DryRunReport, Error> {
        let words = vocabulary(&self.config.money.currency);
        let rules = parse_rules(text, &words)?;
        let set = RuleSet::of(&rule_log(&self.snapshot)?, &words)?;
        let changes = set.publish(&rules, false)?;
        let book = AlertBook::of(entries(&self.snapshot)?)?.of_rules(&rules);
        let resolve = |key: &SubjectKey| self.subject_now(key);
        let mut judge = Judge::new(&rules, &book, &resolve);
        let mut holds = vec![0_u64; rules.len()];
        let n_subjects = self.each_subject(&mut |subject, facts| {
            for (rule, n) in rules.iter().zip(&mut holds) {
                let is_about = rule.key_of(subject).is_some();
                if is_about && rule.truth(facts) == cases::Truth::True {
                    *n += 1;
                }
            }
            judge.look(subject, facts);
        })?;
        let judged = judge.finish();
        let (height, at) = self.tip().unwrap_or((Height::new(0), Timestamp::new(0)));
        let moment = Moment { height, at, versions: String::new() };
        let entries = reconcile(&book, &rules, &judged, &resolve, &moment);
        let of_rule = |(place, rule): (usize, &Rule)| {
            let count = &judged.unknown_counts[place];
            DryRunRule {
                name: rule.name.clone(),
                n_holds: holds[place],
                n_unknown: count.n_subjects,
                missing: count.missing.clone(),
                alerts: entries
                    .iter()
                    .filter_map(|entry| dry_run_alert(&book, rule, entry))
                    .collect(),
            }
        };
        Ok(DryRunReport {
            changes: changes.iter().map(change).collect(),
            n_subjects,
            rules: rules.iter().enumerate().map(of_rule).collect(),
            snapshot: self.snapshot_id.clone(),
        })
    }
}

/// What an entry would mean, if it is about an alert of the rule.
fn dry_run_alert(book: &AlertBook, rule: &Rule, entry: &AlertEntry) -> Option<DryRunAlert> {
    let event = &entry.event;
    let known = book.get(&event.alert);
    let of_rule = event
        .cause
        .as_ref()
        .map(|cause| cause.rule.as_str())
        .or(known.map(|alert| alert.rule.as_str()));
    if of_rule != Some(rule.name.as_str()) {
        return None;
    }
    let subject = match (&event.cause, known) {
        (Some(cause), _) => cause.subject.clone(),
        (None, Some(alert)) => alert.subject.to_string(),
        (None, None) => return None,
    };
    let because = match event.reason.is_empty() {
        true => super::list::headline(&entry.basis),
        false => event.reason.clone(),
    };
    Some(DryRunAlert { kind: event.kind, id: event.alert.clone(), subject, because })
}
