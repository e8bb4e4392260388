//! The store as a folder: creating it, opening it, finding its last commit, taking its writer lock.
//!
//! Readers take no lock that anyone waits for: a snapshot holds a shared lock on the manifest *it*
//! reads, and the writer deletes a manifest, and the files only it names, after it could lock it
//! alone. So a snapshot's files stay for as long as the snapshot lives, and a killed reader leaves
//! nothing behind. A damaged newest manifest: readers fall back to the commit before it and say so
//! in [`Snapshot::warnings`](crate::Snapshot::warnings); the writer refuses. Rename being atomic,
//! such damage is rot, not a torn commit: the commit was acknowledged, and a writer that went on
//! from its parent would delete what may still be saved.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::failpoint::Failpoints;
use crate::manifest::Manifest;
use crate::map::MapCache;
use crate::snapshot::Snapshot;
use crate::writer::Writer;

pub(crate) const MANIFESTS: &str = "manifests";
/// The folders whose files are the store's own: whatever no manifest names is removed from them.
pub(crate) const FOLDERS: [&str; 5] = ["tables", "columns", "dictionaries", "mapped", "runs"];
const LOCK: &str = "lock";

/// Limits and sizes. The defaults are for stores of any size; tests make them small.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Manifests kept besides those that a living snapshot reads; at least 1.
    pub manifests_kept: usize,
    /// A column's chunk file holds the largest power of two of records that fits this many bytes.
    pub chunk_bytes: u64,
    /// Dictionary keys indexed in memory before they become a segment file. A dictionary's writer
    /// needs about 2.5 times this × (key width + 24) bytes, whatever the number of keys on disk.
    pub tail_keys: usize,
    /// Ids a dictionary may give out.
    pub ids_max: u32,
    /// Bytes of appended batches held back per table and partition before they are encoded.
    pub pending_bytes: usize,
    /// Rows of a Parquet row group.
    pub row_group_rows: usize,
    /// Runs kept in the manifest before they are spilled.
    pub runs_recent: usize,
    /// Neighbouring files of similar size that make a merge worth it.
    pub compact_files: usize,
    /// No merge makes a larger file.
    pub compact_bytes_max: u64,
    /// Planned failures, for tests.
    pub failpoints: Option<Arc<Failpoints>>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            manifests_kept: 4,
            chunk_bytes: 128 << 20,
            tail_keys: 1 << 18,
            ids_max: u32::MAX,
            pending_bytes: 64 << 20,
            row_group_rows: 1 << 17,
            runs_recent: 64,
            compact_files: 8,
            compact_bytes_max: 512 << 20,
            failpoints: None,
        }
    }
}

/// What all handles of one store share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) dir: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) disk: Disk,
    pub(crate) maps: MapCache,
}

impl Shared {
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.dir.join(relative)
    }
}

/// A file whose lock ends with this value. Closing alone would not do: a process that is being
/// started from another thread holds copies of all our open files for a moment, and with them the
/// lock.
#[derive(Debug)]
pub(crate) struct Held(File);

impl Drop for Held {
    fn drop(&mut self) {
        // Fails only where there never was a lock.
        let _unlocked = self.0.unlock();
    }
}

/// A store on disk.
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
}

impl Store {
    /// Makes an empty store in a new or empty folder.
    ///
    /// # Errors
    /// A store is already there, the folder holds something else, or the disk refuses.
    pub fn create(dir: &Path) -> Result<Store> {
        Store::create_with(dir, Settings::default())
    }

    /// [`Store::create`] with other sizes. They bind nobody: each open may choose its own.
    ///
    /// # Errors
    /// As [`Store::create`].
    pub fn create_with(dir: &Path, settings: Settings) -> Result<Store> {
        fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
        let store = Store::at(dir, settings);
        let _lock = store.lock()?;
        if !manifests(dir)?.is_empty() {
            return Err(Error::AlreadyAStore { dir: dir.to_owned() });
        }
        refuse_strangers(dir)?;
        let disk = &store.shared.disk;
        for folder in FOLDERS.into_iter().chain([MANIFESTS]) {
            let path = dir.join(folder);
            if !path.exists() {
                disk.create_dir(&path)?;
            }
        }
        disk.sync_dir(dir)?;
        if let Some(parent) = dir.parent().filter(|parent| parent.is_dir()) {
            disk.sync_dir(parent)?;
        }
        publish(&store.shared, &write_aside(&store.shared, &mut Manifest::empty())?)?;
        Ok(store)
    }

