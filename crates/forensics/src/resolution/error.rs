//! What can be wrong with records, labels, targets and models.

/// Why there are no profiles, no model, or none that can be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolutionError {
    /// Fewer labels than addresses.
    #[error("{n_addresses} addresses are recorded and {n_labels} have a cluster label")]
    NoLabel {
        /// Addresses in the records.
        n_addresses: u32,
        /// Labels given.
        n_labels: usize,
    },
    /// More records than 32-bit ids.
    #[error("{n_spends} transactions are recorded, and 4294967295 can be told apart")]
    TooManySpends {
        /// Records.
        n_spends: usize,
    },
    /// The data are too few, or say nothing.
    #[error("not fitted: {reason}")]
    NotFitted {
        /// Which part is missing, with counts.
        reason: String,
    },
    /// A text that is no model.
    #[error("not a model of entity resolution: {reason}")]
    Model {
        /// What is wrong with it.
        reason: String,
    },
}

impl ResolutionError {
    /// What the caller can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoLabel { .. } => "label the addresses of all blocks that were applied",
            Self::TooManySpends { .. } => "apply a shorter range of blocks",
            Self::NotFitted { .. } => "ingest more blocks, or pass tags of known entities",
            Self::Model { .. } => "fit the model anew with this version",
        };
        Some(hint.to_owned())
    }
}
