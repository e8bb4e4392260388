//! From log-odds to the probability of an output, by how much is known of it.
//!
//! In: margins, whether each output had been spent, and what came true, of cases held out. Out: a probability a margin.
//! Three forms: one sigmoid for all; a sigmoid each for outputs that have been spent and for those that have not; isotonic
//! steps for all. A sigmoid for all over-states an output of which only its appearance is known, where
//! what is learnt from spenders has moved the base. Of the forms the simplest is taken unless another errs less by a
//! margin ([`SIMPLE_IS_WORTH`]).
//! Source: see `learn::Calibration`. Checked against: planted shifts (`tests/it/change_train.rs`).

use learn::{Calibration, Reliability};

use super::error::ChangeError;

/// How much calibration error a simpler form may have more than the best and is still taken: thresholds are compared
/// between parts of the split, and a step is where one part's few errors happened to lie.
const SIMPLE_IS_WORTH: f64 = 0.005;
/// Outputs that are change, and that are not, below which outputs of one kind get no sigmoid of their own.
const OWN_MIN: usize = 100;

/// A form, the simplest first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    Platt,
    PlattBySpent,
    Isotonic,
}

impl Form {
    pub(super) const ALL: [Self; 3] = [Self::Platt, Self::PlattBySpent, Self::Isotonic];

    /// The place of the form to take, by the errors of all.
    pub(super) fn taken(errors: [f64; Self::ALL.len()]) -> usize {
        let least = errors.into_iter().fold(f64::INFINITY, f64::min);
        errors.iter().position(|error| *error <= least + SIMPLE_IS_WORTH).unwrap_or(0)
    }
}

/// Cases to calibrate on.
#[derive(Default)]
pub(super) struct Cases {
    pub(super) margins: Vec<f64>,
    pub(super) spent: Vec<bool>,
    pub(super) targets: Vec<bool>,
}

impl Cases {
    pub(super) fn push(&mut self, margin: f64, spent: bool, target: bool) {
        self.margins.push(margin);
        self.spent.push(spent);
        self.targets.push(target);
    }

    fn of(&self, is_spent: bool) -> (Vec<f64>, Vec<bool>) {
        let both = self.margins.iter().zip(&self.targets).zip(&self.spent);
        let own = both.filter(|(_, spent)| **spent == is_spent);
        own.map(|((margin, target), _)| (*margin, *target)).unzip()
    }
}

/// A fitted form.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Calibrated {
    /// Of all outputs, or of those that have been spent.
    pub(super) calibration: Calibration,
    /// Of the others, if they have their own.
    pub(super) unspent: Option<Calibration>,
}

impl Calibrated {
    pub(super) fn fit(form: Form, cases: &Cases) -> Result<Self, ChangeError> {
        let all = |calibration| Self { calibration, unspent: None };
        Ok(match form {
            Form::Platt => all(Calibration::platt(&cases.margins, &cases.targets)?),
            Form::Isotonic => all(Calibration::isotonic(&cases.margins, &cases.targets)?),
            Form::PlattBySpent => Self {
                calibration: own_or_all(cases, true)?,
                unspent: Some(own_or_all(cases, false)?),
            },
        })
    }

    pub(super) fn probability(&self, margin: f64, is_spent: bool) -> f64 {
        let own = if is_spent { None } else { self.unspent.as_ref() };
        own.unwrap_or(&self.calibration).probability(margin)
    }
}

/// The sigmoid of one kind of outputs; that of all, where these are too few to have one that rises.
fn own_or_all(cases: &Cases, is_spent: bool) -> Result<Calibration, ChangeError> {
    let (margins, targets) = cases.of(is_spent);
    let n_true = targets.iter().filter(|target| **target).count();
    if n_true.min(targets.len() - n_true) >= OWN_MIN {
        let own = Calibration::platt(&margins, &targets)?;
        if matches!(own, Calibration::Platt { slope, .. } if slope > 0.0) {
            return Ok(own);
        }
    }
    Ok(Calibration::platt(&cases.margins, &cases.targets)?)
}

/// The errors of all forms, the tables they are of, and the place of the one to take.
pub(super) fn compare(
    probabilities: &[Vec<f64>; Form::ALL.len()],
    targets: &[bool],
    n_bins: usize,
) -> (usize, Reliability, f64) {
    let tables = probabilities.each_ref().map(|all| Reliability::of(all, targets, n_bins));
    let errors = tables.each_ref().map(Reliability::expected_calibration_error);
    let taken = Form::taken(errors);
    let others = errors.iter().enumerate().filter(|(place, _)| *place != taken);
    let error_other = others.map(|(_, error)| *error).fold(f64::INFINITY, f64::min);
    let [first, second, third] = tables;
    let table = match taken {
        0 => first,
        1 => second,
        _ => third,
    };
    (taken, table, error_other)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Outputs with log-odds of their margin, those not spent with 2 less: expected counts in place of draws.
    fn cases(n_each: u32) -> Cases {
        let mut cases = Cases::default();
        for tenths in -40..=40 {
            for spent in [true, false] {
                let margin = f64::from(tenths) / 10.0;
                let log_odds = if spent { margin } else { margin - 2.0 };
                let share = 1.0 / (1.0 + (-log_odds).exp());
                for at in 0..n_each {
                    let target = (f64::from(at) + 0.5) / f64::from(n_each) < share;
                    cases.push(margin, spent, target);
                }
            }
        }
        cases
    }

    #[test]
    fn each_kind_of_output_has_its_line() {
        let fitted = Calibrated::fit(Form::PlattBySpent, &cases(200)).unwrap();
        for (margin, spent, expected) in
            [(0.0, true, 0.5), (2.0, true, 0.881), (2.0, false, 0.5), (0.0, false, 0.119)]
        {
            let found = fitted.probability(margin, spent);
            assert!((found - expected).abs() < 0.01, "{found} for {margin}, spent {spent}");
        }
        let all = Calibrated::fit(Form::Platt, &cases(200)).unwrap();
        assert_eq!(all.probability(1.0, true).to_bits(), all.probability(1.0, false).to_bits());
        // Few cases of a kind have the line of all.
        let few = Calibrated::fit(Form::PlattBySpent, &cases(2)).unwrap();
        assert_eq!(few.unspent.as_ref(), Some(&few.calibration));
    }

    #[test]
    fn the_simplest_form_is_taken_that_errs_as_little() {
        for (errors, taken) in [
            ([0.010, 0.010, 0.010], 0),
            ([0.014, 0.012, 0.010], 0),
            ([0.060, 0.012, 0.010], 1),
            ([0.060, 0.016, 0.010], 2),
            ([0.001, 0.060, 0.050], 0),
        ] {
            assert_eq!(Form::taken(errors), taken, "{errors:?}");
        }
    }
}
