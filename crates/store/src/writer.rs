//! The one writer of a store: holds the lock, makes commits, deletes what no manifest names any
//! more.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::column_writer::ColumnWriter;
use crate::commit::Commit;
use crate::dictionary::State;
use crate::directory::{Held, Shared, manifests, pin, pinned, sweep, unpublish};
use crate::error::{Error, Result};
use crate::manifest::Manifest;
use crate::snapshot::Snapshot;

/// The one writer. The lock is free again when it is dropped, or its process dies.
pub struct Writer {
    last: Snapshot,
    /// Open between commits: the tail of a dictionary and the hash of a column's last block are in
    /// memory.
    pub(crate) columns: BTreeMap<String, ColumnWriter>,
    pub(crate) dictionaries: BTreeMap<String, State>,
    pub(crate) poisoned: bool,
    /// Files that the newest manifest does not name, with the last commit that does.
    garbage: Vec<(String, u64)>,
    /// Commits that have a manifest, oldest first.
    kept: Vec<u64>,
    _lock: Held,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, lock: Held) -> Result<Writer> {
        let mut kept = manifests(&shared.dir)?;
        let newest = kept.pop().ok_or_else(|| Error::NotAStore { dir: shared.dir.clone() })?;
        let vanished = || Error::NotAStore { dir: shared.dir.clone() };
        let (manifest, held) = pinned(&shared.dir, newest)?.ok_or_else(vanished)?;
        let mut live = BTreeMap::new();
        let mut garbage = BTreeMap::new();
        // Older manifests only hold files in place. A damaged one holds none: nobody can open it
        // any more.
        kept.retain(|&commit| match pinned(&shared.dir, commit) {
            Ok(Some((older, _held))) => {
                keep(&mut live, &older);
                garbage.extend(older.files().into_keys().map(|path| (path.to_owned(), commit)));
                true
            }
            _ => !unpublish(&shared, commit),
        });
        keep(&mut live, &manifest);
        for path in manifest.files().into_keys() {
            garbage.remove(path);
        }
        sweep(&shared, &live)?;
        kept.push(newest);
        Ok(Writer {
            last: Snapshot::new(shared, manifest, held, Vec::new()),
            columns: BTreeMap::new(),
            dictionaries: BTreeMap::new(),
            poisoned: false,
            garbage: garbage.into_iter().collect(),
            kept,
            _lock: lock,
        })
    }

    /// The last commit.
    pub fn snapshot(&self) -> Snapshot {
        self.last.clone()
    }

    pub(crate) fn last(&self) -> &Snapshot {
        &self.last
    }

    /// Starts a commit. Nothing of it counts before [`Commit::finish`].
    pub fn begin(&mut self) -> Commit<'_> {
        Commit::new(self)
    }

    /// Takes up a published manifest and deletes what nobody can need any more.
    pub(crate) fn committed(&mut self, manifest: Manifest, dropped: Vec<String>) -> Snapshot {
        let shared = self.last.shared().clone();
        let commit = manifest.commit;
        let held = pin(&shared.dir, commit);
        self.last = Snapshot::new(shared, manifest, held, Vec::new());
        self.kept.push(commit);
        self.garbage.extend(dropped.into_iter().map(|path| (path, commit - 1)));
        self.clean();
        self.last.clone()
    }

    /// The commit is acknowledged: a failure to delete is no failure, the next writer sweeps.
    fn clean(&mut self) {
        let shared = self.last.shared().clone();
        let newest_kept = self.kept.len().saturating_sub(shared.settings.manifests_kept.max(1));
        let mut at = 0;
        self.kept.retain(|&commit| {
            at += 1;
            at > newest_kept || !unpublish(&shared, commit)
        });
        let kept = &self.kept;
        self.garbage.retain(|(path, last)| {
            let first = written_by(path);
            let needed = kept.iter().any(|commit| (first..=*last).contains(commit));
            needed || shared.disk.remove(&shared.path(path)).is_err()
        });
    }
}

/// The commit that made a file: its name begins with it.
fn written_by(path: &str) -> u64 {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name.split('-').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Every file a manifest names stays, at the longest length that any manifest needs.
fn keep(live: &mut BTreeMap<String, u64>, manifest: &Manifest) {
    for (path, bytes) in manifest.files() {
        let longest = live.entry(path.to_owned()).or_insert(bytes);
        *longest = (*longest).max(bytes);
    }
}
