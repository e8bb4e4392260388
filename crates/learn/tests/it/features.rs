//! Features of tables by hand and of real ones: values, lineage, what serving may bring.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tracehound_learn::features::{Folds, UnseenKind, future_times, overlap, rows_before};
use tracehound_learn::roles::{Targets, deduce};
use tracehound_learn::{
    Column, FeatureKind, Frame, Kind, LearnError, Matrix, Pipeline, PipelineOptions, Task, Values,
};

const FOLDS: Folds<'static> = Folds::Random { n_folds: 5, seed: 7 };

fn fitted(
    frame: &Frame,
    target: &str,
    folds: Folds<'_>,
    options: &PipelineOptions,
) -> (Pipeline, Matrix) {
    let targets = Targets::read(frame, target, None).unwrap();
    let roles = deduce(frame, Some(&targets), &BTreeMap::new()).unwrap();
    Pipeline::fit(frame, &roles, &targets, folds, options).unwrap()
}

fn column(matrix: &Matrix, name: &str) -> Vec<f64> {
    let at = matrix.names().iter().position(|known| known == name);
    matrix.column(at.unwrap_or_else(|| panic!("no {name:?} in {:?}", matrix.names()))).to_vec()
}

fn bits(matrix: &Matrix) -> Vec<Vec<u64>> {
    let bits = |at: usize| matrix.column(at).iter().map(|value| value.to_bits()).collect();
    (0..matrix.n_features()).map(bits).collect()
}

/// Sixty rows of every kind; the target is `y`.
fn every_kind() -> Frame {
    let mut csv = String::from("id,n,flag,color,size,from,to,note,code,y\n");
    for row in 0..60_u32 {
        let n = if row % 7 == 0 { String::new() } else { format!("{}.5", row * 31 % 17) };
        let color = ["red", "blue", "blue", "green"][(row * 13 % 4) as usize];
        let color = if row == 5 {
            "teal"
        } else if row == 6 {
            "pink"
        } else {
            color
        };
        let size = ["low", "medium", "high"][(row * 5 % 3) as usize];
        let flag = ["yes", "no"][(row / 2 % 2) as usize];
        let note =
            format!("Call no {} about the {} Loan", row, ["NEW", "old"][(row / 3 % 2) as usize]);
        let code = format!("{}{}", ["C", "PC "][(row % 2) as usize], row % 40);
        let (month, day) = (1 + row % 12, 1 + row % 28);
        csv += &format!(
            "K-{row:03},{n},{flag},{color},{size},2024-{month:02}-{day:02},2024-12-31T12:00:00Z,{note},{code},{}\n",
            u32::from(row * 7 % 11 < 5)
        );
    }
    Frame::from_csv(csv.as_bytes()).unwrap()
}

#[test]
fn every_kind_becomes_features_with_lineage() {
    let frame = every_kind();
    let options = PipelineOptions { missing_indicators: true, ..PipelineOptions::default() };
    let (pipeline, matrix) = fitted(&frame, "y", FOLDS, &options);
    let kinds: Vec<Kind> = pipeline.roles().iter().map(|role| role.kind).collect();
    use Kind::*;
    assert_eq!(
        kinds,
        [Identifier, Number, Category, Category, Ordered, Time, Constant, Text, Category, Target]
    );
    let names: Vec<&str> = matrix.names().iter().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "n",
            "n: missing",
            "flag",
            "color",
            "size",
            "note: length",
            "note: digits",
            "note: capitals",
            "note: mean target of words",
            "note: has new",
            "note: has old",
            "code: mean target",
            "code: frequency",
            "code: prefix",
            "code: number",
            "code: length",
            "from: month",
            "from: day of month",
            "from: day of week",
            "from: weekend",
            "from: days since first",
        ]
    );
    let n = column(&matrix, "n");
    assert!(n[0].is_nan() && n[1] == 14.5 && column(&matrix, "n: missing")[..2] == [1.0, 0.0]);
    assert_eq!(column(&matrix, "flag")[..4], [1.0, 1.0, 0.0, 0.0]);
    // Blue 29, green 15, red 14, then teal and pink are one level.
    assert_eq!(matrix.kinds()[3], FeatureKind::Category { n_levels: 4 });
    let color = column(&matrix, "color");
    assert_eq!((color[1], color[5], color[6]), (0.0, 3.0, 3.0));
    assert_eq!(column(&matrix, "size")[..3], [0.0, 2.0, 1.0]);
    assert_eq!(column(&matrix, "code: prefix")[..2], [0.0, 1.0]);
    assert_eq!(column(&matrix, "code: number")[..3], [0.0, 1.0, 2.0]);
    assert_eq!(column(&matrix, "code: frequency")[0], 2.0 / 60.0);
    assert_eq!(column(&matrix, "note: has new")[..4], [1.0, 1.0, 1.0, 0.0]);
    assert_eq!(column(&matrix, "from: month")[13], 2.0);
    // 2024-01-01 was a Monday; row 5 is 2024-06-06, a Thursday, 157 days later.
    assert_eq!(column(&matrix, "from: day of week")[0], 1.0);
    assert_eq!(column(&matrix, "from: days since first")[5], 157.0);
    assert_eq!(pipeline.lineage().len(), matrix.n_features());
    let lineage = &pipeline.lineage()[3];
    assert_eq!(
        (lineage.feature.as_str(), lineage.sources.as_slice()),
        ("color", ["color".to_owned()].as_slice())
    );
    assert!(lineage.rule.contains("2 levels of fewer than 5 rows are one"), "{lineage:?}");
    let schema = pipeline.schema();
    assert_eq!(
        schema.iter().map(|s| s.0).collect::<Vec<_>>(),
        ["n", "flag", "color", "size", "note", "code", "from"]
    );
}

