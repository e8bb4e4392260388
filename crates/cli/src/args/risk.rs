//! `tracehound risk …`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::decisions::Because;

pub(super) const RISK_EXAMPLE: &str = "\
Example:
  tracehound risk score 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h";

const SCORE_EXAMPLES: &str = "\
Examples:
  tracehound risk score 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h
  tracehound risk score 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --json

The points of the terms add up to the score, exactly. What it would be without a party is computed by the same
rules from facts in which that party's money is untraced.";

const EXPOSURE_EXAMPLES: &str = "\
Examples:
  tracehound risk exposure 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h
  tracehound risk exposure 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --compare

Amounts are split in proportion (haircut) and add up to all that came in, and to all that went out, to the satoshi.
--compare traces what came in by every convention: no standard says which one is right.";

const PROXIMITY_EXAMPLES: &str = "\
Examples:
  tracehound risk proximity 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h
  tracehound risk proximity 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --paths

Contracted hops do not count clusters that only pass on what they get, so that adding such clusters brings nobody
farther away.";

const PATTERNS_EXAMPLES: &str = "\
Examples:
  tracehound risk patterns
  tracehound risk patterns 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --limit 0";

const PROFILE_EXAMPLE: &str = "\
Example:
  tracehound risk profile publish profile.toml --reason policy-2026-11 --author ana";

const TOP_EXAMPLES: &str = "\
Example:
  tracehound risk top --limit 50";

/// `tracehound risk …`
#[derive(Debug, Subcommand)]
pub(crate) enum RiskAction {
    /// How risky the cluster of an address is, from 0 to 100, and what adds up to it.
    #[command(after_help = SCORE_EXAMPLES)]
    Score(RiskArgs),
    /// Where its money came from and went to, by kind of party and by party.
    #[command(after_help = EXPOSURE_EXAMPLES)]
    Exposure(ExposureArgs),
    /// How near the nearest known party of each kind is.
    #[command(after_help = PROXIMITY_EXAMPLES)]
    Proximity(ProximityArgs),
    /// Which typologies of laundering were found, in one cluster or in all.
    #[command(after_help = PATTERNS_EXAMPLES)]
    Patterns(PatternsArgs),
    /// The riskiest clusters.
    #[command(after_help = TOP_EXAMPLES)]
    Top(TopArgs),
    /// The profile by which scores are made: weights, thresholds, bands.
    #[command(subcommand, after_help = PROFILE_EXAMPLE)]
    Profile(ProfileAction),
}

/// `tracehound risk profile …`
#[derive(Debug, Subcommand)]
pub(crate) enum ProfileAction {
    /// Print the profile in force, as TOML.
    #[command(after_help = "Example:\n  tracehound risk profile show > profile.toml")]
    Show,
    /// Tell what another profile would make of the last run: bands that change, alerts that come and go.
    #[command(
        name = "dry-run",
        after_help = "Example:\n  tracehound risk profile dry-run profile.toml"
    )]
    DryRun {
        /// The profile.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Put a profile in force from the next run on.
    #[command(after_help = PROFILE_EXAMPLE)]
    Publish(PublishArgs),
}

/// `tracehound risk profile publish`
#[derive(Args, Debug)]
pub(crate) struct PublishArgs {
    /// The profile.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Why, and by whom.
    #[command(flatten)]
    pub(crate) because: Because,
}

/// `tracehound risk score`
#[derive(Args, Debug)]
pub(crate) struct RiskArgs {
    /// An address of the cluster.
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: String,
}

/// `tracehound risk exposure`
#[derive(Args, Debug)]
pub(crate) struct ExposureArgs {
    /// An address of the cluster.
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: String,
    /// Trace what came in by every convention: haircut, poison, first in first out, and so on.
    #[arg(long)]
    pub(crate) compare: bool,
}

/// `tracehound risk proximity`
#[derive(Args, Debug)]
pub(crate) struct ProximityArgs {
    /// An address of the cluster.
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: String,
    /// Show the way to each, transaction by transaction.
    #[arg(long)]
    pub(crate) paths: bool,
    /// Print addresses and transactions whole.
    #[arg(long)]
    pub(crate) full: bool,
}

/// `tracehound risk patterns`
#[derive(Args, Debug)]
pub(crate) struct PatternsArgs {
    /// Only those of the cluster of this address.
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: Option<String>,
    /// Show at most so many, the latest first; 0 shows all.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Print addresses and transactions whole.
    #[arg(long)]
    pub(crate) full: bool,
}

/// `tracehound risk top`
#[derive(Args, Debug)]
pub(crate) struct TopArgs {
    /// Show at most so many, the riskiest first; 0 shows all.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Print addresses whole.
    #[arg(long)]
    pub(crate) full: bool,
}
