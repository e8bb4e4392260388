//! Fitting: weights of the rules, calibration, and figures on parties that neither has seen.
//!
//! In: candidates and targets. Out: a [`ResolutionModel`], or why the data do not carry one.
//! 1. Parties (not pairs) are dealt to four quarters by a hash of the seed, which take turns: two to fit, one to calibrate, one
//!    to test, so that every party is held out. The weights that are served are fitted to all, and calibrated on the margins
//!    held out in all turns: the line of one quarter alone hangs on the luck of some parties. A pair counts where both of its parties are in one split. Of same-owner pairs, which have one party, a
//!    split of share s keeps s; of the others s². So the others weigh 1 / s more: weights are for the candidate population.
//!    Pairs between the first and the second split calibrate, too: few parties are in most pairs of two owners (services),
//!    and a second split without them would calibrate for people only. The third split shares no party with either.
//! 2. Logistic regression with ridge. Of pairs not shown, no more than `negatives_per_positive` for each one shown are
//!    drawn, and weigh the inverse of the share that was drawn (prior correction).
//! 3. A line from margin to log-odds on the second split, all of its pairs, allowing for same-owner pairs that have not
//!    been shown (`scale`). The line is folded into the weights, so contributions add up to the log-odds.
//! 4. AUC, reliability and expected calibration error on the third split, all of its pairs, weighted as above.
//!
//! Source: King and Zeng, "Logistic Regression in Rare Events Data", 2001 (weighting); Platt 1999; Elkan and Noto 2008.
//! Departures: no isotonic calibration, although it fits closer: its steps cannot be shared out to rules.
//! Cost: O(pairs × rules²) a Newton step.
//! Checked against: worlds with known owners (`tests/it/resolution_worlds.rs`).

use learn::{LogisticOptions, LogisticRegression, auc};

use super::candidates::{Candidate, Candidates};
use super::error::ResolutionError;
use super::model::{Figures, Origin, ReliabilityRow, ResolutionModel, Shares, features};
use super::pair::Pair;
use super::profiles::Profiles;
use super::scale::{Held, line, sigmoid};
use super::truth::Target;

/// How to fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitOptions {
    /// Decides the splits and the draw; below 2^63.
    pub seed: u64,
    /// Penalty on standardized weights.
    pub ridge: f64,
    /// Pairs not shown that are drawn for each one shown, to fit the weights.
    pub negatives_per_positive: u32,
    /// Fewer pairs shown, or not shown, in any split give no model.
    pub pairs_min: u32,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self { seed: 0, ridge: 1.0, negatives_per_positive: 20, pairs_min: 30 }
    }
}

/// As many as quarters.
const N_TURNS: u64 = 4;
/// Splits in quarters: fit, fit, calibrate, test.
const SHARES: [f64; 3] = [0.5, 0.25, 0.25];
const BINS: usize = 10;

/// Fits to known pairs, or, where they are too few, to revealed ones; `ResolutionModel::origin` says which.
///
/// # Errors
/// Neither carries a model; says why of both.
///
/// # Panics
/// A target names a candidate that is not there.
pub fn fit(
    profiles: &Profiles<'_>,
    candidates: &Candidates,
    known: &[Target],
    revealed: &[Target],
    options: &FitOptions,
) -> Result<ResolutionModel, ResolutionError> {
    let of = |truth, targets| fit_to(profiles, candidates, (truth, targets), options);
    of("known", known).or_else(|known| {
        of("revealed", revealed).map_err(|revealed| {
            not_fitted(format!("known pairs: {known}; revealed pairs: {revealed}"))
        })
    })
}

