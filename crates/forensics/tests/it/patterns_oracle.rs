//! Every detector against a search of the whole list of transfers, filter by filter; cycles against the stream of `graph`.
//! It shares no code with the detectors: no list by cluster, no early end, and finds are joined until nothing changes.

use std::collections::BTreeSet;

use forensics::Transfer;
use forensics::patterns::{DETECTORS, MIX, PatternOptions};
use graph::patterns::{CycleOptions, CycleStream, EdgeOrder};
use graph::temporal::TemporalEdges;
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::patterns_worlds::{N, World, entities, options, payments, transfers};

/// Transfers that are counted and transfers that are shown, as positions in the list.
type Parts = (BTreeSet<usize>, BTreeSet<usize>);

/// A find: about whom, completed by which transaction, of what.
#[derive(Clone, Debug)]
struct Found {
    cluster: u32,
    txs: Vec<u64>,
    height: u32,
    counted: BTreeSet<usize>,
    all: BTreeSet<usize>,
}

struct List<'w> {
    rows: Vec<Transfer>,
    world: &'w World,
    options: PatternOptions,
}

fn id(cluster: ledger::ClusterId) -> u32 {
    cluster.get().get()
}

impl List<'_> {
    fn kind(&self, cluster: u32) -> &str {
        if cluster == id(MIX) {
            return "mixing";
        }
        let entity = self.world.entities[cluster as usize];
        self.world.categories.get(entity as usize).map_or("", |category| category.name())
    }

    fn subject(&self, cluster: u32) -> bool {
        matches!(self.kind(cluster), "" | "ransomware")
    }

    fn real(&self, at: usize) -> bool {
        let row = &self.rows[at];
        row.amount_sat >= 3 && row.source != MIX && row.target != MIX
    }

    fn of(&self, cluster: u32, until: u64) -> Vec<usize> {
        let own = |row: &Transfer| id(row.source) == cluster || id(row.target) == cluster;
        (0..self.rows.len())
            .filter(|at| own(&self.rows[*at]) && self.rows[*at].tx.get() <= until)
            .collect()
    }

    fn time(&self, at: usize) -> i64 {
        self.rows[at].time.get()
    }

    fn tx(&self, at: usize) -> u64 {
        self.rows[at].tx.get()
    }

    /// Those of `own` with nothing behind them, themselves included, that is more than `span` before `now`.
    fn near(&self, own: &[usize], now: i64, span: u32) -> Vec<usize> {
        let is_near = |at: usize| now - self.time(at) <= i64::from(span);
        own.iter()
            .copied()
            .filter(|at| own.iter().filter(|e| *e >= at).all(|e| is_near(*e)))
            .collect()
    }

    fn window(&self, cluster: u32, tx: u64, span: u32) -> Vec<usize> {
        let own = self.of(cluster, tx);
        let Some(last) = own.last() else { return own };
        let near = self.near(&own, self.time(*last), span);
        near.into_iter().filter(|at| self.real(*at)).collect()
    }

    fn ins(&self, cluster: u32, from: &[usize]) -> Vec<usize> {
        from.iter().copied().filter(|at| id(self.rows[*at].target) == cluster).collect()
    }

    fn outs(&self, cluster: u32, from: &[usize]) -> Vec<usize> {
        from.iter().copied().filter(|at| id(self.rows[*at].source) == cluster).collect()
    }

    fn sum(&self, of: &[usize]) -> u64 {
        of.iter().map(|at| self.rows[*at].amount_sat).sum()
    }

    fn payers(&self, of: &[usize]) -> BTreeSet<u32> {
        of.iter().map(|at| id(self.rows[*at].source)).collect()
    }

    fn payees(&self, of: &[usize]) -> BTreeSet<u32> {
        of.iter().map(|at| id(self.rows[*at].target)).collect()
    }

    /// What `cluster` pays (or is paid) in `tx`.
    fn now(&self, cluster: u32, tx: u64, pays: bool) -> Vec<usize> {
        let own = self.of(cluster, tx);
        let own: Vec<usize> =
            own.into_iter().filter(|at| self.tx(*at) == tx && self.real(*at)).collect();
        if pays { self.outs(cluster, &own) } else { self.ins(cluster, &own) }
    }

    fn structuring(&self, c: u32, tx: u64) -> Option<Parts> {
        let pays = !self.now(c, tx, true).is_empty();
        let window = self.window(c, tx, 900);
        let side = if pays { self.outs(c, &window) } else { self.ins(c, &window) };
        let txs: BTreeSet<u64> = side.iter().map(|at| self.tx(*at)).collect();
        for threshold in [100, 40] {
            let below = |at: &usize| {
                let amount = self.rows[*at].amount_sat;
                amount < threshold && amount * 100 >= threshold * 80
            };
            let alone = |at: &&usize| {
                side.iter().filter(|e| self.tx(**e) == self.tx(**at) && below(e)).count() == 1
            };
            let found: BTreeSet<usize> =
                side.iter().filter(|at| below(at)).filter(alone).copied().collect();
            let list: Vec<usize> = found.iter().copied().collect();
            let amounts = || found.iter().map(|at| self.rows[*at].amount_sat);
            let (least, most) = (amounts().min().unwrap_or(0), amounts().max().unwrap_or(0));
            let enough = (most - least) * 1_000 >= most * 20
                && found.len() >= 2
                && found.len() * 100 >= txs.len() * 60;
            if enough && self.sum(&list) >= threshold && self.tx(*list.last()?) == tx {
                return Some((found, BTreeSet::new()));
            }
        }
        None
    }

    /// Those whose payer pays nobody else in the same transaction, and has kept next to nothing as of `tx`.
    fn whole(&self, of: &[usize], tx: u64, kept: u64) -> Vec<usize> {
        let is_whole = |at: &usize| {
            let row = &self.rows[*at];
            let alone =
                self.rows.iter().filter(|e| e.tx == row.tx && e.source == row.source).count() == 1;
            let own = self.real_or_dust(id(row.source), tx);
            let (got, gave) = (
                self.sum(&self.ins(id(row.source), &own)),
                self.sum(&self.outs(id(row.source), &own)),
            );
            alone && gave <= got && (got - gave) * 100 <= got * kept
        };
        of.iter().copied().filter(is_whole).collect()
    }

    /// All of a cluster but mixes.
    fn real_or_dust(&self, c: u32, tx: u64) -> Vec<usize> {
        let own = self.of(c, tx).into_iter();
        own.filter(|at| self.rows[*at].source != MIX && self.rows[*at].target != MIX).collect()
    }

    fn fan_in(&self, c: u32, tx: u64) -> Option<Parts> {
        let ins = self.ins(c, &self.window(c, tx, 900));
        let ins: Vec<usize> =
            ins.into_iter().filter(|at| self.subject(id(self.rows[*at].source))).collect();
        let whole = self.whole(&ins, tx, 50);
        let (n, n_whole) = (self.payers(&ins).len(), self.payers(&whole).len());
        let found = n >= 2 && self.sum(&ins) >= 20 && n_whole * 100 >= n * 50;
        (found && !self.now(c, tx, false).is_empty())
            .then(|| (ins.into_iter().collect(), BTreeSet::new()))
    }

    fn fan_out(&self, c: u32, tx: u64) -> Option<Parts> {
        let window = self.window(c, tx, 900);
        let (ins, outs) = (self.ins(c, &window), self.outs(c, &window));
        let fan: Vec<usize> =
            outs.iter().copied().filter(|at| self.subject(id(self.rows[*at].target))).collect();
        let to = |payee: u32| {
            let own = outs.iter().copied().filter(|at| id(self.rows[*at].target) == payee);
            self.sum(&own.collect::<Vec<_>>())
        };
        if self
            .payees(&outs)
            .into_iter()
            .any(|payee| to(payee) * 100 * self.payees(&outs).len() as u64 > self.sum(&outs) * 130)
        {
            return None;
        }
        let (got, gave) = (self.sum(&ins), self.sum(&outs));
        let found =
            self.payees(&fan).len() >= 2 && self.sum(&fan) >= 20 && self.payers(&ins).len() <= 3;
        let found = found && got * 100 >= gave * 60 && gave * 100 >= got * 60;
        let found = found && self.empty(c, tx, got * 40);
        (found && !self.now(c, tx, true).is_empty())
            .then(|| (fan.into_iter().collect(), BTreeSet::new()))
    }

    fn gather_scatter(&self, c: u32, tx: u64) -> Option<Parts> {
        if self.now(c, tx, true).is_empty() {
            return None;
        }
        let window = self.window(c, tx, 1_200);
        let all = self.sum(&self.ins(c, &window));
        let cut = (0..window.len()).find(|place| {
            let (before, after) = window.split_at(*place);
            let starts = id(self.rows[after[0]].source) == c;
            let (early, late) = (self.sum(&self.ins(c, before)), self.sum(&self.ins(c, after)));
            starts && late * 100 <= early * 30
        })?;
        let gathered = self.ins(c, &window[..cut]);
        let scattered = self.outs(c, &window[cut..]);
        let gave = self.sum(&scattered);
        let (n, n_whole) =
            (self.payers(&gathered).len(), self.payers(&self.whole(&gathered, tx, 90)).len());
        let found = n_whole * 100 >= n * 20
            && n >= 2
            && self.payees(&scattered).len() >= 2
            && all >= 20
            && gave <= all
            && gave * 100 >= all * 60
            && self.empty(c, tx, all * 40);
        found.then(|| (scattered.into_iter().collect(), gathered.into_iter().collect()))
    }

    fn scatter_gather(&self, last: u32, tx: u64) -> Vec<(u32, Parts)> {
        let ends = self.payees(&self.now(last, tx, true));
        let starts = (0..N).filter(|start| self.subject(*start));
        let both = starts.flat_map(|start| ends.iter().map(move |end| (start, *end)));
        both.filter(|(start, end)| start != end)
            .filter_map(|(start, end)| Some((start, self.branches(start, end, last, tx)?)))
            .collect()
    }

    /// All branches that lead from `start` to `end` as of `tx`, one of them over `last`.
    fn branches(&self, start: u32, end: u32, last: u32, tx: u64) -> Option<Parts> {
        let now = self.rows.iter().find(|row| row.tx.get() == tx)?.time.get();
        let near = |c: u32| self.near(&self.of(c, tx), now, 1_500);
        let outs = self.outs(start, &near(start));
        let mut payees: Vec<(usize, u32)> = Vec::new();
        let gifts = outs.iter().copied().filter(|at| self.real(*at));
        for at in gifts.filter(|at| id(self.rows[*at].target) != end) {
            let payee = id(self.rows[at].target);
            payees.retain(|(_, other)| *other != payee);
            payees.push((at, payee));
        }
        payees.reverse();
        payees.truncate(4);
        payees.sort_by_key(|(_, payee)| *payee);
        let (mut counted, mut shown, mut lasts) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (_, first) in payees {
            let gifts = self.ins(first, &outs).into_iter().filter(|at| self.real(*at));
            let mut way: BTreeSet<usize> = gifts.collect();
            let (mut payer, mut c) = (start, first);
            for _ in 0..3 {
                let Some((payee, given)) = self.relay(c, payer, &near(c)) else { break };
                if c == start || !self.subject(c) {
                    break;
                }
                if payee == end {
                    if lasts.insert(c) {
                        shown.append(&mut way);
                        counted.extend(given);
                    }
                    break;
                }
                way.extend(given);
                (payer, c) = (c, payee);
            }
        }
        let passed: Vec<usize> = counted.iter().copied().collect();
        let found = lasts.len() >= 2 && lasts.contains(&last) && self.sum(&passed) >= 20;
        found.then_some((counted, shown))
    }

    /// To whom a cluster gives, as one payment or several, about what `payer` gave it, and nothing to others.
    fn relay(&self, c: u32, payer: u32, own: &[usize]) -> Option<(u32, Vec<usize>)> {
        let is_gift = |at: &usize| self.real(*at) && id(self.rows[*at].source) == payer;
        let gifts: Vec<usize> = self.ins(c, own).into_iter().filter(is_gift).collect();
        let first = *gifts.first()?;
        let since = own.iter().copied().filter(|at| *at >= first);
        let later = self.outs(c, own).into_iter();
        let later: Vec<usize> =
            later.filter(|at| self.tx(*at) > self.tx(first) && self.real(*at)).collect();
        let (got, gave) = (self.sum(&gifts), self.sum(&later));
        let payees = self.payees(&later);
        let passes =
            since.count() <= 8 && payees.len() == 1 && gave <= got && gave * 100 >= got * 20;
        passes.then(|| (*payees.first().unwrap(), later))
    }

    fn pass_through(&self, c: u32, tx: u64) -> Option<Parts> {
        let now = self.payees(&self.now(c, tx, true));
        if now.len() != 1 || now.iter().any(|payee| !self.subject(*payee)) {
            return None;
        }
        let window = self.window(c, tx, 700);
        let (ins, outs) = (self.ins(c, &window), self.outs(c, &window));
        let (got, gave) = (self.sum(&ins), self.sum(&outs));
        let found = got >= 20
            && self.payers(&ins).is_disjoint(&self.payees(&outs))
            && gave <= got
            && gave * 100 >= got * 60
            && self.empty(c, tx, got * 40);
        found.then(|| (outs.into_iter().collect(), ins.into_iter().collect()))
    }

    /// Whether a cluster holds no more than so many hundredths, and what it holds is known.
    fn empty(&self, c: u32, tx: u64, most: u64) -> bool {
        let own: Vec<usize> = self
            .of(c, tx)
            .into_iter()
            .filter(|at| self.rows[*at].source != MIX && self.rows[*at].target != MIX)
            .collect();
        let (got, gave) = (self.sum(&self.ins(c, &own)), self.sum(&self.outs(c, &own)));
        gave <= got && (got - gave) * 100 <= most
    }

    fn dormancy(&self, c: u32, tx: u64) -> Option<Parts> {
        let own: Vec<usize> = self.of(c, tx).into_iter().filter(|at| self.real(*at)).collect();
        let now = self.rows.iter().find(|row| row.tx.get() == tx)?.time.get();
        let after = self.near(&own, now, 800);
        let before: Vec<usize> = own.iter().copied().filter(|at| !after.contains(at)).collect();
        let rest = self.time(*after.first()?) - self.time(*before.last()?);
        let held = self.sum(&self.ins(c, &before)).saturating_sub(self.sum(&self.outs(c, &before)));
        let outs = self.outs(c, &after);
        let (came, left) = (self.sum(&self.ins(c, &after)), self.sum(&outs));
        let of_tx =
            |tx: u64| outs.iter().copied().filter(|at| self.tx(*at) == tx).collect::<Vec<_>>();
        let txs = outs.iter().map(|at| self.tx(*at));
        let largest = txs.map(|tx| self.sum(&of_tx(tx))).max()?;
        let found = rest >= 1_500
            && held >= 20
            && left * 100 >= (held + came) * 60
            && largest * 100 <= left * 90;
        (found && !self.now(c, tx, true).is_empty())
            .then(|| (outs.into_iter().collect(), BTreeSet::new()))
    }

    fn nearby(&self, c: u32, tx: u64, kind: &str) -> Option<Parts> {
        let own = self.of(c, tx);
        let near = self.near(&own, self.time(*own.last()?), 900);
        let is_of = |at: &usize| {
            let row = &self.rows[*at];
            let other = if id(row.source) == c { id(row.target) } else { id(row.source) };
            row.amount_sat >= 3 && self.kind(other) == kind
        };
        let near: Vec<usize> = near.into_iter().filter(|at| is_of(at)).collect();
        let found = self.sum(&near) >= 20 && near.iter().any(|at| self.tx(*at) == tx);
        found.then(|| (near.into_iter().collect(), BTreeSet::new()))
    }

    fn cash_out(&self, c: u32, tx: u64) -> Option<(u32, Parts)> {
        let is_exchange = |cluster: u32| self.kind(cluster) == "exchange";
        if !self.now(c, tx, true).iter().any(|at| is_exchange(id(self.rows[*at].target))) {
            return None;
        }
        let own = self.cashed(c, tx, &is_exchange)?;
        let txs = |of: &BTreeSet<usize>| of.iter().map(|at| self.tx(*at)).collect::<BTreeSet<_>>();
        let payers: Vec<u32> =
            self.payers(&own.1.iter().copied().collect::<Vec<_>>()).into_iter().collect();
        if let ([payer], 1, 2..) = (&payers[..], txs(&own.0).len(), txs(&own.1).len()) {
            let is_till = |cluster: u32| cluster == c || is_exchange(cluster);
            let found = self.cashed(*payer, tx, &is_till).filter(|_| self.subject(*payer));
            return Some(found.map_or((c, own), |found| (*payer, found)));
        }
        Some((c, own))
    }

    fn cashed(&self, c: u32, tx: u64, is_till: &dyn Fn(u32) -> bool) -> Option<Parts> {
        let own = self.of(c, tx);
        let near = self.near(&own, self.time(*own.last()?), 900);
        let real: Vec<usize> = near.iter().copied().filter(|at| self.real(*at)).collect();
        let ins = self.ins(c, &real).into_iter();
        let ins: Vec<usize> = ins.filter(|at| !is_till(id(self.rows[*at].source))).collect();
        let outs = self.outs(c, &real).into_iter();
        let outs: Vec<usize> = outs.filter(|at| is_till(id(self.rows[*at].target))).collect();
        let beside = |at: &usize| {
            let mut paid = self.outs(c, &near).into_iter().filter(|e| self.tx(*e) == self.tx(*at));
            paid.any(|e| !is_till(id(self.rows[e].target)))
        };
        let (got, gave) = (self.sum(&ins), self.sum(&outs));
        let found = near.len() <= 9
            && got >= 20
            && gave <= got
            && gave * 100 >= got * 60
            && !outs.iter().any(beside)
            && self.empty(c, tx, got * 40);
        found.then(|| (outs.into_iter().collect(), ins.into_iter().collect()))
    }

    /// A payment that peels: payer, the small part, the large one if it left the payer, and what there was before.
    fn step(&self, c: u32, tx: u64) -> Option<(u32, usize, Option<usize>, u64)> {
        let rows: Vec<usize> = (0..self.rows.len()).filter(|at| self.tx(*at) == tx).collect();
        let is_mix = |at: &usize| self.rows[*at].target == MIX || self.rows[*at].source == MIX;
        if !self.subject(c) || rows.iter().any(is_mix) {
            return None;
        }
        let own = self.outs(c, &rows);
        let amount = |at: usize| self.rows[at].amount_sat;
        let found = match own[..] {
            [a, b] if amount(a) <= amount(b) => (c, a, Some(b), amount(a) + amount(b)),
            [a, b] => (c, b, Some(a), amount(a) + amount(b)),
            [a] => {
                let before: Vec<usize> = self.real_or_dust(c, tx.checked_sub(1)?);
                let held = self
                    .sum(&self.ins(c, &before))
                    .checked_sub(self.sum(&self.outs(c, &before)))?;
                (c, a, None, held)
            }
            _ => return None,
        };
        (amount(found.1) * 100 <= found.3 * 30).then_some(found)
    }

    /// The chain of steps that ends with this one, newest first.
    fn chain(&self, c: u32, tx: u64) -> Vec<(u32, usize, Option<usize>, u64)> {
        let mut chain = Vec::new();
        let Some(last) = self.step(c, tx) else { return chain };
        chain.push(last);
        let (mut payer, mut tx, mut spent, mut n_moves) = (c, tx, last.3, 0);
        loop {
            let own = self.of(payer, tx);
            let earlier = own.into_iter().rfind(|at| self.tx(*at) < tx && self.real(*at));
            let Some(funding) = earlier else { return chain };
            let row = &self.rows[funding];
            let time =
                self.rows.iter().find(|row| row.tx.get() == tx).map_or(0, |row| row.time.get());
            let (from, at) = (id(row.source), row.tx.get());
            if time - row.time.get() > 900 {
                return chain;
            }
            let step = self.step(from, at);
            if from == payer {
                let Some(step) = step.filter(|step| step.2.is_none()) else { return chain };
                let left = step.3 - self.rows[step.1].amount_sat;
                if spent > left || spent * 100 < left * 90 {
                    return chain;
                }
                chain.push(step);
                (tx, spent, n_moves) = (at, step.3, 0);
                continue;
            }
            if spent > row.amount_sat || spent * 100 < row.amount_sat * 90 {
                return chain;
            }
            if let Some(step) = step {
                if step.2 != Some(funding) {
                    return chain;
                }
                chain.push(step);
                (payer, tx, spent, n_moves) = (from, at, step.3, 0);
                continue;
            }
            let alone = |e: &&Transfer| e.tx.get() == at && id(e.source) == from;
            n_moves += 1;
            if self.rows.iter().filter(alone).count() != 1 || !self.subject(from) || n_moves > 2 {
                return chain;
            }
            (payer, tx, spent) = (from, at, row.amount_sat);
        }
    }

    fn peeling(&self, c: u32, tx: u64) -> Option<(u32, Parts)> {
        let mut chain = self.chain(c, tx);
        while chain.last().is_some_and(|step| !self.begins(step)) {
            chain.pop();
        }
        let first = chain.last()?;
        let rest = first.3 - self.rows[first.1].amount_sat;
        let sums = || chain.iter().map(|step| self.rows[step.1].amount_sat);
        let is_even = sums().max()? * 100 < sums().min()? * 120;
        let is_payout = is_even && chain.iter().all(|step| step.2.is_none());
        let found =
            chain.len() >= 2 && rest >= 20 && !is_payout && !self.now(c, tx, true).is_empty();
        let small = chain.iter().map(|step| step.1).collect();
        let large = chain.iter().filter_map(|step| step.2).collect();
        found.then_some((first.0, (small, large)))
    }

    /// Whether a payer that keeps the rest was just paid most of what it has, in one payment.
    fn begins(&self, (payer, small, large, held): &(u32, usize, Option<usize>, u64)) -> bool {
        let mut own = self.of(*payer, self.tx(*small)).into_iter();
        let earlier = own.rfind(|at| self.tx(*at) < self.tx(*small) && self.real(*at));
        let is_coin = |at: usize| {
            let row = &self.rows[at];
            id(row.target) == *payer
                && self.time(*small) - self.time(at) <= 900
                && row.amount_sat * 100 >= held * 90
        };
        large.is_some() || earlier.is_some_and(is_coin)
    }
}

