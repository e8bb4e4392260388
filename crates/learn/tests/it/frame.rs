//! Tables from files and from Arrow: what is read, and what is refused.

use std::sync::Arc;

use arrow_array::builder::{Decimal128Builder, StringDictionaryBuilder};
use arrow_array::types::Int32Type;
use arrow_array::*;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use proptest::prelude::*;
use tracehound_learn::{Column, Frame, LearnError, Values};

/// Rows of a table, cells joined by `|`, `_` where missing.
fn shown(frame: &Frame) -> Vec<String> {
    let cell = |column: &Column, row| column.values.shown(row).unwrap_or_else(|| "_".to_owned());
    let row = |row| frame.columns().iter().map(|c| cell(c, row)).collect::<Vec<_>>().join("|");
    (0..frame.n_rows()).map(row).collect()
}

#[track_caller]
fn check(csv: &str, names: &[&str], rows: &[&str]) {
    let frame = Frame::from_csv(csv.as_bytes()).unwrap();
    let found: Vec<&str> = frame.columns().iter().map(|column| column.name.as_str()).collect();
    assert_eq!(
        (found.as_slice(), shown(&frame)),
        (names, rows.iter().map(|r| r.to_string()).collect())
    );
}

/// The error of a file, with its hint.
#[track_caller]
fn check_refused(csv: &[u8], message: &str) {
    let error = Frame::from_csv(csv).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert!(error.hint().is_some_and(|hint| !hint.is_empty()));
}

#[test]
fn files_are_cut_by_the_delimiter_that_fits() {
    check("a,b\n1,2\n", &["a", "b"], &["1|2"]);
    check("a;b\n1,5;2,5\n2,5;3,5\n", &["a", "b"], &["1,5|2,5", "2,5|3,5"]);
    check("a\tb c\n1\t2,3", &["a", "b c"], &["1|2,3"]);
    check("a|b|c\r\n1||3\r\n", &["a", "b", "c"], &["1|_|3"]);
    check("\u{feff} a ,B\n\"x, \"\"y\"\"\nz\",w\n", &[" a ", "B"], &["x, \"y\"\nz|w"]);
    check("only\n1\n2\n", &["only"], &["1", "2"]);
    check("only\n\"a,b\"\n\"\"\n", &["only"], &["a,b", "_"]);
}

#[test]
fn a_name_left_blank_is_that_of_the_place() {
    check(",b\n0,2\n", &["column_1", "b"], &["0|2"]);
    check("a, ,\n1,2,3\n", &["a", "column_2", "column_3"], &["1|2|3"]);
    check(",column_1\n1,2\n", &["column_1_", "column_1"], &["1|2"]);
    // Columns that are no file's must have names.
    let blank = Column { name: " ".into(), values: Values::Integers(vec![Some(1)]) };
    let error = Frame::new(vec![blank]).unwrap_err().to_string();
    assert_eq!(error, "the name of column 1, \" \", is empty");
}

#[test]
fn files_that_are_no_table_are_refused() {
    check_refused(b"a,b\n1,2\n3\n", "line 3: a row of 1 fields under a header of 2");
    check_refused(b"a,b\n1,2\n3,4,5\n", "line 3: a row of 3 fields under a header of 2");
    check_refused(b"a,b\n1,\xff\n", "line 2: this is not UTF-8");
    check_refused(b"", "the table has no column");
    check_refused(b"a,b\n", "the table has no row");
    check_refused(b"a,b\n1,\"2\n3,4\n", "line 2: a quote is never closed");
    // The second quote closes the first: the lines between would be one field.
    let stray = b"a,b\n1,\"Firm\n2,x\n3,\"Firm\n";
    check_refused(stray, "line 4: text after the closing quote of a field that begins in line 2");
    check_refused(
        b"a\n1\n\n2\n",
        "line 3: a blank line in a table of one column: write \"\" for a missing value",
    );
    check_refused(
        b"a,a\n1,2\n",
        "the name of column 2, \"a\", is the name of an earlier column, too",
    );
    check_refused(
        b"a,b\x07\n1,2\n",
        "the name of column 2, \"b\\u{7}\", holds a control character",
    );
    let long = format!("{},b\n1,2\n", "x".repeat(1025));
    let message = format!("the name of column 1, {:?}, is longer than 1024 bytes", "x".repeat(64));
    check_refused(long.as_bytes(), &message);
}