    /// Opens a store. Costs nothing yet: [`Store::snapshot`] reads.
    ///
    /// # Errors
    /// The folder is not a store.
    pub fn open(dir: &Path) -> Result<Store> {
        Store::open_with(dir, Settings::default())
    }

    /// [`Store::open`] with other sizes.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(dir: &Path, settings: Settings) -> Result<Store> {
        if manifests(dir)?.is_empty() {
            return Err(Error::NotAStore { dir: dir.to_owned() });
        }
        Ok(Store::at(dir, settings))
    }

    fn at(dir: &Path, settings: Settings) -> Store {
        let disk = Disk::new(settings.failpoints.clone());
        let shared = Shared { dir: dir.to_owned(), settings, disk, maps: MapCache::default() };
        Store { shared: Arc::new(shared) }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.shared.dir
    }

    /// The last commit, fixed: later commits do not change what it shows, nor take its files away.
    ///
    /// # Errors
    /// No manifest can be read.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let dir = &self.shared.dir;
        // A writer may delete the manifest between our listing and our opening: then there is a
        // newer one.
        for _attempt in 0..1000 {
            let commits = manifests(dir)?;
            let Some(&newest) = commits.last() else {
                return Err(Error::NotAStore { dir: dir.clone() });
            };
            match pinned(dir, newest) {
                Ok(Some((manifest, pin))) => {
                    return Ok(Snapshot::new(self.shared.clone(), manifest, pin, Vec::new()));
                }
                Ok(None) => {}
                Err(Error::ManifestDamaged { path, what }) => {
                    let damage = Error::ManifestDamaged { path, what };
                    return self.fall_back(&commits, damage);
                }
                Err(error) => return Err(error),
            }
        }
        let what = "it vanished again and again while it was read".to_owned();
        Err(Error::ManifestDamaged { path: dir.join(MANIFESTS), what })
    }

    /// The newest readable commit before a damaged one, with a warning.
    fn fall_back(&self, commits: &[u64], damage: Error) -> Result<Snapshot> {
        for &commit in commits.iter().rev().skip(1) {
            if let Ok(Some((manifest, pin))) = pinned(&self.shared.dir, commit) {
                let warning = format!("{damage}; reading commit {commit} instead");
                return Ok(Snapshot::new(self.shared.clone(), manifest, pin, vec![warning]));
            }
        }
        Err(damage)
    }

    /// Takes the writer lock and removes what a writer that did not finish left behind.
    ///
    /// # Errors
    /// Another writer holds the lock, the newest manifest is damaged, or the disk refuses.
    pub fn writer(&self) -> Result<Writer> {
        let lock = self.lock()?;
        Writer::new(self.shared.clone(), lock)
    }

    fn lock(&self) -> Result<Held> {
        let path = self.shared.path(LOCK);
        let open = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(Error::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let pid =
                    file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Err(Error::Locked { dir: self.shared.dir.clone(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(Error::io("lock", &path)(source)),
        }
        let note = |file: &mut File| {
            file.set_len(0)?;
            writeln!(file, "{}", std::process::id())
        };
        let noted = note(&mut file).map_err(Error::io("write", &path));
        let held = Held(file);
        noted.map(|()| held)
    }
}

/// Only our own empty folders may lie where a store is made: a half-made store is finished, but the
/// cleaning of `writer` must never meet somebody else's files.
fn refuse_strangers(dir: &Path) -> Result<()> {
    let own = |name: &str| name == LOCK || name == MANIFESTS || FOLDERS.contains(&name);
    for entry in fs::read_dir(dir).map_err(Error::io("read", dir))? {
        let entry = entry.map_err(Error::io("read", dir))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let stranger = if !own(&name) {
            Some(name)
        } else if name == LOCK || name == MANIFESTS {
            None
        } else {
            let mut inside = fs::read_dir(entry.path()).map_err(Error::io("read", dir))?;
            inside
                .next()
                .and_then(|file| file.ok())
                .map(|file| format!("{name}/{}", file.file_name().to_string_lossy()))
        };
        if let Some(found) = stranger {
            return Err(Error::NotEmpty { dir: dir.to_owned(), found });
        }
    }
    Ok(())
}

pub(crate) fn manifest_path(dir: &Path, commit: u64) -> PathBuf {
    dir.join(MANIFESTS).join(format!("{commit:010}.json"))
}

/// The commits that have a manifest, oldest first. No such folder is no commits.
pub(crate) fn manifests(dir: &Path) -> Result<Vec<u64>> {
    let folder = dir.join(MANIFESTS);
    let entries = match fs::read_dir(&folder) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        entries => entries.map_err(Error::io("read", &folder))?,
    };
    let mut commits = Vec::new();
    for entry in entries {
        let name = entry.map_err(Error::io("read", &folder))?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".json"));
        commits.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    commits.sort_unstable();
    Ok(commits)
}

