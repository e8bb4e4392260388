//! How good forecasts were: errors in units of the series, and bounds against what happened.
//!
//! In: actual values (NaN: not measured, not judged), forecasts of the same steps. Out: one number, `None` where nothing
//! can be judged. Source: Hyndman and Koehler 2006 (MASE); Makridakis, Spiliotis, Assimakopoulos, The M4 competition, 2020
//! (sMAPE, MSIS); Koenker and Bassett 1978 (pinball). Departures: sMAPE is 0 where value and forecast are both 0.
//! Cost: O(n). Checked against: figures by hand (`tests/it/accuracy.rs`).

use crate::Bounds;

/// Mean size of the change over one season within the history: the unit of MASE and MSIS. `None` if there is none, or
/// if it is 0.
pub fn seasonal_scale(history: &[f64], season: usize) -> Option<f64> {
    let earlier = history.iter();
    let later = history.iter().skip(season);
    mean(later.zip(earlier).map(|(y, before)| (y - before).abs())).filter(|scale| *scale > 0.0)
}

/// Mean absolute error in units of `scale`.
pub fn mase(actual: &[f64], forecast: &[f64], scale: f64) -> Option<f64> {
    mean(actual.iter().zip(forecast).map(|(y, f)| (y - f).abs() / scale))
}

/// Mean of `200 |y - f| / (|y| + |f|)`, in per cent.
pub fn smape(actual: &[f64], forecast: &[f64]) -> Option<f64> {
    let one = |(y, f): (&f64, &f64)| match y.abs() + f.abs() {
        0.0 => 0.0,
        sum => 200.0 * (y - f).abs() / sum,
    };
    mean(actual.iter().zip(forecast).map(one))
}

/// Mean pinball loss of a quantile forecast, `probability` in `0.0..1.0`.
pub fn pinball(actual: &[f64], quantile: &[f64], probability: f64) -> Option<f64> {
    let one = |(y, q): (&f64, &f64)| {
        let above = y - q;
        if above >= 0.0 { probability * above } else { (probability - 1.0) * above }
    };
    mean(actual.iter().zip(quantile).map(one))
}

/// Share of values within the bounds, both included, `0.0..=1.0`.
pub fn coverage(actual: &[f64], bounds: &Bounds) -> Option<f64> {
    let sides = bounds.lower.iter().zip(&bounds.upper);
    let one = |(y, (low, high)): (&f64, (&f64, &f64))| {
        if y.is_nan() { f64::NAN } else { f64::from(u8::from(low <= y && y <= high)) }
    };
    mean(actual.iter().zip(sides).map(one))
}

/// Mean width of the bounds.
pub fn width(bounds: &Bounds) -> Option<f64> {
    mean(bounds.upper.iter().zip(&bounds.lower).map(|(high, low)| high - low))
}

/// Mean scaled interval score: width, and `2 / (1 - level)` times the way by which values miss the bounds.
pub fn msis(actual: &[f64], bounds: &Bounds, scale: f64) -> Option<f64> {
    let weight = 2.0 / (1.0 - bounds.level);
    let sides = bounds.lower.iter().zip(&bounds.upper);
    let one = |(y, (low, high)): (&f64, (&f64, &f64))| {
        let missed = if y < low {
            low - y
        } else if y > high {
            y - high
        } else if y.is_nan() {
            // A value that was not measured is not judged.
            f64::NAN
        } else {
            0.0
        };
        (high - low + weight * missed) / scale
    };
    mean(actual.iter().zip(sides).map(one))
}

/// Mean of what is not NaN.
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let add = |(sum, count): (f64, f64), value: f64| {
        if value.is_nan() { (sum, count) } else { (sum + value, count + 1.0) }
    };
    let (sum, count) = values.fold((0.0, 0.0), add);
    (count > 0.0).then(|| sum / count)
}
