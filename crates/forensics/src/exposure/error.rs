//! What can be wrong with what exposure is made from.

use ledger::TxIndex;

/// Why a block cannot be applied, or a question not be answered; the state is then as before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExposureError {
    /// A transaction is not the next one.
    #[error("transaction {tx} does not follow the last one applied (expected {expected})")]
    Order {
        /// The transaction.
        tx: TxIndex,
        /// The one that should come.
        expected: u64,
    },
    /// There is not one previous transaction an input.
    #[error("{n_previous} previous transactions for {n_inputs} inputs")]
    Previous {
        /// How many inputs the batch has.
        n_inputs: usize,
        /// How many previous transactions were given.
        n_previous: usize,
    },
    /// An input names an output that is not there, or that is spent already.
    #[error(
        "transaction {tx} spends output {output} of transaction {previous}, which is not there or spent already"
    )]
    Spend {
        /// The spending transaction.
        tx: TxIndex,
        /// The transaction that should have made the output.
        previous: u32,
        /// Which of its outputs.
        output: u32,
    },
    /// The amounts of one transaction add up to more than 64 bits hold.
    #[error("amounts of transaction {tx} add up to more than 64 bits hold")]
    AmountOverflow {
        /// The transaction.
        tx: TxIndex,
    },
    /// More outputs than 32-bit numbers.
    #[error("transaction {tx} has an output beyond the 4,294,967,294 of one state")]
    TooManyOutputs {
        /// The transaction.
        tx: TxIndex,
    },
    /// An entity has another category than before, or there are too many of them.
    #[error("entity {entity} has another category than when its number was first used")]
    Category {
        /// The entity.
        entity: usize,
    },
    /// The sent side of one cluster would need more transactions than allowed.
    #[error("what the cluster sent went through more than {n_max} transactions since")]
    TooManyDescendants {
        /// The bound.
        n_max: usize,
    },
    /// A comparison would need more transactions than allowed.
    #[error("what the cluster received goes back to more than {n_max} transactions")]
    TooManyAncestors {
        /// The bound.
        n_max: usize,
    },
}

impl ExposureError {
    /// What the caller can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Order { .. } => "apply every transaction of the ledger once, in order",
            Self::Previous { .. } => "give one previous transaction an input, NONE where unknown",
            Self::Spend { .. } | Self::AmountOverflow { .. } => {
                "no valid block holds this: verify the ledger"
            }
            Self::TooManyOutputs { .. } => "split the ledger: outputs are counted in 32 bits",
            Self::Category { .. } => "give the entity a new number, or make the state from empty",
            Self::TooManyDescendants { .. } => {
                "ask with a larger bound of transactions, or make the sent side of all"
            }
            Self::TooManyAncestors { .. } => "ask with a larger bound of transactions",
        };
        Some(hint.to_owned())
    }
}
