//! Rapid cash-out: what comes in goes to exchanges at once.
//!
//! In: what a cluster was paid and paid within the dwell time, and all that it ever was paid and paid. Out: a hit where between
//! `out_percent_min` % and all of what came in, from others than exchanges, went to known exchanges, and its balance is about zero.
//! Source: FATF 2020, "Transaction patterns": what has accumulated is exchanged for money in full.
//! Departures: an exchange is one by its tag or by common spending with a tagged one; deposits at others are not seen.
//! Cost: O(events of the window) an event.
//! Checked against: filters over the whole list (`tests/it/patterns_oracle.rs`).

use super::history::Event;
use super::hits::{Entry, Hit, Joined, span};
use super::pass_through::is_empty;
use super::scene::{Moment, Party, is_share, sum_sat};
use super::{Detector, PatternOptions};

pub(super) const RAPID_CASH_OUT: Detector = Detector {
    number: 13,
    name: "rapid_cash_out",
    about: "what comes in goes to known exchanges at once",
    fatf: "Transaction patterns: what has accumulated is exchanged for money in full, at once",
    window_s: |options| options.rapid_cash_out.dwell_s,
    find,
    describe,
};

fn find(moment: &Moment<'_>, hits: &mut Vec<Hit>) {
    let options = &moment.options().rapid_cash_out;
    let scene = moment.scene;
    let is_exchange = |event: &&Event| scene.party(event.other) == Party::Exchange;
    if moment.paying().all(|event| !is_exchange(&event)) {
        return;
    }
    let window: Vec<&Event> = moment.window(options.dwell_s).collect();
    let from_others = |event: &&Event| event.is_in() && !is_exchange(event);
    let ins: Vec<&Event> = window.iter().copied().filter(from_others).collect();
    let outs = window.into_iter().filter(|event| !event.is_in() && is_exchange(event));
    let outs: Vec<&Event> = outs.collect();
    let (in_sat, out_sat) = (sum_sat(ins.iter().copied()), sum_sat(outs.iter().copied()));
    let found = in_sat >= u128::from(options.amount_sat_min)
        && out_sat <= in_sat
        && is_share(out_sat, options.out_percent_min, in_sat)
        && is_empty(moment, in_sat, 100 - options.out_percent_min);
    if found {
        let shown = ins.iter().map(|event| Entry::of(moment.cluster, event, false));
        let counted = outs.iter().map(|event| Entry::of(moment.cluster, event, true));
        let entries = shown.chain(counted).collect();
        hits.push(moment.hit(RAPID_CASH_OUT.number, moment.cluster, 0, entries));
    }
}

fn describe(joined: &Joined, options: &PatternOptions) -> String {
    format!(
        "{} of what came in went to exchanges within {} (threshold {} % in {})",
        joined.counted_of_shown(),
        joined.span(),
        options.rapid_cash_out.out_percent_min,
        span(options.rapid_cash_out.dwell_s)
    )
}
