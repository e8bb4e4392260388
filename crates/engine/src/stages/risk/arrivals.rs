//! Payments of others that arrive at monitored addresses, each with its score.
//!
//! In: the ledger part by part, the monitored addresses. Out: rows of `monitored_payments`, by transaction and address. What
//! comes back to its sender's own cluster is no arrival.

use forensics::Owners;
use forensics::collaborative::possible_protocols;
use forensics::exposure::ExposureState;
use forensics::score::{ListedMember, PayerScore, TransactionFacts, score_transaction};
use ledger::{
    AddressId, Amount, ClusterId, FlowSide, LedgerBatch, MonitoredPayment, Score, TransactionView,
};
use store::Snapshot;

use super::Known;
use super::scores::Scoring;
use crate::{Error, monitor};

/// The monitored addresses that have appeared, ascending.
pub(crate) fn monitored(
    snapshot: &Snapshot,
    id_of: impl Fn(&ledger::Address) -> Option<u32>,
) -> Result<Vec<AddressId>, Error> {
    let live = monitor::live(snapshot)?;
    let mut ids: Vec<AddressId> =
        live.iter().filter_map(|row| id_of(&row.address)).map(AddressId::new).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// A payment before it is scored.
pub(crate) struct Arrival {
    pub(crate) payment: MonitoredPayment,
    receiver: ClusterId,
    /// Known payers but the receiver itself, with what they put in, by cluster.
    pub(crate) payers: Vec<(ClusterId, u64)>,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Arrivals(pub(crate) Vec<Arrival>);

impl Arrivals {
    pub(crate) fn push(
        &mut self,
        batch: &LedgerBatch,
        owners: &Owners<'_>,
        monitored: &[AddressId],
    ) {
        if monitored.is_empty() {
            return;
        }
        for view in batch.views() {
            self.push_transaction(&view, owners, monitored);
        }
    }

    fn push_transaction(
        &mut self,
        view: &TransactionView<'_>,
        owners: &Owners<'_>,
        monitored: &[AddressId],
    ) {
        let paid = |output: &ledger::Output| Some((output.address?, output.amount_sat));
        let mut paid: Vec<(AddressId, u64)> = view
            .outputs
            .iter()
            .filter_map(paid)
            .filter(|row| monitored.binary_search(&row.0).is_ok())
            .collect();
        if paid.is_empty() {
            return;
        }
        sum_by_key(&mut paid);
        let spent = view.inputs.iter().filter_map(|input| input.spent);
        let mut payers: Vec<(ClusterId, u64)> = spent
            .filter_map(|spent| Some((owners.cluster(spent.address?), spent.amount_sat)))
            .collect();
        sum_by_key(&mut payers);
        let mixing = payers.len() > 1 || possible_protocols(view).any();
        for (address, amount_sat) in paid {
            let receiver = owners.cluster(address);
            // Where others put coins in too (a PayJoin, a round), what arrived may be theirs; nobody pays himself.
            let mut others = payers.clone();
            others.retain(|payer| payer.0 != receiver);
            if others.is_empty() && !payers.is_empty() {
                continue;
            }
            let payment = MonitoredPayment {
                tx: view.row.index,
                height: view.row.height,
                time: view.row.time,
                address,
                amount_sat,
                value: None,
                mixing,
                payers: others.iter().map(|payer| payer.0).collect(),
                payer: None,
                points: 0,
            };
            self.0.push(Arrival { payment, receiver, payers: others });
        }
    }

    /// The rows, with values and scores. `scores` are those of all clusters, by cluster.
    pub(super) fn scored(
        &self,
        known: &Known,
        scoring: &Scoring<'_>,
        exposure: &ExposureState,
        scores: &[Score],
    ) -> Vec<MonitoredPayment> {
        let points = |cluster: ClusterId| {
            let at = scores.binary_search_by_key(&cluster, |score| score.cluster);
            at.map_or(0, |at| scores[at].points)
        };
        let row = |arrival: &Arrival| {
            let payers: Vec<PayerScore> = arrival
                .payers
                .iter()
                .map(|(cluster, amount)| PayerScore {
                    cluster: *cluster,
                    amount: Amount::from_sat(*amount),
                    points: points(*cluster),
                })
                .collect();
            let listed: Vec<ListedMember> =
                payers.iter().flat_map(|payer| scoring.listed_of(payer.cluster)).copied().collect();
            let mut exposures = exposure.exposures_of_transaction(arrival.payment.tx);
            exposures
                .retain(|row| row.cluster == arrival.receiver && row.side == FlowSide::Received);
            let facts = TransactionFacts {
                tx: arrival.payment.tx,
                receiver: arrival.receiver,
                amount: Amount::from_sat(arrival.payment.amount_sat),
                listed: &listed,
                exposures: &exposures,
                payers: &payers,
                entities: scoring.entities,
            };
            let riskiest = payers.iter().max_by_key(|row| (row.points, row.amount, row.cluster));
            MonitoredPayment {
                value: known.prices.value_of(arrival.payment.amount_sat, arrival.payment.time),
                payer: riskiest.map(|row| row.cluster),
                points: score_transaction(&facts, &known.profile).score.points,
                ..arrival.payment.clone()
            }
        };
        self.0.iter().map(row).collect()
    }
}

/// Amounts summed by key, ascending. Those of one transaction fit 64 bits: no valid block makes more coins.
fn sum_by_key<Key: Ord + Copy>(rows: &mut Vec<(Key, u64)>) {
    rows.sort_unstable_by_key(|row| row.0);
    rows.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 = kept.1.saturating_add(next.1);
        }
        same
    });
}
