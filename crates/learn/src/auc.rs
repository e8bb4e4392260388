//! How well a score tells two classes apart: the area under the receiver operating characteristic.
//!
//! In: scores and targets. Out: the probability that a true case scores higher than a false one, ties half.
//! Source: Hanley and McNeil, The meaning and use of the area under a ROC curve, 1982 (the rank statistic of Mann and
//! Whitney). Departures: none; counted in whole numbers. Cost: O(n log n).
//! Checked against: all pairs (`tests/it/reliability.rs`).

/// The area, `0.0..=1.0`, 0.5 for a score that says nothing; `None` where it has no meaning: only one class
/// occurs, or a score is not a number.
///
/// # Panics
/// If lengths differ.
pub fn auc(scores: &[f64], targets: &[bool]) -> Option<f64> {
    assert_eq!(scores.len(), targets.len(), "one target a score");
    if scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    // Adding 0 turns -0 into 0, which is the same score.
    let mut cases: Vec<(f64, bool)> =
        scores.iter().map(|score| score + 0.0).zip(targets.iter().copied()).collect();
    cases.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut n_true, mut n_false, mut half_wins) = (0_u128, 0_u128, 0_u128);
    for tied in cases.chunk_by(|a, b| a.0 == b.0) {
        let tied_true = tied.iter().filter(|case| case.1).count() as u128;
        let tied_false = tied.len() as u128 - tied_true;
        half_wins += tied_true * (2 * n_false + tied_false);
        n_true += tied_true;
        n_false += tied_false;
    }
    let pairs = n_true * n_false;
    (pairs > 0).then(|| half_wins as f64 / (2 * pairs) as f64)
}
