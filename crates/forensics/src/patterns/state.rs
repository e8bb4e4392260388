//! Patterns held resident, block by block.
//!
//! In: the transfers of each block; later, blocks taken back, clusters that merged, entities that became known. Out: the
//! rows of the table `patterns`, at any time.
//! The law: whatever came in which order, the rows are those of a state made from empty from the transfers that hold now.
//! Hits are kept at the cluster where they were evaluated, with the transaction that completed them. Taking a block back
//! drops its hits; when transfers or entities change, the clusters that depend on them (`dependents`) are evaluated
//! again from the first transaction that changed; all of them where to find them out costs more than that.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{AddressId, ClusterId, Height, LedgerBatch, Mix, PatternMatch, Timestamp};

use super::dependents::{Dependents, Seed, Since};
use super::error::PatternError;
use super::history::{Event, History, MIX, Narrow};
use super::hits::{Hit, rows};
use super::layering::LAYERING;
use super::options::PatternOptions;
use super::scene::{Moment, Parties, Scene};
use super::{DETECTORS, Detector};
use crate::error::FlowError;
use crate::payers::{label, payments};
use crate::transfers::Transfer;

/// What patterns are found in: the transfers of a batch that one cluster pays (of transactions that only look collaborative
/// too, once all their inputs are known to be of one cluster), and for each labelled mix among `mixes` a row for
/// every cluster that gave to it or got from it, with [`MIX`] at the other end. In order of transaction.
///
/// # Errors
/// An address has no label, or amounts of a transaction are too large.
pub fn pattern_transfers(
    batch: &LedgerBatch,
    labels: &[u32],
    mixes: &[Mix],
) -> Result<Vec<Transfer>, FlowError> {
    let labelled = |mix: &&Mix| mix.protocol != 0;
    let mut mixed: Vec<_> = mixes.iter().filter(labelled).map(|mix| mix.tx).collect();
    mixed.sort_unstable();
    let is_mixed = |tx| mixed.binary_search(&tx).is_ok();
    let cluster = |id| ClusterId::new(AddressId::new(id));
    let mut rows = Vec::new();
    for payment in payments(batch, labels) {
        let (view, payment) = payment?;
        let (tx, height, time) = (view.row.index, view.row.height, view.row.time);
        if !payment.is_of_one || is_mixed(tx) {
            continue;
        }
        let source = payment.sources[0].0;
        let others = payment.targets.iter().filter(|(target, _)| *target != source);
        rows.extend(others.map(|&(target, amount_sat)| {
            let (source, target) = (cluster(source), cluster(target));
            Transfer { tx, height, time, source, target, amount_sat, flags: payment.flags }
        }));
    }
    if mixed.is_empty() {
        return Ok(rows);
    }
    for view in batch.views().filter(|view| is_mixed(view.row.index)) {
        let tx = view.row.index;
        let gave = view.inputs.iter().filter_map(|input| input.spent);
        let gave = gave.filter_map(|spent| Some((spent.address?, false, spent.amount_sat)));
        let got = view.outputs.iter();
        let got = got.filter_map(|output| Some((output.address?, true, output.amount_sat)));
        let mut sums: BTreeMap<(u32, bool), u64> = BTreeMap::new();
        for (address, is_in, amount_sat) in gave.chain(got) {
            let sum = sums.entry((label(address.get(), labels)?, is_in)).or_default();
            *sum = sum.checked_add(amount_sat).ok_or(FlowError::AmountOverflow { tx })?;
        }
        rows.extend(sums.into_iter().map(|((id, is_in), amount_sat)| {
            let cluster = cluster(id);
            let (source, target) = if is_in { (MIX, cluster) } else { (cluster, MIX) };
            let (height, time) = (view.row.height, view.row.time);
            Transfer { tx, height, time, source, target, amount_sat, flags: crate::MIXING }
        }));
    }
    rows.sort_by_key(|row| (row.tx, row.source, row.target));
    Ok(rows)
}

/// Patterns in the making.
#[derive(Clone, Debug)]
pub struct PatternState {
    options: PatternOptions,
    history: History,
    /// By the cluster at which they were evaluated, in order of transaction.
    hits: BTreeMap<u32, Vec<Hit>>,
    /// Whom a hit is about and where it was evaluated, if these are two.
    elsewhere: BTreeSet<(u32, u32)>,
    /// Clusters of which matches changed since that was asked last.
    changed: BTreeSet<u32>,
    last_tx: Option<u32>,
}

impl PatternState {
    /// With nothing known yet.
    ///
    /// # Errors
    /// An option is out of range.
    pub fn new(options: PatternOptions) -> Result<Self, PatternError> {
        options.check()?;
        Ok(Self {
            options,
            history: History::default(),
            hits: BTreeMap::new(),
            elsewhere: BTreeSet::new(),
            changed: BTreeSet::new(),
            last_tx: None,
        })
    }

    /// What it was made with.
    pub fn options(&self) -> &PatternOptions {
        &self.options
    }

