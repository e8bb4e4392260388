//! From the margins of a blend to probabilities.

use serde::{Deserialize, Serialize};

use super::stacking::{Constraint, solve};
use super::{BlendRows, ScaleMap};
use crate::newton::{Likelihood, Stop};
use crate::split::Split;
use crate::{Calibration, Task, metrics};

/// Holds a temperature finite where margins tell the classes apart without error.
const TEMPERATURE_SHRINKAGE: f64 = 1e-6;

/// Rows of the base rate that stand beside the table's own where a handful of rows is not to be trusted.
const BASE_ROWS: f64 = 10.0;
/// Slopes tried from 0 to 1.
const SLOPES: u32 = 50;

/// A monotone map of margins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarginMap {
    /// Margins are log-odds as they are.
    Identity,
    /// Margins times a number: less or more sure, whatever the class.
    Temperature {
        /// The number, at least 0.
        slope: f64,
    },
    /// A curve; two classes only.
    Curve(Calibration),
    /// Back to the scale of the table; numbers only.
    Scaled(ScaleMap),
}

/// What a calibration was worth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationLoss {
    /// Which one.
    pub kind: CalibrationKind,
    /// Mean log loss over folds it was not fitted to.
    pub loss: f64,
}

/// Which calibration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalibrationKind {
    /// None.
    Identity,
    /// One number.
    Temperature,
    /// Two numbers.
    Platt,
    /// Steps.
    Isotonic,
}

impl CalibrationKind {
    /// `None` where this kind has no meaning for these rows.
    fn fit(self, rows: &BlendRows, margins: &[f64]) -> Option<MarginMap> {
        let binary = matches!(rows.task, Task::Binary);
        match self {
            Self::Identity => Some(MarginMap::Identity),
            Self::Temperature => {
                let one = BlendRows { margins: vec![margins.to_vec()], ..rows.clone() };
                let shrinkage = TEMPERATURE_SHRINKAGE;
                let constraint = Constraint { sum_to_one: false, shrinkage, toward: &[1.0] };
                Some(MarginMap::Temperature { slope: solve(&one, &constraint)[0] })
            }
            Self::Platt if binary => platt(rows, margins).map(MarginMap::Curve),
            Self::Isotonic if binary => isotonic(rows, margins).map(MarginMap::Curve),
            Self::Platt | Self::Isotonic => None,
        }
    }
}

/// [`Calibration::platt`] with weights. A slope that is not above 0 would turn the order around.
fn platt(rows: &BlendRows, margins: &[f64]) -> Option<Calibration> {
    let of = |class: f64| -> f64 {
        let cases = rows.targets.iter().zip(&rows.weights);
        cases.filter(|case| *case.0 == class).map(|case| case.1).sum()
    };
    let (for_true, for_false) = ((of(1.0) + 1.0) / (of(1.0) + 2.0), 1.0 / (of(0.0) + 2.0));
    let smooth = |target: &f64| if *target > 0.0 { for_true } else { for_false };
    let targets: Vec<f64> = rows.targets.iter().map(smooth).collect();
    let likelihood = Likelihood::new(margins, 1, &targets, Some(&rows.weights), 0.0).ok()?;
    let optimum = likelihood.maximize(Stop { iterations_max: 200, tolerance: 1e-12 }).ok()?;
    let (slope, intercept) = (optimum.coefficients[0], optimum.intercept);
    (slope > 0.0).then_some(Calibration::Platt { slope, intercept })
}

/// Margins drawn to the base rate, as so few rows ask for: the slope of least loss within 0 to 1 on targets of which a few rows' worth is
/// the base rate. With twenty rows nobody is sure of anything, however well they are told apart.
pub(super) fn tamed(rows: &BlendRows, margins: &[f64]) -> MarginMap {
    let total: f64 = rows.weights.iter().sum();
    let share = |class: usize| -> f64 {
        let cases = rows.targets.iter().zip(&rows.weights);
        cases.filter(|case| *case.0 == class as f64).map(|case| case.1 / total).sum()
    };
    let shares: Vec<f64> = (0..rows.task.n_outputs().max(2)).map(share).collect();
    let base = match rows.task {
        Task::Binary => (shares[1].max(f64::EPSILON) / shares[0].max(f64::EPSILON)).ln(),
        _ => 0.0,
    };
    let n_rows = rows.targets.len();
    let of_base = BASE_ROWS / (n_rows as f64 + BASE_ROWS);
    let loss = |slope: f64| -> f64 {
        let to = |margin: &f64| slope * margin + (1.0 - slope) * base;
        let scaled: Vec<f64> = margins.iter().map(to).collect();
        let had = |class: usize| rows.loss_with(&scaled, vec![class as f64; n_rows]);
        let had_base: f64 =
            shares.iter().enumerate().map(|(class, share)| share * had(class)).sum();
        (1.0 - of_base) * rows.loss_of(&scaled) + of_base * had_base
    };
    let slopes = (0..=SLOPES).map(|at| f64::from(at) / f64::from(SLOPES));
    let least = slopes.map(|slope| (loss(slope), slope)).min_by(|a, b| a.0.total_cmp(&b.0));
    let slope = least.map_or(1.0, |least| least.1);
    match rows.task {
        Task::Binary => {
            let intercept = (1.0 - slope) * base;
            MarginMap::Curve(Calibration::Platt { slope, intercept })
        }
        _ => MarginMap::Temperature { slope },
    }
}

