//! Scales on which numbers are learned: powers and their way back, means of skewed numbers, the choice on held-out rows.

use std::fmt::Write as _;

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tracehound_learn::automl::{AutoOptions, Method, Model, train};
use tracehound_learn::blend::{ScaleMap, TargetScale};

use crate::automl::frame;

#[test]
fn powers_are_those_of_scipy() {
    // python -c "from scipy.stats import yeojohnson as f; import numpy as np
    // for l in (0., .5, 1., 1.7, 2.): print(l, [repr(float(f(np.array([x]), l)[0])) for x in (-3., -.2, 0., .7, 12.)])"
    let check = |lambda: f64, expected: [f64; 5]| {
        let scale = TargetScale::Power { lambda, unit: 1.0 };
        for (y, z) in [-3.0, -0.2, 0.0, 0.7, 12.0].into_iter().zip(expected) {
            assert!((scale.apply(y) - z).abs() < 1e-12, "{lambda} {y}: {}", scale.apply(y));
        }
    };
    check(
        0.0,
        [-7.499999999999999, -0.22000000000000003, 0.0, 0.5306282510621704, 2.5649493574615367],
    );
    check(
        0.5,
        [-4.666666666666665, -0.20968942534159915, 0.0, 0.6076809620810595, 5.211102550927978],
    );
    check(1.0, [-3.0, -0.20000000000000004, 0.0, 0.7, 12.0]);
    check(
        1.7,
        [-1.719055221701327, -0.18739989479752728, 0.0, 0.8615852349911, 45.464430798124724],
    );
    check(2.0, [-1.3862943611198906, -0.18232155679395465, 0.0, 0.945, 84.0]);
}

proptest! {
    #[test]
    fn every_number_has_a_way_back(y in -1e6..1e6_f64, tenth in 0..=20_i32, unit in 1e-3..1e3_f64) {
        let scale = TargetScale::Power { lambda: f64::from(tenth) / 10.0, unit };
        let back = scale.invert(scale.apply(y));
        prop_assert!((back - y).abs() <= 1e-6 * (1.0 + y.abs()), "{back}");
        let positive = y.abs() + 1e-9;
        prop_assert!((TargetScale::Log.invert(TargetScale::Log.apply(positive)) / positive - 1.0).abs() < 1e-9);
    }
}

#[test]
fn the_way_back_is_to_the_mean() {
    let mut dice = ChaCha8Rng::seed_from_u64(1);
    // Sums of twelve uniform numbers are all but normal; the mean of exp(normal(2, 0.8)) is exp(2 + 0.32).
    let mut normal = || (0..12).map(|_| dice.random_range(0.0..1.0)).sum::<f64>() - 6.0;
    let targets: Vec<f64> = (0..20_000).map(|_| 2.0 + 0.8 * normal()).collect();
    let margins = vec![2.0; targets.len()];
    let map = ScaleMap::of(TargetScale::Log, &margins, &targets, &vec![1.0; targets.len()]);
    let mean = map.number(2.0);
    assert!((mean / 2.32_f64.exp() - 1.0).abs() < 0.02, "{mean}");
    assert!(map.number(1e9).is_finite() && map.number(1e9) >= map.number(2.5));
    assert!(map.numbers(&[1.0, 2.0, 3.0]).windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn the_likeliest_power_undoes_a_power() {
    let mut dice = ChaCha8Rng::seed_from_u64(2);
    let mut normal = || (0..12).map(|_| dice.random_range(0.0..1.0)).sum::<f64>() - 6.0;
    let logs: Vec<f64> = (0..4000).map(|_| (normal() + 6.0).exp()).collect();
    let Some(TargetScale::Power { lambda, .. }) = TargetScale::likeliest_power(&logs) else {
        panic!("log-normal numbers have a power")
    };
    assert!(lambda <= 0.2, "{lambda}");
    assert_eq!(TargetScale::likeliest_power(&[0.0, 0.0]), None);
}

fn trained(is_multiplicative: bool) -> Model {
    let mut dice = ChaCha8Rng::seed_from_u64(3);
    let mut csv = "size,place,rooms,price\n".to_owned();
    for _ in 0..500 {
        let (size, place): (f64, usize) = (dice.random_range(-1.5..1.5), dice.random_range(0..4));
        let rooms = dice.random_range(1..7);
        let noise: f64 = (0..6).map(|_| dice.random_range(-0.05..0.05)).sum();
        let margin = 5.0 + 1.5 * size + 0.5 * place as f64 + noise;
        // Few rows are far beyond the others, and what is added does not depend on them.
        let far = if place == 3 && size > 1.0 { 3.0 } else { 0.0 };
        let price = if is_multiplicative { margin.exp() } else { 9.0 + size + 3.0 * far + noise };
        writeln!(csv, "{size:.4},p{place},{rooms},{price:.4}").unwrap();
    }
    let options = AutoOptions {
        budget_s: 1.0,
        methods: vec![Method::Linear, Method::Boosted],
        ..AutoOptions::for_target("price")
    };
    train(&frame(&csv), &options, &mut |_| true).unwrap()
}

#[test]
fn the_scale_is_chosen_on_held_out_rows_and_told() {
    let prices = trained(true);
    let report = prices.report.scale.clone().unwrap();
    assert_ne!(report.scale, TargetScale::AsIs, "{report:?}");
    assert_eq!(report.tried[0].name, "price");
    assert!(report.tried[1].name.starts_with("log of price"), "{report:?}");
    // Figures are of prices, not of their logarithms.
    let figures = &prices.report.assessed;
    assert!(figures.rmse.unwrap() > 20.0 && figures.r2.unwrap() > 0.5, "{figures:?}");
    assert!(prices.report.leaderboard.iter().all(|row| row.loss.unwrap() > 400.0));
    let bytes = prices.to_bytes("p", "0").unwrap();
    let (read, _) = Model::from_bytes(&bytes).unwrap();
    let table = frame("size,place,rooms\n0.5,p1,3\n1.5,p3,2\n");
    let told = prices.predict(&table).unwrap();
    assert_eq!(read.predict(&table).unwrap(), told);
    assert!(told.values[0] > 200.0 && told.values[1] > told.values[0], "{:?}", told.values);
    let explained = prices.explain(&table).unwrap();
    assert!((explained.contributions.margin(0, 0) - explained.margins[0]).abs() < 1e-6);
    let sums = trained(false).report.scale.unwrap();
    assert_eq!(sums.scale, TargetScale::AsIs, "{sums:?}");
    assert!(sums.tried.len() > 1, "it was skewed enough to be tried");
}
