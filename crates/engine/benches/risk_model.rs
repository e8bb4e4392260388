//! How well a model of clusters ranks the illicit of a world whose truth is known, and what each step takes.
//!
//! `cargo bench -p tracehound-engine --bench risk_model [SEED]`. A world of planted laundering; tags as people have them
//! (its exchanges, mixers, sources of money), and every third actor of a case tagged `fraud`, every fourteenth customer `user`. The
//! model learns from these tags alone, forward in time. Ranked are the clusters that nobody tagged, against the truth:
//! illicit is who holds an address of an illicit owner other than a mixer.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs, reason = "a bench prints")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use engine::risk_table::{RiskTableOptions, TableTarget};
use engine::tabular::{Table, predict, train_model};
use engine::{
    AutoOptions, BitcoinSource, Engine, ExportFormat, IngestOptions, ListImport, Time, Unwatched,
};
use ledger::{Address, Chain, parse_address};
use simulate::{OwnerId, OwnerKind, Truth, World, WorldSpec};
use tracehound_engine as engine;

const NOW: Time = Time::new(1_790_000_000);
const HEADER: &str = "title: t\ncreator: t\ndescription: t\nsource: https://example.org\n\
                      currency: BTC\nconfidence: service_data\nlastmod: 2023-01-01\ntags:\n";

fn main() {
    let seed = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(7);
    let dir = tempfile::tempdir().unwrap();
    Engine::init(&dir.path().join("store")).unwrap();
    let network = [("ingest.network".to_owned(), "regtest".to_owned())];
    let engine = Engine::open(&dir.path().join("store"), &network).unwrap();
    let mut steps = Steps::default();
    let truth = world(&engine, dir.path(), seed);
    let tagged = tags(&engine, dir.path(), &truth);
    steps.time("run", || engine.run(NOW, &Unwatched).unwrap());
    let options = RiskTableOptions {
        target: Some(TableTarget::parse("tag:fraud").unwrap()),
        ..RiskTableOptions::default()
    };
    let table = steps.time("table", || engine.risk_table(&options, &Unwatched).unwrap());
    println!("seed {seed}: {:?} of {} rows", table.answer.classes, table.answer.n_rows);
    let bytes = table.file(ExportFormat::Parquet).unwrap();
    let read = Table::from_bytes(bytes, "table").unwrap();
    let asked = AutoOptions { budget_s: 30.0, ..AutoOptions::for_target("is_fraud") };
    let (package, model) =
        steps.time("train", || train_model(&read, &asked, "fraud", &Unwatched).unwrap());
    let answer = model.answer();
    println!("{}", answer.held_out);
    for (name, value) in answer.figures {
        println!("  {name:<20} {value:.4}");
    }
    let plain = scores(&engine);
    let every = engine.risk_table(&RiskTableOptions::default(), &Unwatched).unwrap();
    let every = Table::from_batches(&[every.batch], "every").unwrap();
    let predicted = steps.time("predict", || predict(&model, &every, 0).unwrap());
    let addresses = &every.frame.column("address").unwrap().values;
    let shown = |row: usize| addresses.shown(row).unwrap();
    let values = predicted.prediction.values.iter().enumerate();
    let modelled: BTreeMap<String, f64> = values.map(|(row, p)| (shown(row), *p)).collect();
    engine.publish_model(&package, None, ("bench", "bench"), NOW).unwrap();
    let profile = engine.profile_text().unwrap().replace("version = 1\n", "version = 2\n");
    let counted = "\nname = \"fraud\"\npoints = 40\nfrom = 10\n";
    let profile = profile.replace("\npoints = 0\n", counted);
    engine.publish_profile(&profile, ("bench", "bench"), NOW).unwrap();
    steps.time("run, scored by it", || engine.run(NOW, &Unwatched).unwrap());
    let both = scores(&engine);
    let asked = questions(&engine, &truth, &tagged, modelled.keys());
    println!("untagged clusters {}, illicit {}", asked.len(), asked.iter().filter(|q| q.1).count());
    println!("{:<28} {:>8} {:>18}", "ranked by", "AUC", "average precision");
    let ranked =
        [("the model", &modelled), ("the score", &plain), ("the score with its term", &both)];
    for (name, values) in ranked {
        let value = |one: &(String, bool)| values.get(&one.0).copied().unwrap_or_default();
        let values: Vec<f64> = asked.iter().map(value).collect();
        let targets: Vec<bool> = asked.iter().map(|one| one.1).collect();
        let auc = learn::auc(&values, &targets).unwrap_or(f64::NAN);
        println!("{name:<28} {auc:>8.4} {:>18.4}", average_precision(&values, &targets));
    }
    steps.print();
}

