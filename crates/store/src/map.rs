//! Memory maps of committed bytes; the only file of this crate with `unsafe`.
//! In: a path and the length that the manifest promises. Out: those bytes, read-only, without a
//! copy. A file shorter than promised is an error here, before anything is sliced.

#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use arrow_buffer::{Buffer, MutableBuffer};
use memmap2::{Mmap, MmapOptions};

use crate::error::{Error, Result};

// Segments and records are little-endian on disk and read in place.
const _: () = assert!(cfg!(target_endian = "little"), "the store's files are little-endian");

/// The first `len` bytes of a file. An empty one is not mapped (the system refuses empty maps).
#[derive(Debug)]
pub(crate) struct Map {
    mmap: Option<Mmap>,
}

impl Map {
    pub(crate) fn open(path: &Path, len: u64) -> Result<Map> {
        Map::of(&File::open(path).map_err(Error::io("open", path))?, path, len)
    }

    /// The same of a file that is open; `path` is for messages.
    pub(crate) fn of(file: &File, path: &Path, len: u64) -> Result<Map> {
        let found = file.metadata().map_err(Error::io("read", path))?.len();
        if found < len {
            return Err(Error::damaged(path, format!("{found} bytes, at least {len} expected")));
        }
        let Ok(size) = usize::try_from(len) else {
            return Err(Error::damaged(path, format!("{len} bytes do not fit the memory")));
        };
        if size == 0 {
            return Ok(Map { mmap: None });
        }
        // SAFETY: the mapped bytes are never written again while they are mapped: files are written
        // once, and the one kind that grows (the last chunk of a column) grows behind `len`;
        // cutting a column copies its last chunk to a new file. Only the lock holder writes at all.
        // A scratch file is mapped when its writer is used up (`MappedWriter::into_batch`).
        // Another program that shortens the file can kill us with SIGBUS; that is the price of
        // every map, and said in docs/reference/storage.md.
        let mmap = unsafe { MmapOptions::new().len(size).map(file) };
        Ok(Map { mmap: Some(mmap.map_err(Error::io("map", path))?) })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.mmap.as_deref().unwrap_or(&[])
    }

    /// The same bytes as an Arrow buffer, which keeps the map alive.
    pub(crate) fn into_buffer(self) -> Buffer {
        // Nothing, but aligned: Arrow looks at the address of an empty column too.
        let Some(mmap) = self.mmap else { return MutableBuffer::new(0).into() };
        let len = mmap.len();
        let start = NonNull::from(mmap.as_ref()).cast::<u8>();
        // SAFETY: `start` points to `len` readable bytes that stay mapped at that address until the
        // `Mmap` is dropped, which the buffer's owner, an `Arc` of it, does last. Nobody writes to
        // them (see `open`).
        unsafe { Buffer::from_custom_allocation(start, len, Arc::new(mmap)) }
    }
}

/// Maps of files that never change, shared by all snapshots of a store: a new snapshot of a
/// dictionary with hundreds of chunks maps only what is new.
#[derive(Debug, Default)]
pub(crate) struct MapCache {
    maps: Mutex<BTreeMap<PathBuf, Weak<Map>>>,
}

impl MapCache {
    pub(crate) fn open(&self, path: &Path, len: u64) -> Result<Arc<Map>> {
        let mut maps = self.maps.lock().unwrap_or_else(PoisonError::into_inner);
        let open = maps.get(path).and_then(Weak::upgrade);
        if let Some(map) = open.filter(|map| map.bytes().len() as u64 == len) {
            return Ok(map);
        }
        let map = Arc::new(Map::open(path, len)?);
        maps.retain(|_, map| map.strong_count() > 0);
        maps.insert(path.to_owned(), Arc::downgrade(&map));
        Ok(map)
    }
}
