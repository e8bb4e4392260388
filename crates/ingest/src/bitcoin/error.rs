//! Why a source cannot give blocks: what, where (file and offset, file and line, or address), and what to do.

use std::fmt;
use std::path::{Path, PathBuf};

use ledger::{BlockHash, Height};

use super::decode::{DecodeError, DecodeFault};
use super::network::Network;

/// Where something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// A file or folder as a whole.
    Path(PathBuf),
    /// A byte of a file, counted from 0.
    Byte(PathBuf, u64),
    /// A line of a text file or a row of a table file, counted from 1.
    Line(PathBuf, u64),
    /// An answer of a node.
    Url(String),
}

impl Place {
    /// The file or folder, where it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) | Self::Byte(path, _) | Self::Line(path, _) => Some(path),
            Self::Url(_) => None,
        }
    }

    /// The byte, where one is known.
    pub fn offset(&self) -> Option<u64> {
        if let Self::Byte(_, offset) = self { Some(*offset) } else { None }
    }

    /// The same file, `by` bytes further on.
    pub(crate) fn further(self, by: usize) -> Self {
        match self {
            Self::Byte(path, offset) => Self::Byte(path, offset + by as u64),
            other => other,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Byte(path, offset) => write!(f, "{}, byte {offset}", path.display()),
            Self::Line(path, line) => write!(f, "{}, line {line}", path.display()),
            Self::Url(url) => f.write_str(url),
        }
    }
}

/// Why a source cannot give blocks.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct SourceError {
    /// Where.
    pub place: Place,
    /// What.
    #[source]
    pub fault: Box<SourceFault>,
}

/// What can be wrong with a source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceFault {
    /// The system refused.
    #[error("{0}")]
    Io(std::io::Error),
    /// There is nothing to read.
    #[error("no blocks here: {0}")]
    Nothing(String),
    /// A block is damaged.
    #[error("damaged block: {0}")]
    Block(DecodeError),
    /// A record says that it is longer than what is left of its file.
    #[error("truncated: a record of {size} bytes begins here, but the file ends after {left}")]
    Truncated {
        /// The bytes that should be there.
        size: u64,
        /// The bytes that are.
        left: u64,
    },
    /// Neither a record nor padding.
    #[error("wrong magic {0}: no block begins here")]
    Magic(Hex),
    /// Blocks of another network.
    #[error("these blocks are of {found}, not of {wanted}")]
    Network {
        /// Whose they are.
        found: Network,
        /// Whose were asked for.
        wanted: Network,
    },
    /// The same header twice, with different transactions or witnesses.
    #[error("block {hash} is here twice with different bytes (the other is at {other})")]
    Twice {
        /// Its name.
        hash: BlockHash,
        /// The other copy.
        other: Place,
    },
    /// Nothing tells the height of a block.
    #[error(
        "height of block {hash} is unknown: it connects to nothing held and its coinbase does not say"
    )]
    HeightUnknown {
        /// Its name.
        hash: BlockHash,
    },
    /// A block says that it stands elsewhere than where it connects.
    #[error("block {hash} is at height {found} in the chain, but says {claimed}")]
    HeightContradicted {
        /// Its name.
        hash: BlockHash,
        /// Where its predecessors put it.
        found: Height,
        /// What it says.
        claimed: u64,
    },
    /// Missing blocks.
    #[error(
        "blocks are missing: the last one before is at height {before}, the next one here at {next}"
    )]
    Gap {
        /// The last height before the gap.
        before: Height,
        /// The first height after it.
        next: Height,
    },
    /// A branch of which the source does not have the beginning.
    #[error(
        "block {hash} at height {height} does not follow the block that the ledger has at {}, \
         and the place where they part is not here",
        height.get().saturating_sub(1)
    )]
    Detached {
        /// The lowest block of the branch.
        hash: BlockHash,
        /// Its height.
        height: Height,
    },
    /// Undo data that belongs to no block.
    #[error("undo data for block {hash} (height {height}) is damaged: its checksum fits no block")]
    UndoChecksum {
        /// The block that is left without.
        hash: BlockHash,
        /// Its height.
        height: Height,
    },
    /// A row that is not what the export's schema says.
    #[error("{0}")]
    Row(String),
    /// The node cannot be reached.
    #[error("cannot reach the node: {0}")]
    Unreachable(String),
    /// The node refuses the credentials.
    #[error("the node refuses the credentials (HTTP {0})")]
    Unauthorized(u16),
    /// The node says no.
    #[error("the node answers {method} with error {code}: {message}")]
    Rpc {
        /// What was asked.
        method: String,
        /// JSON-RPC error code.
        code: i64,
        /// In the node's words.
        message: String,
    },
    /// The answer is not what was asked for.
    #[error("the node's answer to {method} is not usable: {why}")]
    Answer {
        /// What was asked.
        method: String,
        /// What is wrong with the answer.
        why: String,
    },
}

