//! Money in answers.

use std::fmt;

use ledger::Value;
use serde::Serialize;

/// Money, exact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueAnswer {
    /// In millionths of the currency.
    pub micros: i128,
    /// The currency.
    pub currency: String,
}

impl ValueAnswer {
    /// With two decimals.
    pub fn amount(&self) -> String {
        Value::from_micros(self.micros).to_string()
    }
}

impl fmt::Display for ValueAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {}", self.amount(), self.currency))
    }
}

/// What all transfers of a pair of clusters were worth when they moved, by the table `cluster_edges`: of a transaction that
/// mixes several owners each sender's proportional part counts, where the amount beside it is an upper bound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WorthAnswer {
    /// The sum; null where nothing of it had a price.
    pub value: Option<ValueAnswer>,
    /// Whether all of the amount had a price; the value is a lower bound where not.
    pub value_complete: bool,
    /// Transactions that may mix several owners; null where that was not looked up.
    pub n_mixing: Option<u64>,
    /// Transactions in a period of high volatility; null where that was not looked up.
    pub n_high_volatility: Option<u64>,
}
