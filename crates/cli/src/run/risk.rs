//! `risk …`

use super::Session;
use crate::args::RiskAction;
use crate::outcome::{Exit, Failure};
use crate::render;

impl Session {
    pub(super) fn risk(&self, action: RiskAction) -> Result<Exit, Failure> {
        let view = self.view()?;
        match action {
            RiskAction::Score(args) => {
                self.console.answer(&view.score(&args.address)?, render::score)?;
            }
            RiskAction::Exposure(args) => {
                let answer = view.exposure(&args.address, args.compare)?;
                self.console.answer(&answer, render::exposure)?;
            }
            RiskAction::Proximity(args) => {
                let answer = view.nearness(&args.address, args.paths)?;
                self.console.full(args.full).answer(&answer, render::nearness)?;
            }
            RiskAction::Patterns(args) => {
                let limit = if args.limit == 0 { usize::MAX } else { args.limit };
                let answer = view.patterns(args.address.as_deref(), limit)?;
                self.console.full(args.full).answer(&answer, render::patterns)?;
            }
            RiskAction::Top(args) => {
                let limit = if args.limit == 0 { usize::MAX } else { args.limit };
                let answer = view.riskiest(limit)?;
                self.console.full(args.full).answer(&answer, render::riskiest)?;
            }
        }
        Ok(Exit::Done)
    }
}
