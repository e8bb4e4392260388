//! Tables beyond what the laws reach: pruning, merging, provenance, schemas.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{RecordBatch, UInt32Array, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use tracehound_store::{Commit, Error, Run, Snapshot, Store, TableSpec, Writer};

use crate::model::{batch, create, run, scan, spec};

fn append(writer: &mut Writer, keys: std::ops::Range<u32>) -> Snapshot {
    let rows: Vec<_> = keys.map(|key| (key, u64::from(key) * 10)).collect();
    let mut commit = writer.begin();
    commit.append(&spec(), "left", &batch(&rows)).unwrap();
    commit.finish(run("append")).unwrap()
}

#[test]
fn a_range_of_keys_is_read_from_few_files() {
    let (dir, store) = create();
    let mut writer = store.writer().unwrap();
    for start in (0..500).step_by(50) {
        append(&mut writer, start..start + 50);
    }
    let snapshot = writer.snapshot();
    for (from, to) in [(0, 0), (49, 50), (120, 180), (499, 499), (500, 900), (7, 3)] {
        let columns = Some(&["number", "key"][..]);
        let found: Vec<u64> = snapshot
            .scan("rows", "left", columns, Some(from..=to))
            .unwrap()
            .flat_map(|rows| rows.unwrap().column(0).as_primitive::<UInt64Type>().values().to_vec())
            .collect();
        let expected: Vec<u64> =
            (0..500).filter(|key| (from..=to).contains(key)).map(|key| key * 10).collect();
        assert_eq!(found, expected, "{from}..={to}");
    }
    // A scan of the first keys works without the other files: it does not touch them.
    for file in &snapshot.files("rows", "left")[1..] {
        std::fs::remove_file(dir.path().join("store").join(&file.path)).unwrap();
    }
    let mut first = snapshot.scan("rows", "left", Some(&["number"]), Some(0..=49)).unwrap();
    let rows = first.next().unwrap().unwrap();
    assert_eq!((rows.num_columns(), rows.schema().field(0).name().as_str()), (1, "number"));
    assert!(snapshot.scan("rows", "left", None, None).unwrap().any(|rows| rows.is_err()));
}

#[test]
fn merging_keeps_rows_order_and_provenance() {
    let (dir, store) = create();
    let mut writer = store.writer().unwrap();
    for start in (0..400).step_by(20) {
        append(&mut writer, start..start + 20);
    }
    assert_eq!(writer.snapshot().files("rows", "left").len(), 20);
    let merged = writer.compact("rows", "left", run("merge")).unwrap().unwrap();
    let files = merged.files("rows", "left");
    assert_eq!((files.len(), files[0].rows, files[0].commit, files[0].commit_min), (1, 400, 21, 1));
    assert_eq!((files[0].key_min, files[0].key_max), (Some(0), Some(399)));
    let expected: Vec<(u64, u64)> = (1..=20).map(|commit| (commit, 20)).collect();
    assert_eq!(merged.commits_of(&files[0]).unwrap(), expected);
    assert_eq!(
        scan(&merged, "left", None),
        (0..400).map(|k| (k, u64::from(k) * 10)).collect::<Vec<_>>()
    );
    assert!(writer.compact("rows", "left", run("again")).unwrap().is_none());
    assert!(writer.compact("other", "left", run("nothing")).unwrap().is_none());

    let mut commit = writer.begin();
    commit.remove_above(&spec(), "left", 50).unwrap();
    let cut = commit.finish(run("cut")).unwrap();
    let files = cut.files("rows", "left");
    assert_eq!(cut.commits_of(&files[0]).unwrap(), [(1, 20), (2, 20), (3, 11)]);
    assert_eq!(cut.run(3).unwrap(), Some(run("append")));

    // The files merged away go once no kept manifest needs them.
    drop((merged, cut));
    for start in [100, 200, 300] {
        append(&mut writer, start..start + 1);
    }
    let left = crate::model::files_below(&dir.path().join("store/tables"));
    assert_eq!(left.len(), writer.snapshot().files("rows", "left").len());
}

#[test]
fn many_appends_of_one_commit_are_one_file() {
    let (_dir, store) = create();
    let mut writer = store.writer().unwrap();
    let mut commit = writer.begin();
    for key in 0..300 {
        commit.append(&spec(), "left", &batch(&[(key, 1), (key, 2)])).unwrap();
    }
    let snapshot = commit.finish(run("many")).unwrap();
    let files = snapshot.files("rows", "left");
    assert_eq!((files.len(), files[0].rows, files[0].key_max), (1, 600, Some(299)));
    assert_eq!(snapshot.commits_of(&files[0]).unwrap(), [(1, 600)]);
    assert_eq!(snapshot.rows("rows", "left"), 600);
    assert_eq!(snapshot.partitions("rows").collect::<Vec<_>>(), ["left"]);
}

