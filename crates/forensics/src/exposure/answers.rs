//! What a state answers: rows of the table, of a cluster, of a transaction, the parts of an output.

use ledger::{ClusterId, Exposure, FlowSide, TxIndex};

use super::parts::Part;
use super::rows;
use super::state::{ExposureState, cluster};
use super::world::Scratch;

impl ExposureState {
    /// Every row, in the order of the table: cluster, side, category, entity, direct first, mixed last.
    pub fn exposures(&self) -> Vec<Exposure> {
        let handles = 0..self.world.members.n_handles();
        let handles = handles.map(|handle| u32::try_from(handle).expect("handles are u32"));
        let rows = handles.flat_map(|handle| {
            let cluster = cluster(self.world.members.label(handle));
            self.rows.exposures(handle, cluster, &self.world.categories)
        });
        let mut rows: Vec<Exposure> = rows.collect();
        rows::sort(&mut rows);
        rows
    }

    /// The rows of one cluster, in the same order; none for what is no cluster's name.
    pub fn exposures_of(&self, of: ClusterId) -> Vec<Exposure> {
        let Some(handle) = self.world.members.handle_of_label(of.get().get()) else {
            return Vec::new();
        };
        let mut rows: Vec<Exposure> =
            self.rows.exposures(handle, of, &self.world.categories).collect();
        rows::sort(&mut rows);
        rows
    }

    /// What one transaction alone adds to the rows, of every cluster that it pays or that pays in it.
    pub fn exposures_of_transaction(&self, tx: TxIndex) -> Vec<Exposure> {
        let Some(tx) = self.transaction(tx) else { return Vec::new() };
        let (mut scratch, mut found) = (Scratch::default(), Vec::new());
        let mut rows = Vec::new();
        for side in FlowSide::BOTH {
            if side == FlowSide::Sent && !self.is_sent_current() {
                continue;
            }
            self.world.now().addends(side, tx, &mut scratch, &mut found);
            for own in found.chunk_by(|a, b| a.0 == b.0) {
                let cluster = cluster(self.world.members.label(own[0].0));
                let moment = self.world.coins.moment(tx);
                let transfers = own.iter().map(|addend| (addend.1, addend.2, moment));
                rows.extend(rows::sum(cluster, side, transfers, &self.world.categories));
            }
        }
        rows::sort(&mut rows);
        rows
    }

    /// The parts of one output: where it comes from, or where it went. They add up to its amount. `None` for an
    /// output that there is not.
    pub fn parts(&self, tx: TxIndex, position: u32, side: FlowSide) -> Option<Vec<Part>> {
        let number = u32::try_from(tx.get()).ok()?;
        let coin = self.world.coins.find(number, position)?;
        let mut parts = Vec::new();
        self.world.now().read(side, coin, |part| parts.push(part));
        Some(parts)
    }

    fn transaction(&self, tx: TxIndex) -> Option<u32> {
        let tx = u32::try_from(tx.get().checked_sub(self.world.coins.base_tx)?).ok()?;
        (tx < self.world.coins.n_transactions()).then_some(tx)
    }

    /// Bytes in use, by what they are for.
    pub fn memory(&self) -> Vec<(&'static str, usize)> {
        vec![
            ("coins and transactions", self.world.coins.memory_bytes()),
            ("owners", self.world.members.memory_bytes()),
            ("vectors received", self.world.received.memory_bytes()),
            ("vectors sent", self.world.sent.memory_bytes() + self.made.memory_bytes()),
            ("rows", self.rows.memory_bytes()),
        ]
    }

    /// How many outputs (and known coins from before the ledger), parts on both sides, and rows there are.
    pub fn counts(&self) -> [usize; 3] {
        let parts = self.world.received.n_parts() + self.world.sent.n_parts();
        [self.world.coins.n_coins() as usize, parts, self.rows.n_rows()]
    }
}