/// Levels of clusters that pass on: who has how much of the money, and by which transaction it came.
type Level = std::collections::BTreeMap<u32, (u64, u64)>;

impl List<'_> {
    /// What a cluster got and gave around its payment in `tx`, as seen in `until`, if it passed it on.
    fn passed(&self, c: u32, tx: u64, until: u64) -> Option<(Vec<usize>, Vec<usize>)> {
        let own = self.of(c, until);
        let time = self.time(*own.iter().find(|at| self.tx(**at) == tx)?);
        // As far back as nothing is too old, and nothing much later.
        let fresh = |at: usize| self.time(at) + 700 >= time;
        let own: Vec<usize> = own
            .iter()
            .copied()
            .filter(|at| own.iter().filter(|e| *e >= at).all(|e| fresh(*e)))
            .collect();
        let own: Vec<usize> =
            own.into_iter().filter(|at| self.real(*at) && self.time(*at) - time <= 700).collect();
        let (ins, outs) = (self.ins(c, &own), self.outs(c, &own));
        let (got, gave) = (self.sum(&ins), self.sum(&outs));
        let passes = self.subject(c)
            && self.step(c, tx).is_none_or(|step| step.2.is_none())
            && got > 0
            && gave <= got
            && gave * 100 >= got * 60;
        passes.then_some((ins, outs))
    }

    fn layering(&self, c: u32, tx: u64) -> Vec<(u32, Parts)> {
        if self.now(c, tx, true).is_empty() {
            return Vec::new();
        }
        let (mut at, mut by) = (c, tx);
        let mut above = Vec::new();
        while above.len() < 32 {
            let Some((ins, _)) = self.passed(at, by, tx) else { break };
            let largest = ins
                .into_iter()
                .filter(|e| self.tx(*e) < by)
                .max_by_key(|e| (self.rows[*e].amount_sat, self.tx(*e)));
            let Some(funding) = largest else { break };
            above.push((at, funding));
            (at, by) = (id(self.rows[funding].source), self.tx(funding));
        }
        above.into_iter().skip(1).filter_map(|(top, funding)| self.mass(top, funding, tx)).collect()
    }

    /// Where the money of a first cluster went, if enough of it goes on.
    fn mass(&self, top: u32, funding: usize, tx: u64) -> Option<(u32, Parts)> {
        let got = self.rows[funding].amount_sat;
        if got < 20 {
            return None;
        }
        let mut shown = BTreeSet::new();
        let mut met = BTreeSet::new();
        let mut level = Level::from([(top, (got, self.tx(funding)))]);
        let mut moved = Vec::new();
        while moved.len() < 32 {
            let mut next = Level::new();
            moved.push(
                level
                    .iter()
                    .map(|(c, from)| self.pass_on(*c, *from, tx, &mut met, &mut next, &mut shown))
                    .sum::<u64>(),
            );
            if *moved.last()? == 0 || moved.last()? * 100 < moved[0] * 50 {
                moved.pop();
                break;
            }
            level = next;
        }
        (moved.len() >= 2).then(|| (top, (BTreeSet::from([funding]), shown)))
    }

    fn pass_on(
        &self,
        c: u32,
        (got, since): (u64, u64),
        until: u64,
        met: &mut BTreeSet<u32>,
        next: &mut Level,
        shown: &mut BTreeSet<usize>,
    ) -> u64 {
        if !met.insert(c) {
            return 0;
        }
        let later: Vec<usize> = self
            .of(c, until)
            .into_iter()
            .filter(|at| self.tx(*at) > since && self.real(*at))
            .collect();
        let Some(first) = self.outs(c, &later).first().copied() else { return 0 };
        let Some((ins, outs)) = self.passed(c, self.tx(first), until) else { return 0 };
        if !ins.iter().any(|at| self.tx(*at) == since) {
            return 0;
        }
        let (all_in, all_out) = (self.sum(&ins), self.sum(&outs));
        for out in outs.into_iter().filter(|at| self.tx(*at) > since) {
            let row = &self.rows[out];
            let to = next.entry(id(row.target)).or_insert((0, row.tx.get()));
            *to = (to.0 + row.amount_sat * got.min(all_in) / all_in, to.1.min(row.tx.get()));
            shown.insert(out);
        }
        got.min(all_in).min(all_out)
    }
}

