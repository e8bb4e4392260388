//! The engine on simulated worlds and real blocks.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, missing_docs)]

extern crate tracehound_engine as engine;

mod alerts;
mod chain;
mod decisions;
mod evaluate;
mod hand;
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
mod world;

use std::path::{Path, PathBuf};

use engine::{Engine, Time};

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
