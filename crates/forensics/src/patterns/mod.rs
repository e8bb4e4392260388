//! Patterns: typologies of laundering, found in what clusters pay each other as it comes in.
//!
//! In: transfers in order of transaction ([`pattern_transfers`]), who is known ([`Parties`]), [`PatternOptions`]. Out:
//! [`ledger::PatternMatch`] rows, one a pattern, cluster and window: a match that goes on grows. A detector is one file and
//! one line of [`DETECTORS`].
//! Reading order: `history` (what each cluster paid and was paid), `scene` (what a detector sees), a detector, `hits` (how finds
//! become rows), `state` (block by block, unwinding, clusters that change), `dependents`.
//! Departures from windowed streams: events are kept by cluster and not by time. What a transaction completes at a cluster is a
//! function of the events up to it; so taking blocks back is dropping hits, and when clusters merge, those that depend on
//! them are evaluated again, long past windows too.
//! Cost: each detector's own, mostly the events of its window around one cluster; 48 bytes a transfer.
//! Checked against: an oracle a detector over the whole list, any cut into batches, unwinding, merges and new tags
//! against all made from empty (`tests/it/patterns_oracle.rs`, `patterns_laws.rs`).

mod bridge_within_a_hop;
mod dependents;
mod dormancy_then_drain;
mod error;
mod fan_in;
mod fan_out;
mod gather_scatter;
mod history;
mod hits;
mod layering;
mod mixer_within_a_hop;
mod nearby;
mod options;
mod pass_through;
mod peeling_chain;
mod rapid_cash_out;
mod scatter_gather;
mod scene;
mod state;
mod structuring;
mod temporal_cycle;

use std::fmt;

pub use error::PatternError;
pub use history::MIX;
pub use hits::EVIDENCE_MAX;
pub use options::{
    CashOut, Dormancy, Fan, GatherScatter, Layering, Nearby, PassThrough, PatternOptions,
    PeelingChain, ScatterGather, Structuring, TemporalCycle,
};
pub use scene::Parties;
pub use state::{PatternState, pattern_transfers};

use hits::{Hit, Joined};
use scene::Moment;

/// A typology and how it is found.
#[derive(Clone, Copy)]
pub struct Detector {
    /// Stored, so never renumbered; from 1.
    pub number: u8,
    /// The name used in tables, rules and messages.
    pub name: &'static str,
    /// What it finds, as a sentence for analysts.
    pub about: &'static str,
    /// The indicator that it stands for: section of *Virtual Assets: Red Flag Indicators of Money Laundering and Terrorist
    /// Financing*, FATF, September 2020, and its sense in our words.
    pub fatf: &'static str,
    /// How far it looks back from the transaction that completes it, seconds; of chains: from step to step.
    pub window_s: fn(&PatternOptions) -> u32,
    find: fn(&Moment<'_>, &mut Vec<Hit>),
    describe: fn(&Joined, &PatternOptions) -> String,
}

impl fmt::Debug for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Every detector, in order of its number.
pub const DETECTORS: &[Detector] = &[
    structuring::STRUCTURING,
    fan_in::FAN_IN,
    fan_out::FAN_OUT,
    gather_scatter::GATHER_SCATTER,
    scatter_gather::SCATTER_GATHER,
    temporal_cycle::TEMPORAL_CYCLE,
    peeling_chain::PEELING_CHAIN,
    layering::LAYERING,
    pass_through::PASS_THROUGH,
    dormancy_then_drain::DORMANCY_THEN_DRAIN,
    mixer_within_a_hop::MIXER_WITHIN_A_HOP,
    bridge_within_a_hop::BRIDGE_WITHIN_A_HOP,
    rapid_cash_out::RAPID_CASH_OUT,
];

/// The detector of a stored number.
pub fn detector(number: u8) -> Option<&'static Detector> {
    DETECTORS.iter().find(|detector| detector.number == number)
}
