use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_learn::{Task, metrics};

use crate::sample::{self, column, filled, near};

/// `s = round(1 / (1 + exp(-(x1 - 3) / 2 + (r % 5) / 3)), 2)` of the sample.
fn scores() -> Vec<f64> {
    column(sample::N_ROWS, |r| {
        let margin = (filled(r) - 3.0) / 2.0 - f64::from(r % 5) / 3.0;
        (100.0 / (1.0 + (-margin).exp())).round() / 100.0
    })
}

/// Softmax of `s`, `s² + (r % 4) / 4`, `(r % 3) / 3`.
fn three_probabilities() -> Vec<f64> {
    let row = |r: u32| {
        let s = scores()[r as usize];
        [s, s * s + f64::from(r % 4) / 4.0, f64::from(r % 3) / 3.0]
    };
    let margins: Vec<f64> = (0..sample::N_ROWS).flat_map(row).collect();
    metrics::probabilities(Task::Multiclass { n_classes: 3 }, &margins)
}

#[track_caller]
fn check(found: Option<f64>, expected: f64) {
    let found = found.unwrap();
    assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
}

/// scikit-learn 1.9.1, functions of the same names, `sample_weight=w` where weighted.
#[test]
fn two_classes_are_those_of_scikit_learn() {
    let (s, y, w) = (scores(), sample::two_classes(), sample::weights());
    let w = Some(w.as_slice());
    check(metrics::auc(&s, &y, None), 0.585);
    check(metrics::auc(&s, &y, w), 0.6046213093709885);
    check(metrics::average_precision(&s, &y, None), 0.5986927712810066);
    check(metrics::average_precision(&s, &y, w), 0.6592176223362798);
    check(metrics::log_loss(&s, 2, &y, None), 0.7918545986865361);
    check(metrics::log_loss(&s, 2, &y, w), 0.7764126553123903);
    check(metrics::brier(&s, 2, &y, w), 0.2824772151898734);
    check(metrics::accuracy(&s, 2, &y, w), 0.5316455696202531);
    let counts = metrics::Confusion::at(0.5, &s, &y, w);
    check(counts.f1(), 0.44776119402985076);
    check(counts.accuracy(), 0.5316455696202531);
    let found = [
        counts.true_negatives,
        counts.false_positives,
        counts.false_negatives,
        counts.true_positives,
    ];
    assert_eq!(found, [27.0, 11.0, 26.0, 15.0]);
    let predicted: Vec<f64> = s.iter().map(|s| f64::from(u8::from(*s >= 0.5))).collect();
    assert_eq!(metrics::confusion_matrix(&predicted, &y, 2, w), found);
    let roc = metrics::roc_curve(&s, &y, w).unwrap();
    assert_eq!(roc.len(), 25);
    assert_eq!(roc[4].score, 0.58);
    near(
        &[roc[4].false_positive_rate, roc[4].true_positive_rate],
        &[0.02631578947368421, 0.2682926829268293],
        1e-12,
    );
    let pr = metrics::precision_recall_curve(&s, &y, w).unwrap();
    near(
        &[pr[4].precision, pr[4].recall, pr[4].score],
        &[0.9166666666666666, 0.2682926829268293, 0.58],
        1e-12,
    );
    let gain = metrics::gain_curve(&s, &y, w).unwrap();
    near(&[gain[4].lift * 41.0 / 79.0], &[pr[4].precision], 1e-12);
}

#[test]
fn several_classes_and_numbers_are_those_of_scikit_learn() {
    let (p, y, w) = (three_probabilities(), sample::three_classes(), sample::weights());
    let w = Some(w.as_slice());
    check(metrics::log_loss(&p, 3, &y, w), 1.1154426069259167);
    check(metrics::auc_one_vs_rest(&p, 3, &y, None), 0.4924336928503596);
    check(metrics::auc_one_vs_rest(&p, 3, &y, w), 0.5047349929500959);
    check(metrics::brier(&p, 3, &y, w), 0.678911892855428);
    check(metrics::accuracy(&p, 3, &y, w), 0.34177215189873417);
    let targets = sample::numbers();
    let stated: Vec<f64> = targets.iter().map(|target| target * 0.8 + 1.0).collect();
    check(metrics::rmse(&stated, &targets, w), 0.9485612022586519);
    check(metrics::mae(&stated, &targets, w), 0.7867088607594934);
    check(metrics::r2(&stated, &targets, w), 0.9272225438153855);
    check(metrics::pinball(&stated, 0.9, &targets, w), 0.6479873417721516);
}

