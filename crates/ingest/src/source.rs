//! The contract between the engine and whatever blocks come from.
//!
//! A source is opened with what the ledger already holds ([`Held`]) and is then pulled: each [`Source::next`] says to
//! unwind, hands over blocks in chain order, or says that there is nothing more now. It writes nothing and keeps no
//! state of the store, so a run that is cut off anywhere is resumed by opening the source again.
//! One contract suite runs over all four sources (`tests/it/contract.rs`).

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use ledger::{BlockHash, DecodedBlock, Height};

use crate::bitcoin::Network;
pub use crate::bitcoin::error::{Place, SourceError, SourceFault};

/// Somewhere that blocks come from.
pub trait Source {
    /// What was found when the source was opened.
    fn plan(&self) -> &Plan;

    /// The next thing to do. The caller must do it before it asks again: unwind when told to, append every block that
    /// is not `already_held`.
    ///
    /// # Errors
    /// One error for the first thing that is wrong; blocks handed over before it are good. After an error the source
    /// is to be dropped, unless [`SourceError::is_temporary`].
    fn next(&mut self, limit: BatchLimit) -> Result<Step, SourceError>;
}

/// What the engine is to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Take the ledger back so that `to` is its last block: the source has a branch with more work from there on.
    Unwind {
        /// The last block that both have.
        to: Height,
    },
    /// Blocks in order of height; never empty.
    Blocks(Vec<Delivered>),
    /// Nothing more. A follower of a node may have more later.
    End,
}

/// One block handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The block.
    pub block: DecodedBlock,
    /// The ledger is past this height: nothing is to be appended, but its outputs and spent outputs can make unknown
    /// inputs known. Only with [`Options::resolve`].
    pub already_held: bool,
}

/// How much one [`Source::next`] may hand over. At least one block always comes, however large.
#[derive(Clone, Copy, Debug)]
pub struct BatchLimit {
    /// Most blocks.
    pub blocks_max: usize,
    /// Most raw bytes; decoded blocks take about four times that in memory.
    pub bytes_max: u64,
}

impl Default for BatchLimit {
    fn default() -> Self {
        Self { blocks_max: 2_000, bytes_max: 32 << 20 }
    }
}

/// How blocks are to be read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whose blocks they are.
    pub network: Network,
    /// Height of the first block, where the blocks themselves do not tell (before BIP 34).
    pub first_height: Option<Height>,
    /// Whether blocks may be missing between what the ledger holds and what comes, and within what comes.
    pub allow_gaps: bool,
    /// Whether blocks at heights that the ledger is past are handed over too, to resolve inputs.
    pub resolve: bool,
    /// Whether bytes between the blocks of a `blk*.dat` file that are no block are passed over, counted.
    pub skip_garbage: bool,
}

/// What a source found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Where it reads, in words.
    pub description: String,
    /// How many new blocks are to come; a follower counts up to the node's tip when it was opened.
    pub n_blocks: u64,
    /// Raw bytes of all that is to come, where known.
    pub n_bytes: Option<u64>,
    /// The first and the last height to come.
    pub heights: Option<(Height, Height)>,
    /// Where the ledger must be taken back to first.
    pub unwind_to: Option<Height>,
    /// Blocks found that the ledger holds, or that lie below what it holds.
    pub n_already_held: u64,
    /// Blocks found on branches with less work.
    pub n_stale: u64,
    /// Blocks found more than once with the same bytes; each counts once.
    pub n_duplicates: u64,
    /// Files that were not read, because nothing about them says that they hold blocks.
    pub ignored: Vec<PathBuf>,
    /// Checks that this source cannot make, and everything else that a person should know.
    pub notes: Vec<String>,
}

/// A block that the ledger holds, as far as branches are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldBlock {
    /// Its name.
    pub hash: BlockHash,
    /// Its compact target, from which its work follows.
    pub bits: u32,
}

/// The last block of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Where it stands.
    pub height: Height,
    /// Its name.
    pub hash: BlockHash,
}

/// Finds the block that the ledger holds at a height.
type Lookup = Arc<dyn Fn(Height) -> Option<HeldBlock> + Send + Sync>;

/// What the ledger holds when a source is opened.
#[derive(Clone)]
pub struct Held {
    range: Option<(Height, Height)>,
    lookup: Lookup,
}

impl Held {
    /// An empty ledger.
    pub fn nothing() -> Self {
        Self { range: None, lookup: Arc::new(|_| None) }
    }

    /// A ledger from `first` to `last`, with gaps where `lookup` says so.
    pub fn new(
        first: Height,
        last: Height,
        lookup: impl Fn(Height) -> Option<HeldBlock> + Send + Sync + 'static,
    ) -> Self {
        Self { range: Some((first, last)), lookup: Arc::new(lookup) }
    }

    /// The heights of the first and the last block.
    pub fn range(&self) -> Option<(Height, Height)> {
        self.range
    }

    /// The last block.
    pub fn tip(&self) -> Option<Tip> {
        let (_, height) = self.range?;
        Some(Tip { height, hash: self.block(height)?.hash })
    }

    /// The block at a height.
    pub fn block(&self, height: Height) -> Option<HeldBlock> {
        let (first, last) = self.range?;
        if height < first || height > last { None } else { (self.lookup)(height) }
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("range", &self.range).finish_non_exhaustive()
    }
}
