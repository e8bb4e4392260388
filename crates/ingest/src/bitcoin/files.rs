//! Blocks in files: a Bitcoin Core data directory, and folders of raw blocks.
//!
//! Two passes: headers of all files, which gives the chain ([`super::chain`]); then whole blocks in order of height,
//! a batch at a time, decoded on all threads. Blocks may stand in any order; the disk is then read out of order too.
//! Memory: about 110 bytes a block found, and one batch.

use std::path::{Path, PathBuf};

use ledger::{DecodedBlock, Height};
use rayon::prelude::*;

use super::blocks::{BlockFile, BlockFiles, Found, Location, XorKey, is_core_file};
use super::chain::{ChainIndex, Entry, Locations, Selection};
use super::decode;
use super::error::{Place, SourceError, SourceFault};
use super::etl::{etl_export, has_export, is_table_file};
use super::undo::{self, UndoFiles};
use crate::source::{BatchLimit, Delivered, Held, Options, Plan, Source, Step};

/// Blocks that lie in files.
#[derive(Debug)]
pub struct FileSource {
    plan: Plan,
    files: BlockFiles,
    entries: Vec<Entry<Location>>,
    items: std::vec::IntoIter<(Height, u32, bool)>,
    unwind_to: Option<Height>,
    undo: Option<UndoFiles>,
    /// What is wrong with the block after the last one taken.
    broken: Option<SourceError>,
}

/// A Bitcoin Core data directory, its folder `blocks`, or a copy of that.
///
/// Blocks may be obfuscated (`xor.dat`), out of order, on stale branches; spent outputs come from `rev*.dat` where it
/// is there. A running node may write meanwhile.
///
/// # Errors
/// If there are no block files, a header is damaged, or the chain does not connect.
pub fn core_directory(
    path: &Path,
    held: &Held,
    options: &Options,
) -> Result<FileSource, SourceError> {
    let folder = blocks_folder(path, options)?;
    let mut paths = list(&folder)?;
    paths.retain(|path| is_core_file(path));
    let mut source = FileSource::open(paths, held, options)?;
    source.undo = Some(UndoFiles::new(XorKey::read(&folder)?));
    source.plan.description = format!("Bitcoin Core blocks in {}", folder.display());
    Ok(source)
}

/// Files that hold one raw block each, or records as in `blk*.dat`; a folder stands for all its `.blk` files and
/// `blk*.dat` files. Names and order do not matter.
///
/// # Errors
/// As for [`core_directory`].
pub fn block_files(
    paths: &[PathBuf],
    held: &Held,
    options: &Options,
) -> Result<FileSource, SourceError> {
    let mut files = Vec::new();
    let mut ignored = Vec::new();
    for path in paths {
        if path.is_dir() {
            let (blocks, others) = list(path)?.into_iter().partition(|path| is_block_file(path));
            let blocks: Vec<PathBuf> = blocks;
            let others: Vec<PathBuf> = others;
            files.extend(blocks);
            ignored.extend(others.into_iter().filter(|path| !path.ends_with("xor.dat")));
        } else {
            files.push(path.clone());
        }
    }
    let description = match paths {
        [path] => format!("blocks in {}", path.display()),
        paths => format!("blocks in {} files and folders", paths.len()),
    };
    if files.is_empty() {
        let place = Place::Path(paths.first().cloned().unwrap_or_default());
        let why = format!("no .blk and no blk*.dat file among {} files", ignored.len());
        return Err(SourceError::new(place, SourceFault::Nothing(why)));
    }
    let mut source = FileSource::open(files, held, options)?;
    source.plan.description = description;
    source.plan.ignored = ignored;
    Ok(source)
}

/// Opens whatever the paths are: a Bitcoin Core data directory (a folder with `blk*.dat` files in it or in its folder
/// `blocks`), a bitcoin-etl export (files named `.json`, `.jsonl`, `.ndjson`, `.csv`, `.parquet`, or a folder that
/// has some of them and no block files), or else files of raw blocks.
///
/// # Errors
/// As the source that it turns out to be.
pub fn open(
    paths: &[PathBuf],
    held: &Held,
    options: &Options,
) -> Result<Box<dyn Source + Send>, SourceError> {
    if let [path] = paths
        && path.is_dir()
        && blocks_folder(path, options).is_ok()
    {
        return Ok(Box::new(core_directory(path, held, options)?));
    }
    let is_export = |path: &PathBuf| -> Result<bool, SourceError> {
        Ok(match path.is_dir() {
            true => !list(path)?.iter().any(|path| is_block_file(path)) && has_export(path),
            false => is_table_file(path),
        })
    };
    for path in paths {
        if is_export(path)? {
            return Ok(Box::new(etl_export(paths, held, options)?));
        }
    }
    Ok(Box::new(block_files(paths, held, options)?))
}

fn is_block_file(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "blk") || is_core_file(path)
}

/// Where the block files are: `path` may be the data directory, one of a network, or the folder itself.
fn blocks_folder(path: &Path, options: &Options) -> Result<PathBuf, SourceError> {
    let network = options.network.directory();
    let candidates = network
        .map(|network| path.join(network).join("blocks"))
        .into_iter()
        .chain([path.join("blocks"), path.to_owned()]);
    for folder in candidates.filter(|folder| folder.is_dir()) {
        if list(&folder)?.iter().any(|path| is_core_file(path)) {
            return Ok(folder);
        }
    }
    let why = "neither it nor its folder blocks has blk*.dat files".to_owned();
    Err(SourceError::new(Place::Path(path.to_owned()), SourceFault::Nothing(why)))
}

