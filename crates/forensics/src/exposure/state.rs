//! The resident state: blocks in, blocks back, owners that change, rows out.
//!
//! Every change has three steps: vectors are made anew in the order of the money, each transaction once, stopping where a
//! vector is what it was or a coin is a known entity's; then every transaction that may add something else to some row is
//! looked at twice, as it was by the journal and as it is; then times that may be wrong are made anew.

use std::collections::BinaryHeap;

use graph::NONE;
use ledger::{AddressId, Category, ClusterId, FlowSide, Height, LedgerBatch, Timestamp};

use super::error::ExposureError;
use super::members::Relabeled;
use super::parts::Origin;
use super::rows::{Addend, Rows};
use super::sent::Made;
use super::world::{Journal, Lens, Scratch, World};
use crate::owners::Owners;

/// When the side [`FlowSide::Sent`] is brought up to date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SentUpdate {
    /// With every change, exactly. A block that spends old money changes where all its ancestors' money went: the cost
    /// follows the ledger behind a block, not the block.
    EveryBlock,
    /// By [`ExposureState::refresh_sent`], one reverse pass; until then rows of that side are those of the last time, but
    /// [`ExposureState::sent_exposures_of`] answers for one cluster as of the last block.
    #[default]
    OnRequest,
}

/// How exposure is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExposureOptions {
    /// At most so many single entities in the parts of an output; the smallest of more are pooled by category.
    pub parts_max: u16,
    /// When the sent side is made.
    pub sent: SentUpdate,
}

impl Default for ExposureOptions {
    fn default() -> Self {
        Self { parts_max: 32, sent: SentUpdate::default() }
    }
}

/// Who owns what, and what kind of party each entity is.
#[derive(Clone, Copy, Debug)]
pub struct Parties<'a> {
    /// Clusters and entities.
    pub owners: Owners<'a>,
    /// By entity number, which means the same party as long as the state lives.
    pub categories: &'a [Category],
}

/// What a change did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Clusters with rows that are not what they were, ascending; names before and after where they were renamed.
    pub clusters: Vec<ClusterId>,
    /// Transactions whose vectors were made (anew).
    pub n_processed: usize,
    /// Transactions whose part of the rows was made (anew).
    pub n_counted: usize,
}

/// Exposure under growth.
#[derive(Clone, Debug)]
pub struct ExposureState {
    pub(super) world: World,
    pub(super) rows: Rows,
    sent: SentUpdate,
    is_sent_current: bool,
    /// What questions made since the last change, where the sent side is made on request.
    pub(super) made: Made,
}

impl Default for ExposureState {
    fn default() -> Self {
        Self::new(ExposureOptions::default())
    }
}

/// One change on its way.
#[derive(Default)]
struct Change {
    journal: Journal,
    /// Transactions that may add something else to rows of a side.
    received: Vec<u32>,
    sent: Vec<u32>,
    n_processed: usize,
}

/// Transactions by what is first to be done: the earliest where money is followed on, the latest where back.
struct Worklist {
    side: FlowSide,
    heap: BinaryHeap<u32>,
}

impl Worklist {
    fn new(side: FlowSide) -> Self {
        Self { side, heap: BinaryHeap::new() }
    }

    fn key(&self, tx: u32) -> u32 {
        match self.side {
            FlowSide::Received => !tx,
            FlowSide::Sent => tx,
        }
    }

    fn push(&mut self, tx: u32) {
        self.heap.push(self.key(tx));
    }

    fn pop(&mut self) -> Option<u32> {
        let first = self.heap.pop()?;
        while self.heap.peek() == Some(&first) {
            self.heap.pop();
        }
        Some(self.key(first))
    }
}

impl Change {
    fn transactions(&mut self, side: FlowSide) -> &mut Vec<u32> {
        match side {
            FlowSide::Received => &mut self.received,
            FlowSide::Sent => &mut self.sent,
        }
    }
}

impl ExposureState {
    /// No blocks yet.
    pub fn new(options: ExposureOptions) -> Self {
        let world = World { parts_max: options.parts_max, ..World::default() };
        Self {
            world,
            rows: Rows::default(),
            sent: options.sent,
            is_sent_current: true,
            made: Made::default(),
        }
    }

