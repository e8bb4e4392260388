//! Exports of bitcoin-etl: rows of `blocks` and `transactions` in JSON lines, CSV or Parquet, in any order.
//!
//! In: files or folders of both tables (also mixed in one file, as streamed exports are). Out: the same blocks as from
//! raw data, as far as the format goes: it has no witnesses, so aliases of witness scripts are missing and witness
//! commitments cannot be checked; spent outputs are known in enriched exports only. Ids are computed again from the
//! fields and checked with the Merkle root and, where the header's fields are all there, with the block hash and its
//! proof of work; [`Plan::notes`] says what could not be.
//!
//! Two passes: the first reads block rows and notes which chunk of which file has transactions of which block; the
//! second reads a chunk when the first of its blocks is due and keeps the rest. Memory: about 200 bytes a block, 44
//! bytes for every change of block between rows of a chunk, and the transactions read but not yet due: a few chunks
//! where files are in order of height, all of it where they are shuffled. Checked by the contract suite in all
//! three formats.

mod row;
mod tables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ledger::{BlockHash, DecodedBlock, Height, InputMarks, TxId};

use self::row::{BlockRow, TransactionRow, block_of, coinbase_input, is_block};
use self::tables::{Mark, TableFile};
use super::blocks::height_in_script;
use super::chain::{ChainIndex, Entry, Locations};
use super::decode::{self, HEADER_BYTES, Header};
use super::error::{Place, SourceError, SourceFault};
use super::hash::sha256d;
use super::network::Network;
use crate::source::{BatchLimit, Delivered, Held, Options, Plan, Source, Step};

/// Sequence numbers that miners give coinbase inputs; the format leaves them out.
const COINBASE_SEQUENCES: [u32; 3] = [0xffff_ffff, 0, 0xffff_fffe];

/// Blocks of an export.
#[derive(Debug)]
pub struct EtlSource {
    plan: Plan,
    export: Export,
    entries: Vec<Entry<u32>>,
    items: std::vec::IntoIter<(Height, u32, bool)>,
    unwind_to: Option<Height>,
    /// What is wrong with the block after the last one handed over.
    broken: Option<SourceError>,
}

/// The rows found.
#[derive(Debug)]
struct Export {
    network: Network,
    files: Vec<TableFile>,
    blocks: Vec<(RowPlace, BlockRow)>,
    chunks: Vec<Chunk>,
    /// Which chunks have transactions of which block, in order.
    chunks_of: Vec<(BlockHash, u32)>,
    /// Transactions read before their block was due.
    waiting: BTreeMap<BlockHash, Vec<(RowPlace, TransactionRow)>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RowPlace {
    file: u32,
    line: u64,
}

#[derive(Debug)]
struct Chunk {
    file: u32,
    mark: Mark,
    is_read: bool,
}

/// Files of an export, or folders of them (partitioned ones too).
///
/// # Errors
/// If there are no block rows, a row is not what the schema says, or the chain does not connect.
pub fn etl_export(
    paths: &[PathBuf],
    held: &Held,
    options: &Options,
) -> Result<EtlSource, SourceError> {
    let (mut files, mut ignored) = (Vec::new(), Vec::new());
    for path in paths {
        collect(path, &mut files, &mut ignored)?;
    }
    let mut export = Export {
        network: options.network,
        files,
        blocks: Vec::new(),
        chunks: Vec::new(),
        chunks_of: Vec::new(),
        waiting: BTreeMap::new(),
    };
    for file in 0..export.files.len() {
        export.scan(u32::try_from(file).expect("a folder has under four billion files"))?;
    }
    export.chunks_of.sort_unstable();
    export.chunks_of.dedup();
    if export.blocks.is_empty() {
        let why = format!("no rows of the table blocks in {} files", export.files.len());
        let place = Place::Path(paths.first().cloned().unwrap_or_default());
        return Err(SourceError::new(place, SourceFault::Nothing(why)));
    }
    export.find_previous(held);
    let n_unchecked = export.check_headers()?;
    let mut index = ChainIndex::new(export.entries(), &export)?;
    let selection = index.select(held, options, &export)?;
    let mut plan = selection.plan();
    plan.ignored = ignored;
    plan.description = format!("bitcoin-etl export of {} files", export.files.len());
    plan.notes.push(
        "the format has no witnesses: their commitment is not checked, witness scripts are unknown"
            .into(),
    );
    if n_unchecked > 0 {
        plan.notes.push(format!(
            "{n_unchecked} blocks lack version, nonce or the hash of the block before: their proof of work is \
             not checked"
        ));
    }
    Ok(EtlSource {
        plan,
        export,
        entries: index.entries,
        items: selection.items.into_iter(),
        unwind_to: selection.unwind_to,
        broken: selection.broken,
    })
}

/// Whether a file is named like one of the tables.
pub(crate) fn is_table_file(path: &Path) -> bool {
    TableFile::of(path).is_some()
}

/// Whether a folder has table files, at any depth.
pub(crate) fn has_export(folder: &Path) -> bool {
    let mut files = Vec::new();
    collect(folder, &mut files, &mut Vec::new()).is_ok() && !files.is_empty()
}

fn collect(
    path: &Path,
    files: &mut Vec<TableFile>,
    ignored: &mut Vec<PathBuf>,
) -> Result<(), SourceError> {
    if !path.is_dir() {
        match TableFile::of(path) {
            Some(file) => files.push(file),
            None => ignored.push(path.to_owned()),
        }
        return Ok(());
    }
    let io = |error| SourceError::io(path, error);
    let entries = std::fs::read_dir(path).map_err(io)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(io)?;
    paths.sort();
    paths.iter().try_for_each(|path| collect(path, files, ignored))
}

impl Export {
    fn place(&self, at: RowPlace) -> Place {
        self.files[at.file as usize].place(at.line)
    }

