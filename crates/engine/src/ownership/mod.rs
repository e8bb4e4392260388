//! What people decide about ownership, and the models that links are made with: the part of the engine that writes them.
//!
//! A decision is a row of the append-only table `decisions`; it takes effect at the next run, which follows the log as it
//! is then. So decisions may come before or after the blocks that they are about: the same log over the same ledger gives
//! the same clusters (`tests/it/decisions.rs`).

mod decide;
mod follow;
mod log;
mod names;
mod resolve;
mod sources;
mod train;

pub use decide::Decide;
pub(crate) use decide::{checked_author, checked_reason, number_of};
pub(crate) use follow::{Bounds, Followed, OF_DECISION};
pub(crate) use log::DecisionLog;
pub(crate) use names::{LinkId, link_id};
pub(crate) use resolve::resolution_model;
pub(crate) use sources::{link_sources, model_of_links, models};
pub(crate) use train::change_model;
