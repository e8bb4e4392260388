#![doc = include_str!("../README.md")]

mod alerts;
mod error;
mod expression;
mod known;
mod rules;

pub use alerts::*;
pub use error::CaseError;
pub use expression::*;
pub use known::{ClusterFacts, ListedAs, PaymentFacts, TaggedAs};
pub use rules::*;

/// The first so many bytes of SHA-256 in hexadecimal digits.
pub(crate) fn short_hash(text: &str, n_bytes: usize) -> String {
    use sha2::Digest;
    let hash = sha2::Sha256::digest(text.as_bytes());
    hash[..n_bytes].iter().map(|byte| format!("{byte:02x}")).collect()
}
