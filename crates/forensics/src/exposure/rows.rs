//! Sums of exposure by cluster: what the table `exposures` holds, kept up to date one transaction at a time.
//!
//! In: what a transaction adds to which clusters, before and after a change. Out: [`Exposure`] rows.
//! Sums are integers, so what goes is subtracted. First and last times are no sums: where the transaction that was first or last
//! no longer counts, the caller is told to read the cluster's transactions again.
//! Cost: 24 bytes a cluster and 80 a row; a binary search among the rows of one cluster.

use ledger::{Amount, Category, ClusterId, Exposure, FlowSide, Value};

use super::coins::Moment;
use super::parts::Origin;
use super::times::Stale;

/// What one transaction adds to one row: the handle of the cluster, the origin, the amount in satoshi.
pub(super) type Addend = (u32, Origin, u64);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    side: FlowSide,
    origin: Origin,
    amount: u128,
    unpriced: u128,
    value: Value,
    n_transfers: u64,
    first_s: i64,
    last_s: i64,
}

/// All rows, by handle.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    of: Vec<Vec<Row>>,
}

fn value_of(amount_sat: u64, moment: &Moment) -> Option<Value> {
    moment.price_micros.map(|price| Value::of_satoshi(amount_sat, price))
}

impl Row {
    fn new(side: FlowSide, origin: Origin, moment: &Moment) -> Self {
        let (first_s, last_s) = (moment.time.get(), moment.time.get());
        let (amount, unpriced, value) = (0, 0, Value::ZERO);
        Self { side, origin, amount, unpriced, value, n_transfers: 0, first_s, last_s }
    }

    fn put_in(&mut self, amount_sat: u64, moment: &Moment) {
        self.amount += u128::from(amount_sat);
        match value_of(amount_sat, moment) {
            Some(value) => self.value += value,
            None => self.unpriced += u128::from(amount_sat),
        }
    }

    fn take_out(&mut self, amount_sat: u64, moment: &Moment) {
        self.amount -= u128::from(amount_sat);
        match value_of(amount_sat, moment) {
            Some(value) => self.value -= value,
            None => self.unpriced -= u128::from(amount_sat),
        }
    }

    fn count(&mut self, moment: &Moment) {
        self.n_transfers += 1;
        self.see(moment);
    }

    fn see(&mut self, moment: &Moment) {
        self.first_s = self.first_s.min(moment.time.get());
        self.last_s = self.last_s.max(moment.time.get());
    }

    fn exposure(&self, cluster: ClusterId, categories: &[Category]) -> Exposure {
        Exposure {
            cluster,
            side: self.side,
            direct: self.origin.is_direct(),
            mixed: self.origin.is_mixed(),
            category: self.origin.category(categories),
            entity: self.origin.entity(),
            amount: Amount::from_units(self.amount),
            value: self.value,
            amount_unpriced: Amount::from_units(self.unpriced),
            n_transfers: self.n_transfers,
            first_time: ledger::Timestamp::new(self.first_s),
            last_time: ledger::Timestamp::new(self.last_s),
        }
    }
}

impl Rows {
    pub(super) fn extend(&mut self, n_handles: usize) {
        self.of.resize(n_handles.max(self.of.len()), Vec::new());
    }

    /// Forgets what a handle had, for when it stands for nobody.
    pub(super) fn clear(&mut self, handle: u32) {
        if let Some(rows) = self.of.get_mut(handle as usize) {
            *rows = Vec::new();
        }
    }

    /// Forgets one side of everybody.
    pub(super) fn clear_side(&mut self, side: FlowSide) {
        self.of.iter_mut().for_each(|rows| rows.retain(|row| row.side != side));
    }

    fn find(&self, handle: u32, side: FlowSide, origin: Origin) -> Result<usize, usize> {
        self.of[handle as usize].binary_search_by_key(&(side, origin), |row| (row.side, row.origin))
    }

