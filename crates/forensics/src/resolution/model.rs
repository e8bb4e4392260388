//! The fitted model: weights by name, the population's shares, calibration, and the figures it was measured with.
//!
//! In and out: a text (TOML) that is stored as it is; `from_text(to_text)` is the same model, and the version is a
//! digest of the text, so a suggestion can always name exactly what made it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::ResolutionError;
use super::pair::Pair;
use super::profiles::Profiles;
use super::rules::{Measure, agreement, habits, rules, slots};

/// The form of the text; another one is refused.
const FORMAT: u32 = 1;

/// What one rule weighs, in log-odds for each unit of its number, after calibration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleWeight {
    /// The rule.
    pub name: String,
    /// Log-odds (natural) a unit.
    pub weight: f64,
}

/// One row of the reliability table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReliabilityRow {
    /// Pairs of the held-out sample.
    pub count: u64,
    /// Pairs of the candidate population that they stand for.
    pub weight: f64,
    /// Mean of the predicted probability of being shown, 0 to 1.
    pub predicted: f64,
    /// Share that was shown, 0 to 1.
    pub observed: f64,
}

/// How the model did on parties that it had not seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Pairs that fitted the weights: one owner, and not shown.
    pub n_train: [u64; 2],
    /// Pairs that calibrated, over all turns.
    pub n_calibrate: [u64; 2],
    /// Pairs that gave the figures below, over all turns.
    pub n_test: [u64; 2],
    /// Pairs whose two parties are of two quarters, which tested nothing.
    pub n_left_out: u64,
    /// Chance that a same-owner pair ranks above another, 0 to 1.
    pub auc: f64,
    /// Expected calibration error over the candidate population, 0 to 1.
    pub expected_calibration_error: f64,
    /// Ten bins of equal width; empty ones are left out.
    pub reliability: Vec<ReliabilityRow>,
}

/// What a model was fitted to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// `known` (entities) or `revealed` (later co-spending).
    pub truth: String,
    /// The seed of the split.
    pub seed: u64,
    /// The last block whose transactions were features.
    pub height: u32,
    /// The smallest share of same-owner pairs that was expected to be shown. Revealed and 1: a probability is that of being
    /// shown, a lower bound.
    pub shown: f64,
}

/// A fitted, calibrated model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolutionModel {
    format: u32,
    /// What it was fitted to.
    pub origin: Origin,
    /// Log-odds of a candidate of which no rule knows anything.
    pub prior: f64,
    /// By order of the registry.
    pub weights: Vec<RuleWeight>,
    /// Shares of the classes of each habit in the population, each adding up to 1.
    pub shares: BTreeMap<String, Vec<f64>>,
    /// Measured on held-out parties.
    pub figures: Figures,
}

impl ResolutionModel {
    pub(super) fn new(
        (prior, weights): (f64, &[f64]),
        shares: &Shares,
        origin: Origin,
        figures: Figures,
    ) -> Self {
        let weights = rules().zip(weights);
        let weights =
            weights.map(|(rule, &weight)| RuleWeight { name: rule.name.to_owned(), weight });
        let slots = slots();
        let named = habits().zip(slots.windows(2).map(|pair| shares.0[pair[0]..pair[1]].to_vec()));
        let shares = named.map(|((name, _), shares)| (name.to_owned(), shares)).collect();
        Self { format: FORMAT, origin, prior, weights: weights.collect(), shares, figures }
    }

    /// The stored text.
    ///
    /// # Panics
    /// A seed is above 2^63, which TOML cannot write; [`super::fit`] refuses those.
    pub fn to_text(&self) -> String {
        toml::to_string(self).expect("plain numbers, names and lists")
    }

