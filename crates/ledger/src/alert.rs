//! Rows of published rules and of the log of alerts. `cases` makes them; they stand here because every table's schema does.

use crate::{Height, Timestamp};

/// How bad an alert is; numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Severity {
    /// Worth a look when there is time.
    Low = 1,
    /// Worth a look.
    Medium = 2,
    /// A person must look; closing takes two.
    High = 3,
    /// At once; closing takes two.
    Severe = 4,
}

impl Severity {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Severe];

    /// The severity of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| *severity as u8 == number)
    }

    /// The severity of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == name)
    }

    /// The name used in rules, tables and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Severe => "severe",
        }
    }
}

/// What happened to an alert; numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum AlertEventKind {
    /// A rule raised it.
    Raised = 1,
    /// Its basis changed materially.
    Updated = 2,
    /// Its cause went.
    Withdrawn = 3,
    /// Its cause came back, or grew after it had been closed.
    Reraised = 4,
    /// Its subject became one with that of an older alert of the same rule.
    Merged = 5,
    /// A person looked at it and found it worth the work.
    Triaged = 6,
    /// Somebody got it.
    Assigned = 7,
    /// Somebody works on it; or it is sent back to work.
    Reviewed = 8,
    /// It went to somebody with more authority.
    Escalated = 9,
    /// Somebody wants it closed.
    CloseRequested = 10,
    /// It is closed, with an outcome.
    Closed = 11,
    /// A closed one is open again.
    Reopened = 12,
}

impl AlertEventKind {
    /// Every kind, by number.
    pub const ALL: [Self; 12] = [
        Self::Raised,
        Self::Updated,
        Self::Withdrawn,
        Self::Reraised,
        Self::Merged,
        Self::Triaged,
        Self::Assigned,
        Self::Reviewed,
        Self::Escalated,
        Self::CloseRequested,
        Self::Closed,
        Self::Reopened,
    ];

    /// The kind of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// The name used in tables and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Updated => "updated",
            Self::Withdrawn => "withdrawn",
            Self::Reraised => "reraised",
            Self::Merged => "merged",
            Self::Triaged => "triaged",
            Self::Assigned => "assigned",
            Self::Reviewed => "reviewed",
            Self::Escalated => "escalated",
            Self::CloseRequested => "close_requested",
            Self::Closed => "closed",
            Self::Reopened => "reopened",
        }
    }
}

/// A row of the table `rules`: a version of a rule was published, or the rule was retired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleRecord {
    /// The rule's name.
    pub name: String,
    /// Its version, from 1.
    pub version: u32,
    /// Whether it is no longer in force from here on.
    pub retired: bool,
    /// The first 16 hexadecimal digits of SHA-256 of `text`.
    pub digest: String,
    /// The rule as TOML, in its canonical form.
    pub text: String,
    /// Why it was published or retired.
    pub reason: String,
    /// By whom.
    pub author: String,
    /// When.
    pub published_at: Timestamp,
}

/// A row of the table `alert_events`: one thing that happened to one alert. What it is about is named by address and
/// transaction, never by a dense id: ids may be given anew after a reorg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertEvent {
    /// Its place in the log, from 0.
    pub number: u64,
    /// The alert's short hexadecimal name.
    pub alert: String,
    /// What happened.
    pub kind: AlertEventKind,
    /// When, by the clock; the time of the block stands in the table `blocks`, by height.
    pub at: Timestamp,
    /// The block after which the rules said so; `None` for what people do.
    pub height: Option<Height>,
    /// Who did it; empty for the rules.
    pub author: String,
    /// Why, in words.
    pub reason: String,
    /// With `close_requested` and `closed`: `confirmed_risk`, `false_positive`, `no_action` or `duplicate`.
    pub outcome: Option<String>,
    /// With `assigned` the person who gets it, with `merged` the alert that stays.
    pub target: Option<String>,
    /// Versions of lists, tags and score profile of that moment, in words; `None` for what people do.
    pub versions: Option<String>,
    /// What the rules said, with `raised`, `updated` and `reraised`.
    pub cause: Option<AlertCause>,
}

/// What the rules said when they raised, updated or raised again; its basis stands in `alert_facts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertCause {
    /// The rule's name.
    pub rule: String,
    /// Its version.
    pub rule_version: u32,
    /// Whom it is about: `cluster:ADDRESS`, `entity:NAME`, `address:ADDRESS` or `payment:TX:ADDRESS`.
    pub subject: String,
    /// How bad.
    pub severity: Severity,
}

/// A row of the table `alert_facts`: one fact of the basis of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertFact {
    /// The event in whose basis it stands.
    pub event: u64,
    /// Its place in the basis, from 0.
    pub position: u32,
    /// The fact, as rules write it: `hops(received, sanctioned)`.
    pub name: String,
    /// What it is counted in: `hops`, `coins`, `money`, `share`, `points`, `count`, `duration`, or `words`.
    pub unit: String,
    /// The number in the smallest unit (satoshi, millionths of the currency, billionths of a whole, seconds,
    /// millionths of a hop, count or point); the least it can be where it is not known exactly; `None` for words.
    pub measured: Option<i128>,
    /// What is worse: 1 if more, -1 if less, 0 if that cannot be said.
    pub worse: i8,
    /// The value for people: `0.5 BTC`.
    pub value: String,
    /// The part of the rule that it made true: `hops(received, sanctioned) <= 2`.
    pub text: String,
    /// Rows of tables that it comes from, a line each: the table, a blank, the row's key. Bounded.
    pub rows: String,
}
