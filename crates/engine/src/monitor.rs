//! Monitored addresses: the firm's own customers, whose incoming transactions are looked at as they arrive.
//!
//! The table `monitored` is an append-only log; the last row of an address holds. An address need not have appeared yet.

use std::collections::BTreeMap;

use ledger::{Address, Chain, MonitorEvent, MonitoredRecord, Timestamp, tables};
use serde::Serialize;
use store::Snapshot;

use crate::layout::{self, SHARED};
use crate::{Engine, Error, View, ownership};

/// Longest label, in bytes.
const LABEL_MAX: usize = 200;

/// What a person wants monitored, or no longer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Monitor {
    /// Addresses as text, each with whose it is; for a removal the label says nothing.
    pub addresses: Vec<(String, String)>,
    /// Why.
    pub reason: String,
    /// Who decides.
    pub author: String,
}

/// Add or remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MonitorChange {
    /// Monitor from now on.
    Add,
    /// No longer.
    Remove,
}

/// An address under monitoring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitored {
    /// The decoded address.
    pub address: Address,
    /// As it was written.
    pub address_text: String,
    /// Whose it is.
    pub label: String,
    /// Since when, without a break.
    pub since: Timestamp,
    /// Why, by the last word on it.
    pub reason: String,
    /// Who said the last word.
    pub author: String,
}

/// One monitored address as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MonitoredRow {
    /// The address.
    pub address: String,
    /// Whose it is.
    pub label: String,
    /// Since when.
    pub since_s: Timestamp,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub author: String,
    /// Whether it has appeared in the ledger.
    pub in_ledger: bool,
}

/// The monitored addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MonitoredAnswer {
    /// By label, then address.
    pub addresses: Vec<MonitoredRow>,
    /// The store snapshot that answered.
    pub snapshot: String,
}

/// What a change of monitoring did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MonitorReport {
    /// Addresses that were not monitored before.
    pub added: u64,
    /// Addresses that were, with another label.
    pub relabelled: u64,
    /// Addresses that are not monitored any more.
    pub removed: u64,
    /// Addresses for which nothing changed.
    pub unchanged: u64,
    /// How many are monitored now.
    pub monitored: u64,
    /// The store snapshot after it.
    pub snapshot: String,
}

/// The addresses that are monitored, by address.
///
/// # Errors
/// If the table is damaged.
pub fn live(snapshot: &Snapshot) -> Result<Vec<Monitored>, Error> {
    Ok(state(snapshot)?.into_values().collect())
}

fn state(snapshot: &Snapshot) -> Result<BTreeMap<Address, Monitored>, Error> {
    let mut live: BTreeMap<Address, Monitored> = BTreeMap::new();
    for batch in snapshot.scan(tables::MONITORED.name, SHARED, None, None)? {
        tables::monitored_from(&batch?)?.iter().for_each(|row| note(&mut live, row));
    }
    Ok(live)
}

/// Addresses of a file with whose they are; `label` where it does not say.
///
/// # Errors
/// If it is neither one address a line nor CSV of address and label, or a line is no address: with file and line.
pub fn read_addresses(text: &str, file: &str, label: &str) -> Result<Vec<(String, String)>, Error> {
    let found = ingest::addresses::read_addresses(text.as_bytes(), file)?;
    let checked = |row: ingest::addresses::AddressLine| {
        let own = if row.label.is_empty() { label.to_owned() } else { row.label };
        let fault = ledger::parse_address(&row.address).map(drop).map_err(Error::from);
        match fault.and_then(|()| checked_label(&own).map(drop)) {
            Ok(()) => Ok((row.address, own)),
            Err(error) => Err(Error::Question {
                what: format!("{file}:{}: {error}", row.line),
                hint: error.hint(),
            }),
        }
    };
    found.into_iter().map(checked).collect()
}

