//! `tracehound neighborhood`

use clap::{Args, ValueEnum};
use engine::Time;

use super::owners::Side;
use super::words::{satoshi, time};

pub(super) const EXAMPLES: &str = "\
Examples:
  tracehound neighborhood 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --hops 3 --top 5
  tracehound neighborhood A --direction in --not-through exchange --from-time 2019-01-01
  tracehound neighborhood A --format dot | dot -Tsvg > around-A.svg

Shows who dealt with whom around a cluster, whatever the order in time; for a way that money can have gone
see `tracehound trace`. At a cluster with many neighbors those with the largest amounts are shown, with
the true number of them. Where a limit cut the search, the answer says which, and how far it is complete.";

/// `tracehound neighborhood`
#[derive(Args, Debug)]
pub(crate) struct NeighborhoodArgs {
    /// An address of the cluster in the middle.
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: String,
    /// How far, in hops from cluster to cluster.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) hops: u32,
    /// `out`: along payments; `in`: against them.
    #[arg(long, value_enum, default_value_t = Side::Both)]
    pub(crate) direction: Side,
    /// At each cluster and in each direction only so many neighbors, the largest amounts; 0 shows all.
    #[arg(long, value_name = "K", default_value_t = 10)]
    pub(crate) top: usize,
    /// Show at most so many clusters; 0 shows all.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(crate) clusters_max: usize,
    /// Visit at most so many edges.
    #[arg(long, value_name = "N")]
    pub(crate) edges_max: Option<u64>,
    /// Do not walk through clusters of a category (they are shown); may be given several times.
    #[arg(long, value_name = "CATEGORY")]
    pub(crate) not_through: Vec<String>,
    /// Leave out transfers before; a date (midnight UTC) or RFC 3339.
    #[arg(long, value_name = "DATE", value_parser = time)]
    pub(crate) from_time: Option<Time>,
    /// Leave out transfers after.
    #[arg(long, value_name = "DATE", value_parser = time)]
    pub(crate) to_time: Option<Time>,
    /// Leave out transfers of less, in BTC.
    #[arg(long, value_name = "BTC", value_parser = satoshi)]
    pub(crate) min_amount: Option<u64>,
    /// `dot` is a picture for Graphviz, `arrow` the payments as an Arrow IPC stream.
    #[arg(long, value_enum, default_value_t = Shape::Text, conflicts_with = "json")]
    pub(crate) format: Shape,
    /// Print addresses whole.
    #[arg(long)]
    pub(crate) full: bool,
}

/// How a neighborhood is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// Tables.
    Text,
    /// A directed graph in the language of Graphviz.
    Dot,
    /// An Arrow IPC stream, a row a pair of clusters.
    Arrow,
}
