//! Columns beyond what the laws reach: chunks of several blocks, and refusals.

use tracehound_store::{Commit, Error, Settings, Store};

use crate::model::{create, folder, run};

/// Bytes that differ from place to place.
fn bytes(from: usize, to: usize) -> Vec<u8> {
    (from..to).map(|at| u8::try_from(at * 31 % 251).unwrap()).collect()
}

#[test]
fn records_across_blocks_and_chunks_are_read_back() {
    let scratch = folder();
    let dir = scratch.path().join("store");
    let settings = Settings { chunk_bytes: 3 << 20, ..Settings::default() };
    let store = Store::create_with(&dir, settings).unwrap();
    // Width 24: chunks of 2^17 records, which is 3 MiB exactly; widths that are no power of two end
    // in mid-block.
    let ends = [0, 10, 70_000, 70_001, 131_072, 300_000, 300_017];
    let mut writer = store.writer().unwrap();
    for (from, to) in ends.iter().zip(&ends[1..]) {
        let mut commit = writer.begin();
        commit.extend_column("wide", 24, &bytes(from * 24, to * 24)).unwrap();
        commit.finish(run("extend")).unwrap();
    }
    let snapshot = writer.snapshot();
    let mut commit = writer.begin();
    commit.truncate_column("wide", 140_000).unwrap();
    commit.extend_column("wide", 24, &bytes(0, 24 * 50_000)).unwrap();
    assert_eq!(commit.column_len("wide").unwrap(), 190_000);
    let cut = commit.finish(run("cut")).unwrap();

    let column = snapshot.column("wide").unwrap();
    assert_eq!(column.len(), 300_017);
    assert_eq!(column.read(0, 300_017).unwrap(), bytes(0, 300_017 * 24));
    assert_eq!(column.read(131_071, 131_073).unwrap(), bytes(131_071 * 24, 131_073 * 24));
    assert_eq!(column.get(262_144), Some(&bytes(262_144 * 24, 262_145 * 24)[..]));
    assert_eq!(
        (column.get(300_017), column.read(5, 4), column.read(0, 300_018)),
        (None, None, None)
    );
    let column = cut.column("wide").unwrap();
    assert_eq!(column.read(0, 140_000).unwrap(), bytes(0, 140_000 * 24));
    assert_eq!(column.read(140_000, 190_000).unwrap(), bytes(0, 50_000 * 24));
    assert_eq!(snapshot.verify(&mut |_| {}).unwrap(), []);
    assert_eq!(cut.verify(&mut |_| {}).unwrap(), []);
}

#[test]
fn numbers_are_read_in_place() {
    let (_dir, store) = create();
    let mut writer = store.writer().unwrap();
    let mut commit = writer.begin();
    let small: Vec<u8> = (0..40_u32).flat_map(|n| (n * 1_000_003).to_le_bytes()).collect();
    let large: Vec<u8> = (0..40_u64).flat_map(|n| (n << 40).to_le_bytes()).collect();
    commit.extend_column("small", 4, &small).unwrap();
    commit.extend_column("large", 8, &large).unwrap();
    let snapshot = commit.finish(run("numbers")).unwrap();
    let (small, large) = (snapshot.column("small").unwrap(), snapshot.column("large").unwrap());
    assert!((0..40).all(|n| small.get_u32(n) == Some(u32::try_from(n * 1_000_003).unwrap())));
    assert!((0..40).all(|n| large.get_u64(n) == Some(n << 40)));
    assert_eq!((small.get_u32(40), small.get_u64(0), large.get_u32(0)), (None, None, None));
}

#[test]
fn wrong_widths_and_lengths_are_refused_and_lose_the_commit() {
    let (_dir, store) = create();
    let mut writer = store.writer().unwrap();
    let mut commit = writer.begin();
    commit.extend_column("c", 4, &[0; 8]).unwrap();
    commit.finish(run("first")).unwrap();
    type Refusal = fn(&mut Commit<'_>) -> Result<(), Error>;
    let refusals: [Refusal; 5] = [
        |commit| commit.extend_column("c", 5, &[0; 5]),
        |commit| commit.extend_column("c", 4, &[0; 6]),
        |commit| commit.truncate_column("c", 3),
        |commit| commit.truncate_column("other", 0),
        |commit| commit.extend_column("../c", 4, &[0; 4]),
    ];
    let messages: Vec<String> = refusals
        .iter()
        .map(|refused| {
            let mut commit = writer.begin();
            let error = refused(&mut commit).unwrap_err();
            let lost = commit.finish(run("lost")).unwrap_err();
            assert!(matches!(lost, Error::CommitFailed));
            error.to_string()
        })
        .collect();
    let expected = [
        "\"c\" holds records of 4 bytes, got 5",
        "\"c\" holds records of 4 bytes, got 6",
        "\"c\" has 2 records, cannot be cut to 3",
        "no column named \"other\" in the store",
        "\"../c\" cannot name a part of the store",
    ];
    assert_eq!(messages, expected);
    assert_eq!(writer.snapshot().column("c").unwrap().len(), 2);
}
