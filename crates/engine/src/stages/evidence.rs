//! What single transactions show: links of rules, links of change, mixes. One pass over the ledger, in order.
//!
//! In: batches from the first block on. Out: links in the order in which clusters fold them, and rows of `mixes`. Change is
//! judged again when an output is spent, and a mix is weighed by where its coins come from: both remember what went
//! before. A run that goes on replays the blocks before it where a model of change is in force (one read of the ledger,
//! which the views make anyway); without one, what mixes need is restored from their table.

use forensics::change::{ChangeModel, ChangeState, ModelInForce};
use forensics::decisions::link_order;
use forensics::mixes::Lineage;
use ledger::{LedgerBatch, Link, Mix, Timestamp, TxId};
use store::Snapshot;

use crate::layout;
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

/// The price of a bitcoin over time, in US dollars: people think of round amounts in them, whatever the currency of the
/// store.
pub(crate) struct Prices(forensics::money::Prices);

impl Prices {
    pub(crate) fn open(snapshot: &Snapshot) -> Result<Self, Error> {
        let known =
            crate::prices::known(snapshot, "USD", forensics::money::PriceOptions::default());
        known.map(Self)
    }

    /// The last price known by then, if it is not too old.
    #[expect(clippy::cast_precision_loss, reason = "prices are below 2^53 millionths")]
    pub(crate) fn at(&self, time: Timestamp) -> Option<f64> {
        self.0.price_micros_at(time).map(|micros| micros as f64 / 1e6)
    }
}
