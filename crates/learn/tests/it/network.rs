#![allow(clippy::cast_possible_truncation, reason = "levels and offsets of small models")]

use tracehound_learn::metrics::{auc, mean_loss};
use tracehound_learn::network::{NetworkExplainer, NetworkModel, NetworkOptions, NetworkProgress};
use tracehound_learn::{FeatureKind, Matrix, Task, Training};

use crate::sample::{self, column, near, training};

const THREE: Task = Task::Multiclass { n_classes: 3 };

fn small() -> NetworkOptions {
    NetworkOptions {
        hidden: vec![16, 16],
        n_members: 3,
        embedding_width: 4,
        n_bins: 6,
        epochs_max: 10,
        seed: 3,
        ..NetworkOptions::default()
    }
}

fn fit(training: &Training, options: &NetworkOptions) -> NetworkModel {
    NetworkModel::fit(training, Some(training), options, &mut |_| true).unwrap()
}

/// Targets by the product of two numbers, turned around in one of three levels.
fn product(task: Task, n: u32) -> Training {
    let a = |r: u32| f64::from(r * 37 % 211) / 105.0 - 1.0;
    let b = |r: u32| f64::from(r * 83 % 197) / 98.0 - 1.0;
    let mut features = Matrix::new(n as usize);
    features.push("a", FeatureKind::Number, column(n, a)).unwrap();
    features.push("b", FeatureKind::Number, column(n, |r| (3.0 * b(r)).exp())).unwrap();
    let sign = |r: u32| f64::from(u8::from(r.is_multiple_of(3)));
    features.push("c", FeatureKind::Category { n_levels: 3 }, column(n, sign)).unwrap();
    let value = |r: u32| a(r) * b(r) * if r.is_multiple_of(3) { -1.0 } else { 1.0 };
    let targets = column(n, |r| match task {
        Task::Regression => 5.0 + 10.0 * value(r),
        Task::Binary => f64::from(u8::from(value(r) > 0.0)),
        Task::Multiclass { .. } => {
            if value(r) > 0.15 {
                2.0
            } else {
                f64::from(u8::from(value(r) > -0.15))
            }
        }
    });
    Training { task, features, targets, weights: vec![1.0; n as usize] }
}

