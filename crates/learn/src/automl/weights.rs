//! What rows weigh, and which way predictions must go: what the caller asks of all learners alike.

use std::collections::BTreeMap;

use super::{AutoOptions, Imbalance, Method};
use crate::frame::cut;
use crate::roles::{DecimalMark, Reading, Targets, read_numbers};
use crate::trees::Monotone;
use crate::{FeatureKind, Frame, LearnError, Matrix, Task};

/// Weights of rows: those of a column, or 1.
pub(super) fn of_rows(frame: &Frame, column: Option<&str>) -> Result<Vec<f64>, LearnError> {
    let Some(column) = column else { return Ok(vec![1.0; frame.n_rows()]) };
    let raw = frame.column(column)?;
    let (weights, _) = read_numbers(&Reading::Number { mark: DecimalMark::Point }, raw)?;
    match weights.iter().position(|weight| !(weight.is_finite() && *weight >= 0.0)) {
        Some(row) => {
            let value = cut(&raw.values.told(row).unwrap_or_default());
            Err(LearnError::WeightCell { column: column.to_owned(), row, value })
        }
        None => Ok(weights),
    }
}

/// What rows of each class weigh while learners are fitted; empty for as they are.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ClassWeights(Vec<f64>);

impl ClassWeights {
    pub(super) fn new(
        asked: Imbalance,
        targets: &Targets,
        weights: &[f64],
    ) -> Result<Self, LearnError> {
        let refused = |what: &str, remedy: &'static str| {
            let problem = format!("the target {:?} {what}", targets.column);
            Err(LearnError::Unfit { option: "--imbalance (imbalance)", problem, remedy })
        };
        match (asked, targets.task) {
            (Imbalance::AsIs, _) => Ok(Self(Vec::new())),
            (_, Task::Regression) => refused(
                "is a number, and numbers have no balance",
                "leave it out, or predict classes",
            ),
            (Imbalance::PositiveWeight(_), Task::Multiclass { .. }) => {
                let what = "has several classes, and one number weighs the second of two";
                refused(what, "ask for `balanced`")
            }
            (Imbalance::PositiveWeight(factor), Task::Binary) => {
                if !(factor > 0.0 && factor <= 1e6) {
                    return Err(LearnError::Argument {
                        what: "the weight of class 1",
                        found: factor,
                        expected: "a number above 0, up to 1000000",
                    });
                }
                Ok(Self(vec![1.0, factor]))
            }
            (Imbalance::Balanced, _) => {
                let n_classes = targets.classes.len();
                let mut sums = vec![0.0; n_classes];
                for (class, weight) in targets.values.iter().zip(weights) {
                    sums[number(*class)] += weight;
                }
                let all: f64 = sums.iter().sum();
                let balanced =
                    |sum: &f64| if *sum > 0.0 { all / (n_classes as f64 * sum) } else { 1.0 };
                Ok(Self(sums.iter().map(balanced).collect()))
            }
        }
    }

    /// Multiplies weights of rows by those of their classes.
    pub(super) fn weigh(&self, targets: &[f64], weights: &mut [f64]) {
        if self.0.is_empty() {
            return;
        }
        for (weight, class) in weights.iter_mut().zip(targets) {
            *weight *= self.0[number(*class)];
        }
    }

    /// What takes their effect on the odds back, one an output; empty for nothing.
    pub(super) fn shift(&self) -> Vec<f64> {
        match self.0.as_slice() {
            [none, one] => vec![(none / one).ln()],
            several => several.iter().map(|weight| -weight.ln()).collect(),
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "classes count up")]
fn number(class: f64) -> usize {
    class as usize
}

/// How trees must move with each feature: those that are a column's own numbers. Empty where nobody asked.
pub(super) fn monotone(asked: &BTreeMap<String, Monotone>, features: &Matrix) -> Vec<Monotone> {
    if asked.is_empty() {
        return Vec::new();
    }
    let of = |(name, kind): (&String, &FeatureKind)| match kind {
        FeatureKind::Number => asked.get(name).copied().unwrap_or_default(),
        FeatureKind::Category { .. } => Monotone::Free,
    };
    features.names().iter().zip(features.kinds()).map(of).collect()
}

/// Refuses constraints that no learner could keep.
pub(super) fn check_monotone(
    options: &AutoOptions,
    targets: &Targets,
    features: &Matrix,
) -> Result<(), LearnError> {
    let refused = |problem: String, remedy: &'static str| {
        Err(LearnError::Unfit { option: "--monotone (monotone)", problem, remedy })
    };
    if options.monotone.is_empty() {
        return Ok(());
    }
    if matches!(targets.task, Task::Multiclass { .. }) {
        return refused(
            format!(
                "the target {:?} has several classes, and their shares cannot all rise with a column",
                targets.column
            ),
            "leave it out, or predict a number or one of two classes",
        );
    }
    if !(options.methods.is_empty() || options.methods.contains(&Method::Boosted)) {
        return refused(
            "boosted trees alone keep such a promise, and are not among the methods asked for"
                .to_owned(),
            "add --method boosted (methods=[\"boosted\"]), or leave the methods out",
        );
    }
    for column in options.monotone.keys() {
        let place = features.names().iter().position(|name| name == column);
        let kind = place.map(|place| features.kinds()[place]);
        if kind != Some(FeatureKind::Number) {
            return refused(
                format!("column {column:?} is no feature of numbers or of ordered levels"),
                "name a column that is, or say that it is a number (--column NAME=number)",
            );
        }
    }
    Ok(())
}