#[test]
fn dates_have_differences_hours_and_holidays() {
    let mut csv = String::from("opened,closed,y\n");
    for row in 0..20 {
        csv += &format!(
            "2024-07-{:02} 0{}:00,2024-07-{:02},{}\n",
            1 + row,
            row % 10,
            3 + row,
            row % 2
        );
    }
    let frame = Frame::from_csv(csv.as_bytes()).unwrap();
    let holidays = vec![jiff::civil::date(2024, 7, 4)];
    let options = PipelineOptions { holidays, absolute_time: false, ..PipelineOptions::default() };
    let (_, matrix) = fitted(&frame, "y", FOLDS, &options);
    assert_eq!(column(&matrix, "opened to closed: days")[0], 2.0);
    assert_eq!(column(&matrix, "opened to closed: days")[6], 1.75);
    assert_eq!(column(&matrix, "opened: hour")[3], 3.0);
    let holiday = column(&matrix, "opened: holiday");
    assert_eq!((holiday[3], holiday.iter().sum::<f64>()), (1.0, 1.0));
    // The 6th and 7th of July 2024 were a weekend.
    assert_eq!(column(&matrix, "opened: weekend")[4..8], [0.0, 1.0, 1.0, 0.0]);
    assert!(
        !matrix.names().iter().any(|name| name.contains("since first") || name.contains("year"))
    );
}

/// scikit-learn 1.9.1: `TargetEncoder(smooth=10.0).fit(ticket, survived).transform(level)`, and for several classes
/// `TargetEncoder(smooth=3.0, target_type="multiclass").fit(ticket, pclass)`.
#[test]
fn mean_targets_are_those_of_scikit_learn() {
    let Some(frame) = crate::tabular::read("titanic.csv") else { return };
    let options = PipelineOptions { levels_max: 0, ..PipelineOptions::default() };
    let (pipeline, _) = fitted(&frame, "Survived", FOLDS, &options);
    let (matrix, unseen) = pipeline.transform(&frame).unwrap();
    assert_eq!(unseen.columns, []);
    let ticket = &frame.column("Ticket").unwrap().values;
    let encoded = column(&matrix, "Ticket: mean target");
    for (level, expected) in [
        ("1601", 0.5199049316696375),
        ("347082", 0.22578728461081402),
        ("PC 17599", 0.43985307621671255),
    ] {
        let row =
            (0..frame.n_rows()).find(|row| ticket.shown(*row).as_deref() == Some(level)).unwrap();
        assert!((encoded[row] - expected).abs() < 1e-15, "{level}: {}", encoded[row]);
    }
    let options = PipelineOptions { levels_max: 0, smoothing: 3.0, ..PipelineOptions::default() };
    let (pipeline, _) = fitted(&frame, "Pclass", FOLDS, &options);
    let (matrix, _) = pipeline.transform(&frame).unwrap();
    let row =
        (0..frame.n_rows()).find(|row| ticket.shown(*row).as_deref() == Some("CA. 2343")).unwrap();
    let expected = [0.07272727272727272, 0.06195286195286196, 0.8653198653198654];
    for (class, expected) in ["1", "2", "3"].iter().zip(expected) {
        let found = column(&matrix, &format!("Ticket: share of {class}"))[row];
        assert!((found - expected).abs() < 1e-15, "{class}: {found}");
    }
}

