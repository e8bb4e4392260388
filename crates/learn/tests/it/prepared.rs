//! Folds and features for learners of others, and work that is dropped.

use std::sync::atomic::{AtomicU32, Ordering};

use tracehound_learn::automl::{
    AutoOptions, Interrupt, SplitBy, prepare, train_unless, train_with,
};
use tracehound_learn::roles::Targets;
use tracehound_learn::{LearnError, Task};

use super::automl::{frame, small, world};

#[test]
fn every_row_is_held_out_once_and_sees_features_of_other_rows() {
    let seen = frame(&world(200, 4));
    let prepared = prepare(&seen, &small("left")).unwrap();
    assert_eq!(prepared.classes, ["no", "yes"]);
    assert_eq!(prepared.training.task, Task::Binary);
    let truth = Targets::read(&seen, "left", None).unwrap().values;
    assert_eq!(prepared.training.targets, truth);
    let mut held: Vec<u32> = Vec::new();
    for fold in &prepared.folds {
        assert!(fold.rows.iter().all(|row| !fold.held_rows.contains(row)));
        assert_eq!(fold.rows.len() + fold.held_rows.len(), 200);
        for (side, rows) in [(&fold.training, &fold.rows), (&fold.held, &fold.held_rows)] {
            let of_rows: Vec<f64> = rows.iter().map(|row| truth[*row as usize]).collect();
            assert_eq!(side.targets, of_rows);
            assert_eq!(side.features.n_rows(), rows.len());
            assert_eq!(side.features.names(), fold.training.features.names());
        }
        held.extend(&fold.held_rows);
    }
    held.sort_unstable();
    assert_eq!(held, (0..200).collect::<Vec<u32>>());
    let (again, _) = prepared.pipeline.transform(&seen).unwrap();
    assert_eq!(again.names(), prepared.training.features.names());
}

#[test]
fn dense_features_hold_numbers_only_and_each_fold_has_its_own_scale() {
    let seen = frame(&world(200, 4));
    let dense = prepare(&seen, &small("left")).unwrap().dense().unwrap();
    let sides = dense.folds.iter().flat_map(|fold| [&fold.training, &fold.held]);
    for side in sides.chain([&dense.training]) {
        for feature in 0..side.features.n_features() {
            assert!(side.features.column(feature).iter().all(|value| value.is_finite()));
        }
    }
    for fold in &dense.folds {
        let size = fold.training.features.names().iter().position(|name| name == "size").unwrap();
        let column = fold.training.features.column(size);
        let mean = column.iter().sum::<f64>() / column.len() as f64;
        assert!(mean.abs() < 1e-12, "{mean}");
    }
    assert_eq!(dense.features(&seen).unwrap(), dense.training.features);
}

#[test]
fn given_folds_are_the_folds() {
    let given: Vec<u32> = (0..200).map(|row| row % 4).collect();
    let options = AutoOptions { split: SplitBy::Folds(given.clone()), ..small("left") };
    let prepared = prepare(&frame(&world(200, 4)), &options).unwrap();
    let held: Vec<Vec<u32>> = prepared.folds.iter().map(|fold| fold.held_rows.clone()).collect();
    let expected: Vec<Vec<u32>> =
        (0..4).map(|fold| (0..200).filter(|row| given[*row as usize] == fold).collect()).collect();
    assert_eq!(held, expected);
}

/// Wherever it is dropped, nothing is kept; where it is not, nothing changes.
#[test]
fn work_that_is_dropped_leaves_nothing() {
    let seen = frame(&world(150, 6));
    let options = AutoOptions { budget_s: 0.3, ..small("left") };
    let whole = AtomicU32::new(0);
    let count = || whole.fetch_add(1, Ordering::SeqCst) == u32::MAX;
    let model = train_unless(&seen, &options, &mut |_| true, &count).unwrap();
    let asked = whole.load(Ordering::SeqCst);
    assert!(asked > 20, "asked {asked} times");
    for last in [0, 1, asked / 2, asked - 2] {
        let calls = AtomicU32::new(0);
        let dropped = || calls.fetch_add(1, Ordering::SeqCst) >= last;
        let found = train_unless(&seen, &options, &mut |_| true, &dropped);
        assert_eq!(found.map(|_| ()), Err(LearnError::Stopped), "after {last} of {asked}");
    }
    let plain = tracehound_learn::automl::train(&seen, &options, &mut |_| true).unwrap();
    assert_eq!(plain.to_bytes("w", "0"), model.to_bytes("w", "0"));
}

/// Stopped within the last learner, the model is made of those before it; within the first, there is none.
#[test]
fn a_search_that_is_stopped_keeps_what_was_tried() {
    let seen = frame(&world(150, 6));
    let options = AutoOptions { budget_s: 0.5, ..small("left") };
    let train_until = |last: u32| {
        let calls = AtomicU32::new(0);
        let stopped = || calls.fetch_add(1, Ordering::SeqCst) >= last;
        let interrupt = Interrupt { stopped: &stopped, ..Interrupt::NEVER };
        let found = train_with(&seen, &options, &[], &mut |_| true, interrupt);
        (found, calls.load(Ordering::SeqCst))
    };
    let (whole, asked) = train_until(u32::MAX);
    let n_whole = whole.unwrap().report.leaderboard.len();
    let (cut, _) = train_until(asked - 1);
    assert_eq!(cut.unwrap().report.leaderboard.len(), n_whole - 1);
    let (none, _) = train_until(0);
    assert!(matches!(none, Err(LearnError::NothingFitted { .. })), "{:?}", none.err());
}
