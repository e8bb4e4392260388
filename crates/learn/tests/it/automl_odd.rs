//! Tables that are odd: tiny, lopsided, with holes in the target, copies, codes as numbers; and what a caller may ask of them.

use std::fmt::Write as _;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tracehound_learn::automl::{AutoOptions, Imbalance, Method, Model, SplitBy, train};
use tracehound_learn::trees::Monotone;
use tracehound_learn::{Frame, Kind, LearnError, Task};

fn frame(text: &str) -> Frame {
    Frame::from_csv(text.as_bytes()).unwrap()
}

fn quick(target: &str) -> AutoOptions {
    AutoOptions {
        budget_s: 0.3,
        methods: vec![Method::Linear, Method::Boosted],
        ..AutoOptions::for_target(target)
    }
}

fn trained(csv: &str, options: &AutoOptions) -> Model {
    train(&frame(csv), options, &mut |_| true).unwrap()
}

fn refused(csv: &str, options: &AutoOptions) -> LearnError {
    train(&frame(csv), options, &mut |_| true).unwrap_err()
}

/// Rows `x,z,y` with `y` 1 in about a share of them, more often where `x` is large.
fn lopsided(n_rows: usize, n_true: usize) -> String {
    let mut dice = ChaCha8Rng::seed_from_u64(3);
    let mut csv = "x,z,y\n".to_owned();
    for row in 0..n_rows {
        let is_true = row * n_true / n_rows != (row + 1) * n_true / n_rows;
        let x = dice.random_range(0.0..1.0) + if is_true { 0.4 } else { 0.0 };
        writeln!(csv, "{x:.3},{:.3},{}", dice.random_range(0.0..1.0), u8::from(is_true)).unwrap();
    }
    csv
}

#[test]
fn a_handful_of_rows_makes_a_model_that_says_so() {
    let check = |n_rows: usize, n_true: usize| {
        for methods in [
            vec![Method::Linear],
            vec![Method::Boosted],
            vec![Method::Network],
            vec![Method::Forest],
        ] {
            let options = AutoOptions { methods, ..quick("y") };
            let model = trained(&lopsided(n_rows, n_true), &options);
            assert!(model.report.warnings.iter().any(|w| w.contains("little more than chance")));
            let held = model.report.split.n_held;
            assert!(held <= n_rows && held >= 4, "{held} of {n_rows}");
        }
    };
    check(4, 2);
    check(7, 3);
    check(12, 2);
    check(40, 3);
    let alone = refused(&lopsided(9, 1), &quick("y"));
    assert_eq!(alone.to_string(), "rows of the rarer class: 2 asked for, 1 possible");
    let three = refused("x,y\n1,2.5\n2,3.5\n3,1.25\n", &quick("y"));
    assert_eq!(three.to_string(), "rows: 4 asked for, 3 possible");
    let numbers = trained("x,y\n1,2.5\n2,3.5\n3,1.25\n4,1.5\n5,8.5\n6,7.25\n", &quick("y"));
    assert_eq!(numbers.task(), Task::Regression);
}

#[test]
fn many_classes_of_few_rows_are_learned_and_the_lonely_ones_never_judged() {
    let mut csv = "x,noise,y\n".to_owned();
    let mut dice = ChaCha8Rng::seed_from_u64(5);
    for class in 0..13 {
        let n_rows = match class {
            11 => 1,
            12 => 2,
            _ => 20,
        };
        for _ in 0..n_rows {
            let x = f64::from(class) + dice.random_range(-0.4..0.4);
            writeln!(csv, "{x:.3},{:.3},c{class}", dice.random_range(0.0..1.0)).unwrap();
        }
    }
    let options = AutoOptions { budget_s: 2.0, ..quick("y") };
    let model = trained(&csv, &options);
    assert_eq!(model.task(), Task::Multiclass { n_classes: 13 });
    assert!(
        model.report.split.sentence.contains("1 classes of one row"),
        "{}",
        model.report.split.sentence
    );
    assert_eq!(model.report.split.n_held, 222);
    assert!(model.report.assessed.accuracy.unwrap() > 0.9, "{:?}", model.report.assessed);
    let table = frame(&csv);
    let explained = model.explain(&table.take(&[0, 100])).unwrap();
    for output in 0..13 {
        let sum = explained.contributions.margin(1, output);
        assert!((sum - explained.margins[13 + output]).abs() < 1e-6);
    }
}

