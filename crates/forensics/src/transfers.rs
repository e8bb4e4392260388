//! Transfers: what each transaction moved from one cluster to another.
//!
//! In: a batch and the cluster of every address. Out: [`Transfer`] rows by transaction, source and target.
//! Definition: the pairs and amounts of `cluster_edges.rs`, one row a transaction in place of one a pair.
//! Cost: that of cluster edges; a round of 400 payers and 400 payees is up to 160,000 rows, which `with_mixing` leaves
//! out where who paid whom is not known.
//! Checked against: cluster edges are their sums (`tests/it/transfers.rs`).

use ledger::{AddressId, ClusterId, Height, LedgerBatch, Timestamp, TxIndex};

use crate::cluster_edges::edges_of;
use crate::error::FlowError;
use crate::payers::{AMOUNT_UNKNOWN, MIXING, label};

/// What one transaction moved from one cluster to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The transaction.
    pub tx: TxIndex,
    /// Its block's height.
    pub height: Height,
    /// Its block's time.
    pub time: Timestamp,
    /// Who paid.
    pub source: ClusterId,
    /// Who was paid.
    pub target: ClusterId,
    /// How much, in satoshi; 0 where [`AMOUNT_UNKNOWN`] is set.
    pub amount_sat: u64,
    /// [`MIXING`] and [`AMOUNT_UNKNOWN`].
    pub flags: u8,
}

impl Transfer {
    /// Whether several owners may have paid, so that who paid whom is not known.
    pub fn is_mixing(&self) -> bool {
        self.flags & MIXING != 0
    }
}

/// The transfers of a batch, in order. Without `with_mixing`, those of transactions that several owners may have paid
/// are left out.
///
/// # Errors
/// An address has no label, or amounts of a transaction are too large.
pub fn transfers(
    batch: &LedgerBatch,
    labels: &[u32],
    with_mixing: bool,
) -> Result<Vec<Transfer>, FlowError> {
    let mut rows = Vec::new();
    let cluster = |id: u32| ClusterId::new(AddressId::new(id));
    for view in batch.views() {
        let (tx, height, time) = (view.row.index, view.row.height, view.row.time);
        for ((source, target), sum) in edges_of(&view, |address| label(address, labels))? {
            let mixing = if sum.n_mixing > 0 { MIXING } else { 0 };
            let unknown = if sum.n_amount_unknown > 0 { AMOUNT_UNKNOWN } else { 0 };
            if mixing != 0 && !with_mixing {
                continue;
            }
            let amount_sat = u64::try_from(sum.amount());
            rows.push(Transfer {
                tx,
                height,
                time,
                source: cluster(source),
                target: cluster(target),
                amount_sat: amount_sat.map_err(|_| FlowError::AmountOverflow { tx })?,
                flags: mixing | unknown,
            });
        }
    }
    Ok(rows)
}
