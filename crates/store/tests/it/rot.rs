//! Rot: a flipped byte in any file is found and named; a cut or twisted one is an error, never a
//! panic or a wrong answer.

use std::path::Path;

use tracehound_store::{Error, Settings, Snapshot, Store};

use crate::model::{KEY_WIDTH, Model, Step, create, files_below, folder, key, run, tiny};

/// A store with a file of every kind.
fn fill(store: &Store) -> Model {
    let mut writer = store.writer().unwrap();
    let mut model = Model::default();
    for number in 0..6_u8 {
        let steps = [
            Step::Append(0, vec![1; 40]),
            Step::Extend(vec![number; 45]),
            Step::Assign((number * 6..number * 6 + 9).collect()),
            Step::Map((0..50).collect()),
        ];
        let mut commit = writer.begin();
        for step in &steps {
            model.apply(&mut commit, step).unwrap();
        }
        commit.finish(run("fill")).unwrap();
    }
    model
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    // In place: the file is mapped by the snapshot under test.
    let file = std::fs::File::options().write(true).open(path).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &bytes[at..=at], at as u64).unwrap();
}

#[test]
fn verify_names_the_file_with_a_flipped_byte() {
    let (dir, store) = create();
    let dir = dir.path().join("store");
    fill(&store);
    let snapshot = store.snapshot().unwrap();
    let mut told = Vec::new();
    assert_eq!(snapshot.verify(&mut |file| told.push(file.to_owned())).unwrap(), []);
    let live: Vec<String> = told.into_iter().filter(|file| dir.join(file).is_file()).collect();
    let kinds = ["manifests/", "tables/", "columns/", "dictionaries/", "mapped/", "runs/"];
    for kind in kinds {
        assert!(live.iter().any(|file| file.starts_with(kind)), "no file of {kind}");
    }
    assert!(live.iter().any(|file| file.ends_with(".seg")));
    for file in live {
        let path = dir.join(&file);
        let len = usize::try_from(path.metadata().unwrap().len()).unwrap();
        for at in [0, len / 3, len / 2, len - 1] {
            flip(&path, at);
            let damage = snapshot.verify(&mut |_| {}).unwrap();
            assert_eq!(
                damage.first().map(|damage| damage.file.as_str()),
                Some(&*file),
                "byte {at}"
            );
            flip(&path, at);
        }
        let whole = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let damage = snapshot.verify(&mut |_| {}).unwrap();
        assert!(damage.iter().any(|damage| damage.file == file), "{file} is gone");
        std::fs::write(&path, whole).unwrap();
    }
    assert_eq!(snapshot.verify(&mut |_| {}).unwrap(), []);
}

