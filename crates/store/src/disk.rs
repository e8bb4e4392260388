//! Every operation that changes the disk goes through here, so that a test can count and break each
//! of them.
//! In: paths and bytes. Out: the operating system's answer, or a planned failure (`failpoint`).
//! Reads are not counted: a read cannot lose a commit.
//! Checked by: `tests/it/crash.rs`, which breaks every operation of a commit in four ways.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::failpoint::{Failpoints, Verdict};

#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    faults: Option<Arc<Failpoints>>,
}

impl Disk {
    pub(crate) fn new(faults: Option<Arc<Failpoints>>) -> Disk {
        Disk { faults }
    }

    /// Counted operations must come in the same order every time, so nothing runs side by side
    /// then.
    pub(crate) fn in_parallel(&self) -> bool {
        self.faults.is_none()
    }

    fn step(&self) -> io::Result<Verdict> {
        self.faults.as_ref().map_or(Ok(Verdict::Proceed), |faults| faults.step())
    }

    /// An operation that happens or does not: there is no half of it to tear.
    fn step_whole(&self) -> io::Result<()> {
        match self.step()? {
            Verdict::Proceed => Ok(()),
            Verdict::Tear => Err(Failpoints::error()),
        }
    }

    /// A new, empty file; what was there under that name is gone.
    pub(crate) fn create(&self, path: &Path) -> Result<File> {
        let create = || {
            self.step_whole()?;
            let file =
                OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
            self.note(|faults| faults.created(path));
            Ok(file)
        };
        create().map_err(Error::io("create", path))
    }

    pub(crate) fn create_dir(&self, path: &Path) -> Result<()> {
        let create = || {
            self.step_whole()?;
            fs::create_dir(path)?;
            self.note(|faults| faults.created_dir(path));
            Ok(())
        };
        create().map_err(Error::io("create", path))
    }

    /// An existing file, to be written beyond its committed length.
    pub(crate) fn open_for_writing(&self, path: &Path) -> Result<File> {
        OpenOptions::new().read(true).write(true).open(path).map_err(Error::io("open", path))
    }

    pub(crate) fn write_at(
        &self,
        file: &File,
        path: &Path,
        offset: u64,
        bytes: &[u8],
    ) -> Result<()> {
        let write = || {
            if let Verdict::Tear = self.step()? {
                file.write_all_at(&bytes[..bytes.len() / 2], offset)?;
                return Err(Failpoints::error());
            }
            self.note(|faults| faults.written(path, offset));
            file.write_all_at(bytes, offset)
        };
        write().map_err(Error::io("write", path))
    }

    /// Returns only when the file's bytes are on the disk.
    pub(crate) fn sync(&self, file: &File, path: &Path) -> Result<()> {
        let sync = || {
            self.step_whole()?;
            file.sync_all()?;
            self.note(|faults| faults.synced(path));
            Ok(())
        };
        sync().map_err(Error::io("sync", path))
    }

    /// Returns only when the folder's names are on the disk.
    pub(crate) fn sync_dir(&self, path: &Path) -> Result<()> {
        let sync = || {
            self.step_whole()?;
            File::open(path)?.sync_all()?;
            self.note(|faults| faults.dir_synced(path));
            Ok(())
        };
        sync().map_err(Error::io("sync", path))
    }

    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let rename = || {
            self.step_whole()?;
            fs::rename(from, to)?;
            self.note(|faults| faults.renamed(from, to));
            Ok(())
        };
        rename().map_err(Error::io("rename", from))
    }

    pub(crate) fn remove(&self, path: &Path) -> Result<()> {
        let remove = || {
            self.step_whole()?;
            fs::remove_file(path)?;
            self.note(|faults| faults.removed(path));
            Ok(())
        };
        remove().map_err(Error::io("remove", path))
    }

    pub(crate) fn set_len(&self, path: &Path, len: u64) -> Result<()> {
        let cut = || {
            self.step_whole()?;
            OpenOptions::new().write(true).open(path)?.set_len(len)
        };
        cut().map_err(Error::io("shorten", path))
    }

    fn note(&self, what: impl FnOnce(&Failpoints)) {
        if let Some(faults) = &self.faults {
            what(faults);
        }
    }
}
