//! The comparison of habits against sequences counted one by one.

use forensics::resolution::rules::{COUNTED_MAX, agreement, rules};
use proptest::prelude::*;
use tracehound_forensics as forensics;

/// The probability of a sequence of classes under an urn that returns each draw with one more of its kind.
fn urn(sequence: &[usize], shares: &[f64], concentration: f64) -> f64 {
    let mut weights: Vec<f64> = shares.iter().map(|share| concentration * share).collect();
    let mut probability = 1.0;
    for &class in sequence {
        probability *= weights[class] / weights.iter().sum::<f64>();
        weights[class] += 1.0;
    }
    probability
}

fn counts(sequence: &[usize], n_classes: usize) -> Vec<f64> {
    let mut counts = vec![0.0; n_classes];
    sequence.iter().for_each(|class| counts[*class] += 1.0);
    counts
}

proptest! {
    #[test]
    fn agreement_is_the_ratio_of_urns(
        a in prop::collection::vec(0usize..4, 0..9),
        b in prop::collection::vec(0usize..4, 0..9),
        votes in prop::collection::vec(0.05f64..5.0, 4),
        concentration in 0.2f64..20.0,
    ) {
        let total: f64 = votes.iter().sum();
        let shares: Vec<f64> = votes.iter().map(|vote| vote / total).collect();
        let both: Vec<usize> = a.iter().chain(&b).copied().collect();
        let of = |sequence: &[usize]| urn(sequence, &shares, concentration);
        let expected = (of(&both) / (of(&a) * of(&b))).ln();
        let found = agreement(&counts(&a, 4), &counts(&b, 4), &shares, concentration);
        prop_assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        let reversed = agreement(&counts(&b, 4), &counts(&a, 4), &shares, concentration);
        prop_assert!((found - reversed).abs() < 1e-12);
    }
}

#[test]
fn rare_agreement_counts_more_than_common_and_contradiction_against() {
    let shares = [0.9, 0.1];
    let rare = agreement(&[0.0, 3.0], &[0.0, 3.0], &shares, 0.5);
    let common = agreement(&[3.0, 0.0], &[3.0, 0.0], &shares, 0.5);
    let apart = agreement(&[3.0, 0.0], &[0.0, 3.0], &shares, 0.5);
    assert!(rare > 2.0 && common > 0.0 && common < 0.2 && apart < -2.0, "{rare} {common} {apart}");
    // More than the bound count no more than the bound.
    let many = agreement(&[0.0, 1e6], &[0.0, 1e6], &shares, 0.5);
    let bound = agreement(&[0.0, COUNTED_MAX], &[0.0, COUNTED_MAX], &shares, 0.5);
    assert_eq!(many, bound);
    assert_eq!(agreement(&[0.0, 0.0], &[0.0, 2.0], &shares, 0.5), 0.0);
}

#[test]
fn every_rule_has_a_name_of_its_own() {
    let mut names: Vec<&str> = rules().map(|rule| rule.name).collect();
    assert!(rules().all(|rule| !rule.about.is_empty()));
    assert!(names.iter().all(|name| !name.contains([';', '='])));
    let n_rules = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), n_rules);
}
