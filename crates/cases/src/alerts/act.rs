//! What people do with alerts: each act is checked against the table of states and becomes an event.

use ledger::{AlertEvent, AlertEventKind, Severity, Timestamp};

use super::states::{Action, AlertState, Condition, allowed, transition};
use super::{Alert, AlertBook, AlertEntry};
use crate::CaseError;

/// Longest reason and longest name of a person, in bytes: a log is no place for documents.
const REASON_MAX: usize = 4_000;
const PERSON_MAX: usize = 200;

/// How an alert was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The risk is real.
    ConfirmedRisk,
    /// What the rule says is not so.
    FalsePositive,
    /// It is so, and nothing has to be done.
    NoAction,
    /// It is dealt with elsewhere.
    Duplicate,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::ConfirmedRisk, Self::FalsePositive, Self::NoAction, Self::Duplicate];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConfirmedRisk => "confirmed_risk",
            Self::FalsePositive => "false_positive",
            Self::NoAction => "no_action",
            Self::Duplicate => "duplicate",
        }
    }

    /// The outcome of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// What a person does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Worth the work.
    Triage,
    /// Give it to somebody.
    Assign {
        /// To whom.
        to: String,
    },
    /// Begin to work, or send it back to work.
    Review,
    /// Give it to somebody of more authority.
    Escalate,
    /// Ask for it to be closed.
    RequestClose {
        /// How.
        outcome: Outcome,
    },
    /// Close it.
    Close {
        /// How; the one that was asked for if not given.
        outcome: Option<Outcome>,
    },
    /// Open a closed one.
    Reopen,
}

impl Act {
    /// The action of the table of states.
    pub const fn action(&self) -> Action {
        match self {
            Self::Triage => Action::Triage,
            Self::Assign { .. } => Action::Assign,
            Self::Review => Action::Review,
            Self::Escalate => Action::Escalate,
            Self::RequestClose { .. } => Action::RequestClose,
            Self::Close { .. } => Action::Close,
            Self::Reopen => Action::Reopen,
        }
    }

    const fn kind(&self) -> AlertEventKind {
        match self {
            Self::Triage => AlertEventKind::Triaged,
            Self::Assign { .. } => AlertEventKind::Assigned,
            Self::Review => AlertEventKind::Reviewed,
            Self::Escalate => AlertEventKind::Escalated,
            Self::RequestClose { .. } => AlertEventKind::CloseRequested,
            Self::Close { .. } => AlertEventKind::Closed,
            Self::Reopen => AlertEventKind::Reopened,
        }
    }

    /// Whether it needs a reason that stays.
    const fn needs_reason(&self) -> bool {
        matches!(
            self,
            Self::Escalate | Self::RequestClose { .. } | Self::Close { .. } | Self::Reopen
        )
    }
}

impl AlertBook {
    /// The entry that an act of a person adds to the log. The book does not change: [`AlertBook::add`] the entry.
    ///
    /// # Errors
    /// If there is no such alert, its state does not allow the act, a second person is needed, or a reason, author or
    /// assignee is missing.
    pub fn act(
        &self,
        id: &str,
        act: &Act,
        reason: &str,
        author: &str,
        at: Timestamp,
    ) -> Result<AlertEntry, CaseError> {
        let alert = self.find(id)?;
        let author =
            text("an author", "--author NAME, or set TRACEHOUND_AUTHOR", author, PERSON_MAX, true)?;
        let reason = text("a reason", "--reason TEXT", reason, REASON_MAX, act.needs_reason())?;
        let step =
            transition(alert.state, act.action()).ok_or_else(|| refused(alert, act.action()))?;
        let (outcome, target) = match act {
            Act::Assign { to } => {
                (None, Some(text("an assignee", "--to NAME", to, PERSON_MAX, true)?.to_owned()))
            }
            Act::RequestClose { outcome } => (Some(*outcome), None),
            Act::Close { outcome } => (Some(closing(alert, *outcome)?), None),
            _ => (None, None),
        };
        conditions(alert, step.condition, author)?;
        Ok(AlertEntry {
            event: AlertEvent {
                number: self.next_number(),
                alert: alert.id.clone(),
                kind: act.kind(),
                at,
                height: None,
                author: author.to_owned(),
                reason: reason.to_owned(),
                outcome: outcome.map(|outcome| outcome.name().to_owned()),
                target,
                versions: None,
                cause: None,
            },
            basis: Vec::new(),
        })
    }
}

fn text<'t>(
    what: &str,
    option: &str,
    text: &'t str,
    max: usize,
    needed: bool,
) -> Result<&'t str, CaseError> {
    let text = text.trim();
    let fault = match text.len() {
        0 if needed => "is missing".to_owned(),
        n if n > max => format!("has {n} bytes; {max} are the most"),
        _ => return Ok(text),
    };
    Err(CaseError::Missing { what: format!("{what} {fault}"), hint: format!("give {option}") })
}

fn refused(alert: &Alert, action: Action) -> CaseError {
    let names: Vec<&str> = allowed(alert.state).into_iter().map(Action::name).collect();
    let hint = match (alert.state, &alert.merged_into) {
        (AlertState::Merged, Some(into)) => format!("act on alert {into}, which it went into"),
        (AlertState::Withdrawn, _) => {
            "it is raised again by itself when its cause comes back".to_owned()
        }
        _ => format!("allowed now: {}", names.join(", ")),
    };
    CaseError::Transition { id: alert.id.clone(), state: alert.state, action, hint }
}

/// The outcome of a closing: what was asked for, where somebody asked.
fn closing(alert: &Alert, given: Option<Outcome>) -> Result<Outcome, CaseError> {
    let asked = alert.request.as_ref().map(|request| request.outcome);
    match (asked, given) {
        (Some(asked), Some(given)) if asked != given => Err(CaseError::Missing {
            what: format!("it was asked to be closed as {}, not as {}", asked.name(), given.name()),
            hint: "two people have to agree; `alerts review` sends it back".to_owned(),
        }),
        (Some(outcome), _) | (None, Some(outcome)) => Ok(outcome),
        (None, None) => Err(CaseError::Missing {
            what: "an outcome is missing".to_owned(),
            hint: format!("give --outcome {}", Outcome::ALL.map(Outcome::name).join("|")),
        }),
    }
}

fn conditions(alert: &Alert, condition: Condition, author: &str) -> Result<(), CaseError> {
    // A name in other letters is the same person.
    let is_author = |person: &str| person.trim().to_lowercase() == author.to_lowercase();
    let grave = alert.severity >= Severity::High;
    match condition {
        Condition::LowOrMedium if grave => {
            let hint = "ask for it: `alerts request-close`; another person then closes it";
            Err(CaseError::Transition {
                id: alert.id.clone(),
                state: alert.state,
                action: Action::Close,
                hint: format!("severity {} takes two people; {hint}", alert.severity.name()),
            })
        }
        Condition::FourEyes => {
            let requester = alert.request.as_ref().map(|request| request.author.as_str());
            let assignee = alert.assignee.as_deref().filter(|_| grave);
            let what = if requester.is_some_and(is_author) {
                "who asked for it to be closed cannot close it"
            } else if assignee.is_some_and(is_author) {
                "with this severity, who has it cannot close it"
            } else {
                return Ok(());
            };
            Err(CaseError::FourEyes { id: alert.id.clone(), what: what.to_owned() })
        }
        Condition::Always | Condition::LowOrMedium => Ok(()),
    }
}
