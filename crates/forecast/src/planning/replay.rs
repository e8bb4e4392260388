//! A plan against a past load, beside a reactive autoscaler with the same units.
//!
//! In: a load at fine steps, forecasts as they were made at the time, options. Out: steps over capacity, unit-steps, actions of
//! both. Source: the horizontal autoscaler of Kubernetes: `ceil(load / (unit · utilization))`, a tolerance of a tenth, the
//! largest wish of the stabilization window when scaling in. Departures: the load is what a unit carries, so utilization is
//! of units that work. The plan provides for what the load reaches within the lead at its present rise, too ([`reach`]): a
//! forecast of an hour ago knows nothing of a surge that has begun. Cost: O(n · (lead + hold)). Checked against: `tests/it/planning.rs`.

use serde::{Deserialize, Serialize};

use super::PlanOptions;
use super::decide::{Action, Fleet, Sight, decide, most, ramped};
use crate::ForecastError;

/// A reactive autoscaler.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reactive {
    /// Share of a unit's load that is aimed at.
    pub utilization: f64,
    /// Distance from the aim within which nothing is done.
    pub tolerance: f64,
    /// Steps of which the largest wish counts when scaling in.
    pub stabilization_steps: usize,
}

impl Default for Reactive {
    /// As Kubernetes has it, with an aim of 80 %.
    fn default() -> Self {
        Self { utilization: 0.8, tolerance: 0.1, stabilization_steps: 1 }
    }
}

/// What one way of scaling did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ScalingRecord {
    /// Steps with a load over what works.
    pub violation_steps: usize,
    /// Sum over steps of units that work.
    pub unit_steps: u64,
    /// Changes.
    pub actions: usize,
}

/// A plan and a reactive autoscaler over the same load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanReplay {
    /// Steps with a known load.
    pub steps: usize,
    /// By the plan.
    pub planned: ScalingRecord,
    /// By the autoscaler.
    pub reactive: ScalingRecord,
}

/// Replays a load. `forecast(step)` gives the load to provide for at that step and after it, as known just before it.
///
/// # Errors
/// Options that make no sense, an infinite load.
pub fn replay(
    load: &[f64],
    forecast: &dyn Fn(usize) -> Vec<f64>,
    options: &PlanOptions,
    reactive: &Reactive,
) -> Result<PlanReplay, ForecastError> {
    options.check()?;
    crate::checked::finite("the load", load)?;
    if !(reactive.utilization > 0.0 && reactive.utilization <= 1.0) {
        return Err(ForecastError::Argument {
            what: "utilization",
            found: reactive.utilization.to_string(),
            expected: "above 0 and at most 1",
        });
    }
    Ok(PlanReplay {
        steps: load.iter().filter(|value| !value.is_nan()).count(),
        planned: planned(load, forecast, options),
        reactive: followed(load, options, reactive),
    })
}

/// What a load reaches in so many steps at its present rise: the smaller of its last two changes, so that one jump or one
/// noisy value is no rise. The last value where it does not rise; NaN where that was not measured.
pub fn reach(seen: &[f64], steps: usize) -> f64 {
    let back = |steps: usize| seen.len().checked_sub(steps + 1).map_or(f64::NAN, |at| seen[at]);
    let (last, rise) = (back(0), (back(0) - back(1)).min(back(1) - back(2)));
    // `min` passes over a NaN: with one change unknown there is no rise to go by.
    if rise > 0.0 && !back(2).is_nan() { last + rise * steps as f64 } else { last }
}

fn start(load: &[f64], options: &PlanOptions) -> Fleet {
    let first = load.iter().find(|value| !value.is_nan()).copied().unwrap_or(0.0);
    Fleet::new(options.within(options.required(first).unwrap_or(options.units_min)))
}

fn count(record: &mut ScalingRecord, fleet: &Fleet, load: f64, options: &PlanOptions) {
    record.unit_steps += u64::from(fleet.ready);
    record.violation_steps += usize::from(load > f64::from(fleet.ready) * options.unit);
}

fn planned(
    load: &[f64],
    forecast: &dyn Fn(usize) -> Vec<f64>,
    options: &PlanOptions,
) -> ScalingRecord {
    let seen: Vec<Option<u32>> = load.iter().map(|load| options.required(*load)).collect();
    let mut fleet = start(load, options);
    let mut record = ScalingRecord::default();
    for (step, value) in load.iter().enumerate() {
        fleet.arrive(step);
        count(&mut record, &fleet, *value, options);
        let required: Vec<Option<u32>> =
            forecast(step).iter().map(|load| options.required(*load)).collect();
        let ahead = ramped(&required, options);
        let sight = Sight {
            step,
            seen: options.required(reach(&load[..=step], options.lead_steps)),
            seen_max: most(&seen[step.saturating_sub(options.hold_steps)..=step]),
            ahead: &ahead,
        };
        let (action, _) = decide(&mut fleet, &sight, options);
        record.actions += usize::from(matches!(action, Action::Out(_) | Action::In(_)));
    }
    record
}

fn followed(load: &[f64], options: &PlanOptions, reactive: &Reactive) -> ScalingRecord {
    let mut fleet = start(load, options);
    let mut record = ScalingRecord::default();
    let wish = |load: f64| {
        let wish = (load / (options.unit * reactive.utilization)).ceil();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let wish = wish.clamp(0.0, f64::from(u32::MAX)) as u32;
        wish.clamp(options.units_min, options.units_max)
    };
    for (step, value) in load.iter().enumerate() {
        fleet.arrive(step);
        count(&mut record, &fleet, *value, options);
        if value.is_nan() {
            continue;
        }
        let aim = f64::from(fleet.ordered) * options.unit * reactive.utilization;
        if (value / aim - 1.0).abs() <= reactive.tolerance {
            continue;
        }
        let own = wish(*value);
        let from = step.saturating_sub(reactive.stabilization_steps);
        let recent = load[from..=step].iter().filter(|value| !value.is_nan());
        let held = recent.map(|value| wish(*value)).max().unwrap_or(own);
        if own > fleet.ordered {
            fleet.order(step, (own - fleet.ordered).min(options.order_max), options.lead_steps);
            record.actions += 1;
        } else if held < fleet.ordered {
            fleet.give_back(step, fleet.ordered - held);
            record.actions += 1;
        }
    }
    record
}