#[test]
fn several_classes_can_be_asked_for_without_counting_them() {
    let mut csv = "x,y\n".to_owned();
    (0..120).for_each(|row| writeln!(csv, "{},{}", row % 40, 100 * (row * row / 7 % 4)).unwrap());
    assert_eq!(trained(&csv, &quick("y")).task(), Task::Regression);
    let classes = AutoOptions { task: Some(Task::Multiclass { n_classes: 0 }), ..quick("y") };
    assert_eq!(trained(&csv, &classes).task(), Task::Multiclass { n_classes: 4 });
    let two = refused(&lopsided(30, 10), &classes);
    assert!(two.to_string().contains("2 distinct values, expected 3 to 100 classes"), "{two}");
}

#[test]
fn rows_without_a_target_are_an_error_or_counted() {
    let whole = lopsided(60, 25);
    let mut holes = String::new();
    for (at, line) in whole.lines().enumerate() {
        let blank = [5, 17, 40].contains(&at);
        let line =
            if blank { line.rsplit_once(',').unwrap().0.to_owned() + "," } else { line.to_owned() };
        writeln!(holes, "{line}").unwrap();
    }
    let error = refused(&holes, &quick("y"));
    assert!(matches!(error, LearnError::MissingTarget { row: 4, n_rows: 3, .. }), "{error}");
    assert!(error.hint().unwrap().contains("--drop-missing-target"));
    let drop = AutoOptions { drop_missing_target: true, ..quick("y") };
    let model = trained(&holes, &drop);
    assert_eq!((model.report.split.n_rows, model.report.split.n_without_target), (57, 3));
    let folds = SplitBy::Folds((0..60).map(|row| row % 4).collect());
    let given = trained(&holes, &AutoOptions { split: folds, ..drop.clone() });
    assert_eq!((given.report.split.n_folds, given.report.split.n_held), (4, 57));
    let words = "x,y\n1,2.5\n2,NA\n3,1.25\n4,8\n5,9\n6,3\n7,?\n";
    assert!(matches!(refused(words, &quick("y")), LearnError::MissingTarget { n_rows: 2, .. }));
    assert_eq!(trained(words, &drop).report.split.n_rows, 5);
}

#[test]
fn folds_of_one_outcome_are_left_out_and_said() {
    let mut csv = "step,x,y\n".to_owned();
    for row in 0..90 {
        let y = u8::from(row >= 30 && row % 7 == 0);
        writeln!(csv, "{row},{},{y}", row * 13 % 31).unwrap();
    }
    let time = AutoOptions { split: SplitBy::Time("step".to_owned()), ..quick("y") };
    let sentence = trained(&csv, &time).report.split.sentence;
    assert!(sentence.contains("left out, with one outcome only"), "{sentence}");
    let one = SplitBy::Folds((0..90).map(|row| u32::from(row >= 30)).collect());
    let error = refused(&csv, &AutoOptions { split: one, ..quick("y") });
    assert!(error.to_string().contains("more than one outcome"), "{error}");
}

#[test]
fn other_weights_of_classes_leave_probabilities_those_of_the_table() {
    let csv = lopsided(400, 40);
    let mean = |imbalance: Imbalance| {
        let options = AutoOptions { imbalance, methods: vec![Method::Linear], ..quick("y") };
        let model = trained(&csv, &options);
        let table = frame(&csv);
        let explained = model.explain(&table).unwrap();
        let sum = explained.contributions.margin(3, 0);
        assert!((sum - explained.margins[3]).abs() < 1e-9, "{sum}");
        let values = model.predict(&table).unwrap().values;
        values.iter().sum::<f64>() / values.len() as f64
    };
    for imbalance in [Imbalance::AsIs, Imbalance::Balanced, Imbalance::PositiveWeight(5.0)] {
        let share = mean(imbalance);
        assert!((0.08..0.12).contains(&share), "{imbalance:?}: {share}");
    }
    let numbers =
        AutoOptions { imbalance: Imbalance::Balanced, task: Some(Task::Regression), ..quick("y") };
    assert!(refused(&csv, &numbers).to_string().contains("numbers have no balance"));
}

