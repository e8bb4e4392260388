//! Change on real blocks and on simulated worlds: the figures of `docs/methods/change.md`, printed by
//! `-- change_measured --nocapture`.

#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use forensics::change::{
    ChangeModel, ChangeState, LinkFigures, ModelInForce, Observed, Passed, PriceAt, Share,
    TrainOptions, Truth, measure_rules, revealed, train, train_on,
};
use forensics::heuristics::CHANGE;
use forensics::links;
use ingest::bitcoin::{Network, decode};
use ledger::{AddressId, Height, LedgerBatch, Timestamp, TxIndex};
use simulate::random::number;
use simulate::{OwnerId, World, WorldSpec};
use tracehound_forensics as forensics;

/// The real blocks as rows, or `None`, with a line that says so.
fn real_blocks() -> Option<LedgerBatch> {
    #[expect(clippy::disallowed_methods, reason = "a test on real data asks where it is")]
    let data = std::env::var_os("TRACEHOUND_DATA");
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder = data.map_or_else(|| Path::new(default).to_owned(), PathBuf::from);
    #[expect(clippy::disallowed_methods, reason = "a test on real data reads it")]
    let Ok(entries) = std::fs::read_dir(folder.join("bitcoin/run-560062")) else {
        println!("skipped: no real blocks at {}", folder.display());
        return None;
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let block = |path: &PathBuf| {
        let height = path.file_name().unwrap().to_str().unwrap()[..6].parse().unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test on real data reads it")]
        let bytes = std::fs::read(path).unwrap();
        decode::block(&bytes, Height::new(height), Network::Main).unwrap()
    };
    Some(number(&paths.iter().map(block).collect::<Vec<_>>()).batch)
}

fn observe(batch: &LedgerBatch, price: PriceAt<'_>) -> Observed {
    let mut observed = Observed::new(0, 1.0);
    ChangeState::default().observe(batch, price, &mut observed);
    let passed: Vec<String> =
        Passed::ALL.iter().zip(observed.passed).map(|(why, n)| format!("{n} {why:?}")).collect();
    println!("{} transactions judged; not judged: {}", observed.n_judged, passed.join(", "));
    observed
}

fn print_rules(observed: &Observed, truths: &[Truth]) {
    println!("| rule | outputs | for | right | against | right |");
    let right = |n: u64, of: u64| {
        let Share { measured, lower, .. } = Share::of(n, of);
        format!("{:.1} % (≥ {:.1})", 100.0 * measured, 100.0 * lower)
    };
    for rule in measure_rules(observed, truths) {
        println!(
            "| `{}` | {} | {} | {} | {} | {} |",
            rule.rule,
            rule.n_outputs,
            rule.n_for,
            right(rule.n_for_right, rule.n_for),
            rule.n_against,
            right(rule.n_against_right, rule.n_against)
        );
    }
}

fn print_links(what: &str, links: &LinkFigures) {
    let per_cent = |share: Share| {
        let Share { measured, lower, upper } = share;
        format!("{:.3} % ({:.3} to {:.3})", 100.0 * measured, 100.0 * lower, 100.0 * upper)
    };
    println!(
        "{what}: {} links, {} wrong; of {} negatives {}; of links {}; recall {}",
        links.n_links,
        links.n_wrong,
        links.n_negatives,
        per_cent(links.false_positive_rate),
        per_cent(links.wrong_share),
        per_cent(links.recall)
    );
}

fn print_model(model: &ChangeModel) {
    let f = model.figures();
    println!(
        "model {}: {} transactions, {} clusters, AUC {:.4}, ECE {:.4} (other {:.4}), threshold {:?} {}",
        model.version(),
        f.n_transactions,
        f.n_clusters,
        f.auc,
        f.calibration_error,
        f.calibration_error_other,
        model.threshold(),
        f.no_threshold_because
    );
    print_links("at the threshold", &f.at_threshold);
    print_links("at a threshold chosen elsewhere", &f.at_foreign_threshold);
    for bin in &f.reliability.bins {
        println!(
            "  {:.1}-{:.1}: {} stated {:.4} observed {:.4}",
            bin.lower, bin.upper, bin.count, bin.mean_predicted, bin.observed_share
        );
    }
    for (name, coefficient) in model.coefficients().filter(|(_, c)| c.abs() > 1e-6) {
        println!("  {name:28} {coefficient:8.3}");
    }
}

#[test]
fn change_in_real_blocks() {
    let Some(batch) = real_blocks() else { return };
    let observed = observe(&batch, &|_| None);
    let truths = revealed(&observed, &links(&batch));
    println!("{} revealed", truths.len());
    print_rules(&observed, &truths);
    match train(&observed, &links(&batch), &TrainOptions::default()) {
        Ok(model) => print_model(&model),
        Err(error) => println!("{error}"),
    }
}

/// A world as rows with the owner of every address.
struct Simulated {
    batch: LedgerBatch,
    owners: Vec<OwnerId>,
    cents: Vec<(Timestamp, f64)>,
}

fn simulated(spec: WorldSpec) -> Simulated {
    let world = World::new(spec).unwrap();
    let mut blocks = world.blocks();
    let decoded: Vec<_> = (0..)
        .zip(blocks.by_ref())
        .map(|(height, bytes)| {
            decode::block(&bytes, Height::new(height), Network::Regtest).unwrap()
        })
        .collect();
    let numbered = number(&decoded);
    let truth = blocks.into_truth();
    let owner = |address| truth.ownership.owner_of(address).unwrap();
    let cents = |block: &ledger::Block| {
        let cents = truth.prices.cents_at(block.height.get());
        (block.time, f64::from(u32::try_from(cents.unwrap()).unwrap()))
    };
    Simulated {
        owners: numbered.addresses.iter().map(owner).collect(),
        cents: numbered.batch.blocks.iter().map(cents).collect(),
        batch: numbered.batch,
    }
}

impl Simulated {
    fn price(&self, time: Timestamp) -> Option<f64> {
        self.cents.iter().find(|row| row.0 == time).map(|row| row.1 / 100.0)
    }

    /// Links made by a model, how many join two owners, and how many transactions that are judged have change.
    fn links(&self, model: &ChangeModel) -> (usize, usize, usize) {
        let in_force = Some(ModelInForce { model, source: 1 });
        let mut state = ChangeState::default();
        let mut made = state.apply(&self.batch, in_force, &|time| self.price(time));
        made.retain(|link| link.heuristic == CHANGE);
        let owner = |address: AddressId| self.owners[address.index()];
        let wrong = made.iter().filter(|link| owner(link.a) != owner(link.b)).count();
        let mut observed = Observed::new(0, 1.0);
        ChangeState::default().observe(&self.batch, &|_| None, &mut observed);
        let truths = self.truths(&observed);
        (made.len(), wrong, truths.iter().filter(|truth| truth.change.is_some()).count())
    }

    /// What is true of every transaction that is judged: one output of the payer, or none; several are left out.
    fn truths(&self, observed: &Observed) -> Vec<Truth> {
        let owner = |address: AddressId| self.owners[address.index()];
        let mut truths: BTreeMap<TxIndex, Truth> = BTreeMap::new();
        for moment in &observed.moments {
            let payer = owner(moment.payer);
            let own = moment.range().filter(|row| owner(observed.addresses[*row]) == payer);
            let own: Vec<u32> = own.map(|row| observed.positions[row]).collect();
            if own.len() < 2 {
                let change = own.first().copied();
                let truth = Truth { tx: moment.tx, change, payer_cluster: payer.get() };
                truths.insert(moment.tx, truth);
            }
        }
        truths.into_values().collect()
    }
}

#[test]
fn change_in_simulated_worlds() {
    let world = simulated(WorldSpec::ownership(1));
    let observed = observe(&world.batch, &|time| world.price(time));
    let truths = world.truths(&observed);
    let n_change = truths.iter().filter(|truth| truth.change.is_some()).count();
    println!("{} true, {n_change} with change", truths.len());
    print_rules(&observed, &truths);
    let links = links(&world.batch);
    let by_co_spending = revealed(&observed, &links);
    println!("{} revealed", by_co_spending.len());
    // Little is revealed in one world, in some too little to fit anything.
    let model = train(&observed, &links, &TrainOptions::default());
    model.as_ref().map_or_else(|error| println!("{error}"), print_model);
    // A model of its owners, for the links of another.
    let known = train_on(&observed, &truths, &TrainOptions::default()).unwrap();
    print_model(&known);
    let other = simulated(WorldSpec::ownership(2));
    let thresholds = [known.threshold(), Some(0.999), Some(0.99)];
    let models = [("revealed", model.as_ref().ok()), ("known", Some(&known))];
    for (of, model) in models.into_iter().filter_map(|(of, model)| Some((of, model?))) {
        for threshold in thresholds.into_iter().flatten() {
            let at = model.clone().with_threshold(threshold).unwrap();
            let (made, wrong, n) = other.links(&at);
            println!("world 2, {of} change, {threshold}: {made} links, {wrong} wrong, {n} changes");
        }
    }
    let (made, wrong, n_change) = other.links(&known);
    // A third of all change lies unspent or is gathered, and has no link.
    assert!(wrong * 500 <= made && made * 10 >= n_change * 6, "{made} {wrong} {n_change}");
}
