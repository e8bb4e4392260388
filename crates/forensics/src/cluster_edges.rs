//! Cluster edges: all that one cluster moved to another, summed over transactions.
//!
//! In: batches and the cluster of every address. Out: [`ClusterEdge`] rows by (source, target, asset).
//! Definition, for one transaction: each of its clusters with a known input is a source, each cluster paid is a
//! target, and every pair of two different ones counts the transaction once.
//! - One source, and nobody else need have paid: the amount is all that the target got.
//! - Several sources, all inputs known: each output is split over the input addresses in proportion to what they
//!   put in, in whole satoshi. Shares are differences of rounded-down running totals in order of address, so
//!   those of one output add up to it exactly. The split is by address and not by cluster, because then it does
//!   not depend on which of the payers are known to be one.
//! - Otherwise some payer is unknown: the transaction is counted in `n_amount_unknown` and adds no amount.
//!
//! Each transaction also adds its value at its block's time where a price was known then, else its amount to
//! `amount_unpriced`, and counts in `n_high_volatility` where it fell into such a period (`edge_money.rs`). Without
//! [`ClusterEdges::with_prices`] nothing has a price.
//!
//! Departures: proportional shares are haircut, a convention and no finding; `n_mixing` says on how many
//! transactions of an edge it had to be used or could have been.
//!
//! **When clusters merge**, rows cannot simply be added: a transaction that paid two of the merged clusters is
//! one transaction of the merged edge, and was counted twice. So [`ClusterEdges::relabel`] takes the transactions
//! of the *smaller* parts of every merge out under the old labels and puts them in again under the new ones; rows
//! of the largest part are only renamed. An address changes sides O(log n) times at most, however often
//! clusters merge. Unwinding has no such way (first and last times are no sums): build anew.
//!
//! Cost: O(input addresses × outputs) for a transaction of several sources, O(inputs + outputs) otherwise; rows
//! are at most sources × targets of each transaction, so a round of 400 × 400 may leave 160,000 of them. A row takes
//! 104 bytes and is found by one hash (`edge_table.rs`).
//! Checked against: a double loop over the final clusters, any cut into batches with merges in between
//! (`tests/it/cluster_edges.rs`).

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::{AddressId, Amount, Asset, ClusterEdge, ClusterId, LedgerBatch, TransactionView};

use crate::edge_money::Priced;
use crate::edge_table::{EdgeTable, Pair, Sum};
use crate::error::FlowError;
use crate::money::Prices;
use crate::payers::{AMOUNT_UNKNOWN, MIXING, Payment, label, payments};

/// Cluster edges in the making.
#[derive(Clone, Debug, Default)]
pub struct ClusterEdges {
    table: EdgeTable<Priced>,
    prices: Arc<Prices>,
}

impl PartialEq for ClusterEdges {
    fn eq(&self, other: &Self) -> bool {
        self.rows() == other.rows()
    }
}

impl Eq for ClusterEdges {}

/// The cluster edges of all batches together.
///
/// # Errors
/// An address has no label, or amounts of a transaction are too large.
pub fn cluster_edges<'b>(
    batches: impl IntoIterator<Item = &'b LedgerBatch>,
    labels: &[u32],
) -> Result<Vec<ClusterEdge>, FlowError> {
    let mut edges = ClusterEdges::default();
    for batch in batches {
        edges.apply(batch, labels)?;
    }
    Ok(edges.rows())
}

impl ClusterEdges {
    /// Continues from the rows of an earlier [`ClusterEdges::rows`].
    ///
    /// # Errors
    /// A row is of another asset than bitcoin.
    pub fn from_rows(rows: &[ClusterEdge]) -> Result<Self, FlowError> {
        let mut table = EdgeTable::default();
        for row in rows {
            let (pair, sum) = keyed(row)?;
            table.add(pair, &sum);
        }
        Ok(Self { table, prices: Arc::default() })
    }

    /// Values transactions by these prices from here on; rows so far must have been valued by the same.
    #[must_use]
    pub fn with_prices(mut self, prices: Arc<Prices>) -> Self {
        self.prices = prices;
        self
    }

    /// The rows of the table `cluster_edges`, by source, target and asset.
    pub fn rows(&self) -> Vec<ClusterEdge> {
        rows_of(self.table.rows().copied())
    }

    /// Adds the transactions of a batch. Labels must be those of the rows so far; if they have changed since,
    /// [`ClusterEdges::relabel`] comes first.
    ///
    /// # Errors
    /// An address has no label, or amounts of a transaction are too large; part of the batch is then added.
    pub fn apply(&mut self, batch: &LedgerBatch, labels: &[u32]) -> Result<(), FlowError> {
        for payment in payments(batch, labels) {
            let (view, payment) = payment?;
            let mark = self.prices.mark_at(view.row.time);
            for (key, sum) in sums(&view, &payment, |address| label(address, labels))? {
                self.table.add(key, &Priced::at(sum, mark));
            }
        }
        Ok(())
    }

