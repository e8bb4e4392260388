//! Money of the last run: the prices that it knew, and what cluster edges were worth.

use arrow::datatypes::{Decimal128Type, Float32Type, Int64Type, UInt8Type, UInt32Type, UInt64Type};
use forensics::money::PricesView;
use ledger::{ClusterId, Value};
use store::Snapshot;

use super::{Numbers, column};
use crate::Error;
use crate::layout::mapped;

/// See the module.
pub(crate) struct MappedMoney {
    ends: [Numbers<UInt32Type>; 2],
    value_micros: Numbers<Decimal128Type>,
    is_priced: Numbers<UInt8Type>,
    n_mixing: Numbers<UInt64Type>,
    n_high_volatility: Numbers<UInt64Type>,
    times: [Numbers<Int64Type>; 2],
    price_micros: Numbers<UInt64Type>,
    volatility: Numbers<Float32Type>,
    marks: Numbers<UInt8Type>,
}

/// What one cluster moved to another, in money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EdgeValue {
    pub(crate) value: Value,
    /// Whether all of the amount had a price.
    pub(crate) is_priced: bool,
    pub(crate) n_mixing: u64,
    pub(crate) n_high_volatility: u64,
}

impl MappedMoney {
    pub(super) fn open(snapshot: &Snapshot) -> Result<Option<Self>, Error> {
        if !snapshot.manifest().mapped.contains_key(mapped::EDGE_VALUES) {
            return Ok(None);
        }
        let edges = snapshot.mapped(mapped::EDGE_VALUES)?;
        let prices = snapshot.mapped(mapped::PRICES)?;
        Ok(Some(Self {
            ends: [column(&edges, "source")?, column(&edges, "target")?],
            value_micros: column(&edges, "value_micros")?,
            is_priced: column(&edges, "is_priced")?,
            n_mixing: column(&edges, "n_mixing")?,
            n_high_volatility: column(&edges, "n_high_volatility")?,
            times: [column(&prices, "known_at")?, column(&prices, "until")?],
            price_micros: column(&prices, "price_micros")?,
            volatility: column(&prices, "volatility")?,
            marks: column(&prices, "mark")?,
        }))
    }

    /// The prices that the run knew.
    pub(crate) fn prices(&self) -> PricesView<'_> {
        PricesView {
            known_at: self.times[0].values(),
            until: self.times[1].values(),
            price_micros: self.price_micros.values(),
            volatility: self.volatility.values(),
            marks: self.marks.values(),
        }
    }

    /// What `source` moved to `target`; `None` if nothing.
    pub(crate) fn edge(&self, source: ClusterId, target: ClusterId) -> Option<EdgeValue> {
        let [sources, targets] = [0, 1].map(|end: usize| self.ends[end].values());
        let [source, target] = [source, target].map(|cluster| cluster.get().get());
        let from = sources.partition_point(|other| *other < source);
        let to = sources.partition_point(|other| *other <= source);
        let row = from + targets.get(from..to)?.binary_search(&target).ok()?;
        Some(EdgeValue {
            value: Value::from_micros(self.value_micros.value(row)),
            is_priced: self.is_priced.value(row) != 0,
            n_mixing: self.n_mixing.value(row),
            n_high_volatility: self.n_high_volatility.value(row),
        })
    }
}