    /// Takes in further blocks. `previous` has for each input the number of the transaction that made the spent output,
    /// [`graph::NONE`] where the ledger does not hold it. `price` is in millionths of the currency a coin.
    ///
    /// Addresses known before must be owned as before: see [`ExposureState::reattribute`].
    ///
    /// # Errors
    /// The batch does not follow, or does not add up; everything is then as before.
    pub fn apply(
        &mut self,
        batch: &LedgerBatch,
        previous: &[u32],
        parties: &Parties<'_>,
        price: &dyn Fn(Timestamp) -> Option<u64>,
    ) -> Result<Touched, ExposureError> {
        self.set_categories(parties.categories)?;
        let n_before = self.world.coins.n_transactions();
        let n_coins_before = self.world.coins.n_coins();
        self.world.coins.push(batch, previous, price)?;
        let n_after = self.world.coins.n_transactions();
        self.world.members.extend(self.world.coins.n_addresses(), &parties.owners);
        self.rows.extend(self.world.members.n_handles());
        self.world.received.extend(self.world.coins.n_coins());
        self.world.sent.extend(self.world.coins.n_coins());
        let (mut change, mut scratch) = (Change::default(), Scratch::default());
        for tx in n_before..n_after {
            self.world.process(FlowSide::Received, tx, &mut scratch, |_, _| {});
        }
        change.n_processed += (n_after - n_before) as usize;
        change.received.extend(n_before..n_after);
        self.is_sent_current &= n_after == n_before;
        self.made.clear();
        if self.sent == SentUpdate::EveryBlock {
            let mut list = Worklist::new(FlowSide::Sent);
            for tx in (n_before..n_after).rev() {
                let journal = &mut change.journal.sent;
                self.world.process(FlowSide::Sent, tx, &mut scratch, |coin, was| {
                    if coin < n_coins_before {
                        journal.push((coin, was));
                    }
                });
            }
            let seen = change.journal.sent.len();
            for at in 0..seen {
                let coin = change.journal.sent[at].0;
                self.pass_on(coin, &mut list, &mut change);
            }
            self.follow(list, &mut change, &mut scratch);
            change.sent.extend(n_before..n_after);
        }
        Ok(self.settle(change, n_before, n_after, scratch))
    }

    /// Forgets the blocks from height `from` on, however many: as if they had never been applied.
    pub fn unwind(&mut self, from: Height) -> Touched {
        let n_after = self.world.coins.first_at(from);
        let n_before = self.world.coins.n_transactions();
        if n_after == n_before {
            return Touched::default();
        }
        let (mut change, mut scratch) = (Change::default(), Scratch::default());
        change.received.extend(n_after..n_before);
        self.is_sent_current = false;
        self.made.clear();
        if self.sent == SentUpdate::EveryBlock {
            let mut list = Worklist::new(FlowSide::Sent);
            let n_coins = self.world.coins.n_coins_before(n_after);
            for tx in n_after..n_before {
                let inputs = self.world.coins.transaction(tx).inputs.to_vec();
                for coin in inputs.into_iter().filter(|coin| *coin < n_coins) {
                    if let Some(was) = self.world.sent.forget(coin) {
                        change.journal.sent.push((coin, was));
                        self.pass_on(coin, &mut list, &mut change);
                    }
                }
            }
            self.follow(list, &mut change, &mut scratch);
            change.sent.extend(n_after..n_before);
        }
        let touched = self.settle(change, n_before, n_after, scratch);
        let n_addresses = self.world.coins.n_addresses_before(n_after);
        self.world.coins.truncate(n_after);
        self.world.received.truncate(self.world.coins.n_coins());
        self.world.sent.truncate(self.world.coins.n_coins());
        for handle in self.world.members.truncate(n_addresses) {
            self.rows.clear(handle);
        }
        touched
    }

    /// Known addresses whose cluster or entity is another one now, ascending: one pass over all addresses, for callers that
    /// do not know them.
    pub fn changed_addresses(&self, owners: &Owners<'_>) -> Vec<AddressId> {
        self.world.members.changed(owners)
    }

