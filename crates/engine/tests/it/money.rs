//! Prices through the engine: imports, values of edges and transfers, and when answers are out of date; monitored addresses.

use std::collections::BTreeMap;

use engine::{
    Direction, Engine, ExportFormat, Monitor, MonitorChange, PriceImport, PricesReport, Unwatched,
};
use ledger::{ClusterEdge, DecodedBlock, Price, Value, tables};
use proptest::prelude::*;
use simulate::random::{RandomChain, Shape};
use store::{Snapshot, Store};

use crate::laws::check_same;
use crate::{NOW, Scratch};

fn snapshot(engine: &Engine) -> Snapshot {
    Store::open(engine.dir()).unwrap().snapshot().unwrap()
}

fn blocks(seed: u64) -> Vec<DecodedBlock> {
    RandomChain::new(seed, Shape::default()).next_blocks(20)
}

/// Candles of ten minutes around the blocks, some of them missing, calm first and restless later.
fn candles(blocks: &[DecodedBlock], seed: u64) -> Vec<(i64, f64)> {
    let first = blocks[0].time.get() / 600 * 600 - 2_400 * 600;
    let last = blocks.last().unwrap().time.get();
    let mut state = seed | 1;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % below
    };
    let n = (last - first) / 600 + 5;
    let mut close = 3_600.0;
    let mut rows = Vec::new();
    for at in 0..n.min(6_000) {
        let swing = if at < 2_390 { 1.0 } else { 20.0 };
        close *= 1.0 + (f64::from(u32::try_from(next(21)).unwrap()) - 10.0) / 10_000.0 * swing;
        if next(4) > 0 {
            rows.push((first + at * 600, (close * 100.0).round() / 100.0));
        }
    }
    rows
}

fn csv(rows: &[(i64, f64)]) -> String {
    let mut text = String::from("time,asset,currency,open,high,low,close\n");
    for (time, close) in rows {
        text += &format!("{time},BTC,USD,{close},{close},{close},{close}\n");
    }
    text
}

fn import(scratch: &Scratch, text: &str) -> PriceImport {
    let path = scratch.file(&format!("prices{}.csv", text.len()), text);
    // Where a quarter is missing, a few rows do not tell.
    PriceImport { paths: vec![path], interval_s: Some(600), ..PriceImport::default() }
}

fn take_in(scratch: &Scratch, text: &str) -> PricesReport {
    scratch.engine.import_prices(&import(scratch, text), NOW).unwrap()
}

fn edges(engine: &Engine) -> Vec<ClusterEdge> {
    let snapshot = snapshot(engine);
    let batches = snapshot.scan("cluster_edges", "all", None, None).unwrap();
    batches.flat_map(|batch| tables::cluster_edges_from(&batch.unwrap()).unwrap()).collect()
}

/// Rows of the export by column name.
fn transfers(engine: &Engine) -> Vec<BTreeMap<String, String>> {
    let mut text = Vec::new();
    engine.export("transfers", ExportFormat::Csv, &mut text, &Unwatched).unwrap();
    let text = String::from_utf8(text).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned));
    let names: Vec<String> = lines.next().unwrap().collect();
    lines.map(|cells| names.iter().cloned().zip(cells).collect()).collect()
}

/// The close that was known, by looking at every candle.
fn price(rows: &[(i64, f64)], time: i64) -> Option<f64> {
    let known = rows.iter().filter(|row| row.0 + 600 <= time).max_by_key(|row| row.0)?;
    (time - (known.0 + 600) <= 3_600).then_some(known.1)
}

