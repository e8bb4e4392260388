//! First and last times of rows, made anew where the transfer that was one of them counts no more.
//!
//! In: rows that lost their first or last transfer. Out: the times of what is left. A cluster's transactions are read from the
//! end in question until no further block can hold a better time: block times do not rise with height, so the bound is the
//! earliest (latest) time of all blocks that are left, not the next one's.
//! Cost: the coins of the cluster, to list its transactions; few of them are read.

use ledger::FlowSide;

use super::parts::Origin;
use super::rows::Addend;
use super::state::ExposureState;
use super::world::Scratch;

/// A row of a side that may have lost its first or last transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stale {
    pub(super) handle: u32,
    pub(super) origin: Origin,
    pub(super) is_first: bool,
    pub(super) is_last: bool,
}

/// What no block on one side of a block can be better than.
struct Bounds {
    /// By block: the earliest time from it on.
    earliest: Vec<i64>,
    /// By block: the latest time up to it.
    latest: Vec<i64>,
}

/// Rows in search of a time.
type Open = Vec<(Origin, Option<i64>)>;

impl ExposureState {
    pub(super) fn renew_times(
        &mut self,
        side: FlowSide,
        mut stale: Vec<Stale>,
        n_transactions: u32,
        scratch: &mut Scratch,
    ) {
        stale.sort_unstable();
        stale.dedup_by(|next, first| {
            let same = (next.handle, next.origin) == (first.handle, first.origin);
            first.is_first |= same && next.is_first;
            first.is_last |= same && next.is_last;
            same
        });
        stale.retain(|row| self.rows.holds(row.handle, side, row.origin));
        if stale.is_empty() {
            return;
        }
        let bounds = self.bounds(n_transactions);
        for group in stale.chunk_by(|a, b| a.handle == b.handle) {
            let handle = group[0].handle;
            let mut transactions = self.transactions_of(handle, side);
            transactions.retain(|tx| *tx < n_transactions);
            let open = |is_it: fn(&Stale) -> bool| -> Open {
                group.iter().filter(|row| is_it(row)).map(|row| (row.origin, None)).collect()
            };
            let mut firsts = open(|row| row.is_first);
            let is_best = |block: usize, time: i64| time <= bounds.earliest[block];
            let ascending = transactions.iter().copied();
            self.search(handle, side, ascending, &mut firsts, is_best, i64::min, scratch);
            let mut lasts = open(|row| row.is_last);
            let is_best = |block: usize, time: i64| time >= bounds.latest[block];
            let descending = transactions.iter().rev().copied();
            self.search(handle, side, descending, &mut lasts, is_best, i64::max, scratch);
            for (origin, time) in firsts {
                self.rows.set_first(handle, side, origin, time.expect("a row has a transfer"));
            }
            for (origin, time) in lasts {
                self.rows.set_last(handle, side, origin, time.expect("a row has a transfer"));
            }
        }
    }

    /// Reads transactions in order until every open row has a time that those left cannot better.
    #[expect(clippy::too_many_arguments, reason = "two directions of one search")]
    fn search(
        &self,
        handle: u32,
        side: FlowSide,
        transactions: impl Iterator<Item = u32>,
        open: &mut Open,
        is_best: impl Fn(usize, i64) -> bool,
        better: fn(i64, i64) -> i64,
        scratch: &mut Scratch,
    ) {
        let mut found: Vec<Addend> = Vec::new();
        for tx in transactions {
            let block = self.world.coins.block_of(tx);
            if open.iter().all(|(_, time)| time.is_some_and(|time| is_best(block, time))) {
                return;
            }
            self.world.now().addends(side, tx, scratch, &mut found);
            let time = self.world.coins.moment(tx).time.get();
            for addend in found.iter().filter(|addend| addend.0 == handle) {
                if let Some(row) = open.iter_mut().find(|row| row.0 == addend.1) {
                    row.1 = Some(row.1.map_or(time, |known| better(known, time)));
                }
            }
        }
    }

    fn bounds(&self, n_transactions: u32) -> Bounds {
        let times: Vec<i64> = self.world.coins.times(n_transactions).collect();
        let mut latest = times.clone();
        for at in 1..latest.len() {
            latest[at] = latest[at].max(latest[at - 1]);
        }
        let mut earliest = times;
        for at in (1..earliest.len()).rev() {
            earliest[at - 1] = earliest[at - 1].min(earliest[at]);
        }
        Bounds { earliest, latest }
    }
}
