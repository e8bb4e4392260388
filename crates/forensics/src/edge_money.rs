//! Cluster edges with money: the sums of an edge and what they were worth.
//!
//! In: what one transaction adds to an edge, and the [`PriceMark`] of its time. Out: [`Priced`] sums.
//! Definition: a transaction adds the value of its amount at its block's time, rounded to a millionth of the currency; its
//! amount is unpriced where no price was known then. It counts as high volatility where the mark says so for certain.
//! Cost: 40 bytes a row beside the 56 of [`Sum`]. Only [`crate::ClusterEdges`], which a run makes, pays them: the resident
//! rows of [`crate::ownership::Ownership`] fit a line of the cache with their pair, and a price that comes late would have
//! every one of them made again.
//! Checked against: a double loop over the final clusters (`tests/it/cluster_edges.rs`).

use ledger::{Amount, Value};

use crate::edge_table::{Sum, Summed, halves, whole};
use crate::money::PriceMark;

/// Sums and what they were worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Priced {
    pub(crate) sum: Sum,
    /// In millionths of the currency.
    value: [u64; 2],
    unpriced: [u64; 2],
    pub(crate) n_high_volatility: u64,
}

impl Priced {
    /// What one transaction adds.
    pub(crate) fn at(sum: Sum, mark: PriceMark) -> Self {
        let n_high_volatility = u64::from(mark.is_high_volatility == Some(true));
        match mark.price_micros {
            None => Self { n_high_volatility, ..Self::unpriced(sum) },
            Some(price_micros) => {
                let amount_sat = u64::try_from(sum.amount());
                let amount_sat = amount_sat.expect("the amounts of a payment fit 64 bits");
                let value = Value::of_satoshi(amount_sat, price_micros);
                Self::of(sum, value, Amount::default(), n_high_volatility)
            }
        }
    }

    /// Sums of which nothing is known in money.
    pub(crate) fn unpriced(sum: Sum) -> Self {
        Self::of(sum, Value::ZERO, Amount::from_units(sum.amount()), 0)
    }

    /// Sums with their parts in money; a negative value, which nothing makes, counts as none.
    pub(crate) fn of(sum: Sum, value: Value, unpriced: Amount, n_high_volatility: u64) -> Self {
        let value = u128::try_from(value.micros()).unwrap_or_default();
        Self { sum, value: halves(value), unpriced: halves(unpriced.units()), n_high_volatility }
    }

    /// What the priced part was worth.
    pub(crate) fn value(&self) -> Value {
        // A transfer is worth less than 2^97 millionths (64 bits of satoshi at 10^12 a coin), and the graph holds 2^32.
        let micros = i128::try_from(whole(self.value));
        Value::from_micros(micros.unwrap_or(i128::MAX))
    }

    /// The part without a price.
    pub(crate) fn amount_unpriced(&self) -> Amount {
        Amount::from_units(whole(self.unpriced))
    }
}

impl Summed for Priced {
    fn add(&mut self, other: &Self) {
        self.sum.add(&other.sum);
        self.value = halves(whole(self.value).saturating_add(whole(other.value)));
        self.unpriced = halves(whole(self.unpriced) + whole(other.unpriced));
        self.n_high_volatility += other.n_high_volatility;
    }

    fn without(&self, other: &Self) -> Option<Self> {
        Some(Self {
            sum: self.sum.without(&other.sum)?,
            value: halves(whole(self.value).checked_sub(whole(other.value))?),
            unpriced: halves(whole(self.unpriced).checked_sub(whole(other.unpriced))?),
            n_high_volatility: self.n_high_volatility.checked_sub(other.n_high_volatility)?,
        })
    }

    fn n_transactions(&self) -> u64 {
        self.sum.n_transactions
    }
}
