//! `rev*.dat`: what Bitcoin Core writes down about the outputs that a block spends.
//!
//! In: records of magic, size, `CBlockUndo`, checksum, obfuscated like the blocks. Out: the spent outputs of a block,
//! put on its inputs. Source: Bitcoin Core 30, `src/undo.h` (layout), `src/compressor.cpp` (scripts and amounts),
//! `WriteBlockUndo` in `src/node/blockstorage.cpp` (checksum: double SHA-256 of the previous block's hash, then the
//! undo data). A record does not name its block: it lies in the file of the same number, usually in the order in
//! which blocks were connected, and its checksum tells. So candidates are the records with the right number of
//! transactions, tried from the one after the last match on.
//! Cost: one hash over the record where order is kept. Checked by an encoder of its own in `tests/it`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bitcoin::secp256k1::PublicKey;
use ledger::{Address, AddressFamily, DecodedBlock, Height, ScriptType, SpentByInput};

use super::blocks::{BlockFiles, ClearFile, FRAME_BYTES, Location, XorKey, next_record};
use super::chain::Entry;
use super::cursor::Cursor;
use super::decode::{AMOUNT_MAX_SAT, DecodeError, DecodeFault};
use super::error::{Place, SourceError, SourceFault};
use super::hash::{hash160, sha256d};
use super::script::payee;

const CHECKSUM_BYTES: usize = 32;
/// Undo files kept open: blocks come in order of height, which jumps between a few neighboring files.
const FILES_OPEN_MAX: usize = 16;

/// The undo files beside the block files of a source.
#[derive(Debug)]
pub(crate) struct UndoFiles {
    key: XorKey,
    /// By number of the block file; `None` where there is no undo file.
    open: BTreeMap<u32, Option<UndoFile>>,
}

struct UndoFile {
    path: PathBuf,
    file: ClearFile,
    records: Vec<Record>,
    /// The record after the last one that was matched.
    next: usize,
}

impl std::fmt::Debug for UndoFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UndoFile").field("path", &self.path).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy)]
struct Record {
    /// Of the undo data itself.
    offset: u64,
    size: u32,
    /// Of transactions besides the coinbase.
    n_transactions: u32,
    /// Whether its block has been found.
    matched: bool,
}

impl UndoFiles {
    pub(crate) fn new(key: XorKey) -> Self {
        Self { key, open: BTreeMap::new() }
    }

    /// The undo data of a block and where it stands; `None` where there is none (yet).
    pub(crate) fn find(
        &mut self,
        files: &BlockFiles,
        entries: &[Entry<Location>],
        height: Height,
        entry: &Entry<Location>,
    ) -> Result<Option<(Place, Vec<u8>)>, SourceError> {
        let Location { file: number, n_transactions, .. } = entry.location;
        if n_transactions <= 1 {
            return Ok(None); // spends nothing
        }
        if !self.open.contains_key(&number) {
            if self.open.len() >= FILES_OPEN_MAX {
                self.open.pop_first();
            }
            let path = undo_path(&files.files[number as usize].path);
            let opened = match path.exists() {
                true => Some(UndoFile::open(path, self.key, files)?),
                false => None,
            };
            self.open.insert(number, opened);
        }
        let Some(Some(file)) = self.open.get_mut(&number) else { return Ok(None) };
        let found = file.find(n_transactions - 1, entry)?;
        if found.is_none() {
            file.check_left_over(n_transactions - 1, entries, height, entry)?;
        }
        Ok(found)
    }
}

fn undo_path(blocks: &Path) -> PathBuf {
    let name = blocks.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    blocks.with_file_name(name.replacen("blk", "rev", 1))
}

impl UndoFile {
    fn open(path: PathBuf, key: XorKey, files: &BlockFiles) -> Result<Self, SourceError> {
        let mut file = ClearFile::open(&path, key)?;
        let mut records = Vec::new();
        let (mut at, mut n_garbage) = (0, 0);
        while let Some(start) =
            next_record(&mut file, at, files.network, files.skip_garbage, &mut n_garbage)?
        {
            let mut head = [0; 4 + 9];
            let n_read = file.read_at(start + 4, &mut head)?;
            let mut cursor = Cursor::new(&head[..n_read]);
            let in_record = |file: &ClearFile, error| SourceError::block(file.place(start), error);
            let size = cursor.u32().map_err(|error| in_record(&file, error))?;
            let offset = start + FRAME_BYTES;
            let left = file.len().saturating_sub(offset);
            if u64::from(size) + CHECKSUM_BYTES as u64 > left {
                let fault = SourceFault::Truncated { size: u64::from(size), left };
                return Err(SourceError::new(file.place(start), fault));
            }
            let count = cursor.compact_size().map_err(|error| in_record(&file, error))?;
            let n_transactions = u32::try_from(count).unwrap_or(u32::MAX);
            records.push(Record { offset, size, n_transactions, matched: false });
            at = offset + u64::from(size) + CHECKSUM_BYTES as u64;
        }
        Ok(Self { path, file, records, next: 0 })
    }

    fn find(
        &mut self,
        n_transactions: u32,
        entry: &Entry<Location>,
    ) -> Result<Option<(Place, Vec<u8>)>, SourceError> {
        let n = self.records.len();
        let candidates = (self.next..n).chain(0..self.next.min(n));
        for index in candidates {
            let record = self.records[index];
            if record.matched || record.n_transactions != n_transactions {
                continue;
            }
            let (undo, checksum) = self.read(record)?;
            if checksum_of(entry, &undo) == checksum {
                self.records[index].matched = true;
                self.next = index + 1;
                return Ok(Some((self.file.place(record.offset), undo)));
            }
        }
        Ok(None)
    }

