//! Fan-in: many pay one, each all it has.
//!
//! In: what a cluster was paid within the window, and all that its payers ever got and gave. Out: a hit where at least
//! `counterparties_min` distinct payers of no known party paid it `amount_sat_min` or more together, and `whole_percent_min` % of
//! them kept nothing back: the cluster is all that they paid in that transaction, and they have `kept_percent_max` % or less left of
//! all they ever got.
//! Source: AMLSim's fan-in (Suzumura, Kanezashi, 2021); FATF 2020, "Transaction patterns": many small wallets that accumulate.
//! Departures: payers that keep change are customers, donors, employees: they have a life of their own. So a shop, a
//! donation drive or a wage account are no fan-in, and neither is one whose payers take care to keep a little: see the page.
//! That the gathered money moves on is not asked for: it would be told late, and a till is emptied too.
//! Cost: O(events of the window) an event, and of all payers' lives where there are enough of them.
//! Checked against: recounting from the whole list (`tests/it/patterns_oracle.rs`).

use super::history::Event;
use super::hits::{Entry, Hit, Joined, span};
use super::scene::{Moment, Scene, is_share, n_others, sum_sat};
use super::{Detector, PatternOptions};

pub(super) const FAN_IN: Detector = Detector {
    number: 2,
    name: "fan_in",
    about: "many pay one, each all it has",
    fatf: "Transaction patterns: many unrelated wallets pay small amounts to one, where funds accumulate",
    window_s: |options| options.fan_in.window_s,
    find,
    describe,
};

fn find(moment: &Moment<'_>, hits: &mut Vec<Hit>) {
    let options = &moment.options().fan_in;
    if moment.paid().next().is_none() {
        return;
    }
    let scene = moment.scene;
    let paid = moment.window(options.window_s);
    let paid: Vec<&Event> =
        paid.filter(|event| event.is_in() && scene.is_subject(event.other)).collect();
    let enough = |events: &[&Event]| {
        n_others(events.iter().copied()) >= options.counterparties_min as usize
            && sum_sat(events.iter().copied()) >= u128::from(options.amount_sat_min)
    };
    if !enough(&paid) {
        return;
    }
    let mut by_payer = paid.clone();
    by_payer.sort_by_key(|event| event.other);
    let payers: Vec<&[&Event]> = by_payer.chunk_by(|a, b| a.other == b.other).collect();
    let is_whole = |event: &&Event| is_whole(scene, event, moment.tx, options.kept_percent_max);
    let mut n_other = 0u128;
    // Of a service that many pay, the first few decide.
    let enough = payers.iter().all(|own| {
        n_other += u128::from(!own.iter().any(is_whole));
        is_share(payers.len() as u128 - n_other, options.whole_percent_min, payers.len() as u128)
    });
    if enough {
        let entries = paid.iter().map(|event| Entry::of(moment.cluster, event, true)).collect();
        hits.push(moment.hit(FAN_IN.number, moment.cluster, 0, entries));
    }
}

/// Whether the payer of an event paid nobody else in that transaction, as far as clusters show, and has kept at most so many
/// percent of all it ever got, as seen in `until`. The first says it where change moves to a new address, the second where it does not.
pub(super) fn is_whole(scene: Scene<'_>, event: &Event, until: u32, kept_percent_max: u32) -> bool {
    let past = scene.history.upto(event.other, until);
    let now = past.iter().rev().skip_while(|other| other.tx > event.tx);
    let is_alone = now.take_while(|other| other.tx == event.tx).count() == 1;
    let keeps_little =
        |(got, gave): (u128, u128)| (got - gave) * 100 <= got * u128::from(kept_percent_max);
    is_alone && scene.flows(past).is_some_and(keeps_little)
}

fn describe(joined: &Joined, options: &PatternOptions) -> String {
    format!(
        "{} payers within {} (threshold {} in {})",
        joined.n_payers(),
        joined.span(),
        options.fan_in.counterparties_min,
        span(options.fan_in.window_s)
    )
}
