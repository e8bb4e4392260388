//! Files that hold raw blocks: `blk*.dat` of Bitcoin Core (records of magic, size, block; obfuscated since v28) and
//! files of one raw block each. Reads headers of all first, and whole blocks on demand.
//!
//! Source: Bitcoin Core 30, `FindBlockPos`, `WriteBlock`, `AutoFile` (`src/node/blockstorage.cpp`,
//! `src/streams.cpp`): byte `i` of a file is XORed with byte `i mod 8` of `xor.dat`; files are extended in steps and
//! padded with zeros. Files are read, not mapped: a map of a file that a node is writing may fault, and `unsafe` is
//! not allowed here. Cost of the first pass: two short reads a block. Checked by files written in the tests.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::chain::{Entry, Locations};
use super::cursor::Cursor;
use super::decode::{BLOCK_BYTES_MAX, DecodeFault, HEADER_BYTES, Header};
use super::error::{Hex, Place, SourceError, SourceFault};
use super::network::Network;
use super::script::last_push;

/// Magic and size before each record.
pub(crate) const FRAME_BYTES: u64 = 8;
/// Enough of a block for its header, its number of transactions and the script of its coinbase.
const HEAD_BYTES: usize = HEADER_BYTES + 9 + 4 + 2 + 1 + 36 + 9 + 100;
/// Records begin within this much of damaged bytes, or the rest of the file is given up.
const SEARCH_BYTES: usize = 1 << 16;

/// Where a block lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) file: u32,
    pub(crate) size: u32,
    /// Of the block itself, behind its frame.
    pub(crate) offset: u64,
    pub(crate) n_transactions: u32,
}

/// The key with which Bitcoin Core obfuscates its files; all zeros where it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct XorKey(pub(crate) [u8; 8]);

