//! Counting mappings over coins grouped by amount.
//!
//! A rest is what is still to be dealt out: for each amount, how many coins, on both sides, as one mixed-radix number a
//! side. The first coin of a rest belongs to some participant; each pair of subsets that it may have, times the ways to
//! choose the coins, times the mappings of what is left, sums to the mappings of the rest.

use std::collections::BTreeMap;

/// The most coins on a side.
const COINS_MAX: usize = 64;
/// The most different subsets of a side.
const SUBSETS_MAX: u64 = 1 << 16;

/// What a participant may bring less or more than it gets, satoshi.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerance {
    pub(super) short_sat: u64,
    pub(super) over_sat: u64,
}

/// The coins of one side; those of one amount are of one kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Coins {
    amounts: Vec<u64>,
    counts: Vec<u8>,
    /// The kind of each coin; `None` for one that belongs to nobody.
    pub(super) kind_of: Vec<Option<usize>>,
}

impl Coins {
    /// `None` if there are no coins, or more than the limit, or their sum does not fit 64 bits.
    pub(super) fn of(coins: &[u64], is_owned: impl Fn(usize) -> bool) -> Option<Self> {
        let owned = |at: &usize| coins[*at] > 0 && is_owned(*at);
        let mut amounts: Vec<u64> = (0..coins.len()).filter(owned).map(|at| coins[at]).collect();
        amounts.iter().try_fold(0u64, |sum, amount| sum.checked_add(*amount))?;
        amounts.sort_unstable();
        amounts.dedup();
        let kind = |at: usize| owned(&at).then(|| amounts.partition_point(|a| *a < coins[at]));
        let kind_of: Vec<Option<usize>> = (0..coins.len()).map(kind).collect();
        let mut counts = vec![0u8; amounts.len()];
        kind_of.iter().flatten().for_each(|kind| counts[*kind] = counts[*kind].saturating_add(1));
        (!amounts.is_empty()).then_some(Self { amounts, counts, kind_of })
    }

    pub(super) fn n_kinds(&self) -> usize {
        self.amounts.len()
    }

    pub(super) fn n_coins(&self) -> usize {
        self.kind_of.iter().flatten().count()
    }

    pub(super) fn sum(&self) -> u64 {
        self.kind_of.iter().flatten().map(|kind| self.amounts[*kind]).sum()
    }

    /// How many different subsets there are.
    pub(super) fn n_subsets(&self) -> u64 {
        let counts = self.counts.iter().map(|count| u64::from(*count) + 1);
        counts.fold(1, u64::saturating_mul)
    }

    fn is_small(&self) -> bool {
        self.n_coins() <= COINS_MAX && self.n_subsets() <= SUBSETS_MAX
    }
}

/// All subsets of a side, by their number: the digit of a kind is how many of its coins are in.
#[derive(Debug)]
struct Subsets {
    n_kinds: usize,
    digits: Vec<u8>,
    sums: Vec<u64>,
}

impl Subsets {
    fn of(coins: &Coins) -> Self {
        let n_kinds = coins.counts.len();
        let mut digit = vec![0u8; n_kinds];
        let (mut digits, mut sums) = (Vec::new(), Vec::new());
        loop {
            digits.extend_from_slice(&digit);
            let amounts = digit.iter().zip(&coins.amounts);
            sums.push(amounts.map(|(n, amount)| u64::from(*n) * amount).sum());
            let Some(kind) = (0..n_kinds).find(|kind| digit[*kind] < coins.counts[*kind]) else {
                return Self { n_kinds, digits, sums };
            };
            digit[kind] += 1;
            digit[..kind].fill(0);
        }
    }

    fn all(&self) -> u32 {
        u32::try_from(self.sums.len() - 1).expect("subsets are limited")
    }

    fn digits(&self, subset: u32) -> &[u8] {
        &self.digits[subset as usize * self.n_kinds..][..self.n_kinds]
    }

    fn sum(&self, subset: u32) -> u64 {
        self.sums[subset as usize]
    }

    fn first_kind(&self, subset: u32) -> Option<usize> {
        self.digits(subset).iter().position(|digit| *digit > 0)
    }

    fn is_within(&self, subset: u32, rest: u32) -> bool {
        self.digits(subset).iter().zip(self.digits(rest)).all(|(taken, left)| taken <= left)
    }

    /// In how many ways the coins of `subset` can be chosen from `rest`; `sure` is a kind of which one coin is chosen.
    fn ways(&self, subset: u32, rest: u32, sure: Option<usize>, pascal: &Pascal) -> Option<u128> {
        let kinds = self.digits(subset).iter().zip(self.digits(rest)).enumerate();
        let mut ways = 1u128;
        for (kind, (taken, left)) in kinds {
            let less = u8::from(sure == Some(kind));
            ways = ways.checked_mul(pascal.choose(left - less, taken - less))?;
        }
        Some(ways)
    }
}

/// Binomial coefficients.
#[derive(Debug)]
struct Pascal(Vec<[u128; COINS_MAX + 1]>);

impl Pascal {
    fn new() -> Self {
        let mut rows = vec![[0; COINS_MAX + 1]; COINS_MAX + 1];
        for n in 0..=COINS_MAX {
            rows[n][0] = 1;
            for k in 1..=n {
                rows[n][k] = rows[n - 1][k - 1] + rows[n - 1][k];
            }
        }
        Self(rows)
    }