/// A table with one category and a target of numbers.
fn one_category(levels: &[u8], targets: &[f64]) -> (Frame, Targets) {
    let levels = levels.iter().map(|level| Some(format!("L{level}x"))).collect();
    let frame = Frame::new(vec![
        Column { name: "c".into(), values: Values::Texts(levels) },
        Column { name: "y".into(), values: Values::Numbers(targets.to_vec()) },
    ]);
    let frame = frame.unwrap();
    let targets = Targets::read(&frame, "y", Some(Task::Regression)).unwrap();
    (frame, targets)
}

fn encoded(levels: &[u8], targets: &[f64], folds: Folds<'_>) -> Vec<f64> {
    let (frame, targets) = one_category(levels, targets);
    let given = BTreeMap::from([("c".to_owned(), Kind::Category.into())]);
    let roles = deduce(&frame, None, &given).unwrap();
    let options = PipelineOptions { levels_max: 0, smoothing: 2.0, ..PipelineOptions::default() };
    let (_, matrix) = Pipeline::fit(&frame, &roles[..1], &targets, folds, &options).unwrap();
    column(&matrix, "c: mean target")
}

/// By a loop over all pairs of rows: what `row` may learn from `others`.
fn by_pairs(levels: &[u8], targets: &[f64], sees: impl Fn(usize, usize) -> bool) -> Vec<f64> {
    let row = |row: usize| {
        let others: Vec<usize> = (0..levels.len()).filter(|other| sees(row, *other)).collect();
        let mean = others.iter().map(|other| targets[*other]).sum::<f64>() / others.len() as f64;
        let same: Vec<usize> =
            others.into_iter().filter(|other| levels[*other] == levels[row]).collect();
        (same.iter().map(|other| targets[*other]).sum::<f64>() + 2.0 * mean)
            / (same.len() as f64 + 2.0)
    };
    (0..levels.len()).map(row).collect()
}

#[track_caller]
fn near(found: &[f64], expected: &[f64]) {
    let near = |(a, b): (&f64, &f64)| (a.is_nan() && b.is_nan()) || (a - b).abs() < 1e-9;
    assert!(
        found.len() == expected.len() && found.iter().zip(expected).all(near),
        "{found:?} {expected:?}"
    );
}

#[test]
fn serving_counts_what_it_has_not_seen() {
    let (pipeline, _) = fitted(&every_kind(), "y", FOLDS, &PipelineOptions::default());
    let header = "color,n,flag,size,from,note,code,extra\n";
    let rows =
        "blue,1.5,yes,low,2024-01-01,a,C2,9\nmauve,n/a,no,huge,?,b,C999,9\nmauve,,1,high,,,,\n";
    let frame = Frame::from_csv(format!("{header}{rows}").as_bytes()).unwrap();
    let (matrix, unseen) = pipeline.transform(&frame).unwrap();
    let said: Vec<_> = unseen
        .columns
        .iter()
        .map(|u| (u.column.as_str(), u.what, u.n_rows, u.first_row, u.example.as_str()))
        .collect();
    use UnseenKind::{Level, Value};
    assert_eq!(
        said,
        [
            ("color", Level, 2, 1, "mauve"),
            ("size", Value, 1, 1, "huge"),
            ("code", Level, 1, 1, "C999"),
        ]
    );
    assert!(column(&matrix, "color")[1].is_nan() && column(&matrix, "size")[1].is_nan());
    assert_eq!(column(&matrix, "code: frequency")[1], 0.0);
    assert_eq!(column(&matrix, "code: prefix")[1], column(&matrix, "code: prefix")[0]);
    assert_eq!(column(&matrix, "flag"), [1.0, 0.0, 1.0]);
}

