//! One decision a step, the same in a plan and in a replay.
//!
//! In: units ordered so far, loads seen, requirements ahead. Out: how many to order or give back, and why. A forecast orders;
//! only a load that was seen low for as long as the hold, together with requirements that stay low, gives back.
//! Source, cost, oracle: see `planning`.

use serde::{Deserialize, Serialize};

use super::PlanOptions;
use crate::ForecastError;

/// What is done at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing.
    Keep,
    /// So many more are ordered.
    Out(u32),
    /// So many are given back.
    In(u32),
    /// A person fixed the number.
    Fixed(u32),
}

/// A step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanRow {
    /// Steps ahead, from 0.
    pub step: usize,
    /// Load that is provided for.
    pub load: f64,
    /// Units that it asks for; none where the load is not known.
    pub required: Option<u32>,
    /// Units ordered after this step's action.
    pub ordered: u32,
    /// Units that work.
    pub ready: u32,
    /// The action.
    pub action: Action,
    /// Why, in words.
    pub reason: String,
}

/// Units by step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// A row a step.
    pub rows: Vec<PlanRow>,
    /// Steps at which fewer units work than are required: nothing ordered now comes in time, or limits forbid it.
    pub short: Vec<usize>,
    /// Largest number of units required.
    pub required_max: u32,
}

/// Orders on their way.
#[derive(Debug, Clone)]
pub(super) struct Fleet {
    pub(super) ordered: u32,
    pub(super) ready: u32,
    /// Step and number of units that will work from it on, ascending.
    coming: Vec<(usize, u32)>,
    changed: Option<usize>,
}

impl Fleet {
    pub(super) fn new(units: u32) -> Self {
        Self { ordered: units, ready: units, coming: Vec::new(), changed: None }
    }

    /// Units whose time has come work.
    pub(super) fn arrive(&mut self, step: usize) {
        let come: u32 = self.coming.iter().filter(|(at, _)| *at <= step).map(|(_, n)| n).sum();
        self.coming.retain(|(at, _)| *at > step);
        self.ready += come;
    }

    pub(super) fn order(&mut self, step: usize, n: u32, lead: usize) {
        self.ordered += n;
        self.changed = Some(step);
        if lead == 0 {
            self.ready += n;
        } else {
            self.coming.push((step + lead, n));
        }
    }

    /// Those on their way are called off first, the latest first; then units stop at once.
    pub(super) fn give_back(&mut self, step: usize, mut n: u32) {
        self.ordered -= n;
        self.changed = Some(step);
        while n > 0 {
            match self.coming.last_mut() {
                Some((_, last)) if *last > n => {
                    *last -= n;
                    n = 0;
                }
                Some((_, last)) => {
                    n -= *last;
                    self.coming.pop();
                }
                None => {
                    self.ready -= n;
                    n = 0;
                }
            }
        }
    }

    fn held(&self, step: usize) -> usize {
        self.changed.map_or(usize::MAX, |changed| step - changed)
    }
}

/// Requirements as far as limits let them be met, with orders limited in size: where many units are needed at once, the first
/// of them are needed earlier.
pub(super) fn ramped(required: &[Option<u32>], options: &PlanOptions) -> Vec<u32> {
    let mut ramped = vec![0; required.len()];
    let mut next = 0_u32;
    for (at, own) in required.iter().enumerate().rev() {
        let own = own.unwrap_or(0).min(options.units_max);
        next = own.max(next.saturating_sub(options.order_max));
        ramped[at] = next;
    }
    ramped
}

/// What a decision sees.
pub(super) struct Sight<'a> {
    pub(super) step: usize,
    /// Units that the load asks for that was seen last, and the most in the time of the hold; none where unknown.
    pub(super) seen: Option<u32>,
    pub(super) seen_max: Option<u32>,
    /// Requirements from this step on, ramped.
    pub(super) ahead: &'a [u32],
}

