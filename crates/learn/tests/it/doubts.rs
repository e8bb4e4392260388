//! Columns that allow more than one reading, and what is said of them: marks, clocks, spellings, leaks that are kept.

use std::collections::BTreeMap;

use tracehound_learn::roles::{DecimalMark, Override, Reading, Targets, deduce};
use tracehound_learn::{Column, Frame, Kind, LearnError, Role, Task, Values};

/// A table of columns, each of cells apart by `;`, over and over until the first has been written `n` times.
fn frame(columns: &[(&str, &str)], n: usize) -> Frame {
    let n_rows = n * columns[0].1.split(';').count();
    let column = |(name, cells): &(&str, &str)| Column {
        name: (*name).to_owned(),
        values: Values::Texts(
            cells.split(';').cycle().take(n_rows).map(|cell| Some(cell.to_owned())).collect(),
        ),
    };
    Frame::new(columns.iter().map(column).collect()).unwrap()
}

fn roles(frame: &Frame, target: Option<&str>, given: &[(&str, Kind)]) -> Vec<Role> {
    let targets = target.map(|target| Targets::read(frame, target, None).unwrap());
    let given =
        given.iter().map(|(name, kind)| ((*name).to_owned(), Override::from(*kind))).collect();
    deduce(frame, targets.as_ref(), &given).unwrap()
}

#[track_caller]
fn check_mark(columns: &[(&str, &str)], mark: DecimalMark, in_doubt: bool) {
    let role = roles(&frame(columns, 30), None, &[]).remove(0);
    assert_eq!(role.reading, Reading::Number { mark }, "{role:?}");
    assert_eq!(role.doubt.is_some(), in_doubt, "{role:?}");
}

#[test]
fn a_mark_that_a_column_leaves_open_is_that_of_its_table() {
    let open = ("x", "4,983;5,127;6,001");
    check_mark(&[open, ("other", "1,5;2,25;7")], DecimalMark::Comma, false);
    check_mark(&[open, ("other", "1.5;2.25;7")], DecimalMark::Point, false);
    check_mark(&[open, ("other", "1;2;7")], DecimalMark::Point, true);
    check_mark(&[open, ("a", "1,5;2;7"), ("b", "1.5;2;7")], DecimalMark::Point, true);
    // Nobody writes thousands of nothing.
    check_mark(&[("x", "0,346;1,250;2,500")], DecimalMark::Comma, false);
}

#[test]
fn a_target_is_read_under_the_mark_of_its_table() {
    let table = frame(&[("y", "4,983;5,127;6,001;7,5"), ("x", "1;2;3;4")], 5);
    let targets = Targets::read(&table, "y", Some(Task::Regression)).unwrap();
    assert_eq!(targets.values[..4], [4.983, 5.127, 6.001, 7.5]);
    assert_eq!(targets.doubt, None);
    // Of another table every value could be thousands: it is read as in training.
    let later = frame(&[("y", "4,983;5,127")], 1);
    assert_eq!(targets.read_alike(&later).unwrap().values, [4.983, 5.127]);
    let open = frame(&[("y", "4,983;5,127;6,001"), ("x", "1;2;3")], 5);
    let targets = Targets::read(&open, "y", Some(Task::Regression)).unwrap();
    assert_eq!(targets.values[..2], [4983.0, 5127.0]);
    assert!(targets.doubt.unwrap().contains("4,983"));
}

#[test]
fn a_sorted_clock_is_no_name_of_rows() {
    let column = |step: i64, first: i64| -> String {
        let cells: Vec<String> = (0..300)
            .map(|row| (first + (row * row % 7).min(step - 1) + row * step).to_string())
            .collect();
        cells.join(";")
    };
    for (cells, kind) in [
        (column(60, 1_700_000_000), Kind::Time),
        (column(60_000, 1_700_000_000_000), Kind::Time),
        (column(1, 1_700_000_000), Kind::Identifier),
        (column(900, 5_000), Kind::Identifier),
    ] {
        let role = roles(&frame(&[("at", &cells)], 1), None, &[]).remove(0);
        assert_eq!(role.kind, kind, "{role:?}");
    }
    let days: Vec<String> = (1..=300)
        .map(|day| format!("{}{:02}{:02}", 2020 + day / 336, 1 + day / 28 % 12, 1 + day % 28))
        .collect();
    let role = roles(&frame(&[("day", &days.join(";"))], 1), None, &[]).remove(0);
    assert_eq!(role.reading, Reading::Calendar, "{role:?}");
}

