//! What a transaction does with the parts of money, on either side, and what it adds to the rows of clusters.
//!
//! Received and sent are one algorithm in two directions: what a transaction takes on one side (its inputs; its outputs) is
//! pooled, marked as mixed if several owners may have signed, bounded, and split haircut over the other side (its
//! outputs and fee; its inputs). Seen from the next transaction, a coin of a known entity is one part, of that entity itself;
//! any other coin is its own parts.
//! Looked at before a change, the same functions read what the journal says was there.

use graph::NONE;
use ledger::{Category, FlowSide};

use super::coins::{Coins, Spending};
use super::members::{Members, Moved};
use super::parts::{Origin, Part, bound, merge};
use super::rows::Addend;
use super::split::haircut::{floor_share, shares};
use super::vectors::{Reference, Vectors};

/// Everything but the sums.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) coins: Coins,
    pub(super) members: Members,
    pub(super) received: Vectors,
    pub(super) sent: Vectors,
    pub(super) categories: Vec<Category>,
    pub(super) parts_max: u16,
}

/// What was before one change of the state.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// Coin and vector, each coin once.
    pub(super) received: Vec<(u32, Reference)>,
    pub(super) sent: Vec<(u32, Reference)>,
    /// Ascending by address.
    pub(super) moved: Vec<Moved>,
}

impl Journal {
    pub(super) fn of(&mut self, side: FlowSide) -> &mut Vec<(u32, Reference)> {
        match side {
            FlowSide::Received => &mut self.received,
            FlowSide::Sent => &mut self.sent,
        }
    }

    pub(super) fn sort(&mut self) {
        self.received.sort_unstable_by_key(|(coin, _)| *coin);
        self.sent.sort_unstable_by_key(|(coin, _)| *coin);
    }

    fn moved(&self, address: u32) -> Option<&Moved> {
        let at = self.moved.binary_search_by_key(&address, |moved| moved.address).ok()?;
        Some(&self.moved[at])
    }
}

/// The world as it is, or as it was before what a journal holds.
#[derive(Clone, Copy)]
pub(super) struct Lens<'a> {
    pub(super) world: &'a World,
    pub(super) before: Option<&'a Journal>,
}

/// Memory that is used again from transaction to transaction.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pool: Vec<Part>,
    targets: Vec<u64>,
    cells: Vec<u64>,
    coins: Vec<u32>,
    /// Handles that pay, in order of their first input, with what they put in.
    payers: Vec<(u32, u64)>,
}

impl Lens<'_> {
    fn handle(&self, address: u32) -> u32 {
        let before = self.before.and_then(|journal| journal.moved(address));
        before.map_or_else(|| self.world.members.handle(address), |moved| moved.handle)
    }

    pub(super) fn holder(&self, address: u32) -> u32 {
        let before = self.before.and_then(|journal| journal.moved(address));
        before.map_or_else(|| self.world.members.holder(address), |moved| moved.holder)
    }

    /// The parts of a coin as its own transaction left them.
    pub(super) fn read(&self, side: FlowSide, coin: u32, take: impl FnMut(Part)) {
        let (vectors, log) = match side {
            FlowSide::Received => (&self.world.received, self.before.map(|j| &j.received)),
            FlowSide::Sent => (&self.world.sent, self.before.map(|j| &j.sent)),
        };
        let logged = log.and_then(|log| {
            let at = log.binary_search_by_key(&coin, |(coin, _)| *coin).ok()?;
            Some(log[at].1)
        });
        let reference = logged.unwrap_or_else(|| vectors.reference(coin));
        vectors.read(reference, self.world.coins.amount[coin as usize], take);
    }

    /// The parts of a coin as the transaction at its other end sees them.
    pub(super) fn view(&self, side: FlowSide, coin: u32, pool: &mut Vec<Part>) {
        let holder = self.holder(self.world.coins.address[coin as usize]);
        if holder == NONE {
            self.read(side, coin, |part| {
                pool.push(Part::new(part.origin.indirectly(), part.amount_sat));
            });
        } else {
            let amount_sat = self.world.coins.amount[coin as usize];
            if amount_sat > 0 {
                pool.push(Part::new(Origin::of_entity(holder).directly(), amount_sat));
            }
        }
    }

    /// What one transaction adds to the rows of a side; by handle and origin, each once.
    pub(super) fn addends(
        &self,
        side: FlowSide,
        tx: u32,
        scratch: &mut Scratch,
        found: &mut Vec<Addend>,
    ) {
        found.clear();
        let spending = self.world.coins.transaction(tx);
        let unknown_sat = self.payers(&spending, scratch);
        match side {
            FlowSide::Received => self.received(&spending, scratch, found),
            FlowSide::Sent => self.sent(&spending, unknown_sat, scratch, found),
        }
        found.sort_unstable();
        found.dedup_by(|next, sum| {
            let same = (next.0, next.1) == (sum.0, sum.1);
            sum.2 += if same { next.2 } else { 0 };
            same
        });
    }

    /// Fills in the payers; returns what coins without an address put in.
    fn payers(&self, tx: &Spending<'_>, scratch: &mut Scratch) -> u64 {
        scratch.payers.clear();
        let mut unknown_sat = 0;
        for &coin in tx.inputs {
            let (address, amount_sat) =
                (self.world.coins.address[coin as usize], self.world.coins.amount[coin as usize]);
            if address == NONE {
                unknown_sat += amount_sat;
                continue;
            }
            let handle = self.handle(address);
            // Most transactions have one payer; a round has some hundred.
            match scratch.payers.iter_mut().find(|(payer, _)| *payer == handle) {
                Some((_, sum)) => *sum += amount_sat,
                None => scratch.payers.push((handle, amount_sat)),
            }
        }
        unknown_sat
    }

    /// The cluster an output pays, and whether that is one of the payers: `None` where there is no address.
    fn payee(&self, coin: u32, payers: &[(u32, u64)]) -> Option<(u32, bool)> {
        let address = self.world.coins.address[coin as usize];
        if address == NONE {
            return None;
        }
        let handle = self.handle(address);
        Some((handle, payers.iter().any(|(payer, _)| *payer == handle)))
    }

    fn received(&self, tx: &Spending<'_>, scratch: &Scratch, found: &mut Vec<Addend>) {
        for coin in tx.first_output..tx.end {
            if let Some((handle, false)) = self.payee(coin, &scratch.payers) {
                self.read(FlowSide::Received, coin, |part| {
                    found.push((handle, part.origin, part.amount_sat));
                });
            }
        }
    }

    /// Outputs to others and the fee, shared out over the payers by what they put in.
    fn sent(
        &self,
        tx: &Spending<'_>,
        unknown_sat: u64,
        scratch: &mut Scratch,
        found: &mut Vec<Addend>,
    ) {
        if scratch.payers.is_empty() {
            return;
        }
        let Scratch { pool, targets, cells, payers, .. } = scratch;
        pool.clear();
        for coin in tx.first_output..tx.end {
            if !self.payee(coin, payers).is_some_and(|(_, pays)| pays) {
                self.view(FlowSide::Sent, coin, pool);
            }
        }
        let (fee_sat, lack_sat) = self.world.coins.fee_and_lack(tx);
        push(pool, Origin::MINED.directly(), fee_sat);
        finish(pool, tx.is_mixed);
        let unknown_sat = unknown_sat + lack_sat;
        if let (&[(handle, _)], 0) = (&payers[..], unknown_sat) {
            found.extend(pool.iter().map(|part| (handle, part.origin, part.amount_sat)));
            return;
        }
        let weights = payers.iter().map(|(_, amount)| *amount).chain([unknown_sat]);
        targets.clear();
        let total: u64 = pool.iter().map(|part| part.amount_sat).sum();
        spread(total, weights, targets);
        shares(pool, targets, cells);
        if pool.is_empty() {
            return;
        }
        for (row, (handle, _)) in cells.chunks(pool.len()).zip(payers) {
            let cells = pool.iter().zip(row).filter(|(_, cell)| **cell > 0);
            found.extend(cells.map(|(part, cell)| (*handle, part.origin, *cell)));
        }
    }
}