#[test]
fn words_for_numbers_and_times_are_refused_unless_training_had_them() {
    // Of 80 rows one is no number and one no date; both are counted in training and whenever they come again.
    let row = |n: usize| match n {
        7 => "about 7,soon,low".to_owned(),
        _ => format!("{}.5,2024-01-{:02},{}", n * 7 % 31, 1 + n % 28, ["low", "high"][n % 2]),
    };
    let csv: String = (0..80).map(|n| format!("{},{}\n", row(n), n * 5 % 3 % 2)).collect();
    let frame = Frame::from_csv(format!("n,at,size,y\n{csv}").as_bytes()).unwrap();
    let (pipeline, _) = fitted(&frame, "y", FOLDS, &PipelineOptions::default());
    let served = |rows: &str| {
        let frame = Frame::from_csv(format!("n,at,size\n{rows}").as_bytes()).unwrap();
        let (_, unseen) = pipeline.transform(&frame).map_err(|error| error.to_string())?;
        Ok::<_, String>(unseen.columns.len())
    };
    assert_eq!(served("1,2024-02-01,low\n,,\nNA,?,\n"), Ok(0));
    assert_eq!(served("about 7,soon,huge\n"), Ok(3));
    let refused = |rows: &str| served(rows).unwrap_err();
    assert_eq!(
        refused("about 7,2024-02-01,low\nfoo,soon,low\nbar,soon,low\n"),
        "column \"n\", row 2 is \"foo\", expected a number, as in training"
    );
    assert_eq!(
        refused("1,2024-02-01,low\n2,later,low\n"),
        "column \"at\", row 2 is \"later\", expected a time, as in training"
    );
    // Of a stored pipeline the same.
    let stored: Pipeline =
        serde_json::from_str(&serde_json::to_string(&pipeline).unwrap()).unwrap();
    assert_eq!(stored, pipeline);
}

#[test]
fn a_changed_schema_is_refused() {
    let numbers = |cells: &[&str]| {
        let csv = cells.iter().fold(String::from("n,c,z\n"), |csv, cell| format!("{csv}{cell}\n"));
        Frame::from_csv(csv.as_bytes()).unwrap()
    };
    let typed = |n: Values, c: Values| {
        let column = |name: &str, values| Column { name: name.into(), values };
        Frame::new(vec![column("n", n), column("c", c)]).unwrap()
    };
    let n = Values::Numbers((0..40).map(|row| f64::from(row * 7 % 13) + 0.5).collect());
    let c = Values::Integers((0..40).map(|row| Some([408, 415, 510][row % 3])).collect());
    let mut columns = typed(n, c).columns().to_vec();
    columns.push(Column {
        name: "y".into(),
        values: Values::Booleans((0..40).map(|r| Some(r % 2 == 0)).collect()),
    });
    let frame = Frame::new(columns).unwrap();
    let targets = Targets::read(&frame, "y", None).unwrap();
    let given = BTreeMap::from([("c".to_owned(), Kind::Category.into())]);
    let roles = deduce(&frame, Some(&targets), &given).unwrap();
    let (pipeline, _) =
        Pipeline::fit(&frame, &roles, &targets, FOLDS, &PipelineOptions::default()).unwrap();
    // Another type that holds the same values is read the same way.
    let (matrix, unseen) = pipeline.transform(&numbers(&["1.5,408,x", ",510.0,x"])).unwrap();
    assert_eq!((column(&matrix, "n")[0], unseen.columns.len()), (1.5, 0));
    let (same, _) = pipeline
        .transform(&typed(Values::Integers(vec![Some(2)]), Values::Numbers(vec![408.0])))
        .unwrap();
    assert_eq!((column(&same, "n")[0], column(&same, "c")[0]), (2.0, column(&matrix, "c")[0]));
    let refused = |frame: &Frame| pipeline.transform(frame).unwrap_err().to_string();
    assert_eq!(
        refused(&numbers(&["1.5,408,x", "much,408,x"])),
        "column \"n\", row 2 is \"much\", expected numbers as in training"
    );
    assert_eq!(
        refused(&numbers(&["1.5,408,x", "1.5,A,x"])),
        "column \"c\", row 2 is \"A\", expected integers as in training"
    );
    let times = typed(Values::Times(vec![None, Some(5)]), Values::Integers(vec![Some(408), None]));
    assert!(
        refused(&times).starts_with(
            "column \"n\", row 2 is \"1970-01-01T00:00:00.000005Z\", expected numbers"
        )
    );
    let other = Frame::from_csv(b"n,b\n1,2\n").unwrap();
    assert_eq!(refused(&other), "the table has no column \"c\"");
}

