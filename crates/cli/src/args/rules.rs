//! `tracehound rules …`

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(super) const EXAMPLE: &str = "Example:\n  tracehound rules list";

const CHECK_EXAMPLES: &str = "\
Examples:
  tracehound rules check my-rules.toml
  tracehound rules check my-rules.toml --json

Needs no store. The exit code is 2 if something is wrong; each fault is told with line, column and a mark.
The language of rules: docs/methods/rules.md.";

const PUBLISH_EXAMPLES: &str = "\
Examples:
  tracehound rules publish my-rules.toml --reason policy-2026-11
  tracehound rules publish my-rules.toml --only --reason start-anew --author jane

A rule that changed needs a higher version. Rules that the file does not name stay in force, unless --only is
given. What is published takes effect at the next run.";

const DRY_RUN_EXAMPLES: &str = "\
Examples:
  tracehound rules dry-run my-rules.toml
  tracehound rules dry-run my-rules.toml --full

Asks the rules about everybody in the store and tells which alerts would come, change and go. Writes nothing.";

/// `tracehound rules …`
#[derive(Debug, Subcommand)]
pub(crate) enum RulesAction {
    /// Say whether a file of rules is right; if not, where and what was meant.
    #[command(after_help = CHECK_EXAMPLES)]
    Check {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Put the rules of a file in force, with a reason that stays.
    #[command(after_help = PUBLISH_EXAMPLES)]
    Publish(PublishArgs),
    /// Show the rules in force, and those that are retired.
    #[command(after_help = "Example:\n  tracehound rules list --json")]
    List,
    /// Show a rule with its condition and its versions.
    #[command(after_help = "Example:\n  tracehound rules show near-listed")]
    Show {
        /// Its name.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Tell what the rules of a file would do, without publishing them.
    #[command(after_help = DRY_RUN_EXAMPLES)]
    DryRun {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print addresses and transactions whole.
        #[arg(long)]
        full: bool,
    },
}

/// `tracehound rules publish`
#[derive(Args, Debug)]
pub(crate) struct PublishArgs {
    /// The file.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Retire every rule that the file does not name.
    #[arg(long)]
    pub(crate) only: bool,
    /// Why; it stays with the rule for good.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Who publishes; if not given, TRACEHOUND_AUTHOR, then the user of the system.
    #[arg(long, value_name = "NAME", env = "TRACEHOUND_AUTHOR", hide_env_values = true)]
    pub(crate) author: Option<String>,
}
