//! Publishing and withdrawing models.

use learn::automl::Model;
use ledger::{RiskModelEvent, RiskModelEventKind, Timestamp, tables};
use serde::Serialize;

use super::log::RiskModelLog;
use super::serving::check_schema;
use crate::layout::{self, SHARED};
use crate::ownership::{checked_author, checked_reason};
use crate::stages::profile;
use crate::tabular::hash;
use crate::view::View;
use crate::{Engine, Error, did_you_mean};

/// Bytes of a package, at most: the log is read whole where it is merged.
const PACKAGE_BYTES_MAX: usize = 1 << 29;
/// Longest name: it stands in every term.
const NAME_MAX: usize = 64;

/// What publishing or withdrawing did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelPublished {
    /// The model as it is now.
    pub model: PublishedModel,
    /// Whether anything changed: the same package again does not.
    pub changed: bool,
    /// What must be done for it to count; empty if the next run is enough.
    pub to_do: String,
    /// The snapshot that was written.
    pub snapshot: String,
}

/// A model in the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PublishedModel {
    /// The name that a profile calls it by.
    pub name: String,
    /// Versions of a name count from 1.
    pub version: u32,
    /// SHA-256 of the package.
    pub sha256: String,
    /// Whether it is in force.
    pub in_force: bool,
    /// Whether the profile in force adds what it says to scores.
    pub counts: bool,
    /// What happened last.
    pub event: RiskModelEventKind,
    /// Why.
    pub reason: String,
    /// Who.
    pub author: String,
    /// When.
    pub at_s: Timestamp,
}

/// Every event of the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PublishedModels {
    /// The latest first.
    pub models: Vec<PublishedModel>,
    /// The snapshot that answers.
    pub snapshot: String,
}

impl Engine {
    /// Puts a model's package into the store under a name (its own where none is given), in place of the version before.
    ///
    /// # Errors
    /// The bytes are no model of two classes over columns of `tracehound model table`, or name, reason or author are not
    /// right.
    pub fn publish_model(
        &self,
        package: &[u8],
        name: Option<&str>,
        (reason, author): (&str, &str),
        now: Timestamp,
    ) -> Result<ModelPublished, Error> {
        let (reason, author) = (checked_reason(reason)?, checked_author(author)?);
        if package.len() > PACKAGE_BYTES_MAX {
            return Err(Error::Full { what: "bytes of a model", limit: PACKAGE_BYTES_MAX as u64 });
        }
        let (model, manifest) = Model::from_bytes(package)?;
        check_schema(&model)?;
        let name = checked_name(name.unwrap_or(&manifest.name))?;
        let sha256 = hash(package);
        let mut writer = self.store.writer()?;
        let snapshot = writer.snapshot();
        let log = RiskModelLog::open(&snapshot)?;
        if let Some(same) = log.in_force(name).filter(|event| event.sha256 == sha256) {
            let counting = counting(&snapshot, &self.config().money.currency)?;
            return Ok(told(same, true, counting.as_deref(), false, snapshot.id().to_string()));
        }
        let event = RiskModelEvent {
            kind: RiskModelEventKind::Published,
            name: name.to_owned(),
            version: log.last(name).map_or(1, |last| last.version + 1),
            reason: reason.to_owned(),
            author: author.to_owned(),
            at: now,
            sha256,
        };
        // A version that was withdrawn may come back: its bytes are there already.
        let is_held = log.0.iter().any(|other| other.sha256 == event.sha256);
        let row = (event, (!is_held).then_some(package));
        let id = append(self, &mut writer, &row, "model publish")?;
        let counting = counting(&snapshot, &self.config().money.currency)?;
        Ok(told(&row.0, true, counting.as_deref(), true, id))
    }