    /// Adds the transfers of the next blocks, in order of transaction, and finds what they complete. `parties` are those of
    /// all before; where they changed, [`PatternState::relabel`] comes first.
    ///
    /// # Errors
    /// A transaction is not behind all before it, or of no possible block. Nothing has changed then.
    pub fn apply(
        &mut self,
        transfers: &[Transfer],
        parties: &Parties<'_>,
    ) -> Result<(), PatternError> {
        let mut rows = Vec::with_capacity(transfers.len());
        let mut previous = None;
        for transfer in transfers {
            let row = Narrow::of(transfer)?;
            let late = self.last_tx.is_some_and(|last| row.tx <= last);
            if let Some(before) = previous.max(self.last_tx).filter(|last| late || row.tx < *last) {
                let previous = ledger::TxIndex::new(u64::from(before));
                return Err(PatternError::Order { tx: transfer.tx, previous });
            }
            previous = Some(row.tx);
            rows.push(row);
        }
        for transaction in rows.chunk_by(|a, b| a.tx == b.tx) {
            let mut parts: Vec<u32> = Vec::new();
            for (cluster, event) in transaction.iter().flat_map(|row| row.ends()) {
                self.history.add(cluster, event);
                parts.push(cluster);
            }
            parts.sort_unstable();
            parts.dedup();
            for cluster in parts {
                self.evaluate(cluster, transaction[0].tx, parties);
            }
        }
        self.last_tx = previous.or(self.last_tx);
        Ok(())
    }

    fn evaluate(&mut self, cluster: u32, tx: u32, parties: &Parties<'_>) {
        let found = self.find(DETECTORS, cluster, tx, parties);
        self.changed.extend(found.iter().map(|hit| hit.cluster));
        self.keep(cluster, found);
    }

    fn find(
        &self,
        detectors: &[Detector],
        cluster: u32,
        tx: u32,
        parties: &Parties<'_>,
    ) -> Vec<Hit> {
        let scene = Scene { history: &self.history, parties, options: &self.options };
        let mut found = Vec::new();
        if let Some(moment) = Moment::of(scene, cluster, tx) {
            detectors.iter().for_each(|detector| (detector.find)(&moment, &mut found));
        }
        found
    }

    /// Adds hits behind those that a cluster has.
    fn keep(&mut self, cluster: u32, mut found: Vec<Hit>) {
        if !found.is_empty() {
            let others = found.iter().filter(|hit| hit.cluster != cluster);
            self.elsewhere.extend(others.map(|hit| (hit.cluster, cluster)));
            self.hits.entry(cluster).or_default().append(&mut found);
        }
    }

    /// Evaluates a cluster again from a transaction on.
    fn evaluate_since(&mut self, cluster: u32, since: Since, parties: &Parties<'_>) {
        let first = since.all.min(since.layering);
        let was = self.drop_hits(cluster, |hit| hit.tx >= first);
        let events = self.history.of(cluster);
        let events = &events[events.partition_point(|event| event.tx < first)..];
        let again = |own: &[Event]| {
            let tx = own[0].tx;
            if tx >= since.all {
                return self.find(DETECTORS, cluster, tx, parties);
            }
            let kept = was.iter().filter(|hit| hit.tx == tx && hit.pattern != LAYERING.number);
            let mut found: Vec<Hit> = kept.cloned().collect();
            found.append(&mut self.find(&[LAYERING], cluster, tx, parties));
            found.sort_by_key(|hit| hit.pattern);
            found
        };
        let is: Vec<Hit> = events.chunk_by(|a, b| a.tx == b.tx).flat_map(again).collect();
        if was != is {
            self.changed.extend(was.iter().chain(&is).map(|hit| hit.cluster));
        }
        self.keep(cluster, is);
    }

    /// Takes away the last hits of a cluster, from the first that is to go on.
    fn drop_hits(&mut self, cluster: u32, goes: impl Fn(&Hit) -> bool) -> Vec<Hit> {
        let Some(hits) = self.hits.get_mut(&cluster) else { return Vec::new() };
        let gone = hits.split_off(hits.partition_point(|hit| !goes(hit)));
        let others = gone.iter().map(|hit| hit.cluster).filter(|other| *other != cluster);
        for other in others.collect::<BTreeSet<u32>>() {
            if hits.iter().all(|hit| hit.cluster != other) {
                self.elsewhere.remove(&(other, cluster));
            }
        }
        if hits.is_empty() {
            self.hits.remove(&cluster);
        }
        gone
    }

    /// Takes back the blocks from `height` on.
    pub fn unwind(&mut self, height: Height) {
        self.last_tx = self.history.unwind(height);
        let is_late = |hit: &Hit| hit.height >= height.get();
        let has_late = |hits: &Vec<Hit>| hits.last().is_some_and(is_late);
        let late = self.hits.iter().filter(|(_, hits)| has_late(hits));
        let late: Vec<u32> = late.map(|(cluster, _)| *cluster).collect();
        for cluster in late {
            let gone = self.drop_hits(cluster, is_late);
            self.changed.extend(gone.iter().map(|hit| hit.cluster));
        }
    }