    /// Turns the rows of labels `before` into those of labels `after`, in which clusters have merged (and to which
    /// younger addresses may have been added). `batches` are all transactions applied so far, or at least those
    /// that touch [`moved_addresses`]; others change nothing.
    ///
    /// # Errors
    /// Labels differ by more than merges, or a transaction that is needed is not among `batches`. The rows are
    /// then spoilt: build them anew.
    pub fn relabel<'b>(
        &mut self,
        before: &[u32],
        after: &[u32],
        batches: impl IntoIterator<Item = &'b LedgerBatch>,
    ) -> Result<(), FlowError> {
        let merges = Merges::between(before, after)?;
        if merges.moved_clusters.is_empty() && merges.renamed.is_empty() {
            return Ok(());
        }
        let mut again = EdgeTable::default();
        for view in batches.into_iter().flat_map(LedgerBatch::views) {
            if !merges.touch(&view, before)? {
                continue;
            }
            let mark = self.prices.mark_at(view.row.time);
            for (key, sum) in edges_of(&view, |address| label(address, before))? {
                self.table.remove(key, &Priced::at(sum, mark))?;
            }
            for (key, sum) in edges_of(&view, |address| label(address, after))? {
                again.add(key, &Priced::at(sum, mark));
            }
        }
        let moved = |(key, _): &&(Pair, Priced)| merges.moved(key.0) || merges.moved(key.1);
        if let Some(&((source_cluster, target_cluster), _)) = self.table.rows().find(moved) {
            return Err(FlowError::Incomplete { source_cluster, target_cluster });
        }
        let rename = |cluster: u32| merges.renamed.get(&cluster).copied().unwrap_or(cluster);
        if !merges.renamed.is_empty() {
            let renamed = std::mem::take(&mut self.table);
            for ((source, target), sum) in renamed.rows() {
                self.table.add((rename(*source), rename(*target)), sum);
            }
        }
        for (key, sum) in again.rows() {
            self.table.add(*key, sum);
        }
        Ok(())
    }
}

/// The rows of the table `cluster_edges`, in its order.
pub(crate) fn rows_of(edges: impl Iterator<Item = (Pair, Priced)>) -> Vec<ClusterEdge> {
    let mut edges: Vec<(Pair, Priced)> = edges.collect();
    edges.sort_unstable_by_key(|(key, _)| *key);
    let cluster = |id: u32| ClusterId::new(AddressId::new(id));
    let row = |((source, target), priced @ Priced { sum, .. }): (Pair, Priced)| ClusterEdge {
        source: cluster(source),
        target: cluster(target),
        asset: Asset::btc(),
        amount: Amount::from_units(sum.amount()),
        n_transactions: sum.n_transactions,
        n_mixing: sum.n_mixing,
        n_amount_unknown: sum.n_amount_unknown,
        value: priced.value(),
        amount_unpriced: priced.amount_unpriced(),
        n_high_volatility: priced.n_high_volatility,
        first_time: sum.first_time,
        last_time: sum.last_time,
    };
    edges.into_iter().map(row).collect()
}

/// A row as the table keeps it.
pub(crate) fn keyed(row: &ClusterEdge) -> Result<(Pair, Priced), FlowError> {
    if row.asset != Asset::btc() {
        return Err(FlowError::Asset { symbol: row.asset.symbol().to_owned() });
    }
    let mut sum = Sum::of(row.amount.units(), row.first_time);
    sum.n_transactions = row.n_transactions;
    sum.n_mixing = row.n_mixing;
    sum.n_amount_unknown = row.n_amount_unknown;
    sum.last_time = row.last_time;
    let priced = Priced::of(sum, row.value, row.amount_unpriced, row.n_high_volatility);
    Ok(((row.source.get().get(), row.target.get().get()), priced))
}

/// What one transaction adds: each pair of different clusters once; nothing if nobody is known to pay, or is paid.
pub(crate) fn edges_of(
    view: &TransactionView<'_>,
    label: impl Fn(u32) -> Result<u32, FlowError>,
) -> Result<Vec<(Pair, Sum)>, FlowError> {
    match Payment::by(view, &label)? {
        Some(payment) => sums(view, &payment, label),
        None => Ok(Vec::new()),
    }
}

