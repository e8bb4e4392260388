//! Roles of columns made by hand, and what the target reveals.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tracehound_learn::roles::{DateOrder, Override, Reading, Targets, deduce};
use tracehound_learn::{Column, Frame, Kind, LearnError, Role, Task, Values};

fn texts(name: &str, cells: impl IntoIterator<Item = impl Into<String>>) -> Column {
    let cells = cells.into_iter().map(Into::into);
    let texts = cells.map(|cell: String| Some(cell).filter(|cell| !cell.is_empty()));
    Column { name: name.into(), values: Values::Texts(texts.collect()) }
}

fn role(column: Column) -> Role {
    let frame = Frame::new(vec![column]).unwrap();
    deduce(&frame, None, &BTreeMap::new()).unwrap().remove(0)
}

/// The kind of a column of these cells (apart by `;`, a hundred times over), and a part of its reason.
#[track_caller]
fn check(cells: &str, kind: Kind, reason: &str) {
    let all = (0..100).flat_map(|_| cells.split(';'));
    let role = role(texts("c", all));
    assert!(role.kind == kind && role.reason.contains(reason), "{role:?}");
}

#[test]
fn numbers_in_texts() {
    check(
        "1.5;2.5; ;",
        Kind::Number,
        "200 texts are numbers, 200 blank; numbers from 1.5 to 2.5, 200 missing",
    );
    check(
        "$1,234.50;-$3;(7.25)",
        Kind::Number,
        "with signs of currency, with separators of thousands, with parentheses",
    );
    check("1.234,5;2,25;7", Kind::Number, "with a decimal comma; numbers from 2.25 to 1234.5");
    check("1,234;5,678", Kind::Number, "(either mark reads all of them: ambiguous)");
    check("5%;12.5 %", Kind::Number, "200 with a percent sign (5 % is read as 5)");
    check("5%;12.5", Kind::Number, "mixed with others");
    check("1e3;2.5E-2;+7", Kind::Number, "numbers from 0.025 to 1000");
    check("1.5;2.5;n/a;NaN;?", Kind::Number, "200 texts are numbers, 300 say nothing");
    check("1 234,5;€ 7", Kind::Number, "numbers from 7 to 1234.5");
    check("1.5;2x", Kind::Category, "\"1.5\" 100");
    check("1,2,3;4", Kind::Category, "distinct texts");
    let mut odd: Vec<String> = (0..99).map(|n| format!("{n}.5")).collect();
    odd.push("about 7".into());
    assert!(role(texts("c", odd)).reason.contains("1 are not and count as missing (about 7)"));
}

#[test]
fn truth_and_codes_and_scales() {
    check("Yes;No;", Kind::Category, "No and Yes: 100 true, 100 false, 100 missing");
    check("t;F", Kind::Category, "100 true, 100 false");
    check("0;1", Kind::Category, "0 and 1");
    check("yes;off", Kind::Category, "2 distinct texts");
    check("1;2;3", Kind::Ordered, "3 distinct whole numbers from 1 to 3");
    check("01234;98765", Kind::Category, "start with a zero, so names");
    check("408;415;510", Kind::Category, "3 digits without a common step");
    check("120;240;360", Kind::Number, "3 distinct whole numbers");
    check("Low;HIGH;medium", Kind::Ordered, "low < medium < high");
    check("65+;18-25;26 to 64;<18", Kind::Ordered, "<18 < 18-25 < 26 to 64 < 65+");
    check(
        "10+ years;< 1 year;1 year;2 years",
        Kind::Ordered,
        "< 1 year < 1 year < 2 years < 10+ years",
    );
    check("A1;A3;A2;A5;A4", Kind::Ordered, "a1 < a2 < a3 < a4 < a5");
    check("A11;A12;A13", Kind::Category, "distinct texts");
    check("B;A;D;C", Kind::Ordered, "a < b < c < d");
    check("C;Q;S", Kind::Category, "distinct texts");
    check("a1;b2;c3;red", Kind::Category, "distinct texts");
    check("x;x", Kind::Constant, "the same value in all 200 rows");
    check(";", Kind::Constant, "no value in any row");
    check("x;", Kind::Category, "1 distinct texts");
}

