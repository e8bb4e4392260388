//! A fitted model of change: log-odds an output, a part a rule.
//!
//! In: a record. Out: the probability of each output, and the parts that its log-odds consist of.
//! Log-odds are `base + Σ part of a rule + amounts and shape`, added in the order of [`Judgement::parts`], so that the
//! parts that are shown add up to the last bit; the probability is the calibration's of that sum.
//! The text form is TOML; its version is a hash of all the rest, so equal data and seed give an equal version.
//! Cost: O(columns) an output. Checked against: `learn`'s own margin, and the text's round trip (`tests/it/change.rs`).

use learn::{Calibration, Reliability};
use ledger::AddressId;
use serde::{Deserialize, Serialize};

use super::columns::{n_rule_columns, names, push_row};
use super::error::ChangeError;
use super::record::{OutputRecord, Record, verdict};
use super::rules::in_model;
use super::state::NEAR;
use super::verdict::Verdict;

/// A fitted model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeModel {
    /// A hash of everything else.
    pub(super) version: String,
    /// A link is made from this probability on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) threshold: Option<f64>,
    /// Log-odds of an output of which nothing speaks.
    pub(super) intercept: f64,
    /// Log-odds a unit of `spent`: fitted, so that having been spent at all teaches nothing, and not served.
    pub(super) spent_not_served: f64,
    /// Names of the columns that are served.
    pub(super) columns: Vec<String>,
    /// Log-odds a unit of each.
    pub(super) coefficients: Vec<f64>,
    /// From log-odds to probability.
    pub(super) calibration: Calibration,
    /// What it was fitted to and how right it is.
    pub(super) figures: ModelFigures,
}

/// What a model was fitted to and how right it was on data held out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFigures {
    /// The seed of the split.
    pub seed: u64,
    /// Lowest height of a transaction fitted to.
    pub height_first: u32,
    /// Highest height of a moment fitted to.
    pub height_last: u32,
    /// Transactions with known change.
    pub n_transactions: u64,
    /// Clusters that paid for them; a cluster is on one side of every split.
    pub n_clusters: u64,
    /// Outputs that are change; one a transaction at most.
    pub n_positives: u64,
    /// Other outputs.
    pub n_negatives: u64,
    /// Area under the receiver operating characteristic, held out, over the outputs of one moment of every
    /// transaction.
    pub auc: f64,
    /// Expected calibration error, held out, over the outputs of one moment of every
    /// transaction, 0 to 1.
    pub calibration_error: f64,
    /// The same of the calibration that was not taken.
    pub calibration_error_other: f64,
    /// Why there is no threshold; empty if there is one.
    pub no_threshold_because: String,
    /// At the threshold, or else at the one with the fewest wrong links: chosen on the data that it is measured on.
    pub at_threshold: LinkFigures,
    /// Each quarter at the threshold that the other three chose: not chosen on what it is measured on.
    pub at_foreign_threshold: LinkFigures,
    /// Stated against observed, held out.
    pub reliability: Reliability,
    /// Each rule alone, at the last moment of every transaction.
    pub rules: Vec<RuleFigures>,
}

/// How right links were.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkFigures {
    /// Links made.
    pub n_links: u64,
    /// Of them wrong.
    pub n_wrong: u64,
    /// Outputs that are not change.
    pub n_negatives: u64,
    /// Outputs that are.
    pub n_positives: u64,
    /// Wrong links a negative, and bounds that hold it with 95 %.
    pub false_positive_rate: Share,
    /// Wrong links a link: 1 less the precision.
    pub wrong_share: Share,
    /// Right links a positive.
    pub recall: Share,
}

/// A share with the bounds of Clopper and Pearson at 95 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// As measured; 0 of nothing.
    pub measured: f64,
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
}

impl Share {
    /// So many of so many.
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    pub fn of(part: u64, whole: u64) -> Self {
        if whole == 0 {
            return Self { measured: 0.0, lower: 0.0, upper: 1.0 };
        }
        let (lower, upper) = learn::proportion_bounds(part, whole, 0.95);
        Self { measured: part as f64 / whole as f64, lower, upper }
    }
}

