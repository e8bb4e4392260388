//! `tracehound demo`

use std::path::PathBuf;

use clap::Args;

pub(super) const EXAMPLES: &str = "\
Examples:
  tracehound demo
  tracehound demo --seed 7 --transactions 20000 --dir /tmp/world

The world has an exchange with customers, a mixer, a ransomware operator and a sanctioned party whose money
comes through a peeling chain. It is taken in by the same code as real blocks. The same seed gives the same world.";

/// `tracehound demo`
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Where the world and its store are put; if not given, ~/.cache/tracehound/demo, in place of the last demo.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// The seed of the world.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// About how many transactions the world has.
    #[arg(long, value_name = "N")]
    pub(crate) transactions: Option<u32>,
}