#[test]
fn names_of_rows_and_words() {
    let id = |n: usize| format!("{:04}-{}", n * 7919 % 10_000, ["ABC", "XYZ"][n % 2]);
    assert_eq!(role(texts("c", (0..100).map(id))).kind, Kind::Identifier);
    let counter = role(texts("c", (0..100).map(|n| (1000 + 3 * n).to_string())));
    assert!(counter.kind == Kind::Identifier && counter.reason.contains("rising"), "{counter:?}");
    let shuffled = role(texts("c", (0..101).map(|n| (n * 37 % 101).to_string())));
    assert!(
        shuffled.kind == Kind::Identifier && shuffled.reason.contains("without gaps"),
        "{shuffled:?}"
    );
    let amounts = role(texts("c", (1..=100_i64).map(|n| (n * n * 17 % 9973 * n).to_string())));
    assert_eq!(amounts.kind, Kind::Number, "{amounts:?}");
    let text = role(texts("c", (0..100).map(|n| format!("customer called {n} times about"))));
    assert!(text.kind == Kind::Text && text.reason.contains("5.0 words"), "{text:?}");
    let huge = Values::Integers((0..100).map(|n| Some(i64::MAX - n * n)).collect());
    let huge = role(Column { name: "c".into(), values: huge });
    assert!(huge.kind == Kind::Identifier && huge.reason.contains("beyond 2^53"), "{huge:?}");
    // Counts that go up and down along the scale are those of codes; a smooth hill is an amount.
    let uneven = (0..12).flat_map(|n| vec![n.to_string(); [10, 300][n % 2]]);
    assert_eq!(role(texts("c", uneven)).kind, Kind::Category);
    let hill = (0..20_i32)
        .flat_map(|n| vec![n.to_string(); (400 - 4 * (n - 10).pow(2)).unsigned_abs() as usize]);
    assert_eq!(role(texts("c", hill)).kind, Kind::Number);
}

#[test]
fn days_are_read_by_the_whole_column() {
    check(
        "31/01/2024;02/01/2024;03/02/2024",
        Kind::Time,
        "the day comes first, or some would be no dates",
    );
    check(
        "01/31/2024;02/01/2024;03/02/2024",
        Kind::Time,
        "the month comes first, or some would be no dates",
    );
    check(
        "01/02/2024;03/04/2024",
        Kind::Time,
        "AMBIGUOUS: every date reads either way, the month is taken",
    );
    check(
        "01.02.2024;03.04.2024",
        Kind::Time,
        "AMBIGUOUS: every date reads either way, the day is taken",
    );
    check(
        "2024-01-31;2024-02-01 10:00;Feb 3, 2024;NA",
        Kind::Time,
        "300 texts are dates (3 distinct)",
    );
    check(
        "2024-01-31T10:00:00+01:00;2024-01-31 10:00:00",
        Kind::Time,
        "100 with a zone, 100 without are read as UTC",
    );
    check("20240131;20240201;20231231", Kind::Time, "whole numbers like 20240131");
    check("1706659200;1706745600;1700000000", Kind::Time, "seconds since 1970");
    check("1706659200123;1706745600123;1700000000123", Kind::Time, "milliseconds since 1970");
    check("2024-01-31;2024-01-32", Kind::Category, "distinct texts");
    check("1999;2001;2003", Kind::Number, "distinct whole numbers");
}

