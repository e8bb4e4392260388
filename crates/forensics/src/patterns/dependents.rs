//! Which clusters are evaluated again when transfers or entities change.
//!
//! In: the transfers that changed (all of a cluster whose entity changed), and the scene before or after. Out: every cluster
//! at which some detector may answer otherwise, with the first transaction from which on. More than these do no harm.
//! A detector that reads one cluster's events depends on both ends of a changed transfer. One that follows money depends on
//! all that it may read from there: the ways here are those of the detectors, walked from the change on instead of from the
//! cluster that is evaluated. Ways of the scene before lead to hits that go, those after to hits that come.
//! Checked against: all made from empty (`tests/it/patterns_laws.rs`).

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::history::{Event, MIX, Narrow};
use super::peeling_chain::{moved, split};
use super::scatter_gather::{ever_relayed, may_end};
use super::scene::{Scene, is_share};
use super::temporal_cycle::follows;

/// A transfer that changed, or whose payer or payee is held by somebody else now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed {
    payer: u32,
    payee: u32,
    tx: u32,
    time: u32,
    amount_sat: u64,
}

impl Seed {
    pub(super) fn of(row: &Narrow) -> Self {
        let [(_, event), ..] = row.both();
        Self::seen(row.source, &event)
    }

    fn payer(&self) -> Place {
        Place { cluster: self.payer, tx: self.tx, time: self.time }
    }

    fn payee(&self) -> Place {
        Place { cluster: self.payee, ..self.payer() }
    }

    /// A transfer as one of its ends sees it.
    pub(super) fn seen(cluster: u32, event: &Event) -> Self {
        let (payer, payee) =
            if event.is_in() { (event.other, cluster) } else { (cluster, event.other) };
        let Event { tx, time, amount_sat, .. } = *event;
        Self { payer, payee, tx, time, amount_sat }
    }
}

/// From which transaction on a cluster is evaluated again, [`u32::MAX`] for never.
#[derive(Clone, Copy, Debug)]
pub(super) struct Since {
    /// By every detector.
    pub(super) all: u32,
    /// By that of layering: half of all dependents are far down what others pass on, and nothing else looks so far.
    pub(super) layering: u32,
}

impl Since {
    const NEVER: Self = Self { all: u32::MAX, layering: u32::MAX };
    pub(super) const ALWAYS: Self = Self { all: 0, layering: 0 };
}

/// Clusters to be evaluated again.
pub(super) struct Dependents {
    pub(super) since: BTreeMap<u32, Since>,
    /// How many events were looked at, and how many may be.
    work: Cell<usize>,
    work_max: usize,
}

/// A cluster at a transfer of it: where a way has come to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    cluster: u32,
    tx: u32,
    time: u32,
}

impl Place {
    fn other(event: &Event) -> Self {
        Self { cluster: event.other, tx: event.tx, time: event.time }
    }
}

/// Where ways of one scene have been: who comes there again comes from a later change, and adds nothing.
#[derive(Default)]
struct Met {
    /// Clusters between and ends of branches. All these go by the time about which a cluster was looked at: a busy one has
    /// thousands of transactions in a day, and no more than 144 times.
    relays: BTreeMap<(u32, u32), u32>,
    ends: BTreeSet<(u32, u32)>,
    /// By transaction: a step has one next one.
    peels: BTreeSet<(u32, u32)>,
    /// Clusters whose later payments were looked at.
    holders: BTreeSet<u32>,
    givers: BTreeSet<u32>,
    tops: BTreeSet<(u32, u32)>,
    layers: BTreeSet<(u32, u32)>,
    /// Payments of layers upwards and downwards, by payer and stretch of time.
    passed: [BTreeSet<(u32, u32)>; 2],
}

impl Dependents {
    /// With nothing noted; gives up once it has looked at so many events.
    pub(super) fn within(work_max: usize) -> Self {
        Self { since: BTreeMap::new(), work: Cell::new(0), work_max }
    }

    /// Whether it gave up: `since` lacks clusters then.
    pub(super) fn is_spent(&self) -> bool {
        self.work.get() > self.work_max
    }

