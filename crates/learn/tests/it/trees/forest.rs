//! Forests: means of leaves, out-of-bag rows, the best cut, threads.

use tracehound_learn::trees::{Forest, ForestOptions, grow_forest};
use tracehound_learn::{Task, Training, auc};

use super::{Recipe, rows};

fn recipe(seed: u64, n_rows: usize, task: Task) -> Recipe {
    Recipe { seed, n_rows, numbers: 4, categories: 2, missing: 0.1, task }
}

fn grow(training: &Training, options: &ForestOptions) -> Forest {
    grow_forest(training, options, &mut |_| true).unwrap()
}

#[test]
fn a_full_tree_knows_its_rows() {
    // Without bootstrap, all features tried and one row a leaf, numbers alone tell all rows apart.
    let tasks = [Task::Regression, Task::Binary, Task::Multiclass { n_classes: 3 }];
    for (seed, task) in (1..).zip(tasks) {
        let training = rows(&Recipe { missing: 0.0, ..recipe(seed, 200, task) });
        let options = ForestOptions {
            trees: 2,
            node_feature_fraction: Some(1.0),
            leaf_rows_min: 1,
            bootstrap: false,
            ..Default::default()
        };
        let forest = grow(&training, &options);
        let found = forest.model.predictions(&training.features).unwrap();
        let n = forest.model.n_outputs();
        for (row, target) in training.targets.iter().enumerate() {
            for output in 0..n {
                let wanted =
                    if n == 1 { *target } else { f64::from(u8::from(*target == output as f64)) };
                assert!((found[row * n + output] - wanted).abs() < 1e-9, "row {row}");
            }
        }
        assert!(forest.out_of_bag.iter().all(|share| share.is_nan()));
    }
}

#[test]
fn the_first_cut_is_the_best_of_all() {
    for (seed, task) in
        [(1, Task::Regression), (2, Task::Binary), (3, Task::Multiclass { n_classes: 3 })]
    {
        let whole = Recipe { missing: 0.0, categories: 0, ..recipe(seed, 120, task) };
        let training = rows(&whole);
        let options = ForestOptions {
            trees: 1,
            node_feature_fraction: Some(1.0),
            leaf_rows_min: 5,
            depth_max: 1,
            bootstrap: false,
            ..Default::default()
        };
        let n = task.n_outputs();
        // Weighted sum of squares around the mean, of each class's indicator where there are several.
        let impurity = |rows: &[usize]| {
            let weight: f64 = rows.iter().map(|row| training.weights[*row]).sum();
            let of_output = |output: usize| {
                let value = |row: usize| match n {
                    1 => training.targets[row],
                    _ => f64::from(u8::from(training.targets[row] == output as f64)),
                };
                let mean = rows.iter().map(|row| training.weights[*row] * value(*row)).sum::<f64>()
                    / weight;
                rows.iter()
                    .map(|row| training.weights[*row] * (value(*row) - mean).powi(2))
                    .sum::<f64>()
            };
            (0..n).map(of_output).sum::<f64>()
        };
        let all: Vec<usize> = (0..120).collect();
        let mut best = 0.0_f64;
        for feature in 0..4 {
            let column = training.features.column(feature);
            for cut in column {
                let (left, right): (Vec<usize>, Vec<usize>) =
                    all.iter().partition(|row| column[**row] <= *cut);
                if left.len().min(right.len()) >= 5 {
                    best = best.max(impurity(&all) - impurity(&left) - impurity(&right));
                }
            }
        }
        let gain: f64 =
            grow(&training, &options).model.importance().iter().map(|one| one.gain).sum();
        assert!((gain - best).abs() < 1e-9 * best, "{task:?}: {gain} {best}");
    }
}

#[test]
fn rows_out_of_bag_are_judged_fairly() {
    for random_thresholds in [false, true] {
        let all = rows(&recipe(11, 2000, Task::Binary));
        let training = all.take(&(0..1000).collect::<Vec<_>>());
        let test = all.take(&(1000..2000).collect::<Vec<_>>());
        let options = ForestOptions { trees: 60, random_thresholds, ..Default::default() };
        let forest = grow(&training, &options);
        let area = |shares: &[f64], targets: &[f64]| {
            let targets: Vec<bool> = targets.iter().map(|target| *target == 1.0).collect();
            auc(shares, &targets).unwrap()
        };
        let outside = area(&forest.out_of_bag, &training.targets);
        let of_test = area(&forest.model.predictions(&test.features).unwrap(), &test.targets);
        let inside =
            area(&forest.model.predictions(&training.features).unwrap(), &training.targets);
        assert!(outside > 0.7 && (outside - of_test).abs() < 0.05, "{outside} {of_test}");
        assert!(inside > outside + 0.05, "{inside} {outside}");
        assert_eq!(forest.model.n_trees(), 60);
    }
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let tasks = [Task::Regression, Task::Binary, Task::Multiclass { n_classes: 3 }];
    for (seed, task) in (1..).zip(tasks) {
        let training = rows(&recipe(seed, 500, task));
        let options =
            ForestOptions { trees: 20, random_thresholds: seed == 2, ..Default::default() };
        let with = |n_threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            pool.install(|| {
                let forest = grow(&training, &options);
                let bits: Vec<u64> =
                    forest.out_of_bag.iter().map(|share| share.to_bits()).collect();
                (serde_json::to_string(&forest.model).unwrap(), bits)
            })
        };
        assert_eq!(with(1), with(3), "{task:?}");
    }
}

#[test]
fn numbers_far_from_zero_are_told_apart() {
    let mut training = rows(&recipe(4, 400, Task::Regression));
    training.targets.iter_mut().for_each(|target| *target += 1e9);
    let forest = grow(&training, &ForestOptions { trees: 5, ..Default::default() });
    assert!(forest.model.n_leaves() > 200);
    let stopped = grow_forest(&training, &ForestOptions::default(), &mut |_| false).unwrap();
    assert_eq!(stopped.model.n_trees(), 16);
}