#[test]
fn what_has_no_meaning_is_none() {
    let one = [1.0, 1.0];
    assert_eq!(metrics::auc(&[0.1, 0.2], &one, None), None);
    assert_eq!(metrics::auc(&[0.1, 0.2], &[0.0, 1.0], Some(&[0.0, 1.0])), None);
    assert_eq!(metrics::auc(&[0.1, f64::NAN], &[0.0, 1.0], None), None);
    assert_eq!(metrics::log_loss(&[0.1, f64::NAN], 2, &one, None), None);
    assert_eq!(metrics::log_loss(&[], 2, &[], None), None);
    assert_eq!(metrics::rmse(&[1.0], &[1.0], Some(&[0.0])), None);
    assert_eq!(metrics::r2(&[1.0, 2.0], &one, None), None);
    assert_eq!(metrics::average_precision(&[0.1], &[0.0], None), None);
    assert_eq!(metrics::threshold(&[], &[], None, |_| 0.0), None);
    assert_eq!(metrics::log_loss(&[0.0, 1.0], 2, &one, None), Some(f64::INFINITY));
    assert_eq!(metrics::calibration_error(&[], &[], None, 10), None);
}

#[test]
fn a_threshold_costs_least() {
    let (s, y) = ([0.1, 0.4, 0.4, 0.8, 0.9], [0.0, 1.0, 0.0, 0.0, 1.0]);
    let at = |fp, fn_| metrics::cost_threshold(&s, &y, None, fp, fn_).unwrap();
    assert_eq!((at(1.0, 1.0).score, at(1.0, 1.0).cost), (0.9, 1.0));
    assert_eq!((at(1.0, 9.0).score, at(1.0, 9.0).cost), (0.4, 2.0));
    // A false alarm that costs more than a case missed: none is taken.
    assert_eq!((at(9.0, 1.0).score, at(9.0, 1.0).cost), (0.9, 1.0));
    let none = metrics::cost_threshold(&[0.9, 0.1], &[0.0, 1.0], None, 9.0, 1.0).unwrap();
    assert!(none.score > 0.9 && none.confusion.true_positives == 0.0);
}

proptest! {
    /// By all pairs.
    #[test]
    fn the_area_is_the_share_of_pairs(cases in vec((0..9_u8, any::<bool>(), 0..4_u8), 2..40)) {
        let scores: Vec<f64> = cases.iter().map(|c| f64::from(c.0)).collect();
        let targets: Vec<f64> = cases.iter().map(|c| f64::from(u8::from(c.1))).collect();
        let weights: Vec<f64> = cases.iter().map(|c| f64::from(c.2)).collect();
        let (mut wins, mut pairs) = (0.0, 0.0);
        for a in cases.iter().filter(|c| c.1) {
            for b in cases.iter().filter(|c| !c.1) {
                let weight = f64::from(a.2) * f64::from(b.2);
                wins += weight * if a.0 > b.0 { 1.0 } else if a.0 == b.0 { 0.5 } else { 0.0 };
                pairs += weight;
            }
        }
        let found = metrics::auc(&scores, &targets, Some(&weights));
        prop_assert_eq!(found.is_some(), pairs > 0.0);
        if let Some(found) = found {
            prop_assert!((found - wins / pairs).abs() < 1e-12);
        }
    }

    /// No threshold at all is cheaper.
    #[test]
    fn no_threshold_costs_less(
        cases in vec((0..9_u8, any::<bool>()), 1..30), alarm in 0.0..3.0_f64, miss in 0.0..3.0_f64,
    ) {
        let scores: Vec<f64> = cases.iter().map(|c| f64::from(c.0)).collect();
        let targets: Vec<f64> = cases.iter().map(|c| f64::from(u8::from(c.1))).collect();
        let best = metrics::cost_threshold(&scores, &targets, None, alarm, miss).unwrap();
        for at in -1..=10 {
            let counts = metrics::Confusion::at(f64::from(at), &scores, &targets, None);
            let cost = alarm * counts.false_positives + miss * counts.false_negatives;
            prop_assert!(best.cost <= cost + 1e-12);
        }
        prop_assert_eq!(best.confusion, metrics::Confusion::at(best.score, &scores, &targets, None));
    }
}