#[test]
fn transfers_have_the_value_of_their_time_and_edges_are_their_sums() {
    let (scratch, blocks) = (Scratch::new(), blocks(7));
    scratch.engine.ingest_blocks(&blocks, NOW).unwrap();
    let mut rows = candles(&blocks, 5);
    // A gap of some hours.
    let middle = blocks[10].time.get();
    rows.retain(|row| (row.0 - middle).abs() > 7_200);
    assert!(take_in(&scratch, &csv(&rows)).added > 100);
    scratch.engine.run(NOW, &Unwatched).unwrap();
    let mut sums: BTreeMap<(u32, u32), (i128, u128, u64)> = BTreeMap::new();
    let (mut n_priced, mut n_unpriced) = (0, 0);
    for row in transfers(&scratch.engine) {
        let number = |name: &str| row[name].parse::<i64>().ok();
        let pair = ["source", "target"].map(|name| row[name].parse::<u32>().unwrap());
        let amount = number("amount_sat");
        let micros = price(&rows, number("time_s").unwrap()).map(|price| (price * 1e6).round());
        let value = micros.zip(amount).map(|(micros, amount)| {
            let product = format!("{micros:.0}").parse::<i128>().unwrap() * i128::from(amount);
            (product + 50_000_000) / 100_000_000
        });
        assert_eq!(row["value_micros"], value.map_or(String::new(), |value| value.to_string()));
        let sum = sums.entry((pair[0], pair[1])).or_default();
        sum.0 += value.unwrap_or(0);
        if value.is_none() {
            sum.1 += u128::try_from(amount.unwrap_or(0)).unwrap();
        }
        sum.2 += u64::from(row["high_volatility"] == "true");
        *(if value.is_some() { &mut n_priced } else { &mut n_unpriced }) += 1;
    }
    assert!(n_priced > 10 && n_unpriced > 0, "{n_priced} {n_unpriced}");
    let stored = edges(&scratch.engine);
    assert_eq!(stored.len(), sums.len());
    for edge in &stored {
        let sum = sums[&(edge.source.get().get(), edge.target.get().get())];
        assert_eq!(edge.value, Value::from_micros(sum.0));
        assert_eq!((edge.amount_unpriced.units(), edge.n_high_volatility), (sum.1, sum.2));
    }
    assert!(stored.iter().any(|edge| edge.n_high_volatility > 0));
    assert!(scratch.engine.verify(true, &Unwatched).unwrap().all_holds());
    answers_show_them(&scratch, &stored);
}

fn answers_show_them(scratch: &Scratch, stored: &[ClusterEdge]) {
    let edge = stored.iter().find(|edge| edge.value > Value::ZERO).unwrap();
    let check = |engine: &Engine, shown: bool| {
        let view = engine.view().unwrap();
        let source = view.addresses().nth(edge.source.get().index()).unwrap();
        let found = view.neighbors(&source, Direction::Out, usize::MAX).unwrap().neighbors;
        let row = found.iter().find(|row| row.cluster == edge.target).unwrap();
        let micros = row.worth.value.as_ref().map(|value| value.micros);
        assert_eq!(micros, shown.then_some(edge.value.micros()));
        let around = view.neighborhood(&source, &view.neighborhood_request()).unwrap();
        let pair = around.pairs.iter().find(|p| (p.from, p.to) == (edge.source, edge.target));
        assert_eq!(pair.unwrap().worth, row.worth);
        let target = view.addresses().nth(edge.target.get().index()).unwrap();
        let to = engine::TraceTarget::Address(target);
        let traced = view.trace(&source, &to, &view.trace_options()).unwrap();
        let hops = traced.shortest.unwrap().path;
        assert!(hops.iter().all(|hop| shown || hop.value.is_none()));
    };
    check(&scratch.engine, true);
    // Another currency than the run's: no value under a wrong name.
    let overrides = [("money.currency".to_owned(), "EUR".to_owned())];
    let other = Engine::open(scratch.engine.dir(), &overrides).unwrap();
    check(&other, false);
    let reasons = other.view().unwrap().prices().unwrap().stale_because;
    assert!(reasons.iter().any(|why| why.contains("configuration of money")), "{reasons:?}");
}

