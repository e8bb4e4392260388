use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_learn::LearnError;
use tracehound_learn::split::{self, Split, ThreeParts};

/// Every row on exactly one side, lists ascending, a sentence.
#[track_caller]
fn check(split: &Split, n_rows: usize) {
    split.check(n_rows).unwrap();
    assert_eq!(split.train.len() + split.validation.len(), n_rows);
    for rows in [&split.train, &split.validation] {
        assert!(rows.windows(2).all(|pair| pair[0] < pair[1]));
    }
    assert!(!split.sentence.is_empty());
}

/// Every row held out by exactly one fold.
#[track_caller]
fn check_folds(folds: &[Split], n_rows: usize) {
    folds.iter().for_each(|fold| check(fold, n_rows));
    let mut held: Vec<u32> = folds.iter().flat_map(|fold| fold.validation.clone()).collect();
    held.sort_unstable();
    assert!(held.into_iter().eq(0..u32::try_from(n_rows).unwrap()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn rows_at_random(n in 2..200_usize, share in 0.01..0.99_f64, n_folds in 2..9_u32, seed in any::<u64>()) {
        let split = split::random(n, share, seed).unwrap();
        check(&split, n);
        prop_assert!((split.validation.len() as f64 - n as f64 * share).abs() <= 1.0);
        prop_assert_eq!(&split, &split::random(n, share, seed).unwrap());
        if n >= n_folds as usize {
            let folds = split::random_folds(n, n_folds, seed).unwrap();
            check_folds(&folds, n);
            let sizes: BTreeSet<usize> = folds.iter().map(|fold| fold.validation.len()).collect();
            prop_assert!(sizes.last().unwrap() - sizes.first().unwrap() <= 1);
        }
    }

    /// Shares of a class are right but for one row.
    #[test]
    fn classes_alike(classes in vec(0..4_u8, 2..150), share in 0.05..0.9_f64, n_folds in 2..6_u32, seed in any::<u64>()) {
        let classes: Vec<f64> = classes.into_iter().map(f64::from).collect();
        let split = split::stratified(&classes, share, seed).unwrap();
        check(&split, classes.len());
        let count = |rows: &[u32], class: f64| rows.iter().filter(|row| classes[**row as usize] == class).count() as f64;
        let all: Vec<u32> = (0..u32::try_from(classes.len()).unwrap()).collect();
        let held_share = split.validation.len() as f64 / classes.len() as f64;
        for class in 0..4 {
            let class = f64::from(class);
            let expected = held_share * count(&all, class);
            prop_assert!((count(&split.validation, class) - expected).abs() <= 1.0 + 1e-9);
        }
        if let Ok(folds) = split::stratified_folds(&classes, n_folds, seed) {
            check_folds(&folds, classes.len());
            for fold in &folds {
                for class in 0..4 {
                    let class = f64::from(class);
                    let expected = count(&all, class) / f64::from(n_folds);
                    prop_assert!((count(&fold.validation, class) - expected).abs() < 1.0);
                }
            }
        } else {
            let least = (0..4).map(|class| count(&all, f64::from(class))).filter(|n| *n > 0.0).fold(f64::MAX, f64::min);
            prop_assert!(least < f64::from(n_folds));
        }
    }

    #[test]
    fn groups_whole(groups in vec(0..12_u64, 2..80), share in 0.05..0.95_f64, n_folds in 2..6_u32, seed in any::<u64>()) {
        let n_groups = groups.iter().collect::<BTreeSet<_>>().len();
        let of = |rows: &[u32]| rows.iter().map(|row| groups[*row as usize]).collect::<BTreeSet<_>>();
        match split::grouped(&groups, share, seed) {
            Ok(split) => {
                check(&split, groups.len());
                prop_assert!(of(&split.train).is_disjoint(&of(&split.validation)));
            }
            Err(_) => prop_assert!(n_groups < 2),
        }
        match split::grouped_folds(&groups, n_folds, seed) {
            Ok(folds) => {
                check_folds(&folds, groups.len());
                for fold in &folds {
                    prop_assert!(of(&fold.train).is_disjoint(&of(&fold.validation)));
                }
            }
            Err(_) => prop_assert!(n_groups < n_folds as usize),
        }
    }

    #[test]
    fn the_past_only(times in vec(-20..20_i64, 2..80), share in 0.05..0.95_f64, n_folds in 1..6_u32) {
        let n_times = times.iter().collect::<BTreeSet<_>>().len();
        let is_past = |split: &Split| {
            let last = split.train.iter().map(|row| times[*row as usize]).max().unwrap();
            let first = split.validation.iter().map(|row| times[*row as usize]).min().unwrap();
            last < first
        };
        match split::forward(&times, share) {
            Ok(split) => {
                check(&split, times.len());
                prop_assert!(is_past(&split));
            }
            Err(_) => prop_assert!(n_times < 2),
        }
        match split::rolling_folds(&times, n_folds) {
            Ok(folds) => {
                prop_assert_eq!(folds.len(), n_folds as usize);
                prop_assert!(folds.iter().all(is_past));
                // Each fold trains on all that the one before trained on or held out.
                for pair in folds.windows(2) {
                    let mut earlier = [&pair[0].train[..], &pair[0].validation[..]].concat();
                    earlier.sort_unstable();
                    prop_assert_eq!(&earlier, &pair[1].train);
                }
                check(folds.last().unwrap(), times.len());
            }
            Err(_) => prop_assert!(n_times < n_folds as usize + 1),
        }
    }
}

#[test]
fn rolling_folds_are_even_where_times_are() {
    let times: Vec<i64> = (0..60).collect();
    let folds = split::rolling_folds(&times, 5).unwrap();
    let sizes: Vec<(usize, usize)> =
        folds.iter().map(|f| (f.train.len(), f.validation.len())).collect();
    assert_eq!(sizes, [(10, 10), (20, 10), (30, 10), (40, 10), (50, 10)]);
    assert_eq!(
        folds[0].sentence,
        "fold 1 of 5: 10 rows of times 10 to 19 held out, 10 strictly earlier ones to fit to"
    );
}

#[test]
fn three_parts_use_any_rule_twice() {
    let times: Vec<i64> = (0..100).rev().collect();
    let outer = split::forward(&times, 0.2).unwrap();
    let inner = |rows: &[u32]| {
        let times: Vec<i64> = rows.iter().map(|row| times[*row as usize]).collect();
        split::forward(&times, 0.25)
    };
    let parts = ThreeParts::new(outer, inner).unwrap();
    let (models, blend): (Vec<u32>, Vec<u32>) = ((40..100).collect(), (20..40).collect());
    assert_eq!((parts.models, parts.blend, parts.validation.len()), (models, blend, 20));
}

#[test]
fn what_is_impossible_is_named() {
    let message = |error: LearnError| {
        assert!(error.hint().is_some());
        error.to_string()
    };
    assert_eq!(message(split::random(1, 0.5, 0).unwrap_err()), "rows: 2 asked for, 1 possible");
    assert_eq!(
        message(split::random(9, 1.0, 0).unwrap_err()),
        "share is 1, expected a share above 0 and below 1"
    );
    assert_eq!(
        message(split::random_folds(3, 5, 0).unwrap_err()),
        "folds of rows: 5 asked for, 3 possible"
    );
    assert_eq!(
        message(split::random_folds(3, 1, 0).unwrap_err()),
        "n_folds is 1, expected at least 2"
    );
    let rare = [0.0, 0.0, 0.0, 0.0, 1.0];
    let expected = "folds with a row of every class: 2 asked for, 1 possible";
    assert_eq!(message(split::stratified_folds(&rare, 2, 0).unwrap_err()), expected);
    assert!(matches!(
        split::stratified(&[0.0, f64::NAN], 0.5, 0),
        Err(LearnError::Target { row: 1, .. })
    ));
    assert_eq!(
        message(split::grouped(&[7, 7, 7], 0.5, 0).unwrap_err()),
        "sides of groups: 2 asked for, 1 possible"
    );
    assert_eq!(
        message(split::forward(&[4, 4], 0.5).unwrap_err()),
        "sides of times: 2 asked for, 1 possible"
    );
    assert_eq!(
        message(split::rolling_folds(&[1, 2, 2], 2).unwrap_err()),
        "parts of different times: 3 asked for, 2 possible"
    );
    let custom = |train: &[u32], held: &[u32]| {
        message(Split::custom(3, train.to_vec(), held.to_vec()).unwrap_err())
    };
    assert_eq!(custom(&[0, 1], &[1]), "row 2 of the split is named twice");
    assert_eq!(custom(&[0, 1], &[3]), "row 4 of the split does not exist");
    assert_eq!(custom(&[0, 1], &[]), "rows held out: 1 asked for, 0 possible");
    assert_eq!(Split::custom(3, vec![2, 0], vec![1]).unwrap().train, [0, 2]);
}
