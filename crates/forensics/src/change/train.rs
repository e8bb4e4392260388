//! Fits a model of change and measures it on what it was not fitted to.
//!
//! In: moments of transactions and what is true of them. Out: a [`ChangeModel`] with its figures.
//! Source: Möser and Narayanan 2022 (truth by co-spending, split by cluster, a threshold for a false-positive rate).
//! Departures. A logistic regression, because its parts can be shown to a court; they fitted a random forest. The split
//! rotates: payers' clusters fall into four parts by seed; two parts fit, the next calibrates, the last is held out, four
//! times, so that every transaction is held out once. The served model is fitted to all four and calibrated on the
//! margins held out. A transaction counts once, however many moments it has: they share its weight in the fit, and one of
//! them, drawn by seed, is calibrated on and measured. Else one exchange's payouts (thirty outputs at thirty moments each)
//! outweigh everybody.
//! **`spent`.** Revealed change has been spent, and payments often not yet. So "its spender agrees" would be proof by
//! being there at all. A column that says only that there is a spender takes that up in the fit and is left out later.
//! **Threshold.** Links are replayed as they would be made, first come first; the smallest probability is taken at
//! which wrong links are at most 0.1 % of the negatives and at most 0.1 % of the links, over at least 1,000 links:
//! among fewer, one wrong link in a thousand cannot be seen. The same must hold for each quarter of the clusters at
//! the threshold that the others choose, else a stricter one is chosen. Else there is no threshold and no link.
//! Cost: five fits, O(moments × columns²) a Newton step. Checked against: a world with planted probabilities, rates by
//! a second count (`tests/it/change_train.rs`).

use std::collections::{BTreeMap, BTreeSet};

use learn::{Calibration, LogisticOptions, LogisticRegression, Reliability, auc};
use ledger::{Link, TxIndex};

use super::columns::names;
use super::error::ChangeError;
use super::model::{ChangeModel, LinkFigures, ModelFigures, RuleFigures, Share, leader};
use super::observed::{Observed, mix};
use super::rules::RULES;
use super::threshold::{Choice, Outcome, choose, figures_at};
use super::truth::{Truth, revealed};
use super::verdict::Verdict;

/// Parts of the split.
const N_PARTS: u64 = 4;
/// Transactions with known change below which nothing is fitted.
const TRANSACTIONS_MIN: usize = 100;
/// How much calibration error a sigmoid may have more than isotonic steps and is still taken: thresholds are compared
/// between parts of the split, and a step is where one part's few errors happened to lie.
const SMOOTH_IS_WORTH: f64 = 0.005;
/// Bins of the reliability table.
const N_BINS: usize = 10;

/// How to fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainOptions {
    /// The seed of the split.
    pub seed: u64,
    /// Weight of the ridge of the regression; above 0.
    pub ridge: f64,
    /// Most wrong links a negative output, and a link.
    pub wrong_max: f64,
    /// Fewest links held out that can show it.
    pub links_min: u64,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self { seed: 0, ridge: 1.0, wrong_max: 0.001, links_min: 1_000 }
    }
}

/// Fits to the change that `links` reveal; see [`revealed`].
///
/// # Errors
/// Fewer than 100 transactions with revealed change, in fewer than four parts; or no model fits.
pub fn train(
    observed: &Observed,
    links: &[Link],
    options: &TrainOptions,
) -> Result<ChangeModel, ChangeError> {
    train_on(observed, &revealed(observed, links), options)
}

/// Fits to what is known otherwise: of simulated worlds, say.
///
/// # Errors
/// As [`train`].
pub fn train_on(
    observed: &Observed,
    truths: &[Truth],
    options: &TrainOptions,
) -> Result<ChangeModel, ChangeError> {
    let cases = cases(observed, truths, options.seed);
    let clusters: BTreeSet<u32> = truths.iter().map(|truth| truth.payer_cluster).collect();
    let full = (0..N_PARTS).all(|part| cases.iter().any(|case| case.part == part));
    if cases.len() < TRANSACTIONS_MIN || !full {
        let (found, n_clusters) = (cases.len(), clusters.len());
        return Err(ChangeError::TooFew { found, n_clusters, needed: TRANSACTIONS_MIN });
    }
    let held_out = HeldOut::of(observed, &cases, options)?;
    let fitted = Fitted::of(observed, &cases, |_| true, options)?;
    let (margins, targets) = held_out.calibration_cases(observed, &cases);
    let calibration = held_out.kind.fit(&margins, &targets)?;
    let (choice, foreign) = settle_on(&held_out, &cases, options);
    let mut columns = names();
    columns.pop();
    let model = ChangeModel {
        version: String::new(),
        threshold: choice.safe.then_some(choice.threshold),
        intercept: fitted.intercept,
        spent_not_served: fitted.spent,
        columns,
        coefficients: fitted.coefficients,
        calibration,
        figures: ModelFigures {
            seed: options.seed,
            n_clusters: clusters.len() as u64,
            ..figures(observed, &cases, &held_out, &choice, foreign)
        },
    };
    Ok(model.named())
}

