//! Alerts of a run: the rules in force are asked about everything, and the log of alerts is made to agree.
//!
//! In: the snapshot of a run, published rules, the log of alerts. Out: entries of the log: raised, updated, withdrawn with the
//! fact that went, raised again, merged. This is also the look-back: a run after a list or a tag has changed asks about
//! all history, and what it raises names the versions as of which it does.
//! Alerts are the one thing that is no view: when a run was made is part of what happened. Their names and bases follow
//! from rules and subjects alone.

mod arrivals;
mod subjects;

use cases::{AlertBook, AlertEntry, Judge, Moment, Rule, SubjectKey, reconcile};
use ledger::{AlertEventKind, AlertFact, Timestamp, tables};
use store::{Snapshot, Writer};

pub(crate) use subjects::Subjects;

use crate::layout::{SHARED, checkpoint};
use crate::view::View;
use crate::{AlertsOfRun, Config, Engine, Error, alerts};

impl Engine {
    /// Asks the rules in force about the last run, and writes what they say.
    pub(super) fn run_alerts(
        &self,
        writer: &mut Writer,
        now: Timestamp,
    ) -> Result<AlertsOfRun, Error> {
        let snapshot = writer.snapshot();
        let view = View::open(&snapshot, self.config())?;
        let (report, entries) = judged(&view, &snapshot, self.config(), now)?;
        let mut commit = writer.begin();
        commit.set_checkpoint(checkpoint::RUN_RULES, snapshot.rows(tables::RULES.name, SHARED));
        commit.set_checkpoint(checkpoint::RUN_ALERTS, 1);
        alerts::append_entries(&mut commit, &entries)?;
        commit.finish(self.run_record("run: alerts", now))?;
        Ok(report)
    }
}

/// What the rules say now, as entries that follow the log.
fn judged(
    view: &View,
    snapshot: &Snapshot,
    config: &Config,
    now: Timestamp,
) -> Result<(AlertsOfRun, Vec<AlertEntry>), Error> {
    let rules = rules_in_force(snapshot, config)?;
    let book = AlertBook::of(alerts::entries(snapshot)?)?;
    let resolve = |key: &SubjectKey| view.subject_now(key);
    let mut judge = Judge::new(&rules, &book, &resolve);
    view.each_subject(&mut |subject, facts| judge.look(subject, facts))?;
    ask_unseen(view, &mut judge)?;
    let judged = judge.finish();
    let moment = moment(view, now);
    let entries = reconcile(&book, &rules, &judged, &resolve, &moment);
    let count = |kind: AlertEventKind| {
        entries.iter().filter(|entry| entry.event.kind == kind).count() as u64
    };
    let report = AlertsOfRun {
        rules: rules.len() as u64,
        raised: count(AlertEventKind::Raised),
        reraised: count(AlertEventKind::Reraised),
        updated: count(AlertEventKind::Updated),
        withdrawn: count(AlertEventKind::Withdrawn),
        merged: count(AlertEventKind::Merged),
        unknown: judged.unknown_counts.iter().map(|count| count.n_subjects).sum(),
        cannot_say: rules.iter().filter_map(alerts::cannot_say).collect(),
    };
    Ok((report, entries))
}

/// Subjects of open alerts that no table has a row of now: a cluster is asked with the nothing that is known of it, and a
/// payment is let go, for all payments to monitored addresses were asked about.
fn ask_unseen(view: &View, judge: &mut Judge<'_>) -> Result<(), Error> {
    let keys: std::collections::BTreeSet<SubjectKey> =
        judge.unseen().into_iter().map(|(_, key)| key).collect();
    if keys.is_empty() {
        return Ok(());
    }
    let subjects = Subjects::new(view, None)?;
    for key in &keys {
        match key {
            SubjectKey::Cluster(address) => {
                subjects.look_at_cluster_of(address, &mut |subject, facts| {
                    judge.look(subject, facts)
                })?;
            }
            SubjectKey::Payment(_, address) | SubjectKey::Address(address) => {
                let because = match subjects.is_monitored(address) {
                    true => gone("payment of others", "no, it comes back to who paid it"),
                    false => gone("monitored", "no"),
                };
                judge.dismiss(key, &because);
            }
            // An entity that is still known has rows; one that is not has no subject.
            SubjectKey::Entity(_) => {}
            // Forecasts look after theirs.
            SubjectKey::Series(_) => {}
        }
    }
    Ok(())
}

/// Why a payment is not looked at any more.
fn gone(name: &str, value: &str) -> AlertFact {
    AlertFact {
        event: 0,
        position: 0,
        name: name.to_owned(),
        unit: "words".to_owned(),
        measured: None,
        worse: 0,
        value: value.to_owned(),
        text: name.to_owned(),
        rows: String::new(),
    }
}

/// The rules in force, read with the words of this store.
pub(crate) fn rules_in_force(snapshot: &Snapshot, config: &Config) -> Result<Vec<Rule>, Error> {
    let vocabulary = alerts::vocabulary(&config.money.currency);
    Ok(cases::in_force(&alerts::rule_log(snapshot)?, &vocabulary)?)
}

fn moment(view: &View, now: Timestamp) -> Moment {
    let profile = crate::stages::risk::profile(&view.snapshot, &view.config.money.currency);
    let profile = profile.map_or_else(|_| String::new(), |profile| profile.label().to_owned());
    let lists = if view.list_version.is_empty() { "none" } else { &view.list_version };
    let attribution = view.snapshot.checkpoint(checkpoint::ATTRIBUTION).unwrap_or(0);
    Moment {
        height: view.tip().unwrap_or_default().0,
        at: now,
        versions: format!("lists {lists}; attribution {attribution}; profile {profile}"),
    }
}