/// pandas 3.1.1: `pandas.to_datetime(text, dayfirst=…, utc=True)`, each alone.
#[test]
fn instants_are_those_of_pandas() {
    use DateOrder::{DayFirst, MonthFirst};
    let cases = [
        ("2024-01-31", MonthFirst, 1_706_659_200_000_000),
        ("2024-01-31T10:00:00Z", MonthFirst, 1_706_695_200_000_000),
        ("2024-01-31 10:00:00.25+01:00", MonthFirst, 1_706_691_600_250_000),
        ("20240131", MonthFirst, 1_706_659_200_000_000),
        ("2024/1/31", MonthFirst, 1_706_659_200_000_000),
        ("2024-01-31T10:00:00-0530", MonthFirst, 1_706_715_000_000_000),
        ("31/01/2024", DayFirst, 1_706_659_200_000_000),
        ("01/02/2024", DayFirst, 1_706_745_600_000_000),
        ("01/02/2024", MonthFirst, 1_704_153_600_000_000),
        ("1/31/24 9:05 PM", MonthFirst, 1_706_735_100_000_000),
        ("31.1.2024", DayFirst, 1_706_659_200_000_000),
        ("31-Jan-2024", DayFirst, 1_706_659_200_000_000),
        ("Jan 31, 2024", MonthFirst, 1_706_659_200_000_000),
        ("January 31 2024 10:30", MonthFirst, 1_706_697_000_000_000),
        ("31 January 2024", DayFirst, 1_706_659_200_000_000),
        ("Wed, 31 Jan 2024 10:00:00 +0100", DayFirst, 1_706_691_600_000_000),
        ("2024-02", MonthFirst, 1_706_745_600_000_000),
        ("1969-12-31 23:59:59", MonthFirst, -1_000_000),
        ("20240131T100000Z", MonthFirst, 1_706_695_200_000_000),
        // By hand: an offset with the name of its zone, and what is no date.
        ("2024-01-31T10:00:00+01:00[Europe/Berlin]", MonthFirst, 1_706_691_600_000_000),
        ("31 Jan 2024 10:00 EST", DayFirst, 1_706_713_200_000_000),
    ];
    for (text, order, micros) in cases {
        assert_eq!(time(text, order), Some(micros), "{text}");
    }
    for text in [
        "2023-02-29",
        "12:00",
        "2024",
        "31/31/2024",
        "2024-01-31 25:00",
        "2024-01-31x",
        "",
        "Janx 1, 2024",
    ] {
        assert_eq!(time(text, MonthFirst), None, "{text}");
    }
}

fn time(text: &str, order: DateOrder) -> Option<i64> {
    let frame = Frame::new(vec![texts("c", [text])]).unwrap();
    let reading = Reading::Time { order };
    let role = Role {
        column: "c".into(),
        kind: Kind::Time,
        reading,
        reason: String::new(),
        doubt: None,
        told: None,
    };
    role.times(&frame).unwrap()[0]
}

fn with_target(column: Column, targets: &[&str]) -> Role {
    let frame = Frame::new(vec![column, texts("outcome", targets.iter().copied())]).unwrap();
    let targets = Targets::read(&frame, "outcome", None).unwrap();
    deduce(&frame, Some(&targets), &BTreeMap::new()).unwrap().remove(0)
}

#[test]
fn leaks_are_found_out_of_fold() {
    let targets: Vec<&str> = (0..200).map(|n| if n % 3 == 0 { "bad" } else { "good" }).collect();
    let told = targets.iter().map(|t| if *t == "bad" { "closed" } else { "open" });
    let leak = with_target(texts("outcome_state", told), &targets);
    assert!(leak.kind == Kind::Leak && leak.reason.contains("AUC 1.0000"), "{leak:?}");
    assert!(leak.reason.contains("its name holds that of the target"), "{leak:?}");
    let same = with_target(texts("copy", targets.iter().copied()), &targets);
    assert!(
        same.kind == Kind::Leak && same.reason.contains("same values as the target"),
        "{same:?}"
    );
    // A number that is high for one class only.
    let number = targets
        .iter()
        .enumerate()
        .map(|(n, t)| if *t == "bad" { 1000 + n * n } else { n * 7 % 900 });
    let number = with_target(texts("n", number.map(|n| n.to_string())), &targets);
    assert_eq!(number.kind, Kind::Leak, "{number:?}");
    // A unique code looks perfect on its own rows, and says nothing out of fold.
    let code = with_target(texts("code", (0..200).map(|n| format!("k{}", n * 37 % 173))), &targets);
    assert_eq!(code.kind, Kind::Category, "{code:?}");
    let noise = with_target(texts("n", (0..200).map(|n| format!("{}.5", n * n % 53))), &targets);
    assert_eq!(noise.kind, Kind::Number, "{noise:?}");
}

/// What a column is beside a number to predict, 200 rows of it, and whether it is told of.
#[track_caller]
fn check_law(name: &str, of: impl Fn(f64) -> String, kind: Kind) {
    let numbers: Vec<f64> = (0..200).map(|n| f64::from(n * n % 197) + 0.25).collect();
    let targets: Vec<String> = numbers.iter().map(f64::to_string).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    let role = with_target(texts(name, numbers.into_iter().map(of)), &targets);
    assert_eq!((role.kind, role.doubt.is_some()), (kind, kind == Kind::Number), "{role:?}");
}

