//! `tracehound evaluate …`

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(super) const EXAMPLE: &str =
    "Examples:\n  tracehound evaluate ownership\n  tracehound evaluate risk";

const OWNERSHIP_EXAMPLES: &str = "\
Examples:
  tracehound evaluate ownership
  tracehound evaluate ownership --data /data --floors
  tracehound evaluate ownership --data /data/emulation --worlds 1 --json

Files that are read below the folder: docs/reference/evaluate.md. What is measured: docs/methods/evaluation.md.
With --floors the exit code is 1 where a floor is missed. A floor that had no data is no failure.";

const RISK_EXAMPLES: &str = "\
Examples:
  tracehound evaluate risk
  tracehound evaluate risk --seed 4 --worlds 3 --floors
  tracehound evaluate risk --worlds 1 --json

What is measured: docs/methods/evaluation-risk.md.
With --floors the exit code is 1 where a floor is missed. A floor that was not measured is no failure.";

/// `tracehound evaluate …`
#[derive(Debug, Subcommand)]
pub(crate) enum EvaluateAction {
    /// Measure clusters, links and labels of mixes: on simulated worlds, and on real and labelled data.
    ///
    /// Needs no store and writes nothing.
    #[command(after_help = OWNERSHIP_EXAMPLES)]
    Ownership(OwnershipArgs),
    /// Measure patterns, proximity, scores and exposure: on simulated worlds with planted laundering.
    ///
    /// Needs no store and writes nothing.
    #[command(after_help = RISK_EXAMPLES)]
    Risk(RiskArgs),
}

/// `tracehound evaluate risk`
#[derive(Args, Debug)]
pub(crate) struct RiskArgs {
    /// The seed of the first world.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many worlds, each with the next seed.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) worlds: u16,
    /// About how many transactions each world has.
    #[arg(long, value_name = "N", default_value_t = 34_000)]
    pub(crate) transactions: u32,
    /// Fail where a measure is beyond its floor.
    #[arg(long)]
    pub(crate) floors: bool,
}

/// `tracehound evaluate ownership`
#[derive(Args, Debug)]
pub(crate) struct OwnershipArgs {
    /// Folder with labelled mixes, emulated wallets, real blocks and tags; if not given, only simulated worlds.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The seed of the first world.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many worlds, each with the next seed.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) worlds: u16,
    /// About how many transactions each world has.
    #[arg(long, value_name = "N", default_value_t = 30_000)]
    pub(crate) transactions: u32,
    /// Fail where a measure is beyond its floor.
    #[arg(long)]
    pub(crate) floors: bool,
}
