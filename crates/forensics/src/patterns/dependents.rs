//! Which clusters are evaluated again when transfers or entities change.
//!
//! In: the transfers that changed (all of a cluster whose entity changed), and the scene before or after. Out: every cluster
//! at which some detector may answer otherwise, with the first transaction from which on. More than these do no harm.
//! A detector that reads one cluster's events depends on both ends of a changed transfer. One that follows money depends on
//! all that it may read from there: the ways here are those of the detectors, walked from the change on instead of from the
//! cluster that is evaluated. Ways of the scene before lead to hits that go, those after to hits that come.
//! Checked against: all made from empty (`tests/it/patterns_laws.rs`).

use std::collections::{BTreeMap, BTreeSet};

use super::history::{Event, MIX, Narrow};
use super::layering::passed;
use super::peeling_chain::{moved, step};
use super::scene::Scene;
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

    /// A transfer as one of its ends sees it.
    pub(super) fn seen(cluster: u32, event: &Event) -> Self {
        let (payer, payee) =
            if event.is_in() { (event.other, cluster) } else { (cluster, event.other) };
        let Event { tx, time, amount_sat, .. } = *event;
        Self { payer, payee, tx, time, amount_sat }
    }
}

/// Clusters to be evaluated again.
#[derive(Default)]
pub(super) struct Dependents {
    /// From which transaction on.
    pub(super) since: BTreeMap<u32, u32>,
}

impl Dependents {
    /// Adds those that depend on these transfers.
    pub(super) fn add(&mut self, scene: Scene<'_>, seeds: &[Seed]) {
        for seed in seeds {
            self.mark(seed.payer, seed.tx);
            self.mark(seed.payee, seed.tx);
            if seed.payer == MIX.get().get() || seed.payee == MIX.get().get() {
                continue;
            }
            self.add_scattered(scene, seed);
            self.add_cycles(scene, seed);
            self.add_peels(scene, seed);
            self.add_layers(scene, seed);
        }
    }

    fn mark(&mut self, cluster: u32, tx: u32) {
        if cluster != MIX.get().get() {
            let since = self.since.entry(cluster).or_insert(tx);
            *since = (*since).min(tx);
        }
    }

    /// Clusters between a start and an end: those that the payer paid, and those that its payers paid.
    fn add_scattered(&mut self, scene: Scene<'_>, seed: &Seed) {
        let window_s = scene.options.scatter_gather.window_s;
        let mut starts = BTreeSet::from([seed.payer]);
        starts.extend(near(scene, seed.payer, true, seed.time, window_s).map(|event| event.other));
        for start in starts {
            for event in near(scene, start, false, seed.time, window_s) {
                self.mark(event.other, seed.tx);
            }
        }
    }

    /// Clusters that the money can come back to.
    fn add_cycles(&mut self, scene: Scene<'_>, seed: &Seed) {
        let options = &scene.options.temporal_cycle;
        let mut met = BTreeSet::new();
        let mut level = vec![(seed.payee, seed.tx, seed.amount_sat)];
        for _ in 1..options.length_max {
            let mut next = Vec::new();
            for (cluster, tx, amount_sat) in level {
                let later = near(scene, cluster, false, seed.time, options.window_s);
                for event in later.filter(|event| event.tx > tx && scene.counts(event)) {
                    let goes_on = follows(amount_sat, event.amount_sat, options.kept_percent_min);
                    if goes_on && met.insert((cluster, event.tx, event.other)) {
                        self.mark(event.other, seed.tx);
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
    fn add_peels(&mut self, scene: Scene<'_>, seed: &Seed) {
        let options = &scene.options.peeling_chain;
        let paid = scene.history.upto(seed.payer, seed.tx).iter().rev();
        let siblings = paid.take_while(|event| event.tx == seed.tx).map(|event| event.other);
        let mut level: BTreeSet<(u32, u32, u32)> =
            siblings.chain([seed.payee]).map(|cluster| (cluster, seed.tx, seed.time)).collect();
        let mut met = BTreeSet::new();
        for _ in 0..=options.steps_max.saturating_mul(options.moves_max + 1) {
            if level.is_empty() {
                break;
            }
            let mut next = BTreeSet::new();
            for (cluster, tx, time) in level {
                if !met.insert((cluster, tx)) {
                    continue;
                }
                self.mark(cluster, seed.tx);
                for event in near(scene, cluster, false, time, options.step_s) {
                    let large = step(scene, cluster, event.tx).map(|step| step.large);
                    let large = large.or_else(|| moved(scene, cluster, event.tx));
                    if let Some(large) = large.filter(|large| large.tx > tx) {
                        next.insert((large.other, large.tx, large.time));
                    }
                }
            }
            level = next;
        }
    }

    /// Clusters on all levels of what passes the payer or the payee.
    fn add_layers(&mut self, scene: Scene<'_>, seed: &Seed) {
        let dwell_s = scene.options.layering.dwell_s;
        let mut tops = BTreeSet::new();
        let mut above = vec![(seed.payer, seed.time), (seed.payee, seed.time)];
        while let Some((cluster, time)) = above.pop() {
            if !tops.insert((cluster, time)) {
                continue;
            }
            for out in passing(scene, cluster, time) {
                let paid = near(scene, cluster, true, out.time, dwell_s);
                above.extend(paid.map(|event| (event.other, event.time)));
            }
        }
        let mut met = BTreeSet::new();
        let mut below: Vec<(u32, u32)> = tops.into_iter().collect();
        let paid = near(scene, seed.payer, false, seed.time, dwell_s);
        let paid = paid.chain(near(scene, seed.payee, false, seed.time, dwell_s));
        below.extend(paid.map(|event| (event.other, event.time)));
        while let Some((cluster, time)) = below.pop() {
            if !met.insert((cluster, time)) {
                continue;
            }
            self.mark(cluster, seed.tx);
            let outs = passing(scene, cluster, time);
            below.extend(outs.map(|event| (event.other, event.time)));
        }
    }
}

/// Payments of a cluster about a time around which it passes on what it gets, as seen in any later transaction.
fn passing<'s>(scene: Scene<'s>, cluster: u32, time: u32) -> impl Iterator<Item = &'s Event> {
    let dwell_s = scene.options.layering.dwell_s;
    near(scene, cluster, false, time, dwell_s).filter(move |out| {
        let seen = scene.history.of(cluster).iter();
        let seen = seen.filter(|e| e.tx >= out.tx && e.time.abs_diff(out.time) <= dwell_s);
        scene.is_subject(cluster)
            && seen
                .map(|event| event.tx)
                .any(|until| passed(scene, cluster, out.tx, until).is_some())
    })
}

/// The events of one side of a cluster about a time.
fn near<'s>(
    scene: Scene<'s>,
    cluster: u32,
    is_in: bool,
    time: u32,
    span_s: u32,
) -> impl Iterator<Item = &'s Event> {
    let events = scene.history.of(cluster).iter();
    events.filter(move |event| {
        event.is_in() == is_in && !event.is_mix() && event.time.abs_diff(time) <= span_s
    })
}
