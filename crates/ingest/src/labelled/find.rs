//! Which files of a folder are labelled data, and what their names say of them.
//!
//! In: a folder, searched to the bottom in order of paths. Out: files of labelled transactions, and experiments with known
//! wallets; what looks like labelled data and cannot be used is named.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::error::{LabelledError, Skips};
use super::lines::{looks_like_lines, read_lines};
use super::memory::MemoryLedger;
use super::wallets::Experiment;
use super::{LabelledSet, Skipped, json, rounds};

/// Deeper folders are not searched.
const DEPTH_MAX: usize = 16;
/// So much of a text file tells whether it is one of ours.
const HEAD_BYTES: u64 = 4096;

/// What the transactions of a set are said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SetLabel {
    /// Mixes of a protocol: `whirlpool`, `wasabi1`, `wasabi2`, `joinmarket`.
    Mix(&'static str),
    /// Whirlpool's Tx0: one owner's coins cut to the size of a pool.
    Tx0,
    /// Transactions that somebody's loose rule took for this protocol; some are, and nobody says which.
    Candidates(&'static str),
    /// No mixes: spends after a mix, known false positives.
    Negative,
}

impl SetLabel {
    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mix(protocol) => protocol,
            Self::Tx0 => "whirlpool_tx0",
            Self::Candidates(_) => "candidates",
            Self::Negative => "none",
        }
    }
}

/// Parts of names and what they say, the first that fits: whatever a name says of its protocol, spends after a mix are none.
const NAMES: &[(&[&str], SetLabel)] = &[
    (
        &["postmix", "negative", "falsepositive", "falsecjtx", "nonmix", "notmix", "nomix"],
        SetLabel::Negative,
    ),
    (&["tx0", "premix"], SetLabel::Tx0),
    (&["joinmarketcandidate", "jmcandidate", "othercoinjoin"], SetLabel::Candidates("joinmarket")),
    (&["whirlpool", "samourai", "ashigaru"], SetLabel::Mix("whirlpool")),
    (&["wasabi2", "wabisabi", "ww2"], SetLabel::Mix("wasabi2")),
    (&["wasabi", "ww1"], SetLabel::Mix("wasabi1")),
    (&["joinmarket", "jmmix", "jcs"], SetLabel::Mix("joinmarket")),
];

/// What the name of a file or folder says of the transactions in it.
pub fn label_of(name: &str) -> Option<SetLabel> {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    let row = NAMES.iter().find(|(parts, _)| parts.iter().any(|part| plain.contains(part)));
    row.map(|row| row.1)
}

/// The label of a path below the folder searched: what the innermost part that says anything says.
pub(super) fn label_of_path(path: &Path) -> Option<SetLabel> {
    let parts = path.components().rev();
    parts.filter_map(|part| part.as_os_str().to_str()).find_map(label_of)
}

/// A file of labelled transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MixFile {
    /// Its path below the folder that was searched.
    pub name: String,
    /// What its name, or a folder's, says of it.
    pub label: SetLabel,
    path: PathBuf,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Found {
    /// Files of labelled transactions, in order of their paths.
    pub mixes: Vec<MixFile>,
    /// Chains with known wallets, in order of their paths.
    pub experiments: Vec<Experiment>,
    /// What looked like labelled data and is not used.
    pub skipped: Vec<Skipped>,
}

/// Searches a folder.
///
/// # Errors
/// If it cannot be read.
pub fn find(folder: &Path) -> Result<Found, LabelledError> {
    let mut files = Files::default();
    let metadata = folder.metadata().map_err(|error| LabelledError::io(folder, &error))?;
    if !metadata.is_dir() {
        return Err(LabelledError::new(folder, None, "not a folder")
            .with_hint("name the folder that holds the labelled files"));
    }
    files.search(folder, 0)?;
    Ok(files.sorted(folder))
}

/// The files of a folder by what they may be.
#[derive(Debug, Default)]
pub(super) struct Files {
    lines: Vec<PathBuf>,
    pub(super) rounds: Vec<PathBuf>,
    owner_tables: Vec<PathBuf>,
    /// By folder: printed blocks.
    pub(super) dumps: BTreeMap<PathBuf, Vec<PathBuf>>,
    /// By folder: files of raw blocks.
    pub(super) raw: BTreeMap<PathBuf, Vec<PathBuf>>,
    /// By folder: a wallet's coins and keys.
    pub(super) wallets: BTreeMap<PathBuf, Vec<PathBuf>>,
    /// Lists of wallets of a whole experiment.
    pub(super) wallet_lists: Vec<PathBuf>,
    /// Lists of the mixes of a whole experiment.
    pub(super) mix_lists: Vec<PathBuf>,
    /// Logs of JoinMarket clients.
    pub(super) logs: Vec<PathBuf>,
}

impl Files {
    fn search(&mut self, folder: &Path, depth: usize) -> Result<(), LabelledError> {
        if depth > DEPTH_MAX {
            return Ok(());
        }
        let io = |error| LabelledError::io(folder, &error);
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(io)? {
            paths.push(entry.map_err(io)?.path());
        }
        paths.sort_unstable();
        for path in paths {
            // A link may lead back up.
            match path.symlink_metadata().map_err(|error| LabelledError::io(&path, &error))? {
                meta if meta.is_dir() => self.search(&path, depth + 1)?,
                meta if meta.is_symlink() && path.is_dir() => {}
                _ => self.file(path),
            }
        }
        Ok(())
    }

