//! Scales on which numbers are learned, and the way back.
//!
//! In: a number to predict. Out: the number that learners are fitted to; and back, so that what is told is a *mean* on the scale of
//! the table: a margin stands for all of `invert(margin + residual)`, over residuals of held-out rows.
//! Source: Yeo and Johnson, A new family of power transformations, 2000; Duan, Smearing estimate: a nonparametric retransformation
//! method, 1983. Departures: powers within 0 to 2, where every number has a way back; residuals are 33 of their quantiles; margins
//! further than a tenth of the training range beyond it are held there, for an exponential goes anywhere.
//! Cost: 33 powers a row. Checked against: SciPy's `yeojohnson`, means of log-normal numbers (`tests/it/target_scale.rs`).

use serde::{Deserialize, Serialize};

/// Quantiles that stand for all residuals.
const RESIDUALS: usize = 33;
/// Share of the training range that margins may lie beyond it.
const BEYOND: f64 = 0.1;

/// A scale on which numbers are learned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetScale {
    /// As they are.
    #[default]
    AsIs,
    /// Their natural logarithm; all are above 0.
    Log,
    /// The power of Yeo and Johnson.
    Power {
        /// The power, 0 to 2.
        lambda: f64,
        /// Numbers are divided by this first; above 0.
        unit: f64,
    },
}

impl TargetScale {
    /// A number as it is learned.
    pub fn apply(self, y: f64) -> f64 {
        match self {
            Self::AsIs => y,
            Self::Log => y.ln(),
            Self::Power { lambda, unit } => {
                let y = y / unit;
                if y >= 0.0 { power(y, lambda) } else { -power(-y, 2.0 - lambda) }
            }
        }
    }

    /// The number that is learned as `z`.
    pub fn invert(self, z: f64) -> f64 {
        match self {
            Self::AsIs => z,
            Self::Log => z.exp(),
            Self::Power { lambda, unit } => {
                let y = if z >= 0.0 { root(z, lambda) } else { -root(-z, 2.0 - lambda) };
                y * unit
            }
        }
    }

    /// `log of price`, for a column.
    pub fn words(self, column: &str) -> String {
        match self {
            Self::AsIs => column.to_owned(),
            Self::Log => format!("log of {column}"),
            Self::Power { lambda, .. } => format!("power {lambda:.1} of {column}"),
        }
    }

    /// The power of greatest likelihood, to a tenth; `None` for the numbers as they are, or if they do not vary.
    pub fn likeliest_power(numbers: &[f64]) -> Option<Self> {
        let mut sizes: Vec<f64> = numbers.iter().map(|y| y.abs()).filter(|y| *y > 0.0).collect();
        sizes.sort_unstable_by(f64::total_cmp);
        let unit = *sizes.get(sizes.len() / 2)?;
        let likelihood = |lambda: f64| {
            let scale = Self::Power { lambda, unit };
            let z: Vec<f64> = numbers.iter().map(|y| scale.apply(*y)).collect();
            let n = z.len() as f64;
            let mean = z.iter().sum::<f64>() / n;
            let variance = z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / n;
            let slope = |y: &f64| y.signum() * (y.abs() / unit).ln_1p();
            let slopes = numbers.iter().filter(|y| **y != 0.0).map(slope).sum::<f64>();
            (lambda - 1.0) * slopes - n / 2.0 * variance.ln()
        };
        let tried = (0..=20).map(|tenth| f64::from(tenth) / 10.0);
        let best = tried.map(|lambda| (lambda, likelihood(lambda))).filter(|one| one.1.is_finite());
        let best = best.fold(None, |best: Option<(f64, f64)>, one| match best {
            Some(best) if best.1 >= one.1 => Some(best),
            _ => Some(one),
        })?;
        (best.0 != 1.0).then_some(Self::Power { lambda: best.0, unit })
    }
}

/// `((y + 1)^lambda - 1) / lambda`, the logarithm for 0.
fn power(y: f64, lambda: f64) -> f64 {
    if lambda == 0.0 { y.ln_1p() } else { (lambda * y.ln_1p()).exp_m1() / lambda }
}

fn root(z: f64, lambda: f64) -> f64 {
    if lambda == 0.0 { z.exp_m1() } else { ((lambda * z).ln_1p() / lambda).exp_m1() }
}

/// The way from margins back to numbers of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScaleMap {
    /// The scale they were learned on.
    pub scale: TargetScale,
    /// Quantiles of the residuals of held-out rows, on that scale; ascending.
    residuals: Vec<f64>,
    low: f64,
    high: f64,
}

impl ScaleMap {
    /// From margins of held-out rows and what came true, both on the scale. Rows that weigh nothing say nothing.
    pub fn of(scale: TargetScale, margins: &[f64], targets: &[f64], weights: &[f64]) -> Self {
        let rows = || margins.iter().zip(targets).zip(weights).filter(|row| *row.1 > 0.0);
        let mut residuals: Vec<f64> = rows().map(|((margin, target), _)| target - margin).collect();
        residuals.sort_unstable_by(f64::total_cmp);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for ((_, target), _) in rows() {
            (low, high) = (low.min(*target), high.max(*target));
        }
        let beyond = BEYOND * (high - low);
        let n = residuals.len();
        let quantile = |at: usize| residuals[(2 * at + 1) * n / (2 * RESIDUALS)];
        let residuals =
            if n <= RESIDUALS { residuals } else { (0..RESIDUALS).map(quantile).collect() };
        Self { scale, residuals, low: low - beyond, high: high + beyond }
    }

    /// Whether a map that was read from a file leads back.
    pub(super) fn sound(&self) -> Result<(), &'static str> {
        if self.low > self.high {
            return Err("a scale whose bounds are turned around");
        }
        match self.scale {
            TargetScale::Power { lambda, unit }
                if !((0.0..=2.0).contains(&lambda) && unit > 0.0) =>
            {
                Err("a scale whose power or unit is out of its range")
            }
            _ => Ok(()),
        }
    }

    /// The mean number that a margin stands for.
    pub fn number(&self, margin: f64) -> f64 {
        if self.scale == TargetScale::AsIs || self.residuals.is_empty() {
            return margin;
        }
        let held = margin.clamp(self.low, self.high);
        let sum = |sum: f64, residual: &f64| {
            sum + self.scale.invert((held + residual).clamp(self.low, self.high))
        };
        self.residuals.iter().fold(0.0, sum) / self.residuals.len() as f64
    }

    /// [`ScaleMap::number`] of many.
    pub fn numbers(&self, margins: &[f64]) -> Vec<f64> {
        margins.iter().map(|margin| self.number(*margin)).collect()
    }
}
