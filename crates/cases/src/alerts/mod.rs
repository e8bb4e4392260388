//! Alerts: what the rules raised, what became of it, and who may do what with it.
//!
//! In: the log ([`AlertEntry`]s), verdicts ([`Judge`]), actions of people. Out: new entries of the log. The log is append-only;
//! [`AlertBook`] is a fold over it, so an alert is never deleted and its history is its state. States: `docs/methods/alerts.md`.
//! Checked against: the table of states in that page, and a plain model over random verdicts (`tests/it/reconcile.rs`).

mod act;
mod book;
mod causes;
mod forecast;
mod judge;
mod material;
mod reconcile;
mod states;

use ledger::{AlertEvent, AlertFact, Height, Severity, Timestamp};

pub use act::{Act, Outcome};
pub use book::AlertBook;
pub use forecast::{FORECAST_RULE, ForecastSaid};
pub use judge::{Judge, Judged, UnknownCount};
pub use material::{GROWTH_PERCENT, SCORE_POINTS};
pub use reconcile::{Moment, Resolve, reconcile};
pub use states::{Action, AlertState, Condition, TRANSITIONS, Transition, allowed};

use crate::rules::SubjectKey;

/// An entry of the log: the event with its basis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertEntry {
    /// What happened.
    pub event: AlertEvent,
    /// What the rules leaned on; empty for what people do.
    pub basis: Vec<AlertFact>,
}

/// An alert as the log leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its short hexadecimal name: of the rule and the first subject.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// The version of the rule that last spoke.
    pub rule_version: u32,
    /// Whom it is about.
    pub subject: SubjectKey,
    /// How bad.
    pub severity: Severity,
    /// Where it stands.
    pub state: AlertState,
    /// Who has it.
    pub assignee: Option<String>,
    /// The wish to close it that waits for a second person.
    pub request: Option<CloseRequest>,
    /// How it was closed.
    pub outcome: Option<Outcome>,
    /// The alert that it went into.
    pub merged_into: Option<String>,
    /// Why it was last withdrawn, updated, closed or reopened.
    pub because: String,
    /// The block after which it was first raised.
    pub raised_at_height: Option<Height>,
    /// When it was first raised, by the clock.
    pub raised_at: Timestamp,
    /// When something last happened to it, by the clock.
    pub changed_at: Timestamp,
    /// How often it was raised.
    pub n_raised: u32,
    /// Why: the facts of the last time that the rules spoke.
    pub basis: Vec<AlertFact>,
    /// Versions of lists, tags and profile behind the basis.
    pub versions: String,
    /// Numbers of its events in the log.
    pub events: Vec<u64>,
}

/// The wish to close an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseRequest {
    /// Who wants it.
    pub author: String,
    /// How it is to be closed.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
}

/// The short name of the alert of a rule about a subject.
pub fn alert_id(rule: &str, subject: &SubjectKey) -> String {
    crate::short_hash(&format!("{rule}\n{subject}"), 6)
}