    /// Takes a model out of scores from the next run on; its package stays.
    ///
    /// # Errors
    /// No model of that name is in force, or reason or author are empty.
    pub fn withdraw_model(
        &self,
        name: &str,
        (reason, author): (&str, &str),
        now: Timestamp,
    ) -> Result<ModelPublished, Error> {
        let (reason, author) = (checked_reason(reason)?, checked_author(author)?);
        let mut writer = self.store.writer()?;
        let snapshot = writer.snapshot();
        let log = RiskModelLog::open(&snapshot)?;
        let Some(held) = log.in_force(name) else {
            return Err(not_in_force(name, &log));
        };
        let event = RiskModelEvent {
            kind: RiskModelEventKind::Withdrawn,
            reason: reason.to_owned(),
            author: author.to_owned(),
            at: now,
            ..held.clone()
        };
        let row = (event, None);
        let id = append(self, &mut writer, &row, "model withdraw")?;
        let counting = counting(&snapshot, &self.config().money.currency)?;
        Ok(told(&row.0, false, counting.as_deref(), true, id))
    }
}

impl View {
    /// Every model that was published or withdrawn, the latest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn published_models(&self) -> Result<PublishedModels, Error> {
        let log = RiskModelLog::open(&self.snapshot)?;
        let counting = counting(&self.snapshot, &self.config.money.currency)?;
        let row = |event: &RiskModelEvent| {
            let in_force = log.in_force(&event.name) == Some(event);
            model(event, in_force, counting.as_deref())
        };
        let models = log.0.iter().rev().map(row).collect();
        Ok(PublishedModels { models, snapshot: self.snapshot_id.clone() })
    }
}

/// The error of a model that is asked for and not in force.
pub(super) fn not_in_force(name: &str, log: &RiskModelLog) -> Error {
    let names = log.names_in_force();
    let what = format!("no model {name:?} is in force in this store");
    let hint = did_you_mean(name, &names).unwrap_or_else(|| match names.is_empty() {
        true => "`tracehound model publish FILE` puts one into the store".to_owned(),
        false => format!("in force: {}", names.join(", ")),
    });
    Error::missing(what, hint)
}

fn append(
    engine: &Engine,
    writer: &mut store::Writer,
    row: &(RiskModelEvent, Option<&[u8]>),
    command: &str,
) -> Result<String, Error> {
    let mut commit = writer.begin();
    let rows = tables::risk_models_to(std::slice::from_ref(row));
    commit.append(&layout::spec(&tables::RISK_MODELS), SHARED, &rows)?;
    let mut run = engine.run_record(command, row.0.at);
    run.notes.insert("model".to_owned(), format!("{} {}", row.0.name, row.0.version));
    run.notes.insert("reason".to_owned(), row.0.reason.clone());
    run.notes.insert("author".to_owned(), row.0.author.clone());
    Ok(commit.finish(run)?.id().to_string())
}

/// The model that the profile in force names and counts.
fn counting(snapshot: &store::Snapshot, currency: &str) -> Result<Option<String>, Error> {
    Ok(profile(snapshot, currency)?.model().map(|(name, _)| name.to_owned()))
}

fn model(event: &RiskModelEvent, in_force: bool, counting: Option<&str>) -> PublishedModel {
    PublishedModel {
        name: event.name.clone(),
        version: event.version,
        sha256: event.sha256.clone(),
        in_force,
        counts: in_force && counting == Some(event.name.as_str()),
        event: event.kind,
        reason: event.reason.clone(),
        author: event.author.clone(),
        at_s: event.at,
    }
}

fn told(
    event: &RiskModelEvent,
    in_force: bool,
    counting: Option<&str>,
    changed: bool,
    snapshot: String,
) -> ModelPublished {
    let name = &event.name;
    let is_named = counting == Some(name.as_str());
    let to_do = match (in_force, is_named) {
        (true, true) | (false, false) => String::new(),
        (true, false) => format!(
            "the profile in force does not count it: publish one with [model] name = \"{name}\", points and from"
        ),
        (false, true) => format!(
            "the profile in force names {name}: scores have no term of a model until it names another"
        ),
    };
    ModelPublished { model: model(event, in_force, counting), changed, to_do, snapshot }
}

/// As a profile can write it.
fn checked_name(name: &str) -> Result<&str, Error> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(is_plain) {
        return Err(Error::Question {
            what: format!("{name:?} is no name of a model in a profile"),
            hint: Some(format!("give --name with 1 to {NAME_MAX} letters, digits, - and _")),
        });
    }
    Ok(name)
}