#[test]
fn laws_are_kept_and_copies_are_not() {
    check_law("cube", |y| y.powi(3).to_string(), Kind::Number);
    check_law("fall", |y| (-y / 50.0).exp().to_string(), Kind::Number);
    // Almost a line: what it leaves is more than rounding.
    check_law("almost", |y| (3.0 * y + 0.2 * (y * 7.0).sin()).to_string(), Kind::Number);
    check_law("same", |y| y.to_string(), Kind::Leak);
    check_law("unit", |y| (y / 1.609_344).to_string(), Kind::Leak);
    check_law("rounded", |y| format!("{:.2}", 32.0 - 1.8 * y), Kind::Leak);
    // A name that holds the target's, and a word for each value.
    check_law("outcome_cube", |y| y.powi(3).to_string(), Kind::Leak);
}

/// Numbers without pattern, from a linear congruence.
fn drawn(seed: u64, n: usize) -> Vec<f64> {
    let mut state = seed;
    let next = |_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1_u64 << 31) as f64
    };
    (0..n).map(next).collect()
}

#[track_caller]
fn check_beside(cells: &[u64], target: impl Fn(usize) -> f64, kind: Kind, doubt: &str) {
    let targets: Vec<String> = (0..cells.len()).map(|row| target(row).to_string()).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    let role = with_target(texts("n", cells.iter().map(u64::to_string)), &targets);
    assert_eq!(role.kind, kind, "{role:?}");
    let said = role.doubt.clone().unwrap_or_default();
    assert!(said.contains(doubt) && said.is_empty() == doubt.is_empty(), "{role:?}");
}

#[test]
fn names_of_rows_that_tell_the_target_are_amounts() {
    let noise = drawn(7, 2000);
    // Ranks 1 to 211 in no order, and amounts up to 10^9.
    let ranks: Vec<u64> = (0..211).map(|row| 1 + row * 37 % 211).collect();
    let follows = |row: usize| 100.0 - 0.3 * ranks[row] as f64 + 8.0 * noise[row];
    check_beside(&ranks, follows, Kind::Number, "--column n=identifier");
    check_beside(&ranks, |row| noise[row], Kind::Identifier, "");
    let whole = |value: &f64| (value * 1e9).round().abs();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 10^9")]
    let amounts: Vec<u64> = drawn(11, 2000).iter().map(|value| whole(value) as u64).collect();
    let follows = |row: usize| f64::from(u8::from(amounts[row] as f64 / 1e9 + noise[row] > 1.0));
    check_beside(&amounts, follows, Kind::Number, "--column n=identifier");
    check_beside(&amounts, |row| noise[row], Kind::Identifier, "");
    // In the order of the rows they stay names, which is told of.
    let rising: Vec<u64> = (0..300).map(|row| row * 7 + row % 5).collect();
    let follows = |row: usize| f64::from(u8::from(row as f64 / 300.0 + noise[row] > 1.0));
    check_beside(&rising, follows, Kind::Identifier, "--column n=number");
    check_beside(&rising, |row| noise[row], Kind::Identifier, "");
}

