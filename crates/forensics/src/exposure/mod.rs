//! Exposure: how much of what a cluster received came from whom, and where what it sent ended, to the satoshi.
//!
//! In: batches in order, for each input the transaction that made what it spends, [`Parties`], a price. Out: [`Exposure`] rows
//! by cluster, side, origin, direct or not, mixed or not; the parts of every output.
//! Definition: every output carries *parts* {origin, amount in satoshi} that add up to it. A transaction pools what it spends
//! and shares it out over outputs and fee (haircut). Money of a known entity comes from that entity and nobody else; a
//! coinbase's from `mined`; what is not known from `untraced`. Sent is the same backwards.
//! Source: haircut tainting (Möser, Böhme, Breuker 2014); services that absorb as in Chainalysis' exposure; whole satoshi
//! and the reverse pass are our own. `docs/methods/exposure.md`.
//! Departures: no share is a float; at most [`ExposureOptions::parts_max`] single entities an output, smaller ones pooled by
//! category, so that sums by category stay exact.
//! Cost: see [`ExposureState`] and `docs/methods/exposure.md`.
//! Checked against: a recursion in rational and floating numbers, all made from empty, any cut, unwinding, change of owners
//! (`tests/it/exposure*.rs`).
//!
//! [`Exposure`]: ledger::Exposure

mod answers;
mod coins;
mod compare;
mod error;
mod members;
mod parts;
mod previous;
mod rows;
mod sent;
mod split;
mod state;
mod times;
mod vectors;
mod world;

pub use compare::Comparison;
pub use error::ExposureError;
pub use parts::{Origin, Part};
pub use previous::PreviousTransactions;
pub use split::{CONVENTIONS, Convention, Flow};
pub use state::{ExposureOptions, ExposureState, Parties, SentUpdate, Touched};