#[test]
fn equal_input_gives_equal_files_and_ids_whatever_the_clock() {
    let make = |time_s: i64, last: u64| {
        let (dir, store) = create();
        let mut writer = store.writer().unwrap();
        for number in 1..=5 {
            let mut commit = writer.begin();
            commit.append(&spec(), "left", &batch(&[(number, u64::from(number))])).unwrap();
            commit.dictionary("d", 1).unwrap().assign(b"abcde").unwrap();
            commit.set_checkpoint("stage", if number == 5 { last } else { 0 });
            commit.finish(Run { time_s, ..run("equal") }).unwrap();
        }
        (writer.snapshot(), dir)
    };
    let ((one, _dir), (two, _), (other, _)) = (make(1, 5), make(2, 5), make(1, 6));
    assert_eq!(one.id(), two.id());
    assert_ne!(one.id(), other.id());
    assert_eq!(one.files("rows", "left"), two.files("rows", "left"));
    assert_eq!(one.id().to_string(), one.id().full()[..16]);
    assert_eq!(one.run(3).unwrap().unwrap().time_s, 1);
}

fn two_columns(second: &str) -> TableSpec {
    let fields = vec![
        Field::new("key", DataType::UInt64, false),
        Field::new(second, DataType::UInt32, true),
    ];
    TableSpec::new("other", Arc::new(Schema::new(fields))).key("key")
}

fn two(spec: &TableSpec, keys: &[u64]) -> RecordBatch {
    let seconds: UInt32Array = keys.iter().map(|_| None::<u32>).collect();
    let columns: Vec<arrow_array::ArrayRef> =
        vec![Arc::new(UInt64Array::from(keys.to_vec())), Arc::new(seconds)];
    RecordBatch::try_new(spec.schema.clone(), columns).unwrap()
}

#[test]
fn what_does_not_fit_is_refused_in_words() {
    let (_dir, store) = create();
    let mut writer = store.writer().unwrap();
    let mut commit = writer.begin();
    commit.append(&two_columns("b"), "p", &two(&two_columns("b"), &[5])).unwrap();
    commit.append(&two_columns("b"), "q", &two(&two_columns("b"), &[u64::MAX])).unwrap();
    commit.finish(run("first")).unwrap();
    type Refusal = fn(&mut Commit<'_>) -> Result<(), Error>;
    let refusals: [(Refusal, &str); 7] = [
        (
            |commit| commit.append(&two_columns("b"), "p", &two(&two_columns("b"), &[6, 4])),
            "table \"other\", partition \"p\": key 4 comes after 6",
        ),
        (
            |commit| commit.append(&two_columns("b"), "p", &two(&two_columns("b"), &[4])),
            "table \"other\", partition \"p\": key 4 comes after 5",
        ),
        (
            |commit| commit.append(&two_columns("b"), "p", &two(&two_columns("c"), &[9])),
            "table \"other\": column 1 is c: UInt32, nullable, expected b: UInt32, nullable",
        ),
        (
            |commit| commit.append(&two_columns("c"), "p", &two(&two_columns("c"), &[9])),
            "table \"other\": column 1 is c: UInt32, nullable, expected b: UInt32, nullable",
        ),
        (
            |commit| commit.replace(&two_columns("c"), "p", [two(&two_columns("c"), &[9])]),
            "table \"other\": column 1 is c: UInt32, nullable, expected b: UInt32, nullable",
        ),
        (
            |commit| commit.append(&two_columns("b").key("b"), "p", &two(&two_columns("b"), &[9])),
            "table \"other\": key \"b\" must be UInt32 or UInt64 without nulls",
        ),
        (
            |commit| commit.remove_above(&TableSpec { key: None, ..two_columns("b") }, "p", 1),
            "table \"other\": its key is Some(\"key\"), not None",
        ),
    ];
    for (refused, message) in refusals {
        let error = refused(&mut writer.begin()).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let snapshot = writer.snapshot();
    let unknown = snapshot.scan("other", "p", Some(&["x"]), None).unwrap_err();
    assert_eq!(unknown.to_string(), "table \"other\": no column \"x\"");
    assert_eq!(snapshot.scan("other", "q", None, Some(u64::MAX..=u64::MAX)).unwrap().count(), 1);
}

#[test]
fn a_replaced_view_may_change_its_schema() {
    let (_dir, store) = create();
    let mut writer = store.writer().unwrap();
    for (column, keys) in [("b", vec![5, 6, 7]), ("c", vec![1]), ("c", vec![])] {
        let spec = two_columns(column);
        let mut commit = writer.begin();
        commit.replace(&spec, "p", [two(&spec, &keys)]).unwrap();
        let snapshot = commit.finish(run("replace")).unwrap();
        let rows: usize = snapshot
            .scan("other", "p", None, None)
            .unwrap()
            .map(|rows| rows.unwrap().num_rows())
            .sum();
        assert_eq!(rows, keys.len());
        let table = snapshot.manifest().tables.get("other");
        assert_eq!(
            table.map(|table| table.schema[1].name.as_str()),
            (!keys.is_empty()).then_some(column)
        );
    }
}

#[test]
fn a_second_opening_reads_the_same() {
    let (dir, store) = create();
    let id = append(&mut store.writer().unwrap(), 0..10).id();
    let again = Store::open(&dir.path().join("store")).unwrap().snapshot().unwrap();
    assert_eq!(again.id(), id);
    assert_eq!(scan(&again, "left", None).len(), 10);
}
