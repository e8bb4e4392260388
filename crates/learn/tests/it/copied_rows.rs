//! Tables that hold rows several times: copies stay on one side of a split.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tracehound_learn::automl::{AutoOptions, SplitBy, prepare};
use tracehound_learn::roles::Override;
use tracehound_learn::{Frame, Kind};

use crate::few_rows::{losses, rows, table};

#[test]
fn copies_of_a_row_are_held_out_together() {
    let check = |n_classes: u32, split: SplitBy| {
        let own = rows(60, n_classes, 3);
        // Copies far from each other, of some rows more than of others.
        let mut copied = own.clone();
        (0..4).for_each(|times| copied.extend(own[times * 5..].iter().cloned()));
        let number = |name: &str| (name.to_owned(), Override::from(Kind::Number));
        let roles: BTreeMap<_, _> = ["a", "b", "c"].map(number).into();
        let options = AutoOptions { split, roles, ..AutoOptions::for_target("y") };
        let prepared = prepare(&table(&copied), &options).unwrap();
        assert!(prepared.held_out.contains("rows that equal another"), "{}", prepared.held_out);
        let mut n_held = 0;
        for fold in &prepared.folds {
            n_held += fold.held_rows.len();
            let trained: Vec<&String> =
                fold.rows.iter().map(|row| &copied[*row as usize]).collect();
            let known =
                fold.held_rows.iter().find(|row| trained.contains(&&copied[**row as usize]));
            assert_eq!(known, None, "{n_classes} classes");
            let classes = |rows: &[u32]| {
                let of = |row: &u32| copied[*row as usize].rsplit(',').next().unwrap().to_owned();
                rows.iter().map(of).collect::<BTreeSet<String>>().len()
            };
            assert!(n_classes == 0 || classes(&fold.held_rows) == n_classes as usize);
        }
        assert_eq!(n_held, copied.len());
    };
    check(2, SplitBy::Auto);
    check(3, SplitBy::Stratified);
    check(0, SplitBy::Auto);
    check(2, SplitBy::Random);
}

#[test]
fn rows_that_chance_makes_equal_are_no_copies() {
    let mut csv = "a,b,y\n".to_owned();
    let mut dice = ChaCha8Rng::seed_from_u64(4);
    for _ in 0..200 {
        let (a, b) = (dice.random_range(0..4), dice.random_range(0..3));
        writeln!(csv, "{},{},{}", ["k", "l", "m", "n"][a], ["u", "v", "w"][b], a % 2).unwrap();
    }
    let options = AutoOptions { budget_s: 0.5, ..AutoOptions::for_target("y") };
    let held_out = prepare(&Frame::from_csv(csv.as_bytes()).unwrap(), &options).unwrap().held_out;
    assert_eq!(held_out, "stratified by class: 8 folds held out in turn");
}

#[test]
fn a_model_of_copies_is_no_worse_than_the_base_rate() {
    let own = rows(80, 2, 5);
    let copied: Vec<String> = (0..6).flat_map(|_| own.clone()).collect();
    let (loss, base) = losses(&copied, &rows(1_000, 2, 6));
    assert!(loss < 0.8 * base, "{loss} {base}");
}
