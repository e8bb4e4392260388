//! Profiles of scores: published into the store, in force from the next run on.

use forensics::score::DEFAULT_PROFILE;
use ledger::{ModelRecord, Timestamp, tables};

use crate::layout::{self, SHARED};
use crate::ownership::{checked_author, checked_reason, models};
use crate::risk_models::RiskModel;
use crate::stages::{PROFILE, parse_profile, profile};
use crate::{Engine, Error, ProfileReport};

impl Engine {
    /// The text of the profile in force.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn profile_text(&self) -> Result<String, Error> {
        let held = models(&self.store.snapshot()?)?;
        let own = held.into_iter().rfind(|model| model.kind == PROFILE);
        Ok(own.map_or_else(|| DEFAULT_PROFILE.to_owned(), |model| model.text))
    }

    /// Puts a profile in force from the next run on.
    ///
    /// # Errors
    /// If the text is no profile, or reason or author are empty; with line and column.
    pub fn publish_profile(
        &self,
        text: &str,
        (reason, author): (&str, &str),
        now: Timestamp,
    ) -> Result<ProfileReport, Error> {
        let (reason, author) = (checked_reason(reason)?, checked_author(author)?);
        let new = parse_profile(text)?;
        let mut writer = self.store.writer()?;
        let snapshot = writer.snapshot();
        RiskModel::check_profile(&snapshot, &new)?;
        let before = profile(&snapshot)?.label().to_owned();
        let mut report = ProfileReport {
            before,
            after: new.label().to_owned(),
            changed: false,
            snapshot: snapshot.id().to_string(),
        };
        if report.before == report.after {
            return Ok(report);
        }
        let held = models(&snapshot)?;
        let record = ModelRecord {
            id: u32::try_from(held.len() + 1).expect("models are few"),
            kind: PROFILE.to_owned(),
            version: new.label().to_owned(),
            text: text.to_owned(),
            fitted_at: now,
        };
        let mut commit = writer.begin();
        commit.append(&layout::spec(&tables::MODELS), SHARED, &tables::models_to(&[record]))?;
        let mut run = self.run_record("risk profile publish", now);
        run.notes.insert("reason".to_owned(), reason.to_owned());
        run.notes.insert("author".to_owned(), author.to_owned());
        report.snapshot = commit.finish(run)?.id().to_string();
        report.changed = true;
        Ok(report)
    }
}
