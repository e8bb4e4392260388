//! `tracehound alerts …`

use clap::{Args, Subcommand};

pub(super) const EXAMPLE: &str = "Example:\n  tracehound alerts list";

const LIST_EXAMPLES: &str = "\
Examples:
  tracehound alerts list
  tracehound alerts list --severity high --assignee jane
  tracehound alerts list --state closed --rule near-listed --json --limit 0

Open alerts, the most severe first. The exit code is 0, whether there are any or not.";

const SHOW_EXAMPLES: &str = "\
Examples:
  tracehound alerts show 5e5e5e5e1a2b
  tracehound alerts show 5e5e --full";

const CLOSE_EXAMPLES: &str = "\
Examples:
  tracehound alerts close 5e5e5e5e1a2b --outcome false_positive --reason same-owner-see-ticket-7
  tracehound alerts close 5e5e5e5e1a2b --reason agreed --author ann

An alert of severity high or severe is closed by two: one asks by `alerts request-close`, and another, who does
not have it either, closes it. The exit code is 2 where that is refused. All steps: docs/methods/alerts.md.";

const REQUEST_EXAMPLES: &str = "\
Examples:
  tracehound alerts request-close 5e5e5e5e1a2b --outcome confirmed_risk --reason reported-as-sar-12";

/// `tracehound alerts …`
#[derive(Debug, Subcommand)]
pub(crate) enum AlertsAction {
    /// List alerts: those that are open, or those asked for.
    #[command(after_help = LIST_EXAMPLES)]
    List(AlertsListArgs),
    /// Show an alert with its basis, its history and what can be done with it.
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// Its name, or the beginning of it.
        #[arg(value_name = "ID")]
        id: String,
        /// Print addresses, transactions and rows whole.
        #[arg(long)]
        full: bool,
    },
    /// Mark alerts as worth the work.
    #[command(after_help = "Example:\n  tracehound alerts triage 5e5e5e5e1a2b")]
    Triage(ActArgs),
    /// Give alerts to somebody.
    #[command(after_help = "Example:\n  tracehound alerts assign 5e5e5e5e1a2b --to jane")]
    Assign {
        /// Which, why and by whom.
        #[command(flatten)]
        act: ActArgs,
        /// Who gets them.
        #[arg(long, value_name = "NAME")]
        to: String,
    },
    /// Begin to work on alerts, or send them back to work.
    #[command(after_help = "Example:\n  tracehound alerts review 5e5e5e5e1a2b")]
    Review(ActArgs),
    /// Give alerts to somebody of more authority.
    #[command(
        after_help = "Example:\n  tracehound alerts escalate 5e5e5e5e1a2b --reason beyond-my-limit"
    )]
    Escalate(ActArgs),
    /// Ask for alerts to be closed by another person.
    #[command(after_help = REQUEST_EXAMPLES)]
    RequestClose {
        /// Which, why and by whom.
        #[command(flatten)]
        act: ActArgs,
        /// How they are to be closed.
        #[arg(long, value_name = "OUTCOME")]
        outcome: OutcomeName,
    },
    /// Close alerts.
    #[command(after_help = CLOSE_EXAMPLES)]
    Close {
        /// Which, why and by whom.
        #[command(flatten)]
        act: ActArgs,
        /// How they are closed; if not given, as was asked for.
        #[arg(long, value_name = "OUTCOME")]
        outcome: Option<OutcomeName>,
    },
    /// Open closed alerts again.
    #[command(
        after_help = "Example:\n  tracehound alerts reopen 5e5e5e5e1a2b --reason new-evidence"
    )]
    Reopen(ActArgs),
}

/// Which alerts, why, and by whom.
#[derive(Args, Clone, Debug)]
pub(crate) struct ActArgs {
    /// Names of alerts, as `alerts list` shows them; the beginning of a name will do.
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
    /// Why; it stays with the alert for good. Escalating, closing and reopening need it.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Who acts; if not given, TRACEHOUND_AUTHOR, then the user of the system.
    #[arg(long, value_name = "NAME", env = "TRACEHOUND_AUTHOR", hide_env_values = true)]
    pub(crate) author: Option<String>,
}

/// `tracehound alerts list`
#[derive(Args, Debug)]
pub(crate) struct AlertsListArgs {
    /// Only those of this state; if not given, those that are open.
    #[arg(long, value_name = "STATE", conflicts_with = "all")]
    pub(crate) state: Option<StateName>,
    /// Those of every state.
    #[arg(long)]
    pub(crate) all: bool,
    /// Only those at least so bad.
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) severity: Option<SeverityName>,
    /// Only those of this rule.
    #[arg(long, value_name = "NAME")]
    pub(crate) rule: Option<String>,
    /// Only those that this person has.
    #[arg(long, value_name = "NAME")]
    pub(crate) assignee: Option<String>,
    /// Only those about the owner of this address, or about this transaction or party.
    #[arg(long, value_name = "TEXT")]
    pub(crate) subject: Option<String>,
    /// Show at most so many; 0 shows all.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,
    /// Print addresses and transactions whole.
    #[arg(long)]
    pub(crate) full: bool,
}

/// How an alert is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum OutcomeName {
    /// The risk is real.
    ConfirmedRisk,
    /// What the rule says is not so.
    FalsePositive,
    /// It is so, and nothing has to be done.
    NoAction,
    /// It is dealt with elsewhere.
    Duplicate,
}

/// How bad an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum SeverityName {
    /// Low or worse.
    Low,
    /// Medium or worse.
    Medium,
    /// High or worse.
    High,
    /// Severe.
    Severe,
}

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum StateName {
    /// Nobody has looked.
    New,
    /// Worth the work; nobody has it.
    Triaged,
    /// Somebody has it.
    Assigned,
    /// Somebody works on it.
    InReview,
    /// With somebody of more authority.
    Escalated,
    /// Another person has to agree to close it.
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