#[test]
fn codes_of_many_values_are_those_that_the_target_goes_by() {
    let (noise, effects) = (drawn(3, 3000), drawn(5, 300));
    let code = |row: usize| row * 113 % 300;
    // 300 codes of five digits in no order, of ten rows each.
    let codes: Vec<u64> = (0..3000).map(|row| 10_000 + code(row) as u64 * 293 % 87_011).collect();
    let place = |row: usize| (codes[row] - 10_000) as f64 / 87_011.0;
    check_beside(&codes, |row| effects[code(row)] + noise[row], Kind::Category, "");
    let binary = |row: usize| f64::from(u8::from(effects[code(row)] + 0.3 * noise[row] > 0.65));
    check_beside(&codes, binary, Kind::Category, "");
    // The target follows the scale (smoothly, in a wave, in a step), or does not care.
    check_beside(&codes, |row| place(row) + noise[row], Kind::Number, "");
    check_beside(&codes, |row| (place(row) * 30.0).sin() + noise[row], Kind::Number, "");
    let step = |row: usize| f64::from(u8::from(place(row) > 0.4)) + noise[row];
    check_beside(&codes, step, Kind::Number, "");
    check_beside(&codes, |row| noise[row], Kind::Number, "");
    // A common step is no order; too few rows a value are not asked.
    let stepped: Vec<u64> = codes.iter().map(|code| 10_000 + code / 97 * 10).collect();
    check_beside(&stepped, |row| effects[code(row)] + noise[row], Kind::Category, "");
    let rounded = |row: usize| stepped[row] as f64 / 9000.0 + noise[row];
    check_beside(&stepped, rounded, Kind::Number, "");
    let few: Vec<u64> = codes.iter().take(900).copied().collect();
    check_beside(&few, |row| effects[code(row)] + noise[row], Kind::Number, "");
    // Branches numbered through, and days of the year whose target follows the season.
    let branches: Vec<u64> = (0..3000).map(|row| 1 + code(row) as u64).collect();
    check_beside(&branches, |row| effects[code(row)] + noise[row], Kind::Category, "");
    let season = |row: usize| (branches[row] as f64 / 48.0).sin() + noise[row];
    check_beside(&branches, season, Kind::Number, "");
}

#[test]
fn rounded_amounts_are_no_codes_where_the_target_follows_them() {
    // Frequencies go up and down; the target rises with the number, or does not care.
    let cells: Vec<u32> = (0..16_u32).flat_map(|n| vec![n; [20, 200][(n % 2) as usize]]).collect();
    let follows = |n: u32, at: usize| if at * 7 % 16 <= n as usize { "1" } else { "0" };
    let jumps = |n: u32, at: usize| if at * 7 % 16 <= n as usize * 5 % 16 { "1" } else { "0" };
    let role = |target: &dyn Fn(u32, usize) -> &'static str| {
        let targets: Vec<&str> = cells.iter().enumerate().map(|(at, n)| target(*n, at)).collect();
        with_target(texts("n", cells.iter().map(u32::to_string)), &targets)
    };
    let amounts = role(&follows);
    assert!(
        amounts.kind == Kind::Number && amounts.reason.contains("follows their order"),
        "{amounts:?}"
    );
    assert_eq!(role(&jumps).kind, Kind::Category);
    check("1980;1995;2001", Kind::Number, "3 distinct whole numbers");
}

#[test]
fn the_caller_knows_better() {
    let targets: Vec<&str> = (0..60).map(|n| if n % 2 == 0 { "0" } else { "1" }).collect();
    let columns = vec![
        texts("id", (0..60).map(|n| n.to_string())),
        texts("day", (0..60).map(|n| format!("0{}/02/2024", 1 + n % 9))),
        texts("code", (0..60).map(|n| (n % 5).to_string())),
        texts("copy", targets.iter().copied()),
        texts("target", targets.iter().copied()),
    ];
    let frame = Frame::new(columns).unwrap();
    let read = Targets::read(&frame, "target", None).unwrap();
    let order = DateOrder::DayFirst;
    let day = Override { reading: Some(Reading::Time { order }), ..Kind::Time.into() };
    let given = BTreeMap::from([
        ("id".to_owned(), Override::from(Kind::Number)),
        ("day".to_owned(), day),
        ("code".to_owned(), Override::from(Kind::Category)),
        ("copy".to_owned(), Override::from(Kind::Category)),
    ]);
    let roles = deduce(&frame, Some(&read), &given).unwrap();
    let kinds: Vec<Kind> = roles.iter().map(|role| role.kind).collect();
    assert_eq!(kinds, [Kind::Number, Kind::Time, Kind::Category, Kind::Category, Kind::Target]);
    assert_eq!(roles[1].reading, Reading::Time { order });
    assert_eq!(roles[2].reading, Reading::Code);
    assert!(roles[0].reason.starts_with("given; deduced: identifier"), "{roles:?}");
    let unknown = BTreeMap::from([("nobody".to_owned(), Override::from(Kind::Number))]);
    let error = deduce(&frame, Some(&read), &unknown).unwrap_err();
    assert_eq!(error, LearnError::MissingColumn { column: "nobody".into() });
}