/// Reads a manifest and holds it: while the file stays open the writer keeps what it names. `None`
/// when it was deleted meanwhile.
pub(crate) fn pinned(dir: &Path, commit: u64) -> Result<Option<(Manifest, Option<Held>)>> {
    let path = manifest_path(dir, commit);
    let mut file = match File::open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.map_err(Error::io("open", &path))?,
    };
    let held = file.try_clone().map_err(Error::io("open", &path))?;
    let held = match file.try_lock_shared() {
        Ok(()) => Some(Held(held)),
        // The writer is about to delete it.
        Err(TryLockError::WouldBlock) => return Ok(None),
        // A file system without locks: such a snapshot lives as long as `manifests_kept` lets it.
        Err(TryLockError::Error(_)) => None,
    };
    if !path.exists() {
        return Ok(None);
    }
    let mut text = Vec::new();
    file.read_to_end(&mut text).map_err(Error::io("read", &path))?;
    let manifest = Manifest::parse(&path, &text)?;
    if manifest.commit != commit {
        let what = format!("it is the manifest of commit {}", manifest.commit);
        return Err(Error::ManifestDamaged { path, what });
    }
    Ok(Some((manifest, held)))
}

/// Opens a manifest only to hold it.
pub(crate) fn pin(dir: &Path, commit: u64) -> Option<Held> {
    let file = File::open(manifest_path(dir, commit)).ok()?;
    file.try_lock_shared().is_ok().then_some(Held(file))
}

/// A manifest written aside, not yet believed by anyone.
pub(crate) struct Aside {
    file: File,
    path: PathBuf,
    target: PathBuf,
}

pub(crate) fn write_aside(shared: &Shared, manifest: &mut Manifest) -> Result<Aside> {
    let target = manifest_path(&shared.dir, manifest.commit);
    let path = target.with_extension("tmp");
    let text = manifest.seal();
    let file = shared.disk.create(&path)?;
    shared.disk.write_at(&file, &path, 0, text.as_bytes())?;
    Ok(Aside { file, path, target })
}

/// The commit point: the rename. After an error here nobody knows whether the commit took place.
pub(crate) fn publish(shared: &Shared, aside: &Aside) -> Result<()> {
    shared.disk.sync(&aside.file, &aside.path)?;
    shared.disk.rename(&aside.path, &aside.target)?;
    shared.disk.sync_dir(&shared.dir.join(MANIFESTS))
}

/// Deletes a manifest unless a living snapshot reads it; says whether it is gone.
pub(crate) fn unpublish(shared: &Shared, commit: u64) -> bool {
    let path = manifest_path(&shared.dir, commit);
    let Ok(file) = File::open(&path) else { return true };
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        return false;
    }
    let _held = Held(file);
    shared.disk.remove(&path).is_ok()
}

/// Removes every file that no manifest names and cuts the last chunks of columns to the longest
/// length named.
pub(crate) fn sweep(shared: &Shared, live: &BTreeMap<String, u64>) -> Result<()> {
    for folder in FOLDERS {
        sweep_folder(shared, folder, live)?;
    }
    let folder = shared.dir.join(MANIFESTS);
    for entry in fs::read_dir(&folder).map_err(Error::io("read", &folder))? {
        let path = entry.map_err(Error::io("read", &folder))?.path();
        if path.extension().is_some_and(|extension| extension == "tmp") {
            shared.disk.remove(&path)?;
        }
    }
    Ok(())
}

fn sweep_folder(shared: &Shared, folder: &str, live: &BTreeMap<String, u64>) -> Result<()> {
    let path = shared.path(folder);
    let entries = match fs::read_dir(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(Error::io("read", &path))?,
    };
    for entry in entries {
        let entry = entry.map_err(Error::io("read", &path))?;
        let relative = format!("{folder}/{}", entry.file_name().to_string_lossy());
        let found = entry.metadata().map_err(Error::io("read", &path))?;
        if found.is_dir() {
            sweep_folder(shared, &relative, live)?;
        } else {
            match live.get(&relative) {
                None => shared.disk.remove(&entry.path())?,
                Some(&len) if found.len() > len => shared.disk.set_len(&entry.path(), len)?,
                Some(_) => {}
            }
        }
    }
    Ok(())
}
