//! `tracehound monitor …`

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

pub(super) const EXAMPLE: &str = "Example:\n  tracehound monitor add 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --label customer-17 --reason onboarding";

const ADD_EXAMPLES: &str = "\
Examples:
  tracehound monitor add 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --label customer-17 --reason onboarding
  tracehound monitor add --file customers.csv --reason onboarding

The file has one address a line, or is CSV with a header: address, label. An address that has not
appeared yet can be named. One that is monitored already gets the new label.";

/// `tracehound monitor …`
#[derive(Debug, Subcommand)]
pub(crate) enum MonitorAction {
    /// Monitor addresses from now on.
    #[command(after_help = ADD_EXAMPLES)]
    Add(MonitorAddArgs),
    /// Monitor them no longer.
    #[command(
        after_help = "Example:\n  tracehound monitor remove 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --reason closed"
    )]
    Remove(MonitorRemoveArgs),
    /// Show the addresses that are monitored.
    #[command(after_help = "Example:\n  tracehound monitor list --json")]
    List,
}

/// Why, and by whom.
#[derive(Args, Clone, Debug)]
pub(crate) struct MonitorBecause {
    /// Why; it stays in the log for good.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Who decides; if not given, TRACEHOUND_AUTHOR, then the user of the system.
    #[arg(long, value_name = "NAME", env = "TRACEHOUND_AUTHOR", hide_env_values = true)]
    pub(crate) author: Option<String>,
}

/// `tracehound monitor add`
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("which").required(true).multiple(true).args(["addresses", "file"]))]
pub(crate) struct MonitorAddArgs {
    /// Addresses.
    #[arg(value_name = "ADDRESS")]
    pub(crate) addresses: Vec<String>,
    /// A file of addresses.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Whose they are: a label or the customer's reference; of a file, where it gives none.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) label: String,
    /// Why, and by whom.
    #[command(flatten)]
    pub(crate) because: MonitorBecause,
}

/// `tracehound monitor remove`
#[derive(Args, Debug)]
pub(crate) struct MonitorRemoveArgs {
    /// Addresses.
    #[arg(value_name = "ADDRESS", required = true)]
    pub(crate) addresses: Vec<String>,
    /// Why, and by whom.
    #[command(flatten)]
    pub(crate) because: MonitorBecause,
}
