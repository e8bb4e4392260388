//! `tracehound trace`

use clap::{Args, ValueEnum};
use engine::Time;

use super::words::{satoshi, time};

pub(super) const EXAMPLES: &str = "\
Examples:
  tracehound trace 3QZZDTVRR9ZfUtwqbMn8xuz1skFcq54Ln1 --to 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h
  tracehound trace 3QZZDTVRR9ZfUtwqbMn8xuz1skFcq54Ln1 --to-category sanctioned --hops-max 6
  tracehound trace A --to-category sanctioned --not-through exchange
  tracehound trace A --to B --paths 5
  tracehound trace A --to B --only widest --min-amount 0.5 --from-time 2019-01-01

A hop is a change of owner: from one cluster to the next, in one transaction. The shortest path has the
fewest hops; the widest has the largest smallest amount. Where a limit cut the search, the answer says which.";

/// `tracehound trace`
#[derive(Args, Debug)]
pub(crate) struct TraceArgs {
    /// The address where the money starts.
    #[arg(value_name = "ADDRESS")]
    pub(crate) from: String,
    /// The address where it may have gone.
    #[arg(long, value_name = "ADDRESS", required_unless_present = "to_category")]
    #[arg(conflicts_with = "to_category")]
    pub(crate) to: Option<String>,
    /// A category of entities where it may have gone: `sanctioned`, or a category of the tags.
    #[arg(long, value_name = "CATEGORY")]
    pub(crate) to_category: Option<String>,
    /// Print only this path.
    #[arg(long, value_enum, value_name = "WHICH")]
    pub(crate) only: Option<Only>,
    /// Longest path looked for, in hops.
    #[arg(long, value_name = "N")]
    pub(crate) hops_max: Option<u32>,
    /// Do not walk through clusters with more outgoing transfers.
    #[arg(long, value_name = "N")]
    pub(crate) degree_max: Option<u64>,
    /// Visit at most so many edges.
    #[arg(long, value_name = "N")]
    pub(crate) edges_max: Option<u64>,
    /// Let times along the path go back: connection of any kind, not a way that money can have gone.
    #[arg(long)]
    pub(crate) any_order: bool,
    /// Leave out transfers before; a date (midnight UTC) or RFC 3339.
    #[arg(long, value_name = "DATE", value_parser = time)]
    pub(crate) from_time: Option<Time>,
    /// Leave out transfers after.
    #[arg(long, value_name = "DATE", value_parser = time)]
    pub(crate) to_time: Option<Time>,
    /// Leave out transfers of less, in BTC.
    #[arg(long, value_name = "BTC", value_parser = satoshi)]
    pub(crate) min_amount: Option<u64>,
    /// Do not walk through clusters of a category (a path may end there); may be given several times.
    #[arg(long, value_name = "CATEGORY")]
    pub(crate) not_through: Vec<String>,
    /// List so many paths, the shortest first, no two over the same clusters.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    #[arg(conflicts_with = "only")]
    pub(crate) paths: u16,
    /// Exit with code 4 if the answer may be out of date.
    #[arg(long)]
    pub(crate) fail_stale: bool,
    /// Print addresses and transactions whole.
    #[arg(long)]
    pub(crate) full: bool,
}

/// Which of the two paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Only {
    /// The one with the fewest hops.
    Shortest,
    /// The one that carries most.
    Widest,
}
