//! Training, scoring and explaining as a whole: `cargo bench -p tracehound-learn --bench automl [-- ROWS SECONDS]`; rows come from a
//! fixed seed. `-- wide ROWS COLUMNS SECONDS` makes a table of numbers, `-- trees` scores one alone. `-- TABLE.csv TARGET SECONDS [TEST.csv]` takes a table of your own, and judges the model by another. One learner after the other, so that what each costs
//! stands beside its price.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a bench prints, reads clock and files"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tracehound_learn::automl::{Assessed, AutoOptions, Method, Model, train};
use tracehound_learn::roles::Targets;
use tracehound_learn::{Column, Frame, Values};

/// CPU seconds of all threads of this process so far, those that ended included.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    // User and system time in ticks of a hundredth of a second.
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// Two amounts, counts, flags, small and large categories, and dates of a loan; `bad` follows some of them.
fn table(n_rows: usize) -> String {
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    let mut csv = "income,amount,months,late,age,home,purpose,branch,opened,due,bad\n".to_owned();
    for row in 0..n_rows {
        let income = (dice.random_range(0.0_f64..1.0) * 3.0).exp() * 1000.0;
        let amount = (dice.random_range(0.0_f64..1.0) * 2.5).exp() * 500.0;
        let (months, late) =
            (dice.random_range(6..60), dice.random_range(0..4) * dice.random_range(0..3));
        let (age, home) =
            (dice.random_range(18..80), ["rent", "own", "family"][dice.random_range(0..3)]);
        let purpose = ["car", "house", "study", "travel", "debt", "other"][dice.random_range(0..6)];
        let branch = dice.random_range(0..60);
        let margin = 0.8 * (amount / income).ln() + 0.5 * f64::from(late) - 0.01 * f64::from(age)
            + if home == "rent" { 0.5 } else { 0.0 }
            + 0.3 * f64::from(branch % 5)
            - 1.0;
        let bad = u8::from(dice.random_bool(1.0 / (1.0 + (-margin).exp())));
        writeln!(
            csv,
            "{income:.2},{amount:.2},{months},{late},{age},{home},{purpose},B{branch},2023-{:02}-{:02},2025-{:02}-11,{bad}",
            1 + row * 7 % 12, 1 + row * 11 % 28, 1 + months % 12,
        )
        .unwrap();
    }
    csv
}

fn trained(frame: &Frame, options: &AutoOptions) -> Model {
    let (began, cpu) = (Instant::now(), cpu_s());
    let mut last: (String, f64, f64) = (String::new(), cpu, 0.0);
    let model = train(frame, options, &mut |progress| {
        if !last.0.is_empty() {
            println!("  {:<64} price {:>6.2}  CPU {:>6.2}", last.0, last.2, cpu_s() - last.1);
        }
        last = (progress.step.clone(), cpu_s(), progress.price_s);
        true
    });
    println!("  {:<64} price {:>6.2}  CPU {:>6.2}", last.0, last.2, cpu_s() - last.1);
    println!("trained: wall {:.1} s, CPU {:.1} s", began.elapsed().as_secs_f64(), cpu_s() - cpu);
    model.unwrap()
}

/// Asks of each row; the best of so many is told, too: what a row costs where nothing else runs.
const ASKS: usize = 9;

/// The middle and the slowest of a hundred, in microseconds.
fn percentiles(mut seconds: Vec<f64>) -> (f64, f64) {
    seconds.sort_by(f64::total_cmp);
    (seconds[seconds.len() / 2] * 1e6, seconds[seconds.len() * 99 / 100] * 1e6)
}

fn answers(frame: &Frame, model: &Model) {
    let n_rows = frame.n_rows();
    let ask = |what: &str, run: &dyn Fn(&Frame)| {
        let one = |at: usize| {
            let row = frame.take(&[u32::try_from(at * 7 % n_rows).unwrap()]);
            let began = Instant::now();
            run(&row);
            began.elapsed().as_secs_f64()
        };
        (0..50).for_each(|at| assert!(one(at) >= 0.0));
        let (p50, p99) = percentiles((0..1000).map(one).collect());
        let best = |at: usize| (0..ASKS).map(|_| one(at)).fold(f64::INFINITY, f64::min);
        let (quiet50, quiet99) = percentiles((0..300).map(best).collect());
        println!(
            "one row, {what:<28} p50 {p50:>6.0} us   p99 {p99:>6.0} us   best of {ASKS}: p50 {quiet50:>6.0} us   p99 {quiet99:>6.0} us"
        );
    };
    ask("predicted", &|row| drop(black_box(model.predict(row).unwrap())));
    ask("predicted and explained", &|row| {
        black_box(model.predict(row).unwrap());
        black_box(model.reasons(row, 3).unwrap());
    });
    let (began, cpu) = (Instant::now(), cpu_s());
    let mut n_done = 0;
    while began.elapsed().as_secs_f64() < 1.0 {
        black_box(model.predict(frame).unwrap());
        n_done += n_rows;
    }
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_s() - cpu);
    println!(
        "many rows: {:.0} a second, {:.0} a CPU second",
        n_done as f64 / wall,
        n_done as f64 / cpu
    );
}

