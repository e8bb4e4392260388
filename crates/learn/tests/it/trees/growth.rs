//! Trees against a booster that tries every threshold, and what options promise.

use tracehound_learn::trees::{BoostOptions, CategorySplits, Monotone, TreeModel, boost};
use tracehound_learn::{FeatureKind, Matrix, Task, Training};

use super::{Random, Recipe, rows};

fn fit(training: &Training, options: &BoostOptions) -> TreeModel {
    boost(training, options, None, &mut |_| true).unwrap().model
}

/// A leaf of the slow booster.
struct Leaf {
    rows: Vec<usize>,
    value: f64,
}

/// Gain of parting rows, and the rows on the left; every threshold, missing values on both sides, every single level.
fn best_split(
    training: &Training,
    pairs: &[(f64, f64)],
    leaf: &Leaf,
    options: &BoostOptions,
) -> Option<(f64, Vec<usize>)> {
    let term = |rows: &[usize]| {
        let (g, h) = rows.iter().fold((0.0, 0.0), |s, r| (s.0 + pairs[*r].0, s.1 + pairs[*r].1));
        let pulled = g.signum() * (f64::abs(g) - options.l1).max(0.0);
        (pulled * pulled / (h + options.l2), h)
    };
    let mut best: Option<(f64, Vec<usize>)> = None;
    for feature in 0..training.features.n_features() {
        let column = training.features.column(feature);
        let is_number = training.features.kinds()[feature] == FeatureKind::Number;
        for at in &leaf.rows {
            for missing_left in [false, true] {
                let goes_left = |row: &&usize| {
                    let value = column[**row];
                    if is_number && value.is_nan() {
                        return missing_left;
                    }
                    let same = value == column[*at] || value.is_nan() && column[*at].is_nan();
                    if is_number { value <= column[*at] } else { same }
                };
                let left: Vec<usize> = leaf.rows.iter().filter(goes_left).copied().collect();
                let right: Vec<usize> =
                    leaf.rows.iter().filter(|row| !goes_left(row)).copied().collect();
                let n_min = options.leaf_rows_min as usize;
                if left.len() < n_min || right.len() < n_min {
                    continue;
                }
                let ((a, ha), (b, hb), (all, _)) = (term(&left), term(&right), term(&leaf.rows));
                let gain = a + b - all;
                let allowed = ha.min(hb) >= options.leaf_hessian_min && gain > options.gain_min;
                if allowed && best.as_ref().is_none_or(|best| gain > best.0 * (1.0 + 1e-9)) {
                    best = Some((gain, left));
                }
            }
        }
    }
    best
}

/// Scores after `iterations` rounds of exact greedy boosting.
fn slow_boost(training: &Training, options: &BoostOptions) -> Vec<f64> {
    let n = training.targets.len();
    let total: f64 = training.weights.iter().sum();
    let mean =
        training.targets.iter().zip(&training.weights).map(|(y, w)| y * w).sum::<f64>() / total;
    let is_binary = training.task == Task::Binary;
    let mut scores = vec![if is_binary { (mean / (1.0 - mean)).ln() } else { mean }; n];
    for _ in 0..options.iterations {
        let pairs: Vec<(f64, f64)> = (0..n)
            .map(|row| {
                let (y, w) = (training.targets[row], training.weights[row]);
                let p = 1.0 / (1.0 + (-scores[row]).exp());
                let (g, h) =
                    if is_binary { (p - y, p * (1.0 - p)) } else { (scores[row] - y, 1.0) };
                #[expect(clippy::cast_possible_truncation)]
                let pair = ((g * w) as f32, (h * w) as f32);
                (f64::from(pair.0), f64::from(pair.1))
            })
            .collect();
        let value = |rows: &[usize]| {
            let (g, h) =
                rows.iter().fold((0.0, 0.0), |s, r| (s.0 + pairs[*r].0, s.1 + pairs[*r].1));
            -(g.signum() * (f64::abs(g) - options.l1).max(0.0)) / (h + options.l2)
        };
        let all: Vec<usize> = (0..n).collect();
        let mut leaves = vec![Leaf { value: value(&all), rows: all }];
        while leaves.len() < options.leaves_max as usize {
            let splits = leaves.iter().map(|leaf| best_split(training, &pairs, leaf, options));
            let mut best: Option<(usize, f64, Vec<usize>)> = None;
            for (at, split) in splits.enumerate() {
                if let Some((gain, left)) = split
                    && best.as_ref().is_none_or(|best| gain > best.1)
                {
                    best = Some((at, gain, left));
                }
            }
            let Some((at, _, left)) = best else { break };
            let right: Vec<usize> =
                leaves[at].rows.iter().filter(|row| !left.contains(row)).copied().collect();
            leaves[at] = Leaf { value: value(&left), rows: left };
            leaves.push(Leaf { value: value(&right), rows: right });
        }
        for leaf in &leaves {
            leaf.rows.iter().for_each(|row| scores[*row] += options.learning_rate * leaf.value);
        }
    }
    scores
}