#[test]
fn nothing_to_learn_from_is_refused() {
    let frame = Frame::from_csv(b"a,y\n1,0\n1,1\n").unwrap();
    let targets = Targets::read(&frame, "y", None).unwrap();
    let roles = deduce(&frame, Some(&targets), &BTreeMap::new()).unwrap();
    let options = PipelineOptions::default();
    let error = Pipeline::fit(&frame, &roles, &targets, FOLDS, &options).unwrap_err();
    assert_eq!(error, LearnError::EmptyTable { what: "feature that varies" });
    let odd = PipelineOptions { smoothing: f64::NAN, ..options.clone() };
    assert!(matches!(
        Pipeline::fit(&frame, &roles, &targets, FOLDS, &odd).unwrap_err(),
        LearnError::Argument { what: "the smoothing", .. }
    ));
    let error = Pipeline::fit(&frame, &roles, &targets.take(&[0]), FOLDS, &options).unwrap_err();
    assert_eq!(error, LearnError::Length { what: "targets", expected: 2, found: 1 });
}

#[test]
fn hostile_names_keep_features_apart() {
    let mut csv = String::from("c,c: frequency,y\n");
    (0..70).for_each(|row| csv += &format!("v{},{}.5,{}\n", row % 30, row % 7, row % 2));
    let frame = Frame::from_csv(csv.as_bytes()).unwrap();
    let (_, matrix) = fitted(&frame, "y", FOLDS, &PipelineOptions::default());
    assert!(matrix.names().iter().any(|name| name == "c: frequency (2)"), "{:?}", matrix.names());
}

#[test]
fn a_stored_pipeline_is_the_same_to_the_bit() {
    let frame = every_kind();
    let (pipeline, _) = fitted(&frame, "y", FOLDS, &PipelineOptions::default());
    let text = serde_json::to_string(&pipeline).unwrap();
    let stored: Pipeline = serde_json::from_str(&text).unwrap();
    assert_eq!(
        bits(&stored.transform(&frame).unwrap().0),
        bits(&pipeline.transform(&frame).unwrap().0)
    );
    assert_eq!(serde_json::to_string(&stored).unwrap(), text);
    let (again, _) = fitted(&frame, "y", FOLDS, &PipelineOptions::default());
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
}

