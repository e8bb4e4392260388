//! The log of decisions: reading it, and what of it is in force.

use ledger::{DecisionKind, DecisionRecord, tables};
use store::Snapshot;

use super::names;
use crate::Error;
use crate::layout::SHARED;

/// Every decision, in the order in which they were made.
pub(crate) struct DecisionLog {
    rows: Vec<DecisionRecord>,
}

impl DecisionLog {
    /// Reads it.
    pub(crate) fn open(snapshot: &Snapshot) -> Result<Self, Error> {
        let mut rows = Vec::new();
        for batch in snapshot.scan(tables::DECISIONS.name, SHARED, None, None)? {
            rows.append(&mut tables::decisions_from(&batch?)?);
        }
        Ok(Self { rows })
    }

    /// The log as it was when it had `n` rows.
    pub(crate) fn first(mut self, n: u64) -> Self {
        self.rows.truncate(usize::try_from(n).unwrap_or(usize::MAX));
        self
    }

    /// Adds a decision, which gets its name.
    pub(super) fn push(&mut self, mut row: DecisionRecord) {
        let mut text = format!("{} {} {row:?}", self.rows.len(), row.kind.name());
        row.id = names::decision_id(&text);
        // The same name twice would need 2^24 decisions or a person who tries; then the text is made another.
        while self.rows.iter().any(|other| other.id == row.id) {
            text.push('+');
            row.id = names::decision_id(&text);
        }
        self.rows.push(row);
    }

    /// All rows.
    pub(crate) fn rows(&self) -> &[DecisionRecord] {
        &self.rows
    }

    /// The decision that takes `id` back.
    pub(crate) fn revoked_by(&self, id: &str) -> Option<&DecisionRecord> {
        self.rows.iter().find(|row| row.revokes.as_deref() == Some(id))
    }

    /// Decisions that hold, each with its number from 1: no revocations, and nothing that is revoked.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = (u32, &DecisionRecord)> {
        let numbered = (1..).zip(&self.rows);
        numbered.filter(|(_, row)| {
            row.kind != DecisionKind::Revoke && self.revoked_by(&row.id).is_none()
        })
    }

    /// The decision that a person means.
    pub(crate) fn find(&self, typed: &str) -> Result<&DecisionRecord, Error> {
        let mut found = self.rows.iter().filter(|row| names::names(typed, &row.id));
        match (found.next(), found.next()) {
            (Some(row), None) => Ok(row),
            (None, _) => Err(Error::missing(
                format!("there is no decision {typed:?}"),
                "`tracehound cluster decisions` lists them",
            )),
            (Some(_), Some(_)) => Err(Error::Question {
                what: format!("several decisions begin with {typed:?}"),
                hint: Some("write more digits of it".to_owned()),
            }),
        }
    }
}
