use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_learn::blend::{
    Blend, BlendMethod, BlendOptions, BlendRows, MarginMap, OutOfFold, Toward,
};
use tracehound_learn::metrics::mean_loss;
use tracehound_learn::split::{self, Split};
use tracehound_learn::{Contributions, LearnError, Task};

use crate::sample::{self, column, filled, near, skewed};

const THREE: Task = Task::Multiclass { n_classes: 3 };

/// `(x1 - 3) / 2`, `(x2 - 5) / 9`, `((r * 13 % 17) - 8) / 5` of the sample.
fn rows() -> BlendRows {
    let n = sample::N_ROWS;
    BlendRows {
        task: Task::Binary,
        margins: vec![
            column(n, |r| (filled(r) - 3.0) / 2.0),
            column(n, |r| (skewed(r) - 5.0) / 9.0),
            column(n, |r| (f64::from(r * 13 % 17) - 8.0) / 5.0),
        ],
        targets: sample::two_classes(),
        weights: sample::weights(),
    }
}

/// SciPy 1.17.1: `minimize(average(logaddexp(0, A @ a) - y * (A @ a), weights=w) + shrinkage / 2 * sum((a - 1/3)**2),
/// method='SLSQP', bounds=[(0, None)] * 3)`, with `constraints` for a sum of 1.
#[track_caller]
fn check(shrinkage: f64, sum_to_one: bool, expected: [f64; 3], loss: f64) {
    let rows = rows();
    let options =
        BlendOptions { shrinkages: vec![shrinkage], sum_to_one, ..BlendOptions::default() };
    // Of one part, stacking is the only way to reach a method: ask the candidates for the weights of each.
    let weights = stacked(&rows, &options);
    near(&weights, &expected, 2e-5);
    let mixed: Vec<f64> =
        (0..40).map(|r| rows.margins.iter().zip(&weights).map(|(m, a)| a * m[r]).sum()).collect();
    let away: f64 = weights.iter().map(|a| (a - 1.0 / 3.0).powi(2)).sum();
    let found = mean_loss(rows.task, &mixed, &rows.targets, Some(&rows.weights)).unwrap();
    assert!(found + shrinkage / 2.0 * away <= loss + 1e-10);
}

/// Weights of stacking towards equal ones.
fn stacked(rows: &BlendRows, options: &BlendOptions) -> Vec<f64> {
    let method = BlendMethod::Stacked {
        toward: Toward::Equal,
        shrinkage: options.shrinkages[0],
        sum_to_one: options.sum_to_one,
    };
    method.fit(rows).unwrap()
}

#[test]
fn stacked_weights_are_those_of_scipy() {
    check(
        0.001,
        false,
        [0.11308249238105592, 0.5800413818033329, 0.5579931433680582],
        0.6489123758935185,
    );
    check(
        0.001,
        true,
        [0.04703441175846751, 0.43454956572429565, 0.518416022517237],
        0.6498328161726247,
    );
    check(
        0.1,
        false,
        [0.19282454587047748, 0.4318199904021329, 0.48285830708979777],
        0.653286277064578,
    );
    check(
        0.1,
        true,
        [0.1593977667707991, 0.38156008967394683, 0.45904214355525413],
        0.6536807545606984,
    );
}

/// A part that knows, one that knows half, one that guesses.
fn made(task: Task, n: u32) -> BlendRows {
    let noise = |r: u32, a: u32| f64::from((r * a) % 101) / 50.0 - 1.0;
    let targets = column(n, |r| match task {
        Task::Regression => f64::from(r * 29 % 53) / 10.0,
        Task::Binary => f64::from(u8::from(noise(r, 37) + 0.7 * noise(r, 61) > 0.0)),
        Task::Multiclass { .. } => f64::from(r * 29 % 53 % 3),
    });
    let part = |knows: f64, seed: u32| -> Vec<f64> {
        (0..n)
            .flat_map(|r| {
                let target = targets[r as usize];
                let of = move |output: u32| match task {
                    Task::Regression => knows * target + (1.0 - knows) * (2.6 + noise(r, seed)),
                    Task::Binary => knows * 2.0 * noise(r, 37) + noise(r, seed),
                    Task::Multiclass { .. } => {
                        let is = f64::from(u8::from(target == f64::from(output)));
                        knows * is + noise(r + 7 * output, seed)
                    }
                };
                let n_outputs = u32::try_from(task.n_outputs()).unwrap();
                (0..n_outputs).map(of).collect::<Vec<f64>>()
            })
            .collect()
    };
    let margins = vec![part(0.9, 17), part(0.5, 43), part(0.0, 71)];
    BlendRows { task, margins, targets, weights: vec![1.0; n as usize] }
}