/// All cycles of the list, by the stream of `graph` with transactions for time, and what the window asks for besides.
fn cycles(list: &List<'_>) -> Vec<(u32, u64, Parts)> {
    let real: Vec<usize> = (0..list.rows.len()).filter(|at| list.real(*at)).collect();
    let column =
        |of: fn(&Transfer) -> u32| real.iter().map(|at| of(&list.rows[*at])).collect::<Vec<u32>>();
    let (source, target) = (column(|row| id(row.source)), column(|row| id(row.target)));
    let time = column(|row| u32::try_from(row.tx.get()).unwrap());
    let weight: Vec<u64> = real.iter().map(|at| list.rows[*at].amount_sat).collect();
    let edges = TemporalEdges::new(&source, &target, &time, &weight).unwrap();
    let mut stream = CycleStream::new(CycleOptions {
        length_max: 5,
        window: 1_000,
        order: EdgeOrder::Strict,
        weight_min: 3,
        weight_ratio_ppm: Some(500_000..=1_000_000),
        edges_visited_max: u64::MAX,
    });
    let found = stream.push(edges, |node| !list.subject(node)).unwrap();
    assert!(found.truncated.is_empty());
    let mut out = Vec::new();
    for cycle in found.cycles {
        let at: Vec<usize> =
            cycle.edges.iter().map(|edge| real[usize::try_from(*edge).unwrap()]).collect();
        let last = *at.last().unwrap();
        // Every transfer but the closing one is near as its payee's newest ones are.
        let near = at.windows(2).all(|pair| {
            let payee = id(list.rows[pair[0]].target);
            let own = list.of(payee, list.tx(pair[1]));
            list.near(&own, list.time(last), 1_500).contains(&pair[0])
        });
        let home = list.of(cycle.nodes[0], list.tx(last));
        let few = list.near(&home, list.time(*home.last().unwrap()), 1_500).len() <= 9;
        if at.len() >= 3 && near && few && list.rows[at[0]].amount_sat >= 20 {
            let shown = at[1..].iter().copied().collect();
            out.push((cycle.nodes[0], list.tx(last), (BTreeSet::from([at[0]]), shown)));
        }
    }
    out
}

