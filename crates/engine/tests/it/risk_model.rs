//! From graph to model and back into scores: tables to learn from, models that are published, counted and withdrawn.

use std::fmt::Write;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Float64Type;
use engine::risk_table::{RiskTableOptions, TableLevel, TableTarget, Unlabelled};
use engine::tabular::{Table, train_model};
use engine::{AlertFilter, AutoOptions, ExportFormat, Method, SplitBy, Unwatched};
use simulate::{OwnerKind, Truth};

use crate::laws::check_same;
use crate::{NOW, Scratch};

const PACK: &str = "title: t\ncreator: t\ndescription: t\nsource: https://example.org\n\
                    currency: BTC\nconfidence: service_data\nlastmod: 2023-01-01\ntags:\n";

/// Tags of the first address of every owner: those who sell are payment services, people are users.
fn pack(truth: &Truth, is_tagged: impl Fn(usize) -> bool) -> String {
    let mut pack = PACK.to_owned();
    let mut seen = Vec::new();
    for (address, owner) in &truth.ownership.address_owner {
        if seen.contains(owner) {
            continue;
        }
        seen.push(*owner);
        let owner = truth.ownership.owner(*owner);
        let category = match owner.kind {
            OwnerKind::Customer => "user",
            OwnerKind::Merchant | OwnerKind::Miner | OwnerKind::Exchange => "payment_processor",
            _ => continue,
        };
        if is_tagged(seen.len()) && address.family() != engine::AddressFamily::BareMultisig {
            let (text, name) = (address.display(engine::Chain::Bitcoin), &owner.name);
            writeln!(pack, "- address: {text}\n  label: {name}\n  category: {category}").unwrap();
        }
    }
    pack
}

fn tag(scratch: &Scratch, text: &str) {
    let file = scratch.file("pack.yaml", text);
    // Another pack in the place of the one before, which may lose all of its tags.
    let report = scratch.engine.import_tags(&[file], Some(u64::MAX), NOW, &Unwatched).unwrap();
    assert!(report.failed.is_empty() && report.refused == 0, "{report:?}");
}

/// A store with a small world and everybody tagged.
fn tagged() -> (Scratch, Truth) {
    let scratch = Scratch::on_regtest();
    let (sources, truth) = scratch.small_world(1);
    scratch.ingest(&sources[0]);
    tag(&scratch, &pack(&truth, |_| true));
    (scratch, truth)
}

fn payment() -> RiskTableOptions {
    let target = Some(TableTarget::parse("tag:payment").unwrap());
    RiskTableOptions { target, ..RiskTableOptions::default() }
}

fn table(scratch: &Scratch, options: &RiskTableOptions) -> engine::risk_table::RiskTable {
    scratch.engine.risk_table(options, &Unwatched).unwrap()
}

/// A model of the table, as the bytes of its package.
fn package(table: &Table, target: &str, budget_s: f64) -> Vec<u8> {
    let mut options = AutoOptions::for_target(target);
    (options.budget_s, options.seed, options.methods) = (budget_s, 1, vec![Method::Boosted]);
    // In so small a world shops come before people.
    options.split = SplitBy::Stratified;
    train_model(table, &options, "pays", &Unwatched).unwrap().0
}

fn trained(scratch: &Scratch, budget_s: f64) -> Vec<u8> {
    let table = table(scratch, &payment());
    let bytes = table.file(ExportFormat::Parquet).unwrap();
    package(&Table::from_bytes(bytes, "t").unwrap(), "is_payment", budget_s)
}

fn profile(scratch: &Scratch, version: u32, model: &str) -> String {
    let text = engine_profile(scratch);
    let text = text.replace("version = 1\n", &format!("version = {version}\n"));
    text.replace("\npoints = 0\n", &format!("\n{model}\n"))
}