/// What each step took.
#[derive(Default)]
struct Steps(Vec<(&'static str, f64)>);

impl Steps {
    fn time<T>(&mut self, name: &'static str, step: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let made = step();
        self.0.push((name, began.elapsed().as_secs_f64()));
        made
    }

    fn print(&self) {
        for (name, seconds) in &self.0 {
            println!("{name:<28} {seconds:>8.2} s");
        }
    }
}

fn world(engine: &Engine, dir: &Path, seed: u64) -> Truth {
    let world = World::new(WorldSpec::laundering(seed)).unwrap();
    let mut blocks = world.blocks();
    let folder = dir.join("blocks");
    std::fs::create_dir(&folder).unwrap();
    let mut file = Vec::new();
    blocks.by_ref().for_each(|block| file.extend(simulate::blk_record(&block)));
    std::fs::write(folder.join("blk00000.dat"), file).unwrap();
    let source = BitcoinSource::Path(vec![folder]);
    engine.ingest_bitcoin(&source, &IngestOptions::default(), NOW, &Unwatched).unwrap();
    blocks.into_truth()
}

/// Imports tags and the list; gives the owners that they name.
fn tags(engine: &Engine, dir: &Path, truth: &Truth) -> BTreeSet<OwnerId> {
    let text = |address: &Address| address.display(Chain::Bitcoin);
    let (mut pack, mut tagged) = (HEADER.to_owned(), BTreeSet::new());
    let mut tag = |address: &Address, label: &str, category: &str, owner: OwnerId| {
        if tagged.insert(owner) {
            let address = text(address);
            writeln!(pack, "- address: {address}\n  label: {label}\n  category: {category}")
                .unwrap();
        }
    };
    let mut listed = vec![text(&truth.story.listed_address)];
    for planted in &truth.laundering.tags {
        match planted.concept {
            "sanction" => listed.push(text(&planted.address)),
            concept => tag(&planted.address, &planted.label, concept, planted.owner),
        }
    }
    let actors = truth.laundering.cases.iter().flat_map(|case| &case.actors);
    let actors: BTreeSet<OwnerId> = actors.map(|actor| actor.owner).collect();
    let mut seen = BTreeSet::new();
    for (address, owner) in &truth.ownership.address_owner {
        let is_customer = truth.ownership.owner(*owner).kind == OwnerKind::Customer;
        if address.family() == ledger::AddressFamily::BareMultisig || !seen.insert(*owner) {
            continue;
        }
        let name = &truth.ownership.owner(*owner).name;
        match owner.get() {
            number if actors.contains(owner) && number % 3 == 0 => {
                tag(address, name, "fraud", *owner)
            }
            number if is_customer && !actors.contains(owner) && number % 14 == 0 => {
                tag(address, name, "user", *owner);
            }
            _ => {}
        }
    }
    let (pack_file, list_file) = (dir.join("tags.yaml"), dir.join("list.txt"));
    std::fs::write(&pack_file, pack).unwrap();
    std::fs::write(&list_file, listed.join("\n") + "\n").unwrap();
    engine.import_tags(&[pack_file], None, NOW, &Unwatched).unwrap();
    let paths = vec![list_file];
    let import = ListImport { list: "simulated".to_owned(), paths, ..ListImport::default() };
    engine.import_lists(&import, NOW, &Unwatched).unwrap();
    tagged
}

/// Points by the first address of the cluster.
fn scores(engine: &Engine) -> BTreeMap<String, f64> {
    let answer = engine.view().unwrap().riskiest(usize::MAX).unwrap();
    answer.clusters.into_iter().map(|row| (row.address, row.score.0 as f64)).collect()
}

/// Clusters that nobody tagged, by their first address, and whether they are illicit.
fn questions<'a>(
    engine: &Engine,
    truth: &Truth,
    tagged: &BTreeSet<OwnerId>,
    firsts: impl Iterator<Item = &'a String>,
) -> Vec<(String, bool)> {
    let is_mixer = |owner: &OwnerId| truth.ownership.owner(*owner).kind == OwnerKind::Mixer;
    let mut illicit: BTreeSet<OwnerId> = truth.laundering.illicit().into_iter().collect();
    illicit.retain(|owner| !is_mixer(owner));
    let view = engine.view().unwrap();
    let owner = |address: &str| truth.ownership.owner_of(&parse_address(address).ok()?.address);
    let mut questions = Vec::new();
    for first in firsts {
        let members = view.members(first, None, usize::MAX).unwrap();
        let owners: BTreeSet<OwnerId> =
            members.members.iter().filter_map(|member| owner(member)).collect();
        if owners.is_disjoint(tagged) {
            questions.push((first.clone(), !owners.is_disjoint(&illicit)));
        }
    }
    questions
}

/// Mean precision at each illicit one; of equal values the worst order.
fn average_precision(values: &[f64], targets: &[bool]) -> f64 {
    let mut order: Vec<(f64, bool)> = values.iter().copied().zip(targets.iter().copied()).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let (mut n_right, mut sum) = (0_u32, 0.0);
    for (rank, one) in (1_u32..).zip(&order) {
        if one.1 {
            n_right += 1;
            sum += f64::from(n_right) / f64::from(rank);
        }
    }
    sum / f64::from(n_right.max(1))
}
