//! The rows of cluster edges by source and target, found by one hash.
//!
//! In: pairs and what is added to or taken from their sums. Out: the sums.
//! Source: open addressing with linear probing and removal by moving back, Knuth, TAOCP 3, 6.4; the mixing of
//! SplitMix64 (Steele, Lea, Flood 2014).
//! Departures: rows lie densely, and slots name them, so that they can be walked; their order depends on history and
//! never reaches an output, which is sorted. An ordered map walks a dozen places in memory a look-up; the map of the
//! standard library is refused for its random order.
//! Cost: 64 bytes a row of [`Sum`] and 8 to 16 for its slots; two places in memory a look-up.
//! Checked against: an ordered map (below).

use ledger::Timestamp;

use crate::error::FlowError;

/// Source and target.
pub(crate) type Pair = (u32, u32);

/// What rows hold: sums that can be added to and taken from.
pub(crate) trait Summed: Copy {
    /// Adds another row of the same pair.
    fn add(&mut self, other: &Self);
    /// The row without `other`; `None` if it was never in it.
    fn without(&self, other: &Self) -> Option<Self>;
    /// A row without transactions is none.
    fn n_transactions(&self) -> u64;
}

/// What is known about one edge: 56 bytes, so that it fits a line of the cache with its pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    /// High and low half.
    amount: [u64; 2],
    pub(crate) n_transactions: u64,
    pub(crate) n_mixing: u64,
    pub(crate) n_amount_unknown: u64,
    pub(crate) first_time: Timestamp,
    pub(crate) last_time: Timestamp,
}

impl Sum {
    /// One transaction.
    pub(crate) fn of(amount: u128, time: Timestamp) -> Self {
        Self {
            amount: halves(amount),
            n_transactions: 1,
            n_mixing: 0,
            n_amount_unknown: 0,
            first_time: time,
            last_time: time,
        }
    }

    pub(crate) fn amount(&self) -> u128 {
        whole(self.amount)
    }
}

impl Summed for Sum {
    fn add(&mut self, other: &Self) {
        // 21 million coins a transaction, and 2^64 transactions, are far below 2^128.
        self.amount = halves(self.amount() + other.amount());
        self.n_transactions += other.n_transactions;
        self.n_mixing += other.n_mixing;
        self.n_amount_unknown += other.n_amount_unknown;
        self.first_time = self.first_time.min(other.first_time);
        self.last_time = self.last_time.max(other.last_time);
    }

    /// The counts and amounts without those of `other`. Times stay: whatever is taken out of a row that lives on
    /// is put into it again.
    fn without(&self, other: &Self) -> Option<Self> {
        Some(Self {
            amount: halves(self.amount().checked_sub(other.amount())?),
            n_transactions: self.n_transactions.checked_sub(other.n_transactions)?,
            n_mixing: self.n_mixing.checked_sub(other.n_mixing)?,
            n_amount_unknown: self.n_amount_unknown.checked_sub(other.n_amount_unknown)?,
            ..*self
        })
    }

    fn n_transactions(&self) -> u64 {
        self.n_transactions
    }
}

/// High and low half: two words need no padding where four would.
pub(crate) fn halves(amount: u128) -> [u64; 2] {
    let low = amount & u128::from(u64::MAX);
    [amount >> 64, low].map(|half| u64::try_from(half).expect("64 bits each"))
}

/// What [`halves`] cut.
pub(crate) fn whole(halves: [u64; 2]) -> u128 {
    u128::from(halves[0]) << 64 | u128::from(halves[1])
}

/// Pair to sum.
#[derive(Clone, Debug)]
pub(crate) struct EdgeTable<S = Sum> {
    /// Places in `rows`, or [`FREE`]; a power of two, at most half in use.
    slots: Vec<u32>,
    rows: Vec<(Pair, S)>,
}

impl<S> Default for EdgeTable<S> {
    fn default() -> Self {
        Self { slots: Vec::new(), rows: Vec::new() }
    }
}

const FREE: u32 = u32::MAX;
const N_SLOTS_MIN: usize = 64;