/// The default profile: before any was published.
fn engine_profile(scratch: &Scratch) -> String {
    let fresh = Scratch::new();
    let text = fresh.engine.profile_text().unwrap();
    assert!(scratch.engine.profile_text().is_ok() && text.contains("[model]"));
    text
}

const COUNTED: &str = "name = \"pays\"\npoints = 40\nfrom = 5";

fn because() -> (&'static str, &'static str) {
    ("policy", "ana")
}

fn column<'b>(batch: &'b RecordBatch, name: &str) -> &'b dyn Array {
    batch.column_by_name(name).unwrap().as_ref()
}

#[test]
fn a_table_has_classes_a_clock_and_no_date_as_a_feature() {
    let (scratch, _) = tagged();
    let options = payment();
    let made = table(&scratch, &options);
    let answer = &made.answer;
    assert_eq!((answer.target.as_str(), answer.classes.len()), ("is_payment", 2));
    assert!(answer.n_unlabelled > 0 && answer.left_out.len() == 4, "{answer:?}");
    assert_eq!(answer.classes.iter().map(|class| class.1).sum::<u64>(), answer.n_rows);
    assert!(made.batch.column_by_name("first_time_s").is_none());
    let times = column(&made.batch, "first_seen");
    let times = times.as_primitive::<arrow::datatypes::TimestampSecondType>().values().to_vec();
    assert!(times.is_sorted());
    // The same table again is the same bytes, and tells a reader what its columns are.
    let bytes = made.file(ExportFormat::Parquet).unwrap();
    assert_eq!(bytes, table(&scratch, &options).file(ExportFormat::Parquet).unwrap());
    let read = Table::from_bytes(bytes, "t").unwrap();
    assert_eq!(read.clock.as_deref(), Some("first_seen"));
    assert_eq!(read.kinds.len() as u64, answer.n_features + 2);
    let arrow = Table::from_bytes(made.file(ExportFormat::Arrow).unwrap(), "t").unwrap();
    assert_eq!((arrow.kinds, arrow.clock), (read.kinds, read.clock));
    let csv = String::from_utf8(made.file(ExportFormat::Csv).unwrap()).unwrap();
    assert!(csv.starts_with("address,first_seen,n_addresses,"));

    // What nobody said anything of is empty, or negative if somebody says so; nothing is lost.
    let with = |unlabelled| table(&scratch, &RiskTableOptions { unlabelled, ..options.clone() });
    let (empty, negative) = (with(Unlabelled::Empty), with(Unlabelled::Negative));
    assert_eq!(empty.answer.n_rows, answer.n_rows + answer.n_unlabelled);
    assert_eq!(empty.batch.num_rows(), negative.batch.num_rows());
    let nulls = |batch: &RecordBatch| column(batch, "is_payment").null_count() as u64;
    assert_eq!((nulls(&empty.batch), nulls(&negative.batch)), (answer.n_unlabelled, 0));

    // Time cuts by first appearance, and every row is on one side.
    let middle = Some(engine::Time::new(times[times.len() / 2]));
    let since = table(&scratch, &RiskTableOptions { since: middle, ..options.clone() });
    let until = table(&scratch, &RiskTableOptions { until: middle, ..options.clone() });
    assert_eq!(since.answer.n_rows + until.answer.n_rows, answer.n_rows);
    let weights = table(&scratch, &RiskTableOptions { weights: true, ..options.clone() });
    let weight = column(&weights.batch, "weight").as_primitive::<Float64Type>();
    assert!(weight.values().iter().all(|weight| (0.0..=1.0).contains(weight)));

    // Addresses have columns of their own beside those of their clusters.
    let level = TableLevel::Address;
    let addresses = table(&scratch, &RiskTableOptions { level, target: None, ..options });
    assert_eq!(addresses.answer.n_rows, scratch.engine.view().unwrap().addresses().count() as u64);
    assert!(column(&addresses.batch, "address_n_transactions").null_count() == 0);
    assert!(addresses.batch.column_by_name("cluster_address").is_some());
}

