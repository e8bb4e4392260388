//! Scatter-gather: one pays several, each of which passes it on, perhaps through others, to the same one.
//!
//! In: a payment from a cluster between to the one at the end; backwards who may have started it; forwards what became of all that
//! a start paid. Out: a hit about the one at the start, where at least `mids_min` branches lead from it to the one at the end
//! within the window, each over at most `relays_max` clusters that give between `out_percent_min` % and all of what the one
//! before gave them to one other, and nothing to anybody else, and each over another last one.
//! Source: AMLSim's scatter-gather (Suzumura, Kanezashi, 2021); FATF 2020, "Transaction patterns".
//! Departures: each one between must keep nothing; those who get a wage and pay the same exchange keep most of it. Branches of any
//! length up to a bound, since a further wallet in each costs a launderer nothing.
//! Cost: O(payees of a possible start within the window × `relays_max` × their events) for a payment; bounds in the options.
//! Checked against: all branches by filter (`tests/it/patterns_oracle.rs`).

use std::collections::{BTreeMap, BTreeSet};

use super::history::Event;
use super::hits::{Entry, Hit, Joined, span};
use super::scene::{Moment, Scene, is_share, n_others};
use super::{Detector, PatternOptions};

pub(super) const SCATTER_GATHER: Detector = Detector {
    number: 5,
    name: "scatter_gather",
    about: "one pays several, each of which passes it on, perhaps through others, to the same one",
    fatf: "Transaction patterns: several accounts are used between the same two ends, with no logical explanation",
    window_s: |options| options.scatter_gather.window_s,
    find,
    describe,
};

fn find(moment: &Moment<'_>, hits: &mut Vec<Hit>) {
    // A cluster that gave all that it got gave it to one; this payment has to be a part of it.
    let mut ends = moment.paying().map(|event| event.other);
    let Some(end) = ends.next().filter(|end| ends.all(|other| other == *end)) else { return };
    if !may_end(moment.scene, moment.scene.history.upto(end, moment.tx)) {
        return;
    }
    let fan = Fan { scene: moment.scene, tx: moment.tx, now: moment.now[0].time };
    for start in fan.starts(moment.cluster, end) {
        hits.extend(
            fan.between(start, end, moment.cluster)
                .map(|entries| moment.hit(SCATTER_GATHER.number, start, 0, entries)),
        );
    }
}

/// Whether so many pay a cluster of these events that branches may come together there; of a busy one it is not asked.
pub(super) fn may_end(scene: Scene<'_>, own: &[Event]) -> bool {
    let options = &scene.options.scatter_gather;
    if own.len() > options.relay_events_max as usize {
        return true;
    }
    let paid = own.iter().filter(|event| event.is_in() && scene.counts(event));
    n_others(paid) >= options.mids_min as usize
}

/// What a cluster passed on of what another gave it.
struct Relayed<'s> {
    payee: u32,
    outs: Vec<&'s Event>,
}

/// To whom a cluster passes on what `payer` gave it: the events are its own from the first of those gifts on. `None` if it keeps more
/// than it may, pays two, or is too busy to be a wallet between.
fn relayed<'s>(scene: Scene<'_>, own: &'s [Event], payer: u32) -> Option<Relayed<'s>> {
    let options = &scene.options.scatter_gather;
    let first = own.first()?;
    if own.len() > options.relay_events_max as usize {
        return None;
    }
    let (mut got_sat, mut given_sat, mut outs) = (0u128, 0u128, Vec::<&Event>::new());
    for event in own.iter().filter(|event| scene.counts(event)) {
        if event.is_in() {
            got_sat += if event.other == payer { u128::from(event.amount_sat) } else { 0 };
        } else if event.tx > first.tx {
            if outs.first().is_some_and(|out| out.other != event.other) {
                return None;
            }
            given_sat += u128::from(event.amount_sat);
            outs.push(event);
        }
    }
    let passes = given_sat <= got_sat && is_share(given_sat, options.out_percent_min, got_sat);
    Some(Relayed { payee: outs.first().filter(|_| passes)?.other, outs })
}

/// The payees that a cluster may pass on to, whatever the payer and the transaction that it is seen from.
pub(super) fn ever_relayed(scene: Scene<'_>, own: &[Event]) -> BTreeSet<u32> {
    let options = &scene.options.scatter_gather;
    let mut payees = BTreeSet::new();
    for (at, first) in own.iter().enumerate().filter(|(_, event)| event.is_in()) {
        let (mut got_sat, mut given_sat, mut payee) = (0u128, 0u128, None);
        for event in own[at..].iter().take(options.relay_events_max as usize) {
            if !scene.counts(event) {
                continue;
            }
            let sat = u128::from(event.amount_sat);
            if event.is_in() {
                got_sat += if event.other == first.other { sat } else { 0 };
            } else if event.tx > first.tx {
                if payee.is_some_and(|payee| payee != event.other) {
                    break;
                }
                (given_sat, payee) = (given_sat + sat, Some(event.other));
            }
            // Within a transaction the last sum decides, but more than needed does no harm.
            if given_sat <= got_sat && is_share(given_sat, options.out_percent_min, got_sat) {
                payees.extend(payee);
            }
        }
    }
    payees
}

/// What is seen from one transaction.
#[derive(Clone, Copy)]
struct Fan<'s> {
    scene: Scene<'s>,
    tx: u32,
    now: u32,
}

