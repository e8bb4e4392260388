//! Profiles of scores: published into the store, in force from the next run on.

use forensics::score::{Profile, default_profile};
use ledger::{ModelRecord, Timestamp, tables};

use crate::layout::{self, SHARED};
use crate::ownership::{checked_author, checked_reason, models};
use crate::risk_models::RiskModel;
use crate::stages::{PROFILE, check_currency, parse_profile};
use crate::{Engine, Error, ProfileReport};

impl Engine {
    /// The text of the profile in force.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn profile_text(&self) -> Result<String, Error> {
        let held = models(&self.store.snapshot()?)?;
        let own = held.into_iter().rfind(|model| model.kind == PROFILE);
        let currency = &self.config().money.currency;
        Ok(own.map_or_else(|| default_profile(currency), |model| model.text))
    }

    /// Puts a profile in force from the next run on.
    ///
    /// # Errors
    /// If the text is no profile, with line and column; if its currency is not that of the store; if it differs from one
    /// of its name and its version is not higher; if reason or author are empty.
    pub fn publish_profile(
        &self,
        text: &str,
        (reason, author): (&str, &str),
        now: Timestamp,
    ) -> Result<ProfileReport, Error> {
        let (reason, author) = (checked_reason(reason)?, checked_author(author)?);
        let new = parse_profile(text)?;
        let currency = &self.config().money.currency;
        check_currency(&new, currency)?;
        let mut writer = self.store.writer()?;
        let snapshot = writer.snapshot();
        RiskModel::check_profile(&snapshot, &new)?;
        let held = models(&snapshot)?;
        let before = match held.iter().rfind(|model| model.kind == PROFILE) {
            Some(model) => model.version.clone(),
            None => parse_profile(&default_profile(currency))?.label().to_owned(),
        };
        let mut report = ProfileReport {
            before,
            after: new.label().to_owned(),
            changed: false,
            snapshot: snapshot.id().to_string(),
        };
        if report.before == report.after {
            return Ok(report);
        }
        rises(&new, &held, currency)?;
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

/// Refuses another text under a version that is known, and a version below: a score names the profile that made it. What
/// is held is known by its label: a text that this program no longer takes must not keep a better one out.
fn rises(new: &Profile, held: &[ModelRecord], currency: &str) -> Result<(), Error> {
    let default = parse_profile(&default_profile(currency))?;
    let labels = held.iter().filter(|model| model.kind == PROFILE).map(|model| &*model.version);
    let of_name = labels.chain([default.label()]).filter_map(|label| {
        let mut parts = label.rsplitn(3, ' ');
        let (_digest, version, name) = (parts.next()?, parts.next()?, parts.next()?);
        Some((version.parse::<u32>().ok()?, label)).filter(|_| name == new.name())
    });
    // The latest of its name may come back into force as it was.
    let Some((last, label)) = of_name.max_by_key(|(version, _)| *version) else { return Ok(()) };
    if new.version() > last || new.label() == label {
        return Ok(());
    }
    Err(Error::Question {
        what: format!(
            "profile {}: version {} differs from version {}, which is known",
            new.name(),
            new.version(),
            last
        ),
        hint: Some(format!("raise it: `version = {}`", last.saturating_add(1))),
    })
}
