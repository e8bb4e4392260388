//! Questions: each is a function on a [`View`](crate::View), reads one snapshot and runs no stage.

mod cluster;
mod neighbors;
mod screen;
mod status;
mod trace;

use ledger::Timestamp;

pub use neighbors::Direction;
pub use screen::ScreenOptions;
pub use trace::{TraceOptions, TraceTarget};

use crate::View;
use crate::answers::{HopAnswer, Sats};

impl View {
    /// The hops of a path as a person reads them.
    pub(crate) fn hop_answers(&self, hops: &[forensics::Hop]) -> Vec<HopAnswer> {
        let answer = |hop: &forensics::Hop| {
            let block = self.columns.block_of(hop.tx.get());
            HopAnswer {
                tx: self.tx_id(hop.tx),
                height: ledger::Height::new(block.height),
                time_s: Timestamp::new(block.time_s),
                from_cluster: hop.from,
                from_address: self.cluster_text(hop.from),
                to_cluster: hop.to,
                to_address: self.cluster_text(hop.to),
                amount_sat: Sats(hop.amount_sat),
                mixing: hop.mixing,
            }
        };
        hops.iter().map(answer).collect()
    }
}
