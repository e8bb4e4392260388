//! `tracehound evaluate …`

use engine::{EvaluateOptions, RiskOptions, evaluate_ownership, evaluate_risk};

use super::Session;
use crate::args::{OwnershipArgs, RiskArgs};
use crate::outcome::{Exit, Failure};
use crate::render;

impl Session {
    pub(super) fn evaluate_ownership(&self, args: &OwnershipArgs) -> Result<Exit, Failure> {
        let seeds = (0..u64::from(args.worlds)).map(|n| args.seed.wrapping_add(n)).collect();
        let options =
            EvaluateOptions { data: args.data.clone(), seeds, transactions: args.transactions };
        let report = evaluate_ownership(&options, &self.watcher())?;
        self.console.answer(&report, render::ownership)?;
        let failed = args.floors && report.misses_a_floor();
        Ok(if failed { Exit::Failed } else { Exit::Done })
    }

    pub(super) fn evaluate_risk(&self, args: &RiskArgs) -> Result<Exit, Failure> {
        let seeds = (0..u64::from(args.worlds)).map(|n| args.seed.wrapping_add(n)).collect();
        let options =
            RiskOptions { seeds, transactions: args.transactions, ..RiskOptions::default() };
        let report = evaluate_risk(&options, &self.watcher())?;
        self.console.answer(&report, render::risk)?;
        let failed = args.floors && report.misses_a_floor();
        Ok(if failed { Exit::Failed } else { Exit::Done })
    }
}
