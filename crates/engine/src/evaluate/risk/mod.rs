//! How good the answers on risk are, measured on simulated worlds with planted laundering: patterns, proximity, ranking,
//! explanations, exposure.
//!
//! Needs no store. Clusters are the product's, made as in [`evaluate_ownership`](super::evaluate_ownership); truth is used to judge only.
//! What each section says and does not: `docs/methods/evaluation-risk.md`.

mod exact;
mod floors;
mod kernels;
mod patterns;
mod probes;
mod ranking;
mod report;
mod scores;
mod world;

use forensics::patterns::detector;
use ledger::ClusterId;
use simulate::{LaunderingSpec, WorldSpec};

use super::{advance, begin};
use crate::{Error, Progress, Watch};

pub use floors::{RISK_FLOORS, RiskFloor};
use kernels::Answers;
pub use report::*;
use world::RiskWorld;

/// The name of the method that is the product's own.
const SCORE: &str = "score";

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct RiskOptions {
    /// A world a seed.
    pub seeds: Vec<u64>,
    /// About how many transactions each world has.
    pub transactions: u32,
    /// Addresses an actor of a probe with many.
    pub probe_addresses: u32,
}

impl Default for RiskOptions {
    fn default() -> Self {
        let WorldSpec { n_transactions, laundering, .. } = WorldSpec::laundering(1);
        let (transactions, probe_addresses) = (n_transactions, laundering.n_probe_addresses);
        Self { seeds: vec![1, 2, 3], transactions, probe_addresses }
    }
}

impl RiskOptions {
    fn spec(&self, seed: u64) -> WorldSpec {
        let spec = WorldSpec::laundering(seed);
        let laundering =
            LaunderingSpec { n_probe_addresses: self.probe_addresses, ..spec.laundering };
        WorldSpec { n_transactions: self.transactions, laundering, ..spec }
    }
}

/// Sums over worlds.
#[derive(Default)]
struct Sums {
    patterns: patterns::Patterns,
    probes: probes::Probes,
    rankings: scores::Rankings,
    explanations: ExactReport,
    exposure: ExactReport,
}

/// Measures risk; see [`RiskReport`].
///
/// # Errors
/// If a world cannot be made, or the person stops the work.
pub fn evaluate_risk(options: &RiskOptions, watch: &dyn Watch) -> Result<RiskReport, Error> {
    begin(watch, "worlds with laundering", options.seeds.len(), "worlds")?;
    let model = world::change_model(options)?;
    let mut report = RiskReport::default();
    let mut sums = Sums { explanations: exact::random_explanations(), ..Sums::default() };
    sums.exposure.what =
        "clusters whose exposure adds up to what they received, and worlds whose sums sent do"
            .to_owned();
    for (at, seed) in options.seeds.iter().enumerate() {
        let world = RiskWorld::of(options.spec(*seed), model.as_ref())?;
        report.worlds.push(describe(&world));
        measure(&world, &mut sums)?;
        advance(watch, at + 1)?;
    }
    watch.tell(Progress::End);
    report.patterns = Some(sums.patterns.report());
    report.proximity = Some(sums.probes.report());
    report.ranking = Some(sums.rankings.report());
    report.explanations = Some(sums.explanations);
    report.exposure = Some(sums.exposure);
    report.floors = floors::judge(&report);
    Ok(report)
}

fn measure(world: &RiskWorld, sums: &mut Sums) -> Result<(), Error> {
    let answers = Answers::of(world)?;
    let name_of = |number: u8| Some(detector(number)?.name);
    sums.patterns.add(world, &answers.patterns, &name_of);
    let rows_of =
        |cluster: ClusterId| answers.proximities.get(&cluster).cloned().unwrap_or_default();
    sums.probes.add(world, answers.hops_max, &rows_of);
    let points =
        answers.scores.iter().map(|(cluster, found)| (*cluster, found.score.points as f64));
    sums.rankings.add(world, SCORE, &points.collect());
    sums.rankings.add(world, "rank alone", &answers.ranks);
    let transfers = forensics::transfers(world.ledger.batch(), &world.labels, true)?;
    sums.rankings.add_naive(world, &transfers);
    exact::add_explanations(&mut sums.explanations, &answers);
    exact::add_exposure(&mut sums.exposure, world, &answers);
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
