//! The states of an alert and every step between them, as one table.

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Nobody has looked.
    New,
    /// Worth the work; nobody has it.
    Triaged,
    /// Somebody has it.
    Assigned,
    /// Somebody works on it.
    InReview,
    /// It is with somebody of more authority.
    Escalated,
    /// Somebody wants it closed; another person has to agree.
    PendingApproval,
    /// Closed, with an outcome.
    Closed,
    /// It was closed and is open again.
    Reopened,
    /// Its cause went.
    Withdrawn,
    /// It went into an older alert.
    Merged,
}

impl AlertState {
    /// All of them, in the order of the way.
    pub const ALL: [Self; 10] = [
        Self::New,
        Self::Triaged,
        Self::Assigned,
        Self::InReview,
        Self::Escalated,
        Self::PendingApproval,
        Self::Closed,
        Self::Reopened,
        Self::Withdrawn,
        Self::Merged,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Triaged => "triaged",
            Self::Assigned => "assigned",
            Self::InReview => "in_review",
            Self::Escalated => "escalated",
            Self::PendingApproval => "pending_approval",
            Self::Closed => "closed",
            Self::Reopened => "reopened",
            Self::Withdrawn => "withdrawn",
            Self::Merged => "merged",
        }
    }

    /// The state of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether somebody still has to do something.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Closed | Self::Withdrawn | Self::Merged)
    }
}

/// What a person or the rules can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Worth the work.
    Triage,
    /// Give it to somebody.
    Assign,
    /// Begin to work, or send it back to work.
    Review,
    /// Give it to somebody of more authority.
    Escalate,
    /// Ask for it to be closed.
    RequestClose,
    /// Close it.
    Close,
    /// Open a closed one.
    Reopen,
    /// The rules: its basis changed.
    Update,
    /// The rules: its cause went.
    Withdraw,
    /// The rules: its cause is back, or grew.
    Reraise,
    /// The rules: its subject became one with an older alert's.
    Merge,
}

impl Action {
    /// All of them, those of people first.
    pub const ALL: [Self; 11] = [
        Self::Triage,
        Self::Assign,
        Self::Review,
        Self::Escalate,
        Self::RequestClose,
        Self::Close,
        Self::Reopen,
        Self::Update,
        Self::Withdraw,
        Self::Reraise,
        Self::Merge,
    ];

    /// Its name, as on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Triage => "triage",
            Self::Assign => "assign",
            Self::Review => "review",
            Self::Escalate => "escalate",
            Self::RequestClose => "request-close",
            Self::Close => "close",
            Self::Reopen => "reopen",
            Self::Update => "update",
            Self::Withdraw => "withdraw",
            Self::Reraise => "reraise",
            Self::Merge => "merge",
        }
    }

    /// Whether the rules do it, and no person.
    pub const fn is_of_rules(self) -> bool {
        matches!(self, Self::Update | Self::Withdraw | Self::Reraise | Self::Merge)
    }
}

/// What a step needs beside its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    Always,
    /// Severity low or medium: high and severe ones take two people.
    LowOrMedium,
    /// Another person than who asked for it; with severity high or severe also another than who has it.
    FourEyes,
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// From this state,
    pub from: AlertState,
    /// by this action,
    pub action: Action,
    /// to this state.
    pub to: AlertState,
    /// What it needs.
    pub condition: Condition,
}

const fn step(from: AlertState, action: Action, to: AlertState) -> Transition {
    Transition { from, action, to, condition: Condition::Always }
}

const fn close(from: AlertState, condition: Condition) -> Transition {
    Transition { from, action: Action::Close, to: AlertState::Closed, condition }
}

use Action::{
    Assign, Escalate, Merge, Reopen, RequestClose, Reraise, Review, Triage, Update, Withdraw,
};
use AlertState::{
    Assigned, Closed, Escalated, InReview, Merged, New, PendingApproval, Reopened, Triaged,
    Withdrawn,
};

/// Every step that there is; what is not here is refused.
pub const TRANSITIONS: &[Transition] = &[
    step(New, Triage, Triaged),
    step(New, Assign, Assigned),
    step(New, Escalate, Escalated),
    step(Triaged, Assign, Assigned),
    step(Triaged, Escalate, Escalated),
    step(Triaged, RequestClose, PendingApproval),
    close(Triaged, Condition::LowOrMedium),
    step(Assigned, Assign, Assigned),
    step(Assigned, Review, InReview),
    step(Assigned, Escalate, Escalated),
    step(Assigned, RequestClose, PendingApproval),
    step(InReview, Assign, Assigned),
    step(InReview, Escalate, Escalated),
    step(InReview, RequestClose, PendingApproval),
    close(InReview, Condition::LowOrMedium),
    step(Escalated, Assign, Assigned),
    step(Escalated, Review, InReview),
    step(Escalated, RequestClose, PendingApproval),
    step(PendingApproval, Review, InReview),
    step(PendingApproval, Escalate, Escalated),
    close(PendingApproval, Condition::FourEyes),
    step(Closed, Reopen, Reopened),
    step(Reopened, Triage, Triaged),
    step(Reopened, Assign, Assigned),
    step(Reopened, Escalate, Escalated),
    // The rules change the basis of whatever is open, and leave it where it is.
    step(New, Update, New),
    step(Triaged, Update, Triaged),
    step(Assigned, Update, Assigned),
    step(InReview, Update, InReview),
    step(Escalated, Update, Escalated),
    step(PendingApproval, Update, InReview),
    step(Reopened, Update, Reopened),
    step(New, Withdraw, Withdrawn),
    step(Triaged, Withdraw, Withdrawn),
    step(Assigned, Withdraw, Withdrawn),
    step(InReview, Withdraw, Withdrawn),
    step(Escalated, Withdraw, Withdrawn),
    step(PendingApproval, Withdraw, Withdrawn),
    step(Reopened, Withdraw, Withdrawn),
    step(New, Merge, Merged),
    step(Triaged, Merge, Merged),
    step(Assigned, Merge, Merged),
    step(InReview, Merge, Merged),
    step(Escalated, Merge, Merged),
    step(PendingApproval, Merge, Merged),
    step(Reopened, Merge, Merged),
    step(Closed, Reraise, New),
    step(Withdrawn, Reraise, New),
    step(Merged, Reraise, New),
];

/// The step of an action from a state, if there is one.
pub(super) fn transition(from: AlertState, action: Action) -> Option<&'static Transition> {
    TRANSITIONS.iter().find(|step| step.from == from && step.action == action)
}

/// What people can do in a state.
pub fn allowed(from: AlertState) -> Vec<Action> {
    let steps = TRANSITIONS.iter().filter(|step| step.from == from && !step.action.is_of_rules());
    steps.map(|step| step.action).collect()
}
