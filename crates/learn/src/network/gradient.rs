//! The gradient against finite differences of the loss.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test")]

use super::{NetworkModel, NetworkOptions};
use crate::{FeatureKind, Matrix, Task, Training};

/// Rows of a number with gaps, a skewed number and a category.
fn training(task: Task, n_classes: u32) -> Training {
    let n_rows = 60_u32;
    let mut features = Matrix::new(n_rows as usize);
    let row = |of: &dyn Fn(u32) -> f64| (0..n_rows).map(of).collect::<Vec<f64>>();
    let number = row(&|r| if r % 7 == 3 { f64::NAN } else { f64::from(r * 37 % 61) });
    features.push("number", FeatureKind::Number, number).unwrap();
    features
        .push("skewed", FeatureKind::Number, row(&|r| (f64::from(r * 17 % 29) / 4.0).exp()))
        .unwrap();
    let level = row(&|r| if r % 11 == 5 { f64::NAN } else { f64::from(r * 5 % 4) });
    features.push("level", FeatureKind::Category { n_levels: 4 }, level).unwrap();
    let targets = row(&|r| match task {
        Task::Regression => f64::from(r * 23 % 41),
        _ => f64::from((r * 23 % 41 + r / 30) % n_classes),
    });
    let weights = row(&|r| 1.0 + f64::from(r % 3));
    Training { task, features, targets, weights }
}

#[track_caller]
fn check(task: Task, n_classes: u32) {
    let training = training(task, n_classes);
    let options = NetworkOptions {
        hidden: vec![10, 7],
        n_members: 3,
        embedding_width: 3,
        n_bins: 5,
        epochs_max: 3,
        seed: 6,
        ..NetworkOptions::default()
    };
    let model = NetworkModel::fit(&training, None, &options, &mut |_| true).unwrap();
    let at = model.parameters.clone();
    let (_, gradient) = model.loss_and_gradient(&at, &training);
    let layout = &model.layout;
    let mut parts: Vec<std::ops::Range<usize>> = (0..3).map(|f| layout.table(f)).collect();
    parts.extend((0..2).map(|layer| layout.matrix(layer)));
    for member in 0..3 {
        let start = layout.member(member).start;
        for layer in 0..2 {
            let ranges = layout.layer(layer);
            parts.extend(
                [ranges.scale_in, ranges.scale_out, ranges.bias]
                    .map(|r| start + r.start..start + r.end),
            );
        }
        let (matrix, bias) = layout.head();
        parts.extend([matrix, bias].map(|r| start + r.start..start + r.end));
    }
    assert_eq!(parts.iter().map(ExactSizeIterator::len).sum::<usize>(), at.len());
    for (number, part) in parts.iter().enumerate() {
        // Along the gradient the difference is far above rounding.
        let norm = gradient[part.clone()].iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
        assert!(norm > 1e-7, "part {number} has no gradient");
        // A long step crosses kinks, a short one is lost in rounding; a wrong gradient is right at none.
        let away = [4e-3, 2e-3, 1e-3, 5e-4].map(|step: f32| {
            let mut moved = [at.clone(), at.clone()];
            for index in part.clone() {
                let by = step * gradient[index] / norm as f32;
                moved[0][index] -= by;
                moved[1][index] += by;
            }
            let [low, high] =
                moved.map(|parameters| model.loss_and_gradient(&parameters, &training).0);
            ((high - low) / (2.0 * f64::from(step)) - norm).abs()
        });
        let least = away.into_iter().fold(f64::INFINITY, f64::min);
        assert!(least < 2e-2 * norm, "part {number}: {away:?} away from {norm}");
    }
}

#[test]
fn it_is_the_slope_of_the_loss() {
    check(Task::Binary, 2);
    check(Task::Regression, 0);
    check(Task::Multiclass { n_classes: 3 }, 3);
}
