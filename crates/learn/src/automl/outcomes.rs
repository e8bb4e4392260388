//! Predictions against what came true, for several classes and for numbers.
//!
//! In: predictions of held-out rows and targets. Out: figures and curves of each class against all others; or, for numbers,
//! what came true by range of the prediction, and the distances of the two.
//! Departures: curves of the eight most frequent classes only, with at most [`POINTS`] points.
//! Cost: O(n log n) a class. Checked against: counts by hand (`tests/it/model_report.rs`).

use serde::{Deserialize, Serialize};

use super::assess::{BINS, thinned};
use super::model::largest;
use super::profile::histogram;
use super::views::{Measure, ValueBin};
use crate::Reliability;
use crate::metrics::{self, RocPoint};
use crate::quantiles::{ascending, bin_starts, quantile};

/// Points of a curve of one class of many.
const POINTS: usize = 60;
/// Classes with curves.
const CURVES_MAX: usize = 8;
/// Ranges of the prediction of a number.
const RANGES: u32 = 15;

/// One class against all others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassOutcome {
    /// Its name.
    pub class: String,
    /// Held-out rows of it, by weight.
    pub weight: f64,
    /// Area under the receiver operating characteristic.
    pub auc: Option<f64>,
    /// Share of the rows predicted to be of it that are.
    pub precision: Option<f64>,
    /// Share of its rows that are predicted to be of it.
    pub recall: Option<f64>,
    /// The receiver operating characteristic; of the most frequent classes.
    pub roc: Vec<RocPoint>,
    /// Stated probabilities against what came true; of the most frequent classes.
    pub reliability: Option<Reliability>,
}

/// Predicted numbers against what came true.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NumberOutcome {
    /// By ranges of the prediction of about equal weight, ascending.
    pub bins: Vec<NumberBin>,
    /// What came true less what was predicted.
    pub residuals: Vec<ValueBin>,
}

/// Held-out rows with predictions in a range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberBin {
    /// Rows.
    pub count: u64,
    /// Mean prediction.
    pub mean_predicted: f64,
    /// Mean of what came true.
    pub mean_observed: f64,
    /// A tenth of what came true lies at or below.
    pub low: f64,
    /// Nine tenths lie at or below.
    pub high: f64,
}

pub(super) fn by_class(
    classes: &[String],
    predictions: &[f64],
    targets: &[f64],
    weights: &[f64],
) -> Vec<ClassOutcome> {
    let n = classes.len();
    let chosen: Vec<usize> = predictions.chunks(n).map(largest).collect();
    let of = |(at, name): (usize, &String)| {
        let scores: Vec<f64> = predictions.chunks(n).map(|row| row[at]).collect();
        let truths: Vec<f64> =
            targets.iter().map(|target| f64::from(u8::from(*target == at as f64))).collect();
        let sum = |pick: &dyn Fn(usize) -> bool| -> f64 {
            (0..targets.len()).filter(|row| pick(*row)).map(|row| weights[row]).sum()
        };
        let own = sum(&|row| truths[row] > 0.0);
        let taken = sum(&|row| chosen[row] == at);
        let both = sum(&|row| chosen[row] == at && truths[row] > 0.0);
        let share = |all: f64| (all > 0.0).then(|| both / all);
        let are_true: Vec<bool> = truths.iter().map(|truth| *truth > 0.0).collect();
        // A sum of rounded parts may exceed 1 by the last bit.
        let stated: Vec<f64> = scores.iter().map(|score| score.clamp(0.0, 1.0)).collect();
        ClassOutcome {
            class: name.clone(),
            weight: own,
            auc: metrics::auc(&scores, &truths, Some(weights)),
            precision: share(taken),
            recall: share(own),
            roc: thinned(metrics::roc_curve(&scores, &truths, Some(weights)), POINTS),
            reliability: Some(Reliability::of(&stated, &are_true, BINS)),
        }
    };
    let mut found: Vec<ClassOutcome> = classes.iter().enumerate().map(of).collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| found[*b].weight.total_cmp(&found[*a].weight).then(a.cmp(b)));
    for rare in order.into_iter().skip(CURVES_MAX) {
        found[rare].roc = Vec::new();
        found[rare].reliability = None;
    }
    found
}

pub(super) fn of_numbers(predictions: &[f64], targets: &[f64], weights: &[f64]) -> NumberOutcome {
    let starts = bin_starts(&ascending(predictions, weights), RANGES);
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); starts.len() + 1];
    for row in (0..targets.len()).filter(|row| weights[*row] > 0.0) {
        members[starts.partition_point(|start| *start <= predictions[row])].push(row);
    }
    let bin = |rows: &Vec<usize>| {
        let total: f64 = rows.iter().map(|row| weights[*row]).sum();
        let mean = |of: &[f64]| rows.iter().map(|row| of[*row] * (weights[*row] / total)).sum();
        let pick = |of: &[f64]| -> Vec<f64> { rows.iter().map(|row| of[*row]).collect() };
        let sorted = ascending(&pick(targets), &pick(weights));
        NumberBin {
            count: rows.len() as u64,
            mean_predicted: mean(predictions),
            mean_observed: mean(targets),
            low: quantile(&sorted, 0.1),
            high: quantile(&sorted, 0.9),
        }
    };
    let residuals: Vec<f64> = targets.iter().zip(predictions).map(|(y, p)| y - p).collect();
    let (min, max) = residuals
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), r| (min.min(*r), max.max(*r)));
    let is_told = min.is_finite() && max.is_finite();
    NumberOutcome {
        bins: members.iter().filter(|rows| !rows.is_empty()).map(bin).collect(),
        residuals: if is_told {
            histogram(&residuals, min, max, Measure::Number)
        } else {
            Vec::new()
        },
    }
}
