//! Mapped files written column by column: the same bytes as of one batch; scratch files leave no trace.

use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{UInt8Type, UInt32Type, UInt64Type};
use arrow_array::{RecordBatch, StringArray, UInt8Array, UInt32Array, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use proptest::prelude::*;
use tracehound_store::{Error, Snapshot};

use crate::model::{create, files_below, run};

fn schema() -> Schema {
    Schema::new(vec![
        Field::new("weight", DataType::UInt64, false),
        Field::new("target", DataType::UInt32, false),
        Field::new("flags", DataType::UInt8, false),
    ])
}

fn batch(rows: u32) -> RecordBatch {
    let weight: UInt64Array = (0..rows).map(|n| u64::from(n) * u64::from(n)).collect();
    let target: UInt32Array = (0..rows).map(|n| n ^ 77).collect();
    let flags: UInt8Array = (0..rows).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let columns = vec![Arc::new(weight) as _, Arc::new(target) as _, Arc::new(flags) as _];
    RecordBatch::try_new(Arc::new(schema()), columns).unwrap()
}

fn bytes(snapshot: &Snapshot, name: &str) -> Vec<u8> {
    std::fs::read(snapshot.path(&snapshot.manifest().mapped[name].path)).unwrap()
}

/// Writes `rows` rows at once and in pieces of these lengths, and compares the files.
fn check(rows: u32, pieces: &[usize]) {
    let (dir, store) = create();
    let mut writer = store.writer().unwrap();
    let mut commit = writer.begin();
    let whole = batch(rows);
    commit.put_mapped("whole", &whole).unwrap();
    let mut columns = commit.mapped_writer("pieces", &schema()).unwrap();
    let mut pieces = pieces.iter().copied().cycle();
    for column in 0..3 {
        let mut at = 0;
        while at < whole.num_rows() {
            let len = pieces.next().unwrap_or(usize::MAX).clamp(1, whole.num_rows() - at);
            let part = whole.column(column).slice(at, len);
            let done = match column {
                0 => columns.extend::<UInt64Type>(0, part.as_primitive::<UInt64Type>().values()),
                1 => columns.extend::<UInt32Type>(1, part.as_primitive::<UInt32Type>().values()),
                _ => columns.extend::<UInt8Type>(2, part.as_primitive::<UInt8Type>().values()),
            };
            done.unwrap();
            at += len;
        }
    }
    commit.put_mapped_columns(columns).unwrap();
    let snapshot = commit.finish(run("map")).unwrap();
    assert_eq!(snapshot.mapped("pieces").unwrap(), whole);
    assert!(bytes(&snapshot, "pieces") == bytes(&snapshot, "whole"), "{rows} rows");
    let entry = |name: &str| {
        let entry = snapshot.manifest().mapped[name].clone();
        (entry.bytes, entry.rows, entry.sha256, entry.frame)
    };
    assert_eq!(entry("pieces"), entry("whole"));
    assert_eq!(snapshot.verify(&mut |_| {}).unwrap(), []);
    let files = files_below(&dir.path().join("store"));
    assert!(!files.keys().any(|name| name.contains("scratch")), "{files:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pieces_make_the_file_of_the_whole(
        rows in 0u32..300, pieces in prop::collection::vec(1usize..100, 1..9),
    ) {
        check(rows, &pieces);
    }
}

#[test]
fn pieces_of_any_size_make_the_file_of_the_whole() {
    for rows in [0, 1, 63, 64, 65] {
        check(rows, &[1]);
    }
    check(300_000, &[usize::MAX]);
    check(300_000, &[7, 50_000, 200_000]);
}

#[test]
fn columns_that_do_not_fit_are_refused() {
    let (_dir, store) = create();
    let mut writer = store.writer().unwrap();
    let mut commit = writer.begin();
    let mut columns = commit.mapped_writer("graph", &schema()).unwrap();
    let error = columns.extend::<UInt32Type>(0, &[1]).unwrap_err();
    assert_eq!(error.to_string(), "table \"graph\": column \"weight\" is of UInt64, got UInt32");
    columns.extend::<UInt64Type>(0, &[1, 2]).unwrap();
    columns.extend::<UInt32Type>(1, &[1]).unwrap();
    let error = commit.put_mapped_columns(columns).unwrap_err();
    let message = "table \"graph\": column \"target\" has 1 values, expected 2";
    assert_eq!(error.to_string(), message);
    let error = commit.finish(run("lost")).unwrap_err();
    assert!(matches!(error, Error::CommitFailed));
    for field in [Field::new("a", DataType::Utf8, false), Field::new("a", DataType::UInt8, true)] {
        let error = writer.begin().mapped_writer("graph", &Schema::new(vec![field])).unwrap_err();
        let message = "table \"graph\": column \"a\" is not of numbers without nulls";
        assert_eq!(error.to_string(), message);
    }
    assert!(writer.begin().mapped_writer("graph", &Schema::empty()).is_err());
    assert!(writer.begin().mapped_writer("../graph", &schema()).is_err());
}

#[test]
fn scratch_files_hold_what_was_written_and_have_no_name() {
    let (dir, store) = create();
    let mut writer = store.writer().unwrap();
    let mut commit = writer.begin();
    let space = commit.scratch().unwrap();
    let (mut one, mut two) = (space.file().unwrap(), space.file().unwrap());
    one.write_all(b"first").unwrap();
    two.write_all(b"second").unwrap();
    assert_eq!(one.seek(SeekFrom::Start(0)).unwrap(), 0);
    assert_eq!(two.seek(SeekFrom::End(-4)).unwrap(), 2);
    let (mut first, mut second) = (String::new(), String::new());
    one.read_to_string(&mut first).unwrap();
    two.read_to_string(&mut second).unwrap();
    assert_eq!((&*first, &*second), ("first", "cond"));
    assert!(two.seek(SeekFrom::Current(-9)).is_err());
    let files = files_below(&dir.path().join("store"));
    assert!(!files.keys().any(|name| name.contains("scratch")), "{files:?}");
}

#[test]
fn one_file_is_verified_by_its_name() {
    let (_dir, store) = create();
    let mut writer = store.writer().unwrap();
    let mut commit = writer.begin();
    commit.put_mapped("good", &batch(50)).unwrap();
    commit.put_mapped("rotten", &batch(500)).unwrap();
    let texts = StringArray::from(vec!["a"]);
    let texts = RecordBatch::try_from_iter([("text", Arc::new(texts) as _)]).unwrap();
    commit.put_mapped("texts", &texts).unwrap();
    let snapshot = commit.finish(run("map")).unwrap();
    let file = snapshot.manifest().mapped["rotten"].path.clone();
    let path = snapshot.path(&file);
    let mut content = bytes(&snapshot, "rotten");
    assert_eq!(snapshot.verify_mapped("rotten").unwrap(), None);
    // The first weight: nothing that opening reads.
    let at =
        content.windows(16).position(|w| w == [0u64, 1].map(u64::to_le_bytes).concat()).unwrap();
    content[at] ^= 1;
    std::fs::write(&path, &content).unwrap();
    assert!(snapshot.mapped("rotten").is_ok());
    let damage = snapshot.verify_mapped("rotten").unwrap().unwrap();
    assert_eq!(damage.file, file);
    assert!(damage.what.starts_with("SHA-256 ") && damage.what.ends_with(" expected"), "{damage}");
    content[at] ^= 1;
    // The frame, here the name of a column: refused at opening, with both hashes.
    let at = content.windows(5).rposition(|w| w == b"flags").unwrap();
    content[at] ^= 1;
    std::fs::write(&path, &content).unwrap();
    let error = snapshot.mapped("rotten").unwrap_err().to_string();
    let expected = &snapshot.manifest().mapped["rotten"].frame;
    assert!(error.contains(&format!("{file} is damaged: frame hash ")), "{error}");
    assert!(error.ends_with(&format!(", {expected} expected")), "{error}");
    std::fs::write(&path, &content[..99]).unwrap();
    let damage = snapshot.verify_mapped("rotten").unwrap().unwrap();
    assert_eq!(damage.what, format!("99 bytes, {} expected", content.len()));
    assert_eq!(snapshot.verify_mapped("good").unwrap(), None);
    assert_eq!(snapshot.verify_mapped("texts").unwrap(), None);
    assert!(matches!(snapshot.verify_mapped("none").unwrap_err(), Error::Missing { .. }));
}