    fn choose(&self, n: u8, k: u8) -> u128 {
        self.0[usize::from(n)][usize::from(k)]
    }
}

/// What was counted.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    pub(super) n_mappings: u128,
    /// For a coin of each kind on either side, in how many mappings they are together; inputs by rows.
    pub(super) n_links: Vec<u128>,
}

/// Counts mappings and links; the steps taken if it is too much.
pub(super) fn count(
    ins: &Coins,
    outs: &Coins,
    tolerance: Tolerance,
    work_max: u64,
) -> Result<Counts, u64> {
    if !ins.is_small() || !outs.is_small() {
        return Err(0);
    }
    let mut counter = Counter {
        ins: Subsets::of(ins),
        outs: Subsets::of(outs),
        pairs: vec![Vec::new(); ins.counts.len()],
        tolerance,
        known: BTreeMap::new(),
        pascal: Pascal::new(),
        work: 0,
        work_max,
    };
    let counts = counter.list_pairs().and_then(|()| counter.counts());
    counts.ok_or(counter.work)
}

struct Counter {
    ins: Subsets,
    outs: Subsets,
    /// What one participant may bring and get, by the first kind that it brings.
    pairs: Vec<Vec<(u32, u32)>>,
    tolerance: Tolerance,
    known: BTreeMap<(u32, u32), u128>,
    pascal: Pascal,
    work: u64,
    work_max: u64,
}

impl Counter {
    fn step(&mut self) -> Option<()> {
        self.work += 1;
        (self.work <= self.work_max).then_some(())
    }

    fn list_pairs(&mut self) -> Option<()> {
        let mut by_sum: Vec<u32> = (0..=self.outs.all()).collect();
        by_sum.sort_by_key(|subset| self.outs.sum(*subset));
        for brought in 1..=self.ins.all() {
            let sum = self.ins.sum(brought);
            let least = sum.saturating_sub(self.tolerance.over_sat);
            let most = sum.saturating_add(self.tolerance.short_sat);
            let from = by_sum.partition_point(|subset| self.outs.sum(*subset) < least);
            let kind = self.ins.first_kind(brought).expect("subset 0 is the only empty one");
            for got in &by_sum[from..] {
                if self.outs.sum(*got) > most {
                    break;
                }
                self.step()?;
                self.pairs[kind].push((brought, *got));
            }
        }
        Some(())
    }

    /// `None` if it is too much work, or the number too large.
    fn mappings(&mut self, (left_in, left_out): (u32, u32)) -> Option<u128> {
        let Some(first) = self.ins.first_kind(left_in) else {
            return Some(u128::from(left_out == 0));
        };
        let falls_short = self.ins.sum(left_in) < self.outs.sum(left_out);
        if falls_short && self.tolerance.short_sat == 0 {
            return Some(0);
        }
        if let Some(known) = self.known.get(&(left_in, left_out)) {
            return Some(*known);
        }
        let mut total = 0u128;
        for at in 0..self.pairs[first].len() {
            self.step()?;
            let (brought, got) = self.pairs[first][at];
            if !self.ins.is_within(brought, left_in) || !self.outs.is_within(got, left_out) {
                continue;
            }
            let others = self.mappings((left_in - brought, left_out - got))?;
            if others > 0 {
                let ways_in = self.ins.ways(brought, left_in, Some(first), &self.pascal)?;
                let ways_out = self.outs.ways(got, left_out, None, &self.pascal)?;
                let ways = ways_in.checked_mul(ways_out)?;
                total = total.checked_add(others.checked_mul(ways)?)?;
            }
        }
        self.known.insert((left_in, left_out), total);
        Some(total)
    }

    fn counts(&mut self) -> Option<Counts> {
        let all = (self.ins.all(), self.outs.all());
        let n_mappings = self.mappings(all)?;
        let mut n_links = vec![0u128; self.ins.n_kinds * self.outs.n_kinds];
        for kind in 0..self.pairs.len() {
            for at in 0..self.pairs[kind].len() {
                self.step()?;
                let pair = self.pairs[kind][at];
                let others = self.mappings((all.0 - pair.0, all.1 - pair.1))?;
                if others > 0 {
                    self.add_links(pair, all, others, &mut n_links)?;
                }
            }
        }
        Some(Counts { n_mappings, n_links })
    }

    /// Adds the mappings in which a participant has this pair to the links of every kind in it.
    fn add_links(
        &self,
        (brought, got): (u32, u32),
        all: (u32, u32),
        others: u128,
        n_links: &mut [u128],
    ) -> Option<()> {
        let taken = |subsets: &Subsets, subset| {
            let digits = subsets.digits(subset).iter().enumerate();
            digits.filter(|(_, n)| **n > 0).map(|(kind, _)| kind).collect::<Vec<usize>>()
        };
        let kinds_out = taken(&self.outs, got);
        for kind_in in taken(&self.ins, brought) {
            let ways_in = self.ins.ways(brought, all.0, Some(kind_in), &self.pascal)?;
            for kind_out in &kinds_out {
                let ways_out = self.outs.ways(got, all.1, Some(*kind_out), &self.pascal)?;
                let n = ways_in.checked_mul(ways_out)?.checked_mul(others)?;
                let cell = &mut n_links[kind_in * self.outs.n_kinds + kind_out];
                *cell = cell.checked_add(n)?;
            }
        }
        Some(())
    }
}