#[test]
fn a_constraint_holds_for_the_whole_model() {
    let mut dice = ChaCha8Rng::seed_from_u64(11);
    let mut csv = "x,kind,y\n".to_owned();
    for _ in 0..300 {
        let (x, kind) = (dice.random_range(0.0..1.0_f64), ["a", "b"][dice.random_range(0..2)]);
        // It rises on the whole, with waves that trees would follow.
        let margin = 3.0 * x + (20.0 * x).sin() - 1.5 + if kind == "a" { 1.0 } else { 0.0 };
        let y = u8::from(dice.random_bool(1.0 / (1.0 + (-margin).exp())));
        writeln!(csv, "{x:.4},{kind},{y}").unwrap();
    }
    let bound = [("x".to_owned(), Monotone::Rising)].into();
    let options = AutoOptions { monotone: bound, methods: Vec::new(), budget_s: 1.0, ..quick("y") };
    let model = trained(&csv, &options);
    let asked: String = (0..200).map(|at| format!("{:.4},a\n", f64::from(at) / 200.0)).collect();
    let values = model.predict(&frame(&format!("x,kind\n{asked}"))).unwrap().values;
    assert!(values.windows(2).all(|pair| pair[0] <= pair[1]), "{values:?}");
    assert!(values[199] > values[0] + 0.2);
    let check = |column: &str, methods: Vec<Method>| {
        let bound = [(column.to_owned(), Monotone::Falling)].into();
        refused(&csv, &AutoOptions { monotone: bound, methods, ..quick("y") })
    };
    assert!(check("kind", Vec::new()).to_string().contains("monotone"));
    assert!(check("x", vec![Method::Linear]).to_string().contains("boosted"));
}

#[test]
fn what_a_model_may_have_known_is_looked_for_and_told() {
    let mut dice = ChaCha8Rng::seed_from_u64(12);
    let mut csv = "at,a,b,c,d,closed,y\n".to_owned();
    let mut lines = Vec::new();
    for row in 0..160 {
        let y = u8::from(dice.random_bool(0.4));
        let numbers: Vec<String> =
            (0..4).map(|_| format!("{:.3}", dice.random_range(0.0..1.0))).collect();
        let day = 1 + row % 28;
        lines.push(format!(
            "2024-{:02}-{day:02},{},2024-{:02}-{day:02},{y}",
            1 + row / 28,
            numbers.join(","),
            2 + row / 28
        ));
    }
    lines.sort();
    for line in &lines {
        writeln!(csv, "{line}").unwrap();
    }
    let found = |csv: &str, options: &AutoOptions, name: &str| {
        let report = trained(csv, options).report;
        let check = report.checks.iter().find(|check| check.name == name).unwrap().clone();
        assert_eq!(check.found, report.warnings.iter().any(|warning| warning.starts_with(name)));
        (check.found, check.words)
    };
    let time = AutoOptions { split: SplitBy::Time("at".to_owned()), ..quick("y") };
    let later = found(&csv, &time, "dates of the future");
    assert!(
        later.0 && later.1.contains("closed is after the row's own clock in 160 rows"),
        "{}",
        later.1
    );
    // A clock of steps is compared with no date.
    let steps = (1..).map(|step| format!("{step}")).zip(csv.lines().skip(1));
    let header = format!("step,{}\n", csv.lines().next().unwrap());
    let stepped =
        header + &steps.map(|(step, line)| format!("{step},{line}\n")).collect::<String>();
    let by_step = AutoOptions { split: SplitBy::Time("step".to_owned()), ..quick("y") };
    let (is_found, words) = found(&stepped, &by_step, "dates of the future");
    assert!(!is_found && words.starts_with("not looked for"), "{words}");
    let random = AutoOptions { split: SplitBy::Random, ..quick("y") };
    assert!(!found(&csv, &random, "dates of the future").0);
    let known = AutoOptions { as_of_us: Some(1_717_000_000_000_000), ..random.clone() };
    assert!(found(&csv, &known, "dates of the future").1.contains("later than the table can know"));
    assert!(!found(&csv, &random, "rows on both sides of the split").0);
    let copied = csv.clone() + &lines[..80].join("\n") + "\n";
    let (is_found, words) = found(&copied, &random, "rows on both sides of the split");
    assert!(!is_found && words.contains("160 rows of the table equal another"), "{words}");
    let given = SplitBy::Folds((0..240).map(|row| row / 60).collect());
    let given = AutoOptions { split: given, ..random };
    assert!(found(&copied, &given, "rows on both sides of the split").0);
}

