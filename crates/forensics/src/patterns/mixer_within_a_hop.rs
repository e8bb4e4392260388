//! A mixer within a hop: money straight from or to a mixer, by tag or by the shape of the transaction.
//!
//! In: transfers between a cluster and clusters of known mixers, and its part in labelled mixes. Out: a hit a transaction, where they add up to
//! `amount_sat_min` within the window.
//! Source: FATF 2020, "Anonymity"; labels of mixes: `docs/methods/mix-*.md`.
//! Departures: only mixes with the precise label count; "possibly collaborative" is for leaving out, not for accusing.
//! Cost: O(events of the window) an event with a mixer.
//! Checked against: filters over the whole list (`tests/it/patterns_oracle.rs`).

use super::Detector;
use super::nearby;
use super::scene::Party;

pub(super) const MIXER_WITHIN_A_HOP: Detector = Detector {
    number: 11,
    name: "mixer_within_a_hop",
    about: "money straight from or to a mixer, known by its tag or by the shape of the transaction",
    fatf: "Anonymity: use of mixing or tumbling services",
    window_s: |options| options.mixer_within_a_hop.window_s,
    find: |moment, hits| {
        let options = &moment.options().mixer_within_a_hop;
        nearby::find(moment, Party::Mixer, options, MIXER_WITHIN_A_HOP.number, hits);
    },
    describe: |joined, options| nearby::describe(joined, "mixers", &options.mixer_within_a_hop),
};
