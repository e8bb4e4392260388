//! Local straight lines: the smoother under STL.
//!
//! In: values at 1, 2, …, n (NaN: missing), a window, robustness weights or none. Out: the line through the nearest
//! `window` values at a place, by weighted least squares. Source: Cleveland, Cleveland, McRae, Terpenning, STL, 1990; the
//! code of netlib's `stl` (`est`), whose edge rules are kept. Departures: a missing value has weight 0; where a window
//! holds none with weight, it is doubled. Cost: O(window) a place. Checked against: statsmodels `STL` (`tests/it/mstl.rs`).

/// What a smoother needs beside the values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Smoother<'a> {
    /// Values in a window, at least 2.
    pub(crate) window: usize,
    /// A line (1) or a mean (0).
    pub(crate) degree: u8,
    /// Every how many places the line is fitted; between them it is straight.
    pub(crate) jump: usize,
    /// A weight a value; empty: 1.
    pub(crate) weights: &'a [f64],
}

impl Smoother<'_> {
    /// Smoothed values at 1..=n.
    pub(crate) fn smooth(&self, y: &[f64], out: &mut [f64]) {
        let n = y.len();
        if n < 2 {
            out.copy_from_slice(y);
            return;
        }
        let jump = self.jump.clamp(1, n - 1);
        let mut last = 0;
        out[0] = self.at(y, 1.0);
        for place in (jump..n).step_by(jump) {
            out[place] = self.at(y, place as f64 + 1.0);
            straighten(out, last, place);
            last = place;
        }
        if last != n - 1 {
            out[n - 1] = self.at(y, n as f64);
            straighten(out, last, n - 1);
        }
    }

    /// The line at `x`, which may lie outside 1..=n; NaN if nothing has weight.
    pub(crate) fn at(&self, y: &[f64], x: f64) -> f64 {
        let n = y.len();
        let mut window = self.window;
        loop {
            let value = self.in_window(y, x, window);
            if !value.is_nan() || window >= 2 * n {
                return value;
            }
            window *= 2;
        }
    }

    fn in_window(&self, y: &[f64], x: f64, window: usize) -> f64 {
        let n = y.len();
        let (first, last) = nearest(n, x, window);
        let mut reach = (x - first as f64).max(last as f64 - x);
        if window > n {
            reach += ((window - n) / 2) as f64;
        }
        let (near, far) = (0.001 * reach, 0.999 * reach);
        let (mut total, mut sum_x, mut sum_xx, mut sum_y, mut sum_xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for place in first..=last {
            let value = y[place - 1];
            let away = place as f64 - x;
            let gap = away.abs();
            if gap > far || value.is_nan() {
                continue;
            }
            let mut weight = 1.0;
            if gap > near {
                let share = gap / reach;
                let cut = 1.0 - share * share * share;
                weight = cut * cut * cut;
            }
            if let Some(own) = self.weights.get(place - 1) {
                weight *= own;
            }
            total += weight;
            sum_x += weight * away;
            sum_xx += weight * away * away;
            sum_y += weight * value;
            sum_xy += weight * away * value;
        }
        if total <= 0.0 {
            return f64::NAN;
        }
        let (center, mean) = (sum_x / total, sum_y / total);
        let spread = (sum_xx / total - center * center).max(0.0);
        // A spread of nothing has no slope: the rule of netlib's code.
        if self.degree == 0 || reach <= 0.0 || spread.sqrt() <= 0.001 * (n as f64 - 1.0) {
            return mean;
        }
        let slope = (sum_xy / total - center * mean) / spread;
        mean - slope * center
    }
}

/// First and last place (from 1) of the `window` places nearest to `x`, as netlib's `ess` moves them.
fn nearest(n: usize, x: f64, window: usize) -> (usize, usize) {
    if window >= n {
        return (1, n);
    }
    let half = window.div_ceil(2);
    #[expect(clippy::cast_possible_truncation, reason = "clamped to the places there are")]
    let place = x.clamp(1.0, n as f64) as usize;
    let first = (place + 1).saturating_sub(half).clamp(1, n - window + 1);
    (first, first + window - 1)
}

/// Fills the places between two fitted ones.
fn straighten(out: &mut [f64], from: usize, to: usize) {
    let step = (out[to] - out[from]) / (to - from) as f64;
    for place in from + 1..to {
        out[place] = out[from] + step * (place - from) as f64;
    }
}
