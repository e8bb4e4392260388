//! From a table to a model: planted worlds, explanations that add up, files that read back, bad input.

use std::fmt::Write as _;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tracehound_learn::automl::{AutoOptions, Method, Model, SplitBy, train};
use tracehound_learn::{Frame, LearnError, Task};

/// Rows of a world whose odds are known: `2·size − 1 + 1.5·(plan = monthly)`, and columns that say nothing.
pub(crate) fn world(n_rows: usize, seed: u64) -> String {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut csv = "id,size,plan,noise,left\n".to_owned();
    for row in 0..n_rows {
        let size: f64 = dice.random_range(-2.0..2.0);
        let plan = ["monthly", "yearly", "free"][dice.random_range(0..3)];
        let margin = 2.0 * size - 1.0 + if plan == "monthly" { 1.5 } else { 0.0 };
        let left = dice.random_bool(1.0 / (1.0 + (-margin).exp()));
        let noise: f64 = dice.random_range(0.0..1.0);
        let blank = dice.random_bool(0.05);
        let size = if blank { String::new() } else { format!("{size:.4}") };
        writeln!(csv, "c{row:05},{size},{plan},{noise:.4},{}", if left { "yes" } else { "no" })
            .unwrap();
    }
    csv
}

pub(crate) fn frame(text: &str) -> Frame {
    Frame::from_csv(text.as_bytes()).unwrap()
}

pub(crate) fn small(target: &str) -> AutoOptions {
    AutoOptions { budget_s: 2.0, ..AutoOptions::for_target(target) }
}

fn trained(frame: &Frame, options: &AutoOptions) -> Model {
    train(frame, options, &mut |_| true).unwrap()
}

#[test]
fn a_planted_world_is_learned_and_every_prediction_is_explained() {
    let (seen, new) = (frame(&world(600, 1)), frame(&world(300, 2)));
    let model = trained(&seen, &small("left"));
    assert_eq!(model.task(), Task::Binary);
    assert_eq!(model.classes(), ["no", "yes"]);
    // The best predictor of this world has an area of 0.87 to 0.90.
    let auc = model.report.assessed.auc.unwrap();
    assert!((0.84..0.92).contains(&auc), "{auc}");
    let columns: Vec<&str> =
        model.report.importance.iter().map(|row| row.column.as_str()).collect();
    assert_eq!(columns[..2], ["size", "plan"], "{:?}", model.report.importance);
    assert!(!columns.contains(&"id"), "a name of the row is no feature");
    let explanation = model.explain(&new).unwrap();
    for row in 0..new.n_rows() {
        let sum = explanation.contributions.margin(row, 0);
        assert!((sum - explanation.margins[row]).abs() < 1e-6, "row {row}");
    }
    let reasons = model.reasons(&new, 2).unwrap();
    assert!(reasons[0][0].words.contains("which"), "{:?}", reasons[0]);
    let prediction = model.predict(&new).unwrap();
    assert!(prediction.values.iter().all(|p| (0.0..=1.0).contains(p)));
    // One row at a time is the same as all at once.
    for row in [0_u32, 7, 299] {
        let one = model.predict(&new.take(&[row])).unwrap();
        assert_eq!(one.values[0].to_bits(), prediction.values[row as usize].to_bits());
    }
}

#[test]
fn the_same_seed_gives_the_same_file_on_any_number_of_threads_and_it_reads_back() {
    let seen = frame(&world(300, 3));
    let bytes = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let options = AutoOptions { seed, budget_s: 0.5, ..small("left") };
        pool.install(|| trained(&seen, &options).to_bytes("w", "0").unwrap())
    };
    let one = bytes(1, 5);
    assert_eq!(one, bytes(3, 5));
    let (model, manifest) = Model::from_bytes(&one).unwrap();
    assert_eq!((manifest.name.as_str(), manifest.seed), ("w", 5));
    assert_eq!(model.to_bytes("w", "0").unwrap(), one, "written again");
    let again = trained(&seen, &AutoOptions { seed: 5, budget_s: 0.5, ..small("left") });
    assert_eq!(model.predict(&seen).unwrap(), again.predict(&seen).unwrap());
    for at in [one.len() / 3, one.len() / 2] {
        let mut damaged = one.clone();
        damaged[at] ^= 0x40;
        assert!(
            matches!(Model::from_bytes(&damaged), Err(LearnError::Package { .. })),
            "byte {at}"
        );
    }
    assert!(matches!(Model::from_bytes(b"no model"), Err(LearnError::Package { .. })));
    assert!(model.to_bytes("a/b", "0").is_err(), "a name with a slash");
}

