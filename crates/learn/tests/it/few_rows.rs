//! Tables of a handful of rows: few candidates, and nobody is sure of anything after twenty rows.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tracehound_learn::automl::{AutoOptions, Method, train};
use tracehound_learn::blend::{Blend, BlendOptions, BlendRows};
use tracehound_learn::{Frame, Task};

/// Rows `a,b,c,y`: y is a class, by the sum of a and b and noise, or that sum.
pub(crate) fn rows(n_rows: usize, n_classes: u32, seed: u64) -> Vec<String> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let row = |_| {
        let [a, b, c, noise] = std::array::from_fn(|_| dice.random_range(-1.0..1.0_f64));
        let sum = a + b + 0.7 * noise;
        let y = match n_classes {
            0 => format!("{sum:.4}"),
            2 => ["no", "yes"][usize::from(sum > 0.0)].to_owned(),
            _ => ["low", "middle", "high"][usize::from(sum > -0.4) + usize::from(sum > 0.4)]
                .to_owned(),
        };
        format!("{a:.4},{b:.4},{c:.4},{y}")
    };
    (0..n_rows).map(row).collect()
}

pub(crate) fn table(rows: &[String]) -> Frame {
    Frame::from_csv(format!("a,b,c,y\n{}\n", rows.join("\n")).as_bytes()).unwrap()
}

/// Log loss of a model of some rows on fresh ones, and of their base rate.
pub(crate) fn losses(rows_of: &[String], fresh: &[String]) -> (f64, f64) {
    let options = AutoOptions { budget_s: 0.5, ..AutoOptions::for_target("y") };
    let model = train(&table(rows_of), &options, &mut |_| true).unwrap();
    let is_yes = |row: &String| row.ends_with("yes");
    let base = rows_of.iter().filter(|row| is_yes(row)).count() as f64 / rows_of.len() as f64;
    let predicted = model.predict(&table(fresh)).unwrap().values;
    let mean = |of: &dyn Fn(usize) -> f64| {
        let loss = |at: usize| -(if is_yes(&fresh[at]) { of(at) } else { 1.0 - of(at) }).ln();
        (0..fresh.len()).map(loss).sum::<f64>() / fresh.len() as f64
    };
    (mean(&|at| predicted[at]), mean(&|_| base))
}

#[test]
fn the_luckiest_of_many_is_not_taken_on_a_handful_of_rows() {
    let fresh = rows(1_000, 2, 7);
    let of_draws: Vec<(f64, f64)> =
        (0..8).map(|draw| losses(&rows(24, 2, 100 + draw), &fresh)).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| of_draws.iter().map(of).sum::<f64>() / 8.0;
    assert!(mean(|one| one.0) < 0.9 * mean(|one| one.1), "{of_draws:?}");
    assert!(of_draws.iter().all(|one| one.0 < one.1 + 0.1), "{of_draws:?}");
    let options = AutoOptions { budget_s: 5.0, ..AutoOptions::for_target("y") };
    let tried = train(&table(&rows(24, 2, 1)), &options, &mut |_| true).unwrap().report.leaderboard;
    assert_eq!(tried.len(), 4);
    let asked = AutoOptions { methods: vec![Method::Network], ..options };
    let tried = train(&table(&rows(24, 2, 1)), &asked, &mut |_| true).unwrap().report.leaderboard;
    assert!(tried.iter().all(|row| row.method == Method::Network));
}

/// Twenty rows told apart without error: with ten rows of the base rate beside them each class is sure by (20 + 10 / 2) / 30.
#[test]
fn probabilities_of_few_rows_are_drawn_to_the_base_rate() {
    let margins: Vec<f64> = (0..20).map(|row| if row % 2 == 0 { 12.0 } else { -12.0 }).collect();
    let targets = (0..20).map(|row| f64::from(u8::from(row % 2 == 0))).collect();
    let weights = vec![1.0; 20];
    let rows = BlendRows { task: Task::Binary, margins: vec![margins.clone()], targets, weights };
    let options = BlendOptions { n_folds: 2, cautious: true, ..BlendOptions::default() };
    let blend = Blend::fit(&rows, &options).unwrap();
    let sure = blend.predictions(&[margins]).unwrap()[0];
    // Slopes are tried in steps of a fiftieth: of margins of 12 these are 0.24.
    assert!((sure - 25.0 / 30.0).abs() < 0.02, "{sure}");
}