/// Decides, and does it.
pub(super) fn decide(
    fleet: &mut Fleet,
    sight: &Sight<'_>,
    options: &PlanOptions,
) -> (Action, String) {
    let step = sight.step;
    if let Some(units) = options.fixed(step) {
        change_to(fleet, step, units, options.lead_steps);
        return (Action::Fixed(units), format!("a person fixed {units}"));
    }
    let lead = options.lead_steps;
    // What works at the time an order made now would come.
    let by_forecast = sight.ahead.iter().take(lead + 1).copied().max().unwrap_or(0);
    let wanted =
        by_forecast.max(sight.seen.unwrap_or(0)).clamp(options.units_min, options.units_max);
    if wanted > fleet.ordered {
        let n = (wanted - fleet.ordered).min(options.order_max);
        fleet.order(step, n, lead);
        let why = match sight.seen {
            Some(seen) if seen >= wanted => format!("the load asks for {wanted} now"),
            _ => format!("{wanted} are needed within {lead} steps"),
        };
        return (Action::Out(n), why);
    }
    let far = sight.ahead.iter().take(lead + options.hold_steps + 1).copied().max().unwrap_or(0);
    let Some(seen) = sight.seen_max else {
        return (Action::Keep, "the load was not measured: nothing is given back".to_owned());
    };
    let least = far.max(seen).clamp(options.units_min, options.units_max);
    if least >= fleet.ordered {
        return (Action::Keep, String::new());
    }
    if fleet.held(step) < options.hold_steps {
        return (Action::Keep, format!("{least} would do; held after a change"));
    }
    let n = (fleet.ordered - least).min(options.order_max);
    fleet.give_back(step, n);
    (Action::In(n), format!("load and forecast ask for {least}"))
}

fn change_to(fleet: &mut Fleet, step: usize, units: u32, lead: usize) {
    if units > fleet.ordered {
        fleet.order(step, units - fleet.ordered, lead);
    } else if units < fleet.ordered {
        fleet.give_back(step, fleet.ordered - units);
    }
}

/// Plans the steps ahead. `quantile` is the load to provide for at each, `expected` the load that is expected to be seen
/// (units are given back only if it is), `units` work now.
///
/// # Errors
/// An option that makes no sense, lengths that differ, an infinite load.
pub fn plan(
    quantile: &[f64],
    expected: &[f64],
    units: u32,
    options: &PlanOptions,
) -> Result<Plan, ForecastError> {
    options.check()?;
    crate::checked::finite("the load to provide for", quantile)?;
    crate::checked::finite("the expected load", expected)?;
    if expected.len() != quantile.len() {
        let what = "the expected load".to_owned();
        return Err(ForecastError::Length {
            what,
            expected: quantile.len(),
            found: expected.len(),
        });
    }
    let required: Vec<Option<u32>> = quantile.iter().map(|load| options.required(*load)).collect();
    let seen: Vec<Option<u32>> = expected.iter().map(|load| options.required(*load)).collect();
    let ahead = ramped(&required, options);
    let mut fleet = Fleet::new(units);
    let mut rows = Vec::with_capacity(quantile.len());
    for step in 0..quantile.len() {
        fleet.arrive(step);
        let sight = Sight {
            step,
            seen: seen[step],
            seen_max: most(&seen[step.saturating_sub(options.hold_steps)..=step]),
            ahead: &ahead[step..],
        };
        let (action, reason) = decide(&mut fleet, &sight, options);
        let reason = with_limit(reason, required[step], options);
        let (ordered, ready) = (fleet.ordered, fleet.ready);
        rows.push(PlanRow {
            step,
            load: quantile[step],
            required: required[step],
            ordered,
            ready,
            action,
            reason,
        });
    }
    let is_short = |row: &&PlanRow| row.required.is_some_and(|required| required > row.ready);
    let short = rows.iter().filter(is_short).map(|row| row.step).collect();
    let required_max = required.iter().flatten().copied().max().unwrap_or(options.units_min);
    Ok(Plan { rows, short, required_max })
}

/// The reason with what a limit forbids.
fn with_limit(reason: String, required: Option<u32>, options: &PlanOptions) -> String {
    let Some(required) = required.filter(|required| *required > options.units_max) else {
        return reason;
    };
    let limit = format!("{required} are required, at most {} are allowed", options.units_max);
    if reason.is_empty() { limit } else { format!("{reason}; {limit}") }
}

/// The most of them; `None` where one is unknown.
pub(super) fn most(units: &[Option<u32>]) -> Option<u32> {
    units.iter().copied().try_fold(0, |most, units| Some(most.max(units?)))
}