#[test]
fn infinities_and_uneven_columns_are_refused() {
    let numbers =
        |values: &[f64]| Column { name: "n".into(), values: Values::Numbers(values.to_vec()) };
    let frame = Frame::new(vec![numbers(&[1.0, f64::NAN, f64::NEG_INFINITY])]).unwrap();
    let error = frame.column("n").unwrap_err();
    assert!(frame.take(&[0, 1]).column("n").is_ok(), "the rows that are taken are finite");
    assert_eq!(
        frame.take(&[2]).column("n").unwrap_err().to_string(),
        "column \"n\", row 1 is \"-inf\", expected a finite number"
    );
    assert_eq!(error.to_string(), "column \"n\", row 3 is \"-inf\", expected a finite number");
    let other = Column { name: "m".into(), values: Values::Integers(vec![Some(1)]) };
    let error = Frame::new(vec![numbers(&[1.0, 2.0]), other]).unwrap_err();
    assert_eq!(error, LearnError::Length { what: "a column", expected: 2, found: 1 });
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
        .unwrap()
}

#[track_caller]
fn check_arrow(array: ArrayRef, type_name: &str, rows: &[&str]) {
    // Twice, the second time from its second row on: batches are joined, and offsets kept.
    let whole = batch(vec![("c", array)]);
    let rest = whole.slice(1, whole.num_rows() - 1);
    let frame = Frame::from_batches(&[whole, rest]).unwrap();
    let expected: Vec<&str> = rows.iter().chain(&rows[1..]).copied().collect();
    assert_eq!(frame.columns()[0].values.type_name(), type_name);
    assert_eq!(shown(&frame), expected);
}

#[test]
fn arrow_types_are_read() {
    check_arrow(Arc::new(Int8Array::from(vec![Some(-1), None])), "integers", &["-1", "_"]);
    check_arrow(Arc::new(UInt32Array::from(vec![7, u32::MAX])), "integers", &["7", "4294967295"]);
    check_arrow(Arc::new(UInt64Array::from(vec![7, 8])), "integers", &["7", "8"]);
    let beyond = vec![Some(u64::MAX), None];
    check_arrow(Arc::new(UInt64Array::from(beyond)), "texts", &["18446744073709551615", "_"]);
    check_arrow(Arc::new(Float32Array::from(vec![Some(0.5), None])), "numbers", &["0.5", "_"]);
    check_arrow(Arc::new(Float64Array::from(vec![-0.0, f64::NAN])), "numbers", &["0", "_"]);
    check_arrow(Arc::new(BooleanArray::from(vec![Some(true), None])), "booleans", &["true", "_"]);
    check_arrow(Arc::new(StringArray::from(vec![Some("a"), None])), "texts", &["a", "_"]);
    check_arrow(Arc::new(LargeStringArray::from(vec!["é", ""])), "texts", &["é", ""]);
    check_arrow(Arc::new(StringViewArray::from(vec![Some("a"), None])), "texts", &["a", "_"]);
    check_arrow(Arc::new(NullArray::new(2)), "texts", &["_", "_"]);
    check_arrow(
        Arc::new(Date32Array::from(vec![1, -1])),
        "times",
        &["86400000000", "-86400000000"],
    );
    check_arrow(Arc::new(Date64Array::from(vec![1, 2])), "times", &["1000", "2000"]);
    let zoned = TimestampSecondArray::from(vec![Some(1), None]).with_timezone("+02:00");
    check_arrow(Arc::new(zoned), "times", &["1000000", "_"]);
    check_arrow(Arc::new(TimestampNanosecondArray::from(vec![-1, 1999])), "times", &["-1", "1"]);
    let mut decimals = Decimal128Builder::new().with_precision_and_scale(20, 3).unwrap();
    decimals.append_value(-12_345);
    decimals.append_null();
    check_arrow(Arc::new(decimals.finish()), "numbers", &["-12.345", "_"]);
    let mut dictionary = StringDictionaryBuilder::<Int32Type>::new();
    dictionary.append_value("x");
    dictionary.append_null();
    dictionary.append_value("x");
    check_arrow(Arc::new(dictionary.finish()), "texts", &["x", "_", "x"]);
    let dictionary = DictionaryArray::<Int32Type>::new(
        Int32Array::from(vec![Some(1), None]),
        Arc::new(Int64Array::from(vec![5, 6])),
    );
    check_arrow(Arc::new(dictionary), "integers", &["6", "_"]);
}

