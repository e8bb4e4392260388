//! Mapped Arrow files: every kind of column comes back, without a copy.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{UInt16Type, UInt64Type};
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, FixedSizeBinaryArray, ListArray, RecordBatch,
    StringArray, UInt64Array,
};

use crate::model::{create, run};

fn mixed(rows: u64) -> RecordBatch {
    let numbers: ArrayRef = Arc::new((0..rows).collect::<UInt64Array>());
    let texts: ArrayRef =
        Arc::new((0..rows).map(|n| (n % 3 > 0).then(|| n.to_string())).collect::<StringArray>());
    let flags: ArrayRef = Arc::new((0..rows).map(|n| Some(n % 2 == 0)).collect::<BooleanArray>());
    let kinds: DictionaryArray<UInt16Type> =
        (0..rows).map(|n| if n % 2 == 0 { "even" } else { "odd" }).collect();
    let hashes = FixedSizeBinaryArray::try_new(
        2,
        vec![7_u8; 2 * usize::try_from(rows).unwrap()].into(),
        None,
    );
    let lists = ListArray::from_iter_primitive::<UInt64Type, _, _>(
        (0..rows).map(|n| Some(vec![Some(n); 2])),
    );
    let columns: [(&str, ArrayRef); 6] = [
        ("numbers", numbers),
        ("texts", texts),
        ("flags", flags),
        ("kinds", Arc::new(kinds)),
        ("hashes", Arc::new(hashes.unwrap())),
        ("lists", Arc::new(lists)),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

#[test]
fn batches_of_every_kind_come_back() {
    let (_dir, store) = create();
    let mut writer = store.writer().unwrap();
    for rows in [0, 1, 1000] {
        let mut commit = writer.begin();
        commit.put_mapped("mixed", &mixed(rows)).unwrap();
        let snapshot = commit.finish(run("map")).unwrap();
        assert_eq!(snapshot.mapped("mixed").unwrap(), mixed(rows));
    }
    let before = writer.snapshot();
    let mut commit = writer.begin();
    commit.remove_mapped("mixed");
    let after = commit.finish(run("remove")).unwrap();
    assert_eq!(before.mapped("mixed").unwrap(), mixed(1000), "an older snapshot lost it");
    assert_eq!(
        after.mapped("mixed").unwrap_err().to_string(),
        "no mapped file named \"mixed\" in the store"
    );
}

#[test]
fn columns_lie_in_the_map_and_outlive_the_snapshot() {
    let (_dir, store) = create();
    let mut writer = store.writer().unwrap();
    let mut commit = writer.begin();
    commit.put_mapped("mixed", &mixed(10_000)).unwrap();
    let snapshot = commit.finish(run("map")).unwrap();
    let (one, two) = (snapshot.mapped("mixed").unwrap(), snapshot.mapped("mixed").unwrap());
    let start = |batch: &RecordBatch| {
        batch.column(0).as_primitive::<UInt64Type>().values().as_ptr() as usize
    };
    // Aligned in its file, hence in memory; a copy would be aligned too, but not page-congruent
    // with its twin.
    assert_eq!((start(&one) % 64, start(&one) % 4096), (0, start(&two) % 4096));
    drop((snapshot, two, writer, store));
    assert_eq!(one, mixed(10_000));
}