/// All finds of a detector; `None` for the one that has an oracle of its own.
fn search(list: &List<'_>, name: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut push = |cluster: u32, tx: u64, (counted, shown): Parts| {
        let height = list.rows.iter().find(|row| row.tx.get() == tx).unwrap().height.get();
        let all: BTreeSet<usize> = counted.union(&shown).copied().collect();
        let mut txs: Vec<u64> = all.iter().map(|at| list.tx(*at)).chain([tx]).collect();
        txs.sort_unstable();
        found.push(Found { cluster, txs, height, counted, all });
    };
    if name == "temporal_cycle" {
        cycles(list).into_iter().for_each(|(cluster, tx, parts)| push(cluster, tx, parts));
        return found;
    }
    let txs: BTreeSet<u64> = list.rows.iter().map(|row| row.tx.get()).collect();
    for tx in txs {
        for c in (0..N).filter(|c| list.subject(*c)) {
            if !list.of(c, tx).iter().any(|at| list.tx(*at) == tx) {
                continue;
            }
            let own = match name {
                "structuring"
                    if list.now(c, tx, true).is_empty() && list.now(c, tx, false).is_empty() =>
                {
                    None
                }
                "structuring" => list.structuring(c, tx),
                "fan_in" => list.fan_in(c, tx),
                "fan_out" => list.fan_out(c, tx),
                "gather_scatter" => list.gather_scatter(c, tx),
                "pass_through" => list.pass_through(c, tx),
                "dormancy_then_drain" => list.dormancy(c, tx),
                "mixer_within_a_hop" => list.nearby(c, tx, "mixing"),
                "bridge_within_a_hop" => list.nearby(c, tx, "defi"),
                _ => None,
            };
            own.into_iter().for_each(|parts| push(c, tx, parts));
            if name == "scatter_gather" {
                list.scatter_gather(c, tx)
                    .into_iter()
                    .for_each(|(start, parts)| push(start, tx, parts));
            }
            if name == "layering" {
                list.layering(c, tx).into_iter().for_each(|(top, parts)| push(top, tx, parts));
            }
            if name == "rapid_cash_out" {
                list.cash_out(c, tx).into_iter().for_each(|(of, parts)| push(of, tx, parts));
            }
            if name == "peeling_chain" {
                list.peeling(c, tx).into_iter().for_each(|(head, parts)| push(head, tx, parts));
            }
        }
    }
    found
}