/// Bytes shown in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hex(pub [u8; 4]);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// JSON-RPC code while a node starts (`RPC_IN_WARMUP`).
pub(crate) const RPC_IN_WARMUP: i64 = -28;
/// JSON-RPC code for a block that is not on disk (`RPC_MISC_ERROR`).
pub(crate) const RPC_MISC_ERROR: i64 = -1;

impl SourceError {
    pub(crate) fn new(place: Place, fault: SourceFault) -> Self {
        Self { place, fault: Box::new(fault) }
    }

    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        Self::new(Place::Path(path.to_owned()), SourceFault::Io(error))
    }

    /// A block at `place` is damaged; the offset becomes that of the damage.
    pub(crate) fn block(place: Place, error: DecodeError) -> Self {
        Self::new(place.further(error.offset), SourceFault::Block(error))
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match &*self.fault {
            SourceFault::Io(error) => return io_hint(error),
            SourceFault::Nothing(_) => {
                "give a Bitcoin Core data directory, a folder of .blk files or a bitcoin-etl export"
            }
            SourceFault::Block(error) => return Some(block_hint(&error.kind)),
            SourceFault::Truncated { .. } => {
                "copy the file again, or let the node finish writing (stop it, or wait) and rerun; \
                 what was ingested before stays"
            }
            SourceFault::Magic(_) => {
                "is the xor.dat of this folder the one that the node wrote? \
                 With --skip-garbage, bytes that are no block are passed over and counted"
            }
            SourceFault::Network { found, .. } => {
                return Some(format!("--network {found}, with a store of its own"));
            }
            SourceFault::Twice { .. } => {
                "one of the copies is damaged or stripped of witnesses: keep the good one"
            }
            SourceFault::HeightUnknown { .. } => "say where it stands with --first-height N",
            SourceFault::HeightContradicted { .. } => "is --first-height right?",
            SourceFault::Gap { .. } => {
                "ingest the blocks between first (a node that is still fetching has them later), or \
                 pass --allow-gaps: inputs that spend from the gap are then counted as unknown"
            }
            SourceFault::Detached { .. } => {
                "the source is on another branch: give it with the blocks below this height too"
            }
            SourceFault::UndoChecksum { .. } => {
                "copy the rev file again, or run the node once with -reindex"
            }
            SourceFault::Row(_) => "export this range again with bitcoin-etl",
            SourceFault::Unreachable(_) => {
                "is bitcoind running with server=1, and is this its rpcport (8332 on the main network)?"
            }
            SourceFault::Unauthorized(_) => {
                "pass the node's cookie file (.cookie in its data directory; a new one at every \
                 start) or user and password of rpcauth"
            }
            SourceFault::Rpc { code: RPC_IN_WARMUP, .. } => "the node is starting: try again soon",
            SourceFault::Rpc { code: RPC_MISC_ERROR, .. } => {
                "if the node is pruned it no longer has old blocks: begin at a later height, or use \
                 a node with prune=0"
            }
            SourceFault::Rpc { .. } => return None,
            SourceFault::Answer { .. } => {
                "is this URL a Bitcoin Core node of version 0.21 or later?"
            }
        };
        Some(hint.to_owned())
    }

    /// Whether asking again later may help: the node is starting or out of reach.
    pub fn is_temporary(&self) -> bool {
        matches!(
            &*self.fault,
            SourceFault::Unreachable(_) | SourceFault::Rpc { code: RPC_IN_WARMUP, .. }
        )
    }
}

fn io_hint(error: &std::io::Error) -> Option<String> {
    match error.kind() {
        std::io::ErrorKind::NotFound => Some("check the path".to_owned()),
        std::io::ErrorKind::PermissionDenied => {
            Some("run as a user who may read it, or copy the files".to_owned())
        }
        _ => None,
    }
}

fn block_hint(fault: &DecodeFault) -> String {
    match fault {
        DecodeFault::Target { .. } => {
            "blocks of a test network? --network testnet3|testnet4|signet|regtest".to_owned()
        }
        DecodeFault::StrippedWitness => {
            "fetch the block with its witnesses (getblock <hash> 0, not a stripped copy)".to_owned()
        }
        _ => {
            "the file is damaged: fetch this block again; what was ingested before stays".to_owned()
        }
    }
}
