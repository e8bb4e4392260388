//! The sent side of one cluster, exact as of the last block, where that side is not followed with every block.
//!
//! In: a cluster. Out: its rows of the side sent, those that [`ExposureState::refresh_sent`] would leave.
//! Where the money of a cluster went depends on what was done with it since: on the transactions that its payments lead
//! to, up to known entities and unspent outputs. These are made from the newest to the oldest, each once until the state
//! changes again, so a question costs what no question since the last block has made. Turned down: rows that wait for a
//! pass over all (6 s for ten million outputs), and following every block (it is bound by what lies behind a block).
//! Cost: O(those transactions × their parts), one bit a transaction; refused beyond a bound.
//! Checked against: one pass over all, after every step (`tests/it/exposure_laws.rs`).

use std::collections::BTreeSet;

use graph::NONE;
use ledger::{ClusterId, Exposure, FlowSide};

use super::error::ExposureError;
use super::rows;
use super::state::ExposureState;
use super::world::Scratch;

/// By transaction, whether what it spends has the sent vectors of now.
#[derive(Clone, Debug, Default)]
pub(super) struct Made {
    bits: Vec<u64>,
}

impl Made {
    /// Nothing is known any more.
    pub(super) fn clear(&mut self) {
        self.bits.clear();
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.bits.capacity() * size_of::<u64>()
    }

    fn holds(&self, tx: u32) -> bool {
        self.bits.get(tx as usize / 64).is_some_and(|bits| bits >> (tx % 64) & 1 == 1)
    }

    fn add(&mut self, tx: u32) {
        let at = tx as usize / 64;
        if self.bits.len() <= at {
            self.bits.resize(at + 1, 0);
        }
        self.bits[at] |= 1 << (tx % 64);
    }
}

impl ExposureState {
    /// The rows of the side sent of one cluster, as of the last block, in the order of the table.
    ///
    /// # Errors
    /// Its payments lead to more than `transactions_max` transactions that no question since the last change has made; the
    /// rows are then to be had by [`ExposureState::refresh_sent`].
    pub fn sent_exposures_of(
        &mut self,
        of: ClusterId,
        transactions_max: usize,
    ) -> Result<Vec<Exposure>, ExposureError> {
        let side = FlowSide::Sent;
        if self.is_sent_current() {
            let mut rows = self.exposures_of(of);
            rows.retain(|row| row.side == side);
            return Ok(rows);
        }
        let Some(handle) = self.world.members.handle_of_label(of.get().get()) else {
            return Ok(Vec::new());
        };
        let payments = self.transactions_of(handle, side);
        let mut scratch = Scratch::default();
        for tx in self.descendants(&payments, transactions_max)?.into_iter().rev() {
            self.world.process(side, tx, &mut scratch, |_, _| {});
            self.made.add(tx);
        }
        self.world.sent.clear_away();
        let (mut found, mut transfers) = (Vec::new(), Vec::new());
        for tx in payments {
            self.world.now().addends(side, tx, &mut scratch, &mut found);
            let own = found.iter().filter(|addend| addend.0 == handle);
            transfers.extend(own.map(|addend| (addend.1, addend.2, self.world.coins.moment(tx))));
        }
        Ok(rows::sum(of, side, transfers.into_iter(), &self.world.categories))
    }

    /// Payments and all that money they paid went through, ascending, but for what is made.
    fn descendants(
        &mut self,
        payments: &[u32],
        n_max: usize,
    ) -> Result<BTreeSet<u32>, ExposureError> {
        let world = &mut self.world;
        let mut open = payments.to_vec();
        open.retain(|tx| !self.made.holds(*tx));
        // Of a party that has paid all along this is known before anything is followed.
        if open.len() > n_max {
            return Err(ExposureError::TooManyDescendants { n_max });
        }
        let mut seen: BTreeSet<u32> = open.iter().copied().collect();
        while let Some(tx) = open.pop() {
            if seen.len() > n_max {
                return Err(ExposureError::TooManyDescendants { n_max });
            }
            let spending = world.coins.transaction(tx);
            for coin in spending.first_output..spending.end {
                let spent_by = world.coins.spent_by[coin as usize];
                if spent_by == NONE {
                    // A block that is gone may have spent it.
                    world.sent.forget(coin);
                    continue;
                }
                let holder = world.now().holder(world.coins.address[coin as usize]);
                if holder == NONE && !self.made.holds(spent_by) && seen.insert(spent_by) {
                    open.push(spent_by);
                }
            }
        }
        Ok(seen)
    }
}
