//! `risk …`

use super::Session;
use super::rules::text_of;
use crate::args::{ProfileAction, RiskAction};
use crate::outcome::{Exit, Failure};
use crate::render;

impl Session {
    pub(super) fn risk(&self, action: RiskAction) -> Result<Exit, Failure> {
        if let RiskAction::Profile(action) = action {
            return self.profile(action);
        }
        let view = self.view()?;
        match action {
            RiskAction::Score(args) => {
                self.console.answer(&view.score(&args.address)?, render::score)?;
            }
            RiskAction::Exposure(args) => {
                let answer = match args.compare {
                    true => view.exposure_compared(&args.address, &self.watcher())?,
                    false => view.exposure(&args.address)?,
                };
                self.console.answer(&answer, render::exposure)?;
            }
            RiskAction::Proximity(args) => {
                let answer = match args.paths {
                    true => view.nearness_with_paths(&args.address, &self.watcher())?,
                    false => view.nearness(&args.address)?,
                };
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
            RiskAction::Profile(_) => {}
        }
        Ok(Exit::Done)
    }

    fn profile(&self, action: ProfileAction) -> Result<Exit, Failure> {
        let engine = self.engine(&[])?;
        match action {
            ProfileAction::Show => self.console.print(&engine.profile_text()?)?,
            ProfileAction::DryRun { file } => {
                let answer = engine.view()?.try_profile(&text_of(&file)?)?;
                self.console.answer(&answer, render::profile_tried)?;
            }
            ProfileAction::Publish(args) => {
                let author = args.because.author();
                let because = (args.because.reason.as_str(), author.as_str());
                let report = engine.publish_profile(&text_of(&args.file)?, because, self.now)?;
                if args.because.run {
                    engine.run(self.now, &self.watcher())?;
                }
                self.console.report(&report, render::profile_published)?;
            }
        }
        Ok(Exit::Done)
    }
}