#[test]
fn trees_are_those_of_a_booster_that_tries_every_threshold() {
    for seed in 1..=12 {
        for task in [Task::Regression, Task::Binary] {
            let missing = if seed % 2 == 0 { 0.2 } else { 0.0 };
            let recipe = Recipe { seed, n_rows: 60, numbers: 3, categories: 1, missing, task };
            let training = rows(&recipe);
            let options = BoostOptions {
                iterations: 5,
                leaves_max: 6,
                leaf_rows_min: 3,
                l1: if seed % 3 == 0 { 0.1 } else { 0.0 },
                l2: 0.5,
                gain_min: 1e-6,
                bin_rows_min: 1,
                categories: CategorySplits { one_level_bins_max: 100, ..Default::default() },
                ..Default::default()
            };
            let slow = slow_boost(&training, &options);
            let fast = fit(&training, &options).margins(&training.features).unwrap();
            for (row, (slow, fast)) in slow.iter().zip(&fast).enumerate() {
                let what = format!("seed {seed} {task:?} row {row}: {slow} {fast}");
                assert!((slow - fast).abs() < 1e-9, "{what}");
            }
        }
    }
}

#[test]
fn levels_are_parted_as_the_best_of_all_subsets() {
    // 14 levels of 40 rows: the order by gradient gives the best of all 2^13 partitions (Fisher), as the smoothing
    // and the bounds on sides are off.
    let n_levels = 14;
    let mut random = Random(5);
    let n_rows = 40 * n_levels;
    let codes: Vec<f64> = (0..n_rows).map(|row| (row % n_levels) as f64).collect();
    let targets: Vec<f64> = codes.iter().map(|code| (code * 2.7).sin() + random.unit()).collect();
    let mut features = Matrix::new(n_rows);
    let kind = FeatureKind::Category { n_levels: 14 };
    features.push("level", kind, codes.clone()).unwrap();
    let weights = vec![1.0; n_rows];
    let training = Training { task: Task::Regression, features, targets, weights };
    let categories = CategorySplits {
        smooth: 0.0,
        l2: 0.0,
        group_rows_min: 1,
        levels_max: 99,
        ..Default::default()
    };
    let options = BoostOptions { iterations: 1, leaves_max: 2, categories, ..Default::default() };
    let model = fit(&training, &options);
    let mean = training.targets.iter().sum::<f64>() / n_rows as f64;
    let mut of_level = vec![0.0; n_levels];
    for (code, target) in codes.iter().zip(&training.targets) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let level = *code as usize;
        of_level[level] += target - mean;
    }
    let mut best = 0.0_f64;
    for subset in 1..(1_u32 << n_levels) - 1 {
        let inside = (0..n_levels).filter(|level| subset >> level & 1 == 1);
        let sum: f64 = inside.map(|level| of_level[level]).sum();
        let n = f64::from(subset.count_ones()) * 40.0;
        best = best.max(sum * sum / n + sum * sum / (n_rows as f64 - n));
    }
    let gain = model.importance()[0].gain;
    assert!((gain / best - 1.0).abs() < 1e-5, "{gain} {best}");
}

