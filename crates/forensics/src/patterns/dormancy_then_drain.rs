//! Dormancy, then drain: a cluster rests for months, and then everything leaves.
//!
//! In: all events of a cluster. Out: a hit where nothing happened for `dormant_s`, and within `drain_s` of the first event after that
//! it paid `out_percent_min` % of all it was known to hold, in at least `payments_min` payments.
//! Source: FATF 2020, "Transactions": long inactivity before or after bursts; the drained wallets of thefts.
//! Departures: what was held is what was paid to the cluster and not paid by it; coins that were mined, or paid in transactions with unknown payers,
//! are not known. One payment is a sale, or a move to a new wallet.
//! Cost: O(events of the drain) an event, O(events of the lifetime) where a long rest precedes it.
//! Checked against: every gap by filter (`tests/it/patterns_oracle.rs`).

use std::collections::BTreeSet;

use super::history::Event;
use super::hits::{Entry, Hit, Joined, coins, span};
use super::scene::{Moment, is_share, sum_sat};
use super::{Detector, PatternOptions};

pub(super) const DORMANCY_THEN_DRAIN: Detector = Detector {
    number: 10,
    name: "dormancy_then_drain",
    about: "a cluster rests for months, and then everything leaves",
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
    let ins = sum_sat(before().filter(|event| event.is_in()));
    let held = ins.saturating_sub(sum_sat(before().filter(|event| !event.is_in())));
    let outs: Vec<&Event> = after.iter().copied().filter(|event| !event.is_in()).collect();
    let payments: BTreeSet<u32> = outs.iter().map(|out| out.tx).collect();
    let found = held >= u128::from(options.amount_sat_min)
        && is_share(sum_sat(outs.iter().copied()), options.out_percent_min, held)
        && payments.len() >= options.payments_min as usize;
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
