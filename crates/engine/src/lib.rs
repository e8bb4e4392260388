#![doc = include_str!("../README.md")]

mod alerts;
mod answers;
mod attribution;
mod config;
mod demo;
mod derived;
mod error;
mod evaluate;
mod export;
pub mod forecasts;
mod ingest_bitcoin;
mod intake;
mod layout;
pub mod monitor;
mod ownership;
mod prices;
mod progress;
mod query;
mod reader;
mod reports;
mod risk_files;
mod risk_models;
mod risk_profile;
pub mod risk_table;
mod stages;
mod staleness;
pub mod tabular;
mod verify;
mod view;

use std::path::{Path, PathBuf};

use ledger::Timestamp;
use store::{Run, Store};

pub use alerts::{AlertFilter, check_rules};
pub use answers::*;
pub use cases::{Act, Action, AlertState, Change, Outcome};
pub use config::{
    CONFIG_FILE, Config, IngestConfig, OwnershipConfig, RiskConfig, ScreeningConfig, TraceConfig,
    did_you_mean,
};
pub use demo::{DemoAnswer, DemoOptions, DemoQuestion, DemoReport, Ownership};
pub use error::Error;
pub use evaluate::*;
pub use forensics::change::{LinkFigures, ModelFigures, RuleFigures};
pub use forensics::resolution::Figures as ResolutionFigures;
pub use ingest::prices::Keep;
pub use learn::automl::{AutoOptions, Imbalance, Method, SplitBy};
pub use learn::trees::Monotone;
pub use learn::{Kind as ColumnKind, Task};
pub use ledger::{
    Address, AddressFamily, AlertEventKind, Amount, Category, Chain, ClusterId, FlowSide,
    ParsedAddress, RiskModelEventKind, Severity, Timestamp as Time, TxId, Value, parse_address,
};
pub use monitor::{
    Monitor, MonitorChange, MonitorReport, Monitored, MonitoredAnswer, MonitoredRow,
};
pub use ownership::Decide;
pub use prices::{
    GapAnswer, PriceFileReport, PriceImport, PriceSeriesReport, PricesAnswer, PricesReport,
    RowsLeftOut,
};
pub use progress::{Progress, Unwatched, Watch};
pub use query::{
    Direction, ExplainRequest, MixRequest, NeighborhoodRequest, ScreenOptions, TraceOptions,
    TraceTarget,
};
pub use reports::*;
pub use risk_models::{ModelPublished, PublishedModel, PublishedModels};
pub use view::View;

/// The version of the code that made a run, as every run records it.
pub const CODE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// A store with its configuration: everything the product does starts here.
#[derive(Debug)]
pub struct Engine {
    store: Store,
    config: Config,
    dir: PathBuf,
}

impl Engine {
    /// Makes a store in `dir` with the default configuration.
    ///
    /// # Errors
    /// If there is a store already, or the folder cannot be written.
    pub fn init(dir: &Path) -> Result<Self, Error> {
        let store = Store::create(dir)?;
        let mut writer = store.writer()?;
        let mut commit = writer.begin();
        commit.extend_column(layout::BLOCKS, layout::BlockRecord::BYTES, &[])?;
        commit.extend_column(layout::FIRST_OUTPUT, layout::FIRST_OUTPUT_BYTES, &[])?;
        commit.extend_column(layout::OUTPUTS, layout::OUTPUT_BYTES, &[])?;
        commit.dictionary(layout::ADDRESSES, ledger::ADDRESS_KEY_BYTES)?;
        commit.dictionary(layout::BITCOIN_TX, layout::TX_KEY_BYTES)?;
        let config = Config::default();
        let engine = Self { store: Store::open(dir)?, config, dir: dir.to_owned() };
        commit.finish(engine.run_record("init", Timestamp::new(0)))?;
        let path = dir.join(CONFIG_FILE);
        if !path.exists() {
            std::fs::write(&path, Config::template())
                .map_err(|error| Error::File { path, error })?;
        }
        Ok(engine)
    }

    /// Opens the store in `dir`. `overrides` are configuration keys (`trace.hops_max`) with values.
    ///
    /// # Errors
    /// If there is no store, or its configuration is not right.
    pub fn open(dir: &Path, overrides: &[(String, String)]) -> Result<Self, Error> {
        let store = Store::open(dir)?;
        let path = dir.join(CONFIG_FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Error::File { path, error }),
        };
        Ok(Self { store, config: Config::parse(&text, overrides)?, dir: dir.to_owned() })
    }

    /// The configuration in force.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The store's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Read-only answers from the last committed snapshot.
    ///
    /// # Errors
    /// If a file of the snapshot is missing or damaged.
    pub fn view(&self) -> Result<View, Error> {
        View::open(&self.store.snapshot()?, &self.config)
    }

    /// What a commit records of how it came about.
    pub(crate) fn run_record(&self, command: &str, now: Timestamp) -> Run {
        Run {
            command: command.to_owned(),
            code_version: CODE_VERSION.to_owned(),
            config_hash: digest(self.config.to_toml().as_bytes()),
            time_s: now.get(),
            notes: std::collections::BTreeMap::new(),
        }
    }
}

/// The first 16 hexadecimal digits of SHA-256.
pub(crate) fn digest(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A text as one number, which a run leaves as a checkpoint.
pub(crate) fn stamp(text: &str) -> u64 {
    u64::from_str_radix(&digest(text.as_bytes())[..12], 16).expect("hexadecimal digits")
}