    /// Adds those that depend on these transfers.
    pub(super) fn add(&mut self, scene: Scene<'_>, seeds: &[Seed]) {
        let mut seeds = seeds.to_vec();
        seeds.sort_unstable_by_key(|seed| (seed.tx, seed.payer, seed.payee));
        let mut met = Met::default();
        for seed in &seeds {
            if self.is_spent() {
                return;
            }
            self.mark(scene, seed.payer, seed.tx);
            self.mark(scene, seed.payee, seed.tx);
            if seed.payer == MIX.get().get() || seed.payee == MIX.get().get() {
                continue;
            }
            self.add_scattered(scene, seed, &mut met);
            self.add_cycles(scene, seed);
            self.add_peels(scene, seed, &mut met);
            self.add_gathered(scene, seed, &mut met);
            self.add_layers(scene, seed, &mut met);
        }
    }

    /// Notes a cluster, unless it takes part in nothing from that transaction on.
    fn mark(&mut self, scene: Scene<'_>, cluster: u32, tx: u32) {
        if takes_part(scene, cluster, tx) {
            let since = self.since.entry(cluster).or_insert(Since::NEVER);
            since.all = since.all.min(tx);
        }
    }

    fn mark_layer(&mut self, scene: Scene<'_>, cluster: u32, tx: u32) {
        if takes_part(scene, cluster, tx) {
            let since = self.since.entry(cluster).or_insert(Since::NEVER);
            since.layering = since.layering.min(tx);
        }
    }

    /// Whoever pays an end that the transfer may lead to: there the branches of a start come together.
    fn add_scattered(&mut self, scene: Scene<'_>, seed: &Seed, met: &mut Met) {
        let options = &scene.options.scatter_gather;
        let span_s = options.window_s.saturating_add(DISORDER_S);
        let at = |cluster| Place { cluster, ..seed.payee() };
        let mut level = vec![seed.payer, seed.payee];
        let paid = near(&self.work, scene, seed.payer(), false, span_s).map(|event| event.other);
        let paid: BTreeSet<u32> = paid.collect();
        if paid.len() > options.payees_max as usize && scene.is_subject(seed.payer) {
            // The newest payees of a start are looked at: another one pushes one out.
            level.extend(paid);
        }
        for depth in 0..options.relays_max {
            let mut next = Vec::new();
            for cluster in level {
                // Whoever was met at the end of a way has to be followed from its beginning.
                let least = met.relays.entry((cluster, seed.time)).or_insert(u32::MAX);
                if *least <= depth || !scene.is_subject(cluster) {
                    continue;
                }
                *least = depth;
                let own: Vec<Event> =
                    about(&self.work, scene, at(cluster), span_s).copied().collect();
                for end in ever_relayed(scene, &own) {
                    next.push(end);
                    let may_end = may_end(scene, scene.history.of(end));
                    if may_end && met.ends.insert((end, seed.time)) {
                        for event in near(&self.work, scene, at(end), true, span_s) {
                            self.mark(scene, event.other, seed.tx);
                        }
                    }
                }
            }
            level = next;
        }
    }

    /// Clusters that the money can come back to.
    fn add_cycles(&mut self, scene: Scene<'_>, seed: &Seed) {
        let options = &scene.options.temporal_cycle;
        let mut met = BTreeSet::new();
        let mut level = vec![(seed.payee().cluster, seed.tx, seed.amount_sat)];
        for _ in 1..options.length_max {
            let mut next = Vec::new();
            for (cluster, tx, amount_sat) in level {
                let at = Place { cluster, ..seed.payee() };
                let later = near(&self.work, scene, at, false, options.window_s);
                for event in later.filter(|event| event.tx > tx && scene.counts(event)) {
                    let goes_on = follows(amount_sat, event.amount_sat, options.kept_percent_min);
                    if goes_on && met.insert((cluster, event.tx, event.other)) {
                        self.mark(scene, event.other, seed.tx);
                        if scene.is_subject(event.other) {
                            next.push((event.other, event.tx, event.amount_sat));
                        }
                    }
                }
            }
            level = next;
        }
    }