/// Files of a folder by name; folders in it are left out.
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let io = |error| SourceError::io(folder, error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if !path.is_dir() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

impl FileSource {
    fn open(paths: Vec<PathBuf>, held: &Held, options: &Options) -> Result<Self, SourceError> {
        let block_file = |path: PathBuf| {
            let folder = path.parent().filter(|_| is_core_file(&path));
            let key = folder.map_or(Ok(XorKey::default()), XorKey::read)?;
            Ok(BlockFile { path, key })
        };
        let files = BlockFiles {
            files: paths.into_iter().map(block_file).collect::<Result<_, _>>()?,
            network: options.network,
            skip_garbage: options.skip_garbage,
        };
        let mut found = Found::default();
        for index in 0..files.files.len() {
            files.scan(index, &mut found)?;
        }
        if found.entries.is_empty() {
            let place =
                Place::Path(files.files.first().map(|f| f.path.clone()).unwrap_or_default());
            let why = "its block files are empty".to_owned();
            return Err(SourceError::new(place, SourceFault::Nothing(why)));
        }
        let mut index = ChainIndex::new(found.entries, &files)?;
        let selection = index.select(held, options, &files)?;
        let plan = plan(&index, &selection, found.n_garbage_bytes);
        Ok(Self {
            plan,
            files,
            entries: index.entries,
            items: selection.items.into_iter(),
            unwind_to: selection.unwind_to,
            undo: None,
            broken: selection.broken,
        })
    }

    /// Nothing comes after what is good by now but this error.
    fn stop(&mut self, error: SourceError) {
        self.items = Vec::new().into_iter();
        self.broken = Some(error);
    }

    /// The next items within the limit.
    fn take(&mut self, limit: BatchLimit) -> Vec<(Height, u32, bool)> {
        let mut n_bytes = 0;
        let mut taken = Vec::new();
        while let Some(item) = self.items.as_slice().first() {
            n_bytes += u64::from(self.entries[item.1 as usize].location.size);
            let full = taken.len() >= limit.blocks_max || n_bytes > limit.bytes_max;
            if full && !taken.is_empty() {
                break;
            }
            taken.extend(self.items.next());
        }
        taken
    }

    fn read(&mut self, item: (Height, u32, bool)) -> Result<Raw, SourceError> {
        let (height, index, already_held) = item;
        let entry = &self.entries[index as usize];
        let bytes = self.files.read(&entry.location)?;
        let undo = match &mut self.undo {
            Some(undo) => undo.find(&self.files, &self.entries, height, entry)?,
            None => None,
        };
        Ok(Raw { bytes, undo, height, already_held, location: entry.location })
    }

    fn decode(&self, raw: &Raw) -> Result<Delivered, SourceError> {
        let place = || self.files.place(&raw.location);
        let mut block = decode::block(&raw.bytes, raw.height, self.files.network)
            .map_err(|error| SourceError::block(place(), error))?;
        check_claim(&block, &raw.bytes, self.files.network)
            .map_err(|fault| SourceError::new(place(), fault))?;
        if let Some((undo_place, bytes)) = &raw.undo {
            undo::attach(&mut block, bytes)
                .map_err(|error| SourceError::block(undo_place.clone(), error))?;
        }
        Ok(Delivered { block, already_held: raw.already_held })
    }
}

/// From the height on at which every coinbase names its height, it must be the right one.
pub(crate) fn check_claim(
    block: &DecodedBlock,
    bytes: &[u8],
    network: super::Network,
) -> Result<(), SourceFault> {
    if block.height.get() < network.coinbase_height_from() {
        return Ok(());
    }
    match super::blocks::claimed_height(bytes) {
        Some(claimed) if claimed != u64::from(block.height.get()) => {
            Err(SourceFault::HeightContradicted { hash: block.hash, found: block.height, claimed })
        }
        _ => Ok(()),
    }
}

/// One block as read, before it is decoded.
struct Raw {
    bytes: Vec<u8>,
    undo: Option<(Place, Vec<u8>)>,
    height: Height,
    already_held: bool,
    location: Location,
}

impl Source for FileSource {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn next(&mut self, limit: BatchLimit) -> Result<Step, SourceError> {
        if let Some(to) = self.unwind_to.take() {
            return Ok(Step::Unwind { to });
        }
        let items = self.take(limit);
        if items.is_empty() {
            return self.broken.take().map_or(Ok(Step::End), Err);
        }
        // Reading is one disk's work, decoding all processors'.
        let mut raw = Vec::with_capacity(items.len());
        for item in items {
            match self.read(item) {
                Ok(block) => raw.push(block),
                Err(error) => {
                    self.stop(error);
                    break;
                }
            }
        }
        let this = &*self;
        let decoded: Vec<_> = raw.par_iter().map(|raw| this.decode(raw)).collect();
        let mut good = Vec::with_capacity(decoded.len());
        for block in decoded {
            match block {
                Ok(block) => good.push(block),
                Err(error) => {
                    self.stop(error);
                    break;
                }
            }
        }
        if good.is_empty() {
            return self.broken.take().map_or(Ok(Step::End), Err);
        }
        Ok(Step::Blocks(good))
    }
}

/// What a selection amounts to.
pub(crate) fn plan(index: &ChainIndex<Location>, selection: &Selection, n_garbage: u64) -> Plan {
    let size = |&(_, index_of, _): &(Height, u32, bool)| {
        u64::from(index.entries[index_of as usize].location.size)
    };
    let mut plan = selection.plan();
    plan.n_bytes = Some(selection.items.iter().map(size).sum());
    plan.n_duplicates = index.n_duplicates;
    if n_garbage > 0 {
        plan.notes
            .push(format!("{n_garbage} bytes between blocks are no block and were passed over"));
    }
    plan
}