impl XorKey {
    /// The key in `folder`, or none.
    pub(crate) fn read(folder: &Path) -> Result<Self, SourceError> {
        let path = folder.join("xor.dat");
        match std::fs::read(&path) {
            Ok(bytes) => bytes.try_into().map(Self).map_err(|bytes: Vec<u8>| {
                let why = format!("xor.dat has {} bytes instead of 8", bytes.len());
                SourceError::io(&path, std::io::Error::other(why))
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(SourceError::io(&path, error)),
        }
    }

    /// Obfuscates or clears bytes that stand at `offset` of their file.
    pub(crate) fn apply(self, bytes: &mut [u8], offset: u64) {
        if self == Self::default() {
            return;
        }
        let turn = usize::try_from(offset % 8).expect("below eight");
        let mut key = self.0;
        key.rotate_left(turn);
        let (eights, rest) = bytes.as_chunks_mut::<8>();
        let word = u64::from_ne_bytes(key);
        for eight in eights {
            *eight = (u64::from_ne_bytes(*eight) ^ word).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(key) {
            *byte ^= key;
        }
    }
}

/// A file opened for reading at any offset, clear of obfuscation.
pub(crate) struct ClearFile {
    path: PathBuf,
    file: BufReader<File>,
    key: XorKey,
    at: u64,
    len: u64,
}

impl ClearFile {
    pub(crate) fn open(path: &Path, key: XorKey) -> Result<Self, SourceError> {
        let io = |error| SourceError::io(path, error);
        let file = File::open(path).map_err(io)?;
        let len = file.metadata().map_err(io)?.len();
        // Small, because the first pass jumps from header to header.
        let file = BufReader::with_capacity(4096, file);
        Ok(Self { path: path.to_owned(), file, key, at: 0, len })
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn place(&self, offset: u64) -> Place {
        Place::Byte(self.path.clone(), offset)
    }

    /// Reads up to `bytes.len()` bytes from `offset`, fewer only at the end of the file.
    pub(crate) fn read_at(&mut self, offset: u64, bytes: &mut [u8]) -> Result<usize, SourceError> {
        let mut n_read = 0;
        let mut read = || {
            if offset != self.at {
                match i64::try_from(i128::from(offset) - i128::from(self.at)) {
                    Ok(by) => self.file.seek_relative(by)?,
                    Err(_) => drop(self.file.seek(SeekFrom::Start(offset))?),
                }
            }
            while n_read < bytes.len() {
                match self.file.read(&mut bytes[n_read..])? {
                    0 => break,
                    n => n_read += n,
                }
            }
            Ok(())
        };
        read().map_err(|error| SourceError::io(&self.path, error))?;
        self.at = offset + n_read as u64;
        self.key.apply(&mut bytes[..n_read], offset);
        Ok(n_read)
    }

    /// Reads exactly `size` bytes from `offset`.
    pub(crate) fn read_exactly(
        &mut self,
        offset: u64,
        size: usize,
    ) -> Result<Vec<u8>, SourceError> {
        let mut bytes = vec![0; size];
        let n_read = self.read_at(offset, &mut bytes)?;
        if n_read < size {
            let fault = SourceFault::Truncated { size: size as u64, left: n_read as u64 };
            return Err(SourceError::new(self.place(offset), fault));
        }
        Ok(bytes)
    }
}

/// One file of blocks.
#[derive(Clone, Debug)]
pub(crate) struct BlockFile {
    pub(crate) path: PathBuf,
    pub(crate) key: XorKey,
}

/// All files of a source.
#[derive(Debug)]
pub(crate) struct BlockFiles {
    pub(crate) files: Vec<BlockFile>,
    pub(crate) network: Network,
    pub(crate) skip_garbage: bool,
}

/// What the first pass over one file found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) entries: Vec<Entry<Location>>,
    pub(crate) n_garbage_bytes: u64,
}

impl BlockFiles {
    /// Reads the headers of file number `index`.
    pub(crate) fn scan(&self, index: usize, found: &mut Found) -> Result<(), SourceError> {
        let BlockFile { path, key } = &self.files[index];
        let mut file = ClearFile::open(path, *key)?;
        let mut head = [0; 4];
        let n_read = file.read_at(0, &mut head)?;
        let index = u32::try_from(index).expect("a folder has under four billion files");
        if n_read == 4
            && (head == [0; 4] || Network::of_magic(head).is_some() || is_core_file(path))
        {
            return self.scan_records(index, &mut file, found);
        }
        let size = file.len();
        let entry = self.header(&mut file, index, 0, size)?;
        found.entries.push(entry);
        Ok(())
    }

    fn scan_records(
        &self,
        index: u32,
        file: &mut ClearFile,
        found: &mut Found,
    ) -> Result<(), SourceError> {
        let mut at = 0;
        while let Some(start) =
            next_record(file, at, self.network, self.skip_garbage, &mut found.n_garbage_bytes)?
        {
            let mut size = [0; 4];
            let n_read = file.read_at(start + 4, &mut size)?;
            let size = u64::from(u32::from_le_bytes(size));
            let left = file.len().saturating_sub(start + FRAME_BYTES);
            if n_read < 4 || size > left {
                if size > BLOCK_BYTES_MAX as u64 && self.skip_garbage {
                    at = start + 1;
                    found.n_garbage_bytes += 1;
                    continue;
                }
                let fault = SourceFault::Truncated { size, left };
                return Err(SourceError::new(file.place(start), fault));
            }
            match self.header(file, index, start + FRAME_BYTES, size) {
                Ok(entry) => {
                    found.entries.push(entry);
                    at = start + FRAME_BYTES + size;
                }
                Err(error)
                    if self.skip_garbage && matches!(*error.fault, SourceFault::Block(_)) =>
                {
                    at = start + 1;
                    found.n_garbage_bytes += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn header(
        &self,
        file: &mut ClearFile,
        index: u32,
        offset: u64,
        size: u64,
    ) -> Result<Entry<Location>, SourceError> {
        let fault = |file: &ClearFile, cursor: &Cursor<'_>, kind| {
            SourceError::block(file.place(offset), cursor.fault(kind))
        };
        let mut bytes = [0; HEADER_BYTES + 9];
        let wanted = bytes.len().min(usize::try_from(size).unwrap_or(usize::MAX));
        let n_read = file.read_at(offset, &mut bytes[..wanted])?;
        let mut cursor = Cursor::new(&bytes[..n_read]);
        if size > BLOCK_BYTES_MAX as u64 {
            return Err(fault(file, &cursor, DecodeFault::TooLarge(size)));
        }
        let in_block = |error| SourceError::block(file.place(offset), error);
        let header = Header::read(&cursor.array().map_err(in_block)?);
        header.check_work(self.network).map_err(in_block)?;
        let other = Network::of_genesis(&header.hash).filter(|found| *found != self.network);
        if let Some(found) = other {
            let fault = SourceFault::Network { found, wanted: self.network };
            return Err(SourceError::new(file.place(offset), fault));
        }
        let n_transactions = cursor.compact_size().map_err(in_block)?;
        Ok(Entry {
            hash: header.hash,
            previous_hash: header.previous_hash,
            bits: header.bits,
            height: None,
            location: Location {
                file: index,
                size: u32::try_from(size).expect("at most BLOCK_BYTES_MAX"),
                offset,
                n_transactions: u32::try_from(n_transactions).unwrap_or(u32::MAX),
            },
        })
    }

    /// The bytes of one block.
    pub(crate) fn read(&self, location: &Location) -> Result<Vec<u8>, SourceError> {
        let BlockFile { path, key } = &self.files[location.file as usize];
        let mut file = ClearFile::open(path, *key)?;
        file.read_exactly(location.offset, location.size as usize)
    }
}

/// Where the next record begins, from `at` on, over padding and, if allowed, over garbage.
pub(crate) fn next_record(
    file: &mut ClearFile,
    mut at: u64,
    network: Network,
    skip_garbage: bool,
    n_garbage_bytes: &mut u64,
) -> Result<Option<u64>, SourceError> {
    let wanted = network.magic();
    let mut window = vec![0; 4];
    loop {
        // Most records follow one another: four bytes usually suffice.
        let n_read = file.read_at(at, &mut window[..4])?;
        if window[..n_read] == wanted {
            return Ok(Some(at));
        }
        window.resize(SEARCH_BYTES, 0);
        let n_read = file.read_at(at, &mut window)?;
        if n_read == 0 {
            return Ok(None);
        }
        let n_zeros = window[..n_read].iter().take_while(|byte| **byte == 0).count();
        if n_zeros > 0 {
            at += n_zeros as u64;
            continue;
        }
        if !skip_garbage {
            return Err(not_a_record(file, at, &window[..n_read], network));
        }
        let step = window[1..n_read]
            .windows(4)
            .position(|bytes| bytes == wanted)
            .map_or(n_read.saturating_sub(3).max(1), |position| position + 1);
        *n_garbage_bytes += step as u64;
        at += step as u64;
    }
}

fn not_a_record(file: &ClearFile, at: u64, window: &[u8], wanted: Network) -> SourceError {
    let mut magic = [0; 4];
    let n = window.len().min(4);
    magic[..n].copy_from_slice(&window[..n]);
    let fault = match Network::of_magic(magic) {
        Some(found) => SourceFault::Network { found, wanted },
        None if n < 4 => SourceFault::Truncated { size: FRAME_BYTES, left: n as u64 },
        None => SourceFault::Magic(Hex(magic)),
    };
    SourceError::new(file.place(at), fault)
}

/// Whether Bitcoin Core writes files of this name.
pub(crate) fn is_core_file(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let number = name.strip_prefix("blk").and_then(|name| name.strip_suffix(".dat"));
    number.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

impl Locations<Location> for BlockFiles {
    fn place(&self, location: &Location) -> Place {
        Place::Byte(self.files[location.file as usize].path.clone(), location.offset)
    }

    fn claimed_height(&self, location: &Location) -> Result<Option<u64>, SourceError> {
        let BlockFile { path, key } = &self.files[location.file as usize];
        let mut file = ClearFile::open(path, *key)?;
        let mut bytes = [0; HEAD_BYTES];
        let wanted = HEAD_BYTES.min(location.size as usize);
        let n_read = file.read_at(location.offset, &mut bytes[..wanted])?;
        Ok(claimed_height(&bytes[..n_read]))
    }

    fn same(&self, a: &Location, b: &Location) -> Result<bool, SourceError> {
        if a.size != b.size {
            return Ok(false);
        }
        Ok(self.read(a)? == self.read(b)?)
    }
}

/// The height that the coinbase of a block of version 2 or later begins with (BIP 34).
pub(crate) fn claimed_height(block: &[u8]) -> Option<u64> {
    let mut cursor = Cursor::new(block);
    let header = Header::read(&cursor.array().ok()?);
    if header.version < 2 {
        return None;
    }
    cursor.compact_size().ok()?;
    cursor.u32().ok()?;
    if cursor.peek() == Some(0) {
        cursor.take(2).ok()?;
    }
    cursor.compact_size().ok()?;
    cursor.take(36).ok()?;
    let script = cursor.string().ok()?;
    height_in_script(script)
}

/// The number at the head of a coinbase script.
pub(crate) fn height_in_script(script: &[u8]) -> Option<u64> {
    match *script.first()? {
        0 => Some(0),
        op @ 0x51..=0x60 => Some(u64::from(op - 0x50)),
        len @ 1..=8 => {
            let (bytes, _) = last_push(script.get(..=usize::from(len))?)?;
            let mut number = [0; 8];
            number[..bytes.len()].copy_from_slice(bytes);
            Some(u64::from_le_bytes(number))
        }
        _ => None,
    }
}