/// Steps count cases, so rows must weigh alike, but for those that weigh nothing.
fn isotonic(rows: &BlendRows, margins: &[f64]) -> Option<Calibration> {
    let weighs = |row: &usize| rows.weights[*row] > 0.0;
    let kept: Vec<usize> = (0..rows.targets.len()).filter(weighs).collect();
    let first = rows.weights[*kept.first()?];
    if kept.iter().any(|row| rows.weights[*row] != first) {
        return None;
    }
    let margins: Vec<f64> = kept.iter().map(|row| margins[*row]).collect();
    let targets: Vec<bool> = kept.iter().map(|row| rows.targets[*row] > 0.0).collect();
    Calibration::isotonic(&margins, &targets).ok()
}

impl MarginMap {
    /// Whether a map that was read from a file has a meaning for the task.
    pub(super) fn sound(&self, task: Task) -> Result<(), &'static str> {
        match (self, task) {
            (Self::Identity, _) => Ok(()),
            (Self::Temperature { slope }, Task::Binary | Task::Multiclass { .. })
                if *slope >= 0.0 =>
            {
                Ok(())
            }
            (Self::Curve(Calibration::Platt { .. }), Task::Binary) => Ok(()),
            (Self::Curve(Calibration::Isotonic(steps)), Task::Binary) => steps.sound(),
            (Self::Scaled(map), Task::Regression) => map.sound(),
            _ => Err("a calibration that has no meaning for the task"),
        }
    }

    /// Probabilities of margins: of class 1, or one a class; numbers on the scale of the table.
    pub fn probabilities(&self, task: Task, margins: &[f64]) -> Vec<f64> {
        match self {
            Self::Identity => metrics::probabilities(task, margins),
            Self::Temperature { slope } => {
                let scaled: Vec<f64> = margins.iter().map(|margin| slope * margin).collect();
                metrics::probabilities(task, &scaled)
            }
            Self::Curve(curve) => margins.iter().map(|margin| curve.probability(*margin)).collect(),
            Self::Scaled(map) => map.numbers(margins),
        }
    }

    /// Mean loss of the mapped margins; in margins where the map keeps them, so that nothing is rounded to certainty.
    pub(super) fn loss(&self, rows: &BlendRows, margins: &[f64]) -> f64 {
        let scale = match self {
            // Rows of a blend are on the scale that is learned.
            Self::Identity | Self::Scaled(_) => (1.0, 0.0),
            Self::Temperature { slope } => (*slope, 0.0),
            Self::Curve(Calibration::Platt { slope, intercept }) => (*slope, *intercept),
            Self::Curve(Calibration::Isotonic(_)) => {
                let probabilities = self.probabilities(rows.task, margins);
                let weights = Some(rows.weights.as_slice());
                let loss = metrics::log_loss(&probabilities, 2, &rows.targets, weights);
                return loss.unwrap_or(f64::INFINITY);
            }
        };
        let scaled: Vec<f64> = margins.iter().map(|margin| scale.0 * margin + scale.1).collect();
        rows.loss_of(&scaled)
    }
}

/// The calibration of least loss over folds, fitted to all rows; the simplest of equal ones.
pub(super) fn choose(
    rows: &BlendRows,
    margins: &[f64],
    splits: &[Split],
) -> (MarginMap, Vec<CalibrationLoss>) {
    use CalibrationKind::{Identity, Isotonic, Platt, Temperature};
    let whole = BlendRows { margins: vec![margins.to_vec()], ..rows.clone() };
    let parts: Vec<(BlendRows, BlendRows)> =
        splits.iter().map(|s| (whole.take(&s.train), whole.take(&s.validation))).collect();
    let loss_of = |kind: CalibrationKind| -> Option<f64> {
        let (mut sum, mut total) = (0.0, 0.0);
        for (train, held) in &parts {
            let weight: f64 = held.weights.iter().sum();
            if weight > 0.0 {
                sum += weight * kind.fit(train, &train.margins[0])?.loss(held, &held.margins[0]);
                total += weight;
            }
        }
        Some(sum / total)
    };
    let mut tried = Vec::new();
    let mut best = (f64::INFINITY, MarginMap::Identity);
    for kind in [Identity, Temperature, Platt, Isotonic] {
        let Some((loss, map)) = loss_of(kind).zip(kind.fit(rows, margins)) else { continue };
        tried.push(CalibrationLoss { kind, loss });
        if loss < best.0 {
            best = (loss, map);
        }
    }
    (best.1, tried)
}
