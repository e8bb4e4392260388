//! `forecast watch`, `explain`, `indicators`, `capacity`, `feedback`.

use std::path::Path;

use engine::Engine;
use engine::forecasts::{
    Autoscaler, Capacity, Costs, LoadedIndicators, LoadedSeries, PlanOptions, Step, UnitCosts,
    UnitOverride, WarningState, WatchAnswer, WatchOptions, lead_series, open_indicators,
    open_schedule, open_series, plan_beside, watch_series,
};

use super::Session;
use super::forecast::beside;
use super::rules::author;
use crate::args::{CapacityArgs, FeedbackArgs, IndicatorArgs, LeadArgs, WatchArgs, span};
use crate::outcome::{Exit, Failure};
use crate::render::{self, Look};

/// Seconds from a wish to a unit that works, and of wishes that count, where nobody says.
const DELAY_S: u32 = 600;
const HOLD_S: u32 = 300;

impl Session {
    pub(super) fn forecast_watch(
        &self,
        args: &WatchArgs,
        page: fn(&WatchAnswer, Look) -> String,
    ) -> Result<Exit, Failure> {
        let series = open_series(&args.series.file, &args.series.options())?;
        let indicators = self.indicators(&args.indicators, &series)?;
        let store = if args.queue { Some(self.engine(&[])?) } else { None };
        let name = args.name.clone().unwrap_or_else(|| series.id.clone());
        let was_useful = match &store {
            Some(store) => store.forecast_feedback(&name)?,
            None => Vec::new(),
        };
        let costs = args.cost_page.zip(args.cost_breach);
        let (capacity, read) = capacity(&args.capacity, &series)?;
        let options = WatchOptions {
            window_s: args.within,
            lead_min_s: args.lead,
            false_per_week: args.false_per_week,
            costs: costs.map(|(page, breach)| Costs { page, breach }),
            persistence: args.persistence,
            analogues: args.similar,
            was_useful,
            ..WatchOptions::new(capacity)
        };
        let mut answer = watch_series(&series, &indicators.indicators, &options, args.replay)?;
        answer.read.repairs.extend(indicators.notes.into_iter().chain(read));
        if let Some(store) = &store {
            answer.alert = store.put_warning(&name, &answer.warning, self.now)?;
        }
        self.console.answer(&answer, page)?;
        Ok(match answer.warning.state {
            WarningState::Firing => Exit::Hit,
            WarningState::Unknown => Exit::Unknown,
            _ => Exit::Done,
        })
    }

    /// Indicators of all files, and of the store where that is asked for.
    fn indicators(
        &self,
        args: &IndicatorArgs,
        series: &LoadedSeries,
    ) -> Result<LoadedIndicators, Failure> {
        let mut all = LoadedIndicators::default();
        for file in &args.files {
            all.join(&series.series, open_indicators(file)?)?;
        }
        if args.chain {
            let Step::Seconds(step_s) = series.series.step else {
                return Err(Failure::usage(
                    "--chain needs a load at steps of seconds",
                    "leave it out for a load by month",
                ));
            };
            let n = series.series.values.len();
            let view = self.view()?;
            let indicators = view.congestion(series.series.start_s, step_s, n)?;
            let found = LoadedIndicators { indicators, notes: Vec::new() };
            all.join(&series.series, found)?;
        }
        Ok(all)
    }

    pub(super) fn forecast_indicators(&self, args: &LeadArgs) -> Result<Exit, Failure> {
        let series = open_series(&args.series.file, &args.series.options())?;
        let indicators = self.indicators(&args.indicators, &series)?;
        if indicators.indicators.is_empty() {
            return Err(Failure::usage(
                "there is no indicator to judge",
                "give --indicator FILE, or --chain",
            ));
        }
        let mut answer = lead_series(&series, &indicators.indicators, args.horizon, args.lags)?;
        answer.read.repairs.extend(indicators.notes);
        self.console.answer(&answer, render::leads)?;
        Ok(Exit::Done)
    }