#[test]
fn a_row_does_not_tell_its_own_tag() {
    // One party is tagged: its row must be that of a ledger in which nobody is.
    let scratch = Scratch::on_regtest();
    let (sources, truth) = scratch.small_world(1);
    scratch.ingest(&sources[0]);
    let plain = table(&scratch, &RiskTableOptions::default());
    let everybody = pack(&truth, |_| true);
    let (head, tags) = everybody.split_at(PACK.len());
    let n_tags = tags.matches("- address").count();
    let mut n_compared = 0;
    for n in (0..n_tags).step_by(n_tags / 4) {
        let one: Vec<&str> = tags.split_inclusive("\n").skip(3 * n).take(3).collect();
        tag(&scratch, &format!("{head}{}", one.concat()));
        let options =
            RiskTableOptions { target: Some(TableTarget::Category), ..RiskTableOptions::default() };
        let known = table(&scratch, &options);
        assert_eq!(known.batch.num_rows(), 1);
        let address = column(&known.batch, "address").as_string::<i32>().value(0).to_owned();
        let all = column(&plain.batch, "address").as_string::<i32>();
        let at = (0..all.len()).find(|row| all.value(*row) == address).unwrap();
        for field in plain.batch.schema().fields() {
            let name = field.name();
            let (with, without) = (column(&known.batch, name), column(&plain.batch, name));
            assert_eq!(with.to_data(), without.slice(at, 1).to_data(), "{name} of {address}");
            n_compared += 1;
        }
    }
    assert!(n_compared > 500);
}

#[test]
fn as_of_a_block_is_what_a_store_of_these_blocks_says() {
    let whole = Scratch::on_regtest();
    let (sources, truth) = whole.small_world(2);
    sources.iter().for_each(|source| assert_eq!(whole.ingest(source).alerts_raised, 0));
    tag(&whole, &pack(&truth, |_| true));
    let half = Scratch::on_regtest();
    let (sources, _) = half.small_world(2);
    half.ingest(&sources[0]);
    tag(&half, &pack(&truth, |_| true));
    let then = table(&half, &payment());
    let as_of = Some(then.answer.as_of);
    let now = table(&whole, &RiskTableOptions { as_of, ..payment() });
    assert_eq!((now.batch, now.answer.classes), (then.batch, then.answer.classes));
    let beyond = RiskTableOptions { as_of: Some(9_999), ..payment() };
    let error = whole.engine.risk_table(&beyond, &Unwatched).unwrap_err();
    assert!(error.is_usage() && error.hint().unwrap().contains("--as-of"), "{error}");
}

#[test]
fn targets_are_read_or_refused_with_the_nearest() {
    for (text, column) in
        [("tag:fraud", "is_fraud"), ("category", "category"), ("listed", "is_listed")]
    {
        assert_eq!(TableTarget::parse(text).unwrap().column(), column);
    }
    let hint = |text: &str| TableTarget::parse(text).unwrap_err().hint().unwrap();
    assert!(hint("tag:frod").contains("fraud"));
    assert!(hint("tag:untraced").contains("sanctioned") && hint("fraud").contains("tag:CATEGORY"));
    let nobody = Scratch::on_regtest();
    let (sources, _) = nobody.small_world(1);
    let empty = nobody.engine.risk_table(&payment(), &Unwatched).unwrap_err();
    assert!(empty.hint().unwrap().contains("ingest"), "{empty}");
    nobody.ingest(&sources[0]);
    let none = nobody.engine.risk_table(&payment(), &Unwatched).unwrap_err();
    assert!(none.hint().unwrap().contains("tags import"), "{none}");
}