/// A transaction with known change.
struct Case {
    part: u64,
    /// Among [`Observed::moments`], in order of time.
    moments: Vec<usize>,
    change: Option<u32>,
    /// Which of `moments` stands for the others where each would weigh alike.
    drawn: usize,
}

fn cases(observed: &Observed, truths: &[Truth], seed: u64) -> Vec<Case> {
    let mut moments: BTreeMap<TxIndex, Vec<usize>> = BTreeMap::new();
    for (at, moment) in observed.moments.iter().enumerate() {
        moments.entry(moment.tx).or_default().push(at);
    }
    let case = |truth: &Truth| {
        let moments = moments.get(&truth.tx)?.clone();
        let part = mix(seed, u64::from(truth.payer_cluster)) % N_PARTS;
        let n_moments = moments.len() as u64;
        let drawn = usize::try_from(mix(seed, truth.tx.get()) % n_moments).expect("below a length");
        Some(Case { part, moments, change: truth.change, drawn })
    };
    truths.iter().filter_map(case).collect()
}

impl Case {
    /// The rows of all moments, with whether each is of the change.
    fn rows<'a>(&'a self, observed: &'a Observed) -> impl Iterator<Item = (usize, bool)> + 'a {
        let rows = self.moments.iter().flat_map(|at| observed.moments[*at].range());
        rows.map(|row| (row, self.change == Some(observed.positions[row])))
    }

    /// The same of the moment that stands for all.
    fn drawn_rows<'a>(
        &'a self,
        observed: &'a Observed,
    ) -> impl Iterator<Item = (usize, bool)> + 'a {
        let rows = observed.moments[self.moments[self.drawn]].range();
        rows.map(|row| (row, self.change == Some(observed.positions[row])))
    }

    /// How many outputs it has, and how many of them are change.
    fn n_outputs(&self, observed: &Observed) -> (u64, u64) {
        let moment = &observed.moments[self.moments[0]];
        (moment.n_outputs as u64, u64::from(self.change.is_some()))
    }
}

/// What a regression learnt, the column that is not served apart.
struct Fitted {
    intercept: f64,
    coefficients: Vec<f64>,
    spent: f64,
}