/// A product of three features: no sum of functions of one each can say it, a network must.
#[test]
fn it_learns_what_is_no_sum() {
    let options = NetworkOptions { epochs_max: 40, learning_rate: 1e-2, ..small() };
    for task in [Task::Regression, Task::Binary, THREE] {
        let all = product(task, 900);
        let (train, held) =
            (all.take(&(0..600).collect::<Vec<_>>()), all.take(&(600..900).collect::<Vec<_>>()));
        let model = NetworkModel::fit(&train, Some(&held), &options, &mut |_| true).unwrap();
        let margins = model.margins(&held.features).unwrap();
        let loss = mean_loss(task, &margins, &held.targets, None).unwrap();
        let at_most = match task {
            Task::Regression => 2.0, // of a variance of 10
            Task::Binary => 0.35,
            Task::Multiclass { .. } => 0.6,
        };
        assert!(loss < at_most, "{task:?}: {loss}");
        if task == Task::Binary {
            assert!(auc(&margins, &held.targets, None).unwrap() > 0.92);
        }
    }
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let run = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| {
            let model = fit(&training(THREE), &small());
            let explained = model.contributions(&sample::features(), 9).unwrap();
            (
                serde_json::to_string(&model).unwrap(),
                model.margins(&sample::features()).unwrap(),
                explained,
            )
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn a_row_alone_says_what_it_says_among_others() {
    for task in [Task::Regression, Task::Binary, THREE] {
        let model = fit(&training(task), &small());
        let features = sample::features();
        let mut row = Vec::new();
        let alone = (0..40).flat_map(|at| {
            features.row_into(at, &mut row);
            model.margin_row(&row).unwrap()
        });
        assert_eq!(alone.collect::<Vec<f64>>(), model.margins(&features).unwrap());
    }
}

#[test]
fn contributions_add_up_to_the_margin() {
    for task in [Task::Regression, Task::Binary, THREE] {
        let model = fit(&training(task), &small());
        let features = sample::features();
        let margins = model.margins(&features).unwrap();
        let explained = model.contributions(&features, 1).unwrap();
        let parts = &explained.contributions;
        let n_outputs = task.n_outputs();
        let sums: Vec<f64> = (0..40)
            .flat_map(|row| (0..n_outputs).map(move |output| parts.margin(row, output)))
            .collect();
        near(&sums, &margins, 1e-9);
        assert_eq!(explained.standard_errors.len(), parts.values.len());
    }
}

/// Shapley values by all orders of three features, for each background row, by one row at a time.
#[test]
fn sampled_contributions_are_near_the_exact_ones() {
    let all = product(Task::Binary, 300);
    let options = NetworkOptions { n_background: 300, epochs_max: 15, ..small() };
    let model = fit(&all, &options);
    let row = |at: usize| {
        let mut row = Vec::new();
        all.features.row_into(at, &mut row);
        row
    };
    let asked = row(7);
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let mut exact = [0.0; 3];
    for at in 0..300 {
        for order in orders {
            let mut state = row(at);
            for feature in order {
                let before = model.margin_row(&state).unwrap()[0];
                state[feature] = asked[feature];
                exact[feature] += (model.margin_row(&state).unwrap()[0] - before) / 1800.0;
            }
        }
    }
    let explained = model.contributions(&all.features.take(&[7]), 5).unwrap();
    for (feature, exact) in exact.iter().enumerate() {
        let away = (explained.contributions.values[feature] - exact).abs();
        // The background is all rows: only orders are sampled, so the error is below that of background and orders.
        assert!(away < 3.0 * explained.standard_errors[feature] + 1e-9, "{feature}: {away}");
    }
}

/// The forward pass by its definition, from the stored numbers, one row and member at a time.
#[test]
fn margins_are_those_of_a_plain_forward_pass() {
    let model = fit(&training(Task::Regression), &small());
    let stored: serde_json::Value =
        serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
    let list = |value: &serde_json::Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
    };
    let parameters = list(&stored["parameters"]);
    let (center, spread) = (stored["center"].as_f64().unwrap(), stored["spread"].as_f64().unwrap());
    let tables: Vec<usize> =
        list(&stored["layout"]["tables"]).iter().map(|v| *v as usize).collect();
    let edges = |feature: usize| list(&stored["encoders"][feature]["Number"]["edges"]);
    let embed = |feature: usize, value: f64| -> Vec<f64> {
        let table = &parameters[tables[feature]..tables[feature + 1]];
        let row = |row: usize| table[row * 4..row * 4 + 4].to_vec();
        if feature == 2 {
            return row(if value.is_nan() { 4 } else { value as usize });
        }
        let edges = edges(feature);
        let n_pieces = edges.len() - 1;
        if value.is_nan() {
            return row(n_pieces + 1);
        }
        let mut sum = row(n_pieces);
        for piece in 0..n_pieces {
            let share =
                ((value - edges[piece]) / (edges[piece + 1] - edges[piece])).clamp(0.0, 1.0);
            sum.iter_mut().zip(row(piece)).for_each(|(sum, w)| *sum += share * w);
        }
        sum
    };
    let forward = |row: &[f64]| -> f64 {
        let vectors: Vec<f64> = (0..3).flat_map(|feature| embed(feature, row[feature])).collect();
        let mut at = tables[3];
        let mut take = |n: usize| {
            at += n;
            parameters[at - n..at].to_vec()
        };
        let matrices = [take(12 * 16), take(16 * 16)];
        let mut sum = 0.0;
        for _ in 0..3 {
            let mut units = vectors.clone();
            for matrix in &matrices {
                let (scale_in, scale_out, bias) = (take(units.len()), take(16), take(16));
                let next = (0..16).map(|to| {
                    let product: f64 = (0..units.len())
                        .map(|from| units[from] * scale_in[from] * matrix[from * 16 + to])
                        .sum();
                    (product * scale_out[to] + bias[to]).max(0.0)
                });
                units = next.collect();
            }
            let (weights, bias) = (take(16), take(1));
            sum += units.iter().zip(weights).map(|(u, w)| u * w).sum::<f64>() + bias[0];
        }
        center + spread * sum / 3.0
    };
    let features = sample::features();
    let mut row = Vec::new();
    let expected: Vec<f64> = (0..40)
        .map(|at| {
            features.row_into(at, &mut row);
            forward(&row)
        })
        .collect();
    near(&model.margins(&features).unwrap(), &expected, 1e-4);
}

#[test]
fn it_stops_when_told_or_when_nothing_is_gained() {
    let training = training(Task::Binary);
    let mut seen: Vec<NetworkProgress> = Vec::new();
    let model = NetworkModel::fit(&training, Some(&training), &small(), &mut |progress| {
        seen.push(*progress);
        progress.epoch < 4
    })
    .unwrap();
    assert_eq!((seen.len(), model.epochs), (4, 4));
    assert_eq!(model.best_epoch, seen[3].best_epoch);
    // Targets turned around: what is learned is wrong at once.
    let mut against = training.clone();
    against.targets.iter_mut().for_each(|target| *target = 1.0 - *target);
    let options = NetworkOptions {
        epochs_max: 200,
        patience: 3,
        averaging: 0.0,
        learning_rate: 0.02,
        ..small()
    };
    let model = NetworkModel::fit(&training, Some(&against), &options, &mut |_| true).unwrap();
    assert!(
        model.epochs < 100 && model.epochs == model.best_epoch + 3,
        "{} {}",
        model.epochs,
        model.best_epoch
    );
    let without = NetworkModel::fit(&training, None, &small(), &mut |_| true).unwrap();
    assert_eq!((without.epochs, without.best_epoch), (10, 10));
}

#[test]
fn a_model_is_stored_and_read_back() {
    let model = fit(&training(THREE), &small());
    let text = serde_json::to_string(&model).unwrap();
    let read: NetworkModel = serde_json::from_str(&text).unwrap();
    let margins = |model: &NetworkModel| model.margins(&sample::features()).unwrap();
    near(&margins(&read), &margins(&model), 1e-6);
}

#[test]
fn what_cannot_be_fitted_or_asked_is_named() {
    let good = training(Task::Binary);
    let refused = |options: NetworkOptions| {
        NetworkModel::fit(&good, None, &options, &mut |_| true).unwrap_err().to_string()
    };
    assert_eq!(
        refused(NetworkOptions { dropout: 1.0, ..small() }),
        "dropout is 1, expected at least 0, below 1"
    );
    assert_eq!(
        refused(NetworkOptions { n_members: 0, ..small() }),
        "n_members is 0, expected at least 1"
    );
    assert_eq!(
        refused(NetworkOptions { hidden: vec![], ..small() }),
        "number of hidden layers is 0, expected at least 1"
    );
    let model = fit(&good, &small());
    assert!(model.margin_row(&[0.0, 0.0, 9.0]).is_err());
    assert!(model.margin_row(&[0.0]).is_err());
    // Far outside of the training and unknown: an answer that is a number.
    assert!(model.margin_row(&[1e100, -1e100, f64::NAN]).unwrap()[0].is_finite());
    let empty = Training { features: Matrix::new(40), ..good };
    let error = NetworkModel::fit(&empty, None, &small(), &mut |_| true).unwrap_err();
    assert_eq!(error.to_string(), "features: 1 asked for, 0 possible");
}

/// One pass back is no Shapley value, but it is near it, and it adds up as exactly.
#[test]
fn passes_back_add_up_and_are_near_sampled_values() {
    let options = NetworkOptions { n_background: 12, ..small() };
    for task in [Task::Regression, Task::Binary, THREE] {
        let all = product(task, 300);
        let model = fit(&all, &options);
        let rows = all.features.take(&(0..40).collect::<Vec<_>>());
        let explainer = NetworkExplainer::new(&model);
        let back = explainer.contributions(&rows).unwrap();
        let sampled = model.contributions(&rows, 3).unwrap().contributions;
        let margins = model.margins(&rows).unwrap();
        let n_outputs = task.n_outputs();
        let (mut both, mut squares) = (0.0, (0.0, 0.0));
        for (at, margin) in margins.iter().enumerate() {
            let (row, output) = (at / n_outputs, at % n_outputs);
            near(&[back.margin(row, output)], &[*margin], 1e-9 * (1.0 + margin.abs()));
            near(&[back.base[output]], &[sampled.base[output]], 1e-9 * (1.0 + margin.abs()));
            for (a, b) in back.of(row, output).iter().zip(sampled.of(row, output)) {
                both += a * b;
                squares = (squares.0 + a * a, squares.1 + b * b);
            }
        }
        let cosine = both / (squares.0 * squares.1).sqrt();
        assert!(cosine > 0.9, "{task:?}: {cosine}");
        // One row alone gets the same bytes as among others.
        let one = explainer.contributions(&rows.take(&[11])).unwrap();
        assert_eq!(one.of(0, 0), back.of(11, 0));
    }
}
