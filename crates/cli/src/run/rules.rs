//! `rules check`, `publish`, `list`, `show`, `dry-run`.

use std::path::Path;

use super::Session;
use crate::args::{PublishArgs, RulesAction};
use crate::outcome::{Exit, Failure};
use crate::render;

impl Session {
    pub(super) fn rules(&self, action: RulesAction) -> Result<Exit, Failure> {
        match action {
            RulesAction::Check { file } => {
                let answer = engine::check_rules(&text_of(&file)?, &self.currency())?;
                self.console
                    .report(&answer, |answer, look| render::rules_right(&file, answer, look))?;
            }
            RulesAction::Publish(args) => self.publish_rules(&args)?,
            RulesAction::List => {
                let answer = self.view()?.rules()?;
                self.console.answer(&answer, render::rules)?;
            }
            RulesAction::Show { name } => {
                let answer = self.view()?.rule(&name)?;
                self.console.answer(&answer, render::rule)?;
            }
            RulesAction::DryRun { file, full } => {
                let report = self.view()?.dry_run_rules(&text_of(&file)?)?;
                self.console.full(full).answer(&report, render::dry_run)?;
            }
        }
        Ok(Exit::Done)
    }

    /// The currency in which rules are read: that of the store, or the usual one where there is no store.
    fn currency(&self) -> String {
        let config = self.engine(&[]).map(|engine| engine.config().clone()).unwrap_or_default();
        config.money.currency
    }

    fn publish_rules(&self, args: &PublishArgs) -> Result<(), Failure> {
        let text = text_of(&args.file)?;
        let author = author(args.author.as_deref());
        let engine = self.engine(&[])?;
        let report = engine.publish_rules(&text, args.only, &args.reason, &author, self.now)?;
        self.console.report(&report, render::published)
    }
}

pub(super) fn text_of(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| Failure::file(file, error))
}

/// Who acts: what was given, else the user of the system.
pub(super) fn author(given: Option<&str>) -> String {
    given.map_or_else(|| std::env::var("USER").unwrap_or_default(), str::to_owned)
}