#[track_caller]
fn check_target(cells: &str, kind: Option<Kind>, expected: Result<&[&str], &str>) {
    let table = frame(&[("y", cells), ("x", "1;2;3")], 4);
    match (Targets::read_as(&table, "y", None, kind), expected) {
        (Ok(targets), Ok(classes)) => assert_eq!(targets.classes, classes),
        (Err(error), Err(words)) => {
            let said = format!("{error}; {}", error.hint().unwrap_or_default());
            assert!(said.contains(words), "{said}");
        }
        (found, expected) => panic!("{found:?}, expected {expected:?}"),
    }
}

#[test]
fn spellings_and_words_of_a_target() {
    check_target("Yes;No;yes;YES;Yes;No", None, Ok(&["No", "Yes"]));
    check_target("low;high;low;mild", None, Ok(&["high", "low", "mild"]));
    check_target("low;none;high;mild", None, Err("--column TARGET=category"));
    check_target("low;none;high;mild", None, Err("which holds \"none\""));
    check_target("low;none;high;mild", Some(Kind::Category), Ok(&["high", "low", "mild", "none"]));
    check_target("1;2;3;4", Some(Kind::Category), Ok(&["1", "2", "3", "4"]));
    check_target("1;2;3;4", Some(Kind::Number), Ok(&[]));
    check_target("1;2;3;4", Some(Kind::Text), Err("expected numbers or classes"));
    check_target("2024-01-02;2024-01-03;2024-01-05", None, Err("holds times"));
}

/// Numbers 1 to 40 over and over, with a few cells of something else.
#[track_caller]
fn check_broken(odd: &[&str], n_values: usize, expected: Result<usize, &str>) {
    let numbers = (0..400).map(|row| (1 + row * 7 % n_values).to_string());
    let cells: Vec<String> = numbers.chain(odd.iter().map(|cell| (*cell).to_owned())).collect();
    let table = frame(&[("y", &cells.join(";"))], 1);
    match (Targets::read(&table, "y", None), expected) {
        (Ok(targets), Ok(n_classes)) => assert_eq!(targets.classes.len(), n_classes),
        (Err(error), Err(words)) => assert_eq!(error.to_string(), words),
        (found, expected) => panic!("{found:?}, expected {expected:?}"),
    }
}

#[test]
fn a_few_words_among_numbers_make_no_classes_of_them() {
    check_broken(
        &["inf", "inf"],
        40,
        Err("column \"y\", row 401 is \"inf\", expected a finite number"),
    );
    check_broken(
        &["12x", "1O"],
        40,
        Err("column \"y\", row 401 is \"12x\", expected a number to predict"),
    );
    check_broken(
        &["12x"],
        200,
        Err("column \"y\", row 401 is \"12x\", expected a number to predict"),
    );
    check_broken(&[], 40, Ok(0));
    // Where the numbers are classes themselves, a word is one more.
    check_broken(&["other", "other"], 9, Ok(10));
    check_broken(&["other"], 2, Ok(3));
    // Of many words the numbers are names, too.
    check_broken(&["other"; 40], 40, Ok(41));
}

