//! Rapid cash-out: what comes in goes to exchanges at once.
//!
//! In: what a cluster was paid and paid within the dwell time, and all that it ever was paid and paid. Out: a hit where between
//! `out_percent_min` % and all of what came in, from others than exchanges, went to known exchanges, in transactions that pay nobody
//! else, and its balance is about zero; not of a cluster with more than `events_max` events within that time.
//! About whom: a cluster that one payer filled in several transactions, and that passed the sum on in one, is taken for
//! the deposit address that an exchange gave to that payer, if the payer cashed out by the same terms: then the payer is told.
//! Source: FATF 2020, "Transaction patterns": what has accumulated is exchanged for money in full.
//! Departures: an exchange is one by its tag or by common spending with a tagged one; deposits at others are not seen. Who pays
//! others in the same transaction has the exchange's own change: a hot wallet that nothing ties to its tag yet.
//! Cost: O(events of the window) an event, and of the payers of a cluster that cashes out.
//! Checked against: filters over the whole list (`tests/it/patterns_oracle.rs`).

use super::history::Event;
use super::hits::{Entry, Hit, Joined, span};
use super::pass_through::is_left;
use super::scene::{Moment, Party, Scene, is_share, sum_sat};
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
    let scene = moment.scene;
    let is_exchange = |other: u32| scene.party(other) == Party::Exchange;
    if moment.paying().all(|event| !is_exchange(event.other)) {
        return;
    }
    let Some(own) = cashed_out(scene, moment.past, &is_exchange) else { return };
    let payer = in_parts(&own).filter(|payer| scene.is_subject(*payer));
    let behind = payer.and_then(|payer| {
        let is_till = |other: u32| other == moment.cluster || is_exchange(other);
        let past = scene.history.upto(payer, moment.tx);
        Some((payer, cashed_out(scene, past, &is_till)?))
    });
    let (cluster, found) = behind.unwrap_or((moment.cluster, own));
    let shown = found.ins.iter().map(|event| Entry::of(cluster, event, false));
    let counted = found.outs.iter().map(|event| Entry::of(cluster, event, true));
    let entries = shown.chain(counted).collect();
    hits.push(moment.hit(RAPID_CASH_OUT.number, cluster, 0, entries));
}

/// What came in, and went to tills.
struct CashedOut<'s> {
    ins: Vec<&'s Event>,
    outs: Vec<&'s Event>,
}

/// What a cluster with these events turned into money, if it did as of the last of them.
fn cashed_out<'s>(
    scene: Scene<'s>,
    past: &'s [Event],
    is_till: &dyn Fn(u32) -> bool,
) -> Option<CashedOut<'s>> {
    let options = &scene.options.rapid_cash_out;
    let window = scene.newest(past, options.dwell_s);
    if window.len() > options.events_max as usize {
        return None;
    }
    let counted = || window.iter().filter(|event| scene.counts(event));
    let ins: Vec<&Event> =
        counted().filter(|event| event.is_in() && !is_till(event.other)).collect();
    let outs: Vec<&Event> =
        counted().filter(|event| !event.is_in() && is_till(event.other)).collect();
    let pays_others = |out: &&Event| {
        let mut same = window.iter().filter(|event| event.tx == out.tx && !event.is_in());
        same.any(|event| !is_till(event.other))
    };
    let (in_sat, out_sat) = (sum_sat(ins.iter().copied()), sum_sat(outs.iter().copied()));
    let found = in_sat >= u128::from(options.amount_sat_min)
        && out_sat <= in_sat
        && is_share(out_sat, options.out_percent_min, in_sat)
        && !outs.iter().any(pays_others)
        && is_left(scene, past, in_sat, 100 - options.out_percent_min);
    found.then_some(CashedOut { ins, outs })
}

/// Who alone paid what went on in one transaction, if that was in several.
fn in_parts(own: &CashedOut<'_>) -> Option<u32> {
    let (first, last) = (own.ins.first()?, own.ins.last()?);
    let is_one = own.outs.iter().all(|out| out.tx == own.outs[0].tx);
    let alone = own.ins.iter().all(|event| event.other == first.other);
    (is_one && alone && first.tx != last.tx).then_some(first.other)
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