    /// Turns the patterns of clusters and entities as they were into those of `parties`. `before` and `after` are the transfers of every
    /// transaction that touches an address whose label changed, under the old labels and under the new ones; `entities_changed` are the
    /// clusters (by their new ids) that another entity than before holds, or that none holds any more. Where following the change takes
    /// more than [`PatternOptions::relabel_factor`] allows, everything is evaluated again.
    ///
    /// # Errors
    /// A transfer of `before` alone was never applied: the state is then spoilt, and to be built anew. A transfer is of no possible block:
    /// nothing has changed.
    pub fn relabel(
        &mut self,
        before: &[Transfer],
        after: &[Transfer],
        entities_changed: &[ClusterId],
        parties: &Parties<'_>,
    ) -> Result<(), PatternError> {
        let (before, after) = changes(before, after)?;
        let mut seeds: Vec<Seed> = before.iter().chain(&after).map(Seed::of).collect();
        let work_max = self.history.n_events().saturating_mul(self.options.relabel_factor as usize);
        let mut dependents = Dependents::within(work_max);
        for is_after in [false, true] {
            if is_after {
                self.replace(&before, &after)?;
            }
            for cluster in entities_changed {
                let own = cluster.get().get();
                seeds.extend(self.history.of(own).iter().map(|event| Seed::seen(own, event)));
            }
            let scene = Scene { history: &self.history, parties, options: &self.options };
            dependents.add(scene, &seeds);
        }
        if dependents.is_spent() {
            let clusters = self.history.clusters();
            clusters.for_each(|cluster| self.evaluate_since(cluster, Since::ALWAYS, parties));
        } else {
            for (cluster, since) in dependents.since {
                self.evaluate_since(cluster, since, parties);
            }
        }
        Ok(())
    }

    fn replace(&mut self, before: &[Narrow], after: &[Narrow]) -> Result<(), PatternError> {
        for row in before {
            for (cluster, event) in row.ends() {
                if !self.history.remove(cluster, event) {
                    let tx = ledger::TxIndex::new(u64::from(row.tx));
                    return Err(PatternError::Unknown { tx });
                }
            }
        }
        for (cluster, event) in after.iter().flat_map(|row| row.ends()) {
            self.history.add(cluster, event);
        }
        Ok(())
    }

    /// The rows of the table `patterns`, by pattern, cluster and first transaction. `price` gives what each transfer was worth.
    pub fn rows(&self, price: &dyn Fn(Timestamp) -> Option<u64>) -> Vec<PatternMatch> {
        rows(self.hits.values().flatten(), &self.options, price)
    }

    /// The rows of one cluster, as in [`PatternState::rows`].
    pub fn rows_of(
        &self,
        cluster: ClusterId,
        price: &dyn Fn(Timestamp) -> Option<u64>,
    ) -> Vec<PatternMatch> {
        let own = cluster.get().get();
        let elsewhere = self.elsewhere.range((own, 0)..=(own, u32::MAX)).map(|(_, at)| *at);
        let places = std::iter::once(own).chain(elsewhere);
        let hits = places.filter_map(|at| self.hits.get(&at)).flatten();
        rows(hits.filter(|hit| hit.cluster == own), &self.options, price)
    }

    /// Clusters, ascending, of which rows came, went or may say something else since this was asked last. Prices are not looked at.
    pub fn take_changed(&mut self) -> Vec<ClusterId> {
        let changed = std::mem::take(&mut self.changed).into_iter();
        changed.map(|cluster| ClusterId::new(AddressId::new(cluster))).collect()
    }

    /// Bytes of what is held about transfers, and of what was found.
    pub fn bytes(&self) -> (usize, usize) {
        let entry = size_of::<super::hits::Entry>();
        let hit = |hit: &Hit| size_of::<Hit>() + hit.entries.capacity() * entry;
        (self.history.bytes(), self.hits.values().flatten().map(hit).sum())
    }
}

/// The rows of each of two lists that the other has not: most payees of a payout that one moved address got part of are
/// the same, and nothing depends on them.
fn changes(
    before: &[Transfer],
    after: &[Transfer],
) -> Result<(Vec<Narrow>, Vec<Narrow>), PatternError> {
    let narrow = |rows: &[Transfer]| {
        let mut rows = rows.iter().map(Narrow::of).collect::<Result<Vec<_>, _>>()?;
        rows.sort_unstable();
        Ok(rows)
    };
    let (before, after): (Vec<Narrow>, Vec<Narrow>) = (narrow(before)?, narrow(after)?);
    let only = |own: &[Narrow], other: &[Narrow]| {
        let own = own.iter().filter(|row| other.binary_search(row).is_err());
        own.copied().collect()
    };
    Ok((only(&before, &after), only(&after, &before)))
}
