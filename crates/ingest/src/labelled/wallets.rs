//! Emulated wallets: a chain whose addresses have known owners.
//!
//! Three forms: an emulation's folder (`btc-node/block_*.json`, a folder a wallet with `coins.json`, `keys.json`,
//! `unspent_coins.json`, client logs), `coinjoin_tx_info.json` by itself, and a table `address,owner` beside raw blocks or
//! files of lines.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ledger::{DecodedBlock, TxId};
use serde_json::Value;

use super::error::{LabelledError, Skips};
use super::find::{Files, SetLabel, label_of_path, lines_below, shown};
use super::memory::MemoryLedger;
use super::owners::Owners;
use super::{Skipped, blocks, json, lines, rounds};
use crate::bitcoin::{self, Network};
use crate::source::{BatchLimit, Held, Options, Step};

/// Wallets of known owners and the chain that they made.
#[derive(Clone, Debug)]
pub struct EmulatedWallets {
    /// The folder or file, below the folder that was searched.
    pub name: String,
    /// The protocol of its mixes, where its names tell one.
    pub protocol: Option<&'static str>,
    /// The chain.
    pub ledger: MemoryLedger,
    /// Whose address is whose.
    pub owners: Owners,
    /// Transactions that the emulation itself calls mixes.
    pub mixes: BTreeSet<TxId>,
    /// What could not be read.
    pub skipped: Vec<Skipped>,
}

#[derive(Clone, Debug)]
enum ChainFiles {
    Dump(Vec<PathBuf>),
    Rounds(PathBuf),
    Raw(Vec<PathBuf>),
    Lines(Vec<PathBuf>),
}

/// The files of an emulation, not yet read.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// The folder or file, below the folder that was searched.
    pub name: String,
    root: PathBuf,
    chain: ChainFiles,
    wallets: Vec<(String, Vec<PathBuf>)>,
    wallet_folders: Vec<PathBuf>,
    /// Files that tell the owners of several wallets.
    lists: Vec<PathBuf>,
    mix_lists: Vec<PathBuf>,
}

impl Experiment {
    /// The emulation that a folder of printed blocks belongs to.
    pub(super) fn of_dump(root: &Path, folder: &Path, files: &Files) -> Self {
        let home = folder.parent().filter(|home| home.starts_with(root)).unwrap_or(folder);
        let mut chain = files.dumps[folder].clone();
        chain.sort_by_key(|path| (number_in(path), path.clone()));
        let mut found = Self::empty(root, home, ChainFiles::Dump(chain));
        found.add_wallets(home, files);
        // The analysis writes its files beside the folder `data` that the emulator fills.
        let is_data = home.file_name().is_some_and(|name| name == "data");
        let wide = if is_data && home != root { home.parent().unwrap_or(home) } else { home };
        found.add_lists(wide, files);
        found
    }

    /// `coinjoin_tx_info.json` without blocks.
    pub(super) fn of_rounds(root: &Path, path: &Path, files: &Files) -> Self {
        let home = path.parent().unwrap_or(root);
        let mut found = Self::empty(root, path, ChainFiles::Rounds(path.to_owned()));
        found.add_wallets(home, files);
        found.add_wallets(&home.join("data"), files);
        found.add_lists(home, files);
        found
    }

    /// A table of owners with raw blocks or lines beside or below it.
    pub(super) fn of_table(root: &Path, table: &Path, files: &Files) -> Option<Self> {
        let home = table.parent().unwrap_or(root);
        let raw = files.raw.iter().filter(|(folder, _)| folder.starts_with(home));
        let raw: Vec<PathBuf> = raw.flat_map(|(_, paths)| paths.clone()).collect();
        let lines: Vec<PathBuf> = lines_below(files, home).cloned().collect();
        let chain = match (raw.is_empty(), lines.is_empty()) {
            (false, _) => ChainFiles::Raw(raw),
            (true, false) => ChainFiles::Lines(lines),
            (true, true) => return None,
        };
        let mut found = Self::empty(root, table, chain);
        found.lists.push(table.to_owned());
        Some(found)
    }

    fn empty(root: &Path, at: &Path, chain: ChainFiles) -> Self {
        let name = match shown(root, at) {
            name if name.is_empty() => root.file_name().unwrap_or_default().display().to_string(),
            name => name,
        };
        Self {
            name,
            root: root.to_owned(),
            chain,
            wallets: Vec::new(),
            wallet_folders: Vec::new(),
            lists: Vec::new(),
            mix_lists: Vec::new(),
        }
    }

    fn add_wallets(&mut self, home: &Path, files: &Files) {
        for (folder, own) in files.wallets.iter().filter(|(f, _)| f.parent() == Some(home)) {
            let name = folder.file_name().unwrap_or_default().display().to_string();
            let logs = files.logs.iter().filter(|log| log.starts_with(folder));
            let paths = own.iter().chain(logs).cloned().collect();
            self.wallets.push((name, paths));
            self.wallet_folders.push(folder.clone());
        }
    }