impl Fitted {
    fn of(
        observed: &Observed,
        cases: &[Case],
        takes: impl Fn(u64) -> bool,
        options: &TrainOptions,
    ) -> Result<Self, ChangeError> {
        let width = names().len();
        let (mut rows, mut targets, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for case in cases.iter().filter(|case| takes(case.part)) {
            #[expect(clippy::cast_precision_loss, reason = "moments of one transaction are few")]
            let weight = 1.0 / case.moments.len() as f64;
            for (row, target) in case.rows(observed) {
                let features = &observed.rows[row * width..(row + 1) * width];
                rows.extend(features.iter().map(|value| f64::from(*value)));
                targets.push(target);
                weights.push(weight);
            }
        }
        let logistic = LogisticOptions { ridge: options.ridge, ..LogisticOptions::default() };
        let fit = LogisticRegression::fit(&rows, width, &targets, Some(&weights), &logistic)?;
        let mut coefficients = fit.coefficients;
        let spent = coefficients.pop().expect("the last column is `spent`");
        Ok(Self { intercept: fit.intercept, coefficients, spent })
    }

    fn margin(&self, row: &[f32]) -> f64 {
        let products = self.coefficients.iter().zip(row).map(|(c, x)| c * f64::from(*x));
        products.fold(self.intercept, |sum, product| sum + product)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Platt,
    Isotonic,
}

impl Kind {
    fn fit(self, margins: &[f64], targets: &[bool]) -> Result<Calibration, ChangeError> {
        Ok(match self {
            Self::Platt => Calibration::platt(margins, targets)?,
            Self::Isotonic => Calibration::isotonic(margins, targets)?,
        })
    }
}

/// What the four rotations say of the part that each holds out.
struct HeldOut {
    kind: Kind,
    /// By row of [`Observed`]; not a number where no case is.
    margins: Vec<f64>,
    reliability: Reliability,
    error_other: f64,
    auc: f64,
    /// By case: what each moment would do.
    outcomes: Vec<Vec<Option<Outcome>>>,
}

impl HeldOut {
    fn of(
        observed: &Observed,
        cases: &[Case],
        options: &TrainOptions,
    ) -> Result<Self, ChangeError> {
        let (n_rows, width) = (observed.addresses.len(), names().len());
        let mut margins = vec![f64::NAN; n_rows];
        let mut by_kind = [vec![f64::NAN; n_rows], vec![f64::NAN; n_rows]];
        for part in 0..N_PARTS {
            let next = (part + 1) % N_PARTS;
            let fitted = Fitted::of(observed, cases, |p| p != part && p != next, options)?;
            let margin_of =
                |row: usize| fitted.margin(&observed.rows[row * width..(row + 1) * width]);
            let of_part = |part: u64| cases.iter().filter(move |case| case.part == part);
            let calibrate_on = of_part(next).flat_map(|case| case.drawn_rows(observed));
            let (values, targets): (Vec<f64>, Vec<bool>) =
                calibrate_on.map(|(row, target)| (margin_of(row), target)).unzip();
            let test = of_part(part).flat_map(|case| case.rows(observed));
            let test: Vec<(usize, f64)> = test.map(|(row, _)| (row, margin_of(row))).collect();
            for (kind, to) in [Kind::Platt, Kind::Isotonic].into_iter().zip(&mut by_kind) {
                let calibration = kind.fit(&values, &targets)?;
                test.iter().for_each(|(row, m)| to[*row] = calibration.probability(*m));
            }
            test.iter().for_each(|(row, margin)| margins[*row] = *margin);
        }
        let rows: Vec<(usize, bool)> =
            cases.iter().flat_map(|case| case.drawn_rows(observed)).collect();
        let targets: Vec<bool> = rows.iter().map(|row| row.1).collect();
        let of_rows = |all: &[f64]| -> Vec<f64> { rows.iter().map(|row| all[row.0]).collect() };
        let tables = by_kind.each_ref().map(|all| Reliability::of(&of_rows(all), &targets, N_BINS));
        let errors = tables.each_ref().map(Reliability::expected_calibration_error);
        let taken = usize::from(errors[1] + SMOOTH_IS_WORTH < errors[0]);
        let [platt, isotonic] = by_kind;
        let probabilities = if taken == 0 { platt } else { isotonic };
        Ok(Self {
            kind: [Kind::Platt, Kind::Isotonic][taken],
            auc: auc(&of_rows(&margins), &targets).unwrap_or(0.5),
            outcomes: cases.iter().map(|case| outcomes(observed, case, &probabilities)).collect(),
            margins,
            reliability: tables[taken].clone(),
            error_other: errors[1 - taken],
        })
    }

    fn calibration_cases(&self, observed: &Observed, cases: &[Case]) -> (Vec<f64>, Vec<bool>) {
        let rows = cases.iter().flat_map(|case| case.drawn_rows(observed));
        rows.map(|(row, target)| (self.margins[row], target)).unzip()
    }

    /// The replays of the parts taken.
    fn outcomes<'a>(
        &'a self,
        cases: &[Case],
        takes: impl Fn(u64) -> bool,
    ) -> Vec<&'a [Option<Outcome>]> {
        let with_part = cases.iter().zip(&self.outcomes).filter(|(case, _)| takes(case.part));
        with_part.map(|(_, outcomes)| outcomes.as_slice()).collect()
    }
}

/// What each moment of a case would do.
fn outcomes(observed: &Observed, case: &Case, probabilities: &[f64]) -> Vec<Option<Outcome>> {
    let outcome = |at: &usize| {
        let moment = &observed.moments[*at];
        let (place, probability) = leader(moment.range().map(|row| probabilities[row]))
            .filter(|(place, _)| observed.moved_on[moment.first + place])?;
        let right = case.change == Some(observed.positions[moment.first + place]);
        Some(Outcome { probability, right })
    };
    case.moments.iter().map(outcome).collect()
}

/// How much stricter the share becomes that a threshold is chosen for while it is not shown to keep the bound, and how
/// often before there is none.
const STRICTER: f64 = 0.9;
const N_STEPS: i32 = 24;

