//! `tracehound cluster features` and `tracehound cluster suggest`

use clap::Args;

pub(super) const FEATURES_EXAMPLES: &str = "\
Examples:
  tracehound cluster features 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h
  tracehound cluster features 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --json

All clusters at once: `tracehound export cluster_features`. What a column means: docs/reference/features.md.";

pub(super) const SUGGEST_EXAMPLES: &str = "\
Examples:
  tracehound cluster suggest
  tracehound cluster suggest 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --limit 5

Clusters that behave like one owner, by a model that `tracehound cluster train` fits. Nothing is merged unless a
person accepts it: tracehound cluster accept ID --reason TEXT.";

/// `tracehound cluster features`
#[derive(Args, Debug)]
pub(crate) struct FeaturesArgs {
    /// An address of the cluster.
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: String,
}

/// `tracehound cluster suggest`
#[derive(Args, Debug)]
pub(crate) struct SuggestArgs {
    /// Only links of the cluster of this address.
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: Option<String>,
    /// Show at most so many, the likeliest first; 0 shows all.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Print addresses and transactions whole.
    #[arg(long)]
    pub(crate) full: bool,
}
