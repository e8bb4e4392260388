//! What is told of a model: counts by hand, a planted weakness, pages that hold for hostile names and every task.

use std::fmt::Write as _;

use quick_xml::Reader;
use quick_xml::events::Event;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tracehound_learn::automl::{
    AutoOptions, BinKind, Manifest, Measure, Method, Model, SplitBy, train,
};
use tracehound_learn::{Frame, Task, report};

/// A name that is markup, and a level that is.
const HOSTILE: &str = "<script>alert('x')</script> \"&";

/// `flag` follows `size`, but at random in the shop that is broken; `price` and `color` follow `size`, too.
fn world(n_rows: usize) -> Frame {
    let mut dice = ChaCha8Rng::seed_from_u64(11);
    let mut csv = format!("id,size,\"{}\",words,flag,price,color\n", HOSTILE.replace('"', "\"\""));
    for row in 0..n_rows {
        let size: f64 = dice.random_range(-2.0..2.0);
        let shop = ["north", "south", "</td><b>broken</b>"][row % 3];
        let odds = if row % 3 == 2 { 0.5 } else { 1.0 / (1.0 + (-5.0 * size).exp()) };
        let flag = if dice.random_bool(odds) { "yes" } else { "no" };
        let color = if size > 0.7 {
            "red"
        } else if size < -0.7 {
            "blue"
        } else {
            "green"
        };
        let price = 3.0 * size + dice.random_range(-0.5..0.5);
        let blank = row % 10 == 0;
        let shown = if blank { String::new() } else { format!("{size:.4}") };
        writeln!(csv, "r{row:05},{shown},{shop},secret word {row},{flag},{price:.4},{color}")
            .unwrap();
    }
    Frame::from_csv(csv.as_bytes()).unwrap()
}

fn options(target: &str) -> AutoOptions {
    AutoOptions {
        budget_s: 0.3,
        methods: vec![Method::Linear, Method::Boosted],
        ..AutoOptions::for_target(target)
    }
}

fn model(frame: &Frame, options: &AutoOptions) -> (Model, Manifest) {
    let trained = train(frame, options, &mut |_| true).unwrap();
    Model::from_bytes(&trained.to_bytes("m", "0ff1ce").unwrap()).unwrap()
}

/// Element names, ids of sections and all text of a page, which must be well-formed.
fn parsed(page: &str) -> (Vec<String>, Vec<String>, String) {
    let mut reader = Reader::from_str(page);
    let (mut elements, mut sections, mut words) = (Vec::new(), Vec::new(), String::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) => {
                let name = tag.name().as_ref().to_owned();
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap();
                    let value = attribute.value.to_string();
                    if name == "section" && attribute.key.as_ref() == "id" {
                        sections.push(value.clone());
                    }
                    assert!(!value.contains("NaN") && !value.contains("inf"), "{name}: {value}");
                }
                elements.push(name);
            }
            Event::Text(text) => words.push_str(&text),
            Event::GeneralRef(name) => write!(words, "&{};", &*name).unwrap(),
            Event::Eof => return (elements, sections, words),
            _ => {}
        }
    }
}

/// Sections of every task, in order; `-` marks the place of those that only some have.
const SECTIONS: &str = "summary warnings data columns split leaderboard curves calibration - importance dependence slices drift card reproduce";

#[track_caller]
fn check(frame: &Frame, target: &str, own: &str, n_plots_min: usize) {
    let (model, manifest) = model(frame, &options(target));
    let page = report::html(&model, &manifest);
    assert_eq!(page, report::html(&model, &manifest), "the same bytes twice");
    let (elements, sections, words) = parsed(&page);
    let expected = SECTIONS.replace("- ", own);
    assert_eq!(sections.join(" "), expected);
    assert!(!elements.contains(&"script".to_owned()) && !elements.contains(&"img".to_owned()));
    let n_plots = elements.iter().filter(|name| *name == "figure").count();
    assert!(n_plots >= n_plots_min, "{n_plots} plots");
    assert!(
        !page.contains("<script") && !page.contains("<b>broken") && !page.contains("alert('x')")
    );
    assert!(words.contains("&lt;script&gt;alert(&#39;x&#39;)"), "the name is shown as text");
    assert!(!page.contains("secret") && !page.contains("r00001"), "rows are not told");
    let outside = page.replace("http://www.w3.org/2000/svg", "").contains("http:");
    assert!(!outside && !page.contains("https:"), "nothing is fetched from outside");
    let facts: serde_json::Value = serde_json::from_str(&report::json(&model, &manifest)).unwrap();
    assert_eq!(facts["manifest"]["data_hash"], "0ff1ce");
    assert_eq!(facts["target"], target);
}

#[test]
fn every_task_has_a_whole_page_and_hostile_names_stay_text() {
    let frame = world(420);
    check(&frame, "flag", "thresholds confusion ", 10);
    check(&frame, "price", "", 6);
    check(&frame, "color", "confusion ", 6);
}

