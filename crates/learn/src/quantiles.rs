//! Weighted quantiles of a feature, and the bins they cut it into.
//!
//! In: values and weights; NaN is left out. Out: values that occur, so that no bin is cut through equal values.
//! Source: the inverse of the weighted empirical distribution (Hyndman and Fan, Sample quantiles, 1996, type 1).
//! Cost: O(n log n).

/// Values with weight above 0, ascending, equal ones joined.
pub(crate) fn ascending(values: &[f64], weights: &[f64]) -> Vec<(f64, f64)> {
    let present = values.iter().zip(weights).filter(|(value, w)| !value.is_nan() && **w > 0.0);
    // Adding 0 turns -0 into 0, which is the same value.
    let mut sorted: Vec<(f64, f64)> = present.map(|(value, w)| (value + 0.0, *w)).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    sorted.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    sorted
}

/// The least value with at least `share` of the weight at or below it; 0 where there is none.
pub(crate) fn quantile(ascending: &[(f64, f64)], share: f64) -> f64 {
    let total: f64 = ascending.iter().map(|case| case.1).sum();
    let mut below = 0.0;
    for (value, weight) in ascending {
        below += weight;
        if below >= share * total {
            return *value;
        }
    }
    ascending.last().map_or(0.0, |case| case.0)
}

/// Where bins of about equal weight begin, ascending, at most `n_bins - 1` of them, without that of the first.
/// A value belongs to the bin of the last start at or below it.
pub(crate) fn bin_starts(ascending: &[(f64, f64)], n_bins: u32) -> Vec<f64> {
    let total: f64 = ascending.iter().map(|case| case.1).sum();
    let mut starts = Vec::new();
    let (mut below, mut next) = (0.0, 1);
    for (at, (value, weight)) in ascending.iter().enumerate() {
        // Half of its own weight: a heavy value gets a bin of its own instead of the rest of its neighbor's.
        if at > 0 && below + weight / 2.0 >= f64::from(next) / f64::from(n_bins) * total {
            starts.push(*value);
            while next < n_bins
                && below + weight / 2.0 >= f64::from(next) / f64::from(n_bins) * total
            {
                next += 1;
            }
            if next >= n_bins {
                break;
            }
        }
        below += weight;
    }
    starts
}
