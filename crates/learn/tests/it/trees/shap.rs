//! Contributions against all subsets of features, read from the stored trees, and against the package `shap`.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use serde_json::Value;
use tracehound_learn::trees::{
    BoostOptions, CategorySplits, ForestOptions, StepExplainer, TreeExplainer, TreeModel, boost,
    grow_forest,
};
use tracehound_learn::{FeatureKind, Matrix, Task};

use super::{Recipe, rows};

/// What a stored tree expects where only `known` features are: both children count by their weight elsewhere.
fn expectation(
    model: &Value,
    tree: &Value,
    child: i64,
    row: &[f64],
    known: u32,
    output: usize,
) -> f64 {
    let Ok(node) = usize::try_from(child) else {
        let n = tree["n_outputs"].as_u64().unwrap() as usize;
        let first = tree["first_output"].as_u64().unwrap() as usize;
        let leaf = usize::try_from(!child).unwrap();
        let inside = (first..first + n).contains(&output);
        return if inside {
            tree["values"][leaf * n + output - first].as_f64().unwrap()
        } else {
            0.0
        };
    };
    let node = &tree["nodes"][node];
    let cover = |child: i64| match usize::try_from(child) {
        Ok(node) => tree["nodes"][node]["cover"].as_f64().unwrap(),
        Err(_) => tree["covers"][usize::try_from(!child).unwrap()].as_f64().unwrap(),
    };
    let (left, right) = (node["left"].as_i64().unwrap(), node["right"].as_i64().unwrap());
    let of = |child| expectation(model, tree, child, row, known, output);
    let feature = node["feature"].as_u64().unwrap() as usize;
    if known >> feature & 1 == 0 {
        let whole = cover(left) + cover(right);
        return (cover(left) * of(left) + cover(right) * of(right)) / whole;
    }
    let value = row[feature];
    let missing_left = node["missing_left"].as_bool().unwrap();
    let goes_left = match node["set"].as_u64() {
        None if value.is_nan() => missing_left,
        None => value <= node["threshold"].as_f64().unwrap(),
        Some(_) if value.is_nan() => missing_left,
        Some(set) => {
            let bin = model["level_bins"][feature][value as usize].as_u64().unwrap();
            let bits = tree["sets"][set as usize][(bin / 64) as usize].as_u64().unwrap();
            if bin == 255 { missing_left } else { bits >> (bin % 64) & 1 == 1 }
        }
    };
    of(if goes_left { left } else { right })
}

/// Shapley values by their definition.
fn by_definition(model: &Value, row: &[f64], output: usize) -> (f64, Vec<f64>) {
    let n = row.len();
    let worth: Vec<f64> = (0..1_u32 << n)
        .map(|known| {
            let start = model["start"][output].as_f64().unwrap();
            let trees = model["trees"].as_array().unwrap().iter();
            start
                + trees
                    .map(|tree| {
                        let root =
                            if tree["nodes"].as_array().unwrap().is_empty() { -1 } else { 0 };
                        expectation(model, tree, root, row, known, output)
                    })
                    .sum::<f64>()
        })
        .collect();
    let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
    let values = (0..n).map(|feature| {
        (0..1_u32 << n)
            .filter(|known| known >> feature & 1 == 0)
            .map(|known| {
                let size = known.count_ones();
                let orders = factorial(size) * factorial(n as u32 - size - 1) / factorial(n as u32);
                orders * (worth[(known | 1 << feature) as usize] - worth[known as usize])
            })
            .sum()
    });
    (worth[0], values.collect())
}

/// Contributions are Shapley values and add up, in batch and row by row alike.
fn check(model: &TreeModel, features: &Matrix, n_checked: usize) {
    let stored: Value = serde_json::to_value(model).unwrap();
    let explainer = TreeExplainer::new(model);
    let all = explainer.contributions(features).unwrap();
    let margins = model.margins(features).unwrap();
    let mut row = Vec::new();
    for at in 0..features.n_rows() {
        features.row_into(at, &mut row);
        let of_row = explainer.contributions_row(&row).unwrap();
        for output in 0..model.n_outputs() {
            let values = all.of(at, output);
            assert_eq!(values, &of_row[output * row.len()..(output + 1) * row.len()]);
            let sum = all.base[output] + values.iter().sum::<f64>();
            assert!((sum - margins[at * model.n_outputs() + output]).abs() < 1e-9);
            if at < n_checked {
                let (expected, defined) = by_definition(&stored, &row, output);
                assert!((expected - all.base[output]).abs() < 1e-9);
                for (value, defined) in values.iter().zip(defined) {
                    assert!((value - defined).abs() < 1e-9, "row {at}: {value} {defined}");
                }
            }
        }
    }
}

#[test]
fn contributions_are_shapley_values() {
    let tasks = [Task::Regression, Task::Binary, Task::Multiclass { n_classes: 3 }];
    for (seed, task) in (1..).zip(tasks) {
        let recipe = Recipe { seed, n_rows: 300, numbers: 3, categories: 2, missing: 0.1, task };
        let training = rows(&recipe);
        let categories = CategorySplits { smooth: 1.0, group_rows_min: 5, ..Default::default() };
        let options =
            BoostOptions { iterations: 4, leaf_rows_min: 3, categories, ..Default::default() };
        let model = boost(&training, &options, None, &mut |_| true).unwrap().model;
        check(&model, &training.features, 12);
        let options = ForestOptions { trees: 3, ..Default::default() };
        let forest = grow_forest(&training, &options, &mut |_| true).unwrap();
        check(&forest.model, &training.features, 6);
    }
}