/// Branches from one start to one end.
#[derive(Default)]
struct Branches {
    lasts: BTreeSet<u32>,
    entries: Vec<Entry>,
    passed_sat: u128,
}

impl<'s> Fan<'s> {
    /// The events of a cluster within the window, dust among them.
    fn near(&self, cluster: u32) -> &'s [Event] {
        let window_s = self.scene.options.scatter_gather.window_s;
        let own = self.scene.lifetime(self.scene.history.upto(cluster, self.tx));
        let is_near = |event: &&Event| self.now.saturating_sub(event.time) <= window_s;
        let n_near = own.iter().rev().take_while(is_near).count();
        &own[own.len() - n_near..]
    }

    /// What a cluster passes on of what `payer` gave it.
    fn relayed(&self, cluster: u32, payer: u32) -> Option<Relayed<'s>> {
        let own = self.near(cluster);
        let is_gift =
            |event: &Event| event.is_in() && event.other == payer && self.scene.counts(event);
        let first = own.iter().position(is_gift)?;
        relayed(self.scene, &own[first..], payer)
    }

    /// Whoever may have started what the last one between passes on to `end`.
    fn starts(&self, last: u32, end: u32) -> BTreeSet<u32> {
        let (mut found, mut met) = (BTreeSet::new(), BTreeSet::new());
        let mut level = vec![(last, end)];
        for _ in 0..self.scene.options.scatter_gather.relays_max {
            let mut next = Vec::new();
            for (cluster, payee) in level {
                for payer in self.givers(cluster, payee) {
                    let passes_on = |relayed: Relayed<'_>| relayed.payee == payee;
                    if payer == end
                        || !self.scene.is_subject(payer)
                        || !self.relayed(cluster, payer).is_some_and(passes_on)
                    {
                        continue;
                    }
                    found.insert(payer);
                    if met.insert((payer, cluster)) {
                        next.push((payer, cluster));
                    }
                }
            }
            level = next;
        }
        found
    }

    /// Who paid a cluster what it may have passed on to `payee`: behind its last payment to anybody else, and so lately
    /// that it is not too busy. What they gave earlier is for [`relayed`] to see.
    fn givers(&self, cluster: u32, payee: u32) -> BTreeSet<u32> {
        let own = self.near(cluster);
        let is_counted_gift = |event: &&Event| event.is_in() && self.scene.counts(event);
        let is_other =
            |event: &Event| !event.is_in() && event.other != payee && self.scene.counts(event);
        let since = own.iter().rfind(|event| is_other(event)).map_or(0, |event| event.tx);
        let n_max = self.scene.options.scatter_gather.relay_events_max as usize;
        let lately = own[own.len().saturating_sub(n_max)..].iter();
        // A gift in the very transaction of that payment is no part of what it passed on.
        let lately = lately.filter(|event| event.tx >= since);
        lately.filter(is_counted_gift).map(|event| event.other).collect()
    }

    /// The transfers of all branches from `start` to `end`, if they are enough and one of them ends with `last`.
    fn between(&self, start: u32, end: u32, last: u32) -> Option<Vec<Entry>> {
        let options = &self.scene.options.scatter_gather;
        let mut scattered: BTreeMap<u32, Vec<Entry>> = BTreeMap::new();
        for event in self.near(start).iter().rev() {
            let is_gift = event.other != end && !event.is_in() && self.scene.counts(event);
            let is_new = !scattered.contains_key(&event.other);
            if is_gift && !(is_new && scattered.len() >= options.payees_max as usize) {
                scattered.entry(event.other).or_default().push(Entry::of(start, event, false));
            }
        }
        if scattered.len() < options.mids_min as usize {
            return None;
        }
        let mut all = Branches::default();
        for (first, gifts) in scattered {
            self.follow(start, first, end, gifts, &mut all);
        }
        let enough = all.lasts.len() >= options.mids_min as usize
            && all.lasts.contains(&last)
            && all.passed_sat >= u128::from(options.amount_sat_min);
        enough.then_some(all.entries)
    }

    /// Follows one branch, and adds it if it comes to the end.
    fn follow(&self, start: u32, first: u32, end: u32, gifts: Vec<Entry>, all: &mut Branches) {
        let (mut payer, mut cluster, mut entries) = (start, first, gifts);
        for _ in 0..self.scene.options.scatter_gather.relays_max {
            if cluster == start || !self.scene.is_subject(cluster) {
                return;
            }
            let Some(Relayed { payee, outs }) = self.relayed(cluster, payer) else { return };
            let is_last = payee == end;
            entries.extend(outs.iter().map(|out| Entry::of(cluster, out, is_last)));
            if is_last {
                if all.lasts.insert(cluster) {
                    all.passed_sat +=
                        outs.iter().map(|out| u128::from(out.amount_sat)).sum::<u128>();
                    all.entries.append(&mut entries);
                }
                return;
            }
            (payer, cluster) = (cluster, payee);
        }
    }
}

fn describe(joined: &Joined, options: &PatternOptions) -> String {
    let is_last = joined.entries.iter().filter(|entry| entry.is_counted);
    let lasts: BTreeSet<u32> = is_last.map(|entry| entry.payer).collect();
    format!(
        "{} branches come together again within {} (threshold {} in {})",
        lasts.len(),
        joined.span(),
        options.scatter_gather.mids_min,
        span(options.scatter_gather.window_s)
    )
}