    fn fault(&self, at: RowPlace, what: impl std::fmt::Display) -> SourceError {
        self.files[at.file as usize].fault(at.line, what)
    }

    fn scan(&mut self, file: u32) -> Result<(), SourceError> {
        let table = self.files[file as usize].clone();
        let mut chunk = None;
        for row in table.rows(Mark::default())? {
            let row = row?;
            let fault = |what| table.fault(row.line, what);
            match is_block(&row.cells) {
                Some(true) => {
                    let block = BlockRow::read(&row.cells).map_err(fault)?;
                    self.blocks.push((RowPlace { file, line: row.line }, block));
                }
                Some(false) => {
                    if chunk != Some(row.chunk) {
                        chunk = Some(row.chunk);
                        self.chunks.push(Chunk { file, mark: row.chunk, is_read: false });
                    }
                    let number = u32::try_from(self.chunks.len() - 1).expect("chunks are large");
                    let of = (block_of(&row.cells).map_err(fault)?, number);
                    if self.chunks_of.last() != Some(&of) {
                        self.chunks_of.push(of);
                    }
                }
                None => {
                    let what = "a row of neither table: blocks have merkle_root, transactions \
                                block_hash and outputs";
                    return Err(fault(what.to_owned()));
                }
            }
        }
        Ok(())
    }

    /// The table has no column for the block before: it is the row of the number before, or what the ledger holds there.
    fn find_previous(&mut self, held: &Held) {
        let by_number: BTreeMap<u32, BlockHash> =
            self.blocks.iter().map(|(_, block)| (block.number, block.hash)).collect();
        for (_, block) in &mut self.blocks {
            let below = block.number.checked_sub(1);
            let known = || match below {
                None => Some(BlockHash::default()),
                Some(below) => by_number
                    .get(&below)
                    .copied()
                    .or_else(|| held.block(Height::new(below)).map(|block| block.hash)),
            };
            block.previous_hash = block.previous_hash.or_else(known);
        }
    }

    /// How many headers could not be checked.
    fn check_headers(&self) -> Result<u64, SourceError> {
        let mut n_unchecked = 0;
        for (at, block) in &self.blocks {
            let Some(header) = block.header() else {
                n_unchecked += 1;
                continue;
            };
            if header.hash != block.hash {
                return Err(self.fault(
                    *at,
                    format_args!("hash {} does not follow from the header's fields", block.hash),
                ));
            }
            header
                .check_work(self.network)
                .map_err(|error| SourceError::block(self.place(*at), error))?;
        }
        Ok(n_unchecked)
    }