#[test]
fn long_paths_add_up() {
    let task = Task::Regression;
    let recipe = Recipe { seed: 4, n_rows: 240, numbers: 30, categories: 0, missing: 0.05, task };
    let training = rows(&recipe);
    let options = ForestOptions { trees: 3, leaf_rows_min: 1, ..Default::default() };
    let forest = grow_forest(&training, &options, &mut |_| true).unwrap();
    check(&forest.model, &training.features, 0);
}

#[test]
fn a_tree_of_the_package_shap() {
    let node = |threshold: f64, cover: f64, feature: u32, left: i32, right: i32| {
        serde_json::json!({"threshold": threshold, "gain": 1.0, "cover": cover, "feature": feature,
            "set": null, "left": left, "right": right, "missing_left": false})
    };
    let tree = serde_json::json!({"first_output": 0, "n_outputs": 1, "sets": [],
        "nodes": [node(0.5, 100.0, 0, 1, 2), node(0.3, 60.0, 1, -1, -2), node(0.8, 40.0, 0, -3, 3),
                  node(-1.0, 25.0, 2, -4, -5)],
        "values": [1.0, -2.0, 0.5, 3.0, -1.5], "covers": [45.0, 15.0, 15.0, 10.0, 15.0]});
    let model = serde_json::json!({"task": "regression", "link": "identity",
        "kinds": ["number", "number", "number"], "level_bins": [[], [], []], "start": [0.0],
        "trees": [tree]});
    let model: TreeModel = serde_json::from_value(model).unwrap();
    let mut features = Matrix::new(4);
    for (name, column) in [
        ("a", vec![0.2, 0.6, 0.9, 0.9]),
        ("b", vec![0.1, 0.9, 0.2, 0.4]),
        ("c", vec![0.0, 0.0, -2.0, 5.0]),
    ] {
        features.push(name, FeatureKind::Number, column).unwrap();
    }
    let found = TreeExplainer::new(&model).contributions(&features).unwrap();
    let expected = SHAP_FIGURES;
    assert!((found.base[0] - expected.0).abs() < 1e-9, "{found:?}");
    for (row, values) in expected.1.iter().enumerate() {
        for (found, value) in found.of(row, 0).iter().zip(values) {
            assert!((found - value).abs() < 1e-6, "row {row}: {found} {value}");
        }
    }
}

/// shap 0.51.0: `TreeExplainer({"trees": [tree]}, feature_perturbation="tree_path_dependent")` of the tree above as
/// arrays: expected value, and contributions of four rows.
const SHAP_FIGURES: (f64, [[f64; 3]; 4]) = (
    0.3,
    [[0.325, 0.6, -0.225], [1.1, -0.675, -0.225], [0.7875, 0.225, 1.6875], [0.0, -0.675, -1.125]],
);

/// Steps add up like Shapley values, and are them where a tree asks one question.
#[test]
fn steps_of_stumps_are_shapley_values_and_of_deep_trees_add_up() {
    for task in [Task::Regression, Task::Binary, Task::Multiclass { n_classes: 3 }] {
        let recipe = Recipe { seed: 8, n_rows: 300, numbers: 4, categories: 2, missing: 0.1, task };
        let training = rows(&recipe);
        let grow = |depth_max: u32| {
            let options =
                ForestOptions { trees: 12, depth_max, seed: 2, ..ForestOptions::default() };
            grow_forest(&training, &options, &mut |_| true).unwrap().model
        };
        let (stumps, deep) = (grow(1), grow(30));
        let steps = StepExplainer::new(&stumps).contributions(&training.features).unwrap();
        let exact = TreeExplainer::new(&stumps).contributions(&training.features).unwrap();
        for (a, b) in
            steps.values.iter().zip(&exact.values).chain(steps.base.iter().zip(&exact.base))
        {
            assert!((a - b).abs() < 1e-12, "{task:?}: {a} {b}");
        }
        let told = StepExplainer::new(&deep).contributions(&training.features).unwrap();
        let margins = deep.margins(&training.features).unwrap();
        for (at, margin) in margins.iter().enumerate() {
            let sum = told.margin(at / task.n_outputs(), at % task.n_outputs());
            assert!((sum - margin).abs() < 1e-12, "{task:?}: {sum} {margin}");
        }
    }
}

/// Tables that are kept for single rows answer as the tables of a block and the integral do.
#[test]
fn rows_one_by_one_get_the_same_bytes() {
    let task = Task::Binary;
    let training =
        rows(&Recipe { seed: 4, n_rows: 400, numbers: 9, categories: 1, missing: 0.1, task });
    let options = BoostOptions { iterations: 20, leaf_rows_min: 2, ..BoostOptions::default() };
    let model = boost(&training, &options, None, &mut |_| true).unwrap().model;
    let explainer = TreeExplainer::new(&model);
    let many = explainer.contributions(&training.features).unwrap();
    for row in [0_u32, 17, 399] {
        let one = explainer.contributions(&training.features.take(&[row])).unwrap();
        assert_eq!(one.of(0, 0), many.of(row as usize, 0), "row {row}");
    }
}
