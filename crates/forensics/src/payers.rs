//! Who pays in a transaction, as far as it is known: what the cluster graph and its sums have in common.
//!
//! In: a transaction and cluster labels. Out: the known payers with their amounts, or that they are of one
//! cluster, and where the outputs go.

use ledger::{LedgerBatch, TransactionView, TxIndex};

use crate::collaborative::possible_protocols;
use crate::error::FlowError;

/// The transaction is possibly collaborative or has inputs of several clusters: who paid whom is not known.
pub const MIXING: u8 = 1;
/// Some of the payers are unknown, so the amounts say nothing about those that are known.
pub const AMOUNT_UNKNOWN: u8 = 2;

/// One transaction with somebody who pays and somebody who is paid.
pub(crate) struct Payment {
    pub(crate) tx: TxIndex,
    /// Known input addresses with their amounts, ascending, each once.
    pub(crate) addresses: Vec<(u32, u64)>,
    /// Their clusters with their amounts, ascending, each once.
    pub(crate) sources: Vec<(u32, u64)>,
    /// The clusters paid with their amounts, ascending, each once.
    pub(crate) targets: Vec<(u32, u64)>,
    /// All known payers are of one cluster, and none that is unknown need be of another.
    pub(crate) is_of_one: bool,
    /// [`MIXING`] and [`AMOUNT_UNKNOWN`].
    pub(crate) flags: u8,
}

impl Payment {
    /// `None` if nobody is known to pay, or nobody is paid.
    pub(crate) fn of(
        view: &TransactionView<'_>,
        labels: &[u32],
    ) -> Result<Option<Self>, FlowError> {
        Self::by(view, |address| label(address, labels))
    }

    /// As [`Payment::of`], with any name for the cluster of an address.
    pub(crate) fn by(
        view: &TransactionView<'_>,
        label: impl Fn(u32) -> Result<u32, FlowError>,
    ) -> Result<Option<Self>, FlowError> {
        let tx = view.row.index;
        let paid = view.inputs.iter().filter_map(|input| input.spent);
        let known = paid.filter_map(|spent| Some((spent.address?.get(), spent.amount_sat)));
        let addresses = sums(known.collect(), tx)?;
        let outputs = view.outputs.iter();
        let outputs = outputs.filter_map(|output| Some((output.address?.get(), output.amount_sat)));
        let targets = sums(relabeled(outputs, &label)?, tx)?;
        if addresses.is_empty() || targets.is_empty() {
            return Ok(None);
        }
        let sources = sums(relabeled(addresses.iter().copied(), &label)?, tx)?;
        let some_unknown = view.inputs.iter().any(|i| i.spent.is_none_or(|s| s.address.is_none()));
        let collaborative = possible_protocols(view).any();
        // Where the transaction is not collaborative, the owner of one input is the owner of all.
        let is_of_one = sources.len() == 1 && !(collaborative && some_unknown);
        let mixing = if collaborative || !is_of_one { MIXING } else { 0 };
        let unknown = if some_unknown && !is_of_one { AMOUNT_UNKNOWN } else { 0 };
        let flags = mixing | unknown;
        Ok(Some(Self { tx, addresses, sources, targets, is_of_one, flags }))
    }
}

/// Every transaction of a batch that moves anything between known parties.
pub(crate) fn payments<'b>(
    batch: &'b LedgerBatch,
    labels: &'b [u32],
) -> impl Iterator<Item = Result<(TransactionView<'b>, Payment), FlowError>> {
    batch.views().filter_map(move |view| {
        let payment = Payment::of(&view, labels).transpose()?;
        Some(payment.map(|payment| (view, payment)))
    })
}

/// The cluster of an address.
pub(crate) fn label(address: u32, labels: &[u32]) -> Result<u32, FlowError> {
    let found = labels.get(address as usize).copied();
    found.ok_or(FlowError::NoLabel { address, n_labels: labels.len() })
}

fn relabeled(
    amounts: impl Iterator<Item = (u32, u64)>,
    label: impl Fn(u32) -> Result<u32, FlowError>,
) -> Result<Vec<(u32, u64)>, FlowError> {
    amounts.map(|(address, amount)| Ok((label(address)?, amount))).collect()
}

/// Amounts summed by node, ascending. All of them together fit 64 bits.
pub(crate) fn sums(
    mut amounts: Vec<(u32, u64)>,
    tx: TxIndex,
) -> Result<Vec<(u32, u64)>, FlowError> {
    let total = amounts.iter().try_fold(0u64, |total, (_, amount)| total.checked_add(*amount));
    total.ok_or(FlowError::AmountOverflow { tx })?;
    amounts.sort_unstable_by_key(|(node, _)| *node);
    amounts.dedup_by(|next, sum| {
        let same = next.0 == sum.0;
        sum.1 += if same { next.1 } else { 0 };
        same
    });
    Ok(amounts)
}