#[test]
fn an_import_is_whole_and_makes_answers_stale() {
    let (scratch, blocks) = (Scratch::new(), blocks(3));
    scratch.engine.ingest_blocks(&blocks, NOW).unwrap();
    scratch.engine.run(NOW, &Unwatched).unwrap();
    assert!(scratch.engine.run(NOW, &Unwatched).unwrap().up_to_date);
    let rows = candles(&blocks, 1);
    let dry = PriceImport { dry_run: true, ..import(&scratch, &csv(&rows)) };
    let report = scratch.engine.import_prices(&dry, NOW).unwrap();
    assert_eq!((report.added, report.dry_run), (rows.len() as u64, true));
    assert!(scratch.engine.view().unwrap().prices().unwrap().series.is_empty());
    assert_eq!(take_in(&scratch, &csv(&rows)).added, rows.len() as u64);
    let again = take_in(&scratch, &csv(&rows));
    assert_eq!((again.added, again.held), (0, rows.len() as u64));
    let listed = scratch.engine.view().unwrap().prices().unwrap();
    let [series] = listed.series.as_slice() else { panic!("{listed:?}") };
    assert_eq!((series.candles, series.interval_s), (rows.len() as u64, 600));
    assert!(listed.stale_because.iter().any(|why| why.contains("prices")), "{listed:?}");
    assert!(!scratch.engine.run(NOW, &Unwatched).unwrap().up_to_date);
    assert!(scratch.engine.run(NOW, &Unwatched).unwrap().up_to_date);
    // One close is another now.
    let mut other = rows.clone();
    other[3].1 += 1.0;
    let text = csv(&other[..5]).replace("BTC", "btc");
    let refused = scratch.engine.import_prices(&import(&scratch, &text), NOW).unwrap_err();
    assert!(refused.to_string().contains("held with other figures"), "{refused}");
    assert!(refused.hint().unwrap().contains("--replace"));
    let replacing = PriceImport { replace: true, ..import(&scratch, &text) };
    let report = scratch.engine.import_prices(&replacing, NOW).unwrap();
    assert_eq!((report.added, report.held, report.replaced), (0, 4, 1));
    let prices: Vec<Price> = snapshot(&scratch.engine)
        .scan("prices", "all", None, None)
        .unwrap()
        .flat_map(|batch| tables::prices_from(&batch.unwrap()).unwrap())
        .collect();
    assert_eq!(prices.iter().map(|row| row.close).collect::<Vec<_>>(), closes(&other));
    assert!(!scratch.engine.run(NOW, &Unwatched).unwrap().up_to_date);
}

fn closes(rows: &[(i64, f64)]) -> Vec<f64> {
    rows.iter().map(|row| row.1).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    /// Prices before the blocks, between them or after them, with runs or without.
    #[test]
    fn when_prices_come_changes_no_byte(seed in any::<u64>(), at in 0..20_usize, runs in any::<[bool; 2]>()) {
        let blocks = blocks(seed);
        let text = csv(&candles(&blocks, seed));
        let (first, then) = (Scratch::new(), Scratch::new());
        take_in(&first, &text);
        first.engine.ingest_blocks(&blocks, NOW).unwrap();
        first.engine.run(NOW, &Unwatched).unwrap();
        if at > 0 {
            then.engine.ingest_blocks(&blocks[..at], NOW).unwrap();
        }
        if runs[0] {
            then.engine.run(NOW, &Unwatched).unwrap();
        }
        take_in(&then, &text);
        if runs[1] {
            then.engine.run(NOW, &Unwatched).unwrap();
        }
        then.engine.ingest_blocks(&blocks[at..], NOW).unwrap();
        then.engine.run(NOW, &Unwatched).unwrap();
        check_same(&first.engine, &then.engine);
    }
}

const A: &str = "12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h";
const B: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

