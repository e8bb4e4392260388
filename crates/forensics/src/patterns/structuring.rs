//! Structuring: payments each just below a threshold of reporting, together above it.
//!
//! In: what a cluster paid, or was paid, within the window; prices. Out: a hit where at least `payments_min` transactions
//! of that side have exactly one transfer worth `from_percent` % of a threshold or more, but less than it, and these are at least
//! `share_percent_min` % of its transactions, the smallest `spread_permille_min` thousandths or more below the largest. The highest threshold
//! that fits is told.
//! Source: FATF 2020, "Transactions"; 31 CFR 1010.311 (10,000), 1010.410 (3,000), FATF travel rule (1,000).
//! Departures: by transaction, since a payroll has many like sums in one; counted on both sides, since a payer whose
//! change moves to new addresses is a new cluster each time. Without a price nothing is just below anything: silent.
//! Cost: O(events of the window × thresholds) an event.
//! Checked against: every subset by filter (`tests/it/patterns_oracle.rs`).

use super::history::Event;
use super::hits::{Entry, Hit, Joined};
use super::scene::Moment;
use super::{Detector, PatternOptions};

pub(super) const STRUCTURING: Detector = Detector {
    number: 1,
    name: "structuring",
    about: "payments each just below a threshold of reporting, together above it; silent without prices",
    fatf: "Transactions, size and frequency: amounts kept small, under thresholds of record-keeping or reporting",
    window_s: |options| options.structuring.window_s,
    find,
    describe,
};

fn find(moment: &Moment<'_>, hits: &mut Vec<Hit>) {
    let options = &moment.options().structuring;
    let newest = moment.paying().chain(moment.paid()).next();
    let Some(newest) = newest.filter(|event| moment.scene.value(event).is_some()) else { return };
    let side = moment.window(options.window_s).filter(|event| event.is_in() == newest.is_in());
    // Each payment is a transaction of its own: few events are not asked what they were worth.
    if side.clone().take(options.payments_min as usize).count() < options.payments_min as usize {
        return;
    }
    let events: Vec<(&Event, i128)> =
        side.filter_map(|event| Some((event, moment.scene.value(event)?.micros()))).collect();
    for &threshold in &options.thresholds {
        let whole = i128::from(threshold) * 1_000_000;
        let is_below = |&(_, micros): &&(&Event, i128)| {
            *micros < whole && *micros * 100 >= whole * i128::from(options.from_percent)
        };
        let transactions = || events.chunk_by(|a, b| a.0.tx == b.0.tx);
        let found: Vec<(&Event, i128)> = transactions()
            .filter_map(|group| only(group.iter().filter(is_below)))
            .copied()
            .collect();
        let is_now = found.last().is_some_and(|(event, _)| event.tx == moment.tx);
        let sum: i128 = found.iter().map(|(_, micros)| micros).sum();
        let amounts = || found.iter().map(|(event, _)| u128::from(event.amount_sat));
        let (least, most) = (amounts().min().unwrap_or(0), amounts().max().unwrap_or(0));
        let is_spread = (most - least) * 1_000 >= most * u128::from(options.spread_permille_min);
        let enough = is_spread
            && found.len() >= options.payments_min as usize
            && found.len() * 100 >= transactions().count() * options.share_percent_min as usize;
        if is_now && enough && sum >= whole {
            let measure = u32::try_from(threshold).unwrap_or(u32::MAX);
            let entries = found.iter().map(|(event, _)| Entry::of(moment.cluster, event, true));
            hits.push(moment.hit(STRUCTURING.number, moment.cluster, measure, entries.collect()));
            return;
        }
    }
}

/// The one thing, if it is one.
fn only<T>(mut things: impl Iterator<Item = T>) -> Option<T> {
    let first = things.next()?;
    things.next().is_none().then_some(first)
}

fn describe(joined: &Joined, options: &PatternOptions) -> String {
    let n = joined.n_transactions();
    let threshold = joined.measure;
    let (percent, span) = (options.structuring.from_percent, joined.span());
    format!(
        "{n} payments from {percent} % of {threshold} to below it within {span} (threshold {} payments)",
        options.structuring.payments_min
    )
}