#[test]
fn the_least_loss_on_rows_held_out_wins() {
    for task in [Task::Regression, Task::Binary, THREE] {
        let rows = made(task, 300);
        let blend = Blend::fit(&rows, &BlendOptions::default()).unwrap();
        let least = blend.methods.iter().map(|tried| tried.loss).fold(f64::INFINITY, f64::min);
        let chosen = blend.methods.iter().find(|tried| tried.method == blend.method).unwrap();
        assert_eq!(chosen.loss, least);
        assert!(blend.weights.iter().all(|weight| *weight >= 0.0));
        let assessment = blend.assess(&rows).unwrap();
        let best = assessment.part_losses.iter().copied().fold(f64::INFINITY, f64::min);
        assert!(assessment.loss_after <= best, "{assessment:?}");
        assert_eq!(assessment.reliability_after.is_some(), task == Task::Binary);
        let again = Blend::fit(&rows, &BlendOptions::default()).unwrap();
        let text = |blend: &Blend| serde_json::to_string(blend).unwrap();
        assert_eq!(text(&blend), text(&again));
        let read: Blend = serde_json::from_str(&text(&blend)).unwrap();
        near(
            &read.predictions(&rows.margins).unwrap(),
            &blend.predictions(&rows.margins).unwrap(),
            1e-12,
        );
    }
}

/// Margins three times too sure: a temperature of a third, or what does the same.
#[test]
fn a_calibration_takes_back_what_is_too_sure() {
    let n = 2000;
    let margin = |r: u32| f64::from(r * 7919 % 997) / 166.0 - 3.0;
    let targets = column(n, |r| {
        let chance = f64::from(r * 104_729 % 1009) / 1009.0;
        f64::from(u8::from(chance < 1.0 / (1.0 + (-margin(r)).exp())))
    });
    let margins = vec![column(n, |r| 3.0 * margin(r))];
    let rows = BlendRows { task: Task::Binary, margins, targets, weights: vec![2.0; n as usize] };
    let blend = Blend::fit(&rows, &BlendOptions::default()).unwrap();
    assert_eq!(blend.method, BlendMethod::BestPart);
    assert_eq!(blend.calibrations.len(), 4);
    assert_ne!(blend.calibration, MarginMap::Identity);
    let probability = blend.predictions(&[vec![3.0]]).unwrap()[0];
    assert!((probability - 1.0 / (1.0 + (-1.0_f64).exp())).abs() < 0.04, "{probability}");
    let held = blend.assess(&rows).unwrap();
    let error =
        |table: Option<tracehound_learn::Reliability>| table.unwrap().expected_calibration_error();
    assert!(error(held.reliability_after) < error(held.reliability_before) / 3.0);
}

#[test]
fn contributions_of_the_blend_are_those_of_its_parts() {
    let rows = made(THREE, 60);
    let blend = Blend::fit(&rows, &BlendOptions::default()).unwrap();
    let parts: Vec<Contributions> = rows
        .margins
        .iter()
        .enumerate()
        .map(|(at, margins)| {
            let base = vec![0.1, -0.2, 0.3 * at as f64];
            let split = |(index, margin): (usize, &f64)| {
                let rest = margin - base[index % 3];
                [rest * 0.25, rest * 0.75]
            };
            let values = margins.iter().enumerate().flat_map(split).collect();
            Contributions { n_rows: 60, n_features: 2, base: base.clone(), values }
        })
        .collect();
    let whole = blend.contributions(&parts).unwrap();
    let margins = blend.margins(&rows.margins).unwrap();
    let sums: Vec<f64> =
        (0..60).flat_map(|row| [0, 1, 2].map(|of| whole.margin(row, of))).collect();
    near(&sums, &margins, 1e-12);
    assert!(blend.contributions(&parts[..2]).is_err());
}

#[test]
fn each_row_is_answered_by_a_model_that_has_not_seen_it() {
    let folds = split::random_folds(10, 3, 0).unwrap();
    let predict = |fold: &Split| {
        Ok::<_, LearnError>(
            fold.validation.iter().flat_map(|row| [f64::from(*row), -f64::from(*row)]).collect(),
        )
    };
    let out = OutOfFold::new(10, 2, &folds, predict).unwrap();
    let expected: Vec<f64> = (0..10).flat_map(|row| [f64::from(row), -f64::from(row)]).collect();
    assert_eq!(out.margins, expected);
    let missing = OutOfFold::new(10, 2, &folds[..2], predict).unwrap_err();
    assert!(missing.to_string().ends_with("is held out by no fold"), "{missing}");
    let twice = OutOfFold::new(10, 2, &[folds.clone(), folds].concat(), predict).unwrap_err();
    assert!(twice.to_string().ends_with("is held out by two folds"), "{twice}");
}