    fn entries(&self) -> Vec<Entry<u32>> {
        let entry = |(index, (_, block)): (usize, &(RowPlace, BlockRow))| Entry {
            hash: block.hash,
            previous_hash: block.previous_hash.unwrap_or_default(),
            bits: block.bits,
            height: Some(Height::new(block.number)),
            location: u32::try_from(index).expect("a chain has under four billion blocks"),
        };
        self.blocks.iter().enumerate().map(entry).collect()
    }

    /// All transactions of a block, in block order.
    fn transactions(
        &mut self,
        at: RowPlace,
        block: &BlockRow,
    ) -> Result<Vec<(RowPlace, TransactionRow)>, SourceError> {
        let from = self.chunks_of.partition_point(|(hash, _)| *hash < block.hash);
        let to = self.chunks_of.partition_point(|(hash, _)| *hash <= block.hash);
        for index in from..to {
            self.read_chunk(self.chunks_of[index].1 as usize)?;
        }
        let mut rows = self.waiting.remove(&block.hash).unwrap_or_default();
        let mut ids: Vec<_> = rows.iter().map(|(at, row)| (row.id, at.file, at.line)).collect();
        ids.sort_unstable();
        if let Some(twice) = ids.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let (id, file, line) = twice[1];
            let first = self.place(RowPlace { file: twice[0].1, line: twice[0].2 });
            let what = format!("transaction {id} is here twice (first at {first})");
            return Err(self.fault(RowPlace { file, line }, what));
        }
        let n_rows = u32::try_from(rows.len()).expect("a block has under a million transactions");
        if n_rows == 0 || block.n_transactions.is_some_and(|n| n != n_rows) {
            let expected = block.n_transactions.map_or("some".to_owned(), |n| n.to_string());
            let (number, hash) = (block.number, block.hash);
            let what = format!(
                "block {number} ({hash}) has {expected} transactions, but {n_rows} are here"
            );
            return Err(self.fault(at, what));
        }
        // Without numbers the file's order must be the block's; the Merkle root shows whether it is.
        rows.sort_by_key(|(_, row)| (!row.coinbase, row.index));
        Ok(rows)
    }

    fn read_chunk(&mut self, number: usize) -> Result<(), SourceError> {
        let Chunk { file, mark, is_read } = &mut self.chunks[number];
        if std::mem::replace(is_read, true) {
            return Ok(());
        }
        let (file, mark) = (*file, *mark);
        let table = &self.files[file as usize];
        for row in table.rows(mark)? {
            let row = row?;
            if row.chunk != mark {
                break;
            }
            if is_block(&row.cells) != Some(false) {
                continue;
            }
            let fault = |what| table.fault(row.line, what);
            let hash = block_of(&row.cells).map_err(fault)?;
            let transaction = TransactionRow::read(&row.cells, self.network).map_err(fault)?;
            let at = RowPlace { file, line: row.line };
            self.waiting.entry(hash).or_default().push((at, transaction));
        }
        Ok(())
    }

    fn block(&mut self, index: u32, height: Height) -> Result<DecodedBlock, SourceError> {
        let (at, row) = self.blocks[index as usize].clone();
        let rows = self.transactions(at, &row)?;
        let mut bytes = Vec::new();
        decode::push_compact_size(&mut bytes, rows.len());
        let mut starts = Vec::with_capacity(rows.len());
        for (_, transaction) in &rows {
            starts.push(bytes.len());
            bytes.extend_from_slice(&transaction_bytes(transaction, &row));
        }
        let mut reader = decode::transactions(&bytes).map_err(|error| {
            let number = starts.partition_point(|start| *start <= error.offset).saturating_sub(1);
            SourceError::new(self.place(rows[number].0), SourceFault::Block(error))
        })?;
        for (decoded, (at, row)) in reader.transactions.iter_mut().zip(&rows) {
            let matches = decoded.id == row.id || Some(decoded.id) == row.other_id;
            if row.complete && !row.coinbase && !matches {
                let what = format!("hash {} does not follow from the transaction's fields", row.id);
                return Err(self.fault(*at, what));
            }
            if !matches {
                decoded.id = row.other_id.unwrap_or(row.id);
            }
            let stripped = decoded.size_bytes;
            decoded.size_bytes = row.size.unwrap_or(stripped).max(stripped);
            decoded.weight = stripped.saturating_mul(3).saturating_add(decoded.size_bytes);
        }
        let header = row.header_or_fields();
        reader.check_merkle_root(&header).map_err(|error| {
            let hint = match rows.iter().all(|(_, row)| row.index.is_some()) {
                true => "",
                false => "; without a column index its rows must stand in block order",
            };
            self.fault(at, format_args!("{}{hint}", error.kind))
        })?;
        let mut block = reader.into_block(&header, height, bytes.len() + HEADER_BYTES);
        block.size_bytes = row.size.unwrap_or(block.size_bytes);
        let spent = rows.iter().flat_map(|(_, row)| &row.spent);
        for (input, spent) in block.inputs.iter_mut().zip(spent) {
            input.spent = *spent;
            // Without the witnesses half of what an input shows is missing: nothing rather than half.
            input.marks = InputMarks::default();
        }
        block.has_spent_outputs = block.inputs.iter().all(|input| input.spent.is_some());
        Ok(block)
    }
}