    fn read(&mut self, record: Record) -> Result<(Vec<u8>, [u8; CHECKSUM_BYTES]), SourceError> {
        let size = record.size as usize;
        let mut undo = self.file.read_exactly(record.offset, size + CHECKSUM_BYTES)?;
        let checksum = *undo[size..].first_chunk().expect("read_exactly gives all of it");
        undo.truncate(size);
        Ok((undo, checksum))
    }

    /// A block without undo data is normal for one that was never connected; a record that fits the block's number of
    /// transactions and is nobody else's is damaged.
    fn check_left_over(
        &mut self,
        n_transactions: u32,
        entries: &[Entry<Location>],
        height: Height,
        entry: &Entry<Location>,
    ) -> Result<(), SourceError> {
        let owners: Vec<_> = entries
            .iter()
            .filter(|other| {
                other.location.file == entry.location.file
                    && other.location.n_transactions == n_transactions + 1
            })
            .collect();
        for index in 0..self.records.len() {
            let record = self.records[index];
            if record.matched || record.n_transactions != n_transactions {
                continue;
            }
            let (undo, checksum) = self.read(record)?;
            if !owners.iter().any(|owner| checksum_of(owner, &undo) == checksum) {
                let fault = SourceFault::UndoChecksum { hash: entry.hash, height };
                return Err(SourceError::new(self.file.place(record.offset), fault));
            }
        }
        Ok(())
    }
}

fn checksum_of(entry: &Entry<Location>, undo: &[u8]) -> [u8; CHECKSUM_BYTES] {
    sha256d(&[entry.previous_hash.as_bytes().as_slice(), undo].concat())
}

/// Puts the spent outputs of `undo` (a `CBlockUndo`) on the inputs of `block`.
///
/// # Errors
/// If the undo data is not one for this block's number of transactions and inputs.
pub fn attach(block: &mut DecodedBlock, undo: &[u8]) -> Result<(), DecodeError> {
    let mut cursor = Cursor::new(undo);
    if cursor.count(1)? != block.transactions.len() - 1 {
        return Err(cursor.fault(DecodeFault::Undo("another number of transactions")));
    }
    let mut inputs = block.inputs.iter_mut();
    for transaction in &block.transactions[1..] {
        if cursor.count(1)? != transaction.n_inputs as usize {
            return Err(cursor.fault(DecodeFault::Undo("another number of inputs")));
        }
        for input in inputs.by_ref().take(transaction.n_inputs as usize) {
            input.spent = Some(spent_output(&mut cursor)?);
        }
    }
    if cursor.left() > 0 {
        return Err(cursor.fault(DecodeFault::TrailingBytes(cursor.left())));
    }
    block.has_spent_outputs = true;
    Ok(())
}

fn spent_output(cursor: &mut Cursor<'_>) -> Result<SpentByInput, DecodeError> {
    let height_and_coinbase = cursor.var_int()?;
    if height_and_coinbase >> 1 > 0 {
        cursor.var_int()?; // once the version of the transaction, now always 0
    }
    let amount_sat = decompress_amount(cursor.var_int()?)
        .filter(|amount| *amount <= AMOUNT_MAX_SAT)
        .ok_or_else(|| cursor.fault(DecodeFault::Undo("an amount that cannot exist")))?;
    let (script_type, address) = spent_script(cursor)?;
    Ok(SpentByInput { amount_sat, script_type, address })
}

/// Kind and address of a compressed script: types 0 to 5 stand for templates, others are 6 more than a length.
fn spent_script(cursor: &mut Cursor<'_>) -> Result<(ScriptType, Option<Address>), DecodeError> {
    let of_20 = |family, hash| Some(Address::of_20(family, hash));
    Ok(match cursor.var_int()? {
        0 => (ScriptType::P2pkh, of_20(AddressFamily::P2pkh, cursor.array()?)),
        1 => (ScriptType::P2sh, of_20(AddressFamily::P2sh, cursor.array()?)),
        kind @ (2 | 3) => {
            let key = key(kind, cursor)?;
            (ScriptType::P2pk, of_20(AddressFamily::P2pkh, hash160(&key)))
        }
        kind @ (4 | 5) => {
            let key = PublicKey::from_slice(&key(kind - 2, cursor)?)
                .map_err(|_| cursor.fault(DecodeFault::Undo("a key that is not on the curve")))?;
            (ScriptType::P2pk, of_20(AddressFamily::P2pkh, hash160(&key.serialize_uncompressed())))
        }
        len => {
            let len = usize::try_from(len - 6).map_err(|_| cursor.fault(DecodeFault::Truncated))?;
            let payee = payee(cursor.take(len)?);
            (payee.script_type, payee.address)
        }
    })
}

fn key(first_byte: u64, cursor: &mut Cursor<'_>) -> Result<[u8; 33], DecodeError> {
    let mut key = [0; 33];
    key[0] = if first_byte == 2 { 2 } else { 3 };
    key[1..].copy_from_slice(&cursor.array::<32>()?);
    Ok(key)
}

/// `DecompressAmount` of Bitcoin Core; `None` beyond 64 bits.
pub(crate) fn decompress_amount(compressed: u64) -> Option<u64> {
    let Some(rest) = compressed.checked_sub(1) else { return Some(0) };
    let (exponent, rest) = (rest % 10, rest / 10);
    let mantissa = match exponent {
        9 => rest.checked_add(1)?,
        _ => (rest / 9).checked_mul(10)?.checked_add(rest % 9 + 1)?,
    };
    (0..exponent).try_fold(mantissa, |amount, _| amount.checked_mul(10))
}
