//! What is known at an origin about a step ahead, as features.

/// Rows that a fit takes at most.
const ROWS_MAX: usize = 4_000;

/// Which past values speak for a step ahead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    /// The short season in steps; 1 where there is none.
    pub(crate) short: usize,
    /// The long season in steps, or the short one.
    pub(crate) long: usize,
    /// Steps ahead.
    pub(crate) horizon: usize,
    /// Usual change over a season: the unit of features and targets.
    pub(crate) unit: f64,
}

/// Features of the regression; trees take these and the two that follow.
pub(crate) const LINEAR: usize = 11;
/// All features.
pub(crate) const WIDTH: usize = LINEAR + 2;

impl Place {
    /// The place for a complete series; `None` where nothing changes over a season or too little is known.
    pub(crate) fn new(values: &[f64], short: usize, long: usize, horizon: usize) -> Option<Self> {
        let short = short.max(1);
        let unit = crate::accuracy::seasonal_scale(values, short)?;
        let long = if values.len() >= long + 3 * short.max(8) { long.max(short) } else { short };
        Some(Self { short, long, horizon, unit })
    }

    /// Values before the first origin that has features.
    pub(crate) fn first(self) -> usize {
        (self.long + self.short).max(2 * self.short + 3)
    }

    /// The value a season before step `ahead` (from 0) after origin `t`.
    pub(crate) fn base(self, values: &[f64], t: usize, ahead: usize) -> f64 {
        values[self.back(t, ahead, self.short)]
    }

    fn back(self, t: usize, ahead: usize, season: usize) -> usize {
        t + ahead - season * (ahead / season + 1)
    }

    /// Features of step `ahead` after origin `t`, in units.
    pub(crate) fn features(self, values: &[f64], t: usize, ahead: usize, row: &mut [f64; WIDTH]) {
        let m = self.short;
        let mean =
            |from: usize, to: usize| values[from..to].iter().sum::<f64>() / (to - from) as f64;
        let base = self.base(values, t, ahead);
        let last = (values[t - 1] - values[t - 1 - m]) / self.unit;
        let three = (mean(t - 3, t) - mean(t - 3 - m, t - m)) / self.unit;
        let season = (mean(t - m, t) - mean(t - 2 * m, t - m)) / self.unit;
        let gap = (values[t - 1] - base) / self.unit;
        let day = (mean(t - m, t) - base) / self.unit;
        let week = values[self.back(t, ahead, self.long)];
        // The same places of the seasons before, as far back as there are any.
        let at = self.back(t, ahead, m);
        let (mut sum, mut count) = (0.0, 0.0);
        let mut place = at;
        for _ in 0..4 {
            sum += values[place];
            count += 1.0;
            let Some(earlier) = place.checked_sub(m) else { break };
            place = earlier;
        }
        let before = at.checked_sub(m).map_or(base, |place| values[place]);
        let (k, scale) = (ahead as f64, 1.0 / self.unit);
        let (fast, slow) = (0.7_f64.powf(k), 0.95_f64.powf(k));
        *row = [
            last * fast,
            last * slow,
            three * slow,
            season,
            gap * fast,
            gap * slow,
            day,
            (week - base) * scale,
            (before - base) * scale,
            (sum / count - base) * scale,
            season * slow,
            k,
            ((t + ahead) % self.short) as f64,
        ];
    }
}

/// Rows of features with what happened.
pub(crate) struct Rows {
    pub(crate) features: Vec<[f64; WIDTH]>,
    /// Change against the last season, in units.
    pub(crate) targets: Vec<f64>,
}

impl Rows {
    /// A sample of origins before which there are features and after which `end` values tell what happened.
    /// `measured` are the values with NaN where none was measured.
    pub(crate) fn new(place: Place, values: &[f64], measured: &[f64], end: usize) -> Self {
        let first = place.first();
        let last = end.saturating_sub(1);
        let possible = last.saturating_sub(first) * place.horizon;
        let mut apart = possible.div_ceil(ROWS_MAX).max(1);
        while place.short > 1 && apart > 1 && place.short.is_multiple_of(apart) {
            apart += 1;
        }
        let (mut features, mut targets) = (Vec::new(), Vec::new());
        let mut row = [0.0; WIDTH];
        let mut t = last;
        while t >= first {
            for ahead in 0..place.horizon.min(end - t) {
                if measured[t + ahead].is_nan() {
                    continue;
                }
                place.features(values, t, ahead, &mut row);
                features.push(row);
                let change = measured[t + ahead] - place.base(values, t, ahead);
                targets.push(change / place.unit);
            }
            if t < first + apart {
                break;
            }
            t -= apart;
        }
        Self { features, targets }
    }
}

/// Missing values as the last season has them (else the value before): known without looking ahead.
pub(crate) fn filled_forward(values: &[f64], season: usize) -> Vec<f64> {
    let mut filled = values.to_vec();
    let first = values.iter().copied().find(|value| !value.is_nan()).unwrap_or(0.0);
    for t in 0..filled.len() {
        if filled[t].is_nan() {
            let earlier = t.checked_sub(season).or(t.checked_sub(1));
            filled[t] = earlier.map_or(first, |at| filled[at]);
        }
    }
    filled
}
