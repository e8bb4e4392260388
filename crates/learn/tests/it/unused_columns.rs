//! Columns that cannot be read or that a model does not need: told of in training, no matter to predictions; and values that
//! cannot be: named with their column and their row.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BinaryArray, FixedSizeBinaryArray, Float64Array, Int64Array, ListArray, RecordBatch,
    StringArray, Time32SecondArray, TimestampMicrosecondArray,
};
use tracehound_learn::automl::{AutoOptions, Method, Model, SplitBy, train};
use tracehound_learn::roles::Override;
use tracehound_learn::{Frame, Kind, LearnError, report};

const N_ROWS: i32 = 120;

fn whole(of: impl Fn(i64) -> i64) -> ArrayRef {
    Arc::new((0..i64::from(N_ROWS)).map(|row| Some(of(row))).collect::<Int64Array>())
}

fn frame(columns: Vec<(&str, ArrayRef)>) -> Frame {
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    Frame::from_batches(&[RecordBatch::try_from_iter_with_nullable(columns).unwrap()]).unwrap()
}

/// `y` follows `x`; `at` is a time that runs.
fn needed() -> Vec<(&'static str, ArrayRef)> {
    let hour = 3_600_000_000;
    let at = (0..i64::from(N_ROWS)).map(|row| Some(1_704_067_200_000_000 + row * 11 * hour));
    vec![
        ("x", whole(|row| row * 37 % 101)),
        ("at", Arc::new(at.collect::<TimestampMicrosecondArray>())),
        ("y", whole(|row| i64::from(row * 37 % 101 + row % 5 > 52))),
    ]
}

/// Columns of types that are no feature.
fn unreadable() -> Vec<(&'static str, ArrayRef)> {
    let rows = 0..N_ROWS;
    let lists = rows.clone().map(|row| Some(vec![Some(row)]));
    let ids = rows.clone().map(|row| row.to_le_bytes());
    vec![
        ("list", Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists))),
        ("bytes", Arc::new(rows.clone().map(|_| Some(b"x".as_slice())).collect::<BinaryArray>())),
        ("id", Arc::new(FixedSizeBinaryArray::try_from_iter(ids).unwrap())),
        ("clock", Arc::new(rows.map(Some).collect::<Time32SecondArray>())),
    ]
}

fn options() -> AutoOptions {
    AutoOptions {
        budget_s: 0.3,
        methods: vec![Method::Linear],
        split: SplitBy::Random,
        ..AutoOptions::for_target("y")
    }
}

fn trained(frame: &Frame, options: &AutoOptions) -> Model {
    train(frame, options, &mut |_| true).unwrap()
}

/// docs/reference/serving.md: columns that a model does not use "may be there or not".
#[test]
fn columns_that_cannot_be_read_are_told_of_and_not_used() {
    let table = frame([needed(), unreadable()].concat());
    let model = trained(&table, &options());
    for (name, _) in unreadable() {
        let role = model.roles().iter().find(|role| role.column == name).unwrap();
        assert_eq!(role.kind, Kind::Unread, "{name}");
        assert!(role.reason.starts_with("not used, because it is "), "{}", role.reason);
    }
    // The file reads back, and its page is drawn.
    let (model, manifest) = Model::from_bytes(&model.to_bytes("m", "0").unwrap()).unwrap();
    assert!(report::html(&model, &manifest).contains("not used, because"));
    let alone = trained(&frame(needed()), &options());
    let values = |model: &Model, table: &Frame| model.predict(table).unwrap().values;
    assert_eq!(values(&model, &table), values(&alone, &frame(needed())));
    // Rows to predict may bring what training never saw.
    let infinite: ArrayRef = Arc::new(Float64Array::from(vec![f64::INFINITY; N_ROWS as usize]));
    let odd = frame([needed(), unreadable(), vec![("more", infinite.clone())]].concat());
    assert_eq!(values(&alone, &odd), values(&alone, &table));
    // Where one is needed, the error names it.
    let mut wrong = needed();
    wrong[0].1 = unreadable()[0].1.clone();
    let error = alone.predict(&frame(wrong)).unwrap_err();
    assert!(matches!(&error, LearnError::ColumnType { column, .. } if column == "x"), "{error}");
    let refused = |table: &Frame, options: &AutoOptions| {
        train(table, options, &mut |_| true).map(drop).unwrap_err().to_string()
    };
    let error = refused(&table, &AutoOptions { target: "list".into(), ..options() });
    assert!(error.starts_with("column \"list\" is List(Int32), expected"), "{error}");
    let given = |kind: Kind| AutoOptions {
        roles: [("id".to_owned(), Override::from(kind))].into(),
        ..options()
    };
    let error = refused(&table, &given(Kind::Category));
    assert!(error.starts_with("column \"id\" is FixedSizeBinary(4)"), "{error}");
    assert_eq!(trained(&table, &given(Kind::Identifier)).schema(), model.schema());
    // In training every column that can be read counts, so an infinity is one value too many.
    let error = refused(&frame([needed(), vec![("more", infinite)]].concat()), &options());
    assert_eq!(error, "column \"more\", row 1 is \"inf\", expected a finite number");
}

