//! The dictionary beyond what the laws reach: many segments, stale entries, exhaustion.

use std::collections::BTreeMap;

use tracehound_store::{Error, Settings, Snapshot, Store, Writer};

use crate::model::{create, folder, run, tiny};

fn key(number: u32) -> [u8; 8] {
    // Odd multiplier: different numbers give different keys, in no order.
    (u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_le_bytes()
}

fn keys(numbers: impl IntoIterator<Item = u32>) -> Vec<u8> {
    numbers.into_iter().flat_map(key).collect()
}

fn assign(writer: &mut Writer, numbers: impl IntoIterator<Item = u32>) -> (Vec<u32>, Snapshot) {
    let mut commit = writer.begin();
    let ids = commit.dictionary("d", 8).unwrap().assign(&keys(numbers)).unwrap();
    (ids, commit.finish(run("assign")).unwrap())
}

#[test]
fn tens_of_thousands_of_keys_keep_their_ids_through_merges() {
    let scratch = folder();
    let settings = Settings { tail_keys: 500, chunk_bytes: 1 << 14, ..Settings::default() };
    let store = Store::create_with(&scratch.path().join("store"), settings).unwrap();
    let mut writer = store.writer().unwrap();
    let mut oracle = BTreeMap::new();
    for batch in 0..40_u32 {
        // Half of each batch is new, half was seen before.
        let numbers: Vec<u32> = (batch * 800..batch * 800 + 1600).collect();
        let (ids, _) = assign(&mut writer, numbers.iter().copied());
        for (number, id) in numbers.into_iter().zip(ids) {
            let next = u32::try_from(oracle.len()).unwrap();
            assert_eq!(*oracle.entry(number).or_insert(next), id);
        }
    }
    let snapshot = store.snapshot().unwrap();
    let segments = snapshot.manifest().dictionaries["d"].segments.len();
    assert!(segments <= 7, "{segments} segments for 64 tails");
    let dictionary = snapshot.dictionary("d").unwrap();
    let all: Vec<u32> = (0..40_000).collect();
    let expected: Vec<Option<u32>> = all.iter().map(|number| oracle.get(number).copied()).collect();
    assert_eq!(dictionary.lookup(&keys(all.iter().copied())), expected);
    let single: Vec<_> = all.iter().map(|number| dictionary.lookup_one(&key(*number))).collect();
    assert_eq!(single, expected);
    assert_eq!((dictionary.lookup_one(b"short"), dictionary.key(dictionary.len())), (None, None));
}

#[test]
fn entries_left_over_from_a_truncation_are_harmless() {
    let (_dir, store) = create();
    let mut writer = store.writer().unwrap();
    assign(&mut writer, 0..100);
    let before = writer.snapshot();
    // The segments still say that the keys 50.. have the ids 50..; those go to other keys, then
    // come back.
    for (keep, numbers) in [(50, 200..260), (60, 40..90), (10, 80..100)] {
        let mut commit = writer.begin();
        let mut dictionary = commit.dictionary("d", 8).unwrap();
        dictionary.truncate(keep).unwrap();
        let live: Vec<Vec<u8>> = (0..keep).map(|id| dictionary.key(id).unwrap().to_vec()).collect();
        for number in 0..300 {
            let expected = live.iter().position(|held| *held == key(number));
            let expected = expected.map(|id| u32::try_from(id).unwrap());
            assert_eq!(dictionary.lookup_one(&key(number)), expected);
        }
        let ids = dictionary.assign(&keys(numbers.clone())).unwrap();
        for (number, id) in numbers.zip(ids) {
            assert_eq!(dictionary.key(id), Some(&key(number)[..]));
        }
        commit.finish(run("reuse")).unwrap();
        let snapshot = store.snapshot().unwrap();
        let dictionary = snapshot.dictionary("d").unwrap();
        for id in 0..dictionary.len() {
            assert_eq!(dictionary.lookup_one(dictionary.key(id).unwrap()), Some(id));
        }
    }
    // They fall out when their segment is merged.
    let (_, snapshot) = assign(&mut writer, 1000..1400);
    let segments = &snapshot.manifest().dictionaries["d"].segments;
    let held: Vec<u64> = segments.iter().map(|segment| segment.entries).collect();
    assert_eq!(held, [u64::from(snapshot.dictionary("d").unwrap().len())]);
    let dictionary = before.dictionary("d").unwrap();
    assert!(
        (0..100).all(|n| dictionary.lookup_one(&key(n)) == Some(n)),
        "the old snapshot changed"
    );
}

#[test]
fn a_key_appended_twice_is_found_under_its_largest_living_id() {
    let (_dir, store) = create();
    let mut writer = store.writer().unwrap();
    // Far apart, so that the same key lies in different segments, in one segment, and in the tail.
    let mut commit = writer.begin();
    let mut dictionary = commit.dictionary("d", 8).unwrap();
    dictionary
        .append(&keys([7, 7, 1, 2, 3, 4, 5, 6, 8, 9, 7, 10, 11, 12, 13, 14, 15, 16, 7]))
        .unwrap();
    for (len, expected) in [(19, Some(18)), (18, Some(10)), (10, Some(1)), (1, Some(0)), (0, None)]
    {
        dictionary.truncate(len).unwrap();
        assert_eq!(dictionary.lookup_one(&key(7)), expected, "{len} ids");
    }
    assert_eq!(dictionary.assign(&keys([7])).unwrap(), [0]);
}

#[test]
fn a_full_dictionary_says_so_and_never_wraps() {
    let scratch = folder();
    let settings = Settings { ids_max: 20, ..tiny() };
    let store = Store::create_with(&scratch.path().join("store"), settings).unwrap();
    let mut writer = store.writer().unwrap();
    assign(&mut writer, 0..20);
    assert_eq!(assign(&mut writer, 5..15).0, (5..15).collect::<Vec<_>>());
    let mut commit = writer.begin();
    let error = commit.dictionary("d", 8).unwrap().assign(&keys([20])).unwrap_err();
    assert_eq!(error.to_string(), "dictionary \"d\" is full: 20 ids");
    assert!(matches!(commit.finish(run("full")).unwrap_err(), Error::CommitFailed));
    assert_eq!(writer.snapshot().dictionary("d").unwrap().len(), 20);
}

#[test]
fn wrong_widths_are_refused() {
    let (_dir, store) = create();
    let mut writer = store.writer().unwrap();
    assign(&mut writer, 0..3);
    for (width, bytes) in [(7, 7), (0, 0), (65, 65)] {
        let mut commit = writer.begin();
        let name = if width == 7 { "d" } else { "new" };
        let refused = commit.dictionary(name, width).and_then(|mut d| d.assign(&vec![0; bytes]));
        assert!(matches!(refused.unwrap_err(), Error::Width { .. }), "{width}");
    }
    let mut commit = writer.begin();
    let refused = commit.dictionary("d", 8).unwrap().assign(&[0; 9]).unwrap_err();
    assert!(matches!(refused, Error::Width { got: 9, .. }));
}

#[test]
fn lookups_from_many_threads_agree() {
    let (_dir, store) = create();
    let mut writer = store.writer().unwrap();
    let (_, snapshot) = assign(&mut writer, 0..500);
    let dictionary = snapshot.dictionary("d").unwrap();
    std::thread::scope(|scope| {
        for _thread in 0..4 {
            let dictionary = dictionary.clone();
            scope.spawn(move || {
                let found: Vec<_> = (0..600).map(|n| dictionary.lookup_one(&key(n))).collect();
                let expected: Vec<_> = (0..600).map(|n| (n < 500).then_some(n)).collect();
                assert_eq!(found, expected);
            });
        }
    });
}