#[test]
fn codes_that_are_numbers_are_categories_and_rounded_amounts_are_not() {
    let mut dice = ChaCha8Rng::seed_from_u64(13);
    // Fifty-one states of very different sizes, in no order; ages that people round to fives; days of a month.
    let sizes: Vec<f64> = (0..51).map(|_| dice.random_range(0.3..2.0_f64)).collect();
    let total: f64 = sizes.iter().sum();
    let mut csv = "state,age,day,y\n".to_owned();
    for _ in 0..5000 {
        let mut at = dice.random_range(0.0..total);
        let state = sizes
            .iter()
            .position(|size| {
                at -= size;
                at < 0.0
            })
            .unwrap_or(50);
        let normal: f64 = (0..6).map(|_| dice.random_range(-1.0..1.0)).sum();
        let age = (40.0 + 10.0 * normal).round();
        let age = if dice.random_bool(0.3) { (age / 5.0).round() * 5.0 } else { age };
        writeln!(
            csv,
            "{state},{age},{},{}",
            dice.random_range(1..32),
            u8::from(dice.random_bool(0.3))
        )
        .unwrap();
    }
    let table = frame(&csv);
    let roles = tracehound_learn::deduce(&table, None, &std::collections::BTreeMap::new()).unwrap();
    let kind = |name: &str| roles.iter().find(|role| role.column == name).unwrap();
    assert_eq!(kind("state").kind, Kind::Category, "{}", kind("state").reason);
    assert_eq!(kind("age").kind, Kind::Number, "{}", kind("age").reason);
    assert_eq!(kind("day").kind, Kind::Number, "{}", kind("day").reason);
}

#[test]
fn any_tiny_table_and_seed_makes_a_model_or_says_what_is_missing() {
    let mut dice = ChaCha8Rng::seed_from_u64(17);
    let mut n_trained = 0;
    for at in 0..60_u64 {
        let (n_rows, n_classes) = (dice.random_range(4..16), dice.random_range(2..5));
        let mut csv = "x,z,y\n".to_owned();
        for _ in 0..n_rows {
            let (x, z): (f64, u32) = (dice.random_range(0.0..1.0), dice.random_range(0..3));
            writeln!(csv, "{x:.3},{z},c{}", dice.random_range(0..n_classes)).unwrap();
        }
        let split = [SplitBy::Stratified, SplitBy::Random][dice.random_range(0..2)].clone();
        let budget_s = [0.0001, 0.3][dice.random_range(0..2)];
        let options = AutoOptions { seed: at % 5, split, budget_s, ..quick("y") };
        match train(&frame(&csv), &options, &mut |_| true) {
            Ok(model) => {
                n_trained += 1;
                assert!(model.predict(&frame(&csv)).unwrap().values.iter().all(|p| p.is_finite()));
            }
            // What no split of these rows could mend.
            Err(LearnError::Split { .. } | LearnError::ColumnType { .. }) => {}
            Err(error) => panic!("{error}\nseed {}, {budget_s}:\n{csv}", at % 5),
        }
    }
    assert!(n_trained > 40, "{n_trained}");
}

#[test]
fn words_among_numbers_are_learned_around_and_refused_when_they_are_new() {
    // Three of 90 numbers are words, each in one fold only.
    let mut lines: Vec<String> = lopsided(90, 40).lines().map(str::to_owned).collect();
    for (row, word) in [(5, "about 1"), (40, "low"), (77, "n.d.")] {
        let rest = lines[row].split_once(',').unwrap().1.to_owned();
        lines[row] = format!("{word},{rest}");
    }
    let model = trained(&lines.join("\n"), &quick("y"));
    let (model, _) = Model::from_bytes(&model.to_bytes("m", "0").unwrap()).unwrap();
    let known = model.predict(&frame("x,z\nlow,0.5\n0.7,0.5\nNA,0.5\n")).unwrap();
    assert_eq!((known.unseen.columns.len(), known.unseen.columns[0].n_rows), (1, 1));
    let error = model.predict(&frame("x,z\nlow,0.5\nhigh,0.5\n")).unwrap_err();
    let said = "column \"x\", row 2 is \"high\", expected a number, as in training";
    assert_eq!(error.to_string(), said);
}