    fn file(&mut self, path: PathBuf) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let name = name.to_ascii_lowercase();
        let plain = name.strip_suffix(".gz").unwrap_or(&name);
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        match plain {
            "coinjoin_tx_info.json" => self.rounds.push(path),
            "coins.json" | "keys.json" | "unspent_coins.json" => {
                self.wallets.entry(folder).or_default().push(path);
            }
            "wallets_info.json" | "wallets_coins.json" => self.wallet_lists.push(path),
            "joinmarket_round_events.json" | "coinjoinidstore.txt" => self.mix_lists.push(path),
            _ if is_printed_block(plain) => {
                self.dumps.entry(folder).or_default().push(path);
            }
            _ if plain.ends_with(".blk")
                || (plain.starts_with("blk") && plain.ends_with(".dat")) =>
            {
                self.raw.entry(folder).or_default().push(path);
            }
            _ if plain.ends_with(".log") => self.logs.push(path),
            _ if plain.ends_with(".csv") && is_owner_table(&path) => self.owner_tables.push(path),
            _ if (plain.ends_with(".txt") || plain.ends_with(".lines")) && is_lines(&path) => {
                self.lines.push(path);
            }
            _ => {}
        }
    }

    fn sorted(self, root: &Path) -> Found {
        let mut skips = Skips::default();
        let mut found = Found::default();
        let mut claimed: BTreeSet<PathBuf> = BTreeSet::new();
        for folder in self.dumps.keys() {
            let experiment = Experiment::of_dump(root, folder, &self);
            claimed.extend(experiment.files().map(Path::to_path_buf));
            found.experiments.push(experiment);
        }
        for table in &self.owner_tables {
            match Experiment::of_table(root, table, &self) {
                Some(experiment) => found.experiments.push(experiment),
                None => {
                    skips.add(&shown(root, table), "owners without blocks or lines beside them", "")
                }
            }
        }
        for path in self.rounds.clone() {
            if claimed.contains(&path) {
                continue;
            }
            // Whether it tells owners is known once it is read; it may be both.
            let label = label_of_path(path.strip_prefix(root).unwrap_or(&path));
            if let Some(label) = label {
                found.mixes.push(MixFile { name: shown(root, &path), label, path: path.clone() });
            }
            found.experiments.push(Experiment::of_rounds(root, &path, &self));
        }
        for path in self.lines.clone() {
            match label_of_path(path.strip_prefix(root).unwrap_or(&path)) {
                Some(label) => found.mixes.push(MixFile { name: shown(root, &path), label, path }),
                None => skips.add(
                    &shown(root, &path),
                    "no name in it says what its transactions are",
                    "",
                ),
            }
        }
        let is_used =
            |folder: &Path| found.experiments.iter().any(|experiment| experiment.uses(folder));
        for folder in self.wallets.keys().filter(|folder| !is_used(folder)) {
            skips.add(&shown(root, folder), "wallet without blocks or rounds beside it", "");
        }
        found.mixes.sort_by(|a, b| a.name.cmp(&b.name));
        found.skipped = skips.into_rows();
        found
    }
}

pub(super) fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// `block_12.json`, `block-12.json`, `block12.json`: other names that begin so are somebody's.
fn is_printed_block(name: &str) -> bool {
    let number = name.strip_prefix("block").and_then(|rest| rest.strip_suffix(".json"));
    let number = number.map(|rest| rest.trim_start_matches(['_', '-']));
    number.is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn head(path: &Path) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = std::fs::File::open(path) {
        // A file that fails here fails again, and is then an error, when it is read.
        let _ = file.take(HEAD_BYTES).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"))
}

fn is_lines(path: &Path) -> bool {
    match is_packed(path) {
        true => json::text(path).is_ok_and(|text| looks_like_lines(&text)),
        false => looks_like_lines(&head(path)),
    }
}

/// Whether the first line names the columns `address` and `owner` (or `wallet`).
fn is_owner_table(path: &Path) -> bool {
    let text = if is_packed(path) { json::text(path).unwrap_or_default() } else { head(path) };
    let first = text.lines().next().unwrap_or_default().to_ascii_lowercase();
    let columns: Vec<&str> = first.split(',').map(|name| name.trim().trim_matches('"')).collect();
    columns.contains(&"address") && (columns.contains(&"owner") || columns.contains(&"wallet"))
}

impl MixFile {
    /// Reads the file.
    ///
    /// # Errors
    /// If it cannot be read, or nothing in it can.
    pub fn read(&self) -> Result<LabelledSet, LabelledError> {
        let is_json = self.name.to_ascii_lowercase().trim_end_matches(".gz").ends_with(".json");
        let (blocks, skipped) = if is_json {
            let mut skips = Skips::default();
            let read = rounds::read(&json::value(&self.path)?, &self.name, &mut skips);
            let blocks = super::lines::blocks(read.rows, &self.name, &mut skips);
            (blocks, skips.into_rows())
        } else {
            read_lines(&json::text(&self.path)?, &self.name)
        };
        if blocks.is_empty() {
            let first = skipped.first();
            let what = first.map_or("holds no transaction".to_owned(), |row| {
                format!("no transaction can be read ({}: {})", row.first, row.reason)
            });
            return Err(LabelledError::new(&self.path, None, what).with_hint(
                "lines are txid:::block:::index:::time:::inputs:::outputs; see docs/reference/evaluate.md",
            ));
        }
        let ledger = MemoryLedger::of(&blocks);
        Ok(LabelledSet { name: self.name.clone(), label: self.label, ledger, skipped })
    }
}

/// The files of line format below a folder, for a table of owners beside them.
pub(super) fn lines_below<'f>(
    files: &'f Files,
    folder: &'f Path,
) -> impl Iterator<Item = &'f PathBuf> {
    files.lines.iter().filter(move |path| path.starts_with(folder))
}
