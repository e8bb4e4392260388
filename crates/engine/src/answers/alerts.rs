//! Answers about rules and alerts: plain data in the user's words.

use std::collections::BTreeMap;

use cases::{Action, AlertState, Change, Outcome};
use ledger::{AlertEventKind, Height, Severity, Timestamp};
use serde::Serialize;

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleAnswer {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// How bad its alerts are.
    pub severity: Severity,
    /// What it is about: `cluster` or `monitored`.
    pub subject: &'static str,
    /// What has at most one open alert of it.
    pub dedupe: &'static str,
    /// What it is for.
    pub about: String,
    /// The FATF indicator that it stands for.
    pub fatf: Option<String>,
    /// Its condition, in canonical form.
    pub when: String,
    /// The first 16 hexadecimal digits of SHA-256 of its text.
    pub digest: String,
    /// Whether it is in force.
    pub in_force: bool,
    /// When it was published; null for one that came with the program.
    pub published_at_s: Option<Timestamp>,
    /// By whom.
    pub author: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The rule as TOML.
    pub text: String,
    /// Which part of a stored rule cannot be read today, and why; null if all can.
    pub cannot_say: Option<String>,
}

/// Rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RulesAnswer {
    /// By name.
    pub rules: Vec<RuleAnswer>,
    /// The store snapshot that answered; null where a file was read and no store.
    pub snapshot: Option<String>,
}

/// A rule with every version of it that was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleHistoryAnswer {
    /// As it is now.
    pub rule: RuleAnswer,
    /// The log, the oldest first.
    pub published: Vec<PublishedAnswer>,
    /// The store snapshot that answered.
    pub snapshot: String,
}

/// A row of the log of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublishedAnswer {
    /// The version.
    pub version: u32,
    /// Whether the rule was taken out of force.
    pub retired: bool,
    /// The digest of the text.
    pub digest: String,
    /// When.
    pub published_at_s: Timestamp,
    /// By whom.
    pub author: String,
    /// Why.
    pub reason: String,
}

/// What publishing does to one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeAnswer {
    /// The rule.
    pub name: String,
    /// What happens to it.
    pub change: Change,
    /// The version in force before.
    pub version_before: Option<u32>,
    /// The version in force after.
    pub version: u32,
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublishReport {
    /// By rule.
    pub changes: Vec<ChangeAnswer>,
    /// How many rows were written; 0 if all of it was in force.
    pub n_published: u64,
    /// The store snapshot after it.
    pub snapshot: String,
}

/// What rules would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DryRunReport {
    /// What publishing them would change.
    pub changes: Vec<ChangeAnswer>,
    /// Subjects that they were asked about.
    pub n_subjects: u64,
    /// By rule.
    pub rules: Vec<DryRunRule>,
    /// The store snapshot that answered.
    pub snapshot: String,
}

/// What one rule would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DryRunRule {
    /// The rule.
    pub name: String,
    /// Subjects that it holds for.
    pub n_holds: u64,
    /// Subjects of which it cannot tell.
    pub n_unknown: u64,
    /// The facts that are missing for that, with the number of subjects.
    pub missing: BTreeMap<String, u64>,
    /// Alerts that would come, change or go.
    pub alerts: Vec<DryRunAlert>,
}

/// What would happen to one alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DryRunAlert {
    /// What would happen.
    pub kind: AlertEventKind,
    /// The alert's name.
    pub id: String,
    /// Whom it is about.
    pub subject: String,
    /// Why: what changed, or the facts of its basis.
    pub because: String,
}

/// An alert in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlertSummary {
    /// Its short name.
    pub id: String,
    /// The rule that raised it.
    pub rule: String,
    /// The version that last spoke.
    pub rule_version: u32,
    /// How bad.
    pub severity: Severity,
    /// Where it stands.
    pub state: AlertState,
    /// Whom it is about: `cluster:ADDRESS`, `entity:NAME`, `address:ADDRESS` or `payment:TX:ADDRESS`.
    pub subject: String,
    /// Who has it.
    pub assignee: Option<String>,
    /// The block after which it was first raised.
    pub raised_at_height: Option<Height>,
    /// When it was first raised, by the clock.
    pub raised_at_s: Timestamp,
    /// When something last happened to it, by the clock.
    pub changed_at_s: Timestamp,
    /// How often it was raised.
    pub n_raised: u32,
    /// Its facts in one line.
    pub headline: String,
}

/// Alerts, the most severe first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlertsAnswer {
    /// Those that were asked for.
    pub alerts: Vec<AlertSummary>,
    /// How many there are that fit the question.
    pub total: u64,
    /// All alerts of the store by state.
    pub by_state: BTreeMap<&'static str, u64>,
    /// Why there may be others by now.
    pub stale_because: Vec<String>,
    /// The store snapshot that answered.
    pub snapshot: String,
}

/// A fact of a basis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FactAnswer {
    /// The fact, as rules write it.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The part of the rule that it made true.
    pub text: String,
    /// Rows of tables that it comes from: the table, a blank, the key.
    pub rows: Vec<String>,
}

/// An event of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlertEventAnswer {
    /// Its place in the log.
    pub number: u64,
    /// What happened.
    pub kind: AlertEventKind,
    /// When, by the clock.
    pub at_s: Timestamp,
    /// The block after which rules said so.
    pub height: Option<Height>,
    /// The time of that block, if the ledger has it.
    pub block_time_s: Option<Timestamp>,
    /// Who did it; null for the rules.
    pub author: Option<String>,
    /// Why.
    pub reason: String,
    /// The outcome that was asked for or given.
    pub outcome: Option<String>,
    /// Who got it, or the alert that it went into.
    pub target: Option<String>,
    /// Versions of lists, tags and score profile of that moment; null for what people do.
    pub versions: Option<String>,
}

/// An alert with everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlertAnswer {
    /// As in a list.
    #[serde(flatten)]
    pub summary: AlertSummary,
    /// What its rule is for; null if the rule is not in force any more.
    pub rule_about: Option<String>,
    /// The condition of the rule that is in force.
    pub rule_when: Option<String>,
    /// The FATF indicator that the rule stands for.
    pub fatf: Option<String>,
    /// Why: the facts of the last time that the rules spoke.
    pub basis: Vec<FactAnswer>,
    /// Versions of lists, tags and profile behind the basis.
    pub versions: String,
    /// How it was closed.
    pub outcome: Option<Outcome>,
    /// Who asked for it to be closed.
    pub close_requested_by: Option<String>,
    /// The alert that it went into.
    pub merged_into: Option<String>,
    /// What people can do with it now.
    pub allowed: Vec<Action>,
    /// What happened to it, the oldest first.
    pub history: Vec<AlertEventAnswer>,
    /// Why it may be out of date.
    pub stale_because: Vec<String>,
}

/// What people did with alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActReport {
    /// The alerts after it.
    pub alerts: Vec<AlertSummary>,
    /// The store snapshot after it.
    pub snapshot: String,
}