/// Fits a model to targets of one kind.
fn fit_to(
    profiles: &Profiles<'_>,
    candidates: &Candidates,
    (truth, targets): (&str, &[Target]),
    options: &FitOptions,
) -> Result<ResolutionModel, ResolutionError> {
    if options.seed >> 63 != 0 {
        return Err(not_fitted("a seed must be below 2^63".to_owned()));
    }
    let shares = Shares::of(profiles);
    let row = |target: &Target| {
        pair_features(profiles, &candidates.pairs[target.candidate as usize], &shares)
    };
    let mut turned = Turned::default();
    for turn in 0..N_TURNS {
        let splits = splits(targets, options.seed, turn);
        match enough(&splits.each_ref().map(|split| counts(split)), options.pairs_min) {
            Ok(()) => turned.add(&splits, row, options)?,
            Err(error) if turn == 0 => return Err(error),
            Err(_) => {}
        }
    }
    let all: Vec<&Target> = targets.iter().collect();
    let fitted = regression(&all, |target| target.weight, row, options)?;
    let line = line(&turned.calibrated).ok_or_else(falling)?;
    let mut figures = Figures { n_train: counts(&all), ..turned.counted };
    figures.n_left_out = (targets.len() as u64).saturating_sub(figures.n_test.iter().sum());
    measure(&mut figures, &turned.tested);
    let weights: Vec<f64> = fitted.coefficients.iter().map(|weight| line.slope * weight).collect();
    let prior = line.slope * fitted.intercept + line.offset;
    let shown = targets.iter().map(|target| target.shown).fold(1.0, f64::min);
    let height = profiles.activity().height().map_or(0, ledger::Height::get);
    let origin = Origin { truth: truth.to_owned(), seed: options.seed, height, shown };
    Ok(ResolutionModel::new((prior, &weights), &shares, origin, figures))
}

/// What the turns found on parties that each held out.
#[derive(Default)]
struct Turned {
    /// Pairs with their margins, of every second split.
    calibrated: Vec<Held>,
    /// Pairs with their calibrated log-odds, of every third split.
    tested: Vec<Held>,
    counted: Figures,
}

impl Turned {
    fn add(
        &mut self,
        splits: &[Vec<&Target>; 3],
        row: impl Fn(&Target) -> Vec<f64> + Copy,
        options: &FitOptions,
    ) -> Result<(), ResolutionError> {
        let fitted = regression(&splits[0], |target| weight_of(target, 0), row, options)?;
        let held = |split: usize| -> Vec<Held> {
            let one = |target: &&Target| Held {
                margin: fitted.margin(&row(target)),
                same: target.same,
                shown: target.shown,
                weight: weight_of(target, split),
            };
            splits[split].iter().map(one).collect()
        };
        let calibrated = held(1);
        let line = line(&calibrated).ok_or_else(falling)?;
        let log_odds = |pair: Held| Held { margin: line.slope * pair.margin + line.offset, ..pair };
        self.tested.extend(held(2).into_iter().map(log_odds));
        self.calibrated.extend(calibrated);
        let (figures, found) = (&mut self.counted, [1, 2].map(|split| counts(&splits[split])));
        for (sum, found) in [&mut figures.n_calibrate, &mut figures.n_test].into_iter().zip(found) {
            sum.iter_mut().zip(found).for_each(|(sum, found)| *sum += found);
        }
        Ok(())
    }
}

/// Pairs to fit, to calibrate and to test in a turn; the rest have parties of two splits.
fn splits(targets: &[Target], seed: u64, turn: u64) -> [Vec<&Target>; 3] {
    let mut splits: [Vec<&Target>; 3] = Default::default();
    for target in targets {
        let [a, b] = target.groups.map(|group| split(seed, group, turn));
        match (a.min(b), a.max(b)) {
            (one, other) if one == other => splits[one].push(target),
            (0, 1) => splits[1].push(target),
            _ => {}
        }
    }
    splits
}

/// Pairs of one owner, and others.
fn counts(split: &[&Target]) -> [u64; 2] {
    let n_same = split.iter().filter(|target| target.same).count() as u64;
    [n_same, split.len() as u64 - n_same]
}

fn falling() -> ResolutionError {
    not_fitted("on held-out parties the probability falls where the model says it rises".to_owned())
}

pub(super) fn pair_features(
    profiles: &Profiles<'_>,
    candidate: &Candidate,
    shares: &Shares,
) -> Vec<f64> {
    let ends = [candidate.a as usize, candidate.b as usize];
    features(&Pair { profiles, ends, ties: &candidate.ties }, shares)
}

/// How many pairs of the population a pair of a split stands for, up to a factor: see 1 above.
fn weight_of(target: &Target, split: usize) -> f64 {
    let of_two = [1.0 / SHARES[0], 1.0 / (SHARES[1] + 2.0 * SHARES[0]), 1.0 / SHARES[2]];
    let dealt = if target.groups[0] == target.groups[1] { 1.0 } else { of_two[split] };
    dealt * target.weight
}

