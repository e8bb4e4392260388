//! The flow graph: what clusters pay to each other, transaction by transaction.
//!
//! In: batches in order and the cluster of every address. Out: edge columns for [`graph::temporal::TemporalGraph`]:
//! `source`, `target` (cluster ids, or junctions from `n_addresses` on, one a mixing transaction, in order), `time`
//! (position of the transaction in the ledger), `weight` (satoshi), `flags`.
//! Source: the junctions of [`graph::temporal::TemporalGraph`]; a payer's part by common-input ownership.
//! Departures:
//! - a transaction of one owner gives one edge to each cluster it pays, with all outputs to it summed; change
//!   to the owner itself gives none. Unknown inputs of such a transaction are that owner's too;
//! - a transaction of several clusters, and one that may be collaborative while some payer is unknown, becomes a
//!   junction `J`: edges `u -> J` with what `u` is known to have put in, then `J -> v` with all that `v` got, payers
//!   included. Nothing is said about who paid whom.
//!
//! Order: by transaction; within one, `u -> J` by `u`, then edges to `v` by `v`.
//! Cost: O(inputs + outputs) a transaction, a junction in place of payers × payees; memory of one batch.
//! Checked against: double loops over inputs and outputs, any cut into batches (`tests/it/flow.rs`).

use graph::GraphError;
use graph::temporal::TemporalEdges;
use ledger::LedgerBatch;

use crate::error::FlowError;
use crate::payers::{Payment, payments};

/// Columns of edges, in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowEdges {
    /// Who pays: a cluster or a junction.
    pub source: Vec<u32>,
    /// Who is paid: a cluster or a junction.
    pub target: Vec<u32>,
    /// The transaction, as its dense position in the ledger.
    pub time: Vec<u32>,
    /// The amount in satoshi.
    pub weight: Vec<u64>,
    /// [`crate::MIXING`] and [`crate::AMOUNT_UNKNOWN`].
    pub flags: Vec<u8>,
    /// The transaction of each new junction.
    pub junction_tx: Vec<u32>,
}

impl FlowEdges {
    /// The edges as the graph wants them.
    ///
    /// # Errors
    /// There are more of them than 32-bit ids.
    pub fn temporal(&self) -> Result<TemporalEdges<'_>, GraphError> {
        TemporalEdges::new(&self.source, &self.target, &self.time, &self.weight)
    }

    /// How many edges there are.
    pub fn len(&self) -> usize {
        self.source.len()
    }

    /// True if there are no edges.
    pub fn is_empty(&self) -> bool {
        self.source.is_empty()
    }

    fn push(&mut self, source: u32, target: u32, time: u32, weight: u64, flags: u8) {
        self.source.push(source);
        self.target.push(target);
        self.time.push(time);
        self.weight.push(weight);
        self.flags.push(flags);
    }
}

/// Makes flow edges batch by batch.
#[derive(Clone, Debug)]
pub struct FlowBuilder<'l> {
    labels: &'l [u32],
    n_nodes: u32,
    n_edges: u32,
}

impl<'l> FlowBuilder<'l> {
    /// Starts without edges. `labels` is the cluster of every address that the batches will name.
    ///
    /// # Panics
    /// There are more labels than 32-bit ids.
    pub fn new(labels: &'l [u32]) -> Self {
        let n_nodes = u32::try_from(labels.len()).expect("one label an address, and those are u32");
        Self { labels, n_nodes, n_edges: 0 }
    }

    /// How many nodes there are by now: all addresses, then the junctions.
    pub fn n_nodes(&self) -> u32 {
        self.n_nodes
    }

    /// Appends the edges of the next batch to `edges`, which the caller may empty between batches.
    ///
    /// # Errors
    /// An address has no label, or numbers or amounts are too large; `edges` then ends somewhere in the batch.
    pub fn push(&mut self, batch: &LedgerBatch, edges: &mut FlowEdges) -> Result<(), FlowError> {
        for payment in payments(batch, self.labels) {
            let (_, payment) = payment?;
            let before = edges.len();
            self.push_payment(&payment, edges)?;
            let n_new = u32::try_from(edges.len() - before).ok();
            let n_edges = n_new.and_then(|n_new| self.n_edges.checked_add(n_new));
            let n_edges = n_edges.filter(|n_edges| *n_edges < graph::NONE);
            self.n_edges = n_edges.ok_or(FlowError::TooManyEdges { tx: payment.tx })?;
        }
        Ok(())
    }

    fn push_payment(&mut self, payment: &Payment, edges: &mut FlowEdges) -> Result<(), FlowError> {
        let tx = payment.tx;
        let time = u32::try_from(tx.get()).map_err(|_| FlowError::TooManyTransactions { tx })?;
        let mut from = payment.sources[0].0;
        if !payment.is_of_one {
            from = self.n_nodes;
            let n_nodes = self.n_nodes.checked_add(1).filter(|n_nodes| *n_nodes < graph::NONE);
            self.n_nodes = n_nodes.ok_or(FlowError::TooManyNodes { tx })?;
            edges.junction_tx.push(time);
            for &(source, amount_sat) in &payment.sources {
                edges.push(source, from, time, amount_sat, payment.flags);
            }
        }
        for &(target, amount_sat) in payment.targets.iter().filter(|(target, _)| *target != from) {
            edges.push(from, target, time, amount_sat, payment.flags);
        }
        Ok(())
    }
}