    /// Clusters down the chains that the payment is a step of, or pays for.
    fn add_peels(&mut self, scene: Scene<'_>, seed: &Seed, met: &mut Met) {
        let paid = scene.history.upto(seed.payer, seed.tx).iter().rev();
        let siblings = paid.take_while(|event| event.tx == seed.tx).map(Place::other);
        let mut below: Vec<Place> = siblings.chain([seed.payee()]).collect();
        // What both ends hold is another sum from now on.
        for place in [seed.payer(), seed.payee()] {
            let later = known(scene, place.cluster);
            let later = later.iter().filter(|event| event.tx >= seed.tx);
            if scene.is_subject(place.cluster) && met.holders.insert(place.cluster) {
                let own = |event: &Event| Place { cluster: place.cluster, ..Place::other(event) };
                below.extend(later.map(own));
            }
        }
        while let Some(place) = below.pop().filter(|_| !self.is_spent()) {
            self.mark(scene, place.cluster, seed.tx);
            if !met.peels.insert((place.cluster, place.tx)) {
                continue;
            }
            for event in next(&self.work, scene, place) {
                if event.time.saturating_sub(place.time) > scene.options.peeling_chain.step_s {
                    break;
                }
                // Whoever keeps the rest goes on itself.
                below.push(Place { cluster: place.cluster, ..Place::other(event) });
                let large = split(scene, place.cluster, event.tx).and_then(|step| step.large);
                let large = large.or_else(|| moved(scene, place.cluster, event.tx));
                below.extend(large.map(Place::other));
            }
        }
    }

    /// Clusters that are paid, shortly before or any time later, by those whose balance changed: what their payers keep counts.
    fn add_gathered(&mut self, scene: Scene<'_>, seed: &Seed, met: &mut Met) {
        let options = scene.options;
        let window_s = options.fan_in.window_s.max(options.gather_scatter.window_s);
        let window_s = window_s.max(options.rapid_cash_out.dwell_s);
        let since = seed.time.saturating_sub(window_s.saturating_add(DISORDER_S));
        for cluster in [seed.payer, seed.payee] {
            if met.givers.insert(cluster) {
                let outs = known(scene, cluster).iter();
                for event in outs.filter(|event| !event.is_in() && event.time >= since) {
                    self.mark(scene, event.other, seed.tx);
                }
            }
        }
    }

    /// Clusters on all levels of what passes the payer or the payee.
    fn add_layers(&mut self, scene: Scene<'_>, seed: &Seed, met: &mut Met) {
        let dwell_s = scene.options.layering.dwell_s;
        let both = [seed.payer(), seed.payee()];
        let mut below = Vec::new();
        let mut above = both.to_vec();
        while let Some(place) = above.pop().filter(|_| !self.is_spent()) {
            if !met.tops.insert((place.cluster, place.time)) {
                continue;
            }
            below.push(place);
            for out in passing(&self.work, scene, place, &mut met.passed[0]) {
                let at = Place { tx: out.tx, time: out.time, ..place };
                above.extend(near(&self.work, scene, at, true, dwell_s).map(Place::other));
            }
        }
        while let Some(place) = below.pop().filter(|_| !self.is_spent()) {
            self.mark_layer(scene, place.cluster, seed.tx);
            if met.layers.insert((place.cluster, place.time)) {
                let paid = passing(&self.work, scene, place, &mut met.passed[1]);
                below.extend(paid.into_iter().map(Place::other));
            }
        }
    }
}

fn takes_part(scene: Scene<'_>, cluster: u32, since: u32) -> bool {
    scene.history.of(cluster).last().is_some_and(|last| last.tx >= since)
}

/// The events of a cluster up to which it is known what it holds.
fn known<'s>(scene: Scene<'s>, cluster: u32) -> &'s [Event] {
    let all = scene.history.of(cluster);
    &all[..all.len().min(scene.options.events_max as usize)]
}

/// Payments of a cluster about a place around which it passes on what it gets, as seen in any later transaction: those of
/// stretches of time that were not asked for before, so that whoever is paid all day long is looked through once.
fn passing<'s>(
    work: &Cell<usize>,
    scene: Scene<'s>,
    place: Place,
    asked: &mut BTreeSet<(u32, u32)>,
) -> Vec<&'s Event> {
    let dwell_s = scene.options.layering.dwell_s.max(1);
    let stretch = |time: u32| (place.cluster, time / dwell_s);
    let (first, last) = (place.time.saturating_sub(dwell_s), place.time.saturating_add(dwell_s));
    let stretches = stretch(first).1..=stretch(last).1;
    let of = |at: u32| (place.cluster, at);
    if !scene.is_subject(place.cluster) || stretches.clone().all(|at| asked.contains(&of(at))) {
        return Vec::new();
    }
    let is_new = |out: &&Event| {
        let own = stretch(out.time);
        stretches.contains(&own.1) && !asked.contains(&own)
    };
    let outs = near(work, scene, place, false, dwell_s.saturating_mul(2)).filter(is_new);
    let mut passing: Vec<&Event> = outs.collect();
    let mut known = None;
    passing.retain(|out| {
        let passes = known.filter(|(tx, _)| *tx == out.tx).map(|(_, passes)| passes);
        let passes = passes.unwrap_or_else(|| ever_passes(work, scene, place.cluster, out));
        known = Some((out.tx, passes));
        passes
    });
    asked.extend(stretches.map(of));
    passing
}

