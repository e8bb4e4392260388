//! Gather-scatter: many pay one, who then pays as much to many.
//!
//! In: what a cluster was paid and paid within the window. Out: a hit where its events fall into two phases: in the first
//! at least `payers_min` distinct clusters pay it, `whole_percent_min` % of them nobody else in that transaction, with `kept_percent_max` % or
//! less left of all they ever got; in the second it pays at least `payees_min` distinct ones, between
//! `out_percent_min` % and all of what came in, while at most `late_percent_max` % of it still come in, and then it is about empty.
//! Source: AMLSim's gather-scatter (Suzumura, Kanezashi, 2021); FATF 2020, "Transaction patterns".
//! Departures: the phases and the balance: a shop or an untagged exchange is paid and pays all day long.
//! Cost: O(events of the window) an event.
//! Checked against: every cut into two phases (`tests/it/patterns_oracle.rs`).

use super::fan_in::is_whole;
use super::history::Event;
use super::hits::{Entry, Hit, Joined, coins, span};
use super::pass_through::is_empty;
use super::scene::{Moment, is_share, n_others, sum_sat};
use super::{Detector, PatternOptions};

pub(super) const GATHER_SCATTER: Detector = Detector {
    number: 4,
    name: "gather_scatter",
    about: "many pay one, who then pays as much to many",
    fatf: "Transaction patterns: funds of many unrelated wallets accumulate, then all of it is moved on",
    window_s: |options| options.gather_scatter.window_s,
    find,
    describe,
};

fn find(moment: &Moment<'_>, hits: &mut Vec<Hit>) {
    let options = &moment.options().gather_scatter;
    if moment.paying().next().is_none() {
        return;
    }
    let window: Vec<&Event> = moment.window(options.window_s).collect();
    let Some(second) = phases(&window, options.late_percent_max) else { return };
    let gathered = || window[..second].iter().copied().filter(|event| event.is_in());
    let scattered = || window[second..].iter().copied().filter(|event| !event.is_in());
    let in_sat = sum_sat(window.iter().copied().filter(|event| event.is_in()));
    let out_sat = sum_sat(scattered());
    let whole = gathered()
        .filter(|event| is_whole(moment.scene, event, moment.tx, options.kept_percent_max));
    let (n_whole, n_payers) = (n_others(whole) as u128, n_others(gathered()) as u128);
    let found = is_share(n_whole, options.whole_percent_min, n_payers)
        && n_others(gathered()) >= options.payers_min as usize
        && n_others(scattered()) >= options.payees_min as usize
        && in_sat >= u128::from(options.amount_sat_min)
        && out_sat <= in_sat
        && is_share(out_sat, options.out_percent_min, in_sat)
        && is_empty(moment, in_sat, 100 - options.out_percent_min);
    if found {
        let shown = gathered().map(|event| Entry::of(moment.cluster, event, false));
        let counted = scattered().map(|event| Entry::of(moment.cluster, event, true));
        let entries = shown.chain(counted).collect();
        hits.push(moment.hit(GATHER_SCATTER.number, moment.cluster, 0, entries));
    }
}

/// Where the second phase begins: at the first payment out behind which little comes in.
fn phases(window: &[&Event], late_percent_max: u32) -> Option<usize> {
    let all = sum_sat(window.iter().copied().filter(|event| event.is_in()));
    let mut before = 0;
    for (place, event) in window.iter().enumerate() {
        if event.is_in() {
            before += u128::from(event.amount_sat);
        } else if (all - before) * 100 <= before * u128::from(late_percent_max) {
            return (before > 0).then_some(place);
        }
    }
    None
}

fn describe(joined: &Joined, options: &PatternOptions) -> String {
    format!(
        "{} payers, then {} payees, {} sent on within {} (threshold {} and {} in {})",
        joined.n_payers(),
        joined.n_payees(),
        coins(joined.counted_sat()),
        joined.span(),
        options.gather_scatter.payers_min,
        options.gather_scatter.payees_min,
        span(options.gather_scatter.window_s)
    )
}
