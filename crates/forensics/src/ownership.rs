//! Ownership as one resident state: links, clusters and cluster edges, kept up to date block by block.
//!
//! In: batches of further blocks, links that other stages found, and the earlier transactions of some addresses, when
//! they are asked for. Out: [`Applied`]; at any time the clusters and the rows of `cluster_edges`, equal to those made
//! from empty.
//! Source: our own; the algorithm for merges is that of `cluster_edges.rs`, without a pass over all addresses.
//! Departures: rows are kept under the *handle* of a cluster, one of its addresses, which stays the same when the
//! cluster is given another name. Of two clusters that merge, the one with the lesser weight (transactions over all
//! its edges) gives up its handle: its members' earlier transactions are taken out under the old handles and put in
//! under the new ones. What is in the rows of the other cluster is not touched, so a block costs what its small parts
//! cost, however large the state. The way back is a log of rows as they were, because first and last times are no
//! sums; building the edges of touched clusters anew was turned down for it, but is what a change of decisions does.
//! Cost: 12 bytes an address and 72 to 80 an edge, besides those of [`Clusters`]; a block O(its links and
//! transactions + members of the lesser parts and their transactions); 72 bytes of log a changed row of the last
//! [`BLOCKS_BACK`] calls.
//! Checked against: links, clusters and `cluster_edges` from empty, after any cut, unwinding and change of decisions
//! (`tests/it/ownership.rs`). Measured by `benches/ownership.rs`.

use std::collections::VecDeque;

use ledger::{AddressId, ClusterEdge, ClusterId, Height, LedgerBatch, Link, TransactionView};

use crate::cluster_edges::{edges_of, keyed, rows_of};
use crate::clusters::{Clusters, HEIGHTS_BACK, Joining};
use crate::decisions::Decisions;
use crate::edge_money::Priced;
use crate::edge_table::{EdgeTable, Pair, Sum};
use crate::error::FlowError;
use crate::guard::ClusterRules;
use crate::heuristics;

/// How many calls of [`Ownership::apply`] can be taken back.
pub const BLOCKS_BACK: usize = 100;

/// Clusters and cluster edges under growth.
#[derive(Clone, Debug, Default)]
pub struct Ownership {
    clusters: Clusters,
    /// The handle of the cluster of each root; of other addresses what it was when they were one.
    handles: Vec<u32>,
    edges: Weighed,
    back: VecDeque<Back>,
    /// Below, nothing can be unwound.
    height_min: Option<Height>,
}

/// What one call of [`Ownership::apply`] did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Applied {
    /// The links that were applied, in order; those held and left out too.
    pub links: Vec<Link>,
    /// How many of them were held.
    pub n_held: usize,
    /// Clusters that became one, in order: the names just before; the smaller is the name from then on.
    pub merges: Vec<[ClusterId; 2]>,
    /// Earlier addresses whose rows of cluster edges were made anew, ascending.
    pub moved: Vec<AddressId>,
    /// Transactions that were read again for them.
    pub n_read_again: usize,
    /// Rows of cluster edges that were written, each as often as it was.
    pub n_rows_written: usize,
}

/// What takes back one call.
#[derive(Clone, Debug)]
struct Back {
    first: Height,
    last: Height,
    n_addresses: u32,
    handles: Vec<(u32, u32)>,
    rows: Vec<(Pair, Option<Sum>)>,
}

/// Rows by handle, and the weight of each handle: the transactions over all rows that name it. Nothing is left of a
/// handle exactly when its weight is zero.
#[derive(Clone, Debug, Default)]
struct Weighed {
    table: EdgeTable,
    weights: Vec<u64>,
    /// Rows as they were before they were written, in order.
    log: Vec<(Pair, Option<Sum>)>,
}

impl Weighed {
    fn add(&mut self, pair: Pair, sum: &Sum) {
        let before = self.table.add(pair, sum);
        self.weigh(pair, |weight| weight + sum.n_transactions);
        self.log.push((pair, before));
    }

