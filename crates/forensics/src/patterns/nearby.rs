//! What the detectors of mixers and of bridges have in common: money straight from or to such a party.

use super::history::Event;
use super::hits::{Entry, Hit, Joined, coins, span};
use super::options::Nearby;
use super::scene::{Moment, Party, sum_sat};

/// The transfers between the cluster and a party of this kind within the window, if they are worth telling.
pub(super) fn find(
    moment: &Moment<'_>,
    party: Party,
    options: &Nearby,
    number: u8,
    hits: &mut Vec<Hit>,
) {
    let scene = moment.scene;
    let dust = scene.options.transfer_sat_min;
    let is_near = |e: &&Event| e.amount_sat >= dust && scene.party(e.other) == party;
    if !moment.now.iter().any(|event| is_near(&event)) || !scene.is_subject(moment.cluster) {
        return;
    }
    let near = scene.newest(moment.past, options.window_s).iter().filter(is_near);
    let near: Vec<&Event> = near.collect();
    if sum_sat(near.iter().copied()) >= u128::from(options.amount_sat_min) {
        let entries = near.iter().map(|event| Entry::of(moment.cluster, event, true)).collect();
        hits.push(moment.hit(number, moment.cluster, 0, entries));
    }
}

pub(super) fn describe(joined: &Joined, party: &str, options: &Nearby) -> String {
    let side = |is_in: bool| {
        let own = joined.entries.iter().filter(|e| (e.payee == joined.cluster) == is_in);
        own.map(|entry| u128::from(entry.amount_sat)).sum::<u128>()
    };
    format!(
        "{} from and {} to {party} in {} transfers, none more than {} behind the one before it",
        coins(side(true)),
        coins(side(false)),
        joined.entries.len(),
        span(options.window_s)
    )
}
