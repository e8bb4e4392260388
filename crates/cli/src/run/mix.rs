//! `mix` and `cluster train`

use engine::{MixRequest, RunReport, TrainReport};
use serde::Serialize;

use super::Session;
use super::decisions::tx_id;
use crate::args::{MixArgs, TrainArgs};
use crate::outcome::{Exit, Failure};
use crate::render;

/// What training did, and the run after it where one was asked for.
#[derive(Debug, Serialize)]
struct Trained {
    #[serde(flatten)]
    report: TrainReport,
    /// Null without `--run`.
    run: Option<RunReport>,
}

impl Session {
    pub(super) fn mix(&self, args: &MixArgs) -> Result<Exit, Failure> {
        let request = MixRequest { links: args.links, fee_sat_max: args.fee_max.unwrap_or(0) };
        let answer = self.view()?.mix(tx_id(&args.tx)?, &request)?;
        self.console.full(args.full).answer(&answer, render::mix)?;
        Ok(Exit::Done)
    }

    pub(super) fn train(&self, args: &TrainArgs) -> Result<Exit, Failure> {
        let engine = self.engine(&[])?;
        let watcher = self.watcher();
        let report = engine.train(args.seed, self.now, &watcher)?;
        let run = match args.run {
            true => Some(engine.run(self.now, &watcher)?),
            false => None,
        };
        let trained = Trained { report, run };
        self.console.report(&trained, |trained, look| {
            let run = trained.run.as_ref().map(|run| render::run(run, look)).unwrap_or_default();
            render::train(&trained.report, trained.run.is_some(), look) + &run
        })?;
        Ok(Exit::Done)
    }
}
