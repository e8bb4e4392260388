//! Reading and appending the logs of rules and alerts.

use std::collections::BTreeMap;

use cases::AlertEntry;
use ledger::{AlertEvent, AlertFact, RuleRecord, tables};
use store::{Commit, Snapshot};

use crate::Error;
use crate::layout::{self, SHARED};

/// The log of published rules.
pub(crate) fn rule_log(snapshot: &Snapshot) -> Result<Vec<RuleRecord>, Error> {
    let mut rows = Vec::new();
    for batch in snapshot.scan(tables::RULES.name, SHARED, None, None)? {
        rows.append(&mut tables::rules_from(&batch?)?);
    }
    Ok(rows)
}

/// The log of alerts.
pub(crate) fn entries(snapshot: &Snapshot) -> Result<Vec<AlertEntry>, Error> {
    let mut events: Vec<AlertEvent> = Vec::new();
    for batch in snapshot.scan(tables::ALERT_EVENTS.name, SHARED, None, None)? {
        events.append(&mut tables::alert_events_from(&batch?)?);
    }
    let mut facts: BTreeMap<u64, Vec<AlertFact>> = BTreeMap::new();
    for batch in snapshot.scan(tables::ALERT_FACTS.name, SHARED, None, None)? {
        for fact in tables::alert_facts_from(&batch?)? {
            facts.entry(fact.event).or_default().push(fact);
        }
    }
    let entry = |event: AlertEvent| {
        let basis = facts.remove(&event.number).unwrap_or_default();
        AlertEntry { event, basis }
    };
    Ok(events.into_iter().map(entry).collect())
}

/// Appends to the log of alerts; the entries follow what is there.
pub(crate) fn append_entries(commit: &mut Commit<'_>, entries: &[AlertEntry]) -> Result<(), Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let events: Vec<AlertEvent> = entries.iter().map(|entry| entry.event.clone()).collect();
    let facts: Vec<AlertFact> = entries.iter().flat_map(|entry| entry.basis.clone()).collect();
    let spec = layout::spec(&tables::ALERT_EVENTS);
    commit.append(&spec, SHARED, &tables::alert_events_to(&events))?;
    if !facts.is_empty() {
        let spec = layout::spec(&tables::ALERT_FACTS);
        commit.append(&spec, SHARED, &tables::alert_facts_to(&facts))?;
    }
    Ok(())
}