    /// Gives known addresses the clusters and entities that they have now. `changed` names at least all whose cluster or
    /// entity is another one.
    ///
    /// # Errors
    /// An entity has another category; everything is then as before.
    pub fn reattribute(
        &mut self,
        changed: &[AddressId],
        parties: &Parties<'_>,
    ) -> Result<Touched, ExposureError> {
        self.set_categories(parties.categories)?;
        self.made.clear();
        let mut change = Change::default();
        let Relabeled { moved, freed, names } =
            self.world.members.relabel(changed, &parties.owners);
        self.rows.extend(self.world.members.n_handles());
        let mut scratch = Scratch::default();
        for side in FlowSide::BOTH {
            if side == FlowSide::Sent && self.sent == SentUpdate::OnRequest {
                self.is_sent_current &= moved.is_empty();
                continue;
            }
            let mut list = Worklist::new(side);
            for was in &moved {
                self.mark(was.address, was.holder, side, &mut list, &mut change);
            }
            self.follow(list, &mut change, &mut scratch);
        }
        change.journal.moved = moved;
        let n = self.world.coins.n_transactions();
        let mut touched = self.settle(change, n, n, scratch);
        touched.clusters.extend(names.into_iter().map(cluster));
        touched.clusters.sort_unstable();
        touched.clusters.dedup();
        freed.into_iter().for_each(|handle| self.rows.clear(handle));
        Ok(touched)
    }

    /// What is to be looked at on a side because an address has another handle or entity.
    fn mark(
        &self,
        address: u32,
        holder_before: u32,
        side: FlowSide,
        list: &mut Worklist,
        change: &mut Change,
    ) {
        let is_held_otherwise = self.world.members.holder(address) != holder_before;
        for coin in self.world.coins.of_address(address) {
            let (made_by, spent_by) =
                (self.world.coins.made_by[coin as usize], self.world.coins.spent_by[coin as usize]);
            let transactions = change.transactions(side);
            transactions.extend([made_by, spent_by].into_iter().filter(|tx| *tx != NONE));
            let next = if side == FlowSide::Received { spent_by } else { made_by };
            if is_held_otherwise && next != NONE {
                list.push(next);
            }
        }
    }

    /// Who sees that a coin holds something else.
    fn pass_on(&self, coin: u32, list: &mut Worklist, change: &mut Change) {
        let coins = &self.world.coins;
        let is_held = self.world.members.holder(coins.address[coin as usize]) != NONE;
        let (made_by, spent_by) = (coins.made_by[coin as usize], coins.spent_by[coin as usize]);
        if list.side == FlowSide::Received {
            change.received.push(made_by);
            if !is_held && spent_by != NONE {
                list.push(spent_by);
            }
        } else if !is_held && made_by != NONE {
            change.sent.push(made_by);
            list.push(made_by);
        }
    }

    /// Makes vectors anew until nothing changes.
    fn follow(&mut self, mut list: Worklist, change: &mut Change, scratch: &mut Scratch) {
        let side = list.side;
        let mut found = Vec::new();
        while let Some(tx) = list.pop() {
            change.n_processed += 1;
            self.world.process(side, tx, scratch, |coin, was| found.push((coin, was)));
            for (coin, was) in found.drain(..) {
                change.journal.of(side).push((coin, was));
                self.pass_on(coin, &mut list, change);
            }
        }
    }

    /// Brings the rows up to date: `n_before` transactions were, `n_after` are to be.
    fn settle(
        &mut self,
        mut change: Change,
        n_before: u32,
        n_after: u32,
        mut scratch: Scratch,
    ) -> Touched {
        change.journal.sort();
        let mut touched = Touched { n_processed: change.n_processed, ..Touched::default() };
        let mut handles = Vec::new();
        for side in FlowSide::BOTH {
            let mut transactions = std::mem::take(change.transactions(side));
            transactions.sort_unstable();
            transactions.dedup();
            touched.n_counted += transactions.len();
            let mut gone: Vec<(Addend, u32)> = Vec::new();
            let (mut old, mut new) = (Vec::new(), Vec::new());
            for tx in transactions {
                let lens = |before| Lens { world: &self.world, before };
                old.clear();
                new.clear();
                if tx < n_before {
                    lens(Some(&change.journal)).addends(side, tx, &mut scratch, &mut old);
                }
                if tx < n_after {
                    lens(None).addends(side, tx, &mut scratch, &mut new);
                }
                self.count(side, tx, &old, &new, &mut gone, &mut handles);
            }
            // What goes comes last, so that few rows lose what was first or last in them.
            let mut stale = Vec::new();
            for (addend, tx) in gone {
                stale.extend(self.rows.remove(side, addend, self.world.coins.moment(tx)));
            }
            self.renew_times(side, stale, n_after, &mut scratch);
        }
        handles.sort_unstable();
        handles.dedup();
        let name = |handle: &u32| cluster(self.world.members.label(*handle));
        touched.clusters = handles.iter().map(name).collect();
        touched.clusters.sort_unstable();
        self.world.received.clear_away();
        self.world.sent.clear_away();
        touched
    }

