//! How good the answers on risk are, measured on simulated worlds with planted laundering: patterns, proximity, ranking,
//! explanations, exposure.
//!
//! Needs no store. Clusters are the product's, made as in [`evaluate_ownership`](super::evaluate_ownership); truth is used to judge only.
//! What each section says and does not: `docs/methods/evaluation-risk.md`.

mod floors;
mod patterns;
mod probes;
mod ranking;
mod report;
mod scores;
mod world;

use simulate::WorldSpec;

use super::{advance, begin};
use crate::{Error, Progress, Watch};

pub use floors::{RISK_FLOORS, RiskFloor};
pub use report::*;
use world::RiskWorld;

/// The name of the method that is the product's own.
const SCORE: &str = "score";

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct RiskOptions {
    /// A world a seed.
    pub seeds: Vec<u64>,
}

impl Default for RiskOptions {
    fn default() -> Self {
        Self { seeds: vec![1, 2, 3] }
    }
}

/// Sums over worlds.
#[derive(Default)]
struct Sums {
    patterns: patterns::Patterns,
    probes: probes::Probes,
    rankings: scores::Rankings,
}

/// Measures risk; see [`RiskReport`].
///
/// # Errors
/// If a world cannot be made, or the person stops the work.
pub fn evaluate_risk(options: &RiskOptions, watch: &dyn Watch) -> Result<RiskReport, Error> {
    begin(watch, "worlds with laundering", options.seeds.len(), "worlds")?;
    let model = world::change_model(&options.seeds)?;
    let mut report = RiskReport::default();
    let mut sums = Sums::default();
    for (at, seed) in options.seeds.iter().enumerate() {
        let world = RiskWorld::of(WorldSpec::laundering(*seed), model.as_ref())?;
        report.worlds.push(describe(&world));
        measure(&world, &mut sums)?;
        advance(watch, at + 1)?;
    }
    watch.tell(Progress::End);
    report.ranking = Some(sums.rankings.report());
    report.floors = floors::judge(&report);
    Ok(report)
}

fn measure(world: &RiskWorld, sums: &mut Sums) -> Result<(), Error> {
    let transfers = forensics::transfers(world.ledger.batch(), &world.labels, true)?;
    sums.rankings.add_naive(world, &transfers);
    Ok(())
}

fn describe(world: &RiskWorld) -> RiskWorldReport {
    let illicit = world.truth.laundering.illicit();
    let of_illicit =
        |cluster| world.owners_of(cluster).iter().any(|owner| illicit.binary_search(owner).is_ok());
    let planted = &world.truth.laundering;
    RiskWorldReport {
        seed: world.seed,
        transactions: world.ledger.batch().transactions.len() as u64,
        clusters: world.clusters().count() as u64,
        illicit: world.clusters().filter(|cluster| of_illicit(*cluster)).count() as u64,
        entities: world.entities.len() as u64,
        cases: planted.cases.len() as u64,
        unfinished: planted.unfinished.len() as u64,
        look_alikes: planted.look_alikes.len() as u64,
    }
}
