//! What can go wrong on disk, carrying the file it went wrong with; what to do about it is `hint`.

use std::io;
use std::path::{Path, PathBuf};

/// The result of anything that touches the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of the store. `Display` says what went wrong, [`Error::hint`] what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused a file operation.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// The operation, as a verb.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The folder holds no manifest.
    #[error("{} is not a store", dir.display())]
    NotAStore {
        /// The folder.
        dir: PathBuf,
    },
    /// A store is already there.
    #[error("{} already is a store", dir.display())]
    AlreadyAStore {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder to create a store in holds something else.
    #[error("{} holds other files ({found})", dir.display())]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
        /// The first name found there.
        found: String,
    },
    /// Another writer holds the lock.
    #[error("{} is being written by {}", dir.display(), holder(*pid))]
    Locked {
        /// The store.
        dir: PathBuf,
        /// The process that holds the lock, where it could be read.
        pid: Option<u32>,
    },
    /// The manifest is of a format that this build does not know.
    #[error("{} has format {found}, this build knows {known}", path.display())]
    Format {
        /// The manifest.
        path: PathBuf,
        /// The format found.
        found: u64,
        /// The format this build reads and writes.
        known: u32,
    },
    /// A manifest cannot be believed.
    #[error("manifest {} is damaged: {what}", path.display())]
    ManifestDamaged {
        /// The manifest.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// A file is not what the manifest says it is.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// Nothing of that name was ever committed, or it was removed.
    #[error("no {kind} named {name:?} in the store")]
    Missing {
        /// Column, dictionary or mapped file.
        kind: &'static str,
        /// The name asked for.
        name: String,
    },
    /// A name that could not be a file name.
    #[error("{name:?} cannot name a part of the store")]
    Name {
        /// The name given.
        name: String,
    },
    /// A batch, a projection or a stored table does not have the schema expected.
    #[error("table {table:?}: {what}")]
    Schema {
        /// The table.
        table: String,
        /// What does not fit.
        what: String,
    },
    /// Rows must come with a key that never decreases.
    #[error("table {table:?}, partition {partition:?}: key {next} comes after {last}")]
    KeyOrder {
        /// The table.
        table: String,
        /// The partition.
        partition: String,
        /// The key before.
        last: u64,
        /// The smaller key that follows it.
        next: u64,
    },
    /// Records of another width than the column or dictionary has.
    #[error("{name:?} holds records of {expected} bytes, got {got}")]
    Width {
        /// The column or dictionary.
        name: String,
        /// Its width in bytes.
        expected: usize,
        /// The width, or length, given.
        got: usize,
    },
    /// A length beyond the end was given to truncate to.
    #[error("{name:?} has {len} records, cannot be cut to {to}")]
    BeyondEnd {
        /// The column or dictionary.
        name: String,
        /// Its length in records.
        len: u64,
        /// The length asked for.
        to: u64,
    },
    /// Every id that fits is given out.
    #[error("dictionary {name:?} is full: {ids_max} ids")]
    DictionaryFull {
        /// The dictionary.
        name: String,
        /// The most ids it can give out.
        ids_max: u32,
    },
    /// An earlier call of this commit failed, so it cannot be finished.
    #[error("an earlier step of this commit failed, nothing of it was written")]
    CommitFailed,
    /// The disk did not confirm a write, so this writer no longer knows what is on it.
    #[error("the writer stopped after a failed sync")]
    Poisoned,
    /// Arrow refused to encode or decode.
    #[error("{}: {source}", path.display())]
    Arrow {
        /// The file.
        path: PathBuf,
        /// Its reason.
        source: arrow_schema::ArrowError,
    },
    /// Parquet refused to encode or decode.
    #[error("{}: {source}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// Its reason.
        source: parquet::errors::ParquetError,
    },
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

impl Error {
    /// What the person at the keyboard can do, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some("free some space and run again: the last commit is untouched".to_owned())
            }
            Error::NotAStore { .. } => {
                Some("create one first, or name the folder that holds `manifests`".to_owned())
            }
            Error::AlreadyAStore { .. } => Some("open it, or choose another folder".to_owned()),
            Error::NotEmpty { .. } => Some("choose an empty or a new folder".to_owned()),
            Error::Locked { .. } => Some("wait for it or stop it; readers need no lock".to_owned()),
            Error::Format { found, known, .. } if *found > u64::from(*known) => {
                Some("this store was written by a newer version: use that one".to_owned())
            }
            Error::Format { .. } => Some("rebuild the store from its sources".to_owned()),
            Error::ManifestDamaged { .. } => Some(
                "bring that manifest back from a backup; only to give its commit up for good, \
                 delete it: the commit before it is then the last"
                    .to_owned(),
            ),
            Error::Damaged { .. } => Some(
                "verify names every damaged file; restore them from a backup or rebuild".to_owned(),
            ),
            Error::Poisoned => {
                Some("check the disk, then start again: the last commit is intact".to_owned())
            }
            _ => None,
        }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Error {
        Error::Damaged { path: path.to_owned(), what: what.into() }
    }

    /// For whoever asked through a trait of the standard library.
    pub(crate) fn into_io(self) -> io::Error {
        match self {
            Error::Io { source, .. } => source,
            other => io::Error::other(other),
        }
    }

    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Io { what, path, source }
    }

    pub(crate) fn arrow(path: &Path) -> impl FnOnce(arrow_schema::ArrowError) -> Error {
        let path = path.to_owned();
        move |source| Error::Arrow { path, source }
    }

    pub(crate) fn parquet(path: &Path) -> impl FnOnce(parquet::errors::ParquetError) -> Error {
        let path = path.to_owned();
        move |source| Error::Parquet { path, source }
    }
}
