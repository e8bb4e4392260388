//! `cluster pending`, `accept`, `refuse`, `withdraw`, `revoke`, `decisions`: what waits for a person, and what a person decides.

use engine::{Decide, DecidedReport, RunReport, TxId};
use serde::Serialize;

use super::Session;
use super::questions::bound;
use crate::args::{Because, ChoiceArgs, PendingArgs, RevokeArgs, WithdrawArgs};
use crate::outcome::{Exit, Failure};
use crate::render;

/// What was decided, and the run after it where one was asked for.
#[derive(Debug, Serialize)]
struct Decided {
    #[serde(flatten)]
    report: DecidedReport,
    /// Null without `--run`.
    run: Option<RunReport>,
}

impl Session {
    pub(super) fn pending(&self, args: &PendingArgs) -> Result<Exit, Failure> {
        let answer = self.view()?.pending(bound(args.limit))?;
        self.console.full(args.full).answer(&answer, render::pending)?;
        Ok(Exit::Done)
    }

    pub(super) fn decisions(&self) -> Result<Exit, Failure> {
        let answer = self.view()?.decisions()?;
        self.console.answer(&answer, render::decisions)?;
        Ok(Exit::Done)
    }

    pub(super) fn accept(&self, args: ChoiceArgs) -> Result<Exit, Failure> {
        let what: Vec<Decide> = args.ids.into_iter().map(|id| Decide::Accept { id }).collect();
        self.decide(&what, &args.because)
    }

    pub(super) fn refuse(&self, args: ChoiceArgs) -> Result<Exit, Failure> {
        let what: Vec<Decide> = args.ids.into_iter().map(|id| Decide::Refuse { id }).collect();
        self.decide(&what, &args.because)
    }

    pub(super) fn revoke(&self, args: RevokeArgs) -> Result<Exit, Failure> {
        let what: Vec<Decide> = args.ids.into_iter().map(|id| Decide::Revoke { id }).collect();
        self.decide(&what, &args.because)
    }

    pub(super) fn withdraw(&self, args: WithdrawArgs) -> Result<Exit, Failure> {
        let (from, to) = (args.from, args.to);
        let what = match (args.transaction, args.rule, args.heights) {
            (Some(tx), rule, _) => vec![Decide::WithdrawTransaction { tx: tx_id(&tx)?, rule }],
            (None, Some(rule), _) => vec![Decide::WithdrawRule { rule, from, to }],
            (None, None, Some(range)) => {
                vec![Decide::WithdrawHeights { from: range.from, to: range.to }]
            }
            (None, None, None) => {
                args.link.into_iter().map(|id| Decide::WithdrawLink { id }).collect()
            }
        };
        self.decide(&what, &args.because)
    }

    fn decide(&self, what: &[Decide], because: &Because) -> Result<Exit, Failure> {
        let engine = self.engine(&[])?;
        let author = because.author();
        let report = engine.decide(what, &because.reason, &author, self.now)?;
        let run = match because.run {
            true => Some(engine.run(self.now, &self.watcher())?),
            false => None,
        };
        let decided = Decided { report, run };
        self.console.report(&decided, |decided, look| {
            let run = decided.run.as_ref().map(|run| render::run(run, look)).unwrap_or_default();
            render::decided(&decided.report, decided.run.is_some(), look) + &run
        })?;
        Ok(Exit::Done)
    }
}

/// A transaction's id as a person writes it.
pub(super) fn tx_id(text: &str) -> Result<TxId, Failure> {
    let id = text.trim().parse::<TxId>();
    id.map_err(|error| Failure::usage(error.to_string(), "write its id: 64 hexadecimal digits"))
}