impl Engine {
    /// Appends to the log of monitored addresses: all of them or none.
    ///
    /// # Errors
    /// If there is no reason or author, a text is no address, or an address to be removed is not monitored.
    pub fn monitor(
        &self,
        change: MonitorChange,
        what: &Monitor,
        now: Timestamp,
    ) -> Result<MonitorReport, Error> {
        let reason = ownership::checked_reason(&what.reason)?;
        let author = ownership::checked_author(&what.author)?;
        let mut writer = self.store.writer()?;
        let snapshot = writer.snapshot();
        let mut live = state(&snapshot)?;
        if change == MonitorChange::Add {
            one_label_each(&what.addresses)?;
        }
        let (mut report, mut rows) = (MonitorReport::default(), Vec::new());
        for (text, label) in &what.addresses {
            let address = ledger::parse_address(text)?.address;
            let label = checked_label(label)?;
            let known = live.get(&address);
            let event = match (change, known) {
                (MonitorChange::Add, Some(known)) if known.label == label => None,
                (MonitorChange::Add, known) => {
                    *(if known.is_some() { &mut report.relabelled } else { &mut report.added }) +=
                        1;
                    Some(MonitorEvent::Add)
                }
                (MonitorChange::Remove, Some(_)) => {
                    report.removed += 1;
                    Some(MonitorEvent::Remove)
                }
                (MonitorChange::Remove, None) => {
                    let hint = "`tracehound monitor list` shows those that are";
                    let what = format!("{} is not monitored", text.trim());
                    return Err(Error::missing(what, hint));
                }
            };
            let Some(event) = event else {
                report.unchanged += 1;
                continue;
            };
            let row = MonitoredRecord {
                event,
                address,
                address_text: text.trim().to_owned(),
                label: label.to_owned(),
                reason: reason.to_owned(),
                author: author.to_owned(),
                at: now,
            };
            note(&mut live, &row);
            rows.push(row);
        }
        report.monitored = live.len() as u64;
        let after = match rows.is_empty() {
            true => snapshot,
            false => {
                let mut commit = writer.begin();
                let batch = tables::monitored_to(&rows);
                commit.append(&layout::spec(&tables::MONITORED), SHARED, &batch)?;
                commit.finish(self.run_record("monitor", now))?
            }
        };
        report.snapshot = after.id().to_string();
        Ok(report)
    }
}

/// Refuses two labels for one address: which of them is meant is not for us to say.
fn one_label_each(addresses: &[(String, String)]) -> Result<(), Error> {
    let mut labels: BTreeMap<Address, &str> = BTreeMap::new();
    for (text, label) in addresses {
        let label = label.trim();
        let before = labels.insert(ledger::parse_address(text)?.address, label);
        if let Some(before) = before.filter(|before| *before != label) {
            return Err(Error::Question {
                what: format!("{} has two labels: {before:?} and {label:?}", text.trim()),
                hint: Some("give each address one".to_owned()),
            });
        }
    }
    Ok(())
}

/// Follows one row of the log.
fn note(live: &mut BTreeMap<Address, Monitored>, row: &MonitoredRecord) {
    match row.event {
        MonitorEvent::Remove => drop(live.remove(&row.address)),
        MonitorEvent::Add => {
            let since = live.get(&row.address).map_or(row.at, |known| known.since);
            let one = Monitored {
                address: row.address,
                address_text: row.address_text.clone(),
                label: row.label.clone(),
                since,
                reason: row.reason.clone(),
                author: row.author.clone(),
            };
            live.insert(row.address, one);
        }
    }
}

fn checked_label(label: &str) -> Result<&str, Error> {
    let label = label.trim();
    match label.len() <= LABEL_MAX {
        true => Ok(label),
        false => Err(Error::Question {
            what: format!("a label has {} bytes; {LABEL_MAX} are the most", label.len()),
            hint: Some("write the customer's reference".to_owned()),
        }),
    }
}

impl View {
    /// The addresses that are monitored.
    ///
    /// # Errors
    /// If the table is damaged.
    pub fn monitored(&self) -> Result<MonitoredAnswer, Error> {
        let row = |one: Monitored| MonitoredRow {
            in_ledger: self.id_of(&one.address).is_some(),
            address: one.address.display(Chain::Bitcoin),
            label: one.label,
            since_s: one.since,
            reason: one.reason,
            author: one.author,
        };
        let mut addresses: Vec<MonitoredRow> = live(&self.snapshot)?.into_iter().map(row).collect();
        addresses.sort_by(|a, b| (&a.label, &a.address).cmp(&(&b.label, &b.address)));
        Ok(MonitoredAnswer { addresses, snapshot: self.snapshot_id.clone() })
    }
}