    fn add_lists(&mut self, home: &Path, files: &Files) {
        let below = |path: &&PathBuf| path.starts_with(home);
        let beside = |path: &&PathBuf| {
            path.parent().is_some_and(|at| at == home || at.parent() == Some(home))
        };
        self.lists.extend(files.wallet_lists.iter().filter(beside).cloned());
        self.lists.extend(files.rounds.iter().filter(beside).cloned());
        self.mix_lists.extend(files.mix_lists.iter().filter(below).cloned());
    }

    /// Files that this experiment reads besides its chain.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.lists.iter().map(PathBuf::as_path)
    }

    pub(super) fn uses(&self, wallet: &Path) -> bool {
        self.wallet_folders.iter().any(|folder| folder == wallet)
    }

    /// Reads chain and owners. `None` if no address of the chain has a known owner: there is then nothing to measure.
    ///
    /// # Errors
    /// If a file cannot be read, or none of the blocks can.
    pub fn read(&self) -> Result<Option<EmulatedWallets>, LabelledError> {
        let mut reader =
            Reading { skips: Skips::default(), owners: Owners::default(), mixes: BTreeSet::new() };
        let blocks = reader.chain(self)?;
        for (wallet, paths) in &self.wallets {
            paths.iter().try_for_each(|path| reader.wallet(&self.root, wallet, path))?;
        }
        self.lists.iter().try_for_each(|path| reader.list(&self.root, path))?;
        self.mix_lists.iter().try_for_each(|path| reader.mix_list(path))?;
        let ledger = MemoryLedger::of(&blocks);
        let Reading { skips, owners, mixes } = reader;
        if !ledger.addresses().iter().any(|address| owners.of(address).is_some()) {
            return Ok(None);
        }
        let protocol = self.protocol();
        let name = self.name.clone();
        Ok(Some(EmulatedWallets {
            name,
            protocol,
            ledger,
            owners,
            mixes,
            skipped: skips.into_rows(),
        }))
    }

    fn protocol(&self) -> Option<&'static str> {
        let path = self.wallet_folders.first().map_or(Path::new(&self.name), PathBuf::as_path);
        let below = path.strip_prefix(&self.root).unwrap_or(path);
        match label_of_path(Path::new(&self.name)).or_else(|| label_of_path(below))? {
            // Clients of both versions are called `wasabi-client`; the emulator runs version 2 unless its scenario says 1.
            SetLabel::Mix("wasabi1") if !self.name.contains('1') => Some("wasabi2"),
            SetLabel::Mix(protocol) | SetLabel::Candidates(protocol) => Some(protocol),
            SetLabel::Tx0 | SetLabel::Negative => None,
        }
    }
}

