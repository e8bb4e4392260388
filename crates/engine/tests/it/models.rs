//! Models, mixes, features and suggestions through the engine, on a simulated world with wallets of many kinds.

use std::collections::BTreeMap;

use engine::{BitcoinSource, Decide, ExplainRequest, IngestOptions, MixRequest, Unwatched};
use forensics::change::ChangeModel;
use ledger::{Link, ModelRecord, tables};
use simulate::{MixProtocol, TransactionKind, Truth, World, WorldSpec};
use store::{Store, TableSpec};

use crate::laws::check_same;
use crate::{NOW, Scratch};

/// A store that holds the blocks of a world, and what is true of it.
fn told(scratch: &Scratch, world: &World, parts: usize) -> Truth {
    let mut blocks = world.blocks();
    let raw: Vec<Vec<u8>> = blocks.by_ref().collect();
    for (part, some) in raw.chunks(raw.len().div_ceil(parts)).enumerate() {
        let folder = scratch.dir.path().join(format!("blocks{part}"));
        std::fs::create_dir(&folder).unwrap();
        let file: Vec<u8> = some.iter().flat_map(|block| simulate::blk_record(block)).collect();
        std::fs::write(folder.join("blk00000.dat"), file).unwrap();
        let source = BitcoinSource::Path(vec![folder]);
        let options = IngestOptions::default();
        scratch.engine.ingest_bitcoin(&source, &options, NOW, &Unwatched).unwrap();
        scratch.engine.run(NOW, &Unwatched).unwrap();
    }
    blocks.into_truth()
}

fn world(n_transactions: u32) -> World {
    World::new(WorldSpec::ownership(3).scaled_to(n_transactions)).unwrap()
}

/// The models of a store.
fn models(scratch: &Scratch) -> Vec<ModelRecord> {
    let snapshot = Store::open(scratch.engine.dir()).unwrap().snapshot().unwrap();
    let batches = snapshot.scan("models", "all", None, None).unwrap();
    batches.flat_map(|batch| tables::models_from(&batch.unwrap()).unwrap()).collect()
}

fn put_models(scratch: &Scratch, rows: &[ModelRecord]) {
    let mut writer = Store::open(scratch.engine.dir()).unwrap().writer().unwrap();
    let mut commit = writer.begin();
    let spec = TableSpec::new("models", tables::MODELS.schema());
    commit.append(&spec, "all", &tables::models_to(rows)).unwrap();
    commit.finish(store::Run::default()).unwrap();
}

/// The same model with a threshold, whether or not so small a world can show one to be safe.
fn with_threshold(mut row: ModelRecord) -> ModelRecord {
    let model = ChangeModel::from_text(&row.text).unwrap().with_threshold(0.9).unwrap();
    (row.version, row.text) = (model.version().to_owned(), model.to_text());
    row
}

fn change_links(scratch: &Scratch) -> Vec<Link> {
    let snapshot = Store::open(scratch.engine.dir()).unwrap().snapshot().unwrap();
    let batches = snapshot.scan("links", "bitcoin", None, None).unwrap();
    let links = batches.flat_map(|batch| tables::links_from(&batch.unwrap()).unwrap());
    links.filter(|link| link.heuristic == 4).collect()
}

#[test]
fn a_model_makes_links_from_the_next_run_on_and_any_cut_gives_the_same() {
    let (world, late) = (world(20_000), Scratch::on_regtest());
    told(&late, &world, 1);
    let report = late.engine.train(1, NOW, &Unwatched).unwrap();
    assert!(report.change.version.is_some(), "{report:?}");
    assert!(change_links(&late).is_empty());
    let again = late.engine.train(1, NOW, &Unwatched).unwrap();
    assert!(!again.change.is_new && !again.resolution.is_new, "{again:?}");
    let mut rows = models(&late);
    let at = rows.iter().position(|row| row.kind == "change").unwrap();
    let mut other = with_threshold(rows[at].clone());
    other.id = u32::try_from(rows.len()).unwrap() + 1;
    put_models(&late, std::slice::from_ref(&other));
    rows.push(other);
    let stale = late.engine.view().unwrap().status(NOW).unwrap().stale_because;
    assert!(stale.iter().any(|why| why.contains("model of change")), "{stale:?}");
    late.engine.run(NOW, &Unwatched).unwrap();
    let links = change_links(&late);
    assert!(links.len() > 20, "{}", links.len());
    let cut = Scratch::on_regtest();
    put_models(&cut, &rows);
    told(&cut, &world, 3);
    check_same(&cut.engine, &late.engine);
    let verified = late.engine.verify(true, &Unwatched).unwrap();
    assert!(verified.all_holds(), "{verified:?}");
    explained(&late, &links);
}

/// A link of change says which model stands behind it, and what each rule adds.
fn explained(scratch: &Scratch, links: &[Link]) {
    let view = scratch.engine.view().unwrap();
    let addresses: Vec<String> = view.addresses().collect();
    let mut n_told = 0;
    for link in links.iter().take(10) {
        let [a, b] = [link.a, link.b].map(|id| &addresses[id.index()]);
        let request = ExplainRequest {
            without_rules: vec!["common_input".to_owned()],
            ..ExplainRequest::default()
        };
        let answer = view.explain(a, b, &request).unwrap();
        if answer.evidence.len() == 1 {
            let step = &answer.evidence[0];
            assert_eq!((step.heuristic, step.height), ("change", link.height));
            assert_eq!(step.source.as_ref().unwrap().kind, "model");
            assert!(step.contributions.len() > 5, "{answer:?}");
            n_told += 1;
        }
    }
    assert!(n_told > 3, "{n_told}");
}