/// The bytes of a transaction; of a coinbase with the sequence number that gives its id, if there is one.
fn transaction_bytes(row: &TransactionRow, block: &BlockRow) -> Vec<u8> {
    if !row.coinbase {
        return row.bytes(&row.inputs);
    }
    let script = block.coinbase_script.as_deref().filter(|script| script.len() >= 2);
    let write = |sequence| row.bytes(&coinbase_input(script.unwrap_or(&[0, 0]), sequence));
    let is_it = |bytes: &Vec<u8>| {
        let id = TxId::from_bytes(sha256d(bytes));
        id == row.id || Some(id) == row.other_id
    };
    let fitting = COINBASE_SEQUENCES.into_iter().map(write).find(is_it);
    fitting.unwrap_or_else(|| write(COINBASE_SEQUENCES[0]))
}

impl BlockRow {
    /// The header, if all its fields are known.
    fn header(&self) -> Option<Header> {
        let (version, nonce) = self.version_and_nonce?;
        let words = [self.time_s, self.bits, nonce];
        let bytes = Header::write(version, &self.previous_hash?, &self.merkle_root, words);
        Some(Header::read(&bytes))
    }

    fn header_or_fields(&self) -> Header {
        self.header().unwrap_or(Header {
            hash: self.hash,
            version: self.version_and_nonce.map_or(0, |(version, _)| version),
            previous_hash: self.previous_hash.unwrap_or_default(),
            merkle_root: self.merkle_root,
            time_s: self.time_s,
            bits: self.bits,
        })
    }
}

impl Locations<u32> for Export {
    fn place(&self, location: &u32) -> Place {
        self.place(self.blocks[*location as usize].0)
    }

    fn claimed_height(&self, location: &u32) -> Result<Option<u64>, SourceError> {
        let (_, block) = &self.blocks[*location as usize];
        Ok(block.coinbase_script.as_deref().and_then(height_in_script))
    }

    /// A row that is there twice is a fault of the export, whatever it says.
    fn same(&self, a: &u32, b: &u32) -> Result<bool, SourceError> {
        let (first, block) = &self.blocks[*a as usize];
        let (second, _) = &self.blocks[*b as usize];
        let first = self.place(*first);
        let what = format!("block {} is here twice (first at {first})", block.hash);
        Err(self.fault(*second, what))
    }
}

impl Source for EtlSource {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn next(&mut self, limit: BatchLimit) -> Result<Step, SourceError> {
        if let Some(to) = self.unwind_to.take() {
            return Ok(Step::Unwind { to });
        }
        let mut blocks = Vec::new();
        let mut n_bytes = 0;
        while let Some(&(height, index, already_held)) = self.items.as_slice().first() {
            let location = self.entries[index as usize].location;
            match self.export.block(location, height) {
                Ok(block) => {
                    n_bytes += u64::from(block.size_bytes);
                    blocks.push(Delivered { block, already_held });
                    self.items.next();
                }
                // The good ones before it go first.
                Err(error) => {
                    self.items = Vec::new().into_iter();
                    self.broken = Some(error);
                    break;
                }
            }
            if blocks.len() >= limit.blocks_max || n_bytes >= limit.bytes_max {
                break;
            }
        }
        if blocks.is_empty() {
            return self.broken.take().map_or(Ok(Step::End), Err);
        }
        Ok(Step::Blocks(blocks))
    }
}
