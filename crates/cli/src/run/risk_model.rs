//! `model table`, `publish`, `withdraw`: from the graph to a model, and from a model into scores.

use engine::risk_table::{RiskTableOptions, TableTarget};

use super::Session;
use super::model::write_whole;
use crate::args::{Because, Format, PublishModelArgs, TableArgs, WithdrawModelArgs};
use crate::outcome::{Exit, Failure};
use crate::render;

impl Session {
    pub(super) fn risk_table(&self, args: &TableArgs) -> Result<Exit, Failure> {
        let format = Format::of(&args.out).ok_or_else(|| {
            Failure::usage(
                format!("no format is told by the name of {}", args.out.display()),
                "end it with .parquet, .arrow or .csv",
            )
        })?;
        let target = args.target.as_deref().map(TableTarget::parse).transpose()?;
        let options = RiskTableOptions {
            level: args.level.into(),
            target,
            unlabelled: args.unlabelled.into(),
            as_of: args.as_of,
            since: args.since,
            until: args.until,
            weights: args.weights,
        };
        let mut table = self.engine(&[])?.risk_table(&options, &self.watcher())?;
        write_whole(&args.out, &table.file(format.into())?)?;
        table.answer.file = args.out.display().to_string();
        let is_text = format == Format::Csv;
        self.console
            .report(&table.answer, |answer, look| render::risk_table(answer, is_text, look))?;
        Ok(Exit::Done)
    }

    pub(super) fn publish_model(&self, args: &PublishModelArgs) -> Result<Exit, Failure> {
        let package =
            std::fs::read(&args.file).map_err(|error| Failure::file(&args.file, error))?;
        let author = args.because.author();
        let because = (args.because.reason.as_str(), author.as_str());
        let engine = self.engine(&[])?;
        let report = engine.publish_model(&package, args.name.as_deref(), because, self.now)?;
        self.run_if(&args.because)?;
        self.console.report(&report, render::model_published)?;
        Ok(Exit::Done)
    }

    pub(super) fn withdraw_model(&self, args: &WithdrawModelArgs) -> Result<Exit, Failure> {
        let author = args.because.author();
        let because = (args.because.reason.as_str(), author.as_str());
        let report = self.engine(&[])?.withdraw_model(&args.name, because, self.now)?;
        self.run_if(&args.because)?;
        self.console.report(&report, render::model_published)?;
        Ok(Exit::Done)
    }

    fn run_if(&self, because: &Because) -> Result<(), Failure> {
        if because.run {
            self.engine(&[])?.run(self.now, &self.watcher())?;
        }
        Ok(())
    }
}