/// A threshold; and links and wrong links of each part at the one that the others choose. Of these the *upper* 95 % bound
/// must keep the bound asked for, else the threshold was chosen too close to it, and is chosen again for a smaller share:
/// a rate that only happens to be small in one sample is not shown to be small.
fn settle_on(held_out: &HeldOut, cases: &[Case], options: &TrainOptions) -> (Choice, (u64, u64)) {
    let choose_for = |wrong_max| {
        let options = TrainOptions { wrong_max, ..*options };
        let foreign = (0..N_PARTS).map(|part| {
            let chosen = choose(&held_out.outcomes(cases, |p| p != part), &options);
            figures_at(&held_out.outcomes(cases, |p| p == part), chosen.threshold)
        });
        let foreign = foreign.fold((0, 0), |sum, found| (sum.0 + found.0, sum.1 + found.1));
        (choose(&held_out.outcomes(cases, |_| true), &options), foreign)
    };
    let (mut choice, foreign) = choose_for(options.wrong_max);
    let keeps = |(links, wrong)| Share::of(wrong, links).upper <= options.wrong_max;
    if !choice.safe || keeps(foreign) {
        return (choice, foreign);
    }
    let mut stricter = (1..=N_STEPS).map(|n| choose_for(options.wrong_max * STRICTER.powi(n)));
    stricter.find(|(choice, foreign)| choice.safe && keeps(*foreign)).unwrap_or_else(|| {
        choice.safe = false;
        choice.why_not = "no threshold keeps its bound on clusters it was not chosen on".to_owned();
        (choice, foreign)
    })
}

/// All figures but the seed and the number of clusters.
fn figures(
    observed: &Observed,
    cases: &[Case],
    held_out: &HeldOut,
    choice: &Choice,
    foreign: (u64, u64),
) -> ModelFigures {
    let (mut n_outputs, mut n_positives) = (0, 0);
    for (outputs, positives) in cases.iter().map(|case| case.n_outputs(observed)) {
        n_outputs += outputs;
        n_positives += positives;
    }
    let n_negatives = n_outputs - n_positives;
    let moments = || cases.iter().flat_map(|case| &case.moments).map(|at| &observed.moments[*at]);
    let link_figures =
        |(n_links, n_wrong)| LinkFigures::of(n_links, n_wrong, n_positives, n_negatives);
    ModelFigures {
        seed: 0,
        height_first: moments().map(|moment| moment.tx_height.get()).min().unwrap_or(0),
        height_last: moments().map(|moment| moment.height.get()).max().unwrap_or(0),
        n_transactions: cases.len() as u64,
        n_clusters: 0,
        n_positives,
        n_negatives,
        auc: held_out.auc,
        calibration_error: held_out.reliability.expected_calibration_error(),
        calibration_error_other: held_out.error_other,
        no_threshold_because: choice.why_not.clone(),
        at_threshold: link_figures((choice.n_links, choice.n_wrong)),
        at_foreign_threshold: link_figures(foreign),
        reliability: held_out.reliability.clone(),
        rules: rule_figures(
            observed,
            cases.iter().map(|c| (c.moments[c.moments.len() - 1], c.change)),
        ),
    }
}

/// How often each rule alone speaks and is right, at the last moment of every transaction of which the truth is told;
/// in the order of [`RULES`].
pub fn measure_rules(observed: &Observed, truths: &[Truth]) -> Vec<RuleFigures> {
    let cases = cases(observed, truths, 0);
    rule_figures(observed, cases.iter().map(|c| (c.moments[c.moments.len() - 1], c.change)))
}

fn rule_figures(
    observed: &Observed,
    lasts: impl Iterator<Item = (usize, Option<u32>)> + Clone,
) -> Vec<RuleFigures> {
    let of_rule = |at: usize| {
        let mut figures = RuleFigures { rule: RULES[at].name.to_owned(), ..Default::default() };
        for (moment, change) in lasts.clone() {
            for row in observed.moments[moment].range() {
                let is_change = change == Some(observed.positions[row]);
                figures.n_outputs += 1;
                match observed.verdicts[row].get(at) {
                    Verdict::For => {
                        figures.n_for += 1;
                        figures.n_for_right += u64::from(is_change);
                    }
                    Verdict::Against => {
                        figures.n_against += 1;
                        figures.n_against_right += u64::from(!is_change);
                    }
                    Verdict::NoInformation => {}
                }
            }
        }
        figures
    };
    (0..RULES.len()).map(of_rule).collect()
}
