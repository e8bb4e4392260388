//! Bitcoin blocks: raw bytes to [`ledger::DecodedBlock`], and the places that blocks come from.
//!
//! [`decode`] reads one block, [`script`] an output script. The sources: [`core_directory`], [`block_files`], [`core_rpc`]
//! and [`etl_export`]; [`open`] tells which of them a path is.

mod blocks;
mod chain;
mod cursor;
pub mod decode;
pub(crate) mod error;
mod etl;
mod files;
mod hash;
mod marks;
mod network;
mod node;
mod reveal;
mod rpc;
pub mod script;
pub mod undo;

pub use etl::{EtlSource, etl_export};
pub use files::{FileSource, block_files, core_directory, open};
pub use network::{Network, UnknownNetwork};
pub use node::{NodeSource, core_rpc};
pub use rpc::NodeAccess;