#[track_caller]
fn check_target(cells: &[&str], task: Task, classes: &[&str], first: f64) {
    let frame = Frame::new(vec![texts("t", cells.iter().copied())]).unwrap();
    let read = Targets::read(&frame, "t", None).unwrap();
    assert_eq!(
        (read.task, read.classes.as_slice(), read.values[0]),
        (task, classes.iter().map(|c| c.to_string()).collect::<Vec<_>>().as_slice(), first)
    );
}

#[test]
fn targets_are_classes_or_numbers() {
    check_target(&["Yes", "No", "No"], Task::Binary, &["No", "Yes"], 1.0);
    check_target(&["0", "1"], Task::Binary, &["0", "1"], 0.0);
    check_target(&["10", "9"], Task::Binary, &["9", "10"], 1.0);
    check_target(&["b", "a", "c"], Task::Multiclass { n_classes: 3 }, &["a", "b", "c"], 1.0);
    check_target(&["3", "1", "2"], Task::Multiclass { n_classes: 3 }, &["1", "2", "3"], 2.0);
    check_target(&["3.5", "1", "2"], Task::Regression, &[], 3.5);
    // Classes are named as the table writes them, by most of their rows.
    check_target(&["1.0", "0.0", "1.0"], Task::Binary, &["0.0", "1.0"], 1.0);
    check_target(&["1", "0.0", "1.0", "1"], Task::Binary, &["0.0", "1"], 1.0);
    let three = Task::Multiclass { n_classes: 3 };
    check_target(&["10.0", "2.00", "3"], three, &["2.00", "3", "10.0"], 2.0);
    let refused = |cells: &[&str], task| {
        let frame = Frame::new(vec![texts("t", cells.iter().copied())]).unwrap();
        Targets::read(&frame, "t", task).unwrap_err().to_string()
    };
    assert!(
        refused(&["a", "", "b"], None)
            .contains("the target, has no value in 1 rows, the first of them row 2")
    );
    assert!(refused(&["a", "a"], None).contains("one value in every row"));
    assert!(refused(&["1", "x", "2"], Some(Task::Regression)).contains("row 2 is \"x\""));
    assert!(
        refused(&["a", "b", "c"], Some(Task::Binary))
            .contains("3 distinct values, expected 2 classes")
    );
}

#[test]
fn infinite_numbers_in_texts_are_refused() {
    let frame = Frame::new(vec![texts("n", ["1.5", "inf", "2.5"])]).unwrap();
    let error = deduce(&frame, None, &BTreeMap::new()).unwrap_err();
    assert_eq!(error.to_string(), "column \"n\", row 2 is \"inf\", expected a finite number");
    let frame = Frame::new(vec![texts("n", ["1.5", "1e999"])]).unwrap();
    assert!(deduce(&frame, None, &BTreeMap::new()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any texts have a role, and one that its own reading can read.
    #[test]
    fn any_texts_have_a_role(cells in prop::collection::vec("[0-9a-c.,$%/: -]{0,8}|\\PC{0,6}", 1..40)) {
        let frame = Frame::new(vec![texts("c", cells)]).unwrap();
        if let Ok(roles) = deduce(&frame, None, &BTreeMap::new()) {
            prop_assert_eq!(roles[0].times(&frame).unwrap().len(), frame.n_rows());
            prop_assert!(!roles[0].reason.is_empty());
        }
    }

    /// Numbers written with separators of thousands are read back exactly.
    #[test]
    fn grouped_numbers_are_read_back(values in prop::collection::vec(-1_000_000_000_i64..1_000_000_000, 5..30)) {
        let grouped = |value: &i64| {
            let digits = value.unsigned_abs().to_string();
            let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).unwrap()).collect();
            format!("{}{}.0", if *value < 0 { "-" } else { "" }, groups.join(","))
        };
        let frame = Frame::new(vec![texts("c", values.iter().map(grouped))]).unwrap();
        let reading = Reading::Number { mark: tracehound_learn::roles::DecimalMark::Point };
        let role = Role {
            column: "c".into(),
            kind: Kind::Number,
            reading,
            reason: String::new(),
            doubt: None,
            told: None,
        };
        let expected: Vec<f64> = values.iter().map(|value| *value as f64).collect();
        prop_assert_eq!(role.numbers(&frame).unwrap(), expected);
    }
}