/// Copies a store and changes one file of the copy before anything of it is opened.
fn with_changed(
    source: &Path,
    file: &str,
    change: impl FnOnce(&mut Vec<u8>),
) -> (tempfile::TempDir, Store) {
    let scratch = folder();
    let target = scratch.path().join("store");
    for name in files_below(source).into_keys() {
        let to = target.join(&name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(source.join(&name), to).unwrap();
    }
    let mut bytes = std::fs::read(target.join(file)).unwrap();
    change(&mut bytes);
    std::fs::write(target.join(file), bytes).unwrap();
    let store = Store::open_with(&target, tiny()).unwrap();
    (scratch, store)
}

fn newest(snapshot: &Snapshot, ending: &str) -> String {
    let manifest = serde_json::to_string(snapshot.manifest()).unwrap();
    let mut paths = manifest.split('"').rev().filter(|text| text.ends_with(ending));
    paths.next().unwrap().to_owned()
}

#[test]
fn a_mapped_file_that_is_cut_or_twisted_is_refused_by_name() {
    let (dir, store) = create();
    let source = dir.path().join("store");
    let model = fill(&store);
    let file = newest(&store.snapshot().unwrap(), ".arrow");
    let len = std::fs::read(source.join(&file)).unwrap().len();
    for cut in [0, 1, 9, 10, len / 2, len - 1] {
        let (_scratch, store) = with_changed(&source, &file, |bytes| bytes.truncate(cut));
        let error = store.snapshot().unwrap().mapped("values").unwrap_err();
        let message = format!("{file} is damaged: {cut} bytes, {len} expected");
        assert!(error.to_string().ends_with(&message), "{error}");
    }
    for at in 0..len {
        let (_scratch, store) = with_changed(&source, &file, |bytes| bytes[at] ^= 0xff);
        match store.snapshot().unwrap().mapped("values") {
            // The schema's copy at the start is not read, and padding and values are not hashed at
            // opening.
            Ok(batch) => assert_eq!(batch.num_rows(), model.mapped.as_ref().unwrap().len()),
            Err(error) => assert!(error.to_string().contains(&file), "{error}"),
        }
    }
}

#[test]
fn a_twisted_segment_never_gives_a_wrong_id() {
    let (dir, store) = create();
    let source = dir.path().join("store");
    let model = fill(&store);
    let file = newest(&store.snapshot().unwrap(), ".seg");
    let len = std::fs::read(source.join(&file)).unwrap().len();
    for at in 0..len {
        let (_scratch, store) = with_changed(&source, &file, |bytes| bytes[at] ^= 0xff);
        let Ok(dictionary) = store.snapshot().unwrap().dictionary("keys") else { continue };
        for number in 0..50 {
            let found = dictionary.lookup_one(&key(number));
            assert!(found.is_none() || found == model.id_of(&key(number)), "byte {at}");
        }
    }
}

#[test]
fn a_twisted_or_cut_table_or_column_is_an_error() {
    let (dir, store) = create();
    let source = dir.path().join("store");
    fill(&store);
    let snapshot = store.snapshot().unwrap();
    let table = newest(&snapshot, ".parquet");
    let column = snapshot.manifest().columns["records"].chunks[0].path.clone();
    let read = |store: &Store| {
        let snapshot = store.snapshot().unwrap();
        let rows = snapshot.scan("rows", "left", None, None).unwrap();
        rows.collect::<Result<Vec<_>, _>>().and_then(|_| {
            snapshot.column("records")?;
            snapshot.dictionary("keys")
        })
    };
    for file in [&table, &column] {
        let len = std::fs::read(source.join(file)).unwrap().len();
        for cut in [0, len / 2, len - 1] {
            let (_scratch, store) = with_changed(&source, file, |bytes| bytes.truncate(cut));
            let error = read(&store).unwrap_err();
            assert!(error.to_string().contains(file.as_str()), "{error}");
        }
    }
    let len = std::fs::read(source.join(&table)).unwrap().len();
    for at in 0..len {
        let (_scratch, store) = with_changed(&source, &table, |bytes| bytes[at] ^= 0xff);
        let error = read(&store).unwrap_err();
        assert!(error.to_string().contains(&table), "{error}");
    }
}

#[test]
fn a_damaged_newest_manifest_warns_readers_and_stops_the_writer() {
    let (dir, store) = create();
    let source = dir.path().join("store");
    fill(&store);
    let newest = "manifests/0000000006.json";
    let damages: [fn(&mut Vec<u8>); 3] = [
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| bytes.clear(),
        |bytes| {
            let digit = bytes.iter().rposition(u8::is_ascii_digit).unwrap();
            bytes[digit] ^= 1;
        },
    ];
    for damage in damages {
        let (_scratch, store) = with_changed(&source, newest, damage);
        let snapshot = store.snapshot().unwrap();
        assert_eq!((snapshot.commit(), snapshot.warnings().len()), (5, 1));
        assert!(snapshot.warnings()[0].contains(newest), "{:?}", snapshot.warnings());
        let error = store.writer().map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::ManifestDamaged { .. }) && error.hint().is_some());
        // Given up by hand, the commit before it is the last one, and whole.
        std::fs::remove_file(store.dir().join(newest)).unwrap();
        let writer = store.writer().unwrap();
        assert_eq!(writer.snapshot().commit(), 5);
        assert_eq!(writer.snapshot().verify(&mut |_| {}).unwrap(), []);
    }
}

#[test]
fn an_unknown_format_is_told_from_damage() {
    let (dir, store) = create();
    let source = dir.path().join("store");
    fill(&store);
    let (_scratch, store) = with_changed(&source, "manifests/0000000006.json", |bytes| {
        let text = String::from_utf8(std::mem::take(bytes)).unwrap();
        *bytes = text.replacen("\"format\":1", "\"format\":7", 1).into_bytes();
    });
    for error in
        [store.snapshot().map(|_| ()).unwrap_err(), store.writer().map(|_| ()).unwrap_err()]
    {
        assert!(matches!(error, Error::Format { found: 7, known: 1, .. }), "{error}");
        assert!(error.hint().unwrap().contains("newer"));
    }
}

#[test]
fn a_column_shorter_than_promised_is_refused_by_the_writer_too() {
    let scratch = folder();
    let dir = scratch.path().join("store");
    let store = Store::create_with(&dir, Settings::default()).unwrap();
    fill(&store);
    let keys =
        store.snapshot().unwrap().manifest().dictionaries["keys"].keys.chunks[0].path.clone();
    std::fs::File::options().write(true).open(dir.join(&keys)).unwrap().set_len(3).unwrap();
    let mut writer = store.writer().unwrap();
    let error = writer.begin().dictionary("keys", KEY_WIDTH).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains(".col"), "{error}");
}
