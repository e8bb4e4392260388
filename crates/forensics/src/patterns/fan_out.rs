//! Fan-out: one pays many, out of what a few have just paid it.
//!
//! In: what a cluster was paid and paid within the window. Out: a hit where it paid at least `counterparties_min` distinct clusters of
//! no known party `amount_sat_min` or more together; `whole_percent_min` % of all it paid came in within the window, from
//! at most `funders_max` payers, and `whole_percent_min` % of what came in went out, so that it is about empty; no payee gets more than `largest_percent_max` % of the average.
//! Source: AMLSim's fan-out (Suzumura, Kanezashi, 2021); FATF 2020, "Transactions".
//! Departures: an employer, a pool and an exchange pay many, too; but what they pay comes from many, from new coins, or was
//! there long before, and they keep the rest.
//! Cost: O(events of the window) an event.
//! Checked against: recounting from the whole list (`tests/it/patterns_oracle.rs`).

use super::history::Event;
use std::collections::BTreeMap;

use super::hits::{Entry, Hit, Joined, span};
use super::pass_through::is_empty;
use super::scene::{Moment, is_share, n_others, sum_sat};
use super::{Detector, PatternOptions};

pub(super) const FAN_OUT: Detector = Detector {
    number: 3,
    name: "fan_out",
    about: "one pays many, out of what a few have just paid it",
    fatf: "Transactions, size and frequency: what came in is sent on at once to many others, with no business reason",
    window_s: |options| options.fan_out.window_s,
    find,
    describe,
};

fn find(moment: &Moment<'_>, hits: &mut Vec<Hit>) {
    let options = &moment.options().fan_out;
    if moment.paying().next().is_none() {
        return;
    }
    let scene = moment.scene;
    let window: Vec<&Event> = moment.window(options.window_s).collect();
    let (ins, outs): (Vec<&Event>, Vec<&Event>) =
        window.into_iter().partition(|event| event.is_in());
    let fan = outs.iter().copied().filter(|event| scene.is_subject(event.other));
    let fan: Vec<&Event> = fan.collect();
    let (in_sat, out_sat) = (sum_sat(ins.iter().copied()), sum_sat(fan.iter().copied()));
    let all_sat = sum_sat(outs.iter().copied());
    let found = n_others(fan.iter().copied()) >= options.counterparties_min as usize
        && out_sat >= u128::from(options.amount_sat_min)
        && is_share(in_sat, options.whole_percent_min, all_sat)
        && is_share(all_sat, options.whole_percent_min, in_sat)
        && n_others(ins.iter().copied()) <= options.funders_max as usize
        && is_even(&outs, all_sat, options.largest_percent_max)
        && is_empty(moment, in_sat, 100 - options.whole_percent_min);
    if found {
        let entries = fan.iter().map(|event| Entry::of(moment.cluster, event, true)).collect();
        hits.push(moment.hit(FAN_OUT.number, moment.cluster, 0, entries));
    }
}

/// Whether no payee gets more than so many percent of what they get on average.
fn is_even(outs: &[&Event], all_sat: u128, percent_max: u32) -> bool {
    let mut sums: BTreeMap<u32, u128> = BTreeMap::new();
    for out in outs {
        *sums.entry(out.other).or_default() += u128::from(out.amount_sat);
    }
    let n_payees = sums.len() as u128;
    sums.values().all(|sum| sum * n_payees * 100 <= all_sat * u128::from(percent_max))
}

fn describe(joined: &Joined, options: &PatternOptions) -> String {
    format!(
        "{} payees within {} (threshold {} in {})",
        joined.n_payees(),
        joined.span(),
        options.fan_out.counterparties_min,
        span(options.fan_out.window_s)
    )
}