#[test]
fn profiles_count_what_is_there() {
    let frame = world(300);
    let (model, _) = model(&frame, &options("flag"));
    let found = &model.report.profile;
    assert_eq!((found.n_rows, found.columns.len()), (300, 7));
    let of = |name: &str| found.columns.iter().find(|column| column.column == name).unwrap();
    let size = of("size");
    assert_eq!((size.n_missing, size.measure, size.bars.len()), (30, Measure::Number, 20));
    assert_eq!(size.bars.iter().map(|bar| bar.count).sum::<u64>(), 270);
    let numbers: Vec<f64> = (0..300)
        .filter_map(|row| frame.column("size").unwrap().values.shown(row))
        .map(|text| text.parse().unwrap())
        .collect();
    let mut sorted = numbers;
    sorted.sort_by(f64::total_cmp);
    // Type 1 of Hyndman and Fan: the value at rank ⌈n · share⌉.
    let quartiles = [sorted[0], sorted[67], sorted[134], sorted[202], sorted[269]];
    assert_eq!(size.quartiles, Some(quartiles));
    let shop = of(HOSTILE);
    assert_eq!((shop.n_distinct, shop.bars.len(), shop.bars[0].count), (3, 3, 100));
    assert!(shop.bars.iter().all(|bar| bar.kind == BinKind::Level));
    assert_eq!((of("id").measure, of("id").n_distinct), (Measure::Hidden, 300));
    assert!(of("id").bars.is_empty() && of("id").quartiles.is_none());
    let (folds, held) = (&model.report.folds, model.report.split.n_held as u64);
    let by_class: u64 = folds.iter().flat_map(|fold| &fold.held_by_class).sum();
    assert_eq!((folds.len(), by_class), (model.report.split.n_folds, held));
}

#[test]
fn a_broken_shop_is_the_weakest_slice_and_figures_add_up() {
    let frame = world(900);
    let folds = SplitBy::Folds((0..900).map(|row| row / 3 % 4).collect());
    let (model, _) = model(&frame, &AutoOptions { split: folds, ..options("flag") });
    let slices = &model.report.slices;
    let worst = &slices.worst[0];
    assert_eq!((worst.column.as_str(), worst.bin.label.as_str()), (HOSTILE, "</td><b>broken</b>"));
    assert_eq!(worst.bin.count, 300);
    assert!(worst.error - worst.error_rest > 3.0 * worst.standard_error, "{worst:?}");
    // A third and two thirds of the rows make the whole, whose loss is told elsewhere, too.
    let whole = worst.error / 3.0 + worst.error_rest * 2.0 / 3.0;
    assert!((whole - slices.error).abs() < 1e-9, "{whole} {}", slices.error);
    let told = model.report.assessed.log_loss.unwrap();
    assert!((slices.error - told).abs() < 1e-9, "{told}");
    let size = model.report.dependence.iter().find(|one| one.column == "size").unwrap();
    let rows: u64 = size.bins.iter().map(|bin| bin.bin.count).sum();
    assert_eq!(rows, 600, "the sample of importance");
    let (first, last) = (&size.bins[0], &size.bins[size.bins.len() - 2]);
    assert!(first.contributions[0] < -0.5 && last.contributions[0] > 0.5, "{size:?}");
}

#[test]
fn drift_is_seen_where_a_column_moves_and_its_index_is_the_formula() {
    let mut csv = "at,x,steady,y\n".to_owned();
    let mut dice = ChaCha8Rng::seed_from_u64(5);
    for row in 0..400 {
        let level =
            if row < 200 { ["a", "a", "a", "b"][row % 4] } else { ["a", "b", "b", "b"][row % 4] };
        let y = u8::from(dice.random_bool(if level == "a" { 0.3 } else { 0.6 }));
        writeln!(csv, "{row},{level},{},{y}", ["u", "v"][row % 2]).unwrap();
    }
    let frame = Frame::from_csv(csv.as_bytes()).unwrap();
    let options = AutoOptions { split: SplitBy::Random, ..options("y") };
    let (model, _) = model(&frame, &options);
    assert_eq!(model.task(), Task::Binary);
    let drift = &model.report.drift;
    assert_eq!((drift.n_before, drift.n_after), (200, 200));
    let of = |name: &str| drift.columns.iter().find(|column| column.column == name).unwrap();
    // 150 and 50 of 200 become 50 and 150; half a row is added to each of the two bins.
    let (much, little) = (150.5_f64 / 201.0, 50.5 / 201.0);
    let index = 2.0 * (much - little) * (much / little).ln();
    assert!((of("x").stability_index - index).abs() < 1e-12, "{:?}", of("x"));
    assert!((of("x").by_chance - 0.01).abs() < 1e-12);
    assert!(of("steady").stability_index.abs() < 1e-12);
}
