//! The row of the table `mixes`. `forensics` makes it; it stands here because every table's schema does.

use crate::{Height, TxIndex};

/// A row of the table `mixes`: a transaction that a mixing protocol made, or that several owners may have signed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mix {
    /// The transaction.
    pub tx: TxIndex,
    /// Its block's height.
    pub height: Height,
    /// The protocol by its stored number (see `forensics::mixes`); 0 without a label.
    pub protocol: u8,
    /// Which form of it, by its stored number; 0 without a label or where there is one form.
    pub variant: u8,
    /// Protocols that cannot be ruled out, as bits (see `forensics::collaborative`): not 0 means that its inputs
    /// tell nothing about common ownership.
    pub possible: u16,
    /// Probability that the label is right, 0 to 1; 0 without a label.
    pub confidence: f32,
    /// How many take part; 0 where that cannot be told.
    pub n_participants: u32,
    /// How many outputs are equal to another as the protocol makes them.
    pub n_equal_outputs: u32,
    /// The amount that makes them equal, satoshi; 0 without a label.
    pub denomination_sat: u64,
    /// What the origin of the inputs says, as bits (see `forensics::mixes::LineageBits`).
    pub lineage: u8,
}
