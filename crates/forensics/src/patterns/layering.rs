//! Layering: whole amounts move through level after level of clusters that keep nothing.
//!
//! In: a payment, backwards the clusters that its money passed, and from the first of them forwards where all of it went. Out: a hit about the first, where
//! at least `levels_min` clusters in a row each passed on between `out_percent_min` % and all of what they got within `dwell_s`, and so did the others
//! of their level, so that `mass_percent_min` % of what the first got went through `levels_min` levels.
//! Source: FATF 2020, "Transaction patterns"; the stack and bipartite patterns of AMLSim (Suzumura, Kanezashi, 2021).
//! Departures: the mass: of a wallet that pays with change to new addresses one branch goes on and the other stays, so it is no layering;
//! payments that peel are left to `peeling_chain`.
//! Cost: O(`levels_max` + `clusters_max`) windows for a payment behind three passing clusters, O(1) windows otherwise.
//! Checked against: all sequences of transfers (`tests/it/patterns_oracle.rs`).

use super::history::Event;
use super::hits::{Entry, Hit, Joined, span};
use super::peeling_chain::split;
use super::scene::{Moment, Scene, is_share, sum_sat};
use super::{Detector, PatternOptions};

pub(super) const LAYERING: Detector = Detector {
    number: 8,
    name: "layering",
    about: "whole amounts move through level after level of clusters that keep nothing",
    fatf: "Transaction patterns: transfers through several wallets in quick succession, with no logical explanation",
    window_s: |options| options.layering.dwell_s,
    find,
    describe,
};

/// What a cluster got and passed on around one of its payments, as far as a transaction has come.
pub(super) struct Passed<'s> {
    ins: Vec<&'s Event>,
    outs: Vec<&'s Event>,
    in_sat: u128,
    out_sat: u128,
}

/// Whether a cluster passes on what it gets, around its payment in `tx`, as seen in `until`.
pub(super) fn passed<'s>(
    scene: Scene<'s>,
    cluster: u32,
    tx: u32,
    until: u32,
) -> Option<Passed<'s>> {
    let options = &scene.options.layering;
    if !scene.is_subject(cluster) || split(scene, cluster, tx).is_some() {
        return None;
    }
    let past = scene.history.upto(cluster, until);
    let time = past.iter().rev().find(|event| event.tx == tx)?.time;
    let near = |event: &&Event| event.time.abs_diff(time) <= options.dwell_s;
    let late = |event: &&Event| event.time.saturating_add(options.dwell_s) >= time;
    let window = || past.iter().rev().take_while(late);
    let n_most = options.events_max as usize;
    if window().take(n_most + 1).count() > n_most {
        return None;
    }
    // Most clusters pass nothing on: that is found out before anything is put down.
    let side = |is_in: bool| {
        let counted = window().filter(|event| scene.counts(event)).filter(near);
        counted.filter(move |event| event.is_in() == is_in)
    };
    let (in_sat, out_sat) = (sum_sat(side(true)), sum_sat(side(false)));
    let passes =
        in_sat > 0 && out_sat <= in_sat && is_share(out_sat, options.out_percent_min, in_sat);
    passes.then(|| Passed {
        ins: side(true).collect(),
        outs: side(false).collect(),
        in_sat,
        out_sat,
    })
}

fn find(moment: &Moment<'_>, hits: &mut Vec<Hit>) {
    let options = &moment.options().layering;
    let scene = moment.scene;
    if moment.paying().next().is_none() {
        return;
    }
    // Back along the largest payments, as long as clusters pass on.
    let (mut cluster, mut tx) = (moment.cluster, moment.tx);
    let mut above: Vec<(u32, &Event)> = Vec::new();
    while above.len() < options.levels_max as usize {
        let Some(passed) = passed(scene, cluster, tx, moment.tx) else { break };
        let earlier = passed.ins.into_iter().filter(|event| event.tx < tx);
        let Some(funding) = earlier.max_by_key(|event| (event.amount_sat, event.tx)) else { break };
        above.push((cluster, funding));
        (cluster, tx) = (funding.other, funding.tx);
    }
    // Each of them with enough levels below is a first one: who paid the very first may pass on by chance.
    let mut down = Down { scene, until: moment.tx, met: Vec::new(), entries: Vec::new() };
    for (measure, &(top, funding)) in (1u32..).zip(&above).skip(options.levels_min as usize - 1) {
        if funding.amount_sat < options.amount_sat_min {
            continue;
        }
        down.met.clear();
        down.entries.clear();
        if down.keeps_mass(top, funding) {
            hits.push(moment.hit(LAYERING.number, top, measure, down.entries.clone()));
        }
    }
}