fn not_fitted(reason: String) -> ResolutionError {
    ResolutionError::NotFitted { reason }
}

fn enough(counts: &[[u64; 2]; 3], pairs_min: u32) -> Result<(), ResolutionError> {
    for (purpose, [n_same, n_other]) in
        ["to fit", "to calibrate", "to test"].into_iter().zip(*counts)
    {
        if n_same.min(n_other) < u64::from(pairs_min) {
            return Err(not_fitted(format!(
                "{n_same} pairs with one owner and {n_other} others {purpose}, and {pairs_min} of each are needed"
            )));
        }
    }
    Ok(())
}

fn regression(
    split: &[&Target],
    weight_of: impl Fn(&Target) -> f64,
    row: impl Fn(&Target) -> Vec<f64>,
    options: &FitOptions,
) -> Result<LogisticRegression, ResolutionError> {
    let n_same = split.iter().filter(|target| target.same).count();
    let n_other = split.len() - n_same;
    let n_wanted = n_same.saturating_mul(options.negatives_per_positive as usize).min(n_other);
    let mut others: Vec<&Target> = split.iter().copied().filter(|target| !target.same).collect();
    others.sort_by_key(|t| (hash(options.seed ^ 0x5eed, u64::from(t.candidate)), t.candidate));
    others.truncate(n_wanted);
    others.sort_by_key(|target| target.candidate);
    let weight_other = n_other as f64 / n_wanted as f64;
    let same = split.iter().copied().filter(|target| target.same);
    let drawn: Vec<&Target> = same.chain(others).collect();
    let rows: Vec<f64> = drawn.iter().flat_map(|target| row(target)).collect();
    let targets: Vec<bool> = drawn.iter().map(|target| target.same).collect();
    let weights =
        drawn.iter().map(|target| weight_of(target) * if target.same { 1.0 } else { weight_other });
    let weights: Vec<f64> = weights.collect();
    let logistic = LogisticOptions { ridge: options.ridge, iterations_max: 100, tolerance: 1e-9 };
    let n_columns = rows.len() / drawn.len();
    LogisticRegression::fit(&rows, n_columns, &targets, Some(&weights), &logistic)
        .map_err(|error| not_fitted(error.to_string()))
}

/// Fills in AUC, reliability and expected calibration error.
fn measure(figures: &mut Figures, held: &[Held]) {
    let margins: Vec<f64> = held.iter().map(|pair| pair.margin).collect();
    let same: Vec<bool> = held.iter().map(|pair| pair.same).collect();
    figures.auc = auc(&margins, &same).unwrap_or(0.5);
    let mut bins = [ReliabilityRow { count: 0, weight: 0.0, predicted: 0.0, observed: 0.0 }; BINS];
    for pair in held {
        let shown = pair.shown * sigmoid(pair.margin);
        let bin = &mut bins[bin_of(shown)];
        bin.count += 1;
        bin.weight += pair.weight;
        bin.predicted += pair.weight * shown;
        bin.observed += if pair.same { pair.weight } else { 0.0 };
    }
    let total: f64 = bins.iter().map(|bin| bin.weight).sum();
    let off: f64 = bins.iter().map(|bin| (bin.predicted - bin.observed).abs()).sum();
    figures.expected_calibration_error = off / total;
    figures.reliability = bins.into_iter().filter(|bin| bin.count > 0).collect();
    for bin in &mut figures.reliability {
        bin.predicted /= bin.weight;
        bin.observed /= bin.weight;
    }
}

fn bin_of(probability: f64) -> usize {
    let edges = 1..BINS;
    edges.filter(|edge| probability >= *edge as f64 / BINS as f64).count()
}

/// The split of a party in a turn: two quarters to fit, one to calibrate, one to test.
fn split(seed: u64, group: u32, turn: u64) -> usize {
    match (hash(seed, u64::from(group)) % N_TURNS + turn) % N_TURNS {
        0 | 1 => 0,
        2 => 1,
        _ => 2,
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014) of both.
pub(super) fn hash(seed: u64, value: u64) -> u64 {
    let mut z = seed.wrapping_add(value.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
