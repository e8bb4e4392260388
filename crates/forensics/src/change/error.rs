//! What can be wrong with a state, a model or the data to fit one.

use ledger::Height;

/// Why no model can be fitted or read, or a state not be unwound or read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// Unwinding below what was settled.
    #[error("height {to} is below {settled}, up to which the state of change was settled")]
    Settled {
        /// The height up to which it was settled.
        settled: Height,
        /// The height asked for.
        to: Height,
    },
    /// Too little is known to fit a model.
    #[error(
        "change of {found} transactions in {n_clusters} clusters is revealed; a model needs {needed}"
    )]
    TooFew {
        /// Transactions with revealed change.
        found: usize,
        /// In how many clusters.
        n_clusters: usize,
        /// How many transactions are needed.
        needed: usize,
    },
    /// No model fits the data.
    #[error("no model of change fits: {0}")]
    Fit(#[from] learn::LearnError),
    /// A model's text cannot be read.
    #[error("the text of a change model cannot be read: {what}")]
    Text {
        /// What is wrong with it.
        what: String,
    },
    /// A model's text does not have the version that it states.
    #[error("the text of a change model is of version {found} and states {stated}")]
    Version {
        /// As computed.
        found: String,
        /// As written.
        stated: String,
    },
    /// A model is of other rules than this program has.
    #[error("a change model has the column {found:?} where this program has {expected:?}")]
    Column {
        /// The model's.
        found: String,
        /// This program's.
        expected: String,
    },
    /// Columns of a stored state do not fit together.
    #[error("a stored state of change is damaged: {what}, row {row}")]
    State {
        /// Which column.
        what: &'static str,
        /// The row, from 0.
        row: usize,
    },
}

impl ChangeError {
    /// What the caller can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Settled { .. } | Self::State { .. } => {
                "build the state of change anew from the ledger"
            }
            Self::TooFew { .. } => {
                "take in more blocks: change is revealed when it is spent with its owner's coins"
            }
            Self::Fit(error) => return error.hint(),
            Self::Text { .. } | Self::Version { .. } | Self::Column { .. } => "fit the model anew",
        };
        Some(hint.to_owned())
    }
}
