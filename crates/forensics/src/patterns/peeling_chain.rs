//! Peeling chains: a large coin from which a little is paid, step by step, while the rest moves on.
//!
//! In: a payment, and backwards the payments that its money came from. Out: a hit about the first cluster, where the last `steps_min` payments or
//! more each went to two clusters, the smaller part being `peel_percent_max` % or less, and each but the first spent what
//! the one before it had left, within `step_s`; in between the rest may move on whole.
//! Source: Meiklejohn et al., "A Fistful of Bitcoins", IMC 2013, section 5; Kappos et al., USENIX Security 2022.
//! Departures: on clusters: where change is already linked to its payer there is no chain to see, only one wallet that pays. Time bounds and the number of steps
//! tell a chain from the everyday use of a wallet that changes its address.
//! Cost: O(`steps_max`) for a payment of that form.
//! Checked against: all sequences of transactions (`tests/it/patterns_oracle.rs`).

use super::history::Event;
use super::hits::{Entry, Hit, Joined, coins, span};
use super::scene::{Moment, Scene, is_share};
use super::{Detector, PatternOptions};

pub(super) const PEELING_CHAIN: Detector = Detector {
    number: 7,
    name: "peeling_chain",
    about: "a large coin from which a little is paid, step by step, while the rest moves on",
    fatf: "Transactions, size and frequency: a large sum leaves in small amounts, over ever new wallets",
    window_s: |options| options.peeling_chain.step_s,
    find,
    describe,
};

/// A payment to two clusters.
#[derive(Clone, Copy)]
pub(super) struct Step<'s> {
    pub(super) payer: u32,
    small: &'s Event,
    pub(super) large: &'s Event,
}

/// The payment of a cluster in a transaction, if it peels.
pub(super) fn step<'s>(scene: Scene<'s>, payer: u32, tx: u32) -> Option<Step<'s>> {
    let past = scene.history.upto(payer, tx);
    let n_now = past.iter().rev().take_while(|event| event.tx == tx).count();
    let [a, b] = &past[past.len() - n_now..] else { return None };
    let is_plain = |event: &Event| !event.is_in() && !event.is_mix();
    if !is_plain(a) || !is_plain(b) || !scene.is_subject(payer) {
        return None;
    }
    let (small, large) = if a.amount_sat <= b.amount_sat { (a, b) } else { (b, a) };
    let whole = u128::from(small.amount_sat) + u128::from(large.amount_sat);
    let most = u128::from(scene.options.peeling_chain.peel_percent_max);
    (u128::from(small.amount_sat) * 100 <= whole * most).then_some(Step { payer, small, large })
}

/// The payment that left what this one spends, perhaps moved on whole in between.
fn before<'s>(scene: Scene<'s>, next: Step<'s>) -> Option<Step<'s>> {
    let options = &scene.options.peeling_chain;
    let (mut payer, mut tx, mut time) = (next.payer, next.large.tx, next.large.time);
    let mut spent = u128::from(next.small.amount_sat) + u128::from(next.large.amount_sat);
    for _ in 0..=options.moves_max {
        let past = scene.history.upto(payer, tx);
        let funding = past.iter().rev().find(|event| event.is_in() && scene.counts(event))?;
        let left = u128::from(funding.amount_sat);
        let is_same = funding.tx < tx
            && time.saturating_sub(funding.time) <= options.step_s
            && spent <= left
            && is_share(spent, 90, left);
        if !is_same {
            return None;
        }
        if let Some(step) = step(scene, funding.other, funding.tx) {
            return (step.large.other == payer).then_some(step);
        }
        moved(scene, funding.other, funding.tx)?;
        (payer, tx, time, spent) = (funding.other, funding.tx, funding.time, left);
    }
    None
}

/// The payment of a cluster in a transaction, if it goes to one cluster only.
pub(super) fn moved<'s>(scene: Scene<'s>, payer: u32, tx: u32) -> Option<&'s Event> {
    let past = scene.history.upto(payer, tx);
    let mut now = past.iter().rev().take_while(|event| event.tx == tx);
    let event = now.next().filter(|event| !event.is_in() && scene.counts(event))?;
    (now.next().is_none() && scene.is_subject(payer)).then_some(event)
}

fn find(moment: &Moment<'_>, hits: &mut Vec<Hit>) {
    let options = &moment.options().peeling_chain;
    if moment.paying().next().is_none() {
        return;
    }
    let mut next = step(moment.scene, moment.cluster, moment.tx);
    let mut steps = Vec::new();
    while let Some(step) = next.filter(|_| steps.len() < options.steps_max as usize) {
        steps.push(step);
        next = before(moment.scene, step);
    }
    let Some(first) = steps.last().filter(|_| steps.len() >= options.steps_min as usize) else {
        return;
    };
    if first.large.amount_sat >= options.amount_sat_min {
        let both = |step: &Step<'_>| {
            [Entry::of(step.payer, step.small, true), Entry::of(step.payer, step.large, false)]
        };
        let measure = u32::try_from(steps.len()).unwrap_or(u32::MAX);
        let entries = steps.iter().flat_map(both).collect();
        hits.push(moment.hit(PEELING_CHAIN.number, first.payer, measure, entries));
    }
}

fn describe(joined: &Joined, options: &PatternOptions) -> String {
    format!(
        "{} steps within {}, {} peeled off (threshold {} steps, {} each)",
        joined.measure,
        joined.span(),
        coins(joined.counted_sat()),
        options.peeling_chain.steps_min,
        span(options.peeling_chain.step_s)
    )
}