#[test]
fn labels_are_those_of_the_truth_and_nobody_else_carries_one() {
    let (world, scratch) = (world(5_000), Scratch::on_regtest());
    let truth = told(&scratch, &world, 1);
    let view = scratch.engine.view().unwrap();
    let mut counts: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let request = MixRequest { links: true, ..MixRequest::default() };
    for transaction in truth.transactions.iter() {
        let TransactionKind::Mix(protocol) = transaction.kind else { continue };
        let answer = view.mix(transaction.id, &request).unwrap();
        let expected = match protocol {
            MixProtocol::Whirlpool => "whirlpool",
            MixProtocol::Wasabi1 | MixProtocol::Wasabi11 => "wasabi1",
            MixProtocol::Wasabi2 => "wasabi2",
            MixProtocol::JoinMarket => "joinmarket",
            _ => continue,
        };
        assert!(!answer.possible.is_empty(), "{answer:?}");
        let label = answer.label.map(|label| label.protocol);
        let (n, right) = counts.entry(expected.to_owned()).or_default();
        (*n, *right) = (*n + 1, *right + u64::from(label == Some(expected)));
        let links = answer.links.unwrap();
        assert!(!links.why_not.is_empty() || links.probabilities.len() == answer.inputs.len());
    }
    println!("labelled, right: {counts:?}");
    let (n, right) = counts.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert!(n > 5 && right * 10 >= n * 9, "{counts:?}");
    let missing = view.mix(ledger::TxId::from_bytes([9; 32]), &request).unwrap_err();
    assert!(missing.hint().is_some());
}

/// Two of three owners are known by tags on their addresses.
fn tag_owners(scratch: &Scratch, truth: &Truth) {
    let known = truth.ownership.address_owner.iter().filter(|row| row.1.get() % 3 != 0);
    let tags: String = known
        .map(|(address, owner)| {
            let text = address.display(ledger::Chain::Bitcoin);
            format!("- address: {text}\n  label: l\n  actor: owner{owner:?}\n")
        })
        .collect();
    let pack = format!(
        "title: t\ncreator: c\nsource: s\ncurrency: BTC\nconfidence: ledger_immanent\n\
         lastmod: 2024-01-01\ncategory: exchange\ntags:\n{tags}"
    );
    let path = scratch.file("packs/owners.yaml", &pack);
    let report = scratch.engine.import_tags(&[path], None, NOW, &Unwatched).unwrap();
    assert!(report.tags > 1_000 && report.refused == 0, "{report:?}");
    scratch.engine.run(NOW, &Unwatched).unwrap();
}

#[test]
fn features_are_told_and_suggestions_are_followed_only_when_accepted() {
    let (world, scratch) = (world(20_000), Scratch::on_regtest());
    let truth = told(&scratch, &world, 1);
    tag_owners(&scratch, &truth);
    let view = scratch.engine.view().unwrap();
    let status = view.status(NOW).unwrap();
    let largest = &status.largest_clusters[0];
    let answer = view.features(&largest.address).unwrap();
    let of = |name: &str| {
        let found = answer.features.iter().find(|feature| feature.name == name).unwrap();
        serde_json::to_value(found.value).unwrap()
    };
    assert_eq!((of("n_addresses"), answer.cluster), (largest.size.into(), largest.cluster));
    assert!(view.suggestions(None, 9).unwrap().model.is_none());
    let report = scratch.engine.train(1, NOW, &Unwatched).unwrap();
    assert!(report.resolution.version.is_some(), "{report:?}");
    scratch.engine.run(NOW, &Unwatched).unwrap();
    let view = scratch.engine.view().unwrap();
    let found = view.suggestions(None, usize::MAX).unwrap();
    let [first, second, ..] = &found.suggestions[..] else { panic!("{found:?}") };
    let total: f64 = first.contributions.iter().map(|part| part.log_odds).sum();
    assert!((1.0 / (1.0 + (-total).exp()) - first.probability).abs() < 1e-9);
    let decide = |what: Decide| scratch.engine.decide(&[what], "because", "tester", NOW).unwrap();
    decide(Decide::Accept { id: first.id.clone() });
    decide(Decide::Refuse { id: second.id.clone() });
    scratch.engine.run(NOW, &Unwatched).unwrap();
    let view = scratch.engine.view().unwrap();
    let joined = view.explain(&first.a.address, &first.b.address, &ExplainRequest::default());
    let joined = joined.unwrap();
    assert!(joined.same_cluster, "{joined:?}");
    assert!(joined.evidence.iter().any(|step| step.heuristic == "person"), "{joined:?}");
    let left = view.suggestions(None, usize::MAX).unwrap();
    assert!(left.suggestions.iter().all(|row| row.id != first.id && row.id != second.id));
    let verified = scratch.engine.verify(true, &Unwatched).unwrap();
    assert!(verified.all_holds(), "{verified:?}");
}
