use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_learn::{Calibration, LearnError};

const TARGETS: [bool; 8] = [false, false, true, false, true, false, true, true];

/// SciPy 1.17.1: `minimize` (BFGS, `gtol` 1e-13) of the cross entropy against targets 5/6 and 1/6.
#[test]
fn platt_is_that_of_scipy() {
    let margins = [-3.0, -1.0, -0.5, 0.0, 0.2, 1.0, 2.5, 4.0];
    let Calibration::Platt { slope, intercept } = Calibration::platt(&margins, &TARGETS).unwrap()
    else {
        panic!("another kind")
    };
    assert!((slope - 0.4383601616400208).abs() < 1e-9, "{slope}");
    assert!((intercept + 0.1645331417023864).abs() < 1e-9, "{intercept}");
}

#[test]
fn platt_never_says_certain() {
    let margins: Vec<f64> = (0..100).map(f64::from).collect();
    let targets: Vec<bool> = (0..100).map(|case| case >= 50).collect();
    let fitted = Calibration::platt(&margins, &targets).unwrap();
    assert!(fitted.probability(99.0) > 0.9 && fitted.probability(99.0) < 1.0);
    // One class alone: the share with one more case of each, whatever the margin.
    let one = Calibration::platt(&margins, &[true; 100]).unwrap();
    assert!((one.probability(1e6) - 101.0 / 102.0).abs() < 1e-9);
    let backwards: Vec<bool> = targets.iter().map(|target| !target).collect();
    let Calibration::Platt { slope, .. } = Calibration::platt(&margins, &backwards).unwrap() else {
        panic!("another kind")
    };
    assert!(slope < 0.0);
}

/// Probabilities at some margins, as percent.
#[track_caller]
fn check(cases: &[(f64, bool)], asked: &[f64], expected: &[u32]) {
    let (margins, targets): (Vec<f64>, Vec<bool>) = cases.iter().copied().unzip();
    let fitted = Calibration::isotonic(&margins, &targets).unwrap();
    let percent = asked.iter().map(|margin| 100.0 * fitted.probability(*margin));
    let near =
        percent.zip(expected).all(|(found, wanted)| (found - f64::from(*wanted)).abs() <= 0.5);
    let found: Vec<f64> = asked.iter().map(|margin| fitted.probability(*margin)).collect();
    assert!(near, "{found:?}");
}

#[test]
fn steps_pool_violators_and_ties() {
    let cases: Vec<(f64, bool)> = (0..8).map(f64::from).zip(TARGETS).collect();
    // SciPy 1.17.1: isotonic_regression gives 0 0 .5 .5 .5 .5 1 1; ours ends at 1/10 and 9/10.
    let asked = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    check(&cases, &asked, &[10, 10, 50, 50, 50, 50, 90, 90]);
    // Between two steps a straight line; beyond the ends their probability.
    check(&cases, &[-9.0, 1.5, 5.25, 1e300], &[10, 30, 60, 90]);
    let ties = [(1.0, true), (1.0, false), (1.0, false), (1.0, false), (2.0, true), (2.0, true)];
    check(&ties, &[1.0, 2.0], &[25, 88]);
    check(&[(-0.0, true), (0.0, false)], &[0.0], &[50]);
    check(&[(1.0, true)], &[0.0, 1.0, 2.0], &[67, 67, 67]);
}

#[test]
fn what_cannot_be_calibrated_is_named() {
    for fit in [Calibration::platt, Calibration::isotonic] {
        let error = fit(&[0.0, f64::NAN], &[true, false]).unwrap_err();
        assert!(matches!(error, LearnError::Feature { row: 1, column: 0, .. }));
        assert_eq!(fit(&[], &[]), Err(LearnError::NoRows));
        assert!(matches!(fit(&[1.0], &[]), Err(LearnError::Length { .. })));
        let fitted = fit(&[0.0, 1.0, 2.0], &[false, true, true]).unwrap();
        assert!(fitted.probability(f64::NAN).is_nan());
        let text = serde_json::to_string(&fitted).unwrap();
        let read: Calibration = serde_json::from_str(&text).unwrap();
        // The reader of JSON may miss the last bit of a number.
        assert!((read.probability(0.7) - fitted.probability(0.7)).abs() < 1e-15);
    }
}

/// The least-squares monotone fit by its minimax formula: the largest, over all starts at or before a case, of the
/// smallest mean from there to any end at or after it.
fn minimax(values: &[(f64, f64)]) -> Vec<f64> {
    let mean = |from: usize, to: usize| {
        let part = &values[from..=to];
        part.iter().map(|v| v.0).sum::<f64>() / part.iter().map(|v| v.1).sum::<f64>()
    };
    let fit = |at: usize| {
        let least = |from| (at..values.len()).map(|to| mean(from, to)).fold(f64::MAX, f64::min);
        (0..=at).map(least).fold(f64::MIN, f64::max)
    };
    (0..values.len()).map(fit).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn isotonic_is_the_minimax(cases in vec((0..12_u8, any::<bool>()), 1..40)) {
        let margins: Vec<f64> = cases.iter().map(|case| f64::from(case.0)).collect();
        let targets: Vec<bool> = cases.iter().map(|case| case.1).collect();
        let fitted = Calibration::isotonic(&margins, &targets).unwrap();
        let mut levels: Vec<u8> = cases.iter().map(|case| case.0).collect();
        levels.sort_unstable();
        levels.dedup();
        let pooled: Vec<(f64, f64)> = levels.iter().map(|level| {
            let of: Vec<bool> = cases.iter().filter(|c| c.0 == *level).map(|c| c.1).collect();
            (of.iter().filter(|t| **t).count() as f64, of.len() as f64)
        }).collect();
        let least = 1.0 / (cases.len() as f64 + 2.0);
        for (level, expected) in levels.iter().zip(minimax(&pooled)) {
            let found = fitted.probability(f64::from(*level));
            let expected = expected.clamp(least, 1.0 - least);
            prop_assert!((found - expected).abs() < 1e-12, "{}: {} for {}", level, found, expected);
        }
    }

    #[test]
    fn isotonic_never_falls(
        cases in vec((any::<f64>(), any::<bool>()), 1..30),
        asked in vec(any::<f64>(), 2..20),
    ) {
        let cases: Vec<_> = cases.into_iter().filter(|case| case.0.is_finite()).collect();
        let (margins, targets): (Vec<f64>, Vec<bool>) = cases.into_iter().unzip();
        prop_assume!(!margins.is_empty());
        let fitted = Calibration::isotonic(&margins, &targets).unwrap();
        let mut asked: Vec<f64> = asked.into_iter().filter(|margin| !margin.is_nan()).collect();
        asked.sort_unstable_by(f64::total_cmp);
        let found: Vec<f64> = asked.iter().map(|margin| fitted.probability(*margin)).collect();
        prop_assert!(found.iter().all(|p| *p > 0.0 && *p < 1.0));
        prop_assert!(found.windows(2).all(|pair| pair[0] <= pair[1]), "{:?}", found);
    }
}