    /// Puts what a transaction adds now in the place of what it added.
    fn count(
        &mut self,
        side: FlowSide,
        tx: u32,
        old: &[Addend],
        new: &[Addend],
        gone: &mut Vec<(Addend, u32)>,
        handles: &mut Vec<u32>,
    ) {
        let moment = self.world.coins.moment(tx);
        let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
        loop {
            let key = |addend: &&Addend| (addend.0, addend.1);
            let order = match (old.peek(), new.peek()) {
                (None, None) => return,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(a), Some(b)) => key(a).cmp(&key(b)),
            };
            let was = if order.is_le() { old.next() } else { None };
            let is = if order.is_ge() { new.next() } else { None };
            match (was, is) {
                (Some(was), Some(is)) if was == is => continue,
                (Some(was), Some(is)) => self.rows.change(side, *was, is.2, moment),
                (Some(was), None) => gone.push((*was, tx)),
                (None, Some(is)) => self.rows.add(side, *is, moment),
                (None, None) => {}
            }
            handles.extend(was.or(is).map(|addend| addend.0));
        }
    }

    /// Transactions that may add to the rows of a cluster, ascending.
    pub(super) fn transactions_of(&self, handle: u32, side: FlowSide) -> Vec<u32> {
        let coins = &self.world.coins;
        let members = self.world.members.of_handle(handle);
        let ends = if side == FlowSide::Received { &coins.made_by } else { &coins.spent_by };
        let own = members.iter().flat_map(|address| coins.of_address(*address));
        let mut transactions: Vec<u32> =
            own.map(|coin| ends[coin as usize]).filter(|tx| *tx != NONE).collect();
        transactions.sort_unstable();
        transactions.dedup();
        transactions
    }

    /// Makes the sent side from the whole ledger by one pass from the newest transaction to the oldest.
    pub fn refresh_sent(&mut self) {
        let side = FlowSide::Sent;
        let n = self.world.coins.n_transactions();
        let mut scratch = Scratch::default();
        self.world.sent.reset();
        self.made.clear();
        for tx in (0..n).rev() {
            self.world.process(side, tx, &mut scratch, |_, _| {});
        }
        self.rows.clear_side(side);
        let mut found = Vec::new();
        for tx in 0..n {
            self.world.now().addends(side, tx, &mut scratch, &mut found);
            for addend in &found {
                self.rows.add(side, *addend, self.world.coins.moment(tx));
            }
        }
        self.is_sent_current = true;
    }

    /// Whether the sent side holds all that was applied.
    pub fn is_sent_current(&self) -> bool {
        self.sent == SentUpdate::EveryBlock || self.is_sent_current
    }

    fn set_categories(&mut self, categories: &[Category]) -> Result<(), ExposureError> {
        let known = &self.world.categories;
        let n = known.len().min(categories.len());
        if let Some(entity) = (0..n).find(|at| known[*at] != categories[*at]) {
            return Err(ExposureError::Category { entity });
        }
        if categories.len() > Origin::N_ENTITIES_MAX as usize {
            return Err(ExposureError::Category { entity: categories.len() });
        }
        let new = &categories[n..];
        self.world.categories.extend_from_slice(new);
        Ok(())
    }
}

pub(super) fn cluster(label: u32) -> ClusterId {
    ClusterId::new(AddressId::new(label))
}