#[test]
fn what_cannot_be_served_is_not_published() {
    let (scratch, _) = tagged();
    let publish = |bytes: &[u8]| scratch.engine.publish_model(bytes, None, because(), NOW);
    assert!(publish(b"no zip").is_err());
    let made = table(&scratch, &payment());
    let csv = Table::from_bytes(made.file(ExportFormat::Csv).unwrap(), "t").unwrap();
    let error = publish(&package(&csv, "is_payment", 1.0)).unwrap_err();
    assert!(error.is_usage(), "{error}");
    let level = TableLevel::Address;
    let addresses = table(&scratch, &RiskTableOptions { level, ..payment() });
    let read = Table::from_bytes(addresses.file(ExportFormat::Parquet).unwrap(), "t").unwrap();
    let error = publish(&package(&read, "is_payment", 1.0)).unwrap_err();
    assert!(error.to_string().contains("no feature of clusters"), "{error}");
    let good = trained(&scratch, 1.0);
    assert!(scratch.engine.publish_model(&good, Some("a b"), because(), NOW).is_err());
    assert!(scratch.engine.publish_model(&good, None, ("", "ana"), NOW).is_err());
    let counted = profile(&scratch, 2, COUNTED);
    let error = scratch.engine.publish_profile(&counted, because(), NOW).unwrap_err();
    assert!(error.to_string().contains("no model \"pays\""), "{error}");
    let error = scratch.engine.withdraw_model("pays", because(), NOW).unwrap_err();
    assert!(error.hint().unwrap().contains("model publish"), "{error}");
}

/// Alerts of the rule below, as `state subject`, and all rows of their bases.
fn scored_alerts(scratch: &Scratch) -> (Vec<String>, String) {
    let filter = AlertFilter { all: true, ..AlertFilter::default() };
    let view = scratch.engine.view().unwrap();
    let mut rows = Vec::new();
    let mut bases = String::new();
    for row in view.alerts(&filter, usize::MAX).unwrap().alerts {
        if row.rule == "modelled" {
            rows.push(format!("{:?} {}", row.state, row.subject));
            bases += &format!("{:?}", view.alert(&row.id).unwrap().basis);
        }
    }
    (rows, bases)
}

