//! How good the ownership of addresses is, measured: simulated worlds, labelled mixes, emulated wallets, real blocks, tags.
//!
//! Needs no store: everything is read or made, measured, and dropped. The measures are `forensics::evaluation`'s and each
//! method's own; here they are only brought together. What each section says and does not: `docs/methods/evaluation.md`.

mod calibration;
mod chain;
mod emulated;
mod floors;
mod methods;
mod mixes;
mod report;
mod risk;
mod suggestions;
mod tags;
mod worlds;

use std::path::{Path, PathBuf};

use crate::{Error, Progress, Watch};

pub use floors::{FLOORS, Floor, FloorReport, FloorState};
pub use report::*;
pub use risk::*;

/// Where the real blocks are, below the data folder.
const BLOCKS: &str = "bitcoin/run-560062";
/// Where tag packs are.
const TAG_PACKS: &str = "labels/tagpacks";

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct EvaluateOptions {
    /// The folder with real data; none for simulated worlds alone.
    pub data: Option<PathBuf>,
    /// A world a seed.
    pub seeds: Vec<u64>,
    /// About how many transactions each world has.
    pub transactions: u32,
}

impl Default for EvaluateOptions {
    fn default() -> Self {
        Self { data: None, seeds: vec![1, 2, 3], transactions: 30_000 }
    }
}

/// Measures ownership; see [`OwnershipReport`].
///
/// # Errors
/// If the data folder cannot be read, a labelled file in it is of no use as a whole, or the person stops the work.
pub fn evaluate_ownership(
    options: &EvaluateOptions,
    watch: &dyn Watch,
) -> Result<OwnershipReport, Error> {
    let mut report =
        OwnershipReport { worlds: worlds::measure(options, watch)?, ..Default::default() };
    match &options.data {
        Some(data) => with_data(data, &mut report, watch)?,
        None => report.notes.push(
            "no data folder given: simulated worlds only (--data DIR adds labelled mixes, emulated wallets, real blocks and tags)"
                .to_owned(),
        ),
    }
    calibration::gather(&mut report);
    report.floors = floors::judge(&report);
    Ok(report)
}

fn with_data(data: &Path, report: &mut OwnershipReport, watch: &dyn Watch) -> Result<(), Error> {
    report.data = Some(data.display().to_string());
    let found = ingest::labelled::find(data)?;
    report.skip(&found.skipped);
    mixes::measure(&found.mixes, report, watch)?;
    emulated::measure(&found.experiments, report, watch)?;
    let blocks = data.join(BLOCKS);
    match blocks.is_dir() {
        true => chain::measure(&blocks, &data.join(TAG_PACKS), report, watch)?,
        false => report.notes.push(format!("no real blocks: there is no {}", blocks.display())),
    }
    Ok(())
}

/// Tells that a piece of work begins, and stops if the person wants it.
fn begin(watch: &dyn Watch, what: &str, total: usize, unit: &'static str) -> Result<(), Error> {
    if watch.stopped() {
        return Err(Error::Stopped);
    }
    watch.tell(Progress::Begin { what: what.to_owned(), total: Some(total as u64), unit });
    Ok(())
}

fn advance(watch: &dyn Watch, done: usize) -> Result<(), Error> {
    watch.tell(Progress::At { done: done as u64 });
    if watch.stopped() { Err(Error::Stopped) } else { Ok(()) }
}
