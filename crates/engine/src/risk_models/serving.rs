//! What a published model says of clusters.
//!
//! In: rows of `forensics::risk_features`, many clusters at once. Out: calibrated probabilities in parts per million, and the
//! reasons of those that count, in words with their contributions to the margin.
//! A probability depends on its own row alone, so neither the cut into parts nor the number of threads changes it.

use std::fmt::Write;

use forensics::patterns::DETECTORS;
use forensics::risk_features::{RiskColumns, RiskFacts};
use forensics::score::{ModelScore, Profile};
use learn::automl::{Model, Reason};
use learn::{Column, Frame, Task, Values};
use ledger::{ClusterFeatures, ClusterId, EntityId, Exposure, PatternMatch, ProximityRow};
use rayon::prelude::*;
use store::Snapshot;

use super::log::{RiskModelLog, package};
use super::publish::not_in_force;
use crate::Error;
use crate::stages::of_cluster;

/// Clusters that are asked about at once.
const ROWS: usize = 8_192;
/// Reasons that are told; the others are one sum.
const REASONS: usize = 5;

/// The features that models of clusters learn from.
pub(crate) fn risk_columns() -> RiskColumns {
    RiskColumns::new(DETECTORS.iter().map(|row| (row.number, row.name)))
}

/// A model in force.
pub(crate) struct RiskModel {
    model: Model,
    columns: RiskColumns,
    /// Places of the columns that the model reads.
    needed: Vec<usize>,
    name: String,
    version: String,
    /// Below it nothing is added.
    from_ppm: u32,
}

/// What a model says of one cluster.
pub(crate) struct Modelled {
    pub(crate) cluster: ClusterId,
    pub(crate) probability_ppm: u32,
    pub(crate) reasons: String,
}

/// Rows of every cluster, each table by cluster.
pub(crate) struct AllFacts<'a> {
    pub(crate) behavior: &'a [ClusterFeatures],
    pub(crate) held: &'a [(ClusterId, EntityId)],
    pub(crate) exposures: &'a [Exposure],
    pub(crate) proximities: &'a [ProximityRow],
    pub(crate) patterns: &'a [PatternMatch],
}

impl<'a> AllFacts<'a> {
    pub(crate) fn of(&self, behavior: &'a ClusterFeatures) -> RiskFacts<'a> {
        let cluster = behavior.cluster;
        let held = self.held.binary_search_by_key(&cluster, |row| row.0);
        RiskFacts {
            behavior,
            held_by: held.ok().map(|at| self.held[at].1),
            exposures: of_cluster(self.exposures, cluster, |row| row.cluster),
            proximities: of_cluster(self.proximities, cluster, |row| row.cluster),
            patterns: of_cluster(self.patterns, cluster, |row| row.cluster),
        }
    }
}

/// Whether a model can be asked about clusters.
pub(super) fn check_schema(model: &Model) -> Result<(), Error> {
    let fault =
        |what: String, hint: &str| Err(Error::Question { what, hint: Some(hint.to_owned()) });
    if model.task() != Task::Binary {
        return fault(
            format!("the model predicts {:?}, a score needs one of two classes", model.task()),
            "train it on a target such as is_fraud or is_listed of `tracehound model table`",
        );
    }
    let columns = risk_columns();
    for (name, kind) in model.schema() {
        if !columns.columns().iter().any(|column| column.name == name) {
            return fault(
                format!("the model reads column {name:?}, which is no feature of clusters"),
                "train it on a table of `tracehound model table --level cluster`",
            );
        }
        if kind != "numbers" {
            return fault(
                format!("the model learned column {name:?} as {kind}, it is served numbers"),
                "write the table as .parquet or .arrow, which keep the kinds of columns",
            );
        }
    }
    Ok(())
}

impl RiskModel {
    /// The model that a profile counts; `None` if it counts none, or that one was withdrawn.
    pub(crate) fn of_profile(
        snapshot: &Snapshot,
        profile: &Profile,
    ) -> Result<Option<Self>, Error> {
        let Some((name, from_ppm)) = profile.model() else { return Ok(None) };
        let log = RiskModelLog::open(snapshot)?;
        let Some(event) = log.in_force(name) else { return Ok(None) };
        let (model, _) = Model::from_bytes(&package(snapshot, &event.sha256)?)?;
        let columns = risk_columns();
        let place = |name: &str| columns.columns().iter().position(|column| column.name == name);
        let needed = model.schema().into_iter().filter_map(|(name, _)| place(name)).collect();
        let digits = event.sha256.get(..8).unwrap_or_default();
        Ok(Some(Self {
            needed,
            model,
            columns,
            name: name.to_owned(),
            version: format!("{} ({digits})", event.version),
            from_ppm,
        }))
    }

