//! What single transactions show: links of rules, links of change, mixes. One pass over the ledger, in order.
//!
//! In: batches from the first block on. Out: links in the order in which clusters fold them, and rows of `mixes`. Change is
//! judged again when an output is spent, and a mix is weighed by where its coins come from: both remember what went
//! before. A run that goes on replays the blocks before it where a model of change is in force (one read of the ledger,
//! which the views make anyway); without one, what mixes need is restored from their table.

use forensics::change::{ChangeModel, ChangeState, ModelInForce};
use forensics::decisions::link_order;
use forensics::mixes::Lineage;
use ledger::{LedgerBatch, Link, Mix, Timestamp, TxId, tables};
use store::Snapshot;

use crate::layout::{self, SHARED};
use crate::ownership::change_model;
use crate::reader::{self, LedgerReader};
use crate::{Error, Watch};

/// What remembers the blocks before.
pub(crate) struct Evidence {
    lineage: Lineage,
    change: Option<Change>,
    prices: Prices,
}

struct Change {
    state: ChangeState,
    model: ChangeModel,
    source: u32,
}

/// What some blocks show.
pub(crate) struct Shown {
    pub(crate) links: Vec<Link>,
    pub(crate) mixes: Vec<Mix>,
}

impl Evidence {
    /// Before the first block.
    pub(crate) fn at_start(snapshot: &Snapshot) -> Result<Self, Error> {
        let model = change_model(snapshot)?.filter(|(_, model)| model.threshold().is_some());
        let change = |(source, model)| Change { state: ChangeState::default(), model, source };
        Ok(Self {
            lineage: Lineage::default(),
            change: model.map(change),
            prices: Prices::open(snapshot)?,
        })
    }

    /// As it was before height `from`.
    pub(crate) fn at_height(
        snapshot: &Snapshot,
        reader: &LedgerReader,
        from: u32,
        watch: &dyn Watch,
    ) -> Result<Self, Error> {
        let mut evidence = Self::at_start(snapshot)?;
        if evidence.change.is_some() {
            for range in reader.ranges_below(from) {
                if watch.stopped() {
                    return Err(Error::Stopped);
                }
                evidence.apply(&reader.read(range)?);
            }
            return Ok(evidence);
        }
        let mut mixes = reader::mixes(snapshot)?;
        mixes.retain(|mix| mix.height.get() < from && mix.protocol != 0);
        let transactions = snapshot.dictionary(layout::BITCOIN_TX)?;
        let id_of = |mix: &Mix| {
            let key = transactions.key(u32::try_from(mix.tx.get()).ok()?)?;
            Some((TxId::from_bytes(key.try_into().ok()?), *mix))
        };
        evidence.lineage = Lineage::restore(mixes.iter().filter_map(id_of));
        Ok(evidence)
    }

    /// What the next blocks show.
    pub(crate) fn apply(&mut self, batch: &LedgerBatch) -> Shown {
        let mut links = forensics::links(batch);
        if let Some(Change { state, model, source }) = &mut self.change {
            let in_force = Some(ModelInForce { model, source: *source });
            links.extend(state.apply(batch, in_force, &|time| self.prices.at(time)));
            links.sort_by_key(link_order);
            // A run never unwinds this state (it is made anew after a reorg), so what only that needs is forgotten.
            if let Some(last) = batch.transactions.last() {
                state.settle(last.height);
            }
        }
        Shown { links, mixes: self.lineage.apply(batch) }
    }
}

/// The price of a bitcoin over time, in US dollars.
pub(crate) struct Prices {
    /// By time.
    rows: Vec<(Timestamp, f64)>,
}

/// A price says nothing of a block so much later, in seconds: two days.
const PRICE_AGE_MAX_S: i64 = 172_800;

impl Prices {
    pub(crate) fn open(snapshot: &Snapshot) -> Result<Self, Error> {
        let mut rows = Vec::new();
        for batch in snapshot.scan(tables::PRICES.name, SHARED, None, None)? {
            let prices = tables::prices_from(&batch?)?;
            let own = prices.iter().filter(|row| row.asset == "BTC" && row.currency == "USD");
            rows.extend(own.map(|row| (row.time, row.open)));
        }
        rows.sort_by_key(|row: &(Timestamp, f64)| row.0);
        Ok(Self { rows })
    }

    /// The last price known by then, if it is not too old.
    pub(crate) fn at(&self, time: Timestamp) -> Option<f64> {
        let after = self.rows.partition_point(|row| row.0 <= time);
        let (since, price) = *self.rows.get(after.checked_sub(1)?)?;
        (time.get() - since.get() <= PRICE_AGE_MAX_S).then_some(price)
    }
}
