//! Pass-through: what comes in goes out again at once, to somebody else.
//!
//! In: what a cluster was paid and paid within the dwell time, and all that it ever was paid and paid. Out: a hit where it gives between `out_percent_min` % and
//! all of what came in to clusters of no known party that did not pay it, no change is left, and its balance is about zero.
//! Source: FATF 2020, "Transactions".
//! Departures: a payment with change is a purchase, whatever the time: the last transaction pays one cluster only.
//! Payments to a known service are left to `rapid_cash_out`: every deposit address of an exchange passes on.
//! Cost: O(events of the window) an event.
//! Checked against: filters over the whole list (`tests/it/patterns_oracle.rs`).

use super::history::Event;
use super::hits::{Entry, Hit, Joined, span};
use super::scene::{Moment, Scene, is_share, n_others, sum_sat};
use super::{Detector, PatternOptions};

pub(super) const PASS_THROUGH: Detector = Detector {
    number: 9,
    name: "pass_through",
    about: "what comes in goes out again at once, to somebody else, and nothing is left",
    fatf: "Transactions, size and frequency: what comes in is withdrawn at once, with no activity between",
    window_s: |options| options.pass_through.dwell_s,
    find,
    describe,
};

fn find(moment: &Moment<'_>, hits: &mut Vec<Hit>) {
    let options = &moment.options().pass_through;
    let scene = moment.scene;
    let to_services = moment.paying().any(|event| !scene.is_subject(event.other));
    if n_others(moment.paying()) != 1 || to_services {
        return;
    }
    let window: Vec<&Event> = moment.window(options.dwell_s).collect();
    let (ins, outs): (Vec<&Event>, Vec<&Event>) =
        window.into_iter().partition(|event| event.is_in());
    let is_back = outs.iter().any(|out| ins.iter().any(|event| event.other == out.other));
    let (in_sat, out_sat) = (sum_sat(ins.iter().copied()), sum_sat(outs.iter().copied()));
    let found = in_sat >= u128::from(options.amount_sat_min)
        && !is_back
        && out_sat <= in_sat
        && is_share(out_sat, options.out_percent_min, in_sat)
        && is_empty(moment, in_sat, 100 - options.out_percent_min);
    if found {
        let shown = ins.iter().map(|event| Entry::of(moment.cluster, event, false));
        let counted = outs.iter().map(|event| Entry::of(moment.cluster, event, true));
        let entries = shown.chain(counted).collect();
        hits.push(moment.hit(PASS_THROUGH.number, moment.cluster, 0, entries));
    }
}

/// Whether all that a cluster ever got and did not pay is at most so many percent of `in_sat`, as far as that is known.
pub(super) fn is_empty(moment: &Moment<'_>, in_sat: u128, percent: u32) -> bool {
    is_left(moment.scene, moment.past, in_sat, percent)
}

/// As [`is_empty`], of these events.
pub(super) fn is_left(scene: Scene<'_>, past: &[Event], in_sat: u128, percent: u32) -> bool {
    let flows = scene.flows(past);
    flows.is_some_and(|(got, gave)| (got - gave) * 100 <= in_sat * u128::from(percent))
}

fn describe(joined: &Joined, options: &PatternOptions) -> String {
    format!(
        "{} of what came in left within {} (threshold {} % in {})",
        joined.counted_of_shown(),
        joined.span(),
        options.pass_through.out_percent_min,
        span(options.pass_through.dwell_s)
    )
}