/// How often a rule alone speaks, and how often it is right.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFigures {
    /// The rule.
    pub rule: String,
    /// Outputs looked at.
    pub n_outputs: u64,
    /// Outputs of which it says that they are change, and how many are.
    pub n_for: u64,
    /// How many of them are change.
    pub n_for_right: u64,
    /// Outputs of which it says that they are not.
    pub n_against: u64,
    /// How many of them are not.
    pub n_against_right: u64,
}

/// What the model says of one output.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Position among the transaction's outputs.
    pub position: u32,
    /// Whom it pays.
    pub address: AddressId,
    /// That it is change, 0 to 1.
    pub probability: f64,
    /// What the probability is of: the base and all parts, added in order.
    pub log_odds: f64,
    /// Log-odds where nothing speaks.
    pub base: f64,
    /// In order of the rules; the last is `amounts_and_shape`.
    pub parts: Vec<Part>,
}

/// The part of one rule in the log-odds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// The rule's name.
    pub rule: &'static str,
    /// Its family, `C0` to `C7`; `shape` for amounts and shape.
    pub family: &'static str,
    /// What the rule says alone.
    pub verdict: Verdict,
    /// What it adds.
    pub log_odds: f64,
}

impl ChangeModel {
    /// The version, 16 hexadecimal digits.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The probability from which on links are made; `None` if the data could not show one to be safe.
    pub fn threshold(&self) -> Option<f64> {
        self.threshold
    }

    /// What it was fitted to and how right it was.
    pub fn figures(&self) -> &ModelFigures {
        &self.figures
    }

    /// Names and coefficients of the columns.
    pub fn coefficients(&self) -> impl Iterator<Item = (&str, f64)> {
        self.columns.iter().map(String::as_str).zip(self.coefficients.iter().copied())
    }

    /// The same model with another threshold, and so another version.
    ///
    /// # Errors
    /// The threshold is not between 0 and 1.
    pub fn with_threshold(mut self, threshold: f64) -> Result<Self, ChangeError> {
        self.threshold = Some(threshold);
        self.check()?;
        Ok(self.named())
    }

    /// Parts a rule, then amounts and shape; the order in which they are added.
    fn parts_of_row<'a>(&'a self, row: &'a [f32]) -> impl Iterator<Item = f64> + 'a {
        let (rules, shape) = self.coefficients.split_at(n_rule_columns());
        let product = |(c, x): (&f64, &f32)| c * f64::from(*x);
        let of_rules = rules.chunks(2).zip(row.chunks(2));
        let of_rules = of_rules.map(move |(c, x)| c.iter().zip(x).map(product).sum());
        let of_shape = shape.iter().zip(&row[n_rule_columns()..]).map(product).sum();
        of_rules.chain([of_shape])
    }

    /// The log-odds of a row of [`names`].
    pub(super) fn log_odds(&self, row: &[f32]) -> f64 {
        self.parts_of_row(row).fold(self.intercept, |sum, part| sum + part)
    }

    /// The output that reaches the threshold while no other is near, once it moved on, with its probability.
    pub(super) fn decide(&self, record: &Record, outputs: &[OutputRecord]) -> Option<(usize, f64)> {
        let threshold = self.threshold?;
        let mut row = Vec::with_capacity(self.coefficients.len() + 1);
        let probabilities = (0..outputs.len()).map(|place| {
            row.clear();
            push_row(record, outputs, place, &mut row);
            self.calibration.probability(self.log_odds(&row))
        });
        leader(probabilities)
            .filter(|(place, _)| outputs[*place].moved_on())
            .filter(|(_, probability)| *probability >= threshold)
    }

    pub(super) fn judgements(&self, record: &Record, outputs: &[OutputRecord]) -> Vec<Judgement> {
        (0..outputs.len()).map(|place| self.judgement(record, outputs, place)).collect()
    }

    fn judgement(&self, record: &Record, outputs: &[OutputRecord], place: usize) -> Judgement {
        let mut row = Vec::new();
        push_row(record, outputs, place, &mut row);
        let rules = in_model()
            .map(|(at, rule)| (rule.name, rule.family, verdict(at, record, outputs, place)));
        let named = rules.chain([("amounts_and_shape", "shape", Verdict::NoInformation)]);
        let parts = named.zip(self.parts_of_row(&row));
        let parts: Vec<Part> = parts
            .map(|((rule, family, verdict), log_odds)| Part { rule, family, verdict, log_odds })
            .collect();
        let log_odds = parts.iter().fold(self.intercept, |sum, part| sum + part.log_odds);
        Judgement {
            position: outputs[place].position,
            address: outputs[place].address,
            probability: self.calibration.probability(log_odds),
            log_odds,
            base: self.intercept,
            parts,
        }
    }