    /// Refuses a profile that counts a model which is not in force.
    pub(crate) fn check_profile(snapshot: &Snapshot, profile: &Profile) -> Result<(), Error> {
        let Some((name, _)) = profile.model() else { return Ok(()) };
        let log = RiskModelLog::open(snapshot)?;
        match log.in_force(name) {
            Some(_) => Ok(()),
            None => Err(not_in_force(name, &log)),
        }
    }

    /// The name that profiles call it by.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn columns(&self) -> &RiskColumns {
        &self.columns
    }

    /// What it says, without what it would say otherwise.
    pub(crate) fn score<'a>(&'a self, probability_ppm: u32, reasons: &'a str) -> ModelScore<'a> {
        ModelScore {
            name: &self.name,
            version: &self.version,
            probability_ppm,
            reasons,
            after: &[],
        }
    }

    /// Probabilities of rows of all columns, in parts per million.
    pub(crate) fn probabilities(&self, rows: &[Vec<f64>]) -> Result<Vec<u32>, Error> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let predicted = self.model.predict(&self.frame(rows)?)?;
        Ok(predicted.values.iter().map(|probability| ppm(*probability)).collect())
    }

    /// The clusters that it gives the least probability that counts, or more, by cluster, each with its reasons.
    pub(crate) fn scored(&self, all: &AllFacts<'_>) -> Result<Vec<Modelled>, Error> {
        let mut scored = Vec::new();
        for part in all.behavior.chunks(ROWS) {
            let row =
                |behavior: &ClusterFeatures| self.columns.row(&all.of(behavior), |_, _| false);
            let rows: Vec<Vec<f64>> = part.par_iter().map(row).collect();
            let probabilities = self.probabilities(&rows)?;
            let counts = |at: &usize| probabilities[*at] >= self.from_ppm;
            let counting: Vec<usize> = (0..part.len()).filter(counts).collect();
            let chosen: Vec<Vec<f64>> = counting.iter().map(|at| rows[*at].clone()).collect();
            for (at, reasons) in counting.into_iter().zip(self.reasons(&chosen)?) {
                let (cluster, probability_ppm) = (part[at].cluster, probabilities[at]);
                scored.push(Modelled { cluster, probability_ppm, reasons });
            }
        }
        Ok(scored)
    }

    /// Why each row gets its margin, in words; base, reasons and others add up to it.
    pub(crate) fn reasons(&self, rows: &[Vec<f64>]) -> Result<Vec<String>, Error> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let frame = self.frame(rows)?;
        let explained = self.model.explain(&frame)?;
        let reasons = self.model.reasons_of(&frame, &explained, REASONS);
        let base = explained.contributions.base[0];
        let rows = reasons.iter().zip(&explained.margins);
        Ok(rows.map(|(strongest, margin)| in_words(strongest, base, *margin)).collect())
    }

    /// The columns that the model reads, of rows of all columns.
    fn frame(&self, rows: &[Vec<f64>]) -> Result<Frame, Error> {
        let column = |at: &usize| Column {
            name: self.columns.columns()[*at].name.clone(),
            values: Values::Numbers(rows.iter().map(|row| row[*at]).collect()),
        };
        let mut columns: Vec<Column> = self.needed.iter().map(column).collect();
        if columns.is_empty() {
            // A model that learned nothing but the share of its class reads no column, but a frame has one.
            columns.extend(std::iter::once(&0).map(column));
        }
        Ok(Frame::new(columns)?)
    }
}

/// Reasons, the sum of the others, and the base: as they are shown they add up to the margin, digit by digit.
fn in_words(strongest: &[Reason], base: f64, margin: f64) -> String {
    let mut text = String::new();
    let mut others = thousandths(margin) - thousandths(base);
    for reason in strongest {
        let by = thousandths(reason.contribution);
        others -= by;
        write!(text, "{} {} ({}), ", reason.column, short(&reason.value), signed(by))
            .expect("texts take all");
    }
    let [others, base, margin] = [others, thousandths(base), thousandths(margin)].map(signed);
    write!(text, "others {others}, base {base}, margin {margin}").expect("texts take all");
    text
}

#[expect(clippy::cast_possible_truncation, reason = "margins are log-odds, far below the range")]
fn thousandths(value: f64) -> i64 {
    (value * 1e3).round() as i64
}

fn signed(thousandths: i64) -> String {
    let sign = if thousandths < 0 { '-' } else { '+' };
    let size = thousandths.unsigned_abs();
    format!("{sign}{}.{:03}", size / 1_000, size % 1_000)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0 to 1e6")]
fn ppm(probability: f64) -> u32 {
    (probability.clamp(0.0, 1.0) * 1e6).round() as u32
}

/// A number with four digits that count; other texts as they are.
fn short(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(value) if value.fract() != 0.0 => {
            let digits = usize::from(value.abs() < 1_000.0) + usize::from(value.abs() < 100.0);
            let rounded = format!("{value:.*}", digits + 2);
            rounded.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => text.to_owned(),
    }
}
