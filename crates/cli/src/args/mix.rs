//! `tracehound mix` and `tracehound cluster train`

use clap::Args;

use super::words::satoshi;

pub(super) const MIX_EXAMPLES: &str = "\
Examples:
  tracehound mix 4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b
  tracehound mix 4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b --links

A label says which protocol made a transaction, precisely or not at all. Apart from it stands what cannot be
ruled out: the inputs of such a transaction are not taken to have one owner. --links counts by amounts alone
in how many of all ways to deal the coins out an input and an output belong together.";

pub(super) const TRAIN_EXAMPLES: &str = "\
Examples:
  tracehound cluster train
  tracehound cluster train --seed 7 --run

Fits the model of change to this ledger, on change that was revealed when it was spent with its owner's other
coins, and the model that suggests links between clusters that behave alike. Links of change are made only from a probability on at which at most one in a thousand was measured to
be wrong; if the ledger cannot show that, there are none, and the report says why.";

/// `tracehound mix`
#[derive(Args, Debug)]
pub(crate) struct MixArgs {
    /// The transaction.
    #[arg(value_name = "TXID")]
    pub(crate) tx: String,
    /// Count who may have paid whom.
    #[arg(long)]
    pub(crate) links: bool,
    /// With --links: what a participant may earn from others or pay to them, in BTC.
    #[arg(long, value_name = "BTC", value_parser = satoshi, requires = "links")]
    pub(crate) fee_max: Option<u64>,
    /// Print addresses and transactions whole.
    #[arg(long)]
    pub(crate) full: bool,
}

/// `tracehound cluster train`
#[derive(Args, Debug)]
pub(crate) struct TrainArgs {
    /// The seed of the split into parts for fitting and for measuring.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Run at once, so that the model is in force.
    #[arg(long)]
    pub(crate) run: bool,
}