#[test]
fn splits_are_checked() {
    let train = Frame::from_csv(b"a,d\n1,2024-01-01\n2,2024-01-03\n,2024-01-02\n").unwrap();
    let test =
        Frame::from_csv(b"d,a\n2024-01-03,3\n2024-01-01,1\n2024-01-02,\n2030-01-01,9\n").unwrap();
    let found = overlap(&train, &test, &["a", "d"]).unwrap();
    assert_eq!((found.n_rows, found.first_row), (2, Some(1)));
    assert_eq!(
        overlap(&train, &test, &["a", "x"]).unwrap_err(),
        LearnError::MissingColumn { column: "x".into() }
    );
    let given = BTreeMap::from([("d".to_owned(), Kind::Time.into())]);
    let roles = deduce(&test, None, &given).unwrap();
    let clock_us = 1_767_225_600_000_000; // 2026-01-01
    let future = future_times(&test, &roles, clock_us).unwrap();
    assert_eq!((future.len(), future[0].n_rows, future[0].first_row), (1, 1, 3));
    assert_eq!(rows_before(&train, &test, &roles[0]).unwrap(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn mean_targets_are_those_of_other_rows(
        rows in prop::collection::vec((0..4_u8, -9_i32..9, 0..3_u32), 8..40),
    ) {
        let levels: Vec<u8> = rows.iter().map(|row| row.0).collect();
        let targets: Vec<f64> = rows.iter().map(|row| f64::from(row.1)).collect();
        let folds: Vec<u32> = rows.iter().map(|row| row.2).collect();
        let varies = levels.iter().any(|level| *level != levels[0]) && folds.iter().any(|fold| *fold != folds[0]);
        if varies && targets.iter().any(|target| *target != targets[0]) {
            let found = encoded(&levels, &targets, Folds::Given(&folds));
            near(&found, &by_pairs(&levels, &targets, |row, other| folds[row] != folds[other]));
            let clock: Vec<i64> = folds.iter().map(|fold| i64::from(*fold)).collect();
            let found = encoded(&levels, &targets, Folds::Ordered(&clock));
            near(&found, &by_pairs(&levels, &targets, |row, other| clock[other] < clock[row]));
        }
    }

    /// The mean over words, by a loop over all pairs of rows.
    #[test]
    fn mean_targets_of_words_are_those_of_other_rows(
        rows in prop::collection::vec((0..5_usize, 0..5_usize, -9_i32..9, 0..3_u32), 60..70),
    ) {
        let words = ["ant", "bee", "cat", "dog", "elk"];
        let texts: Vec<[&str; 2]> = rows.iter().map(|row| [words[row.0], words[row.1]]).collect();
        let cells = texts.iter().map(|two| Some(two.join(" "))).collect();
        let targets: Vec<f64> = rows.iter().map(|row| f64::from(row.2)).collect();
        let folds: Vec<u32> = rows.iter().map(|row| row.3).collect();
        let frame = Frame::new(vec![
            Column { name: "c".into(), values: Values::Texts(cells) },
            Column { name: "y".into(), values: Values::Numbers(targets.clone()) },
        ]).unwrap();
        let read = Targets::read(&frame, "y", Some(Task::Regression)).unwrap();
        let roles = deduce(&frame, None, &BTreeMap::from([("c".to_owned(), Kind::Text.into())])).unwrap();
        let options = PipelineOptions { smoothing: 2.0, ..PipelineOptions::default() };
        let (_, matrix) = Pipeline::fit(&frame, &roles[..1], &read, Folds::Given(&folds), &options).unwrap();
        let expected: Vec<f64> = (0..rows.len()).map(|row| {
            let others: Vec<usize> = (0..rows.len()).filter(|other| folds[*other] != folds[row]).collect();
            let mean = others.iter().map(|other| targets[*other]).sum::<f64>() / others.len() as f64;
            let known = |word: &str| rows.iter().zip(&texts).filter(|(_, text)| text.contains(&word)).count() >= 3;
            let mut own: Vec<&str> = texts[row].iter().copied().filter(|word| known(word)).collect();
            own.dedup();
            let of = |word: &str| {
                let same: Vec<f64> = others.iter().filter(|o| texts[**o].contains(&word)).map(|o| targets[*o]).collect();
                (!same.is_empty()).then(|| (same.iter().sum::<f64>() + 2.0 * mean) / (same.len() as f64 + 2.0))
            };
            let means: Vec<f64> = own.into_iter().filter_map(of).collect();
            if means.is_empty() { mean } else { means.iter().sum::<f64>() / means.len() as f64 }
        }).collect();
        near(&column(&matrix, "c: mean target of words"), &expected);
    }

    /// A row's features depend on nothing but the row: any rows in any order, in any chunks.
    #[test]
    fn rows_stand_alone(rows in prop::collection::vec(0..60_u32, 1..50), cut in 0..50_usize) {
        let frame = every_kind();
        let (pipeline, trained) = fitted(&frame, "y", FOLDS, &PipelineOptions::default());
        let whole = pipeline.transform(&frame).unwrap().0;
        let taken = pipeline.transform(&frame.take(&rows)).unwrap().0;
        prop_assert_eq!(bits(&taken), bits(&whole.take(&rows)));
        let cut = cut.min(rows.len() - 1);
        if cut > 0 {
            let first = pipeline.transform(&frame.take(&rows[..cut])).unwrap().0;
            prop_assert_eq!(bits(&first), bits(&whole.take(&rows[..cut])));
        }
        // Only mean targets of training rows are taken from other rows.
        for (at, name) in whole.names().iter().enumerate() {
            let same = bits(&whole)[at] == bits(&trained)[at];
            prop_assert_eq!(same, !name.contains("mean target"), "{}", name);
        }
    }

    /// The order of training rows changes nothing but the mean targets.
    #[test]
    fn order_of_training_rows_does_not_matter(seed in 1..60_u32) {
        let frame = every_kind();
        let rows: Vec<u32> = (0..60).map(|row| (row * 7 + seed) % 60).collect();
        let turned = frame.take(&rows);
        let options = PipelineOptions::default();
        let (one, _) = fitted(&frame, "y", FOLDS, &options);
        let (other, _) = fitted(&turned, "y", FOLDS, &options);
        prop_assert_eq!(bits(&one.transform(&frame).unwrap().0), bits(&other.transform(&frame).unwrap().0));
    }
}