/// Joins finds about one cluster whose transactions overlap, until nothing changes.
fn joined(mut found: Vec<Found>) -> Vec<Found> {
    loop {
        let overlap = |a: &Found, b: &Found| {
            let ends = |f: &Found| (*f.txs.first().unwrap(), *f.txs.last().unwrap());
            a.cluster == b.cluster && ends(a).0 <= ends(b).1 && ends(b).0 <= ends(a).1
        };
        let pair = (0..found.len())
            .flat_map(|a| (a + 1..found.len()).map(move |b| (a, b)))
            .find(|(a, b)| overlap(&found[*a], &found[*b]));
        let Some((a, b)) = pair else { return found };
        let other = found.remove(b);
        let one = &mut found[a];
        one.txs.extend(other.txs);
        one.txs.sort_unstable();
        one.height = one.height.min(other.height);
        one.counted.extend(other.counted);
        one.all.extend(other.all);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn detectors_find_what_a_search_finds(payments in payments(30), entities in entities()) {
        let world = World::new((0..N).collect(), entities);
        let rows = world.rows(&payments);
        let list = List { rows: transfers(&payments, &world.labels), world: &world, options: options() };
        prop_assert_eq!(list.options.transfer_sat_min, 3);
        for detector in DETECTORS {
            let mut expected: Vec<_> = joined(search(&list, detector.name)).into_iter().map(|f| {
                let txs: BTreeSet<u64> = f.all.iter().map(|at| list.tx(*at)).collect();
                let amount = f.counted.iter().map(|at| u128::from(list.rows[*at].amount_sat)).sum::<u128>();
                (f.cluster, txs.into_iter().collect::<Vec<_>>(), f.height, amount, f.all.len() as u64)
            }).collect();
            expected.sort();
            let own = rows.iter().filter(|row| row.pattern == detector.number);
            let mut own: Vec<_> = own.map(|row| {
                let txs: Vec<u64> = row.evidence.iter().map(|tx| tx.get()).collect();
                (id(row.cluster), txs, row.height.get(), row.amount.units(), row.n_transfers)
            }).collect();
            own.sort();
            prop_assert_eq!(own, expected, "{}", detector.name);
        }
    }
}

/// Guards the test above: that each detector finds something in such worlds, and that most worlds do not show it.
#[test]
fn small_worlds_show_every_pattern() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut n_shown = vec![0; DETECTORS.len() + 1];
    for _ in 0..300 {
        let payments = payments(30).new_tree(&mut runner).unwrap().current();
        let entities = entities().new_tree(&mut runner).unwrap().current();
        let rows = World::new((0..N).collect(), entities).rows(&payments);
        let shown: BTreeSet<u8> = rows.iter().map(|row| row.pattern).collect();
        shown.into_iter().for_each(|number| n_shown[usize::from(number)] += 1);
    }
    for detector in DETECTORS {
        let n = n_shown[usize::from(detector.number)];
        assert!((5..295).contains(&n), "{}: in {n} of 300 worlds", detector.name);
    }
}