#[test]
fn a_model_is_a_term_that_adds_up_and_goes_when_it_is_withdrawn() {
    let (scratch, _) = tagged();
    scratch.run();
    let rule = "[[rule]]\nname = \"modelled\"\nversion = 1\nabout = \"a\"\nseverity = \"high\"\n\
                subject = \"cluster\"\nwhen = 'score >= 2'\n";
    scratch.engine.publish_rules(rule, true, "policy", "ana", NOW).unwrap();
    let first = trained(&scratch, 1.0);
    let published = scratch.engine.publish_model(&first, None, because(), NOW).unwrap();
    assert_eq!((published.changed, published.model.version), (true, 1));
    assert!(published.to_do.contains("[model]") && !published.model.counts);
    let again = scratch.engine.publish_model(&first, None, because(), NOW).unwrap();
    assert!(!again.changed && again.model.sha256 == published.model.sha256);
    let counted = profile(&scratch, 2, COUNTED);
    scratch.run();
    let (before, _) = scored_alerts(&scratch);
    let tried = scratch.engine.view().unwrap().try_profile(&counted).unwrap();
    assert!(tried.n_points_changed > 0 && !tried.alerts_come.is_empty(), "{tried:?}");
    scratch.engine.publish_profile(&counted, because(), NOW).unwrap();
    scratch.run();

    let view = scratch.engine.view().unwrap();
    let (mut n_terms, mut n_without) = (0, 0);
    for address in view.addresses().step_by(5) {
        let score = view.score(&address).unwrap();
        let sum: i64 = score.terms.iter().map(|term| term.points.0).sum();
        assert_eq!(sum, score.score.unwrap().0, "{address}");
        let own = score.terms.iter().find(|term| term.kind == "model");
        let Some(own) = own else { continue };
        n_terms += 1;
        assert!(own.basis.starts_with("pays 1 (") && own.basis.contains("margin"), "{}", own.basis);
        assert!(adds_up(&own.basis), "{}", own.basis);
        // Without the model it is what the other terms say; the bound comes and goes with it.
        let bare = score.without.iter().find(|row| row.without == "model pays").unwrap();
        let others = score.terms.iter().filter(|term| term.kind != "model" && term.kind != "bound");
        let others: i64 = others.map(|term| term.points.0).sum();
        assert_eq!(bare.points.0, others.clamp(0, 100_000), "{address}");
        n_without += score.without.len();
    }
    assert!(n_terms > 5 && n_without >= n_terms, "{n_terms} {n_without}");
    let (raised, bases) = scored_alerts(&scratch);
    assert!(raised.len() > before.len() && bases.contains("kind=model: pays 1 ("), "{bases}");

    // Another version re-scores; withdrawn, the term and what it raised are gone.
    let second = trained(&scratch, 1.1);
    let published = scratch.engine.publish_model(&second, None, because(), NOW).unwrap();
    assert!(published.model.counts && published.to_do.is_empty());
    let stale = scratch.engine.view().unwrap().status(NOW).unwrap().stale_because;
    assert!(stale.iter().any(|why| why.contains("a model of scores")), "{stale:?}");
    scratch.run();
    let listed = scratch.engine.view().unwrap().published_models().unwrap().models;
    let states: Vec<_> = listed.iter().map(|row| (row.version, row.in_force)).collect();
    assert_eq!(states, [(2, true), (1, false)]);
    let withdrawn = scratch.engine.withdraw_model("pays", because(), NOW).unwrap();
    assert!(withdrawn.to_do.contains("no term of a model"), "{withdrawn:?}");
    assert!(scratch.run().alerts.withdrawn > 0);
    let view = scratch.engine.view().unwrap();
    let has_model = |address: &String| {
        view.score(address).unwrap().terms.iter().any(|term| term.kind == "model")
    };
    assert!(!view.addresses().step_by(5).any(|address| has_model(&address)));
    // A version that was withdrawn comes back: its bytes are there.
    let back = scratch.engine.publish_model(&first, None, because(), NOW).unwrap();
    assert_eq!((back.model.version, back.model.counts), (3, true));
    scratch.run();
    assert!(scratch.engine.verify(true, &Unwatched).unwrap().all_holds());
}

/// Whether contributions, others and base of a term's reasons are its margin, as they are written.
fn adds_up(basis: &str) -> bool {
    // Three decimals always: without the point they are thousandths.
    let number = |text: &str| text.replace('.', "").parse::<i64>().unwrap();
    let (_, reasons) = basis.split_once(" %: ").unwrap();
    let (mut sum, mut margin) = (0, None);
    for part in reasons.split(", ") {
        let (name, last) = part.rsplit_once(' ').unwrap();
        let value = number(last.trim_matches(['(', ')']));
        match name {
            "margin" => margin = Some(value),
            _ => sum += value,
        }
    }
    margin == Some(sum)
}

#[test]
fn any_cut_with_a_model_gives_the_same_store() {
    let (at_once, truth) = tagged();
    let model = trained(&at_once, 1.0);
    let publish = |scratch: &Scratch| {
        scratch.engine.publish_model(&model, None, because(), NOW).unwrap();
        let counted = profile(scratch, 2, COUNTED);
        scratch.engine.publish_profile(&counted, because(), NOW).unwrap();
    };
    publish(&at_once);
    at_once.run();
    let cut = Scratch::on_regtest();
    let (sources, _) = cut.small_world(5);
    cut.ingest(&sources[0]);
    tag(&cut, &pack(&truth, |_| true));
    publish(&cut);
    for source in &sources[1..] {
        cut.run();
        cut.ingest(source);
    }
    cut.run();
    let scores = cut.engine.view().unwrap().riskiest(3).unwrap();
    assert!(scores.total > 0);
    check_same(&at_once.engine, &cut.engine);
}