/// What one payment adds.
fn sums(
    view: &TransactionView<'_>,
    payment: &Payment,
    label: impl Fn(u32) -> Result<u32, FlowError>,
) -> Result<Vec<(Pair, Sum)>, FlowError> {
    let (time, flags) = (view.row.time, payment.flags);
    let amounts = if flags & AMOUNT_UNKNOWN != 0 {
        vec![0; payment.sources.len() * payment.targets.len()]
    } else if payment.is_of_one {
        payment.targets.iter().map(|(_, amount)| u128::from(*amount)).collect()
    } else {
        shares(view, payment, label)?
    };
    let pairs = payment
        .sources
        .iter()
        .flat_map(|(source, _)| payment.targets.iter().map(move |(target, _)| (*source, *target)));
    let sum = |amount| {
        let mut sum = Sum::of(amount, time);
        sum.n_mixing = u64::from(flags & MIXING != 0);
        sum.n_amount_unknown = u64::from(flags & AMOUNT_UNKNOWN != 0);
        sum
    };
    let rows = pairs.zip(amounts).filter(|((source, target), _)| source != target);
    Ok(rows.map(|(key, amount)| (key, sum(amount))).collect())
}

/// Every source's part in what every target got, source after source.
fn shares(
    view: &TransactionView<'_>,
    payment: &Payment,
    label: impl Fn(u32) -> Result<u32, FlowError>,
) -> Result<Vec<u128>, FlowError> {
    let place = |nodes: &[(u32, u64)], address: u32| {
        let cluster = label(address)?;
        let at = nodes.binary_search_by_key(&cluster, |(node, _)| *node);
        Ok::<usize, FlowError>(at.expect("the payment was made from the same labels"))
    };
    let n_targets = payment.targets.len();
    let mut payers = Vec::with_capacity(payment.addresses.len());
    let mut total: u128 = 0;
    for &(address, amount) in &payment.addresses {
        total += u128::from(amount);
        payers.push((place(&payment.sources, address)? * n_targets, total));
    }
    let mut amounts = vec![0; payment.sources.len() * n_targets];
    for output in view.outputs {
        let Some(address) = output.address else { continue };
        let column = place(&payment.targets, address.get())?;
        let output_amount = u128::from(output.amount_sat);
        let mut before = 0;
        for &(row, running) in &payers {
            // The first case is for nothing in and something out, too (which no valid block has): the first
            // payer gets it. The second cannot overflow: the inputs together fit 64 bits.
            let until =
                if running == total { output_amount } else { output_amount * running / total };
            amounts[row + column] += until - before;
            before = until;
        }
    }
    Ok(amounts)
}

/// The addresses whose cluster became part of a larger one, ascending: those whose transactions
/// [`ClusterEdges::relabel`] needs.
///
/// # Errors
/// Labels differ by more than merges.
pub fn moved_addresses(before: &[u32], after: &[u32]) -> Result<Vec<u32>, FlowError> {
    let merges = Merges::between(before, after)?;
    let moved = (0u32..).zip(before).filter(|(_, cluster)| merges.moved(**cluster));
    Ok(moved.map(|(address, _)| address).collect())
}

/// Which clusters merged, by their ids before.
struct Merges {
    /// All but the largest part of every merge, ascending.
    moved_clusters: Vec<u32>,
    /// Largest parts that are named differently after.
    renamed: BTreeMap<u32, u32>,
}

impl Merges {
    fn between(before: &[u32], after: &[u32]) -> Result<Self, FlowError> {
        let mut sizes = vec![0u32; before.len()];
        // Cluster after, part before; only of clusters that had more than one part.
        let mut parts: Vec<Pair> = Vec::new();
        for (address, &part) in (0u32..).zip(before) {
            let cluster = label(address, after)?;
            if part > address || label(part, after)? != cluster || cluster > address {
                return Err(FlowError::Split { address });
            }
            sizes[part as usize] += 1;
            if part == address && cluster != part {
                parts.extend([(cluster, part), (cluster, cluster)]);
            }
        }
        // The largest part first, the smallest id on a tie.
        parts.sort_unstable_by_key(|&(cluster, part)| {
            (cluster, Reverse(sizes[part as usize]), part)
        });
        parts.dedup();
        let mut merges = Self { moved_clusters: Vec::new(), renamed: BTreeMap::new() };
        for merge in parts.chunk_by(|a, b| a.0 == b.0) {
            let (cluster, largest) = merge[0];
            if cluster != largest {
                merges.renamed.insert(largest, cluster);
            }
            merges.moved_clusters.extend(merge[1..].iter().map(|(_, part)| *part));
        }
        merges.moved_clusters.sort_unstable();
        Ok(merges)
    }

    fn moved(&self, cluster: u32) -> bool {
        self.moved_clusters.binary_search(&cluster).is_ok()
    }

    fn touch(&self, view: &TransactionView<'_>, before: &[u32]) -> Result<bool, FlowError> {
        let inputs = view.inputs.iter().filter_map(|input| input.spent?.address);
        let outputs = view.outputs.iter().filter_map(|output| output.address);
        for address in inputs.chain(outputs) {
            if self.moved(label(address.get(), before)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