#[test]
fn what_cannot_be_blended_is_named() {
    let refused = |change: fn(&mut BlendRows)| {
        let mut rows = rows();
        change(&mut rows);
        let error = Blend::fit(&rows, &BlendOptions::default()).unwrap_err();
        assert!(error.hint().is_some());
        error.to_string()
    };
    assert_eq!(refused(|rows| rows.margins.clear()), "parts to blend: 1 asked for, 0 possible");
    assert_eq!(refused(|rows| rows.targets.fill(1.0)), "every target is 1");
    assert!(refused(|rows| rows.margins[1][7] = f64::NAN).starts_with("row 8, column 2 is NaN"));
    assert_eq!(
        refused(|rows| rows.margins[2].truncate(9)),
        "margins of a part has 9 elements, expected 40"
    );
    let options = BlendOptions { shrinkages: vec![0.0], ..BlendOptions::default() };
    assert!(Blend::fit(&rows(), &options).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// No weight can be moved to gain where weights are free.
    #[test]
    fn no_weight_can_be_moved_to_gain(
        cases in vec((-2.0..2.0_f64, -2.0..2.0_f64, -2.0..2.0_f64, 0..3_u8), 6..40), of in 0..3_u8,
        shrinkage in 0.001..0.5_f64,
    ) {
        let task = [Task::Regression, Task::Binary, THREE][usize::from(of)];
        let n_outputs = task.n_outputs();
        let part = |value: fn(&(f64, f64, f64, u8)) -> f64| -> Vec<f64> {
            cases.iter().flat_map(|case| (0..n_outputs).map(move |output| value(case) * (1.0 + output as f64 / 2.0).sin())).collect()
        };
        let mut targets: Vec<f64> = cases.iter().map(|c| f64::from(c.3 % if task == THREE { 3 } else { 2 })).collect();
        targets[0] = 0.0;
        targets[1] = 1.0;
        let rows = BlendRows {
            task, margins: vec![part(|c| c.0), part(|c| c.1), part(|c| c.2)], weights: vec![1.0; targets.len()], targets,
        };
        let options = BlendOptions { shrinkages: vec![shrinkage], ..BlendOptions::default() };
        let weights = stacked(&rows, &options);
        let n = rows.targets.len() as f64;
        let mean = rows.targets.iter().sum::<f64>() / n;
        let spread = rows.targets.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / n;
        let (half, scale) = if task == Task::Regression { (0.5, spread) } else { (1.0, 1.0) };
        let objective = |weights: &[f64]| {
            let mixed: Vec<f64> = (0..rows.margins[0].len())
                .map(|at| rows.margins.iter().zip(weights).map(|(m, a)| a * m[at]).sum()).collect();
            let away: f64 = weights.iter().map(|a| (a - 1.0 / 3.0).powi(2)).sum();
            half * mean_loss(task, &mixed, &rows.targets, None).unwrap() + scale * shrinkage / 2.0 * away
        };
        let best = objective(&weights);
        for part in 0..3 {
            for step in [-1e-3, 1e-3] {
                let mut moved = weights.clone();
                moved[part] += step;
                if moved[part] >= 0.0 {
                    prop_assert!(best <= objective(&moved) + 1e-9, "{:?} {} {}", weights, part, step);
                }
            }
        }
    }

    /// Each part that greedy selection adds is the best of all at that moment.
    #[test]
    fn greedy_adds_the_best_part(cases in vec((-2.0..2.0_f64, -2.0..2.0_f64, any::<bool>()), 4..30)) {
        let mut targets: Vec<f64> = cases.iter().map(|c| f64::from(u8::from(c.2))).collect();
        targets[0] = 0.0;
        targets[1] = 1.0;
        let margins = vec![cases.iter().map(|c| c.0).collect(), cases.iter().map(|c| c.1).collect()];
        let rows = BlendRows { task: Task::Binary, margins, weights: vec![1.0; targets.len()], targets };
        let weights = BlendMethod::Greedy { rounds: 3 }.fit(&rows).unwrap();
        let loss = |share: f64| {
            let mixed: Vec<f64> = cases.iter().map(|c| share * c.0 + (1.0 - share) * c.1).collect();
            mean_loss(Task::Binary, &mixed, &rows.targets, None).unwrap()
        };
        // All ways of three choices by hand.
        let first = if loss(1.0) <= loss(0.0) { 1.0 } else { 0.0 };
        let then = |of_first: f64, n: f64| {
            let (with, without) = ((of_first + 1.0) / n, of_first / n);
            if loss(with) <= loss(without) { of_first + 1.0 } else { of_first }
        };
        let second = then(first, 2.0);
        let third = then(second, 3.0);
        let shares = [first, second / 2.0, third / 3.0];
        let best = shares.into_iter().fold(shares[0], |best, share| if loss(share) < loss(best) { share } else { best });
        prop_assert!((weights[0] - best).abs() < 1e-12 && (weights[1] - (1.0 - best)).abs() < 1e-12);
    }
}