#[test]
fn classes_that_were_written_with_a_point_are_read_without_one() {
    let targets = Targets::read(&frame(&[("y", "0.0;1.0")], 9), "y", None).unwrap();
    assert_eq!(targets.classes, ["0.0", "1.0"]);
    let read = |cells: &str| targets.read_alike(&frame(&[("y", cells)], 1)).unwrap().values;
    assert_eq!(read("1;0;1.0;0.00"), [1.0, 0.0, 1.0, 0.0]);
    let values = Values::Integers(vec![Some(1), Some(0)]);
    let typed = Frame::new(vec![Column { name: "y".to_owned(), values }]).unwrap();
    assert_eq!(targets.read_alike(&typed).unwrap().values, [1.0, 0.0]);
}

#[test]
fn a_name_that_a_header_leaves_blank_is_told_of() {
    let rows: String = (0..60).map(|row| format!("{row},{},{}\n", row * 7 % 31, row % 2)).collect();
    let table = Frame::from_csv(format!(",x,y\n{rows}").as_bytes()).unwrap();
    for table in [table.clone(), table.take(&(0..60).collect::<Vec<u32>>())] {
        let found = roles(&table, Some("y"), &[]);
        assert_eq!((found[0].column.as_str(), found[0].kind), ("column_1", Kind::Identifier));
        assert!(
            found[0].doubt.as_deref().is_some_and(|said| said.contains("leaves its name blank"))
        );
        assert_eq!(found[1].doubt, None);
    }
}

#[test]
fn the_target_of_another_table_is_read_as_in_training() {
    let targets = Targets::read(&frame(&[("y", "No;Yes;yes")], 4), "y", None).unwrap();
    let read = |cells: &str| targets.read_alike(&frame(&[("y", cells), ("x", "1")], 1));
    assert_eq!(read("YES;no;Yes").unwrap().values, [1.0, 0.0, 1.0]);
    // One class only: its number stays.
    assert_eq!(read("Yes;Yes").unwrap().values, [1.0, 1.0]);
    let error = read("Yes;perhaps").unwrap_err();
    assert!(matches!(&error, LearnError::Cell { row: 1, .. }), "{error}");
}

#[test]
fn values_that_a_given_kind_cannot_read_are_told() {
    let table = frame(&[("g", "red;green;blue;red"), ("half", "1;2;x;4"), ("y", "0;1;1;0")], 20);
    let doubt = |column: usize, given: &[(&str, Kind)]| {
        roles(&table, Some("y"), given)[column].doubt.clone().unwrap_or_default()
    };
    assert!(doubt(1, &[("half", Kind::Number)]).contains("20 of 80 values cannot be read"));
    let given = BTreeMap::from([("g".to_owned(), Override::from(Kind::Number))]);
    let targets = Targets::read(&table, "y", None).unwrap();
    let error = deduce(&table, Some(&targets), &given).unwrap_err();
    assert!(matches!(&error, LearnError::Cell { column, .. } if column == "g"), "{error}");
}

#[test]
fn a_leak_shows_with_rare_classes_and_where_its_kind_is_given() {
    // Four of 200 rows are of the rare class: too few for an area under a curve.
    let rare: Vec<&str> = (0..200).map(|row| if row % 50 == 7 { "1" } else { "0" }).collect();
    let words: Vec<&str> = rare.iter().map(|y| if *y == "1" { "fraud" } else { "fine" }).collect();
    let noise: Vec<String> = (0..200).map(|row| (row * 37 % 101).to_string()).collect();
    let columns = [("outcome", words.join(";")), ("x", noise.join(";")), ("y", rare.join(";"))];
    let columns: Vec<(&str, &str)> = columns.iter().map(|c| (c.0, c.1.as_str())).collect();
    let table = frame(&columns, 1);
    let found = roles(&table, Some("y"), &[]);
    assert_eq!(found[0].kind, Kind::Leak, "{found:?}");
    assert_eq!((found[1].kind, found[1].told), (Kind::Number, None), "{found:?}");
    let kept = roles(&table, Some("y"), &[("outcome", Kind::Category)]).remove(0);
    assert_eq!(kept.kind, Kind::Category);
    assert!(kept.doubt.unwrap().starts_with("it tells the target almost perfectly"));
}