impl<S: Summed> EdgeTable<S> {
    /// All rows, in no order that means anything.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = &(Pair, S)> {
        self.rows.iter()
    }

    pub(crate) fn get(&self, pair: Pair) -> Option<&S> {
        let slot = self.slot_of(pair)?;
        let row = *self.slots.get(slot).filter(|place| **place != FREE)?;
        Some(&self.rows[row as usize].1)
    }

    /// Adds to a row; returns what it was.
    pub(crate) fn add(&mut self, pair: Pair, sum: &S) -> Option<S> {
        let mut new = *sum;
        let before = self.get(pair).copied();
        if let Some(known) = &before {
            new.add(known);
        }
        self.set(pair, Some(new));
        before
    }

    /// Takes from a row, which is gone once it counts no transaction; returns what it was.
    pub(crate) fn remove(&mut self, pair: Pair, sum: &S) -> Result<Option<S>, FlowError> {
        let before = self.get(pair).copied();
        let (source_cluster, target_cluster) = pair;
        let rest = before
            .and_then(|known| known.without(sum))
            .ok_or(FlowError::Incomplete { source_cluster, target_cluster })?;
        self.set(pair, (rest.n_transactions() > 0).then_some(rest));
        Ok(before)
    }

    /// Puts a row in the place of what was there; `None` takes it away.
    pub(crate) fn set(&mut self, pair: Pair, sum: Option<S>) {
        if self.rows.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let slot = self.slot_of(pair).expect("there are slots");
        match (self.slots[slot], sum) {
            (FREE, None) => {}
            (FREE, Some(sum)) => {
                self.slots[slot] = u32::try_from(self.rows.len()).expect("fewer than 2^32 edges");
                self.rows.push((pair, sum));
            }
            (row, Some(sum)) => self.rows[row as usize].1 = sum,
            (row, None) => self.take(slot, row),
        }
    }

    /// Takes a row away: the last one moves to its place, and followers in its run of slots move up.
    fn take(&mut self, slot: usize, row: u32) {
        let last = self.rows.last().expect("the row is one of them").0;
        let slot_of_last = self.slot_of(last).expect("there are slots");
        self.slots[slot_of_last] = row;
        self.rows.swap_remove(row as usize);
        let mask = self.slots.len() - 1;
        let (mut hole, mut at) = (slot, (slot + 1) & mask);
        self.slots[hole] = FREE;
        while self.slots[at] != FREE {
            let home = self.home(self.rows[self.slots[at] as usize].0);
            // Moves up only as far as its own home.
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(hole) & mask {
                self.slots[hole] = std::mem::replace(&mut self.slots[at], FREE);
                hole = at;
            }
            at = (at + 1) & mask;
        }
    }

    /// The slot of the row of a pair, or the free one where it belongs; `None` without slots.
    fn slot_of(&self, pair: Pair) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut slot = self.home(pair);
        while self.slots[slot] != FREE && self.rows[self.slots[slot] as usize].0 != pair {
            slot = (slot + 1) & mask;
        }
        Some(slot)
    }

    fn home(&self, (source, target): Pair) -> usize {
        let mut z = u64::from(source) << 32 | u64::from(target);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let mask = self.slots.len() as u64 - 1;
        usize::try_from((z ^ (z >> 31)) & mask).expect("below the number of slots")
    }

    fn grow(&mut self) {
        let n_slots = (self.slots.len() * 2).max(N_SLOTS_MIN);
        self.slots = vec![FREE; n_slots];
        for row in 0..self.rows.len() {
            let mut slot = self.home(self.rows[row].0);
            while self.slots[slot] != FREE {
                slot = (slot + 1) & (n_slots - 1);
            }
            self.slots[slot] = u32::try_from(row).expect("fewer than 2^32 edges");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn agrees_with_an_ordered_map(
            steps in prop::collection::vec((0..12u32, 0..12u32, any::<bool>(), 0..1u128 << 70), 0..600),
        ) {
            let mut table = EdgeTable::default();
            let mut expected: BTreeMap<Pair, Sum> = BTreeMap::new();
            for (source, target, adds, amount) in steps {
                let pair = (source, target);
                let sum = Sum::of(amount, Timestamp::new(i64::from(source)));
                if adds {
                    table.add(pair, &sum);
                    expected.entry(pair).and_modify(|known| known.add(&sum)).or_insert(sum);
                } else {
                    table.set(pair, None);
                    expected.remove(&pair);
                }
                prop_assert_eq!(table.get(pair), expected.get(&pair));
            }
            let mut rows: Vec<_> = table.rows().copied().collect();
            rows.sort_unstable_by_key(|row| row.0);
            prop_assert_eq!(rows, expected.clone().into_iter().collect::<Vec<_>>());
            for (pair, sum) in &expected {
                prop_assert!(table.remove(*pair, sum).is_ok());
            }
            prop_assert_eq!(table.rows().len(), 0);
            prop_assert!(table.remove((0, 1), &Sum::of(1, Timestamp::new(0))).is_err());
        }
    }
}
