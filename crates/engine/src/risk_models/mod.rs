//! Models in scores: published into the store, withdrawn from it, and what they say of clusters.
//!
//! A package lies in the append-only table `risk_models`, named by the hash of its bytes; each event has who and why.
//! The profile in force names the model that counts and what it adds ([`forensics::score::Profile::model`]). What is
//! published or withdrawn takes effect at the next run, which scores everything again, as another profile does.

mod log;
mod publish;
mod serving;

pub use publish::{ModelPublished, PublishedModel, PublishedModels};
pub(crate) use serving::{AllFacts, Modelled, RiskModel, risk_columns};
