//! Every disk operation of a commit fails once, in four ways. After each failure the last commit is
//! readable and equal to the model, whole files are left of nothing, and the next commit works.

use std::path::Path;
use std::sync::Arc;

use tracehound_store::{Error, Failpoints, Fault, Settings, Snapshot, Store, Writer};

use crate::model::{Model, Step, create, files_below, folder, run, tiny};

/// The commits before the one that fails.
fn earlier() -> [Vec<Step>; 2] {
    [
        vec![
            Step::Append(0, vec![1; 30]),
            Step::Append(1, vec![1; 5]),
            Step::Extend((0..60).collect()),
            Step::Assign((0..20).collect()),
            Step::Map(vec![1, 2, 3]),
            Step::Checkpoint(1),
        ],
        vec![
            Step::Append(0, vec![1; 9]),
            Step::Extend((0..21).collect()),
            Step::AppendKeys((10..13).collect()),
            Step::Checkpoint(2),
        ],
    ]
}

/// A commit that only adds: files of earlier commits grow.
fn growing() -> Vec<Step> {
    vec![Step::Extend(vec![7; 9]), Step::Assign(vec![30, 31]), Step::Append(1, vec![1; 3])]
}

/// A commit that appends, cuts, replaces, merges segments and spills runs.
fn cutting() -> Vec<Step> {
    vec![
        Step::RemoveAbove(0, 200),
        Step::Append(0, vec![1; 12]),
        Step::Replace(1, vec![1; 4]),
        Step::TruncateColumn(100),
        Step::Extend((0..90).collect()),
        Step::TruncateKeys(190),
        Step::Assign((15..38).collect()),
        Step::Map(vec![4, 5]),
        Step::Checkpoint(3),
    ]
}

fn commit(writer: &mut Writer, model: &mut Model, steps: &[Step]) -> Result<Snapshot, Error> {
    let mut after = model.clone();
    let mut commit = writer.begin();
    steps.iter().try_for_each(|step| after.apply(&mut commit, step))?;
    let done = commit.finish(run("crash"))?;
    *model = after;
    Ok(done)
}

fn settings(failpoints: &Arc<Failpoints>) -> Settings {
    Settings { failpoints: Some(failpoints.clone()), ..tiny() }
}

/// A store with the earlier commits, and the models before and after the last one.
fn prepare(dir: &Path, last: &[Step]) -> (Model, Model) {
    let store = Store::create_with(dir, tiny()).unwrap();
    let mut writer = store.writer().unwrap();
    let mut before = Model::default();
    for steps in earlier() {
        commit(&mut writer, &mut before, &steps).unwrap();
    }
    let (_scratch, copy) = create();
    let mut after = Model::default();
    let mut writer = copy.writer().unwrap();
    for steps in earlier().iter().map(Vec::as_slice).chain([last]) {
        commit(&mut writer, &mut after, steps).unwrap();
    }
    (before, after)
}

/// The store shows the commit before or the one that failed, whole; which one it may be depends on
/// what was said.
fn check_reopened(dir: &Path, acknowledged: bool, before: &Model, after: &Model) {
    let store = Store::open_with(dir, tiny()).unwrap();
    let snapshot = store.snapshot().unwrap();
    assert_eq!(snapshot.warnings(), [] as [String; 0]);
    let mut model = if snapshot.commit() == 3 { after.clone() } else { before.clone() };
    assert!(snapshot.commit() == 3 || (snapshot.commit() == 2 && !acknowledged));
    model.check(&snapshot);
    assert_eq!(snapshot.verify(&mut |_| {}).unwrap(), []);
    drop(snapshot);
    let mut writer = store.writer().unwrap();
    let next =
        [Step::Append(0, vec![1; 3]), Step::Extend(vec![9; 30]), Step::Assign(vec![38, 39, 1])];
    model.check(&commit(&mut writer, &mut model.clone(), &next[..0]).unwrap());
    let snapshot = commit(&mut writer, &mut model, &next).unwrap();
    model.check(&snapshot);
    assert_eq!(snapshot.verify(&mut |_| {}).unwrap(), []);
    drop((snapshot, writer));
    no_garbage(dir, &store);
}

/// After a fresh writer has swept, only files that some manifest names are left.
fn no_garbage(dir: &Path, store: &Store) {
    let _swept = store.writer().unwrap();
    let manifests: String = files_below(&dir.join("manifests"))
        .into_keys()
        .map(|name| std::fs::read_to_string(dir.join("manifests").join(name)).unwrap())
        .collect();
    for file in files_below(dir).into_keys() {
        let own = file == "lock" || file.starts_with("manifests/");
        assert!(own || manifests.contains(&file), "{file} is left over");
    }
}

