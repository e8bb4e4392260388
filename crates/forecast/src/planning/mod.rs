//! Capacity planning: units that a forecast asks for, ordered early enough, and never taken away on a forecast alone.
//!
//! In: an upper quantile of the load at each step ahead, the load now, what a unit carries, how long it takes to come. Out: a
//! [`Plan`]: a row a step with the units required, ordered and ready, the action and its reason; a [`PlanReplay`] over a past
//! load beside a reactive autoscaler. Source: the newsvendor's quantile (Arrow, Harris, Marschak 1951); scale-out only on
//! forecasts as AWS's predictive scaling has it. Departures: where a step may order only so many units, orders begin as many
//! steps earlier. Cost: O(steps · hold). Checked against: plans by hand, and what must hold of any (`tests/it/planning.rs`).

mod decide;
mod replay;

use serde::{Deserialize, Serialize};

use crate::ForecastError;

pub use decide::{Action, Plan, PlanRow, plan};
pub use replay::{PlanReplay, Reactive, ScalingRecord, reach, replay};

/// What a lack and a surplus of a unit cost for one step, in any one unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitCosts {
    /// A unit too few, above 0.
    pub lack: f64,
    /// A unit too many, above 0.
    pub surplus: f64,
}

impl UnitCosts {
    /// The quantile of the load to provide for: `lack / (lack + surplus)`.
    pub fn quantile(&self) -> f64 {
        self.lack / (self.lack + self.surplus)
    }
}

/// The level of which this quantile is a bound: what to ask a forecast for. 0.1 and 0.9 are bounds of one level.
pub fn level_of_quantile(quantile: f64) -> f64 {
    crate::method::level_of(quantile)
}

/// A number of units that a person fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// From this step ahead on, from 0.
    pub from: usize,
    /// Before this one.
    pub until: usize,
    /// So many units; one beyond the limits is refused.
    pub units: u32,
}

/// How units are provided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlanOptions {
    /// Load that one unit carries.
    pub unit: f64,
    /// Share of the load that is provided on top.
    pub headroom: f64,
    /// Fewest units.
    pub units_min: u32,
    /// Most units.
    pub units_max: u32,
    /// Steps from an order to a unit that works.
    pub lead_steps: usize,
    /// Most units in one order.
    pub order_max: u32,
    /// Steps without a change, and with a load that confirms it, before units are given back.
    pub hold_steps: usize,
    /// What people fixed.
    pub overrides: Vec<Override>,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            unit: 100.0,
            headroom: 0.1,
            units_min: 1,
            units_max: 1_000,
            lead_steps: 2,
            order_max: 1_000,
            hold_steps: 3,
            overrides: Vec::new(),
        }
    }
}

impl PlanOptions {
    /// Refuses units, limits and overrides that make no sense.
    ///
    /// # Errors
    /// The first of these.
    pub fn check(&self) -> Result<(), ForecastError> {
        let refuse =
            |what, found: String, expected| Err(ForecastError::Argument { what, found, expected });
        if !(self.unit.is_finite() && self.unit > 0.0) {
            return refuse("load of a unit", self.unit.to_string(), "a finite number above 0");
        }
        if !(0.0..=10.0).contains(&self.headroom) {
            return refuse("headroom", self.headroom.to_string(), "0 to 10, a share of the load");
        }
        if self.units_min > self.units_max || self.units_max == 0 || self.order_max == 0 {
            let found =
                format!("{} to {}, {} an order", self.units_min, self.units_max, self.order_max);
            return refuse("units", found, "a least that is at most the most, at least 1 an order");
        }
        if self.lead_steps > 10_000 || self.hold_steps > 10_000 {
            let found = format!("{} and {}", self.lead_steps, self.hold_steps);
            return refuse("steps of lead and hold", found, "at most 10000");
        }
        let empty = self.overrides.iter().find(|fixed| fixed.from >= fixed.until);
        if let Some(Override { from, until, .. }) = empty {
            return refuse("override", format!("{from} to {until}"), "a beginning before its end");
        }
        match self.overrides.iter().find(|fixed| self.within(fixed.units) != fixed.units) {
            Some(fixed) => refuse(
                "override",
                format!(
                    "{} units, {} to {} are allowed",
                    fixed.units, self.units_min, self.units_max
                ),
                "a number of units within the limits",
            ),
            None => Ok(()),
        }
    }

    /// Units that a load asks for, the fewest at least, more than the most where it asks for more (that is what makes a
    /// step short), `u32::MAX` where more than can be counted; `None` of a load that is not known.
    pub fn required(&self, load: f64) -> Option<u32> {
        if load.is_nan() {
            return None;
        }
        let units = (load.max(0.0) * (1.0 + self.headroom) / self.unit).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to u32"
        )]
        let units = units.min(f64::from(u32::MAX)) as u32;
        Some(units.max(self.units_min))
    }

    /// A number of units within the limits.
    fn within(&self, units: u32) -> u32 {
        units.clamp(self.units_min, self.units_max)
    }

    fn fixed(&self, step: usize) -> Option<u32> {
        let fixed =
            self.overrides.iter().rev().find(|one| (one.from..one.until).contains(&step))?;
        Some(fixed.units)
    }
}
