//! The same blocks served in every way that a source reads: as files of a node, raw files, by a node, as exports.

use std::path::{Path, PathBuf};

use bitcoin::Block;
use bitcoin::consensus::serialize;
use ledger::{BlockHash, Height};
use tempfile::TempDir;
use tracehound_ingest::bitcoin::{
    Network, NodeAccess, block_files, core_directory, core_rpc, etl_export,
};
use tracehound_ingest::source::{
    BatchLimit, Delivered, Held, HeldBlock, Options, Source, SourceError, Step,
};

use crate::exports;
use crate::node::Server;
use crate::undo_data;
use crate::world::World;

/// Every way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    CoreDirectory,
    BlockFiles,
    Rpc,
    Rest,
    EtlJson,
    EtlCsv,
    EtlParquet,
}

impl Way {
    pub(crate) const ALL: [Self; 7] = [
        Self::CoreDirectory,
        Self::BlockFiles,
        Self::Rpc,
        Self::Rest,
        Self::EtlJson,
        Self::EtlCsv,
        Self::EtlParquet,
    ];

    pub(crate) fn is_node(self) -> bool {
        matches!(self, Self::Rpc | Self::Rest)
    }

    pub(crate) fn is_export(self) -> bool {
        matches!(self, Self::EtlJson | Self::EtlCsv | Self::EtlParquet)
    }

    /// Whether spent outputs are told.
    pub(crate) fn tells_spent(self) -> bool {
        !matches!(self, Self::BlockFiles | Self::Rest)
    }
}

/// Blocks being served.
pub(crate) struct Served {
    way: Way,
    folder: TempDir,
    server: Option<Server>,
}

impl Served {
    /// Serves `best` (a node serves no others) and `stale`.
    pub(crate) fn new(way: Way, world: &World, best: &[Block], stale: &[Block]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let all: Vec<&Block> = best.iter().chain(stale).collect();
        let mut server = None;
        match way {
            Way::CoreDirectory => write_core(folder.path(), world, &all),
            Way::BlockFiles => {
                for block in all {
                    let path = folder.path().join(format!("{}.blk", block.block_hash()));
                    std::fs::write(path, serialize(block)).unwrap();
                }
                std::fs::write(folder.path().join("notes.txt"), "not a block").unwrap();
            }
            Way::Rpc | Way::Rest => server = Some(Server::new(world, best)),
            Way::EtlJson => exports::write_json(folder.path(), world, best),
            Way::EtlCsv => exports::write_csv(folder.path(), world, best),
            Way::EtlParquet => exports::write_parquet(folder.path(), world, best),
        }
        Self { way, folder, server }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    pub(crate) fn open(
        &self,
        held: &Held,
        options: &Options,
    ) -> Result<Box<dyn Source>, SourceError> {
        let path = self.folder.path();
        let paths = [path.to_owned()];
        Ok(match self.way {
            Way::CoreDirectory => Box::new(core_directory(path, held, options)?),
            Way::BlockFiles => Box::new(block_files(&paths, held, options)?),
            Way::Rpc | Way::Rest => {
                let rest = self.way == Way::Rest;
                let access = NodeAccess { rest, ..self.server().access() };
                Box::new(core_rpc(&access, held, options)?)
            }
            _ => Box::new(etl_export(&paths, held, options)?),
        })
    }
}

/// Two obfuscated files, blocks out of order, padded, with undo data in its own order.
fn write_core(folder: &Path, world: &World, blocks: &[&Block]) {
    let folder = folder.join("blocks");
    std::fs::create_dir(&folder).unwrap();
    let key = [0x5a, 0x01, 0xff, 0x00, 0x33, 0x80, 0x07, 0xee];
    std::fs::write(folder.join("xor.dat"), key).unwrap();
    let mut files = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for (position, block) in blocks.iter().rev().enumerate() {
        let (blk, rev) = &mut files[position % 2];
        blk.extend(framed(&serialize(*block)));
        if position == 1 {
            blk.extend([0; 5]); // padding may also stand between records
        }
        if block.txdata.len() > 1 {
            let undo = undo_data::encode(world, block);
            let record = [framed(&undo), undo_data::checksum(block, &undo).to_vec()].concat();
            rev.splice(0..0, record); // newest first: not in the order of the blocks
        }
    }
    for (number, (mut blk, mut rev)) in files.into_iter().enumerate() {
        blk.extend([0; 1000]);
        rev.extend([0; 100]);
        for (name, mut bytes) in [("blk", blk), ("rev", rev)] {
            bytes.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
            std::fs::write(folder.join(format!("{name}{number:05}.dat")), bytes).unwrap();
        }
    }
}

pub(crate) fn framed(bytes: &[u8]) -> Vec<u8> {
    let size = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    [&Network::Regtest.magic(), &size, bytes].concat()
}

/// A ledger that holds `blocks` from height `first` on.
pub(crate) fn held(first: u32, blocks: &[Block]) -> Held {
    use bitcoin::hashes::Hash;
    let Some(last) = blocks.len().checked_sub(1) else { return Held::nothing() };
    let last = first + u32::try_from(last).unwrap();
    let blocks: Vec<HeldBlock> = blocks
        .iter()
        .map(|block| HeldBlock {
            hash: BlockHash::from_bytes(block.block_hash().to_byte_array()),
            bits: block.header.bits.to_consensus(),
        })
        .collect();
    Held::new(Height::new(first), Height::new(last), move |height| {
        blocks.get((height.get() - first) as usize).copied()
    })
}

pub(crate) fn options() -> Options {
    Options { network: Network::Regtest, ..Options::default() }
}

/// Everything that a source says to do, until its end.
pub(crate) fn pull(
    source: &mut dyn Source,
    limit: BatchLimit,
) -> Result<(Option<Height>, Vec<Delivered>), SourceError> {
    let (mut unwound, mut blocks) = (None, Vec::new());
    loop {
        match source.next(limit)? {
            Step::Unwind { to } => {
                assert!(unwound.is_none() && blocks.is_empty(), "unwinding comes first");
                unwound = Some(to);
            }
            Step::Blocks(delivered) => {
                assert!(!delivered.is_empty() && delivered.len() <= limit.blocks_max.max(1));
                blocks.extend(delivered);
            }
            Step::End => return Ok((unwound, blocks)),
            other => panic!("an unknown step {other:?}"),
        }
    }
}

pub(crate) fn data_folder() -> Option<PathBuf> {
    let folder = std::env::var_os("TRACEHOUND_DATA").map_or_else(
        || Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).to_owned(),
        PathBuf::from,
    );
    let folder = folder.join("bitcoin");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no real blocks in {}", folder.display());
    None
}