    pub(super) fn forecast_capacity(&self, args: &CapacityArgs) -> Result<Exit, Failure> {
        let series = open_series(&args.series.file, &args.series.options())?;
        let fix = |(from, until, units): &(usize, usize, u32)| UnitOverride {
            from: *from,
            until: *until,
            units: *units,
        };
        let options = PlanOptions {
            unit: args.unit,
            headroom: args.headroom / 100.0,
            units_min: args.min,
            units_max: args.max,
            lead_steps: args.lead,
            order_max: args.step_max,
            hold_steps: args.hold,
            overrides: args.fix.iter().map(fix).collect(),
        };
        let costs = args.lack.zip(args.surplus);
        let quantile = match costs {
            Some((lack, surplus)) => UnitCosts { lack, surplus }.quantile(),
            None => args.service / 100.0,
        };
        let method = args.method.into();
        let beside = beside(series, &args.beside, &args.series, args.horizon)?;
        let (scenarios, asked) = (&args.beside.scenario, (quantile, args.units));
        let answer = plan_beside(beside, scenarios, method, args.horizon, asked, &options)?;
        self.console.answer(&answer, render::plan)?;
        Ok(Exit::Done)
    }

    pub(super) fn forecast_feedback(&self, args: &FeedbackArgs) -> Result<Exit, Failure> {
        let author = author(args.author.as_deref());
        let store: Engine = self.engine(&[])?;
        let report = store.close_warning(&args.id, args.useful, &author, self.now)?;
        self.console.report(&report, render::acted)?;
        Ok(Exit::Done)
    }
}

/// A number, an autoscaler, or a file of times and capacities; and what was repaired in that file.
fn capacity(text: &str, series: &LoadedSeries) -> Result<(Capacity, Vec<String>), Failure> {
    if let Ok(level) = text.trim().parse::<f64>() {
        return Ok((Capacity::Constant(level), Vec::new()));
    }
    if let Some(rest) = text.strip_prefix("auto:") {
        return Ok((autoscaler(rest, series)?, Vec::new()));
    }
    let path = Path::new(text);
    if !path.is_file() {
        return Err(Failure::usage(
            format!("--capacity {text} is no number, no file and no autoscaler"),
            "write a number, a file of times and capacities, or auto:unit=100,target=0.7,min=2,max=50",
        ));
    }
    Ok(open_schedule(path)?)
}

fn autoscaler(text: &str, series: &LoadedSeries) -> Result<Capacity, Failure> {
    let usage = |what: String| {
        Failure::usage(what, "write auto:unit=100,target=0.7,min=2,max=50,delay=10m,hold=5m")
    };
    let step_s = match series.series.step {
        Step::Seconds(step_s) => step_s.max(1),
        Step::Months(_) => return Err(usage("an autoscaler needs steps of seconds".to_owned())),
    };
    let mut found = Autoscaler {
        unit: f64::NAN,
        utilization: 0.8,
        units_min: 1,
        units_max: 1_000,
        delay_steps: DELAY_S.div_ceil(step_s) as usize,
        stabilization_steps: HOLD_S.div_ceil(step_s) as usize,
    };
    for pair in text.split(',') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let odd = |_| usage(format!("--capacity: {key}={value}"));
        let steps = |value: &str| span(value).map(|seconds| seconds.div_ceil(step_s) as usize);
        match key.trim() {
            "unit" => found.unit = value.parse().map_err(|_| odd(String::new()))?,
            "target" => found.utilization = value.parse().map_err(|_| odd(String::new()))?,
            "min" => found.units_min = value.parse().map_err(|_| odd(String::new()))?,
            "max" => found.units_max = value.parse().map_err(|_| odd(String::new()))?,
            "delay" => found.delay_steps = steps(value).map_err(odd)?,
            "hold" => found.stabilization_steps = steps(value).map_err(odd)?,
            _ => return Err(usage(format!("--capacity knows no {key:?}"))),
        }
    }
    Ok(Capacity::Autoscaled(found))
}