    /// The text form.
    pub fn to_text(&self) -> String {
        toml::to_string(self).expect("names, numbers and lists are TOML")
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// It is no such text, was changed since it was written, or is of other rules.
    pub fn from_text(text: &str) -> Result<Self, ChangeError> {
        let what = |error: toml::de::Error| ChangeError::Text { what: error.message().to_owned() };
        let table: toml::Table = toml::from_str(text).map_err(what)?;
        check_calibration(&table)?;
        let model: Self = toml::from_str(text).map_err(what)?;
        model.check()?;
        let (found, stated) = (model.clone().named().version, model.version.clone());
        if found == stated { Ok(model) } else { Err(ChangeError::Version { found, stated }) }
    }

    /// With its version computed.
    pub(super) fn named(mut self) -> Self {
        self.version = String::new();
        // FNV-1a: a name, not a seal; whoever can write the store can write both.
        let hash = self.to_text().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        self.version = format!("{hash:016x}");
        self
    }

    fn check(&self) -> Result<(), ChangeError> {
        let mut expected = names();
        expected.pop();
        let n = expected.len().max(self.columns.len());
        for at in 0..n {
            let name = |names: &[String]| names.get(at).cloned().unwrap_or_default();
            let (found, expected) = (name(&self.columns), name(&expected));
            if found != expected {
                return Err(ChangeError::Column { found, expected });
            }
        }
        let bad = |what: &str| Err(ChangeError::Text { what: what.to_owned() });
        if self.coefficients.len() != self.columns.len() {
            return bad("as many coefficients as columns are needed");
        }
        let numbers = self.coefficients.iter().chain([&self.intercept]);
        if !numbers.into_iter().all(|number| number.is_finite() && number.abs() < 1e6) {
            return bad("a coefficient is not a number");
        }
        if self.threshold.is_some_and(|p| !(p > 0.0 && p <= 1.0)) {
            return bad("the threshold is no probability");
        }
        Ok(())
    }
}

/// The most probable output, if no other is near.
pub(super) fn leader(probabilities: impl Iterator<Item = f64>) -> Option<(usize, f64)> {
    let (mut best, mut second) = (None, 0.0_f64);
    for (place, probability) in probabilities.enumerate() {
        match best {
            Some((_, highest)) if probability <= highest => second = second.max(probability),
            _ => {
                second = second.max(best.map_or(0.0, |(_, highest)| highest));
                best = Some((place, probability));
            }
        }
    }
    best.filter(|_| second < NEAR)
}

/// A calibration is read as it stands, so its parts are looked at before: steps must ascend and be probabilities.
fn check_calibration(table: &toml::Table) -> Result<(), ChangeError> {
    let bad = || ChangeError::Text { what: "the calibration is not monotone".to_owned() };
    let calibration = table.get("calibration").and_then(toml::Value::as_table).ok_or_else(bad)?;
    let numbers = |value: Option<&toml::Value>| -> Option<Vec<f64>> {
        value?.as_array()?.iter().map(toml::Value::as_float).collect()
    };
    let number = |table: &toml::Table, name| table.get(name).and_then(toml::Value::as_float);
    let fits = if let Some(steps) = calibration.get("Isotonic").and_then(toml::Value::as_table) {
        let (margins, shares) =
            (numbers(steps.get("margins")), numbers(steps.get("probabilities")));
        margins.zip(shares).is_some_and(|(margins, shares)| {
            !margins.is_empty()
                && margins.len() == shares.len()
                && margins.iter().all(|margin| margin.is_finite())
                && margins.is_sorted_by(|a, b| a < b)
                && shares.iter().all(|share| (0.0..=1.0).contains(share))
                && shares.is_sorted()
        })
    } else if let Some(platt) = calibration.get("Platt").and_then(toml::Value::as_table) {
        let (slope, intercept) = (number(platt, "slope"), number(platt, "intercept"));
        slope.is_some_and(|slope| slope >= 0.0 && slope.is_finite())
            && intercept.is_some_and(f64::is_finite)
    } else {
        false
    };
    if fits { Ok(()) } else { Err(bad()) }
}
