//! The engine on simulated worlds and real blocks.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, missing_docs)]

extern crate tracehound_engine as engine;

mod alerts;
mod chain;
mod decisions;
mod evaluate;
mod laws;
mod lists;
mod models;
mod money;
mod monitored;
mod recount;
mod reference;
mod resolve;
mod risk;
mod risk_model;
mod staleness;
mod table_files;
mod world;

use std::path::{Path, PathBuf};

use engine::{BitcoinSource, Engine, IngestOptions, IngestReport, RunReport, Time, Unwatched};
use simulate::{Truth, World, WorldSpec};

/// The time that tests pass as now.
const NOW: Time = Time::new(1_790_000_000);

/// A store in a folder that vanishes with the value.
struct Scratch {
    dir: tempfile::TempDir,
    engine: Engine,
}

impl Scratch {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let engine = Engine::init(&dir.path().join("store")).unwrap();
        Self { dir, engine }
    }

    /// A store for simulated blocks.
    fn on_regtest() -> Self {
        let mut scratch = Self::new();
        let overrides = [("ingest.network".to_owned(), "regtest".to_owned())];
        scratch.engine = Engine::open(&scratch.dir.path().join("store"), &overrides).unwrap();
        scratch
    }

    /// A small world's blocks as files, in so many parts, and what is true of them.
    fn small_world(&self, n_parts: usize) -> (Vec<BitcoinSource>, Truth) {
        let world = World::new(WorldSpec::small(3)).unwrap();
        let mut blocks = world.blocks();
        let raw: Vec<Vec<u8>> = blocks.by_ref().collect();
        let mut sources = Vec::new();
        for (part, some) in raw.chunks(raw.len().div_ceil(n_parts)).enumerate() {
            let folder = self.dir.path().join(format!("blocks{part}"));
            std::fs::create_dir(&folder).unwrap();
            let file: Vec<u8> = some.iter().flat_map(|block| simulate::blk_record(block)).collect();
            std::fs::write(folder.join("blk00000.dat"), file).unwrap();
            sources.push(BitcoinSource::Path(vec![folder]));
        }
        (sources, blocks.into_truth())
    }

    fn ingest(&self, source: &BitcoinSource) -> IngestReport {
        self.engine.ingest_bitcoin(source, &IngestOptions::default(), NOW, &Unwatched).unwrap()
    }

    /// The same store with another value of one setting.
    fn set(&mut self, key: &str, value: &str) {
        let overrides = [(key.to_owned(), value.to_owned())];
        self.engine = Engine::open(self.engine.dir(), &overrides).unwrap();
    }

    fn run(&self) -> RunReport {
        self.engine.run(NOW, &Unwatched).unwrap()
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// The folder of real data, or one line that says what is skipped.
fn data(what: &str) -> Option<PathBuf> {
    let default = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let folder =
        std::env::var_os("TRACEHOUND_DATA").map_or_else(|| default.to_owned(), PathBuf::from);
    let path = folder.join(what);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: no real data at {}", path.display());
    None
}
