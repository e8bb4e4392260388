//! Statistics over whole numbers: exact, and the same whatever the order.

/// The smallest of `values` that at least `numerator` of `denominator` of them do not exceed (the nearest rank);
/// `None` where there are none. Sorts.
pub(super) fn quantile(values: &mut [u64], numerator: usize, denominator: usize) -> Option<u64> {
    values.sort_unstable();
    let rank = (values.len() * numerator).div_ceil(denominator);
    values.get(rank.saturating_sub(1)).copied()
}

/// Sum of all, beyond what one of them could hold.
pub(super) fn sum(values: &[u64]) -> u128 {
    values.iter().map(|value| u128::from(*value)).sum()
}

/// Mean rounded down; `None` where there are none.
pub(super) fn mean_floor(values: &[u64]) -> Option<u64> {
    let mean = sum(values).checked_div(values.len() as u128)?;
    Some(u64::try_from(mean).expect("a mean is no larger than the largest"))
}

/// `part` of `whole`; `None` of nothing.
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// `part` of `whole`, for sums; `None` of nothing.
pub(super) fn share_of_sum(part: u128, whole: u128) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Entropy of a tally in bits; `None` where nothing was counted.
pub(super) fn entropy_bits(tally: &[u64]) -> Option<f64> {
    let total: u64 = tally.iter().sum();
    if total == 0 {
        return None;
    }
    let shares = tally.iter().filter(|count| **count > 0).map(|count| *count as f64 / total as f64);
    Some(0.0 - shares.map(|share| share * share.log2()).sum::<f64>())
}