/// Whether in some transaction from this payment on the cluster has passed on what it got around it: sums grow with
/// each event that is seen, in place of a window for each of them.
fn ever_passes(work: &Cell<usize>, scene: Scene<'_>, cluster: u32, out: &Event) -> bool {
    let options = &scene.options.layering;
    let is_old = |event: &Event| event.time.saturating_add(options.dwell_s) < out.time;
    let events = scene.history.of(cluster);
    let middle = events.partition_point(|event| event.tx < out.tx);
    let before = events[..middle].iter().rev().take(options.events_max as usize + 1);
    let n_before = before.take_while(|event| !is_old(event)).count();
    if n_before > options.events_max as usize {
        return false;
    }
    let reach = out.time.saturating_add(options.dwell_s).saturating_add(DISORDER_S);
    let events = events[middle - n_before..].iter().take_while(|event| event.time <= reach);
    let (mut in_sat, mut out_sat, mut n_seen) = (0u128, 0u128, 0);
    for event in events {
        work.set(work.get() + 1);
        if is_old(event) {
            // A window ends there, seen from later on.
            (in_sat, out_sat, n_seen) = (0, 0, 0);
            continue;
        }
        n_seen += 1;
        if n_seen > options.events_max {
            return false; // the way a block time goes back would have to be longer than the window
        }
        if !scene.counts(event) || event.time.abs_diff(out.time) > options.dwell_s {
            continue;
        }
        let sum = if event.is_in() { &mut in_sat } else { &mut out_sat };
        *sum += u128::from(event.amount_sat);
        // Within a transaction the last sum decides, but more than needed does no harm.
        let passes = out_sat <= in_sat && is_share(out_sat, options.out_percent_min, in_sat);
        if event.tx >= out.tx && passes {
            return true;
        }
    }
    false
}

/// The payments of a cluster that a step of a peeling chain at a place may lead to: those of the next transaction that
/// counts, and of transactions of dust before it. Whoever looks back from a later one finds that one first.
fn next<'s>(
    work: &Cell<usize>,
    scene: Scene<'s>,
    place: Place,
) -> impl Iterator<Item = &'s Event> + use<'s> {
    let events = scene.history.of(place.cluster);
    let later = &events[events.partition_point(|event| event.tx <= place.tx)..];
    let first = later.iter().find(|event| scene.counts(event)).map(|event| event.tx);
    let until = first.map_or(later.len(), |tx| later.partition_point(|event| event.tx <= tx));
    work.set(work.get() + until + 1);
    later[..until].iter().filter(|event| !event.is_in() && !event.is_mix())
}

/// The events of one side of a cluster about a place.
fn near<'s>(
    work: &Cell<usize>,
    scene: Scene<'s>,
    place: Place,
    is_in: bool,
    span_s: u32,
) -> impl Iterator<Item = &'s Event> + use<'s> {
    about(work, scene, place, span_s).filter(move |event| event.is_in() == is_in && !event.is_mix())
}

/// How far block times of one chain may go back and forth; valid ones cannot by much more than two hours.
const DISORDER_S: u32 = 86_400;

/// The events of a cluster about a place, in order.
fn about<'s>(
    work: &Cell<usize>,
    scene: Scene<'s>,
    place: Place,
    span_s: u32,
) -> impl Iterator<Item = &'s Event> + use<'s> {
    let events = scene.history.of(place.cluster);
    let middle = events.partition_point(|event| event.tx < place.tx);
    let reach_s = span_s.saturating_add(DISORDER_S);
    let within = move |event: &&Event| event.time.abs_diff(place.time) <= reach_s;
    let n_before = events[..middle].iter().rev().take_while(within).count();
    let n_after = events[middle..].iter().take_while(within).count();
    work.set(work.get() + n_before + n_after + 1);
    let some = events[middle - n_before..middle + n_after].iter();
    some.filter(move |event| event.time.abs_diff(place.time) <= span_s)
}
