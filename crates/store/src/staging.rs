//! What a commit has put on disk so far: new files that wait for their sync, old ones that it no
//! longer names. Nothing of it counts before the manifest that names it is published.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

use crate::directory::Shared;
use crate::error::{Error, Result};

#[derive(Debug)]
pub(crate) struct Staging {
    pub(crate) shared: Arc<Shared>,
    /// The number the commit will have.
    pub(crate) commit: u64,
    /// Some call failed half-way, so what is staged is not what the caller meant.
    pub(crate) failed: bool,
    sequence: u32,
    unsynced: BTreeMap<String, Arc<File>>,
    folders: BTreeSet<PathBuf>,
    /// Files of earlier commits that this one no longer names.
    pub(crate) dropped: Vec<String>,
}

impl Staging {
    pub(crate) fn new(shared: Arc<Shared>, commit: u64) -> Staging {
        Staging {
            shared,
            commit,
            failed: false,
            sequence: 0,
            unsynced: BTreeMap::new(),
            folders: BTreeSet::new(),
            dropped: Vec::new(),
        }
    }

    /// A new file in `folder`, named by the commit: no later file ever has the same name.
    pub(crate) fn create(&mut self, folder: &str, extension: &str) -> Result<(String, Arc<File>)> {
        self.make_folder(folder)?;
        let name = format!("{folder}/{:010}-{}.{extension}", self.commit, self.sequence);
        self.sequence += 1;
        let file = Arc::new(self.shared.disk.create(&self.shared.path(&name))?);
        self.folders.insert(self.shared.path(folder));
        self.unsynced.insert(name.clone(), file.clone());
        Ok((name, file))
    }

    pub(crate) fn make_folder(&mut self, folder: &str) -> Result<()> {
        let path = self.shared.path(folder);
        if path.is_dir() {
            return Ok(());
        }
        if let Some((parent, _)) = folder.rsplit_once('/') {
            self.make_folder(parent)?;
            self.folders.insert(self.shared.path(parent));
        } else {
            self.folders.insert(self.shared.dir.clone());
        }
        self.shared.disk.create_dir(&path)
    }

    /// A file of an earlier commit grows in this one.
    pub(crate) fn grows(&mut self, name: &str, file: &Arc<File>) {
        self.unsynced.entry(name.to_owned()).or_insert_with(|| file.clone());
    }

    /// The commit no longer names this file. One that it made itself is removed at once.
    pub(crate) fn drop_file(&mut self, name: &str) {
        if self.unsynced.remove(name).is_some() && self.made(name) {
            // Garbage if it stays: the next writer removes it.
            let _gone = self.shared.disk.remove(&self.shared.path(name));
        } else {
            self.dropped.push(name.to_owned());
        }
    }

    fn made(&self, name: &str) -> bool {
        let base = name.rsplit_once('/').map_or(name, |(_, base)| base);
        base.starts_with(&format!("{:010}-", self.commit))
    }

    /// Returns when every new byte and name is on the disk.
    pub(crate) fn sync(&mut self) -> Result<()> {
        let shared = self.shared.clone();
        let sync = |(name, file): (&String, &Arc<File>)| shared.disk.sync(file, &shared.path(name));
        if shared.disk.in_parallel() {
            self.unsynced.par_iter().try_for_each(sync)?;
        } else {
            self.unsynced.iter().try_for_each(sync)?;
        }
        for folder in &self.folders {
            shared.disk.sync_dir(folder)?;
        }
        self.unsynced.clear();
        self.folders.clear();
        Ok(())
    }

    /// Removes what the commit made, after it was given up; best effort. Never what `sync`
    /// confirmed: from then on a manifest may name it, even one whose publishing ended in an error.
    pub(crate) fn discard(&mut self) {
        for name in std::mem::take(&mut self.unsynced).into_keys() {
            if self.made(&name) {
                let _gone = self.shared.disk.remove(&self.shared.path(&name));
            }
        }
    }

    /// Refuses to go on after a failure.
    pub(crate) fn check(&self) -> Result<()> {
        if self.failed { Err(Error::CommitFailed) } else { Ok(()) }
    }
}
