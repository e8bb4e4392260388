//! `tracehound cluster pending`, `accept`, `refuse`, `withdraw`, `revoke`, `decisions`

use clap::{ArgGroup, Args};

use super::words::{Heights, heights};

pub(super) const PENDING_EXAMPLES: &str = "\
Examples:
  tracehound cluster pending
  tracehound cluster pending --json --limit 0

A link that would join two large clusters, or clusters of two entities, is held: nothing
follows it until a person accepts or refuses it, with a reason that stays.";

pub(super) const ACCEPT_EXAMPLES: &str = "\
Examples:
  tracehound cluster accept 5e5e5e5e-1a2b3c4d --reason takeover-announced
  tracehound cluster accept 5e5e5e5e --reason same-wallet --author jane --run

A decision takes effect at the next run, or at once with --run; answers between the two say
that they are stale.";

pub(super) const REFUSE_EXAMPLES: &str = "\
Examples:
  tracehound cluster refuse 5e5e5e5e-1a2b3c4d --reason payjoin";

pub(super) const WITHDRAW_EXAMPLES: &str = "\
Examples:
  tracehound cluster withdraw --link 5e5e5e5e-1a2b3c4d --reason payjoin
  tracehound cluster withdraw --transaction 4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b --reason mix
  tracehound cluster withdraw --rule change --from 600000 --reason wallet-breaks-the-model
  tracehound cluster withdraw --heights 560062..560070 --reason damaged-export

Only the components that a withdrawn link touches are made anew, at the next run or at once
with --run.";

pub(super) const REVOKE_EXAMPLES: &str = "\
Examples:
  tracehound cluster revoke 0a1b2c3d4e5f --reason wrong-link";

pub(super) const DECISIONS_EXAMPLE: &str = "Example:\n  tracehound cluster decisions --json";

/// `tracehound cluster pending`
#[derive(Args, Debug)]
pub(crate) struct PendingArgs {
    /// Show at most so many pairs of clusters; 0 shows all.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Print addresses and transactions whole.
    #[arg(long)]
    pub(crate) full: bool,
}

/// Why, by whom, and whether it takes effect at once.
#[derive(Args, Clone, Debug)]
pub(crate) struct Because {
    /// Why; it stays with the decision for good.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Who decides; if not given, TRACEHOUND_AUTHOR, then the user of the system.
    #[arg(long, value_name = "NAME", env = "TRACEHOUND_AUTHOR", hide_env_values = true)]
    pub(crate) author: Option<String>,
    /// Run at once, so that the decision takes effect.
    #[arg(long)]
    pub(crate) run: bool,
}

impl Because {
    /// Who decides.
    pub(crate) fn author(&self) -> String {
        self.author.clone().unwrap_or_else(|| std::env::var("USER").unwrap_or_default())
    }
}

/// `tracehound cluster accept` and `refuse`
#[derive(Args, Debug)]
pub(crate) struct ChoiceArgs {
    /// Names of links, as `pending` or `suggest` shows them; the beginning of a name will do.
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
    /// The reason.
    #[command(flatten)]
    pub(crate) because: Because,
}

/// `tracehound cluster withdraw`
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(["link", "transaction", "rule", "heights"]))]
pub(crate) struct WithdrawArgs {
    /// A link by its whole name, as `explain` shows it; may be given several times.
    #[arg(long, value_name = "ID", conflicts_with_all = ["transaction", "rule", "heights"])]
    pub(crate) link: Vec<String>,
    /// All links that this transaction shows, or with --rule those of one rule.
    #[arg(long, value_name = "TXID", conflicts_with_all = ["heights", "from", "to"])]
    pub(crate) transaction: Option<String>,
    /// The links of a rule: common_input, same_key, wrapped_script, change, person,
    /// consolidation.
    #[arg(long, value_name = "NAME", conflicts_with = "heights")]
    pub(crate) rule: Option<String>,
    /// With --rule: only from this height on.
    #[arg(long, value_name = "H", requires = "rule")]
    pub(crate) from: Option<u32>,
    /// With --rule: only up to this height.
    #[arg(long, value_name = "H", requires = "rule")]
    pub(crate) to: Option<u32>,
    /// All links of these blocks.
    #[arg(long, value_name = "A..B", value_parser = heights)]
    pub(crate) heights: Option<Heights>,
    /// The reason.
    #[command(flatten)]
    pub(crate) because: Because,
}

/// `tracehound cluster revoke`
#[derive(Args, Debug)]
pub(crate) struct RevokeArgs {
    /// Names of decisions, as `decisions` shows them; the beginning of a name will do.
    #[arg(value_name = "DECISION", required = true)]
    pub(crate) ids: Vec<String>,
    /// The reason.
    #[command(flatten)]
    pub(crate) because: Because,
}
