//! Dormancy, then drain: a cluster rests for months, and then everything leaves, in parts.
//!
//! In: all events of a cluster. Out: a hit where nothing happened for `dormant_s`, and within `drain_s` of the first event after that
//! it paid `out_percent_min` % of all it was known to hold and got meanwhile, in at least `payments_min` transactions, none of
//! which carries more than `largest_percent_max` % of what left.
//! Source: FATF 2020, "Transactions": long inactivity before or after bursts; the drained wallets of thefts.
//! Departures: what was held is what was paid to the cluster and not paid by it; coins that were mined, or paid in transactions with unknown payers,
//! are not known. One payment is a sale, or a move to a new wallet, and so is one with a few bills about it: of change
//! that is not linked all seems to leave. Whoever is paid again and keeps some of it is in use again, and not drained.
//! Cost: O(events of the drain) an event, O(events of the lifetime) where a long rest precedes it.
//! Checked against: every gap by filter (`tests/it/patterns_oracle.rs`).

use std::collections::BTreeMap;

use super::history::Event;
use super::hits::{Entry, Hit, Joined, coins, span};
use super::scene::{Moment, is_share, sum_sat};
use super::{Detector, PatternOptions};

pub(super) const DORMANCY_THEN_DRAIN: Detector = Detector {
    number: 10,
    name: "dormancy_then_drain",
    about: "a cluster rests for months, and then everything leaves, in parts",
    fatf: "Transactions, size and frequency: large transfers of a wallet that was inactive before",
    window_s: |options| options.dormancy_then_drain.dormant_s,
    find,
    describe,
};

fn find(moment: &Moment<'_>, hits: &mut Vec<Hit>) {
    let options = &moment.options().dormancy_then_drain;
    if moment.paying().next().is_none() {
        return;
    }
    let now = moment.now[0].time;
    // From the newest back: the drain, and then what was before it.
    let counted = || moment.past.iter().rev().filter(|event| moment.scene.counts(event));
    let in_drain = |event: &&Event| now.saturating_sub(event.time) <= options.drain_s;
    let after: Vec<&Event> = counted().take_while(in_drain).collect();
    let before = || counted().skip(after.len());
    let (Some(woke), Some(slept)) = (after.last(), before().next()) else { return };
    let rest_s = woke.time.saturating_sub(slept.time);
    if rest_s < options.dormant_s {
        return;
    }
    let got = sum_sat(before().filter(|event| event.is_in()));
    let held = got.saturating_sub(sum_sat(before().filter(|event| !event.is_in())));
    let (ins, outs): (Vec<&Event>, Vec<&Event>) =
        after.iter().copied().partition(|event| event.is_in());
    let (came, left) = (sum_sat(ins.into_iter()), sum_sat(outs.iter().copied()));
    let mut payments: BTreeMap<u32, u128> = BTreeMap::new();
    for out in &outs {
        *payments.entry(out.tx).or_default() += u128::from(out.amount_sat);
    }
    let largest = payments.values().max().copied().unwrap_or(0);
    let found = held >= u128::from(options.amount_sat_min)
        && is_share(left, options.out_percent_min, held + came)
        && payments.len() >= options.payments_min as usize
        && largest * 100 <= left * u128::from(options.largest_percent_max);
    if found {
        let entries = outs.iter().map(|event| Entry::of(moment.cluster, event, true)).collect();
        hits.push(moment.hit(DORMANCY_THEN_DRAIN.number, moment.cluster, rest_s, entries));
    }
}

fn describe(joined: &Joined, options: &PatternOptions) -> String {
    format!(
        "rested {} (threshold {}), then {} left in {} payments within {}",
        span(joined.measure),
        span(options.dormancy_then_drain.dormant_s),
        coins(joined.counted_sat()),
        joined.entries.len(),
        joined.span()
    )
}
