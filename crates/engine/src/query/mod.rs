//! Questions: each is a function on a [`View`](crate::View), reads one snapshot and runs no stage.

mod behavior;
mod change;
mod cluster;
mod mix;
mod modelled;
mod money;
mod neighborhood;
mod neighbors;
mod pending;
mod replay;
mod risk;
mod score;
mod screen;
mod status;
mod trace;

use ledger::{Timestamp, Value};

pub use cluster::ExplainRequest;
pub use mix::MixRequest;
pub use neighborhood::NeighborhoodRequest;
pub use neighbors::Direction;
pub(crate) use pending::link_of;
pub use screen::ScreenOptions;
pub use trace::{TraceOptions, TraceTarget};

use crate::View;
use crate::answers::{HopAnswer, Sats};

impl View {
    /// The hops of a path as a person reads them.
    pub(crate) fn hop_answers(&self, hops: &[forensics::Hop]) -> Vec<HopAnswer> {
        // Writing an address costs more than finding it, and a hop begins where the last one ended.
        let mut reached: Option<(ledger::ClusterId, String)> = None;
        let answer = |hop: &forensics::Hop| {
            let block = self.columns.block_of(hop.tx.get());
            let mark = self.mark_at(Timestamp::new(block.time_s));
            let from_address = match reached.take() {
                Some((cluster, text)) if cluster == hop.from => text,
                _ => self.cluster_text(hop.from),
            };
            let to_address = self.cluster_text(hop.to);
            reached = Some((hop.to, to_address.clone()));
            HopAnswer {
                tx: self.tx_id(hop.tx),
                height: ledger::Height::new(block.height),
                time_s: Timestamp::new(block.time_s),
                from_cluster: hop.from,
                from_address,
                to_cluster: hop.to,
                to_address,
                amount_sat: Sats(hop.amount_sat),
                mixing: hop.mixing,
                protocol: if hop.mixing { self.protocol_of(hop.tx) } else { None },
                value: mark
                    .price_micros
                    .map(|price| self.value_answer(Value::of_satoshi(hop.amount_sat, price))),
                high_volatility: mark.is_high_volatility,
            }
        };
        hops.iter().map(answer).collect()
    }
}
