//! One writer, many readers: who is refused, what stays, what goes.

use tracehound_store::{Error, Store};

use crate::model::{Model, Step, batch, create, files_below, folder, run, spec, tiny};

#[test]
fn a_second_writer_is_refused_by_the_name_of_the_first() {
    let (dir, store) = create();
    let first = store.writer().unwrap();
    let error = Store::open(&dir.path().join("store")).unwrap().writer().map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Locked { pid: Some(pid), .. } if pid == std::process::id()));
    assert!(error.hint().is_some());
    drop(first);
    store.writer().unwrap();
}

#[test]
fn a_snapshot_stays_whole_through_later_commits_and_then_its_files_go() {
    let (dir, store) = create();
    let dir = dir.path().join("store");
    let mut writer = store.writer().unwrap();
    let mut held = Vec::new();
    let mut model = Model::default();
    for number in 0..30 {
        let steps = [
            Step::RemoveAbove(0, 200),
            Step::Append(0, vec![1; 9]),
            Step::Replace(1, vec![2; 3]),
            Step::TruncateColumn(200),
            Step::Extend(vec![number; 24]),
            Step::TruncateKeys(220),
            Step::Assign((number..number + 9).collect()),
            Step::Map(vec![u32::from(number)]),
        ];
        let mut commit = writer.begin();
        for step in &steps {
            model.apply(&mut commit, step).unwrap();
        }
        let snapshot = commit.finish(run("later")).unwrap();
        // Not opened before the end: an early reader might live off its open maps.
        if number % 7 == 0 {
            held.push((store.snapshot().unwrap(), model.clone()));
        }
        drop(snapshot);
        writer.compact_all(run("merge")).unwrap();
    }
    for (snapshot, model) in &held {
        model.check(snapshot);
        assert_eq!(snapshot.verify(&mut |_| {}).unwrap(), []);
    }
    let with_readers = files_below(&dir).len();
    drop(held);
    writer.begin().finish(run("clean")).unwrap();
    model.check(&writer.snapshot());
    let without = files_below(&dir).len();
    assert!(without < with_readers, "{without} of {with_readers} files are left");
    assert_eq!(files_below(&dir.join("manifests")).len(), tiny().manifests_kept);
    drop(writer);
    let _swept = store.writer().unwrap();
    assert_eq!(files_below(&dir).len(), without, "the sweep found what the commits had left");
}

#[test]
fn readers_in_other_threads_see_whole_commits_only() {
    let (_dir, store) = create();
    let mut writer = store.writer().unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _reader in 0..2 {
            scope.spawn(|| {
                let mut last = 0;
                while !done.load(std::sync::atomic::Ordering::Acquire) {
                    let snapshot = store.snapshot().unwrap();
                    let reached = snapshot.checkpoint("stage").unwrap_or(0);
                    assert!(reached >= last);
                    last = reached;
                    let rows = crate::model::scan(&snapshot, "left", None);
                    assert_eq!(rows.len() as u64, reached);
                    let keys = snapshot.dictionary("keys").map_or(0, |keys| u64::from(keys.len()));
                    assert_eq!(keys, reached);
                }
            });
        }
        for number in 1..=60_u32 {
            let mut commit = writer.begin();
            commit.append(&spec(), "left", &batch(&[(number, 1)])).unwrap();
            commit.dictionary("keys", 4).unwrap().assign(&number.to_le_bytes()).unwrap();
            commit.set_checkpoint("stage", number.into());
            commit.finish(run("thread")).unwrap();
            if number % 5 == 0 {
                writer.compact_all(run("merge")).unwrap();
            }
        }
        done.store(true, std::sync::atomic::Ordering::Release);
    });
    assert_eq!(store.snapshot().unwrap().checkpoint("stage"), Some(60));
}

#[test]
fn folders_that_are_no_store_are_told_apart() {
    let scratch = folder();
    let dir = scratch.path().join("store");
    let open = Store::open(&dir).map(|_| ()).unwrap_err();
    assert!(matches!(open, Error::NotAStore { .. }) && open.hint().is_some());
    Store::create(&dir).unwrap();
    let again = Store::create(&dir).map(|_| ()).unwrap_err();
    assert!(matches!(again, Error::AlreadyAStore { .. }));
    for stranger in ["letter.txt", "tables/precious.parquet"] {
        let dir = scratch.path().join(stranger.replace('/', "-"));
        let file = dir.join(stranger);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "precious").unwrap();
        let refused = Store::create(&dir).map(|_| ()).unwrap_err();
        assert!(matches!(refused, Error::NotEmpty { found, .. } if found == stranger));
        assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    }
}