impl World {
    pub(super) fn now(&self) -> Lens<'_> {
        Lens { world: self, before: None }
    }

    /// Makes the vectors anew that a transaction leaves on a side. `changed` is given each coin that holds something
    /// else now, with what it was.
    pub(super) fn process(
        &mut self,
        side: FlowSide,
        tx: u32,
        scratch: &mut Scratch,
        mut changed: impl FnMut(u32, Reference),
    ) {
        let Scratch { pool, targets, cells, coins, .. } = scratch;
        let spending = self.coins.transaction(tx);
        let (fee_sat, lack_sat) = self.coins.fee_and_lack(&spending);
        pool.clear();
        coins.clear();
        let beyond_sat = match side {
            FlowSide::Received => {
                spending.inputs.iter().for_each(|coin| self.now().view(side, *coin, pool));
                let new =
                    if spending.is_coinbase { Origin::MINED.directly() } else { Origin::UNTRACED };
                push(pool, new, lack_sat);
                coins.extend(spending.first_output..spending.end);
                fee_sat
            }
            FlowSide::Sent => {
                let outputs = spending.first_output..spending.end;
                outputs.for_each(|coin| self.now().view(side, coin, pool));
                push(pool, Origin::MINED.directly(), fee_sat);
                coins.extend_from_slice(spending.inputs);
                lack_sat
            }
        };
        finish(pool, spending.is_mixed);
        bound(pool, self.parts_max, &self.categories);
        targets.clear();
        targets.extend(coins.iter().map(|coin| self.coins.amount[*coin as usize]));
        let vectors = match side {
            FlowSide::Received => &mut self.received,
            FlowSide::Sent => &mut self.sent,
        };
        if pool.len() > 1 {
            targets.push(beyond_sat);
            shares(pool, targets, cells);
        }
        for (at, &coin) in coins.iter().enumerate() {
            let was = match pool.len() {
                0 => vectors.forget(coin),
                1 => vectors.set(coin, pool, &targets[at..=at]),
                n => vectors.set(coin, pool, &cells[at * n..(at + 1) * n]),
            };
            if let Some(was) = was {
                changed(coin, was);
            }
        }
    }
}

fn push(pool: &mut Vec<Part>, origin: Origin, amount_sat: u64) {
    if amount_sat > 0 {
        pool.push(Part::new(origin, amount_sat));
    }
}

/// Each origin once, marked as mixed where several owners may have signed.
fn finish(pool: &mut Vec<Part>, is_mixed: bool) {
    if is_mixed {
        pool.iter_mut().for_each(|part| part.origin = part.origin.through_mixing());
    }
    merge(pool);
}

/// Shares `total` out by weight: each gets the difference of its rounded-down running sums.
fn spread(total: u64, weights: impl Iterator<Item = u64> + Clone, shares: &mut Vec<u64>) {
    let all: u64 = weights.clone().sum();
    let (mut sum, mut given) = (0u64, 0u64);
    for weight in weights {
        sum += weight;
        let up_to = floor_share(total, sum, all.max(1));
        shares.push(up_to - given);
        given = up_to;
    }
}