    /// A transaction counts that did not.
    pub(super) fn add(&mut self, side: FlowSide, addend: Addend, moment: &Moment) {
        let (handle, origin, amount_sat) = addend;
        let at = self.find(handle, side, origin).unwrap_or_else(|at| {
            let rows = &mut self.of[handle as usize];
            if rows.len() == rows.capacity() {
                // Most clusters have a few rows: doubling from four would triple the memory.
                rows.reserve_exact(1 + rows.len() / 4);
            }
            rows.insert(at, Row::new(side, origin, moment));
            at
        });
        let row = &mut self.of[handle as usize][at];
        row.put_in(amount_sat, moment);
        row.count(moment);
    }

    /// A transaction counts with another amount.
    pub(super) fn change(
        &mut self,
        side: FlowSide,
        before: Addend,
        after_sat: u64,
        moment: &Moment,
    ) {
        let (handle, origin, before_sat) = before;
        let at = self.find(handle, side, origin).expect("what it counted for has a row");
        let row = &mut self.of[handle as usize][at];
        row.put_in(after_sat, moment);
        row.take_out(before_sat, moment);
    }

    /// A transaction counts no more; returns the row if its times may be wrong now.
    #[must_use]
    pub(super) fn remove(
        &mut self,
        side: FlowSide,
        addend: Addend,
        moment: &Moment,
    ) -> Option<Stale> {
        let (handle, origin, amount_sat) = addend;
        let at = self.find(handle, side, origin).expect("what it counted for has a row");
        let rows = &mut self.of[handle as usize];
        let row = &mut rows[at];
        row.take_out(amount_sat, moment);
        row.n_transfers -= 1;
        if row.n_transfers == 0 {
            rows.remove(at);
            return None;
        }
        let time = moment.time.get();
        let (is_first, is_last) = (row.first_s == time, row.last_s == time);
        (is_first || is_last).then_some(Stale { handle, origin, is_first, is_last })
    }

    /// Whether there is such a row.
    pub(super) fn holds(&self, handle: u32, side: FlowSide, origin: Origin) -> bool {
        self.find(handle, side, origin).is_ok()
    }

    pub(super) fn set_first(&mut self, handle: u32, side: FlowSide, origin: Origin, time_s: i64) {
        let at = self.find(handle, side, origin).expect("it was looked up before");
        self.of[handle as usize][at].first_s = time_s;
    }

    pub(super) fn set_last(&mut self, handle: u32, side: FlowSide, origin: Origin, time_s: i64) {
        let at = self.find(handle, side, origin).expect("it was looked up before");
        self.of[handle as usize][at].last_s = time_s;
    }

    /// The rows of one cluster.
    pub(super) fn exposures<'a>(
        &'a self,
        handle: u32,
        cluster: ClusterId,
        categories: &'a [Category],
    ) -> impl Iterator<Item = Exposure> + 'a {
        let rows = self.of.get(handle as usize).into_iter().flatten();
        rows.map(move |row| row.exposure(cluster, categories))
    }

    pub(super) fn n_rows(&self) -> usize {
        self.of.iter().map(Vec::len).sum()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let rows: usize = self.of.iter().map(Vec::capacity).sum();
        rows * size_of::<Row>() + self.of.capacity() * size_of::<Vec<Row>>()
    }
}

/// In the order of the table: cluster, side, category, entity, direct first, mixed last.
pub(super) fn sort(rows: &mut [Exposure]) {
    let key =
        |row: &Exposure| (row.cluster, row.side, row.category, row.entity, !row.direct, row.mixed);
    rows.sort_unstable_by_key(key);
}

/// Rows of transfers that are summed once and not kept.
pub(super) fn sum<'m>(
    cluster: ClusterId,
    side: FlowSide,
    transfers: impl Iterator<Item = (Origin, u64, &'m Moment)>,
    categories: &[Category],
) -> Vec<Exposure> {
    let mut rows = Rows::default();
    rows.extend(1);
    for (origin, amount_sat, moment) in transfers {
        rows.add(side, (0, origin, amount_sat), moment);
    }
    let mut rows: Vec<Exposure> = rows.exposures(0, cluster, categories).collect();
    sort(&mut rows);
    rows
}