#[test]
fn monitoring_is_a_log_and_its_last_word_holds() {
    let scratch = Scratch::new();
    let monitor = |change, addresses: &[(&str, &str)], now: i64| {
        let addresses = addresses.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
        let what = Monitor {
            addresses: addresses.collect(),
            reason: "onboarding".to_owned(),
            author: "jane".to_owned(),
        };
        scratch.engine.monitor(change, &what, engine::Time::new(now))
    };
    let live = || {
        let live = engine::monitor::live(&snapshot(&scratch.engine)).unwrap();
        let row = |one: &engine::Monitored| {
            (one.address_text.clone(), one.label.clone(), one.since.get())
        };
        live.iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(live(), []);
    let report = monitor(MonitorChange::Add, &[(A, "17"), (B, "18"), (A, "17")], 5).unwrap();
    assert_eq!((report.added, report.unchanged, report.monitored), (2, 1, 2));
    let report = monitor(MonitorChange::Add, &[(A, "19"), (B, "18")], 6).unwrap();
    assert_eq!((report.relabelled, report.unchanged), (1, 1));
    assert_eq!(live(), [(A.to_owned(), "19".to_owned(), 5), (B.to_owned(), "18".to_owned(), 5)]);
    monitor(MonitorChange::Remove, &[(A, "")], 7).unwrap();
    assert_eq!(live(), [(B.to_owned(), "18".to_owned(), 5)]);
    monitor(MonitorChange::Add, &[(A, "")], 8).unwrap();
    assert_eq!(live()[0].2, 8);
    // All of them or none.
    let error = monitor(MonitorChange::Add, &[(B, "x"), ("nonsense", "")], 9).unwrap_err();
    assert!(error.is_usage(), "{error}");
    let error = monitor(MonitorChange::Remove, &[(A, ""), (A, "")], 9).unwrap_err();
    assert!(error.to_string().contains("is not monitored"), "{error}");
    assert_eq!(live().len(), 2);
    assert_eq!(scratch.engine.view().unwrap().monitored().unwrap().addresses[0].label, "");
    let nothing = Monitor { addresses: vec![(A.to_owned(), String::new())], ..Monitor::default() };
    let error = scratch.engine.monitor(MonitorChange::Add, &nothing, NOW).unwrap_err();
    assert!(error.to_string().contains("a reason is missing"), "{error}");
}

#[test]
fn a_dry_run_says_that_the_import_would_be_refused() {
    let scratch = Scratch::new();
    let text = csv(&[(1_600_000_200, 1.0), (1_600_000_800, 2.0)]);
    let broken = text.replace(",2,2,2,2", ",x,2,2,2");
    let dry = PriceImport { dry_run: true, ..import(&scratch, &broken) };
    let report = scratch.engine.import_prices(&dry, NOW).unwrap();
    assert!(report.would_be_refused[0].contains("--accept-refused"), "{report:?}");
    assert!(scratch.engine.import_prices(&import(&scratch, &broken), NOW).is_err());
    let accepting = PriceImport { accept_refused: true, ..dry };
    let report = scratch.engine.import_prices(&accepting, NOW).unwrap();
    assert!(report.would_be_refused.is_empty(), "{report:?}");
    let empty = csv(&[]);
    let error = scratch.engine.import_prices(&import(&scratch, &empty), NOW).unwrap_err();
    assert!(error.to_string().contains("no row"), "{error}");
}

#[test]
fn faults_of_a_file_of_addresses_have_their_line() {
    let read = |text: &str| engine::monitor::read_addresses(text, "customers.txt", "mine");
    let good = crate::chain::address("a");
    let rows = read(&format!("# ours\n{good} # the first\n")).unwrap();
    assert_eq!(rows, [(good.clone(), "mine".to_owned())]);
    let error = read(&format!("{good}\n\nnonsense\n")).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("customers.txt:3: "), "{error}");
    let hint = read("# nobody\n").unwrap_err().hint().unwrap();
    assert!(hint.contains("one address a line"), "{hint}");
    let scratch = Scratch::new();
    let what = Monitor {
        addresses: ["x", "y"].map(|label| (good.clone(), label.to_owned())).to_vec(),
        reason: "r".to_owned(),
        author: "ana".to_owned(),
    };
    let error = scratch.engine.monitor(MonitorChange::Add, &what, NOW).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("two labels"), "{error}");
}
