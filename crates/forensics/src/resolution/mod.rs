//! Probabilistic entity resolution: clusters that behave like one owner, suggested to people and never merged by itself.
//!
//! In: batches of the ledger ([`Activity`]), cluster labels ([`Profiles`]), truth of some pairs ([`Target`]). Out: a
//! [`ResolutionModel`] with its figures, and [`Suggestion`]s with a calibrated probability, what each rule adds to its
//! log-odds, and transactions to look at.
//! Reading order: `activity`, `profiles`, `rules`, `candidates`, `pair`, `truth`, `fit`, `model`, `suggest`.
//! Method, failure modes and figures: `docs/methods/entity-resolution.md`.

mod activity;
mod candidates;
mod error;
mod fit;
mod model;
mod pair;
mod profiles;
pub mod rules;
mod scale;
mod suggest;
mod truth;

pub use activity::Activity;
pub use candidates::{Candidate, CandidateLimits, Candidates, Skipped};
pub use error::ResolutionError;
pub use fit::{FitOptions, fit};
pub use model::{Figures, Origin, ReliabilityRow, ResolutionModel, RuleWeight};
pub use pair::{EVIDENCE_MAX, Ties};
pub use profiles::{Profile, Profiles};
pub use suggest::{ENTITY_CONFLICT_LOG_ODDS, SuggestOptions, Suggestion, suggest};
pub use truth::{Target, known_targets, later_labels, revealed_share, revealed_targets, withhold};
