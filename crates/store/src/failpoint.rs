//! Planned disk failures, for tests of crash safety in this crate and in those above it.
//!
//! In: which changing disk operation fails (counted from 1) and how. Out: that operation's error,
//! and for [`Fault::PowerLoss`] a folder as it looks after the plug was pulled: what was not synced
//! is gone.
//! Departs from real disks: unsynced data is lost whole (`PowerLoss`), kept whole (`Crash`) or kept
//! by half (`Tear`); no random subsets, because each protocol error found so far is visible in one
//! of the three.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How the chosen operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It returns an error (a full disk); later operations work.
    Fail,
    /// The process dies before it: this and all later operations fail.
    Crash,
    /// A write puts down its first half, then the process dies. Other operations die before they
    /// start.
    Tear,
    /// The machine dies before it: as `Crash`, and [`Failpoints::power_off`] undoes all that was
    /// not synced.
    PowerLoss,
}

/// A plan to fail one operation, given to [`Settings`](crate::Settings).
#[derive(Debug)]
pub struct Failpoints {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    fail_at: u64,
    fault: Fault,
    count: u64,
    dead: bool,
    /// Bytes of each touched file that survive a power loss.
    durable: BTreeMap<PathBuf, u64>,
    /// Files and folders whose name is not durable yet.
    unnamed: BTreeSet<PathBuf>,
    /// Renames whose folder is not synced yet.
    renames: Vec<(PathBuf, PathBuf)>,
}

pub(crate) enum Verdict {
    Proceed,
    Tear,
}

impl Failpoints {
    /// Fails the operation number `fail_at` (the first is 1; 0 never fails, it only counts).
    pub fn new(fail_at: u64, fault: Fault) -> Arc<Failpoints> {
        let state = State {
            fail_at,
            fault,
            count: 0,
            dead: false,
            durable: BTreeMap::new(),
            unnamed: BTreeSet::new(),
            renames: Vec::new(),
        };
        Arc::new(Failpoints { state: Mutex::new(state) })
    }

    /// How many operations were asked for so far.
    pub fn operations(&self) -> u64 {
        self.state().count
    }

    /// Whether the planned failure has happened.
    pub fn fired(&self) -> bool {
        let state = self.state();
        state.fail_at != 0 && state.count >= state.fail_at
    }

    /// Takes the folder to what a power loss leaves: synced bytes under synced names.
    ///
    /// # Errors
    /// The file system's own, when it refuses a change.
    pub fn power_off(&self) -> io::Result<()> {
        let mut state = self.state();
        state.dead = true;
        for (from, to) in std::mem::take(&mut state.renames).into_iter().rev() {
            if to.exists() {
                fs::rename(&to, &from)?;
            }
        }
        for path in std::mem::take(&mut state.unnamed) {
            if path.is_dir() {
                fs::remove_dir_all(&path)?;
            } else if path.exists() {
                fs::remove_file(&path)?;
            }
        }
        for (path, len) in std::mem::take(&mut state.durable) {
            if path.exists() && fs::metadata(&path)?.len() > len {
                OpenOptions::new().write(true).open(&path)?.set_len(len)?;
            }
        }
        Ok(())
    }

    pub(crate) fn error() -> io::Error {
        io::Error::new(io::ErrorKind::StorageFull, "planned failure")
    }

    pub(crate) fn step(&self) -> io::Result<Verdict> {
        let mut state = self.state();
        state.count += 1;
        let now = state.count == state.fail_at;
        if now && state.fault != Fault::Fail {
            state.dead = true;
        }
        if now && state.fault == Fault::Tear {
            return Ok(Verdict::Tear);
        }
        if now || state.dead { Err(Self::error()) } else { Ok(Verdict::Proceed) }
    }

    pub(crate) fn created(&self, path: &Path) {
        let mut state = self.state();
        state.unnamed.insert(path.to_owned());
        state.durable.insert(path.to_owned(), 0);
    }

    pub(crate) fn created_dir(&self, path: &Path) {
        self.state().unnamed.insert(path.to_owned());
    }

    /// Bytes from `offset` on are on their way; what was durable before it stays so.
    pub(crate) fn written(&self, path: &Path, offset: u64) {
        let mut state = self.state();
        let durable = state.durable.entry(path.to_owned()).or_insert(offset);
        *durable = (*durable).min(offset);
    }

    pub(crate) fn synced(&self, path: &Path) {
        self.state().durable.remove(path);
    }

    pub(crate) fn dir_synced(&self, dir: &Path) {
        let mut state = self.state();
        state.unnamed.retain(|path| path.parent() != Some(dir));
        state.renames.retain(|(_, to)| to.parent() != Some(dir));
    }

    pub(crate) fn renamed(&self, from: &Path, to: &Path) {
        let mut state = self.state();
        state.unnamed.remove(from);
        if let Some(len) = state.durable.remove(from) {
            state.durable.insert(to.to_owned(), len);
        }
        state.renames.push((from.to_owned(), to.to_owned()));
    }

    /// A removal is taken as durable at once: the worst case for whoever removes too early.
    pub(crate) fn removed(&self, path: &Path) {
        let mut state = self.state();
        state.unnamed.remove(path);
        state.durable.remove(path);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
