//! Temporal cycles: money comes back to where it started, through others, in order of time.
//!
//! In: a payment to a cluster, and backwards what paid for it. Out: a hit with the transfers of all cycles that it closes: simple, `length_min` to
//! `length_max` transfers, each later than the one before it and between `kept_percent_min` % and all of its amount,
//! from first to last within the window, through clusters of no known party. Where more than `events_max` events are within the
//! window, nothing comes back: that is a business, which pays and is paid all day.
//! Source: Kumar, Calders, 2SCENT, VLDB 2018; AMLSim's cycle; FATF 2020, "Transaction patterns".
//! Departures: [`graph::patterns::CycleStream`] is the oracle and not the method: it keeps one window in order of time, and a merge of
//! clusters changes windows that are long past. Money cannot grow on its way: this prunes more than a bound on length.
//! Cost: exponential in the length in the worst case, `visited_max` transfers at most for a payment.
//! Checked against: `CycleStream` on the whole list (`tests/it/patterns_oracle.rs`).

use super::history::Event;
use super::hits::{Entry, Hit, Joined, span};
use super::scene::{Moment, Scene, is_share};
use super::{Detector, PatternOptions};

pub(super) const TEMPORAL_CYCLE: Detector = Detector {
    number: 6,
    name: "temporal_cycle",
    about: "money comes back to where it started, through others",
    fatf: "Transaction patterns: transfers among several wallets with no logical explanation; the money comes back",
    window_s: |options| options.temporal_cycle.window_s,
    find,
    describe,
};

fn find(moment: &Moment<'_>, hits: &mut Vec<Hit>) {
    let options = &moment.options().temporal_cycle;
    let Some(first) = moment.paid().next() else { return };
    let gave = moment.window(options.window_s).any(|event| !event.is_in());
    let n_events = moment.scene.newest(moment.past, options.window_s).len();
    if !gave || n_events > options.events_max as usize {
        return;
    }
    let (mut entries, mut length) = (Vec::new(), 0);
    for &closing in moment.paid().filter(|event| moment.scene.is_subject(event.other)) {
        let mut search = Search {
            scene: moment.scene,
            home: moment.cluster,
            last_time: first.time,
            n_visited: 0,
            path: vec![Entry::of(moment.cluster, &closing, false)],
            found: &mut entries,
            longest: &mut length,
        };
        search.walk();
    }
    if !entries.is_empty() {
        hits.push(moment.hit(TEMPORAL_CYCLE.number, moment.cluster, length, entries));
    }
}

/// Depth first, from the closing transfer back.
struct Search<'a, 's> {
    scene: Scene<'s>,
    home: u32,
    last_time: u32,
    n_visited: u32,
    /// The closing transfer, the one before it, and so on.
    path: Vec<Entry>,
    found: &'a mut Vec<Entry>,
    longest: &'a mut u32,
}

impl Search<'_, '_> {
    fn walk(&mut self) {
        let options = &self.scene.options.temporal_cycle;
        let length = u32::try_from(self.path.len()).unwrap_or(u32::MAX);
        let Some(&next) = self.path.last().filter(|_| length < options.length_max) else { return };
        for event in earlier(self.scene, next, self.last_time) {
            self.n_visited += 1;
            if self.n_visited > options.visited_max {
                return;
            }
            let mut entry = Entry::of(next.payer, event, false);
            if event.other == self.home {
                if length + 1 >= options.length_min && event.amount_sat >= options.amount_sat_min {
                    entry.is_counted = true;
                    self.found.extend(self.path.iter().copied().chain([entry]));
                    *self.longest = (*self.longest).max(length + 1);
                }
                continue;
            }
            let is_met = self.path.iter().any(|met| met.payer == event.other);
            if !is_met && self.scene.is_subject(event.other) {
                self.path.push(entry);
                self.walk();
                self.path.pop();
            }
        }
    }
}

/// What paid the payer of `next` before it, within the window that ends at `last_time`, and may have gone on in it.
fn earlier<'s>(scene: Scene<'s>, next: Entry, last_time: u32) -> impl Iterator<Item = &'s Event> {
    let options = &scene.options.temporal_cycle;
    let past = scene.history.upto(next.payer, next.tx);
    let near = move |event: &&Event| last_time.saturating_sub(event.time) <= options.window_s;
    let past = scene.lifetime(past).iter().rev().take_while(near);
    past.filter(move |event| {
        event.is_in()
            && event.tx < next.tx
            && scene.counts(event)
            && follows(event.amount_sat, next.amount_sat, options.kept_percent_min)
    })
}

/// Whether a transfer of `amount_sat` can be what is left of one of `before_sat`.
pub(super) fn follows(before_sat: u64, amount_sat: u64, kept_percent_min: u32) -> bool {
    amount_sat <= before_sat
        && is_share(u128::from(amount_sat), kept_percent_min, u128::from(before_sat))
}

fn describe(joined: &Joined, options: &PatternOptions) -> String {
    format!(
        "came back through {} transfers within {} (threshold {} in {})",
        joined.measure,
        joined.span(),
        options.temporal_cycle.length_min,
        span(options.temporal_cycle.window_s)
    )
}
