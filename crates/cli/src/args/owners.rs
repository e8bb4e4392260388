//! `tracehound cluster …` and `tracehound neighbors`

use clap::{Args, Subcommand, ValueEnum};

use super::behavior::{self, FeaturesArgs, SuggestArgs};
use super::decisions::{self, ChoiceArgs, PendingArgs, RevokeArgs, WithdrawArgs};
use super::mix::{self, TrainArgs};

pub(super) const CLUSTER_EXAMPLE: &str =
    "Example:\n  tracehound cluster members 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h";

const MEMBERS_EXAMPLES: &str = "\
Examples:
  tracehound cluster members 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --limit 100
  tracehound cluster members 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --as-of 560070
  tracehound cluster members 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --limit 0 --arrow > members.arrows";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  tracehound cluster explain 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h 1EpMiZkQVekM5ij12nMiEwttFPcDK9XhX6
  tracehound cluster explain A B --as-of 560070             as the ledger was at that height
  tracehound cluster explain A B --without-rule change      whether they are one owner's even so
  tracehound cluster explain A B --most-probable --full

The chain has the fewest pieces of evidence; with --most-probable, the greatest product of confidences.";

pub(super) const NEIGHBORS_EXAMPLE: &str =
    "Example:\n  tracehound neighbors 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --direction in --limit 10";

/// `tracehound cluster …`
#[derive(Debug, Subcommand)]
pub(crate) enum ClusterAction {
    /// Show the addresses that have one owner with this one, and what is known of them.
    #[command(after_help = MEMBERS_EXAMPLES)]
    Members(MembersArgs),
    /// Show why two addresses are taken to have one owner: each piece of evidence with its transaction.
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Show the links that wait for a person: those that would join large clusters or two entities.
    #[command(after_help = decisions::PENDING_EXAMPLES)]
    Pending(PendingArgs),
    /// Accept links that are held or suggested.
    #[command(after_help = decisions::ACCEPT_EXAMPLES)]
    Accept(ChoiceArgs),
    /// Refuse links that are held or suggested.
    #[command(after_help = decisions::REFUSE_EXAMPLES)]
    Refuse(ChoiceArgs),
    /// Take links back: one, those of a transaction, of a rule, or of some blocks.
    #[command(after_help = decisions::WITHDRAW_EXAMPLES)]
    Withdraw(WithdrawArgs),
    /// Take decisions back.
    #[command(after_help = decisions::REVOKE_EXAMPLES)]
    Revoke(RevokeArgs),
    /// Show every decision: what, why, by whom and when.
    #[command(after_help = decisions::DECISIONS_EXAMPLE)]
    Decisions,
    /// Show how the cluster of an address behaves: amounts, times, counterparties, mixing, reuse.
    #[command(after_help = behavior::FEATURES_EXAMPLES)]
    Features(FeaturesArgs),
    /// Show links that behavior suggests, with their probability.
    #[command(after_help = behavior::SUGGEST_EXAMPLES)]
    Suggest(SuggestArgs),
    /// Fit the models of change and of resolution to this ledger, and print how right they are.
    #[command(after_help = mix::TRAIN_EXAMPLES)]
    Train(TrainArgs),
}

/// `tracehound cluster members`
#[derive(Args, Debug)]
pub(crate) struct MembersArgs {
    /// An address of the cluster.
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: String,
    /// Show at most so many; 0 shows all.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,
    /// The cluster as it was at this height.
    #[arg(long, value_name = "HEIGHT")]
    pub(crate) as_of: Option<u32>,
    /// Print the members as an Arrow IPC stream.
    #[arg(long, conflicts_with = "json")]
    pub(crate) arrow: bool,
}

/// `tracehound cluster explain`
#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// One address.
    #[arg(value_name = "ADDRESS")]
    pub(crate) a: String,
    /// The other.
    #[arg(value_name = "OTHER")]
    pub(crate) b: String,
    /// Use only what was known at this height.
    #[arg(long, value_name = "HEIGHT")]
    pub(crate) as_of: Option<u32>,
    /// Leave the links of a rule out; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub(crate) without_rule: Vec<String>,
    /// Show the most probable chain in place of the shortest.
    #[arg(long)]
    pub(crate) most_probable: bool,
    /// Print addresses and transactions whole.
    #[arg(long)]
    pub(crate) full: bool,
}

/// `tracehound neighbors`
#[derive(Args, Debug)]
pub(crate) struct NeighborsArgs {
    /// An address of the cluster.
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: String,
    /// `out`: whom it paid; `in`: who paid it.
    #[arg(long, value_enum, default_value_t = Side::Both)]
    pub(crate) direction: Side,
    /// Show at most so many a direction, the largest amounts first; 0 shows all.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Print the neighbors as an Arrow IPC stream.
    #[arg(long, conflicts_with = "json")]
    pub(crate) arrow: bool,
    /// Print addresses whole.
    #[arg(long)]
    pub(crate) full: bool,
}

/// Which neighbors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    /// Those that paid it.
    In,
    /// Those that it paid.
    Out,
    /// First the ones, then the others.
    Both,
}