#[test]
fn monotone_features_are_monotone() {
    for seed in 1..=8 {
        let task = Task::Regression;
        let recipe = Recipe { seed, n_rows: 400, numbers: 3, categories: 1, missing: 0.1, task };
        let training = rows(&recipe);
        let monotone = vec![Monotone::Rising, Monotone::Falling, Monotone::Free, Monotone::Free];
        let path_smoothing = if seed % 2 == 0 { 5.0 } else { 0.0 };
        let regression_loss = if seed % 3 == 0 {
            tracehound_learn::trees::RegressionLoss::Absolute
        } else {
            tracehound_learn::trees::RegressionLoss::Squared
        };
        let options = BoostOptions {
            iterations: 30,
            leaf_rows_min: 2,
            monotone,
            path_smoothing,
            regression_loss,
            ..Default::default()
        };
        let model = fit(&training, &options);
        let mut row = Vec::new();
        let mut moved = 0.0;
        for at in 0..60 {
            training.features.row_into(at, &mut row);
            for (feature, sign) in [(0, 1.0), (1, -1.0)] {
                let mut before = f64::NEG_INFINITY;
                for step in 0..80 {
                    row[feature] = f64::from(step) * 0.05;
                    let margin = sign * model.margin_row(&row).unwrap()[0];
                    assert!(margin >= before - 1e-12, "seed {seed} row {at} feature {feature}");
                    moved += if step > 0 { margin - before } else { 0.0 };
                    before = margin;
                }
            }
        }
        assert!(moved > 1.0, "monotone features are still used");
    }
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    for task in [Task::Regression, Task::Binary, Task::Multiclass { n_classes: 3 }] {
        let recipe =
            Recipe { seed: 3, n_rows: 6000, numbers: 9, categories: 2, missing: 0.1, task };
        let training = rows(&recipe);
        let options = BoostOptions {
            iterations: 6,
            bagging_fraction: 0.7,
            feature_fraction: 0.8,
            node_feature_fraction: 0.7,
            random_thresholds: task == Task::Binary,
            ..Default::default()
        };
        let with = |n_threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            pool.install(|| {
                let model = fit(&training, &options);
                let margins = model.margins(&training.features).unwrap();
                (serde_json::to_string(&model).unwrap(), margins)
            })
        };
        assert_eq!(with(1), with(3), "{task:?}");
    }
}

#[test]
fn leaves_and_depth_are_bounded() {
    let task = Task::Regression;
    let recipe = Recipe { seed: 8, n_rows: 900, numbers: 4, categories: 0, missing: 0.0, task };
    let training = rows(&recipe);
    let base =
        BoostOptions { iterations: 1, leaf_rows_min: 1, bin_rows_min: 1, ..Default::default() };
    assert_eq!(fit(&training, &base).n_leaves(), 31);
    let flat = BoostOptions { depth_max: Some(3), ..base.clone() };
    assert_eq!(fit(&training, &flat).n_leaves(), 8);
    let large = BoostOptions { leaf_rows_min: 200, ..base.clone() };
    assert!(fit(&training, &large).n_leaves() <= 4);
    let greedy = BoostOptions { gain_min: 1e9, ..base };
    let none = boost(&training, &greedy, None, &mut |_| true).unwrap();
    assert_eq!((none.iterations, none.model.n_trees()), (0, 0));
}

#[test]
fn rare_levels_share_a_bin_and_unseen_ones_are_missing() {
    // 600 levels, each a few rows: the first half of them has the greater target.
    let n_rows = 3000;
    let codes: Vec<f64> = (0..n_rows).map(|row| f64::from(row % 599)).collect();
    let targets: Vec<f64> = codes.iter().map(|code| f64::from(u8::from(*code < 300.0))).collect();
    let mut features = Matrix::new(n_rows as usize);
    let kind = FeatureKind::Category { n_levels: 600 };
    features.push("level", kind, codes).unwrap();
    let weights = vec![1.0; n_rows as usize];
    let training = Training { task: Task::Binary, features, targets, weights };
    let categories = CategorySplits { smooth: 1.0, group_rows_min: 10, ..Default::default() };
    let options = BoostOptions { iterations: 20, categories, ..Default::default() };
    let model = fit(&training, &options);
    let low = model.margin_row(&[3.0]).unwrap()[0];
    let high = model.margin_row(&[550.0]).unwrap()[0];
    assert!(low > high, "{low} {high}");
    let unseen = model.margin_row(&[599.0]).unwrap();
    assert_eq!(unseen, model.margin_row(&[f64::NAN]).unwrap());
    assert!(model.margin_row(&[600.0]).is_err());
    assert!(model.margin_row(&[1.5]).is_err());
    assert!(model.margin_row(&[-1.0]).is_err());
    assert!(model.margin_row(&[f64::INFINITY]).is_err());
}
