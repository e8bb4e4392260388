//! `tracehound cluster …` and `tracehound neighbors`

use clap::{Args, Subcommand, ValueEnum};

pub(super) const CLUSTER_EXAMPLE: &str =
    "Example:\n  tracehound cluster members 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h";

const MEMBERS_EXAMPLES: &str = "\
Examples:
  tracehound cluster members 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --limit 100
  tracehound cluster members 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --limit 0 --arrow > members.arrows";

const EXPLAIN_EXAMPLE: &str = "Example:\n  tracehound cluster explain 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h 1EpMiZkQVekM5ij12nMiEwttFPcDK9XhX6";

pub(super) const NEIGHBORS_EXAMPLE: &str =
    "Example:\n  tracehound neighbors 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --direction in --limit 10";

/// `tracehound cluster …`
#[derive(Debug, Subcommand)]
pub(crate) enum ClusterAction {
    /// Show the addresses that have one owner with this one, and what is known of them.
    #[command(after_help = MEMBERS_EXAMPLES)]
    Members(MembersArgs),
    /// Show why two addresses are taken to have one owner: each piece of evidence with its transaction.
    #[command(after_help = EXPLAIN_EXAMPLE)]
    Explain(ExplainArgs),
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
