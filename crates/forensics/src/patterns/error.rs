//! What can be wrong with options and transfers of patterns.

use ledger::{Timestamp, TxIndex};

/// Why patterns cannot be looked for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// An option is outside its range.
    #[error("option {option} is {given}, and must be {range}")]
    Option {
        /// The option, with its table: `fan_in.payers_min`.
        option: &'static str,
        /// What it holds.
        given: f64,
        /// What it may hold, in words.
        range: &'static str,
    },
    /// A text is no options in TOML.
    #[error("options of patterns: {reason}")]
    Text {
        /// What the parser says, with line and column.
        reason: String,
    },
    /// Transfers do not come in the order of their transactions, or a transaction comes in parts.
    #[error("transaction {tx} comes after transaction {previous}")]
    Order {
        /// The transaction.
        tx: TxIndex,
        /// The one before it.
        previous: TxIndex,
    },
    /// A transaction number does not fit 32 bits.
    #[error("transaction {tx} is beyond the 4,294,967,295 that patterns can tell apart")]
    TooManyTransactions {
        /// The transaction.
        tx: TxIndex,
    },
    /// A block time is before 1970 or after 2106, or a height beyond 2^30.
    #[error("transaction {tx} is of no block that can be (time {time})")]
    Block {
        /// The transaction.
        tx: TxIndex,
        /// The block's time.
        time: Timestamp,
    },
    /// A transfer that is to be taken back was never applied.
    #[error("transfer of transaction {tx} that is to be taken back is not known")]
    Unknown {
        /// The transaction.
        tx: TxIndex,
    },
}

impl PatternError {
    /// What the caller can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Option { .. } | Self::Text { .. } => {
                "start from the defaults and change single options"
            }
            Self::Order { .. } => "apply whole blocks in order, each once",
            Self::Unknown { .. } => "build the patterns anew from all transfers",
            Self::TooManyTransactions { .. } => {
                "split the ledger: ids of patterns are 32 bits wide by design"
            }
            Self::Block { .. } => "no valid block holds such a time or height: verify the ledger",
        };
        Some(hint.to_owned())
    }
}
