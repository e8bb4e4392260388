//! Scratch space: files without a name, for what is written only to be read again in the same commit.
//!
//! In: bytes. Out: the same bytes. A file is removed from its folder as soon as it is open: the system frees it when
//! the last handle is dropped, also after a crash, so nobody has to clean up.
//! Checked by: `tests/it/mapped_columns.rs`, and `tests/it/crash.rs` for every operation that fails.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::directory::Shared;
use crate::error::{Error, Result};

/// Where scratch files come from; see [`crate::Commit::scratch`].
#[derive(Clone, Debug)]
pub struct ScratchSpace {
    shared: Arc<Shared>,
    folder: &'static str,
    commit: u64,
    sequence: Arc<AtomicU32>,
}

impl ScratchSpace {
    pub(crate) fn new(shared: Arc<Shared>, folder: &'static str, commit: u64) -> ScratchSpace {
        ScratchSpace { shared, folder, commit, sequence: Arc::default() }
    }

    /// A new, empty file.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn file(&self) -> Result<Scratch> {
        let number = self.sequence.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}/{:010}-{number}.scratch", self.folder, self.commit);
        let path = self.shared.path(&name);
        let file = Arc::new(self.shared.disk.create(&path)?);
        self.shared.disk.remove(&path)?;
        Ok(Scratch { shared: self.shared.clone(), file, path, at: 0 })
    }
}

/// A file that is gone when it is dropped.
#[derive(Debug)]
pub struct Scratch {
    shared: Arc<Shared>,
    file: Arc<File>,
    /// Where it was, for messages.
    path: PathBuf,
    at: u64,
}

impl Scratch {
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn len(&self) -> u64 {
        self.at
    }

    /// Writes at the current place.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.shared.disk.write_at(&self.file, &self.path, self.at, bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}

impl Read for Scratch {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(bytes, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Write for Scratch {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes).map_err(Error::into_io)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Scratch {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.file.metadata()?.len().checked_add_signed(by),
        };
        self.at = to.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
