//! The two laws, over random histories: cutting steps into commits any way gives the same store,
//! and removing undoes adding. Both follow from equality with the model, which knows no commits and
//! keeps nothing that was removed.

use proptest::prelude::*;
use tracehound_store::{Store, Writer};

use crate::model::{Model, Step, create, run, step, tiny};

/// What happens after some steps.
#[derive(Clone, Debug)]
enum Cut {
    Commit,
    /// Commit, then merge Parquet files.
    Compact,
    /// Commit, then open the store anew.
    Reopen,
    /// Drop the commit.
    Abort,
}

fn history() -> impl Strategy<Value = Vec<(Vec<Step>, Cut)>> {
    let cut = prop_oneof![
        5 => Just(Cut::Commit),
        2 => Just(Cut::Compact),
        2 => Just(Cut::Reopen),
        2 => Just(Cut::Abort),
    ];
    prop::collection::vec((prop::collection::vec(step(), 0..6), cut), 1..14)
}

fn commit(writer: &mut Writer, model: &mut Model, steps: &[Step]) {
    let mut commit = writer.begin();
    for step in steps {
        model.apply(&mut commit, step).unwrap();
    }
    let snapshot = commit.finish(run("law")).unwrap();
    model.check(&snapshot);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 120,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_history_gives_what_its_steps_say(history in history()) {
        let (dir, store) = create();
        let mut writer = store.writer().unwrap();
        let mut model = Model::default();
        for (steps, cut) in history {
            match cut {
                Cut::Commit => commit(&mut writer, &mut model, &steps),
                Cut::Compact => {
                    commit(&mut writer, &mut model, &steps);
                    writer.compact_all(run("compact")).unwrap();
                }
                Cut::Reopen => {
                    commit(&mut writer, &mut model, &steps);
                    drop(writer);
                    let store = Store::open_with(&dir.path().join("store"), tiny()).unwrap();
                    model.check(&store.snapshot().unwrap());
                    writer = store.writer().unwrap();
                }
                Cut::Abort => {
                    let mut unused = model.clone();
                    let mut commit = writer.begin();
                    for step in &steps {
                        unused.apply(&mut commit, step).unwrap();
                    }
                }
            }
            model.check(&writer.snapshot());
        }
        let damage = writer.snapshot().verify(&mut |_| {}).unwrap();
        prop_assert_eq!(damage, vec![]);
        let commits = writer.snapshot().commit();
        let runs = writer.snapshot().runs().unwrap();
        prop_assert!(runs.into_keys().eq(1..=commits));
        for commit in 1..=commits {
            prop_assert!(writer.snapshot().run(commit).unwrap().is_some());
        }
        prop_assert!(writer.snapshot().run(commits + 1).unwrap().is_none());
    }
}