    /// The model of a stored text.
    ///
    /// # Errors
    /// It is no such text, of another form, names an unknown rule, or holds a number that cannot be.
    pub fn from_text(text: &str) -> Result<Self, ResolutionError> {
        let bad = |reason: String| ResolutionError::Model { reason };
        let model: Self = toml::from_str(text).map_err(|error| bad(error.message().to_owned()))?;
        if model.format != FORMAT {
            return Err(bad(format!(
                "its form is {}, and this version reads {FORMAT}",
                model.format
            )));
        }
        let names: Vec<&str> = model.weights.iter().map(|weight| weight.name.as_str()).collect();
        let known: Vec<&str> = rules().map(|rule| rule.name).collect();
        if names != known {
            return Err(bad("its rules are not those of this version".to_owned()));
        }
        let numbers = model
            .weights
            .iter()
            .map(|weight| weight.weight)
            .chain([model.prior, model.origin.shown]);
        let is_share = model.origin.shown > 0.0 && model.origin.shown <= 1.0;
        if !numbers.clone().all(f64::is_finite) || !is_share {
            return Err(bad("a weight is not a number".to_owned()));
        }
        model.positional()?;
        Ok(model)
    }

    /// A digest of the text (FNV-1a, 64 bits, hexadecimal): it tells models apart and protects nothing.
    pub fn version(&self) -> String {
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        format!("{:016x}", self.to_text().bytes().fold(0xcbf2_9ce4_8422_2325, step))
    }

    /// Shares by place, as the rules want them.
    pub(super) fn positional(&self) -> Result<Shares, ResolutionError> {
        let mut shares = Vec::new();
        for (name, habit) in habits() {
            let own = self.shares.get(name).filter(|own| own.len() == usize::from(habit.n_classes));
            let own = own.filter(|own| own.iter().all(|share| share.is_finite() && *share > 0.0));
            shares.extend(own.ok_or_else(|| ResolutionError::Model {
                reason: format!("it has no valid shares of {name}"),
            })?);
        }
        Ok(Shares(shares))
    }

    /// What each rule adds to the log-odds of a pair, the prior first; rules that add nothing are left out.
    pub(super) fn contributions(&self, features: &[f64]) -> Vec<(&'static str, f64)> {
        let parts = rules().zip(&self.weights).zip(features);
        let parts = parts.map(|((rule, weight), value)| (rule.name, weight.weight * value));
        let parts = parts.filter(|(_, log_odds)| *log_odds != 0.0);
        std::iter::once(("prior", self.prior)).chain(parts).collect()
    }
}

/// Shares of every class of every habit in the population, by place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shares(Vec<f64>);

impl Shares {
    /// A vote a cluster, so that one service does not speak for all; half a vote for what nobody does.
    pub(super) fn of(profiles: &Profiles<'_>) -> Self {
        let slots = slots();
        let mut shares = Vec::new();
        for pair in slots.windows(2) {
            let n_classes = pair[1] - pair[0];
            let mut votes = vec![0.5 / n_classes as f64; n_classes];
            for profile in profiles.all() {
                let histogram = profile.histogram(pair[0], pair[1]);
                let total: f64 = histogram.iter().sum();
                if total > 0.0 {
                    votes
                        .iter_mut()
                        .zip(&histogram)
                        .for_each(|(vote, count)| *vote += count / total);
                }
            }
            let total: f64 = votes.iter().sum();
            shares.extend(votes.iter().map(|vote| vote / total));
        }
        Self(shares)
    }
}

/// The number of every rule for a pair, in order of the registry.
pub(super) fn features(pair: &Pair<'_>, shares: &Shares) -> Vec<f64> {
    let slots = slots();
    let mut places = slots.windows(2);
    let [a, b] = pair.ends.map(|end| &pair.profiles.all()[end]);
    let value = |rule: &super::rules::Rule| match rule.measure {
        Measure::Tie(value) => value(pair),
        Measure::Habit(habit) => {
            let place = places.next().expect("one a habit");
            let (from, to) = (place[0], place[1]);
            let histograms = (a.histogram(from, to), b.histogram(from, to));
            agreement(&histograms.0, &histograms.1, &shares.0[from..to], habit.concentration)
        }
    };
    rules().map(value).collect()
}