    fn remove(&mut self, pair: Pair, sum: &Sum) -> Result<(), FlowError> {
        let before = self.table.remove(pair, sum)?;
        self.weigh(pair, |weight| weight - sum.n_transactions);
        self.log.push((pair, before));
        Ok(())
    }

    fn restore(&mut self, pair: Pair, before: Option<Sum>) {
        let count = |sum: Option<&Sum>| sum.map_or(0, |sum| sum.n_transactions);
        let (old, new) = (count(self.table.get(pair)), count(before.as_ref()));
        self.weigh(pair, |weight| weight + new - old);
        self.table.set(pair, before);
    }

    fn weigh(&mut self, (source, target): Pair, change: impl Fn(u64) -> u64) {
        for handle in [source, target] {
            let weight = &mut self.weights[handle as usize];
            *weight = change(*weight);
        }
    }
}

/// Who was called what before some clusters merged or fell apart: address and handle, ascending.
type Former = Vec<(u32, u32)>;

impl Ownership {
    /// No blocks yet.
    pub fn new(rules: ClusterRules) -> Self {
        Self { clusters: Clusters::new(rules), ..Self::default() }
    }

    /// Continues from clusters and the rows of `cluster_edges` that go with them.
    ///
    /// # Errors
    /// A row is of another asset than bitcoin, or does not name clusters.
    pub fn from_parts(clusters: Clusters, edges: &[ClusterEdge]) -> Result<Self, FlowError> {
        let n_addresses = clusters.n_addresses();
        let mut weighed = Weighed { weights: vec![0; n_addresses as usize], ..Weighed::default() };
        for row in edges {
            let (pair, Priced { sum, .. }) = keyed(row)?;
            for address in [pair.0, pair.1] {
                if address >= n_addresses || clusters.label(address) != address {
                    return Err(FlowError::Labels { address });
                }
            }
            weighed.add(pair, &sum);
            weighed.log.clear();
        }
        let height_min = clusters.height().map(|height| Height::new(height.get() + 1));
        Ok(Self {
            handles: (0..n_addresses).collect(),
            clusters,
            edges: weighed,
            height_min,
            ..Self::default()
        })
    }

    /// The clusters as they are now.
    pub fn clusters(&self) -> &Clusters {
        &self.clusters
    }

    /// The rows of the table `cluster_edges`, by source, target and asset. Nothing in them has a value: that is not kept
    /// resident (see `edge_money.rs`), and what rows brought of it is dropped.
    pub fn cluster_edges(&self) -> Vec<ClusterEdge> {
        let label = |handle: u32| self.clusters.label(handle);
        let rows = self.edges.table.rows().map(|((source, target), sum)| {
            ((label(*source), label(*target)), Priced::unpriced(*sum))
        });
        rows_of(rows)
    }

    /// How many cluster edges there are.
    pub fn n_cluster_edges(&self) -> usize {
        self.edges.table.rows().len()
    }

    /// Applies at most [`HEIGHTS_BACK`] further blocks, and links of their heights that other stages found. `past` is given addresses,
    /// ascending, and returns all transactions of earlier batches in which one of them takes part, in any order, each
    /// once; it is asked at most once.
    ///
    /// # Errors
    /// What `past` returns, or that a transaction is missing in it or cannot be counted. Everything is then as before.
    ///
    /// # Panics
    /// A link is of a height below one already applied, or names an address that neither the batch nor one before has.
    pub fn apply<E: From<FlowError>>(
        &mut self,
        batch: &LedgerBatch,
        extra_links: &[Link],
        past: impl FnOnce(&[AddressId]) -> Result<LedgerBatch, E>,
    ) -> Result<Applied, E> {
        let heights = batch.transactions.iter().map(|row| row.height);
        let heights = heights.chain(batch.blocks.iter().map(|block| block.height));
        let Some(first) = heights.clone().min() else { return Ok(Applied::default()) };
        let last = heights.max().expect("there is a first one");
        if last.get() - first.get() >= HEIGHTS_BACK {
            return Err(FlowError::TooManyBlocks { first: first.get(), last: last.get() }.into());
        }
        let back = Back {
            first,
            last,
            n_addresses: self.clusters.n_addresses(),
            handles: Vec::new(),
            rows: Vec::new(),
        };
        self.back.push_back(back);
        let mut links = heuristics::links(batch);
        links.extend(extra_links);
        let done = self.apply_links(batch, links, past);
        self.keep_log();
        match done {
            Ok(applied) => {
                self.forget_before(last.get().saturating_sub(HEIGHTS_BACK));
                Ok(applied)
            }
            Err(error) => {
                self.take_back_last();
                Err(error)
            }
        }
    }