#[test]
fn numbers_beyond_all_bounds_are_named_with_column_and_row() {
    let model = trained(&frame(needed()), &options());
    let mut huge = needed();
    let numbers = (0..N_ROWS).map(|row| if row == 6 { Some(1e308) } else { Some(1.0) });
    huge[0].1 = Arc::new(numbers.collect::<Float64Array>());
    let expected = "column \"x\", row 7 is \"1e308\", expected a number within -1e150 to 1e150";
    assert_eq!(model.predict(&frame(huge.clone())).unwrap_err().to_string(), expected);
    let error = train(&frame(huge), &options(), &mut |_| true).unwrap_err();
    assert_eq!(error.to_string(), expected);
    assert!(error.hint().unwrap().contains("correct the value"), "{error:?}");
}

#[test]
fn reasons_tell_times_as_people_write_them() {
    let model = trained(&frame(needed()), &options());
    let reasons = model.reasons(&frame(needed()).take(&[1]), 9).unwrap().remove(0);
    let at = reasons.iter().find(|reason| reason.column == "at");
    // The time may say nothing; then another table does.
    if let Some(at) = at {
        assert_eq!(at.value, "2024-01-01T11:00:00Z");
    }
    let mut words = needed();
    words[1].1 = Arc::new((0..N_ROWS).map(|_| Some("soon")).collect::<StringArray>());
    let error = model.predict(&frame(words)).unwrap_err().to_string();
    assert!(error.contains("row 1 is \"soon\", expected times"), "{error}");
    let column = &frame(needed()).columns()[1].values.told(0);
    assert_eq!(column.as_deref(), Some("2024-01-01T00:00:00Z"));
}

#[test]
fn what_the_table_says_of_its_columns_is_no_option_of_the_caller() {
    let mut columns = needed();
    columns.push(("same", whole(|_| 4)));
    columns.push(("shop", whole(|row| row % 7)));
    let mut options = options();
    let by_table = |kind: Kind| Override { by_table: true, ..kind.into() };
    options.roles.insert("same".into(), by_table(Kind::Number));
    options.roles.insert("x".into(), by_table(Kind::Number));
    options.roles.insert("shop".into(), Kind::Category.into());
    let model = trained(&frame(columns), &options);
    let role = |name: &str| model.roles().iter().find(|role| role.column == name).unwrap();
    assert_eq!(role("same").kind, Kind::Constant, "it never varies, whatever the table says");
    assert!(role("x").reason.starts_with("the table says so; "), "{}", role("x").reason);
    assert!(role("shop").reason.starts_with("given; "), "{}", role("shop").reason);
    let (model, manifest) = Model::from_bytes(&model.to_bytes("shop-2", "0").unwrap()).unwrap();
    let json = report::json(&model, &manifest);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let command = json["command"].as_str().unwrap();
    assert!(
        command.contains(" --column shop=category --method linear --name shop-2 "),
        "{command}"
    );
    assert_eq!(command.matches("--column").count(), 1, "{command}");
}
