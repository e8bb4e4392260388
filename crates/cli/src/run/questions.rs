//! `trace`, `cluster`, `neighbors`, `status`: questions that are one call to the engine.

use std::collections::BTreeMap;

use engine::{
    Direction, ExplainRequest, NeighborhoodRequest, NeighborsAnswer, TraceAnswer, TraceTarget,
};

use super::Session;
use super::batch::{self, Stream};
use crate::args::{
    ExplainArgs, FeaturesArgs, MembersArgs, NeighborhoodArgs, NeighborsArgs, Only, Shape, Side,
    SuggestArgs, TraceArgs,
};
use crate::console::{Console, binary_output};
use crate::outcome::{Exit, Failure};
use crate::render;

impl Session {
    pub(super) fn trace(&self, args: &TraceArgs) -> Result<Exit, Failure> {
        let view = self.view()?;
        let target = match (&args.to, &args.to_category) {
            (Some(address), _) => TraceTarget::Address(address.clone()),
            (None, category) => TraceTarget::Category(category.clone().unwrap_or_default()),
        };
        let mut options = view.trace_options();
        options.hops_max = args.hops_max.unwrap_or(options.hops_max);
        options.degree_max = args.degree_max.unwrap_or(options.degree_max);
        options.edges_visited_max = args.edges_max.unwrap_or(options.edges_visited_max);
        options.time_respecting = !args.any_order;
        options.from_time = args.from_time;
        options.to_time = args.to_time;
        options.amount_min_sat = args.min_amount.unwrap_or(options.amount_min_sat);
        options.not_through.clone_from(&args.not_through);
        options.paths = args.paths.into();
        let answer = view.trace(&args.from, &target, &options)?;
        let console = self.console.full(args.full);
        match console.json {
            true => console.print_json(&only(&answer, args.only)?)?,
            false => console.print(&render::trace(&answer, args.only, console.look))?,
        }
        let is_stale = args.fail_stale && !answer.stale_because.is_empty();
        Ok(if is_stale { Exit::Stale } else { Exit::Done })
    }

    pub(super) fn members(&self, args: &MembersArgs) -> Result<Exit, Failure> {
        let limit = bound(args.limit);
        if args.arrow {
            let output = binary_output("--arrow")?;
            let answer = self.view()?.members(&args.address, args.as_of, limit)?;
            let mut stream = Stream::new(output, batch::members_schema())?;
            stream.write(&batch::members(&answer)?)?;
            stream.finish()?;
            return Ok(Exit::Done);
        }
        let answer = self.view()?.members(&args.address, args.as_of, limit)?;
        self.console.answer(&answer, render::members)?;
        Ok(Exit::Done)
    }

    pub(super) fn features(&self, args: &FeaturesArgs) -> Result<Exit, Failure> {
        let answer = self.view()?.features(&args.address)?;
        self.console.answer(&answer, render::features)?;
        Ok(Exit::Done)
    }

    pub(super) fn suggest(&self, args: &SuggestArgs) -> Result<Exit, Failure> {
        let answer = self.view()?.suggestions(args.address.as_deref(), bound(args.limit))?;
        self.console.full(args.full).answer(&answer, render::suggest)?;
        Ok(Exit::Done)
    }

    pub(super) fn explain(&self, args: &ExplainArgs) -> Result<Exit, Failure> {
        let request = ExplainRequest {
            as_of: args.as_of,
            without_rules: args.without_rule.clone(),
            most_probable: args.most_probable,
        };
        let answer = self.view()?.explain(&args.a, &args.b, &request)?;
        self.console.full(args.full).answer(&answer, render::explain)?;
        Ok(Exit::Done)
    }

    pub(super) fn neighbors(&self, args: &NeighborsArgs) -> Result<Exit, Failure> {
        let output = args.arrow.then(|| binary_output("--arrow")).transpose()?;
        let view = self.view()?;
        let sides: &[(&'static str, Direction)] = match args.direction {
            Side::In => &[("in", Direction::In)],
            Side::Out => &[("out", Direction::Out)],
            Side::Both => &[("in", Direction::In), ("out", Direction::Out)],
        };
        let mut answers = BTreeMap::new();
        for (name, direction) in sides {
            answers.insert(*name, view.neighbors(&args.address, *direction, bound(args.limit))?);
        }
        match output {
            Some(output) => {
                let mut stream = Stream::new(output, batch::neighbors_schema())?;
                answers.values().try_for_each(|answer| stream.write(&batch::neighbors(answer)?))?;
                stream.finish()?;
            }
            None => print_neighbors(&answers, self.console.full(args.full))?,
        }
        Ok(Exit::Done)
    }

    pub(super) fn neighborhood(&self, args: &NeighborhoodArgs) -> Result<Exit, Failure> {
        let arrow = args.format == Shape::Arrow;
        let output = arrow.then(|| binary_output("--format arrow")).transpose()?;
        let view = self.view()?;
        let defaults = view.neighborhood_request();
        let request = NeighborhoodRequest {
            direction: match args.direction {
                Side::In => Some(Direction::In),
                Side::Out => Some(Direction::Out),
                Side::Both => None,
            },
            hops_max: args.hops,
            neighbors_max: bound(args.top),
            clusters_max: bound(args.clusters_max),
            edges_visited_max: args.edges_max.unwrap_or(defaults.edges_visited_max),
            not_through: args.not_through.clone(),
            from_time: args.from_time,
            to_time: args.to_time,
            amount_min_sat: args.min_amount.unwrap_or(defaults.amount_min_sat),
        };
        let answer = view.neighborhood(&args.address, &request)?;
        let console = self.console.full(args.full);
        match output {
            Some(output) => {
                let mut stream = Stream::new(output, batch::neighborhood_schema())?;
                stream.write(&batch::neighborhood(&answer)?)?;
                stream.finish()?;
            }
            None if args.format == Shape::Dot => {
                console.print(&render::dot(&answer, console.look))?;
            }
            None => console.answer(&answer, render::neighborhood)?,
        }
        Ok(Exit::Done)
    }

    pub(super) fn status(&self) -> Result<Exit, Failure> {
        let answer = self.view()?.status(self.now)?;
        self.console.answer(&answer, render::status)?;
        Ok(Exit::Done)
    }
}

/// One object with a key a direction, whichever were asked for: its shape does not depend on the options.
fn print_neighbors(
    answers: &BTreeMap<&str, NeighborsAnswer>,
    console: Console,
) -> Result<(), Failure> {
    console.answer(answers, |answers, look| {
        let pages: Vec<String> =
            answers.values().map(|answer| render::neighbors(answer, look)).collect();
        pages.join("\n")
    })
}

/// The answer without the path that was not asked for. It is left out, not null: null says that there is none.
fn only(answer: &TraceAnswer, only: Option<Only>) -> Result<serde_json::Value, Failure> {
    let mut value = serde_json::to_value(answer).map_err(std::io::Error::from)?;
    let other = match only {
        Some(Only::Shortest) => "widest",
        Some(Only::Widest) => "shortest",
        None => return Ok(value),
    };
    if let Some(fields) = value.as_object_mut() {
        fields.remove(other);
        fields.remove(&format!("{other}_truncated_by"));
        fields.remove("further");
    }
    Ok(value)
}

/// 0 stands for no bound.
pub(super) fn bound(limit: usize) -> usize {
    if limit == 0 { usize::MAX } else { limit }
}