/// Columns of numbers, as they come from Arrow and not from text; the last, `y`, follows the first three.
fn numbers(n_rows: usize, n_columns: usize) -> Frame {
    let mut dice = ChaCha8Rng::seed_from_u64(5);
    let mut column = || (0..n_rows).map(|_| dice.random_range(-1.0..1.0)).collect();
    let columns: Vec<Vec<f64>> = (0..n_columns).map(|_| column()).collect();
    let target = |row: usize| {
        let margin = 2.0 * columns[0][row] * columns[1][row] + columns[2][row] - 0.5;
        dice.random_bool(1.0 / (1.0 + (-4.0 * margin).exp()))
    };
    let targets: Vec<Option<bool>> = (0..n_rows).map(target).map(Some).collect();
    let named = |(at, values): (usize, &Vec<f64>)| Column {
        name: format!("x{at}"),
        values: Values::Numbers(values.clone()),
    };
    let mut all: Vec<Column> = columns.iter().enumerate().map(named).collect();
    all.push(Column { name: "y".to_owned(), values: Values::Booleans(targets) });
    Frame::new(all).unwrap()
}

/// Whether a wide table stays within its budget.
fn wide(n_rows: usize, n_columns: usize, budget_s: f64) {
    let frame = numbers(n_rows, n_columns);
    let options = AutoOptions { budget_s, ..AutoOptions::for_target("y") };
    let model = trained(&frame, &options);
    println!("{:?}\n{:?}", model.parts(), model.report.assessed.figures());
    let memory = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", memory.lines().find(|line| line.starts_with("VmHWM")).unwrap());
}

/// The trees of a common model, from columns to probabilities.
fn trees_alone(n_trees: u32) {
    let n_rows = 100_000;
    let frame = numbers(n_rows, 20);
    let few: Vec<u32> = (0..8000).collect();
    let options = AutoOptions {
        methods: vec![Method::Boosted],
        budget_s: 1.5,
        ..AutoOptions::for_target("y")
    };
    let model = train(&frame.take(&few), &options, &mut |_| true).unwrap();
    let n_own = model.n_trees();
    let (mut wall, mut cpu) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..5 {
        let (began, before) = (Instant::now(), cpu_s());
        for _ in 0..3 {
            black_box(model.predict(&frame).unwrap());
        }
        wall = wall.min(began.elapsed().as_secs_f64() / 3.0);
        cpu = cpu.min((cpu_s() - before) / 3.0);
    }
    let scale = n_own as f64 / f64::from(n_trees);
    println!(
        "20 numbers, {n_own} trees, table to probability: {:.0} rows a second, {:.0} a CPU second; for {n_trees} trees in proportion {:.0} a CPU second",
        n_rows as f64 / wall,
        n_rows as f64 / cpu,
        scale * n_rows as f64 / cpu
    );
}

/// One line of JSON: how good the model is on a table that it was not trained on.
fn judged(model: &Model, test: &Frame, target: &str, cpu: f64) {
    let targets = Targets::read(test, target, Some(model.task())).unwrap();
    assert_eq!(targets.classes, model.classes(), "the test table lacks a class");
    let predicted = model.predict(test).unwrap().values;
    let weights = vec![1.0; targets.values.len()];
    let figures = Assessed::of(model.task(), &predicted, &targets.values, &weights).figures();
    let figures: Vec<String> =
        figures.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
    let parts: Vec<String> =
        model.parts().iter().map(|(name, weight)| format!("{name}:{weight:.2}")).collect();
    println!("{{{}, \"cpu\": {cpu:.2}, \"parts\": {:?}}}", figures.join(", "), parts.join(" "));
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [mode, n_rows, n_columns, seconds] = arguments.as_slice()
        && mode == "wide"
    {
        let number = |text: &String| text.parse().unwrap();
        return wide(number(n_rows), number(n_columns), seconds.parse().unwrap());
    }
    if let [mode] = arguments.as_slice()
        && mode == "trees"
    {
        return trees_alone(200);
    }
    let (text, options) = match arguments.as_slice() {
        [file, target, seconds, ..] => {
            let options = AutoOptions {
                budget_s: seconds.parse().unwrap(),
                ..AutoOptions::for_target(target)
            };
            (std::fs::read(file).unwrap(), options)
        }
        _ => {
            let number = |at: usize, usual: f64| {
                arguments.get(at).map_or(usual, |text| text.parse().unwrap())
            };
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a count of rows"
            )]
            let n_rows = number(0, 4000.0) as usize;
            let options =
                AutoOptions { budget_s: number(1, 20.0), ..AutoOptions::for_target("bad") };
            (table(n_rows).into_bytes(), options)
        }
    };
    let frame = Frame::from_csv(&text).unwrap();
    let before = cpu_s();
    let model = trained(&frame, &options);
    if let [_, target, _, test] = arguments.as_slice() {
        let test = Frame::from_csv(&std::fs::read(test).unwrap()).unwrap();
        return judged(&model, &test, target, cpu_s() - before);
    }
    let assessed = &model.report.assessed;
    println!("{:?}\n{:?}", model.parts(), assessed.figures());
    answers(&frame, &model);
    let network = AutoOptions { methods: vec![Method::Network], ..options };
    let network = trained(&frame, &network);
    println!("a network alone: {:?}", network.parts());
    answers(&frame, &network);
    trees_alone(200);
}