#[test]
fn arrow_columns_that_cannot_be_read_are_refused_where_they_are_needed() {
    let refused = |array: ArrayRef| {
        let frame = Frame::from_batches(&[batch(vec![("c", array)])]).unwrap();
        let other = frame.renamed(&["d".to_owned()]).unwrap();
        assert!(frame.beside(&other).unwrap().column("d").is_err(), "the fault goes along");
        frame.column("c").unwrap_err()
    };
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1)])]);
    let error = refused(Arc::new(list)).to_string();
    assert!(error.starts_with("column \"c\" is List(Int32), expected numbers, "), "{error}");
    let error = refused(Arc::new(BinaryArray::from(vec![b"x".as_slice()]))).to_string();
    assert!(error.starts_with("column \"c\" is Binary, expected"), "{error}");
    let error = refused(Arc::new(Float64Array::from(vec![1.0, f64::INFINITY])));
    assert!(
        matches!(error, LearnError::Cell { ref column, row: 1, .. } if column == "c"),
        "{error}"
    );
    let error = refused(Arc::new(TimestampSecondArray::from(vec![0, i64::MAX])));
    assert!(matches!(error, LearnError::Cell { row: 1, .. }), "{error}");
    assert_eq!(Frame::from_batches(&[]).unwrap_err(), LearnError::EmptyTable { what: "row" });
    let schema =
        Schema::new(vec![Field::new("c", DataType::Timestamp(TimeUnit::Second, None), true)]);
    let empty = RecordBatch::new_empty(Arc::new(schema));
    let one = batch(vec![("c", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]);
    assert_eq!(
        Frame::from_batches(std::slice::from_ref(&empty)).unwrap_err(),
        LearnError::EmptyTable { what: "row" }
    );
    let error = Frame::from_batches(&[one, empty]).unwrap_err().to_string();
    assert_eq!(error, "column \"c\" is Timestamp(s), expected Int64 as in the first batch");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What the writer of the `csv` crate writes is read back, whatever the cells hold.
    #[test]
    fn written_tables_are_read_back(
        cells in prop::collection::vec(prop::collection::vec("[a-z,;|\t\"\n é]{0,4}", 3), 1..20),
        delimiter in prop::sample::select(vec![b',', b';', b'\t', b'|']),
    ) {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .quote_style(csv::QuoteStyle::Always)
            .from_writer(Vec::new());
        writer.write_record(["a", "b", "c"]).unwrap();
        cells.iter().for_each(|row| writer.write_record(row).unwrap());
        let frame = Frame::from_csv(&writer.into_inner().unwrap()).unwrap();
        for (at, column) in frame.columns().iter().enumerate() {
            for (row, cells) in cells.iter().enumerate() {
                let expected = Some(cells[at].clone()).filter(|cell| !cell.is_empty());
                prop_assert_eq!(column.values.shown(row), expected);
            }
        }
    }

    /// Whatever the bytes, an answer or an error.
    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Frame::from_csv(&bytes);
    }
}
