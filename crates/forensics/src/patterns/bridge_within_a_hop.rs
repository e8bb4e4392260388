//! A bridge within a hop: money straight from or to a bridge or decentralized exchange, by tag.
//!
//! In: transfers between a cluster and clusters of such parties. Out: a hit a transaction, where they add up to
//! `amount_sat_min` within the window.
//! Source: FATF 2020, "Anonymity"; FATF 2021 guidance on chain hopping.
//! Departures: by tag only. Where the money comes out on the other chain is the subject of bridge tracing.
//! Cost: O(events of the window) an event with a bridge.
//! Checked against: filters over the whole list (`tests/it/patterns_oracle.rs`).

use super::Detector;
use super::nearby;
use super::scene::Party;

pub(super) const BRIDGE_WITHIN_A_HOP: Detector = Detector {
    number: 12,
    name: "bridge_within_a_hop",
    about: "money straight from or to a bridge or decentralized exchange, known by its tag",
    fatf: "Anonymity: funds are moved between chains or assets to break the trail",
    window_s: |options| options.bridge_within_a_hop.window_s,
    find: |moment, hits| {
        let options = &moment.options().bridge_within_a_hop;
        nearby::find(moment, Party::Bridge, options, BRIDGE_WITHIN_A_HOP.number, hits);
    },
    describe: |joined, options| nearby::describe(joined, "bridges", &options.bridge_within_a_hop),
};
