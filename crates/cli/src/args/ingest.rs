//! `tracehound ingest …`

use std::path::PathBuf;

use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  tracehound ingest bitcoin ~/.bitcoin                     a Bitcoin Core data directory, also while it runs
  tracehound ingest bitcoin blocks/                        raw blocks, one in a file, or bitcoin-etl exports
  tracehound ingest bitcoin blocks/ --first-height 560062  where nothing else tells the height
  tracehound ingest bitcoin --node http://127.0.0.1:8332 --cookie ~/.bitcoin/.cookie --follow

Ctrl-C stops after the commit at hand; the same command goes on from there.";

/// The chains that can be taken in.
#[derive(Debug, Subcommand)]
pub(crate) enum IngestChain {
    /// Blocks of Bitcoin, from files or from a node.
    #[command(after_help = EXAMPLES)]
    Bitcoin(BitcoinArgs),
}

/// `tracehound ingest bitcoin`
#[derive(Args, Debug)]
pub(crate) struct BitcoinArgs {
    /// Files or folders; what they are is told from what they hold.
    #[arg(value_name = "PATH", required_unless_present = "node")]
    #[arg(conflicts_with_all = ["node", "cookie", "user", "rest", "follow"])]
    pub(crate) paths: Vec<PathBuf>,
    /// Take in blocks that do not connect to what the ledger holds.
    #[arg(long)]
    pub(crate) allow_gaps: bool,
    /// Pass over bytes of a blk*.dat file that are no block, counted, in place of refusing the file.
    #[arg(long)]
    pub(crate) skip_garbage: bool,
    /// Height of the first block, where nothing else tells it.
    #[arg(long, value_name = "N")]
    pub(crate) first_height: Option<u32>,
    /// Stop after this height.
    #[arg(long, value_name = "N")]
    pub(crate) last_height: Option<u32>,
    /// Use blocks held already, or before the first, only to resolve inputs that are unknown.
    #[arg(long)]
    pub(crate) resolve: bool,
    /// The network, in place of the configured one: main, testnet3, testnet4, signet or regtest.
    #[arg(long, value_name = "NAME")]
    pub(crate) network: Option<String>,
    /// A Bitcoin Core node.
    #[arg(long, value_name = "URL", help_heading = "From a node")]
    pub(crate) node: Option<String>,
    /// The node's cookie file.
    #[arg(long, value_name = "FILE", requires = "node", help_heading = "From a node")]
    #[arg(conflicts_with = "user")]
    pub(crate) cookie: Option<PathBuf>,
    /// User and password of the node; other processes can see them here, so rather set TRACEHOUND_NODE_USER.
    #[arg(long, value_name = "USER:PASSWORD", requires = "node", help_heading = "From a node")]
    pub(crate) user: Option<String>,
    /// Fetch whole blocks over REST in place of JSON-RPC.
    #[arg(long, requires = "node", help_heading = "From a node")]
    pub(crate) rest: bool,
    /// Go on for ever: take in each new block of the node, and follow its reorgs.
    #[arg(long, requires = "node", help_heading = "From a node")]
    pub(crate) follow: bool,
}