/// The way of the money from the first cluster on.
struct Down<'s> {
    scene: Scene<'s>,
    until: u32,
    /// At most `clusters_max`, so that to look through them is faster than to keep them in order.
    met: Vec<u32>,
    entries: Vec<Entry>,
}

/// What a cluster of a level gets of the money that is followed.
#[derive(Clone, Copy)]
struct Got {
    cluster: u32,
    sat: u128,
    /// The first transaction in which it did.
    since: u32,
}

impl Down<'_> {
    /// Whether enough of what the first cluster got goes through all levels.
    fn keeps_mass(&mut self, top: u32, funding: &Event) -> bool {
        let options = &self.scene.options.layering;
        self.entries.push(Entry::of(top, funding, true));
        let sat = u128::from(funding.amount_sat);
        let mut level = vec![Got { cluster: top, sat, since: funding.tx }];
        let mut whole = 0;
        for number in 0..options.levels_max {
            let (moved_sat, next) = self.pass_on(&level);
            if number == 0 {
                whole = moved_sat;
            }
            if !is_share(moved_sat, options.mass_percent_min, whole) || moved_sat == 0 {
                return number >= options.levels_min;
            }
            level = next;
        }
        true
    }

    /// What one level passes on in all, and what of it each cluster of the next level gets, both by cluster.
    fn pass_on(&mut self, level: &[Got]) -> (u128, Vec<Got>) {
        let (mut moved_sat, mut next) = (0, Vec::<Got>::new());
        for &Got { cluster, sat, since } in level {
            let n_most = self.scene.options.layering.clusters_max as usize;
            if self.met.len() >= n_most || self.met.contains(&cluster) {
                continue;
            }
            self.met.push(cluster);
            let Some(first) = first_payment(self.scene, cluster, since, self.until) else {
                continue;
            };
            let Some(passed) = passed(self.scene, cluster, first, self.until) else { continue };
            if !passed.ins.iter().any(|event| event.tx == since) {
                continue; // it pays with other money
            }
            let own = sat.min(passed.in_sat);
            moved_sat += own.min(passed.out_sat);
            for out in passed.outs.iter().filter(|out| out.tx > since) {
                let sat = u128::from(out.amount_sat) * own / passed.in_sat;
                next.push(Got { cluster: out.other, sat, since: out.tx });
                self.entries.push(Entry::of(cluster, out, false));
            }
        }
        next.sort_unstable_by_key(|got| got.cluster);
        next.dedup_by(|other, got| {
            let is_same = other.cluster == got.cluster;
            if is_same {
                *got = Got { sat: got.sat + other.sat, since: got.since.min(other.since), ..*got };
            }
            is_same
        });
        (moved_sat, next)
    }
}

/// The first payment of a cluster behind the transaction that paid it.
fn first_payment(scene: Scene<'_>, cluster: u32, since: u32, until: u32) -> Option<u32> {
    let past = scene.lifetime(scene.history.upto(cluster, until));
    let later = past.iter().rev().take_while(|event| event.tx > since);
    later.filter(|event| !event.is_in() && scene.counts(event)).last().map(|event| event.tx)
}

fn describe(joined: &Joined, options: &PatternOptions) -> String {
    format!(
        "{} levels within {} (threshold {}, {} each)",
        joined.measure,
        joined.span(),
        options.layering.levels_min,
        span(options.layering.dwell_s)
    )
}
