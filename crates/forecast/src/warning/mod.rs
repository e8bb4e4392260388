//! Early warning: will the load reach its capacity within the window, how sure is that, and why.
//!
//! In: a load at equal steps, its capacity, indicators. Out: [`Warning`]: a probability that comes true as stated, a threshold that
//! keeps a promise of false pages a week, a lead, and the basis (drivers, similar moments, model, age of data); a
//! [`Scorecard`] by replay. Source: the form of Coinbase's classifier (2024: "will traffic exceed a level within the next
//! hours" from load and volatility relative to now); parts have their own pages.
//! Departures: one model for all levels of load: every moment is also shown with the capacity lowered, so that a platform
//! with few breaches learns from its near ones. Whether indicators are used is decided on held-out steps.
//! Cost: eleven fits of boosted trees. Checked against: a simulated platform on prices (`benches/warning.rs`), paths by hand.

mod analogues;
mod background;
mod basis;
mod capacity;
mod features;
mod labels;
mod learner;
mod machine;
mod scorecard;
mod threshold;
mod usual_load;

use serde::{Deserialize, Serialize};

use crate::{ForecastError, Indicator, Series, Step, checked};

pub use analogues::{Analogue, Analogues};
pub use background::Background;
pub use basis::{DataAge, Driver, LeadTime, ModelInfo, Warning};
pub use capacity::{Autoscaler, Capacity};
pub use learner::{Candidate, CandidateScore, Warner, judge_scores};
pub use machine::{Fired, FiringRule, Machine, Stretch, WarningState};
pub use scorecard::{AlertOutcome, AlertRecord, BreachRecord, Scorecard};
pub use threshold::Threshold;

/// Longest step of a load that can be watched, seconds.
const STEP_MAX_S: u32 = 21_600;

/// What is watched.
#[derive(Debug, Clone, Copy)]
pub struct Watched<'a> {
    /// The load; each value is known at its time.
    pub load: &'a Series,
    /// What the platform can carry.
    pub capacity: &'a Capacity,
    /// What may lead.
    pub indicators: &'a [Indicator],
}

/// What a false page and a breach nobody was warned of cost, in any one unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// A false page, above 0.
    pub page: f64,
    /// A breach without a warning, above 0.
    pub breach: f64,
}

/// How warnings are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WarningOptions {
    /// Steps ahead that a warning is about.
    pub window_steps: usize,
    /// Steps of lead that make a warning worth something.
    pub lead_min_steps: usize,
    /// False pages a week, at most.
    pub false_per_week: f64,
    /// What pages and breaches cost; without, a false page weighs a fifth of a breach foretold.
    pub costs: Option<Costs>,
    /// Steps over the threshold before a warning begins.
    pub persistence: usize,
    /// Log-odds below the threshold at which it may end.
    pub hysteresis: f64,
    /// Steps there before it ends.
    pub release_steps: usize,
    /// Steps after its end in which what comes belongs to it.
    pub cooling_steps: usize,
    /// Oldest value of an indicator that still counts, seconds.
    pub age_max_s: u32,
    /// Similar moments that are looked up.
    pub analogues: usize,
    /// Of the model's draws.
    pub seed: u64,
}

impl Default for WarningOptions {
    fn default() -> Self {
        Self {
            window_steps: 12,
            lead_min_steps: 1,
            false_per_week: 1.0,
            costs: None,
            persistence: 1,
            hysteresis: 1.0,
            release_steps: 3,
            cooling_steps: 12,
            age_max_s: 3_600,
            analogues: 50,
            seed: 0,
        }
    }
}

impl WarningOptions {
    /// Defaults for a load of this step: an hour ahead, or two steps where those are longer.
    pub fn for_step(step_s: u32) -> Self {
        let hour = (3_600 / step_s.max(1)) as usize;
        let steps = hour.max(2);
        Self {
            window_steps: steps,
            cooling_steps: steps,
            release_steps: (steps / 4).max(1),
            age_max_s: (2 * step_s).max(3_600),
            ..Self::default()
        }
    }

    fn check(&self) -> Result<(), ForecastError> {
        let refuse =
            |what, found: String, expected| Err(ForecastError::Argument { what, found, expected });
        if !(1..=1_000).contains(&self.window_steps) {
            return refuse("window", self.window_steps.to_string(), "1 to 1000 steps");
        }
        if self.lead_min_steps > self.window_steps {
            let found = format!("{} of {} steps", self.lead_min_steps, self.window_steps);
            return refuse("least lead", found, "at most the window");
        }
        let positive = |value: f64| value.is_finite() && value > 0.0;
        if !positive(self.false_per_week) {
            let found = self.false_per_week.to_string();
            return refuse("false pages a week", found, "a finite number above 0");
        }
        if self.costs.is_some_and(|costs| !positive(costs.page) || !positive(costs.breach)) {
            let words = |costs: Costs| format!("{} a page, {} a breach", costs.page, costs.breach);
            let found = self.costs.map(words).unwrap_or_default();
            return refuse("costs", found, "finite numbers above 0");
        }
        if self.persistence == 0
            || self.release_steps == 0
            || !(0.0..=20.0).contains(&self.hysteresis)
        {
            let found =
                format!("{}, {}, {}", self.persistence, self.release_steps, self.hysteresis);
            return refuse(
                "persistence, release and hysteresis",
                found,
                "1 or more steps each, 0 to 20 log-odds",
            );
        }
        if self.persistence > self.window_steps {
            let found = format!("{} of {} steps", self.persistence, self.window_steps);
            return refuse("persistence", found, "at most the window: a warning would never come");
        }
        match (1..=1_000).contains(&self.analogues) {
            true => Ok(()),
            false => refuse("similar moments", self.analogues.to_string(), "1 to 1000"),
        }
    }
}

impl Watched<'_> {
    /// Seconds of a step, after everything was checked.
    fn checked(&self, options: &WarningOptions) -> Result<i64, ForecastError> {
        options.check()?;
        self.capacity.check()?;
        checked::finite("the load", &self.load.values)?;
        if let Some(index) = self.load.values.iter().position(|value| *value < 0.0) {
            let value = self.load.values[index];
            return Err(ForecastError::Argument {
                what: "load",
                found: format!("{value} (value {index})"),
                expected: "0 or more: what is compared with a capacity is never negative",
            });
        }
        for indicator in self.indicators {
            indicator.check()?;
        }
        match self.load.step {
            Step::Seconds(step) if (1..=STEP_MAX_S).contains(&step) => Ok(i64::from(step)),
            step => Err(ForecastError::Argument {
                what: "step of the load",
                found: format!("{step:?}"),
                expected: "1 second to 6 hours: a warning is about what comes within hours",
            }),
        }
    }
}