/// One attempt at the last commit with a failure at operation `at`; whether the failure was
/// reached.
fn attempt(at: u64, fault: Fault, last: &[Step], poisoned: &mut u64) -> bool {
    let scratch = folder();
    let dir = scratch.path().join("store");
    let (before, after) = prepare(&dir, last);
    let failpoints = Failpoints::new(at, fault);
    let store = Store::open_with(&dir, settings(&failpoints)).unwrap();
    let mut acknowledged = false;
    if let Ok(mut writer) = store.writer() {
        let mut model = before.clone();
        acknowledged = commit(&mut writer, &mut model, last).is_ok();
        if fault == Fault::Fail && failpoints.fired() && !acknowledged {
            *poisoned += u64::from(retry(&mut writer, &before, last, &after));
        }
    }
    let fired = failpoints.fired();
    drop(store);
    if fault == Fault::PowerLoss && fired {
        failpoints.power_off().unwrap();
    }
    check_reopened(&dir, acknowledged, &before, &after);
    fired
}

/// The disk works again: the same writer goes on where the commit was merely given up, and refuses
/// to where a sync or the publishing failed. Whether it refused.
fn retry(writer: &mut Writer, before: &Model, last: &[Step], after: &Model) -> bool {
    let mut model = before.clone();
    match commit(writer, &mut model, last) {
        Ok(snapshot) => after.check(&snapshot),
        Err(Error::Poisoned) => return true,
        Err(error) => panic!("{error}"),
    }
    false
}

fn check_all(fault: Fault) {
    // Every new file and folder is synced, the manifest renamed: each failure there ends the
    // writer.
    for (last, operations_min, syncs) in [(growing(), 10, 5), (cutting(), 40, 15)] {
        let (mut operations, mut poisoned) = (0, 0);
        while attempt(operations + 1, fault, &last, &mut poisoned) {
            operations += 1;
        }
        assert!(operations > operations_min, "only {operations} operations were tried");
        let ends = if fault == Fault::Fail { syncs } else { 0 };
        assert!(poisoned >= ends, "only {poisoned} of {operations} failures ended the writer");
    }
}

#[test]
fn a_full_disk_at_any_operation_loses_nothing() {
    check_all(Fault::Fail);
}

#[test]
fn a_crash_at_any_operation_loses_nothing() {
    check_all(Fault::Crash);
}

#[test]
fn a_torn_write_at_any_operation_loses_nothing() {
    check_all(Fault::Tear);
}

#[test]
fn a_power_loss_at_any_operation_loses_nothing() {
    check_all(Fault::PowerLoss);
}

#[test]
fn a_store_half_made_can_be_made_again() {
    for fault in [Fault::Fail, Fault::Tear, Fault::PowerLoss] {
        for at in 1.. {
            let scratch = folder();
            let dir = scratch.path().join("store");
            let failpoints = Failpoints::new(at, fault);
            let made = Store::create_with(&dir, settings(&failpoints)).is_ok();
            if fault == Fault::PowerLoss && failpoints.fired() {
                failpoints.power_off().unwrap();
            }
            match Store::open(&dir) {
                Ok(store) => Model::default().check(&store.snapshot().unwrap()),
                Err(_) => {
                    assert!(!made);
                    Store::create(&dir).unwrap();
                }
            }
            if !failpoints.fired() {
                assert!(at > 8);
                break;
            }
        }
    }
}

#[test]
fn a_failed_merge_of_files_leaves_the_rows() {
    let mut at = 1;
    loop {
        let scratch = folder();
        let dir = scratch.path().join("store");
        let store = Store::create_with(&dir, tiny()).unwrap();
        let mut model = Model::default();
        let mut writer = store.writer().unwrap();
        for _commit in 0..4 {
            commit(&mut writer, &mut model, &[Step::Append(0, vec![1; 10])]).unwrap();
        }
        drop(writer);
        let failpoints = Failpoints::new(at, Fault::Tear);
        let faulty = Store::open_with(&dir, settings(&failpoints)).unwrap();
        let merged = faulty.writer().and_then(|mut writer| writer.compact_all(run("merge")));
        if !failpoints.fired() {
            assert_eq!(merged.unwrap().unwrap().files("rows", "left").len(), 1);
            break;
        }
        model.check(&store.snapshot().unwrap());
        let mut writer = store.writer().unwrap();
        writer.compact_all(run("merge")).unwrap();
        model.check(&writer.snapshot());
        at += 1;
    }
    assert!(at > 5);
}