#[test]
fn numbers_and_several_classes_are_learned() {
    let mut dice = ChaCha8Rng::seed_from_u64(9);
    let mut csv = "x,y,price,color\n".to_owned();
    for _ in 0..240 {
        let (x, y): (f64, f64) = (dice.random_range(0.0..1.0), dice.random_range(0.0..1.0));
        let price = 10.0 + 5.0 * x - 3.0 * y + dice.random_range(-0.2..0.2);
        let color = if x + 0.1 * y > 0.7 {
            "red"
        } else if y > 0.5 {
            "green"
        } else {
            "blue"
        };
        writeln!(csv, "{x:.4},{y:.4},{price:.4},{color}").unwrap();
    }
    let table = frame(&csv);
    let price = trained(&table, &AutoOptions { budget_s: 0.5, ..small("price") });
    assert_eq!(price.task(), Task::Regression);
    assert!(price.report.assessed.r2.unwrap() > 0.95, "{:?}", price.report.assessed);
    let few = AutoOptions {
        methods: vec![Method::Linear, Method::Boosted],
        budget_s: 0.5,
        ..small("color")
    };
    let color = trained(&table, &few);
    assert_eq!(color.task(), Task::Multiclass { n_classes: 3 });
    assert!(color.report.assessed.accuracy.unwrap() > 0.9, "{:?}", color.report.assessed);
    let prediction = color.predict(&table).unwrap();
    assert_eq!(prediction.labels().len(), 240);
    for row in prediction.values.chunks(3) {
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
    let explanation = color.explain(&table.take(&[1])).unwrap();
    for output in 0..3 {
        let sum = explanation.contributions.margin(0, output);
        assert!((sum - explanation.margins[output]).abs() < 1e-6);
    }
}

#[test]
fn rows_are_held_out_as_asked() {
    let mut csv = "at,shop,x,y\n".to_owned();
    let mut dice = ChaCha8Rng::seed_from_u64(4);
    for row in 0..200 {
        let x: f64 = dice.random_range(0.0..1.0);
        let y = u8::from(dice.random_bool(0.2 + 0.6 * x));
        writeln!(csv, "2024-01-{:02} {:02}:00,s{},{x:.3},{y}", 1 + row / 8, row % 8, row % 20)
            .unwrap();
    }
    let table = frame(&csv);
    let check = |split: SplitBy, part: &str| {
        let options = AutoOptions { split, methods: vec![Method::Linear], ..small("y") };
        let sentence = trained(&table, &options).report.split.sentence;
        assert!(sentence.contains(part), "{sentence}");
    };
    check(SplitBy::Auto, "forward in time by at");
    check(SplitBy::Random, "at random");
    check(SplitBy::Stratified, "stratified");
    check(SplitBy::Group("shop".to_owned()), "whole groups of shop");
    check(SplitBy::Folds((0..200).map(|row| row % 3).collect()), "as given: 3 folds");
}

#[test]
fn what_cannot_be_learned_is_refused_with_its_place() {
    let check = |csv: &str, options: &AutoOptions, part: &str| {
        let error = Frame::from_csv(csv.as_bytes())
            .and_then(|frame| train(&frame, options, &mut |_| true).map(drop))
            .unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        assert!(error.hint().is_some());
    };
    let base = small("y");
    check("x,y\n", &base, "no row");
    check("x,z\n1,2\n", &base, "\"y\"");
    check("x,y\n1,a\n2,a\n3,a\n", &base, "one value in every row");
    check("x,y\n1,a\n2,\n3,b\n", &base, "row 2");
    check("x,x,y\n1,2,a\n", &base, "\"x\"");
    check(&format!("c,y\n{}", "1,a\n1,b\n".repeat(10)), &base, "feature that varies");
    check("x,y\n1,a\n2,b\n", &AutoOptions { budget_s: 0.0, ..base.clone() }, "budget");
    check(
        "x,y\n1,a\n2,b\n3,a\n4,b\n",
        &AutoOptions { weight: Some("w".into()), ..base.clone() },
        "\"w\"",
    );
    let model = trained(&frame(&world(200, 6)), &AutoOptions { budget_s: 0.2, ..small("left") });
    let missing = model.predict(&frame("plan,noise\nfree,1\n")).unwrap_err();
    assert!(missing.to_string().contains("size"), "{missing}");
    let stopped = train(&frame(&world(200, 6)), &small("left"), &mut |_| false).unwrap_err();
    assert!(matches!(stopped, LearnError::NothingFitted { .. }), "{stopped}");
}

/// The time from one date to the other is made of both; a column may be named as the two are written together.
#[test]
fn what_contributes_is_told_apart_by_columns_and_not_by_their_names() {
    let mut dice = ChaCha8Rng::seed_from_u64(8);
    let mut csv = "start,end,start and end,late\n".to_owned();
    for _ in 0..200 {
        let (days, noise): (u32, f64) = (dice.random_range(1..20), dice.random_range(0.0..1.0));
        let late = dice.random_bool(if days > 10 { 0.9 } else { 0.1 });
        let month = dice.random_range(1..13);
        writeln!(
            csv,
            "2023-{month:02}-03,2023-{month:02}-{:02},{noise:.4},{}",
            3 + days,
            u8::from(late)
        )
        .unwrap();
    }
    let table = frame(&csv);
    let options = AutoOptions {
        methods: vec![Method::Boosted],
        split: SplitBy::Random,
        budget_s: 0.5,
        ..small("late")
    };
    let explanation = trained(&table, &options).explain(&table.take(&[0, 1])).unwrap();
    let own = |names: &[&str]| {
        let sources = explanation.sources.iter();
        sources.filter(|source| source.iter().map(String::as_str).eq(names.iter().copied())).count()
    };
    assert_eq!((own(&["start", "end"]), own(&["start and end"])), (1, 1), "{explanation:?}");
}

/// Each column costs the margins of all rows of the sample, so of a wide table those that count are shuffled.
#[test]
fn of_many_columns_those_that_count_are_shuffled() {
    const N_COLUMNS: usize = 260;
    let mut dice = ChaCha8Rng::seed_from_u64(10);
    let names: Vec<String> = (0..N_COLUMNS).map(|at| format!("c{at}")).collect();
    let mut csv = format!("{},y\n", names.join(","));
    for _ in 0..120 {
        let row: Vec<f64> = (0..N_COLUMNS).map(|_| dice.random_range(-1.0..1.0)).collect();
        let cells: Vec<String> = row.iter().map(|value| format!("{value:.4}")).collect();
        writeln!(csv, "{},{}", cells.join(","), u8::from(row[0] + 0.3 * row[1] > 0.0)).unwrap();
    }
    let options = AutoOptions { methods: vec![Method::Network], budget_s: 0.3, ..small("y") };
    let found = trained(&frame(&csv), &options).report.importance;
    let (told, untold): (Vec<_>, Vec<_>) =
        found.iter().partition(|row| row.shuffled_loss.is_some());
    assert_eq!((told.len(), untold.len()), (200, N_COLUMNS - 200), "a network uses every column");
    assert!(untold.iter().all(|row| row.contribution <= told[199].contribution));
    assert!(told[0].column == "c0" && told[0].shuffled_loss > Some(0.0), "{:?}", told[0]);
}

/// Columns that say nothing leave a constant, not an error.
#[test]
fn where_nothing_can_be_learned_the_mean_is_predicted() {
    let mut dice = ChaCha8Rng::seed_from_u64(9);
    let mut csv = "a,b,y\n".to_owned();
    for _ in 0..60 {
        let (a, b, y): (f64, f64, f64) = (dice.random(), dice.random(), dice.random());
        writeln!(csv, "{a:.6},{b:.6},{y:.6}").unwrap();
    }
    for methods in [vec![Method::Linear], Vec::new()] {
        let seen = frame(&csv);
        let model = trained(&seen, &AutoOptions { methods, budget_s: 0.2, ..small("y") });
        let found = model.predict(&seen).unwrap().values;
        assert!(found.iter().all(|value| (0.1..0.9).contains(value)), "{found:?}");
        assert!(!model.parts().is_empty());
    }
}
