//! Peeling chains: a large coin from which a little is paid, step by step, while the rest moves on.
//!
//! In: a payment, and backwards the payments that its money came from. Out: a hit about the first cluster, where `steps_min` payments or
//! more in a row each went to two clusters, the smaller part being `peel_percent_max` % or less, or to one, which got no more than that of what
//! the payer held; each but the first spent what the one before it had left, within `step_s`, and nothing else came in
//! between; the rest may move on whole. A first one that keeps the rest holds one coin that came in within `step_s`, 90 % of all it has.
//! Source: Meiklejohn et al., "A Fistful of Bitcoins", IMC 2013, section 5; Kappos et al., USENIX Security 2022.
//! Departures: on clusters, so both with new change addresses and where change is linked to its payer. Time bounds and the number of steps
//! tell a chain from the everyday use of a wallet.
//! Cost: O(`steps_max`) steps for a payment of that form; a step that keeps the rest sums its payer's events.
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

/// A payment that peels.
#[derive(Clone, Copy)]
pub(super) struct Step<'s> {
    pub(super) payer: u32,
    small: &'s Event,
    /// Where the rest went; `None` if the payer kept it.
    pub(super) large: Option<&'s Event>,
    /// What there was before.
    whole_sat: u128,
}

impl Step<'_> {
    fn rest_sat(&self) -> u128 {
        self.whole_sat - u128::from(self.small.amount_sat)
    }
}

/// The payment of a cluster in a transaction, if it peels: to two clusters, or to one while the payer keeps the rest.
fn step<'s>(scene: Scene<'s>, payer: u32, tx: u32) -> Option<Step<'s>> {
    split(scene, payer, tx).or_else(|| {
        let (before, [small]) = parts(scene, payer, tx)? else { return None };
        let (got, gave) = scene.flows(before)?;
        peeled(scene, Step { payer, small, large: None, whole_sat: got - gave })
    })
}

/// The payment of a cluster to two others in a transaction, if it peels.
pub(super) fn split<'s>(scene: Scene<'s>, payer: u32, tx: u32) -> Option<Step<'s>> {
    let (_, [a, b]) = parts(scene, payer, tx)? else { return None };
    let (small, large) = if a.amount_sat <= b.amount_sat { (a, b) } else { (b, a) };
    let whole_sat = u128::from(a.amount_sat) + u128::from(b.amount_sat);
    peeled(scene, Step { payer, small, large: Some(large), whole_sat })
}

/// The events of a payer before a transaction and in it, if all of these are plain payments of its own.
fn parts<'s>(scene: Scene<'s>, payer: u32, tx: u32) -> Option<(&'s [Event], &'s [Event])> {
    let past = scene.history.upto(payer, tx);
    let n_now = past.iter().rev().take_while(|event| event.tx == tx).count();
    let (before, now) = past.split_at(past.len() - n_now);
    let is_plain = |event: &Event| !event.is_in() && !event.is_mix();
    (scene.is_subject(payer) && now.iter().all(is_plain)).then_some((before, now))
}

fn peeled<'s>(scene: Scene<'_>, step: Step<'s>) -> Option<Step<'s>> {
    let most = u128::from(scene.options.peeling_chain.peel_percent_max);
    (u128::from(step.small.amount_sat) * 100 <= step.whole_sat * most).then_some(step)
}

/// Whether what is spent is what was left, but for a fee.
fn is_most(spent: u128, left: u128) -> bool {
    spent <= left && is_share(spent, 90, left)
}

/// The payment that left what this one spends, perhaps moved on whole in between.
fn before<'s>(scene: Scene<'s>, next: Step<'s>) -> Option<Step<'s>> {
    let options = &scene.options.peeling_chain;
    let (mut payer, mut tx, mut time) = (next.payer, next.small.tx, next.small.time);
    let mut spent = next.whole_sat;
    for _ in 0..=options.moves_max {
        let past = scene.history.upto(payer, tx).iter().rev();
        let funding = past.skip_while(|event| event.tx == tx).find(|event| scene.counts(event))?;
        if time.saturating_sub(funding.time) > options.step_s {
            return None;
        }
        if !funding.is_in() {
            // The same cluster goes on with what it kept.
            let step = step(scene, payer, funding.tx).filter(|step| step.large.is_none());
            return step.filter(|step| is_most(spent, step.rest_sat()));
        }
        let left = u128::from(funding.amount_sat);
        if !is_most(spent, left) {
            return None;
        }
        if let Some(step) = step(scene, funding.other, funding.tx) {
            let goes_on = step.large.is_some_and(|large| large.other == payer);
            return goes_on.then_some(step);
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
    // The oldest step that a large coin came to begins the chain: who paid it may pay many things one after the other.
    let is_first = |step: &Step<'_>| is_one_coin(moment.scene, step);
    let Some(n_steps) = steps.iter().rposition(is_first).map(|place| place + 1) else { return };
    steps.truncate(n_steps);
    let Some(first) = steps.last().filter(|_| n_steps >= options.steps_min as usize) else {
        return;
    };
    let is_large = first.rest_sat() >= u128::from(options.amount_sat_min);
    if is_large && !is_payout(&steps, options.spread_percent_min) {
        let both = |step: &Step<'_>| {
            let large = step.large.map(|large| Entry::of(step.payer, large, false));
            large.into_iter().chain([Entry::of(step.payer, step.small, true)])
        };
        let measure = u32::try_from(n_steps).unwrap_or(u32::MAX);
        let entries = steps.iter().flat_map(both).collect();
        hits.push(moment.hit(PEELING_CHAIN.number, first.payer, measure, entries));
    }
}

/// Whether a payer that keeps the rest holds one coin, more or less, that came in shortly before.
fn is_one_coin(scene: Scene<'_>, first: &Step<'_>) -> bool {
    if first.large.is_some() {
        return true;
    }
    let past = scene.history.upto(first.payer, first.small.tx).iter().rev();
    let mut past = past.skip_while(|event| event.tx == first.small.tx);
    past.find(|event| scene.counts(event)).is_some_and(|coin| {
        let is_new =
            first.small.time.saturating_sub(coin.time) <= scene.options.peeling_chain.step_s;
        coin.is_in() && is_new && is_share(u128::from(coin.amount_sat), 90, first.whole_sat)
    })
}

/// Whether one wallet pays about equal sums: wages, a fan-out, or structuring.
fn is_payout(steps: &[Step<'_>], spread_percent_min: u32) -> bool {
    let sums = || steps.iter().map(|step| u128::from(step.small.amount_sat));
    let (least, most) = (sums().min().unwrap_or(0), sums().max().unwrap_or(0));
    let is_even = most * 100 < least * u128::from(spread_percent_min);
    is_even && steps.iter().all(|step| step.large.is_none())
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