    fn apply_links<E: From<FlowError>>(
        &mut self,
        batch: &LedgerBatch,
        links: Vec<Link>,
        past: impl FnOnce(&[AddressId]) -> Result<LedgerBatch, E>,
    ) -> Result<Applied, E> {
        let n_before = self.clusters.n_addresses();
        let n_held = self.clusters.held().len();
        let (mut former, merges) = self.merge(&links, n_before.max(n_addresses_of(batch)));
        former.retain(|(address, _)| *address < n_before);
        let moved: Vec<AddressId> =
            former.iter().map(|(address, _)| AddressId::new(*address)).collect();
        let again = if moved.is_empty() { LedgerBatch::default() } else { past(&moved)? };
        self.move_rows(&former, &again, true)?;
        for view in batch.views() {
            self.put_in(&view)?;
        }
        Ok(Applied {
            n_held: self.clusters.held().len() - n_held,
            links,
            merges,
            moved,
            n_read_again: again.transactions.len(),
            n_rows_written: self.edges.log.len(),
        })
    }

    /// Applies links to the clusters and gives merged ones the handle of the weightier part. Returns the former
    /// handles of the members of the others.
    fn merge(&mut self, links: &[Link], n_addresses: u32) -> (Former, Vec<[ClusterId; 2]>) {
        let n_before = self.clusters.n_addresses();
        self.handles.extend(n_before..n_addresses);
        self.edges.weights.resize(n_addresses as usize, 0);
        let (mut former, mut merges) = (Former::new(), Vec::new());
        let Self { clusters, handles, edges, back, .. } = self;
        let mut replaced = Vec::new();
        // What handles will weigh together, once their rows are.
        let mut gained: Vec<(u32, u64)> = Vec::new();
        clusters.apply_each(links, n_addresses, |joining: Joining<'_>| {
            let roots = joining.roots();
            let sides = roots.map(|root| handles[root as usize]);
            let weight = |side: usize| {
                let handle = sides[side];
                let of_handle = gained.iter().rev().find(|gain| gain.0 == handle);
                let own = edges.weights[handle as usize];
                of_handle.map_or(own, |gain| gain.1).max(u64::from(joining.sizes()[side]))
            };
            let weights = [weight(0), weight(1)];
            let (lesser, greater) = if weights[0] < weights[1] { (0, 1) } else { (1, 0) };
            former.extend(joining.members(lesser).map(|member| (member, sides[lesser])));
            if weights[lesser] > WEIGHT_SMALL {
                gained.push((sides[greater], weights[0] + weights[1]));
            }
            let root = roots[0].min(roots[1]);
            replaced.push((root, handles[root as usize]));
            handles[root as usize] = sides[greater];
            merges.push(roots.map(|root| ClusterId::new(AddressId::new(root))));
        });
        if let Some(back) = back.back_mut() {
            back.handles = replaced;
        }
        // The first entry of an address is from when its own part was joined to a weightier one; by a later one it
        // had that one's handle.
        former.sort_by_key(|(address, _)| *address);
        former.dedup_by_key(|(address, _)| *address);
        (former, merges)
    }

    /// Takes transactions out as they were named before and puts them in as they are now. Where clusters only merged,
    /// rows that a transaction had then and has now stay: of a payout to hundreds only those of the addresses that moved
    /// are written. Where they fell apart every row must go first: its times are of transactions that may leave it.
    fn move_rows(
        &mut self,
        former: &[(u32, u32)],
        again: &LedgerBatch,
        only_merged: bool,
    ) -> Result<(), FlowError> {
        let mut added = Vec::new();
        for view in again.views() {
            let before = edges_of(&view, |address| {
                match former.binary_search_by_key(&address, |(address, _)| *address) {
                    Ok(at) => Ok(former[at].1),
                    Err(_) => self.handle_of(address),
                }
            })?;
            let after = edges_of(&view, |address| self.handle_of(address))?;
            let (kept_before, kept_after) =
                if only_merged { (&before[..], &after[..]) } else { (&[][..], &[][..]) };
            for (pair, sum) in only_in(&before, kept_after) {
                self.edges.remove(*pair, sum)?;
            }
            added.extend(only_in(&after, kept_before).copied());
        }
        for &(_, handle) in former {
            if self.edges.weights[handle as usize] != 0 {
                return Err(FlowError::NotAll { cluster: handle });
            }
        }
        for (pair, sum) in added {
            self.edges.add(pair, &sum);
        }
        Ok(())
    }

    fn put_in(&mut self, view: &TransactionView<'_>) -> Result<(), FlowError> {
        for (pair, sum) in edges_of(view, |address| self.handle_of(address))? {
            self.edges.add(pair, &sum);
        }
        Ok(())
    }

    fn handle_of(&self, address: u32) -> Result<u32, FlowError> {
        if address >= self.clusters.n_addresses() {
            let n_labels = self.handles.len();
            return Err(FlowError::NoLabel { address, n_labels });
        }
        Ok(self.handles[self.clusters.label(address) as usize])
    }

    /// Gives up the way back below a height, and beyond a number of calls.
    fn forget_before(&mut self, height: u32) {
        let too_old = |back: &Back| back.first.get() < height;
        while self.back.len() > BLOCKS_BACK || self.back.front().is_some_and(too_old) {
            let Some(forgotten) = self.back.pop_front() else { return };
            self.height_min = Some(Height::new(forgotten.last.get() + 1));
        }
    }

    fn keep_log(&mut self) {
        let rows = std::mem::take(&mut self.edges.log);
        if let Some(back) = self.back.back_mut() {
            back.rows = rows;
        }
    }

    fn take_back_last(&mut self) {
        let Some(back) = self.back.pop_back() else { return };
        for (pair, before) in back.rows.into_iter().rev() {
            self.edges.restore(pair, before);
        }
        for (root, before) in back.handles.into_iter().rev() {
            self.handles[root as usize] = before;
        }
        self.handles.truncate(back.n_addresses as usize);
        self.edges.weights.truncate(back.n_addresses as usize);
        let unwound = self.clusters.unwind_to(back.first, back.n_addresses);
        unwound.expect("clusters keep more heights than this keeps calls");
    }

    /// Takes back everything from `height` on, call by call.
    ///
    /// # Errors
    /// The log does not go back so far, or a call had blocks below `height` and from it on. Nothing is changed then.
    pub fn unwind(&mut self, height: Height) -> Result<(), FlowError> {
        let straddles = |back: &Back| back.first < height && height <= back.last;
        let too_deep = self.height_min.is_some_and(|height_min| height < height_min);
        if too_deep || self.back.iter().any(straddles) {
            let height_min = self.height_min.map_or(0, |height| u64::from(height.get()));
            return Err(FlowError::Unwind { height: height.get(), height_min });
        }
        while self.back.back().is_some_and(|back| back.first >= height) {
            self.take_back_last();
        }
        Ok(())
    }

    /// Puts other decisions in force: as [`Clusters::set_decisions`], and the cluster edges follow. `past` as for
    /// [`Ownership::apply`]. The way back is given up. Returns how many addresses were looked at again.
    ///
    /// # Errors
    /// As for [`Ownership::apply`], but the state is then spoilt: build it anew.
    ///
    /// # Panics
    /// As for [`Clusters::rebuild`].
    pub fn set_decisions<E: From<FlowError>>(
        &mut self,
        decisions: Decisions,
        changed: &[Link],
        links_of: impl FnOnce(&[AddressId]) -> Vec<Link>,
        past: impl FnOnce(&[AddressId]) -> Result<LedgerBatch, E>,
    ) -> Result<u32, E> {
        let touched = self.clusters.tied(changed.iter().flat_map(|link| [link.a, link.b]));
        let former = self.former(&touched);
        let n_touched = self.clusters.set_decisions(decisions, changed, links_of);
        self.follow(&touched, former, past)?;
        Ok(n_touched)
    }

    /// Puts other entities in force: as [`Clusters::set_entities`], and the cluster edges follow. For the rest as
    /// [`Ownership::set_decisions`].
    ///
    /// # Errors
    /// As for [`Ownership::set_decisions`].
    ///
    /// # Panics
    /// As for [`Clusters::rebuild`].
    pub fn set_entities<E: From<FlowError>>(
        &mut self,
        entities: Vec<(AddressId, u32)>,
        links_of: impl FnOnce(&[AddressId]) -> Vec<Link>,
        past: impl FnOnce(&[AddressId]) -> Result<LedgerBatch, E>,
    ) -> Result<u32, E> {
        let touched = self.clusters.tied(self.clusters.differing(&entities));
        let former = self.former(&touched);
        let n_touched = self.clusters.set_entities(entities, links_of);
        self.follow(&touched, former, past)?;
        Ok(n_touched)
    }

    fn former(&self, touched: &[AddressId]) -> Former {
        let handle = |address: &AddressId| {
            let root = self.clusters.label(address.get());
            (address.get(), self.handles[root as usize])
        };
        touched.iter().map(handle).collect()
    }

    /// The touched clusters have been built again: their rows too, under new handles.
    fn follow<E: From<FlowError>>(
        &mut self,
        touched: &[AddressId],
        former: Former,
        past: impl FnOnce(&[AddressId]) -> Result<LedgerBatch, E>,
    ) -> Result<(), E> {
        if touched.is_empty() {
            return Ok(());
        }
        for address in touched {
            self.handles[address.index()] = address.get();
        }
        let again = past(touched)?;
        self.move_rows(&former, &again, false)?;
        self.edges.log.clear();
        self.back.clear();
        self.height_min = self.clusters.height().map(|height| Height::new(height.get() + 1));
        Ok(())
    }
}

/// The rows of one list (by pair, ascending) that the other has not, or has otherwise.
fn only_in<'r>(
    own: &'r [(Pair, Sum)],
    other: &'r [(Pair, Sum)],
) -> impl Iterator<Item = &'r (Pair, Sum)> {
    own.iter().filter(|row| {
        let place = other.binary_search_by_key(&row.0, |(pair, _)| *pair);
        place.map_or(true, |place| other[place].1 != row.1)
    })
}

/// Below, whether a part was joined before in the same call makes no difference worth a note.
const WEIGHT_SMALL: u64 = 64;

fn n_addresses_of(batch: &LedgerBatch) -> u32 {
    let inputs = batch.inputs.iter().filter_map(|input| input.spent?.address);
    let outputs = batch.outputs.iter().filter_map(|output| output.address);
    let aliases = batch.aliases.iter().map(|alias| alias.a.max(alias.b));
    let last = inputs.chain(outputs).chain(aliases).max();
    last.map_or(0, |address| address.get() + 1)
}
