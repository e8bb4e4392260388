use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_learn::{Reliability, auc};

#[test]
fn bins_hold_what_was_stated_and_what_came_true() {
    let stated = [0.0, 0.05, 0.1, 0.55, 0.95, 1.0, 1.0];
    let came = [false, false, true, true, true, true, false];
    let table = Reliability::of(&stated, &came, 10);
    let rows: Vec<(f64, u64)> = table.bins.iter().map(|bin| (bin.lower, bin.count)).collect();
    assert_eq!(rows, [(0.0, 2), (0.1, 1), (0.5, 1), (0.9, 3)]);
    assert_eq!(table.bins[3].observed_share, 2.0 / 3.0);
    // NumPy 2.4.6: sum(|p[bin].mean() - y[bin].mean()| * bin.sum()) / 7 over digitize(p, arange(.1, 1, .1)).
    let expected = (0.05 + 0.9 + 0.45 + 0.95) / 7.0;
    assert!((table.expected_calibration_error() - expected).abs() < 1e-12);
    assert_eq!(Reliability::of(&[], &[], 5).expected_calibration_error(), 0.0);
}

#[test]
fn a_score_is_better_than_chance_or_not() {
    let targets = [false, false, true, true];
    assert_eq!(auc(&[1.0, 2.0, 3.0, 4.0], &targets), Some(1.0));
    assert_eq!(auc(&[4.0, 3.0, 2.0, 1.0], &targets), Some(0.0));
    assert_eq!(auc(&[7.0; 4], &targets), Some(0.5));
    assert_eq!(auc(&[-0.0, 0.0], &[false, true]), Some(0.5));
    assert_eq!(auc(&[f64::NEG_INFINITY, f64::INFINITY], &[false, true]), Some(1.0));
    assert_eq!(auc(&[1.0, 2.0], &[true, true]), None);
    assert_eq!(auc(&[1.0, f64::NAN], &[true, false]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_area_is_the_share_of_pairs(cases in vec((0..6_i8, any::<bool>()), 0..40)) {
        let scores: Vec<f64> = cases.iter().map(|case| f64::from(case.0)).collect();
        let targets: Vec<bool> = cases.iter().map(|case| case.1).collect();
        let (mut wins, mut pairs) = (0.0, 0.0);
        for high in cases.iter().filter(|case| case.1) {
            for low in cases.iter().filter(|case| !case.1) {
                pairs += 1.0;
                wins += if high.0 > low.0 { 1.0 } else if high.0 == low.0 { 0.5 } else { 0.0 };
            }
        }
        prop_assert_eq!(auc(&scores, &targets), (pairs > 0.0).then(|| wins / pairs));
    }

    #[test]
    fn no_case_is_lost(cases in vec((0.0..=1.0_f64, any::<bool>()), 0..60), n_bins in 1..30_usize) {
        let (stated, came): (Vec<f64>, Vec<bool>) = cases.iter().copied().unzip();
        let table = Reliability::of(&stated, &came, n_bins);
        prop_assert_eq!(table.bins.iter().map(|bin| bin.count).sum::<u64>(), cases.len() as u64);
        for bin in &table.bins {
            prop_assert!(bin.count > 0 && bin.mean_predicted >= bin.lower - 1e-12);
            prop_assert!(bin.mean_predicted <= bin.upper + 1e-12);
        }
        let error = table.expected_calibration_error();
        prop_assert!((0.0..=1.0).contains(&error));
        // In one bin it is the distance of the means.
        let one = Reliability::of(&stated, &came, 1).expected_calibration_error();
        prop_assert!(one <= error + 1e-12);
    }
}
