//! Which transaction made each spent output, for callers without a dictionary of transactions.
//!
//! In: batches in order. Out: for each input the number of the transaction whose output it spends, [`graph::NONE`] if the
//! ledger does not hold it. Cost: 60 bytes a transaction, a look-up an input.

use std::collections::BTreeMap;

use graph::NONE;
use ledger::{Height, LedgerBatch, TxId};

/// Transactions by name.
#[derive(Clone, Debug, Default)]
pub struct PreviousTransactions {
    numbers: BTreeMap<TxId, u32>,
    /// In chain order, for unwinding.
    order: Vec<(Height, TxId)>,
}

impl PreviousTransactions {
    /// One number an input of the next batch.
    pub fn apply(&mut self, batch: &LedgerBatch) -> Vec<u32> {
        let mut previous = Vec::with_capacity(batch.inputs.len());
        for view in batch.views() {
            let number = |id: &TxId| self.numbers.get(id).copied().unwrap_or(NONE);
            previous.extend(view.inputs.iter().map(|input| number(&input.previous.tx_id)));
            let number = u32::try_from(view.row.index.get()).unwrap_or(NONE);
            self.numbers.insert(view.row.id, number);
            self.order.push((view.row.height, view.row.id));
        }
        previous
    }

    /// Forgets the blocks from height `from` on.
    pub fn unwind(&mut self, from: Height) {
        while let Some((_, id)) = self.order.pop_if(|(height, _)| *height >= from) {
            self.numbers.remove(&id);
        }
    }
}