/// The number in a file's name: blocks are in its order, not in that of the text.
fn number_in(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// What has been read so far.
struct Reading {
    skips: Skips,
    owners: Owners,
    mixes: BTreeSet<TxId>,
}

impl Reading {
    fn chain(&mut self, experiment: &Experiment) -> Result<Vec<DecodedBlock>, LabelledError> {
        let root = &experiment.root;
        match &experiment.chain {
            ChainFiles::Dump(paths) => self.dump(root, paths),
            ChainFiles::Rounds(path) => {
                let (value, name) = (json::value(path)?, shown(root, path));
                let read = rounds::read(&value, &name, &mut self.skips);
                self.mixes.extend(read.rows.iter().map(|row| row.id));
                self.owners = read.owners;
                Ok(lines::blocks(read.rows, &name, &mut self.skips))
            }
            ChainFiles::Raw(paths) => raw_blocks(paths),
            ChainFiles::Lines(paths) => {
                let mut rows = Vec::new();
                for path in paths {
                    let name = shown(root, path);
                    rows.extend(lines::rows(&json::text(path)?, &name, &mut self.skips));
                }
                Ok(lines::blocks(rows, &experiment.name, &mut self.skips))
            }
        }
    }

    fn dump(&mut self, root: &Path, paths: &[PathBuf]) -> Result<Vec<DecodedBlock>, LabelledError> {
        let mut read = Vec::new();
        for path in paths {
            let name = shown(root, path);
            match json::value(path) {
                Ok(value) => match blocks::block(&value, number_in(path), &name, &mut self.skips) {
                    Some(block) => read.push(block),
                    None => self.skips.add(&name, "no block of `getblock`", ""),
                },
                Err(error) => self.skips.add(&name, error.to_string(), ""),
            }
        }
        read.sort_by_key(|block| block.height);
        read.dedup_by_key(|block| block.height);
        match (read.is_empty(), paths.first()) {
            (true, Some(first)) => Err(LabelledError::new(first, None, "no block can be read")
                .with_hint("blocks are what `bitcoin-cli getblock HASH 2` prints, a file a block")),
            _ => Ok(read),
        }
    }

    /// One file of a wallet.
    fn wallet(&mut self, root: &Path, wallet: &str, path: &Path) -> Result<(), LabelledError> {
        if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("log")) {
            let text = json::text(path)?;
            own_addresses(&text).for_each(|address| {
                self.owners.claim_text(address, wallet);
            });
            return Ok(());
        }
        match json::value(path) {
            // Clients without a list of keys write a sentence in its place.
            Ok(value) => {
                self.owners.claim_all(&value, wallet);
            }
            Err(error) => self.skips.add(&shown(root, path), error.to_string(), ""),
        }
        Ok(())
    }

    /// A file with the owners of several wallets.
    fn list(&mut self, root: &Path, path: &Path) -> Result<(), LabelledError> {
        if path.to_string_lossy().trim_end_matches(".gz").ends_with(".csv") {
            return self.table(root, path);
        }
        let value = json::value(path)?;
        if rounds::is_rounds(&value) {
            let name = shown(root, path);
            let read = rounds::read(&value, &name, &mut self.skips);
            self.mixes.extend(read.rows.iter().map(|row| row.id));
            self.owners.claim_others(&read.owners);
        } else if let Some(wallets) = value.as_object() {
            rounds::claim_wallets(&value, &mut self.owners);
            rounds::claim_by_wallet(wallets, &mut self.owners);
        }
        Ok(())
    }

    /// `address,owner`, in any order of columns.
    fn table(&mut self, root: &Path, path: &Path) -> Result<(), LabelledError> {
        let (text, name) = (json::text(path)?, shown(root, path));
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let fault = |error: csv::Error| {
            let line = error.position().map(csv::Position::line);
            LabelledError::new(path, line, error.to_string())
        };
        let headers = reader.headers().map_err(fault)?.clone();
        let column = |names: &[&str]| {
            headers
                .iter()
                .position(|name| names.contains(&name.trim().to_ascii_lowercase().as_str()))
        };
        let (Some(address), Some(owner)) = (column(&["address"]), column(&["owner", "wallet"]))
        else {
            return Err(LabelledError::new(path, Some(1), "no columns `address` and `owner`"));
        };
        for record in reader.records() {
            let record = record.map_err(fault)?;
            let line = record.position().map_or(0, csv::Position::line);
            let text = record.get(address).unwrap_or_default();
            if !self.owners.claim_text(text, record.get(owner).unwrap_or_default()) {
                self.skips.add(&name, "no Bitcoin address", format_args!("line {line}"));
            }
        }
        Ok(())
    }

    /// Ids of mixes: a list of events with `txid`, or a text with an id a line.
    fn mix_list(&mut self, path: &Path) -> Result<(), LabelledError> {
        let text = json::text(path)?;
        let parsed: Option<Value> = serde_json::from_str(&text).ok();
        match parsed.as_ref().and_then(Value::as_array) {
            Some(events) => {
                let ids = events
                    .iter()
                    .filter_map(|event| event.get("txid")?.as_str()?.parse::<TxId>().ok());
                self.mixes.extend(ids);
            }
            None => self
                .mixes
                .extend(text.split_whitespace().filter_map(|word| word.parse::<TxId>().ok())),
        }
        Ok(())
    }
}

/// Addresses that a JoinMarket client's log prints with the derivation path: it knows no path of a stranger's.
fn own_addresses(log: &str) -> impl Iterator<Item = &str> {
    log.lines().filter_map(|line| {
        let (_, rest) = line.split_once("path:")?;
        let (_, address) = rest.trim_start().strip_prefix("m/")?.split_once("address:")?;
        address.trim_start().split([' ', ',', '\t']).next()
    })
}

/// Raw blocks of whatever network they are of.
fn raw_blocks(paths: &[PathBuf]) -> Result<Vec<DecodedBlock>, LabelledError> {
    let mut first_error = None;
    for network in Network::ALL {
        match raw_blocks_of(paths, network) {
            Ok(blocks) if !blocks.is_empty() => return Ok(blocks),
            Ok(_) => {}
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    let what = first_error.map_or("no blocks".to_owned(), |error| error.to_string());
    let path = paths.first().map_or(Path::new(""), PathBuf::as_path);
    Err(LabelledError::new(path, None, what).with_hint("name only files of whole blocks"))
}

fn raw_blocks_of(
    paths: &[PathBuf],
    network: Network,
) -> Result<Vec<DecodedBlock>, crate::source::SourceError> {
    let options = Options { network, allow_gaps: true, ..Options::default() };
    let mut source = bitcoin::open(paths, &Held::nothing(), &options)?;
    let mut blocks = Vec::new();
    loop {
        match source.next(BatchLimit::default())? {
            Step::Blocks(delivered) => {
                blocks.extend(delivered.into_iter().map(|delivered| delivered.block));
            }
            Step::Unwind { .. } => blocks.clear(),
            Step::End => return Ok(blocks),
        }
    }
}
