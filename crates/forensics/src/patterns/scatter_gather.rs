//! Scatter-gather: one pays several, each of which passes it on to the same one.
//!
//! In: a payment from a cluster between to the one at the end; who paid the one between, whom that one paid, and what those
//! paid on. Out: a hit about the one at the start, where at least `mids_min` clusters between each got something from it
//! and later gave between `out_percent_min` % and all of it to the one at the end, all within the window.
//! Source: AMLSim's scatter-gather (Suzumura, Kanezashi, 2021); FATF 2020, "Transaction patterns".
//! Departures: each one between must keep nothing; those who get a wage and pay the same exchange keep most of it.
//! Cost: O(payees of the one at the start within the window × their events) for a payment; bounds in the options.
//! Checked against: all pairs of transfers (`tests/it/patterns_oracle.rs`).

use std::collections::{BTreeMap, BTreeSet};

use super::hits::{Entry, Hit, Joined, span};
use super::scene::{Moment, is_share};
use super::{Detector, PatternOptions};

pub(super) const SCATTER_GATHER: Detector = Detector {
    number: 5,
    name: "scatter_gather",
    about: "one pays several, each of which passes it on to the same one",
    fatf: "Transaction patterns: several accounts are used between the same two ends, with no logical explanation",
    window_s: |options| options.scatter_gather.window_s,
    find,
    describe,
};

fn find(moment: &Moment<'_>, hits: &mut Vec<Hit>) {
    let window_s = moment.options().scatter_gather.window_s;
    let ends: BTreeSet<u32> = moment.paying().map(|event| event.other).collect();
    if ends.is_empty() {
        return;
    }
    let paid = moment.window(window_s).filter(|event| event.is_in() && event.tx < moment.tx);
    let starts: BTreeSet<u32> = paid.map(|event| event.other).collect();
    for start in starts.into_iter().filter(|start| moment.scene.is_subject(*start)) {
        for &end in ends.iter().filter(|end| **end != start) {
            if let Some(entries) = between(moment, start, end) {
                hits.push(moment.hit(SCATTER_GATHER.number, start, 0, entries));
            }
        }
    }
}

/// The transfers of all clusters between that pass on what they get, if they are enough.
fn between(moment: &Moment<'_>, start: u32, end: u32) -> Option<Vec<Entry>> {
    let options = &moment.options().scatter_gather;
    let scene = moment.scene;
    // The window ends with the payment at hand, which the one at the start may have no part in.
    let now = moment.now.first()?.time;
    let near = |time: u32| now.saturating_sub(time) <= options.window_s;
    let own = scene.lifetime(scene.history.upto(start, moment.tx));
    let mut scattered: BTreeMap<u32, Vec<Entry>> = BTreeMap::new();
    for event in own.iter().rev().take_while(|event| near(event.time)) {
        let is_mid = event.other != end && !event.is_in() && scene.counts(event);
        let is_new = !scattered.contains_key(&event.other);
        if is_mid && !(is_new && scattered.len() >= options.payees_max as usize) {
            scattered.entry(event.other).or_default().push(Entry::of(start, event, false));
        }
    }
    scattered.retain(|mid, _| scene.is_subject(*mid));
    if !scattered.contains_key(&moment.cluster) || scattered.len() < options.mids_min as usize {
        return None;
    }
    let mut entries = Vec::new();
    let (mut n_mids, mut passed_sat) = (0, 0u128);
    for (mid, got) in scattered {
        let got_sat: u128 = got.iter().map(|entry| u128::from(entry.amount_sat)).sum();
        let first_tx = got.iter().map(|entry| entry.tx).min().unwrap_or(u32::MAX);
        let past = scene.lifetime(scene.history.upto(mid, moment.tx));
        let given = past.iter().rev().take_while(|event| event.tx > first_tx);
        let given = given.filter(|e| !e.is_in() && e.other == end && scene.counts(e));
        let given: Vec<Entry> = given.map(|event| Entry::of(mid, event, true)).collect();
        let given_sat: u128 = given.iter().map(|entry| u128::from(entry.amount_sat)).sum();
        if given_sat <= got_sat && is_share(given_sat, options.out_percent_min, got_sat) {
            (n_mids, passed_sat) = (n_mids + 1, passed_sat + given_sat);
            entries.extend(got.into_iter().chain(given));
        } else if mid == moment.cluster {
            return None;
        }
    }
    let enough = n_mids >= options.mids_min && passed_sat >= u128::from(options.amount_sat_min);
    enough.then_some(entries)
}

fn describe(joined: &Joined, options: &PatternOptions) -> String {
    format!(
        "{} clusters between pass on what they got within {} (threshold {} in {})",
        joined.n_payees(),
        joined.span(),
        options.scatter_gather.mids_min,
        span(options.scatter_gather.window_s)
    )
}
