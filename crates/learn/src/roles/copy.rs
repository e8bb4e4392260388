//! Whether a column of numbers is the target in another unit.
//!
//! In: two columns of numbers as they were written, NaN where missing. Out: whether a straight line takes one to the other in
//! every row, up to what rounding to the last digit that is written explains.
//! Source: none; the bound is that of interval arithmetic: half a digit of the target and, times the slope, of the column.
//! Cost: O(rows). Checked against: columns by hand (`tests/it/doubts.rs`).

/// Rows below which a line says little.
const ROWS_MIN: usize = 20;
/// Digits after the point that are looked for.
const DIGITS_MAX: i32 = 12;
/// What floating point itself leaves, relative to the spread.
const EPSILON: f64 = 1e-9;

/// Whether the target is a straight line of the column, to the last digit written.
pub(super) fn is_copy(numbers: &[f64], targets: &[f64]) -> bool {
    let known: Vec<(f64, f64)> = numbers.iter().copied().zip(targets.iter().copied()).collect();
    let n = known.len() as f64;
    if known.len() < ROWS_MIN || known.iter().any(|row| row.0.is_nan()) {
        return false;
    }
    let sum = known.iter().fold((0.0, 0.0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
    let (mean_x, mean_y) = (sum.0 / n, sum.1 / n);
    let centered = || known.iter().map(|row| (row.0 - mean_x, row.1 - mean_y));
    let (xx, xy) =
        centered().fold((0.0, 0.0), |sum, row| (sum.0 + row.0 * row.0, sum.1 + row.0 * row.1));
    let slope = xy / xx;
    if !(slope.is_finite() && slope != 0.0) {
        return false;
    }
    let spread = centered().map(|row| row.1.abs()).fold(0.0, f64::max);
    // The fitted line itself may be off by as much again at the ends.
    let written = digit(targets) + slope.abs() * digit(numbers);
    let bound = written + EPSILON * spread;
    // A bound of the size of the spread lets everything through.
    bound < 0.01 * spread && centered().all(|row| (row.1 - slope * row.0).abs() <= bound)
}

/// The value of the last digit written: the largest power of ten, at most 1, that all are multiples of; 0 where there is none.
fn digit(values: &[f64]) -> f64 {
    let fits = |n_digits: &i32| {
        let scale = 10_f64.powi(*n_digits);
        values.iter().all(|value| {
            let scaled = value * scale;
            (scaled - scaled.round()).abs() <= 1e-6_f64.max(scaled.abs() * 1e-14)
                && scaled.abs() < 1e13
        })
    };
    (0..=DIGITS_MAX).find(fits).map_or(0.0, |n_digits| 10_f64.powi(-n_digits))
}
